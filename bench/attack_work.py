"""Those who work under attack: processes that decide, send and bring facts, and may be killed at any moment.

Each has a connection of its own, and opens another when the server was killed under it. Nothing is kept in a process
that is needed after its death, but the count of its attempts, which is shared memory.
"""

import os
import time
from collections.abc import Callable, Sequence
from ctypes import Array, c_int64
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg

from bench.attack_receive import PATIENCE
from bench.gate import CONTENT
from duecourse.channels.email.settings import Settings as EmailSettings
from duecourse.channels.email.settings import Tls
from duecourse.channels.email.tokens import Tokens
from duecourse.channels.email.transport import EmailTransport
from duecourse.channels.sms.settings import Settings as SmsSettings
from duecourse.channels.sms.transport import SmsTransport
from duecourse.channels.transport import Transport
from duecourse.day.asking import Asked
from duecourse.day.decision import Words
from duecourse.day.dispatch import Dispatcher
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.gate import Gate
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.day.release import expire
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy

BEGUN: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # late afternoon in Los Angeles, morning in Shanghai
CHANNELS: Final = ("sms", "email")
SUBJECT: Final = "Your loan"
VALID: Final = timedelta(minutes=4)
PLANNED: Final = 4  # acts planned for each borrower, half by each channel
HOLDS: Final = ("cease", "dispute", "attorney", "hardship")
PASSWORD_IN: Final = "DUECOURSE_ATTACK_SMS"  # noqa: S105  a name
_SKEW: Final = 90  # seconds that a worker's clock is off, at most
_BATCH_MOST: Final = 6
_PAUSE: Final = timedelta(milliseconds=400)  # of who brings facts, between two
_ROUNDS: Final = 20  # messages between two looks at what is stuck, or over
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass
class Shared:
    """What all processes see: the clock's offset in seconds, whether it is over, and each worker's count."""

    offset: c_int64
    is_over: c_int64
    done: Array[c_int64]
    begun: int

    def now(self, skew: int) -> datetime:
        """Tell the time of a clock that is off by so many seconds."""
        passed = (time.monotonic_ns() - self.begun) // 1000  # down to whole microseconds
        return BEGUN + timedelta(seconds=self.offset.value + skew, microseconds=passed)


@dataclass
class Field:
    """What a worker is given: the store, the law, where to send, and how many borrowers there are."""

    place: Place
    law: Law
    strategy: Strategy
    ports: dict[str, int]
    folder: Path
    borrowers: int
    seed: str
    shared: Shared


def text_of(reference: str) -> str:
    """Return the words of the message of a reference."""
    return f"Acme: your loan is overdue. Reply STOP to end.\nRef {reference}"


