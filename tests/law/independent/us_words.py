"""What is said and shown: the federal judge's functions on wording. Each says whether its rule refuses."""

from typing import Final

from tests.law.independent.us_contact import (
    binds,
    goes_on,
    is_consumer,
    owes_too,
    place_of,
    reaches_consumer,
    reaches_out,
)
from tests.law.independent.us_people import asks_location, has_judgment, suit_is_meant
from tests.law.independent.us_view import ELECTRONIC, PLACED, Row, View

LINES: Final = ("short_collector_line", "full_collector_line")
MAY_STAND_BESIDE: Final = frozenset({"limited_content_message", "neutral_business_name", "gives_own_name"})
WRITTEN: Final = ("sms", "im", "email", "letter", "fax", "social_private", "social_public")
NOT_OF_DEBT: Final = frozenset({"advert_no_debt", "unrelated_to_the_debt", "opt_out_confirmation"})


def speaks(view: View) -> bool:
    """Say whether a bound firm speaks: in a contact that it starts, or in a demand."""
    return binds(view) and view.get("direction", "out") == "out"


def to_machine(view: View) -> bool:
    """Say whether the words go to an answering machine."""
    return view.channel == "voicemail" or (view.channel == "call" and view.get("outcome") == "voicemail")


def is_limited(view: View) -> bool:
    """DEF-3: a voicemail with the required items and nothing else."""
    return to_machine(view) and view.says("limited_content_message") and view.content <= MAY_STAND_BESIDE


def only_confirms(view: View) -> bool:
    """MEDIA-2: nothing but the confirmation."""
    return view.content == {"opt_out_confirmation"}


def lacks_way_out(view: View) -> bool:
    """OPT-1."""
    if not reaches_consumer(view) or view.channel not in ELECTRONIC or not view.stated:
        return False
    return not view.says("opt_out_line") and not only_confirms(view)


def hard_way_out(view: View) -> bool:
    """OPT-1."""
    return reaches_consumer(view) and view.channel in ELECTRONIC and view.says("opt_out_needs_ssn")


def hidden_friend(view: View) -> bool:
    """REP-5."""
    asks = view.says("friend_request")
    if not reaches_out(view) or not (asks or view.channel in {"social_private", "social_public"}):
        return False
    return view.says("hides_collector") or (asks and not view.says(*LINES))


def postcard(view: View) -> bool:
    """MAIL-1."""
    return reaches_out(view) and view.says("postcard")


def envelope(view: View) -> bool:
    """MAIL-1."""
    return reaches_out(view) and view.says("envelope_shows_debt")


def limited_and_more(view: View) -> bool:
    """DEF-3: any other word makes it an ordinary message, which names the collector."""
    if not reaches_consumer(view) or not to_machine(view) or not view.says("limited_content_message"):
        return False
    return not is_limited(view) and not view.says(*LINES)


def got_through(event: Row) -> bool:
    """Say whether words reached somebody: by ear, in writing, or in a mailbox."""
    outcome = event.get("outcome")
    if outcome is None:
        return event.get("channel") not in {"call", "visit"}
    return outcome in {"conversation", "delivered", "met", "voicemail"}


def told_of_debt(event: Row) -> bool:
    """Say whether an earlier contact told of the debt; one whose words are not known is taken to have."""
    said = frozenset(event.get("content", ()))
    in_machine = event.get("channel") == "voicemail" or event.get("outcome") == "voicemail"
    limited = in_machine and "limited_content_message" in said and said <= MAY_STAND_BESIDE
    empty = "no_message" in said or (len(said) == 1 and said <= NOT_OF_DEBT)
    return not limited and not empty and event.get("purpose") != "marketing"


def bounced(view: View) -> dict[int, Row]:
    """Return the bounces by the place of what came back: the last message through that medium, to that mailbox."""
    found = {}
    for bounce in view.events("bounce"):
        sent = [
            event
            for event in view.case.history[: place_of(view, bounce)]
            if (
                event["event"] == "validation_notice"
                or (event["event"] == "contact" and event.get("direction") == "out")
            )
            and view.debts_of(event) & view.debts_of(bounce)
            and bounce.get("channel") in {None, event.get("channel", event.get("how"))}
            and (None in {bounce.get("address"), event.get("address")} or bounce["address"] == event["address"])
        ]
        if sent:
            found[place_of(view, sent[-1])] = bounce
    return found


