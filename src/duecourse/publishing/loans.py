"""The loans of a night, as the inquiry has them: out of the night's positions and the book's own tables.

Only loans of those borrowers are read whose pseudonym is known, or becomes known with this run.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duecourse.book import few
from duecourse.book.loaded import LoadedBook
from duecourse.inquiry.entry import CAP_BYTES, OWN_CAP, Entry, NextStep, Status
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.months import months_after
from duecourse.law.rulebook import Law
from duecourse.night.loan_law import LawCap, OfLaw, of_loans
from duecourse.night.moment import Moment

_THREADS: Final = 2
_MEMORY: Final = "2GB"
REFERENCE_LETTERS: Final = 4  # of the loan's number, by which its borrower knows it
_PPB: Final = 1_000_000_000
_STEPS: Final = {"furnish": NextStep.CREDIT_RECORD, "sue": NextStep.SUIT, "place": NextStep.AGENCY}
_OWED: Final = tuple(f"{part}_{when}" for part in COMPONENTS for when in ("overdue", "due_today", "not_due"))
_OWN_CAPS: Final = {"all_in_ppm_year": "cap_all_in_ppm_year", "charges_ppm": "cap_charges_ppm"}
_TERMS: Final = ("owner_id", "lender_id", "penalty_ppb_day", "penalty_base", *_OWN_CAPS.values())
_OF_INSTALMENT: Final = ("principal", "interest", "fee")
_WHOSE: Final = ("borrower_id", "loan_id")
_REPLACED: Final = "superseded_at"
_NOTHING: Final = OfLaw()


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


def tonight(out: Path, book: LoadedBook, law: Law, on: date, borrowers: Collection[str], who: Who) -> Iterator[Told]:
    """Yield the loans of some borrowers. `out` is the folder of the nights over the book.

    DueCourseError where there is no night of that day.
    """
    folder = out / on.isoformat()
    positions = folder / "positions"
    if not positions.is_dir():
        raise DueCourseError(f"{positions}: there is no night of {on}: run it first")
    living = pq.read_table(book.path("borrowers"), columns=["borrower_id"]).column(0).unique().to_pylist()
    here = sorted({*borrowers} & {*living})
    if here:
        with few.book_of(book, here, threads=_THREADS, memory=_MEMORY) as some:
            known = of_loans(some, law, Moment(on), positions)
            yield from _of_night(folder, _Tables(some, on), known, frozenset(here), who)


class _Tables:
    """The rows of a book's tables that stand, of which only what is needed is read."""

    def __init__(self, book: LoadedBook, on: date) -> None:
        self._book, self.on = book, on

    def table(self, name: str, holding: pc.Expression, *columns: str) -> pa.Table:
        """Return some columns of the rows that hold; of a versioned table those that no later one has replaced."""
        path = self._book.path(name)
        if _REPLACED in pq.read_schema(path).names:
            holding &= pc.field(_REPLACED).is_null()
        return pq.read_table(path, columns=list(columns), filters=holding)

    def since(self, name: str, began: str, *columns: str) -> list[dict[str, Any]]:
        """Return the rows that had begun by the day, in the order in which they did."""
        found = self.table(name, pc.field(began) <= self.on, began, *columns).sort_by(began).to_pylist()
        return cast("list[dict[str, Any]]", found)


