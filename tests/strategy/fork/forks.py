"""Forks and debts for the tests, and every plan that there is, worked out one by one in exact fractions."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from hypothesis import strategies as st

from duecourse.strategy.fork.models import Fork
from duecourse.strategy.fork.values import Debts

MILLION: Final = 1_000_000
PPM: Final = st.integers(0, MILLION)
COST: Final = st.integers(0, 60_000)


class Debt(NamedTuple):
    """One debt, in whole numbers."""

    owed: int
    age: int = 3
    fee: int = 5_000
    unit: int = 100_000
    is_large: bool = True
    sue_months: int = 99
    offers: int = 0
    placements: int = 0


def debts(*rows: Debt) -> Debts:
    columns = list(zip(*rows, strict=True))
    whole = [np.array(column) for column in columns]
    real = [column.astype(float) for column in whole]
    return Debts(real[0], whole[1], real[2], real[3], whole[4], whole[5], whole[6], whole[7])


def file(**parts: Any) -> dict[str, Any]:
    """Return a section `fork` with every way open, as it is read from a file."""
    told = {"source": "made up"}
    whole: dict[str, Any] = {
        "horizon_months": 12, "worth_less_ppm_year": 120_000, "source": "made up", "unit": "large",
        "collect": {**told, "pays_ppm_month": ((0, 60_000), (6, 15_000)), "share_ppm": 900_000, "cost_ppm_unit": 3_000},
        "settle": {
            **told, "times_most": 1, "accepts_ppm": 200_000, "again_ppm": 500_000, "share_ppm": 650_000,
            "months_to_money": 2, "wait_months": 2, "cost_ppm_unit": 2_000,
        },
        "agency": {
            **told, "from_months": 4, "term_months": 6, "pays_ppm_month": ((0, 40_000), (12, 10_000)),
            "again_ppm": 500_000, "share_ppm": 900_000, "commissions_ppm": (250_000, 350_000), "cost_ppm_unit": 1_000,
        },
        "sue": {
            "CN": {
                **told, "currency": "CNY", "until_months": 36,
                "after_offers_times": 1, "after_placements_times": 1, "only_large": True, "fee_ppm": 25_000,
                "cost_ppm_unit": 60_000, "served_ppm": 150_000, "wins_ppm": 800_000, "months_to_judgment": 6,
                "enforced_ppm": 400_000, "months_to_money": 9, "share_ppm": 900_000, "fee_back_ppm": MILLION,
            },
        },
        "sell": {**told, "from_months": 6, "price_ppm": ((0, 79_000), (36, 31_000))},
    }  # fmt: skip
    return {**whole, **parts}


def fork(**parts: Any) -> Fork:
    return Fork.model_validate(file(**parts))


@st.composite
def some_forks(draw: st.DrawFn) -> Fork:
    """Draw a fork with few months, so that its plans can be counted."""
    curve = st.tuples(PPM, PPM, st.integers(1, 9)).map(lambda found: ((0, found[0]), (found[2], found[1])))
    told = {"source": "drawn"}
    offers, commissions = draw(st.integers(0, 2)), tuple(draw(st.lists(PPM, max_size=2)))
    settle = {
        **told, "times_most": offers, "accepts_ppm": draw(PPM), "again_ppm": draw(PPM), "share_ppm": draw(PPM),
        "months_to_money": draw(st.integers(0, 3)), "wait_months": draw(st.integers(1, 3)), "cost_ppm_unit": draw(COST),
    }  # fmt: skip
    agency = {
        **told, "from_months": draw(st.integers(0, 5)), "term_months": draw(st.integers(1, 4)),
        "pays_ppm_month": draw(curve), "again_ppm": draw(PPM), "share_ppm": draw(PPM),
        "commissions_ppm": commissions, "cost_ppm_unit": draw(COST),
    }  # fmt: skip
    sue = {
        **told, "currency": "CNY", "until_months": 36,
        "after_offers_times": draw(st.integers(0, offers)), "only_large": draw(st.booleans()),
        "after_placements_times": draw(st.integers(0, len(commissions))), "fee_ppm": 0,
        "cost_ppm_unit": draw(COST), "served_ppm": draw(PPM), "wins_ppm": draw(PPM),
        "months_to_judgment": draw(st.integers(1, 4)), "enforced_ppm": draw(PPM),
        "months_to_money": draw(st.integers(0, 4)), "share_ppm": draw(PPM), "fee_back_ppm": draw(PPM),
    }  # fmt: skip
    return fork(
        horizon_months=draw(st.integers(1, 5)),
        worth_less_ppm_year=draw(PPM),
        collect={**told, "pays_ppm_month": draw(curve), "share_ppm": draw(PPM), "cost_ppm_unit": draw(COST)},
        settle=settle,
        agency=agency,
        sue={"CN": sue},
        sell={**told, "from_months": draw(st.integers(0, 6)), "price_ppm": draw(curve)},
    )


@st.composite
def some_debts(draw: st.DrawFn) -> Debt:
    return Debt(
        owed=draw(st.integers(0, 10**8)), age=draw(st.integers(0, 12)), fee=draw(st.integers(0, 10**6)),
        unit=draw(st.integers(1, 10**6)), is_large=draw(st.booleans()), sue_months=draw(st.integers(0, 6)),
        offers=draw(st.integers(0, 2)), placements=draw(st.integers(0, 2)),
    )  # fmt: skip


def plans(fork: Fork, debt: Debt) -> Iterator[tuple[str, Fraction]]:
    """Yield the first way and the worth of every plan: what is done while nothing has ended the debt.

    Each is followed month by month, by the words of the file; nothing of it is shared with what is tested.
    """
    worth = Fraction((1 + fork.worth_less_ppm_year / MILLION) ** (-1 / 12))
    yield from _plans(fork, debt, worth, 0, debt.offers, debt.placements)


def _plans(
    fork: Fork, debt: Debt, worth: Fraction, month: int, offers: int, placements: int
) -> Iterator[tuple[str, Fraction]]:
    yield "stop", Fraction(0)
    if month >= fork.horizon_months:
        return
    age = debt.age + month

    def onwards(months: int, more_offers: int = 0, more_placements: int = 0) -> list[Fraction]:
        later = min(month + months, fork.horizon_months)
        return [
            value for _, value in _plans(fork, debt, worth, later, offers + more_offers, placements + more_placements)
        ]

    collect = fork.collect
    chance = _at(collect.pays_ppm_month, age)
    for later in onwards(1):
        money = chance * _share(collect.share_ppm) * debt.owed * worth
        yield "collect", money + (1 - chance) * worth * later - _share(collect.cost_ppm_unit) * debt.unit
    settle = fork.settle
    if settle and offers < settle.times_most:
        yes = _share(settle.accepts_ppm) * _share(settle.again_ppm) ** offers
        money, still = yes * _share(settle.share_ppm) * debt.owed * worth**settle.months_to_money, 1 - yes
        for passed in range(settle.wait_months):
            chance = _at(collect.pays_ppm_month, age + passed)
            money += still * chance * _share(collect.share_ppm) * debt.owed * worth ** (passed + 1)
            still *= 1 - chance
        for later in onwards(settle.wait_months, more_offers=1):
            yield "settle", money + still * worth**settle.wait_months * later - _share(settle.cost_ppm_unit) * debt.unit
    agency = fork.agency
    if agency and placements < len(agency.commissions_ppm) and age >= agency.from_months:
        kept = 1 - _share(agency.commissions_ppm[placements])
        money, still = Fraction(0), Fraction(1)
        for passed in range(agency.term_months):
            chance = _at(agency.pays_ppm_month, age + passed) * _share(agency.again_ppm) ** placements
            money += still * chance * _share(agency.share_ppm) * debt.owed * kept * worth ** (passed + 1)
            still *= 1 - chance
        for later in onwards(agency.term_months, more_placements=1):
            cost = _share(agency.cost_ppm_unit) * debt.unit
            yield "agency", money + still * worth**agency.term_months * later - cost
    sue = (fork.sue or {}).get("CN")
    is_due = sue and offers >= sue.after_offers_times and placements >= sue.after_placements_times
    if sue and is_due and month < debt.sue_months and (debt.is_large or not sue.only_large):
        served, wins, enforced = _share(sue.served_ppm), _share(sue.wins_ppm), _share(sue.enforced_ppm)
        then = worth ** (sue.months_to_judgment + sue.months_to_money)
        got = _share(sue.share_ppm) * debt.owed + _share(sue.fee_back_ppm) * debt.fee
        cost = debt.fee + _share(sue.cost_ppm_unit) * debt.unit
        yield "sue", served * worth * debt.owed + (1 - served) * wins * enforced * then * got - cost
    if fork.sell and age >= fork.sell.from_months:
        yield "sell", _at(fork.sell.price_ppm, age) * debt.owed


def _share(ppm: int) -> Fraction:
    return Fraction(ppm, MILLION)


def _at(curve: tuple[tuple[int, int], ...], age: int) -> Fraction:
    return _share([ppm for month, ppm in curve if month <= age][-1])
