"""Promises of the store: which are open, kept or broken on a day, by what was paid."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.money.agreed import PAID
from duecourse.day.payments.promises import Judged, Payment, Promise, judge

_AT_A_TIME: Final = 1_000  # borrowers
_WHOSE: Final = "SELECT DISTINCT borrower_no FROM promises WHERE made_on <= %s ORDER BY borrower_no"
_PROMISES: Final = """
SELECT borrower_no, promise_id, loan_id, made_on, promised_on, amount FROM promises
WHERE borrower_no = ANY(%s) AND amount > 0"""
_CURRENCIES: Final = "SELECT borrower_no, loan_id, currency FROM case_loan WHERE borrower_no = ANY(%s)"


def standings(connection: Connection[TupleRow], on: date, grace_days: int) -> Iterator[tuple[int, Judged]]:
    """Yield for each borrower who has promised by a day how their promises stand, once for each currency.

    A promise about no loan is judged where all of the borrower's loans are in one currency, and else left out: nobody
    can tell what it was of. So is one about a loan that is in no case and was never paid.
    """
    with connection.transaction():
        numbers = [int(number) for (number,) in connection.execute(_WHOSE, [on]).fetchall()]
    for first in range(0, len(numbers), _AT_A_TIME):
        with connection.transaction():
            judged = _of(connection, numbers[first : first + _AT_A_TIME], on, grace_days)
        yield from judged


def _of(connection: Connection[TupleRow], some: list[int], on: date, grace_days: int) -> list[tuple[int, Judged]]:
    known: dict[int, dict[str, str]] = {}  # the currency of each loan
    for borrower, loan_id, currency in connection.execute(_CURRENCIES, [some]).fetchall():
        known.setdefault(borrower, {})[loan_id] = currency
    paid: dict[tuple[int, str], list[Payment]] = {}
    for borrower, currency, *row in connection.execute(PAID, [some]).fetchall():
        loans = known.setdefault(borrower, {})
        payment = Payment(*row)
        found = currency or loans.get(payment.loan_id)
        if found is not None:
            loans.setdefault(payment.loan_id, found)
            paid.setdefault((borrower, found), []).append(payment)
    made: dict[tuple[int, str], list[Promise]] = {}
    for borrower, *row in connection.execute(_PROMISES, [some]).fetchall():
        promise, loans = Promise(*row), known.get(borrower, {})
        currencies = set(loans.values()) if promise.loan_id is None else {loans.get(promise.loan_id)}
        if len(currencies) == 1 and None not in currencies:
            made.setdefault((borrower, str(currencies.pop())), []).append(promise)
    return [(key[0], judge(made[key], paid.get(key, ()), on, grace_days)) for key in sorted(made)]
