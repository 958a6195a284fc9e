"""What was released leaves: each message once, or its fate is told.

    dispatcher.send_one(at) -> Sent | None

A message is claimed in one transaction and sent in the next, which holds the lock of its borrower until the fate is
known: a hold, a payment or an opt-out that commits before that stops it, and one that comes meanwhile waits. Where the
process dies between, nobody knows whether the bytes left: the message is `unknown`, and is not sent again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from psycopg import Connection, OperationalError
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from duecourse.channels.pace import next_try_at
from duecourse.channels.transport import Fate, Message, Result, Transport
from duecourse.day.facts import Facts, Told
from duecourse.day.known import Reached
from duecourse.day.reaching import key_of
from duecourse.day.release import undo
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.bound import message_place, point_place
from duecourse.store.keys import Keyring, open_bytes, unseal

HELD: Final = timedelta(minutes=2)  # how long a claim lasts: longer than any transport may take
TRIES: Final = 8
_LOST: Final = """
UPDATE outbox SET state = 'unknown', why = 'whoever sent it died meanwhile'
WHERE id IN (
    SELECT id FROM outbox WHERE state = 'sending' AND channel = %s AND held_until < %s ORDER BY id
    FOR UPDATE SKIP LOCKED
)"""
_CLAIM: Final = """
UPDATE outbox SET state = 'sending', held_until = %(until)s, attempts = attempts + 1
WHERE id = (
    SELECT id FROM outbox
    WHERE state = 'queued' AND channel = %(channel)s AND next_try_at <= %(at)s AND valid_until > %(at)s
        AND (%(key)s::text IS NULL OR key = %(key)s)
        AND NOT EXISTS (SELECT FROM switch WHERE name IN ('all', outbox.channel) AND stopped_at IS NOT NULL)
    ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, borrower_no"""
_MESSAGE: Final = """
SELECT o.key, o.language, o.body, o.attempts, o.state, o.valid_until,
    t.id, t.kind, t.value, b.borrower_id, p.id, p.person_id, p.name, p.key_id, p.wrapped_key
FROM outbox o JOIN borrower b ON b.id = o.borrower_no
LEFT JOIN contact_point t ON t.id = o.contact_point_no AND t.ended_at IS NULL
LEFT JOIN person p ON p.id = t.person_id
WHERE o.id = %s"""
STOPPED: Final = "SELECT EXISTS (SELECT FROM switch WHERE name IN ('all', %s) AND stopped_at IS NOT NULL)"
_LEFT: Final = "UPDATE outbox SET state = 'left', provider_ids = %s, why = '' WHERE id = %s"
_UNKNOWN: Final = "UPDATE outbox SET state = 'unknown', provider_ids = %s, why = %s WHERE id = %s"
_AGAIN: Final = "UPDATE outbox SET state = 'queued', next_try_at = %s, why = %s WHERE id = %s"
_UNSURE: Final = """
SELECT id, borrower_no FROM outbox WHERE state = 'unknown' AND channel = %s ORDER BY id LIMIT %s"""

_UNSURE_ALL: Final = """
SELECT o.id, o.channel, o.borrower_no, b.borrower_id, o.released_at, o.why FROM outbox o
JOIN borrower b ON b.id = o.borrower_no WHERE o.state = 'unknown' ORDER BY o.released_at LIMIT %s"""


@dataclass(frozen=True)
class Claim:
    """A message that this process alone may send."""

    number: int
    borrower: int


@dataclass(frozen=True)
class Sent:
    """A message that was looked at, and what became of it; None where it must not leave any more."""

    number: int
    result: Result | None


@dataclass(frozen=True)
class _Kept:
    """A row of the outbox with all that is needed to send it."""

    message: Message
    point: int
    attempts: int
    state: str
    may_leave: bool


class Dispatcher:
    """Sends what was released for one channel, on a connection and a transport of its own; one thread uses it.

    `now` tells the time, again for each step: what was valid when it was claimed may be over when it would leave.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        ring: Keyring,
        channel: str,
        transport: Transport,
        now: Callable[[], datetime],
        chance: Random,
    ) -> None:
        """Take over a connection and a transport."""
        self._connection, self._ring, self._channel, self._transport = connection, ring, channel, transport
        self._now, self._chance = now, chance
        self._facts = Facts(connection, ring, "dispatch")

    def send_one(self, key: str | None = None) -> Sent | None:
        """Claim the message of a key, or the one that has waited longest, and send it; None where none is due."""
        claim = self.claim(key)
        return None if claim is None else self.send(claim)

    def claim(self, key: str | None = None) -> Claim | None:
        """Claim the message of a key, or the one that has waited longest."""
        with self._connection.transaction():
            at = self._now()
            values = {"until": at + HELD, "channel": self._channel, "at": at, "key": key}
            found = self._connection.execute(_CLAIM, values).fetchone()
        return Claim(*found) if found else None

    def send(self, claim: Claim) -> Sent:
        """Send a message that was claimed, unless it must not leave any more."""
        with self._connection.transaction():
            self._connection.execute(chain.LOCK, [[claim.borrower]])
            kept = self._read(claim)
            if kept is None or not kept.may_leave:
                undo(self._connection, [claim.number], "cancelled", "its release was taken back", self._now())
                return Sent(claim.number, None)
            result = self._transport.send(kept.message)
            self._settle(claim, result, kept.attempts)
            if result.ends_point:
                at = self._now()
                told = Told(f"refused-{claim.number}", claim.borrower, at, at.date())
                self._facts.end_point(told, kept.point, "bounced")
        return Sent(claim.number, result)

    def recover(self) -> int:
        """Say of messages whose sender is gone that their fate is unknown; returns how many."""
        return lost(self._connection, self._channel, self._now())

    def ask(self, most: int = 100) -> int:
        """Ask the provider about messages whose fate is unknown; returns of how many it is known now."""
        with self._connection.transaction():
            unsure = [Claim(*row) for row in self._connection.execute(_UNSURE, [self._channel, most]).fetchall()]
        return sum(self._asked(claim) for claim in unsure)

    def _asked(self, claim: Claim) -> bool:
        with self._connection.transaction():
            self._connection.execute(chain.LOCK, [[claim.borrower]])
            kept = self._read(claim)
            if kept is None or kept.state != "unknown":  # its fate became known before the lock was ours
                return False
            result = self._transport.ask(kept.message)
            if result.fate is Fate.UNKNOWN:
                return False
            if result.fate is Fate.LEFT:
                self._connection.execute(_LEFT, [_ids(result), claim.number])
            else:
                undo(self._connection, [claim.number], "failed", result.why, self._now())
            return True

    def _settle(self, claim: Claim, result: Result, attempts: int) -> None:
        """Write down what became of a message; only what surely has not left is tried again."""
        at = self._now()
        if result.fate is Fate.LEFT:
            self._connection.execute(_LEFT, [_ids(result), claim.number])
        elif result.fate is Fate.UNKNOWN:
            self._connection.execute(_UNKNOWN, [_ids(result), result.why, claim.number])
        elif result.fate is Fate.NOT_LEFT and attempts < TRIES:
            self._connection.execute(_AGAIN, [next_try_at(attempts, at, self._chance), result.why, claim.number])
        else:
            undo(self._connection, [claim.number], "failed", result.why, at)

    def _holds(self) -> bool:
        """Say whether the lock of the borrower is still ours: it went with the connection, if that is lost."""
        try:
            self._connection.execute("SELECT")
        except OperationalError:
            return False
        return self._connection.info.transaction_status == TransactionStatus.INTRANS

    def _read(self, claim: Claim) -> _Kept | None:
        """Read and open a message under the lock; None where it can no longer be opened, or has nowhere to go."""
        row = self._connection.execute(_MESSAGE, [claim.number]).fetchone()
        if row is None or row[6] is None:
            return None
        key, language, body, attempts, state, valid_until, point, kind, value, borrower_id, *person = row
        try:
            own = key_of(self._ring, Reached(borrower_id, *person))
            words = json.loads(open_bytes(own, body, message_place(key)))
            to = unseal(own, value, point_place(kind, point))
        except DueCourseError:
            return None
        stopped = self._connection.execute(STOPPED, [self._channel]).fetchone() == (True,)
        message = Message(
            key, to, words["text"], language, words["subject"], details=words.get("details", {}), may_leave=self._holds
        )
        return _Kept(message, point, attempts, state, state == "sending" and valid_until > self._now() and not stopped)


