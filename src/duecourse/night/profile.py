"""Where a night's time goes: rows in, rows out, seconds and bytes of each step, for `run --profile`."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

Add = Callable[[int, int, int], None]


class Measurable(Protocol):
    """An engine that can count what its statements take."""

    def measured(self, add: Add) -> AbstractContextManager[None]:
        """Count rows scanned, rows left and their bytes."""


@dataclass(frozen=True)
class Line:
    """One step: rows that its statements scanned, rows that they left, bytes of those (in memory, or as written).

    `seconds` is how long any part of the book was at this step; parts worked out side by side may be at several.
    """

    step: str
    rows_in: int
    rows_out: int
    seconds: float  # float: a duration for people, not money
    bytes_out: int


@dataclass
class _Step:
    rows_in: int = 0
    rows_out: int = 0
    bytes_out: int = 0
    times: list[tuple[float, float]] = field(default_factory=list)  # from, until


class Profile:
    """Gathers what the steps of a night take, from any thread."""

    def __init__(self) -> None:
        """Begin with no step."""
        self._steps: dict[str, _Step] = {}
        self._lock = Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[Add]:
        """Time a step, or a part of the book at it; give what counts its rows in, rows out and bytes out."""
        with self._lock:
            found = self._steps.setdefault(name, _Step())

        def add(rows_in: int, rows_out: int, bytes_out: int) -> None:
            with self._lock:
                found.rows_in += rows_in
                found.rows_out += rows_out
                found.bytes_out += bytes_out

        begun = time.perf_counter()
        try:
            yield add
        finally:
            with self._lock:
                found.times.append((begun, time.perf_counter()))

    def lines(self) -> list[Line]:
        """Return a line for each step, in the order in which they began."""
        return [
            Line(name, one.rows_in, one.rows_out, round(_covered(one.times), 3), one.bytes_out)  # rounded for people
            for name, one in self._steps.items()
        ]


@contextmanager
def measuring(profile: Profile | None, step: str, engine: Measurable) -> Iterator[Add | None]:
    """Measure what an engine does for a step; without a profile nothing is measured."""
    if profile is None:
        yield None
        return
    with profile.step(step) as add, engine.measured(add):
        yield add


def _covered(times: list[tuple[float, float]]) -> float:  # float: seconds
    """Return how long at least one of some stretches of time lasted."""
    total, reached = 0.0, 0.0
    for begun, ended in sorted(times):
        total += max(0.0, ended - max(begun, reached))
        reached = max(reached, ended)
    return total
