"""Whom the rules bind, when and where contact is made: functions of the federal judge."""

from collections.abc import Iterable
from typing import Final

from tests.law.independent.us_view import PLACED, Row, View, minutes

ADVISERS: Final = ("attorney", "creditor", "collector_attorney")


DAY_BEGINS: Final = 8 * 60


DAY_ENDS: Final = 21 * 60


def binds(view: View) -> bool:
    """Say whether the firm is a debt collector for this debt (COV-1 to COV-3)."""
    if view.loan.get("used_for") == "business":
        return False
    if view.role == "original_creditor":
        return view.actor == view.own and view.case.collector.get("name_used", "own") != "own"
    states = [in_default_when_got(view, event) for event in times_got(view)]
    if view.role == "servicer":
        return True in states
    if view.role == "debt_buyer":
        return True
    return view.role in {"debt_collector", "agency"} and (True in states or False not in states)


def in_default_when_got(view: View, event: Row) -> bool | None:
    """Say whether the debt was in default when the firm got it; None when nothing tells."""
    told: bool | None = event.get("in_default")
    since = view.loan.get("in_default_since")
    return told if told is not None or since is None else since <= view.day_of(event)


def times_got(view: View) -> list[Row]:
    """Return the times that the acting firm got the account."""
    return [event for event in view.events("account_acquired") if view.firm_of(event) == view.actor]


def owes_too(view: View, person: str) -> bool:
    """Say whether somebody else owes the debt, and so is a consumer himself."""
    known = next((each for each in view.case.people if each["id"] == person), {})
    return known.get("relation") == "guarantor" or "cosigned_on" in known or "guarantee" in known


def is_consumer(view: View, person: str) -> bool:
    """Say whether a person is the consumer in the wide meaning of DEF-4."""
    relation = view.relation_of(person)
    if person == "borrower" or relation in {"spouse", "guardian", "executor"} or owes_too(view, person):
        return True
    age = view.case.borrower.get("age")
    return relation == "parent" and isinstance(age, int) and age < 18


# What reveals no debt to a stranger: names, courtesies, marks, and foul words that speak of nothing owed.
NEUTRAL: Final = frozenset({
    "limited_content_message", "opt_out_line", "asks_for_whereabouts", "asks_to_pass_message",
    "asks_who_acts_for_estate", "gives_own_name", "names_employer", "employer_asked_for", "hides_caller_name",
    "neutral_business_name", "no_message", "postcard", "envelope_postal_marks",
    "opt_out_confirmation", "opt_out_needs_ssn", "advert_no_debt", "friend_request", "hides_collector",
    "addressed_to_occupier", "unrelated_to_the_debt", "anonymous", "abuse", "obscene_language",
    "insults_origin_or_faith", "threat_of_violence", "threat_of_device", "false_statement", "false_promise",
    "no_collector_line", "promises_one_off_credit_repair", "poses_as_court", "poses_as_police", "poses_as_government",
    "poses_as_lender", "poses_as_attorney", "poses_as_missed_delivery",
})  # fmt: skip


def shows_debt(view: View) -> bool:
    """Say whether what is said makes known that there is a debt."""
    return bool(view.content - NEUTRAL)


def reaches_out(view: View) -> bool:
    """Say whether a debt collector makes contact, or tries to, about the debt; an advertisement is something else."""
    advert = view.purpose == "marketing" or view.says("advert_no_debt", "unrelated_to_the_debt")
    return view.goes_out and binds(view) and not (advert and not shows_debt(view))


def reaches_consumer(view: View) -> bool:
    """Say whether a debt collector starts a contact with the consumer."""
    return reaches_out(view) and is_consumer(view, view.whom)


def goes_on(view: View) -> bool:
    """Say whether the try is the next sentence of the last contact."""
    return view.get("continues_last") is True


def within(clocks: object, minute: int) -> bool:
    """Say whether a minute lies in hours of the day, which may run over midnight."""
    if not isinstance(clocks, tuple):
        return True
    start, end = int(clocks[0]), int(clocks[1])
    return start <= minute < end if start <= end else minute >= start or minute < end


def spoken_for(channel: object, to: object) -> bool:
    """Say whether leave for one thing, or for anything, opens a medium."""
    return to in {channel, "contact", None} or (to == "call" and channel == "voicemail")


def this_reach(view: View, event: Row) -> bool:
    """Say whether words mean the telephone and mailbox that are used, or any."""
    return event.get("number") in {None, view.get("number")} and event.get("address") in {None, view.get("address")}


def this_day(view: View, event: Row) -> bool:
    """Say whether words hold on the day and at the moment."""
    until = event.get("until")
    return event.get("on") in {None, view.day} and (until is None or until >= view.at)


