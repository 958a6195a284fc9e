"""One server with tables for all tests of this folder that need one; each finds the tables empty."""

from collections.abc import Iterator

import psycopg
import pytest

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


@pytest.fixture(scope="session")
def made() -> Iterator[Place]:
    with reachable() as folder:
        place = Place(folder, None, folder / "keys.json")
        place.make_keys()
        place.server.start()
        orm.migrate(place)
        yield place
        place.server.stop()


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
