"""Media that were refused, work mailboxes, posts: functions of the federal judge."""

from datetime import datetime

from tests.law.independent.us_contact import (
    asked_through,
    is_first_answer,
    last_place,
    properly_given,
    reaches_consumer,
    reaches_out,
    spoken_for,
    this_day,
    this_hour,
    this_reach,
    withdrawn_at,
)
from tests.law.independent.us_view import ELECTRONIC, Row, View


def medium_refused(view: View) -> bool:
    """MEDIA-1 to MEDIA-4."""
    refusals = [event for event in view.history if event["event"] == "refused_channel" and refuses_this(view, event)]
    if not refusals or not reaches_out(view) or law_needs_medium(view):
        return False
    reopened = [
        event
        for event in view.history
        if event["event"] == "consent"
        and view.speaker(event) == view.whom
        and event.get("person") is None
        and event.get("to") is not None
        and properly_given(view, event)
        and spoken_for(view.channel, event["to"])
        and this_reach(view, event)
        and this_day(view, event)
        and this_hour(view, event)
    ]
    if last_place(view, reopened) > max(last_place(view, refusals), withdrawn_at(view)):
        return False
    refused = refusals[-1]["at"]
    if is_first_answer(view) and asked_through(view)[-1]["at"] > refused:
        return False
    return not (
        view.channel in ELECTRONIC and view.content == {"opt_out_confirmation"} and not confirmed_since(view, refused)
    )


def refuses_this(view: View, event: Row) -> bool:
    """Say whether a refusal, made to this firm, means this medium, telephone or mailbox."""
    if view.speaker(event) != view.whom or event.get("given_to", view.actor) != view.actor:
        return False
    if view.firm_of(event) not in {view.actor, view.own, view.speaker(event)}:
        return False
    if event.get("channel") != view.channel and not (event.get("channel") == "call" and view.channel == "voicemail"):
        return False
    number, address = event.get("number"), event.get("address")
    here = number in {None, view.get("number")} or (
        view.get("number") is None and view.number_called(number).get("line") == "mobile"
    )
    return here and (address is None or view.get("address") in {None, address})


def confirmed_since(view: View, refused: datetime) -> bool:
    """MEDIA-2: whether the one confirmation has gone out."""
    return any(
        event["event"] == "contact" and event.get("direction") == "out" and event.get("channel") == view.channel
        and event.get("with", "borrower") == view.whom and view.firm_of(event) == view.actor
        and "opt_out_confirmation" in event.get("content", ()) and event["at"] >= refused
        for event in view.history
    )  # fmt: skip


def law_needs_medium(view: View) -> bool:
    """MEDIA-4: a notice that the law commands, or the validation notice by post."""
    return view.purpose == "required_notice" or (view.purpose == "validation_notice" and view.channel == "letter")


def asked_to_be_left_alone(view: View) -> bool:
    """MEDIA-1, of persons other than the borrower."""
    if view.whom == "borrower" or not reaches_out(view) or law_needs_medium(view):
        return False
    return any(
        event["event"] == "contact_optout" and view.whom in {view.speaker(event), event.get("person")}
        for event in view.history
    )


def work_mailbox(view: View) -> bool:
    """WORKMAIL-1."""
    if view.channel != "email" or view.mailbox.get("employer_given") is not True or not reaches_consumer(view):
        return False
    return not (came_from_borrower(view) or passed_on(view))


def here(view: View, event: Row) -> bool:
    """Say whether words mean the mailbox that is used, or any."""
    return event.get("address") in {None, view.get("address")}


def came_from_borrower(view: View) -> bool:
    """EMAIL-1: the borrower wrote to the firm from the mailbox, or agreed to its use, and did not take that back."""
    wrote = (
        event
        for event in view.contacts("email", direction="in")
        if event.get("address") == view.get("address")
        and view.firm_of(event) == view.actor
        and event.get("with", "borrower") == view.whom
    )
    agreed = (
        event
        for event in view.history
        if event["event"] == "consent"
        and view.speaker(event) == view.whom
        and event.get("given_to", view.actor) == view.actor
        and event.get("to") == "email"
        and here(view, event)
    )
    refused = last_place(
        view,
        (e for e in view.history if e["event"] == "refused_channel" and e.get("channel") == "email" and here(view, e)),
    )
    ended = last_place(
        view,
        (
            e
            for e in view.history
            if e["event"] == "consent_withdrawn" and e.get("to") in {None, "email", "contact"} and here(view, e)
        ),
    )
    return last_place(view, wrote) > refused or last_place(view, agreed) > max(refused, ended)


def passed_on(view: View) -> bool:
    """EMAIL-3: a collector before had the mailbox from the borrower, and the one just before used it for this debt."""
    given = [event for event in view.events("assigned") if event.get("to") not in {None, view.actor}]
    closed = any(
        here(view, e)
        and (
            (e["event"] == "refused_channel" and e.get("channel") == "email")
            or (e["event"] == "consent_withdrawn" and e.get("to") in {None, "email", "contact"})
        )
        for e in view.history
    )
    if not given or closed:
        return False
    holders = {str(event["to"]) for event in given}
    mails = [e for e in view.contacts("email") if e.get("address") == view.get("address")]
    used = any(view.firm_of(e) == given[-1]["to"] and e.get("direction") == "out" for e in mails)
    had = any(view.firm_of(e) in holders and e.get("direction") == "in" for e in mails)
    return used and had


def posts_publicly(view: View) -> bool:
    """SOCIAL-1."""
    return reaches_out(view) and view.channel == "social_public"
