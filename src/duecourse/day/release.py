"""A release taken back: what was queued and has not left is as if it had never been, and its act waits again.

Whoever brings a fact that may change a verdict (a hold, a payment, an opt-out) takes back what is queued for the
borrower in the same transaction, under the borrower's lock. The gate decides anew, knowing the fact: what the law
still asks for, such as a required notice, is released again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.store.audit import chain

_UNDONE: Final = """
WITH back AS (
    UPDATE outbox SET state = {state}, why = {why}
    WHERE {which} AND state IN ('queued', 'sending', 'unknown')
    RETURNING contact_no, borrower_no
),
never_made AS (
    UPDATE contacts SET cancelled_at = {at} FROM back WHERE contacts.id = back.contact_no
)
UPDATE planned_act SET state = {again} FROM back
JOIN verdict ON verdict.borrower_no = back.borrower_no AND verdict.contact_no = back.contact_no
WHERE planned_act.id = verdict.planned_act_no AND planned_act.state = 'released'"""
_BACK: Final = _UNDONE.format(state="%s", why="%s", which="id = ANY(%s)", at="%s", again="%s")
TAKE_ALL_BACK: Final = (
    _UNDONE.format(
        state="'cancelled'", why="'a new plan came into force'", which="state = 'queued'",
        at="(SELECT max(published_at) FROM plan)", again="'waiting'",
    ),
    "UPDATE outbox SET valid_until = '1970-01-01Z' WHERE state = 'sending'",
)  # fmt: skip
"""Takes back what is queued for anybody, as `take_back` does for one, while nobody holds the lock of a borrower."""
_QUEUED: Final = "SELECT id FROM outbox WHERE borrower_no = ANY(%s) AND state = 'queued'"
_STOP_SENDING: Final = """
UPDATE outbox SET valid_until = '1970-01-01Z' WHERE borrower_no = ANY(%s) AND state = 'sending'"""
_EXPIRED: Final = """
SELECT id, borrower_no FROM outbox WHERE state = 'queued' AND channel = %s AND valid_until <= %s
ORDER BY id LIMIT %s"""
_STILL_EXPIRED: Final = "SELECT FROM outbox WHERE id = %s AND state = 'queued' AND valid_until <= %s"


def take_back(connection: Connection[TupleRow], borrower: int, why: str, at: datetime) -> int:
    """Take back what is queued for a borrower whose row is locked; returns how many messages.

    What somebody is about to send finds its release over, and does not leave.
    """
    return take_back_of(connection, [borrower], why, at)


def take_back_of(connection: Connection[TupleRow], borrowers: Sequence[int], why: str, at: datetime) -> int:
    """Take back what is queued for some borrowers whose rows are locked, likewise."""
    whose = list(borrowers)
    queued = [number for (number,) in connection.execute(_QUEUED, [whose]).fetchall()]
    if queued:
        undo(connection, queued, "cancelled", why, at)
    connection.execute(_STOP_SENDING, [whose])
    return len(queued)


def undo(connection: Connection[TupleRow], messages: Sequence[int], state: str, why: str, at: datetime) -> None:
    """Say of messages that surely have not left that they never will, under the lock of their borrowers.

    Their contacts do not count, and the acts that they were released for wait again, but where they `failed`.
    """
    if messages:
        again = "refused" if state == "failed" else "waiting"
        connection.execute(_BACK, [state, why, list(messages), at, again])


def expire(connection: Connection[TupleRow], channel: str, at: datetime, most: int = 1_000) -> int:
    """Take back releases that are over, so that they are judged again; returns how many.

    Each is looked at again under the lock: a sender whose clock is behind may have taken it meanwhile.
    """
    taken = 0
    with connection.transaction():
        found = connection.execute(_EXPIRED, [channel, at, most]).fetchall()
    for number, borrower in found:
        with connection.transaction():
            connection.execute(chain.LOCK, [[borrower]])
            if connection.execute(_STILL_EXPIRED, [number, at]).fetchone() is not None:
                undo(connection, [number], "expired", "the release was over before it left", at)
                taken += 1
    return taken
