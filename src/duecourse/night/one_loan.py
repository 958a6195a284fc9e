"""One loan out of the book: its history as plain records, and the rows they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.words import nearest
from duecourse.law.caps import Cap, Piece
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


def read(source: Source, loan_no: int, zone_day: Any, caps: Sequence[Piece] = ()) -> Loan:
    """Read a loan's history as the ledger's records; `zone_day` turns a moment into the book's day.

    `caps` are those that the law sets on it; the stricter of them and the lender's own stands in the terms.
    """
    versions = rows_of(source, "loans", "loan_no", loan_no, "effective_on")
    events = rows_of(source, "events", "loan_no", loan_no, "happened_on", "event_id")
    return Loan(
        loan_id=versions[-1]["loan_id"],
        opened_on=versions[-1]["opened_on"],
        terms=under_law([_terms(row) for row in versions], caps),
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


def under_law(terms: Sequence[Terms], caps: Sequence[Piece]) -> tuple[Terms, ...]:
    """Let the stricter of the lender's own cap and the law's stand in the terms, from each day on which either changes.

    The versions of the terms are in order; the first holds since ever. The ledger works out at the start of a day what
    the day before has earned, so a cap first counts a day later.
    """
    if not caps:
        return tuple(terms)
    caps = [replace(piece, from_day=piece.from_day and piece.from_day + timedelta(days=1)) for piece in caps]
    days = sorted({piece.from_day for piece in caps if piece.from_day} | {one.effective_on for one in terms[1:]})
    found = []
    for day in (None, *days):
        own = [one for one in terms if day is not None and one.effective_on <= day]
        held = own[-1] if own else terms[0]
        since = day or min([held.effective_on, *days])
        found.append(
            replace(
                held,
                effective_on=since,
                cap_all_in_ppm_year=_stricter(held.cap_all_in_ppm_year, law_on(caps, "all_in_ppm_year", day)),
                cap_charges_ppm=_stricter(held.cap_charges_ppm, law_on(caps, "charges_ppm", day)),
            )
        )
    return tuple(found)


def law_on(pieces: Sequence[Piece], as_: str, day: date | None) -> Cap | None:
    """Return the law's cap of one sort on a day, None before all days; None where it says nothing of such a cap."""
    standing = [one for one in pieces if one.from_day is None or (day is not None and one.from_day <= day)]
    return next((cap for cap in standing[-1].caps if cap.as_ == as_), None) if standing else None


def _stricter(own: int | None, law: Cap | None) -> int | None:
    known = [ppm for ppm in (own, law.ppm if law else None) if ppm is not None]
    return min(known, default=None)


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
