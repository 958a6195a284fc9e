"""How calls and visits ended, and letters that came back: told by a reference, each once.

    read(path) -> [Told | Bad, ...]                 a file (CSV) of them
    Outcomes(...).take(told, at) -> whether it is new

What is told is registered where its channel keeps it, and taken in from there like anything else that comes: what was
heard becomes a withdrawal of consent, a hold, a promise. The same again is nothing new; what was told otherwise before
is refused, for a correction needs an act of its own.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.letter.posting import Posting
from duecourse.channels.transport import Heard, Received
from duecourse.channels.visit.visits import Visits
from duecourse.channels.voice.calls import Calls
from duecourse.day.intake import Intake
from duecourse.day.paper import REFERENCE
from duecourse.day.replies import Meaning
from duecourse.kernel.errors import DueCourseError

COLUMNS: Final = ("reference", "outcome", "at", "by", "recording", "said", "pay_on", "amount")
BYTES_MOST: Final = 5_000_000
ROWS_MOST: Final = 10_000
LETTERS_MOST: Final = 1_000  # of a field; how long one may be for the reader itself is set for the whole process
SAID: Final = tuple(str(one) for one in Meaning if one is not Meaning.UNREAD)
"""What may have been said: the meanings of replies."""
_FOUND: Final = """
SELECT o.key, o.channel, o.state, c.happened_at FROM outbox o JOIN contacts c ON c.id = o.contact_no
WHERE o.key >= %s AND o.key < %s LIMIT 2"""
_AFTER: Final = "g"  # behind all hexadecimal digits
_MINUTE: Final = timedelta(minutes=1)  # people write down minutes


@dataclass(frozen=True, repr=False)
class Told:
    """One outcome, as people tell it: by the reference on the paper or of the call.

    `outcome` is a word of the channel's: how a call or a visit ended, or why a letter came back. `by` is who called,
    `recording` that of a visit.
    """

    reference: str
    outcome: str
    at: datetime
    by: str = ""
    recording: str = ""
    heard: Heard = field(default_factory=Heard)


@dataclass(frozen=True)
class Bad:
    """A line of a file that tells nothing, and why; nothing of the line is quoted but names of columns."""

    line: int
    why: str


def read(path: Path) -> list[tuple[int, Told] | Bad]:
    """Read a file; each row with its line. DueCourseError of one line where it is no such file, or too large."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MOST + 1)
        if len(data) > BYTES_MOST:
            raise DueCourseError(f"{path}: is over {BYTES_MOST:,} bytes: split it")
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        names = reader.fieldnames or ()
        if not {"reference", "outcome", "at"} <= set(names) <= set(COLUMNS) or len(set(names)) < len(names):
            raise DueCourseError(f"{path}:1: has not the columns {', '.join(COLUMNS)}: mend the file")
        found = list(_rows(reader, path))
    except OSError as error:
        raise DueCourseError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise DueCourseError(f"{path}: is no CSV in UTF-8: save it as that") from None
    return found


def told(values: Mapping[str, str]) -> Told:
    """Make an outcome of the texts of its columns; DueCourseError names the column that is wrong."""
    said = tuple(dict.fromkeys(values.get("said", "").split()))
    if unknown := [word for word in said if word not in SAID]:
        raise DueCourseError(f"said: {len(unknown)} words that are none of {', '.join(SAID)}")
    pay_on, amount = values.get("pay_on", ""), values.get("amount", "")
    if (pay_on or amount) and Meaning.PROMISE not in said:
        raise DueCourseError("pay_on and amount are of a promise: write promise under said")
    if amount and not (amount.isascii() and amount.isdigit() and 0 < int(amount) < 2**63):
        raise DueCourseError("amount: is no amount in minor units: 12050 is 120.50")
    try:
        promised = date.fromisoformat(pay_on) if pay_on else None
        at = datetime.fromisoformat(values["at"])
    except ValueError:
        raise DueCourseError("at or pay_on: write 2026-11-20T17:05+01:00 and 2026-11-30") from None
    if at.tzinfo is None:
        raise DueCourseError("at: has no zone: write 2026-11-20T17:05+01:00")
    if promised and promised < at.date():
        raise DueCourseError("pay_on: is before the day on which it was promised: look at it")
    heard = Heard(said, promised, int(amount) if amount else None)
    rest = (values.get("by", ""), values.get("recording", ""))
    return Told(values["reference"], values["outcome"], at, *rest, heard)


class Outcomes:
    """Takes outcomes in; `folders` are those of the channels, by the channel's name and kind."""

    def __init__(
        self, connection: Connection[TupleRow], intake: Intake, folders: Mapping[str, tuple[str, Path]], now: datetime
    ) -> None:
        """Take a connection, and where each channel keeps what was told of it."""
        self._connection, self._intake, self._folders, self._now = connection, intake, folders, now

    def take(self, one: Told) -> bool:
        """Take an outcome in; whether it is new. DueCourseError where it cannot be one."""
        key, channel, state, happened_at = self._found(one.reference)
        if channel not in self._folders:
            raise DueCourseError(f"what has this reference went by {channel}, which tells its outcomes itself")
        if state not in {"left", "unknown", "sending"}:
            raise DueCourseError(f"what has this reference did not leave ({state}): look at the reference")
        if one.at > self._now or one.at < happened_at - _MINUTE:
            raise DueCourseError("at: is in the future, or before it left: look at the time")
        kind, folder = self._folders[channel]
        register: Posting | Visits | Calls
        if kind == "letter":
            if one.heard.said:
                raise DueCourseError("said: nobody said anything when a letter came back: leave it empty")
            register = Posting(folder)
            event = register.returned(key, one.outcome, one.at)
        elif kind == "visit":
            register = Visits(folder)
            event = register.ended(key, one.outcome, one.at, one.recording, one.heard)
        else:
            register = Calls(folder)
            event = register.ended(key, one.outcome, one.at, one.by, one.heard)
        return self._taken(channel, register.received(), event)

    def _taken(self, channel: str, received: Iterator[Received], event: Received) -> bool:
        """Take in all that was registered; whether this is new to the store."""
        new = {other.event_id for other in received if self._intake.take(channel, other)}
        return event.event_id in new

    def _found(self, reference: str) -> TupleRow:
        start = reference.replace("-", "").strip().lower()
        if len(start) < REFERENCE or not all(letter in "0123456789abcdef" for letter in start):
            raise DueCourseError("reference: write it as the paper or the call shows it: 1f0c-83ab-99d2")
        with self._connection.transaction():
            rows = self._connection.execute(_FOUND, [start, start + _AFTER]).fetchall()
        if len(rows) != 1:
            raise DueCourseError("reference: nothing has it" if not rows else "reference: two have it: write the key")
        return rows[0]


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[int, Told] | Bad]:
    for count, row in enumerate(reader, 1):
        if count > ROWS_MOST:
            raise DueCourseError(f"{path}: has over {ROWS_MOST:,} rows: split it")
        if None in row or None in row.values():
            yield Bad(reader.line_num, "has not as many columns as the first line")
            continue
        if max(map(len, row.values())) > LETTERS_MOST:
            where = f"{path}:{reader.line_num}"
            raise DueCourseError(f"{where}: a field is over {LETTERS_MOST:,} letters: is it such a file?")
        try:
            yield reader.line_num, told({name: value.strip() for name, value in row.items()})
        except DueCourseError as error:
            yield Bad(reader.line_num, str(error))
