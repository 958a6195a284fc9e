"""Rules on when, how often, by what way and with whom."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, cast

from tests.law.independent import cn_people as people
from tests.law.independent.cn_view import BEIJING, Row, View, minute_of

MORNING: Final = 8 * 60
NIGHT: Final = 22 * 60
DAY: Final = 24 * 60
ANSWERED: Final = frozenset({"conversation", "answered_no_talk", "silent_hangup"})
UNANSWERED: Final = frozenset({"ring_out", "busy", "voicemail", "not_in_service", "mailbox_full", "undelivered"})

# Hours (CN-TIME-01, CN-TIME-02)


def _open(view: View) -> bool:
    """Say whether the whole contact lies in the day, or in agreed hours, wherever the borrower may be."""
    began = cast("datetime", view.act.get("began_at") or view.at)
    lasted = -((began - view.at) // timedelta(minutes=1))
    by_day = frozenset(range(MORNING, NIGHT))
    windows = [by_day, *(by_day | _minutes(hours) for hours in _agreed_hours(view))]
    stretches = [_stretch(minute_of(view.at, zone), lasted) for zone in view.zones]
    return any(all(stretch <= window for stretch in stretches) for window in windows)


def _stretch(minute: int, lasted: int) -> frozenset[int]:
    """Return every minute of the clock that a contact touches."""
    return frozenset((minute - back) % DAY for back in range(lasted + 1))


def _minutes(hours: tuple[int, int]) -> frozenset[int]:
    start, end = hours
    return frozenset(range(start, end)) if start <= end else frozenset((*range(start, DAY), *range(end)))


def _agreed_hours(view: View) -> Iterator[tuple[int, int]]:
    """Return hours that the listener agreed to for this channel and did not take back."""
    taken_back = _taken_back(view)
    for event in view.events("consent"):
        if not (event.get("hours") and event.get("to") is not None and _agreed_by_listener(view, event)):
            continue
        if taken_back is None or event["at"] > taken_back:
            yield cast("tuple[int, int]", event["hours"])


def _for_channel(view: View, event: Row) -> bool:
    return event.get("to") in {None, "contact", view.act.get("channel")}


def _taken_back(view: View) -> datetime | None:
    """Return when the listener last took back what was agreed for this channel."""
    withdrawn = [
        cast("datetime", event["at"])
        for event in view.events("consent_withdrawn", about_loan=False)
        if people.speaker(view, event) == view.who and _for_channel(view, event)
    ]
    return max(withdrawn, default=None)


def _agreed_by_listener(view: View, event: Row) -> bool:
    """Say whether the listener agreed with this firm, or the one for which it works, for this telephone."""
    return (
        people.speaker(view, event) == view.who
        and _for_channel(view, event)
        and event.get("given_to") in {None, view.firm, view.actor}
        and (event.get("number") is None or _line(view, event) == _line(view, view.act))
        and (event.get("until") is None or view.at <= event["until"])
    )


def _line(view: View, row: Row) -> str:
    """Return the telephone; where none is named the borrower's own mobile is meant."""
    numbers = cast("tuple[Row, ...]", view.case.borrower.get("numbers") or ())
    mobile = next((number["id"] for number in numbers if number.get("line") == "mobile"), "mobile")
    return str(row.get("number") or mobile)


def _at_night(view: View) -> bool:
    return view.collects and not _open(view)


def standard_hours(view: View) -> bool:
    return people.standard(view) and _at_night(view)


def guide_hours(view: View) -> bool:
    """Refuse calls, visits and messages; letters are a way of collection of their own (CN-SCOPE-02)."""
    return people.guide(view) and view.act.get("channel") != "letter" and _at_night(view)


# Calls a day (CN-FREQ-01 to -03)


def _can_answer(row: Row) -> bool:
    """Say whether the voice can answer: a person's, or a talking machine's."""
    if row.get("mode") in {"prerecorded", "ringless"}:
        return row.get("interactive") is True
    return row.get("interactive") is not False


def _calls_today(view: View) -> Iterator[Row]:
    """Return the firm's earlier collection calls to the same person on the same day in Beijing."""
    today = view.at.astimezone(BEIJING).date()
    began = view.act.get("began_at")
    for event in view.events("contact", about_loan=False):
        at = cast("datetime", event["at"])
        here = event.get("channel") in {"call", "voicemail"} and at.astimezone(BEIJING).date() == today
        if view.collected(event) and here and view.same_person(event) and (began is None or at < began):
            yield event


def _answered(call: Row, *, interactive: bool) -> bool:
    return bool(call["channel"] == "call") and _can_answer(call) == interactive and call.get("outcome") in ANSWERED


def three_a_day(view: View) -> bool:
    if not (people.standard(view) and view.collects and view.act.get("channel") == "call" and _can_answer(view.act)):
        return False
    return sum(_answered(call, interactive=True) for call in _calls_today(view)) >= 3


def announcements(view: View) -> bool:
    call = view.collects and view.act.get("channel") == "call"
    if not (people.standard(view) and call and not _can_answer(view.act)):
        return False
    return sum(_answered(each, interactive=False) for each in _calls_today(view)) >= 3


def six_unanswered(view: View) -> bool:
    """Count messages left on an answering machine as attempts that nobody answered."""
    if not (people.guide(view) and view.collects and view.act.get("channel") in {"call", "voicemail"}):
        return False
    failed = [
        call
        for call in _calls_today(view)
        if _line(view, call) == _line(view, view.act)
        and (call["channel"] == "voicemail" or call.get("outcome") in UNANSWERED)
    ]
    return len(failed) >= _attempts(view)


