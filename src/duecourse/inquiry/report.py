"""What a look-up comes to: sums by currency that nothing doubtful is in, each loan, and what to do first.

    report(found, charter, today)              for the borrower
    exposure(found, requester)                 for a lender with the borrower's consent: sums, and who else collects

An entry that is unsigned, has run out or is of a suspended lender is shown as such, and in no sum.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from duecourse.inquiry.charter import Charter
from duecourse.inquiry.checks import Check
from duecourse.inquiry.client import Found, Seen
from duecourse.inquiry.entry import Entry, NextStep, Status
from duecourse.kernel.errors import DueCourseError

_COLLECTING = frozenset({Status.LATE, Status.DISPUTED})


class Why(enum.StrEnum):
    """Why a loan comes where it does in the order of paying, the most pressing first."""

    ENFORCEMENT = "enforcement"  # goods or wages may be taken next
    SUIT = "suit"
    CREDIT_RECORD = "credit_record"
    VISIT_OR_AGENCY = "visit_or_agency"
    COST = "cost"  # each day costs: the dearest for what it owes comes first
    LATE = "late"  # late, at no further cost
    ON_TIME = "on_time"  # pay it as agreed
    ARRANGEMENT = "arrangement"  # keep the plan
    DISPUTED = "disputed"  # wait for the answer
    LIMITATION = "limitation"  # too late to sue: take advice first, for a payment may begin the time anew


_BY_STEP = {
    NextStep.ENFORCEMENT: Why.ENFORCEMENT,
    NextStep.SUIT: Why.SUIT,
    NextStep.CREDIT_RECORD: Why.CREDIT_RECORD,
    NextStep.HOME_VISIT: Why.VISIT_OR_AGENCY,
    NextStep.AGENCY: Why.VISIT_OR_AGENCY,
}
_ORDER = tuple(Why)
_DIGITS: Final = 9
_HANDLE: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Line:
    """One loan as the borrower sees it."""

    lender: str
    entry: Entry
    failed: tuple[Check, ...]
    disputed_since: date | None
    counts: bool
    bought_by: str  # of a loan that was sold
    why: Why | None  # None when it does not count
    record: str  # by which the operator, and an objection, name it


@dataclass(frozen=True)
class Sum:
    """What is owed in one currency, in minor units, by the lenders whose entries count."""

    currency: str
    loans: int
    lenders: int
    contractual: int
    enforceable: int
    late: int  # of the enforceable, that of loans that are late
    per_day: int
    monthly: int  # what falls due within a month, beside what is late


@dataclass(frozen=True)
class Report:
    """All of it. `unread` is how many records do not open: their lenders, and what they say, nobody can tell."""

    sums: tuple[Sum, ...]
    lines: tuple[Line, ...]  # what to pay first, first; what does not count at the end
    unread: int
    cycle: int
    as_of: datetime


@dataclass(frozen=True)
class Exposure:
    """What a lender learns with a consent: sums by currency, and how many others collect now."""

    sums: tuple[Sum, ...]
    other_collectors: int


def report(found: Found, charter: Charter, today: date) -> Report:
    """Return what somebody owes everywhere, in the order in which to pay it."""
    lines = [_line(each, each.entry, found.bucket, charter, today) for each in found.seen if each.entry is not None]
    return Report(
        sums=_sums([line.entry for line in lines if line.counts]),
        lines=tuple(sorted(lines, key=_place)),
        unread=sum(each.entry is None for each in found.seen),
        cycle=found.cycle,
        as_of=found.head_at,
    )


def exposure(found: Found, requester: int) -> Exposure:
    """Return what a lender with the borrower's consent sees: of its own loans it knows already."""
    others = [each.entry for each in found.seen if each.counts and each.entry and each.entry.lender != requester]
    return Exposure(_sums(others), len({entry.lender for entry in others if entry.status in _COLLECTING}))


def _line(seen: Seen, entry: Entry, bucket: int, charter: Charter, today: date) -> Line:
    lender, buyer = charter.lender_of_number.get(entry.lender), charter.lender_of_number.get(entry.sold_to)
    return Line(
        lender=lender.name if lender else "",
        entry=entry,
        failed=seen.failed,
        disputed_since=seen.disputed_since,
        counts=seen.counts,
        bought_by=buyer.name if buyer else "",
        why=_why(entry, seen.disputed_since, today) if seen.counts else None,
        record=number_of(bucket, seen.record.handle),
    )


def number_of(bucket: int, handle: bytes) -> str:
    """Write the number of a record."""
    return f"{bucket}-{handle.hex()}"


def record_of(number: str) -> tuple[int, bytes]:
    """Read the number of a record: its bucket and its handle. DueCourseError when it is none."""
    bucket, _, handle = number.partition("-")
    if not (bucket.isascii() and bucket.isdecimal() and len(bucket) <= _DIGITS and _HANDLE.fullmatch(handle)):
        raise DueCourseError(f"'{number[:60]}' is no number of a record: copy it from the report, like 12-3f0c...")
    return int(bucket), bytes.fromhex(handle)


def _why(entry: Entry, disputed_since: date | None, today: date) -> Why:
    if entry.status is Status.DISPUTED or disputed_since is not None:
        return Why.DISPUTED
    if entry.limitation_on is not None and entry.limitation_on < today:
        return Why.LIMITATION
    if entry.status is Status.ARRANGEMENT:
        return Why.ARRANGEMENT
    if entry.status is not Status.LATE:
        return Why.ON_TIME
    if entry.next_step in _BY_STEP:
        return _BY_STEP[entry.next_step]
    return Why.COST if entry.per_day else Why.LATE


def _place(line: Line) -> tuple[int, int, int, str, str]:
    """Order by why, then by cost a day in millionths of what is owed, the dearest first, then by who and which."""
    if line.why is None:
        return len(_ORDER), 0, 0, line.lender, line.entry.reference
    entry = line.entry
    ppm_day = entry.per_day * 1_000_000 // max(1, entry.enforceable)  # down: an order, not an amount
    return _ORDER.index(line.why), -ppm_day, -entry.days_past_due, line.lender, entry.reference


def _sums(entries: Sequence[Entry]) -> tuple[Sum, ...]:
    def of(currency: str, part: Sequence[Entry]) -> Sum:
        return Sum(
            currency=currency,
            loans=len(part),
            lenders=len({entry.lender for entry in part}),
            contractual=sum(entry.contractual for entry in part),
            enforceable=sum(entry.enforceable for entry in part),
            late=sum(entry.enforceable for entry in part if entry.status in _COLLECTING),
            per_day=sum(entry.per_day for entry in part),
            monthly=sum(entry.monthly for entry in part),
        )

    currencies = sorted({entry.currency for entry in entries})
    return tuple(of(currency, [entry for entry in entries if entry.currency == currency]) for currency in currencies)
