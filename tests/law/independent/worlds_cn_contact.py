"""Contacts of random Chinese worlds."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.law.independent.worlds import Dice, Scene

FLAGS: Final = (
    "debt_details", "opt_out_line", "threat_of_arrest", "threat_of_suit_not_intended", "poses_as_court",
    "public_display", "asks_for_whereabouts", "asks_to_urge_payment", "asks_to_pass_message",
    "says_listener_must_pay", "asks_who_acts_for_estate", "takes_offered_payment", "poses_as_police",
    "poses_as_government", "poses_as_lender", "poses_as_attorney", "poses_as_missed_delivery", "threat_of_violence",
    "threat_of_listing", "threat_of_spending_ban", "threat_of_suit", "threat_of_garnishment", "threat_of_disclosure",
    "threat_of_device", "abuse", "obscene_language", "spreads_private_matters", "publishes_names",
    "public_humiliation", "insults_origin_or_faith", "anonymous", "invented_blacklist", "false_promise",
    "false_statement", "wrong_amount", "says_court_will_surely_order", "promises_one_off_credit_repair",
    "collection_fee_demanded", "urges_new_borrowing", "presses_for_single_payment", "presses_to_borrow_or_sell_home",
    "states_suit_date", "hides_caller_name", "hides_collector", "postcard", "envelope_shows_debt",
    "payment_request", "voluntary_payment_request", "settlement_offer", "offers_affordable_plan", "model_form",
    "says_remedy_will_be_used", "transfer_notice", "advert_no_debt", "unrelated_to_the_debt", "friend_request",
)  # fmt: skip
TO_OTHERS: Final = (
    "asks_for_whereabouts",
    "asks_to_pass_message",
    "debt_details",
    "debt_details",
    "asks_to_urge_payment",
    "says_listener_must_pay",
    "payment_request",
    "takes_offered_payment",
    "asks_who_acts_for_estate",
    "voluntary_payment_request",
    "settlement_offer",
    "envelope_shows_debt",
)
CHANNELS: Final = {
    "call": 50, "sms": 14, "im": 10, "email": 5, "letter": 8, "voicemail": 3, "social_private": 3, "social_public": 2,
    "fax": 1, "visit": 4,
}  # fmt: skip
PURPOSES: Final = {
    "collection": 10, "location": 4, "answer_to_borrower": 4, "servicing": 2, "required_notice": 2, "marketing": 1,
    "validation_notice": 1, "post_judgment_remedy": 1,
}  # fmt: skip


def propose(scene: Scene, at: datetime, **keys: Any) -> None:
    """Add a contact about one or more loans, mostly lawful in what it does not name."""
    dice = scene.dice
    known: dict[str, Any] = {"channel": dice.weighted(CHANNELS), "with": "borrower", "by": _by(scene), **keys}
    if "about" not in known:
        known["about"] = tuple(
            loan["id"] for loan in dice.sample(scene.loans, 1 if dice.chance(85) else len(scene.loans))
        )
    if not known["about"]:
        del known["about"]
    if known["channel"] == "visit":
        lawful = {"collectors": 2, "recorded": True, "shows_id": True, "enters": False, "place": "home"}
        known = {**lawful, **known}
    for change in _changes(dice):
        known = {**known, **change} if not set(change) & set(keys) else known
    scene.proposes("contact", at, **known)


def _by(scene: Scene) -> str | None:
    dice = scene.dice
    return dice.choice(scene.firms)["id"] if scene.firms and dice.chance(35) else dice.one("own", None)


def _changes(dice: Dice) -> list[dict[str, Any]]:
    """Return what else is odd about a contact: mostly nothing."""
    changes: list[dict[str, Any]] = []
    if dice.chance(12):
        changes.append({"direction": dice.one("in", "out")})
    if dice.chance(12):
        changes.append({"purpose": dice.weighted(PURPOSES)})
    if dice.chance(4):
        changes.append({"recorded": False})
    if dice.chance(4):
        changes.append({"identified": False})
    if dice.chance(3):
        changes.append({"device": "staff_own"})
    if dice.chance(3):
        changes.append({"payee": "staff_personal"})
    if dice.chance(3):
        changes.append({"about": ()})
    return changes


def _moment(scene: Scene, days: int = 0) -> datetime:
    return scene.at(scene.dice.one(None, 480, 481, 600, 720, 1000, 1319), days)


def to_borrower(scene: Scene) -> None:
    """Contact the borrower; settled debts, devices and accounts among what is odd."""
    dice = scene.dice
    if dice.chance(25):
        under_guide_alone(scene)
    if dice.chance(12):
        scene.happened("settled", scene.at(600, -dice.randint(0, 9)), loan=dice.choice(scene.loans)["id"])
    if dice.chance(25):
        scene.happened(
            "lender_consent", scene.at(600, -dice.randint(0, 5)), agency=dice.one("AG1", "AG2"),
            to=dice.one("im", "call", "sms", "contact"),
        )  # fmt: skip
    for _ in range(dice.randint(5, 9)):
        odd: dict[str, Any] = dice.one(
            {}, {"device": "staff_own"}, {"payee": "staff_personal"}, {"identified": False}, {"recorded": False}
        )
        propose(scene, _moment(scene), **odd)


def at_night(scene: Scene) -> None:
    """Contacts around the hours, agreed and not."""
    dice = scene.dice
    for _ in range(dice.randint(0, 3)):
        scene.happened(
            dice.one("consent", "consent", "consent_withdrawn"), scene.at(660, -dice.randint(0, 8)),
            to=dice.one("call", "call", "contact", "sms", "email"), given_to=dice.one("C1", "C1", "C1", "AG1", None),
            hours=dice.one((1350, 1410), (1320, 1439), (1380, 60), (360, 480), (0, 1439), None),
        )  # fmt: skip
        if scene.history[-1]["event"] == "consent_withdrawn":
            scene.history[-1].pop("hours", None)
    for _ in range(dice.randint(6, 10)):
        minute = dice.one(0, 30, 60, 359, 360, 479, 480, 540, 600, 1319, 1320, 1330, 1349, 1350, 1409, 1410, 1439)
        began = {}
        if dice.chance(15):
            began = {"began_at": scene.at(max(0, minute - dice.one(1, 15, 30))), "channel": "call"}
        propose(scene, scene.at(minute), **began)


def _call(scene: Scene, minute: int, **keys: Any) -> None:
    dice = scene.dice
    known: dict[str, Any] = {
        "channel": "call", "direction": "in" if dice.chance(10) else "out", "with": "borrower",
        "about": (dice.choice(scene.loans)["id"],), "by": _by(scene), **keys,
    }  # fmt: skip
    if dice.chance(5):
        del known["with"]
    if dice.chance(6):
        known["purpose"] = dice.weighted(PURPOSES)
    scene.happened("contact", scene.at(minute, -1 if dice.chance(8) else 0), **known)


def _voice(dice: Dice, *, announcing: bool) -> dict[str, Any]:
    if announcing:
        return {"mode": "prerecorded", **dice.one({"interactive": False}, {"interactive": False}, {})}
    return dice.one({}, {}, {"mode": "live"}, {"mode": "ai_voice", "interactive": True}, {"mode": "ai_voice"},
                    {"mode": "ai_voice", "interactive": False})  # fmt: skip


def many_calls(scene: Scene) -> None:
    """Call all day, up to the limits and beyond."""
    dice = scene.dice
    if dice.chance(20):
        scene.now = scene.now.replace(year=2024, month=dice.randint(6, 12), day=dice.randint(1, 28))
        scene.collector["lender_type"] = "bank"
        scene.loans = [{**loan, "product": "online_consumer_loan"} for loan in scene.loans]
    announcing = dice.chance(85 if scene.day < date(2025, 2, 28) else 20)
    unanswered = dice.chance(45)
    number = {"number": "n1"} if dice.chance(60) else {}
    if dice.chance(40):
        scene.borrower["numbers"] = (
            {"id": "n1", "line": dice.one("mobile", "landline")},
            {"id": "n2", "line": "landline"},
        )
    if unanswered and dice.chance(35):
        scene.happened(
            "consent", scene.at(600, -dice.randint(1, 9)), to=dice.one("call", "call", "contact"),
            given_to=dice.one("C1", "C1", None), attempts_a_day=dice.one(3, 7, 8), number=dice.one("n1", "n1", None),
        )  # fmt: skip
        if dice.chance(25):
            scene.happened("consent_withdrawn", scene.at(700, -dice.randint(0, 8)), to="call", given_to="C1")
    for index in range(dice.one(5, 6, 7, 8, 9) if unanswered else dice.one(1, 2, 3, 3, 4, 5)):
        failed = unanswered and dice.chance(92)
        outcome = (
            dice.one("ring_out", "busy", "voicemail", "not_in_service", "mailbox_full", "ring_out")
            if failed
            else dice.one("conversation", "conversation", "answered_no_talk", "silent_hangup", "wrong_number")
        )
        where = number if dice.chance(93) else dice.one({"number": "n2"}, {})
        _call(scene, 485 + index * 20, outcome=outcome, **where, **_voice(dice, announcing=announcing))
    for _ in range(dice.randint(5, 8)):
        voice = _voice(dice, announcing=announcing) if dice.chance(85) else _voice(dice, announcing=not announcing)
        days = dice.one(0, 0, 0, 0, 0, 1)
        channel = dice.one("call", "call", "call", "call", "call", "sms")
        propose(scene, scene.at(dice.one(700, 900, 1319), days), channel=channel, **number, **voice)


def under_guide_alone(scene: Scene) -> None:
    """Let only the bankers' guide bind: a bank, and a mortgage or a loan for business."""
    scene.collector["lender_type"] = "bank"
    scene.now = scene.now.replace(year=2026, month=scene.dice.randint(2, 11), day=scene.dice.randint(1, 28))
    scene.loans = [{**loan, "product": "home_mortgage"} for loan in scene.loans]


