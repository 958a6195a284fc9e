"""Bank entries as the store keeps them: each once, sealed, with what became of it.

What a file says of an entry holds names and words. While nobody knows whose it is, it is sealed under a key of its own,
wrapped under the ring; once it is matched it is sealed anew under the borrower's key, and its own is gone: to erase the
borrower makes it unreadable.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.payments.entries import Entry
from duecourse.store.audit import chain
from duecourse.store.bound import bank_entry_place, whose, whose_entry
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, new_key, open_bytes, seal_bytes

_LOCK: Final = 0x62616E6B  # of taking files: two at once could each take another form of one booking
_KNOWN: Final = """
SELECT booking_id, entry_id, booked_on, amount, currency, is_credit FROM bank_entry WHERE booking_id = ANY(%s)"""
_KEEP: Final = """
INSERT INTO bank_entry (entry_id, booking_id, source, booked_on, value_on, amount, currency, is_credit, key_id,
    wrapped_key, body, taken_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
READ: Final = """
SELECT e.id, e.entry_id, e.state, e.reason, e.key_id, e.wrapped_key, e.body,
    b.borrower_id, p.person_id, p.key_id, p.wrapped_key
FROM bank_entry e LEFT JOIN person p ON p.id = e.person_no LEFT JOIN borrower b ON b.id = p.borrower_id """
_HAND_OVER: Final = """
UPDATE bank_entry SET borrower_no = %s, person_no = %s, key_id = NULL, wrapped_key = NULL, body = %s WHERE id = %s"""
_SETTLED: Final = "UPDATE bank_entry SET state = %s, reason = %s, rule = %s, by = %s WHERE id = %s"


@dataclass(frozen=True)
class Kept:
    """An entry of the store: its number and id, what became of it, and what the file says of it.

    `entry` is None where its key is gone: it belongs to somebody who was erased.
    """

    number: int
    entry_id: str
    state: str
    reason: str
    entry: Entry | None


@dataclass(frozen=True)
class Keeping:
    """How many entries were new and known; the ids of those that are known with another day, amount or currency."""

    new: int
    known: int
    differing: tuple[str, ...]


def keep(
    connection: Connection[TupleRow], ring: Keyring, entries: Sequence[Entry], source: str, at: datetime
) -> Keeping:
    """Keep the entries of one file that are not known yet, all or nothing; a booking that is known stays as it is."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        found = connection.execute(_KNOWN, [sorted({entry.booking_id for entry in entries})]).fetchall()
        bookings = {row[0] for row in found}
        money = {row[1]: row[2:] for row in found}
        new = [entry for entry in once(entries) if entry.booking_id not in bookings]
        with connection.cursor() as cursor:
            cursor.executemany(_KEEP, [_row(ring, entry, source, at) for entry in new])
    differing = {one.entry_id for one in entries if one.entry_id in money and money[one.entry_id] != _money(one)}
    return Keeping(len(new), len(entries) - len(new), tuple(sorted(differing)))


def once(entries: Iterable[Entry]) -> list[Entry]:
    """Return each booking as the file tells it first: whole or in parts, where several statements tell it."""
    found: dict[str, dict[str, Entry]] = {}
    over, before = set[str](), ""
    for entry in entries:
        booking = entry.booking_id
        if before != booking:
            over.add(before)
            before = booking
        parts = found.setdefault(booking, {})
        is_other_form = bool(parts) and (booking in parts or entry.entry_id == booking)
        if is_other_form or entry.entry_id in parts:
            over.add(booking)
        if booking not in over:
            parts[entry.entry_id] = entry
    return [entry for parts in found.values() for entry in parts.values()]


def opened(ring: Keyring, row: Sequence[Any]) -> Kept:
    """Open a row of READ; UnreadableError where the ring does not have its key."""
    number, entry_id, state, reason, key_id, wrapped, body, borrower_id, person_id, persons_id, persons = row
    if wrapped is not None:
        key = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose_entry(entry_id))
    elif persons is not None:
        key = ring.unwrap(Wrapped(persons_id, bytes(persons)), whose(borrower_id, person_id))
    else:
        return Kept(number, entry_id, state, reason, None)
    return Kept(number, entry_id, state, reason, _entry(open_bytes(key, bytes(body), bank_entry_place(entry_id))))


def hand_over(connection: Connection[TupleRow], ring: Keyring, kept: Kept, borrower: int) -> None:
    """Seal an entry anew under the key of the borrower whose it is, within the transaction that locks them."""
    row = connection.execute(chain.HEADS, [[borrower]]).fetchone()
    key = chain.Head.read(ring, row).key if row else None
    if key is None or kept.entry is None:
        raise UnreadableError(f"borrower number {borrower} has no key")
    body = seal_bytes(key.key, _text(kept.entry), bank_entry_place(kept.entry_id))
    connection.execute(_HAND_OVER, [borrower, key.person, body, kept.number])


def settled(connection: Connection[TupleRow], kept: Kept, state: str, reason: str, rule: str, by: str) -> None:
    """Say what became of an entry."""
    connection.execute(_SETTLED, [state, reason, rule, by, kept.number])


def _row(ring: Keyring, entry: Entry, source: str, at: datetime) -> list[Any]:
    key = new_key()
    wrapped = ring.wrap(key, whose_entry(entry.entry_id))
    body = seal_bytes(key, _text(entry), bank_entry_place(entry.entry_id))
    told = [entry.entry_id, entry.booking_id, source, entry.booked_on, entry.value_on]
    return [*told, *_money(entry)[1:], wrapped.key_id, wrapped.sealed, body, at]


def _money(entry: Entry) -> tuple[date, int, str, bool]:
    return entry.booked_on, entry.amount, entry.currency, entry.is_credit


def _text(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), default=str, ensure_ascii=False).encode()


def _entry(text: bytes) -> Entry:
    told: dict[str, Any] = json.loads(text)
    for name in ("booked_on", "value_on"):
        told[name] = date.fromisoformat(told[name]) if told[name] else None
    for name in ("structured", "unstructured"):
        told[name] = tuple(told[name])
    return Entry(**told)
