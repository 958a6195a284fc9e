"""Money taken at the door: a numbered receipt, which is a payment at the same time, and its PDF.

    take(facts, connection, visit, Paid(...), settings, who) -> Receipt
    pdf_of(connection, ring, receipt, settings) -> bytes

Only in the ways that the lender's settings allow: none unless they say so. A receipt stands in the store before its
paper is printed; printed again it is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.visit.codes import SECRET, code
from duecourse.channels.visit.settings import Settings
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.known import read
from duecourse.day.paper import reference_of
from duecourse.day.reaching import key_of
from duecourse.documents.pdf import pdf
from duecourse.endings.moving import Who
from duecourse.endings.visit.made import Visit
from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import name_place
from duecourse.store.keys import Keyring, unseal
from duecourse.store.line import Line

_BEFORE: Final = """
SELECT receipt_id, amount, currency, method, at FROM visit_receipt
WHERE outbox_no = %s AND loan_id = %s ORDER BY receipt_id"""
_NUMBER: Final = """
INSERT INTO visit_receipt (receipt_id, outbox_no, borrower_no, loan_id, team, on_day, at, amount, currency, method,
    badges, "by")
SELECT %(batch)s || '-' || to_char(count(*) + 1, 'FM0000'), %(message)s, %(borrower)s, %(loan)s, %(team)s, %(on)s,
    %(at)s, %(amount)s, %(currency)s, %(method)s, %(badges)s, %(by)s
FROM visit_receipt WHERE team = %(team)s AND on_day = %(on)s
RETURNING receipt_id"""
_TURN: Final = "SELECT pg_advisory_xact_lock(hashtext('visit receipts ' || %s))"
_READ: Final = """
SELECT r.receipt_id, o.key, r.borrower_no, r.loan_id, r.on_day, r.at, r.amount, r.currency, r.method, r.badges,
    o.language
FROM visit_receipt r JOIN outbox o ON o.id = r.outbox_no WHERE r.receipt_id = %s"""


@dataclass(frozen=True)
class Paid:
    """What was taken for a loan, in minor units, in which way, and when."""

    loan_id: str
    amount: int
    currency: str
    method: str
    at: datetime


@dataclass(frozen=True)
class Receipt:
    """A receipt as it stands in the store."""

    receipt_id: str
    key: str
    borrower: int
    loan_id: str
    on: date
    at: datetime
    amount: int
    currency: str
    method: str
    badges: Sequence[str]
    language: str


def take(
    facts: Facts, connection: Connection[TupleRow], visit: Visit, paid: Paid, settings: Settings, who: Who
) -> tuple[Receipt, bool]:  # fmt: skip
    """Give a receipt and book the payment, both or neither; the same again is the first, and not new.

    DueCourseError where the settings do not allow it, or the visit was about other loans.
    """
    if paid.method not in settings.takes:
        allowed = ", ".join(settings.takes) or "nothing"
        raise DueCourseError(f"{paid.method}: may not be taken at the door, {allowed} may: the settings say so (takes)")
    if paid.loan_id not in visit.loans:
        raise DueCourseError(f"loan {paid.loan_id}: the visit is not about it, but about {', '.join(visit.loans)}")
    if paid.amount <= 0:
        raise DueCourseError("a receipt is for an amount above zero, in minor units")
    if paid.at > who.at:
        raise DueCourseError("at: is in the future: look at the time")
    with facts.locked(visit.borrower):
        connection.execute(_TURN, [visit.batch])
        same = (paid.amount, paid.currency, paid.method, paid.at)
        for receipt_id, *before in connection.execute(_BEFORE, [visit.number, paid.loan_id]).fetchall():
            if tuple(before) == same:
                return one(connection, receipt_id), False
        values = {
            "batch": visit.batch, "message": visit.number, "borrower": visit.borrower, "loan": paid.loan_id,
            "team": visit.team, "on": visit.on, "at": paid.at, "amount": paid.amount, "currency": paid.currency,
            "method": paid.method, "badges": list(visit.badges), "by": who.by,
        }  # fmt: skip
        row = connection.execute(_NUMBER, values).fetchone()
        receipt_id = str(row[0]) if row else ""
        told = Told(receipt_id, visit.borrower, paid.at, visit.on)
        facts.payment(told, Money(paid.loan_id, visit.on, paid.amount, paid.currency))
        return one(connection, receipt_id), True


def one(connection: Connection[TupleRow], receipt_id: str) -> Receipt:
    """Return a receipt by its number; DueCourseError where there is none."""
    with connection.transaction():
        row = connection.execute(_READ, [receipt_id]).fetchone()
    if row is None:
        raise DueCourseError(f"there is no receipt {receipt_id}")
    return Receipt(*row)


def pdf_of(connection: Connection[TupleRow], ring: Keyring, receipt: Receipt, settings: Settings) -> bytes:
    """Return a receipt's paper, in the language of the visit; DueCourseError where the head has none in it."""
    head = settings.head.get(receipt.language)
    if head is None:
        raise DueCourseError(f"the settings have no head in {receipt.language}: write one")
    with connection.transaction():
        person = read(Line(connection, keeps=False), [receipt.borrower]).people[receipt.borrower]
    if person.name is None or person.number is None:
        raise DueCourseError("the borrower has no name in the store (any more): a receipt cannot be made")
    return pdf(
        "receipt",
        {
            "language": receipt.language,
            "paper": settings.paper,
            "sender": {"name": head[0], "lines": list(head[1:])},
            "on": receipt.on.isoformat(),
            "number": receipt.receipt_id,
            "reference": reference_of(receipt.key),
            "loan": receipt.loan_id,
            "payer": unseal(key_of(ring, person), bytes(person.name), name_place(person.number)),
            "amount": receipt.amount,
            "currency": receipt.currency,
            "method": receipt.method,
            "badges": list(receipt.badges),
            "check_code": code(ring.secret(SECRET), receipt.key),
        },
    )
