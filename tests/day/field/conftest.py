"""A house with a plan of letters, visits and calls for eight borrowers, carried out with the clock of a test."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg
import pytest
from psycopg.rows import TupleRow

from bench.gate_store import ON
from duecourse.channels.pace import Bucket
from duecourse.day import settings as day_settings
from duecourse.day.composing import Composer
from duecourse.day.dispatch import Dispatcher
from duecourse.day.facts import Facts
from duecourse.day.gate import Gate
from duecourse.day.hands import Hands
from duecourse.day.intake import Intake
from duecourse.day.opening import opened
from duecourse.day.settings import Channel as ChannelSettings
from duecourse.day.worker import Channel, Releasing
from duecourse.store.bound import point_place, whose
from duecourse.store.keys import Keyring, Wrapped, seal
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy
from tests import package
from tests.day.cases import AT, filled, read
from tests.house.tree import ROOT

BORROWERS: Final = 8
SETTINGS: Final = ROOT / "examples" / "day.toml"
ADDRESSES: Final = ("浙江省杭州市西湖区文三路{}号", "{} Elm Street\nFresno, CA 93701")
BY_PEOPLE: Final = ("letter", "visit", "call")


class House:
    """A lender's day: odd borrowers live in China, even ones in California (see bench.gate_store)."""

    def __init__(self, place: Place, connection: psycopg.Connection[TupleRow], folder: Path) -> None:
        """Read the example's settings, with folders of the test's own."""
        self.place, self.connection, self.folder, self.at = place, connection, folder, AT
        self.ring = Keyring.read(place.keys)
        self.strategy = _strategy()
        self.settings = _in_folder(day_settings.read(SETTINGS), folder)
        self.facts = Facts(connection, self.ring, "test")
        self.compose = Composer(self.ring, self.strategy, self.settings)
        law = package.law()
        self.gate = Gate(connection, self.ring, law, self.strategy, self.compose, "UTC")

    def now(self) -> datetime:
        return self.at

    @property
    def hands(self) -> Hands:
        return Hands(self.connection, self.ring, self.settings, self.strategy, self.gate, self.compose, "UTC", self.now)

    def plan(self, channel: str, *borrowers: int, treatment: str | None = None, hours: int = 3) -> None:
        """Plan an act for each, for some hours from when the test's day began (five in the afternoon in California)."""
        for borrower in borrowers:
            with self.connection.transaction():
                self.connection.execute(
                    """INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, purpose, demands,
                        required, loans, opens_at, closes_at, priority)
                    VALUES (%s, %s, 'contact', %s, %s, 'collection', true, false, %s, %s, %s, %s)""",
                    [
                        ON, borrower, channel, treatment or self.treatment(channel), [f"L{borrower}"], AT,
                        AT + timedelta(hours=hours), -borrower,
                    ],
                )  # fmt: skip

    def treatment(self, channel: str) -> str:
        """Return a treatment of the packaged strategy that asks for money by this channel."""
        return next(one.name for one in self.strategy.treatments if one.channel == channel and one.demands)

    def carry_out(self, *channels: str) -> None:
        """Do what `day run` does, until nothing is left."""
        releasing = Releasing(self.gate, self.connection, self.strategy, list(channels), self.now)
        while releasing.step():
            pass
        for name in channels:
            channel = self.channel(name)
            while channel.step():
                pass

    def channel(self, name: str) -> Channel:
        transport = opened(name, self.settings.channels[name], self.ring, self.now, lambda _: None)
        dispatcher = Dispatcher(self.connection, self.ring, name, transport, self.now, Random(1))
        intake = Intake(self.connection, self.ring, "UTC")
        bucket = None if self.settings.channels[name].kind == "voice" else Bucket(timedelta(milliseconds=1), 1000)
        return Channel(name, dispatcher, intake, transport, self.connection, bucket, self.now)

    def read(self, text: str, *values: object) -> list[TupleRow]:
        return read(self.connection, text, *values)

    def states(self) -> dict[int, str]:
        return {int(str(row[0])): str(row[1]) for row in self.read("SELECT borrower_no, state FROM outbox")}

    def key(self, borrower: int) -> str:
        ((key,),) = self.read("SELECT key FROM outbox WHERE borrower_no = %s", borrower)
        return str(key)


@cache
def _strategy() -> Strategy:
    return package.strategy()


def _in_folder(settings: day_settings.Day, folder: Path, **more: Any) -> day_settings.Day:
    channels = {
        name: ChannelSettings(
            kind=channel.kind, pace=channel.pace, settings={**channel.settings, "folder": str(folder / name), **more}
        )
        for name, channel in settings.channels.items()
        if name in BY_PEOPLE
    }
    return settings.model_copy(update={"channels": channels})


def give_addresses(place: Place, connection: psycopg.Connection[TupleRow], borrowers: int) -> None:
    """Give each borrower an address of their country, sealed like those that are loaded."""
    ring = Keyring.read(place.keys)
    with connection.transaction():
        for number in range(1, borrowers + 1):
            row = connection.execute("SELECT key_id, wrapped_key FROM person WHERE id = %s", [number]).fetchone()
            assert row
            key = ring.unwrap(Wrapped(row[0], bytes(row[1])), whose(f"B{number}", f"B{number}"))
            address, point = ADDRESSES[number % 2 == 0].format(number), 1_000 + number
            connection.execute(
                "INSERT INTO contact_point (id, person_id, kind, value, blind) VALUES (%s, %s, 'address', %s, %s)",
                [point, number, seal(key, address, point_place("address", point)), ring.blind("address", address)],
            )


@pytest.fixture
def house(store: Place, tmp_path: Path) -> Iterator[House]:
    filled(store, BORROWERS)
    with store.connected() as connection:
        connection.prepare_threshold = 0
        give_addresses(store, connection, BORROWERS)
        yield House(store, connection, tmp_path)


__all__ = ["House", "give_addresses", "house"]
