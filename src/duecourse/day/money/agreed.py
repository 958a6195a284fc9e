"""Arrangements of the store: how they stand, what may be demanded while one is kept, and which broke.

demands(connection, borrower, owed, on) -> {loan_id: Demand}      for whoever writes a message or orders a debit
note_broken(connection, ring, when) -> ids                        each day: what broke is broken from its day on
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.day.money.when import When
from duecourse.day.owed import Owed
from duecourse.day.payments.arrangements import Arrangement, Due, Standing, State, judge
from duecourse.day.payments.promises import Payment
from duecourse.store.keys import Keyring

GRACE_DAYS: Final = 3  # of an instalment of an arrangement, unless told otherwise
_STANDING: Final = """
SELECT a.arrangement_id, a.loan_id, a.started_on, d.due_on, d.amount
FROM arrangements a JOIN arrangement_due d ON d.arrangement_id = a.arrangement_id AND d.borrower_no = a.borrower_no
WHERE a.borrower_no = %(borrower)s AND a.replaced_at IS NULL AND a.broken_on IS NULL AND a.started_on <= %(on)s
    AND (a.ended_on IS NULL OR a.ended_on >= %(on)s) AND a.loan_id IS NOT NULL
ORDER BY a.started_on, a.arrangement_id, d.number"""
_WHOSE: Final = """
SELECT DISTINCT a.borrower_no FROM arrangements a JOIN arrangement_due d USING (arrangement_id)
WHERE a.replaced_at IS NULL AND a.broken_on IS NULL ORDER BY a.borrower_no"""
PAID: Final = """
SELECT p.borrower_no, p.currency, p.payment_id, p.loan_id, p.paid_on, p.amount, (
    SELECT min(r.paid_on) FROM payments r WHERE r.borrower_no = p.borrower_no AND r.reverses = p.payment_id)
FROM payments p WHERE p.borrower_no = ANY(%s) AND p.reverses IS NULL AND p.amount > 0"""


@dataclass(frozen=True)
class Demand:
    """What may be demanded of a loan on a day, in minor units; with the arrangement that says so while it is kept."""

    loan_id: str
    currency: str
    amount: int
    arrangement_id: str | None = None
    standing: Standing | None = None


def arrange(
    connection: Connection[TupleRow], ring: Keyring, told: Told, loan_id: str, schedule: Sequence[Due], by: str
) -> bool:
    """Make an arrangement, by the fact's id, for a loan; False where it is there already.

    DueCourseError for a schedule that nobody could keep, or a loan for which one stands.
    """
    Arrangement(told.fact_id, loan_id, told.on, sum(due.amount for due in schedule), tuple(schedule))
    facts = Facts(connection, ring, by)
    with facts.locked(told.borrower):
        return facts.arrangement(told, loan_id, [(due.on, due.amount) for due in schedule])


def demands(
    connection: Connection[TupleRow], borrower: int, loans: Iterable[Owed], on: date, grace_days: int = GRACE_DAYS
) -> dict[str, Demand]:
    """Say what may be demanded of some loans of a borrower, by their ids, within the transaction that is open.

    While an arrangement for a loan is kept that is what is due of it, and never more than is owed; else what the ledger
    says is overdue or due today. What is done or broken says nothing any more.
    """
    found = {one.loan_id: one for one in _arrangements(connection, borrower, on)}
    paid = payments(connection, [borrower]).get(borrower, []) if found else []
    said = {}
    for loan in loans:
        said[loan.loan_id] = Demand(loan.loan_id, loan.currency, loan.overdue + loan.due_today)
        if loan.loan_id in found:
            arrangement = found[loan.loan_id]
            standing = judge(arrangement, paid, on, grace_days)
            if standing.state is State.KEPT and standing.demand is not None:
                amount = max(0, min(standing.demand, loan.owed))
                said[loan.loan_id] = Demand(
                    loan.loan_id, loan.currency, amount, arrangement.arrangement_id, standing
                )  # fmt: skip
    return said


def note_broken(
    connection: Connection[TupleRow], ring: Keyring, when: When, grace_days: int = GRACE_DAYS
) -> tuple[str, ...]:
    """Note which arrangements are broken by a day, each under the lock of its borrower; return their ids.

    A version of the arrangement that has `broken_on` takes the place of the one before, with an entry in the chain.
    """
    with connection.transaction():
        borrowers = [int(number) for (number,) in connection.execute(_WHOSE).fetchall()]
    facts = Facts(connection, ring, when.by)
    broken = []
    for borrower in borrowers:
        with facts.locked(borrower):
            paid = payments(connection, [borrower]).get(borrower, [])
            for one in _arrangements(connection, borrower, when.on):
                day = judge(one, paid, when.on, grace_days).broken_on
                told = Told(one.arrangement_id, borrower, when.at, when.on)
                if day is not None and facts.broken(told, day):
                    broken.append(one.arrangement_id)
    return tuple(broken)


def payments(connection: Connection[TupleRow], borrowers: Sequence[int]) -> dict[int, list[Payment]]:
    """Return what some borrowers have paid, by their numbers, with the day on which it was undone."""
    found: dict[int, list[Payment]] = {}
    for borrower, _, *row in connection.execute(PAID, [list(borrowers)]).fetchall():
        found.setdefault(borrower, []).append(Payment(*row))
    return found


def _arrangements(connection: Connection[TupleRow], borrower: int, on: date) -> list[Arrangement]:
    """Return the arrangements of a borrower that stand on a day and have a schedule."""
    rows = connection.execute(_STANDING, {"borrower": borrower, "on": on}).fetchall()
    dues: dict[tuple[str, str, date], list[Due]] = {}
    for arrangement_id, loan_id, started_on, due_on, amount in rows:
        dues.setdefault((arrangement_id, loan_id, started_on), []).append(Due(due_on, amount))
    return [Arrangement(*key, sum(due.amount for due in some), tuple(some)) for key, some in dues.items()]