class Worker:
    """A worker of the place `number`, in its `life`-th life."""

    def __init__(self, given: Field, number: int, life: int) -> None:
        """Read the keys; nothing is connected."""
        self.field, self.number, self.life = given, number, life
        self.chance = Random(f"{given.seed}-{number}-{life}")  # noqa: S311  no secret
        self.ring = Keyring.read(given.place.keys)
        self.skew = self.chance.randint(-_SKEW, _SKEW)

    def now(self) -> datetime:
        """Tell the time by this worker's clock."""
        return self.field.shared.now(self.skew)

    def run(self, role: Callable[["Worker", Connection], None]) -> None:
        """Play a role until it is over, on a new connection whenever there was an error of the database."""
        while not self.field.shared.is_over.value:
            try:
                with self.field.place.connected() as connection:
                    role(self, connection)
            except psycopg.Error as error:
                self.say("errors", type(error).__name__)
            except DueCourseError as error:
                if "cannot be reached" not in str(error):
                    raise
                time.sleep(0.1)  # float: seconds

    def say(self, name: str, line: str) -> None:
        """Add a line to this worker's file of a name, in one write."""
        file = os.open(self.field.folder / f"{name}-{self.number}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{line}\n".encode())
        os.close(file)

    # --- deciding ---------------------------------------------------------------------------------------------

    def decides(self, connection: Connection) -> None:
        """Ask the gate about some borrowers at a time, in any order, again and again."""
        gate = Gate(connection, self.ring, self.field.law, self.field.strategy, self._compose, "UTC", VALID)
        while not self.field.shared.is_over.value:
            asked = [self._asked(number) for number in self._some()]
            gate.decide(asked, self.now())
            self.field.shared.done[self.number] += len(asked)

    def _some(self) -> Sequence[int]:
        return self.chance.sample(range(1, self.field.borrowers + 1), self.chance.randint(1, _BATCH_MOST))

    def _asked(self, number: int) -> Asked:
        planned = self.chance.randrange(PLANNED) if self.chance.random() < 0.2 else None  # float: a chance
        channel = CHANNELS[self.chance.randrange(2) if planned is None else planned % 2]
        act = None if planned is None else (number - 1) * PLANNED + planned + 1
        return Asked(number, "contact", channel, "collection", (f"L{number}",), CONTENT, "reminder", planned_act=act)

    def _compose(self, _: Asked, known: Known, _loans: Sequence[Owed], _on: date, _key: str) -> Words:
        return Words(known.language, SUBJECT, text_of(f"{self.chance.getrandbits(128):032x}"))

    # --- sending ----------------------------------------------------------------------------------------------

    def sends(self, connection: Connection) -> None:
        """Send what is due by one channel; look from time to time at what is stuck or over."""
        channel = CHANNELS[self.number % 2]
        transport = self._transport(channel, connection)
        dispatcher = Dispatcher(connection, self.ring, channel, transport, self.now, self.chance)
        try:
            while not self.field.shared.is_over.value:
                for _ in range(_ROUNDS):
                    if dispatcher.send_one() is None:
                        time.sleep(0.05)  # float: seconds
                        break
                dispatcher.recover()
                dispatcher.ask(10)
                expire(connection, channel, self.now(), 50)
        finally:
            transport.close()

    def _transport(self, channel: str, connection: Connection) -> Transport:
        port = self.field.ports[channel]
        if channel == "email":
            settings = EmailSettings(
                "127.0.0.1", port, Tls.NONE, "care@lender.example.com", "bounce@lender.example.com",
                Tokens(b"a secret of the bench, 32 bytes."), timeout_seconds=PATIENCE,
            )  # fmt: skip
            return EmailTransport(settings, self.now)
        os.environ[PASSWORD_IN] = "secret"
        within = timedelta(seconds=PATIENCE)
        sms = SmsSettings(
            "127.0.0.1", "lender", "12345", port, PASSWORD_IN, connect_within=within, answer_within=within
        )

        def id_of(key: str) -> str | None:
            row = connection.execute("SELECT array_to_string(provider_ids, ' ') FROM outbox WHERE key = %s", [key])
            return str((row.fetchone() or ("",))[0]) or None

        return SmsTransport(sms, self.now, id_of)

    # --- facts ------------------------------------------------------------------------------------------------

    def tells(self, connection: Connection) -> None:
        """Bring facts; after each, tell when its commit had returned."""
        facts, count = Facts(connection, self.ring, "attack"), 0
        while not self.field.shared.is_over.value:
            time.sleep(_PAUSE.total_seconds())
            count += 1
            borrower = self.chance.randint(1, self.field.borrowers)
            name = f"{self.number}-{self.life}-{count}-{connection.info.backend_pid}"
            at = self.now()
            told = Told(name, borrower, at, at.date())
            told = self._tell(facts, connection, told)
            self.say("facts", f"{told.fact_id} {told.borrower} {time.monotonic_ns()}")

    def _tell(self, facts: Facts, connection: Connection, told: Told) -> Told:
        """Bring one fact, and return it as it was told."""
        kind = self.chance.randrange(100)
        if kind < 12:
            with facts.locked(told.borrower):
                facts.hold(told, self.chance.choice(HOLDS))
        elif kind < 25:
            return self._lift(facts, connection, told)
        elif kind < 40:
            with facts.locked(told.borrower):
                facts.withdraw(told, self.chance.choice(CHANNELS))
        elif kind < 70:
            with facts.locked(told.borrower):
                for channel in CHANNELS:
                    facts.consent(replace(told, fact_id=f"{told.fact_id}-{channel}"), channel)
        else:
            return self._pay(facts, connection, told)
        return told

    def _lift(self, facts: Facts, connection: Connection, told: Told) -> Told:
        with connection.transaction():
            row = connection.execute(
                "SELECT hold_id, borrower_no FROM holds WHERE replaced_at IS NULL AND until_on IS NULL"
                " ORDER BY md5(hold_id || %s) LIMIT 1",
                [told.fact_id],
            ).fetchone()
        if row is None:
            return told
        with facts.locked(row[1]):
            facts.lift(replace(told, fact_id=row[0], borrower=row[1]))
        return told

    def _pay(self, facts: Facts, connection: Connection, told: Told) -> Told:
        loan = f"L{told.borrower}"
        with connection.transaction():
            row = connection.execute(
                "SELECT payment_id, amount, currency FROM payments p WHERE loan_id = %s AND reverses IS NULL"
                " AND NOT EXISTS (SELECT FROM payments r WHERE r.reverses = p.payment_id) ORDER BY id LIMIT 1",
                [loan],
            ).fetchone()
        currency = "USD" if told.borrower % 2 == 0 else "CNY"
        money = Money(loan, told.on, self.chance.randint(1, 500), currency)
        if row is not None and self.chance.randrange(2):
            money = replace(money, amount=row[1], reverses=row[0])
        with facts.locked(told.borrower):
            facts.payment(told, money)
        return told


def worked(given: Field, number: int, life: int, role: str) -> None:
    """Be a worker; what is not expected of one is told, and ends it."""
    worker = Worker(given, number, life)
    try:
        worker.run(getattr(Worker, role))
    except BaseException as error:
        worker.say("crashes", f"{role}: {type(error).__name__}: {error}")
        raise
