"""The catalogue's frame."""

import ibis.expr.types as ir
import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FUNCTIONS, RESERVED, Catalogue, Fact, FactKind
from duecourse.law.expressions import Place, parse
from tests.law.world import KINDS, table


def _column(name: str) -> Fact:
    def define(prepared: ir.Table) -> ir.Value:
        return prepared[name]

    return Fact(name, FactKind.INTEGER, f"The number {name}.", "facts", define)


def test_order_length_and_kinds() -> None:
    catalogue = Catalogue([_column("b"), _column("a")])
    assert list(catalogue) == ["b", "a"]
    assert len(catalogue) == 2
    assert "a" in catalogue
    assert catalogue["a"].says == "The number a."
    assert list(catalogue.kinds.items()) == [("b", FactKind.INTEGER), ("a", FactKind.INTEGER)]


def test_extended_leaves_the_first_alone() -> None:
    first = Catalogue([_column("a")])
    assert list(first.extended([_column("b")])) == ["a", "b"]
    assert list(first) == ["a"]
    with pytest.raises(DueCourseError, match="'a' is declared twice"):
        first.extended([_column("a")])


def test_nearest() -> None:
    catalogue = Catalogue([_column("calls_placed_last_7_days"), _column("stage")])
    assert catalogue.nearest("calls_place_last_7_days") == "calls_placed_last_7_days"
    assert catalogue.nearest("STAGE") == "stage"
    assert catalogue.nearest("calls") == "calls_placed_last_7_days"
    assert catalogue.nearest("zzz") is None


@pytest.mark.parametrize("name", ["", "7a", "_a", "Stage", "a b", "a-b", "ä", "a" * 64, *sorted(RESERVED), *FUNCTIONS])
def test_names_that_no_expression_could_write(name: str) -> None:
    with pytest.raises(DueCourseError, match="fact "):
        Catalogue([_column(name)])


def test_a_fact_feeds_an_expression() -> None:
    catalogue = Catalogue([_column("a"), _column("b")])
    row = dict.fromkeys(KINDS)
    prepared = table([{**row, "a": 2, "b": 3}])
    told = parse("a * b", catalogue.kinds, Place("f", 1), expects=FactKind.INTEGER)
    value = told.compile({name: catalogue[name].define(prepared) for name in told.facts})
    assert prepared.select(value=value).to_pyarrow()["value"].to_pylist() == [6]
