"""Entries of the audit chain, added in the transaction of what they tell of, under the lock of the borrower's row.

    append(cursor, ring, borrower_no, drafts)     locks the borrower, and adds: for everybody but the gate
    append_own(cursor, drafts)                    the same in the store's own chain, of what is about no borrower

Whoever holds the lock already (the gate) reads heads, makes rows with `entries_for`, and writes with ADDED. HEADS
must be a later statement than the one that waited for the lock: a joined row is otherwise as it was before the wait.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from duecourse.kernel.errors import DueCourseError
from duecourse.store import people
from duecourse.store.audit.form import PLAIN, ZERO, Entry, blinding, hash_of, micros, moment, open_body, sealed_body
from duecourse.store.bound import audit_place, whose
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, new_key
from duecourse.store.models import Borrower

Cursor = CursorWrapper | psycopg.Cursor[Any]

OWN: Final = 0  # the store's own chain; nothing personal stands in it
_OWN_LOCK: Final = 0x617564697430  # of the store's own chain, which has no borrower's row to lock
_RELATION: Final = "borrower"
_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))

LOCK: Final = "SELECT id FROM borrower WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
HEADS: Final = """
SELECT b.id, h.seq, h.hash, b.borrower_id, p.id, p.person_id, p.key_id, p.wrapped_key
FROM borrower b LEFT JOIN audit_head h ON h.chain = b.id
LEFT JOIN LATERAL (
    SELECT id, person_id, key_id, wrapped_key FROM person
    WHERE borrower_id = b.id AND relation = 'borrower' AND erased_at IS NULL ORDER BY id LIMIT 1
) p ON true
WHERE b.id = ANY(%s::bigint[])
"""
"""The chains of borrowers by their numbers: what `Head.read` reads. It waits for nobody."""

_ROW: Final[Mapping[str, str]] = {
    "chain": "bigint", "seq": "bigint", "at": "timestamptz", "kind": "text", "by": "text", "about": "text",
    "person": "bigint", "body": "text", "prev": "text", "hash": "text",
}  # fmt: skip
_COLUMNS: Final = ", ".join(f'"{name}" {kind}' for name, kind in _ROW.items())
ADDED: Final = f"""
audit_given AS MATERIALIZED (SELECT * FROM jsonb_to_recordset({{}}::jsonb) AS given({_COLUMNS})),
audit_added AS (
    INSERT INTO audit_entry (chain, seq, at, kind, "by", about, person, body, prev, hash)
    SELECT chain, seq, at, kind, "by", about, person, decode(body, 'hex'), decode(prev, 'hex'), decode(hash, 'hex')
    FROM audit_given
),
audit_moved AS (
    INSERT INTO audit_head (chain, seq, hash)
    SELECT DISTINCT ON (chain) chain, seq, decode(hash, 'hex') FROM audit_given ORDER BY chain, seq DESC
    ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
)"""
"""Entries and heads of any number of chains, as a part of a statement; in the braces goes the value of `written`.

Where somebody without the lock has added to a chain meanwhile, it fails as a whole: no chain ever forks.
"""
WRITE: Final = f"WITH {ADDED.format('%s')} SELECT"


@dataclass(frozen=True, repr=False)
class Key:
    """The key of a person, by their number here. It is never printed."""

    person: int
    key: bytes


@dataclass(frozen=True, repr=False)
class Draft:
    """What an entry is to say. `kind` is two words (hold.placed), `by` a user's or a process's id and never a name.

    `about` is the id of what it is about, in the clear, and outlasts an erasure. `body` is sealed under the borrower's
    key, or under that of `person`, or stays in the clear where it is `plain`: then nothing in it may be personal.
    """

    at: datetime
    kind: str
    by: str
    body: Mapping[str, object]
    about: str = ""
    person: Key | None = None
    plain: bool = False


@dataclass(frozen=True, repr=False)
class Head:
    """Where a chain ends, and the borrower's key; `key` is None where they have none (any more)."""

    chain: int
    borrower_id: str = ""
    seq: int = 0
    hash: bytes = ZERO
    key: Key | None = None

    @classmethod
    def read(cls, ring: Keyring, row: Sequence[Any]) -> "Head":
        """Read a row of HEADS; UnreadableError when the borrower's key does not open."""
        chain, seq, found, borrower_id, person, person_id, key_id, wrapped = row
        key = None
        if person is not None:
            opened = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose(borrower_id, person_id))
            key = Key(person, opened)
        return cls(chain, borrower_id, seq or 0, bytes(found) if found else ZERO, key)


def entries_for(head: Head, drafts: Iterable[Draft]) -> list[Entry]:
    """Return the entries that drafts become behind a head, in order; DueCourseError when one cannot be kept.

    The same drafts give other entries each time: what is sealed is never sealed the same.
    """
    entries: list[Entry] = []
    seq, prev = head.seq, head.hash
    for draft in drafts:
        seq += 1
        entry = _entry(head, seq, prev, draft)
        entries.append(entry)
        prev = entry.hash
    return entries


