"""Writing what was sealed: rows by COPY, changes one by one, as the application's role."""

from collections.abc import Iterable
from typing import Any, Final

import psycopg

from duecourse.store.loading import copying
from duecourse.store.loading.seal import Change, Done

Connection = psycopg.Connection[tuple[Any, ...]]
_OWNERS: Final = "COPY borrower (id, borrower_id, language, zones) FROM STDIN (FORMAT binary)"
_PEOPLE: Final = (
    "COPY person (id, borrower_id, person_id, relation, name, key_id, wrapped_key) FROM STDIN (FORMAT binary)"
)
_POINTS: Final = "COPY contact_point (id, person_id, kind, value, blind) FROM STDIN (FORMAT binary)"
_OWNER_CHANGED: Final = """UPDATE borrower SET language = coalesce(%s, language), zones = coalesce(%s, zones),
    changed_at = transaction_timestamp() WHERE id = %s"""
_HERE: Final = "SELECT id FROM person WHERE id = ANY(%s) AND erased_at IS NULL ORDER BY id FOR NO KEY UPDATE"
_PERSON_CHANGED: Final = "UPDATE person SET relation = coalesce(%s, relation), name = coalesce(%s, name) WHERE id = %s"
_ENDED: Final = "UPDATE contact_point SET ended_at = transaction_timestamp() WHERE id = ANY(%s) AND ended_at IS NULL"
_REVIVED: Final = "UPDATE contact_point SET ended_at = NULL WHERE id = ANY(%s) AND ended_why = ''"


def write_new(connection: Connection, done: Done) -> None:
    """Add borrowers, people and their contact points."""
    _copy(connection, _OWNERS, done.owners)
    _copy(connection, _PEOPLE, done.people)
    _copy(connection, _POINTS, done.points)


def write_changes(connection: Connection, done: Done) -> list[int]:
    """Change borrowers and people whom the store has; return the rows whose person was erased meanwhile.

    Counts of `done` are those of what was changed.
    """
    with connection.cursor() as cursor:
        if done.owner_changes:
            cursor.executemany(_OWNER_CHANGED, [(*changed, number) for number, *changed in done.owner_changes])
        if not done.changes:
            return []
        # Locked from here on: nobody can be erased between this look and the end of the load.
        here = {row[0] for row in cursor.execute(_HERE, [[change.person for change in done.changes]])}
        kept = [change for change in done.changes if change.person in here]
        cursor.executemany(_PERSON_CHANGED, [(c.relation, c.name, c.person) for c in kept if c.relation or c.name])
        cursor.execute(_ENDED, [[number for change in kept for number in change.ended]])
        revived = [number for change in kept for number in change.revived]
        ended_meanwhile = len(revived) - cursor.execute(_REVIVED, [revived]).rowcount
        done.counts["contact_points", "in_use_again"] -= ended_meanwhile
        done.counts["contact_points", "stay_ended"] += ended_meanwhile
    _copy(connection, _POINTS, b"".join(point for change in kept for point in change.added))
    done.counts["people", "changed"] += len(kept)
    gone = [change for change in done.changes if change.person not in here]
    _take_back(done, gone)
    return [change.row for change in gone]


def _take_back(done: Done, gone: Iterable[Change]) -> None:
    for change in gone:
        done.counts["contact_points", "added"] -= len(change.added)
        done.counts["contact_points", "ended"] -= len(change.ended)
        done.counts["contact_points", "in_use_again"] -= len(change.revived)


def _copy(connection: Connection, statement: str, rows: bytes) -> None:
    if rows:
        with connection.cursor().copy(statement.encode()) as copy:
            copy.write(copying.HEAD)
            copy.write(rows)
            copy.write(copying.TAIL)
