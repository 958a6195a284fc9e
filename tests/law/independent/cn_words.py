"""Rules on what is said and shown."""

from datetime import date
from typing import Final

from tests.law.independent import cn_people as people
from tests.law.independent.cn_view import Row, View

OFFICES: Final = frozenset({"poses_as_court", "poses_as_police", "poses_as_government", "poses_as_attorney"})
UNTRUE: Final = frozenset({
    "invented_blacklist", "false_promise", "wrong_amount", "false_statement", "threat_of_suit_not_intended",
    "says_court_will_surely_order", "threat_of_arrest", "threat_of_device", "poses_as_missed_delivery",
})  # fmt: skip
THREATS: Final = frozenset({"threat_of_violence", "threat_of_arrest", "threat_of_disclosure", "threat_of_device"})
INSULTS: Final = frozenset({"abuse", "obscene_language", "insults_origin_or_faith"})
EXPOSURE: Final = frozenset({"spreads_private_matters", "publishes_names", "public_humiliation"})
PRESSING: Final = frozenset({
    "asks_to_urge_payment", "says_listener_must_pay", "presses_for_single_payment", "urges_new_borrowing",
    "presses_to_borrow_or_sell_home",
})  # fmt: skip
ASKING: Final = frozenset({
    "payment_request", "voluntary_payment_request", "settlement_offer", "partial_settlement_offer",
    "offers_affordable_plan",
})  # fmt: skip
"""What one who offers to pay may be told; others are asked to pay by it."""
TELLING: Final = frozenset({
    "debt_details", "full_collector_line", "short_collector_line", "envelope_shows_debt", "says_balance_remains",
    "says_collection_ends", "validation_information", "verification", "time_barred_disclosure",
    "early_intervention_notice", "periodic_statement", "transfer_notice", "states_suit_date", "threat_of_suit",
    "threat_of_suit_not_intended", "threat_of_garnishment", "threat_of_listing", "threat_of_spending_ban",
    "says_remedy_may_be_used", "says_remedy_will_be_used", "settlement_offer", "partial_settlement_offer",
})  # fmt: skip
"""What cannot be said or shown without telling that there is a debt."""
SHOWING: Final = frozenset(
    {"public_display", "postcard", "envelope_shows_debt", "publishes_names", "public_humiliation"}
)


def says_any(view: View, flags: frozenset[str]) -> bool:
    """Say whether something of the flags is said about the debt."""
    return bool(view.said & flags)


# Pretended identities


def poses_as_office(view: View) -> bool:
    return people.guide(view) and says_any(view, OFFICES)


def _poses_as_lender(view: View) -> bool:
    return "poses_as_lender" in view.said and not (
        view.actor == view.firm and view.case.collector.get("role") == "original_creditor"
    )


def poses_as_lender(view: View) -> bool:
    return people.guide(view) and _poses_as_lender(view)


def false_identity(view: View) -> bool:
    return says_any(view, OFFICES | {"poses_as_missed_delivery"}) or _poses_as_lender(view)


# Untrue words


def untrue(view: View) -> bool:
    return people.guide(view) and says_any(view, UNTRUE)


def suit_decided(view: View) -> bool:
    return any(view.events("suit_approved", "suit_decided", "sued"))


def suit_not_decided(view: View) -> bool:
    told = says_any(view, frozenset({"threat_of_suit", "states_suit_date"}))
    return people.guide(view) and told and not suit_decided(view) and view.act.get("intended") is not True


def judged(view: View) -> bool:
    return any(view.events("judgment", "enforcement_order", "enforcement_finding", "listed"))


def lists_before_judgment(view: View) -> bool:
    return says_any(view, frozenset({"threat_of_listing", "threat_of_spending_ban"})) and not judged(view)


def enforcement_before_judgment(view: View) -> bool:
    return people.guide(view) and "threat_of_garnishment" in view.said and not judged(view)


def guide_credit_repair(view: View) -> bool:
    return people.guide(view) and credit_repair(view)


def credit_repair(view: View) -> bool:
    """CN-CR-05: open until 31 March 2026, for entries of 2020 to 2025 of at most 10,000 yuan.

    An entry of which no day is told may be as old as its loan.
    """
    if "promises_one_off_credit_repair" not in view.said:
        return False
    entry, amount = view.loan.get("overdue_on"), view.loan.get("overdue_amount")
    since = entry or view.loan.get("opened_on")
    dated = since is not None and since <= date(2025, 12, 31) and (entry is None or entry >= date(2020, 1, 1))
    open_now = date(2025, 12, 22) <= view.day <= date(2026, 3, 31)
    repaid = any(view.day_of(event) <= date(2026, 3, 31) for event in view.events("settled"))
    return not (dated and (amount is None or amount <= 1_000_000) and (open_now or repaid))


