"""Schedules under a reward, against an oracle in fractions and the properties that every reward must keep."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.ledger.loan import Instalment
from duecourse.rewards import schedule
from duecourse.rewards.record import Met, earning, milestones

RATES = st.integers(min_value=10_000, max_value=400_000)


def annuity(balance: int, months: int, ppm: int, start: int = 0) -> list[Instalment]:
    """Return an annuity by the textbook, each amount rounded half up; the last takes the rest."""
    rate = Fraction(ppm, 12_000_000)
    payment = balance * rate / (1 - (1 + rate) ** -months)
    rows, left = [], balance
    for number in range(start + 1, start + months + 1):
        interest = int(left * rate + Fraction(1, 2))
        principal = left if number == start + months else int(payment + Fraction(1, 2)) - interest
        due_on = date(2026 + (number - 1) // 12, (number - 1) % 12 + 1, 5)
        rows.append(Instalment(number, due_on, principal, interest))
        left -= principal
    return rows


def met(pattern: str) -> list[Met]:
    """One instalment a month: `.` on time, `x` a miss."""
    return [
        Met(place, date(2026 + (place - 1) // 12, (place - 1) % 12 + 1, 5), mark == ".")
        for place, mark in enumerate(pattern, 1)
    ]


@pytest.mark.parametrize(
    ("pattern", "every", "most", "earned"),
    [
        ("......", 6, 3, (6,)),
        (".....", 6, 3, ()),
        (".....x......", 6, 3, (12,)),
        ("......x......", 6, 3, (6, 13)),
        ("............", 6, 3, (6, 12)),
        ("............", 6, 1, (6,)),
        ("x" * 12, 6, 3, ()),
    ],
)
def test_a_miss_resets_the_count_and_what_was_earned_stays(
    pattern: str, every: int, most: int, earned: tuple[int, ...]
) -> None:
    assert milestones(met(pattern), every, most) == earned


def test_a_run_is_earned_by_the_instalments_since_the_one_before() -> None:
    assert earning(met("......x......"), 13, 6) == (8, 9, 10, 11, 12, 13)


@given(st.text(alphabet=".x", max_size=40), st.text(alphabet=".x", max_size=20), st.integers(1, 8))
def test_what_was_earned_is_never_lost_by_what_comes_later(before: str, later: str, every: int) -> None:
    first = milestones(met(before), every, 99)
    assert milestones(met(before + later), every, 99)[: len(first)] == first
    assert all("x" not in (before + later)[at - every : at] for at in milestones(met(before + later), every, 99))


def test_equal_instalments_at_the_lower_rate_by_hand() -> None:
    """6,000.00 in six months at 18 % from 20 %.

    1.5 % a month: 6,000 x 0.015 / (1 - 1.015^-6) = 1,053.15, of which the first interest is 90.00 and the next
    (6,000 - 963.15) x 0.015 = 75.55, rounded down from 75.552...
    """
    rows = annuity(600_000, 6, 200_000)
    found = schedule.cut(rows, 200_000, 180_000, level=True)
    assert found is not None
    assert [one.principal + one.interest for one in found[:5]] == [105_315] * 5
    assert [one.interest for one in found[:2]] == [9_000, 7_555]
    assert sum(one.principal for one in found) == 600_000


@given(st.integers(10_000, 50_000_000), st.integers(1, 60), RATES, st.integers(1, 60_000))
def test_a_cut_lowers_every_instalment_and_keeps_the_principal_in_all(
    balance: int, months: int, ppm: int, less: int
) -> None:
    rows = annuity(balance, months, ppm)
    new = max(0, ppm - less)
    for level in (True, False):
        found = schedule.cut(rows, ppm, new, level=level)
        if found is None:
            continue
        assert sum(one.principal for one in found) == balance
        assert all(one.principal >= 0 and one.interest >= 0 for one in found)
        assert [(one.number, one.due_on, one.fee) for one in found] == [
            (one.number, one.due_on, one.fee) for one in rows
        ]
        assert all(
            after.principal + after.interest <= before.principal + before.interest
            for after, before in zip(found, rows, strict=True)
        )
        if level:  # the oracle: no amount is more than a unit from the exact annuity, but for what the last takes up
            rate = Fraction(new, 12_000_000)
            exact = balance * rate / (1 - (1 + rate) ** -months) if rate else Fraction(balance, months)
            assert all(exact - 1 < one.principal + one.interest <= exact for one in found[:-1])


@given(st.integers(0, 30_000))
def test_a_refund_comes_off_fees_then_interest_and_never_off_principal(amount: int) -> None:
    rows = [Instalment(7, date(2026, 7, 5), 50_000, 900, 1_000), Instalment(8, date(2026, 8, 5), 50_000, 800, 1_000)]
    found = schedule.refunded(rows, amount)
    assert schedule.saved(rows, found) == min(amount, 3_700)
    assert [one.principal for one in found] == [50_000, 50_000]
    assert [one.fee for one in found] == [max(0, 1_000 - amount), max(0, 1_000 - max(0, amount - 1_000))]


def test_months_that_are_no_months_are_not_made_equal() -> None:
    rows = [Instalment(1, date(2026, 1, 5), 500, 20), Instalment(2, date(2026, 1, 19), 500, 10)]
    assert schedule.cut(rows, 200_000, 180_000, level=True) is None
    assert schedule.cut(rows, 200_000, 180_000, level=False) is not None
