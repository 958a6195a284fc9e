"""Seals in a folder of the test's own, borrowers, and what somebody with every right in the database can do."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from duecourse.store import people
from duecourse.store.audit import chain, form
from duecourse.store.audit.chain import Draft
from duecourse.store.audit.form import Entry
from duecourse.store.audit.seals import Seals
from duecourse.store.keys import Keyring
from duecourse.store.people import Known
from duecourse.store.place import Place
from duecourse.store.server import ADMIN

AT: Final = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
LATER: Final = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def seals(tmp_path: Path) -> Seals:
    made = Seals(tmp_path / "seal.key", tmp_path / "seals")
    made.make_key()
    return made


Write = Callable[..., list[Entry]]


def draft(number: int, **more: Any) -> Draft:
    return Draft(AT, "contact.released", "gate", {"words": f"secret words {number}"}, f"C{number}", **more)


@pytest.fixture
def write(store: Place, ring: Keyring) -> Write:
    """Give what adds so many entries to a borrower's chain, and commits; the borrower is added if need be."""
    known: dict[str, int] = {}

    def written(borrower_id: str, count: int) -> list[Entry]:
        if borrower_id not in known:
            name = Known(f"Name of {borrower_id}", ())
            known[borrower_id] = people.add(ring, borrower_id, borrower_id, "borrower", name).borrower_id
        with psycopg.connect(store.url()) as connection:
            drafts = [draft(number) for number in range(count)]
            return chain.append(connection.cursor(), ring, known[borrower_id], drafts)

    return written


class Intruder:
    """A superuser of the database, whom no trigger stops; they know every form, and no key."""

    def __init__(self, store: Place) -> None:
        """Take the store that they are in."""
        self._url = store.server.url(ADMIN)

    def does(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            for table in ("audit_entry", "audit_head"):
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            found = connection.execute(statement.encode(), values)
            rows = found.fetchall() if found.description else []
            for table in ("audit_entry", "audit_head"):
                connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays".encode())
        return rows

    def chain(self, number: int) -> list[Entry]:
        columns = 'chain, seq, at, kind, "by", about, person, body, prev, hash'
        rows = self.does(f"SELECT {columns} FROM audit_entry WHERE chain = %s ORDER BY seq", [number])
        return [Entry(row[0], row[1], form.micros(row[2]), *row[3:]) for row in rows]

    def puts(self, number: int, entries: Sequence[Entry]) -> None:
        """Put these in the place of a chain, every number, hash and head made to fit."""
        self.does("DELETE FROM audit_entry WHERE chain = %s", [number])
        self.does("DELETE FROM audit_head WHERE chain = %s", [number])
        made: list[Entry] = []
        for seq, entry in enumerate(entries, 1):
            prev = made[-1].hash if made else form.ZERO
            fit = entry._replace(chain=number, seq=seq, prev=prev)
            made.append(fit._replace(hash=form.hash_of(fit)))
        if made:
            self.does(chain.WRITE, [chain.written(made)])


@pytest.fixture
def intruder(store: Place) -> Intruder:
    return Intruder(store)
