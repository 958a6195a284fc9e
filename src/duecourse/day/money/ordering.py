"""Debits ordered of the bank: each judged by the gate, those that it permits written into one file, each once.

    made = order(connection, ring, gate, Wanted(creditor, collect_on), when, after) -> Ordered
    content(connection, ring, creditor, made.message_id) -> bytes     the file; the same bytes each time
    written(connection, made.message_id, at)                          once it lies where it is handed over from

All borrowers of an order are locked from before the gate judges until the debits stand in the store: a hold or a
payment comes before and counts, or after. The file is made of what stands there, so that a process that dies between
leaves an order that the next run writes.
"""

import hashlib
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked
from duecourse.day.facts import Facts, Told
from duecourse.day.gate import Gate
from duecourse.day.known import read
from duecourse.day.money import mandates
from duecourse.day.money.agreed import demands
from duecourse.day.money.tries import again
from duecourse.day.money.when import When
from duecourse.day.owed import owed
from duecourse.day.payments import debits
from duecourse.day.payments.debits import AMOUNT_MAX, Creditor, Debit, Order, sequence_of
from duecourse.day.payments.debits import Sequence as Which
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring
from duecourse.store.line import Line

ACT: Final = "take_payment"
CURRENCY: Final = "EUR"  # the only one of the SEPA schemes
_FIELDS: Final = frozenset({"name", "iban", "creditor_id", "bic"})
_WHOSE: Final = """
SELECT DISTINCT m.borrower_no FROM mandate m JOIN collection_case c ON c.borrower_no = m.borrower_no
WHERE m.ended_at IS NULL AND m.borrower_no > %s ORDER BY m.borrower_no LIMIT %s"""
_FREE: Final = """
SELECT DISTINCT ON (l.borrower_no, l.loan_id) l.borrower_no, l.loan_id, m.id, m.is_one_off, (
    SELECT count(*) FROM debit d WHERE d.mandate_no = m.id AND d.state = 'collected')
FROM mandate m JOIN case_loan l ON l.borrower_no = m.borrower_no AND (m.loan_id IS NULL OR m.loan_id = l.loan_id)
WHERE m.borrower_no = ANY(%s) AND m.ended_at IS NULL AND m.signed_on <= %s AND l.currency = 'EUR'
    AND NOT EXISTS (SELECT FROM debit d WHERE d.loan_id = l.loan_id AND d.state = 'ordered')
    AND NOT (m.is_one_off AND EXISTS (
        SELECT FROM debit d WHERE d.mandate_no = m.id AND d.state IN ('ordered', 'collected')))
ORDER BY l.borrower_no, l.loan_id, m.loan_id IS NULL, m.id"""
_ORDER: Final = "INSERT INTO debit_order (message_id, made_at, by, content_hash) VALUES (%s, %s, %s, %s)"
_DEBIT: Final = """
INSERT INTO debit (end_to_end_id, batch_id, message_id, borrower_no, mandate_no, loan_id, amount, collect_on, sequence)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_ORDERED: Final = "SELECT made_at, content_hash FROM debit_order WHERE message_id = %s"
_DEBITS: Final = """
SELECT end_to_end_id, loan_id, mandate_no, amount, collect_on, sequence FROM debit WHERE message_id = %s"""


@dataclass(frozen=True)
class Wanted:
    """To whose account, on which day, and of how many borrowers at the most debits are wanted in one file."""

    creditor: Creditor
    collect_on: date
    most: int = 1_000


@dataclass(frozen=True)
class Ordered:
    """What an order is: its id, or None where nothing may be debited; how many debits; how many acts were refused.

    `last` is the last borrower who was looked at, by number, behind whom the next order begins; None at the end.
    """

    message_id: str | None
    debits: int
    refused: int
    last: int | None


@dataclass(frozen=True)
class _Due:
    """A debit that may be asked for: of what loan, under which mandate, how much."""

    borrower: int
    loan_id: str
    mandate: int
    amount: int
    sequence: Which


def creditor_of(content: bytes, name: str) -> Creditor:
    """Read whose account the money comes to, from a file in TOML: name, iban, creditor_id, and bic if need be."""
    try:
        told = tomllib.loads(content.decode())
        if set(told) - _FIELDS or not all(isinstance(value, str) for value in told.values()):
            raise DueCourseError(f"{name}: has other fields than texts {', '.join(sorted(_FIELDS))}: mend it")
        return Creditor(**told)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError):
        raise DueCourseError(f"{name}: is no TOML with name, iban and creditor_id: mend it") from None


def order(
    connection: Connection[TupleRow], ring: Keyring, gate: Gate, wanted: Wanted, when: When, after: int = 0
) -> Ordered:
    """Order debits of what is due from the borrowers behind a number, in one transaction; `gate` has the connection.

    DueCourseError where no file could be written; then nothing was ordered.
    """
    with connection.transaction():
        rows = connection.execute(_WHOSE, [after, wanted.most]).fetchall()
        borrowers = [int(number) for (number,) in rows]
        last = borrowers[-1] if len(borrowers) == wanted.most else None
        due = _due(connection, borrowers, when) if borrowers else []
        permitted, refused = _judged(gate, due, when)
        if not permitted:
            return Ordered(None, 0, refused, last)
        message_id = f"DC{when.on:%Y%m%d}-{secrets.token_hex(5)}"
        _write(connection, ring, Ordering(message_id, wanted, when), permitted)
        return Ordered(message_id, len(permitted), refused, last)


def content(connection: Connection[TupleRow], ring: Keyring, creditor: Creditor, message_id: str) -> bytes:
    """Return the file of an order; DueCourseError where it would not be the one that was ordered."""
    with connection.transaction():
        row = connection.execute(_ORDERED, [message_id]).fetchone()
        if row is None:
            raise DueCourseError(f"there is no order {message_id}: `duecourse debits write` makes one")
        made = debits.write(_read(connection, ring, creditor, message_id, row[0]))
    if hashlib.sha256(made).digest() != bytes(row[1]):
        raise DueCourseError(f"order {message_id}: would not be what was ordered: give the creditor as it was then")
    return made


def unwritten(connection: Connection[TupleRow]) -> list[str]:
    """Return the ids of orders whose file was not written, the oldest first."""
    with connection.transaction():
        rows = connection.execute(
            "SELECT message_id FROM debit_order WHERE written_at IS NULL ORDER BY made_at, message_id"
        ).fetchall()
    return [str(message_id) for (message_id,) in rows]


def written(connection: Connection[TupleRow], message_id: str, at: datetime) -> None:
    """Note that the file of an order lies where it is handed over from."""
    with connection.transaction():
        connection.execute("UPDATE debit_order SET written_at = %s WHERE message_id = %s", [at, message_id])


@dataclass(frozen=True)
class Ordering:
    """An order that is being made."""

    message_id: str
    wanted: Wanted
    when: When


def _due(connection: Connection[TupleRow], borrowers: Sequence[int], when: When) -> list[_Due]:
    """Lock borrowers and return what may be asked for of each loan that has a mandate and no debit on its way."""
    found = read(Line(connection, keeps=False), borrowers)
    free = connection.execute(_FREE, [list(borrowers), when.on]).fetchall()
    due = []
    amounts: Mapping[str, int] = {}
    before = 0
    for borrower, loan_id, mandate, is_one_off, collected in free:
        if borrower not in found.cases:  # a night was published meanwhile
            continue
        if borrower != before:
            before = borrower
            loans = list(found.cases[borrower].loans.values())
            said = demands(connection, borrower, owed(loans, when.on), when.on)
            amounts = {one.loan_id: one.amount for one in said.values()}
        answer = again(connection, loan_id, mandate, when.on)
        amount = min(amounts.get(loan_id, 0), AMOUNT_MAX)
        if amount > 0 and (answer is None or answer.may):
            which = sequence_of(collected, is_last=False, is_one_off=is_one_off)
            due.append(_Due(borrower, loan_id, mandate, amount, which))
    return due


def _judged(gate: Gate, due: Sequence[_Due], when: When) -> tuple[list[_Due], int]:
    """Ask the gate about each borrower's debits; return those permitted, and how many fell."""
    loans: dict[int, list[str]] = {}
    for one in due:
        loans.setdefault(one.borrower, []).append(one.loan_id)
    asked = [Asked(number, ACT, None, "collection", tuple(some), None, presses=False) for number, some in loans.items()]
    decisions = gate.decide(asked, when.at) if asked else []
    lawful = {
        (one.asked.borrower, loan.loan_id) for one in decisions if one.is_permitted for loan in one.loans
    }  # fmt: skip
    permitted = [one for one in due if (one.borrower, one.loan_id) in lawful]
    return permitted, len(due) - len(permitted)


