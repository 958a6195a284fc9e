"""One server with tables for all tests of a process that need one; each finds the tables empty."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from duecourse.kernel.files import alone
from duecourse.store import orm
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.store.folders import reachable

_CHAIN = ("audit_entry", "audit_head")
_TABLES = """SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'django_migrations' ORDER BY tablename"""
_LARGE = 500_000  # bytes
_USED = """SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename NOT LIKE 'django%'"""


_SHARED = "DUECOURSE_TESTS_SHARED"


def share() -> None:
    """Make a folder for what all processes of a run share; those that are begun from here find it by its name."""
    folder = tempfile.mkdtemp(prefix="tests-")
    Path(folder).chmod(0o755)  # a database in it is of an account of its own
    os.environ[_SHARED] = folder


def shared() -> Path:
    """Return the folder that all processes of this run share."""
    return Path(os.environ[_SHARED])


def copied(template: Path, folder: Path, make: Callable[[Path], Place]) -> Place:
    """Begin a store as a copy of one that is made once for all processes of a run: to make one takes seconds."""
    with alone(template.with_name(f"{template.name}.lock")):
        if not (template / "whole").exists():
            make(template).made().stop()
            (template / "whole").touch()
    subprocess.run(["cp", "-a", str(template), str(folder)], check=True)  # noqa: S603, S607  with owners, as root too
    kept = folder / "server.json"
    kept.write_text(json.dumps(json.loads(kept.read_text(encoding="utf-8")) | {"base": None}), encoding="utf-8")
    place = Place(folder, None, folder / "keys.json")
    place.server.start()
    return place


def _with_tables(folder: Path) -> Place:
    place = Place(folder, None, folder / "keys.json")
    place.make_keys()
    place.server.start()
    orm.migrate(place)
    return place


@contextmanager
def running() -> Iterator[Place]:
    """Give a server with tables, for as long as it is needed."""
    with reachable() as folder:
        place = copied(shared() / "tables", folder, _with_tables)
        orm.connect(place)
        yield place
        place.server.stop()


@pytest.fixture(scope="session")
def made() -> Iterator[Place]:
    with running() as place:
        yield place


@pytest.fixture
def store(made: Place) -> Place:
    """Give a store without a row, to which Django's models are connected."""
    return emptied(made)


def emptied(place: Place) -> Place:
    """Take every row out of a store, and begin all numbers anew.

    To truncate takes new files for each of seventy tables and their indexes, though most have no row.
    """
    orm.connect(place)
    with psycopg.connect(place.url(ADMIN), autocommit=True) as connection:
        tables = [str(name) for (name,) in connection.execute(_TABLES).fetchall()]
        filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
        for table in _CHAIN:  # which nobody empties but its owner, by taking away what refuses it
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        connection.execute("SET session_replication_role = replica")  # in any order, whatever refers to what
        for (name,) in connection.execute(filled.encode()).fetchall():
            connection.execute(f"DELETE FROM {name}".encode())
            ((size,),) = connection.execute("SELECT pg_relation_size(%s::regclass)", [name]).fetchall()
            if size > _LARGE:  # whoever looks into it would pass all that is gone
                connection.execute(f"VACUUM {name}".encode())
        for (name,) in connection.execute(_USED).fetchall():
            connection.execute("SELECT setval(%s::regclass, 1, false)", [name])
        for table in _CHAIN:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays".encode())
    return place


@pytest.fixture
def ring(store: Place) -> Keyring:
    return Keyring.read(store.keys)
