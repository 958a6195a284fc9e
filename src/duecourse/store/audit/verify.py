"""Verifying: every chain computed anew, entry by entry, and held against the seals that lie outside the database.

Entries, heads and sealed leaves stream past side by side, ordered by chain and place in it: what is in memory does not
grow with them. Leaves are brought into that order in a file of SQLite that has no name and goes with the process.
"""

import heapq
import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit.form import ZERO, Entry, hash_of, moment
from duecourse.store.audit.seals import Publics, Seals
from duecourse.store.place import Place, unreachable

SHOWN_MOST: Final = 1_000  # faults that are named; all are counted
_AT_A_TIME: Final = 5_000  # rows
_EPOCH_2000: Final = 946_684_800_000_000  # microseconds from 1970 to where the database counts from
_LAST: Final = 2**63 - 1
_LEAF, _SEALED, _ENTRY, _HEAD = range(4)  # the order in which they come where they are of one place

# The moment as the database holds it: not every one of those is a datetime.
_ENTRIES: Final = """
SELECT chain, seq, timestamptz_send(at), kind, "by", about, person, body, prev, hash
FROM audit_entry ORDER BY chain, seq
"""
_HEADS: Final = "SELECT chain, seq, hash FROM audit_head ORDER BY chain"
_SEALEDS: Final = "SELECT chain, seq, hash FROM audit_sealed ORDER BY chain"

