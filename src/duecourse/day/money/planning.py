"""A plan to pay a loan in months, worked out by the ledger: what each month costs, and all of it together.

    plan(loan, 120_00, first_on, on) -> Plan | None         None where the debt would not end
    least(loan, months, first_on, on) -> the least amount a month that ends it

Nothing is assumed of interest or penalties: the ledger works the loan out on each day of the plan, with the payments
of the plan before it, so that the total is what would really be paid.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from duecourse.day.known import Loan
from duecourse.day.payments.arrangements import Due
from duecourse.day.sums import sums
from duecourse.kernel.months import months_after
from duecourse.ledger.loan import Payment

MONTHS_MOST: Final = 60


@dataclass(frozen=True)
class Plan:
    """A plan for a loan: instalments in minor units, and what is owed today without it."""

    loan_id: str
    currency: str
    dues: tuple[Due, ...]
    owed: int

    @property
    def total(self) -> int:
        """All that is paid by it."""
        return sum(due.amount for due in self.dues)

    @property
    def cost(self) -> int:
        """What it costs beyond what is owed today: interest and penalties that go on meanwhile."""
        return self.total - self.owed


def plan(loan: Loan, monthly: int, first_on: date, on: date, most: int = MONTHS_MOST) -> Plan | None:
    """Return the plan by which so much is paid each month from a day on; None where that ends nothing in `most` months.

    `monthly` is minor units, above zero; the last instalment is what is left.
    """
    owed = sums([loan], on)[0].owed
    dues, paid = list[Due](), list(loan.payments)
    for place in range(most):
        day = months_after(first_on, place)
        (then,) = sums([replace(loan, payments=tuple(paid))], day)
        left = then.owed
        if left <= 0 or not then.is_sure:
            break
        dues.append(Due(day, min(monthly, left)))
        if left <= monthly:
            return Plan(loan.loan_id, loan.currency, tuple(dues), owed)
        paid.append(Payment(f"plan-{place}", day, monthly))
    return None


def least(loan: Loan, months: int, first_on: date, on: date) -> int | None:
    """Return the least that ends a loan in so many months, in minor units; None where nothing is owed."""
    low, high = 0, max(sums([loan], months_after(first_on, months))[0].owed, sums([loan], on)[0].owed)
    if high <= 0 or plan(loan, high, first_on, on, months) is None:
        return None
    while high - low > 1:
        middle = (low + high) // 2  # down: halving
        low, high = (low, middle) if plan(loan, middle, first_on, on, months) else (middle, high)
    return high
