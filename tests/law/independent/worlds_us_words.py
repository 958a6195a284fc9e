"""Scenes of random federal worlds on media, third parties, words, machines and many messages."""

from datetime import timedelta
from typing import Final

from tests.law.independent.worlds import Scene
from tests.law.independent.worlds_us_tools import LINED, OUR, contacted, daytime, reaches


def media(scene: Scene) -> None:
    """Media, numbers and mailboxes refused; confirmation, answer, required notices; consent after it."""
    dice = scene.dice
    channel = dice.one("sms", "sms", "email", "call", "letter")
    whom = dice.weighted({"borrower": 6, "mary": 1, "nia": 1})
    speaker = None if whom == "borrower" else whom
    named = (
        {"number": dice.one(None, None, "m1")}
        if channel in {"sms", "call"}
        else {"address": dice.one(None, "e1")}
        if channel == "email"
        else {}
    )
    at = daytime(scene, -dice.one(0, 3))
    scene.happened("refused_channel", at, channel=channel, by=speaker, **named)
    later = at + timedelta(minutes=5)
    if dice.chance(30):
        contacted(scene, later, channel, content=("opt_out_confirmation",), **{"with": whom}, **named)
    if dice.chance(35):
        contacted(
            scene,
            at + timedelta(minutes=10),
            channel,
            direction="in",
            outcome="delivered",
            **{"with": whom},
            by=dice.weighted({None: 9, "X1": 1}),
            **named,
        )
        if dice.chance(30):
            contacted(scene, at + timedelta(minutes=15), channel, **{"with": whom}, **named)
    if dice.chance(20):
        scene.happened(
            "consent",
            at + timedelta(minutes=dice.one(-60, 20)),
            to=channel,
            given_to=dice.one(OUR, "L1"),
            given_by=speaker,
            **named,
        )
    for _ in range(dice.randint(3, 6)):
        content = dice.one(
            None,
            None,
            ("opt_out_confirmation",),
            ("opt_out_confirmation", "payment_request", "short_collector_line", "opt_out_line"),
        )
        again = {key: value if dice.chance(70) else None for key, value in named.items()}
        reaches(
            scene,
            max(at + timedelta(minutes=dice.one(1, 30, 60)), scene.at(660)),
            dice.one(channel, channel, channel, "letter", "voicemail"),
            whom=whom,
            content=content,
            purpose=dice.one(None, "answer_to_borrower", "required_notice", "location" if whom == "nia" else None),
            **again,
        )


def left_alone(scene: Scene) -> None:
    """Third persons who asked to be left alone."""
    dice = scene.dice
    scene.happened("contact_optout", daytime(scene, -dice.one(1, 9)), by=dice.one("nia", "nia", "pat", "mary"))
    for _ in range(dice.randint(2, 4)):
        whom = dice.one("nia", "pat", "mary", "ortiz")
        reaches(scene, daytime(scene), dice.one("call", "letter"), whom=whom, purpose=dice.one("location", None))


def strangers(scene: Scene) -> None:
    """Who may know of the debt, and asking where the borrower is."""
    dice = scene.dice
    whom = dice.weighted({"nia": 5, "pat": 3, "eve": 1, "gus": 1})
    if dice.chance(30):
        scene.happened(
            "consent",
            daytime(scene, -9),
            to=dice.one("contact", "call"),
            person=whom,
            given_to=dice.one(OUR, OUR, "L1"),
        )
        if dice.chance(20):
            scene.happened("consent_withdrawn", daytime(scene, -8), person=whom, to=dice.one("contact", None))
    if dice.chance(15):
        scene.happened("court_permission", daytime(scene, -9), to="contact", person=dice.one(whom, "pat"))
    if dice.chance(20):
        scene.happened("judgment", daytime(scene, -9), loan="A")
    if dice.chance(25):
        scene.happened(
            "location_confirmed",
            daytime(scene, -dice.one(1, 9)),
            address=True,
            phone=dice.one(True, True, False),
            employer=dice.one(True, True, False),
        )
    _asked_before(scene, whom)
    for _ in range(dice.randint(3, 6)):
        _asks(scene, whom)