def _entry(head: Head, seq: int, prev: bytes, draft: Draft) -> Entry:
    place = f"the entry {draft.kind!r}"
    if draft.at.tzinfo is None:
        raise DueCourseError(f"{place}: its moment has no zone: give it one")
    if not draft.kind or any("\0" in text for text in (draft.kind, draft.by, draft.about)):
        raise DueCourseError(f"{place}: has no kind, or a NUL in kind, by or about, which the database does not hold")
    key = None if draft.plain else draft.person or head.key
    if key is None and not draft.plain:
        raise DueCourseError(f"{place}: there is no key to seal it under: make one, or say that it is plain")
    try:
        text = _JSON.encode(draft.body).encode()
        sealed = PLAIN + text if key is None else sealed_body(key.key, text, audit_place(head.chain, seq))
        made = Entry(
            head.chain,
            seq,
            micros(draft.at),
            draft.kind,
            draft.by,
            draft.about,
            key.person if key else 0,
            sealed,
            prev,
            ZERO,
        )
        return made._replace(hash=hash_of(made))
    except (TypeError, ValueError) as error:  # what JSON or UTF-8 does not hold; its own words would quote it
        raise DueCourseError(f"{place}: cannot be written as JSON ({type(error).__name__})") from None


@dataclass(frozen=True, repr=False)
class Opened:
    """The words of an entry, and what shows that they are its own (nothing, where they were in the clear)."""

    text: bytes
    blinding: bytes


def opened(entry: Entry, key: bytes | None) -> Opened:
    """Open the body of an entry; UnreadableError when the key is not that of its person, or it is not as written."""
    if entry.body[:1] == PLAIN:
        return Opened(entry.body[1:], b"")
    place = audit_place(entry.chain, entry.seq)
    if key is None:
        raise UnreadableError(f"{place}: there is no key for it")
    return Opened(open_body(key, entry.body, place), blinding(key, place))


def written(entries: Iterable[Entry]) -> str:
    """Return the value of ADDED for entries of any chains."""
    return json.dumps([_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, object]:
    sealed = {name: getattr(entry, name).hex() for name in ("body", "prev", "hash")}
    return {**entry._asdict(), **sealed, "at": moment(entry.at).isoformat()}


def append(cursor: Cursor, ring: Keyring, borrower_no: int, drafts: Sequence[Draft]) -> list[Entry]:
    """Lock a borrower and add entries to their chain; they are there when the transaction commits.

    One without a key to seal under gets one, by a person without a name. DueCourseError when there is no such borrower.
    """
    return append_all(cursor, ring, {borrower_no: drafts})


def append_all(cursor: Cursor, ring: Keyring, drafts: Mapping[int, Sequence[Draft]]) -> list[Entry]:
    """Do as `append` does for many borrowers, locked in the order of their numbers, in four statements for all."""
    numbers = sorted(number for number, some in drafts.items() if some)
    if not numbers:
        return []
    cursor.execute(LOCK, [numbers])
    cursor.execute(HEADS, [numbers])
    heads = {int(row[0]): Head.read(ring, row) for row in cursor.fetchall()}
    entries = []
    for number in numbers:
        if number not in heads:
            raise DueCourseError(f"there is no borrower number {number}: nothing can be written of them")
        head = heads[number]
        if head.key is None and any(not draft.plain and draft.person is None for draft in drafts[number]):
            head = make_key(cursor, ring, head)
        entries += entries_for(head, drafts[number])
    cursor.execute(WRITE, [written(entries)])
    return entries


def make_key(cursor: Cursor, ring: Keyring, head: Head) -> Head:
    """Give a borrower whose row is locked a key, by a person without a name; return the head with it."""
    key = new_key()
    cursor.execute("SELECT count(*) FROM person WHERE borrower_id = %s", [head.chain])
    ((there,),) = cursor.fetchall()
    person_id = f"audit:{there + 1}"  # an erased one stays in its place
    wrapped = ring.wrap(key, whose(head.borrower_id, person_id))
    cursor.execute(
        "INSERT INTO person (borrower_id, person_id, relation, key_id, wrapped_key) VALUES (%s, %s, %s, %s, %s)"
        " RETURNING id",
        [head.chain, person_id, _RELATION, wrapped.key_id, wrapped.sealed],
    )
    ((number,),) = cursor.fetchall()
    return Head(head.chain, head.borrower_id, head.seq, head.hash, Key(int(number), key))


def append_own(cursor: Cursor, drafts: Sequence[Draft]) -> list[Entry]:
    """Add entries to the store's own chain, in the clear; whoever else adds to it waits for this transaction."""
    if not drafts:
        return []
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_OWN_LOCK])
    cursor.execute("SELECT seq, hash FROM audit_head WHERE chain = %s", [OWN])
    head = Head(OWN)
    for seq, found in cursor.fetchall():
        head = Head(OWN, seq=int(seq), hash=bytes(found))
    entries = entries_for(head, drafts)
    cursor.execute(WRITE, [written(entries)])
    return entries


def key_of(connection: psycopg.Connection[Any], ring: Keyring, borrower_no: int) -> bytes | None:
    """Return a borrower's key, within the transaction that is open; None where they have none (any more)."""
    rows = connection.execute(HEADS, [[borrower_no]]).fetchall()
    head = Head.read(ring, rows[0])
    return head.key.key if head.key else None


def erase(ring: Keyring, borrower: Borrower, by: str, at: datetime) -> None:
    """Destroy every key of a borrower's own, and write in their chain that it was done; all or nothing.

    What is sealed of them, in the chain too, can no longer be read; the chain verifies as before. The people beside
    them keep their keys. An application must have been connected to the store (`duecourse.store.orm`).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, [[borrower.pk]])
        own = list(borrower.people.filter(relation=_RELATION, erased_at=None).order_by("id"))
        said = {"people": [person.person_id for person in own]}
        append(cursor, ring, borrower.pk, [Draft(at, "key.destroyed", by, said, plain=True)])
        for person in own:
            people.erase(person)
