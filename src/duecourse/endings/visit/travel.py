"""How long it takes from each place to each: from coordinates, or from a file that somebody has worked out.

A float here is a distance on the earth, never money: what comes out are whole seconds.
float: distances on a sphere have no other form.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from duecourse.kernel.errors import DueCourseError

EARTH_METRES: Final = 6_371_009  # mean radius, IUGG
DETOUR: Final = 1.3  # streets beside the straight line; Boscoe and others (2012) measure 1.3 to 1.4
_LONGEST: Final = 24 * 60  # minutes from one place to another, at most
_PLACES_MOST: Final = 2_000


def by_coordinates(places: Sequence[tuple[float, float]], kilometres_per_hour: int) -> list[list[int]]:
    """Return seconds between places, given as (latitude, longitude) in degrees; DueCourseError for none such.

    By the great circle, a detour for the streets, and one speed.
    """
    if kilometres_per_hour < 1:
        raise DueCourseError(f"a speed of {kilometres_per_hour} km/h gets nobody anywhere")
    if wrong := [place for place in places if not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180)]:
        raise DueCourseError(f"{wrong[0][0]}, {wrong[0][1]} is no latitude and longitude in degrees")
    if not places:
        return []
    latitude, longitude = np.radians(np.array(places, dtype=np.float64)).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude)[:, None] * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    metres = 2 * EARTH_METRES * np.arcsin(np.sqrt(np.clip(half, 0, 1))) * DETOUR
    seconds: list[list[int]] = np.ceil(metres * 3.6 / kilometres_per_hour).astype(np.int64).tolist()
    return seconds


def by_file(path: Path, names: Sequence[str]) -> list[list[int]]:
    """Read seconds between the named places from a CSV file: from, to, minutes (whole), a line for each way.

    DueCourseError for a file that cannot be read, a place that is not named, or a way that is missing.
    """
    numbers = {name: number for number, name in enumerate(names)}
    found = [[0 if one == other else -1 for other in range(len(names))] for one in range(len(names))]
    for line, row in rows_of(path, _PLACES_MOST**2)[1]:
        try:
            one, other, minutes = numbers[row["from"]], numbers[row["to"]], int(row["minutes"])
        except KeyError as error:
            raise DueCourseError(f"{path}:{line}: {error} is no place of the stops or teams, or no column") from None
        except (TypeError, ValueError):
            raise DueCourseError(f"{path}:{line}: minutes: write a whole number, not {row['minutes']!r}") from None
        if not 0 <= minutes <= _LONGEST:
            raise DueCourseError(f"{path}:{line}: {minutes} minutes are no way of a day")
        found[one][other] = minutes * 60
    for one, row_of in enumerate(found):
        if -1 in row_of:
            raise DueCourseError(f"{path}: the way from {names[one]} to {names[row_of.index(-1)]} is missing")
    return found


def rows_of(path: Path, most: int) -> tuple[Sequence[str], list[tuple[int, dict[str, str]]]]:
    """Read a CSV file: its columns, and so many rows at most with their lines; DueCourseError where it is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(reader.line_num, row) for row, _ in zip(reader, range(most), strict=False)]
            return reader.fieldnames or (), rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DueCourseError(f"{path}: cannot be read as CSV in UTF-8 ({type(error).__name__})") from None
