"""Scenes of random federal worlds for rules that wide scenes seldom reach alone: little else happens in them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from tests.law.independent.worlds import Scene

LINES: Final = ("full_collector_line", "opt_out_line")


def _noon(scene: Scene, days: int = 0) -> datetime:
    return scene.at(scene.dice.randint(720, 1140), days)


def _bound(scene: Scene) -> None:
    """Let the firm be a collector of consumer debts."""
    scene.collector["role"] = "debt_collector"
    for debt in scene.loans:
        debt.pop("used_for", None)


def _contact(scene: Scene, channel: str, whom: str = "borrower", **keys: Any) -> None:
    scene.proposes("contact", _noon(scene), channel=channel, about=("A",), **{"with": whom}, **keys)


def wages(scene: Scene) -> None:
    """Threats to take wages after a judgment, or without one."""
    _bound(scene)
    if scene.dice.chance(70):
        scene.happened(scene.dice.one("judgment", "enforcement_order"), _noon(scene, -9), loan="A")
    for _ in range(4):
        _contact(
            scene,
            scene.dice.one("call", "letter", "email"),
            content=("threat_of_garnishment", *LINES),
            intended=scene.dice.one(None, True, False),
        )


def collection_fees(scene: Scene) -> None:
    """Fees for the collection, which somebody allows or nobody."""
    _bound(scene)
    dice = scene.dice
    for key in ("fees_in_contract", "fees_by_statute"):
        if dice.chance(60):
            scene.loans[0][key] = dice.one(
                False,
                ({"item": dice.one("collection_fee", "collection_costs"), "amount": 2500},),
                ({"item": "late_fee"},),
            )
    for _ in range(4):
        _contact(scene, dice.one("call", "letter", "email"), content=("collection_fee_demanded", *LINES))


def verification(scene: Scene) -> None:
    """Verification by electronic means, with and without consent; the notice after a first talk."""
    _bound(scene)
    dice = scene.dice
    later = dice.chance(50)
    scene.history = [event for event in scene.history if event["event"] != "validation_notice"]
    if later:
        scene.happened(
            "contact",
            _noon(scene, -9),
            channel="call",
            direction="out",
            about=("A",),
            outcome="conversation",
            **{"with": "borrower"},
        )
    else:
        scene.happened("validation_notice", _noon(scene, -12), about=("A",), how="letter")
        scene.happened("dispute", _noon(scene, -8), loan="A", form="written")
    if dice.chance(55):
        scene.happened("consent", _noon(scene, -6), to="electronic_notices", given_to="C1", esign=True)
        if dice.chance(15):
            scene.happened("consent_withdrawn", _noon(scene, -5), to="electronic_notices")
    for _ in range(4):
        content = ("validation_information", *LINES) if later else ("verification", *LINES)
        _contact(
            scene,
            dice.one("email", "sms", "letter"),
            content=content,
            purpose="validation_notice" if later else "required_notice",
        )


def ways_out(scene: Scene) -> None:
    """Ways out that ask too much; friends who hide; more than a limited-content message; callers without a name."""
    _bound(scene)
    dice = scene.dice
    for _ in range(5):
        kind = dice.one("out", "friend", "limited", "caller", "envelope")
        if kind == "out":
            _contact(
                scene,
                dice.one("email", "sms", "letter"),
                content=(*LINES, dice.one("opt_out_needs_ssn", "debt_details", "opt_out_needs_ssn")),
            )
        elif kind == "friend":
            _contact(
                scene,
                "social_private",
                dice.one("borrower", "ortiz"),
                content=("friend_request", "opt_out_line", *dice.one((), ("short_collector_line",), ("model_form",))),
            )
        elif kind == "limited":
            said = dice.one(
                ("debt_details",),
                ("state_required_sentence",),
                ("neutral_business_name",),
                (),
                ("model_form",),
                ("no_message",),
            )
            _contact(
                scene, "voicemail", content=("limited_content_message", *said), continues_last=dice.one(None, True)
            )
        elif kind == "caller":
            _contact(
                scene,
                dice.one("call", "voicemail"),
                content=(*LINES, dice.one("hides_caller_name", "anonymous", "debt_details")),
                identified=dice.one(None, True, False),
            )
        else:
            _contact(
                scene, "letter", content=(*LINES, dice.one("envelope_shows_debt", "envelope_postal_marks", "postcard"))
            )


def at_work(scene: Scene) -> None:
    """Make a mobile that rings at work, while that is known."""
    _bound(scene)
    dice = scene.dice
    scene.happened(
        "whereabouts", scene.at(600), place=dice.one("work", "work", "home"), until=scene.at(dice.one(1439, 1000))
    )
    if dice.chance(80):
        scene.happened(
            dice.one("employer_forbids_contact", "employer_forbids_contact", "inconvenient"),
            _noon(scene, -8),
            place=dice.one(None, "work"),
        )
    if dice.chance(25):
        scene.happened("consent", _noon(scene, -5), to=dice.one("call", "email"), given_to="C1")
    for _ in range(4):
        _contact(scene, dice.one("call", "voicemail", "email"), number=dice.one(None, "m1"))


def found(scene: Scene) -> None:
    """Third persons asked although all is known, by leave of the borrower or without it."""
    _bound(scene)
    dice = scene.dice
    if dice.chance(60):
        scene.happened("consent", _noon(scene, -9), to="contact", person="nia", given_to="C1")
    scene.happened(
        "location_confirmed",
        _noon(scene, -8),
        address=True,
        phone=dice.one(True, True, False),
        employer=dice.one(True, None),
    )
    for _ in range(4):
        content = dice.one(
            None, ("asks_for_whereabouts", "gives_own_name"), ("asks_who_acts_for_estate", "gives_own_name")
        )
        _contact(scene, dice.one("call", "letter"), "nia", purpose="location", content=content)


def shields(scene: Scene) -> None:
    """Those who owe with a bankrupt, or are bankrupt themselves: pressed, or only served."""
    dice = scene.dice
    scene.loans[0].pop("used_for", None)
    scene.collector["role"] = dice.one("original_creditor", "debt_collector")
    person = dice.one(None, "gus")
    scene.happened(
        "bankruptcy_petition", _noon(scene, -dice.one(5, 20)), chapter=dice.one(13, 13, 12, 7), person=person
    )
    if dice.chance(20):
        scene.happened("stay_lifted", _noon(scene, -2), person=dice.one("gus", None))
    for _ in range(5):
        _contact(
            scene,
            dice.one("call", "letter"),
            dice.one("gus", "gus", "mary"),
            purpose=dice.one(None, "servicing", "answer_to_borrower", "required_notice"),
        )


def in_time(scene: Scene) -> None:
    """Payments just in time, of home loans and of cards, and the late fee."""
    dice = scene.dice
    debt = scene.loans[0]
    debt.pop("used_for", None)
    scene.collector |= {"role": "original_creditor", "name_used": "own", "lender_type": "bank"}
    due = scene.day - timedelta(days=dice.one(3, 20, 40))
    card = dice.chance(50)
    debt |= (
        {"product": "credit_card", "minimum_payment": 2500}
        if card
        else {"product": "mortgage", "secured_by": "home", "instalment": 100000}
    )
    if not card and dice.chance(40):
        debt["high_cost"] = True
    back = (due - scene.day).days
    amount = dice.one(2500, 2499) if card else dice.one(100000, 99999, 60000)
    scene.happened(
        "payment",
        scene.at(dice.one(1019, 1020, 1021, 1400), back + dice.one(0, 0, 0, -1, 1)),
        loan="A",
        amount=amount,
        due_on=due,
        returned=dice.one(None, None, None, True),
    )
    if dice.chance(20):
        scene.happened("charged", _noon(scene, -1), loan="A", item="late_fee", amount=800, for_due=due)
    for _ in range(3):
        scene.proposes(
            "charge", _noon(scene), loan="A", item="late_fee", amount=dice.one(800, 1600, 1601, 2500), for_due=due
        )


def reports_of_disputes(scene: Scene) -> None:
    """Make reports of debts that are disputed, by collectors and lenders."""
    dice = scene.dice
    if dice.chance(50):
        scene.collector["role"] = "original_creditor"
    if dice.chance(80):
        at = _noon(scene, -dice.one(1, 9))
        scene.happened(
            "dispute",
            at,
            loan="A",
            form=dice.one("oral", "written"),
            received_at=dice.one(None, at + timedelta(days=3)),
        )
    for _ in range(4):
        scene.proposes("furnish", _noon(scene), about=("A",), dispute_flag=dice.one(True, False, None))


def shared_telephones(scene: Scene) -> None:
    """Messages left on a telephone that others use too."""
    _bound(scene)
    dice = scene.dice
    for _ in range(5):
        content = (
            (dice.one("debt_details", "payment_request", "limited_content_message"), *LINES)
            if dice.chance(70)
            else ("limited_content_message",)
        )
        _contact(scene, dice.one("voicemail", "voicemail", "sms"), number=dice.one("s1", "s1", "h1"), content=content)


def pyramids(scene: Scene) -> None:
    """Late fees of loans of a finance company, after a full payment or a short one."""
    dice = scene.dice
    debt = scene.loans[0]
    debt.pop("used_for", None)
    scene.collector |= {"role": "original_creditor", "name_used": "own"}
    if dice.chance(80):
        scene.collector["lender_type"] = dice.one("consumer_finance", "consumer_finance", "bank")
    due = scene.day - timedelta(days=dice.one(3, 20))
    debt |= {"product": "personal_loan", "instalment": 20000, "late_fee": 1000}
    scene.happened(
        "payment",
        _noon(scene, (due - scene.day).days + dice.one(-1, 0, 0, 1)),
        loan="A",
        amount=dice.one(20000, 20000, 19999),
        due_on=due,
    )
    for _ in range(3):
        scene.proposes(
            "charge", _noon(scene), loan="A", item=dice.one("late_fee", "late_penalty"), amount=1000, for_due=due
        )


def courts(scene: Scene) -> None:
    """Where to sue, on loans with and without land."""
    _bound(scene)
    dice = scene.dice
    debt = scene.loans[0]
    debt |= {"limitation_ends_on": scene.day + timedelta(days=400), "signed_in": dice.one("US-PA", "US-OH")}
    if dice.chance(60):
        debt["secured_by"] = "home"
    for _ in range(4):
        scene.proposes("sue", _noon(scene), loan="A", court_in=dice.one("US-OH", "US-PA", "US-TX"))


def estates(scene: Scene) -> None:
    """Notices after the borrower's death, to the estate, by name or not."""
    _bound(scene)
    dice = scene.dice
    scene.people[3]["relation"] = dice.one("executor", "executor", "spouse")
    if dice.chance(70):
        scene.happened("death_known", _noon(scene, -6))
    elif dice.chance(50):
        scene.borrower["deceased_on"] = scene.day - timedelta(days=dice.one(0, 3, -1))
    for _ in range(4):
        whom = dice.one("eve", "eve", "borrower")
        flag = ("addressed_to_occupier",) if dice.chance(20) else ()
        _contact(scene, "letter", whom, purpose="validation_notice", content=("validation_information", *LINES, *flag),
                 addressed_to=dice.one(None, whom, "the estate"))  # fmt: skip


FOCUS_SCENES: Final[tuple[Callable[[Scene], None], ...]] = (
    wages,
    collection_fees,
    verification,
    verification,
    ways_out,
    ways_out,
    at_work,
    found,
    shields,
    shields,
    in_time,
    in_time,
    reports_of_disputes,
    shared_telephones,
    shared_telephones,
    pyramids,
    courts,
    estates,
)
