"""The loans of a night, as the inquiry has them: out of the night's positions and the book's own tables.

Only loans of those borrowers are read whose pseudonym is known, or becomes known with this run.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from duecourse.inquiry.entry import Entry, NextStep, Status
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError

REFERENCE_LETTERS: Final = 4  # of the loan's number, by which its borrower knows it
_PPB: Final = 1_000_000_000
_STEPS: Final = {"furnish": NextStep.CREDIT_RECORD, "sue": NextStep.SUIT, "place": NextStep.AGENCY}
_OWED: Final = tuple(f"{part}_{when}" for part in COMPONENTS for when in ("overdue", "due_today", "not_due"))


@dataclass(frozen=True)
class Who:
    """Who publishes, and what is the same in all of its entries."""

    number: int
    contact: str
    as_of: datetime
    keeps_days: int  # after which an entry that was not renewed is stale
    buyers: Mapping[str, int]  # the numbers in the charter of those who buy loans, by their ids in the book


@dataclass(frozen=True)
class Told:
    """A loan with its entry; None where there is nothing to tell of it (any more)."""

    loan_id: str
    borrower_id: str
    entry: Entry | None


def tonight(out: Path, tables: Path, on: date, borrowers: Collection[str], who: Who) -> Iterator[Told]:
    """Yield the loans of some borrowers. `out` is the night's own folder, `tables` that of the loaded book.

    DueCourseError where there is no night of that day.
    """
    positions = out / "positions"
    if not positions.is_dir():
        raise DueCourseError(f"{positions}: there is no night of {on}: run it first")
    terms = {row["loan_id"]: row for row in _standing(tables, "loans", "effective_on", borrowers, on)}
    disputed = _of_loans(
        row
        for row in _standing(tables, "holds", "from_on", borrowers, on)
        if row["kind"] == "dispute" and (row["until_on"] is None or row["until_on"] >= on)
    )
    arranged = _of_loans(
        row
        for row in _standing(tables, "arrangements", "started_on", borrowers, on)
        if (row["ended_on"] is None or row["ended_on"] >= on) and row["broken_on"] is None
    )
    sold = _sold(tables, borrowers, on)
    steps = _next_steps(out, borrowers)
    for path in sorted(positions.glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                if row["borrower_id"] in borrowers:
                    loan = row["loan_id"]
                    is_of = {
                        Status.SOLD: loan in sold or _is_others(terms.get(loan)),
                        Status.DISPUTED: _any(disputed, row),
                        Status.ARRANGEMENT: _any(arranged, row),
                    }
                    yield _told(row, terms.get(loan, {}), is_of, steps.get(row["borrower_id"]), who)


def _told(
    row: Mapping[str, Any], terms: Mapping[str, Any], is_of: Mapping[Status, bool], step: NextStep | None, who: Who
) -> Told:
    enforceable = sum(row[name] for name in _OWED) - row["credit"]
    contractual = sum(row[f"contract_{name}"] for name in _OWED) - row["contract_credit"]
    is_late = row["days_past_due"] > 0
    status = next((one for one, holds in is_of.items() if holds), Status.LATE if is_late else Status.REGULAR)
    if status is Status.SOLD:
        enforceable = contractual = 0
    elif max(enforceable, contractual) <= 0:
        return Told(row["loan_id"], row["borrower_id"], None)
    entry = Entry(
        lender=who.number,
        reference="…" + row["loan_id"][-REFERENCE_LETTERS:],
        as_of=who.as_of,
        currency=row["currency"],
        contractual=max(0, contractual),
        enforceable=max(0, enforceable),
        per_day=0 if status is Status.SOLD else _per_day(row, terms),
        late_since=row["oldest_due_on"] if is_late and status is not Status.SOLD else None,
        days_past_due=row["days_past_due"] if status is not Status.SOLD else 0,
        status=status,
        sold_to=who.buyers.get(str(terms.get("owner_id")), 0) if status is Status.SOLD else 0,
        next_step=step or NextStep.NONE,
        expires_on=who.as_of.date() + timedelta(days=who.keeps_days),
        cap="law" if row["cut"] else "",
        contact=who.contact,
    )
    return Told(row["loan_id"], row["borrower_id"], entry)


def _per_day(row: Mapping[str, Any], terms: Mapping[str, Any]) -> int:
    """Return what the contract's penalty adds in a day, rounded up; nothing where a cap already cuts what it says."""
    if row["cut"] or row["days_past_due"] <= 0 or not terms.get("penalty_ppb_day"):
        return 0
    parts = ("principal",) if terms["penalty_base"] == "principal" else ("principal", "interest", "fee")
    base: int = sum(row[f"{part}_overdue"] for part in parts)
    return -(-base * int(terms["penalty_ppb_day"]) // _PPB)  # up: what being late costs is not made to look less


def _standing(tables: Path, name: str, since: str, borrowers: Collection[str], on: date) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table that hold on a day, in the order of their first day."""
    rows = [
        row
        for batch in pq.ParquetFile(tables / f"{name}.parquet").iter_batches()
        for row in batch.to_pylist()
        if row["borrower_id"] in borrowers and row.get("superseded_at") is None and row[since] <= on
    ]
    yield from sorted(rows, key=lambda row: str(row[since]))


def _sold(tables: Path, borrowers: Collection[str], on: date) -> set[str]:
    """Return the loans that were sold and have not come back."""
    found: set[str] = set()
    for row in _standing(tables, "events", "happened_on", borrowers, on):
        if row["kind"] == "sold" and row["loan_id"]:
            found.add(row["loan_id"])
        elif row["kind"] == "put_back":
            found.discard(row["loan_id"])
    return found


def _is_others(terms: Mapping[str, Any] | None) -> bool:
    return bool(terms and terms["owner_id"] and terms["lender_id"] and terms["owner_id"] != terms["lender_id"])


def _next_steps(out: Path, borrowers: Collection[str]) -> dict[str, NextStep]:
    """Return what the night's plan does next that costs more than a message, by borrower."""
    rows = pq.read_table(out / "plan.parquet", columns=["borrower_id", "act"]).to_pylist()
    return {
        row["borrower_id"]: _STEPS[row["act"]]
        for row in rows
        if row["act"] in _STEPS and row["borrower_id"] in borrowers
    }


def _of_loans(rows: Iterator[dict[str, Any]]) -> set[tuple[str, str | None]]:
    return {(row["borrower_id"], row["loan_id"]) for row in rows}


def _any(held: set[tuple[str, str | None]], row: Mapping[str, Any]) -> bool:
    """Say whether a loan is held: by itself, or with all of its borrower's."""
    return (row["borrower_id"], row["loan_id"]) in held or (row["borrower_id"], None) in held
