"""What must be true of a line before it leaves; what is not is told by name, kept, and stops that line alone.

    failed(Seen(line, ...)) -> ("notice_served", ...)

checks.yaml says of each check why it is made, and whom it saves from what.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from duecourse.day.owed import Owed
from duecourse.endings.furnish.layout import BASE
from duecourse.endings.furnish.position import CLEAR, COLLECTION, CURRENT, LATE, PAID, Line

METRO2: Final = "metro2"
_MARKS: Final = frozenset({"XB", "XC", "XF", "XG"})  # of a debt in dispute, or disputed after an investigation


@dataclass(frozen=True)
class Notice:
    """The last notice of a report: when it was served, when it arrived if that is known, whether it came back."""

    served_on: date
    delivered_on: date | None
    came_back: bool


@dataclass(frozen=True)
class Seen:
    """A line with all that its checks look at. `can_be_written` says whether the form takes the borrower's identity."""

    line: Line
    owed: Owed
    form: str
    on: date
    before: Line | None = None
    notice: Notice | None = None
    wait_days: int = 14
    can_be_written: bool = True
    is_alone: bool = True
    is_disputed: bool = False
    is_discharged: bool = False
    has_died: bool = False
    creditor: str | None = None
    removed_on: date | None = None


@dataclass(frozen=True)
class Check:
    """A check as checks.yaml tells it."""

    id: str
    says: str
    why: str
    harm: str


@cache
def told() -> tuple[Check, ...]:
    """Return the checks in their order, with why they are made."""
    text = Path(__file__).with_name("checks.yaml").read_text(encoding="utf-8")
    return tuple(Check(**row) for row in yaml.safe_load(text))


def failed(seen: Seen) -> tuple[str, ...]:
    """Return what is not true of a line, in the order of checks.yaml."""
    return tuple(check.id for check in told() if not CHECKS[check.id](seen))


def _wait_is_over(seen: Seen) -> bool:
    notice = seen.notice
    if notice is None:
        return False
    if notice.delivered_on is not None:
        return notice.delivered_on <= seen.on
    return notice.served_on + timedelta(days=seen.wait_days) < seen.on


def _amounts_whole(seen: Seen) -> bool:
    line = seen.line
    return min(line.balance, line.past_due, line.principal, line.scheduled) >= 0 and line.past_due <= line.balance


def _is_the_ledgers(seen: Seen) -> bool:
    line, owed = seen.line, seen.owed
    works_out = (max(owed.owed, 0), max(owed.overdue, 0), owed.days_past_due)
    return (line.balance, line.past_due, line.days_past_due) == works_out


def _never_reaged(seen: Seen) -> bool:
    before, now = seen.before, seen.line.first_delinquency
    if before is None or before.first_delinquency is None or before.status == CURRENT:
        return True
    return now is not None and now <= before.first_delinquency


def _status_fits(seen: Seen) -> bool:
    line = seen.line
    if line.balance == 0:
        return line.status == (PAID if line.is_owner else "62")
    if not line.is_owner:
        return line.status == COLLECTION
    return line.status == next((code for days, code, _ in LATE if line.days_past_due >= days), CURRENT)


def _paid_is_zero(seen: Seen) -> bool:
    line = seen.line
    is_paid = line.status in CLEAR - {CURRENT}
    return not is_paid or (line.balance == 0 and line.past_due == 0 and line.closed_on is not None)


def _days_in_order(seen: Seen) -> bool:
    line = seen.line
    days = [day for day in (line.opened_on, line.first_delinquency, line.as_of) if day is not None]
    return line.opened_on is not None and days == sorted(days) and line.as_of <= seen.on


CHECKS: Final[Mapping[str, Callable[[Seen], bool]]] = {
    "notice_served": lambda seen: seen.notice is not None and seen.notice.served_on <= seen.on,
    "notice_arrived": lambda seen: seen.notice is None or not seen.notice.came_back,
    "wait_is_over": _wait_is_over,
    "identity_complete": lambda seen: seen.can_be_written,
    "account_told_apart": lambda seen: (
        seen.is_alone and (seen.form != METRO2 or len(seen.line.loan_id) <= BASE.by_name["account"].length)
    ),
    "amounts_whole": _amounts_whole,
    "balance_is_the_ledgers": _is_the_ledgers,
    "first_delinquency_there": lambda seen: seen.line.status in CLEAR or seen.line.first_delinquency is not None,
    "never_reaged": _never_reaged,
    "dispute_is_marked": lambda seen: not seen.is_disputed or seen.line.compliance in _MARKS,
    "status_fits": _status_fits,
    "not_discharged": lambda seen: not seen.is_discharged or seen.line.balance == 0,
    "paid_is_zero": _paid_is_zero,
    "creditor_named": lambda seen: seen.line.is_owner or bool(seen.creditor),
    "days_in_order": _days_in_order,
    "borrower_lives": lambda seen: not seen.has_died,
    "time_is_not_over": lambda seen: seen.removed_on is None or seen.on <= seen.removed_on,
    "currency_fits": lambda seen: seen.form != METRO2 or seen.line.currency == "USD",
}
