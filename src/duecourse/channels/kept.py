"""What channels keep on this machine: files that only their owner reads, which appear whole, once, and last.

write(path, data)                        one such file
Inbox(folder).put(name, events)          what came in, kept until it was read
Inbox(folder).unread() -> Iterator       in the order in which it came

All of it is personal: it lies in a folder that nobody else may enter.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Final

from duecourse.channels.transport import Heard, Received, What
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone, written_beside

_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def safe(what: str, name: str) -> str:
    """Return a key or an id that may be the name of a file; DueCourseError when it may not. It is not shown."""
    if not _SAFE.fullmatch(name):
        raise DueCourseError(f"{what}: must be up to 100 letters, digits and . _ -, the first no mark: give another")
    return name


def private(folder: Path) -> Path:
    """Make a folder that only its owner may enter, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; it appears whole or not at all, and lasts."""
    with written_beside(path, lasting=True) as beside:
        beside.touch(mode=0o600, exist_ok=False)
        beside.write_bytes(data)


def moment(at: datetime) -> datetime:
    """Return a moment that has its zone; DueCourseError for one that has none."""
    if at.tzinfo is None:
        raise DueCourseError(f"{at:%Y-%m-%d %H:%M}: has no zone: say which it is in")
    return at


class Inbox:
    """What came in, in files of one or more events. A file is kept under a name, which it never shares with another."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when it is needed."""
        self._folder = folder
        self._new, self._read = folder / "new", folder / "read"

    def put(self, name: str, events: Sequence[Received]) -> tuple[Received, ...]:
        """Keep events under a name; the same under the same name again is nothing new.

        DueCourseError when the name has other events: what was told is corrected by something new, under its own name.
        """
        data = b"".join(_line(event) for event in events)
        with self._alone():
            kept = self._kept(name)
            if kept is None:
                last = max((int(path.name.partition(".")[0]) for path in self._waiting()), default=0)
                write(self._new / f"{last + 1:09d}.{name}.jsonl", data)
            elif kept.read_bytes() != data:
                raise DueCourseError(f"{name}: was told already, and otherwise: a correction needs an act of its own")
        return tuple(events)

    def unread(self) -> Iterator[Received]:
        """Yield what was not read yet. What a reader did not come back from is yielded again."""
        for path in self._waiting():
            yield from _events(path.read_bytes())
            with self._alone(), suppress(FileNotFoundError):  # another reader has read it too
                path.rename(self._read / path.name.partition(".")[2])

    def named(self, name: str) -> tuple[Received, ...] | None:
        """Return the events that a name has, read or not; None where it has none."""
        kept = self._kept(name)
        return None if kept is None else tuple(_events(kept.read_bytes()))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        for folder in (self._new, self._read):
            private(folder)
        with alone(self._folder / "lock"):
            yield

    def _kept(self, name: str) -> Path | None:
        read = self._read / f"{name}.jsonl"
        if read.exists():
            return read
        return next((path for path in self._waiting() if path.name.partition(".")[2] == read.name), None)

    def _waiting(self) -> list[Path]:
        return sorted(self._new.glob("*.jsonl"))


def _line(event: Received) -> bytes:
    fields = asdict(event) | {"at": moment(event.at).isoformat()}
    return json.dumps(fields, ensure_ascii=False, default=date.isoformat).encode() + b"\n"


def _events(data: bytes) -> Iterator[Received]:
    for line in data.splitlines():  # of bytes: only at the ends of lines that we wrote
        fields = json.loads(line)
        heard = fields["heard"]
        pay_on = date.fromisoformat(heard["pay_on"]) if heard["pay_on"] else None
        read = {
            "what": What(fields["what"]),
            "at": datetime.fromisoformat(fields["at"]),
            "heard": Heard(tuple(heard["said"]), pay_on, heard["amount"]),
        }
        yield Received(**fields | read)
