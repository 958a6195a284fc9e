"""Whether promises to pay were kept: payments are matched to promises first in, first out, and judged on a day.

    judge(promises, payments, on, grace_days) -> Judged

1.  Each unit of a payment counts for one promise at most, and none for more than it promised.
2.  A payment counts from the day of a promise to its last day and the days of grace, never before or after.
3.  The earliest last day is served first; payments are taken in the order of their days.
4.  A payment that was reversed by the day of judging counts as if it had never been made.
5.  The order of the rows makes no difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from duecourse.kernel.errors import DueCourseError


class Kept(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True)
class Promise:
    """An amount, in minor units, promised on a day to be paid until another.

    A promise about no loan is kept by payments on any; a payment serves promises about its own loan, and these.
    """

    promise_id: str
    loan_id: str | None
    made_on: date
    promised_on: date
    amount: int


@dataclass(frozen=True)
class Payment:
    """What was paid on a loan, in minor units; `reversed_on` is the day on which it was undone, if it was."""

    payment_id: str
    loan_id: str
    paid_on: date
    amount: int
    reversed_on: date | None = None

    def counts(self, on: date) -> bool:
        """Say whether it was made by a day, and not undone by then."""
        return self.paid_on <= on and (self.reversed_on is None or self.reversed_on > on)


@dataclass(frozen=True)
class Share:
    """The part of a payment that counts for a promise."""

    promise_id: str
    payment_id: str
    amount: int


@dataclass(frozen=True)
class Standing:
    """How one promise stands: what was paid on it, and the day on which it was kept or broken."""

    promise_id: str
    kept: Kept
    paid: int
    since: date | None


@dataclass(frozen=True)
class Judged:
    """How each promise stands, by their last days, and which payments count for which."""

    standings: tuple[Standing, ...]
    shares: tuple[Share, ...]


def judge(promises: Iterable[Promise], payments: Iterable[Payment], on: date, grace_days: int) -> Judged:
    """Judge one borrower's promises, in one currency, on a business date.

    A promise made after that day is left out. It is broken on the first day after its last day and `grace_days` more.
    """
    if grace_days < 0:
        raise DueCourseError("promises: the days of grace are below zero: name 0 or more")
    known = sorted((one for one in promises if one.made_on <= on), key=lambda one: (*_due(one), one.promise_id))
    paying = sorted((one for one in payments if one.counts(on)), key=lambda one: (one.paid_on, one.payment_id))
    _check([one.promise_id for one in known], [one.amount for one in known], "promise")
    _check([one.payment_id for one in paying], [one.amount for one in paying], "payment")
    left = {one.promise_id: one.amount for one in known}
    kept_on: dict[str, date] = {}
    shares = []
    for payment in paying:
        rest = payment.amount
        for promise in known:
            part = min(rest, left[promise.promise_id]) if _serves(payment, promise, grace_days) else 0
            if part:
                rest -= part
                left[promise.promise_id] -= part
                shares.append(Share(promise.promise_id, payment.payment_id, part))
                if not left[promise.promise_id]:
                    kept_on[promise.promise_id] = payment.paid_on
    standings = [_standing(one, left[one.promise_id], kept_on, on, grace_days) for one in known]
    return Judged(tuple(standings), tuple(shares))


def _due(promise: Promise) -> tuple[date, date]:
    return promise.promised_on, promise.made_on


def _check(ids: list[str], amounts: list[int], what: str) -> None:
    if len(set(ids)) != len(ids):
        raise DueCourseError(f"promises: a {what} is given twice: give each row once")
    if any(amount <= 0 for amount in amounts):
        raise DueCourseError(f"promises: a {what} of nothing or less: amounts are above zero, in a reversal too")


def _serves(payment: Payment, promise: Promise, grace_days: int) -> bool:
    is_about = promise.loan_id is None or promise.loan_id == payment.loan_id
    late = (payment.paid_on - promise.promised_on).days
    return is_about and promise.made_on <= payment.paid_on and late <= grace_days


def _standing(promise: Promise, left: int, kept_on: dict[str, date], on: date, grace_days: int) -> Standing:
    paid = promise.amount - left
    if not left:
        return Standing(promise.promise_id, Kept.KEPT, paid, kept_on[promise.promise_id])
    if (on - promise.promised_on).days <= grace_days:
        return Standing(promise.promise_id, Kept.OPEN, paid, None)
    broken_on = promise.promised_on + timedelta(grace_days + 1)  # a day before `on` or `on` itself
    return Standing(promise.promise_id, Kept.BROKEN, paid, broken_on)