def listener_owes_nothing(view: View) -> bool:
    """CN-WHO-06: to tell, or to send a demand to, somebody who does not owe is a misstatement."""
    demand = view.kind == "demand"
    if not demand and "says_listener_must_pay" not in view.said:
        return False
    bound = people.guarantor(view) and not people.guarantee_over(view)
    return not (people.owes(view) or bound or (demand and people.stands_for_debtor(view)))


# Harassment


def guide_harassment(view: View) -> bool:
    return people.guide(view) and says_any(view, THREATS | INSULTS | EXPOSURE)


def convention_harassment(view: View) -> bool:
    return people.convention(view) and says_any(view, THREATS | INSULTS)


def card_harassment(view: View) -> bool:
    return people.card(view) and says_any(view, THREATS | INSULTS)


def finance_company_harassment(view: View) -> bool:
    return people.finance_company(view) and says_any(view, THREATS | INSULTS)


def safety_and_privacy(view: View) -> bool:
    public = view.act.get("channel") == "social_public" and says_any(view, INSULTS)
    return public or says_any(view, frozenset({"threat_of_violence", "spreads_private_matters", "public_humiliation"}))


def _frightens(said: frozenset[str]) -> bool:
    return bool(said & (INSULTS | THREATS))


def repeated(view: View) -> bool:
    """Insulting, obscene or frightening messages, three times or more (多次)."""
    before = [event for event in view.events("contact", about_loan=False) if _before_to_same(view, event)]
    return _frightens(view.said) and len(before) >= 2


def _before_to_same(view: View, event: Row) -> bool:
    said = frozenset(event.get("content") or ())
    return view.same_person(event) and event.get("direction") != "in" and _frightens(said)


def privacy(view: View) -> bool:
    return says_any(view, EXPOSURE)


# Public display


def _on_public_wall(view: View) -> bool:
    """Say whether others see a post that is about the debt, or tells something of it."""
    return view.act.get("channel") == "social_public" and (view.about_debt or says_any(view, TELLING))


def guide_display(view: View) -> bool:
    return people.guide(view) and view.outbound and (says_any(view, SHOWING) or _on_public_wall(view))


def not_made_public(view: View) -> bool:
    published = says_any(view, frozenset({"public_display", "publishes_names", "public_humiliation"}))
    return view.outbound and (published or _on_public_wall(view))


# Fees and new loans


def guide_fee(view: View) -> bool:
    return people.guide(view) and "collection_fee_demanded" in view.said


def convention_fee(view: View) -> bool:
    return people.convention(view) and "collection_fee_demanded" in view.said


def new_borrowing(view: View) -> bool:
    return people.guide(view) and says_any(view, frozenset({"urges_new_borrowing", "presses_to_borrow_or_sell_home"}))


# Saying for whom one speaks


def _hides(view: View) -> bool:
    hidden = frozenset({"anonymous", "hides_caller_name", "hides_collector"})
    return view.outbound and view.about_debt and (view.act["identified"] is False or says_any(view, hidden))


def convention_identity(view: View) -> bool:
    return people.convention(view) and _hides(view)


def guide_identity(view: View) -> bool:
    return people.guide(view) and _hides(view)


# Third parties


def _asks_listener_to_pay(view: View) -> bool:
    asked = says_any(view, PRESSING) or (says_any(view, ASKING) and "takes_offered_payment" not in view.said)
    return people.third_party(view) and asked


def standard_not_asked(view: View) -> bool:
    return people.standard(view) and _asks_listener_to_pay(view)


def guide_not_asked(view: View) -> bool:
    return people.guide(view) and _asks_listener_to_pay(view)


def _tells_of_debt(view: View) -> bool:
    return people.third_party(view) and says_any(view, TELLING) and "takes_offered_payment" not in view.said


def standard_disclosure(view: View) -> bool:
    return people.standard(view) and _tells_of_debt(view)


def guide_disclosure(view: View) -> bool:
    return people.guide(view) and _tells_of_debt(view)
