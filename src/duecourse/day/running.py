"""A day carried out by one process: a thread for the releases and one for each channel, until it is stopped."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from random import Random
from threading import Event, Lock, Thread
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from psycopg import Connection, OperationalError
from psycopg.rows import TupleRow

from duecourse.channels.pace import Bucket
from duecourse.day import worker
from duecourse.day.composing import Composer
from duecourse.day.dispatch import Dispatcher
from duecourse.day.gate import Gate
from duecourse.day.in_force import in_force
from duecourse.day.intake import Intake
from duecourse.day.opening import opened
from duecourse.day.settings import BY_PEOPLE, Day
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy

_PAUSE_SECONDS: Final = 1
_AGAIN_SECONDS: Final = 5  # after the database was gone
_IDS: Final = "SELECT provider_ids FROM outbox WHERE key = %s"


class Part(Protocol):
    """What is done again and again on a connection."""

    def step(self) -> int:
        """Do what there is to do now; returns how much."""

    def close(self) -> None:
        """Give back what it holds."""


Opening = Callable[[Connection[TupleRow]], Part]


class Running:
    """The plan in force, carried out with a lender's settings; `now` is the clock."""

    def __init__(
        self, place: Place, ring: Keyring, settings: Day, strategy: Strategy, law: Law, now: Callable[[], datetime]
    ) -> None:
        """Look at the plan; DueCourseError where there is none, it is of another strategy, or the clocks differ."""
        self._place, self._ring, self._settings, self._strategy = place, ring, settings, strategy
        self._law, self._now = law, now
        with place.connected() as connection:
            self.plan = in_force(connection)
            worker.refuse_skew(connection, now())
        if self.plan.strategy_hash != strategy.hash:
            raise DueCourseError(
                "the plan in force is of another strategy: name its file with --strategy, or plan again"
            )
        self._ended, self._done = Event(), Counter[str]()
        self._works = 0  # how often any part has found something to do
        self._idle_at = dict[str, int]()  # for each part that found nothing, how often that was when it began to look
        self._lock = Lock()
        self._failed: list[DueCourseError] = []

    def run(self, *, until_idle: bool) -> dict[str, int]:
        """Work until `end` is called or a key interrupts, or with `until_idle` until nothing is left to do for now.

        Returns how much was done, by the name of each part. A part that fails for want of its settings ends all.
        """
        steps: dict[str, Opening] = {"released": self._releasing, "noted": self._noting}
        for name in self._settings.channels:
            steps[name] = self._channel(name)
        gc.freeze()  # the law and the strategy are never garbage: looking through them takes a tenth of an act's time
        threads = [Thread(target=self._again, args=(name, step), name=name) for name, step in steps.items()]
        for thread in threads:
            thread.start()
        try:
            while not self._ended.wait(_PAUSE_SECONDS):
                if until_idle and self._is_idle(steps):
                    break
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
            gc.unfreeze()
        if self._failed:
            raise self._failed[0]
        return dict(self._done)

    def end(self) -> None:
        """End the work after the steps that are being done."""
        self._ended.set()

    def _again(self, name: str, opening: Opening) -> None:
        """Do a part again and again; where the database is gone, wait for it."""
        while not self._ended.is_set():
            try:
                with self._place.connected() as connection, closing(opening(connection)) as part:
                    while not self._ended.is_set():
                        works = self._works
                        done = part.step()
                        with self._lock:
                            self._done[name] += done
                            self._works += done > 0
                            self._idle_at[name] = works if done == 0 else -1
                        if done == 0:
                            self._ended.wait(_PAUSE_SECONDS)
            except OperationalError:
                self._ended.wait(_AGAIN_SECONDS)
            except DueCourseError as error:
                self._failed.append(error)
                self._ended.set()

    def _is_idle(self, names: Iterable[str]) -> bool:
        """Say whether every part has looked, and found nothing to do, since any of them last found something."""
        with self._lock:
            return all(self._idle_at.get(name) == self._works for name in names)

    def _releasing(self, connection: Connection[TupleRow]) -> Part:
        compose = Composer(self._ring, self._strategy, self._settings)
        gate = Gate(
            connection, self._ring, self._law, self._strategy, compose, self.plan.zone, self._settings.valid
        )  # fmt: skip
        by_itself = [name for name, channel in self._settings.channels.items() if channel.kind != BY_PEOPLE]
        return worker.Releasing(gate, connection, self._strategy, by_itself, self._now)

    def _noting(self, connection: Connection[TupleRow]) -> Part:
        return worker.Noting(connection, self._ring, ZoneInfo(self.plan.zone), self._now)

    def _channel(self, name: str) -> Opening:
        channel = self._settings.channels[name]

        def made(connection: Connection[TupleRow]) -> Part:
            connection.prepare_threshold = 0

            def id_of(key: str) -> str | None:
                row = connection.execute(_IDS, [key]).fetchone()
                return " ".join(row[0]) if row and row[0] else None

            transport = opened(name, channel, self._ring, self._now, id_of)
            chance = Random()  # noqa: S311  spreads tries over time; no secret
            dispatcher = Dispatcher(connection, self._ring, name, transport, self._now, chance)
            intake = Intake(connection, self._ring, self.plan.zone)
            pace = Bucket(timedelta(milliseconds=channel.pace.every_ms), channel.pace.at_once)
            bucket = None if channel.kind == BY_PEOPLE else pace
            return worker.Channel(name, dispatcher, intake, transport, connection, bucket, self._now)

        return made
