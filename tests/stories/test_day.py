"""A day and the night after it, with real peers: the story is in day.txt, as it was told when a person last read it.

A night over 10,000 loans is published; the gate releases by the clock of the day; a mail server and a message centre
receive; STOP and a payment come in; the plan three days later has changed accordingly. With DUECOURSE_TELL=1 the story
is written anew, to be read.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg.rows import TupleRow

from duecourse.book.beside import book_with
from duecourse.book.load import load
from duecourse.book.loaded import LoadedBook
from duecourse.book.synth import synth
from duecourse.channels.pace import Bucket
from duecourse.day import settings as day_settings
from duecourse.day.composing import Composer
from duecourse.day.dispatch import Dispatcher
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.gate import Gate
from duecourse.day.intake import Intake
from duecourse.day.nightly import Look, night_of_store
from duecourse.day.opening import opened
from duecourse.day.recorded import recorded
from duecourse.day.settings import Channel as ChannelSettings
from duecourse.day.worker import Channel, Releasing
from duecourse.night import facts as night_facts
from duecourse.night.moment import Moment
from duecourse.night.run import Options, Summary, run
from duecourse.store.audit.sealing import seal
from duecourse.store.audit.seals import Seals
from duecourse.store.audit.verify import verify
from duecourse.store.keys import Keyring
from duecourse.store.loading.load import load_people
from duecourse.store.place import Place
from duecourse.strategy.load import load as load_strategy
from duecourse.strategy.models import Strategy
from tests import package
from tests.channels.email.servers import Handler, serving
from tests.channels.sms.smsc import Smsc, deliver_body, running

STORY = Path(__file__).with_name("day.txt")
ON = date(2026, 6, 30)
LOANS = 10_000
SETTINGS = Path(__file__).parents[2] / "examples" / "day.toml"
PEOPLE = """
[load]
zone = "UTC"
[people.all]
from = "people.csv"
[people.all.columns]
borrower_id = "id"
name = "name"
phones = ["phone"]
emails = ["email"]
"""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        """Begin at the first instant of the story's day, wherever on earth."""
        self.at = datetime(2026, 6, 29, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


class House:
    """A lender with a book, a store, a mail server and a message centre."""

    def __init__(self, place: Place, folder: Path, smsc: Smsc, mail: tuple[Handler, int]) -> None:
        """Make the book, and open all else."""
        self.place, self.folder, self.smsc, self.mail = place, folder, smsc, mail
        self.ring = Keyring.read(place.keys)
        self.strategy: Strategy = load_strategy(None, night_facts.CATALOGUE.kinds)
        self.book: LoadedBook = load(synth(LOANS, 7, folder / "book", on=ON), None, folder)
        self.clock = Clock()
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def load_people(self) -> None:
        ids = sorted(
            set(pq.read_table(self.book.path("borrowers"), columns=["borrower_id"])["borrower_id"].to_pylist())
        )
        rows = [f"{one},Name {place},+1415{2_000_000 + place},b{place}@example.com" for place, one in enumerate(ids)]
        (self.folder / "people.csv").write_text("\n".join(["id,name,phone,email", *rows]), encoding="utf-8")
        (self.folder / "people.toml").write_text(PEOPLE, encoding="utf-8")
        found = load_people(self.place, self.folder / "people.toml", None, self.folder / "quarantine.jsonl", workers=1)
        assert not found.quarantined
        self.tell(f"{len(ids):,} borrowers with a number and a mailbox are in the store, sealed.")

    def night(self, on: date) -> dict[str, dict[str, Any]]:
        """Run a night over the book and the store, and put its plan in force; returns the plan by borrower."""

        def run_night(book: LoadedBook, strategy: Strategy, moment: Moment, options: Options, look: Look) -> Summary:
            def report(night: Any, folder: Path, _hash: str) -> dict[str, str]:
                look(night, folder)
                return {}

            return run(book, strategy, moment, self.folder / "out", options, report=report)

        book = replace(self.book, payments_complete_through=on)  # they come into the store all day
        summary, published = night_of_store(
            self.place, book, self.strategy, Moment(on), Options(memory="2GB"), run_night
        )
        acts = ", ".join(f"{name} {number:,}" for name, number in sorted(summary.acts.items()))
        self.tell(f"Night of {on}: {published.rows['collection_case']:,} cases; planned: {acts}.")
        rows = pq.read_table(summary.outputs["plan"]).to_pylist()
        return {row["borrower_id"]: row for row in rows if not row["required"]}

    def foreseen(self, on: date) -> dict[str, dict[str, Any]]:
        """Return what a night would plan if nothing more came in; nothing is published."""
        book = replace(self.book, payments_complete_through=on)
        options = Options(memory="2GB")
        with book_with(book, recorded(self.place.url()), threads=options.threads, memory=options.memory) as whole:
            found = run(whole, self.strategy, Moment(on), self.folder / "foreseen", options)
        rows = pq.read_table(found.outputs["plan"]).to_pylist()
        return {row["borrower_id"]: row for row in rows if not row["required"]}

    def day(self, connection: psycopg.Connection[TupleRow], on: date) -> None:
        """Carry a plan out, hour by hour, wherever on earth it is day."""
        settings = day_settings.read(SETTINGS)
        compose = Composer(self.ring, self.strategy, settings)
        gate = Gate(connection, self.ring, package.law(), self.strategy, compose, self.book.zone)
        releasing = Releasing(gate, connection, self.strategy, ["sms", "email"], self.clock)
        channels = self.channels(connection, settings)
        start = datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=12)
        for hour in range(38):
            self.clock.at = start + timedelta(hours=hour)
            while releasing.step():
                for channel in channels:
                    channel.step()
        for channel in channels:
            channel.close()
        counts = dict(_read(connection, "SELECT is_permitted, count(*) FROM verdict GROUP BY 1"))
        reasons = Counter(row[0] for row in _read(connection, "SELECT reasons[1] FROM verdict WHERE NOT is_permitted"))
        self.tell(f"The gate said yes to {counts.get(True, 0):,} messages and no to {counts.get(False, 0):,}.")
        for reason, number in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])):
            self.tell(f"    no: {reason} {number:,}")

    def channels(self, connection: psycopg.Connection[TupleRow], settings: day_settings.Day) -> list[Channel]:
        made = []
        for name, more in (("email", {"port": self.mail[1], "inbox": str(self.folder / "mail")}), ("sms", self.centre)):
            given = settings.channels[name]
            channel = ChannelSettings(kind=given.kind, settings={**given.settings, **more})

            transport = opened(name, channel, self.ring, self.clock, lambda _: None)
            dispatcher = Dispatcher(connection, self.ring, name, transport, self.clock, Random(7))
            intake = Intake(connection, self.ring, self.book.zone)
            bucket = Bucket(timedelta(milliseconds=1), 100_000)
            made.append(Channel(name, dispatcher, intake, transport, connection, bucket, self.clock))
        return made

    @property
    def centre(self) -> dict[str, object]:
        return {"port": self.smsc.port, "listen_for": 0.05, "join_within": 0.2}


