"""`duecourse run`: one JSON object with the keys that were promised, and outputs that agree with it."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from tests.cli.conftest import ON, ROOT, SMALL, Commands, Result, assert_one_line, script

PROMISED: Final = {
    "on", "known_at", "engine", "loans", "borrowers", "overdue_loans", "overdue_amount", "buckets", "stages", "acts",
    "quarantined", "left_out", "plan_hash", "seconds", "outputs",
}  # fmt: skip


@pytest.fixture(scope="module")
def small(home: Path) -> Result:
    """Run the small example through the installed script."""
    return script("run", SMALL, "--on", ON, "--out", home, "--json", cwd=ROOT)


def rows(path: str, what: str) -> list[Any]:
    with duckdb.connect() as con:
        return con.execute(f"SELECT {what.format(path=path)}").fetchall()


def test_one_object_and_nothing_else(small: Result) -> None:
    assert (small.code, small.err, small.out.count("\n")) == (0, "", 1)
    found = small.json
    assert found.keys() >= PROMISED
    assert (found["on"], found["known_at"], found["engine"]) == (ON, None, "duckdb")
    assert (found["loans"], found["borrowers"]) == (12, 10)
    assert list(found["buckets"]) == ["1-29", "30-59", "60-89", "90+"]
    assert found["quarantined"]["payments"] == 1
    assert found["left_out"]["loans"] == 1
    assert isinstance(found["seconds"], float)


def test_the_outputs_agree_with_it(small: Result) -> None:
    found = small.json
    assert all(Path(path).exists() for path in found["outputs"].values())
    plan = found["outputs"]["plan"]
    acts = rows(plan, "coalesce(channel, act), count(*) FROM '{path}' WHERE act <> 'none' GROUP BY 1")
    assert dict(acts) == found["acts"]
    stages = rows(plan, "stage, count(DISTINCT borrower_id) FROM '{path}' GROUP BY 1")
    assert dict(stages) == {name: number for name, number in found["stages"].items() if number}
    lateness = rows(
        found["outputs"]["positions"], "bucket, count(*) FROM '{path}/*.parquet' WHERE days_past_due > 0 GROUP BY 1"
    )
    assert dict(lateness) == {name: number for name, number in found["buckets"].items() if number}
    assert sum(found["buckets"].values()) == found["overdue_loans"]
    assert json.loads((Path(plan).parent / "manifest.json").read_text()) == found


def test_the_same_again_has_the_same_hash(duecourse: Commands, small: Result) -> None:
    again = duecourse("run", SMALL, "--on", ON, "--out", duecourse.out, "--threads", 1, "--memory", "500MB", "--json")
    assert again.json["plan_hash"] == small.json["plan_hash"]


def test_the_day_asked_for_is_the_day_planned(duecourse: Commands) -> None:
    first_due = duecourse("run", SMALL, "--on", "2025-10-02", "--out", duecourse.out, "--json").json
    assert first_due["overdue_loans"] == 0, "the first instalment of all falls due on that day: not overdue yet"
    assert not [act for act in first_due["acts"] if act not in {"reward", "sms"}]


def test_known_at_hides_what_came_later(duecourse: Commands) -> None:
    """V2007's third instalment was paid on 2026-01-23 and entered on 2026-02-04."""
    run = ["run", SMALL, "--on", "2026-01-30", "--out", duecourse.out, "--json"]
    known, unknown = duecourse(*run).json, duecourse(*run, "--known-at", "2026-01-30").json
    assert unknown["overdue_loans"] == known["overdue_loans"] + 1
    assert unknown["known_at"] == "2026-01-30T22:59:59.999999Z", "the last instant of the day in Berlin"
    at = duecourse(*run, "--known-at", "2026-02-04T11:18+01:00").json
    assert (at["overdue_loans"], at["known_at"]) == (known["overdue_loans"], "2026-02-04T10:18:00Z")


def test_it_is_told_in_words(duecourse: Commands) -> None:
    found = duecourse("run", SMALL, "--on", ON, "--out", duecourse.out)
    assert found.code == 0
    assert f"Night of {ON}: 12 loans of 10 borrowers" in found.out
    assert "in quarantine: 1 of payments" in found.out
    assert "report.html" in found.out
    late = duecourse("run", SMALL, "--on", "2026-06-30", "--out", duecourse.out)
    assert "payments are complete only through 2026-03-31: the plan demands no money" in late.out