def under_standard_alone(scene: Scene) -> None:
    """Let only the national standard and the convention bind: a bank's online loans of 2025."""
    scene.collector["lender_type"] = "bank"
    scene.now = scene.now.replace(year=2025, month=scene.dice.randint(3, 12), day=scene.dice.randint(1, 28))
    scene.loans = [{**loan, "product": "online_consumer_loan"} for loan in scene.loans]


def under_company_rules_alone(scene: Scene) -> None:
    """Let only the rules on consumer finance companies bind: a mortgage of 2025."""
    under_standard_alone(scene)
    scene.collector["lender_type"] = "consumer_finance"
    scene.loans = [{**loan, "product": "home_mortgage"} for loan in scene.loans]


def words(scene: Scene) -> None:
    """Say and show things to the borrower."""
    dice = scene.dice
    if dice.chance(25):
        for _ in range(dice.one(1, 2, 2, 3)):
            scene.happened(
                "contact",
                scene.at(600, -dice.randint(1, 9)),
                channel="sms",
                direction=dice.one("out", "out", "in"),
                outcome="delivered",
                content=(
                    dice.one(
                        "abuse",
                        "obscene_language",
                        "threat_of_violence",
                        "threat_of_arrest",
                        "threat_of_disclosure",
                        "debt_details",
                        "public_humiliation",
                    ),
                ),
                **{"with": "borrower"},
            )
    loan = dice.choice(scene.loans)["id"]
    decided = dice.chance(35)
    if decided:
        name = dice.one("suit_approved", "suit_decided", "sued", "judgment", "enforcement_order", "demand_served")
        keys = (
            {"amount": 2_000_000, "perform_by": scene.day - timedelta(days=dice.one(1, 0, -1))}
            if name == "judgment"
            else {}
        )
        scene.happened(name, scene.at(600, -dice.randint(1, 20)), loan=loan, **keys)
    for _ in range(dice.randint(8, 12)):
        said = dice.one((dice.choice(FLAGS),), (dice.choice(FLAGS),), dice.some(FLAGS, 3))
        if decided and dice.chance(50):
            said = (dice.one("threat_of_suit", "states_suit_date", "threat_of_listing", "threat_of_garnishment"),)
        intended = {"intended": dice.one(True, False)} if dice.chance(10) else {}
        channel = dice.one("call", "call", "sms", "im", "letter", "email", "social_public", "social_private", "visit")
        propose(scene, _moment(scene), content=said, channel=channel, **intended)


