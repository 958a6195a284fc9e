"""What is known of debts that are to be placed, at this second, and why some are held back whatever the law says.

    debts(connection, endings, on) -> [Debt, ...]

An agency gets no debt of somebody who has died or is bankrupt, who disputes it or complains, who keeps an arrangement
or has promised to pay, or which is in court, sold, settled or discharged (12 CFR 1006.30(b) forbids the last two).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.known import Known, read
from duecourse.day.money.agreed import demands
from duecourse.day.owed import Owed, owed
from duecourse.endings.moving import Ending
from duecourse.store.line import Line

_AT_ONCE: Final = 500
_ELSEWHERE: Final = """
SELECT loan_id, 'in_court' FROM ending
WHERE loan_id = ANY(%(loans)s) AND kind = 'suit' AND state IN ('filed', 'judged', 'enforcing')
UNION ALL
SELECT loan_id, 'sold' FROM ending WHERE loan_id = ANY(%(loans)s) AND kind = 'sale' AND state IN ('offered', 'sold')
UNION ALL
SELECT l.loan_id, 'promise_open' FROM promises p JOIN case_loan l ON l.borrower_no = p.borrower_no
WHERE p.borrower_no = ANY(%(whose)s) AND (p.loan_id IS NULL OR p.loan_id = l.loan_id) AND p.promised_on >= %(on)s
UNION
SELECT l.loan_id, CASE v.kind WHEN 'discharge' THEN 'discharged' ELSE 'settled' END
FROM events v JOIN case_loan l ON l.borrower_no = v.borrower_no AND (v.loan_id IS NULL OR v.loan_id = l.loan_id)
WHERE v.borrower_no = ANY(%(whose)s) AND v.kind IN ('discharge', 'settled')
ORDER BY 1, 2"""


@dataclass(frozen=True)
class Debt:
    """A debt that is to be placed; amounts in minor units. `against` are the reasons why it is not."""

    ending: Ending
    borrower: int
    country: str
    region: str
    product: str | None
    currency: str
    owed: int
    days_past_due: int
    against: tuple[str, ...] = ()


def debts(connection: Connection[TupleRow], endings: Sequence[Ending], on: date) -> list[Debt]:
    """Return what is known of each, in the order of the endings; the borrowers' locks are let go again."""
    found = []
    for first in range(0, len(endings), _AT_ONCE):
        found += _some(connection, endings[first : first + _AT_ONCE], on)
    return found


def _some(connection: Connection[TupleRow], endings: Sequence[Ending], on: date) -> list[Debt]:
    line, whose = Line(connection, keeps=False), sorted({one.borrower for one in endings})
    with connection.transaction():
        cases = read(line, whose).cases
        elsewhere = _elsewhere(connection, [one.loan_id for one in endings], whose, on)
        amounts = {one.loan_id: one for case in cases.values() for one in owed(list(case.loans.values()), on)}
        arranged = {
            loan
            for number, case in cases.items()
            for loan, said in demands(connection, number, [amounts[loan] for loan in case.loans], on).items()
            if said.arrangement_id is not None
        }
    return [
        _debt(one, cases.get(one.borrower), amounts.get(one.loan_id), elsewhere.get(one.loan_id, []), arranged, on)
        for one in endings
    ]


def _debt(
    ending: Ending, case: Known | None, amount: Owed | None, elsewhere: Iterable[str], arranged: set[str], on: date
) -> Debt:  # fmt: skip
    if case is None or amount is None:
        return Debt(ending, ending.borrower, "", "", None, "", 0, 0, ("no_case",))
    holds = [hold.kind for hold in case.holds if hold.loan_id in {None, ending.loan_id} and hold.holds(on, on, on)]
    against = [f"hold_{kind}" for kind in sorted(set(holds))]
    if case.deceased_on is not None:
        against.append("deceased")
    if ending.loan_id in arranged:
        against.append("arrangement_kept")
    if amount.overdue <= 0:
        against.append("nothing_overdue")
    loan = case.loans[ending.loan_id]
    return Debt(
        ending, ending.borrower, case.country, case.region, loan.product, amount.currency, amount.owed,
        amount.days_past_due, tuple(dict.fromkeys((*against, *elsewhere))),
    )  # fmt: skip


def _elsewhere(
    connection: Connection[TupleRow], loans: Sequence[str], whose: Sequence[int], on: date
) -> dict[str, list[str]]:
    values = {"loans": list(loans), "whose": list(whose), "on": on}
    found: dict[str, list[str]] = {}
    for loan, why in connection.execute(_ELSEWHERE, values).fetchall():
        found.setdefault(str(loan), []).append(str(why))
    return found