def _of_night(
    folder: Path, tables: _Tables, known: Mapping[str, OfLaw], borrowers: frozenset[str], who: Who
) -> Iterator[Told]:
    on = tables.on
    terms = {row["loan_id"]: row for row in tables.since("loans", "effective_on", "loan_id", *_TERMS)}
    monthly = _monthly(tables)
    disputed = _of_loans(
        row
        for row in tables.since("holds", "from_on", *_WHOSE, "kind", "until_on")
        if row["kind"] == "dispute" and (row["until_on"] is None or row["until_on"] >= on)
    )
    arranged = _of_loans(
        row
        for row in tables.since("arrangements", "started_on", *_WHOSE, "ended_on", "broken_on")
        if (row["ended_on"] is None or row["ended_on"] >= on) and row["broken_on"] is None
    )
    sold = _sold(tables)
    steps = _next_steps(folder, borrowers)
    for path in sorted((folder / "positions").glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                if row["borrower_id"] in borrowers:
                    loan = row["loan_id"]
                    is_of = {
                        Status.SOLD: loan in sold or _is_others(terms.get(loan)),
                        Status.DISPUTED: _any(disputed, row),
                        Status.ARRANGEMENT: _any(arranged, row),
                    }
                    of_it = _Loan(row, terms.get(loan, {}), known.get(loan, _NOTHING), monthly.get(loan, 0))
                    yield _told(of_it, is_of, steps.get(row["borrower_id"]), who)


@dataclass(frozen=True)
class _Loan:
    """A loan's position and terms, what the law says of it, and what its schedule asks for within a month."""

    row: Mapping[str, Any]
    terms: Mapping[str, Any]
    law: OfLaw
    monthly: int

    @property
    def per_day(self) -> int:
        """What the contract's penalty adds in a day, rounded up; nothing where a cap already cuts what it says."""
        row, terms = self.row, self.terms
        if row["cut"] or row["days_past_due"] <= 0 or not terms.get("penalty_ppb_day"):
            return 0
        parts = ("principal",) if terms["penalty_base"] == "principal" else ("principal", "interest", "fee")
        base: int = sum(row[f"{part}_overdue"] for part in parts)
        return -(-base * int(terms["penalty_ppb_day"]) // _PPB)  # up: what being late costs is not made to look less

    @property
    def due_within_a_month(self) -> int:
        """What falls due within a month, never more than what is not due yet: it may be paid ahead, or called in."""
        not_due: int = sum(self.row[f"{part}_not_due"] for part in COMPONENTS)
        return max(0, min(self.monthly, not_due))

    @property
    def cap(self) -> str:
        """Whose cap cuts it: the law's, as it is cited, or the loan's own terms where they are as strict."""
        if not self.row["cut"]:
            return ""
        for as_, own in _OWN_CAPS.items():
            cap, agreed = self.law.caps.get(as_), self.terms.get(own)
            if cap is not None and (agreed is None or cap.ppm < agreed):
                return named(cap)
        return OWN_CAP


def named(cap: LawCap) -> str:
    """Return the citation of a cap, or its rule where that is too long for an entry."""
    return cap.cite if len(cap.cite.encode()) <= CAP_BYTES else cap.rule


def _told(of: _Loan, is_of: Mapping[Status, bool], step: NextStep | None, who: Who) -> Told:
    row = of.row
    enforceable = sum(row[name] for name in _OWED) - row["credit"]
    contractual = sum(row[f"contract_{name}"] for name in _OWED) - row["contract_credit"]
    is_late = row["days_past_due"] > 0
    status = next((one for one, holds in is_of.items() if holds), Status.LATE if is_late else Status.REGULAR)
    if status is Status.SOLD:
        return Told(row["loan_id"], row["borrower_id"], _sold_entry(of, who))
    if max(enforceable, contractual) <= 0:
        return Told(row["loan_id"], row["borrower_id"], None)
    entry = Entry(
        **_of_each(of, who),
        contractual=max(0, contractual),
        enforceable=max(0, enforceable),
        per_day=of.per_day,
        monthly=of.due_within_a_month,
        late_since=row["oldest_due_on"] if is_late else None,
        days_past_due=row["days_past_due"],
        status=status,
        next_step=step or NextStep.NONE,
        cap=of.cap,
        limitation_on=of.law.last_day_to_sue if is_late else None,
    )
    return Told(row["loan_id"], row["borrower_id"], entry)


def _sold_entry(of: _Loan, who: Who) -> Entry:
    """Return what is told of a loan that is another's now: to whom it went, and nothing of what is owed."""
    return Entry(
        **_of_each(of, who),
        contractual=0,
        enforceable=0,
        per_day=0,
        monthly=0,
        late_since=None,
        days_past_due=0,
        status=Status.SOLD,
        sold_to=who.buyers.get(str(of.terms.get("owner_id")), 0),
        cap="",
    )


def _of_each(of: _Loan, who: Who) -> dict[str, Any]:
    return {
        "lender": who.number,
        "reference": "…" + of.row["loan_id"][-REFERENCE_LETTERS:],
        "as_of": who.as_of,
        "currency": of.row["currency"],
        "expires_on": who.as_of.date() + timedelta(days=who.keeps_days),
        "contact": who.contact,
    }


def _monthly(tables: _Tables) -> dict[str, int]:
    """Return what each loan's schedule asks for in the month after the day."""
    due = pc.field("due_on")
    holding = (due > tables.on) & (due <= months_after(tables.on, 1))
    rows = tables.table("instalments", holding, "loan_id", *_OF_INSTALMENT)
    sums = rows.group_by("loan_id").aggregate([(name, "sum") for name in _OF_INSTALMENT]).to_pylist()
    return {row["loan_id"]: sum(row[f"{name}_sum"] for name in _OF_INSTALMENT) for row in sums}


def _sold(tables: _Tables) -> set[str]:
    """Return the loans that were sold and have not come back."""
    found: set[str] = set()
    for row in tables.since("events", "happened_on", "loan_id", "kind"):
        if row["kind"] == "sold" and row["loan_id"]:
            found.add(row["loan_id"])
        elif row["kind"] == "put_back":
            found.discard(row["loan_id"])
    return found


def _is_others(terms: Mapping[str, Any] | None) -> bool:
    return bool(terms and terms["owner_id"] and terms["lender_id"] and terms["owner_id"] != terms["lender_id"])


def _next_steps(folder: Path, borrowers: frozenset[str]) -> dict[str, NextStep]:
    """Return what the night's plan does next that costs more than a message, by borrower."""
    rows = pq.read_table(folder / "plan.parquet", columns=["borrower_id", "act"]).to_pylist()
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
