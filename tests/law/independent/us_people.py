"""Attorneys, requests to stop, third parties: functions of the federal judge."""

from typing import Final

from tests.law.independent.us_contact import (
    ADVISERS,
    consents,
    court_allows,
    is_consumer,
    last_place,
    place_of,
    properly_given,
    reaches_consumer,
    reaches_out,
    shows_debt,
    spoken_for,
    this_day,
    this_hour,
)
from tests.law.independent.us_view import Row, View


def can_be_found(event: Row) -> bool:
    """Say whether an attorney's name and address are known or can readily be found; a known name leads to the rest."""
    name, address = event.get("name_known", True), event.get("address_known", True)
    return (name and address) or bool(event.get("readily_found", name))


def attorney_named(view: View) -> Row | None:
    """ATTY-1: return the last news of an attorney for this debt, None when the bar is over."""
    named = [event for event in view.events("attorney_named") if can_be_found(event)]
    who = attorney(view)
    over = last_place(
        view,
        (
            event
            for event in view.events("attorney_withdrawn", "attorney_unresponsive")
            if who is None or view.speaker(event) in {"borrower", who}
        ),
    )
    return named[-1] if named and place_of(view, named[-1]) > over else None


def attorney(view: View) -> str | None:
    """Return the last attorney who is known by name."""
    named = [view.speaker(event) for event in view.events("attorney_named") if view.speaker(event) != "borrower"]
    return named[-1] if named else None


def attorney_allows(view: View) -> bool:
    """Say whether the attorney agreed to direct contact, and did not take that back."""
    who = attorney(view)
    agreed = (
        event
        for event in view.events("consent")
        if view.speaker(event) == who
        and properly_given(view, event)
        and spoken_for(view.channel, event.get("to"))
        and this_day(view, event)
        and this_hour(view, event)
    )
    ended = (
        event
        for event in view.events("consent_withdrawn")
        if view.speaker(event) == who and spoken_for(view.channel, event.get("to"))
    )
    return who is not None and last_place(view, agreed) > last_place(view, ended)


def past_attorney(view: View) -> bool:
    """ATTY-1: the consumer is not contacted past the attorney, unless he agrees to it himself afterwards."""
    named = attorney_named(view)
    if named is None or not reaches_consumer(view):
        return False
    return not (attorney_allows(view) or court_allows(view) or last_place(view, consents(view)) > place_of(view, named))


SAID_AT_THE_END: Final = frozenset({
    "says_collection_ends", "says_remedy_may_be_used", "says_remedy_will_be_used", "threat_of_suit",
    "states_suit_date", "early_intervention_notice",
})  # fmt: skip


HARMLESS: Final = frozenset({
    "short_collector_line", "full_collector_line", "opt_out_line", "gives_own_name", "names_employer",
    "neutral_business_name", "state_required_sentence", "time_barred_disclosure", "envelope_postal_marks",
    "debt_details",
})  # fmt: skip


def suit_is_meant(view: View) -> bool:
    """Say whether the firm means what it announces."""
    intended = view.get("intended")
    return (
        bool(intended)
        if intended is not None
        else any(True for _ in view.events("suit_decided", "suit_approved", "sued"))
    )


def is_farewell(view: View) -> bool:
    """CEASE-1: nothing but that efforts end, that a remedy may be used, or that one will be and is meant."""
    home = view.loan.get("secured_by") == "home" or view.loan.get("product") in {"mortgage", "home_mortgage"}
    may_end = SAID_AT_THE_END if home else SAID_AT_THE_END - {"early_intervention_notice"}
    if not view.says(*may_end) or view.content - may_end - HARMLESS:
        return False
    return suit_is_meant(view) or not view.says("says_remedy_will_be_used", "threat_of_suit", "states_suit_date")


def on_paper(event: Row) -> bool:
    """Say whether a notice was on paper; where neither form nor way is told the careful reading is that it was."""
    if event.get("form") is not None:
        return event["form"] in {"written", "durable_medium"}
    return event.get("how") in {None, "letter", "mailed_letter", "returned_form", "handed_over"}


def arrived(view: View, event: Row) -> bool:
    """Say whether a notice had arrived."""
    received = event.get("received_at")
    return received is None or received <= view.at


def stopped_in_writing(view: View) -> bool:
    """CEASE-1: a written notice that has arrived."""
    stops = any(on_paper(event) and arrived(view, event) for event in view.events("cease_request"))
    return stops and reaches_consumer(view) and not is_farewell(view)


def stopped_electronically(view: View) -> bool:
    """CEASE-2: an electronic one through a medium that the firm accepts."""
    stops = any(
        event.get("form") == "electronic" and event.get("accepted") is True and arrived(view, event)
        for event in view.events("cease_request")
    )
    return stops and reaches_consumer(view) and not is_farewell(view)


def third_party(view: View) -> bool:
    """Say whether the one reached is neither the consumer nor one who works on the debt."""
    return not is_consumer(view, view.whom) and view.relation not in ADVISERS


