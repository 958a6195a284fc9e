"""The twin's fork: what each way on is worth, by plain recursion over the months, by the words of the strategy's file.

`tests/strategy/fork` counts every plan that there is in exact fractions, for a few months; this is for all of them. No
rulebook gives a court's fee here: `test_forking` holds that to the law.
"""

from dataclasses import dataclass
from functools import cache

from duecourse.strategy.models import Strategy
from tests.night.twin_book import Row

MILLION = 1_000_000


@dataclass(frozen=True)
class Debt:
    """What is known of a borrower's debt."""

    owed: int
    unit: int
    age: int
    country: str
    fee: float
    is_large: bool
    offers: int
    placements: int


def fork_facts(strategy: Strategy, facts: Row) -> Row:
    """Return the values of the ways; each is None where it is not open, or nothing can be said."""
    names = ("collect", "settle", "agency", "sue", "sell")
    fork = strategy.fork
    if fork is None:
        return {}
    unit = strategy.levels[fork.unit].get(facts["currency"] or "")
    is_late = facts["days_past_due"] > 0 and (facts["owed_amount"] or 0) > 0
    if not is_late or unit is None or facts["country"] is None:
        return {f"{name}_value": None for name in names}
    sue = (fork.sue or {}).get(facts["country"])
    fee = facts["owed_amount"] * sue.fee_ppm / MILLION if sue else 0.0
    debt = Debt(
        facts["owed_amount"], unit, facts["days_past_due"] // 30, facts["country"], fee,
        facts[f"overdue_at_least_{fork.unit}"] is True, facts["settle_in_spell"],
        facts["place_in_spell"],
    )  # fmt: skip
    found = _ways(strategy, debt)
    return {f"{name}_value": round(found[name]) if name in found else None for name in names}


def _ways(strategy: Strategy, debt: Debt) -> dict[str, float]:
    fork = strategy.fork
    assert fork is not None
    worth = float((1 + fork.worth_less_ppm_year / MILLION) ** (-1 / 12))
    collect, settle, sell, sue = fork.collect, fork.settle, fork.sell, (fork.sue or {}).get(debt.country)
    agency = fork.agency
    placements_most = len(agency.commissions_ppm) if agency else 0

    def at(curve: tuple[tuple[int, int], ...], age: int) -> float:
        return [ppm for month, ppm in curve if month <= age][-1] / MILLION

    def collecting(age: int, months: int, later: float) -> float:
        """Return what comes of collecting for some months, and of what is left then."""
        if months == 0:
            return later
        pays = at(collect.pays_ppm_month, age)
        onwards = collecting(age + 1, months - 1, later)
        return worth * (pays * collect.share_ppm / MILLION * debt.owed + (1 - pays) * onwards)

    def placed(age: int, number: int, months: int, later: float) -> float:
        """Return what comes of an agency for some months, and of what is left then."""
        if months == 0 or agency is None:
            return later
        pays = at(agency.pays_ppm_month, age) * (agency.again_ppm / MILLION) ** number
        ours = agency.share_ppm / MILLION * (1 - agency.commissions_ppm[number] / MILLION)
        return worth * (pays * ours * debt.owed + (1 - pays) * placed(age + 1, number, months - 1, later))

    @cache
    def best(month: int, offers: int, placements: int) -> float:
        return max(0.0, *ways(month, offers, placements).values()) if month < fork.horizon_months else 0.0

    def ways(month: int, offers: int, placements: int) -> dict[str, float]:
        age, last = debt.age + month, fork.horizon_months
        cost = collect.cost_ppm_unit / MILLION * debt.unit
        found = {"collect": collecting(age, 1, best(month + 1, offers, placements)) - cost}
        if settle and offers < settle.times_most:
            yes = settle.accepts_ppm / MILLION * (settle.again_ppm / MILLION) ** offers
            later = best(min(month + settle.wait_months, last), offers + 1, placements)
            refused = (1 - yes) * collecting(age, settle.wait_months, later)
            accepted = yes * settle.share_ppm / MILLION * debt.owed * worth**settle.months_to_money
            found["settle"] = accepted + refused - settle.cost_ppm_unit / MILLION * debt.unit
        if agency and placements < placements_most and age >= agency.from_months:
            later = best(min(month + agency.term_months, last), offers, placements + 1)
            cost = agency.cost_ppm_unit / MILLION * debt.unit
            found["agency"] = placed(age, placements, agency.term_months, later) - cost
        is_due = sue and offers >= sue.after_offers_times and placements >= sue.after_placements_times
        if sue and is_due and age < sue.until_months and (debt.is_large or not sue.only_large):
            served = sue.served_ppm / MILLION
            chance = (1 - served) * sue.wins_ppm / MILLION * sue.enforced_ppm / MILLION
            got = sue.share_ppm / MILLION * debt.owed + sue.fee_back_ppm / MILLION * debt.fee
            enforced = chance * worth ** (sue.months_to_judgment + sue.months_to_money) * got
            costs = debt.fee + sue.cost_ppm_unit / MILLION * debt.unit
            found["sue"] = served * worth * debt.owed + enforced - costs
        if sell and age >= sell.from_months:
            found["sell"] = at(sell.price_ppm, age) * debt.owed
        return found

    return ways(0, min(debt.offers, settle.times_most if settle else 0), min(debt.placements, placements_most))
