"""A bank's file, or a lender's own, taken into the store: kept whole, matched, and each match made a payment.

    take(connection, ring, File(content, name, mapping), when) -> Taking

The file is read and kept in one transaction, or nothing of it is. Then each entry is settled in a transaction of its
own that locks the borrowers whose it is: a process that dies leaves entries settled or not looked at, and the next run
goes on. What nobody knew is tried again each time, so that it makes no difference in which order files come.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.money import kept
from duecourse.day.money.settling import settle
from duecourse.day.money.when import When
from duecourse.day.payments import csv_file, statements
from duecourse.day.payments.csv_file import Bad
from duecourse.day.payments.csv_mapping import CsvMapping
from duecourse.day.payments.entries import Entry
from duecourse.store.keys import Keyring


@dataclass(frozen=True, repr=False)
class File:
    """What a file holds, its name, and how it is read where it is a lender's own. Never printed."""

    content: bytes
    name: str
    mapping: CsvMapping | None = None


@dataclass(frozen=True)
class Taking:
    """What taking a file did.

    `new` and `known` count its entries, `not_booked` what the bank only announces; `bad` are rows that could not be
    read, `differing` ids of rows that are known with another day, amount or currency: neither is taken. `settled`
    counts what became of all entries that were not settled yet, of earlier files too.
    """

    new: int
    known: int
    not_booked: int
    bad: tuple[Bad, ...]
    differing: tuple[str, ...]
    settled: Mapping[str, int]


def take(connection: Connection[TupleRow], ring: Keyring, file: File, when: When) -> Taking:
    """Take a file; DueCourseError, before anything is kept, for one that cannot be read."""
    source, entries, not_booked, bad = _read(file)
    found = kept.keep(connection, ring, entries, source, when.at)
    done: Counter[str] = Counter(settle(connection, ring, when))
    return Taking(found.new, found.known, not_booked, bad, found.differing, dict(sorted(done.items())))


def _read(file: File) -> tuple[str, tuple[Entry, ...], int, tuple[Bad, ...]]:
    if file.mapping is None:
        taken = statements.read(file.content, file.name)
        return taken.kind, taken.entries, len(taken.not_booked), ()
    rows = csv_file.read(file.content, file.name, file.mapping)
    return "csv", rows.entries, 0, rows.bad
