"""How an ending comes into another state: compared and set, with its step, the event that the law sees, and its entry.

    Moving(connection, ring).move([Move(ending, "returned", ...), ...], by, at, on)

One transaction for all, under the locks of their borrowers; where one of them is not in the state that it is moved
from, or waits for a review, nothing is moved. What the law must be asked of goes through `duecourse.endings.deciding`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Self

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.release import take_back_of
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.endings import EVENTS, MOVES, OVER, Kind
from duecourse.store.keys import Keyring
from duecourse.store.line import Line

_READ: Final = """
SELECT e.id, e.kind, e.borrower_no, e.loan_id, e.state, e.run, e.details, s.user_id, e.decided_at, e.changed_at,
    e.review_asked_at, e.reviewed_at
FROM ending e JOIN staff s ON s.id = e.decided_by WHERE {} ORDER BY e.id"""
WRITE: Final = """
WITH asked AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS asked(
        ending bigint, state_before text, state text, is_over boolean, run text, details jsonb, at timestamptz,
        day date, "by" text, why text, event text)
),
moved AS (
    UPDATE ending e SET state = a.state, is_over = a.is_over, run = coalesce(a.run, e.run),
        details = e.details || a.details, changed_at = a.at
    FROM asked a
    WHERE e.id = a.ending AND e.state = a.state_before AND (e.review_asked_at IS NULL OR e.reviewed_at IS NOT NULL)
    RETURNING e.id, e.borrower_no, e.loan_id, a.*
),
step AS (
    INSERT INTO ending_step (ending_no, state_before, state, at, on_day, "by", why, details)
    SELECT id, state_before, state, at, day, "by", why, details FROM moved
    RETURNING id, ending_no
),
told AS (
    INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, recorded_at, from_book, details)
    SELECT 'ending-step-' || step.id, borrower_no, event, loan_id, at, day, at, false, (details->'event')::text
    FROM moved JOIN step ON step.ending_no = moved.id WHERE event IS NOT NULL
)
SELECT count(*) FROM moved"""
"""Moves as JSON (`rows`): how many were made. Each id may stand in it once."""
_WRITE: Final = WRITE.replace("$1", "%s")


@dataclass(frozen=True)
class Ending:
    """An ending of one loan, as it stands; `decided_by` is a user's id. `details` are what its kind keeps of it."""

    number: int
    kind: Kind
    borrower: int
    loan_id: str
    state: str
    run: str | None
    details: Mapping[str, Any]
    decided_by: str
    decided_at: datetime
    changed_at: datetime
    review_asked_at: datetime | None = None
    reviewed_at: datetime | None = None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """Read a row of the store."""
        number, kind, *rest = row
        return cls(number, Kind(kind), *rest)

    @property
    def waits_for_review(self) -> bool:
        """Whether the borrower has asked that a person look at it again, and nobody has answered."""
        return self.review_asked_at is not None and self.reviewed_at is None


@dataclass(frozen=True)
class Move:
    """An ending on its way into a state; `details` are added to its own. `run` stays as it is where none is named.

    What stands under `event` in the details is what the law is told of the event that it is, if it is one.
    """

    ending: Ending
    state: str
    why: str = ""
    run: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Who:
    """By whom something is done (a user's id), when, and on which business date."""

    by: str
    at: datetime
    on: date


def rows(moves: Sequence[Move], who: Who) -> str:
    """Return moves as WRITE takes them; DueCourseError for one that cannot follow on the state that it starts from."""
    return json.dumps([_row(one, who) for one in moves])


def _row(move: Move, who: Who) -> dict[str, Any]:
    ending = move.ending
    may = MOVES[ending.kind].get(ending.state, ())
    if move.state not in may:
        can = f"it may become {' or '.join(may)}" if may else "nothing follows on that"
        raise DueCourseError(
            f"the {ending.kind} of loan {ending.loan_id} is {ending.state}, not to be made {move.state}: {can}"
        )
    if ending.waits_for_review:
        raise DueCourseError(
            f"the {ending.kind} of loan {ending.loan_id} waits for a review: `duecourse ending review {ending.number}`"
        )
    return {
        "ending": ending.number, "state_before": ending.state, "state": move.state,
        "is_over": move.state in OVER[ending.kind], "run": move.run, "details": dict(move.details),
        "at": who.at.isoformat(), "day": who.on.isoformat(), "by": who.by, "why": move.why,
        "event": EVENTS.get((ending.kind, move.state)),
    }  # fmt: skip


def draft(kind: Kind, loan_id: str, states: tuple[str | None, str], said: Mapping[str, Any], who: Who) -> chain.Draft:
    """Return what the audit chain keeps of a step: its details and reason by their hash, so that no amount is in it."""
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    body = {
        "loan": loan_id, "state_before": states[0], "state": states[1],
        "said": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip
    return chain.Draft(who.at, f"{kind}.{states[1]}", who.by, body, loan_id)


def draft_of(move: Move, who: Who) -> chain.Draft:
    """Return what the audit chain keeps of a move."""
    said = {"why": move.why, "run": move.run, "details": dict(move.details)}
    return draft(move.ending.kind, move.ending.loan_id, (move.ending.state, move.state), said, who)


def write(line: Line, moves: Sequence[Move], who: Who) -> None:
    """Write moves within the transaction that is open; DueCourseError where something has moved one of them before."""
    if moves:
        (answer,) = line.ask((WRITE, [rows(moves, who).encode()]))
        refuse_fewer(answer.get_value(0, 0), len(moves))


def read(connection: Connection[TupleRow], where: str, values: Sequence[Any] = ()) -> list[Ending]:
    """Return endings, in the order in which they were decided; `where` is a condition over the row `e`."""
    with connection.transaction():
        return [Ending.of(row) for row in connection.execute(_READ.format(where).encode(), values).fetchall()]


class Moving:
    """Moves endings on a connection, which others may use too."""

    def __init__(self, connection: Connection[TupleRow], ring: Keyring) -> None:
        """Take a connection."""
        self._connection, self._ring = connection, ring

    def move(self, moves: Sequence[Move], who: Who) -> None:
        """Move endings, all or none; DueCourseError where one of them is not as it was read, or may not move so."""
        if not moves:
            return
        drafts: dict[int, list[chain.Draft]] = {}
        for move in moves:
            drafts.setdefault(move.ending.borrower, []).append(draft_of(move, who))
        written = rows(moves, who)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(chain.LOCK, [sorted(drafts)])
            cursor.execute(_WRITE, [written])
            ((made,),) = cursor.fetchall()
            refuse_fewer(made, len(moves))
            chain.append_all(cursor, self._ring, drafts)
            silence(self._connection, moves, who)


def silence(connection: Connection[TupleRow], moves: Iterable[Move], who: Who) -> None:
    """Take back what is queued for the borrowers of moves that the law sees: the gate decides anew, knowing them."""
    whose = sorted({one.ending.borrower for one in moves if (one.ending.kind, one.state) in EVENTS})
    if whose:
        take_back_of(connection, whose, "an ending of the debt", who.at)


def refuse_fewer(made: bytes | int | None, asked: int) -> None:
    """Refuse where fewer rows were written than were asked for; it undoes the transaction."""
    if int(made or 0) != asked:
        raise DueCourseError(
            f"{asked - int(made or 0)} of {asked} are not in the state any more in which they were read, or wait for a"
            " review: nothing was changed; do it again"
        )
