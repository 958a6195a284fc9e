"""Random worlds of the federal rulebook, each around one family of rules and near its edges, with much going on beside.

worlds(seed, count) -> cases with some tries each; the same for the same seed
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from duecourse.law.casefile import Case
from tests.law.independent.worlds import Dice, Row, Scene
from tests.law.independent.worlds_look_ups import look_ups
from tests.law.independent.worlds_us_contact import broken_off, calls, hours, places, represented, stopped, unsuitable
from tests.law.independent.worlds_us_debts import DEBT_SCENES
from tests.law.independent.worlds_us_focus import FOCUS_SCENES
from tests.law.independent.worlds_us_tools import OTHERS, OUR, WIDE
from tests.law.independent.worlds_us_words import (
    left_alone,
    lines,
    machines,
    mailboxes,
    media,
    pushes,
    strangers,
    visits,
    wording,
)


def worlds(seed: int, count: int) -> list[Case]:
    """Return so many worlds; a world depends on the seed and its own number only."""
    return [world(seed, number) for number in range(count)]


def world(seed: int, number: int) -> Case:
    """Return one world."""
    dice = Dice(f"{seed}/{number}")
    scene = base(dice)
    scene_of = dice.choice(SCENES)
    scene_of(scene)
    for _ in range(0 if scene_of in FOCUS_SCENES else dice.weighted({0: 7, 1: 2, 2: 1})):
        dice.choice(BESIDE)(scene)
    if not scene.tries:
        scene.proposes("contact", scene.now, channel="call", **{"with": "borrower", "about": ("A",)})
    return scene.case(f"us-{seed}-{number}", "us")


def base(dice: Dice) -> Scene:
    """Return a world in which little has happened: mostly a collector that got the debts in default and gave notice."""
    zones = dice.weighted(
        {
            ("America/New_York",): 8,
            ("America/New_York", "America/Los_Angeles"): 2,
            ("America/Chicago", "America/Denver"): 1,
        }
    )
    day = date(2026, 3, 2) + timedelta(days=dice.randrange(200))
    now = datetime.combine(day, datetime.min.time(), ZoneInfo(zones[0])).replace(
        hour=dice.randint(11, 19), minute=dice.randrange(60)
    )
    role = dice.weighted({"debt_collector": 14, "agency": 2, "debt_buyer": 2, "servicer": 2, "original_creditor": 2})
    collector: Row = {"role": role}
    if role == "original_creditor" and dice.chance(60):
        collector["name_used"] = "Recovery Department"
    if dice.chance(10):
        collector["id"] = OUR
    borrower: Row = {
        "country": "US", "region": dice.one("US-OH", "US-TX"), "zones": zones,
        "numbers": (
            {"id": "m1", "line": "mobile"},
            {"id": "h1", "line": "landline", "place": "home"},
            {"id": "w1", "line": "landline", "place": "work"},
            {"id": "s1", "line": "landline", "shared_with": ("pat", "mary") if dice.chance(50) else ("mary",)},
        ),
        "emails": (
            {"id": "e1", "domain": "public", "employer_given": False},
            {"id": "ew", "domain": "company", "employer_given": True},
        ),
    }  # fmt: skip
    if dice.chance(20):
        borrower["age"] = dice.one(17, 18, 40)
    people: list[Row] = [
        {"id": "mary", "relation": "spouse"}, {"id": "pat", "relation": dice.one(*OTHERS)},
        {"id": "nia", "relation": "neighbour"}, {"id": "eve", "relation": dice.one(*WIDE)},
        {"id": "ortiz", "relation": "attorney"}, {"id": "bank", "relation": dice.one("creditor", "collector_attorney")},
        {"id": "gus", "relation": "guarantor"},
    ]  # fmt: skip
    if dice.chance(20):
        people[0]["cosigned_on"] = date(2025, 1, 6)
    loans: list[Row] = [loan(dice, name) for name in ("A", "B", "C")[: dice.weighted({1: 6, 2: 3, 3: 1})]]
    firms: list[Row] = [
        {"id": "L1", "role": "original_creditor"},
        {"id": "X1", "role": "debt_collector"},
        {"id": "AG1", "role": "agency"},
    ]
    scene = Scene(dice, now, collector, borrower, loans, people, firms)
    got_and_told(scene)
    return scene


def loan(dice: Dice, name: str) -> Row:
    """Return a loan."""
    known: Row = {
        "id": name,
        "product": dice.one("online_consumer_loan", "credit_card", "medical_debt", "student_loan", "mortgage"),
    }
    if dice.chance(80):
        known["opened_on"] = date(2025, 1, 6)
    if dice.chance(90):
        known["in_default_since"] = date(2025, 9, 8)
    if dice.chance(5):
        known["used_for"] = "business"
    if known["product"] == "student_loan":
        known["account_no_when_obtained"] = dice.one("SL-7", "SL-7", "SL-8")
    return known


def got_and_told(scene: Scene) -> None:
    """Let the firm get the debts, mostly in default, and give notice, mostly long ago."""
    dice, zone = scene.dice, scene.now.tzinfo
    about = tuple(each["id"] for each in scene.loans)
    if scene.collector["role"] != "original_creditor" and dice.chance(92):
        state = dice.weighted({True: 16, None: 2, False: 1})
        scene.happened("account_acquired", datetime(2026, 1, 2, 9, tzinfo=zone), about=about, in_default=state)
    if dice.chance(92):
        scene.happened("validation_notice", datetime(2026, 1, 5, 10, tzinfo=zone), about=about, how="letter")


SCENES: Final[tuple[Callable[[Scene], None], ...]] = (
    calls,
    calls,
    hours,
    unsuitable,
    unsuitable,
    broken_off,
    places,
    places,
    places,
    represented,
    stopped,
    look_ups,
    media,
    left_alone,
    strangers,
    strangers,
    mailboxes,
    mailboxes,
    wording,
    wording,
    wording,
    visits,
    lines,
    machines,
    machines,
    machines,
    pushes,
    *DEBT_SCENES,
    *FOCUS_SCENES,
)


BESIDE: Final = (calls, hours, unsuitable, places, represented, stopped, media, strangers, lines, pushes)
