"""Who judges a table of facts: the law's own statements on DuckDB, zen twice, a plain Python function, `evaluate`.

Each is ready before time is taken: statements, expressions and functions compiled, rows in the form that it
takes. Each gives the same for every row, the three sets of rules of `Masks`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import zen

from bench.law_facts import Facts, rows_of, tables
from bench.law_words import Masks, python_judge, zen_expression, zen_table
from duecourse.law.program import WORD, compiled
from duecourse.law.rulebook import Law, Rule

_PERMITS, _REFUSES, _UNKNOWN = 1, 2, 3


@dataclass(frozen=True)
class Judge:
    """One who takes rows as Python objects. Only `judge` is timed; `rows` makes what it takes, `masks` reads it."""

    name: str
    rows: Callable[[pa.Table], Any]
    judge: Callable[[Any], Any]
    masks: Callable[[Any], list[Masks]]


class Ours:
    """What the law's program does once the facts are there, in DuckDB's memory; the answers come out as arrays."""

    def __init__(self, law: Law, given: Facts, threads: int) -> None:
        """Compile the law and put the facts where it looks for them."""
        program = compiled(law)
        homes = set(program.found_in.values())
        self.connection = duckdb.connect(config={"threads": threads})
        tables(self.connection, program, given)
        facts_are_there = max(place for place, step in enumerate(program.steps) if step.table in homes)
        *self.before, self.last = program.steps[facts_are_there + 1 :]

    def judge(self) -> Mapping[str, Any]:
        """Judge the whole table; the rows come in any order."""
        for step in self.before:
            self.connection.execute(f"create or replace temp table {step.table} as {step.sql}")
        return self.connection.execute(self.last.sql).fetchnumpy()

    def masks(self) -> list[Masks]:
        """Return what it says of each row, in order."""
        found = self.judge()
        words = range(sum(name.startswith("asked_") for name in found))
        order = found["act_no"].argsort()
        each = []
        for name in ("asked", "refused", "unknown"):
            columns = [found[f"{name}_{word}"][order].tolist() for word in words]
            each.append([sum(bits << WORD * at for at, bits in enumerate(row)) for row in zip(*columns, strict=True)])
        return list(zip(*each, strict=True))


def outcomes(given: Iterable[tuple[int, int]]) -> Masks:
    """Turn pairs of a rule's place and its outcome (0 not asked to 3) into masks."""
    asked = refused = unknown = 0
    for place, outcome in given:
        bit = 1 << place
        asked |= bit if outcome >= _PERMITS else 0
        refused |= bit if outcome >= _REFUSES else 0
        unknown |= bit if outcome >= _UNKNOWN else 0
    return asked, refused, unknown


def python(law: Law, given: Facts) -> Judge:
    """Judge by a Python function with an `if` for each rule, called with one dict of facts after the other."""
    judge, _ = python_judge(law.rules, list(given.kinds))

    def rows(chunk: pa.Table) -> list[dict[str, Any]]:
        return rows_of(chunk, given.kinds, days_as_numbers=True)

    def judge_all(given: list[dict[str, Any]]) -> list[Masks]:
        return [judge(row) for row in given]

    return Judge("python", rows, judge_all, list)


def _contexts(chunk: pa.Table, given: Facts) -> list[dict[str, Any]]:
    """Return rows for zen: no dots in names, and what is unknown left out (zen reads it as null)."""
    rows = rows_of(chunk, given.kinds, days_as_numbers=True)
    names = {name: name.replace(".", "__") for name in given.kinds}
    return [{names[name]: value for name, value in row.items() if value is not None} for row in rows]


def zen_by_expression(law: Law, given: Facts) -> Judge:
    """Judge by one compiled expression of zen for all rules. It takes JSON text quicker than dicts, so it gets text."""
    expression = zen.compile_expression(zen_expression(law.rules))

    def rows(chunk: pa.Table) -> list[str]:
        return [json.dumps(row, separators=(",", ":")) for row in _contexts(chunk, given)]

    def judge(given: list[str]) -> list[str]:
        return [expression.evaluate(row) for row in given]

    def masks(answers: list[str]) -> list[Masks]:
        return [outcomes(enumerate(map(int, answer))) for answer in answers]

    return Judge("zen_expression", rows, judge, masks)


def zen_by_table(law: Law, given: Facts) -> Judge:
    """Judge by one decision table of zen with a row for each rule, loaded into its engine, asked row by row."""
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"contact": zen_table(law.rules)}}})

    def rows(chunk: pa.Table) -> list[dict[str, Any]]:
        return _contexts(chunk, given)

    def judge(given: list[dict[str, Any]]) -> list[Any]:
        return [engine.evaluate("contact", row) for row in given]

    def masks(answers: list[Any]) -> list[Masks]:
        found = (answer["result"] or [] for answer in answers)
        return [outcomes((int(row["rule"]), int(row["outcome"])) for row in rows) for rows in found]

    return Judge("zen_table", rows, judge, masks)


def _outcome(rule: Rule, row: Mapping[str, Any]) -> int:
    """Judge one row by one rule with `Expression.evaluate`, as the statement does."""
    in_force = rule.record.to is None if row["day"] is None else rule.in_force(row["day"])
    if not in_force or row["act"] not in rule.record.acts or rule.permit is None:
        return 0
    applies = True if rule.applies is None else rule.applies.evaluate(row)
    if applies is False:
        return 0
    permit = rule.permit.evaluate(row)
    if permit is True:
        return _PERMITS
    return _UNKNOWN if permit is None or applies is None else _REFUSES


def evaluate(law: Law, given: Facts) -> Judge:
    """Judge by the tree of each expression: what `explain` uses, and the oracle of the tests."""

    def rows(chunk: pa.Table) -> list[dict[str, Any]]:
        return rows_of(chunk, given.kinds, days_as_numbers=False)

    def judge(given: list[dict[str, Any]]) -> list[Masks]:
        return [outcomes((place, _outcome(rule, row)) for place, rule in enumerate(law.rules)) for row in given]

    return Judge("evaluate", rows, judge, list)


def judges(law: Law, given: Facts) -> Sequence[Judge]:
    """Return all who take rows as Python objects; the last one is slow."""
    return [python(law, given), zen_by_expression(law, given), zen_by_table(law, given), evaluate(law, given)]
