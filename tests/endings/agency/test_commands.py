"""`duecourse agency ...`, as people type it, on the clock of the machine."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from duecourse.endings import moving
from duecourse.endings.agency.reports import COLUMNS
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.store.endings import Kind
from tests.cli.conftest import Commands, assert_one_line, duecourse, home  # noqa: F401  fixtures
from tests.endings.cases import BOSS, CLERK, decided
from tests.house.tree import ROOT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write the example's agencies, with folders of the test's own."""
    text = (ROOT / "examples" / "agencies.toml").read_text(encoding="utf-8").replace('"out/', f'"{tmp_path}/')
    (tmp_path / "agencies.toml").write_text(text, encoding="utf-8")
    return tmp_path / "agencies.toml"


def test_an_agency_from_its_terms_to_its_commission(
    duecourse: Commands,  # noqa: F811  the fixture
    office: Office,
    opened: Opened,
    who: Who,
    file: Path,
) -> None:
    store = ("--store", office.place.folder)
    by = ("--by", BOSS)
    added = duecourse("agency", "add", file, *by, *store)
    assert added.out == "3 of 3 are new or have new terms: north, west, huadong\n", added
    assert duecourse("agency", "add", file, *by, *store).out.startswith("0 of 3")
    assert_one_line(duecourse("agency", "add", file, "--by", CLERK, *store), "no active user")
    decided(opened, Kind.AGENCY, ["L1"], who)
    placed = duecourse("agency", "place", *by, "--json", *store)
    assert (placed.code, placed.json) == (0, [{"loan": "L1", "is_done": True, "reasons": []}])
    listed = {row["agency"]: row["placed"] for row in duecourse("agency", "list", "--json", *store).json}
    assert listed == {"north": 0, "west": 0, "huadong": 1}
    assert "huadong" in duecourse("agency", "list", *store).out
    sent = duecourse("agency", "files", "--json", *store).json
    assert [one["name"] for one in sent["files"]["huadong"]] == ["huadong-000001-placements.csv"]
    (ending,) = moving.read(opened.connection, "true")
    folder, now = file.parent / "agencies" / "huadong", datetime.now(UTC)
    line = {"id": "P1", "placement": ending.number, "what": "payment", "at": now.isoformat(), "amount": 10_001,
            "currency": "CNY", "on": str(now.date())}  # fmt: skip
    text = ",".join(COLUMNS) + "\n" + ",".join(str(line.get(name, "")) for name in COLUMNS) + "\nx,,,,,,,,,\n"
    (folder / "in" / "r.csv").write_text(text, encoding="utf-8")
    (folder / "in" / "r.csv.sha256").write_text(hashlib.sha256(text.encode()).hexdigest(), encoding="ascii")
    taken = duecourse("agency", "take-in", "huadong", *store)
    assert taken.code == 1
    assert "huadong: r.csv: 1 new, 0 known, 1 wrong" in taken.out
    assert "r.csv:3: what: is none of" in taken.out
    days = ("--from", "2026-01-01", "--to", "2100-01-01")
    earned = duecourse("agency", "commission", "huadong", *days, "--json", *store).json
    assert [(one["amount"], one["earned"]) for one in earned] == [(10_001, 2_000)], "20% of 100.01, rounded down"
    assert "CNY\u00a020.00 of CNY\u00a0100.01" in duecourse("agency", "commission", "huadong", *days, *store).out
    assert duecourse("agency", "recall", *by, "--why", "paid", "--loan", "L1", *store).out == "1 are recalled\n"
    assert_one_line(duecourse("agency", "recall", *by, "--why", "paid", *store), "which placements?")


def test_reviews_addresses_and_performance_are_asked_for_by_commands(
    duecourse: Commands,  # noqa: F811  the fixture
    office: Office,
    file: Path,
) -> None:
    store, by = ("--store", office.place.folder), ("--by", BOSS)
    duecourse("agency", "add", file, *by, *store)
    marks = ("--conduct", "4", "--results", "3", "--security", "5", "--outcome", "continue")
    first = duecourse("agency", "review", "north", "yearly", *marks, *by, *store)
    assert (first.code, first.out) == (0, "north: the yearly review is noted\n")
    assert duecourse("agency", "review", "north", "yearly", *marks, *by, *store).code == 1
    assert_one_line(duecourse("agency", "review", "north", "weekly", *marks, *by, *store), "yearly or end_of_term")
    due = duecourse("agency", "due", "--json", *store).json
    assert "north" not in {one["agency_id"] for one in due if one["why"] == "yearly"}
    assert duecourse("agency", "allowed", "north", "203.0.113.3", *store).code == 0
    assert duecourse("agency", "allowed", "north", "203.0.113.99", *store).code == 1
    nothing = duecourse("agency", "performance", "--json", *store)
    assert nothing.json == {"standings": [], "segments": [], "left_out": []}
    assert duecourse("agency", "performance", *store).code == 0
