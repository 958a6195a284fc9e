"""Each check alone: a line that is true passes all, and one wrong thing fails the one check that is made for it."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest

from duecourse.day.owed import Owed
from duecourse.endings.furnish.checks import CHECKS, Notice, Seen, failed, told
from duecourse.endings.furnish.position import Line

OWED: Final = Owed("L1", "USD", 20_000, 0, 100_000, date(2026, 9, 5), 76, (), None, 0)
LINE: Final = Line(
    "L1", "US", "USD", "78", 100_000, 20_000, 76, 120_000, date(2026, 1, 5), date(2026, 9, 5), None, None,
    date(2026, 11, 20), "1" + "0" * 23, is_owner=True, owner_id=None, months=11, scheduled=10_000,
)  # fmt: skip
TRUE: Final = Seen(
    LINE, OWED, "metro2", date(2026, 11, 20), notice=Notice(date(2026, 10, 20), None, came_back=False), creditor=None
)
PAID: Final = replace(LINE, status="13", balance=0, past_due=0, days_past_due=0, closed_on=date(2026, 11, 1))
_NOTHING: Final = replace(OWED, overdue=0, owed=0, days_past_due=0, overdue_since=None)


def test_every_check_says_why_and_whom_it_saves() -> None:
    assert [one.id for one in told()] == list(CHECKS)
    assert all(one.says and one.why and one.harm for one in told())


def test_what_is_true_passes_all() -> None:
    assert failed(TRUE) == ()
    assert failed(replace(TRUE, line=PAID, owed=_NOTHING)) == ()


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"notice": Notice(date(2026, 10, 20), None, came_back=True)}, "notice_arrived"),
        ({"notice": Notice(date(2026, 11, 6), None, came_back=False)}, "wait_is_over"),  # fourteen days, not more
        ({"can_be_written": False}, "identity_complete"),
        ({"is_alone": False}, "account_told_apart"),
        ({"line": replace(LINE, scheduled=-1)}, "amounts_whole"),
        ({"owed": replace(OWED, owed=99_999)}, "balance_is_the_ledgers"),
        ({"line": replace(LINE, first_delinquency=None)}, "first_delinquency_there"),
        ({"before": replace(LINE, first_delinquency=date(2026, 8, 5))}, "never_reaged"),
        ({"is_disputed": True}, "dispute_is_marked"),
        ({"line": replace(LINE, status="80")}, "status_fits"),
        ({"is_discharged": True}, "not_discharged"),
        ({"line": replace(PAID, closed_on=None), "owed": _NOTHING}, "paid_is_zero"),
        ({"line": replace(LINE, is_owner=False, status="93")}, "creditor_named"),
        ({"line": replace(LINE, first_delinquency=date(2026, 1, 4))}, "days_in_order"),
        ({"has_died": True}, "borrower_lives"),
        ({"removed_on": date(2026, 11, 19)}, "time_is_not_over"),
        ({"line": replace(LINE, currency="CNY")}, "currency_fits"),
    ],
)
def test_one_wrong_thing_fails_the_check_that_is_made_for_it(wrong: dict[str, Any], check: str) -> None:
    assert failed(replace(TRUE, **wrong)) == (check,)


def test_without_a_notice_neither_notice_nor_wait_is_true() -> None:
    assert failed(replace(TRUE, notice=None)) == ("notice_served", "wait_is_over")


@pytest.mark.parametrize(("delivered", "passes"), [(date(2026, 11, 20), True), (date(2026, 11, 21), False)])
def test_a_notice_that_arrived_needs_no_wait(delivered: date, *, passes: bool) -> None:
    seen = replace(TRUE, notice=Notice(date(2026, 11, 19), delivered, came_back=False))
    assert (failed(seen) == ()) is passes


def test_a_delinquency_after_the_loan_was_current_is_a_new_one() -> None:
    before = replace(LINE, status="11", first_delinquency=date(2026, 3, 5))
    assert failed(replace(TRUE, before=before)) == ()
