"""What comes in and goes out each month, by the headings of the Standard Financial Statement of the United Kingdom.

Source of the headings: Money and Pensions Service, Standard Financial Statement, the spending and income sections.
Amounts are minor units of one currency. What comes in is rounded down to the month, what goes out up: in doubt there is
less left than there is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from duecourse.kernel.errors import DueCourseError

_MONTHS: Final = 12
MONTHS_LEAST: Final = 3
"""Of an irregular income: fewer say nothing of bad months."""


class Every(StrEnum):
    """How often an amount comes."""

    WEEK = "week"
    FORTNIGHT = "fortnight"
    FOUR_WEEKS = "four_weeks"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_TIMES_A_YEAR: Final = {
    Every.WEEK: 52, Every.FORTNIGHT: 26, Every.FOUR_WEEKS: 13, Every.MONTH: 12, Every.QUARTER: 4, Every.YEAR: 1,
}  # fmt: skip


class Income(StrEnum):
    """Where money comes from."""

    WAGES = "wages"  # salary, wages, self-employment
    PARTNER = "partner"
    BENEFITS = "benefits"
    PENSIONS = "pensions"
    OTHER = "other"


class Spending(StrEnum):
    """What money goes on: fixed costs first, then flexible ones."""

    HOME = "home"  # rent, mortgage, council tax, home insurance
    UTILITIES = "utilities"
    WATER = "water"
    CARE_AND_HEALTH = "care_and_health"
    TRANSPORT = "transport"
    SCHOOL = "school"
    INSURANCE = "insurance"  # pensions and insurances
    PROFESSIONAL = "professional"
    OTHER_ESSENTIAL = "other_essential"
    COMMUNICATIONS = "communications"  # and leisure
    FOOD = "food"  # and housekeeping
    PERSONAL = "personal"


@dataclass(frozen=True)
class ComesIn:
    """Money that comes in: the same each time, or by months where it is irregular (the last ones, in any order).

    What counts of an irregular one is the mean of the lower half of its months, the middle one with it.
    """

    of: Income
    currency: str
    amount: int = 0
    every: Every = Every.MONTH
    months: tuple[int, ...] = ()

    @property
    def monthly(self) -> int:
        """What counts of it in a month, rounded down."""
        if not self.months:
            return self.amount * _TIMES_A_YEAR[self.every] // _MONTHS  # down: what comes in
        lower = sorted(self.months)[: -(-len(self.months) // 2)]  # up: the middle one too
        return sum(lower) // len(lower)  # down: what comes in


@dataclass(frozen=True)
class GoesOut:
    """Money that goes out."""

    on: Spending
    currency: str
    amount: int
    every: Every = Every.MONTH

    @property
    def monthly(self) -> int:
        """What it takes of a month, rounded up."""
        return -(-self.amount * _TIMES_A_YEAR[self.every] // _MONTHS)  # up: what goes out


@dataclass(frozen=True)
class Debt:
    """A debt that is paid already: what it takes of a month."""

    name: str
    currency: str
    monthly: int


@dataclass(frozen=True)
class Budget:
    """A household's month. `savings` is what is laid by, in the same currency."""

    currency: str
    comes_in: tuple[ComesIn, ...]
    goes_out: tuple[GoesOut, ...] = ()
    debts: tuple[Debt, ...] = ()
    savings: int = 0

    def __post_init__(self) -> None:
        """DueCourseError for two currencies, for an amount below nothing, and for an income of too few months."""
        one_currency(self.currency, [*self.comes_in, *self.goes_out, *self.debts])
        amounts = [part.amount for part in self.comes_in] + [part.amount for part in self.goes_out]
        amounts += [debt.monthly for debt in self.debts] + [month for part in self.comes_in for month in part.months]
        least = min(*amounts, self.savings, 0)
        if least < 0:
            raise DueCourseError(f"an amount of {least}: say what comes in and goes out as amounts above nothing")
        for part in self.comes_in:
            if part.months and len(part.months) < MONTHS_LEAST:
                raise DueCourseError(
                    f"an irregular income of {len(part.months)} months: give three at least, better twelve, with those "
                    f"of nothing as 0"
                )

    @property
    def income(self) -> int:
        """What counts of a month's income."""
        return sum(part.monthly for part in self.comes_in)

    @property
    def largest(self) -> int:
        """The largest of the incomes, in a month: what a month without it would lack."""
        return max((part.monthly for part in self.comes_in), default=0)

    @property
    def spending(self) -> int:
        """What goes out, without debts."""
        return sum(part.monthly for part in self.goes_out)

    @property
    def repaying(self) -> int:
        """What debts take already."""
        return sum(debt.monthly for debt in self.debts)

    @property
    def left(self) -> int:
        """What is left of a month; below nothing where more goes out than comes in."""
        return self.income - self.spending - self.repaying


def one_currency(currency: str, parts: Iterable[ComesIn | GoesOut | Debt]) -> None:
    """DueCourseError where a part is in another currency."""
    others = sorted({part.currency for part in parts} - {currency})
    if others:
        raise DueCourseError(
            f"amounts in {currency} and in {', '.join(others)}: give all in {currency}, at the rate you would really "
            f"get; no rate is guessed here"
        )
