"""Amounts: the federal judge's functions on fees and charges. Each says whether its rule refuses."""

from calendar import monthrange
from datetime import date
from typing import Any, Final

from tests.law.independent.us_contact import binds
from tests.law.independent.us_debts import is_consumer_debt, services
from tests.law.independent.us_view import Row, View, business_days_after, days_between, minutes

LATE: Final = ("late_fee", "late_penalty", "default_fee", "delinquency_charge")
PENALTIES: Final = (*LATE, "returned_payment_fee", "over_limit_fee", "penalty")
CARD_PENALTIES: Final = (*LATE, "returned_payment_fee", "over_limit_fee")


def allowed(view: View, *items: str) -> bool:
    """Say whether the contract or a statute allows one of these, up to the sum asked for."""
    amount = view.get("amount")
    for key in ("fees_in_contract", "fees_by_statute"):
        fees: Any = view.loan.get(key)
        for fee in fees if isinstance(fees, tuple | list) else ():
            if fee["item"] in items and (amount is None or "amount" not in fee or amount <= fee["amount"]):
                return True
    if "interest" in items and "rate" in view.loan:
        return True
    late_fee = view.loan.get("late_fee")
    return bool(set(items) & set(LATE)) and late_fee is not None and (amount is None or amount <= late_fee)


def not_authorised(view: View) -> bool:
    """FEE-1."""
    item = view.get("item")
    return binds(view) and item is not None and not allowed(view, str(item))


def more_than_owed(view: View) -> bool:
    """FEE-1."""
    amount, balance = view.get("amount"), view.loan.get("balance")
    return binds(view) and amount is not None and balance is not None and amount > balance


def collection_fee(view: View) -> bool:
    """FEE-1."""
    return (
        view.says("collection_fee_demanded") and binds(view) and not allowed(view, "collection_fee", "collection_costs")
    )


def cheque(view: View) -> Row | None:
    """Return the cheque that is to be deposited."""
    found = [e for e in view.history if e["event"] == "cheque_received" and e.get("cheque") == view.get("cheque")]
    return found[-1] if found else None


def no_deposit_notice(view: View) -> bool:
    """FEE-2: written notice three to ten business days before; a cheque of which nothing is told needs it too."""
    taken = cheque(view)
    if not binds(view) or (taken is not None and days_between(view.day_of(taken), taken["dated"]) <= 5):
        return False
    told = [
        e
        for e in view.history
        if e["event"] == "deposit_notice" and e.get("cheque") == view.get("cheque") and e.get("form") == "written"
    ]
    return not any(
        business_days_after(view.day_of(e), 3) <= view.day <= business_days_after(view.day_of(e), 10) for e in told
    )


def before_its_date(view: View) -> bool:
    """FEE-2."""
    taken = cheque(view)
    return binds(view) and taken is not None and view.day < taken["dated"]


def is_home_loan(view: View) -> bool:
    """Say whether the home secures the loan."""
    return view.loan.get("secured_by") == "home" or view.loan.get("product") in {"mortgage", "home_mortgage"}


def is_card(view: View) -> bool:
    """Say whether it is a consumer's card."""
    return view.loan.get("product") == "credit_card" and is_consumer_debt(view)


def for_due(view: View) -> Any:
    """Return the due day of the payment that the charge is for."""
    return view.get("for_due") or view.loan.get("instalment_due_on")


def payments(view: View) -> list[Row]:
    """Return payments for the due day that did not come back."""
    return [e for e in view.events("payment") if e.get("due_on") == for_due(view) and not e.get("returned")]


def paid_in_time(view: View) -> int:
    """Return what was paid by the due day."""
    due = for_due(view)
    return sum(e["amount"] for e in payments(view) if due is not None and view.day_of(e) <= due)


def full_and_on_time(view: View) -> bool:
    """Say whether the instalment came whole by its day."""
    instalment = view.loan.get("instalment")
    return instalment is not None and paid_in_time(view) >= instalment


def home_pyramid(view: View) -> bool:
    """RZ-3."""
    return is_home_loan(view) and is_consumer_debt(view) and view.get("item") in LATE and full_and_on_time(view)