def insults(scene: Scene) -> None:
    """Threats, insults and promises by lenders whom few texts bind."""
    dice = scene.dice
    if not scene.firms and dice.chance(50):
        scene.firms = [{"id": "AG1", "role": "agency"}]
        scene.happened("agency_engaged", scene.at(540, -20), agency="AG1", engaged_by="C1", lender_agrees=True)
    if dice.chance(60):
        scene.collector["lender_type"] = "private_lender"
        scene.loans = [{**loan, "product": "private_loan"} for loan in scene.loans]
    elif dice.chance(50):
        scene.collector["lender_type"] = dice.one("consumer_finance", "bank")
        scene.loans = [{**loan, "product": "home_mortgage"} for loan in scene.loans]
    if dice.chance(30):
        under_guide_alone(scene)
    elif dice.chance(25):
        dice.one(under_standard_alone, under_company_rules_alone)(scene)
    flags = (
        "abuse",
        "obscene_language",
        "threat_of_arrest",
        "threat_of_device",
        "threat_of_disclosure",
        "threat_of_violence",
        "threat_of_violence",
    )
    for _ in range(dice.one(0, 1, 2, 2, 3)):
        scene.happened(
            "contact", scene.at(600, -dice.randint(1, 9)), channel="sms", direction=dice.one("out", "out", "out", "in"),
            content=(dice.choice(flags),), **{"with": "borrower"},
        )  # fmt: skip
    if dice.chance(30):
        scene.happened("judgment", scene.at(600, -dice.randint(1, 20)), amount=2_000_000)
    if dice.chance(40):
        scene.happened("settled", scene.at(600, -dice.one(1, 30, 90, 200)), loan=dice.choice(scene.loans)["id"])
    for _ in range(dice.randint(7, 10)):
        others = (
            "promises_one_off_credit_repair",
            "promises_one_off_credit_repair",
            "promises_one_off_credit_repair",
            "threat_of_garnishment",
            "threat_of_listing",
            "spreads_private_matters",
            "poses_as_lender",
            "poses_as_lender",
            "poses_as_court",
            "collection_fee_demanded",
            "collection_fee_demanded",
        )
        said = dice.choice(flags) if dice.chance(45) else dice.choice(others)
        odd = {"purpose": "answer_to_borrower"} if dice.chance(40) else {}
        if said == "poses_as_lender" and scene.firms and dice.chance(90):
            odd["by"] = "AG1"
        propose(scene, _moment(scene), content=(said,), channel=dice.one("sms", "call", "im"), **odd)


