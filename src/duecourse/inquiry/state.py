"""What a party counts and remembers: one small file that its processes share, written by one of them at a time."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.wire import Said

_FORGET_EVERY: Final = 1_000  # requests
_NONCES: Final = "create table if not exists nonces (nonce text primary key, until text not null) strict;"


class State:
    """The file. What waits for its turn waits at a lock of the system, which wakes it: SQLite's own way is to sleep."""

    def __init__(self, folder: Path, tables: str) -> None:
        """Open or begin `state.sqlite` in the folder, with these tables."""
        folder.mkdir(parents=True, exist_ok=True)
        self._turn = os.open(folder / "state.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock, self._calls, self._lasting = Lock(), 0, True
        self._db = sqlite3.connect(folder / "state.sqlite", check_same_thread=False, isolation_level=None)
        with self._alone():
            self._db.executescript("pragma journal_mode=wal;" + _NONCES + tables)

    def ask(self, text: str, *values: Any) -> list[Any]:
        """Return the rows of a query."""
        with self._lock:
            return self._db.execute(text, values).fetchall()

    @contextmanager
    def changing(self, *, lasting: bool = False) -> Iterator[sqlite3.Connection]:
        """Do all of the block or nothing, and nothing beside it; where it is `lasting`, over a power cut too."""
        with self._alone():
            if lasting is not self._lasting:
                self._db.execute(f"pragma synchronous={'full' if lasting else 'normal'}")
                self._lasting = lasting
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    @contextmanager
    def once(self, said: Said, now: datetime, *, lasting: bool = False) -> Iterator[sqlite3.Connection]:
        """Change the state, as `changing` does, for a request. Refused (`replayed`) when it was made before."""
        with self.changing(lasting=lasting) as db:
            try:
                db.execute("insert into nonces values (?, ?)", (said.nonce, _text(said.until)))
            except sqlite3.IntegrityError:
                raise Refused(Check.REPLAYED, "this very request was made before") from None
            self._calls += 1
            if self._calls % _FORGET_EVERY == 0:
                db.execute("delete from nonces where until < ?", (_text(now),))
            yield db

    def close(self) -> None:
        """Close the file."""
        self._db.close()
        os.close(self._turn)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
