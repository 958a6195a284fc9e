"""The calculators as a rule or a case asks them: one mapping of plain values in, a number, a mapping or None out."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators import plain
from duecourse.law.calculators.allocation import WORDS, Debt, Payment, Split, among_debts, over_components
from duecourse.law.calculators.appendix_j import appendix_j
from duecourse.law.calculators.fees import Fee
from duecourse.law.calculators.fees import mapr_charges as charges_counted
from duecourse.law.calculators.irr import monthly_irr_times_12 as monthly_rate
from duecourse.law.calculators.plain import Plain
from duecourse.law.calculators.solving import Flow, ppm

PAYMENTS_MAX: Final = 1_200  # a hundred years of months


_SECURED = ("hire_purchase", "home_mortgage", "mortgage")


def appendix_j_apr(asked: Plain) -> int | None:
    """Return the annual percentage rate in ppm, rounded down; None where no single rate of at least 0 fits.

    Reads `payments`, and `advances` or else `amount_financed` on `term_begins`; `term_begins` (else the first advance).
    """
    begins = plain.day_or_none(asked, "term_begins")
    if asked.get("advances") is not None:
        advances = plain.flows(asked, "advances")
    else:
        advances = [Flow(plain.day(asked, "term_begins"), plain.whole(asked, "amount_financed"))]
    rate = appendix_j(advances, plain.flows(asked, "payments"), begins)
    return None if rate is None else ppm(rate)


def monthly_irr_times_12(asked: Plain) -> int | None:
    """Return twelve times the monthly rate in ppm, rounded down; None where none of at least 0 fits.

    Reads `received`, and either `instalments` (how many) with `instalment` (each), or `payments`: a list of amounts, a
    month apart.
    """
    if asked.get("payments") is not None:
        listed = asked["payments"]
        if not isinstance(listed, list | tuple) or len(listed) > PAYMENTS_MAX:
            raise plain.wrong("payments", listed, f"a list of at most {PAYMENTS_MAX} amounts")
        payments = [plain.whole({"payments": one}, "payments") for one in listed]
    else:
        many = plain.whole(asked, "instalments")
        if many > PAYMENTS_MAX:
            raise plain.wrong("instalments", many, f"a number up to {PAYMENTS_MAX}")
        payments = [plain.whole(asked, "instalment")] * many
    rate = monthly_rate(plain.whole(asked, "received"), payments)
    return None if rate is None else ppm(rate)


def mapr_charges(asked: Plain) -> int | None:
    """Return the sum of the cycle's charges that count for the military rate, in minor units; None: not known.

    Reads `fees` ({item, amount, bona_fide, reasonable}), and of `debts` (see `allocate`) the `product` of `loan`: only
    a credit_card can leave a fee out. Without `debts` the account is taken for a credit card.
    """
    fees = [
        Fee(
            plain.text(fee, "item"),
            plain.whole(fee, "amount"),
            plain.truth(fee, "bona_fide"),
            plain.truth(fee, "reasonable"),
        )
        for fee in plain.rows(asked, "fees")
    ]
    record = _records(asked).get(plain.text(asked, "loan"), {}) if asked.get("debts") is not None else {}
    return charges_counted(fees, credit_card=record.get("product", "credit_card") == "credit_card")


def allocate(asked: Plain) -> Split | None:
    """Return what of a payment goes where, in minor units; None where the order does not say.

    Reads `amount`, `order` and `owed` (by component or by loan). An order of components ("costs", "interest") splits
    over one debt; if its first word is `agreed`, the `agreed_order` of `loan` stands in its place where there is one.
    An order of the words of `allocation.WORDS` splits among debts; it may ask for `on`, `directed`,
    `creditor_choice`, `loans` (ids), and `debts`: the loans as the world has them, a list of {id, opened_on, due_on,
    secured, rate, overdue_rate, penalty_per_day, balance, disputed, ...}. Where `owed` is missing the balances of the
    debts stand for it; where these are missing too, only a payment directed to the last unit has an answer.
    """
    amount, order = plain.whole(asked, "amount"), plain.texts(asked, "order")
    of_debts = [word in WORDS for word in order]
    if not order or any(of_debts) != all(of_debts):
        raise DueCourseError(
            f"order: {', '.join(order) or 'empty'}: either components of a debt or words among debts are wanted"
        )
    if of_debts[0]:
        return _among(asked, amount, order)
    if order[0] == "agreed":
        record = _records(asked).get(plain.text(asked, "loan"), {}) if asked.get("debts") is not None else {}
        order = plain.texts(record, "agreed_order") if record.get("agreed_order") is not None else order[1:]
    return over_components(amount, plain.amounts(asked, "owed"), order)


def _among(asked: Plain, amount: int, order: Sequence[str]) -> Split | None:
    records = _records(asked) if asked.get("debts") is not None else {}
    directed = plain.amounts(asked, "directed") if asked.get("directed") is not None else None
    ids = plain.texts(asked, "loans") if asked.get("loans") is not None else tuple(records)
    on = plain.day_or_none(asked, "on")
    choice = plain.text(asked, "creditor_choice") if asked.get("creditor_choice") is not None else None
    payment = Payment(amount, on, directed, choice)
    if asked.get("owed") is not None:
        owed = plain.amounts(asked, "owed")
    elif ids and all("balance" in records.get(one, {}) for one in ids):
        owed = {one: plain.whole(records[one], "balance") for one in ids}
    elif directed is not None and sum(directed.values()) == amount:
        owed = dict.fromkeys(ids, 0) | directed  # what is owed is not known, and every unit has its place
    else:
        return None
    return among_debts(payment, [_debt(one, owed[one], records.get(one, {}), on) for one in owed], order)


def _records(asked: Plain) -> Mapping[str, Plain]:
    return {plain.text(record, "id"): record for record in plain.rows(asked, "debts")}


def _debt(name: str, owed: int, record: Plain, on: date | None) -> Debt:
    due_on = plain.day_or_none(record, "due_on")
    return Debt(
        id=name,
        owed=owed,
        due_on=due_on,
        opened_on=plain.day_or_none(record, "opened_on"),
        secured=bool(plain.truth(record, "secured") or record.get("secured_by")) or record.get("product") in _SECURED,
        burden=_burden(record, overdue=bool(on and due_on and due_on < on)),
        disputed=bool(plain.truth(record, "disputed")),
    )


def _burden(record: Plain, *, overdue: bool) -> Decimal | None:
    """Return what a debt costs in per cent a year: its rate, and once overdue its overdue rate and its penalty."""
    agreed = record.get("rate")
    rate = Decimal(0) if agreed == "none_agreed" else None if agreed == "unclear" else plain.rate(record, "rate")
    if not overdue:
        return rate
    late = plain.rate(record, "overdue_rate")
    rate = rate if late is None else late
    penalty = plain.rate(record, "penalty_per_day") or Decimal(0)
    return None if rate is None else rate + 365 * penalty