def this_hour(view: View, event: Row) -> bool:
    """Say whether words name no hours, or those that it is in every zone."""
    return all(within(event.get("hours"), minute) for minute in view.all_minutes)


def properly_given(view: View, event: Row) -> bool:
    """CONS-1: to the firm itself, and not in the middle of a contact that was already forbidden."""
    if event.get("given_to", view.actor) != view.actor:
        return False
    return not event.get("in_last_contact") or not (goes_on(view) or was_forbidden(view, event))


def was_forbidden(view: View, consent: Row) -> bool:
    """Say whether the contact in which consent was given was itself forbidden."""
    minute, speaker = clock(view, consent), view.speaker(consent)
    if not DAY_BEGINS <= minute < DAY_ENDS:
        return True
    earlier = view.case.history[: place_of(view, consent)]
    contacts = [e for e in earlier if e["event"] == "contact" and e.get("with", "borrower") == speaker]
    place = (
        (contacts[-1].get("place") or view.number_called(contacts[-1].get("number")).get("place")) if contacts else None
    )
    for event in earlier:
        if event["event"] == "inconvenient" and view.speaker(event) == speaker:
            timed = (
                event.get("place") is None and isinstance(event.get("time"), tuple) and within(event["time"], minute)
            )
            if timed or (place is not None and event.get("place") == place):
                return True
        if event["event"] == "employer_forbids_contact" and place == "work":
            return True
        if event["event"] == "attorney_named" and view.debts_of(event) & view.debts_of(consent):
            return True
    return False


def consents(view: View) -> list[Row]:
    """Return the standing consents of the one reached that cover this contact."""
    last = withdrawn_at(view)
    return [
        event
        for event in view.events("consent")
        if view.speaker(event) == view.whom
        and event.get("person") is None
        and properly_given(view, event)
        and spoken_for(view.channel, event.get("to"))
        and this_reach(view, event)
        and this_day(view, event)
        and this_hour(view, event)
        and place_of(view, event) > last
    ]


def place_of(view: View, event: Row) -> int:
    """Return the place of an event in the history; events of one moment have an order too."""
    return next(place for place, each in enumerate(view.case.history) if each is event)


def last_place(view: View, events: Iterable[Row]) -> int:
    """Return the place of the last of some events, -1 without any."""
    return max((place_of(view, event) for event in events), default=-1)


def withdrawn_at(view: View) -> int:
    """Return the place of the last withdrawal by the one reached that means this contact."""
    return last_place(
        view,
        (
            event
            for event in view.events("consent_withdrawn")
            if view.speaker(event) == view.whom
            and spoken_for(view.channel, event.get("to"))
            and this_reach(view, event)
        ),
    )


def court_allows(view: View) -> bool:
    """Say whether a court allowed this contact, now."""
    return any(
        spoken_for(view.channel, event.get("to"))
        and this_day(view, event)
        and this_hour(view, event)
        and event.get("person") in {None, view.whom}
        for event in view.events("court_permission")
    )


def same_medium(first: object, second: object) -> bool:
    """Say whether two channels are one medium: the telephone is one, with and without an answering machine."""
    return first == second or {first, second} <= set(PLACED)


def asked_through(view: View) -> list[Row]:
    """Return the person's own messages to this firm through this medium."""
    return [
        event
        for event in view.contacts(direction="in")
        if event.get("with", "borrower") == view.whom
        and view.firm_of(event) == view.actor
        and same_medium(event.get("channel"), view.channel)
    ]


def is_first_answer(view: View) -> bool:
    """Say whether this answers a message of the person, and nothing went back through the medium since."""
    began = asked_through(view)
    if not began or view.purpose != "answer_to_borrower":
        return False
    return not any(
        event["event"] == "contact"
        and event.get("direction") == "out"
        and event.get("with", "borrower") == view.whom
        and view.firm_of(event) == view.actor
        and same_medium(event.get("channel"), view.channel)
        and event["at"] >= began[-1]["at"]
        for event in view.history
    )


def answers_now(view: View) -> bool:
    """Say whether this is the one answer, on the day of the message (TIME-5)."""
    return is_first_answer(view) and view.day_of(asked_through(view)[-1]) == view.day


def agreed_hour(view: View) -> int:
    """Return the place of the last consent to this hour, -1 without one."""
    return last_place(view, (event for event in consents(view) if event.get("hours") is not None))


def outside_hours(view: View) -> bool:
    """TIME-1 to TIME-3: from eight to nine in every zone; letters come with the post."""
    if not reaches_consumer(view) or view.channel == "letter":
        return False
    if all(DAY_BEGINS <= minute < DAY_ENDS for minute in view.all_minutes):
        return False
    return agreed_hour(view) < 0 and not court_allows(view)