def _write(connection: Connection[TupleRow], ring: Keyring, made: Ordering, due: Sequence[_Due]) -> None:
    """Write an order and its debits, each with an entry in its borrower's chain."""
    message_id, when, wanted = made.message_id, made.when, made.wanted
    at = when.at.replace(microsecond=0)
    connection.execute(_ORDER, [message_id, at, when.by, b""])
    facts = Facts(connection, ring, when.by)
    for place, one in enumerate(due, 1):
        end = f"{message_id}.{place}"
        values = [end, "", message_id, one.borrower, one.mandate, one.loan_id, one.amount, wanted.collect_on]
        connection.execute(_DEBIT, [*values, one.sequence])
        said = {"loan": one.loan_id, "amount": one.amount, "collect_on": str(wanted.collect_on)}
        facts.note(Told(end, one.borrower, when.at, when.on), "debit.ordered", said)
    whole = _read(connection, ring, wanted.creditor, message_id, at)
    digest = hashlib.sha256(debits.write(whole)).digest()
    connection.execute("UPDATE debit_order SET content_hash = %s WHERE message_id = %s", [digest, message_id])
    for known in debits.own_debits(whole):
        values = [known.batch_id, known.end_to_end_id]
        connection.execute("UPDATE debit SET batch_id = %s WHERE end_to_end_id = %s", values)


def _read(
    connection: Connection[TupleRow], ring: Keyring, creditor: Creditor, message_id: str, made_at: datetime
) -> Order:
    """Return an order as the store has it."""
    rows = connection.execute(_DEBITS, [message_id]).fetchall()
    opened = mandates.read(connection, ring, sorted({row[2] for row in rows}))
    if any(row[2] not in opened for row in rows):
        raise DueCourseError(f"order {message_id}: somebody in it was erased: it can no longer be written")
    found = (
        Debit(end, loan_id, opened[mandate], amount, day, Which(which), words=loan_id)
        for end, loan_id, mandate, amount, day, which in rows
    )
    return Order(message_id, made_at, creditor, tuple(found))
