"""Movements explain balances: each day by itself, day after day, and by hand for what is taken back and dated back."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from duecourse.finance.movements import Moved, Movement, moved
from duecourse.finance.playing import BALANCES
from duecourse.ledger.loan import Instalment, Payment, Terms
from duecourse.ledger.loan import Loan as History
from duecourse.ledger.positions import positions_of
from tests.night import books

OPENED = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, 0, tzinfo=UTC)


def days(book: Any, home: Path, *on: date) -> list[list[Moved]]:
    return [
        [one for part in moved(book, books.strategy(), day, books.OPTIONS, home / "moved") for one in part]
        for day in on
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [7, 11])
def test_day_after_day_the_closing_balance_is_the_next_opening_one(home: Path, seed: int) -> None:
    """In books with late records, reversals, charges, waivers, pauses, accelerations and changed versions."""
    book = books.loaded(books.enriched(home / f"enriched-{seed}", 240, seed), home)
    on = [books.MADE_FOR - timedelta(days=back) for back in (3, 2, 1, 0)]
    found = days(book, home, *on)
    for earlier, later in pairwise(found):
        closing = {one.loan_id: one.after for one in earlier}
        nothing = (0,) * len(BALANCES)
        assert all(one.before == closing.get(one.loan_id, nothing) for one in later)
    assert {movement.what for day in found for one in day for movement in one.movements} >= {"accrued", "paid"}


def loan(payments: list[dict[str, Any]], **terms: Any) -> books.Rows:
    """1,200.00 in twelve instalments of 100.00 with interest of 10.00, from 5 February."""
    return {
        "borrowers": [{"borrower_id": "B1", "country": "DE"}],
        "loans": [
            {"loan_id": "L1", "borrower_id": "B1", "currency": "EUR", "principal": 120_000, "opened_on": "2026-01-05",
             "recorded_at": OPENED, **terms}
        ],
        "instalments": [
            {"loan_id": "L1", "number": number, "due_on": date(2026 + number // 12, number % 12 + 1, 5),
             "principal": 10_000, "interest": 1_000, "recorded_at": OPENED}
            for number in range(1, 13)
        ],
        "payments": payments,
    }  # fmt: skip


def paid(payment: str, on: date, amount: int, known: date | None = None, **more: Any) -> dict[str, Any]:
    return {
        "payment_id": payment, "loan_id": "L1", "paid_on": on, "amount": amount, "recorded_at": noon(known or on),
        **more,
    }  # fmt: skip


def test_a_payment_that_is_taken_back_undoes_what_it_had_paid(home: Path) -> None:
    """110.00 on the due date, taken back on the tenth: interest and principal are owed again."""
    back = paid("R", date(2026, 2, 10), 11_000, reverses="P")
    book = books.loaded(books.tiny(home / "back", loan([paid("P", date(2026, 2, 5), 11_000), back]), None), home)
    ((first,), (second,)) = days(book, home, date(2026, 2, 5), date(2026, 2, 10))
    assert Counter(first.movements) == Counter([
        Movement("fell_due", "interest", "", 1_000),
        Movement("paid", "interest", "P", 1_000),
        Movement("paid", "principal", "P", 10_000),
    ])  # fmt: skip
    assert Counter(second.movements) == Counter([
        Movement("paid", "interest", "P", -1_000), Movement("paid", "principal", "P", -10_000),
    ])  # fmt: skip
    assert dict(zip(BALANCES, second.after, strict=True)) == {
        "cost": 0, "fee": 0, "penalty": 0, "interest": 1_000, "principal": 120_000, "credit": 0,
    }  # fmt: skip


def test_a_payment_that_is_dated_back_moves_on_the_day_it_came_in_what_it_changes(home: Path) -> None:
    """Penalty of one in a thousand a day on 100.00: ten days are 1.00; paid on the due date, known on the fifteenth."""
    rows = loan([paid("P", date(2026, 2, 5), 11_000, date(2026, 2, 15))], penalty_ppb_day=1_000_000)
    book = books.loaded(books.tiny(home / "dated", rows, None), home)
    ((before,), (found,)) = days(book, home, date(2026, 2, 14), date(2026, 2, 15))
    assert before.movements == (Movement("accrued", "penalty", "", 10),)
    assert Counter(found.movements) == Counter([
        Movement("accrued", "penalty", "", -90),
        Movement("paid", "interest", "P", 1_000),
        Movement("paid", "principal", "P", 10_000),
    ])  # fmt: skip


def test_balances_are_those_of_the_ledger_on_both_days(home: Path) -> None:
    """An oracle of its own way: the loan as plain records, on two days, with what was known on each."""
    on = date(2026, 3, 5)
    payments = [paid("P", date(2026, 2, 5), 5_000), paid("Q", on, 40_000)]
    rows = loan(payments, interest_ppm_year=100_000, interest_after_due="runs")
    ((found,),) = days(books.loaded(books.tiny(home / "both", rows, None), home), home, on)
    for day, known, stands in (
        (on - timedelta(days=1), payments[:1], found.before), (on, payments, found.after),
    ):  # fmt: skip
        terms = Terms(principal=120_000, interest_ppm_year=100_000, interest_after_due="runs")
        instalments = tuple(Instalment(row["number"], row["due_on"], 10_000, 1_000) for row in rows["instalments"])
        came = tuple(Payment(row["payment_id"], row["paid_on"], row["amount"]) for row in known)
        (position,) = positions_of([History("L1", date(2026, 1, 5), (terms,), instalments, payments=came)], day)
        amounts = position.enforceable
        due = {name: amounts.overdue[name] + amounts.due_today[name] for name in BALANCES[:-1]}
        due["principal"] += amounts.not_due["principal"]
        assert stands == (*due.values(), amounts.credit)


def test_a_loan_is_lent_on_the_day_it_becomes_known_and_not_again(home: Path) -> None:
    book = books.loaded(books.tiny(home / "lent", loan([]), None), home)
    ((first,), (second,)) = days(book, home, date(2026, 1, 5), date(2026, 1, 6))
    assert first.movements == (Movement("lent", "principal", "", 120_000),)
    assert second.movements == ()
    assert days(book, home, date(2026, 1, 4)) == [[]]
