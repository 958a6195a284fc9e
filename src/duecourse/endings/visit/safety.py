"""Visits stopped: a team was in danger, or the borrower asks that a person look again at whether anybody comes.

    stop(facts, borrower, danger, who) -> whether it is new
    review(facts, connection, borrower_id, who) -> whether it is new
    standing(connection) -> [Stop, ...]        what supervisors, and compliance, must look at
    lift(facts, connection, borrower_id, who)
    answer(facts, connection, borrower_id, who, why, goes_on=True)

The gate refuses visits to the borrower from that second (`visit_dangerous`, `visit_under_review`): what is queued is
taken back, and what a team carries must be pulled when its sheets are judged again. Other channels go on.

Supervisors let teams go, and lift a danger; a review is answered by compliance, which lets nobody go.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.models.field import DANGERS
from duecourse.store.roles import Role

_STOP: Final = """
INSERT INTO visit_stop (borrower_no, kind, what, told_by, told_at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_LIFT: Final = """
UPDATE visit_stop SET lifted_at = %s, lifted_by = s.id, answer = %s FROM staff s
WHERE borrower_no = %s AND kind = %s AND lifted_at IS NULL AND s.user_id = %s AND s.is_active AND s.role = %s"""
_STANDING: Final = """
SELECT b.borrower_id, s.kind, s.what, s.told_by, s.told_at FROM visit_stop s JOIN borrower b ON b.id = s.borrower_no
WHERE s.lifted_at IS NULL ORDER BY s.told_at, s.id"""
_VISIT: Final = "visit"  # the channel
_WHOSE: Final = "SELECT id FROM borrower WHERE borrower_id = %s"


@dataclass(frozen=True)
class Stop:
    """A borrower whom nobody visits, because of a `danger` or a `review`: what the danger is, who told of it, when."""

    borrower_id: str
    kind: str
    what: str
    told_by: str
    told_at: datetime


def stop(facts: Facts, borrower: int, danger: str, who: Who) -> bool:
    """Stop visits to a borrower, by their number, from now on; False where they are stopped already.

    DueCourseError for a word that is none of DANGERS.
    """
    if danger not in DANGERS:
        raise DueCourseError(f"there is no danger '{danger}': it is one of {', '.join(DANGERS)}")
    told = Told(f"danger-{borrower}-{who.at.isoformat()}", borrower, who.at, who.on)
    values = [borrower, "danger", danger, who.by, who.at]
    with facts.locked(borrower):
        return facts.write(told, _STOP, values, "visits.stopped", {"danger": danger})


def review(facts: Facts, connection: Connection[TupleRow], borrower_id: str, who: Who) -> bool:
    """Stop visits until somebody has answered whether anybody may come; False where that is asked already."""
    borrower = _number(connection, borrower_id)
    told = Told(f"visit-review-{borrower}-{who.at.isoformat()}", borrower, who.at, who.on)
    with facts.locked(borrower):
        return facts.write(told, _STOP, [borrower, "review", "", who.by, who.at], "visits.review_asked", {})


def lift(facts: Facts, connection: Connection[TupleRow], borrower_id: str, who: Who) -> None:
    """Let a borrower be visited again; DueCourseError where nothing is stopped, or no active supervisor says so."""
    borrower = _number(connection, borrower_id)
    told = Told(f"safe-{borrower}-{who.at.isoformat()}", borrower, who.at, who.on)
    values = [who.at, "", borrower, "danger", who.by, Role.SUPERVISOR]
    with facts.locked(borrower):
        if not facts.write(told, _LIFT, values, "visits.allowed", {"by": who.by}):
            raise DueCourseError(
                f"no visit to {borrower_id} is stopped, or '{who.by}' is no active supervisor: one lifts it by --by"
            )


def answer(
    facts: Facts, connection: Connection[TupleRow], borrower_id: str, who: Who, why: str, *, goes_on: bool = True
) -> None:
    """Answer a review, with the reason: teams may come, or (`goes_on` False) nobody comes to this borrower any more.

    DueCourseError where none is asked for, no reason is given, or nobody of compliance answers.
    """
    if not why.strip():
        raise DueCourseError("a review is answered with its reason: the borrower may read it")
    borrower = _number(connection, borrower_id)
    told = Told(f"visit-answer-{borrower}-{who.at.isoformat()}", borrower, who.at, who.on)
    values = [who.at, why, borrower, "review", who.by, Role.COMPLIANCE]
    with facts.locked(borrower):
        said = {"why": why, "goes_on": goes_on}
        if not facts.write(told, _LIFT, values, "visits.review_answered", said):
            raise DueCourseError(
                f"no review of visits to {borrower_id} is asked for, or '{who.by}' is nobody of compliance: who lets "
                "teams go does not answer"
            )
        if not goes_on:
            facts.withdraw(replace(told, fact_id=f"{told.fact_id}-no-more"), _VISIT)


def standing(connection: Connection[TupleRow]) -> list[Stop]:
    """Return who must not be visited, the first stopped first."""
    with connection.transaction():
        return [Stop(*row) for row in connection.execute(_STANDING).fetchall()]


def _number(connection: Connection[TupleRow], borrower_id: str) -> int:
    with connection.transaction():
        row = connection.execute(_WHOSE, [borrower_id]).fetchone()
    if row is None:
        raise DueCourseError(f"there is no borrower {borrower_id}")
    return int(row[0])
