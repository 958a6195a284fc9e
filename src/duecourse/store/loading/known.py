"""What the store knows of the people whom some rows are about, and new numbers for those whom it does not know."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from duecourse.store.keys import Wrapped
from duecourse.store.loading.seal import Held, HeldPoint, Owner

Connection = psycopg.Connection[tuple[Any, ...]]
_OWNERS: Final = "SELECT borrower_id, id, language, zones FROM borrower WHERE borrower_id = ANY(%s)"
_PEOPLE: Final = """SELECT borrower_id, person_id, id, relation, name, key_id, wrapped_key FROM person
    WHERE borrower_id = ANY(%s)"""
_POINTS: Final = """SELECT person_id, kind, blind, id, ended_at IS NOT NULL, ended_why <> '' FROM contact_point
    WHERE person_id = ANY(%s)"""
_NUMBERS: Final = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
_PAGE_BITS: Final = 16

Key = tuple[int, str]  # of a person: the number of their borrower, their id


@dataclass
class Seen:
    """Numbers of people that were met: a bit for each, so that a load of a hundred million needs 12 MB."""

    pages: dict[int, bytearray] = field(default_factory=dict)

    def add(self, number: int) -> bool:
        """Note a number; say whether it was not met before."""
        page = self.pages.setdefault(number >> _PAGE_BITS, bytearray(1 << _PAGE_BITS - 3))
        place, bit = (number & (1 << _PAGE_BITS) - 1) >> 3, 1 << (number & 7)
        is_new = not page[place] & bit
        page[place] |= bit
        return is_new


@dataclass(repr=False)
class Known:
    """Borrowers and people, as the store has them or as rows that are not written yet will add them."""

    connection: Connection
    seen: Seen = field(default_factory=Seen)
    owners_to_come: dict[str, int] = field(default_factory=dict)
    people_to_come: set[Key] = field(default_factory=set)

    def owners(self, ids: Iterable[str]) -> dict[str, tuple[int, Owner]]:
        """Return number and state of each borrower; one that nobody knows gets a number, and is to come."""
        wanted = dict.fromkeys(ids)
        with self.connection.cursor(binary=True) as cursor:
            rows = cursor.execute(_OWNERS, [list(wanted)]).fetchall()
        found = {row[0]: (row[1], Owner(row[0], row[2], row[3], is_new=False)) for row in rows}
        for borrower_id in wanted:
            if borrower_id not in found and (number := self.owners_to_come.get(borrower_id)):
                found[borrower_id] = (number, Owner(borrower_id, "", [], is_new=False))
        new = [borrower_id for borrower_id in wanted if borrower_id not in found]
        for borrower_id, number in zip(new, self.numbers("borrower", len(new)), strict=True):
            found[borrower_id] = (number, Owner(borrower_id, "", [], is_new=True))
            self.owners_to_come[borrower_id] = number
        return found

    def people(self, keys: Sequence[Key]) -> dict[Key, tuple[int, Held | None]]:
        """Return number and state of the people whom the store has; None for the erased."""
        if not keys:
            return {}
        with self.connection.cursor(binary=True) as cursor:
            # All of their borrowers' people, few each: no join, whose plan rests on counts that nobody has made yet.
            asked = set(keys)
            found_rows = cursor.execute(_PEOPLE, [list({owner for owner, _ in keys})])
            rows = [row for row in found_rows if (row[0], row[1]) in asked]
            points: dict[int, dict[tuple[str, bytes], HeldPoint]] = defaultdict(dict)
            if rows:
                for person, kind, blind, *point in cursor.execute(_POINTS, [[row[2] for row in rows]]):
                    points[person][kind, blind] = HeldPoint(*point)
        found: dict[Key, tuple[int, Held | None]] = {}
        for owner, person, number, relation, name, key_id, wrapped in rows:
            held = None if key_id is None else Held(relation, name, Wrapped(key_id, wrapped), points.get(number, {}))
            found[owner, person] = (number, held)
        return found

    def numbers(self, table: str, count: int) -> list[int]:
        """Take new numbers of a table; what is not used of them is lost, which harms nothing."""
        if not count:
            return []
        with self.connection.cursor(binary=True) as cursor:
            return [row[0] for row in cursor.execute(_NUMBERS, [table, count])]

    def written(self, owners: Iterable[str], people: Iterable[Key]) -> None:
        """Forget what was to come and now is in the store."""
        for borrower_id in owners:
            self.owners_to_come.pop(borrower_id, None)
        self.people_to_come.difference_update(people)
