"""The fork's values: those of every plan counted one by one, and what must hold whatever the file says."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.strategy.fork.models import Fork
from duecourse.strategy.fork.reading import terms
from duecourse.strategy.fork.values import AGENCY, COLLECT, SELL, SETTLE, STOP, SUE, WAYS, values
from tests.strategy.fork.forks import COST, MILLION, PPM, Debt, debts, file, fork, plans, some_debts, some_forks


def worth(found: Fork, *some: Debt) -> Any:
    return values(terms(found, "CN"), debts(*some))


@given(some_forks(), some_debts())
def test_no_plan_that_there_is_is_better(found: Fork, debt: Debt) -> None:
    every = list(plans(found, debt))
    row = worth(found, debt)[0]
    best: dict[str, Fraction] = {}
    for way, value in every:
        best[way] = max(value, best.get(way, value))
    assert {way for way, value in zip(WAYS, row, strict=True) if value > -np.inf} == set(best)
    for way, value in best.items():
        assert abs(Fraction(row[WAYS.index(way)]) - value) <= Fraction(1, 10**9) * max(Fraction(1), abs(value)), way
    regret = max(best.values()) - best[WAYS[int(row.argmax())]]
    assert regret <= 1e-9 * max(1, debt.owed)


def test_a_suit_by_hand() -> None:
    """10,000.00 owed. Served pays 15 % at once; of 85 %, 80 % win, of these 40 % bring 90 % and the fee.

    Money is worth nothing less here. 1,500 + 0.85 * 0.8 * 0.4 * (9,000 + 50) = 3,961.60, less the fee of 50 and costs
    of 60 (6 % of the unit of 1,000).
    """
    suit = {**file()["sue"]["CN"], "after_offers_times": 0, "after_placements_times": 0}
    found = fork(worth_less_ppm_year=0, sue={"CN": suit})
    assert worth(found, Debt(1_000_000, fee=5_000))[0][SUE] == pytest.approx(396_160 - 5_000 - 6_000)


def test_who_may_not_be_sued_is_not() -> None:
    suit = {**file()["sue"]["CN"], "after_offers_times": 1, "after_placements_times": 1}
    found = fork(sue={"CN": suit})
    ready = Debt(10_000_000, offers=1, placements=1)
    small, early, barred = ready._replace(is_large=False), ready._replace(offers=0), ready._replace(sue_months=0)
    open_to = worth(found, ready, small, early, barred)[:, SUE] > -np.inf
    assert open_to.tolist() == [True, False, False, False]
    assert (values(terms(found, "DE"), debts(ready))[:, SUE] == -np.inf).all(), "a country without an entry"


def test_ways_that_the_file_leaves_out_are_not_open() -> None:
    found = fork(settle=None, agency=None, sue=None, sell=None)
    row = worth(found, Debt(1_000_000, age=40, offers=3, placements=3))[0]
    assert [way for way, value in zip(WAYS, row, strict=True) if value > -np.inf] == ["collect", "stop"]


@dataclass(frozen=True)
class Change:
    """A key of the file that becomes larger, and the way whose value then must not rise (-1) or fall (1)."""

    part: str
    key: str
    way: int
    sign: int


COSTS = "cost_ppm_unit"
CHANGES = [
    Change("collect", "cost_ppm_unit", COLLECT, -1), Change("collect", "share_ppm", COLLECT, 1),
    Change("settle", "share_ppm", SETTLE, 1),
    Change("agency", "cost_ppm_unit", AGENCY, -1), Change("agency", "share_ppm", AGENCY, 1),
    Change("sue", "cost_ppm_unit", SUE, -1), Change("sue", "wins_ppm", SUE, 1), Change("sue", "enforced_ppm", SUE, 1),
    Change("sue", "fee_back_ppm", SUE, 1), Change("sue", "months_to_money", SUE, -1),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: f"{one.part}.{one.key}")
@settings(max_examples=40)
@given(found=some_forks(), debt=some_debts(), more=PPM)
def test_what_costs_more_is_worth_less_and_what_brings_more_is_worth_more(
    change: Change, found: Fork, debt: Debt, more: int
) -> None:
    row, other = (worth(one, debt)[0] for one in (found, changed(found, change.part, change.key, more)))
    assert (row[change.way] == -np.inf) == (other[change.way] == -np.inf)
    if row[change.way] > -np.inf:
        assert (other[change.way] - row[change.way]) * change.sign >= -1e-9 * max(1, debt.owed)


def changed(found: Fork, part: str, key: str, more: int) -> Fork:
    """Return the fork with more of something."""
    whole = found.model_dump()
    of = whole[part]["CN"] if part == "sue" else whole[part]
    of[key] = of[key] + (more % 7 if key.startswith("months") else more)
    if not key.startswith(("cost", "months")):
        of[key] = min(MILLION, of[key])
    return Fork.model_validate(whole)


@given(some_forks(), some_debts(), st.integers(0, 10**7), COST)
def test_dearer_courts_never_make_suing_more_likely(found: Fork, debt: Debt, fee: int, cost: int) -> None:
    """Where it is now or never: a suit that may wait becomes dearer too, and may then be worth less waiting for."""
    now = debt._replace(sue_months=min(debt.sue_months, 1))
    cheap = worth(found, now)[0]
    for dear in (worth(found, now._replace(fee=debt.fee + fee))[0], worth(changed(found, "sue", COSTS, cost), now)[0]):
        assert dear[SUE] <= cheap[SUE]
        assert dear.max() <= cheap.max()
        if dear.argmax() == SUE:
            assert cheap.argmax() == SUE


@given(some_forks(), some_debts(), PPM)
def test_a_higher_price_never_makes_selling_worth_less(found: Fork, debt: Debt, more: int) -> None:
    whole = found.model_dump()
    whole["sell"]["price_ppm"] = tuple((month, min(MILLION, ppm + more)) for month, ppm in whole["sell"]["price_ppm"])
    row, other = worth(found, debt)[0], worth(Fork.model_validate(whole), debt)[0]
    assert other[SELL] >= row[SELL]
    assert other.max() >= row.max() - 1e-6


@given(some_forks(), some_debts(), st.integers(0, 10**7))
def test_who_owes_more_is_worth_more_and_nobody_more_than_they_owe(found: Fork, debt: Debt, more: int) -> None:
    row, other = worth(found, debt, debt._replace(owed=debt.owed + more))
    assert 0 <= row.max() <= debt.owed + 1e-6
    assert other.max() >= row.max() - 1e-6


@given(some_forks(), some_debts())
def test_more_months_are_never_worth_less(found: Fork, debt: Debt) -> None:
    longer = found.model_copy(update={"horizon_months": found.horizon_months + 1})
    assert worth(longer, debt)[0].max() >= worth(found, debt)[0].max() - 1e-6


def test_threads_and_ranges_make_no_difference() -> None:
    dice = np.random.default_rng(3)
    some = [Debt(int(dice.integers(0, 10**8)), age=int(dice.integers(0, 60))) for _ in range(500)]
    many = debts(*(some * 90))  # more than two ranges
    one, four = (values(terms(fork(), "CN"), many, threads) for threads in (1, 4))
    assert np.array_equal(one, four)
    assert np.array_equal(one[:500], worth(fork(), *some))


def test_nothing_owed_is_let_go() -> None:
    assert worth(fork(), Debt(0))[0].argmax() == STOP
