"""The rounds of a team's day out of its open batch of sheets: hours from the plan, places from a file of the lender's.

    day = of_batch(connection, batches, batch, team, places)
    found = rounds(day.stops, [team], day.travel)
    put_in_order(batches, batch, found, day)

Places are by borrower, in degrees, and are read and forgotten: the store keeps addresses sealed, and no map. What has
no place, or fits into no round, goes to the end of the batch and is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.batches import Batches
from duecourse.day.paper import reference_of
from duecourse.endings.visit import files, travel
from duecourse.endings.visit.rounds import Rounds, Stop, Team, Travel
from duecourse.kernel import minutes
from duecourse.kernel.errors import DueCourseError

PLACES: Final = ("borrower", "latitude", "longitude")
_MINUTES: Final = 20  # of a visit
_PEOPLE: Final = 2  # nobody visits alone
_MOST: Final = 1_000_000  # borrowers in a file of places
_SHEETS: Final = """
SELECT o.key, b.borrower_id, a.opens_at, a.closes_at, coalesce(c.zones[1], 'UTC') FROM outbox o
JOIN borrower b ON b.id = o.borrower_no JOIN collection_case c ON c.borrower_no = o.borrower_no
JOIN verdict v ON v.borrower_no = o.borrower_no AND v.contact_no = o.contact_no
LEFT JOIN planned_act a ON a.id = v.planned_act_no WHERE o.key = ANY(%s) ORDER BY o.key"""


@dataclass(frozen=True)
class Day:
    """What the round of a batch is made of; `keys` are by the references of sheets, `nowhere` those without a place."""

    stops: tuple[Stop, ...]
    teams: tuple[Team, ...]
    travel: Travel
    keys: Mapping[str, str]
    nowhere: tuple[str, ...]


def of_batch(
    connection: Connection[TupleRow], batches: Batches, batch: str, teams: Path, places: Path, ways: Path | None = None
) -> Day:
    """Return what the round of an open batch is made of: its team is that of the batch's name, <day>-<team>.

    DueCourseError where the batch is not open, the file of teams has not this team, or a file is wrong.
    """
    waiting = batches.waiting(batch)
    if not waiting:
        raise DueCourseError(f"{batch}: has no open sheets: a round is made before they are handed out")
    name = batch[11:]
    with connection.transaction():
        rows = connection.execute(_SHEETS, [list(waiting)]).fetchall()
    known = _places(places, {str(row[1]) for row in rows})
    spots, stops, nowhere = list[tuple[float, float]](), list[Stop](), list[str]()
    for key, borrower, opens, closes, zone in rows:
        hours = _hours(opens, closes, ZoneInfo(zone))
        if borrower in known and hours:
            spots.append(known[borrower])
            stops.append(Stop(reference_of(key), len(spots) - 1, hours, _MINUTES, people=_PEOPLE))
        else:
            nowhere.append(reference_of(key))
    base = files.base(teams, name, len(spots))
    names = [*(stop.reference for stop in stops), name]
    seconds = travel.by_file(ways, names) if ways else travel.by_coordinates([*spots, base.place], base.speed_kmh)
    team = replace(base.team, territories=frozenset[str]())  # whose sheets these are is decided
    return Day(tuple(stops), (team,), seconds, {reference_of(str(row[0])): str(row[0]) for row in rows}, tuple(nowhere))


def put_in_order(batches: Batches, batch: str, found: Rounds, day: Day) -> None:
    """Let the sheets of a batch stand in the order of the round; the others behind them."""
    visited = [visit.reference for one in found.rounds for visit in one.visits]
    batches.order(batch, [day.keys[reference] for reference in visited])


def _hours(opens: datetime | None, closes: datetime | None, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """Return within which minutes of the day a visit may be made, by the borrower's clock; a slot is of one day."""
    if opens is None or closes is None:
        return ()
    first, last = opens.astimezone(zone), closes.astimezone(zone)
    ends = minutes.DAY if last.date() > first.date() else last.hour * 60 + last.minute
    return ((first.hour * 60 + first.minute, ends),)


def _places(path: Path, wanted: set[str]) -> dict[str, tuple[float, float]]:
    """Read where some borrowers live; DueCourseError with file, line and what to do. Nothing of others is kept."""
    names, rows = travel.rows_of(path, _MOST)
    if missing := [name for name in PLACES if name not in names]:
        raise DueCourseError(f"{path}:1: column {missing[0]} is missing; there are {', '.join(PLACES)}")
    found: dict[str, tuple[float, float]] = {}
    for line, row in rows:
        borrower = (row["borrower"] or "").strip()
        if borrower in wanted:
            if borrower in found:
                raise DueCourseError(f"{path}:{line}: {borrower} stands twice: give each borrower once")
            found[borrower] = files.degrees(f"{path}:{line}", row["latitude"] or "", row["longitude"] or "")
    return found
