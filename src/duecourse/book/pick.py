"""Values that a mapping's expressions pick out of rows, a batch at a time, in memory alone.

with Picker(zone) as picker:
    picked = picker.open(source, section)      its expressions, checked against the columns of one file
    for rows in source.batches(size):
        picked.values(rows)                    a text, or a list of them, for each row and expression
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

import duckdb
import pyarrow as pa

from duecourse.book.mapping import MappingError
from duecourse.book.sources import describe, one_line
from duecourse.book.sql import Checked, check, ident, text
from duecourse.book.stream import Rows, Source
from duecourse.book.typed import read_moment
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.book.read import Settings


class Unfit(StrEnum):
    """Why an expression has no value in a row: it cannot be worked out, or is no moment where one is meant."""

    EXPRESSION = "expression"
    MOMENT = "no_moment"


Value = str | list[str | None] | Unfit | None
"""What an expression gives for a row. A list only where the expression is one of lists, or a file's column is.
Moments are texts such as `2026-01-31 09:00:00`, UTC."""

LEFT_OUT: Final = "left_out"
UNREADABLE: Final = "encoding"
_VIEW: Final = "rows"


@dataclass(frozen=True)
class Wanted:
    """What is picked out of a file: expressions by name, which of them are moments, and the condition of a row.

    `place` gives the place in the mapping of one of these names, of `keep` too.
    """

    expressions: Mapping[str, str]
    moments: frozenset[str]
    keep: str | None
    place: Callable[[str], str]


class Picker:
    """An engine that works in memory, touches no file, and takes moments without an offset as those of a zone."""

    def __init__(self, zone: str) -> None:
        """Open the engine."""
        config: Settings = {"temp_directory": "", "memory_limit": "1GB", "threads": 1}
        self._con = duckdb.connect(config=config)
        self._con.execute(f"SET TimeZone = {text(zone)}")
        self._con.execute("SET enable_external_access = false")
        self._con.execute("SET lock_configuration = true")
        self._zone = zone

    def __enter__(self) -> Self:
        """Give the engine."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engine."""
        self._con.close()

    def open(self, source: Source, wanted: Wanted) -> "Picked":
        """Check what is wanted against a file's columns; MappingError names the expression that cannot be used."""
        names = source.schema.names
        exprs = {
            name: check(expression, names, wanted.place(name), source.shown)
            for name, expression in wanted.expressions.items()
        }
        keep = check(wanted.keep, names, wanted.place("keep"), source.shown) if wanted.keep else None
        self._con.register(_VIEW, source.schema.empty_table())
        outputs, failures = [], []
        for name, one in exprs.items():
            output, failed = self._output(name, one, wanted)
            outputs.append(output)
            failures += failed
        outputs.append(f"concat_ws(' ', {', '.join(failures)})" if failures else "''")
        outputs.append(self._kept(keep, wanted.place("keep")))
        inner = [f"{_tried(one)} AS {ident('e_' + name)}" for name, one in exprs.items()]
        inner += [f"TRY(struct_pack(v := CAST({keep.sql} AS BOOLEAN))) AS e__keep"] if keep else []
        query = f"SELECT {', '.join(outputs)} FROM (SELECT {', '.join(inner)} FROM {_VIEW})"
        return Picked(self._con, query, tuple(exprs))

    def _output(self, name: str, expression: Checked, wanted: Wanted) -> tuple[str, list[str]]:
        """Return the SQL of a value, and the SQL of what names it where it is unfit, as `name:why`."""
        kind = self._type(f"SELECT {expression.sql} AS v FROM {_VIEW}", wanted.place(name))
        value = ident("e_" + name) + ("" if expression.bare else ".v")
        why = f"{name}:{Unfit.EXPRESSION}"
        failed = [] if expression.bare else [f"CASE WHEN {ident('e_' + name)} IS NULL THEN {text(why)} END"]
        given = f"nullif({value}, '')" if kind == "VARCHAR" else value
        if name in wanted.moments:
            trimmed = f"nullif(trim({value}), '')" if kind == "VARCHAR" else value
            moment = f"CAST({read_moment(trimmed, kind, self._zone)} AS VARCHAR)"
            why = f"{name}:{Unfit.MOMENT}"
            failed.append(f"CASE WHEN {trimmed} IS NOT NULL AND {moment} IS NULL THEN {text(why)} END")
            return moment, failed
        return f"CAST({given} AS VARCHAR{'[]' if kind.endswith('[]') else ''})", failed

    def _kept(self, keep: Checked | None, place: str) -> str:
        if keep is None:
            return "true"
        self._type(f"SELECT CAST({keep.sql} AS BOOLEAN) AS v FROM {_VIEW}", place)
        return "CASE WHEN e__keep IS NOT NULL THEN e__keep.v IS TRUE END"

    def _type(self, query: str, place: str) -> str:
        try:
            return describe(self._con, query)[0][1]
        except duckdb.Error as error:
            hint = ": every value of a text file is a text, cast it first"
            raise MappingError(f"{place}: the expression does not work: {one_line(error)}{hint}") from error


def _tried(expression: Checked) -> str:
    return expression.sql if expression.bare else f"TRY(struct_pack(v := {expression.sql}))"


@dataclass(frozen=True, repr=False)
class Picked:
    """The expressions of one file, ready for its rows."""

    con: duckdb.DuckDBPyConnection
    query: str
    names: tuple[str, ...]

    def values(self, rows: Rows) -> Iterator[tuple[int, tuple[Value, ...] | str]]:
        """Yield for each row its number and its values; LEFT_OUT, "keep" or UNREADABLE where it has none.

        "keep" says that the condition cannot be worked out, UNREADABLE that the engine cannot take the row's texts.
        """
        return zip(rows.numbers, self._values(rows.table), strict=True)

    def _values(self, table: pa.Table) -> list[tuple[Value, ...] | str]:
        try:
            self.con.register(_VIEW, table)
            found = self.con.execute(self.query).fetchall()
        except duckdb.OutOfMemoryException:
            raise DueCourseError("the rows need more memory than they may use: give them shorter values") from None
        except duckdb.Error:  # its message may quote a value
            if table.num_rows == 1:
                return [UNREADABLE]
            half = table.num_rows // 2  # down
            return self._values(table.slice(0, half)) + self._values(table.slice(half))
        return [self._row(*row) for row in found]

    def _row(self, *found: Any) -> tuple[Value, ...] | str:
        """Sort out what the engine gives for a row: its values, which of them are unfit, whether it is kept."""
        *values, unfit, is_kept = found
        if not is_kept:
            return "keep" if is_kept is None else LEFT_OUT
        for told in unfit.split():
            name, _, why = told.partition(":")
            values[self.names.index(name)] = Unfit(why)
        return tuple(values)