def opened_person(view: View) -> bool:
    """Say whether the borrower agreed, directly to the firm, that it deals with this person."""
    opened = [
        event
        for event in view.events("consent")
        if event.get("person") == view.whom and view.speaker(event) == "borrower" and properly_given(view, event)
        and spoken_for(view.channel, event.get("to")) and this_day(view, event) and this_hour(view, event)
    ]  # fmt: skip
    closed = (
        event
        for event in view.events("consent_withdrawn")
        if event.get("person") in {view.whom, None}
        and view.speaker(event) == "borrower"
        and spoken_for(view.channel, event.get("to"))
    )
    return bool(opened) and last_place(view, opened) > last_place(view, closed)


def asks_location(view: View) -> bool:
    """Say whether a third person is asked where the borrower is, or who settles the estate."""
    asks = view.purpose == "location" or view.says("asks_for_whereabouts", "asks_who_acts_for_estate")
    return asks and reaches_out(view) and third_party(view)


def has_judgment(view: View) -> bool:
    """Say whether a court has decided on the debt."""
    return any(True for _ in view.events("judgment", "enforcement_order"))


def may_not_know(view: View) -> bool:
    """THIRD-1."""
    if not reaches_out(view) or not third_party(view) or opened_person(view):
        return False
    if any(event.get("person") == view.whom and this_day(view, event) for event in view.events("court_permission")):
        return False
    if view.purpose == "post_judgment_remedy" and has_judgment(view):
        return False
    return not asks_location(view) or shows_debt(view) or nothing_to_ask(view)


def shown_to_others(view: View) -> bool:
    """THIRD-1: where others see or hear it."""
    shown = view.says("public_display", "spreads_private_matters", "public_humiliation", "publishes_names")
    return reaches_out(view) and (shown or view.channel == "social_public")


def shared_mailbox(view: View) -> bool:
    """THIRD-1: a message that stays on a telephone that a third party uses too."""
    stays = view.channel in {"voicemail", "sms"} or (view.channel == "call" and view.get("outcome") == "voicemail")
    if not stays or not reaches_consumer(view) or not shows_debt(view):
        return False
    sharing = view.number.get("shared_with") or ()
    return any(not is_consumer(view, person) and view.relation_of(person) not in ADVISERS for person in sharing)


def location_words(view: View) -> bool:
    """LOC-1."""
    if not asks_location(view) or not view.stated:
        return False
    asks = view.says("gives_own_name") and view.says("asks_for_whereabouts", "asks_who_acts_for_estate")
    if not asks or shows_debt(view) or view.says("asks_to_pass_message", "hides_caller_name", "anonymous"):
        return True
    return view.says("names_employer") and not view.says("employer_asked_for")


def location_mail(view: View) -> bool:
    """LOC-1: nothing of a letter shows the debt."""
    return view.channel == "letter" and asks_location(view) and (view.says("postcard") or shows_debt(view))


def location_past_attorney(view: View) -> bool:
    """LOC-1: once an attorney is known, only the attorney is asked."""
    return asks_location(view) and attorney_named(view) is not None


def was_asked(view: View, event: Row) -> bool:
    """Say whether an earlier contact asked this person, and reached him."""
    said = {"asks_for_whereabouts", "asks_who_acts_for_estate"} & set(event.get("content", ()))
    if (
        event["event"] != "contact"
        or event.get("with") != view.whom
        or event.get("direction") != "out"
        or view.firm_of(event) != view.actor
    ):
        return False
    if event.get("purpose") != "location" and not said:
        return False
    outcome = event.get("outcome")
    if outcome is None:
        return event.get("channel") not in {"call", "visit"}
    return outcome in {"conversation", "delivered", "met"} or (outcome == "voicemail" and bool(said))


def location_again(view: View) -> bool:
    """LOC-2."""
    asked = last_place(view, (event for event in view.history if was_asked(view, event)))
    if asked < 0 or not asks_location(view):
        return False
    for event in view.history:
        if place_of(view, event) < asked:
            continue
        if asks_again(view, event) or knows_better(view, event):
            return False
    return True


def asks_again(view: View, event: Row) -> bool:
    """Say whether the person asked to be contacted again, now."""
    agrees = event["event"] == "consent" and view.speaker(event) == view.whom and properly_given(view, event)
    return agrees and spoken_for(view.channel, event.get("to")) and this_day(view, event) and this_hour(view, event)


def knows_better(view: View, event: Row) -> bool:
    """Say whether the answer is known to be wrong or not complete, and the person now has the right one."""
    leads = event["event"] == "location_lead" and event.get("person") == view.whom
    return leads and event.get("earlier_answer") in {"wrong", "incomplete"} and event.get("knows_now") is True


def location_known(view: View) -> bool:
    """LOC-1: nothing is left to find out but who settles the estate."""
    return asks_location(view) and nothing_to_ask(view)


def nothing_to_ask(view: View) -> bool:
    """Say whether the firm knows home, telephone and employer already, and asks for no one else."""
    known = any(
        event["event"] == "location_confirmed" and event.get("phone", True) and event.get("employer", True)
        for event in view.history
    )
    return known and not view.says("asks_who_acts_for_estate")
