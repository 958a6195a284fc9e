"""`duecourse day letters | visits | calls | outcome | outcomes`, as people type them, on the clock of the machine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from duecourse.day.paper import reference_of
from tests.cli.conftest import Commands, assert_one_line, duecourse, home  # noqa: F401  fixtures
from tests.day.cases import told
from tests.day.field.conftest import SETTINGS, House

BATCH, TEAM = "2026-11-20-01", "2026-11-20-north"


@pytest.fixture
def run(duecourse: Commands) -> Commands:  # noqa: F811  the fixture
    return duecourse


@pytest.fixture
def at(house: House, tmp_path: Path) -> tuple[object, ...]:
    """Return the options that all commands have: the example's settings, with folders of the test's own."""
    text = SETTINGS.read_text(encoding="utf-8")
    for name in ("letters", "visits", "calls"):
        text = text.replace(f'"out/{name}"', f'"{tmp_path / name.removesuffix("s")}"')
    (tmp_path / "day.toml").write_text(text, encoding="utf-8")
    house.read("UPDATE plan SET strategy_hash = %s RETURNING 1", house.strategy.hash)
    return "--settings", tmp_path / "day.toml", "--store", house.place.folder


def test_letters(run: Commands, house: House, at: tuple[object, ...]) -> None:
    house.plan("letter", 2, 4)
    house.carry_out("letter")
    with house.facts.locked(2):
        house.facts.hold(told("H1", 2), "dispute")
    assert run("day", "letters", "list", "--json", *at).json["batches"] == [
        {"batch": BATCH, "is_closed": False, "is_posted": False, "pieces": 2, "pulled": 0}
    ]
    closed = run("day", "letters", "close", BATCH, *at)
    assert (closed.code, closed.err) == (0, "")
    assert f"{reference_of(house.key(2))}: left out: hold_dispute" in closed.out
    assert f"{BATCH}: 1 documents, 1 pages are in " in closed.out
    with house.facts.locked(4):
        house.facts.hold(told("H2", 4), "cease")
    first = run("day", "letters", "posted", BATCH, "--by", "u-1", *at)
    assert first.code == 1
    assert "no. 1" in first.out
    assert f"{reference_of(house.key(4))}  hold_cease" in first.out
    assert "say it again with --pulled 1" in first.out
    done = run("day", "letters", "posted", BATCH, "--by", "u-1", "--pulled", "1", *at)
    assert (done.code, done.out.splitlines()[-1]) == (0, f"{BATCH}: posted")
    again = run("day", "letters", "posted", BATCH, "--by", "u-1", *at)
    assert (again.code, again.out) == (0, f"{BATCH}: was posted before: nothing changes\n")
    assert " posted " in run("day", "letters", "list", *at).out
    assert_one_line(run("day", "letters", "close", "none", *at), "there is no such batch")


def test_visits_calls_and_a_file_of_outcomes(
    run: Commands, house: House, at: tuple[object, ...], tmp_path: Path
) -> None:
    house.plan("visit", 2)
    house.carry_out("visit")
    house.hands.shelf("visit").close(TEAM, house.at)
    house.plan("call", 4)
    placed, _ = house.hands.calls("ann", "Ann").next()
    assert placed
    assert "north  closed" in run("day", "visits", "list", *at).out
    assert run("day", "calls", "list", "--json", *at).json == {"calls": []}, "no slot is open on the machine's clock"
    nobody = run("day", "calls", "call", "--agent", "ann", "--name", "Ann", *at)
    assert (nobody.code, nobody.out) == (0, "no call may be made now\n")
    now = datetime.now(UTC).isoformat()
    visit = reference_of(house.key(2))
    (tmp_path / "o.csv").write_text(
        "reference,outcome,at,by,recording,said\n"
        f"{visit},told_to_leave,{now},,REC-1,\n{placed.reference},conversation,{now},ann,,dispute\nx,busy,{now},,,\n"
    )
    for new, known in ((2, 0), (0, 2)):
        found = run("day", "outcomes", tmp_path / "o.csv", *at)
        assert (found.code, found.err) == (1, "")
        assert f"{new} outcomes are new, {known} were known" in found.out
        assert "o.csv:4: reference: write it as" in found.out
    assert house.read("SELECT kind FROM holds") == [("dispute",)]
    assert house.read("SELECT consented_to FROM consents") == [("visit",)]
    told_twice = run("day", "outcome", visit, "told_to_leave", "--at", now, "--recording", "REC-1", *at)
    assert (told_twice.code, told_twice.out) == (0, f"{visit}: was told before: nothing changes\n")
    assert_one_line(run("day", "outcome", visit, "met", "--at", now, "--recording", "R", *at), "otherwise")
    (tmp_path / "o.csv").write_bytes(b"\xff\xfe")
    assert_one_line(run("day", "outcomes", tmp_path / "o.csv", *at), "o.csv: is no CSV in UTF-8")


def test_the_day_releases_what_is_printed_and_leaves_calls_to_agents(
    run: Commands, house: House, at: tuple[object, ...]
) -> None:
    path = at[1]
    assert isinstance(path, Path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[channels.email]")] + text[text.index("[channels.letter]") :], encoding="utf-8")
    house.plan("letter", 2, 4)
    house.plan("call", 6)
    house.read("UPDATE planned_act SET opens_at = now() - '1 hour'::interval, closes_at = now() + '1 hour' RETURNING 1")
    done = run("day", "run", "--until-idle", *at)
    assert done.code == 0, done
    states: dict[str, str] = dict(house.read("SELECT channel, min(state) FROM planned_act GROUP BY 1"))
    assert states["call"] == "waiting"
    assert states["letter"] == "released", house.read("SELECT reasons FROM verdict")
    (batch,) = run("day", "letters", "list", "--json", *at).json["batches"]
    assert batch["pieces"] == 2


def test_settings_that_have_no_such_channel(run: Commands, house: House, tmp_path: Path) -> None:
    house.read("UPDATE plan SET strategy_hash = %s RETURNING 1", house.strategy.hash)
    (tmp_path / "day.toml").write_text("[words.en]\n", encoding="utf-8")
    at = ("--settings", tmp_path / "day.toml", "--store", house.place.folder)
    assert_one_line(run("day", "letters", "list", *at), "no channel of the kind letter")
    for kind, more, why in (
        ("letter", 'folder = "x"\nhead = {en = ["A"]}\nwindow = "b"', "window"),
        ("letter", 'folder = "x"\nhead = {en = "A"}', "head: write lines"),
        ("letter", 'folder = "x"\nhead = {}', "head"),
        ("letter", 'folder = "x"\nhead = {en = ["A"]}\npostage = "pigeon"', "standard, registered"),
        ("letter", 'head = {en = ["A"]}', "folder"),
        ("visit", 'folder = "x"\nhead = {en = ["A"]}\nteams = {n = [{name = "A", badge = "1"}]}', "two collectors"),
        ("voice", 'folder = "x"\ndialler = "robot"', "hand or asterisk"),
        ("voice", 'folder = "x"\ndialler = "asterisk"', "address: an Asterisk needs it"),
    ):
        text = f'[words.en]\n[channels.c]\nkind = "{kind}"\n[channels.c.settings]\n{more}\n'
        (tmp_path / "day.toml").write_text(text, encoding="utf-8")
        found = run("day", "run", "--until-idle", *at)
        assert found.code == 2, (more, found)
        assert why in found.err
        assert found.err.count("\n") == 1