def high_cost(view: View) -> bool:
    """RZ-4 binds late fees of high-cost mortgages."""
    return (
        view.loan.get("high_cost") is True
        and is_home_loan(view)
        and is_consumer_debt(view)
        and view.get("item") in LATE
    )


def grace(view: View) -> int:
    """RZ-4: days from the due day on before the fee."""
    return 30 if view.loan.get("interest_in_advance") else 15


def past_due(view: View) -> int:
    """Return what of the instalment had not come by the end of those days."""
    due = for_due(view)
    paid: int = sum(
        e["amount"] for e in payments(view) if due is not None and days_between(due, view.day_of(e)) < grace(view)
    )
    return int(view.loan.get("instalment", 0)) - paid


def too_early(view: View) -> bool:
    """RZ-4."""
    if not high_cost(view):
        return False
    due = for_due(view)
    if due is None or days_between(due, view.day) < grace(view):
        return True
    return view.loan.get("instalment") is not None and past_due(view) <= 0


def over_four_per_cent(view: View) -> bool:
    """RZ-4."""
    return high_cost(view) and view.get("amount", 0) * 100 > past_due(view) * 4


def charged_before(view: View, *items: str) -> bool:
    """Say whether such a fee was booked for the same due day."""
    return any(e.get("item") in items and e.get("for_due") == for_due(view) for e in view.events("charged"))


def second_late_fee(view: View) -> bool:
    """RZ-4."""
    return high_cost(view) and charged_before(view, *LATE)


def card_in_time(view: View) -> bool:
    """RZ-7: five in the afternoon of the due day is in time."""
    if not is_card(view) or view.get("item") not in LATE:
        return False
    due, least = for_due(view), view.loan.get("minimum_payment")
    in_time = [
        e
        for e in payments(view)
        if due is not None
        and (view.day_of(e) < due or (view.day_of(e) == due and minutes(view.local(e["at"])) <= 17 * 60))
    ]
    return least is not None and sum(e["amount"] for e in in_time) >= least


def over_violation(view: View) -> bool:
    """RZ-5."""
    least = view.loan.get("minimum_payment")
    return (
        is_card(view)
        and view.get("item") in (*LATE, "returned_payment_fee")
        and least is not None
        and view.get("amount", 0) > least
    )


def second_card_fee(view: View) -> bool:
    """RZ-5."""
    return is_card(view) and view.get("item") in CARD_PENALTIES and charged_before(view, *PENALTIES)


def no_such_card_fee(view: View) -> bool:
    """RZ-5."""
    return is_card(view) and view.get("item") in {
        "declined_transaction_fee", "declined_access_fee", "inactivity_fee", "dormancy_fee", "closure_fee",
        "account_closure_fee",
    }  # fmt: skip


def over_safe_harbour(view: View) -> bool:
    """RZ-6."""
    if not is_card(view) or view.get("item") not in CARD_PENALTIES:
        return False
    again = any(
        e.get("item") == view.get("item") and view.day_of(e) >= months_before(view.day, 6)
        for e in view.events("charged")
    )
    return bool(view.get("amount", 0) > (4100 if again else 3000))


def months_before(day: date, months: int) -> date:
    """Return the same day so many months before, or the last of that month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def finance_pyramid(view: View) -> bool:
    """RZ-9: lenders that are no banks."""
    bank = view.case.collector.get("lender_type") == "bank"
    return view.get("item") in LATE and is_consumer_debt(view) and not bank and full_and_on_time(view)


def covered(view: View) -> bool:
    """MLA-1: in the same service when the loan was made and now; consumer credit, not on a home."""
    opened = view.loan.get("opened_on")
    if opened is None or is_home_loan(view) or not is_consumer_debt(view):
        return False
    return any(
        first <= opened and (last is None or (opened <= last and view.day <= last)) for first, last in services(view)
    )


def early_payment_penalty(view: View) -> bool:
    """MLA-3."""
    return view.get("item") in {"prepayment_penalty", "prepayment_fee", "early_repayment_fee"} and covered(view)


def rolls_over(view: View) -> bool:
    """MLA-3: of payday loans."""
    return view.loan.get("product") in {"single_payment_loan", "high_cost_short_term"} and covered(view)
