"""The default strategy judged by the engine and in plain Python: every expression, on borrowers with gaps."""

import random

import ibis

from duecourse.law.catalogue import FactKind
from duecourse.strategy.decide import with_formulas
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import FORK_FACTS
from tests.strategy.conftest import KINDS

_BORROWERS = 250


def _borrowers(strategy: Strategy) -> list[dict[str, object]]:
    chance = random.Random(20_260_630)
    kinds = _kinds(strategy)

    def value(kind: FactKind) -> object:
        if chance.random() < 0.15:
            return None
        if kind is FactKind.BOOLEAN:
            return chance.random() < 0.5
        return chance.choice((0, 1, 2, 3, 5, 14, 29, 30, 45, 60, 90, 150, 300, 400_000))

    names = sorted(strategy.facts | FORK_FACTS.keys())
    return [{name: value(kinds[name]) for name in names} for _ in range(_BORROWERS)]


def _kinds(strategy: Strategy) -> dict[str, FactKind]:
    levels, values = (
        dict.fromkeys(strategy.level_facts, FactKind.BOOLEAN),
        dict.fromkeys(FORK_FACTS, FactKind.INTEGER),
    )
    return {**KINDS, **levels, **values}


def test_the_engine_and_plain_python_agree_on_every_expression(default: Strategy) -> None:
    rows = _borrowers(default)
    kinds = _kinds(default)
    types = {name: "boolean" if kinds[name] is FactKind.BOOLEAN else "int64" for name in rows[0]}
    table = ibis.memtable(rows, schema=ibis.schema({**types}))
    for name, formula in default.formulas.items():
        table = table.mutate(**{name: formula.compile({column: table[column] for column in table.columns})})
    columns = {column: table[column] for column in table.columns}
    expressions = default.expressions
    compiled = {f"e{place}": one.compile(columns) for place, one in enumerate(expressions)}
    found = ibis.duckdb.connect().to_pyarrow(table.select(**compiled)).to_pylist()

    assert len(found) == _BORROWERS
    for row, judged in zip(rows, found, strict=True):
        known = with_formulas(default, row)
        for place, expression in enumerate(expressions):
            assert judged[f"e{place}"] == expression.evaluate(known), (expression.text, known)
    truths = [sum(judged[f"e{place}"] is True for judged in found) for place, _ in enumerate(expressions)]
    assert sum(truth > 0 for truth in truths) > 20  # the borrowers are such that many conditions are met
