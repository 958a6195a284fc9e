"""A day carried out: what is planned is asked of the gate, what was released leaves, what comes in is taken in.

    Releasing(...).step()    some of the acts that wait, each judged now
    Channel(...).step()      one channel: what is over is taken back, what is due leaves, what came in is taken in

Each has a connection of its own and a thread of its own; a step ends by itself, and is done again until the day is
stopped. Nothing is kept between steps: whoever is killed is started anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.pace import Bucket
from duecourse.channels.transport import Transport
from duecourse.day import release
from duecourse.day.asking import Asked
from duecourse.day.dispatch import Dispatcher
from duecourse.day.gate import Gate
from duecourse.day.intake import Intake
from duecourse.day.money import settlements
from duecourse.day.money.agreed import note_broken
from duecourse.day.money.when import When
from duecourse.day.waiving import Waiving
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring
from duecourse.strategy.models import Strategy, Treatment

SKEW_MOST: Final = timedelta(seconds=5)
_AT_ONCE: Final = 100
_NOTE_EACH: Final = timedelta(minutes=1)
# What somebody else has locked is decided there, or missed the next time: to wait here might be to wait in a circle.
_MISSED: Final = """
UPDATE planned_act SET state = 'missed' WHERE id IN (
    SELECT id FROM planned_act WHERE state = 'waiting' AND closes_at <= %s FOR NO KEY UPDATE SKIP LOCKED
)"""
_WAITING: Final = """
SELECT DISTINCT ON (borrower_no) id, borrower_no, treatment, loans, act, channel, purpose, template, demands
FROM planned_act
WHERE state = 'waiting' AND channel = ANY(%s) AND opens_at <= %s AND closes_at > %s
    AND NOT EXISTS (SELECT FROM switch WHERE name IN ('all', planned_act.channel) AND stopped_at IS NOT NULL)
ORDER BY borrower_no, priority DESC NULLS LAST, id LIMIT %s"""
_QUEUED_MOST: Final = 200  # of a channel: more would only be over before they leave
_FULL: Final = "SELECT channel FROM outbox WHERE state IN ('queued', 'sending') GROUP BY channel HAVING count(*) >= %s"
_CLOCK: Final = "SELECT clock_timestamp()"
_STOP: Final = """
INSERT INTO switch (name, stopped_at, by) VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET stopped_at = excluded.stopped_at, by = excluded.by WHERE switch.stopped_at IS NULL"""
_START: Final = "UPDATE switch SET stopped_at = NULL, by = %s WHERE name = %s AND stopped_at IS NOT NULL"


def refuse_skew(connection: Connection[TupleRow], now: datetime) -> None:
    """Refuse to work where this machine's clock and the database's differ: hours are judged by them."""
    with connection.transaction():
        ((server,),) = connection.execute(_CLOCK).fetchall()
    if isinstance(server, datetime) and abs(server - now) > SKEW_MOST:
        raise DueCourseError(
            f"the clocks of this machine and the database differ by {abs(server - now)}: mend the time"
        )


def stop(connection: Connection[TupleRow], name: str, at: datetime, by: str) -> bool:
    """Stop one channel, or `all`: nothing more is released or leaves; whether it was not stopped before."""
    return _switched(connection, _STOP, [name, at, by], chain.Draft(at, "day.stopped", by, {}, name, plain=True))


def start(connection: Connection[TupleRow], name: str, at: datetime, by: str) -> bool:
    """Let a channel, or `all`, go on; whether it was stopped."""
    return _switched(connection, _START, [by, name], chain.Draft(at, "day.started", by, {}, name, plain=True))


def _switched(connection: Connection[TupleRow], statement: str, values: list[object], draft: chain.Draft) -> bool:
    """Turn a switch, with its entry in the store's own chain; False where it stood so."""
    with connection.transaction(), connection.cursor() as cursor:
        is_new = cursor.execute(statement.encode(), values).rowcount > 0
        if is_new:
            chain.append_own(cursor, [draft])
    return is_new


