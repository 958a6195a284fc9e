"""The annual percentage rate by the actuarial method of 12 CFR 1026 Appendix J, for any advances and payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators.solving import Flow, solve
from duecourse.law.calculators.unit_periods import UnitPeriod, day_of_month, elapsed, unit_period


@dataclass(frozen=True, slots=True)
class Placed:
    """An amount in minor units, and when it moves: whole unit-periods from the start, and the fraction left over."""

    amount: int
    whole: int
    fraction: Fraction


@dataclass(frozen=True, slots=True)
class Transaction:
    """A loan in unit-periods: all that the general equation, (b)(8), asks for."""

    unit: UnitPeriod
    advances: tuple[Placed, ...]
    payments: tuple[Placed, ...]
    apart: bool  # no payment before the last advance


def transaction(advances: Sequence[Flow], payments: Sequence[Flow], term_begins: date | None = None) -> Transaction:
    """Measure a loan in its unit-periods. The term begins on the day of the first advance, unless it is given.

    DueCourseError where there is no advance or no payment, where something moves before the term
    begins, or where nothing is paid after that day.
    """
    if not advances or not payments:
        raise DueCourseError("a rate needs at least one advance and one payment")
    start = term_begins or min(flow.on for flow in advances)
    first = min(flow.on for flow in (*advances, *payments))
    if first < start:
        raise DueCourseError(f"something moves on {first}, before the term begins on {start}")
    out_on, back_on = [flow.on for flow in advances], [flow.on for flow in payments]
    if max(back_on) <= start:
        raise DueCourseError(f"no payment after the term begins on {start}: a rate needs time")
    unit = unit_period(start, out_on, back_on)
    return Transaction(
        unit,
        tuple(_placed(flow, unit, start, out_on) for flow in advances),
        tuple(_placed(flow, unit, start, back_on) for flow in payments),
        max(out_on) <= min(back_on),
    )


def _placed(flow: Flow, unit: UnitPeriod, start: date, series: Sequence[date]) -> Placed:
    return Placed(flow.amount, *elapsed(unit, start, flow.on, day_of_month(flow.on, series)))


def worth(flows: Sequence[Placed], unit_rate: Decimal) -> Decimal:
    """Return what the flows are worth when the term begins, in minor units: each over (1 + f·i)·(1 + i)^t."""
    base = 1 + unit_rate
    return sum(
        (
            flow.amount / ((1 + unit_rate * flow.fraction.numerator / flow.fraction.denominator) * base**flow.whole)
            for flow in flows
        ),
        Decimal(0),
    )


def appendix_j(advances: Sequence[Flow], payments: Sequence[Flow], term_begins: date | None = None) -> Decimal | None:
    """Return the annual percentage rate (0.0969 is 9.69 per cent), rounded down to 12 decimals.

    Amounts in minor units of one currency. The rate is the rate of a unit-period times their number in a
    year. None: no single rate of at least 0 fits, see `solve`. DueCourseError: see `transaction`.
    """
    loan = transaction(advances, payments, term_begins)

    def worths(rate: Decimal) -> tuple[Decimal, Decimal]:
        unit_rate = rate * loan.unit.per_year.denominator / loan.unit.per_year.numerator
        return worth(loan.advances, unit_rate), worth(loan.payments, unit_rate)

    return solve(worths, apart=loan.apart)
