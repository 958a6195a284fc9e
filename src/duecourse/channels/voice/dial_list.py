"""A list to dial from: rows in order, each handed out to one agent within its window of time.

    dial_list.load(rows)                     once
    dial_list.take(agent, at) -> Row | None  the first row that may be called now
    dial_list.done(key, agent, at)           called
    dial_list.give_back(key, agent, at)      not called: another agent may take it
    dial_list.withdraw(key, at) -> bool      nobody may call it any more

The list holds keys, never numbers or names. What happens to it is appended to a file, and counts once its line is
whole: a killed process loses nothing that it was told had happened. Several processes may use one list at once.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from duecourse.channels.kept import moment, private, safe
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone

ROWS_MAX: Final = 50_000


@dataclass(frozen=True)
class Row:
    """A call to make: from `opens` on, and before `closes`."""

    key: str
    opens: datetime
    closes: datetime


@dataclass
class _Place:
    """A row, who has it, who had it, and whether it is over."""

    row: Row
    agent: str | None = None
    had: set[str] = field(default_factory=set)
    is_over: bool = False

    def is_open(self, at: datetime) -> bool:
        return not self.is_over and self.row.opens <= at < self.row.closes


class DialList:
    """One list, in a file of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        """Name the folder and the list; the file is made when rows are loaded."""
        self._file = folder / f"{safe('list', name)}.jsonl"
        self._places: dict[str, _Place] = {}
        self._read = 0  # bytes of the file that are in `_places`

    def load(self, rows: Sequence[Row]) -> None:
        """Fill the list, in the order in which to call; the same again is the same.

        DueCourseError for a key twice, a window that ends before it begins, too many rows, or a list that has others.
        """
        keys = {safe("key", row.key) for row in rows}
        if len(keys) < len(rows) or not 0 < len(rows) <= ROWS_MAX:
            raise DueCourseError(f"a list to dial has 1 to {ROWS_MAX:,} rows, each key once: look at the rows")
        for row in rows:
            if moment(row.opens) >= moment(row.closes):
                raise DueCourseError(f"{row.key}: its window ends before it begins: look at the row")
        with self._alone():
            if self._places and [place.row for place in self._places.values()] != list(rows):
                raise DueCourseError(f"{self._file.stem}: has other rows already: name another list")
            if not self._places:
                told = [[row.key, row.opens.isoformat(), row.closes.isoformat()] for row in rows]
                self._tell({"do": "load", "rows": told})

    def take(self, agent: str, at: datetime) -> Row | None:
        """Hand out the first row that may be called at a moment; None where there is none.

        Who has one that is still open is given it again, so that an answer that was lost does no harm. A row that was
        given back goes to another agent.
        """
        safe("agent", agent)
        moment(at)
        with self._alone():
            held = next((place for place in self._places.values() if place.agent == agent and place.is_open(at)), None)
            if held:
                return held.row
            for place in self._places.values():
                if place.agent is None and agent not in place.had and place.is_open(at):
                    self._tell({"do": "take", "key": place.row.key, "agent": agent, "at": at.isoformat()})
                    return place.row
        return None

    def done(self, key: str, agent: str, at: datetime) -> None:
        """Note that a row was called; DueCourseError when this agent does not have it."""
        self._end("done", key, agent, at)

    def give_back(self, key: str, agent: str, at: datetime) -> None:
        """Note that a row was not called; DueCourseError when this agent does not have it."""
        self._end("give_back", key, agent, at)

    def withdraw(self, key: str, at: datetime) -> bool:
        """Take out a row that nobody has; say whether that was possible: who has it may be calling."""
        with self._alone():
            place = self._places.get(key)
            if place is None or place.agent or place.is_over:
                return False
            self._tell({"do": "withdraw", "key": key, "at": moment(at).isoformat()})
            return True

    def waiting(self, at: datetime) -> tuple[str, ...]:
        """Return the keys that nobody has and that may still be called, now or later, in order."""
        with self._alone():
            return tuple(
                key
                for key, place in self._places.items()
                if not place.is_over and place.agent is None and at < place.row.closes
            )

    def expired(self, at: datetime) -> tuple[str, ...]:
        """Return the keys whose window ended before they were called, in order, whoever had them."""
        with self._alone():
            return tuple(key for key, place in self._places.items() if not place.is_over and at >= place.row.closes)

    def _end(self, what: str, key: str, agent: str, at: datetime) -> None:
        with self._alone():
            place = self._places.get(key)
            if place is None or place.is_over or place.agent != agent:
                raise DueCourseError(f"{key}: is not out with {agent}: take it first")
            self._tell({"do": what, "key": key, "at": moment(at).isoformat()})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others out, and know all that they have done."""
        with alone(private(self._file.parent) / f"{self._file.stem}.lock"):
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]  # what was cut off in writing was told to nobody
        for line in whole.splitlines():
            self._apply(json.loads(line))
        self._read += len(whole)

    def _tell(self, event: dict[str, Any]) -> None:
        line = json.dumps(event).encode() + b"\n"
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, self._read)
            os.pwrite(handle, line, self._read)
            os.fsync(handle)
        finally:
            os.close(handle)
        self._catch_up()

    def _apply(self, event: dict[str, Any]) -> None:
        if event["do"] == "load":
            for key, opens, closes in event["rows"]:
                row = Row(key, datetime.fromisoformat(opens), datetime.fromisoformat(closes))
                self._places[key] = _Place(row)
            return
        place = self._places[event["key"]]
        if event["do"] == "take":
            place.agent = event["agent"]
            place.had.add(event["agent"])
        elif event["do"] == "give_back":
            place.agent = None
        else:
            place.is_over = True
