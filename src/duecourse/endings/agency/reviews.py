"""When each agency is looked at: once a year, and once before its contract ends (GB/T 45251-2025, 5.4).

due(connection, on) -> [Due, ...]
note(connection, Review(...), who)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings.agency import register
from duecourse.endings.agency.register import Agency
from duecourse.endings.deciding import refuse_unnamed
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain

AHEAD_DAYS: Final = 60
"""So many days before its last day a review is on the list."""
OUTCOMES: Final = ("continue", "limit", "end")
_MARKS: Final = range(1, 6)
_LAST: Final = "SELECT agency_id, why, max(reviewed_on) FROM agency_review GROUP BY 1, 2"
_NOTE: Final = """
INSERT INTO agency_review (agency_id, why, reviewed_on, conduct, results, security, outcome, note, reviewed_by, at)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, id, %s FROM staff WHERE user_id = %s AND is_active
ON CONFLICT DO NOTHING"""


class Why(StrEnum):
    """Why an agency is looked at."""

    YEARLY = "yearly"
    END_OF_TERM = "end_of_term"


@dataclass(frozen=True)
class Due:
    """A review that is to be made by a day."""

    agency_id: str
    why: Why
    by: date
    is_late: bool


@dataclass(frozen=True)
class Review:
    """What was found: marks from 1 (bad) to 5 for conduct, results and information security, and what follows."""

    agency_id: str
    why: Why
    conduct: int
    results: int
    security: int
    outcome: str
    note: str = ""


def due(connection: Connection[TupleRow], on: date) -> list[Due]:
    """Return the reviews that are due within AHEAD_DAYS or late, the first to be made first."""
    with connection.transaction():
        last = {(name, why): day for name, why, day in connection.execute(_LAST).fetchall()}
    found = [one for agency in register.standing(connection).values() for one in _of(agency, last, on)]
    return sorted((one for one in found if one.by <= on + timedelta(days=AHEAD_DAYS)), key=lambda one: one.by)


def note(connection: Connection[TupleRow], review: Review, who: Who) -> bool:
    """Note a review; False where it was noted on this day already. DueCourseError where it cannot be one."""
    register.one(connection, review.agency_id)
    refuse_unnamed(connection, who.by)
    marks = (review.conduct, review.results, review.security)
    if any(mark not in _MARKS for mark in marks) or review.outcome not in OUTCOMES:
        raise DueCourseError(f"a review has marks from 1 to 5, and ends in {', '.join(OUTCOMES)}")
    with connection.transaction(), connection.cursor() as cursor:
        values = [review.agency_id, review.why, who.on, *marks, review.outcome, review.note, who.at, who.by]
        if cursor.execute(_NOTE, values).rowcount == 0:
            return False
        said = {"why": review.why, "marks": list(marks), "outcome": review.outcome}
        chain.append_own(cursor, [chain.Draft(who.at, "agency.reviewed", who.by, said, review.agency_id, plain=True)])
        return True


def _of(agency: Agency, last: dict[tuple[str, str], date], on: date) -> Iterable[Due]:
    terms = agency.terms
    yearly = _next_year(last.get((agency.agency_id, Why.YEARLY), terms.contract_from))
    yield Due(agency.agency_id, Why.YEARLY, yearly, yearly < on)
    ended = last.get((agency.agency_id, Why.END_OF_TERM))
    if ended is None or ended < terms.contract_from:
        yield Due(agency.agency_id, Why.END_OF_TERM, terms.contract_until, terms.contract_until < on)


def _next_year(day: date) -> date:
    """Return the same day of the next year; of a 29th of February the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