def _person(dice: Dice, name: str, day: date) -> dict[str, Any]:
    person: dict[str, Any] = {
        "id": name,
        "relation": dice.one(
            "spouse",
            "emergency_contact",
            "emergency_contact",
            "family",
            "friend",
            "colleague",
            "neighbour",
            "employer",
            "unrelated",
            "parent",
            "attorney",
            "guardian",
            "executor",
            "creditor",
            "collector_attorney",
        ),
    }
    if dice.chance(65):
        person["source"] = dice.one("named_by_borrower", "named_by_borrower", "scraped_phone_book")
    if dice.chance(50) and person.get("source") != "scraped_phone_book":
        person["named_on"] = day - timedelta(days=300)
    if person["relation"] == "spouse" and dice.chance(30):
        person["cosigned_on"] = day - timedelta(days=300)
    return person


def to_third_party(scene: Scene) -> None:
    """Contact other people: with a ground and without, named and not, after they refused."""
    dice = scene.dice
    if dice.chance(25):
        under_guide_alone(scene)
    elif dice.chance(45):
        dice.one(under_standard_alone, under_standard_alone, under_standard_alone, under_company_rules_alone)(scene)
    scene.people = [_person(dice, name, scene.day) for name in ("mary", "paul", "sam")]
    days = dice.randint(1, 20)
    if dice.chance(65):
        scene.happened(
            dice.one("unreachable", "unreachable", "unreachable", "death_known", "incapacity_known"),
            scene.at(540, -days),
        )
        if dice.chance(25):
            scene.happened(
                "contact",
                scene.at(dice.one(539, 540, 541, 700), -days),
                channel=dice.one("call", "sms"),
                direction=dice.one("in", "out", "out"),
                outcome=dice.one("conversation", "ring_out", "delivered", "silent_hangup"),
                **{"with": "borrower"},
            )
    elif dice.chance(25):
        scene.borrower["deceased_on"] = scene.day - timedelta(days=dice.one(-1, 0, 1, 30))
    for name in ("mary", "paul", "sam"):
        if dice.chance(20):
            scene.happened("contact_optout", scene.at(dice.one(600, 1300), -dice.randint(0, 30)), by=name)
        if dice.chance(5):
            scene.happened(dice.one("estate_taken", "estate_renounced"), scene.at(600, -1), by=name, value=500_000)
        if dice.chance(4):
            scene.happened("acknowledgment", scene.at(600, -3), by=name, form="written")
        if dice.chance(5):
            scene.happened(
                "contact", scene.at(620, -2), channel="call", direction="in", **{"with": name}, outcome="conversation"
            )
    for _ in range(dice.randint(7, 12)):
        purpose = dice.one({}, {"purpose": "location"}, {"purpose": "location"})
        content = {"content": dice.some(TO_OTHERS, 2)} if dice.chance(80) else {}
        who = {"with": dice.one("mary", "paul", "sam")}
        propose(
            scene, _moment(scene), channel=dice.one("call", "call", "sms", "letter", "im"), **who, **purpose, **content
        )


