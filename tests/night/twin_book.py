"""The twin's own reading of a book: the lender's rows as Python rows, what was known, and each loan's history.

It reads the loaded tables, but none of the columns that loading works out for the night (`happened_on`,
`superseded_at`, `reversed_on`, `reversal_recorded_at`): these it finds by itself.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from duecourse.book.loaded import LoadedBook
from duecourse.ledger.loan import Charge, Instalment, Loan, Payment, Terms, Waiver

Row = dict[str, Any]
DERIVED = ("happened_on", "superseded_at", "reversed_on", "reversal_recorded_at")
# What makes two rows versions of one thing; a table that is not here has no versions.
VERSIONS_OF = {
    "borrowers": ("borrower_id", "effective_on"),
    "loans": ("loan_id", "effective_on"),
    "instalments": ("loan_id", "number"),
    "consents": ("consent_id",),
    "holds": ("hold_id",),
    "arrangements": ("arrangement_id",),
    "notices": ("notice_id",),
}
NAMES = (
    *("borrowers", "loans", "instalments", "payments", "contacts", "charges", "waivers", "write_offs"),
    *("consents", "holds", "promises", "arrangements", "notices", "events"),
)


@dataclass(frozen=True)
class Known:
    """Every row that counts at a moment, newest versions only: by table, and by table and borrower or loan."""

    zone: str
    tables: dict[str, list[Row]]
    by_borrower: dict[tuple[str, str], list[Row]]
    by_loan: dict[tuple[str, str], list[Row]]

    def of(self, table: str, borrower_id: str) -> list[Row]:
        """Return a borrower's rows."""
        return self.by_borrower.get((table, borrower_id), [])

    def day(self, moment: datetime) -> date:
        """Return the day of a UTC moment in the book's zone."""
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone)).date()

    def loan(self, loan_id: str) -> Loan:
        """Put a loan's history together."""
        rows = {name: self.by_loan.get((name, loan_id), []) for name in NAMES}
        versions = sorted(rows["loans"], key=lambda row: row["effective_on"])
        events = [(self.day(row["happened_at"]), row) for row in rows["events"]]
        return Loan(
            loan_id=loan_id,
            opened_on=versions[-1]["opened_on"],
            terms=tuple(_terms(row) for row in versions),
            instalments=tuple(_take(Instalment, row) for row in rows["instalments"]),
            charges=tuple(_take(Charge, row) for row in rows["charges"]),
            payments=tuple(_take(Payment, row) for row in rows["payments"]),
            waivers=tuple(_take(Waiver, row) for row in rows["waivers"]),
            written_off_on=tuple(row["written_off_on"] for row in rows["write_offs"]),
            accelerated_on=tuple(day for day, row in events if row["kind"] == "accelerated"),
            pauses=tuple(self._pause(day, row, events) for day, row in events if row["kind"] == "pause"),
        )

    def _pause(self, first: date, row: Row, events: list[tuple[date, Row]]) -> tuple[date, date | None]:
        """Return a pause's first and last day: to its own end, or to the day before the next `resume`."""
        ends = [day - timedelta(days=1) for day, other in events if other["kind"] == "resume" and day > first]
        if row["until_at"] is not None:
            ends.append(self.day(row["until_at"]))
        return first, min(ends) if ends else None


def _take(kind: Any, row: Row) -> Any:
    return kind(**{name: row[name] for name in kind.__dataclass_fields__})


def _terms(row: Row) -> Terms:
    named = {name: row[name] for name in Terms.__dataclass_fields__}
    return Terms(**{**named, "allocation_order": tuple(row["allocation_order"].split())})


def read(book: LoadedBook) -> dict[str, list[Row]]:
    """Read every table as Python rows."""
    found = {}
    for name in NAMES:
        rows = pq.read_table(book.path(name)).to_pylist()
        found[name] = [{key: value for key, value in row.items() if key not in DERIVED} for row in rows]
    return found


def known(tables: dict[str, list[Row]], zone: str, until: datetime | None) -> Known:
    """Keep what had been recorded by `until` (None: everything), and of a versioned row its newest such version."""
    kept = {name: _newest(name, _recorded(rows, until)) for name, rows in tables.items()}
    whose = {row["loan_id"]: row["borrower_id"] for row in tables["loans"]}
    by_borrower, by_loan = defaultdict(list), defaultdict(list)
    for name, rows in kept.items():
        for row in rows:
            loan_id = row.get("loan_id")
            by_borrower[name, row.get("borrower_id") or whose[str(loan_id)]].append(row)
            if loan_id is not None:
                by_loan[name, loan_id].append(row)
    return Known(zone, kept, dict(by_borrower), dict(by_loan))


def _recorded(rows: Iterable[Row], until: datetime | None) -> list[Row]:
    return [row for row in rows if until is None or row["recorded_at"] <= until]


def _newest(name: str, rows: list[Row]) -> list[Row]:
    if name not in VERSIONS_OF:
        return rows
    newest: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda row: row["recorded_at"]):
        newest[tuple(row[key] for key in VERSIONS_OF[name])] = row
    return list(newest.values())
