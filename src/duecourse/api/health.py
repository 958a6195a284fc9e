"""`GET /healthz`: whether the day can work: the database, its tables, and a plan in force."""

from datetime import date
from typing import Final, Literal

import psycopg
from django.http import HttpRequest
from ninja import Field, Router, Schema
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.in_force import newest
from duecourse.kernel.errors import DueCourseError
from duecourse.store import orm
from duecourse.web.edge import Connections, edge_of

router: Final = Router()
_DONE: Final = "SELECT app, name FROM django_migrations"


class Health(Schema):
    """Whether all is well, the date of the plan in force, and what is wrong."""

    status: Literal["ok", "unwell"]
    plan: date | None = None
    wrong: list[str] = Field(default_factory=list)


@router.get("/healthz", response={200: Health, 503: Health})
def healthz(request: HttpRequest) -> tuple[int, Health]:
    """Say whether the day can work."""
    found = health(edge_of(request).connections)
    return (503 if found.wrong else 200), found


def health(connections: Connections) -> Health:
    """Look at the database; what is wrong is told in words that name no machine and nobody."""
    try:
        with connections.one() as connection:
            if not _is_current(connection):
                return _unwell("the tables are not those of this version: run `duecourse store migrate`")
            plan = newest(connection)
    except (psycopg.Error, DueCourseError):
        return _unwell("the database does not answer: run `duecourse store status`")
    return Health(status="ok", plan=plan.on) if plan else _unwell("no plan is in force: run a night with --store")


def _unwell(why: str) -> Health:
    return Health(status="unwell", wrong=[why])


def _is_current(connection: Connection[TupleRow]) -> bool:
    try:
        return orm.migrations() <= set(connection.execute(_DONE).fetchall())
    except psycopg.errors.UndefinedTable:
        return False
