"""Who may look people up in the register: with a key and for purposes; every look-up is written down.

readers = Readers(opened, permission, key)
readers.add("bank-b", public_pem, ["credit_application"], who)
readers.look_up(text, signature, at) -> Answer           a request that the reader signed
readers.feed("bank-b", since) -> [Entry, ...]            every version since a number: corrected and removed too
readers.acknowledge("bank-b", through, signature, at)    kept: what a reader cannot deny to have been told
readers.shown_to("B17") -> [Seen, ...]                   to whom it was told, for the person listed
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings.listing import signed
from duecourse.endings.listing.permission import Permission
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring

PURPOSES: Final = ("credit_application", "guarantee_offered")
"""For what somebody may be looked up: they have asked for credit, or offer to guarantee one."""
KINDS: Final = ("phone", "email")
"""By what somebody is found."""
REQUEST: Final = frozenset({"reader", "kind", "value", "purpose", "at"})
_FRESH: Final = timedelta(minutes=5)
_NAME_MOST: Final = 80

_ADD: Final = """
INSERT INTO register_reader (name, public_key, purposes, added_at) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING"""
_END: Final = "UPDATE register_reader SET ended_at = %s WHERE name = %s AND ended_at IS NULL"
_READER: Final = "SELECT id, public_key, purposes, ended_at FROM register_reader WHERE name = %s"
_WHO: Final = """
SELECT DISTINCT p.borrower_id FROM contact_point t JOIN person p ON p.id = t.person_id
WHERE t.kind = %s AND t.blind = %s AND t.ended_at IS NULL AND p.relation = 'borrower' AND p.erased_at IS NULL"""
_STANDING: Final = """
SELECT DISTINCT ON (r.ending_no) r.number, r.what, r.body, r.key, r.signature, r.digest
FROM register_entry r JOIN ending e ON e.id = r.ending_no
WHERE e.borrower_no = %s AND e.state = 'entered' ORDER BY r.ending_no, r.number DESC"""
_LOG: Final = """
INSERT INTO register_lookup (asked_by, reader_no, purpose, borrower_no, at, told, refused, signature)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
_FEED: Final = """
SELECT number, what, body, key, signature, digest FROM register_entry WHERE number > %s ORDER BY number LIMIT %s"""
_BY_NUMBER: Final = "SELECT digest FROM register_entry WHERE number = %s"
_RECEIPT: Final = """
INSERT INTO register_receipt (reader_no, through_no, signature, at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_BEHIND: Final = """
SELECT r.name, coalesce((SELECT max(through_no) FROM register_receipt WHERE reader_no = r.id), 0),
    coalesce((SELECT max(number) FROM register_entry), 0)
