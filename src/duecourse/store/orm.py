"""Django over the operational database: tables, migrations, queries.

connect(place)       models may be used from here on, as the application's role
migrate(place)       tables as this version has them, as the owner's role
"""

from contextlib import suppress
from functools import cache
from typing import Any, Final

from django.apps import AppConfig
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg.conninfo import conninfo_to_dict

from duecourse.kernel.errors import DueCourseError
from duecourse.store.place import Place, unreachable
from duecourse.store.server import APP, OWNER

_OWNED: Final = "owner"  # the name of the connection that migrates


class Store(AppConfig):
    """The tables of `duecourse.store.models`."""

    name = "duecourse.store"
    label = "store"


def connect(place: Place) -> None:
    """Let Django's models use the database of a place; again, for another place.

    DueCourseError when it cannot be reached, or its tables are of another version.
    """
    _point_at(place)
    if _steps("default"):
        raise DueCourseError("the tables are not those of this version: run `duecourse store migrate`")


def name(place: Place) -> None:
    """Say which database Django's models use, without connecting: it may not run yet."""
    connections.close_all()
    databases = {"default": _database(place.url(APP)), _OWNED: _database(place.url(OWNER))}
    connections.databases.update(connections.configure_settings(databases))
    for alias in databases:
        with suppress(AttributeError):  # where this thread has not connected yet
            del connections[alias]


def _point_at(place: Place) -> None:
    name(place)
    try:
        connections["default"].ensure_connection()
    except OperationalError as error:
        raise unreachable(error) from None


def _steps(connection: str) -> list[str]:
    """Return the names of the migrations that are still to be done."""
    found = MigrationExecutor(connections[connection])
    return [migration.name for migration, _ in found.migration_plan(found.loader.graph.leaf_nodes())]


@cache
def migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations of this version, each by its application and its name, without asking a database."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def migrate(place: Place) -> list[str]:
    """Bring the tables to this version, and name what was done; what they hold stays.

    DueCourseError when the database cannot be reached.
    """
    _point_at(place)
    try:
        steps = _steps(_OWNED)
        call_command("migrate", database=_OWNED, verbosity=0, interactive=False)
    finally:
        connections[_OWNED].close()
    return steps


def _database(url: str) -> dict[str, Any]:
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        # Statements are bound and prepared on the server: judged in a tenth of a millisecond, not in two.
        "OPTIONS": {**parts, "server_side_binding": True, "prepare_threshold": 5},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
