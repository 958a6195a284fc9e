"""Plans to pay in months: held against arithmetic done by hand."""

from datetime import date

from duecourse.day.known import Loan
from duecourse.day.money.planning import least, plan
from duecourse.day.payments.arrangements import Due
from duecourse.ledger import loan as ledger
from duecourse.ledger.histories import from_loans
from duecourse.ledger.packed import packed

ON = date(2026, 6, 30)
FIRST = date(2026, 7, 1)


def made(penalty_ppb_day: int = 0, *, principal: int = 100_000) -> Loan:
    """Return a loan of one instalment that fell due on 1 June, with a penalty on the principal that is overdue."""
    terms = ledger.Terms(principal=principal, penalty_ppb_day=penalty_ppb_day)
    due = ledger.Instalment(1, date(2026, 6, 1), principal)
    book = from_loans([ledger.Loan("L1", date(2026, 5, 1), (terms,), (due,))])
    return Loan("L1", None, "USD", principal, date(2026, 5, 1), None, None, True, None, packed(book, 0), ())


def test_a_loan_that_grows_no_more_is_parted_and_the_last_instalment_is_the_rest() -> None:
    found = plan(made(), 30_000, FIRST, ON)
    assert found is not None
    assert found.dues == tuple(
        Due(date(2026, month, 1), amount) for month, amount in ((7, 30_000), (8, 30_000), (9, 30_000), (10, 10_000))
    )
    assert (found.owed, found.total, found.cost) == (100_000, 100_000, 0)


def test_what_grows_meanwhile_is_in_the_plan() -> None:
    """A penalty of 0.1 per cent a day on 1,000.00: 1.00 a day, simple, from 2 June on.

    On 30 June 29 days are over: 29.00. By 1 July 30.00 have accrued; costs and penalties are paid before principal, so
    500.00 pay 30.00 and 470.00 of principal: 530.00 are left, of which 0.53 a day accrue: 31 days to 1 August 16.43.
    500.00 pay those and 483.57: 46.43 are left, and 31 days to 1 September at 0.04643 a day are 1.43933.
    """
    found = plan(made(1_000_000), 50_000, FIRST, ON)
    assert found is not None
    assert found.owed == 102_900
    assert [due.amount for due in found.dues[:2]] == [50_000, 50_000]
    assert found.dues[2] == Due(date(2026, 9, 1), 4_643 + 143)
    assert found.cost == 104_786 - 102_900


def test_a_plan_that_only_pays_what_grows_is_none() -> None:
    """One per cent a day on 1,000.00 is 10.00 a day, some 310.00 a month."""
    assert plan(made(10_000_000), 30_000, FIRST, ON) is None


def test_the_least_that_ends_it_in_so_many_months_ends_it_and_a_cent_less_does_not() -> None:
    assert least(made(), 4, FIRST, ON) == 25_000
    loan = made(1_000_000)
    amount = least(loan, 6, FIRST, ON)
    assert amount is not None
    ends = plan(loan, amount, FIRST, ON)
    assert ends is not None
    assert len(ends.dues) == 6
    assert plan(loan, amount - 1, FIRST, ON, 6) is None


def test_nothing_owed_needs_no_plan() -> None:
    assert least(made(principal=0), 6, FIRST, ON) is None
