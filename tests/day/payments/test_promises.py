"""Promises and arrangements: worked days, the invariants that `promises` lists, and a slow twin that counts coins."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.day.payments import arrangements
from duecourse.day.payments.arrangements import Arrangement, Due, State
from duecourse.day.payments.promises import Kept, Payment, Promise, judge
from duecourse.kernel.errors import DueCourseError

START = date(2026, 3, 1)


def day(number: int) -> date:
    return START + timedelta(number)


def promise(name: str, made: int, last: int, amount: int, loan: str | None = "L") -> Promise:
    return Promise(name, loan, day(made), day(last), amount)


def payment(name: str, on: int, amount: int, undone: int | None = None, loan: str = "L") -> Payment:
    return Payment(name, loan, day(on), amount, None if undone is None else day(undone))


@pytest.mark.parametrize(
    ("on", "grace", "kept"), [(5, 0, Kept.OPEN), (6, 0, Kept.BROKEN), (6, 1, Kept.OPEN), (7, 1, Kept.BROKEN)]
)
def test_a_promise_is_broken_on_the_day_after_its_last_day_and_the_grace(on: int, grace: int, kept: Kept) -> None:
    (found,) = judge([promise("p", 0, 5, 100)], [payment("x", 2, 99)], day(on), grace).standings
    assert (found.kept, found.paid) == (kept, 99)
    assert found.since == (day(6 + grace) if kept is Kept.BROKEN else None)


def test_it_is_kept_on_the_day_of_the_payment_that_fills_it() -> None:
    rows = [payment("x", 2, 60), payment("y", 4, 60)]
    (found,) = judge([promise("p", 0, 5, 100)], rows, day(9), 0).standings
    assert (found.kept, found.paid, found.since) == (Kept.KEPT, 100, day(4))


def test_first_in_first_out_over_two_promises() -> None:
    promises = [promise("late", 0, 9, 50), promise("soon", 1, 4, 50)]
    found = judge(promises, [payment("x", 2, 70), payment("y", 6, 30)], day(9), 0)
    assert [(one.promise_id, one.kept) for one in found.standings] == [("soon", Kept.KEPT), ("late", Kept.KEPT)]
    assert [(one.promise_id, one.payment_id, one.amount) for one in found.shares] == [
        ("soon", "x", 50), ("late", "x", 20), ("late", "y", 30),
    ]  # fmt: skip


def test_what_was_paid_before_it_was_made_too_late_or_on_another_loan_does_not_count() -> None:
    rows = [payment("x", 0, 100), payment("y", 6, 100), payment("z", 3, 100, loan="M")]
    assert judge([promise("p", 1, 5, 100)], rows, day(9), 0).shares == ()
    assert len(judge([promise("p", 1, 5, 100, None)], rows, day(9), 0).shares) == 1  # one about any loan


def test_a_reversal_takes_it_back_from_the_day_of_the_reversal() -> None:
    rows = [payment("x", 2, 100, undone=7)]
    assert judge([promise("p", 0, 5, 100)], rows, day(6), 0).standings[0].kept is Kept.KEPT
    assert judge([promise("p", 0, 5, 100)], rows, day(7), 0).standings[0].kept is Kept.BROKEN


def test_rows_that_make_no_sense_are_refused() -> None:
    one, paid = promise("p", 0, 5, 100), payment("x", 2, 100)
    for promises, payments, grace in (
        ([one, one], [], 0), ([], [paid, paid], 0), ([replace(one, amount=0)], [], 0),
        ([], [replace(paid, amount=-1)], 0), ([one], [], -1),
    ):  # fmt: skip
        with pytest.raises(DueCourseError):
            judge(promises, payments, day(9), grace)


DAYS = st.integers(0, 12)
PROMISES = st.lists(st.tuples(DAYS, DAYS, st.integers(1, 9), st.sampled_from([None, "L", "M"])), max_size=5).map(
    lambda rows: [
        promise(f"p{n}", made, made + more, amount, loan) for n, (made, more, amount, loan) in enumerate(rows)
    ]
)
PAYMENTS = st.lists(st.tuples(DAYS, st.integers(1, 12), st.none() | DAYS, st.sampled_from(["L", "M"])), max_size=6).map(
    lambda rows: [
        payment(f"x{n}", on, amount, None if undone is None else on + undone, loan)
        for n, (on, amount, undone, loan) in enumerate(rows)
    ]
)


def twin(promises: list[Promise], payments: list[Payment], on: date, grace: int) -> dict[str, int]:
    """Judge as by hand: coin by coin, each to the promise whose last day is the nearest."""
    box = {one.promise_id: 0 for one in promises if one.made_on <= on}
    coins = [one for one in payments for _ in range(one.amount) if one.paid_on <= on]
    coins = [one for one in coins if one.reversed_on is None or on < one.reversed_on]
    for coin in sorted(coins, key=lambda one: (one.paid_on, one.payment_id)):
        open_ = [
            one
            for one in promises
            if one.promise_id in box
            and box[one.promise_id] < one.amount
            and one.loan_id in {None, coin.loan_id}
            and one.made_on <= coin.paid_on <= one.promised_on + timedelta(grace)
        ]
        if open_:
            box[min(open_, key=lambda one: (one.promised_on, one.made_on, one.promise_id)).promise_id] += 1
    return box


@settings(max_examples=300)
@given(PROMISES, PAYMENTS, st.integers(0, 30), st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_invariants_of_promises(
    promises: list[Promise], payments: list[Payment], on: int, grace: int, random: Random
) -> None:
    found = judge(promises, payments, day(on), grace)
    assert {one.promise_id: one.paid for one in found.standings} == twin(promises, payments, day(on), grace)
    for paid in payments:
        used = sum(one.amount for one in found.shares if one.payment_id == paid.payment_id)
        assert used <= (paid.amount if paid.counts(day(on)) else 0)
    for standing in found.standings:
        assert standing.paid == sum(one.amount for one in found.shares if one.promise_id == standing.promise_id)
    mixed = [list(promises), list(payments)]
    for rows in mixed:
        random.shuffle(rows)  # type: ignore[arg-type]
    assert judge(mixed[0], mixed[1], day(on), grace) == found  # type: ignore[arg-type]
    never = [one for one in payments if one.counts(day(on))]
    assert judge(promises, never, day(on), grace) == found


def plan(*rows: tuple[int, int], agreed: int = 0) -> Arrangement:
    schedule = tuple(Due(day(on), amount) for on, amount in rows)
    return Arrangement("A", "L", day(agreed), sum(one.amount for one in schedule), schedule)


THREE = plan((5, 100), (10, 100), (15, 50))


@pytest.mark.parametrize(
    ("paid", "on", "state", "demand", "upcoming"),
    [
        ([], 0, State.KEPT, 0, (5, 100)),
        ([], 5, State.KEPT, 100, (10, 100)),
        ([], 7, State.KEPT, 100, (10, 100)),
        ([], 8, State.BROKEN, None, None),
        ([(7, 100)], 8, State.KEPT, 0, (10, 100)),
        ([(8, 100)], 9, State.BROKEN, None, None),  # a day too late
        ([(5, 130)], 10, State.KEPT, 70, (15, 50)),
        ([(5, 210)], 11, State.KEPT, 0, (15, 40)),
        ([(1, 250)], 5, State.DONE, 0, None),
        ([(1, 9999)], 30, State.DONE, 0, None),
        ([(5, 100), (10, 99)], 13, State.BROKEN, None, None),
    ],
)
def test_an_arrangement_day_by_day(
    paid: list[tuple[int, int]], on: int, state: State, demand: int | None, upcoming: tuple[int, int] | None
) -> None:
    rows = [payment(f"x{number}", *row) for number, row in enumerate(paid)]
    found = arrangements.judge(THREE, rows, day(on), 2)
    assert (found.state, found.demand) == (state, demand)
    assert found.next_due == (Due(day(upcoming[0]), upcoming[1]) if upcoming else None)
    assert found.paid + found.left == 250


def test_it_is_broken_on_the_first_day_after_the_grace_and_stays_so() -> None:
    rows = [payment("x", 9, 250)]
    assert arrangements.judge(THREE, rows, day(30), 2).broken_on == day(8)
    bounced = [payment("x", 4, 100, undone=20), payment("y", 9, 150)]
    assert arrangements.judge(THREE, bounced, day(19), 2).state is State.DONE
    assert arrangements.judge(THREE, bounced, day(20), 2).broken_on == day(8)


def test_what_is_not_about_it_does_not_count() -> None:
    rows = [payment("x", 4, 100, loan="M"), payment("y", 1, 100)]
    late = plan((5, 100), agreed=2)
    assert arrangements.judge(late, rows, day(5), 0).demand == 100


@pytest.mark.parametrize("rows", [(), ((5, 0),), ((5, -1), (6, 2)), ((6, 1), (5, 1)), ((5, 1), (5, 1)), ((-1, 5),)])
def test_a_schedule_that_makes_no_sense_is_refused(rows: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(DueCourseError):
        plan(*rows)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(DueCourseError, match="add up"):
        replace(THREE, total=251)
    for payments, on, grace in (
        ([], -1, 0),
        ([], 5, -1),
        ([payment("x", 1, 1)] * 2, 5, 0),
        ([payment("x", 1, 0)], 5, 0),
    ):
        with pytest.raises(DueCourseError):
            arrangements.judge(THREE, payments, day(on), grace)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), min_size=1, max_size=5), PAYMENTS, st.integers(0, 40),
    st.integers(0, 3), st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_invariants_of_arrangements(
    gaps: list[tuple[int, int]], payments: list[Payment], on: int, grace: int, random: Random
) -> None:
    days = [sum(gap for gap, _ in gaps[: number + 1]) for number in range(len(gaps))]
    made = plan(*((last, amount) for last, (_, amount) in zip(days, gaps, strict=True)))
    found = arrangements.judge(made, payments, day(on), grace)
    good = [one for one in payments if one.loan_id == "L" and one.counts(day(on))]
    missed = [
        last
        for number, last in enumerate(days)
        if on > last + grace
        and sum(one.amount for one in good if one.paid_on <= day(last + grace)) < sum(a for _, a in gaps[: number + 1])
    ]
    assert found.broken_on == (day(missed[0] + grace + 1) if missed else None)
    assert found.paid == min(sum(one.amount for one in good), made.total)
    assert found.paid + found.left == made.total
    if found.demand is not None:
        due = sum(amount for last, (_, amount) in zip(days, gaps, strict=True) if last <= on)
        assert found.demand == max(0, due - found.paid)
    mixed = list(payments)
    random.shuffle(mixed)
    assert arrangements.judge(made, mixed, day(on), grace) == found
