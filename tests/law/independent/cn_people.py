"""Who binds and who is bound: the scope of each text, debtors, guarantors, heirs and third parties."""

from datetime import date
from typing import Final, cast

from tests.law.independent.cn_view import Row, View, months_later

MORTGAGES: Final = frozenset({"home_mortgage", "mortgage", "hire_purchase"})
MEMBERS_NOT: Final = frozenset({"micro_lender"})
"""Lenders that are no members of the bankers' association."""
OWN_SIDE: Final = frozenset({"collector_attorney", "creditor"})
HEIRS: Final = frozenset({"spouse", "parent", "family", "executor"})
ADULT: Final = 18


def financial(view: View) -> bool:
    """Say whether the lender is a financial one."""
    firm = view.case.collector
    if firm.get("lender_type") == "private_lender" or firm.get("person") == "natural" or firm.get("licence") == "none":
        return False
    return firm.get("lender_type") is not None or view.loan.get("product") != "private_loan"


def card(view: View) -> bool:
    """Say whether the loan is a credit card's."""
    return view.loan.get("product") == "credit_card"


def business(view: View) -> bool:
    """Say whether the money was used for business."""
    return view.loan.get("used_for") == "business"


def mortgage(view: View) -> bool:
    """Say whether a home or the thing bought secures the loan."""
    return view.loan.get("product") in MORTGAGES


def standard(view: View) -> bool:
    """GB/T 45251: personal online consumer credit of a financial lender (CN-SCOPE-01).

    The lenders of this product lend online: a consumer loan of any name counts as such credit.
    """
    return convention(view) and not business(view)


def guide(view: View) -> bool:
    """Bankers' guide: members and who collects for them; other personal loans by reference (CN-SCOPE-02)."""
    return financial(view) and view.case.collector.get("lender_type") not in MEMBERS_NOT


def convention(view: View) -> bool:
    """Internet-finance convention: online loans of a financial lender (CN-SCOPE-03)."""
    return financial(view) and not card(view) and not mortgage(view)


def finance_company(view: View) -> bool:
    """Say whether the lender is a consumer finance company (CN-SCOPE-04)."""
    return view.case.collector.get("lender_type") == "consumer_finance"


# The debtor and who owes with him


def dead(view: View) -> bool:
    """Say whether the firm knows that the debtor is dead."""
    return any(view.events("death_known", about_loan=False))


def incapable(view: View) -> bool:
    """Say whether the firm knows that the debtor lacks full capacity."""
    return any(view.events("incapacity_known", about_loan=False))


def _did(view: View, kind: str, *, about_loan: bool = False) -> list[Row]:
    """Return what the person of the act did, of one kind."""
    return [
        event
        for event in view.events(kind, about_loan=about_loan)
        if view.who in {event.get("by"), event.get("with"), event.get("person")}
    ]


def took_estate(view: View) -> bool:
    """Say whether the person took the estate, and did not renounce it."""
    return bool(_did(view, "estate_taken")) and not renounced(view)


def renounced(view: View) -> bool:
    """Say whether the person renounced the estate."""
    return bool(_did(view, "estate_renounced"))


def inherited(view: View) -> int:
    """Return the value that the person took from the estate."""
    return sum(event.get("value", 0) for event in _did(view, "estate_taken"))


def signed_too(view: View) -> bool:
    """Say whether the person signed the debt as well, or as a spouse acknowledged it or shared its use (1064)."""
    person = view.person or {}
    if person.get("cosigned_on") is not None:
        return True
    shared = view.loan.get("used_for") in {"household", "joint_business"}
    return person.get("relation") == "spouse" and (bool(_did(view, "acknowledgment", about_loan=True)) or shared)


def owes(view: View) -> bool:
    """Say whether the listener owes the debt."""
    return view.person is None or signed_too(view) or took_estate(view)


# Guarantors (Civil Code 687, 692, 693)


def guarantor(view: View) -> bool:
    """Say whether the listener guarantees the debt, or once did, and did not sign it too."""
    person = view.person or {}
    return not owes(view) and (person.get("relation") == "guarantor" or "guarantee" in person)


def guarantee_ends(view: View) -> date | None:
    """Return the last day of the guarantee period; six months after the due day where none was agreed."""
    agreed = ((view.person or {}).get("guarantee") or {}).get("until")
    due = view.loan.get("due_on")
    until = date.fromisoformat(str(agreed)) if agreed else None
    if until is not None and (due is None or until > due):
        return until
    return months_later(due, 6) if due is not None else None


def asked_in_time(view: View) -> bool:
    """Say whether the guarantor was asked to pay within the period."""
    end = guarantee_ends(view)
    if end is None:
        return False
    asked = [event for event in view.events("demand_served", "contact", "sued") if view.day_of(event) <= end]
    return any(_asks(view, event) for event in asked)


