"""What the makers of random worlds share: dice with a memory for edges, and a world under construction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from duecourse.law.casefile import Case, Try

T = TypeVar("T")
Row = dict[str, Any]


class Dice(Random):
    """Random choices that are the same for the same seed."""

    def one(self, *values: T) -> T:
        """Return one of the values."""
        return self.choice(values)

    def chance(self, per_cent: int) -> bool:
        """Return true in so many of a hundred cases."""
        return self.randrange(100) < per_cent

    def weighted(self, weights: Mapping[T, int]) -> T:
        """Return one of the keys, by their weights."""
        return self.choices(list(weights), list(weights.values()))[0]

    def some(self, values: Sequence[T], most: int) -> tuple[T, ...]:
        """Return none to `most` of the values."""
        return tuple(self.sample(values, self.randint(0, min(most, len(values)))))


@dataclass
class Scene:
    """A world that is being made; `now` is the local moment around which things happen."""

    dice: Dice
    now: datetime
    collector: Row
    borrower: Row
    loans: list[Row]
    people: list[Row] = field(default_factory=list)
    firms: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    tries: list[Row] = field(default_factory=list)
    calendar: dict[str, tuple[date, ...]] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The local day around which things happen."""
        return self.now.date()

    def at(self, minute: int | None = None, days: int = 0) -> datetime:
        """Return a moment of another day; minutes are those after midnight."""
        zone = ZoneInfo(self.borrower["zones"][0])
        minute = self.now.hour * 60 + self.now.minute if minute is None else minute
        return datetime.combine(self.day + timedelta(days=days), time(*divmod(minute, 60)), zone)

    def happened(self, event: str, at: datetime, **keys: Any) -> None:
        """Add an event to the history; keys that are None are left out."""
        self.history.append(
            {"at": at, "event": event, **{key: value for key, value in keys.items() if value is not None}}
        )

    def proposes(self, act: str, at: datetime, **keys: Any) -> None:
        """Add a try; keys that are None are left out."""
        known = {key: value for key, value in keys.items() if value is not None}
        self.tries.append({"at": at, "act": act, **known})

    def case(self, name: str, book: str) -> Case:
        """Return the finished world, its history in order of time and all moments in UTC."""
        history = sorted(self.history, key=lambda event: event["at"])
        return Case(
            id=name, cite="", origin="text", rulebooks=(book,), topic="random", says="", why="", reading=None,
            collector=self.collector, borrower=self.borrower, people=tuple(self.people), firms=tuple(self.firms),
            loans=tuple(self.loans), history=tuple(_in_utc(event) for event in history),
            tries=tuple(Try(_in_utc(values), None, None, "memory", 0) for values in self.tries),
            calendar=self.calendar, file="random", line=0,
        )  # fmt: skip


def _in_utc(row: Row) -> Row:
    return {key: value.astimezone(UTC) if isinstance(value, datetime) else value for key, value in row.items()}
