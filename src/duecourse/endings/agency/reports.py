"""What agencies tell of placements, line by line: a strict reader that says of each line what is wrong with it.

    read(data, now) -> [(line, Report) | Bad, ...]

All lines have the same columns; which of them a line needs follows from what it tells.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from duecourse.book.schema import CHANNELS, HOLD_KINDS, OUTCOMES
from duecourse.kernel.errors import DueCourseError

COLUMNS: Final = ("id", "placement", "what", "at", "channel", "outcome", "amount", "currency", "on", "why")
ROWS_MOST: Final = 100_000
_HOLDS: Final = tuple(kind for kind in HOLD_KINDS if kind != "moratorium")  # which no agency can tell of
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "contact": ("channel", "outcome"),
    "payment": ("amount", "currency", "on"),
    "promise": ("amount", "currency", "on"),
    "return": ("why",),
    **dict.fromkeys(_HOLDS, ()),
}
"""What an agency may tell, and the columns that it fills beside id, placement, what and at; the others are empty."""
RETURNS: Final = ("uncollectable", "not_found", "deceased", "bankrupt", "disputed", "wrong_person", "other")
_ALWAYS: Final = ("id", "placement", "what", "at")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_DIGITS: Final = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Report:
    """One thing that an agency tells of a placement; `digest` is of the line. `amount` is in minor units."""

    report_id: str
    placement: int
    what: str
    at: datetime
    digest: str
    channel: str = ""
    outcome: str = ""
    amount: int = 0
    currency: str = ""
    on: date | None = None
    why: str = ""


@dataclass(frozen=True)
class Bad:
    """A line that cannot be taken in, and why; nothing of it is quoted but names of columns."""

    line: int
    why: str


def read(data: bytes, now: datetime) -> list[tuple[int, Report] | Bad]:
    """Read a file; DueCourseError of one line where it is no such file at all."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise DueCourseError(f"line 1 is not the columns {','.join(COLUMNS)}, in this order")
        return list(_lines(reader, now))
    except (UnicodeDecodeError, csv.Error):
        raise DueCourseError("it is no CSV in UTF-8: save it as that") from None


def _lines(reader: "csv.DictReader[str]", now: datetime) -> Iterator[tuple[int, Report] | Bad]:
    for count, row in enumerate(reader, 1):
        if count > ROWS_MOST:
            raise DueCourseError(f"it has over {ROWS_MOST:,} lines: split it")
        if None in row or None in row.values():
            yield Bad(reader.line_num, "has not as many columns as the first line")
            continue
        try:
            yield reader.line_num, _report(row, now)
        except DueCourseError as error:
            yield Bad(reader.line_num, str(error))


def _report(row: Mapping[str, str], now: datetime) -> Report:
    what = row["what"]
    if what not in NEEDS:
        raise DueCourseError(f"what: is none of {', '.join(NEEDS)}")
    filled = {name for name in COLUMNS if row[name]}
    if missing := [name for name in (*_ALWAYS, *NEEDS[what]) if name not in filled]:
        raise DueCourseError(f"{missing[0]}: is empty, which a {what} needs")
    if beside := filled - {*_ALWAYS, *NEEDS[what]}:
        raise DueCourseError(f"{min(beside)}: is no part of a {what}: leave it empty")
    _check(row, what)
    digest = hashlib.sha256("\x1f".join(row[name] for name in COLUMNS).encode()).hexdigest()
    return Report(
        row["id"], int(row["placement"]), what, _moment(row["at"], now), digest, row["channel"], row["outcome"],
        int(row["amount"] or 0), row["currency"], _day(row["on"]) if row["on"] else None, row["why"],
    )  # fmt: skip


def _check(row: Mapping[str, str], what: str) -> None:
    if not _ID.fullmatch(row["id"]):
        raise DueCourseError("id: is not letters, digits and . _ -, up to 60 of them")
    if not _DIGITS.fullmatch(row["placement"]):
        raise DueCourseError("placement: is no number of a placement")
    if row["amount"] and not _DIGITS.fullmatch(row["amount"]):
        raise DueCourseError("amount: is no amount above zero in minor units: 12050 is 120.50")
    for name, known in (("channel", CHANNELS), ("outcome", OUTCOMES)):
        if row[name] and row[name] not in known:
            raise DueCourseError(f"{name}: is none of {', '.join(known)}")
    if what == "return" and row["why"] not in RETURNS:
        raise DueCourseError(f"why: is none of {', '.join(RETURNS)}")


def _moment(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DueCourseError("at: write 2026-11-20T17:05:00+08:00") from None
    if at.tzinfo is None:
        raise DueCourseError("at: has no zone: write 2026-11-20T17:05:00+08:00")
    if at > now:
        raise DueCourseError("at: is in the future: look at the clock")
    return at


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DueCourseError("on: write 2026-11-20") from None
