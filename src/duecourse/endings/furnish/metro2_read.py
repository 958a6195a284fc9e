"""A file of Metro 2 read back, with nothing of the writer but the table of fields.

read(text) -> Read(header, accounts, trailer)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duecourse.endings.furnish.layout import BASE, HEADER, SEGMENTS, TRAILER, Record
from duecourse.kernel.errors import DueCourseError

_NAME: Final = slice(0, 2)


@dataclass(frozen=True)
class ReadAccount:
    """A base segment and what follows it; an empty text or date is None."""

    base: Mapping[str, Any]
    segments: tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(frozen=True)
class Read:
    """A file."""

    header: Mapping[str, Any]
    accounts: tuple[ReadAccount, ...]
    trailer: Mapping[str, Any]


def read(text: str) -> Read:
    """Read a file; DueCourseError for a line that is no record, or counts that are not those of the records."""
    lines = text.splitlines()
    if len(lines) < 2 or lines[0][4:10] != "HEADER" or lines[-1][4:11] != "TRAILER":
        raise DueCourseError("the file does not begin with a header and end with a trailer: it is not whole")
    accounts = tuple(_account(line, number) for number, line in enumerate(lines[1:-1], 2))
    trailer = _got(TRAILER, lines[-1], len(lines))
    if trailer["bases"] != len(accounts):
        raise DueCourseError(f"the trailer counts {trailer['bases']} accounts, there are {len(accounts)}: not whole")
    return Read(_got(HEADER, lines[0], 1), accounts, trailer)


def _account(line: str, number: int) -> ReadAccount:
    base = _got(BASE, line[: BASE.length], number)
    if base["length"] != len(line):
        raise DueCourseError(f"line {number} says it has {base['length']} bytes, and has {len(line)}: it is not whole")
    rest, segments = line[BASE.length :], list[tuple[str, Mapping[str, Any]]]()
    while rest:
        record = SEGMENTS.get(rest[_NAME])
        if record is None:
            raise DueCourseError(f"line {number} has a segment '{rest[_NAME]}': it is one of {', '.join(SEGMENTS)}")
        segments.append((record.name, _got(record, rest[: record.length], number)))
        rest = rest[record.length :]
    return ReadAccount(base, tuple(segments))


def _got(record: Record, text: str, number: int) -> dict[str, Any]:
    if len(text) != record.length:
        raise DueCourseError(f"line {number} is no {record.name} of {record.length} bytes: it has {len(text)}")
    found: dict[str, Any] = {}
    for field in record.fields:
        part = text[field.slice]
        try:
            found[field.name] = _value(field.kind, part)
        except ValueError:
            raise DueCourseError(f"line {number}: '{part}' in {field.name} is no {field.kind}") from None
    return found


def _value(kind: str, part: str) -> str | int | date | None:
    if kind == "number":
        return int(part)
    if kind == "date":
        return None if not part.strip("0") else date(int(part[4:]), int(part[:2]), int(part[2:4]))
    return part.rstrip() or None