def _asks(view: View, event: Row) -> bool:
    if event["event"] == "sued":
        return view.who in {event.get("against"), event.get("with"), event.get("person")}
    if not view.same_person(event):
        return False
    if event["event"] == "demand_served":
        return event.get("reached") is True
    return event.get("outcome") in {"conversation", "met", "delivered"} and view.collected(event)


def guarantee_over(view: View) -> bool:
    """Say whether the period ended without a demand."""
    end = guarantee_ends(view)
    return end is not None and view.day > end and not asked_in_time(view)


def ordinary_too_early(view: View) -> bool:
    """Say whether an ordinary guarantor may still refuse: enforcement against the debtor has not failed."""
    failed = any(event.get("assets") == "insufficient" for event in view.events("enforcement_finding"))
    return ordinary(view) and not failed


def ordinary(view: View) -> bool:
    """Say whether the guarantee is not a joint one; a world that is silent on it leaves that open."""
    return ((view.person or {}).get("guarantee") or {}).get("kind") not in {None, "joint"}


# Third parties


def third_party(view: View) -> bool:
    """Say whether the listener is a third party who owes nothing."""
    return not (owes(view) or guarantor(view) or stands_for_debtor(view))


def stands_for_debtor(view: View) -> bool:
    """Say whether the listener stands in for the debtor, or belongs to the creditor's own side."""
    relation = (view.person or {}).get("relation")
    age = cast("int | None", view.case.borrower.get("age"))
    return (
        relation in OWN_SIDE
        or (relation == "executor" and dead(view))
        or (relation == "guardian" and (incapable(view) or (age is not None and age < ADULT)))
        or (relation == "attorney" and any(view.events("attorney_named", about_loan=False)))
        or _spokesman(view)
    )


def _spokesman(view: View) -> bool:
    """Say whether the debtor agreed that the firm speak with the person."""
    return any(
        event.get("person") == view.who
        and speaker(view, event) == "borrower"
        and event.get("to") in {None, "contact", view.act.get("channel")}
        for event in view.events("consent", about_loan=False)
    )


def approached(view: View) -> bool:
    """Say whether the firm approaches a third party about the debt."""
    return view.outbound and view.about_debt and third_party(view)


def left_alone(view: View) -> bool:
    """Say whether a third party is approached without a ground (CN-WHO-02); who offers to pay may be answered."""
    offers = "takes_offered_payment" in view.said and came_forward(view)
    return approached(view) and not (lost(view) or dead(view) or incapable(view) or offers)


def came_forward(view: View) -> bool:
    """Say whether the person came to the firm on their own account."""
    return any(
        speaker(view, event) == view.who and (event["event"] == "promise" or event.get("direction") == "in")
        for event in view.events("contact", "promise", about_loan=False)
    )


SIGNS: Final = (
    "complaint", "hardship_request", "promise", "dispute", "objection", "plan_agreed", "cease_request",
    "refused_channel", "inconvenient", "location_confirmed",
)  # fmt: skip
"""What only a debtor does who can be reached."""


def lost(view: View) -> bool:
    """Say whether the debtor cannot be reached, and has not come back since (CN-WHO-02)."""
    found = view.last("unreachable", about_loan=False)
    return found is not None and not any(
        event["at"] >= found["at"] and speaker(view, event) == "borrower" and _sign_of_life(event)
        for event in view.events("contact", *SIGNS, about_loan=False)
    )


def _sign_of_life(event: Row) -> bool:
    answered = {"conversation", "answered_no_talk", "silent_hangup", "met"}
    return event["event"] != "contact" or event.get("direction") == "in" or event.get("outcome") in answered


def speaker(view: View, event: Row) -> str:
    """Return who spoke: a person who is named, else the borrower."""
    known = {person["id"] for person in view.case.people}
    named = (event.get(key) for key in ("given_by", "with", "by"))
    return next((str(each) for each in named if each in known), "borrower")


def named_beforehand(view: View) -> bool:
    """Say whether the debtor named the person as a contact: for emergencies, or as one told so."""
    person = view.person or {}
    named = person.get("named_on")
    if named is not None and named > view.day:
        return False
    if person.get("source") is not None:
        return bool(person["source"] == "named_by_borrower")
    return named is not None or person.get("relation") == "emergency_contact"


def may_inherit(view: View) -> bool:
    """Say whether the person may be an heir of a debtor who is dead."""
    return dead(view) and (view.person or {}).get("relation") in HEIRS


def opted_out(view: View) -> bool:
    """Say whether the person asked not to be contacted again; it binds every firm for good."""
    return any(
        view.who in {speaker(view, event), event.get("person")}
        for event in view.events("contact_optout", "cease_request", "refused_channel", about_loan=False)
    )
