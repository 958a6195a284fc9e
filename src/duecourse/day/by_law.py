"""A loan of the store as the law knows it, for questions about it alone."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from duecourse.day.known import Known, Loan
from duecourse.law.answers import NOON, Facts
from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT
from duecourse.ledger.loan import Payment


def facts_of(case: Known, loan: Loan, told: Mapping[str, Any] = MappingProxyType({})) -> Facts:
    """Return what the law knows of a loan: its terms, what was told of it (by columns), and its payments that stay."""
    of_loan = {name.partition(".")[2]: value for name, value in told.items() if name.startswith("loan.")}
    for name, value in of_loan.items():
        is_day = ACT[f"loan.{name}"] is FactKind.DATE and isinstance(value, str)
        of_loan[name] = date.fromisoformat(value) if is_day else value
    known = {
        "product": loan.product, "opened_on": loan.opened_on, "due_on": loan.last_due_on, "currency": loan.currency,
        "principal": loan.principal, **of_loan,
    }  # fmt: skip
    payments = [(one.paid_on, NOON, {"event": "payment", "amount": one.amount}) for one in standing(loan.payments)]
    zone = case.zones[0] if case.zones else "UTC"
    return Facts(
        case.country, case.region, case.locality, zone, loan.is_owner, loan.lender_type, known, tuple(payments)
    )


def standing(payments: Sequence[Payment]) -> list[Payment]:
    """Return the payments that were not reversed, in order of their days."""
    undone = {one.reverses for one in payments}
    kept = [one for one in payments if one.reverses is None and one.payment_id not in undone]
    return sorted(kept, key=lambda one: (one.paid_on, one.payment_id))
