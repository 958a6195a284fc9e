"""Odd but possible rows: they stay in the book, and the load says how many there are with one example.

Money received is never dropped because it looks odd. Each oddity is one query over the written tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from duecourse.book.mapping import BookPart
from duecourse.book.schema import TABLES, Kind, Table
from duecourse.book.sql import ident, text
from duecourse.book.typed import local


@dataclass(frozen=True)
class Oddity:
    """Rows of a table that are odd in one way: how many, and the first of them in words."""

    table: str
    kind: str
    rows: int
    example: str


@dataclass(frozen=True)
class _Look:
    """A query for oddities: `rows` gives `example` and `place`, the order by which the first is chosen.

    It reads the written tables, and `newest`: each loan's newest version.
    """

    table: str
    kind: str
    rows: str


def find_oddities(con: duckdb.DuckDBPyConnection, book: BookPart, folder: Path, filled: set[str]) -> list[Oddity]:
    """Return the oddities of the written tables that the mapping fills, in table order."""
    found = []
    con.execute(f"""CREATE OR REPLACE TABLE newest AS SELECT loan_no, max(loan_id) AS loan_id,
        arg_max(principal, effective_on) AS principal, max(opened_on) AS opened_on
        FROM {_file(folder, "loans")} WHERE superseded_at IS NULL GROUP BY loan_no""")
    for look in _looks(book, folder, filled):
        ((rows, example),) = con.execute(f"SELECT count(*), min_by(example, place) FROM ({look.rows})").fetchall()
        if rows:
            found.append(Oddity(look.table, look.kind, int(rows), " ".join(str(example).split())))
    return found


def date_ranges(con: duckdb.DuckDBPyConnection, folder: Path, filled: set[str]) -> dict[str, dict[str, list[str]]]:
    """Return first and last day (ISO text) of each date column that has a value, by filled table."""
    ranges: dict[str, dict[str, list[str]]] = {}
    for table in TABLES:
        days = [
            column.name
            for column in table.columns
            if column.kind is Kind.DATE and column.name not in {"effective_on", "born_on"}
        ]
        days += ["happened_on"] if _is_moment(table) else []
        if table.name not in filled or not days:
            continue
        picked = ", ".join(f"CAST(min({ident(day)}) AS VARCHAR), CAST(max({ident(day)}) AS VARCHAR)" for day in days)
        (row,) = con.execute(f"SELECT {picked} FROM {_file(folder, table.name)}").fetchall()
        ranges[table.name] = {day: [row[2 * n], row[2 * n + 1]] for n, day in enumerate(days) if row[2 * n]}
    return ranges


def _is_moment(table: Table) -> bool:
    return table.happened is not None and table.column(table.happened).kind is Kind.MOMENT


def _file(folder: Path, name: str) -> str:
    return f"read_parquet({text(str(folder / (name + '.parquet')))})"


def _looks(book: BookPart, folder: Path, filled: set[str]) -> Iterator[_Look]:
    yield from _loan_looks(folder, filled)
    yield from _effect_looks(folder, filled)
    for table in TABLES:
        if table.name in filled:
            yield from _event_looks(book, folder, table)
    if "contacts" in filled:
        yield _Look(
            "contacts",
            "about_unknown_loan",
            f"""
            SELECT 'contact ' || contact_id || ' is about ' || loan AS example, contact_id AS place
            FROM (SELECT contact_id, unnest(about) AS loan FROM {_file(folder, "contacts")} WHERE
              len(about) > 0)
            WHERE loan NOT IN (SELECT loan_id FROM {_file(folder, "loans")})""",
        )
    if "borrowers" in filled:
        yield _Look(
            "borrowers",
            "unknown_zone",
            f"""
            SELECT 'borrower ' || borrower_id || ': ' || zone AS example, borrower_no AS place
            FROM (SELECT borrower_id, borrower_no, unnest(zones) AS zone FROM {_file(folder, "borrowers")}
              WHERE len(zones) > 0)
            WHERE zone NOT IN (SELECT name FROM pg_timezone_names())""",
        )
    if book.payments_complete_through and "payments" in filled:
        day = book.payments_complete_through.isoformat()
        yield _Look(
            "payments",
            "after_payments_complete_through",
            f"""
            SELECT 'payment ' || payment_id || ' of loan ' || loan_id || ': ' || paid_on || ' is after
              {day}' AS example,
              (loan_no, payment_id) AS place FROM {_file(folder, "payments")} WHERE paid_on > DATE '{day}'""",
        )


def _loan_looks(folder: Path, filled: set[str]) -> Iterator[_Look]:
    """Yield what is odd between a loan and its schedule."""
    instalments = _file(folder, "instalments")
    yield _Look(
        "loans",
        "without_instalments",
        f"""
        SELECT 'loan ' || loan_id AS example, loan_no AS place FROM newest WHERE loan_no NOT IN (SELECT
          loan_no FROM {instalments})""",
    )
    if "instalments" not in filled:
        return
    yield _Look(
        "loans",
        "principal_differs_from_schedule",
        f"""
        SELECT 'loan ' || loan_id || ': principal ' || l.principal || ', schedule ' || s.principal || '
          (minor units)' AS example, loan_no AS place
        FROM newest l JOIN (SELECT loan_no, CAST(sum(principal) AS HUGEINT) AS principal FROM
          {instalments} WHERE superseded_at IS NULL GROUP BY loan_no) s
        USING (loan_no) WHERE l.principal <> s.principal""",
    )
    yield _Look(
        "instalments",
        "due_before_opened",
        f"""
        SELECT 'instalment ' || i.number || ' of loan ' || i.loan_id || ': due ' || i.due_on || ', opened '
          || l.opened_on AS example,
          (loan_no, i.number) AS place FROM {instalments} i JOIN newest l USING (loan_no) WHERE i.due_on <
            l.opened_on""",
    )


def _effect_looks(folder: Path, filled: set[str]) -> Iterator[_Look]:
    """Yield rows that do not do what whoever wrote them meant."""
    yield _Look(
        "loans",
        "late_fee_max_below_min",
        f"""
        SELECT 'loan ' || loan_id || ': late_fee_max ' || late_fee_max || ', late_fee_min ' || late_fee_min || '
          (minor units)' AS example, loan_no AS place
        FROM {_file(folder, "loans")} WHERE late_fee_max < late_fee_min""",
    )
    if "payments" in filled:
        yield _Look(
            "payments",
            "reversed_before_paid",
            f"""
            SELECT 'payment ' || payment_id || ' of loan ' || loan_id || ': paid ' || paid_on || ', reversed '
              || reversed_on AS example,
              (loan_no, payment_id) AS place FROM {_file(folder, "payments")} WHERE reversed_on < paid_on""",
        )
    if "events" in filled:
        yield _Look(
            "events",
            "without_loan",
            f"""
            SELECT 'event ' || event_id || ': a ' || kind || ' that names no loan changes nothing' AS example,
              event_id AS place
            FROM {_file(folder, "events")} WHERE loan_no IS NULL AND kind IN ('pause', 'resume', 'accelerated')""",
        )


def _event_looks(book: BookPart, folder: Path, table: Table) -> Iterator[_Look]:
    """Yield what is odd about the dates of one table's events."""
    if table.happened is None:
        return
    happened, key = table.happened, table.key[0]
    what = table.name.removesuffix("s").replace("_", "-")
    example = f"SELECT '{what} ' || t.{key} || ': ' || t.{happened}"
    if table.of == "loan":
        yield _Look(
            table.name,
            "before_opened",
            f"""
            {example} || ' is before loan ' || t.loan_id || ' opened, ' || l.opened_on AS example,
              (loan_no, t.{key}) AS place
            FROM {_file(folder, table.name)} t JOIN newest l USING (loan_no) WHERE t.{happened}
              < l.opened_on""",
        )
    day = f"CAST({local('t.recorded_at', book.zone)} AS DATE)"
    early = f"t.recorded_at < t.{happened}" if _is_moment(table) else f"{day} < t.{happened}"
    yield _Look(
        table.name,
        "recorded_before_it_happened",
        f"""
        {example} || ' was recorded ' || t.recorded_at AS example, t.{key} AS place FROM
          {_file(folder, table.name)} t WHERE {early}""",
    )