Item = tuple[int, int, int, Any]


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was written. `chain` and `seq` are None where it is about the seals."""

    chain: int | None
    seq: int | None
    what: str


@dataclass
class Verified:
    """What was looked at, how much of it no seal holds yet, and what is wrong (at most SHOWN_MOST are named)."""

    chains: int = 0
    entries: int = 0
    seals: int = 0
    leaves: int = 0
    sealed_at: datetime | None = None
    unsealed: int = 0
    unsealed_chains: int = 0
    faults_count: int = 0
    faults: list[Fault] = field(default_factory=list)

    def fault(self, what: str, chain: int | None = None, seq: int | None = None) -> None:
        """Count a fault, and keep it where there is room."""
        self.faults_count += 1
        if len(self.faults) < SHOWN_MOST:
            self.faults.append(Fault(chain, seq, what))


def verify(place: Place, seals: Seals, public: Path | None = None) -> Verified:
    """Check all chains and all seals; `public` is the file of the public keys, by default beside the seals' key.

    Entries and heads are those of one moment, which is after that of the seals. DueCourseError when something needed
    for it cannot be read.
    """
    found = Verified()
    publics = seals.publics(public) if public or seals.public.exists() else {}
    with closing(sqlite3.connect("")) as kept:
        try:
            with place.connected() as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                with seals.alone() if seals.folder.exists() else nullcontext():  # nobody seals between these two
                    sizes = seals.sizes()
                    connection.execute("SELECT 1")
                _read_seals(seals, sizes, publics, kept, found)
                streams = _leaves(kept), _sealed(connection), _entries(connection), _heads(connection)
                _look(heapq.merge(*streams), found)  # no two streams have an item of the same place and sort
        except psycopg.OperationalError as error:
            raise unreachable(error) from None
    return found


def _read_seals(
    seals: Seals, sizes: Mapping[str, int], publics: Publics, kept: sqlite3.Connection, found: Verified
) -> None:
    """Check the seals one behind the other, and keep their leaves."""
    kept.execute("CREATE TABLE leaf (chain INTEGER, seq INTEGER, hash BLOB)")
    number, prev = 1, ZERO
    try:
        for line in seals.lines(sizes):
            seal = line.seal
            if seal is None:
                found.fault(f"{line.where}: cannot be read as a seal")
                continue
            for what in seal.faults(publics, number, prev):
                found.fault(f"{line.where}: {what}")
            kept.executemany("INSERT INTO leaf VALUES (?, ?, ?)", seal.leaves)
            found.seals, found.leaves = found.seals + 1, found.leaves + len(seal.leaves)
            found.sealed_at = moment(seal.at)
            number, prev = seal.number + 1, seal.hash
        for what in seals.compared(sizes):
            found.fault(what)
    except OSError as error:
        raise DueCourseError(f"{error.filename or seals.folder}: cannot be read: {error.strerror}") from error


def _leaves(kept: sqlite3.Connection) -> Iterator[Item]:
    for chain, seq, leaf in kept.execute("SELECT DISTINCT chain, seq, hash FROM leaf ORDER BY chain, seq"):
        yield chain, seq, _LEAF, leaf


def _entries(connection: psycopg.Connection[Any]) -> Iterator[Item]:
    with connection.cursor("audit_entries", binary=True) as cursor:
        cursor.itersize = _AT_A_TIME
        for chain, seq, at, *rest in cursor.execute(_ENTRIES):
            yield chain, seq, _ENTRY, Entry(chain, seq, int.from_bytes(at, "big", signed=True) + _EPOCH_2000, *rest)


def _heads(connection: psycopg.Connection[Any]) -> Iterator[Item]:
    with connection.cursor("audit_heads", binary=True) as cursor:
        cursor.itersize = _AT_A_TIME
        for chain, seq, hash_ in cursor.execute(_HEADS):
            yield chain, _LAST, _HEAD, (seq, hash_)


def _sealed(connection: psycopg.Connection[Any]) -> Iterator[Item]:
    with connection.cursor("audit_sealeds", binary=True) as cursor:
        cursor.itersize = _AT_A_TIME
        for chain, seq, hash_ in cursor.execute(_SEALEDS):
            yield chain, seq, _SEALED, hash_


@dataclass
class _Chain:
    """How far one chain was looked at: its last entry, and the leaves of the place that comes next."""

    chain: int
    seq: int = 0
    hash: bytes = ZERO
    after: int = 0  # entries since the last that was sealed
    waiting: set[bytes] = field(default_factory=set)
    waiting_seq: int = 0
    is_ended: bool = False


def _look(items: Iterator[Item], found: Verified) -> None:
    now = _Chain(-1)
    for chain, seq, sort, what in items:
        if chain != now.chain:
            _end(now, found)
            now = _Chain(chain)
        if sort == _ENTRY:
            _entry(now, what, found)
        elif sort == _LEAF:
            if seq != now.waiting_seq:
                _missing(now, found)
            now.waiting.add(what)
            now.waiting_seq = seq
        elif sort == _SEALED:
            if seq != now.waiting_seq or what not in now.waiting:
                found.fault(
                    "is said to be sealed, and no seal holds it: seals are missing, or the database lies", chain, seq
                )
        else:
            _missing(now, found)
            now.is_ended = True
            if what != (now.seq, now.hash):
                found.fault(f"the head of the chain names entry {what[0]}, and not its last as it is", chain, now.seq)
    _end(now, found)


def _entry(now: _Chain, entry: Entry, found: Verified) -> None:
    """Look at one entry; what follows a fault is looked at as if it were none, so that each is told once."""
    if now.waiting and now.waiting_seq != entry.seq:
        _missing(now, found)
    found.entries += 1
    found.chains += not now.seq
    if entry.seq != now.seq + 1:
        lost = f"entry {now.seq + 1}" if entry.seq == now.seq + 2 else f"entries {now.seq + 1} to {entry.seq - 1}"
        found.fault(f"{lost}: not there any more", entry.chain, now.seq + 1)
    elif entry.prev != now.hash:
        found.fault("does not follow the entry before it", entry.chain, entry.seq)
    try:
        computed = hash_of(entry)
    except (struct.error, UnicodeError):
        computed = b""
    if computed != entry.hash:
        found.fault("was changed: its hash is another", entry.chain, entry.seq)
    now.seq, now.hash = entry.seq, entry.hash
    now.after += 1
    if now.waiting:
        if now.waiting != {computed}:
            found.fault("is not what was sealed: the chain was written anew", entry.chain, entry.seq)
        now.waiting, now.after = set(), 0


def _missing(now: _Chain, found: Verified) -> None:
    """Tell of a leaf whose entry did not come."""
    if now.waiting:
        found.fault(
            f"was sealed, and is not there any more: the chain has {now.seq} up to here", now.chain, now.waiting_seq
        )
        now.waiting, now.after = set(), 0


def _end(now: _Chain, found: Verified) -> None:
    """Tell of what is left open where a chain ends."""
    _missing(now, found)
    if now.seq and not now.is_ended:
        found.fault("the chain has no head", now.chain, now.seq)
    if now.after:
        found.unsealed += now.after
        found.unsealed_chains += 1


def as_json(found: Verified) -> Mapping[str, object]:
    """Return it as the command prints it."""
    at = found.sealed_at.isoformat() if found.sealed_at else None
    return {**vars(found), "sealed_at": at, "faults": [vars(fault) for fault in found.faults]}
