"""Random Chinese worlds: a lawful act of some sort, and one or two things about it that may not be.

worlds(seed, count) -> worlds with several tries each
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.law.casefile import Case
from tests.law.independent import worlds_cn_acts as acts
from tests.law.independent import worlds_cn_contact as contact
from tests.law.independent.worlds import Dice, Row, Scene
from tests.law.independent.worlds_look_ups import look_ups

DAYS: Final[Mapping[tuple[date, date], int]] = {
    (date(2024, 5, 20), date(2025, 2, 27)): 12,
    (date(2025, 2, 28), date(2025, 12, 31)): 26,
    (date(2026, 1, 1), date(2026, 1, 29)): 9,
    (date(2026, 1, 30), date(2026, 7, 31)): 30,
    (date(2026, 8, 1), date(2026, 12, 31)): 20,
    (date(2027, 1, 1), date(2027, 2, 1)): 3,
}
EDGES: Final = (
    date(2024, 5, 14), date(2024, 5, 15), date(2025, 2, 27), date(2025, 2, 28), date(2025, 12, 31), date(2026, 1, 1),
    date(2026, 1, 29), date(2026, 1, 30), date(2026, 3, 31), date(2026, 4, 1), date(2026, 12, 31), date(2027, 1, 1),
)  # fmt: skip
LENDERS: Final[Mapping[str, int]] = {
    "bank": 44, "consumer_finance": 14, "micro_lender": 14, "loan_facilitator": 6, "private_lender": 10, "amc": 5,
    "": 7,
}  # fmt: skip
PRODUCTS: Final[Mapping[str, int]] = {
    "online_consumer_loan": 40, "credit_card": 20, "consumer_loan": 12, "personal_loan": 5, "": 5, "home_mortgage": 14,
    "private_loan": 4,
}  # fmt: skip
THEMES: Final[Mapping[Callable[[Scene], None], int]] = {
    contact.to_borrower: 20,
    contact.at_night: 6,
    contact.many_calls: 13,
    contact.words: 24,
    contact.insults: 9,
    contact.to_third_party: 22,
    contact.to_guarantor: 8,
    contact.visits: 12,
    contact.forbidden: 3,
    acts.of_agency: 11,
    acts.demands: 20,
    acts.of_heirs: 5,
    acts.transfers: 4,
    acts.sales: 9,
    acts.reports: 6,
    acts.lists: 14,
    acts.plans: 9,
    look_ups: 7,
}


def worlds(seed: int, count: int) -> list[Case]:
    """Make worlds; the same for the same seed."""
    return [_world(Dice(f"{seed}-{number}"), f"cn-{seed}-{number}") for number in range(count)]


def _world(dice: Dice, name: str) -> Case:
    scene = _scene(dice)
    theme = dice.weighted(THEMES)
    theme(scene)
    if dice.chance(50):
        _noise(scene)
    return scene.case(name, "cn")


def _scene(dice: Dice) -> Scene:
    zones = dice.weighted({("Asia/Shanghai",): 90, ("Asia/Shanghai", "Asia/Bangkok"): 5, ("Asia/Urumqi",): 5})
    day = dice.choice(EDGES) if dice.chance(18) else _between(dice, *dice.weighted(DAYS))
    now = datetime(day.year, day.month, day.day, 10, 0, tzinfo=ZoneInfo(zones[0])) + timedelta(
        minutes=dice.one(0, 1, 60, 299, 600)
    )
    collector: Row = {"role": "original_creditor", "lender_type": dice.weighted(LENDERS)}
    if collector["lender_type"] == "amc":
        collector["role"] = "debt_buyer"
    if not collector["lender_type"]:
        del collector["lender_type"]
    if dice.chance(30):
        collector["id"] = "C1"
    borrower: Row = {"country": "CN", "zones": zones}
    if dice.chance(60):
        borrower["age"] = dice.one(17, 18, 34)
    loans = [_loan(dice, name, day, collector) for name in ("A", "B", "C")[: dice.one(1, 1, 1, 2, 2, 3)]]
    firms: list[Row] = [{"id": name, "role": "agency"} for name in ("AG1", "AG2")] if dice.chance(40) else []
    scene = Scene(dice, now, collector, borrower, loans, firms=firms)
    if firms:
        for firm in firms:
            scene.happened("agency_engaged", scene.at(540, -20), agency=firm["id"], engaged_by="C1", lender_agrees=True)
    return scene


def _between(dice: Dice, first: date, last: date) -> date:
    return first + timedelta(days=dice.randint(0, (last - first).days))


def _loan(dice: Dice, name: str, day: date, collector: Row) -> Row:
    due = day + timedelta(days=dice.one(-400, -200, -183, -90, -40, -40, -30, -2, -1, 0, 1, 30))
    opened = due - timedelta(days=dice.one(20, 30, 180, 365))
    product = dice.weighted(PRODUCTS)
    if collector.get("lender_type") == "private_lender" and dice.chance(80):
        product = "private_loan"
    loan: Row = {"id": name, "opened_on": opened, "due_on": due, "currency": "CNY", "principal": 2_000_000}
    if product:
        loan["product"] = product
    if dice.chance(11):
        loan["used_for"] = dice.one("business", "business", "household", "joint_business")
    if dice.chance(30):
        loan["overdue_amount"] = dice.one(999_999, 1_000_000, 1_000_001, 300_000)
        loan["overdue_on"] = dice.one(date(2019, 12, 31), date(2020, 1, 1), date(2025, 12, 31), date(2026, 1, 1), due)
    return loan


def _noise(scene: Scene) -> None:
    """Add events that most rules do not look at, and some that they do."""
    dice = scene.dice
    for _ in range(dice.one(1, 2, 4, 8, 15)):
        at = scene.at(dice.randrange(8 * 60, 22 * 60), -dice.randint(1, 60))
        loan = dice.choice(scene.loans)["id"]
        _NOISE[dice.choice(tuple(_NOISE))](scene, at, loan)


def _talk(scene: Scene, at: datetime, loan: str) -> None:
    dice = scene.dice
    keys: dict[str, Any] = {"about": (loan,)} if dice.chance(70) else {}
    scene.happened(
        "contact",
        at,
        channel=dice.one("call", "call", "sms", "im", "email", "letter"),
        direction=dice.one("out", "out", "in"),
        outcome=dice.one("conversation", "ring_out", "delivered", "busy", None),
        **{"with": dice.one("borrower", None)},
        **keys,
    )


def _plain_event(name: str, **keys: Any) -> Callable[[Scene, datetime, str], None]:
    def happen(scene: Scene, at: datetime, loan: str) -> None:
        scene.happened(name, at, **({"loan": loan} if scene.dice.chance(80) else {}), **keys)

    return happen


def _payment(scene: Scene, at: datetime, loan: str) -> None:
    scene.happened("payment", at, loan=loan, amount=100_000)


_NOISE: Final[Mapping[str, Callable[[Scene, datetime, str], None]]] = {
    "talk": _talk,
    "complaint": _plain_event("complaint"),
    "promise": _plain_event("promise", amount=10_000),
    "payment": _payment,
    "hardship": _plain_event("hardship_request"),
    "acknowledgment": _plain_event("acknowledgment", form="written"),
    "demand": _plain_event("demand_served", reached=True),
    "furnished": _plain_event("furnished"),
    "missed": _plain_event("missed_payment"),
    "plan": _plain_event("plan_agreed", months=12),
    "broken": _plain_event("plan_broken"),
    "checked": _plain_event("number_checked"),
    "dispute": _plain_event("dispute", form="written", ground="not mine"),
    "answered": _plain_event("dispute_answered"),
    "lawyer": _plain_event("attorney_named"),
    "spokesman": _plain_event("consent", person="mary"),
    "cease": _plain_event("cease_request", form="written"),
}
