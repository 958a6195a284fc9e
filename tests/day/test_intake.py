"""What comes in and what it does: on a real server, each thing once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from random import Random
from typing import Final

import psycopg
import pytest
from psycopg.rows import TupleRow
from typer.testing import CliRunner

from duecourse.channels.transport import Received, What
from duecourse.cli_day import day_app
from duecourse.day import known
from duecourse.day.decision import Decision
from duecourse.day.dispatch import Dispatcher
from duecourse.day.facts import Facts, Told
from duecourse.day.gate import Gate
from duecourse.day.grievances import Grievances
from duecourse.day.intake import Intake
from duecourse.day.recorded import recorded
from duecourse.kernel.errors import DueCourseError
from duecourse.store import people
from duecourse.store.audit import chain
from duecourse.store.bound import grievance_place, point_place
from duecourse.store.keys import Keyring, seal, unseal
from duecourse.store.line import Line
from duecourse.store.models import Person
from duecourse.store.place import Place
from tests.day.cases import AT, filled, gate, message, read
from tests.day.test_dispatch import Scripted
from tests.stores import emptied

LATER: Final = AT + timedelta(hours=1)
BORROWERS: Final = 80  # more than there are tests: each has one of its own


@dataclass
class Sent:
    """A borrower to whom a message was sent, `provider_id` for its provider."""

    place: Place
    connection: psycopg.Connection[TupleRow]
    ring: Keyring
    gate: Gate
    borrower: int
    provider_id: str

    @property
    def phone(self) -> str:
        return f"+1415{self.borrower:07}"

    def about(self, outcome: str, what: What = What.DELIVERY, *, ends: bool = False, event: str = "e1") -> Received:
        """Tell how the message ended."""
        name = f"{self.borrower} {event}"
        return Received(name, what, AT, provider_id=self.provider_id, outcome=outcome, ends_point=ends)

    def reply(self, text: str, event: str = "e1") -> Received:
        return Received(f"{self.borrower} {event}", What.REPLY, AT, sender=self.phone, text=text)

    def of(self, why: str, event: str = "e1") -> Received:
        """Tell what ends the number for a reason."""
        if why == "wrong_person":
            return self.reply("Wrong number", event)
        what = {"undelivered": What.DELIVERY, "bounced": What.BOUNCE}.get(why, What.OUTCOME)
        return self.about(why, what, ends=what is not What.OUTCOME, event=event)

    def take(self, received: Received) -> bool:
        return Intake(self.connection, self.ring, "UTC").take("sms", received)

    def decided(self) -> Decision:
        return self.gate.decide([message(self.borrower)], LATER)[0]

    def read(self, text: str) -> list[TupleRow]:
        """Read rows of the borrower, whose number stands for %s."""
        return read(self.connection, text, self.borrower)

    def points(self) -> list[TupleRow]:
        return self.read(
            "SELECT t.ended_at, t.ended_why FROM contact_point t JOIN person p ON p.id = t.person_id"
            " WHERE p.borrower_id = %s ORDER BY t.id"
        )

    def entries(self, about: str = "") -> list[str]:
        rows = self.read("SELECT kind FROM audit_entry WHERE chain = %s ORDER BY seq")
        return [str(kind) for (kind,) in rows if about in str(kind)]

    def add_phone(self, number: str) -> int:
        """Give the borrower one more number, as a load of people does; returns its number in the store."""
        person = Person.objects.select_related("borrower").get(borrower_id=self.borrower)
        made = person.contact_points.create(kind="phone", value=b"", blind=self.ring.blind("phone", number))
        made.value = seal(people.key_of(self.ring, person), number, point_place("phone", made.pk))
        made.save()
        return int(made.pk)


@pytest.fixture(scope="module")
def full(made: Place) -> Iterator[tuple[Place, psycopg.Connection[TupleRow], Gate, Iterator[int]]]:
    filled(emptied(made), BORROWERS)
    with made.connected() as connection:
        yield made, connection, gate(made, connection), count(2, 2)  # even: in California


@pytest.fixture
def sent(full: tuple[Place, psycopg.Connection[TupleRow], Gate, Iterator[int]]) -> Sent:
    place, connection, asked, numbers = full
    found = Sent(place, connection, Keyring.read(place.keys), asked, next(numbers), "")
    connection.execute("UPDATE outbox SET state = 'cancelled' WHERE state = 'queued'")  # of the tests before
    connection.commit()
    assert asked.decide([message(found.borrower)], AT)[0].is_permitted
    transport = Scripted()
    transport.handed = [None] * found.borrower  # type: ignore[list-item]  # so that ids are each borrower's own
    assert Dispatcher(connection, found.ring, "sms", transport, lambda: AT, Random(1)).send_one()
    return replace(found, provider_id=f"p{found.borrower + 1}")


REASONS: Final = ("undelivered", "bounced", "not_in_service", "wrong_number", "wrong_person")


@pytest.mark.parametrize("why", REASONS)
def test_what_is_of_no_use_is_not_used_again(sent: Sent, why: str) -> None:
    assert sent.take(sent.of(why))
    assert sent.points() == [(AT, why)]
    before = sent.entries()
    assert before.count("contact_point.ended") == 1
    assert not sent.take(sent.of(why)), "what comes twice changes nothing"
    sent.take(sent.of("undelivered", "e2"))
    assert sent.points() == [(AT, why)], "the first reason stays"
    assert sent.entries("point") == ["contact_point.ended"]
    assert "no_contact_point" in sent.decided().reasons


def test_what_may_pass_ends_nothing(sent: Sent) -> None:
    for number, received in enumerate(
        (
            sent.about("undelivered"),
            sent.about("bounced", What.BOUNCE),
            sent.about("delivered"),
            sent.about("ring_out", What.OUTCOME),
            replace(sent.about("bounced", ends=True), provider_id="nobody's"),
            sent.reply("Who is this?"),
        )
    ):
        assert sent.take(replace(received, event_id=f"{sent.borrower} {number}"))
    assert sent.points() == [(None, "")]
    assert "no_contact_point" not in sent.decided().reasons


def test_another_number_is_used_instead(sent: Sent) -> None:
    other = sent.add_phone("+14151000099")
    sent.take(sent.of("undelivered"))
    assert sent.decided().is_permitted
    transport = Scripted()
    assert Dispatcher(sent.connection, sent.ring, "sms", transport, lambda: LATER, Random(1)).send_one()
    assert [one.to for one in transport.handed] == ["+14151000099"]
    assert sent.read("SELECT contact_point_no FROM outbox WHERE borrower_no = %s ORDER BY id")[-1] == (other,)


def test_what_is_queued_for_it_is_taken_back(sent: Sent) -> None:
    assert sent.decided().is_permitted
    sent.take(sent.of("wrong_number"))
    states = sent.read("SELECT state FROM outbox WHERE borrower_no = %s ORDER BY id")
    assert states == [("left",), ("cancelled",)]


@pytest.mark.parametrize("why", REASONS)
def test_a_number_of_somebody_else_ends_the_consents_to_it(sent: Sent, why: str) -> None:
    """Night and day agree: what the gate refuses by, the next night reads."""
    facts, before = Facts(sent.connection, sent.ring, "test"), AT - timedelta(days=1)
    with facts.locked(sent.borrower):
        for channel in ("sms", "call", "email"):
            facts.consent(Told(f"{sent.borrower}-{channel}", sent.borrower, before, before.date()), channel)
    sent.add_phone("+14151000099")
    sent.take(sent.of(why))
    expected = {"sms", "call"} if why in {"wrong_number", "wrong_person"} else set()
    with sent.connection.transaction():
        case = known.read(Line(sent.connection, keeps=False), [sent.borrower]).cases[sent.borrower]
    assert case.refused_channels == expected
    rows = recorded(sent.place.url())["consents"].sort_by("recorded_at").to_pylist()
    last = {row["consent_id"]: row for row in rows if row["borrower_id"] == f"B{sent.borrower}"}
    assert {row["consented_to"] for row in last.values() if row["withdrawn_at"]} == expected
    assert sent.decided().reasons == (("channel_refused",) if expected else ())


def test_without_a_consent_another_number_stays_free(sent: Sent) -> None:
    sent.add_phone("+14151000099")
    sent.take(sent.of("wrong_number"))
    assert sent.decided().reasons == ()


def test_a_shared_number_ends_for_all_or_for_none(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(sent, borrower=BORROWERS)
    other.add_phone(sent.phone)
    end_point, seen = Facts.end_point, list[int]()

    def dies(facts: Facts, told: Told, point: int, why: str) -> bool:
        seen.append(told.borrower)
        if len(seen) == 2:
            raise psycopg.OperationalError("gone")
        return end_point(facts, told, point, why)

    with monkeypatch.context() as patch:
        patch.setattr(Facts, "end_point", dies)
        with pytest.raises(psycopg.OperationalError):
            sent.take(sent.of("wrong_person"))
    assert seen == [sent.borrower, other.borrower]
    assert (sent.points(), other.points()) == ([(None, "")], [(None, "")] * 2)
    assert sent.take(sent.of("wrong_person"))
    assert not sent.take(sent.of("wrong_person"))
    assert (sent.points(), other.points()) == ([(AT, "wrong_person")], [(None, ""), (AT, "wrong_person")])
    for one in (sent, other):
        assert one.read("SELECT needs_person FROM inbound WHERE borrower_no = %s") == [(True,)]


def test_somebody_else_gives_no_consent(sent: Sent) -> None:
    sent.take(sent.reply("You have the wrong number. Text me again"))
    ((meanings,),) = sent.read("SELECT meanings FROM inbound WHERE borrower_no = %s")
    assert {"start", "wrong_person"} <= set(meanings)
    assert sent.read("SELECT FROM consents WHERE borrower_no = %s") == []


def test_a_point_that_was_erased_meanwhile_is_no_error(sent: Sent) -> None:
    people.erase(Person.objects.get(borrower_id=sent.borrower))
    assert sent.take(sent.of("wrong_number"))
    assert sent.points() == []


def test_a_person_uses_it_again_and_ends_it(sent: Sent) -> None:
    def command(*words: str) -> str:
        options = ["--store", str(sent.place.folder), "--by", "u1"]
        done = CliRunner().invoke(day_app, ["points", f"B{sent.borrower}", *words, *options])
        if done.exception:
            raise done.exception
        return done.output

    sent.take(sent.of("wrong_number"))
    ((number,),) = sent.read("SELECT contact_point_no FROM outbox WHERE borrower_no = %s")
    assert "wrong_number" in command()
    again = command("--use-again", str(number))
    assert "wrong_number" not in again
    assert "1415" not in again, "what is personal is not shown"
    assert not sent.take(sent.of("wrong_number")), "a report that comes again does not count again"
    assert sent.points() == [(None, "")]
    assert sent.decided().reasons == ()
    assert "by_hand" in command("--end", str(number))
    assert sent.entries("point") == [
        "contact_point.ended", "contact_point.in_use_again", "contact_point.ended",
    ]  # fmt: skip
    for words in (("--end", str(number)), ("--end", "1"), ("--use-again", "1")):  # it has ended; another's is number 1
        with pytest.raises(DueCourseError, match=f"has no contact point {words[1]} "):
            command(*words)


WORDS: Final = "I dispute this debt, I never signed anything. I will complain to the ombudsman about you."


def test_a_grievance_by_message_is_noted_once_and_can_be_closed(sent: Sent) -> None:
    assert sent.take(sent.reply(WORDS))
    assert not sent.take(sent.reply(WORDS))
    head = chain.Head.read(sent.ring, sent.connection.execute(chain.HEADS, [[sent.borrower]]).fetchall()[0])
    assert head.key is not None
    sent.connection.execute("INSERT INTO staff (user_id, role, password) VALUES ('u4', 'compliance', '!')")
    sent.connection.commit()
    for what in ("complaint", "dispute"):
        rows = sent.read(f"SELECT {what}_id, kind, state, received_on, words FROM {what} WHERE borrower_no = %s")
        ((name, kind, state, received_on, sealed),) = rows
        assert (kind, state, received_on) == ("other", "open", AT.date())
        assert unseal(head.key.key, bytes(sealed), grievance_place(what, name)) == WORDS
        # The night knows by the hold by when it must be answered.
        held = [row for row in recorded(sent.place.url())["holds"].to_pylist() if row["hold_id"] == name]
        assert [(row["kind"], row["from_on"], row["until_on"]) for row in held] == [(what, AT.date(), None)]
        told = Told(name, sent.borrower, LATER, LATER.date())
        assert Grievances(sent.connection, sent.ring, "u4").close(what, told, "upheld")
    holds = sent.read("SELECT until_on FROM holds WHERE borrower_no = %s AND replaced_at IS NULL")
    assert holds == [(LATER.date(),)] * 2
    assert [kind for kind in sent.entries() if not kind.startswith("act.")] == [
        "complaint.noted", "hold.complaint", "dispute.noted", "hold.dispute",
        "complaint.closed", "hold.lifted", "dispute.closed", "hold.lifted",
    ]  # fmt: skip
