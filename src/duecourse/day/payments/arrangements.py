"""Arrangements to pay by instalments: whether one is kept on a day, and what may be demanded while it is.

    judge(arrangement, payments, on, grace_days) -> Standing

Payments fill the instalments first in, first out. While the arrangement is kept no more may be demanded than what is
due of it; once broken it says nothing of the demand any more. It is broken on the first day after an instalment's due
date and the days of grace on which that instalment is not paid in full, and stays broken whatever is paid then. A
payment that was reversed counts as if it had never been made, so that a reversal may break it back in time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import accumulate, pairwise

from duecourse.day.payments.promises import Payment
from duecourse.kernel.errors import DueCourseError


class State(StrEnum):
    """How an arrangement stands."""

    KEPT = "kept"
    DONE = "done"  # all of it is paid
    BROKEN = "broken"


@dataclass(frozen=True)
class Due:
    """An amount of an arrangement, in minor units, and the day on which it is due."""

    on: date
    amount: int


@dataclass(frozen=True)
class Arrangement:
    """A schedule agreed on a day for a sum, in minor units; DueCourseError when it does not add up."""

    arrangement_id: str
    loan_id: str
    agreed_on: date
    total: int
    schedule: tuple[Due, ...]

    def __post_init__(self) -> None:
        """Refuse a schedule that nobody could keep or judge."""
        where = f"arrangement {self.arrangement_id}"
        if not self.schedule or any(one.amount <= 0 for one in self.schedule):
            raise DueCourseError(f"{where}: every instalment has an amount above zero, and there is one: mend it")
        if sum(one.amount for one in self.schedule) != self.total:
            raise DueCourseError(f"{where}: its instalments do not add up to its total: mend one of them")
        if any(first.on >= second.on for first, second in pairwise(self.schedule)):
            raise DueCourseError(f"{where}: its instalments are not one after the other: put them in order")
        if self.schedule[0].on < self.agreed_on:
            raise DueCourseError(f"{where}: an instalment is due before it was agreed: mend its date")


@dataclass(frozen=True)
class Standing:
    """How an arrangement stands on a day, in minor units.

    `demand` is what is due of it and not paid, None once it is broken. `left` is what is still to be paid of all of it.
    `next_due` is what is next to be paid and when, of an instalment that is not due yet.
    """

    state: State
    paid: int
    left: int
    demand: int | None
    next_due: Due | None = None
    broken_on: date | None = None


def judge(arrangement: Arrangement, payments: Iterable[Payment], on: date, grace_days: int) -> Standing:
    """Judge an arrangement on a business date not before it was agreed, by the payments on its loan since then."""
    if on < arrangement.agreed_on:
        raise DueCourseError(f"arrangement {arrangement.arrangement_id}: is not agreed yet on {on}: name a later day")
    if grace_days < 0:
        raise DueCourseError("arrangements: the days of grace are below zero: name 0 or more")
    paying = [one for one in payments if _counts(arrangement, one, on)]
    if len({one.payment_id for one in paying}) != len(paying):
        raise DueCourseError("arrangements: a payment is given twice: give each row once")
    paid = min(sum(one.amount for one in paying), arrangement.total)
    left = arrangement.total - paid
    broken_on = _broken_on(arrangement, paying, on, grace_days)
    if broken_on is not None:
        return Standing(State.BROKEN, paid, left, None, broken_on=broken_on)
    if not left:
        return Standing(State.DONE, paid, left, 0)
    due = sum(one.amount for one in arrangement.schedule if one.on <= on)
    return Standing(State.KEPT, paid, left, max(due - paid, 0), _next_due(arrangement, paid, on))


def _counts(arrangement: Arrangement, payment: Payment, on: date) -> bool:
    if payment.amount <= 0:
        raise DueCourseError("arrangements: a payment of nothing or less: amounts are above zero, in a reversal too")
    return payment.loan_id == arrangement.loan_id and arrangement.agreed_on <= payment.paid_on and payment.counts(on)


def _broken_on(arrangement: Arrangement, paying: list[Payment], on: date, grace_days: int) -> date | None:
    """Return the day on which it was broken, or None."""
    owed = accumulate(one.amount for one in arrangement.schedule)
    for instalment, due in zip(arrangement.schedule, owed, strict=True):
        if (on - instalment.on).days <= grace_days:
            return None
        in_time = sum(one.amount for one in paying if (one.paid_on - instalment.on).days <= grace_days)
        if in_time < due:
            return instalment.on + timedelta(grace_days + 1)
    return None


def _next_due(arrangement: Arrangement, paid: int, on: date) -> Due | None:
    """Return what is still to be paid of the next instalment that is not due yet."""
    owed = accumulate(one.amount for one in arrangement.schedule)
    for instalment, due in zip(arrangement.schedule, owed, strict=True):
        if instalment.on > on and due > paid:
            return Due(instalment.on, min(instalment.amount, due - paid))
    return None
