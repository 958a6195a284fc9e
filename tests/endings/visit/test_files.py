"""The command that makes rounds, and what it says to files that it cannot take."""

from pathlib import Path

import pytest

from tests.cli.conftest import Commands, duecourse, home  # noqa: F401  fixtures

STOPS = """\
reference,latitude,longitude,hours,minutes,people,territory
A,31.20,121.50,09:00-12:00,20,2,north
B,31.21,121.51,09:00-12:00 17:00-19:00,,,
C,31.22,121.49,20:00-24:00,20,2,north
"""
TEAMS = """\
speed_kmh = 25
[teams.one]
latitude = 31.2
longitude = 121.5
works = "08:00-19:00"
"""


def files(folder: Path, stops: str = STOPS, teams: str = TEAMS) -> tuple[str, str]:
    (folder / "stops.csv").write_text(stops, encoding="utf-8")
    (folder / "teams.toml").write_text(teams, encoding="utf-8")
    return str(folder / "stops.csv"), str(folder / "teams.toml")


def test_rounds_are_made_and_who_fits_into_none_is_named(duecourse: Commands, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "rounds.csv"
    done = duecourse("day", "visits", "rounds", *files(tmp_path), "--out", out)
    assert done.code == 1
    assert "one: 2 visits" in done.out
    assert "no round for 1: C" in done.out
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "team,number,reference,begins,ends"
    assert {line.split(",")[2] for line in lines[1:]} == {"A", "B"}
    assert all("09:00" <= line.split(",")[3] <= "11:40" for line in lines[1:])


def test_ways_may_come_from_a_file(duecourse: Commands, tmp_path: Path) -> None:  # noqa: F811
    names = ("A", "B", "C", "one")
    ways = [f"{a},{b},{120 if 'B' in (a, b) else 1}" for a in names for b in names if a != b]
    (tmp_path / "ways.csv").write_text("\n".join(["from,to,minutes", *ways]), encoding="utf-8")
    out = tmp_path / "rounds.csv"
    done = duecourse("day", "visits", "rounds", *files(tmp_path), "--out", out, "--travel", tmp_path / "ways.csv")
    assert done.code == 1
    assert "one: 2 visits" in done.out  # two hours there, and two back
    (tmp_path / "ways.csv").write_text("from,to,minutes\nA,B,1\n", encoding="utf-8")
    done = duecourse("day", "visits", "rounds", *files(tmp_path), "--travel", tmp_path / "ways.csv")
    assert "the way from A to C is missing" in done.err


@pytest.mark.parametrize(
    ("stops", "teams", "says"),
    [
        (STOPS.replace("hours", "times"), TEAMS, "stops.csv:1: column hours is missing"),
        (STOPS.replace("09:00-12:00,20", "9-12,20"), TEAMS, "stops.csv:2: '9-12' are no hours: write 08:00-12:00"),
        (STOPS.replace("20:00-24:00", ""), TEAMS, "stops.csv:4: hours is empty"),
        (STOPS.replace("31.20", "north"), TEAMS, "stops.csv:2: 'north', '121.50' are no degrees"),
        (STOPS.replace("31.20", "nan"), TEAMS, "stops.csv:2: nan, 121.50 is no place on earth"),
        (STOPS.replace("12:00,20,2", "12:00,x,2"), TEAMS, "stops.csv:2: minutes: write a whole number, not 'x'"),
        (STOPS.replace("\nA,", "\n,"), TEAMS, "stops.csv:2: reference is empty"),
        (STOPS.replace("\nB,", "\nA,"), TEAMS, "visit A stands twice"),
        (STOPS, TEAMS.replace("speed_kmh = 25\n", ""), "speed_kmh: write how fast"),
        (STOPS, TEAMS.replace("works", "hours"), "teams.one: unknown key hours"),
        (STOPS, "speed_kmh = 25", "write a table for each team"),
        (STOPS, "speed_kmh = ", "cannot be read as TOML"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    duecourse: Commands,  # noqa: F811
    tmp_path: Path,
    stops: str,
    teams: str,
    says: str,
) -> None:
    done = duecourse("day", "visits", "rounds", *files(tmp_path, stops, teams), "--out", tmp_path / "rounds.csv")
    assert done.code == 2
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "rounds.csv").exists()
