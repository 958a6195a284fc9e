"""A table of facts, made at random: a row for each act, with every fact and column that some rules name.

Texts and numbers are those that the rules themselves compare with, and their neighbours, so that every condition
is true in some rows and false in others. A fifth of the values is unknown. The same seed gives the same table.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT
from duecourse.law.expression_tree import Call, Literal, Named, Node, Value, nodes
from duecourse.law.program import ACTS, ALWAYS_ACT, SAME, TYPES, Program
from duecourse.law.rulebook import Law, Rule

CHUNK: Final = 20_000  # rows that are made into dicts at a time, so that memory does not grow with the table
UNKNOWN: Final = 0.2
_DAY: Final = date(2026, 1, 31)
_DAYS_AROUND: Final = 40
_FAR: Final = 1_000  # a number beyond all that rules compare with
_LISTS: Final = 200  # different lists of texts in a column
_LONGEST: Final = 3
_ARROW: Final[Mapping[FactKind, pa.DataType]] = {
    FactKind.BOOLEAN: pa.bool_(),
    FactKind.INTEGER: pa.int64(),
    FactKind.DATE: pa.date32(),
    FactKind.TEXT: pa.string(),
    FactKind.TEXTS: pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Facts:
    """The table, with its column `act_no` from 0, and the columns that conditions look at, with their kinds."""

    table: pa.Table
    kinds: Mapping[str, FactKind]

    def chunks(self) -> Iterator[pa.Table]:
        """Go through the columns that conditions look at, a number of rows at a time."""
        looked_at = self.table.select(list(self.kinds))
        for start in range(0, looked_at.num_rows, CHUNK):
            yield looked_at.slice(start, CHUNK)


def conditions(rules: Iterable[Rule]) -> Iterator[Node]:
    """Go through the conditions of rules."""
    for rule in rules:
        yield from (each.node for each in (rule.applies, rule.permit) if each is not None)


def looked_at(rules: Sequence[Rule]) -> dict[str, FactKind]:
    """Return the columns that judging by the rules looks at: those in conditions, the act and its day."""
    named = {each.name: each.kind for tree in conditions(rules) for each in nodes(tree) if isinstance(each, Named)}
    return dict(sorted({**named, "act": FactKind.TEXT, "day": FactKind.DATE}.items()))


def facts(law: Law, rows: int, seed: int) -> Facts:
    """Make the table for the rules of `law`, all of them acts of contact under the first rule's book."""
    kinds = looked_at(law.rules)
    spoken = {
        name: law.facts[name].kind if name in law.facts else ACT[name] for rule in law.rules for name in rule.names
    }
    dice = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {"act_no": pa.array(range(rows), pa.int64())}
    fixed: dict[str, tuple[Any, pa.DataType]] = {
        "act": ("contact", pa.string()),
        "ask": (None, pa.string()),
        "rulebooks": ([law.rules[0].book], pa.list_(pa.string())),
        "world": (0, pa.int64()),
    }
    for name, (value, kind) in fixed.items():
        columns[name] = pa.array([value], kind).take(pa.array(np.zeros(rows, np.int64)))
    words = _words(law.rules)
    kind_of = {text: fact_kind for fact_kind, text in TYPES.items()}
    always = {name: kind_of[text] for name, text in ALWAYS_ACT.items()}
    for name, fact_kind in sorted({**always, **spoken, **kinds}.items()):
        if name not in columns:
            pool = pa.array(_pool(name, fact_kind, law.rules, words, dice), _ARROW[fact_kind])
            places = dice.integers(0, len(pool), rows)
            columns[name] = pool.take(pa.array(places, mask=dice.random(rows) < UNKNOWN))
    return Facts(pa.table(columns), kinds)


def _words(rules: Sequence[Rule]) -> dict[str, set[Value]]:
    """Return the literals that each fact is compared with."""
    found: dict[str, set[Value]] = {}
    for tree in conditions(rules):
        for call in nodes(tree):
            if isinstance(call, Call):
                literals = {arg.value for arg in call.args if isinstance(arg, Literal) and arg.value is not None}
                for arg in call.args:
                    if isinstance(arg, Named):
                        found.setdefault(arg.name, set()).update(literals)
    return found


def _pool(
    name: str, kind: FactKind, rules: Sequence[Rule], words: Mapping[str, set[Value]], dice: np.random.Generator
) -> list[Any]:
    """Return the values that a column is drawn from."""
    if kind is FactKind.BOOLEAN:
        return [False, True]
    if kind is FactKind.INTEGER:
        literals = [each.value for tree in conditions(rules) for each in nodes(tree) if isinstance(each, Literal)]
        numbers = [value for value in literals if isinstance(value, int) and not isinstance(value, bool)]
        return sorted({number + step for number in numbers for step in (-1, 0, 1)} | {0, _FAR})
    if kind is FactKind.DATE:
        around = {_DAY + timedelta(days=away) for away in range(-_DAYS_AROUND, _DAYS_AROUND + 1)}
        changes = {rule.record.from_ + timedelta(days=away) for rule in rules for away in (-1, 0)}
        return sorted(around | changes if name == "day" else around)
    texts = ["borrower", *sorted(word for word in words.get(name, ()) if isinstance(word, str)), "another"]
    if kind is FactKind.TEXT:
        return texts
    most = min(_LONGEST, len(texts))
    return [dice.choice(texts, dice.integers(0, most + 1), replace=False).tolist() for _ in range(_LISTS)]


def rows_of(chunk: pa.Table, kinds: Mapping[str, FactKind], *, days_as_numbers: bool) -> list[dict[str, Any]]:
    """Return rows as dicts: days as numbers from 1970-01-01, or as dates; lists of texts as tuples."""
    columns: list[list[Any]] = []
    for name, kind in kinds.items():
        column = chunk.column(name)
        if kind is FactKind.DATE and days_as_numbers:
            column = column.cast(pa.int32())
        values = column.to_pylist()
        columns.append([None if one is None else tuple(one) for one in values] if kind is FactKind.TEXTS else values)
    return [dict(zip(kinds, row, strict=True)) for row in zip(*columns, strict=True)]


def tables(connection: duckdb.DuckDBPyConnection, program: Program, given: Facts) -> None:
    """Put the facts into the tables in which a program's last statements look for them."""
    connection.register("given", given.table)
    acts = SAME if program.in_common else ACTS
    homes: dict[str, set[str]] = {acts: set(ALWAYS_ACT) - {"act_no"}}
    for name in given.table.column_names:
        if name != "act_no":
            homes.setdefault(program.found_in.get(name, acts), set()).add(name)
    for home, names in homes.items():
        columns = ", ".join(f'"{name}"' for name in sorted(names))
        # No row's facts are another's: each is the first, and only, of its kind.
        connection.execute(f"create table {home} as select act_no, act_no as same_no, {columns} from given")
    connection.unregister("given")
