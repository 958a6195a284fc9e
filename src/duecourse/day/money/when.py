"""When money is dealt with: the moment, the business date of it, and by whom."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.in_force import zone_of


@dataclass(frozen=True)
class When:
    """A moment with its business date, and who acts: a user or a process, never a person by name."""

    at: datetime
    on: date
    by: str


def when(connection: Connection[TupleRow], at: datetime, by: str) -> When:
    """Return a moment with its day in the zone of the plan in force."""
    return When(at, at.astimezone(ZoneInfo(zone_of(connection))).date(), by)
