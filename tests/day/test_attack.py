"""The day under attack, in short, and each race that an attack could win, one by one."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from bench.attack import HOUSE, Plan, attacked, stored
from bench.attack_recount import recounted
from bench.attack_work import SUBJECT, text_of
from bench.gate import CONTENT
from duecourse.channels.transport import Fate, Message, Received, Result
from duecourse.day.asking import Asked
from duecourse.day.decision import Decision, Words
from duecourse.day.dispatch import HELD, Dispatcher
from duecourse.day.facts import Facts, Told
from duecourse.day.gate import Gate
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.day.release import expire
from duecourse.law.house import with_house
from duecourse.law.rulebook import Law
from duecourse.ledger.positions import compile_ledger
from duecourse.night import facts as catalogue
from duecourse.store.audit.seals import Seals
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from duecourse.strategy.load import load as load_strategy
from duecourse.strategy.models import Strategy

SOAK = bool(os.environ.get("DUECOURSE_SOAK"))
AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def reachable() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="attack-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_an_attack_finds_nothing_over_nothing_late_nothing_lost_and_nothing_twice() -> None:
    attempts, workers, borrowers = (200_000, 32, 500) if SOAK else (2_000, 4, 60)
    with reachable() as folder:
        plan = Plan(attempts, workers, borrowers, "1", folder, 30, worker_kills=40, server_kills=12)
        found = attacked(plan)
    assert found["wrong"] == dict.fromkeys(found["wrong"], 0)
    assert len(found["wrong"]) == 16
    assert found["crashes"] == {}
    assert found["attempts"] >= attempts
    assert found["attack"]["workers_stuck"] == 0
    assert found["found"]["received"] > 20  # else nothing was tried
    assert found["found"]["entries"]["act.refused"] > found["found"]["entries"]["act.released"] > 100
    assert found["attack"]["workers_killed"] > 0
    assert found["attack"]["clock_jumps"] > 0
    assert any(name.endswith("of_database_killed") for name in found["attack"])


# --- race by race ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    compile_ledger()
    with reachable() as folder, stored(folder, 40) as made:
        yield made


@pytest.fixture(scope="module")
def law() -> Law:
    return with_house(HOUSE)


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    return load_strategy(None, catalogue.CATALOGUE.kinds)


@pytest.fixture
def connect(place: Place) -> Iterator[Callable[[], Connection]]:
    opened: list[Connection] = []

    def connected() -> Connection:
        opened.append(place.connected())
        opened[-1].execute("SET lock_timeout = '5s'")
        opened[-1].commit()
        return opened[-1]

    yield connected
    for connection in opened:
        connection.close()


class House:
    """A gate over the store, and what is seen of it."""

    def __init__(self, place: Place, law: Law, strategy: Strategy, connect: Callable[[], Connection]) -> None:
        """Open a gate."""
        self.ring, self.connect, self.chance = Keyring.read(place.keys), connect, Random(7)
        self.connection = connect()
        self.gate = Gate(self.connection, self.ring, law, strategy, self._compose, "UTC")

    def _compose(self, _asked: Asked, known: Known, _loans: Sequence[Owed], _on: date, _key: str) -> Words:
        return Words(known.language, SUBJECT, text_of(f"{self.chance.getrandbits(128):032x}"))

    def decide(self, borrower: int, at: datetime, channel: str = "sms") -> Decision:
        asked = Asked(borrower, "contact", channel, "collection", (f"L{borrower}",), CONTENT, "reminder")
        (found,) = self.gate.decide([asked], at)
        return found

    def facts(self) -> Facts:
        return Facts(self.connect(), self.ring, "test")

    def state(self, borrower: int) -> list[tuple[str, bool]]:
        """Return the states of a borrower's messages, and whether each contact counts."""
        rows = self.connect().execute(
            "SELECT state, cancelled_at IS NULL FROM outbox JOIN contacts ON contacts.id = contact_no"
            " WHERE outbox.borrower_no = %s ORDER BY outbox.id",
            [borrower],
        )
        return [(row[0], row[1]) for row in rows.fetchall()]

    def message(self, borrower: int) -> int:
        row = self.connect().execute("SELECT max(id) FROM outbox WHERE borrower_no = %s", [borrower]).fetchone()
        assert row
        return int(row[0])


