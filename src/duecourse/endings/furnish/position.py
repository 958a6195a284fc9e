"""What is reported of a loan: a line, worked out by the ledger from the loan's events, in minor units.

    line_of(loan, owed, history, Given(...)) -> Line

A line is what an ending keeps of each report (`details`), and all that a file says of the loan beside the name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Self

from duecourse.day.known import Loan
from duecourse.day.owed import Owed

MONTHS: Final = 24  # of the payment history
DELETED: Final = "DA"
FRAUD: Final = "DF"
CURRENT: Final = "11"
PAID: Final = "13"
COLLECTION: Final = "93"
COLLECTION_PAID: Final = "62"
CLEAR: Final = frozenset({CURRENT, PAID, COLLECTION_PAID})
"""Statuses of which nothing is delinquent."""
LATE: Final = ((180, "84", "6"), (150, "83", "5"), (120, "82", "4"), (90, "80", "3"), (60, "78", "2"), (30, "71", "1"))
"""From how many days past due: the status code, and the digit of the payment history."""
_DATES: Final = ("opened_on", "first_delinquency", "closed_on", "last_paid_on", "as_of")


@dataclass(frozen=True)
class Line:
    """A loan as it is reported: amounts in minor units. `history` has the month before first, B where there is none."""

    loan_id: str
    country: str
    currency: str
    status: str
    balance: int
    past_due: int
    days_past_due: int
    principal: int
    opened_on: date | None
    first_delinquency: date | None
    closed_on: date | None
    last_paid_on: date | None
    as_of: date
    history: str
    is_owner: bool
    owner_id: str | None
    months: int
    scheduled: int
    compliance: str = ""
    account_before: str = ""

    def kept(self) -> dict[str, Any]:
        """Return it as an ending's details keep it."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Read it from details."""
        days = {name: date.fromisoformat(kept[name]) for name in _DATES if kept[name] is not None}
        return cls(**{**kept, **days})


@dataclass(frozen=True)
class Given:
    """What the line of a loan needs beside the ledger."""

    country: str
    as_of: date
    before: Line | None = None
    compliance: str = ""
    account_before: str = ""


def line_of(loan: Loan, owed: Owed, history: str, given: Given) -> Line:
    """Return what is reported of a loan now. The first delinquency stays what it was until the loan was current."""
    paid_on = _last_paid(loan)
    is_paid = owed.owed <= 0
    line = Line(
        loan.loan_id, given.country, loan.currency, _status(loan, owed), max(owed.owed, 0), max(owed.overdue, 0),
        owed.days_past_due, loan.principal, loan.opened_on, owed.overdue_since, paid_on if is_paid else None, paid_on,
        given.as_of, history, loan.is_owner, loan.owner_id, months_between(loan.opened_on, loan.last_due_on),
        max(owed.next_due, 0), given.compliance, given.account_before,
    )  # fmt: skip
    return replace(line, first_delinquency=_began(line, given.before))


def marked(before: Line, compliance: str) -> Line:
    """Return a line as it was reported last, with a mark: nothing else of it is said anew."""
    return replace(before, compliance=compliance)


def _began(line: Line, before: Line | None) -> date | None:
    """Return when the delinquency began. Who pays a part, and then the rest, is not delinquent since the part."""
    told = before.first_delinquency if before is not None else None
    if told is None or (before is not None and before.status == CURRENT):
        return line.first_delinquency
    return told if line.first_delinquency is None else min(told, line.first_delinquency)


def _status(loan: Loan, owed: Owed) -> str:
    if not loan.is_owner:
        return COLLECTION if owed.owed > 0 else COLLECTION_PAID
    if owed.owed <= 0:
        return PAID
    return next((code for days, code, _ in LATE if owed.days_past_due >= days), CURRENT)


def digit(owed: Owed) -> str:
    """Return the digit of a month in the payment history."""
    if owed.owed <= 0:
        return "E"
    return next((one for days, _, one in LATE if owed.days_past_due >= days), "0")


def months_before(on: date) -> list[date]:
    """Return the last days of the months before a day, the nearest first."""
    found, last = list[date](), on
    for _ in range(MONTHS):
        last = last.replace(day=1) - timedelta(days=1)
        found.append(last)
    return found


def history_of(loan: Loan, by_month: Sequence[Owed], months: Sequence[date]) -> str:
    """Return the payment history, the month before first."""
    return "".join(
        "B" if loan.opened_on is None or month < loan.opened_on else digit(owed)
        for owed, month in zip(by_month, months, strict=True)
    )


def months_between(first: date | None, last: date | None) -> int:
    """Return for how many months a loan runs; 0 where it is not known."""
    if first is None or last is None:
        return 0
    return (last.year - first.year) * 12 + last.month - first.month


def _last_paid(loan: Loan) -> date | None:
    undone = {one.reverses for one in loan.payments if one.reverses}
    return max(
        (one.paid_on for one in loan.payments if not one.reverses and one.payment_id not in undone), default=None
    )
