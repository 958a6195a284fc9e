"""Rates of agencies: against exact arithmetic, against a bootstrap, and against the trap of easier debts."""

from fractions import Fraction
from random import Random

import pytest

from duecourse.endings.agency.performance import Account, Rate, compare, segment_of

OLD, YOUNG = ("US", 3, 1), ("US", 0, 1)


def drawn(agency: str, segment: tuple[str, int, int], count: int, paying: float, chance: Random) -> list[Account]:
    """Draw accounts of which a share pays a half, and the others nothing."""
    owed = [chance.randint(50_000, 199_999) for _ in range(count)]
    return [Account(agency, segment, one, one // 2 if chance.random() < paying else 0) for one in owed]


def like_for_like(given: list[Account], agency: str, least: int = 30) -> Rate:
    (found,) = [one.like_for_like for one in compare(given, least).standings if one.agency == agency]
    assert found is not None
    return found


def exact(given: list[Account], agency: str) -> Fraction:
    """Return the rate of an agency with the weights of all, segment by segment, in fractions."""
    rate, total = Fraction(0), sum(one.placed for one in given)
    for segment in {one.segment for one in given}:
        here = [one for one in given if one.segment == segment]
        own = [one for one in here if one.agency == agency]
        share = Fraction(sum(one.placed for one in here), total)
        rate += share * Fraction(sum(one.recovered for one in own), sum(one.placed for one in own))
    return rate


def test_the_rate_is_the_one_of_exact_arithmetic() -> None:
    chance = Random(5)
    given = [
        one
        for agency in ("a", "b")
        for segment, count in ((OLD, 40), (YOUNG, 60))
        for one in drawn(agency, segment, count, 0.3, chance)
    ]
    for agency in ("a", "b"):
        assert like_for_like(given, agency).rate == pytest.approx(float(exact(given, agency)), rel=1e-12)


def test_by_hand() -> None:
    """Half of all money is old: a has 10% of the old and 50% of the young, so 30%."""
    old = [Account("a", OLD, 1_000, 200), Account("a", OLD, 1_000, 0)]
    young = [Account("a", YOUNG, 1_000, 500), Account("a", YOUNG, 1_000, 500)]
    assert like_for_like([*old, *young], "a", least=2).rate == pytest.approx(0.3)
    # the variance of the old: (100² + 100²) × 2 / 1 / 2000², a quarter of it counts; the young have none
    half = like_for_like([*old, *young], "a", least=2).high - 0.3
    assert half == pytest.approx(1.959963984540054 * 0.1 / 2)


def test_who_is_given_easier_debts_does_not_come_first_for_that() -> None:
    """In each segment a is better; b has the young debts, and more of them pay."""
    chance = Random(11)
    given = [
        *drawn("a", OLD, 900, 0.20, chance), *drawn("a", YOUNG, 100, 0.60, chance),
        *drawn("b", OLD, 100, 0.10, chance), *drawn("b", YOUNG, 900, 0.45, chance),
    ]  # fmt: skip
    found = compare(given)
    raw = {one.agency: one.raw.rate for one in found.standings}
    assert raw["b"] > raw["a"]
    assert [one.agency for one in found.standings] == ["a", "b"]


def test_the_interval_is_that_of_a_bootstrap() -> None:
    chance = Random(3)
    given = [*drawn("a", OLD, 400, 0.25, chance), *drawn("a", YOUNG, 300, 0.5, chance)]
    parts = {segment: [one for one in given if one.segment == segment] for segment in (OLD, YOUNG)}
    weights = {segment: sum(one.placed for one in some) for segment, some in parts.items()}
    rates = []
    for _ in range(2_000):
        rate = 0.0
        for segment, some in parts.items():
            again = chance.choices(some, k=len(some))
            own = sum(one.recovered for one in again) / sum(one.placed for one in again)
            rate += own * weights[segment] / sum(weights.values())
        rates.append(rate)
    rates.sort()
    found = like_for_like(given, "a")
    width = found.high - found.low
    assert rates[1_949] - rates[50] == pytest.approx(width, rel=0.1)
    assert rates[50] == pytest.approx(found.low, abs=width * 0.06)


def test_the_interval_misses_the_true_rate_in_about_five_draws_of_a_hundred() -> None:
    """Three in ten pay a half, so 15%; more than eleven misses would have a chance of one in 200 (binomial)."""
    missed = 0
    for seed in range(100):
        given = drawn("a", OLD, 300, 0.3, Random(seed))
        found = like_for_like(given, "a")
        missed += not found.low <= 0.15 <= found.high
    assert missed <= 11


def test_a_segment_in_which_one_has_too_few_is_left_out_and_named() -> None:
    chance = Random(1)
    given = [
        *drawn("a", OLD, 50, 0.2, chance), *drawn("a", YOUNG, 50, 0.5, chance), *drawn("b", OLD, 50, 0.2, chance),
        *drawn("b", YOUNG, 29, 0.5, chance),
    ]  # fmt: skip
    found = compare(given)
    assert (found.segments, found.left_out) == ((OLD,), (YOUNG,))
    nothing = compare([one for one in given if one.segment == YOUNG])
    assert [one.like_for_like for one in nothing.standings] == [None, None]


def test_a_debt_on_a_bound_belongs_above_it() -> None:
    assert segment_of("CN", 89, 49_999) == ("CN", 0, 0)
    assert segment_of("CN", 90, 50_000) == ("CN", 1, 1)
    assert segment_of("CN", 720, 5_000_000) == ("CN", 4, 4)