@pytest.fixture
def house(place: Place, law: Law, strategy: Strategy, connect: Callable[[], Connection]) -> House:
    place.server.start()
    with place.connected() as connection:  # what another test has left is not due
        connection.execute("UPDATE outbox SET state = 'failed' WHERE state IN ('queued', 'sending', 'unknown')")
    return House(place, law, strategy, connect)


@dataclass
class Says:
    """A transport that says what it is told to, and counts."""

    fate: Fate
    sent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def send(self, message: Message) -> Result:
        self.sent.append(message.key)
        return Result(self.fate)

    def ask(self, message: Message) -> Result:
        self.asked.append(message.key)
        return Result(self.fate)

    def received(self) -> Iterator[Received]:
        yield from ()

    def close(self) -> None:
        """Do nothing."""


class Before:
    """A connection on which something happens just before a statement that begins with some words, once."""

    def __init__(self, connection: Connection, words: str, deed: Callable[[], object]) -> None:
        """Take a connection, what to wait for, and what to do then."""
        self._connection, self._words, self._deed = connection, words, deed

    def __getattr__(self, name: str) -> Any:
        """Do all else as the connection does."""
        return getattr(self._connection, name)

    def execute(self, text: str, *values: Any) -> Any:
        if text.startswith(self._words) and self._words:
            self._words = ""
            self._deed()
        return self._connection.execute(text, *values)


def dispatcher(house: House, connection: Any, transport: Says, at: datetime) -> Dispatcher:
    return Dispatcher(connection, house.ring, "sms", transport, lambda: at, Random(1))


LOCK = "SELECT id FROM borrower"


def test_the_gate_obeys_a_house_rulebook(house: House) -> None:
    seconds = [timedelta(seconds=number) for number in range(3)]
    found = [house.decide(1, AT + second) for second in seconds]
    assert [one.is_permitted for one in found] == [True, True, False]
    assert found[2].reasons == ("law:house.frequency.two-an-hour",)


def test_a_cap_holds_when_the_clock_goes_back(house: House) -> None:
    moments = [AT + 9 * MINUTE, AT + 4 * MINUTE, AT, AT + 30 * MINUTE]
    assert [house.decide(2, at).is_permitted for at in moments] == [True, True, False, False]


def test_what_may_have_left_does_not_expire_by_a_faster_clock(house: House) -> None:
    assert house.decide(3, AT).is_permitted
    slow = Says(Fate.UNKNOWN)

    def sent_meanwhile() -> None:
        dispatcher(house, house.connect(), slow, AT + MINUTE / 2).send_one()

    fast = Before(house.connect(), LOCK, sent_meanwhile)
    assert expire(fast, "sms", AT + 5 * MINUTE) == 0  # type: ignore[arg-type]
    assert len(slow.sent) == 1
    assert house.state(3) == [("unknown", True)]


def test_what_is_over_expires(house: House) -> None:
    assert house.decide(4, AT).is_permitted
    assert expire(house.connect(), "sms", AT) == 0
    assert expire(house.connect(), "sms", AT + MINUTE) == 1
    assert house.state(4) == [("expired", False)]


def test_a_fate_that_became_known_is_not_asked_for(house: House) -> None:
    assert house.decide(5, AT).is_permitted
    dispatcher(house, house.connect(), Says(Fate.UNKNOWN), AT).send_one()
    refused, late = Says(Fate.REFUSED), Says(Fate.LEFT)

    def asked_meanwhile() -> None:
        assert dispatcher(house, house.connect(), refused, AT).ask() == 1

    assert dispatcher(house, Before(house.connect(), LOCK, asked_meanwhile), late, AT).ask() == 0
    assert (len(refused.asked), late.asked) == (1, [])
    assert house.state(5) == [("failed", False)]


