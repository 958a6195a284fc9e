"""Reading one table of the lender into typed rows, in the order of its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from duecourse.book.mapping import BookMapping, MappingError
from duecourse.book.schema import BY_NAME, Column, Kind, Table
from duecourse.book.sources import Part, describe, one_line, open_parts, scrub_part, total_rejects
from duecourse.book.sql import Checked, check, ident, text
from duecourse.book.typed import Exprs, Problems, Reading, projection
from duecourse.kernel.currencies import MINOR_DIGITS, minor_digits
from duecourse.kernel.errors import DueCourseError

Settings = dict[str, str | bool | int | float | list[str]]  # float: DuckDB's declared type


@dataclass
class Work:
    """What the steps of one load share: the working database, the mapping, what is known of each table.

    `digits` is the number of decimals at which amounts of every table but loans are read; `beside` the settings
    of a second engine.
    """

    con: duckdb.DuckDBPyConnection
    mapping: BookMapping
    data: Path
    scratch: Path
    beside: Settings
    parts: dict[str, list[Part]] = field(default_factory=dict)
    problems: dict[str, Problems] = field(default_factory=dict)
    exprs: dict[str, list[Exprs]] = field(default_factory=dict)
    digits: int = 0

    def tables(self) -> list[Table]:
        """Return the tables that the mapping fills, borrowers and loans first."""
        names = sorted(self.mapping.tables, key=lambda name: list(BY_NAME).index(name))
        return [BY_NAME[name] for name in names]

    def kept(self, table: str) -> int:
        """Return how many of a table's rows are in the book, once it is classified."""
        rows = sum(part.rows for part in self.parts[table])
        return rows - self.count(f"SELECT count(*) FROM {ident('c_' + table)}")

    def number(self, table: str, column: str, reason: str) -> int:
        """Return the number of a problem of a table."""
        return self.problems[table].number(column, reason)

    def count(self, query: str) -> int:
        """Return the one integer of a query."""
        return int(self.row(query)[0])

    def row(self, query: str) -> tuple[Any, ...]:
        """Return the one row of a query, read to its end: an unfinished result would hold the connection."""
        found = self.con.execute(query).fetchall()
        return tuple(found[0])


def read_table(work: Work, table: Table) -> None:
    """Make `t_<name>` of all parts: a view of typed rows whose `rid` is the position among the good rows of all parts.

    The engine reads Parquet and its own tables faster than it could keep typed rows, so these are typed whenever
    they are looked at. DueCourseError when there is no row at all.
    """
    name = table.name
    work.problems[name] = Problems()
    work.parts[name] = open_parts(work.con, work.mapping, name, work.data, work.scratch)
    work.exprs[name] = []
    views, rows = [], 0
    for position, part in enumerate(work.parts[name]):
        part.first_row = rows
        if part.is_text:
            kept = _keep_typed(work, table, part, work.scratch / f"{name}-{position + 1}")
            views.append(f"SELECT file_row_number + {rows} AS rid, * FROM {kept}")
        else:
            kept = part.relation
            views.append(_query(work, table, part, rid=f"{ident(part.row_column)} + {rows}"))
        part.rows = work.count(f"SELECT count(*) FROM {kept}")
        rows += part.rows
    work.con.execute(f"CREATE VIEW {ident('t_' + name)} AS {' UNION ALL '.join(views)}")
    if rows + total_rejects(work.parts[name]) == 0:
        place = work.mapping.place("tables", name)
        shown = ", ".join(part.shown for part in work.parts[name])
        raise DueCourseError(
            f"{place}: {shown} has no rows: check the file, or take [tables.{name}] out of the mapping"
        )


def _keep_typed(work: Work, table: Table, part: Part, stem: Path) -> str:
    """Type the rows of a text file once, in their order; return the SQL of what was kept of them."""
    kept = text(str(stem.with_suffix(".parquet")))
    try:
        work.con.execute(f"COPY ({_query(work, table, part)}) TO {kept} (FORMAT parquet)")
    except duckdb.InvalidInputException:
        if part.scrubbed:
            raise
        scrub_part(part, stem.with_suffix(".csv"))
        work.exprs[table.name].pop()
        work.con.execute(f"COPY ({_query(work, table, part)}) TO {kept} (FORMAT parquet)")
    return f"read_parquet({kept})"


def _query(work: Work, table: Table, part: Part, rid: str = "") -> str:
    """Return the SQL that reads one part, after checking the mapping's expressions against its columns."""
    name = table.name
    section = work.mapping.tables[name]
    checked = {
        column: check(expression, part.names, work.mapping.place("tables", name, "columns", column), part.shown)
        for column, expression in section.columns.items()
    }
    keep = None
    if section.keep is not None:
        place = work.mapping.place("tables", name, "keep")
        keep = check(section.keep, part.names, place, part.shown)
        _types(work, table, {"keep": keep}, part, place)
    kinds = _types(work, table, checked, part, None)
    exprs = {
        column.name: (checked[column.name], kinds[column.name]) for column in table.columns if column.name in checked
    }
    work.exprs[name].append(exprs)
    relation = part.numbered if rid else part.relation
    return projection(table, exprs, keep, relation, _reading(work, table, exprs), work.problems[name], rid=rid)


def _types(work: Work, table: Table, checked: Mapping[str, Checked], part: Part, place: str | None) -> dict[str, str]:
    """Return the DuckDB type of each expression; MappingError names the one that the engine cannot take."""
    kinds = {}
    for column, expression in checked.items():
        try:
            kinds[column] = describe(work.con, f"SELECT {expression.sql} AS v FROM {part.relation}")[0][1]
        except duckdb.OutOfMemoryException:
            raise  # no fault of the expression
        except duckdb.Error as error:
            at = place or work.mapping.place("tables", table.name, "columns", column)
            hint = (
                ": every value of a text file is a text, cast it first" if part.is_text and not expression.bare else ""
            )
            raise MappingError(f"{at}: the expression for {column!r} does not work: {one_line(error)}{hint}") from error
    return kinds


def _reading(work: Work, table: Table, exprs: Exprs) -> Reading:
    """Say at how many decimals this table's amounts are read."""
    book = work.mapping.book
    comma = work.mapping.tables[table.name].decimal == ","
    if book.money == "minor":
        return Reading(book, 0, by_row=False, comma=comma)
    if table.name != "loans":
        return Reading(book, work.digits, by_row=False, comma=comma, slack=10**work.digits)
    if "currency" in exprs:
        return Reading(book, max(MINOR_DIGITS.values()), by_row=True, comma=comma)
    return Reading(book, minor_digits(book.currency or ""), by_row=False, comma=comma)


def money_columns(table: Table) -> list[Column]:
    """Return the columns of a table that hold amounts."""
    return [column for column in table.columns if column.kind is Kind.MONEY]


def shown_value(exprs: Exprs, column: str) -> str:
    """Return the SQL of the value that the quarantine shows: the mapped one, else what it is made from."""
    if column not in exprs:
        return "NULL"
    checked, _ = exprs[column]
    raw = [f"CAST({ident(name)} AS VARCHAR)" for name in checked.columns]
    if checked.bare or not raw:
        return raw[0] if raw else text(checked.sql)
    source = raw[0] if len(raw) == 1 else f"concat_ws(' | ', {', '.join(raw)})"
    return f"coalesce(CAST(TRY({checked.sql}) AS VARCHAR), {source})"
