"""Calls, one by one: when an agent is ready, the first call of the plan that may be made now is judged, and placed.

    Calls(...).next() -> (Placed | None, how many were refused on the way)
    Calls(...).place(asked) -> (Decision, Placed | None)                one that somebody asks for

The list to dial from is the plan itself. No call is released before somebody is ready to make it: a hold, a payment or
an opt-out that came since the night stands when the gate is asked, and the law counts the call from when it is placed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.transport import Message, Received, Result, Transport
from duecourse.day import release
from duecourse.day.asking import Asked
from duecourse.day.composing import CALLER
from duecourse.day.decision import Decision
from duecourse.day.dispatch import Dispatcher
from duecourse.day.gate import Gate
from duecourse.day.paper import reference_of
from duecourse.day.worker import asked_of
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring
from duecourse.strategy.models import Strategy, Treatment

_LIST: Final = """
SELECT a.id, a.borrower_no, b.borrower_id, a.treatment, a.loans, a.closes_at
FROM planned_act a JOIN borrower b ON b.id = a.borrower_no
WHERE a.state = 'waiting' AND a.channel = %s AND a.opens_at <= %s AND a.closes_at > %s
    AND NOT EXISTS (SELECT FROM switch WHERE name IN ('all', a.channel) AND stopped_at IS NOT NULL)
ORDER BY a.priority DESC NULLS LAST, a.id LIMIT %s"""
_IN_TURN: Final = "SELECT pg_advisory_xact_lock(hashtext('duecourse calls'))"  # two agents never take one call


@dataclass(frozen=True)
class Waiting:
    """A call of the plan that may be made now, if the gate permits it then."""

    borrower_id: str
    treatment: str
    loans: tuple[str, ...]
    closes_at: datetime


@dataclass(frozen=True, repr=False)
class Placed:
    """A call that was placed, or could not be: its reference, the number, and the script. Shown to its agent alone."""

    reference: str
    number: str
    script: str
    result: Result


class Click:
    """A transport that remembers what it was handed: the agent reads it."""

    def __init__(self, transport: Transport) -> None:
        """Take what places the calls."""
        self._transport = transport
        self.handed: Message | None = None

    def send(self, message: Message) -> Result:
        """Place a call."""
        self.handed = message
        return self._transport.send(message)

    def ask(self, message: Message) -> Result:
        """Ask what became of a call."""
        return self._transport.ask(message)

    def received(self) -> Iterator[Received]:
        """Yield how calls ended."""
        return self._transport.received()

    def close(self) -> None:
        """End the connection."""
        self._transport.close()


class Calls:
    """The calls of one agent, on a connection of their own."""

    def __init__(
        self, connection: Connection[TupleRow], ring: Keyring, gate: Gate, strategy: Strategy, channel: str,
        transport: Transport, now: Callable[[], datetime], caller: str,
    ) -> None:  # fmt: skip
        """Take the gate with its connection, what places the agent's calls, and the agent's name, as the script has it.

        `channel` is that of the plan, which the settings name too.
        """
        self._connection, self._gate, self._strategy, self._channel = connection, gate, strategy, channel
        self._now, self._caller, self._click = now, caller, Click(transport)
        chance = Random()  # noqa: S311  spreads tries over time; no secret
        self._dispatcher = Dispatcher(connection, ring, channel, self._click, now, chance)
        self._treatments = {one.name: one for one in strategy.treatments}

    def next(self) -> tuple[Placed | None, int]:
        """Place the first call that may be made; None where there is none; and how many were refused on the way."""
        refused = 0
        self._clear()
        while (decision := self._decided()) is not None:
            if not decision.is_permitted:
                refused += 1
            elif (placed := self._placed(decision)) is not None:
                return placed, refused
        return None, refused

    def place(self, asked: Asked) -> tuple[Decision, Placed | None]:
        """Ask the gate about a call, and place it where it is permitted and was not taken back at once."""
        self._clear()
        (decision,) = self._gate.decide([asked], self._now())
        return decision, self._placed(decision) if decision.is_permitted else None

    def _clear(self) -> None:
        self._dispatcher.recover()
        release.expire(self._connection, self._channel, self._now())

    def _placed(self, decision: Decision) -> Placed | None:
        """Place the call that was decided, and no other."""
        sent = self._dispatcher.send_one(decision.key)
        message = self._click.handed
        if sent is None or sent.result is None or message is None:
            return None
        script = message.text.replace(CALLER, self._caller)
        return Placed(reference_of(message.key), message.to, script, sent.result)

    def _decided(self) -> Decision | None:
        """Ask the gate about the first call of the list; None where the list is empty."""
        at = self._now()
        with self._connection.transaction():
            self._connection.execute(_IN_TURN)
            row = self._connection.execute(_LIST, [self._channel, at, at, 1]).fetchone()
            if row is None:
                return None
            number, borrower, _, name, loans, _ = row
            asked = asked_of(self._strategy, self._treatment(name), borrower, tuple(loans), number)
            (decision,) = self._gate.decide([asked], at)
            return decision

    def _treatment(self, name: str) -> Treatment:
        found = self._treatments.get(name)
        if found is None:
            raise DueCourseError(f"the plan names treatment '{name}', which the strategy does not have: publish again")
        return found


def waiting(connection: Connection[TupleRow], channel: str, at: datetime, most: int = 1_000) -> list[Waiting]:
    """Return the calls that may be made now, in the order in which they are taken."""
    with connection.transaction():
        rows = connection.execute(_LIST, [channel, at, at, most]).fetchall()
    return [Waiting(borrower, treatment, tuple(loans), closes) for _, _, borrower, treatment, loans, closes in rows]