def test_a_report_tells_the_fate_of_what_a_dead_sender_held(house: House) -> None:
    assert house.decide(6, AT).is_permitted
    dead = dispatcher(house, house.connect(), Says(Fate.LEFT), AT)
    claim = dead.claim()
    assert claim
    facts = house.facts()
    with facts.locked(6):
        facts.outcome(Told("seen", 6, AT, AT.date()), house.message(6), "delivered")
    assert house.state(6) == [("left", True)]
    assert dispatcher(house, house.connect(), Says(Fate.LEFT), AT + 2 * HELD).recover() == 0
    assert dead.send(claim).result is None  # and whoever held it does not send it
    assert house.state(6) == [("left", True)]


def test_an_opt_out_holds_although_its_clock_is_behind(house: House) -> None:
    facts = house.facts()
    with facts.locked(7):
        facts.consent(Told("yes", 7, AT + 5 * MINUTE, AT.date()), "sms")
    with facts.locked(7):
        assert facts.withdraw(Told("stop", 7, AT, AT.date()), "sms")
    assert "channel_refused" in house.decide(7, AT + 10 * MINUTE).reasons


def test_a_fact_does_not_wait_for_whoever_refers_to_its_borrower(house: House) -> None:
    other = house.connect()
    other.execute("SELECT FROM borrower WHERE id = 8 FOR KEY SHARE")  # as a foreign key does at a commit
    facts = house.facts()
    with facts.locked(8):
        assert facts.hold(Told("hold", 8, AT, AT.date()), "dispute")
    other.rollback()


def test_a_claim_of_a_lost_sender_is_passed_over_by_who_recovers_it_meanwhile(house: House) -> None:
    assert house.decide(9, AT).is_permitted
    dispatcher(house, house.connect(), Says(Fate.LEFT), AT).claim()
    other = house.connect()
    other.execute("SELECT FROM outbox WHERE id = %s FOR UPDATE", [house.message(9)])
    assert dispatcher(house, house.connect(), Says(Fate.LEFT), AT + 2 * HELD).recover() == 0
    other.rollback()
    assert dispatcher(house, house.connect(), Says(Fate.LEFT), AT + 2 * HELD).recover() == 1
    assert house.state(9) == [("unknown", True)]


def test_a_gate_goes_on_over_another_connection(house: House, place: Place) -> None:
    assert house.decide(10, AT).is_permitted
    with psycopg.connect(place.server.url(ADMIN), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [house.connection.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        house.decide(10, AT)
    house.gate.use(house.connect())
    assert house.decide(10, AT).is_permitted
    assert not house.decide(10, AT).is_permitted


# --- the recount itself can find ----------------------------------------------------------------------------


def test_the_recount_finds_what_is_wrong(house: House, place: Place, tmp_path: Path) -> None:
    for second in range(2):
        assert house.decide(12, AT + timedelta(seconds=second)).is_permitted
    with psycopg.connect(place.server.url(ADMIN)) as admin:
        admin.execute(
            "INSERT INTO contacts (contact_id, borrower_no, channel, happened_at, happened_on)"
            " VALUES ('forged', 12, 'sms', %s, %s)",
            [AT, AT.date()],
        )
        admin.execute("UPDATE outbox SET state = 'left' WHERE id = %s", [house.message(12)])
    log = tmp_path / "sms.log"
    log.write_text(f"{'ab' * 16} 1 2\n" * 2, encoding="utf-8")
    found = recounted(place, [log], [], Seals(tmp_path / "seal.key", tmp_path / "seals"))["wrong"]
    assert found["over_granted"] >= 1
    assert found["contacts_without_message"] == 1
    assert found["left_but_not_received"] >= 1
    assert found["received_but_not_known"] == 2
    assert found["received_twice"] == 1
    assert found["stuck"] >= 1
    with psycopg.connect(place.server.url(ADMIN)) as admin:
        admin.execute("DELETE FROM contacts WHERE contact_id = 'forged'")
