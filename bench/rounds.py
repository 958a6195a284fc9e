"""Rounds of visits beside nearest neighbour: `python -m bench.rounds --json`.

Towns with doors drawn at random, most open for some hours only. Nearest neighbour sends each team in turn to the
nearest door that it can still serve in its hours and be back from. Both keep all hours, or the bench stops. It makes
fewer visits, so its travel is compared with that of our rounds to just the doors that it reached.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from bench.keep import keep
from duecourse.endings.visit.rounds import Round, Rounds, Stop, Team, Travel, Visit, rounds
from duecourse.endings.visit.travel import by_coordinates

_HOURS: Final = (((480, 720),), ((540, 1020),), ((780, 1140),), ((480, 660), (960, 1140)), ((600, 1140),))
_WORKS: Final = (480, 1140)
_SPEED: Final = 25  # km/h


def town(doors: int, teams: int, seed: int) -> tuple[list[Stop], list[Team], list[list[int]]]:
    """Return the visits of a day in a town some 25 km across, and its teams, who begin in the middle."""
    dice = random.Random(seed)  # noqa: S311  no secret
    middle = (31.2, 121.5)
    places = [middle, *((middle[0] + dice.gauss(0, 0.06), middle[1] + dice.gauss(0, 0.07)) for _ in range(doors))]
    stops = [Stop(f"V{number}", number, dice.choice(_HOURS), 20) for number in range(1, doors + 1)]
    return stops, [Team(f"T{number}", 0, _WORKS) for number in range(teams)], by_coordinates(places, _SPEED)


def nearest(stops: Sequence[Stop], teams: Sequence[Team], travel: Travel) -> Rounds:
    """Send each team in turn to the nearest door that it can still serve."""
    left, found = list(stops), list[Round]()
    for team in teams:
        at, place, spent, visits = team.works[0] * 60, team.place, 0, list[Visit]()
        while True:
            open_to = [one for stop in left if (one := _served(stop, team, at, place, travel))]
            if not open_to:
                break
            seconds, begins, stop = min(open_to, key=lambda one: (one[0], one[1], one[2].reference))
            visits.append(Visit(stop.reference, begins, begins + stop.minutes))
            left.remove(stop)
            at, place, spent = (begins + stop.minutes) * 60, stop.place, spent + seconds
        home = travel[place][team.place]
        found.append(Round(team.name, team.works[0], -(-(at + home) // 60), tuple(visits), spent + home))
    return Rounds(tuple(found), tuple(stop.reference for stop in left))


def _served(stop: Stop, team: Team, at: int, place: int, travel: Travel) -> tuple[int, int, Stop] | None:
    seconds = travel[place][stop.place]
    for first, end in stop.hours:
        begins = max(-(-(at + seconds) // 60), first)
        ends = begins + stop.minutes
        if ends <= end and ends * 60 + travel[stop.place][team.place] <= team.works[1] * 60:
            return seconds, begins, stop
    return None


def broken(found: Rounds, stops: Sequence[Stop]) -> int:
    """Count the visits outside their hours."""
    hours = {stop.reference: stop.hours for stop in stops}
    visits = [visit for one in found.rounds for visit in one.visits]
    return sum(not any(a <= visit.begins and visit.ends <= b for a, b in hours[visit.reference]) for visit in visits)


def _travelled(found: Rounds) -> int:
    return sum(one.travel_seconds for one in found.rounds)


def measured(doors: int, teams: int, towns: int) -> dict[str, Any]:
    """Plan the day of several towns both ways; SystemExit where an hour is broken."""
    ratios, seconds, visits = list[float](), list[float](), {"ours": 0, "nearest": 0}
    for seed in range(towns):
        stops, who, travel = town(doors, teams, seed)
        begun = time.perf_counter()
        ours = rounds(stops, who, travel)
        seconds.append(time.perf_counter() - begun)
        other = nearest(stops, who, travel)
        reached = [stop for stop in stops if stop.reference not in other.left]
        same = rounds(reached, who, travel)
        if any(broken(found, stops) for found in (ours, other, same)):
            raise SystemExit(f"town {seed}: a visit outside its hours")
        if same.left:
            raise SystemExit(f"town {seed}: {len(same.left)} visits are not made that nearest neighbour makes")
        ratios.append(_travelled(same) / _travelled(other))
        visits["ours"] += len(stops) - len(ours.left)
        visits["nearest"] += len(reached)
    return {
        "doors": doors,
        "teams": teams,
        "towns": towns,
        "travel_over_nearest": round(statistics.median(ratios), 3),
        "worst": round(max(ratios), 3),
        "visits": visits["ours"],
        "visits_nearest": visits["nearest"],
        "hours_broken": 0,
        "seconds_a_town": round(statistics.median(seconds), 2),
    }


def main() -> None:
    """Read the options, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--keep", type=date.fromisoformat, metavar="DAY", help="append to bench/results/rounds.jsonl")
    given = parser.parse_args()
    lines = [measured(doors, teams, given.towns) for doors, teams in ((30, 2), (100, 6), (200, 12))]
    sys.stdout.write(json.dumps(lines, indent=None if given.json else 2) + "\n")
    keep("rounds", given.keep, {"lines": lines})


if __name__ == "__main__":
    main()
