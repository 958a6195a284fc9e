"""The same for thousands of loans, on all cores: parts of a list given to processes with a gate of their own each.

    office = Office(place, strategy, law)
    with office.opened() as deciding: ...
    for said in office.in_parts(work, numbers, workers=4): ...

A part is a transaction or several; who is killed between two has done what is done. Work is a function of a module,
given what an office has opened and a part.
"""

import atexit
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import wait
from threading import Thread
from typing import Final, TypeVar

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked
from duecourse.day.decision import Words
from duecourse.day.gate import Gate
from duecourse.day.in_force import zone_of
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.endings.deciding import Deciding
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy

_PART: Final = 500  # at most; fewer where that leaves a process without any
_Part = TypeVar("_Part")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Opened:
    """What one process works with: a connection, the keys, and a gate on that connection."""

    connection: Connection[TupleRow]
    ring: Keyring
    deciding: Deciding
    zone: str


@dataclass(frozen=True)
class Office:
    """Where endings are decided: a store, with a strategy and some law."""

    place: Place
    strategy: Strategy
    law: Law

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Open it for one thread."""
        ring = Keyring.read(self.place.keys)
        with self.place.connected() as connection:
            zone = zone_of(connection)
            connection.commit()
            gate = Gate(connection, ring, self.law, self.strategy, _silent, zone)
            yield Opened(connection, ring, Deciding(gate, connection), zone)

    def in_parts(
        self, work: Callable[[Opened, Sequence[_Part]], _Found], items: Sequence[_Part], workers: int = 1
    ) -> Iterator[_Found]:
        """Yield what is found of each part, in their order; the first error ends it, what was done before stands."""
        size = max(1, min(_PART, -(-len(items) // workers)))  # up
        parts = [items[first : first + size] for first in range(0, len(items), size)]
        if workers <= 1 or len(parts) <= 1:
            with self.opened() as opened:
                yield from (work(opened, part) for part in parts)
            return
        context = multiprocessing.get_context("spawn")  # a fork would share this process's connections
        with ProcessPoolExecutor(min(workers, len(parts)), context, _open, (self,)) as pool:
            yield from pool.map(_done, [work] * len(parts), parts)


_HERE: list[Opened] = []  # what this process of a pool has opened, as long as it lives
_OPEN: Final = ExitStack()


def _open(office: Office) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    atexit.register(os._exit, 0)  # while that thread waits modules cannot be cleared, and DuckDB would complain of it
    _HERE.append(_OPEN.enter_context(office.opened()))


def _end_with_parent() -> None:
    """End at once where whoever started this process is gone: killed, it could not tell."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _done(work: Callable[[Opened, Sequence[_Part]], _Found], part: Sequence[_Part]) -> _Found:
    return work(_HERE[0], part)


def _silent(asked: Asked, _: Known, __: Sequence[Owed], ___: date, ____: str) -> Words:
    """Write no message: no ending is one."""
    raise DueCourseError(f"the act {asked.act} is no message")