def _asked_before(scene: Scene, whom: str) -> None:
    """Whoever is asked may have been asked before, and have said when to come again."""
    dice = scene.dice
    if dice.chance(40):
        contacted(
            scene,
            daytime(scene, -8),
            dice.one("call", "call", "letter", "visit"),
            purpose="location",
            outcome=dice.one("conversation", "ring_out", "met", "delivered", None),
            content=dice.one(None, ("asks_for_whereabouts", "gives_own_name")),
            **{"with": whom},
        )
        if dice.chance(30):
            scene.happened(
                "location_lead",
                daytime(scene, -6),
                person=dice.one(whom, whom, "mary"),
                earlier_answer=dice.one("wrong", "incomplete", None),
                knows_now=dice.one(True, True, False),
            )
        if dice.chance(30):
            scene.happened(
                "consent",
                daytime(scene, -dice.one(6, 10)),
                by=whom,
                to=dice.one("call", "contact"),
                given_to=OUR,
                on=dice.one(None, scene.day),
            )


def _asks(scene: Scene, whom: str) -> None:
    """Propose to ask somebody where the borrower is, with words that may and may not be said."""
    dice = scene.dice
    content = dice.one(
        None,
        None,
        ("asks_for_whereabouts", "gives_own_name"),
        ("asks_for_whereabouts",),
        ("gives_own_name", "asks_for_whereabouts", "names_employer"),
        ("gives_own_name", "asks_for_whereabouts", "names_employer", "employer_asked_for"),
        ("gives_own_name", "asks_for_whereabouts", "debt_details"),
        ("gives_own_name", "asks_for_whereabouts", "postcard"),
        ("gives_own_name", "asks_who_acts_for_estate"),
        ("gives_own_name", "asks_for_whereabouts", "envelope_shows_debt"),
        ("gives_own_name", "asks_for_whereabouts", "short_collector_line"),
        ("debt_details", "full_collector_line", "opt_out_line"),
    )
    reaches(
        scene,
        daytime(scene),
        dice.weighted({"call": 5, "letter": 3, "visit": 1, "email": 1}),
        whom=whom,
        content=content,
        purpose=dice.weighted({"location": 7, None: 3, "post_judgment_remedy": 1, "marketing": 1}),
    )


def mailboxes(scene: Scene) -> None:
    """E-mail to mailboxes that the employer gave; voicemails on shared telephones; posts that others see."""
    dice = scene.dice
    if dice.chance(30):
        contacted(
            scene,
            daytime(scene, -9),
            "email",
            direction="in",
            address=dice.one("ew", "e1"),
            outcome="delivered",
            by=dice.one(None, None, "X1"),
        )
    if dice.chance(25):
        scene.happened(
            "consent",
            daytime(scene, -dice.one(8, 10)),
            to="email",
            address=dice.one("ew", "ew", None),
            given_to=dice.one(OUR, OUR, "L1"),
        )
    if dice.chance(15):
        scene.happened("consent_withdrawn", daytime(scene, -7), to="email", address=dice.one("ew", None))
    for _ in range(dice.randint(3, 6)):
        media = dice.weighted({"email": 6, "voicemail": 4, "social_public": 1, "social_private": 1, "sms": 1})
        content = dice.one(
            None,
            ("limited_content_message",),
            ("debt_details", *LINED, "opt_out_line"),
            ("debt_details", *LINED, "opt_out_line"),
            ("limited_content_message", "neutral_business_name"),
            ("limited_content_message", "state_required_sentence"),
            ("advert_no_debt",),
            ("friend_request", "hides_collector", "opt_out_line", "short_collector_line"),
            ("friend_request", "short_collector_line", "opt_out_line"),
            ("friend_request", "opt_out_line"),
        )
        reaches(
            scene,
            daytime(scene),
            media,
            content=content,
            address=dice.one("ew", "ew", "e1") if media == "email" else None,
            continues_last=True if dice.chance(25) else None,
            whom=dice.weighted({"borrower": 9, "ortiz": 1}),
            number=dice.one("s1", "s1", "h1", None) if media in {"voicemail", "sms"} else None,
            purpose=dice.weighted({None: 9, "marketing": 1}),
        )


