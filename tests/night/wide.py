"""A strategy made for the tests: it names every fact that there is, and has far less capacity than is wanted."""

import json
from itertools import cycle
from pathlib import Path
from typing import Any

from duecourse.book.schema import CHANNELS, HOLD_KINDS
from duecourse.law.catalogue import FactKind
from duecourse.night.facts import CATALOGUE
from tests.strategy.fork.forks import file

ACTS = ("furnish", "list", "sue", "settle", "sell", "reward")
TEAMS = ("north", "south")
_HOLDS: tuple[list[str], ...] = (
    *(["contact", "settle"], ["contact", "furnish", "list", "sue", "settle", "sell", "reward"], ["contact"]),
    *(["furnish", "list"], [], ["contact", "reward"], ["sell", "sue", "settle"], ["contact", "furnish"]),
)


def write(path: Path) -> Path:
    """Write the strategy as JSON, which YAML is a superset of."""
    path.write_text(json.dumps(document(), indent=1), encoding="utf-8")
    return path


def document() -> dict[str, Any]:
    """Return the strategy as plain values."""
    whole = [name for name, fact in CATALOGUE.items() if fact.kind is FactKind.INTEGER]
    return {
        "name": "wide",
        "says": "Names every fact.",
        "buckets": {"by": "delinquent_days", "bounds": {"a": [1, 9], "b": [10, 40], "c": [41, None]}},
        "cure": {"clean_days": 5},
        "payments_fresh_days": 20,
        "levels": {"floor": {"USD": 5_000, "EUR": 5_000, "INR": 100_000, "KWD": 1}, "large": {"USD": 50_000, "MXN": 1}},
        "formulas": {"twice": "contacts_in_spell * 2", "sum_of_both": "twice + overdue_instalments"},
        "slots": {"day": ["09:00", "17:00"]},
        "teams": [*TEAMS],
        "capacity_per_day": {name: dict.fromkeys(TEAMS, 4) for name in (*CHANNELS[:6], *ACTS[:3], "settle")},
        "holds": dict(zip(HOLD_KINDS, _HOLDS, strict=True)),
        "experiment": {"salt": "wide", "hold_out_ppm": 150_000, "arms": {"a": 333_333, "b": 333_333, "c": 333_334}},
        "quiet": [
            {"because": "promised", "when": "promises_open >= 1 and (product is null or product <> 'personal_18')"},
            {"because": "abroad", "when": "country = 'KE' or deceased or days_since_sms between 3 and 9"},
            {"because": "elsewhere", "when": "currency = 'KWD' and loans >= 2"},
            {"because": "sold_soon", "when": "sell_value > collect_value and sell_value > settle_value and loans >= 3"},
            {"because": "sued_soon", "when": "sue_value > collect_value and agency_value is null and loans >= 3"},
        ],
        "step_back": [
            {"because": "plan", "when": "arrangement_active", "rungs": 1},
            {"because": "plan_broken", "when": "arrangement_broken or written_off", "rungs": 1},
            {"because": "paid", "when": "days_since_payment <= 12 and days_past_due >= 1", "rungs": 2},
        ],
        "fork": _fork(),
        "ladder": [
            _rung("clear", "days_past_due = 0 and (region is null or region <> 'US-CA')", whole[0::3], "value"),
            _rung("late", "days_past_due >= 1 or days_to_next_due <= 5", whole[1::3], "order")
            | {"leave": "language = 'es' and age_years >= 45", "min_gap_days": 2},
            _rung("later", "delinquent_days >= 20 or sum_of_both >= 8", whole[2::3], "value")
            | {"min_gap_days": 6, "leave": "overdue_at_least_large is null and days_past_due between 40 and 60"},
        ],
    }


def _fork() -> dict[str, Any]:
    """Return a fork under which each way that is open is the best of some."""
    found = file(agency=None, horizon_months=24)
    suit = {**found["sue"]["CN"], "after_placements_times": 0, "currency": "USD"}
    return {**found, "sue": {"US": suit, "KE": {**suit, "after_offers_times": 0, "only_large": False}}}


def _rung(stage: str, enter: str, named: list[str], choose: str) -> dict[str, Any]:
    ways = cycle((*CHANNELS, *ACTS))
    teams = cycle((*TEAMS, TEAMS[0]))
    treatments = []
    for place, fact in enumerate(named):
        way = next(ways)
        one: dict[str, Any] = {"name": f"{stage}_{fact}", "act": way, "team": next(teams), "template": "t"}
        if way in CHANNELS:
            one |= {"act": "contact", "channel": way, "slot": "day", "demands": place % 3 == 0}
        one["when"] = (f"{fact} >= 1", f"{fact} is not null", f"not ({fact} between 3 and 40)")[place % 3]
        one["priority"] = named[place - 1]
        one |= {"value": fact} if choose == "value" else {}
        one |= {"gap_days": 9, "times": 4} if place % 4 == 1 else {}
        one |= {"arms": [["a", "b"], ["c"], ["b", "c"]][place % 3]} if place % 5 == 2 else {}
        treatments.append(one)
    notice: dict[str, Any] = {
        "name": f"{stage}_notice",
        "act": "contact",
        "channel": "letter",
        "template": "n",
        "slot": "day",
    }
    notice |= {"purpose": "required_notice", "notice": "default_notice", "required": True, "gap_days": 100}
    treatments.insert(2, {**notice, "priority": "loans", "when": "overdue_loans >= 1 and overdue_amount >= 90000"})
    return {"stage": stage, "says": "A rung.", "enter": enter, "choose": choose, "treatments": treatments}