def _attempts(view: View) -> int:
    """Return how many attempts a day may go unanswered: six, unless the person agreed otherwise."""
    taken_back = _taken_back(view)
    agreed = [
        int(event["attempts_a_day"])
        for event in view.events("consent")
        if event.get("attempts_a_day") is not None
        and _agreed_by_listener(view, event)
        and (taken_back is None or event["at"] > taken_back)
    ]
    return agreed[-1] if agreed else 6


# Devices and accounts (CN-CH-01)


def _own_device(view: View) -> bool:
    if not (view.by_agency and view.about_debt and view.act["device"] != "firm"):
        return False
    return not any(
        view.actor in {event.get("agency"), event.get("given_to")} and _for_channel(view, event)
        for event in view.events("lender_consent", about_loan=False)
    )


def convention_device(view: View) -> bool:
    return people.convention(view) and _own_device(view)


def guide_device(view: View) -> bool:
    return people.guide(view) and _own_device(view)


def _other_account(view: View) -> bool:
    return bool(view.act["payee"] != "lender_designated")


def convention_payee(view: View) -> bool:
    return people.convention(view) and _other_account(view)


def guide_payee(view: View) -> bool:
    return people.guide(view) and _other_account(view)


# With whom (CN-WHO-01 to -07)


def standard_ground(view: View) -> bool:
    return people.standard(view) and people.left_alone(view)


def guide_unrelated(view: View) -> bool:
    return people.guide(view) and people.left_alone(view)


def card_third_party(view: View) -> bool:
    return people.card(view) and people.left_alone(view)


def finance_company_third_party(view: View) -> bool:
    return people.finance_company(view) and people.left_alone(view)


def named_beforehand(view: View) -> bool:
    """Ask for a name given beforehand, of all but heirs and those who came to the firm."""
    welcome = people.named_beforehand(view) or people.may_inherit(view) or people.came_forward(view)
    return people.convention(view) and people.approached(view) and not welcome


def no_basis(view: View) -> bool:
    scraped = (view.person or {}).get("source") == "scraped_phone_book" and not people.came_forward(view)
    return view.outbound and people.third_party(view) and scraped


def standard_optout(view: View) -> bool:
    return people.standard(view) and _rung_again(view)


def guide_optout(view: View) -> bool:
    return people.guide(view) and _rung_again(view)


def _rung_again(view: View) -> bool:
    return view.outbound and people.third_party(view) and people.opted_out(view)


def _asks_guarantor(view: View) -> bool:
    return people.guarantor(view) and view.collects


def guarantor_period(view: View) -> bool:
    return _asks_guarantor(view) and not people.ordinary(view) and people.guarantee_over(view)


def guarantor_ordinary(view: View) -> bool:
    return _asks_guarantor(view) and people.ordinary_too_early(view)


# Pauses


def no_contact_order(view: View) -> bool:
    """Hold the firm, and who works for it, to a police order while it runs (CN-PSA-01)."""
    return view.outbound and any(
        order.get("against") in {None, view.actor, view.firm}
        and _protects(order) == view.who
        and (order.get("until") is None or view.at <= order["until"])
        for order in view.events("no_contact_order", about_loan=False)
    )


def _protects(order: Row) -> str:
    return str(order.get("person") or order.get("with") or "borrower")


def plan_kept(view: View) -> bool:
    """Say whether a plan about the loan runs and is kept."""
    agreed, broken = view.last("plan_agreed"), view.last("plan_broken")
    return agreed is not None and (broken is None or agreed["at"] > broken["at"])


def collection_stops(view: View) -> bool:
    collecting = view.collects if view.kind == "contact" else True
    return people.card(view) and collecting and plan_kept(view)


def paid_off(view: View) -> bool:
    return view.collects and any(view.events("settled"))


# Visits (CN-ID-01, CN-VISIT-01)


def _visit(view: View) -> bool:
    return view.act.get("channel") == "visit" and view.outbound


def two_collectors(view: View) -> bool:
    return people.guide(view) and _visit(view) and view.about_debt and (view.act.get("collectors") or 0) < 2


def _shows_nothing(view: View) -> bool:
    return _visit(view) and view.about_debt and view.act.get("shows_id") is not True


def convention_shows(view: View) -> bool:
    return people.convention(view) and _shows_nothing(view)


def guide_shows(view: View) -> bool:
    return people.guide(view) and _shows_nothing(view)


def leave_to_enter(view: View) -> bool:
    inside = (
        view.act.get("channel") == "visit"
        and view.act.get("enters") is True
        and view.act.get("place") in {None, "home"}
    )
    return inside and not _let_in(view)


def _let_in(view: View) -> bool:
    """Say whether the resident let the collectors in and has not sent them away since."""
    home = {None, "enter_home"}
    leave = [
        event["at"]
        for event in view.events("consent", about_loan=False)
        if event.get("to") == "enter_home" and event.get("given_to") in {None, view.firm, view.actor}
    ]
    away = [
        event["at"]
        for event in view.events("entry_refused", "told_to_leave", "consent_withdrawn", about_loan=False)
        if event["event"] != "consent_withdrawn" or event.get("to") in home
    ]
    return bool(leave) and (not away or max(leave) > max(away))


def go_when_told(view: View) -> bool:
    return view.act.get("channel") == "visit" and view.act.get("stays_after_told_to_leave") is True


def _untaped(view: View, *channels: str) -> bool:
    return view.collects and view.act.get("channel") in channels and view.act["recorded"] is False


def guide_recording(view: View) -> bool:
    return people.guide(view) and _untaped(view, "call", "voicemail", "visit")


def convention_recording(view: View) -> bool:
    """Ask for a recording of every visit about the debt."""
    return people.convention(view) and _visit(view) and view.about_debt and view.act["recorded"] is False


def card_recording(view: View) -> bool:
    return people.card(view) and _untaped(view, "call", "voicemail", "visit")