def unsure(connection: Connection[TupleRow], most: int = 200) -> list[TupleRow]:
    """Return what nobody knows the fate of, the oldest first: number, channel, borrower, when released, why."""
    with connection.transaction():
        return connection.execute(_UNSURE_ALL, [most]).fetchall()


def resolve(
    connection: Connection[TupleRow], ring: Keyring, by: str, number: int, at: datetime, *, left: bool
) -> bool:  # fmt: skip
    """Say of a message whose fate nobody knows whether it left, as a person has found out; False where it is known.

    One that left counts for the law as it did; one that did not is called off, and is not sent again.
    """
    with connection.transaction():
        row = connection.execute("SELECT borrower_no FROM outbox WHERE id = %s", [number]).fetchone()
        if row is None:
            return False
        connection.execute(chain.LOCK, [[row[0]]])
        state = connection.execute("SELECT state FROM outbox WHERE id = %s", [number]).fetchone()
        if state != ("unknown",):
            return False
        if left:
            connection.execute("UPDATE outbox SET state = 'left' WHERE id = %s", [number])
        else:
            undo(connection, [number], "failed", f"{by} found that it did not leave", at)
        told = Told(f"resolved-{number}", int(row[0]), at, at.date())
        Facts(connection, ring, by).note(told, "message.resolved", {"message": number, "left": left})
    return True


def lost(connection: Connection[TupleRow], channel: str, at: datetime) -> int:
    """Say of a channel's messages whose claim is over that their fate is unknown; returns how many."""
    with connection.transaction():
        return connection.execute(_LOST, [channel, at]).rowcount


def _ids(result: Result) -> list[str]:
    """Return a provider's names of a message: one for each of its parts."""
    return (result.provider_id or "").split()
