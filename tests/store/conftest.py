"""One server with tables for all tests of this folder that need one; each finds the tables empty."""

from collections.abc import Iterator

import psycopg
import pytest

from duecourse.store import orm
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.store.server import OWNER
from tests.store.folders import reachable

_CHAIN = ("audit_entry", "audit_head")
_TABLES = """SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'django_migrations'"""


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
    """Take every row out of a store."""
    orm.connect(place)
    with psycopg.connect(place.url(OWNER), autocommit=True) as connection:
        row = connection.execute(_TABLES).fetchone()
        for table in _CHAIN:  # which nobody empties but its owner, by taking away what refuses it
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_stays".encode())
        connection.execute(f"TRUNCATE {row[0] if row else ''} RESTART IDENTITY CASCADE".encode())
        for table in _CHAIN:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays".encode())
    return place


@pytest.fixture
def ring(store: Place) -> Keyring:
    return Keyring.read(store.keys)
