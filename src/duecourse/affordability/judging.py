"""Whether a loan or a plan can be repaid out of a month, on a good month and on worse ones; and what it really costs.

    judge(budget, proposal) -> Judgement       the same for the portal, the desk, the rewards and the command line
    most(budget, months) -> the largest amount a month that fits

Two stresses: all income less a tenth, and one month in which the largest income does not come. An amount fits when
something is left in each of them; it is tight when it is paid on a good month alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from duecourse.affordability.budget import Budget
from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators.irr import effective_annual_rate
from duecourse.law.calculators.solving import Flow, ppm_up

_TENTHS_OF_STRESS: Final = 9
_YEAR_PPM: Final = 365 * 1_000_000
_PPM_MOST: Final = 1_000_000_000  # a thousandfold a year: what is dearer is told as not known
_MONTHS_MOST: Final = 12  # over which a missed month is made up for


@dataclass(frozen=True)
class Due:
    """What is to be paid on a day, in minor units."""

    on: date
    amount: int


@dataclass(frozen=True)
class Cap:
    """The most that the law lets a loan cost a year, in parts per million, and the rule that says so."""

    ppm_year: int
    rule: str


@dataclass(frozen=True)
class Proposal:
    """A loan that would be taken, or a plan for one that is owed: what is received or owed now, and what is paid."""

    currency: str
    begins_on: date
    received: int
    dues: tuple[Due, ...]
    per_day_late: int | None = None  # what one missed day would cost; None where it is not known
    cap: Cap | None = None


class Verdict(StrEnum):
    """What it comes to."""

    FITS = "fits"
    TIGHT = "tight"
    NO = "no"


class Reason(StrEnum):
    """Why it does not fit; the gravest first."""

    NO_INCOME = "no_income"
    NOTHING_LEFT = "nothing_left"  # more goes out than comes in, before anything is added
    TOO_MUCH = "too_much"
    OVER_CAP = "over_cap"
    INCOME_LESS_A_TENTH = "income_less_a_tenth"
    MISSED_MONTH = "missed_month"


_NO: Final = frozenset({Reason.NO_INCOME, Reason.NOTHING_LEFT, Reason.TOO_MUCH, Reason.OVER_CAP})


@dataclass(frozen=True)
class Judgement:
    """All that is told. Amounts are minor units; `after…` are what is left, below nothing where it is not enough."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    income: int
    spending: int
    repaying: int
    left: int
    due: int  # in the month in which most is due
    months: int
    after: int
    after_a_tenth_less: int
    after_a_missed_month: int  # over all its months, a year at most, with what is laid by
    total: int
    cost: int
    rate_ppm_year: int | None  # None: not one rate fits, as when less is paid than was received
    simple_ppm_year: int | None  # the same without interest on interest, as laws count it
    cap: Cap | None
    per_day_late: int | None
    most: int  # the largest amount a month that fits


def judge(budget: Budget, proposal: Proposal) -> Judgement:
    """Return what a proposal comes to. DueCourseError for two currencies, and for one that nothing is paid of."""
    if proposal.currency != budget.currency:
        raise DueCourseError(
            f"the loan is in {proposal.currency} and the budget in {budget.currency}: give both in one currency; "
            f"no rate is guessed here"
        )
    if not proposal.dues or min(one.amount for one in proposal.dues) <= 0:
        raise DueCourseError("a loan or a plan has at least one payment, of an amount above nothing")
    by_month = Counter[tuple[int, int]]()
    for each in proposal.dues:
        by_month[each.on.year, each.on.month] += each.amount
    due, months = max(by_month.values()), len(by_month)
    total = sum(one.amount for one in proposal.dues)
    afters = _after(budget, due, months)
    reasons = tuple(_reasons(budget, proposal, afters))
    return Judgement(
        verdict=Verdict.NO if _NO & set(reasons) else Verdict.TIGHT if reasons else Verdict.FITS,
        reasons=reasons,
        income=budget.income,
        spending=budget.spending,
        repaying=budget.repaying,
        left=budget.left,
        due=due,
        months=months,
        after=afters[0],
        after_a_tenth_less=afters[1],
        after_a_missed_month=afters[2],
        total=total,
        cost=total - proposal.received,
        rate_ppm_year=_rate(proposal),
        simple_ppm_year=_simple(proposal),
        cap=proposal.cap,
        per_day_late=proposal.per_day_late,
        most=most(budget, months),
    )


