"""The engine against examples that were worked out by hand; the working stands beside each."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from duecourse.affordability.budget import Budget, ComesIn, Debt, Every, GoesOut, Income, Spending
from duecourse.affordability.judging import Cap, Due, Proposal, Reason, Verdict, judge, most
from duecourse.kernel.errors import DueCourseError

TODAY: Final = date(2026, 11, 23)


def _months(count: int, amount: int) -> tuple[Due, ...]:
    """Return payments on the 23rd of the months after today."""
    ends = [(TODAY.year + (TODAY.month + n) // 12, (TODAY.month + n) % 12 + 1) for n in range(count)]  # down: years
    return tuple(Due(date(year, month, 23), amount) for year, month in ends)


def _household(wages: int = 500_000, **changes: object) -> Budget:
    """Return a month of 5,000.00: rent 1,800, food 1,000, transport 200, a debt of 500; 1,500 are left."""
    plain = Budget(
        currency="CNY",
        comes_in=(ComesIn(Income.WAGES, "CNY", wages),),
        goes_out=(
            GoesOut(Spending.HOME, "CNY", 180_000),
            GoesOut(Spending.FOOD, "CNY", 100_000),
            GoesOut(Spending.TRANSPORT, "CNY", 20_000),
        ),
        debts=(Debt("Lender 2", "CNY", 50_000),),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def _loan(monthly: int, count: int = 12, received: int = 1_000_000, **changes: object) -> Proposal:
    return replace(Proposal("CNY", TODAY, received, _months(count, monthly)), **changes)  # type: ignore[arg-type]


def test_it_fits() -> None:
    found = judge(_household(), _loan(90_000))
    # 5000 - 3000 - 500 = 1500 left; 1500 - 900 = 600; a tenth of 5000 less: 600 - 500 = 100;
    # a missed month: 12 × 600 - 5000 = 2200; paid in all 12 × 900 = 10,800, so it costs 800
    assert (found.income, found.spending, found.repaying, found.left) == (500_000, 300_000, 50_000, 150_000)
    assert (found.after, found.after_a_tenth_less, found.after_a_missed_month) == (60_000, 10_000, 220_000)
    assert (found.total, found.cost, found.verdict, found.reasons) == (1_080_000, 80_000, Verdict.FITS, ())
    # the most that fits: a tenth less leaves 4500 - 3500 = 1000; a missed month (12 × 1500 - 5000) / 12 = 1083.33
    assert found.most == 100_000


def test_it_is_tight() -> None:
    found = judge(_household(), _loan(110_000))
    # 1500 - 1100 = 400 on a good month; a tenth less: 400 - 500 = -100; a missed month: 12 × 400 - 5000 = -200
    assert (found.after, found.after_a_tenth_less, found.after_a_missed_month) == (40_000, -10_000, -20_000)
    assert (found.verdict, found.reasons) == (Verdict.TIGHT, (Reason.INCOME_LESS_A_TENTH, Reason.MISSED_MONTH))


def test_savings_make_up_for_a_missed_month() -> None:
    found = judge(_household(savings=20_000), _loan(110_000))
    assert (found.after_a_missed_month, found.reasons) == (0, (Reason.INCOME_LESS_A_TENTH,))


def test_a_loan_of_one_month_has_no_month_to_make_up_in() -> None:
    found = judge(_household(), _loan(50_000, count=1, received=45_000))
    # 1 × (1500 - 500) - 5000 = -4000: without wages in that month there is nothing to pay it of
    assert (found.after_a_missed_month, found.verdict) == (-400_000, Verdict.TIGHT)


@pytest.mark.parametrize(
    ("budget", "monthly", "reasons", "most_fits"),
    [
        (_household(), 160_000, (Reason.TOO_MUCH,), 100_000),
        (_household(wages=340_000), 10_000, (Reason.NOTHING_LEFT,), 0),  # 3400 - 3500 = -100 already
        (_household(wages=350_000), 10_000, (Reason.NOTHING_LEFT,), 0),  # nothing at all is left
        (_household(comes_in=()), 10_000, (Reason.NO_INCOME,), 0),
    ],
)
def test_it_is_a_plain_no(budget: Budget, monthly: int, reasons: tuple[Reason, ...], most_fits: int) -> None:
    found = judge(budget, _loan(monthly))
    assert (found.verdict, found.reasons, found.most) == (Verdict.NO, reasons, most_fits)


def test_an_irregular_income_counts_as_its_lower_half() -> None:
    # twelve months of deliveries: the six lowest are 0, 0, 800, 1000, 1200, 1500: 4500 / 6 = 750
    months = (300_000, 0, 80_000, 250_000, 100_000, 0, 400_000, 120_000, 220_000, 150_000, 200_000, 180_000)
    part = ComesIn(Income.OTHER, "CNY", months=months)
    assert part.monthly == 75_000
    # of five the three lowest: (0 + 100 + 200) / 3 = 100
    assert ComesIn(Income.OTHER, "CNY", months=(30_000, 0, 20_000, 10_000, 90_000)).monthly == 10_000
    # of three the two lowest, rounded down: (0 + 1) / 2 of a minor unit is nothing
    assert ComesIn(Income.OTHER, "CNY", months=(5, 0, 1)).monthly == 0
    found = judge(_household(comes_in=(ComesIn(Income.WAGES, "CNY", 400_000), part)), _loan(60_000))
    # 4000 + 750 - 3500 = 1250 left, 650 after; a tenth of 4750 less: 175; missed wages: 12 × 650 - 4000 = 3800
    assert (found.income, found.after, found.after_a_tenth_less) == (475_000, 65_000, 17_500)
    assert found.after_a_missed_month == 380_000


@pytest.mark.parametrize(
    ("every", "comes", "goes"),
    [
        # 100.00 each time: 52/12 = 433.333, 26/12 = 216.666, 13/12 = 108.333; down what comes in, up what goes out
        (Every.WEEK, 43_333, 43_334),
        (Every.FORTNIGHT, 21_666, 21_667),
        (Every.FOUR_WEEKS, 10_833, 10_834),
        (Every.MONTH, 10_000, 10_000),
        (Every.QUARTER, 3_333, 3_334),
        (Every.YEAR, 833, 834),
    ],
)
def test_amounts_become_months(every: Every, comes: int, goes: int) -> None:
    assert ComesIn(Income.WAGES, "GBP", 10_000, every).monthly == comes
    assert GoesOut(Spending.HOME, "GBP", 10_000, every).monthly == goes


def test_two_currencies_are_refused() -> None:
    with pytest.raises(DueCourseError, match="amounts in CNY and in HKD, USD: give all in CNY, at the rate you would"):
        _household(comes_in=(ComesIn(Income.WAGES, "USD", 1), ComesIn(Income.OTHER, "HKD", 1)))
    with pytest.raises(DueCourseError, match="the loan is in USD and the budget in CNY: give both in one currency"):
        judge(_household(), _loan(1, currency="USD"))


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"savings": -1}, "an amount of -1"),
        ({"comes_in": (ComesIn(Income.OTHER, "CNY", months=(1, 2)),)}, "an irregular income of 2 months"),
        ({"debts": (Debt("x", "CNY", -5),)}, "an amount of -5"),
    ],
)
def test_what_is_no_budget_is_refused(parts: dict[str, Any], line: str) -> None:
    with pytest.raises(DueCourseError, match=line):
        _household(**parts)


@pytest.mark.parametrize("dues", [(), (Due(TODAY, 0),)])
def test_a_loan_without_payments_is_refused(dues: tuple[Due, ...]) -> None:
    with pytest.raises(DueCourseError, match="at least one payment"):
        judge(_household(), _loan(1, dues=dues))


def test_the_yearly_cost_is_held_against_the_laws_cap() -> None:
    # 10,000 now and 11,240 a year of 365 days later: 12.4 per cent exactly, which is at the cap and not above it
    at_cap = _loan(1, dues=(Due(TODAY + timedelta(days=365), 1_124_000),), cap=Cap(124_000, "cn.cap"))
    assert (judge(_household(), at_cap).rate_ppm_year, Reason.OVER_CAP in judge(_household(), at_cap).reasons) == (
        124_000,
        False,
    )
    above = replace(at_cap, dues=(Due(TODAY + timedelta(days=365), 1_124_001),))
    found = judge(_household(wages=50_000_000, savings=50_000_000), above)
    assert (found.rate_ppm_year, found.verdict, found.reasons) == (124_001, Verdict.NO, (Reason.OVER_CAP,))


def test_the_cap_is_held_against_interest_without_interest_on_it() -> None:
    # 12,000.00 owed, 1,000.00 of it each 30 days and a simple 12 per cent a year on what is left:
    # 12,000 × 0.12 × 30 / 365 = 118.36 the first time, 1,000 × 0.12 × 30 / 365 = 9.86 the last, 769.32 in all.
    left = [1_200_000 - 100_000 * place for place in range(12)]
    dues = tuple(
        Due(TODAY + timedelta(days=30 * place), 100_000 + (principal * 12 * 30 + 18_250) // 36_500)
        for place, principal in enumerate(left, 1)
    )
    assert sum(due.amount for due in dues) == 1_276_932
    rich = _household(wages=50_000_000, savings=50_000_000)
    at_cap = _loan(1, received=1_200_000, dues=dues, cap=Cap(120_000, "cn.cap"))
    found = judge(rich, at_cap)
    # compounded it is dearer: (1 + 0.12 × 30 / 365) ** (365 / 30) - 1 = 12.68 per cent
    assert found.rate_ppm_year is not None
    assert 126_600 < found.rate_ppm_year < 126_900
    assert (found.verdict, found.reasons) == (Verdict.FITS, ())
    assert found.simple_ppm_year is not None
    assert 119_900 <= found.simple_ppm_year <= 120_000  # what rounding may add is not held against it
    dearer = replace(at_cap, dues=(*dues[:-1], Due(dues[-1].on, dues[-1].amount + 100)))
    assert judge(rich, dearer).reasons == (Reason.OVER_CAP,)


@pytest.mark.parametrize(("paid", "simple"), [(1_000_000, 0), (999_999, None), (2_000_000, 1_000_000)])
def test_what_costs_nothing_has_no_rate_and_what_doubles_in_a_year_is_a_hundred(paid: int, simple: int | None) -> None:
    found = judge(_household(), _loan(1, dues=(Due(TODAY + timedelta(days=365), paid),)))
    assert found.simple_ppm_year == simple


@pytest.mark.parametrize("received", [0, 2_000_000])
def test_without_one_rate_none_is_told(received: int) -> None:
    assert judge(_household(), _loan(90_000, received=received)).rate_ppm_year is None


def test_what_is_due_in_one_month_is_added() -> None:
    dues = (Due(date(2026, 12, 1), 30_000), Due(date(2026, 12, 20), 40_000), Due(date(2027, 1, 5), 50_000))
    found = judge(_household(), _loan(1, dues=dues))
    assert (found.due, found.months) == (70_000, 2)


incomes = st.integers(0, 10**9)


@given(wages=incomes, spending=incomes, savings=incomes, months=st.integers(1, 24))
def test_the_most_that_fits_fits_and_more_does_not(wages: int, spending: int, savings: int, months: int) -> None:
    budget = Budget(
        "USD", (ComesIn(Income.WAGES, "USD", wages),), (GoesOut(Spending.HOME, "USD", spending),), savings=savings
    )
    amount = most(budget, months)
    if amount:
        dues = _months(months, amount)
        assert judge(budget, Proposal("USD", TODAY, 1, dues)).verdict is Verdict.FITS
    more = _months(months, amount + 1)
    assert judge(budget, Proposal("USD", TODAY, 1, more)).verdict is not Verdict.FITS


@given(received=st.integers(10_000, 10**7), monthly=st.integers(1_000, 10**6), count=st.integers(1, 24))
def test_the_rate_is_that_of_another_program(received: int, monthly: int, count: int) -> None:
    dues = _months(count, monthly)
    found = judge(_household(), Proposal("CNY", TODAY, received, dues)).rate_ppm_year
    days = [TODAY, *(due.on for due in dues)]
    theirs = pyxirr.xirr(days, [-received, *(due.amount for due in dues)])
    if count * monthly < received:
        assert found is None
    elif found is not None and theirs is not None and theirs < 50:
        assert found == pytest.approx(theirs * 1_000_000, abs=2)
