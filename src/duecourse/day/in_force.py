"""The plan in force: the last one that was published."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError

_PLAN: Final = """
SELECT planned_on, zone, strategy_hash, plan_hash, published_at FROM plan ORDER BY planned_on DESC LIMIT 1"""


@dataclass(frozen=True)
class InForce:
    """A plan by its day, and what it was worked out with."""

    on: date
    zone: str
    strategy_hash: str
    plan_hash: str
    published_at: datetime


def newest(connection: Connection[TupleRow]) -> InForce | None:
    """Return the plan in force; None where none was published."""
    with connection.transaction():
        row = connection.execute(_PLAN).fetchone()
    return InForce(*row) if row else None


def in_force(connection: Connection[TupleRow]) -> InForce:
    """Return the plan in force; DueCourseError where none was published."""
    found = newest(connection)
    if found is None:
        raise DueCourseError("no plan was published: run the night with `duecourse run BOOK --on DAY --store FOLDER`")
    return found


def zone_of(connection: Connection[TupleRow]) -> str:
    """Return the zone of the plan in force, by its name; UTC where none was published."""
    found = newest(connection)
    return found.zone if found else "UTC"