def ruled_out_time(view: View) -> bool:
    """TIME-1, TIME-4, TIME-5: hours that the consumer ruled out."""
    if not reaches_consumer(view) or view.channel == "letter":
        return False
    said = last_place(
        view, (event for event in view.history if event["event"] == "inconvenient" and rules_out_now(view, event))
    )
    return said >= 0 and not (agreed_hour(view) > said or court_allows(view) or answers_now(view))


def rules_out_now(view: View, event: Row) -> bool:
    """Say whether words about time mean this moment, in any zone."""
    if event.get("scope") == "this_contact" or view.speaker(event) != view.whom or event.get("place") is not None:
        return False
    its_day = event.get("days") != "weekdays" or view.day.weekday() < 5
    only = event.get("only_convenient_time")
    if only:
        hours = only if isinstance(only, tuple) else event.get("time")
        return not (its_day and all(within(hours, minute) for minute in view.all_minutes))
    return (
        its_day
        and isinstance(event.get("time"), tuple)
        and any(within(event["time"], minute) for minute in view.all_minutes)
    )


def cannot_talk_now(view: View) -> bool:
    """TIME-4: the words end this contact."""
    if not reaches_consumer(view) or not goes_on(view):
        return False
    talked = [
        event for event in view.history if event["event"] == "contact" and event.get("with", "borrower") == view.whom
    ]
    broke = [
        event
        for event in view.history
        if event["event"] == "inconvenient"
        and event.get("scope") == "this_contact"
        and view.speaker(event) == view.whom
    ]
    return bool(talked) and last_place(view, broke) > last_place(view, talked)


def place_reached(view: View) -> str | None:
    """Return the place that is named, or where the telephone stands."""
    found: str | None = view.get("place") or view.number.get("place")
    return found


def ruled_out_place(view: View, place: str) -> bool:
    """Say whether the one reached said that a place does not suit."""
    return any(closes_place(view, event, place) for event in view.history)


def leave_for_place(view: View, place: str) -> bool:
    """Say whether the one reached opened the place, or its telephone, to this firm."""
    number = view.get("number")
    opened = (
        each
        for each in consents(view)
        if each.get("place") == place or (number is not None and each.get("number") == number)
    )
    closed = (e for e in view.history if closes_place(view, e, place))
    return last_place(view, opened) > last_place(view, closed)


def closes_place(view: View, event: Row, place: str) -> bool:
    """Say whether an event is a word of the one reached that a place does not suit."""
    words = event["event"] == "inconvenient" and event.get("scope") != "this_contact"
    return words and event.get("place") == place and view.speaker(event) == view.whom


def bad_place(view: View) -> bool:
    """PLACE-1: visits, calls to a telephone that stands there, letters to it."""
    place = place_reached(view)
    if place is None or not reaches_consumer(view) or not ruled_out_place(view, place):
        return False
    return not (leave_for_place(view, place) or court_allows(view) or answers_now(view))


def known_to_be_there(view: View) -> bool:
    """PLACE-1: media that travel, while the one reached is known to be at the place."""
    if not reaches_consumer(view) or place_reached(view) is not None or view.channel in {"letter", "fax", "visit"}:
        return False
    place = where_now(view)
    return place is not None and ruled_out_place(view, place) and not (court_allows(view) or answers_now(view))


def where_now(view: View) -> str | None:
    """Return where the one reached is known to be now."""
    known = [
        event
        for event in view.history
        if event["event"] == "whereabouts" and event.get("person", view.speaker(event)) == view.whom
    ]
    there = [each for each in known if (each["until"] >= view.at if "until" in each else view.day_of(each) == view.day)]
    return str(there[-1]["place"]) if there else None


def work_closed(view: View) -> bool:
    """Say whether the firm knows, or has reason to know, that the employer forbids contact at work."""
    told = view.whom == "borrower" and any(event["event"] == "employer_forbids_contact" for event in view.history)
    return told or ruled_out_place(view, "work")


def employer_forbids(view: View) -> bool:
    """WORK-1."""
    if place_reached(view) != "work" or not reaches_consumer(view):
        return False
    return work_closed(view) and not leave_for_place(view, "work") and not court_allows(view)


def known_at_work(view: View) -> bool:
    """WORK-1 with PLACE-1: a mobile that rings while its owner is known to be at work."""
    if not reaches_consumer(view) or view.channel not in PLACED or place_reached(view) is not None:
        return False
    if where_now(view) != "work" or not work_closed(view) or consents(view):
        return False
    return not (court_allows(view) or answers_now(view))


def clock(view: View, event: Row) -> int:
    """Return the minute of the day of an event."""
    return minutes(view.local(event["at"]))