FROM register_reader r WHERE r.ended_at IS NULL ORDER BY r.name"""
_SEEN: Final = """
SELECT l.asked_by, l.purpose, l.at, l.told, l.refused FROM register_lookup l JOIN borrower b ON b.id = l.borrower_no
WHERE b.borrower_id = %s ORDER BY l.id"""


@dataclass(frozen=True)
class Entry:
    """A version of an entry as readers get it."""

    number: int
    what: str
    body: str
    key: str
    signature: str
    digest: str

    def line(self) -> str:
        """Return it as a line of a feed."""
        return signed.text_of({"number": self.number, "body": self.body, "key": self.key, "signature": self.signature})


@dataclass(frozen=True)
class Answer:
    """What a look-up is told: the entries that stand, or why it is refused."""

    entries: tuple[Entry, ...] = ()
    refused: str | None = None


@dataclass(frozen=True)
class Seen:
    """A look-up as the person listed is shown it; `told` are how many entries the reader saw."""

    reader: str
    purpose: str
    at: datetime
    told: int
    refused: str | None


class Readers:
    """The readers of a store's register."""

    def __init__(self, connection: Connection[TupleRow], ring: Keyring, permission: Permission) -> None:
        """Take a connection, which others may use too, the keys, and what the law permits."""
        self._connection, self._ring, self._permission = connection, ring, permission

    def add(self, name: str, public_pem: str, purposes: Sequence[str], who: Who) -> None:
        """Register a reader; DueCourseError for another purpose than PURPOSES, a bad key, or a name that is taken."""
        signed.public_key(public_pem)
        if not purposes or set(purposes) - set(PURPOSES):
            raise DueCourseError(f"a reader looks people up for one or several of: {', '.join(PURPOSES)}")
        if not (name and len(name) <= _NAME_MOST and name.isprintable()):
            raise DueCourseError(f"a reader has a name of up to {_NAME_MOST} letters")
        with self._connection.transaction():
            if self._connection.execute(_ADD, [name, public_pem, list(purposes), who.at]).rowcount == 0:
                raise DueCourseError(f"there is a reader {name} already: end it, and give the new one another name")
            self._note("register.reader", who, {"reader": name, "purposes": sorted(purposes)})

    def end(self, name: str, who: Who) -> None:
        """End a reader: from now on it is told nothing."""
        with self._connection.transaction():
            if self._connection.execute(_END, [who.at, name]).rowcount == 0:
                raise DueCourseError(f"there is no reader {name}, or it has ended")
            self._note("register.reader_ended", who, {"reader": name})

    def look_up(self, request: str, signature: str, at: datetime, on: date) -> Answer:
        """Answer a signed request: {"reader", "kind", "value", "purpose", "at"}. It is written down.

        What was looked for is not kept: the log names the borrower whom it found, and nobody where there is none.
        """
        said = _request(request)
        with self._connection.transaction():
            reader = self._reader(said["reader"])
            refused = _refusal(said, reader, request, signature, at)
            whose = self._found(said["kind"], said["value"])
            borrower = whose[0] if len(whose) == 1 else None
            if refused is None and borrower is not None:
                refused = self._permission.of(borrower, on)
            entries = self._standing(borrower) if refused is None and borrower is not None else ()
            values = [
                said["reader"][:_NAME_MOST], reader[0] if reader else None, said["purpose"][:_NAME_MOST], borrower, at,
                len(entries), refused, signature if refused is None else None,
            ]  # fmt: skip
            try:
                with self._connection.transaction():
                    self._connection.execute(_LOG, values)
            except psycopg.errors.UniqueViolation:
                refused, entries = "said_before", ()
                self._connection.execute(_LOG, [*values[:5], 0, refused, None])
        return Answer(entries, refused)

    def feed(self, name: str, since: int, most: int = 1_000) -> list[Entry]:
        """Return the versions after a number, in their order; DueCourseError for one who is no reader."""
        self._standing_reader(name)
        with self._connection.transaction():
            return [Entry(*row) for row in self._connection.execute(_FEED, [since, most]).fetchall()]

    def acknowledge(self, name: str, through: int, signature: str, at: datetime) -> bool:
        """Keep a reader's receipt for all up to a number: its signature over `receipt`; False where it is kept."""
        number, key = self._standing_reader(name)
        with self._connection.transaction():
            row: Any = self._connection.execute(_BY_NUMBER, [through]).fetchone()
            if row is None:
                raise DueCourseError(f"there is no entry {through}: acknowledge what the feed has given")
            if not signed.is_of(receipt(name, through, row[0]), signature, signed.public_key(key)):
                raise DueCourseError(f"the receipt is not signed with the key of reader {name}: sign it anew")
            return self._connection.execute(_RECEIPT, [number, through, signature, at]).rowcount == 1

    def behind(self) -> list[tuple[str, int, int]]:
        """Return each reader with the last number that it has signed for, and the last that there is."""
        with self._connection.transaction():
            return [(name, done, last) for name, done, last in self._connection.execute(_BEHIND).fetchall()]

    def shown_to(self, borrower_id: str) -> list[Seen]:
        """Return who looked a borrower up, or wanted to: for what, when, and how many entries were told."""
        with self._connection.transaction():
            return [Seen(*row) for row in self._connection.execute(_SEEN, [borrower_id]).fetchall()]

    def _standing(self, borrower: int) -> tuple[Entry, ...]:
        return tuple(Entry(*row) for row in self._connection.execute(_STANDING, [borrower]).fetchall())

    def _found(self, kind: str, value: str) -> list[int]:
        rows = self._connection.execute(_WHO, [kind, self._ring.blind(kind, value)]).fetchall()
        return [int(borrower) for (borrower,) in rows]

    def _reader(self, name: str) -> Any:
        return self._connection.execute(_READER, [name]).fetchone()

    def _standing_reader(self, name: str) -> tuple[int, str]:
        with self._connection.transaction():
            found = self._reader(name)
        if found is None or found[3] is not None:
            raise DueCourseError(f"{name} is no reader of the register: `register reader` adds one")
        return found[0], found[1]

    def _note(self, kind: str, who: Who, body: dict[str, Any]) -> None:
        with self._connection.cursor() as cursor:
            chain.append_own(cursor, [chain.Draft(who.at, kind, who.by, body, body["reader"], plain=True)])


def request_of(reader: str, kind: str, value: str, purpose: str, at: datetime) -> str:
    """Write a request as a reader signs it."""
    return signed.text_of({"reader": reader, "kind": kind, "value": value, "purpose": purpose, "at": at.isoformat()})


def receipt(reader: str, through: int, digest: str) -> str:
    """Write what a reader signs to have been told: all entries up to one, which the digest names."""
    return signed.text_of({"reader": reader, "through": through, "digest": digest})


def sign(key: Ed25519PrivateKey, text: str) -> str:
    """Sign a request or a receipt, as a reader does."""
    return key.sign(text.encode()).hex()


def _request(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or set(found) != REQUEST or not all(isinstance(one, str) for one in found.values()):
        raise DueCourseError(f"a request is an object of JSON with the texts {', '.join(sorted(REQUEST))}")
    return found


def _refusal(said: dict[str, str], reader: Any, request: str, signature: str, at: datetime) -> str | None:
    """Say why a request is refused whatever it looks for."""
    if reader is None or reader[3] is not None:
        return "no_reader"
    if not signed.is_of(request, signature, signed.public_key(reader[1])):
        return "not_signed"
    if said["purpose"] not in reader[2]:
        return "other_purpose"
    if said["kind"] not in KINDS:
        return "other_kind"
    try:
        age = at - datetime.fromisoformat(said["at"])
    except (ValueError, TypeError):
        return "no_moment"
    return None if abs(age) <= _FRESH else "too_old"
