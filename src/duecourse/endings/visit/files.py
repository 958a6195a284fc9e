"""Stops and teams from files, and rounds into one: every fault one line that says where.

Places are degrees (float: they are no money).
"""

import csv
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from duecourse.endings.visit import travel
from duecourse.endings.visit.rounds import Rounds, Stop, Team, Travel
from duecourse.kernel import minutes
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import written_beside

STOPS: Final = ("reference", "latitude", "longitude", "hours", "minutes", "people", "territory")
_NEEDED: Final = ("reference", "latitude", "longitude", "hours")
_TEAM: Final = {"latitude", "longitude", "works", "people", "territories"}
_MINUTES: Final = 20  # of a visit, unless said
_MOST: Final = 2_000  # stops, or teams, of a day: the matrix of travel grows with their square
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Day:
    """What the rounds of a day are made of."""

    stops: tuple[Stop, ...]
    teams: tuple[Team, ...]
    travel: Travel


def read(stops: Path, teams: Path, ways: Path | None) -> Day:
    """Read stops (CSV) and teams (TOML), and perhaps times of travel (CSV: from, to, minutes) by their names.

    DueCourseError with file, line and what to do.
    """
    bases, speed = _teams(teams)
    places: list[tuple[float, float]] = []
    found = [_stop(f"{stops}:{line}", row, places) for line, row in _rows(stops)]
    who = []
    for name, one in bases.items():
        places.append(degrees(f"{teams}: teams.{name}", str(one.get("latitude")), str(one.get("longitude"))))
        who.append(_team(f"{teams}: teams.{name}", name, one, len(places) - 1))
    names = [*(stop.reference for stop in found), *bases]
    seconds = travel.by_file(ways, names) if ways else travel.by_coordinates(places, speed)
    return Day(tuple(found), tuple(who), seconds)


@dataclass(frozen=True)
class Base:
    """A team of a file, where it begins, and how fast teams get about there."""

    team: Team
    place: tuple[float, float]
    speed_kmh: int


def base(path: Path, name: str, number: int) -> Base:
    """Read one team of a file of teams, whose place has a number; DueCourseError where it has not this team."""
    bases, speed = _teams(path)
    if name not in bases:
        raise DueCourseError(f"{path}: has no team {name}: write [teams.{name}]")
    where, one = f"{path}: teams.{name}", bases[name]
    place = degrees(where, str(one.get("latitude")), str(one.get("longitude")))
    return Base(_team(where, name, one, number), place, speed)


def write(found: Rounds, path: Path) -> None:
    """Write the rounds as CSV: team, number on the round, reference, begins, ends. The file appears whole or not."""
    with written_beside(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("team", "number", "reference", "begins", "ends"))
        for one in found.rounds:
            for number, visit in enumerate(one.visits, 1):
                lines.writerow(
                    (one.team, number, visit.reference, minutes.clock(visit.begins), minutes.clock(visit.ends))
                )


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    names, rows = travel.rows_of(path, _MOST + 1)
    if missing := [name for name in _NEEDED if name not in names]:
        raise DueCourseError(f"{path}:1: column {missing[0]} is missing; there are {', '.join(STOPS)}")
    if len(rows) > _MOST:
        raise DueCourseError(f"{path}: more than {_MOST} visits: give a file for each part of the country")
    return [(line, {name: (row.get(name) or "").strip() for name in STOPS}) for line, row in rows]


def _stop(where: str, row: Mapping[str, str], places: list[tuple[float, float]]) -> Stop:
    if not row["reference"]:
        raise DueCourseError(f"{where}: reference is empty: it is what the sheet of the visit has")
    places.append(degrees(where, row["latitude"], row["longitude"]))
    if not row["hours"]:
        raise DueCourseError(f"{where}: hours is empty: nobody may be visited then; leave the line out")
    takes = _whole(where, "minutes", row["minutes"] or str(_MINUTES))
    people = _whole(where, "people", row["people"] or "2")
    hours = tuple(_hours(where, text) for text in row["hours"].split())
    return Stop(row["reference"], len(places) - 1, hours, takes, row["territory"], people)


def _teams(path: Path) -> tuple[dict[str, dict[str, Any]], int]:
    try:
        if path.stat().st_size > _MEGABYTE:
            raise DueCourseError(f"{path}: larger than a megabyte: this is no file of teams")
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DueCourseError(f"{path}: cannot be read as TOML: {error}") from None
    teams, speed = found.pop("teams", None), found.pop("speed_kmh", None)
    if found:
        raise DueCourseError(f"{path}: unknown key {min(found)}: there are teams and speed_kmh")
    if not isinstance(teams, dict) or not teams or not all(isinstance(one, dict) for one in teams.values()):
        raise DueCourseError(f"{path}: write a table for each team: [teams.north]")
    if not isinstance(speed, int) or isinstance(speed, bool):
        raise DueCourseError(f"{path}: speed_kmh: write how fast teams get about, such as 25")
    if len(teams) > _MOST:
        raise DueCourseError(f"{path}: more than {_MOST} teams")
    return teams, speed


def _team(where: str, name: str, one: Mapping[str, Any], place: int) -> Team:
    if unknown := one.keys() - _TEAM:
        raise DueCourseError(f"{where}: unknown key {min(unknown)}: there are {', '.join(sorted(_TEAM))}")
    territories = one.get("territories", [])
    if not isinstance(territories, list) or not all(isinstance(text, str) for text in territories):
        raise DueCourseError(f'{where}: territories: write a list of names: ["north"]')
    people = one.get("people", 2)
    if not isinstance(people, int) or not 1 <= people <= 9:
        raise DueCourseError(f"{where}: people: write how many go, 1 to 9")
    return Team(name, place, _hours(where, str(one.get("works", ""))), frozenset(territories), people)


def _hours(where: str, text: str) -> tuple[int, int]:
    first, end = (minutes.read(one) for one in text.partition("-")[::2])
    if first is None or end is None or first == minutes.DAY:
        raise DueCourseError(f"{where}: {text!r} are no hours: write 08:00-12:00")
    return first, end


def _whole(where: str, name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text):
        raise DueCourseError(f"{where}: {name}: write a whole number, not {text!r}")
    return int(text)


def degrees(where: str, latitude: str, longitude: str) -> tuple[float, float]:
    """Read a place; DueCourseError where it is none on earth."""
    try:
        found = float(latitude), float(longitude)
    except ValueError:
        raise DueCourseError(f"{where}: {latitude!r}, {longitude!r} are no degrees: write 31.2304, 121.4737") from None
    if not (-90 <= found[0] <= 90 and -180 <= found[1] <= 180):
        raise DueCourseError(f"{where}: {latitude}, {longitude} is no place on earth")
    return found