def _read(connection: psycopg.Connection[TupleRow], text: str, *values: object) -> list[Any]:
    with connection.transaction():
        return connection.execute(text.encode(), values).fetchall()


@pytest.fixture
def house(store: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("DUECOURSE_SMS_PASSWORD", "s3cret08")
    (tmp_path / "mail").mkdir()
    with running(Smsc()) as smsc, serving() as mail:
        yield House(store, tmp_path, smsc, mail)


def test_a_day_and_the_night_after_it(house: House) -> None:
    house.load_people()
    before = house.night(ON)
    with house.place.connected() as connection:
        connection.prepare_threshold = 0
        house.day(connection, ON)
        arrived(house, connection)
        foreseen = house.foreseen(ON + timedelta(days=3))
        stopped, paid = somebody(connection, before, foreseen)
        stop(house, connection, stopped)
        pay(house, connection, paid)
        after = house.night(ON + timedelta(days=3))
        compare(house, foreseen, after, stopped, paid)
        chain_holds(house)
    told = "\n".join(house.lines) + "\n"
    if os.environ.get("DUECOURSE_TELL"):
        STORY.write_text(told, encoding="utf-8")
    assert told == STORY.read_text(encoding="utf-8")


def arrived(house: House, connection: psycopg.Connection[TupleRow]) -> None:
    """Count at the receivers, and hold the outbox to it."""
    left = dict(_read(connection, "SELECT channel, count(*) FROM outbox WHERE state = 'left' GROUP BY 1"))
    mails, texts = house.mail[0].arrived, {(one.destination, one.short_message) for one in house.smsc.submits}
    assert len(mails) == left.get("email", 0)
    names = [re.search(rb"(?i)^message-id: (.*)\r$", mail, re.MULTILINE) for mail in mails]
    assert len({name[1] for name in names if name}) == len(mails), "no mail came twice"
    assert len(texts) == len(house.smsc.submits), "no short message came twice"
    assert _read(connection, "SELECT count(*) FROM outbox WHERE state NOT IN ('left', 'expired')") == [(0,)]
    house.tell(f"{len(mails):,} mails are at the mail server and {left.get('sms', 0):,} short messages at the centre.")


def somebody(
    connection: psycopg.Connection[TupleRow], before: dict[str, dict[str, Any]], foreseen: dict[str, dict[str, Any]]
) -> tuple[str, str]:
    """Choose two who got a short message and would get another: one to answer STOP, one to pay."""
    got = _read(
        connection,
        """SELECT b.borrower_id FROM outbox o JOIN borrower b ON b.id = o.borrower_no
        WHERE o.channel = 'sms' AND o.state = 'left' ORDER BY 1""",
    )
    behind = [name for (name,) in got if before[name]["amounts"] and before[name]["amounts"][0]["overdue"] > 0]
    names = [name for name in behind if name in foreseen and foreseen[name]["channel"] == "sms"]
    return names[0], names[1]


def stop(house: House, connection: psycopg.Connection[TupleRow], borrower: str) -> None:
    """Answer STOP at the message centre; it reaches the store by the channel."""
    ((number,),) = _read(connection, "SELECT id FROM borrower WHERE borrower_id = %s", borrower)
    mail, sms = house.channels(connection, day_settings.read(SETTINGS))
    mail.close()
    sms.step()
    place = sorted(_ids(house)).index(borrower)
    house.smsc.deliver(deliver_body(b"STOP", source=f"1415{2_000_000 + place}"))
    for _ in range(40):
        if sms.step():
            break
    sms.close()
    said = _read(connection, "SELECT what, meanings, needs_person FROM inbound WHERE borrower_no = %s", number)
    assert said == [("reply", ["stop"], False)]
    consents = _read(
        connection,
        "SELECT count(*) FROM consents WHERE borrower_no = %s AND consented_to = 'sms' AND replaced_at IS NULL"
        " AND withdrawn_at IS NULL",
        number,
    )
    assert consents == [(0,)], "no consent to short messages stands"
    house.tell(f"{borrower} answers STOP: read as a withdrawal; no consent to short messages stands.")


def pay(house: House, connection: psycopg.Connection[TupleRow], borrower: str) -> None:
    """Pay all that is overdue."""
    ((number,),) = _read(connection, "SELECT id FROM borrower WHERE borrower_id = %s", borrower)
    facts = Facts(connection, house.ring, "story")
    at = house.clock()
    amounts = _read(
        connection,
        "SELECT loans, amounts FROM verdict WHERE borrower_no = %s AND is_permitted ORDER BY id DESC LIMIT 1",
        number,
    )
    ((loans, due),) = amounts
    for loan, amount in zip(loans, due, strict=True):
        ((currency,),) = _read(connection, "SELECT currency FROM case_loan WHERE loan_id = %s", loan)
        with facts.locked(number):
            assert facts.payment(Told(f"P-{loan}", number, at, ON), Money(loan, ON, amount, currency))
    house.tell(f"{borrower} pays the {due[0] / 100:,.2f} that the message named.")


def compare(
    house: House, foreseen: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], stopped: str, paid: str
) -> None:
    """Hold the next plan to what came in."""
    assert after[stopped]["channel"] != "sms"
    assert paid not in after or not after[paid]["demands"]
    if paid in after and after[paid]["amounts"]:
        assert all(one["overdue"] == 0 for one in after[paid]["amounts"])
    for borrower in (stopped, paid):
        house.tell(f"    {borrower} had nothing come in: {_shown(foreseen.get(borrower))}")
        house.tell(f"    {borrower} now: {_shown(after.get(borrower))}")


def chain_holds(house: House) -> None:
    """Verify every entry of the audit chains."""
    seals = Seals.of(house.folder)
    seals.make_key()
    seal(house.place, seals, house.clock())
    found = verify(house.place, seals)
    assert not found.faults
    house.tell(f"The audit chains hold: {found.entries:,} entries of {found.chains:,} chains, all of them sealed.")
    assert not found.unsealed


def _ids(house: House) -> set[str]:
    return set(pq.read_table(house.book.path("borrowers"), columns=["borrower_id"])["borrower_id"].to_pylist())


def _shown(row: dict[str, Any] | None) -> str:
    if row is None:
        return "not on the ladder any more"
    act = row["channel"] or row["act"]
    return f"{row['stage']}: {act} ({', '.join(row['reasons'])})"