def to_guarantor(scene: Scene) -> None:
    """Ask guarantors within and after their period."""
    dice = scene.dice
    scene.people = []
    for name in ("gus", "ida"):
        guarantee: dict[str, Any] = {
            "kind": dice.one("joint", "joint", "ordinary"),
            "signed_on": str(scene.day - timedelta(days=400)),
        }
        if dice.chance(70):
            guarantee["until"] = str(scene.day + timedelta(days=dice.one(-300, -30, -1, 0, 1, 60)))
        person: dict[str, Any] = {
            "id": name,
            "relation": dice.one("guarantor", "guarantor", "spouse", "friend"),
            "guarantee": guarantee,
        }
        if dice.chance(6):
            person["cosigned_on"] = scene.day - timedelta(days=300)
        if person["relation"] == "guarantor" and dice.chance(8):
            del person["guarantee"]
        scene.people.append(person)
        for _ in range(dice.randint(0, 2)):
            at = scene.at(600, -dice.one(1, 2, 30, 31, 100, 301))
            keys = {"with": name, **({"about": (dice.choice(scene.loans)["id"],)} if dice.chance(70) else {})}
            if dice.chance(50):
                scene.happened("demand_served", at, reached=dice.one(True, True, False), **keys)
            else:
                scene.happened(
                    "contact", at, channel=dice.one("call", "letter", "sms"), direction=dice.one("out", "out", "in"),
                    outcome=dice.one("conversation", "ring_out", "delivered"), **keys,
                )  # fmt: skip
    loan = dice.choice(scene.loans)["id"]
    if dice.chance(40):
        scene.happened("sued", scene.at(600, -60), loan=loan)
    if dice.chance(50):
        scene.happened("judgment", scene.at(600, -40), loan=loan, amount=2_000_000)
        if dice.chance(75):
            scene.happened("enforcement_finding", scene.at(600, -10), loan=loan, assets="insufficient")
    for _ in range(dice.randint(6, 9)):
        who = {"with": dice.one("gus", "gus", "ida", "borrower")}
        if dice.chance(25):
            scene.proposes("demand", _moment(scene), loan=loan, components={"principal": 100_000}, **who)
        else:
            content = dice.one({}, {"content": ("debt_details",)}, {"content": ("says_listener_must_pay",)})
            propose(scene, _moment(scene), channel=dice.one("call", "sms", "letter"), **who, **content)


def visits(scene: Scene) -> None:
    """Visits, with leave to come in and without."""
    dice = scene.dice
    if dice.chance(30):
        under_guide_alone(scene)
    for _ in range(dice.randint(0, 3)):
        name = dice.one("consent", "consent", "entry_refused", "told_to_leave", "consent_withdrawn")
        keys: dict[str, Any] = (
            {"to": "enter_home", "given_to": "C1"} if name.startswith("consent") else {"with": "borrower"}
        )
        scene.happened(name, scene.at(dice.one(600, 610, 620), -dice.one(0, 0, 3)), **keys)
    for _ in range(dice.randint(6, 9)):
        odd: dict[str, Any] = dice.one(
            {},
            {"collectors": dice.one(1, 2, 3)},
            {"recorded": False},
            {"shows_id": False},
            {"enters": True},
            {"enters": True},
            {"stays_after_told_to_leave": dice.one(True, False)},
            {"place": dice.one("work", "other")},
            {"enters": True, "place": dice.one("work", "other")},
        )
        propose(scene, scene.at(dice.one(605, 615, 625, 900)), channel="visit", **odd)


def forbidden(scene: Scene) -> None:
    """Contacts under an order of the police."""
    dice = scene.dice
    scene.people = [{"id": "mary", "relation": "emergency_contact", "named_on": scene.day - timedelta(days=200)}]
    for _ in range(dice.randint(1, 2)):
        until = scene.at(1439, dice.one(-1, 0, 1, 30)).replace(second=59)
        who = dice.one({}, {}, {"person": "mary"}, {"with": "borrower"})
        scene.happened(
            "no_contact_order",
            scene.at(540, -dice.randint(0, 30)),
            against=dice.one("C1", "C1", "AG1"),
            until=until,
            **who,
        )
    for _ in range(dice.randint(5, 8)):
        propose(
            scene, _moment(scene, dice.one(0, 0, 1)), **{"with": dice.one("borrower", "borrower", "borrower", "mary")}
        )