def communicates(view: View, event: Row) -> bool:
    """DEF-2, VAL-2: an earlier event that brought information about the debt to whom it reached."""
    if place_of(view, event) in bounced(view):
        return False
    if event["event"] == "validation_notice":
        return True
    reached = event.get("direction") == "out" or event.get("outcome") == "conversation"
    return event["event"] == "contact" and got_through(event) and told_of_debt(event) and reached


def communications(view: View) -> list[Row]:
    """Return this firm's earlier communications with the consumer about the debt."""
    return [
        event
        for event in view.events("contact", "validation_notice")
        if view.firm_of(event) == view.actor
        and is_consumer(view, str(event.get("with", "borrower")))
        and communicates(view, event)
    ]


def needs_any_line(view: View) -> bool:
    """REP-4: a limited-content message bears no line that could be in another language."""
    return reaches_consumer(view) and not is_limited(view)


def needs_line(view: View) -> bool:
    """REP-3: a communication with the consumer whose words are told."""
    if not reaches_consumer(view) or not view.stated or goes_on(view):
        return False
    return not is_limited(view) and not only_confirms(view) and not view.says("no_message")


def written_before(view: View) -> bool:
    """Say whether the firm wrote to the consumer about the debt before."""
    return any(
        event["event"] == "validation_notice" or event.get("channel") in WRITTEN for event in communications(view)
    )


def needs_full_line(view: View) -> bool:
    """REP-3: the first communication, and the first in writing after an oral one."""
    return not communications(view) or (view.channel in WRITTEN and not written_before(view))


def first_line(view: View) -> bool:
    """REP-3: the model form has the line in words of its own."""
    return needs_line(view) and needs_full_line(view) and not view.says("full_collector_line", "model_form")


def later_line(view: View) -> bool:
    """REP-3: every later communication."""
    return needs_line(view) and not needs_full_line(view) and not view.says(*LINES, "model_form")


def line_language(view: View) -> bool:
    """REP-4."""
    spoken, line = view.get("language"), view.get("disclosure_language")
    return needs_any_line(view) and None not in {spoken, line} and spoken != line


def foul_words(view: View) -> bool:
    """HAR-2."""
    return speaks(view) and view.says(
        "threat_of_violence", "abuse", "obscene_language", "publishes_names", "public_humiliation", "public_display",
        "insults_origin_or_faith", "threat_of_device", "spreads_private_matters",
    )  # fmt: skip


def anonymous(view: View) -> bool:
    """HAR-2: a location caller gives his own name only; a limited-content message discloses enough."""
    if not reaches_out(view) or view.channel not in PLACED:
        return False
    if view.says("anonymous", "hides_caller_name"):
        return True
    return view.get("identified") is False and not asks_location(view) and not is_limited(view)


def stays(view: View) -> bool:
    """HAR-1."""
    return reaches_out(view) and view.channel == "visit" and view.get("stays_after_told_to_leave") is True


def false_status(view: View) -> bool:
    """REP-2: who writes and hides who he is poses as another; of calls HAR-2 says it."""
    if not speaks(view):
        return False
    hides = view.says("anonymous", "hides_caller_name") and view.channel not in PLACED
    return hides or view.says("hides_collector") or any(flag.startswith("poses_as_") for flag in view.content)


def falsehood(view: View) -> bool:
    """REP-2."""
    if not speaks(view):
        return False
    owes = view.whom == "borrower" or owes_too(view, view.whom)
    return (view.says("says_listener_must_pay") and not owes) or view.says(
        "false_statement", "wrong_amount", "invented_blacklist", "false_promise", "says_court_will_surely_order",
        "promises_one_off_credit_repair",
    )  # fmt: skip


def unlawful_threat(view: View) -> bool:
    """REP-1; of violence HAR-2 says it."""
    return speaks(view) and view.says(
        "threat_of_arrest", "threat_of_listing", "threat_of_spending_ban", "threat_of_disclosure", "threat_of_device",
    )  # fmt: skip


def threatens_wages(view: View) -> bool:
    """REP-1: only after judgment, and meant."""
    return (
        speaks(view)
        and view.says("threat_of_garnishment")
        and (not has_judgment(view) or view.get("intended") is False)
    )


def not_meant(view: View) -> bool:
    """REP-1: suit or another step that is not meant."""
    if not speaks(view):
        return False
    announces = view.says("threat_of_suit", "says_remedy_will_be_used", "states_suit_date")
    return view.says("threat_of_suit_not_intended") or (announces and not suit_is_meant(view))
