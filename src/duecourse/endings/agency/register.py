"""The agencies of a store: added by a named person, on terms that are replaced by others and never changed.

add(connection, {"north": terms}, who) -> the ids that are new or have new terms
standing(connection) -> {id: Agency}
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings.agency import terms as agreed
from duecourse.endings.agency.terms import Terms
from duecourse.endings.deciding import refuse_unnamed
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain

_READ: Final = "SELECT id, agency_id, terms FROM agency WHERE replaced_at IS NULL ORDER BY agency_id"
_REPLACE: Final = "UPDATE agency SET replaced_at = %s WHERE agency_id = %s AND replaced_at IS NULL"
_ADD: Final = """
INSERT INTO agency (agency_id, terms, added_by, added_at)
SELECT %s, %s, id, %s FROM staff WHERE user_id = %s AND is_active"""
_PLACED: Final = """
SELECT details->>'agency', count(*) FROM ending WHERE kind = 'agency' AND state = 'placed' GROUP BY 1"""


@dataclass(frozen=True)
class Agency:
    """An agency on its terms; `number` is that of the terms in the store."""

    number: int
    agency_id: str
    terms: Terms


def standing(connection: Connection[TupleRow]) -> dict[str, Agency]:
    """Return the agencies with the terms in force, by their ids."""
    with connection.transaction():
        rows = connection.execute(_READ).fetchall()
    return {name: Agency(number, name, agreed.of(name, given)) for number, name, given in rows}


def one(connection: Connection[TupleRow], agency_id: str) -> Agency:
    """Return one agency; DueCourseError where there is none of this id."""
    found = standing(connection).get(agency_id)
    if found is None:
        raise DueCourseError(f"there is no agency '{agency_id}': `duecourse agency list` names them")
    return found


def allowed(connection: Connection[TupleRow], agency_id: str, address: str) -> bool:
    """Say whether somebody at an address of the internet may be this agency: for whoever lets agencies in."""
    found = standing(connection).get(agency_id)
    return found is not None and agreed.is_from(found.terms, address)


def placed(connection: Connection[TupleRow]) -> dict[str, int]:
    """Return how many debts each agency has."""
    with connection.transaction():
        return {str(name): int(number) for name, number in connection.execute(_PLACED).fetchall()}


def add(connection: Connection[TupleRow], agencies: Mapping[str, Terms], who: Who) -> list[str]:
    """Add agencies, or put them on new terms from now on; the same terms again change nothing.

    What is placed stays on the terms on which it was placed. DueCourseError where whoever does it may not, or two
    agencies share a folder.
    """
    refuse_unnamed(connection, who.by)
    before = standing(connection)
    folders: dict[str, str] = {}
    for name, terms in ({name: one.terms for name, one in before.items()} | dict(agencies)).items():
        if folders.setdefault(terms.folder, name) != name:
            raise DueCourseError(f"agencies {folders[terms.folder]} and {name} share a folder: give each its own")
    new = [name for name, terms in agencies.items() if name not in before or before[name].terms != terms]
    with connection.transaction(), connection.cursor() as cursor:
        drafts = []
        for name in new:
            text = json.dumps(agencies[name].model_dump(mode="json"), sort_keys=True)
            cursor.execute(_REPLACE, [who.at, name])
            cursor.execute(_ADD, [name, text, who.at, who.by])
            drafts.append(chain.Draft(who.at, "agency.added", who.by, {"terms": text}, name, plain=True))
        chain.append_own(cursor, drafts)
    return new
