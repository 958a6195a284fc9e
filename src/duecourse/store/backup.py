"""Backups: a folder with all rows of one moment and a list of what must be in it; restored into an empty store.

    backup(place, folder)     the database as it is at one moment, while the day goes on
    restore(place, folder)    the same rows in another store, counted
    verify(place, ring)       whether everything sealed can be read

The master keys are not in a backup: without a copy of them nothing personal in it can be read.
"""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import duecourse
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import written_aside
from duecourse.store import orm
from duecourse.store.account import programs
from duecourse.store.grants import GRANTS
from duecourse.store.keys import Keyring
from duecourse.store.models import Person
from duecourse.store.place import Place
from duecourse.store.sealed import SEALED, WRAPPED, keys, looks
from duecourse.store.server import OWNER

_ROWS: Final = "rows.dump"
_LIST: Final = "backup.json"
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True)
class Verified:
    """What was looked at: people of whom all opens, people erased, sealed values that open, and whose do not open."""

    people: int
    erased: int
    values: int
    unreadable: tuple[str, ...]


def backup(place: Place, folder: Path) -> dict[str, int]:
    """Write a backup into a new folder, whole or not at all; return how many rows of each table it holds.

    Rows are those of one moment. DueCourseError when the folder is there, or the database cannot be reached.
    """
    if folder.exists():
        raise DueCourseError(f"{folder}: is there already: name a new folder for each backup")
    with written_aside(folder) as aside, place.connected(OWNER) as connection:
        aside.chmod(0o700)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        ((snapshot,),) = connection.execute("SELECT pg_export_snapshot()").fetchall()
        counts = _counts(connection)
        with (aside / _ROWS).open("xb") as file:
            options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
            _run(place, "pg_dump", *options, writes=file)
        told = {"duecourse": duecourse.__version__, "counts": counts, "sha256": _digest(aside / _ROWS)}
        (aside / _LIST).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return counts


def restore(place: Place, folder: Path) -> dict[str, int]:
    """Put the rows of a backup into a store that has none, all or nothing, and bring its tables to this version.

    The embedded server is made and started if need be. Return how many rows each table has. DueCourseError when the
    backup is not whole, or the store is not empty.
    """
    counts = _read(folder)
    if not place.address:
        place.server.start()
    with place.connected(OWNER) as connection:
        there = connection.execute(_TABLES.encode()).fetchall()
    if there:
        raise DueCourseError("the store has tables already: restore into a new one (`--store` names its folder)")
    with (folder / _ROWS).open("rb") as file:
        options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        _run(place, "pg_restore", *options, reads=file)
    with place.connected(OWNER) as connection:
        connection.execute(GRANTS)
        found = _counts(connection)
    wrong = [f"{name}: {found.get(name, 0)} of {rows}" for name, rows in counts.items() if found.get(name) != rows]
    if wrong:
        raise DueCourseError(f"{folder}: not all rows were restored ({', '.join(wrong)}): do not use this store")
    orm.migrate(place)
    return found


def verify(place: Place, ring: Keyring) -> Verified:
    """Open every key and every value that is sealed in the store, and name those of whom something does not open."""
    orm.connect(place)
    living, values, unreadable = 0, 0, dict[str, bool]()
    with place.connected() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for look in chain.from_iterable(keys(ring, wrapping) for wrapping in WRAPPED):
            living += look.is_persons
            unreadable |= {} if look.opens else {look.whose: look.is_persons}
        for look in chain.from_iterable(looks(connection, ring, sealed) for sealed in SEALED):
            values += look.opens is True
            unreadable |= {look.whose: look.is_persons} if look.opens is False else {}
    erased = Person.objects.filter(wrapped_key=None).count()
    return Verified(living - sum(unreadable.values()), erased, values, tuple(unreadable))


def _read(folder: Path) -> dict[str, int]:
    """Return how many rows of each table a backup holds; DueCourseError when it is not whole."""
    try:
        told: dict[str, Any] = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        counts, digest = {str(name): int(rows) for name, rows in told["counts"].items()}, str(told["sha256"])
        found = _digest(folder / _ROWS)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DueCourseError(
            f"{folder}: is no backup ({type(error).__name__}): name the folder that one wrote"
        ) from error
    if found != digest:
        raise DueCourseError(f"{folder / _ROWS}: was changed since it was written, or is cut off: take another backup")
    return counts


def _counts(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, int]:
    """Count the rows of every table, as one moment sees them."""
    counts = {}
    for (name,) in connection.execute(_TABLES.encode()).fetchall():
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        counts[str(name)] = int(row[0]) if row else 0
    return counts


def _run(
    place: Place, program: str, *arguments: str, reads: IO[bytes] | None = None, writes: IO[bytes] | None = None
) -> None:
    """Run a program of PostgreSQL as the owner; the password goes by the environment, not where all can see it."""
    parts = conninfo_to_dict(place.url(OWNER))
    password = str(parts.pop("password", None) or os.environ.get("PGPASSWORD", ""))
    done = subprocess.run(  # noqa: S603  the programs are those of the wheel
        [str(programs() / program), *arguments, f"--dbname={make_conninfo(**{k: str(v) for k, v in parts.items()})}"],
        env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": password},
        stdin=reads or subprocess.DEVNULL,
        stdout=writes or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise DueCourseError(f"{program} did not succeed: {said}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