def test_a_strategy_of_ones_own(duecourse: Commands) -> None:
    own = ROOT / "examples" / "strategy.yaml"
    found = duecourse("run", SMALL, "--on", ON, "--strategy", own, "--out", duecourse.out, "--json").json
    assert list(found["buckets"]) == ["1-14", "15-44", "45+"]
    assert list(found["stages"]) == ["reminder", "calls", "letter", "credit_report"]


def test_five_hundred_loans(duecourse: Commands, tmp_path: Path) -> None:
    """A synthetic book with damage: made, checked and planned; every count adds up."""
    made = duecourse("synth", "--loans", 500, "--seed", 3, "--csv", "--damage", "--out", tmp_path / "book")
    assert (made.code, made.err) == (0, "")
    mapping = tmp_path / "book" / "book.toml"
    assert made.out == f"book: {mapping}\n"
    found = duecourse("run", mapping, "--on", "2026-06-30", "--out", tmp_path / "out", "--json").json
    checked = duecourse("check-book", mapping, "--out", tmp_path / "out", "--json").json
    counts = {one["table"]: one["counts"] for one in checked["tables"]}
    for one in counts.values():
        assert one["read"] == one["kept"] + one["quarantined"] + one["left_out"]
    assert found["loans"] == checked["loans"] >= 500
    assert sum(found["quarantined"].values()) == sum(one["quarantined"] for one in counts.values()) > 5
    positions = rows(
        found["outputs"]["positions"],
        "loan_id, oldest_due_on, days_past_due FROM '{path}/*.parquet' WHERE days_past_due > 0",
    )
    assert len(positions) == found["overdue_loans"]
    assert all((date(2026, 6, 30) - oldest).days == days for _, oldest, days in positions)
    bounds = {"1-29": range(1, 30), "30-59": range(30, 60), "60-89": range(60, 90), "90+": range(90, 99_999)}
    counted = Counter(next(name for name, days in bounds.items() if one in days) for _, _, one in positions)
    assert counted == found["buckets"]


def test_the_same_seed_gives_the_same_book(duecourse: Commands, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert duecourse("synth", "--loans", 50, "--seed", 9, "--csv", "--out", tmp_path / name).code == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert_one_line(duecourse("synth", "--loans", 50, "--seed", -1, "--out", tmp_path / "c"), "--seed")


def test_the_profile_counts_the_rows_of_every_step(duecourse: Commands) -> None:
    found = duecourse("run", SMALL, "--on", ON, "--out", duecourse.out, "--profile", "--json").json
    steps = {line["step"]: line for line in found["profile"]}
    assert list(steps) == [
        "caps", "position", "outlook", "ageing", "facts", "fork", "stage", "candidates", "verdicts", "duties", "choice",
        "plan", "write", "hash", "report",
    ]  # fmt: skip
    paths = found["outputs"]
    counts = [rows(path, "count(*) FROM '{path}'")[0][0] for path in (paths["plan"], paths["duties"])]
    assert steps["write"]["rows_out"] == sum(counts)
    made = [rows(paths[name], "count(*) FROM '{path}/*.parquet'")[0][0] for name in ("positions", "history")]
    assert steps["position"]["rows_out"] == sum(made)
    assert steps["position"]["rows_in"] > 12, "instalments and payments too"
    assert steps["facts"]["rows_in"] >= found["loans"]
    likely = steps["facts"]["rows_out"] - found["borrowers"]
    assert 0 < likely <= found["borrowers"]
    late = rows(paths["positions"], "count(DISTINCT borrower_id) FROM '{path}/*.parquet' WHERE days_past_due > 0")
    assert steps["fork"]["rows_out"] == 2 * late[0][0], "what is asked of each, and the answer"
    assert all(line["seconds"] >= 0 for line in steps.values())
    assert sum(line["seconds"] for line in steps.values()) < found["seconds"]
    assert all(steps[name]["bytes_out"] > 0 for name in ("position", "facts", "stage", "plan", "write"))


def test_the_profile_is_shown_when_asked_for(duecourse: Commands) -> None:
    shown = duecourse("run", SMALL, "--on", ON, "--out", duecourse.out, "--profile").out
    assert [word for word in ("rows in", "rows out", "seconds", "MiB out") if word not in shown] == []
    assert "rows in" not in duecourse("run", SMALL, "--on", ON, "--out", duecourse.out).out
