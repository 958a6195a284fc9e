"""Expressions narrowed by what a list holds: the same value on every row that agrees."""

from itertools import product

import pytest

from duecourse.law.catalogue import FactKind
from duecourse.law.expression_known import Among, Exactly
from duecourse.law.expressions import Expression, Place, parse

KINDS = {"said": FactKind.TEXTS, "other": FactKind.TEXTS, "late": FactKind.BOOLEAN, "days": FactKind.INTEGER}
WORDS = ("plan", "court", "line")


def read(text: str) -> Expression:
    return parse(text, KINDS, Place("t.yaml", 1, 1, "t"), expects=None, coalesce_because="tests")


@pytest.mark.parametrize(
    ("text", "words", "left"),
    [
        ("has(said, 'plan', 'court')", {"plan"}, "true"),
        ("has(said, 'plan', 'court')", {"line"}, "false"),
        ("has(said, 'plan')", set(), "false"),
        ("has_all(said, 'plan', 'court')", {"plan"}, "false"),
        ("has_all(said, 'plan', 'court')", {"plan", "court", "line"}, "true"),
        ("how_many(said)", {"plan", "line"}, "2"),
        ("said is null", set(), "false"),
        ("said is not null and late", set(), "late"),
        ("case when has(said, 'plan') then 1 else 0 end", {"plan"}, "1"),
        ("case when has(said, 'plan') then days else 0 end", {"plan"}, "case when true then days else 0 end"),
        ("has(said, 'plan') and late or has(other, 'plan')", {"plan"}, "late or has(other, 'plan')"),
        ("overlap(said, other)", {"plan"}, "overlap(said, other)"),  # left to the engine
    ],
)
def test_a_list_known_exactly(text: str, words: set[str], left: str) -> None:
    assert read(text).narrowed({"said": Exactly(frozenset(words))}).canonical == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("has(said, 'plan', 'court')", "has(said, 'plan')"),
        ("has(said, 'court')", "false"),
        ("has_all(said, 'plan', 'court')", "false"),
        ("how_many(said)", "how_many(said)"),
        ("said is null", "false"),
    ],
)
def test_a_list_known_at_most(text: str, left: str) -> None:
    assert read(text).narrowed({"said": Among(frozenset({"plan", "line"}))}).canonical == left


EXPRESSIONS = (
    "has(said, 'plan', 'court') and not has_all(said, 'plan', 'line')",
    "how_many(said) = case when has(said, 'plan') then 1 else 0 end + case when has(said, 'line') then 1 else 0 end",
    "case when has(said, 'court') then late else how_many(other) > 1 end",
    "coalesce(has(other, 'plan'), has(said, 'plan')) or said is null",
    "least(how_many(said), days) >= 1",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_narrowed_has_the_same_value_on_every_row(text: str) -> None:
    whole = read(text)
    lists = [tuple(word for word, held in zip(WORDS, held_ones, strict=True) if held)
             for held_ones in product((False, True), repeat=len(WORDS))]  # fmt: skip
    for said in lists:
        exactly = whole.narrowed({"said": Exactly(frozenset(said))})
        among = whole.narrowed({"said": Among(frozenset({*said, "line"}))})
        for other, late, days in product((None, ("plan", "line")), (None, True, False), (None, 0, 2)):
            row = {"said": said, "other": other, "late": late, "days": days}
            assert exactly.evaluate(row) == whole.evaluate(row) == among.evaluate(row)


def test_what_is_known_of_a_list_reads_the_same_in_every_run() -> None:
    assert str(Among(frozenset(WORDS))) == "among court line plan"
    assert str(Exactly(frozenset(WORDS))) == "exactly court line plan"
