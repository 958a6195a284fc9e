"""When money is dealt with: the moment, the business date of it, and by whom."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

_ZONE: Final = "SELECT zone FROM plan ORDER BY planned_on DESC LIMIT 1"


@dataclass(frozen=True)
class When:
    """A moment with its business date, and who acts: a user or a process, never a person by name."""

    at: datetime
    on: date
    by: str


def when(connection: Connection[TupleRow], at: datetime, by: str) -> When:
    """Return a moment with its day in the zone of the plan in force."""
    return When(at, at.astimezone(ZoneInfo(zone_of(connection))).date(), by)


def zone_of(connection: Connection[TupleRow]) -> str:
    """Return the zone of the plan in force, by its name; UTC where none was published."""
    with connection.transaction():
        row = connection.execute(_ZONE).fetchone()
    return str(row[0]) if row else "UTC"