def most(budget: Budget, months: int) -> int:
    """Return the largest amount a month, over so many months, that fits on good months and on worse; 0 for none."""
    over = min(max(1, months), _MONTHS_MOST)
    made_up = (over * budget.left - budget.largest + budget.savings) // over  # down: what may be paid
    return max(0, min(budget.left, _tenth_less(budget), made_up))


def _after(budget: Budget, due: int, months: int) -> tuple[int, int, int]:
    over = min(months, _MONTHS_MOST)
    missed = over * (budget.left - due) - budget.largest + budget.savings
    return budget.left - due, _tenth_less(budget) - due, missed


def _tenth_less(budget: Budget) -> int:
    income = budget.income * _TENTHS_OF_STRESS // 10  # down: what comes in
    return income - budget.spending - budget.repaying


def _reasons(budget: Budget, proposal: Proposal, afters: tuple[int, int, int]) -> Sequence[Reason]:
    after, after_a_tenth_less, after_a_missed_month = afters
    over_cap = proposal.cap is not None and _is_above(proposal, proposal.cap.ppm_year)
    tests = (
        (Reason.NO_INCOME, budget.income == 0),
        (Reason.NOTHING_LEFT, budget.income > 0 and budget.left <= 0),
        (Reason.TOO_MUCH, budget.left > 0 and after < 0),
        (Reason.OVER_CAP, over_cap),
        (Reason.INCOME_LESS_A_TENTH, after >= 0 and after_a_tenth_less < 0),
        (Reason.MISSED_MONTH, after >= 0 and after_a_missed_month < 0),
    )
    return [reason for reason, holds in tests if holds]


def _rate(proposal: Proposal) -> int | None:
    """Return the yearly rate by XIRR's rule, in parts per million and rounded up; None where no single one fits."""
    last = max(due.on for due in proposal.dues)
    if proposal.received <= 0 or last <= proposal.begins_on:
        return None
    received = [Flow(proposal.begins_on, proposal.received)]
    rate = effective_annual_rate(received, [Flow(due.on, due.amount) for due in proposal.dues])
    return None if rate is None else ppm_up(rate)


def _simple(proposal: Proposal) -> int | None:
    """Return the least yearly rate that the payments are not above, in parts per million; None where they repay less.

    As laws count it: interest on the principal that is left, by days of a year of 365, and none on interest.
    """
    last = max(due.on for due in proposal.dues)
    if not 0 < proposal.received <= sum(due.amount for due in proposal.dues) or last <= proposal.begins_on:
        return None
    low, high = -1, 0
    while _is_above(proposal, high):
        if high > _PPM_MOST:
            return None
        low, high = high, max(1, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2  # down: a place between two rates
        low, high = (middle, high) if _is_above(proposal, middle) else (low, middle)
    return high


def _is_above(proposal: Proposal, ppm_year: int) -> bool:
    """Say whether more is paid than a rate comes to, by a minor unit for each payment: less may be rounding."""
    principal, interest, day = Fraction(proposal.received), Fraction(0), proposal.begins_on
    for due in sorted(proposal.dues, key=lambda one: one.on):
        interest += max(principal, Fraction(0)) * ppm_year * (due.on - day).days / _YEAR_PPM
        to_interest = min(interest, Fraction(due.amount))
        principal, interest, day = principal - (due.amount - to_interest), interest - to_interest, due.on
    return -(principal + interest) >= len(proposal.dues)
