"""Dispatch on a real server, with a transport that does what a test scripts: what leaves, what never leaves again."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

import psycopg
import pytest
from psycopg.rows import TupleRow

from duecourse.channels.transport import HELD_BACK, Fate, Message, Received, Result, What
from duecourse.day import release, worker
from duecourse.day.dispatch import HELD, TRIES, Dispatcher
from duecourse.day.facts import Facts
from duecourse.day.intake import Intake
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.day.cases import AT, filled, gate, message, read, told

Connection = psycopg.Connection[TupleRow]


class Scripted:
    """A transport whose fates are given; what it was handed counts as received."""

    def __init__(self, *fates: Fate, no_such_address: bool = False) -> None:
        """Use the fates up from the left, then let everything leave."""
        self.fates, self.handed, self.asked = deque(fates), list[Message](), Fate.UNKNOWN
        self.no_such_address = no_such_address

    def send(self, message: Message) -> Result:
        self.handed.append(message)
        fate = self.fates.popleft() if self.fates else Fate.LEFT
        ends = fate is Fate.REFUSED and self.no_such_address
        return Result(fate, f"p{len(self.handed)}", "as scripted", ends_point=ends)

    def ask(self, message: Message) -> Result:  # noqa: ARG002 - the protocol's
        return Result(self.asked, "asked")

    def received(self) -> Iterator[Received]:
        return iter(())

    def close(self) -> None:
        pass


class Day:
    """A store with one message queued for borrower 2, and a clock."""

    def __init__(self, place: Place, connection: Connection) -> None:
        """Release the message."""
        self.at, self.connection = AT, connection
        self.ring = Keyring.read(place.keys)
        self.gate = gate(place, connection)
        assert self.gate.decide([message(2)], AT)[0].is_permitted

    def dispatcher(self, transport: Scripted) -> Dispatcher:
        return Dispatcher(self.connection, self.ring, "sms", transport, self.now, Random(1))

    def now(self) -> datetime:
        return self.at

    @property
    def state(self) -> object:
        return read(self.connection, "SELECT state FROM outbox ORDER BY id")[0][0]

    @property
    def counts(self) -> int:
        ((number,),) = read(
            self.connection, "SELECT count(*) FROM contacts WHERE NOT from_book AND cancelled_at IS NULL"
        )
        return int(str(number))


@pytest.fixture
def day(store: Place) -> Iterator[Day]:
    filled(store)
    with store.connected() as connection:
        yield Day(store, connection)


def test_a_message_leaves_once_with_its_words(day: Day) -> None:
    transport = Scripted()
    dispatcher = day.dispatcher(transport)
    assert dispatcher.send_one() is not None
    assert dispatcher.send_one() is None
    (sent,) = transport.handed
    assert sent.to == "+14150000002"
    assert sent.text.endswith("is overdue. Reply STOP to end.")
    assert (day.state, day.counts) == ("left", 1)


def test_what_may_have_left_is_not_sent_again(day: Day) -> None:
    transport = Scripted(Fate.UNKNOWN)
    dispatcher = day.dispatcher(transport)
    dispatcher.send_one()
    assert (day.state, day.counts) == ("unknown", 1)
    day.at += timedelta(hours=1)
    assert dispatcher.send_one() is None
    assert dispatcher.ask() == 0
    transport.asked = Fate.LEFT
    assert dispatcher.ask() == 1
    assert (day.state, day.counts, len(transport.handed)) == ("left", 1, 1)


def test_an_address_that_a_server_does_not_know_is_not_used_again(day: Day) -> None:
    ended = "SELECT ended_why FROM contact_point WHERE ended_at IS NOT NULL"
    day.dispatcher(Scripted(Fate.REFUSED, no_such_address=False)).send_one()
    assert (day.state, read(day.connection, ended)) == ("failed", [])
    assert day.gate.decide([message(2)], AT)[0].is_permitted
    day.dispatcher(Scripted(Fate.REFUSED, no_such_address=True)).send_one()
    assert read(day.connection, "SELECT state FROM outbox ORDER BY id") == [("failed",), ("failed",)]
    assert read(day.connection, ended) == [("bounced",)]
    again = day.gate.decide([message(2)], AT)[0]
    assert (again.is_permitted, again.reasons) == (False, ("no_contact_point",))


def test_the_provider_may_know_that_it_never_left(day: Day) -> None:
    transport = Scripted(Fate.UNKNOWN)
    dispatcher = day.dispatcher(transport)
    dispatcher.send_one()
    transport.asked = Fate.NOT_LEFT
    assert dispatcher.ask() == 1
    assert (day.state, day.counts) == ("failed", 0)


def test_what_surely_did_not_leave_is_tried_again_but_not_for_ever(day: Day) -> None:
    transport = Scripted(*[Fate.NOT_LEFT] * TRIES)
    dispatcher = day.dispatcher(transport)
    with day.connection.transaction():
        day.connection.execute("UPDATE outbox SET valid_until = %s", [AT + timedelta(days=2)])
    for _ in range(TRIES):
        assert dispatcher.send_one() is not None
        day.at += timedelta(hours=2)
    assert dispatcher.send_one() is None
    assert (day.state, day.counts) == ("failed", 0)


def test_a_wrong_number_is_not_tried_again(day: Day) -> None:
    day.dispatcher(Scripted(Fate.REFUSED)).send_one()
    assert (day.state, day.counts) == ("failed", 0)


def test_a_release_that_is_over_does_not_leave(day: Day) -> None:
    transport = Scripted()
    day.at += timedelta(minutes=2)
    assert day.dispatcher(transport).send_one() is None
    assert release.expire(day.connection, "sms", day.at) == 1
    assert (day.state, day.counts, transport.handed) == ("expired", 0, [])


def test_a_hold_after_the_claim_stops_the_bytes(day: Day) -> None:
    transport = Scripted()
    dispatcher = day.dispatcher(transport)
    claim = dispatcher.claim()
    assert claim is not None
    facts = Facts(day.connection, day.ring, "test")
    with facts.locked(2):
        facts.hold(told("H1", 2), "dispute")
    assert dispatcher.send(claim).result is None
    assert (day.state, day.counts, transport.handed) == ("cancelled", 0, [])


def test_what_a_dead_process_was_sending_is_unknown(day: Day) -> None:
    transport = Scripted()
    dispatcher = day.dispatcher(transport)
    assert dispatcher.claim() is not None
    assert dispatcher.recover() == 0
    day.at += HELD + timedelta(seconds=1)
    assert dispatcher.recover() == 1
    assert dispatcher.send_one() is None
    assert (day.state, day.counts, transport.handed) == ("unknown", 1, [])


@pytest.mark.parametrize("name", ["all", "sms"])
def test_one_command_stops_everything(day: Day, name: str) -> None:
    transport = Scripted()
    dispatcher = day.dispatcher(transport)
    worker.stop(day.connection, name, day.at, "test")
    assert dispatcher.send_one() is None
    assert worker.start(day.connection, name, day.at, "test")
    assert dispatcher.send_one() is not None


def test_a_reply_takes_effect_once(day: Day) -> None:
    day.dispatcher(Scripted()).send_one()
    intake = Intake(day.connection, day.ring, "UTC")
    reply = Received("e1", What.REPLY, AT, sender="+14150000002", text="STOP")
    assert intake.take("sms", reply)
    assert not intake.take("sms", reply)
    assert read(day.connection, "SELECT meanings FROM inbound") == [(["stop"],)]
    assert read(day.connection, "SELECT consented_to, withdrawn_at FROM consents") == [("sms", AT)]


def test_what_is_from_nobody_known_waits_for_a_person(day: Day) -> None:
    intake = Intake(day.connection, day.ring, "UTC")
    assert intake.take("sms", Received("e1", What.REPLY, AT, sender="+15550000000", text="STOP"))
    assert read(day.connection, "SELECT needs_person, borrower_no FROM inbound") == [(True, None)]


def test_a_report_of_delivery_finds_its_message(day: Day) -> None:
    day.dispatcher(Scripted()).send_one()
    intake = Intake(day.connection, day.ring, "UTC")
    assert intake.take("sms", Received("e1", What.DELIVERY, AT, provider_id="p1", outcome="delivered"))
    assert read(day.connection, "SELECT outcome FROM contacts WHERE NOT from_book") == [("delivered",)]


class Slow(Scripted):
    """A transport to a slow peer, before whose last byte something happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        """Let it happen at each message."""
        super().__init__()
        self._happens = happens

    def send(self, message: Message) -> Result:
        self._happens()
        return super().send(message) if message.may_leave() else HELD_BACK


def test_a_sender_that_has_lost_its_lock_holds_back(day: Day, store: Place) -> None:
    """The database ends the session while the peer takes the bytes: a hold may be committed before the last of them."""

    def ends() -> None:
        with psycopg.connect(store.server.url(ADMIN), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [day.connection.info.backend_pid])

    transport = Slow(ends)
    with pytest.raises(psycopg.OperationalError):
        day.dispatcher(transport).send_one()
    assert transport.handed == []


def test_a_sender_that_has_its_lock_sends(day: Day) -> None:
    transport = Slow(lambda: None)
    sent = day.dispatcher(transport).send_one()
    assert sent is not None
    assert sent.result is not None
    assert sent.result.fate is Fate.LEFT
