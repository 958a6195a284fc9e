"""Visits stopped for safety: a team was in danger, and nobody goes there again until a named supervisor says so.

    stop(facts, connection, Danger(...)) -> whether it is new
    standing(connection) -> [Stop, ...]        what supervisors must look at
    lift(facts, connection, borrower_id, who)

The gate refuses visits to the borrower from that second (`visit_dangerous`): what is queued is taken back, and what a
team carries must be pulled when its sheets are judged again. Other channels go on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.models.field import DANGERS

_STOP: Final = """
INSERT INTO safety_stop (borrower_no, danger, told_by, told_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_LIFT: Final = """
UPDATE safety_stop SET lifted_at = %s, lifted_by = s.id FROM staff s
WHERE borrower_no = %s AND lifted_at IS NULL AND s.user_id = %s AND s.is_active AND s.role = 'supervisor'"""
_STANDING: Final = """
SELECT b.borrower_id, s.danger, s.told_by, s.told_at FROM safety_stop s JOIN borrower b ON b.id = s.borrower_no
WHERE s.lifted_at IS NULL ORDER BY s.told_at, s.id"""
_WHOSE: Final = "SELECT id FROM borrower WHERE borrower_id = %s"


@dataclass(frozen=True)
class Stop:
    """A borrower whom nobody visits: what the danger is, who told of it, and when."""

    borrower_id: str
    danger: str
    told_by: str
    told_at: datetime


def stop(facts: Facts, borrower: int, danger: str, who: Who) -> bool:
    """Stop visits to a borrower, by their number, from now on; False where they are stopped already.

    DueCourseError for a word that is none of DANGERS.
    """
    if danger not in DANGERS:
        raise DueCourseError(f"there is no danger '{danger}': it is one of {', '.join(DANGERS)}")
    told = Told(f"danger-{borrower}-{who.at.isoformat()}", borrower, who.at, who.on)
    with facts.locked(borrower):
        return facts.write(told, _STOP, [borrower, danger, who.by, who.at], "visits.stopped", {"danger": danger})


def lift(facts: Facts, connection: Connection[TupleRow], borrower_id: str, who: Who) -> None:
    """Let a borrower be visited again; DueCourseError where nothing is stopped, or no active supervisor says so."""
    with connection.transaction():
        row = connection.execute(_WHOSE, [borrower_id]).fetchone()
    if row is None:
        raise DueCourseError(f"there is no borrower {borrower_id}")
    told = Told(f"safe-{row[0]}-{who.at.isoformat()}", row[0], who.at, who.on)
    with facts.locked(row[0]):
        if not facts.write(told, _LIFT, [who.at, row[0], who.by], "visits.allowed", {"by": who.by}):
            raise DueCourseError(
                f"no visit to {borrower_id} is stopped, or '{who.by}' is no active supervisor: one lifts it by --by"
            )


def standing(connection: Connection[TupleRow]) -> list[Stop]:
    """Return who must not be visited, the first stopped first."""
    with connection.transaction():
        return [Stop(*row) for row in connection.execute(_STANDING).fetchall()]
