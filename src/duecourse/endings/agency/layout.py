"""The folders that an agency and we share, as SFTP shows them, and files that are whole or not there.

    <folder>/out/north-000017-placements.csv           for the agency
    <folder>/out/north-000017-placements.csv.sha256    comes last: with it the file is whole
    <folder>/in/...csv and ...csv.sha256               of the agency, likewise
    <folder>/done/                                     what was taken in
    <folder>/error/                                    what could not be, and which lines of it and why

A checksum is that of `sha256sum`: the hash, two blanks, the file's name.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from duecourse.channels.kept import private, write
from duecourse.kernel.errors import DueCourseError

BYTES_MOST: Final = 20_000_000
SUM: Final = ".sha256"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.csv")
_HASH: Final = re.compile(r"([0-9a-f]{64})(?:[ \t].*)?\s*")


@dataclass(frozen=True)
class Layout:
    """The folders of one agency."""

    folder: Path

    def make(self) -> None:
        """Make those that are not there; only their owner may enter them."""
        for name in ("out", "in", "done", "error"):
            private(self.folder / name)

    def waiting(self) -> list[Path]:
        """Return the files that came in, in the order of their names."""
        return sorted(path for path in (self.folder / "in").glob("*.csv") if path.is_file() and not path.is_symlink())

    def put(self, name: str, data: bytes) -> str:
        """Write a file for the agency, and then its checksum, which is returned; the same again is the same."""
        digest = hashlib.sha256(data).hexdigest()
        write(self.folder / "out" / name, data)
        write(self.folder / "out" / f"{name}{SUM}", f"{digest}  {name}\n".encode())
        return digest

    def move(self, path: Path, to: str) -> None:
        """Move a file that came in to another folder, and its checksum after it."""
        for name in (path.name, f"{path.name}{SUM}"):
            found = path.with_name(name)
            if found.exists():
                found.replace(self.folder / to / name)


def read(path: Path) -> tuple[bytes, str] | None:
    """Return what a file holds and its hash; None where its checksum is not there yet.

    DueCourseError where it is not what its checksum says, has no proper name, or is too large.
    """
    beside = path.with_name(f"{path.name}{SUM}")
    if not beside.exists():
        return None
    if not _NAME.fullmatch(path.name):
        raise DueCourseError("its name is not letters, digits, . _ - and .csv: give it another")
    if path.stat().st_size > BYTES_MOST:
        raise DueCourseError(f"it is over {BYTES_MOST:,} bytes: split it")
    said = _HASH.fullmatch(beside.read_text(encoding="utf-8", errors="replace")[:500].lower())
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if said is None or said[1] != digest:
        raise DueCourseError("it is not what its checksum says: send both again")
    return data, digest


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return rows as CSV in UTF-8: a head, lines that end with a line feed, nothing where there is no value."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    for row in rows:
        lines.writerow(["" if row.get(name) is None else str(row[name]) for name in columns])
    return text.getvalue().encode()
