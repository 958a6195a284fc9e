"""Internal rates of return: twelve times the monthly one, and the effective yearly one by exact days."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators.solving import Flow, solve

YEAR_DAYS: Final = 365


def monthly_irr_times_12(received: int, payments: Sequence[int]) -> Decimal | None:
    """Return twelve times the monthly rate at which the payments are worth what was received (0.24 is 24 per cent).

    `received` is what the borrower got, in minor units, less all that was kept back. The payments fall a month
    apart, the first a month later; one may be 0. Rounded down to 12 decimals. None: less is paid back than was
    received. DueCourseError where the amount received is not above 0, or a payment below it.
    """
    if received <= 0:
        raise DueCourseError(f"received {received}: more than 0 minor units are needed")
    if any(payment < 0 for payment in payments):
        raise DueCourseError(f"payment of {min(payments)}: a payment is at least 0")

    def worths(rate: Decimal) -> tuple[Decimal, Decimal]:
        base = 1 + rate / 12
        total = Decimal(0)
        for payment in reversed(payments):
            total = (total + payment) / base
        return Decimal(received), total

    return solve(worths, apart=True)


def effective_annual_rate(advances: Sequence[Flow], payments: Sequence[Flow]) -> Decimal | None:
    """Return the yearly rate, compounded, at which payments are worth the advances (0.24 is 24 per cent).

    Time is exact days over 365 from the first day on which anything moves (as in XIRR). Rounded down to 12
    decimals. None: no single rate of at least 0 fits, see `solve`. DueCourseError without an advance or a payment, or
    where all moves on one day.
    """
    if not advances or not payments:
        raise DueCourseError("a rate needs at least one advance and one payment")
    days = [flow.on for flow in (*advances, *payments)]
    start = min(days)
    if max(days) == start:
        raise DueCourseError(f"everything moves on {start}: a rate needs time")

    def worths(rate: Decimal) -> tuple[Decimal, Decimal]:
        # one root for all: a day's growth, of which whole powers are quick
        daily = (1 + rate) ** (Decimal(1) / YEAR_DAYS)
        out, back = (
            sum((flow.amount / daily ** (flow.on - start).days for flow in flows), Decimal(0))
            for flows in (advances, payments)
        )
        return out, back

    return solve(worths, apart=max(flow.on for flow in advances) <= min(flow.on for flow in payments))
