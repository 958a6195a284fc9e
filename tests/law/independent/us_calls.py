"""How often, and by machine: the federal judge's functions on the telephone. Each says whether its rule refuses."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from tests.law.independent.us_contact import (
    ADVISERS,
    DAY_BEGINS,
    DAY_ENDS,
    clock,
    consents,
    goes_on,
    last_place,
    place_of,
    reaches_out,
    spoken_for,
    this_day,
    within,
)
from tests.law.independent.us_view import ELECTRONIC, PLACED, UNCONNECTED, Row, View, days_between

MACHINES: Final = ("prerecorded", "ai_voice")
MANY_MESSAGES: Final = 20  # unanswered in seven days: our reading of "many texts a day for several days"
AS_MANY: Final = 7  # unanswered calls, and as many messages beside them


def counts_as_call(view: View) -> bool:
    """FREQ-1, FREQ-3c, FREQ-5: the firm places a call to somebody whose calls are counted."""
    return reaches_out(view) and view.channel in PLACED and view.relation not in ADVISERS and not goes_on(view)


def of_this_debt(view: View, event: Row) -> bool:
    """FREQ-4: what was truly talked about decides, where it is told; student loans under one number are one debt."""
    talked = event.get("discussed")
    if talked is None or (view.debt != view.loan_id and view.loan_id not in talked):
        return view.concerns(event)
    return view.loan_id in talked


def with_same(view: View, event: Row) -> bool:
    """Say whether an earlier contact of this firm was with the one reached."""
    return (
        event["event"] == "contact" and event.get("with", "borrower") == view.whom and view.firm_of(event) == view.actor
    )


def is_talk(view: View, event: Row) -> bool:
    """FREQ-2: a telephone conversation with the one reached about this debt, whoever called."""
    talk = event.get("channel") == "call" and event.get("outcome") == "conversation"
    return talk and with_same(view, event) and of_this_debt(view, event)


def agreed_to(view: View, event: Row, earlier: Sequence[Row]) -> bool:
    """FREQ-3a: whether an earlier contact was made with consent that stood then: seven days, the first is its own."""
    mine = -1
    over = -1
    for each in earlier:
        place = place_of(view, each)
        if (
            each["event"] == "contact"
            and with_same(view, each)
            and each.get("channel") == "call"
            and each.get("outcome") == "conversation"
        ):
            over = place if share_a_debt(view, each, event) else over
        elif (
            each["event"] == "refused_channel" and each.get("channel") == "call" and view.speaker(each) == view.whom
        ) or (
            each["event"] == "consent_withdrawn"
            and view.speaker(each) == view.whom
            and spoken_for(event["channel"], each.get("to"))
        ):
            over = place
        elif (
            each["event"] == "consent"
            and view.speaker(each) == view.whom
            and each.get("person") is None
            and covers(view, each, event)
        ):
            mine = place
    return mine > over


def share_a_debt(view: View, first: Row, second: Row) -> bool:
    """Say whether two events are about a common debt."""
    return bool(view.debts_of(first) & view.debts_of(second))


def covers(view: View, consent: Row, event: Row) -> bool:
    """Say whether a consent reaches an earlier contact."""
    day, until = view.day_of(event), consent.get("until")
    forbidden = consent.get("in_last_contact") and not DAY_BEGINS <= clock(view, consent) < DAY_ENDS  # the hour only
    return (
        not forbidden
        and consent.get("given_to", view.actor) == view.actor
        and spoken_for(event["channel"], consent.get("to"))
        and share_a_debt(view, consent, event)
        and days_between(view.day_of(consent), day) <= 6
        and consent.get("on") in {None, day}
        and (until is None or until >= event["at"])
        and consent.get("number") in {None, event.get("number")}
        and within(consent.get("hours"), clock(view, event))
    )


def agreed_now(view: View) -> bool:
    """FREQ-3a: whether the try is made with consent, at most seven days old, that nothing has used up."""
    mine = last_place(view, (each for each in consents(view) if days_between(view.day_of(each), view.day) <= 6))
    over = (
        event
        for event in view.history
        if is_talk(view, event)
        or (event["event"] == "refused_channel" and event.get("channel") == "call" and refused_us(view, event))
    )
    return mine > last_place(view, over)


def refused_us(view: View, event: Row) -> bool:
    """Say whether the one reached refused."""
    return view.speaker(event) == view.whom


def before(view: View, event: Row) -> list[Row]:
    """Return what stands in the history before an event."""
    return list(view.case.history[: place_of(view, event)])


def eighth_call(view: View) -> bool:
    """FREQ-1."""
    if not counts_as_call(view) or agreed_now(view):
        return False
    placed = [
        event
        for event in view.history
        if with_same(view, event)
        and event.get("direction") == "out"
        and event.get("channel") in PLACED
        and event.get("purpose") != "marketing"
        and of_this_debt(view, event)
        and event.get("outcome") not in UNCONNECTED
        and days_between(view.day_of(event), view.day) <= 6
        and not agreed_to(view, event, before(view, event))
    ]
    return len(placed) >= 7


def after_talk(view: View) -> bool:
    """FREQ-2: the day of the talk is day one of seven."""
    if not counts_as_call(view) or agreed_now(view):
        return False
    return any(is_talk(view, event) and days_between(view.day_of(event), view.day) <= 6 for event in view.history)


def unanswered(view: View, channels: Sequence[str]) -> int:
    """Return how many tries of the last seven days to reach the person arrived unasked, and found no answer."""
    heard = max(
        (
            e["at"]
            for e in view.history
            if with_same(view, e) and (e.get("direction") == "in" or e.get("outcome") in {"conversation", "met"})
        ),
        default=None,
    )
    return sum(
        with_same(view, event)
        and event.get("direction") == "out"
        and event.get("channel") in channels
        and event.get("outcome") not in {*UNCONNECTED, "bounced", "undelivered"}
        and days_between(view.day_of(event), view.day) <= 6
        and (heard is None or event["at"] > heard)
        and not agreed_to(view, event, before(view, event))
        for event in view.history
    )


def pushes(view: View) -> bool:
    """Say whether the try is one more unasked push, by a medium that reaches at once."""
    if not reaches_out(view) or view.relation in ADVISERS or view.channel in {"letter", "fax"} or agreed_now(view):
        return False
    return view.purpose not in {"required_notice", "answer_to_borrower"}


def unanswered_messages(view: View) -> bool:
    """HAR-1."""
    return pushes(view) and unanswered(view, ELECTRONIC) >= MANY_MESSAGES


def cumulative(view: View) -> bool:
    """HAR-1."""
    return pushes(view) and unanswered(view, PLACED) >= AS_MANY and unanswered(view, ELECTRONIC) >= AS_MANY


def machine_speaks(view: View) -> bool:
    """TCPA-1, TCPA-6: whoever calls with a recorded or artificial voice, lenders too."""
    return view.goes_out and view.channel in PLACED and view.get("mode", "live") in MACHINES


def machine_to_mobile(view: View) -> bool:
    """TCPA-1, TCPA-5, TCPA-6."""
    return machine_speaks(view) and view.number.get("line", "mobile") == "mobile" and not machine_consent(view)


def machine_consent(view: View) -> bool:
    """TCPA-1: consent to machine voices, or to calls to this telephone, to whichever firm."""
    here = [
        each
        for each in view.history
        if view.speaker(each) == view.whom and each.get("number") in {None, view.get("number")}
    ]
    given = (
        each
        for each in here
        if each["event"] == "consent" and spoken_for(view.channel, each.get("to")) and this_day(view, each)
        and (each.get("mode", "live") in {*MACHINES, "ringless"} or each.get("number") is not None)
    )  # fmt: skip
    over = (
        each
        for each in here
        if (each["event"] == "consent_withdrawn" and spoken_for(view.channel, each.get("to")))
        or (each["event"] == "refused_channel" and each.get("channel") in PLACED)
    )
    return last_place(view, given) > last_place(view, over)


def machine_to_home(view: View) -> bool:
    """TCPA-2: three in thirty days, and none that sells."""
    if (
        not machine_speaks(view)
        or view.number.get("line") != "landline"
        or view.number.get("place", "home") != "home"
        or machine_consent(view)
    ):
        return False
    made = [
        event
        for event in view.history
        if event["event"] == "contact"
        and view.firm_of(event) == view.actor
        and event.get("direction") == "out"
        and event.get("channel") in PLACED
        and event.get("mode") in MACHINES
        and event.get("number") == view.get("number")
        and in_last_thirty(view, view.day_of(event))
    ]
    return view.purpose == "marketing" or len(made) >= 3


def in_last_thirty(view: View, day: date) -> bool:
    """Say whether a day is one of the thirty that end today."""
    return day > view.day - timedelta(days=30)


def sells_late(view: View) -> bool:
    """TCPA-4."""
    sells = view.purpose == "marketing" or view.says("advert_no_debt")
    if not view.goes_out or view.channel not in (*PLACED, "sms") or not sells:
        return False
    return not all(DAY_BEGINS <= minute < DAY_ENDS for minute in view.all_minutes)
