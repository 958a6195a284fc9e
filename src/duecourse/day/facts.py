"""Facts that come in by day, each written once: money, holds, consents taken back, promises, outcomes.

    facts.hold(connection, Told(...), "dispute", ...) -> whether it is new

Each is done within a transaction that holds the lock of its borrower (`locked`), and takes back in it what is queued
for them: the gate decides anew, knowing the fact. A fact has an id of its own: what comes twice changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.book.schema import HOLD_KINDS, OUTCOMES
from duecourse.day.release import LOCK, take_back
from duecourse.kernel.errors import DueCourseError

_HOLD: Final = """
INSERT INTO holds (hold_id, borrower_no, loan_id, kind, from_on, until_on, recorded_at)
SELECT %s, %s, %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM holds WHERE hold_id = %s)"""
_LIFT: Final = """
WITH lifted AS (
    UPDATE holds SET replaced_at = %s WHERE hold_id = %s AND borrower_no = %s AND replaced_at IS NULL
    RETURNING hold_id, borrower_no, loan_id, kind, from_on
)
INSERT INTO holds (hold_id, borrower_no, loan_id, kind, from_on, until_on, recorded_at)
SELECT hold_id, borrower_no, loan_id, kind, from_on, %s, %s FROM lifted"""
_GIVEN: Final = """
INSERT INTO consents (consent_id, borrower_no, consented_to, given_at, recorded_at)
SELECT %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM consents WHERE consent_id = %s)"""
_WITHDRAWN: Final = """
WITH standing AS (
    UPDATE consents SET replaced_at = %(at)s
    WHERE borrower_no = %(borrower)s AND consented_to = %(channel)s AND replaced_at IS NULL AND withdrawn_at IS NULL
    RETURNING consent_id, given_at
),
told AS (
    SELECT consent_id, given_at FROM standing
    UNION ALL SELECT %(id)s, %(at)s WHERE NOT EXISTS (SELECT FROM standing)
)
INSERT INTO consents (consent_id, borrower_no, consented_to, given_at, withdrawn_at, recorded_at)
SELECT consent_id, %(borrower)s, %(channel)s, given_at, %(at)s, %(at)s FROM told
ON CONFLICT DO NOTHING"""
_PROMISE: Final = """
INSERT INTO promises (promise_id, borrower_no, loan_id, made_on, promised_on, amount, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_PAYMENT: Final = """
INSERT INTO payments (payment_id, borrower_no, loan_id, paid_on, amount, currency, reverses, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_OWNER: Final = "SELECT borrower_no, currency FROM case_loan WHERE loan_id = %s"
_OUTCOME: Final = """
UPDATE contacts SET outcome = %s FROM outbox WHERE outbox.id = %s AND contacts.id = outbox.contact_no"""
_ARRIVED: Final = "UPDATE outbox SET state = 'left' WHERE id = %s AND state = 'unknown'"
_GONE: Final = """
UPDATE contact_point SET ended_at = %s FROM outbox
WHERE outbox.id = %s AND contact_point.id = outbox.contact_point_no AND ended_at IS NULL"""


@dataclass(frozen=True)
class Told:
    """A fact's own id, of whom it is, when it was told, and the business date of that."""

    fact_id: str
    borrower: int
    at: datetime
    on: date


@contextmanager
def locked(connection: Connection[TupleRow], borrower: int) -> Iterator[None]:
    """Hold a borrower's lock for a transaction; DueCourseError where there is none of this number."""
    with connection.transaction():
        if connection.execute(LOCK, [borrower]).fetchone() is None:
            raise DueCourseError(f"there is no borrower number {borrower}")
        yield


def hold(
    connection: Connection[TupleRow], told: Told, kind: str, loan_id: str | None = None, until: date | None = None
) -> bool:
    """Place a hold from the day on which it was told; DueCourseError for a kind that there is not."""
    if kind not in HOLD_KINDS:
        raise DueCourseError(f"there is no hold '{kind}': it is one of {', '.join(HOLD_KINDS)}")
    values = [told.fact_id, told.borrower, loan_id, kind, told.on, until, told.at, told.fact_id]
    return _new(connection, told, _HOLD, values, f"hold {kind}")


def lift(connection: Connection[TupleRow], told: Told) -> bool:
    """End a hold, named by the fact's id, with the day; whether it stood."""
    values = [told.at, told.fact_id, told.borrower, told.on, told.at]
    return connection.execute(_LIFT, values).rowcount > 0


def withdraw(connection: Connection[TupleRow], told: Told, channel: str) -> bool:
    """Take back whatever consent there is to a channel: from now on nothing goes out by it."""
    if connection.execute("SELECT FROM consents WHERE consent_id = %s", [told.fact_id]).fetchone() is not None:
        return False
    values = {"id": told.fact_id, "borrower": told.borrower, "channel": channel, "at": told.at}
    connection.execute(_WITHDRAWN, values)
    take_back(connection, told.borrower, f"{channel} refused", told.at)
    return True


def consent(connection: Connection[TupleRow], told: Told, channel: str) -> bool:
    """Note that a borrower agrees to a channel (again)."""
    values = [told.fact_id, told.borrower, channel, told.at, told.at, told.fact_id]
    return connection.execute(_GIVEN, values).rowcount > 0


def promise(
    connection: Connection[TupleRow], told: Told, amount: int, promised_on: date, loan_id: str | None = None
) -> bool:
    """Note a promise to pay an amount by a day; DueCourseError for one that cannot be kept."""
    if amount <= 0 or promised_on < told.on:
        raise DueCourseError("a promise names an amount above zero, and a day that is not over")
    values = [told.fact_id, told.borrower, loan_id, told.on, promised_on, amount, told.at]
    return _new(connection, told, _PROMISE, values, "promise")


@dataclass(frozen=True)
class Money:
    """A payment of an amount in minor units for a loan, or the reversal of one named by its id."""

    loan_id: str
    paid_on: date
    amount: int
    currency: str
    reverses: str | None = None


def payment(connection: Connection[TupleRow], told: Told, money: Money) -> bool:
    """Take in money for a loan of the borrower; DueCourseError for another's loan, or another currency."""
    owner = connection.execute(_OWNER, [money.loan_id]).fetchone()
    if owner is None or owner[0] != told.borrower:
        raise DueCourseError(f"loan {money.loan_id} is not one of this borrower's cases: match the payment by hand")
    if owner[1] != money.currency:
        raise DueCourseError(
            f"loan {money.loan_id} is in {owner[1]}, not in {money.currency}: match the payment by hand"
        )
    if money.amount <= 0:
        raise DueCourseError("a payment is an amount above zero; one that is undone names what it reverses")
    terms = [money.loan_id, money.paid_on, money.amount, money.currency, money.reverses]
    return _new(connection, told, _PAYMENT, [told.fact_id, told.borrower, *terms, told.at], "payment")


def outcome(connection: Connection[TupleRow], message: int, word: str) -> None:
    """Note how a message that was sent ended; one whose fate was unknown has surely left."""
    if word not in OUTCOMES:
        raise DueCourseError(f"there is no outcome '{word}': it is one of {', '.join(OUTCOMES)}")
    connection.execute(_OUTCOME, [word, message])
    connection.execute(_ARRIVED, [message])


def unreachable(connection: Connection[TupleRow], message: int, at: datetime) -> None:
    """End the number or address that a message went to: somebody else has it, or nobody."""
    connection.execute(_GONE, [at, message])


def _new(connection: Connection[TupleRow], told: Told, statement: str, values: list[object], why: str) -> bool:
    """Write a fact unless it is there, and take back what is queued because of it."""
    if connection.execute(statement, values).rowcount == 0:
        return False
    take_back(connection, told.borrower, why, told.at)
    return True
