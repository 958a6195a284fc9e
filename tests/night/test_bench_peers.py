"""The bench of peers compares equal answers: all say the same of every loan and borrower, or nothing is timed."""

import signal
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from bench.night import FailedError, Plan, alone
from bench.once import one_load, one_night
from bench.peers import __main__ as bench
from bench.peers import in_python
from bench.peers.equal import compare
from bench.peers.plain import plain
from bench.peers.rungs import BUCKETS, RUNGS
from duecourse.book.synth import DEFAULT_ON, synth
from duecourse.night import facts
from duecourse.strategy.load import load as load_strategy

LOANS: Final = 2_000
WRONG: Final[Mapping[str, tuple[str, str, str]]] = {  # what is made of a peer's table, and what the bench says of it
    "an amount": (
        "positions",
        "SELECT * REPLACE (principal_overdue + (loan_id = 'L00000007')::INT AS principal_overdue) FROM given",
        r"loan L00000007: principal_overdue \d+ for the night, \d+ for liar",
    ),
    "a day": (
        "positions",
        "SELECT * REPLACE (if(loan_id = 'L00000007', DATE '2020-01-01', oldest_due_on) AS oldest_due_on) FROM given",
        "loan L00000007: oldest_due_on .* for the night, 2020-01-01 for liar",
    ),
    "a bucket": (
        "positions",
        "SELECT * REPLACE (if(bucket = '60-89', '90+', bucket) AS bucket) FROM given",
        r"loan L\d+: bucket 60-89 for the night, 90\+ for liar",
    ),
    "a loan too few": ("positions", "FROM given WHERE loan_id <> 'L00000007'", "liar has 1,999 loans"),
    "a loan twice": ("positions", "FROM given UNION ALL (FROM given LIMIT 1)", "liar has 2,001 loans"),
    "another loan": (
        "positions",
        "SELECT * REPLACE (if(loan_id = 'L00000007', 'L99999999', loan_id) AS loan_id) FROM given",
        "loan L00000007: .* None for liar",
    ),
    "a stage": (
        "actions",
        "SELECT * REPLACE (if(stage = 'letter', 'call', stage) AS stage) FROM given",
        r"borrower B\d+: stage letter for the night, call for liar",
    ),
    "an act": (
        "actions",
        "SELECT * REPLACE (if(stage = 'letter', 'call', channel) AS channel) FROM given",
        r"borrower B\d+: act .*'channel': 'letter'.* for the night, .*'channel': 'call'.* for liar",
    ),
    "a borrower too few": ("actions", "FROM given LIMIT 3", "liar has 3 borrowers"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    return Path(str(one_load(plain(synth(LOANS, 7, folder / "book")), folder / "loaded")["tables"]))


@pytest.fixture(scope="module")
def night(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("night")
    one_night(tables, out, DEFAULT_ON, bench.STRATEGY, ())
    return out / DEFAULT_ON.isoformat()


def work(name: str, tables: Path, out: Path) -> int:
    done = import_module(f"bench.peers.in_{name}").work(tables, out, DEFAULT_ON)
    return int(done[0] if isinstance(done, tuple) else done)


@pytest.mark.parametrize("name", bench.PEERS)
def test_a_peer_says_what_the_night_says(name: str, tables: Path, night: Path, tmp_path: Path) -> None:
    assert work(name, tables, tmp_path) == LOANS
    same = compare(name, night, tmp_path, LOANS)
    assert same.loans == LOANS
    assert same.overdue_loans > 100
    assert same.borrowers > 100
    assert same.acts > 100


def test_every_bucket_and_rung_is_met(night: Path) -> None:
    buckets = duckdb.execute(f"SELECT DISTINCT bucket FROM '{night}/positions/*.parquet'").fetchall()
    assert {row[0] for row in buckets} == {None, *(name for _, name in BUCKETS)}
    stages = duckdb.execute(f"SELECT DISTINCT stage FROM '{night}/plan.parquet'").fetchall()
    assert {row[0] for row in stages} == {rung[1] for rung in RUNGS}


def test_a_sample_is_compared_with_its_own_loans_only(
    tables: Path, night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_python, "SAMPLE", 500)
    done = work("python", tables, tmp_path)
    assert 480 <= done <= 500  # whole borrowers, who have 20 loans at most
    assert compare("python", night, tmp_path, done).loans == done


@pytest.mark.parametrize("what", WRONG)
def test_a_peer_who_differs_stops_the_bench(what: str, tables: Path, night: Path, tmp_path: Path) -> None:
    table, made, told = WRONG[what]
    work("duckdb", tables, tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE given AS FROM '{tmp_path}/{table}.parquet'")
        connection.execute(f"COPY ({made}) TO '{tmp_path}/{table}.parquet'")
    with pytest.raises(SystemExit, match=f"{told}.*: not timed"):
        compare("liar", night, tmp_path, LOANS)


def test_the_scripts_have_the_buckets_and_rungs_of_the_strategy() -> None:
    strategy = load_strategy(bench.STRATEGY, facts.CATALOGUE.kinds)
    assert tuple((bucket.first_day, bucket.name) for bucket in strategy.buckets.ranges) == BUCKETS
    said = [
        (rung.enter.canonical, rung.stage, one.act, one.channel, one.name)
        for rung in strategy.ladder
        for one in rung.treatments
    ]
    assert said == [(f"days_past_due >= {first}", *rest) for first, *rest in RUNGS]


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("raise MemoryError", True),
        (f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})", True),
        ("raise ValueError('no such column')", False),
    ],
)
def test_a_process_without_memory_is_told_from_one_that_is_wrong(text: str, *, memory: bool) -> None:
    with pytest.raises(FailedError) as failed:
        alone("-c", text)
    assert failed.value.for_want_of_memory is memory


def test_a_peer_without_memory_does_not_end_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: object) -> dict[str, Any]:
        if "night" in arguments:
            return {"seconds": 2.0, "process_seconds": 3.0, "peak_rss_bytes": 1, "outputs": {"plan": tmp_path / "p"}}
        raise FailedError(["peer"], -signal.SIGKILL, "")

    monkeypatch.setattr(bench, "alone", run)
    plan = Plan(10, 7, date(2026, 6, 30), 2, 0, tmp_path)
    assert bench.equal(plan, tmp_path, ["pandas"]) == {"pandas": None}
    runs = bench.measure(plan, tmp_path, ["pandas"])
    assert [len(runs["night"]), len(runs["pandas"])] == [2, 0]
    found: dict[str, Any] = {
        "loans": 10,
        "night": bench.figures(runs["night"], 10, None),
        "pandas": bench.figures([], 10, 2.0),
    }
    assert "pandas          out of memory" in bench.table(found, ["pandas"]).splitlines()
    assert found["night"]["seconds"] == 2.0


def test_seconds_of_a_sample_are_scaled_by_loans() -> None:
    run = {"seconds": 0.5, "with_rows_seconds": 2.0, "process_seconds": 3.0, "peak_rss_bytes": 1, "loans": 20}
    found = bench.figures([run, run | {"seconds": 0.7}, run], 1_000, 100.0)
    assert (found["seconds"], found["min"], found["max"]) == (25.0, 25.0, 35.0)  # fifty times as many loans
    assert found["with_rows_seconds"] == 100.0
    assert found["night_over_it"] == 4.0
