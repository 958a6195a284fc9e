"""Rounds of a day's visits: as many as fit, by the shortest way, none outside its hours.

    rounds(stops, teams, travel) -> Rounds

The way is found by PyVRP, a solver of routing problems with time windows. When each visit begins and ends is worked out
here, from the order alone: a visit that would leave its hours, or its team's, is not made, whatever the solver says.
Times are minutes after midnight, local time; the same input gives the same rounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.minutes import DAY

_SECONDS: Final = 60
_ITERATIONS: Final = 3_000  # of the solver: a second or two for a hundred stops
_VISIT: Final = 10_000_000  # seconds of travel that one visit more is worth: all that fit are made


@dataclass(frozen=True)
class Stop:
    """A visit that may be made: within one of its `hours` it begins and ends, and takes so many minutes.

    `hours` are what the law permits and the borrower wishes, [first minute, end). `people` is how many the law wants.
    """

    reference: str
    place: int
    hours: tuple[tuple[int, int], ...]
    minutes: int
    territory: str = ""
    people: int = 2


@dataclass(frozen=True)
class Team:
    """Who visits: from `place`, and back to it, between two minutes of the day. No territories are all of them."""

    name: str
    place: int
    works: tuple[int, int]
    territories: frozenset[str] = frozenset()
    people: int = 2

    def may_visit(self, stop: Stop) -> bool:
        """Say whether a stop is this team's."""
        return self.people >= stop.people and (not self.territories or stop.territory in self.territories)


@dataclass(frozen=True)
class Visit:
    """A visit on a round: when it begins and ends."""

    reference: str
    begins: int
    ends: int


@dataclass(frozen=True)
class Round:
    """What a team does on the day: when it leaves and is back, its visits in order, and its travel in seconds."""

    team: str
    leaves: int
    back: int
    visits: tuple[Visit, ...]
    travel_seconds: int


@dataclass(frozen=True)
class Rounds:
    """The rounds of all teams that leave, and the references of the visits that fit into none."""

    rounds: tuple[Round, ...]
    left: tuple[str, ...]


Travel = Sequence[Sequence[int]]
"""Seconds from each place to each: see `travel`."""


def rounds(stops: Sequence[Stop], teams: Sequence[Team], travel: Travel, seed: int = 1) -> Rounds:
    """Return the rounds of a day; DueCourseError for stops, teams or a matrix that make no sense."""
    _check(stops, teams, travel)
    orders = _solved(stops, teams, travel, seed) if stops and teams else {}
    found = [made for team in teams if (made := _walked(team, orders.get(team.name, ()), travel)).visits]
    visited = {visit.reference for one in found for visit in one.visits}
    return Rounds(tuple(found), tuple(stop.reference for stop in stops if stop.reference not in visited))


def _check(stops: Sequence[Stop], teams: Sequence[Team], travel: Travel) -> None:
    if any(len(row) != len(travel) for row in travel) or any(seconds < 0 for row in travel for seconds in row):
        raise DueCourseError("travel is no square of whole seconds: give a row and a column for each place")
    for what, names in (("visit", [stop.reference for stop in stops]), ("team", [team.name for team in teams])):
        if twice := {name for name in names if names.count(name) > 1}:
            raise DueCourseError(f"{what} {min(twice)} stands twice: give each once")
    everything: list[Stop | Team] = [*stops, *teams]
    for one in everything:
        if not 0 <= one.place < len(travel):
            raise DueCourseError(f"{_name(one)}: place {one.place} is not among the {len(travel)} places of travel")
    for stop in stops:
        if stop.minutes < 1:
            raise DueCourseError(f"visit {stop.reference}: it takes at least a minute, not {stop.minutes}")
    for who, first, end in [
        *((_name(stop), *hours) for stop in stops for hours in stop.hours),
        *((_name(team), *team.works) for team in teams),
    ]:
        if not 0 <= first < end <= DAY:
            raise DueCourseError(f"{who}: {first} to {end} are no minutes of a day, the first before the end")


def _name(one: Stop | Team) -> str:
    return f"visit {one.reference}" if isinstance(one, Stop) else f"team {one.name}"


def _solved(stops: Sequence[Stop], teams: Sequence[Team], travel: Travel, seed: int) -> Mapping[str, list[Stop]]:
    """Return the order of each team's visits, as the solver finds it."""
    try:
        from pyvrp import Model
        from pyvrp.stop import MaxIterations
    except ImportError:
        raise DueCourseError("rounds need PyVRP: pip install 'duecourse[rounds]'") from None
    model = Model()
    places = [model.add_location(number, 0) for number in range(len(travel))]
    clients: list[Stop] = []
    for stop in stops:
        # Of several hours one is chosen: clients of a group, of which at most one is visited.
        hours = [(first, end - stop.minutes) for first, end in stop.hours if end - first >= stop.minutes]
        group = model.add_client_group(required=False, name=stop.reference) if len(hours) > 1 else None
        for first, last in hours:
            model.add_client(
                places[stop.place], service_duration=stop.minutes * _SECONDS, tw_early=first * _SECONDS,
                tw_late=last * _SECONDS, prize=_VISIT, required=False, group=group,
            )  # fmt: skip
            clients.append(stop)
    for team in teams:
        profile, depot = model.add_profile(name=team.name), model.add_depot(places[team.place], name=team.name)
        first, end = team.works
        model.add_vehicle_type(
            start_depot=depot, end_depot=depot, tw_early=first * _SECONDS, tw_late=end * _SECONDS, profile=profile,
            name=team.name,
        )  # fmt: skip
        own = {stop.place for stop in stops if team.may_visit(stop)} | {team.place}
        for one in own:
            for other in own:
                seconds = travel[one][other]
                whole = -(-seconds // _SECONDS) * _SECONDS  # up: a visit begins on a whole minute
                model.add_edge(places[one], places[other], seconds, whole, profile)
    best = model.solve(MaxIterations(_ITERATIONS), seed=seed, display=False, collect_stats=False).best
    return {
        teams[route.vehicle_type()].name: [clients[one.idx] for one in route.schedule() if one.is_client()]
        for route in best.routes()
    }


def _walked(team: Team, order: Sequence[Stop], travel: Travel) -> Round:
    """Work out when each visit is made, and leave out what does not fit."""
    works_from, works_until = team.works
    at, place, spent = works_from * _SECONDS, team.place, 0
    visits = list[Visit]()
    for stop in order:
        arrives = at + travel[place][stop.place]
        for first, end in sorted(stop.hours):
            begins = max(-(-arrives // _SECONDS), first)  # up: a visit begins on a whole minute
            ends = begins + stop.minutes
            home = ends * _SECONDS + travel[stop.place][team.place]
            if ends <= end and home <= works_until * _SECONDS and team.may_visit(stop):
                visits.append(Visit(stop.reference, begins, ends))
                spent += travel[place][stop.place]
                at, place = ends * _SECONDS, stop.place
                break
    back = at + travel[place][team.place]
    return Round(team.name, works_from, -(-back // _SECONDS), tuple(visits), spent + travel[place][team.place])  # up