FLAGS: Final = (
    "threat_of_violence", "obscene_language", "abuse", "public_display", "publishes_names", "public_humiliation",
    "insults_origin_or_faith", "spreads_private_matters", "threat_of_device", "hides_caller_name", "anonymous",
    "poses_as_court", "poses_as_police", "poses_as_government", "poses_as_lender", "poses_as_attorney",
    "poses_as_missed_delivery", "hides_collector", "false_statement", "wrong_amount", "false_promise",
    "invented_blacklist", "says_court_will_surely_order", "says_listener_must_pay", "threat_of_arrest",
    "threat_of_listing", "threat_of_spending_ban", "threat_of_disclosure", "threat_of_garnishment", "threat_of_suit",
    "threat_of_suit_not_intended", "states_suit_date", "says_remedy_will_be_used", "postcard", "envelope_shows_debt",
    "envelope_postal_marks", "opt_out_needs_ssn", "collection_fee_demanded", "payment_request", "urges_new_borrowing",
    "presses_for_single_payment", "time_barred_disclosure", "debt_details", "voluntary_payment_request",
)  # fmt: skip


def wording(scene: Scene) -> None:
    """Things that may not be said, one or two at a time."""
    dice = scene.dice
    if dice.chance(40):
        scene.happened(
            dice.one("judgment", "suit_decided", "suit_approved", "sued", "enforcement_order"),
            daytime(scene, -9),
            loan="A",
        )
    if dice.chance(30):
        scene.loans[0]["fees_in_contract"] = dice.one(
            False, ({"item": "collection_fee", "amount": 2500},), ({"item": "late_fee"},)
        )
    for _ in range(dice.randint(4, 8)):
        said = dice.sample(FLAGS, dice.one(1, 1, 1, 2))
        content = (*said, dice.one(*LINED), "opt_out_line")
        if dice.chance(12):
            scene.proposes(
                "demand", daytime(scene), loan="A", amount=100, content=content, intended=dice.one(None, True, False)
            )
            continue
        reaches(
            scene,
            daytime(scene),
            dice.weighted({"call": 4, "letter": 3, "email": 2, "sms": 1, "voicemail": 1, "visit": 1}),
            content=content,
            intended=dice.one(None, True, False),
            stays_after_told_to_leave=dice.one(None, None, True, False),
            direction=dice.weighted({None: 12, "in": 1}),
        )


def visits(scene: Scene) -> None:
    """Visits, and staying."""
    for _ in range(scene.dice.randint(2, 4)):
        reaches(
            scene,
            daytime(scene),
            "visit",
            place=scene.dice.one("home", None),
            stays_after_told_to_leave=scene.dice.one(True, False, None),
        )


def lines(scene: Scene) -> None:
    """Make the line of the collector and the way out, in first and later communications."""
    dice = scene.dice
    if dice.chance(60):
        scene.history = [event for event in scene.history if event["event"] != "validation_notice"]
    for _ in range(dice.randint(0, 2)):
        channel = dice.one("call", "letter", "email", "voicemail", "sms", "visit")
        contacted(
            scene,
            daytime(scene, -dice.one(8, 9, 10)),
            channel,
            outcome=dice.one(None, "conversation", "voicemail", "ring_out", "met", "delivered", "bounced"),
            content=dice.one(
                None,
                ("debt_details", "full_collector_line"),
                ("limited_content_message",),
                ("no_message",),
                ("advert_no_debt",),
            ),
            direction=dice.weighted({"out": 5, "in": 1}),
            purpose=dice.weighted({None: 8, "marketing": 1}),
            by=dice.weighted({None: 9, "X1": 1}),
            **{"with": dice.weighted({"borrower": 6, "mary": 1, "nia": 1})},
        )
    for _ in range(dice.randint(3, 6)):
        content = list(
            dice.some(
                (
                    "debt_details",
                    "short_collector_line",
                    "full_collector_line",
                    "opt_out_line",
                    "opt_out_line",
                    "payment_request",
                ),
                4,
            )
        )
        channel = dice.weighted(
            {"call": 3, "letter": 3, "email": 2, "sms": 2, "voicemail": 1, "im": 1, "social_private": 1}
        )
        extra = dice.one(
            (),
            (),
            ("limited_content_message",),
            ("opt_out_confirmation",),
            ("model_form",),
            ("advert_no_debt",),
            ("no_collector_line",),
            ("opt_out_needs_ssn",),
        )
        language = dice.one(None, None, "es", "en")
        reaches(
            scene,
            daytime(scene),
            channel,
            content=tuple(dict.fromkeys((*content, *extra))),
            language=language,
            disclosure_language=dice.one("es", "en", None) if language else None,
            whom=dice.weighted({"borrower": 8, "mary": 1, "ortiz": 1}),
            purpose=dice.weighted({None: 8, "marketing": 1, "servicing": 1}),
        )


