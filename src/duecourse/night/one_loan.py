"""One loan out of the book: its history as plain records, and the rows they came from."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.words import nearest
from duecourse.ledger.loan import Charge, Instalment, Loan, Payment, Terms, Waiver

Row = Mapping[str, Any]


class Source(Protocol):
    """What is needed of an engine that looks at a moment."""

    def table(self, name: str) -> ir.Table:
        """Return a table of the book."""

    def rows(self, table: ir.Table) -> list[dict[str, Any]]:
        """Return a small table as Python rows."""


def find(source: Source, loan_id: str) -> Row:
    """Return the newest version of a loan known at the moment.

    DueCourseError naming the nearest id when there is none.
    """
    loans = source.table("loans")
    found = source.rows(loans.filter(loans.loan_id == loan_id).order_by(ibis.desc("effective_on")).limit(1))
    if found:
        return found[0]
    near = loans.filter(loans.loan_id.startswith(loan_id[:3])).select("loan_id").limit(1_000)
    like = nearest(loan_id, [row["loan_id"] for row in source.rows(near)])
    hint = f"; did you mean {like}?" if like else "; see loan_id in the loans table"
    raise DueCourseError(f"loan {loan_id!r} is not in the book, or not known yet at this moment{hint}")


def rows_of(source: Source, table: str, key: str, number: int, *order: str) -> list[dict[str, Any]]:
    """Return the rows of a table that belong to a loan (`loan_no`) or a borrower (`borrower_no`), in order."""
    rows = source.table(table)
    return source.rows(rows.filter(rows[key] == number).order_by(*order))


def read(source: Source, loan_no: int, zone_day: Any) -> Loan:
    """Read a loan's history as the ledger's records; `zone_day` turns a moment into the book's day."""
    versions = rows_of(source, "loans", "loan_no", loan_no, "effective_on")
    events = rows_of(source, "events", "loan_no", loan_no, "happened_on", "event_id")
    return Loan(
        loan_id=versions[-1]["loan_id"],
        opened_on=versions[-1]["opened_on"],
        terms=tuple(_terms(row) for row in versions),
        instalments=tuple(
            Instalment(*(row[name] for name in ("number", "due_on", "principal", "interest", "fee")))
            for row in rows_of(source, "instalments", "loan_no", loan_no, "due_on", "number")
        ),
        charges=tuple(
            Charge(*(row[name] for name in ("charge_id", "component", "amount", "charged_on")))
            for row in rows_of(source, "charges", "loan_no", loan_no, "charged_on", "charge_id")
        ),
        payments=tuple(
            Payment(*(row[name] for name in _PAYMENT))
            for row in rows_of(source, "payments", "loan_no", loan_no, "paid_on", "payment_id")
        ),
        waivers=tuple(
            Waiver(*(row[name] for name in ("waiver_id", "component", "amount", "waived_on")))
            for row in rows_of(source, "waivers", "loan_no", loan_no, "waived_on", "waiver_id")
        ),
        written_off_on=tuple(
            row["written_off_on"] for row in rows_of(source, "write_offs", "loan_no", loan_no, "written_off_on")
        ),
        accelerated_on=tuple(row["happened_on"] for row in events if row["kind"] == "accelerated"),
        pauses=_pauses(events, zone_day),
    )


_PAYMENT = ("payment_id", "paid_on", "amount", "reverses", "target_instalment", "target_component")


def _terms(row: Row) -> Terms:
    named = {name: row[name] for name in Terms.__dataclass_fields__ if name in row}
    return Terms(**{**named, "allocation_order": tuple(row["allocation_order"].split())})


def _pauses(events: list[dict[str, Any]], zone_day: Any) -> tuple[tuple[date, date | None], ...]:
    """Return the pauses; one ends with its `until_at`, or on the day before the first `resume` after it began."""
    resumed = [row["happened_on"] for row in events if row["kind"] == "resume"]
    found = []
    for row in events:
        if row["kind"] != "pause":
            continue
        begins = row["happened_on"]
        ends = [zone_day(row["until_at"])] if row["until_at"] else []
        ends += [day - timedelta(days=1) for day in resumed if day > begins]
        found.append((begins, min(ends, default=None)))
    return tuple(found)
