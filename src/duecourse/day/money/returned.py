"""What the bank says of an order of debits (pain.002): those that it rejected are not collected.

take(connection, ring, content, name, when) -> Rejected
"""

from dataclasses import dataclass
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Money, Told
from duecourse.day.money.tries import Back, came_back
from duecourse.day.money.when import When
from duecourse.day.payments import returns
from duecourse.day.payments.matching import OwnDebit
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring

_WHOSE: Final = "SELECT DISTINCT borrower_no FROM debit WHERE message_id = %s ORDER BY borrower_no"
_DEBITS: Final = """
SELECT end_to_end_id, batch_id, loan_id, amount, borrower_no, state, payment_id FROM debit WHERE message_id = %s"""
_PAID: Final = "SELECT amount FROM payments WHERE payment_id = %s"


@dataclass(frozen=True)
class Rejected:
    """What a report did: the order that it is about, how many debits were rejected, and how many were so before."""

    message_id: str
    rejected: int
    known: int


def take(connection: Connection[TupleRow], ring: Keyring, content: bytes, name: str, when: When) -> Rejected:
    """Take a report, all or nothing; the same again changes nothing.

    A debit that counts as paid already has its payment taken back. DueCourseError for a file that is none, or is about
    no order of ours.
    """
    report = returns.read(content, name)
    facts = Facts(connection, ring, when.by)
    with connection.transaction():
        borrowers = [number for (number,) in connection.execute(_WHOSE, [report.message_id]).fetchall()]
        if not borrowers:
            raise DueCourseError(f"{name}: is about no order of this store: look where it was ordered")
        connection.execute(chain.LOCK, [borrowers])
        rows = {row[0]: row for row in connection.execute(_DEBITS, [report.message_id]).fetchall()}
        back = returns.came_back(
            report, [OwnDebit(end, batch, loan, amount, "EUR") for end, batch, loan, amount, *_ in rows.values()]
        )
        new = [one for one in back if rows[one.end_to_end_id][5] in {"ordered", "collected"}]
        for one in new:
            *_, borrower, _, payment = rows[one.end_to_end_id]
            told = Told(f"rejected-{one.end_to_end_id}", borrower, when.at, when.on)
            if payment is not None:
                amount = connection.execute(_PAID, [payment]).fetchone()
                paid = int(amount[0]) if amount else one.amount
                facts.payment(told, Money(one.loan_id, when.on, paid, "EUR", payment))
            came_back(connection, facts, told, Back(one.end_to_end_id, "rejected", one.reason or ""))
    return Rejected(report.message_id, len(new), len(back) - len(new))