def machines(scene: Scene) -> None:
    """Make recorded and artificial voices, to mobiles and home lines; calls that sell."""
    dice = scene.dice
    for _ in range(dice.weighted({0: 4, 2: 2, 3: 4, 4: 2})):
        contacted(
            scene,
            daytime(scene, -dice.one(8, 15, 28, 29, 30, 31)),
            dice.one("call", "call", "voicemail"),
            number=dice.one("h1", "h1", "h1", "m1"),
            mode=dice.one("prerecorded", "ai_voice", "prerecorded", None),
            outcome=dice.one("ring_out", "voicemail"),
        )
    if dice.chance(40):
        at = daytime(scene, -dice.one(40, 60))
        number = dice.one(None, "m1", "h1")
        scene.happened(
            "consent",
            at,
            to=dice.one("call", "call", "contact"),
            given_to=dice.one(OUR, "L1", "X1"),
            number=number,
            mode=dice.one("prerecorded", "ai_voice", None),
        )
        if dice.chance(30):
            scene.happened(
                "consent_withdrawn",
                daytime(scene, -dice.one(9, 13, 14, 15, 20)),
                to="call",
                number=number,
                mode="prerecorded",
            )
    for _ in range(dice.randint(3, 6)):
        minute = dice.one(1259, 1260, 479, 480, 700) if dice.chance(25) else dice.randint(700, 1140)
        selling = dice.chance(30)
        reaches(
            scene,
            scene.at(minute),
            dice.one("call", "call", "voicemail", "sms"),
            number=dice.one("m1", "h1", "w1", None),
            mode=dice.one("prerecorded", "ai_voice", "live", None, "ringless"),
            purpose="marketing" if selling else None,
            content=dice.one(None, ("advert_no_debt",)) if selling else None,
        )


def pushes(scene: Scene) -> None:
    """Many messages, and calls, that nobody answers."""
    dice = scene.dice
    about = tuple(str(each["id"]) for each in scene.loans)
    for _ in range(dice.weighted({7: 3, 6: 2, 19: 2, 20: 3, 24: 2})):
        contacted(
            scene,
            daytime(scene, -dice.randint(1, 6)),
            dice.weighted({"sms": 6, "email": 3, "im": 1}),
            about=about,
            outcome=dice.weighted({"delivered": 12, "bounced": 1}),
        )
    for _ in range(dice.weighted({0: 3, 6: 1, 7: 2})):
        contacted(scene, daytime(scene, -dice.randint(1, 6)), "call", about=about[:1], outcome="ring_out")
    if dice.chance(25):
        contacted(
            scene, daytime(scene, -dice.one(1, 3, 6)), dice.one("sms", "email"), direction="in", outcome="delivered"
        )
    for _ in range(dice.randint(2, 4)):
        reaches(
            scene,
            daytime(scene, dice.one(0, 0, 1)),
            dice.one("sms", "email", "visit", "letter", "call"),
            about=about[-1:] if dice.chance(50) else None,
            purpose=dice.weighted({None: 6, "answer_to_borrower": 1, "servicing": 1}),
        )
