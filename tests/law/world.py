"""The small world that the tests of the expression language share: facts, rows with holes, an engine."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

import ibis
import ibis.expr.types as ir
from hypothesis import settings

from duecourse.law.catalogue import FactKind
from duecourse.law.expressions import Expression, Place, parse

KINDS: Final[Mapping[str, FactKind]] = {
    "a": FactKind.INTEGER,
    "b": FactKind.INTEGER,
    "at": FactKind.INTEGER,  # a reserved word of DuckDB
    "calls_placed_last_7_days": FactKind.INTEGER,
    "d": FactKind.DATE,
    "e": FactKind.DATE,
    "p": FactKind.BOOLEAN,
    "q": FactKind.BOOLEAN,
    "stage": FactKind.TEXT,  # a keyword of sqlglot
    "channel": FactKind.TEXT,
    "content": FactKind.TEXTS,
    "event.about": FactKind.TEXTS,
}
PARAMETERS: Final = {"cap": 5}
PLACE: Final = Place("us.yaml", 12, 11, "permit")
TYPES: Final = {
    FactKind.INTEGER: "int64",
    FactKind.DATE: "date",
    FactKind.BOOLEAN: "boolean",
    FactKind.TEXT: "string",
    FactKind.TEXTS: "array<string>",
}
TIMES: Final = settings().max_examples // 100  # 1, and more under `make soak`
TEXTS: Final = ("sms", "call", "it's", "")
DAY: Final = date(2026, 1, 31)


def read(text: str, expects: FactKind = FactKind.BOOLEAN, *, place: Place = PLACE) -> Expression:
    """Parse in this world, where coalesce has its reason."""
    return parse(text, KINDS, place, expects=expects, parameters=PARAMETERS, coalesce_because="no call is no contact")


def rows(count: int, seed: int) -> list[dict[str, object]]:
    """Rows of facts, a fifth of them unknown."""
    dice = Random(seed)
    draw: dict[FactKind, Callable[[], object]] = {
        FactKind.INTEGER: lambda: dice.randint(-9, 9),
        FactKind.DATE: lambda: DAY + timedelta(days=dice.randint(-40, 40)),
        FactKind.BOOLEAN: lambda: dice.random() < 0.5,
        FactKind.TEXT: lambda: dice.choice(TEXTS),
        FactKind.TEXTS: lambda: tuple(dice.sample(TEXTS, dice.randint(0, 3))),
    }
    return [{name: None if dice.random() < 0.2 else draw[kind]() for name, kind in KINDS.items()} for _ in range(count)]


def table(facts: Sequence[Mapping[str, object]]) -> ir.Table:
    """Put rows into a DuckDB table of a connection of its own."""
    schema = ibis.schema({name: TYPES[kind] for name, kind in KINDS.items()})
    columns = {name: [row[name] for row in facts] for name in KINDS}
    return ibis.duckdb.connect().create_table("facts", ibis.memtable(columns, schema=schema))


def unbound() -> ir.Table:
    """Return the table without an engine, to look at the SQL."""
    return ibis.table({name: TYPES[kind] for name, kind in KINDS.items()}, name="facts")


def judged(facts: ir.Table, expressions: Sequence[Expression]) -> list[list[object]]:
    """Run expressions on the engine; one list of values per expression, in the order of the rows."""
    columns = {name: facts[name] for name in KINDS}
    values = {f"v{index}": each.compile(columns) for index, each in enumerate(expressions)}
    found = facts.select(**values).to_pyarrow()
    return [[tuple(one) if isinstance(one, list) else one for one in found[name].to_pylist()] for name in values]
