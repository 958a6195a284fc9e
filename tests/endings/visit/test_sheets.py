"""The sheets of a team's day in the order of its round, on a real store.

The team begins on the equator at 0, 0. A degree is 111.195 km, with streets 144.55 km: at 60 km/h 0.05 degrees take
433.7 s, so 434, and 0.10 take 868. B2 lives 0.10 to the east, B4 0.05 to the north, B6 at the corner between (0.1118
away: 970), all open from five to eight in the evening. The shortest way is along the edges, one way round or the other.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from bench.gate_store import ON
from duecourse.day.facts import Money, Told
from duecourse.day.paper import reference_of
from duecourse.endings.visit import sheets
from duecourse.endings.visit.rounds import rounds
from duecourse.kernel.errors import DueCourseError
from tests.cli.conftest import Commands, duecourse, home  # noqa: F401  fixtures
from tests.day.field.conftest import SETTINGS, House

BATCH = f"{ON}-north"
TEAMS = """
speed_kmh = 60
[teams.north]
latitude = 0
longitude = 0
works = "08:00-21:00"
territories = ["elsewhere"]
"""
PLACES = "borrower,latitude,longitude\nB2,0,0.10\nB4,0.05,0\nB6,0.05,0.10\nB99,80,80\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "teams.toml").write_text(TEAMS, encoding="utf-8")
    (tmp_path / "places.csv").write_text(PLACES, encoding="utf-8")
    return tmp_path / "teams.toml", tmp_path / "places.csv"


@pytest.fixture
def out(house: House) -> House:
    """Write the sheets of four visits; nobody knows where B8 lives."""
    house.plan("visit", 2, 4, 6, 8)
    house.carry_out("visit")
    return house


def made(house: House, files: tuple[Path, Path]) -> sheets.Day:
    batches = house.hands.shelf("visit").batches
    day = sheets.of_batch(house.connection, batches, BATCH, *files)
    sheets.put_in_order(batches, BATCH, rounds(day.stops, day.teams, day.travel), day)
    return day


def borrowers(house: House) -> list[int]:
    """Return whose sheets lie in the batch, in its order."""
    whose = {house.key(number): number for number in (2, 4, 6, 8)}
    return [whose[piece.key] for piece in house.hands.shelf("visit").batches.pieces(BATCH)]


def test_the_hours_are_those_of_the_plan_by_the_borrowers_clock(out: House, files: tuple[Path, Path]) -> None:
    day = made(out, files)
    assert {stop.hours for stop in day.stops} == {((17 * 60, 20 * 60),)}
    assert day.nowhere == (reference_of(out.key(8)),)
    assert day.travel[day.stops[0].place][day.teams[0].place] in {434, 868, 970}


def test_sheets_are_printed_in_the_order_of_the_round_and_who_pays_leaves_it(
    out: House, files: tuple[Path, Path]
) -> None:
    made(out, files)
    assert borrowers(out) in ([2, 6, 4, 8], [4, 6, 2, 8])
    order = borrowers(out)
    told = Told("p-6", 6, out.at + timedelta(minutes=1), ON)
    with out.facts.locked(6):
        out.facts.payment(told, Money("L6", ON, 2_000_000, "USD"))
    shelf = out.hands.shelf("visit")
    closed = shelf.close(BATCH, out.at + timedelta(minutes=2))
    assert [reference for reference, _ in closed.left_out] == [reference_of(out.key(6))]
    assert borrowers(out) == [number for number in order if number != 6]
    manifest = (shelf.batches.folder / BATCH / "manifest.jsonl").read_text(encoding="utf-8")
    places = [manifest.index(out.key(number)) for number in borrowers(out)]
    assert places == sorted(places)
    with pytest.raises(DueCourseError, match="has no open sheets"):
        made(out, files)
    with pytest.raises(DueCourseError, match="its order stays"):
        shelf.batches.order(BATCH, [])


def test_another_round_takes_the_place_of_the_one_before(out: House, files: tuple[Path, Path]) -> None:
    made(out, files)
    first = borrowers(out)
    files[1].write_text(PLACES.replace("B2,0,0.10", "B2,0.10,0"), encoding="utf-8")  # beyond B4
    made(out, files)
    assert borrowers(out) in ([4, 2, 6, 8], [6, 2, 4, 8])
    assert borrowers(out) != first


def test_the_command_tells_the_round_and_who_is_left(
    out: House,
    files: tuple[Path, Path],
    duecourse: Commands,  # noqa: F811  the fixture
    tmp_path: Path,
) -> None:
    text = SETTINGS.read_text(encoding="utf-8").replace('"out/visits"', f'"{out.folder / "visit"}"')
    (tmp_path / "day.toml").write_text(text, encoding="utf-8")
    out.read("UPDATE plan SET strategy_hash = %s RETURNING 1", out.strategy.hash)
    where = ("--settings", tmp_path / "day.toml", "--store", out.place.folder, "--out", tmp_path / "round.csv")
    found = duecourse("day", "visits", "round", BATCH, *files, *where)
    assert (found.code, found.err) == (1, "")
    assert [line.split()[0] for line in found.out.splitlines()[:3]] == ["1.", "2.", "3."]
    assert f"nobody knows where for 1: {reference_of(out.key(8))}" in found.out
    assert (tmp_path / "round.csv").read_text(encoding="utf-8").count("north,") == 3


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (1, "latitude", "lat", r"places.csv:1: column latitude is missing"),
        (1, "B4,0.05,0", "B4,north,0", r"places.csv:3: 'north', '0' are no degrees"),
        (1, "B6,0.05,0.10", "B4,0.05,0.10", r"places.csv:4: B4 stands twice"),
        (1, "B2,0,0.10", "B2,91,0.10", r"places.csv:2: 91, 0.10 is no place on earth"),
        (0, "teams.north", "teams.south", r"has no team north: write \[teams.north\]"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(
    out: House, files: tuple[Path, Path], file: int, old: str, new: str, said: str
) -> None:
    text = files[file].read_text(encoding="utf-8")
    assert old in text
    files[file].write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DueCourseError, match=said):
        made(out, files)