class Releasing:
    """Asks the gate about the acts that wait, those of the highest priority first."""

    def __init__(
        self, gate: Gate, connection: Connection[TupleRow], strategy: Strategy, channels: list[str],
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        """Take a gate with its connection; only acts of these channels are asked about."""
        self._now = now
        self._gate, self._connection, self._channels, self._strategy = gate, connection, channels, strategy
        self._treatments = {one.name: one for one in strategy.treatments}

    def step(self) -> int:
        """Ask about some acts; returns how many, 0 when none waits."""
        now = self._now()
        with self._connection.transaction():
            self._connection.execute(_MISSED, [now])
            full = {channel for (channel,) in self._connection.execute(_FULL, [_QUEUED_MOST]).fetchall()}
            channels = [name for name in self._channels if name not in full]
            rows = self._connection.execute(_WAITING, [channels, now, now, _AT_ONCE]).fetchall()
        asked = [self._asked(*row) for row in rows]
        if asked:
            self._gate.decide(asked, now)
        return len(asked)

    def close(self) -> None:
        """Leave the connection to whoever has opened it."""

    def _asked(self, number: int, borrower: int, treatment: str, loans: list[str], *said: Any) -> Asked:
        one = self._treatments.get(treatment)
        if one is not None:
            return asked_of(self._strategy, one, borrower, tuple(loans), number)
        found = of_the_day(self._strategy, Planned(number, borrower, tuple(loans), treatment, *said))
        if found is None:
            raise DueCourseError(
                f"the plan names treatment '{treatment}', which the strategy does not have: publish again"
            )
        return found


def asked_of(
    strategy: Strategy, treatment: Treatment, borrower: int, loans: tuple[str, ...], planned: int | None = None
) -> Asked:
    """Return what is asked of the gate for a treatment of a strategy."""
    return Asked(
        borrower,
        treatment.act,
        treatment.channel,
        treatment.purpose,
        loans,
        strategy.content_of(treatment),
        treatment.template,
        treatment.name,
        treatment.presses,
        planned,
    )


@dataclass(frozen=True)
class Planned:
    """A planned act with all that its row says."""

    number: int
    borrower: int
    loans: tuple[str, ...]
    treatment: str
    act: str
    channel: str | None
    purpose: str
    template: str | None
    demands: bool


def of_the_day(strategy: Strategy, planned: Planned) -> Asked | None:
    """Return what is asked of the gate for an act that the day itself has planned, by a template of the strategy.

    None where the strategy has no such template.
    """
    template = (strategy.templates or {}).get(planned.template or "")
    if template is None:
        return None
    return Asked(
        planned.borrower, planned.act, planned.channel, planned.purpose, planned.loans, tuple(sorted(template.content)),
        planned.template, planned.treatment, planned.demands, planned.number,
    )  # fmt: skip


class Noting:
    """Notes what nobody brings: requests that have waited too long, arrangements that broke, offers paid or over."""

    def __init__(
        self, connection: Connection[TupleRow], ring: Keyring, zone: ZoneInfo, now: Callable[[], datetime]
    ) -> None:
        """Take a connection of its own; `zone` is the book's."""
        self._connection, self._ring, self._zone, self._now = connection, ring, zone, now
        self._next: datetime | None = None
        self._judged_on: date | None = None

    def step(self) -> int:
        """Look, once a minute, and for broken arrangements once a day; returns how many things were noted."""
        at = self._now()
        if self._next is not None and at < self._next:
            return 0
        self._next = at + _NOTE_EACH
        done = Waiving(self._connection, self._ring).expire(at)
        on = at.astimezone(self._zone).date()
        if self._judged_on != on:
            when = When(at, on, "day")
            done += len(note_broken(self._connection, self._ring, when))
            done += len(settlements.close(self._connection, self._ring, when))
            self._judged_on = on
        return done

    def close(self) -> None:
        """Leave the connection to whoever has opened it."""


class Channel:
    """Sends what was released for one channel, no faster than it may, and takes in what comes back."""

    def __init__(
        self, name: str, dispatcher: Dispatcher, intake: Intake, transport: Transport,
        connection: Connection[TupleRow], bucket: Bucket | None, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        """Take over what this channel needs; the connection is the dispatcher's and the intake's too.

        Without a bucket nothing is sent here: people do it, one by one.
        """
        self._name, self._dispatcher, self._intake, self._transport = name, dispatcher, intake, transport
        self._connection, self._bucket, self._now = connection, bucket, now

    def step(self) -> int:
        """Do what there is to do now; returns how many messages left or came in."""
        self._dispatcher.recover()
        release.expire(self._connection, self._name, self._now())
        done = self._leaving()
        for received in self._transport.received():
            self._intake.take(self._name, received)
            done += 1
        self._dispatcher.ask()
        return done

    def close(self) -> None:
        """End the connection to whoever takes the messages."""
        self._transport.close()

    def _leaving(self) -> int:
        """Send while there is something to send and the channel's pace allows it."""
        sent = 0
        if self._bucket is None:
            return sent
        while (bucket := self._bucket.taken(self._now())) is not None:
            if self._dispatcher.send_one() is None:
                break
            self._bucket, sent = bucket, sent + 1
        return sent
