"""What the fork tells: the way that is followed, and the nearest numbers that change the choice."""

import numpy as np
import pytest
from hypothesis import given, settings

from duecourse.strategy.fork.models import Fork
from duecourse.strategy.fork.reading import terms
from duecourse.strategy.fork.telling import Change, changes, path
from duecourse.strategy.fork.values import WAYS, values
from tests.strategy.fork.forks import MILLION, Debt, debts, file, fork, some_debts, some_forks


def best(found: Fork, debt: Debt) -> str:
    return WAYS[int(values(terms(found, "CN"), debts(debt))[0].argmax())]


def fee_of(amount: int) -> int:
    return 5_000 + amount // 50


@given(some_forks(), some_debts())
def test_the_path_begins_with_the_best_way_and_ends(found: Fork, debt: Debt) -> None:
    steps = path(terms(found, "CN"), debts(debt))
    assert steps[0].way == best(found, debt)
    assert [step.month for step in steps] == sorted({step.month for step in steps})
    assert steps[-1].month < found.horizon_months
    assert not {step.way for step in steps[:-1]} & {"sue", "sell", "stop"}
    assert sum(step.way == "settle" for step in steps) <= (found.settle.times_most if found.settle else 0)
    # Each step is the best of what is left: what comes later is worth no more today than what it is part of.
    assert steps[0].value == values(terms(found, "CN"), debts(debt))[0].max()


@settings(max_examples=30)
@given(some_forks(), some_debts().filter(lambda debt: debt.owed > 1_000))
def test_a_change_is_one_and_nothing_nearer_that_was_looked_at(found: Fork, debt: Debt) -> None:
    debt = debt._replace(fee=fee_of(debt.owed))
    now = best(found, debt)
    for change in changes(found, "CN", debts(debt), fee_of):
        assert change.way != now
        if change.what == "owed":
            there, nearer = (
                best(found, debt._replace(owed=owed, fee=fee_of(owed)))
                for owed in (change.at, change.at + (1 if change.at < change.now else -1))
            )
            assert (there, nearer) == (change.way, now)


def test_the_price_at_which_a_sale_is_better_by_hand() -> None:
    """One month left, 10,000.00 owed, 6 % pay 90 % in it, for 3.00: 540.00 less 3.00 are 5.37 % of the debt."""
    found = fork(
        horizon_months=1, worth_less_ppm_year=0, settle=None, agency=None, sue=None,
        sell={"source": "made up", "from_months": 0, "price_ppm": ((0, 20_000),)},
    )  # fmt: skip
    told = changes(found, "CN", debts(Debt(1_000_000, age=0, fee=0)), fee_of)
    # Where both are worth the same, going on stands first.
    assert [change for change in told if change.what == "price"] == [Change("price", 20_000, 53_701, "sell")]
    # A sale brings 200.00; going on beats that while the chance is above (200.00 + 3.00) / 9,000.00 = 2.2555 %.
    assert [change for change in told if change.what == "pays"] == [Change("pays", 60_000, 22_555, "sell")]


def test_chances_of_a_suit() -> None:
    suit = {**file()["sue"]["CN"], "after_offers_times": 0, "after_placements_times": 0, "served_ppm": 0}
    found = fork(
        horizon_months=1, worth_less_ppm_year=0, settle=None, agency=None, sue={"CN": suit}, sell=None,
        collect={"source": "made up", "pays_ppm_month": ((0, 0),), "share_ppm": 0, "cost_ppm_unit": 0},
    )  # fmt: skip
    # A suit costs 50.00 and 60.00; a judgment brings 40 % of 9,000.00 and 50.00: 3,620.00. It pays from 3.0387 % on.
    debt = debts(Debt(1_000_000, fee=5_000))
    assert Change("wins", 800_000, 30_386, "collect") in changes(found, "CN", debt, lambda _: 5_000)
    assert 0.4 * 905_000 * 30_386 / MILLION < 11_000 < 0.4 * 905_000 * 30_387 / MILLION


def test_months_must_begin_and_be_in_order() -> None:
    for wrong in ((), ((1, 5),), ((0, 5), (0, 6)), ((0, 5), (3, MILLION + 1))):
        with pytest.raises(ValueError, match="must"):
            fork(sell={"source": "made up", "from_months": 0, "price_ppm": wrong})


def test_a_suit_that_would_never_be_open_is_refused() -> None:
    suit = {**file()["sue"]["CN"], "after_offers_times": 2}
    with pytest.raises(ValueError, match="nobody is ever sued in CN"):
        fork(sue={"CN": suit})


def test_older_debts_than_the_tables_are_as_the_oldest() -> None:
    row, other = values(terms(fork(), "CN"), debts(Debt(1_000_000, age=360), Debt(1_000_000, age=900)))
    assert np.array_equal(row, other)
