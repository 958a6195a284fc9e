"""A folder that mails come in by, as qmail's maildir: `tmp` while written, `new` once whole, `cur` once passed on.

A mail server, fetchmail or our own receiver fills it; a mail is there whole or not at all. Mails lie there in the
clear: only the account that runs DueCourse should enter it, and what is in `cur` may be deleted.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import settle

BYTES_MAX: Final = 50_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Maildir:
    """A maildir; of a mail in it no more than `bytes_max` is read."""

    folder: Path
    bytes_max: int = BYTES_MAX

    def make(self) -> None:
        """Make the folder and its three parts, for its owner only; what is there stays as it is."""
        for part in ("", "tmp", "new", "cur"):
            (self.folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, mail: bytes) -> None:
        """Add a mail; when this returns it is on the disk. OSError when it could not be written."""
        name = uuid4().hex
        written, whole = self.folder / "tmp" / name, self.folder / "new" / name
        try:
            with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(mail)
                file.flush()
                os.fsync(file.fileno())
            written.rename(whole)
        finally:
            written.unlink(missing_ok=True)
        settle(whole.parent)

    def mails(self) -> Iterator[tuple[bytes, datetime]]:
        """Yield each new mail with the moment it came, oldest first; it counts as passed on when the next is asked for.

        DueCourseError when the folder cannot be read.
        """
        try:
            for _, name in sorted(_whole(self.folder / "new")):
                path = self.folder / "new" / name
                found = _read(path, self.bytes_max)
                if found is not None:
                    yield found
                    with suppress(FileNotFoundError):  # another process has done so
                        path.rename(self.folder / "cur" / f"{name.partition(':')[0]}:2,S")
        except OSError as error:
            raise DueCourseError(
                f"{self.folder}: mails cannot be read ({type(error).__name__}): give this account the folder"
            ) from None


def _whole(folder: Path) -> Iterator[tuple[int, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                yield entry.stat(follow_symlinks=False).st_mtime_ns, entry.name


def _read(path: Path, bytes_max: int) -> tuple[bytes, datetime] | None:
    """Read a mail and when it came; None when another process took it meanwhile."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        known = os.fstat(file.fileno())
        if not stat.S_ISREG(known.st_mode):
            return None
        # Down to whole microseconds, the finest that a datetime has.
        return file.read(bytes_max), _EPOCH + timedelta(microseconds=known.st_mtime_ns // 1000)
