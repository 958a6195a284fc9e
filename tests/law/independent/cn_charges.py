"""Rules on what may be demanded and charged: principal, ceilings, void contracts, cost forms, heirs."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, cast

from tests.law.independent import cn_people as people
from tests.law.independent.cn_view import View


def parts(view: View) -> dict[str, int]:
    """Return what a demand is made of."""
    return cast("dict[str, int]", dict(view.act.get("components") or {}))


def demanded(view: View) -> int:
    """Return what a demand asks for in all."""
    amount = view.act.get("amount")
    return int(amount) if amount is not None else sum(parts(view).values())


CHARGES: Final = ("interest", "contract_interest", "post_loan_service_fee")


def void(view: View) -> bool:
    """Say whether a lender without a licence lends to the public for profit."""
    return not people.financial(view) and view.case.collector.get("lends_to") == "public_for_profit"


def no_interest(view: View) -> bool:
    """Art 13(3): the principal comes back, and no interest or fee of the contract."""
    asked = view.kind == "charge" or any(parts(view).get(name, 0) > 0 for name in CHARGES)
    return void(view) and asked


def real_principal(view: View) -> bool:
    """Civil Code 670: no more principal than was handed over."""
    most = handed_over(view)
    return most is not None and parts(view).get("principal", 0) > most


def handed_over(view: View) -> int | None:
    """Return what the borrower really got, in fen."""
    paid_out = sum(event.get("amount") or 0 for event in view.events("disbursed"))
    return paid_out or cast("int | None", view.loan.get("principal"))


NEW_RULES: Final = date(2020, 8, 20)
OLD_RATE: Final = Decimal(24)
LPR: Final = (
    # One-year LPR in per cent, from its day of publication (2.5); the last row was verified to the end of 2025.
    (date(2019, 8, 20), "4.25"), (date(2019, 9, 20), "4.20"), (date(2019, 11, 20), "4.15"), (date(2020, 2, 20), "4.05"),
    (date(2020, 4, 20), "3.85"), (date(2021, 12, 20), "3.80"), (date(2022, 1, 20), "3.70"), (date(2022, 8, 22), "3.65"),
    (date(2023, 6, 20), "3.55"), (date(2023, 8, 21), "3.45"), (date(2024, 7, 22), "3.35"), (date(2024, 10, 21), "3.10"),
    (date(2025, 5, 20), "3.00"),
)  # fmt: skip
VERIFIED_TO: Final = date(2025, 12, 31)


def lpr_on(day: date) -> Decimal | None:
    """Return the one-year LPR that held on a day, in per cent."""
    known = [rate for since, rate in LPR if since <= day <= VERIFIED_TO]
    return Decimal(known[-1]) if known else None


def most_charges(view: View) -> int | None:
    """Return four times the LPR on the principal for all days (2.1, 2.3), in fen; none where it cannot be told."""
    opened, principal = view.loan.get("opened_on"), handed_over(view)
    if people.financial(view) or void(view) or opened is None or principal is None:
        return None
    suit = view.last("sued")
    rate = lpr_on(opened if opened >= NEW_RULES else view.day_of(suit) if suit else view.day)
    if rate is None:
        return None
    old_days = max((min(view.day, NEW_RULES) - opened).days, 0)
    new_days = max((view.day - opened).days - old_days, 0)
    per_cent_days = OLD_RATE * old_days + 4 * rate * new_days
    return int((principal * per_cent_days / 36_500).quantize(Decimal(1), ROUND_HALF_UP))


def highest_charge(view: View) -> bool:
    """Arts 25 and 29: all charges together stay within the ceiling."""
    most = most_charges(view)
    if most is None:
        return False
    if view.kind == "charge":
        booked = sum(event.get("amount") or 0 for event in view.events("charged"))
        return bool(booked + (view.act.get("amount") or 0) > most)
    return sum(parts(view).get(name, 0) for name in CHARGES) > most


def needs_form(view: View) -> bool:
    """Say whether the loan was signed by a financial lender when the cost form was required."""
    opened = view.loan.get("opened_on")
    return people.financial(view) and opened is not None and opened >= date(2026, 8, 1)


def only_what_it_lists(view: View) -> bool:
    """Loans signed from 1 August 2026: nothing but what the signed form lists (CN-DISC-01)."""
    if not needs_form(view):
        return False
    form = frozenset(view.loan.get("cost_form") or ())
    if view.kind == "charge":
        item = view.act.get("item")
        return item is not None and item not in form
    asked = parts(view)
    interest = asked.get("interest", 0) + asked.get("contract_interest", 0)
    return (
        (interest > 0 and not form & {"interest", "late_interest", "contract_interest"})
        or (asked.get("post_loan_service_fee", 0) > 0 and "post_loan_service_fee" not in form)
        or (asked.get("costs", 0) + asked.get("recovery_costs", 0) > 0 and not form & {"costs", "recovery_costs"})
    )


def fee_not_in_contract(view: View) -> bool:
    """Refuse a fee that the contract does not name; later contracts are held to their form."""
    if needs_form(view):
        return False
    named = view.loan.get("contract_charges")
    fee = parts(view).get("post_loan_service_fee", 0) > 0
    return people.guide(view) and fee and named is not None and "post_loan_service_fee" not in named


def estate(view: View) -> bool:
    """No more of an heir than he took, nothing of one who renounced, nor of who took nothing (1161)."""
    died = cast("date | None", view.case.borrower.get("deceased_on"))
    gone = people.dead(view) or (died is not None and died <= view.day)
    if not gone or view.person is None or people.signed_too(view) or people.guarantor(view):
        return False
    if view.person.get("relation") in {"executor", "attorney"}:
        return False
    return not people.took_estate(view) or demanded(view) > people.inherited(view)
