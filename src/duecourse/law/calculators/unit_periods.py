"""Unit-periods of 12 CFR 1026 Appendix J (b)(3) to (b)(5): what a transaction is measured in, and how many there are.

Months are counted back from the later date; days that are left over are counted from the earlier one.
"""

import calendar
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final


class Of(StrEnum):
    """What a unit-period is made of."""

    DAYS = "days"
    HALF_MONTHS = "half_months"
    MONTHS = "months"
    TERM = "term"  # one advance, one payment, less than a year: the term itself, in days


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """`many` days, half-months or months, and how many such periods a year has."""

    of: Of
    many: int
    per_year: Fraction


YEAR_MONTHS: Final = 12
YEAR_DAYS: Final = 365
_Length = tuple[Of, int]
_HALF_MONTH: Final[_Length] = (Of.HALF_MONTHS, 1)
_STANDARD: Final[tuple[_Length, ...]] = (
    *((Of.MONTHS, many) for many in range(1, YEAR_MONTHS + 1)),
    _HALF_MONTH,
    (Of.DAYS, 1),
    *((Of.DAYS, 7 * weeks) for weeks in range(1, 53)),
)
"""The standard intervals of (b)(3)(iii). Seven months and thirty weeks are both 210 days; months stand first."""


@dataclass(frozen=True, slots=True)
class _Period:
    """An interval between two advances, two payments, or the start and the first of either."""

    start: date
    end: date
    day_of_month: int

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def months(self) -> int | None:
        """Whole months, when nothing is left over."""
        months, left = _months_and_days(self.start, self.end, self.day_of_month)
        return months if months and not left else None


def day_of_month(on: date, series: Sequence[date]) -> int:
    """Return the day of the month that a date of the series stands for: 31 for month ends, 30 for some 28 February.

    (b)(3)(iv): a series on the last days of its months goes from last day to last day, and one on the 29th or 30th
    has the last day of February where there is no such day.
    """
    if not _is_last(on):
        return on.day
    late = [other for other in series if other.day >= 28]
    days = {other.day for other in late}
    if len(days) <= 1:
        return on.day
    if all(_is_last(other) for other in late):
        return 31
    return max(days) if on.month == 2 else on.day


def _is_last(on: date) -> bool:
    return on.day == calendar.monthrange(on.year, on.month)[1]


def later(on: date, months: int, day: int) -> date:
    """Return that day of the month so many months later (earlier, when below 0), or that month's last day."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))


def _back(on: date, months: int, day: int) -> date:
    return later(on, -months, day)


def _months_and_days(start: date, end: date, day: int) -> tuple[int, int]:
    """Return the whole months counted back from the end, and the days from the start to where they begin."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months and _back(end, months, day) < start:
        months -= 1
    return months, (_back(end, months, day) - start).days if months else (end - start).days


def _is_half_month(start: date, end: date) -> bool:
    """Say whether the days are the two of a half-monthly series: the 1st and 16th, the 15th and the last."""
    first, second = sorted((start.day, end.day))
    later_half = start if start.day > end.day else end
    if (end - start).days > 17:
        return False
    return second == min(first + 15, calendar.monthrange(later_half.year, later_half.month)[1]) or (
        first == 15 and _is_last(later_half)
    )


def _periods(start: date, *kinds: Sequence[date]) -> Iterator[_Period]:
    """Yield the periods of (b)(3)(i): between advances, between payments, and from the start to the first of each."""
    for series in kinds:
        days = sorted({start, *series})
        yield from (_Period(one, two, day_of_month(two, series)) for one, two in pairwise(days))


def _lengths(period: _Period) -> Iterator[_Length]:
    """Yield everything that the period is one of, up to a year: 28 days may be four weeks and a month."""
    if period.days <= YEAR_DAYS:
        yield Of.DAYS, period.days
    if period.months and period.months <= YEAR_MONTHS:
        yield Of.MONTHS, period.months
    if _is_half_month(period.start, period.end):
        yield _HALF_MONTH


def _days_in(length: _Length) -> int:
    of, many = length
    if of is Of.MONTHS:
        return YEAR_DAYS if many == YEAR_MONTHS else 30 * many
    return 15 * many if of is Of.HALF_MONTHS else many


def _unit(length: _Length) -> UnitPeriod:
    of, many = length
    if of is Of.MONTHS:
        return UnitPeriod(of, many, Fraction(12, many))
    if of is Of.HALF_MONTHS:
        return UnitPeriod(of, many, Fraction(24, many))
    if many % 7 == 0:
        return UnitPeriod(of, many, Fraction(52 * 7, many))
    return UnitPeriod(of, many, Fraction(YEAR_DAYS, many))


def _average(periods: Sequence[_Period]) -> _Length:
    """Return the standard interval nearest to the average of all periods; of two equally near ones the lower.

    Periods that are whole months, every one, are averaged in months; all others in days, a month being 30.
    """
    months = [period.months for period in periods]
    if None not in months:
        mean = Fraction(sum(month or 0 for month in months), len(months))
        return min((length for length in _STANDARD if length[0] is Of.MONTHS), key=lambda one: abs(one[1] - mean))
    mean = Fraction(sum(period.days for period in periods), len(periods))
    return min(_STANDARD, key=lambda one: (abs(_days_in(one) - mean), _days_in(one)))


def _of_one_payment(start: date, end: date) -> UnitPeriod:
    """(b)(4)(ii), (5)(vi) and (vii): the unit-period is the term, a year at most; in months where these are whole."""
    months, left = _months_and_days(start, end, end.day)
    if months >= YEAR_MONTHS:
        return _unit((Of.MONTHS, YEAR_MONTHS))
    days = (end - start).days
    return UnitPeriod(Of.TERM, days, Fraction(YEAR_DAYS, days) if left else Fraction(YEAR_MONTHS, months))


def unit_period(start: date, advances: Sequence[date], payments: Sequence[date]) -> UnitPeriod:
    """Return the unit-period of a transaction by (b)(4): the period that occurs most often, the shorter of two such.

    No date may lie before the start, and one payment must lie after it. Where no period occurs twice, the average
    decides. Where the same periods can be called weeks or months, what more periods are counts.
    """
    if len(set(advances)) == len(set(payments)) == 1:
        return _of_one_payment(start, max(*payments, *advances))
    periods = list(_periods(start, advances, payments))
    counts = Counter(length for period in periods for length in _lengths(period))
    common = [length for length, times in counts.items() if times > 1]
    if not common:
        return _unit(_average(periods))
    # of equal size are 15 days and a half-month, or 30 days and a month: the calendar's name is meant
    return _unit(max(common, key=lambda one: (counts[one], -_days_in(one), one[0] is not Of.DAYS)))


def elapsed(unit: UnitPeriod, start: date, on: date, day: int) -> tuple[int, Fraction]:
    """Return whole unit-periods between two dates by (b)(5), rounded down, and the fraction left over (at most 1).

    `day` is the day of the month that the later date stands for, see `day_of_month`.
    """
    months, left = _months_and_days(start, on, day)
    if unit.of is Of.MONTHS and unit.many == YEAR_MONTHS:
        years, months = divmod(months, YEAR_MONTHS)
        if not left:
            return years, Fraction(months, YEAR_MONTHS)
        return years, Fraction((_back(on, YEAR_MONTHS * years, day) - start).days, YEAR_DAYS)
    if unit.of in {Of.DAYS, Of.TERM}:
        span, one = (on - start).days, unit.many
    else:
        span, one = 30 * months + left, 30 * unit.many if unit.of is Of.MONTHS else 15 * unit.many
    whole, rest = divmod(span, one)
    return whole, Fraction(rest, one)
