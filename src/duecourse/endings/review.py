"""A borrower asks that a person look again at an ending; until somebody else than who decided it answers, it waits.

    ask(connection, ring, ending, who)                 it goes nowhere from now on
    answer(connection, ring, ending, who, why)         it stands, and may go on
    answer(connection, ring, ending, who, why, to="withdrawn")      it does not stand

EU AI Act art. 86 and GDPR art. 22(3), where they bind, and PIPL art. 24 ask for this of decisions made by machines;
here everybody may ask it of every decision.
"""

from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings import moving
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring
from duecourse.store.roles import MAY, Role, What

_REVIEWERS: Final = sorted(str(role) for role in Role if What.REVIEW in MAY[role])
_ASK: Final = """
UPDATE ending SET review_asked_at = %s, reviewed_at = NULL, reviewed_by = NULL
WHERE id = %s AND NOT is_over AND (review_asked_at IS NULL OR reviewed_at IS NOT NULL)"""
_ANSWER: Final = """
UPDATE ending SET reviewed_at = %s, reviewed_by = s.id FROM staff s
WHERE ending.id = %s AND review_asked_at IS NOT NULL AND reviewed_at IS NULL
    AND s.user_id = %s AND s.is_active AND s.role = ANY(%s) AND s.id <> ending.decided_by"""
_STEP: Final = """
INSERT INTO ending_step (ending_no, state_before, state, at, on_day, "by", why) VALUES (%s, %s, %s, %s, %s, %s, %s)"""


def ask(connection: Connection[TupleRow], ring: Keyring, ending: Ending, who: Who) -> bool:
    """Note that the borrower asks for a review; False where one is asked for already, or it is over."""
    return _note(connection, ring, ending, who, _ASK, [who.at, ending.number], "review.asked", "")


def answer(
    connection: Connection[TupleRow], ring: Keyring, ending: Ending, who: Who, why: str, to: str | None = None
) -> None:
    """Answer a review: the decision stands, or the ending becomes `to`. The reason is kept.

    DueCourseError where none is asked for, no reason is given, or whoever answers decided it or may not.
    """
    if not why.strip():
        raise DueCourseError("a review is answered with its reason: the borrower may read it")
    values = [who.at, ending.number, who.by, _REVIEWERS]
    with connection.transaction():
        if not _note(connection, ring, ending, who, _ANSWER, values, "review.answered", why):
            raise DueCourseError(
                f"nothing is asked about ending {ending.number}, or {who.by} decided it, or has not the role"
                f" {' or '.join(_REVIEWERS)}: somebody else answers a review"
            )
        if to is not None:
            (now,) = moving.read(connection, "e.id = %s", [ending.number])
            Moving(connection, ring).move([Move(now, to, why)], who)


def _note(
    connection: Connection[TupleRow], ring: Keyring, ending: Ending, who: Who, statement: str, values: list[object],
    kind: str, why: str,
) -> bool:  # fmt: skip
    """Write it under the borrower's lock, with a step into the state in which it is, and its entry."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(chain.LOCK, [[ending.borrower]])
        if cursor.execute(statement.encode(), values).rowcount == 0:
            return False
        said = why or "the borrower asks for a review"
        cursor.execute(_STEP, [ending.number, ending.state, ending.state, who.at, who.on, who.by, said])
        body = {"ending": ending.number, "loan": ending.loan_id, "why": said}
        chain.append(cursor, ring, ending.borrower, [chain.Draft(who.at, kind, who.by, body, ending.loan_id)])
        return True
