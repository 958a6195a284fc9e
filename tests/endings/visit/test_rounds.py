"""Rounds: whatever is asked, nobody is visited outside their hours, and no team is in two places."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.endings.visit import rounds as module
from duecourse.endings.visit.rounds import Round, Rounds, Stop, Team, Travel, rounds
from duecourse.endings.visit.travel import by_coordinates
from duecourse.kernel.errors import DueCourseError

MORNING, EVENING = (8 * 60, 12 * 60), (17 * 60, 20 * 60)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ITERATIONS", 100)


def broken(found: Rounds, stops: Sequence[Stop], teams: Sequence[Team], travel: Travel) -> list[str]:
    """Follow each round by the clock, and name all that is not as it must be."""
    wrong = []
    by_reference, by_name = {stop.reference: stop for stop in stops}, {team.name: team for team in teams}
    for one in found.rounds:
        team = by_name[one.team]
        place, second = team.place, one.leaves * 60
        wrong += ["begins before work"] if one.leaves < team.works[0] else []
        for visit in one.visits:
            stop = by_reference[visit.reference]
            second += travel[place][stop.place]
            wrong += [f"{visit} before it arrives"] if visit.begins * 60 < second else []
            wrong += [f"{visit} is short"] if visit.ends - visit.begins != stop.minutes else []
            within = any(first <= visit.begins and visit.ends <= end for first, end in stop.hours)
            wrong += [] if within else [f"{visit} outside {stop.hours}"]
            wrong += [f"{visit} is another's"] if team.territories and stop.territory not in team.territories else []
            wrong += [f"{visit} by too few"] if team.people < stop.people else []
            place, second = stop.place, visit.ends * 60
        second += travel[place][team.place]
        wrong += ["back after work"] if second > team.works[1] * 60 or one.back * 60 < second else []
    visited = [visit.reference for one in found.rounds for visit in one.visits]
    wrong += ["somebody twice"] if len(visited) != len(set(visited)) else []
    wrong += ["somebody is lost"] if sorted([*visited, *found.left]) != sorted(by_reference) else []
    return wrong


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Stop], list[Team], list[list[int]]]:
    count = draw(st.integers(1, 6))
    travel = [[0 if a == b else draw(st.integers(0, 7_200)) for b in range(count)] for a in range(count)]
    place, territory = st.integers(0, count - 1), st.sampled_from(["", "north", "south"])

    def hours(least: int) -> st.SearchStrategy[tuple[int, int]]:
        first = st.integers(0, 24 * 60 - least)
        return first.flatmap(lambda one: st.tuples(st.just(one), st.integers(one + least, 24 * 60)))

    stops = [
        Stop(
            f"V{number}", draw(place), tuple(draw(st.lists(hours(1), max_size=3))), draw(st.integers(1, 90)),
            draw(territory), draw(st.integers(1, 2)),
        )
        for number in range(draw(st.integers(0, 8)))
    ]  # fmt: skip
    teams = [
        Team(f"T{number}", draw(place), draw(hours(1)), draw(st.frozensets(territory)), draw(st.integers(1, 2)))
        for number in range(draw(st.integers(0, 3)))
    ]
    return stops, teams, travel


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(days())
def test_no_hour_is_ever_broken(day: tuple[list[Stop], list[Team], list[list[int]]]) -> None:
    stops, teams, travel = day
    found = rounds(stops, teams, travel)
    assert broken(found, stops, teams, travel) == []
    assert rounds(stops, teams, travel) == found  # the same again


def test_a_solver_that_errs_breaks_no_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = [Stop("late", 1, ((60, 90),), 30), Stop("early", 1, ((0, 30),), 30), Stop("too_far", 2, ((0, 1440),), 5)]
    teams = [Team("T", 0, (0, 120))]
    travel = [[0, 0, 9000], [0, 0, 9000], [9000, 9000, 0]]
    monkeypatch.setattr(module, "_solved", lambda *_: {"T": stops})
    found = rounds(stops, teams, travel)
    assert broken(found, stops, teams, travel) == []
    assert found.left == ("early", "too_far")


def test_two_windows_and_the_shortest_way() -> None:
    """Five doors in one street, a minute apart; one of them opens in the evening too, and is not waited for."""
    travel = [[60 * abs(one - other) for other in range(6)] for one in range(6)]
    stops = [Stop(f"door {number}", number, (MORNING,), 20) for number in (4, 2, 5, 1)]
    stops.append(Stop("door 3", 3, (MORNING, EVENING), 20))
    found = rounds(stops, [Team("north", 0, (8 * 60, 20 * 60))], travel)
    (one,) = found.rounds
    assert isinstance(one, Round)
    assert len(one.visits) == 5
    assert one.travel_seconds == 10 * 60  # there and back
    assert one.visits[-1].ends <= 12 * 60
    assert found.left == ()


def test_who_may_not_go_does_not() -> None:
    stops = [
        Stop("two", 1, (MORNING,), 20),
        Stop("one", 1, (MORNING,), 20, people=1),
        Stop("far", 1, (MORNING,), 20, "x"),
    ]
    teams = [Team("alone", 0, MORNING, people=1, territories=frozenset({""}))]
    found = rounds(stops, teams, [[0, 60], [60, 0]])
    assert [visit.reference for visit in found.rounds[0].visits] == ["one"]
    assert found.left == ("two", "far")


@pytest.mark.parametrize(
    ("stop", "team", "says"),
    [
        (Stop("V", 9, (MORNING,), 5), Team("T", 0, MORNING), "visit V: place 9 is not among the 2 places"),
        (Stop("V", 1, ((600, 600),), 5), Team("T", 0, MORNING), "visit V: 600 to 600 are no minutes of a day"),
        (Stop("V", 1, (MORNING,), 0), Team("T", 0, MORNING), "visit V: it takes at least a minute, not 0"),
        (Stop("V", 1, (MORNING,), 5), Team("T", 0, (0, 1441)), "team T: 0 to 1441 are no minutes of a day"),
    ],
)
def test_what_makes_no_sense_is_told(stop: Stop, team: Team, says: str) -> None:
    with pytest.raises(DueCourseError, match=says):
        rounds([stop], [team], [[0, 1], [1, 0]])


def test_times_of_travel() -> None:
    # A degree of latitude is 111.2 km: with the detour 144.5 km, at 30 km/h 4 h 49 min.
    ((same, there), (back, _)) = by_coordinates([(31.0, 121.0), (32.0, 121.0)], 30)
    assert same == 0
    assert there == back == pytest.approx(17_346, abs=2)
    with pytest.raises(DueCourseError, match="no latitude"):
        by_coordinates([(91.0, 0.0)], 30)
    with pytest.raises(DueCourseError, match="gets nobody anywhere"):
        by_coordinates([(9.0, 0.0)], 0)
