"""A night on Spark gives what it gives on DuckDB: row by row, and so the same hash of the plan."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.night import position, reports
from duecourse.night.arrays import Reader
from duecourse.night.engines import by_name, spark
from duecourse.night.engines.engine import Opening
from duecourse.night.engines.texts import Texts
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options, Summary, run
from duecourse.strategy.models import Strategy
from tests.night import books, clusters

ROOT: Final = Path(__file__).parents[2]
SMALL: Final = ROOT / "examples" / "small" / "book.toml"
SCRIPT: Final = Path(sys.executable).with_name("duecourse")
FIVE: Final = ROOT / "bench" / "five_channels.yaml"
TABLES: Final = ("plan", "duties", "positions", "history")
NIGHT: Final = Moment(books.MADE_FOR)


def rows(summary: Summary, table: str) -> list[dict[str, Any]]:
    """Read an output, in the order in which it is written; its columns have the same types on every engine."""
    found: list[dict[str, Any]] = pq.read_table(summary.outputs[table]).to_pylist()
    return found


def types(summary: Summary, table: str) -> list[tuple[str, str]]:
    schema = pq.read_table(summary.outputs[table]).schema
    return [(field.name, str(field.type)) for field in schema]


def counted(summary: Summary) -> dict[str, Any]:
    """Return what a summary counts, without what differs between two runs."""
    return {name: found for name, found in asdict(summary).items() if name not in {"engine", "seconds", "outputs"}}


def night(book: Any, rules: Strategy, moment: Moment, out: Path, options: Options) -> tuple[Summary, str]:
    """Run a night with its report; return its summary and the report's page, without the engine's name."""

    def report(found: Night, folder: Path, plan_hash: str) -> dict[str, str]:
        return reports.write(found, moment, folder, plan_hash, ("en",))

    summary = run(book, rules, moment, out, options, report=report)
    page = Path(summary.outputs["report"]).read_text(encoding="utf-8")
    title = by_name.TITLES[options.engine]
    assert title in page
    return summary, page.replace(title, "ENGINE")


def test_a_night_on_spark_is_that_of_duckdb(home: Path, tmp_path: Path) -> None:
    """A book with rarer things, by every rulebook, on five channels, and as it was known before.

    The night of today under the default strategy is that of the cluster, below.
    """
    book = books.loaded(books.enriched(tmp_path / "book", 600, 11), home)
    rules, moment = books.strategy(FIVE), Moment.ended(date(2026, 6, 14), "UTC")
    options = Options(threads=4, memory="2GB", spill=tmp_path / "spill")
    one, page = night(book, rules, moment, tmp_path / "duckdb", options)
    with clusters.local(tmp_path):
        other, same = night(book, rules, moment, tmp_path / "spark", replace(options, engine="spark"))
    assert len(rows(one, "plan")) > 50
    assert rows(one, "duties")
    for table in TABLES:
        assert types(other, table) == types(one, table), table
        assert rows(other, table) == rows(one, table), table
    assert counted(other) == counted(one)
    assert same == page
    assert not list((tmp_path / "spill").iterdir())


def test_a_cluster_of_two_workers_plans_what_duckdb_plans(tmp_path: Path) -> None:
    """By the command line, in a process of its own, as a user does."""
    with clusters.standalone(tmp_path) as (master, env):
        plain = (str(SCRIPT), "run", str(SMALL), "--on", "2026-03-31", "--json", "--out", str(tmp_path / "out"))
        one, other = (
            subprocess.run((*plain, *more), env=env, capture_output=True, text=True, check=False)  # noqa: S603
            for more in ((), ("--engine", "spark", "--master", master))
        )
    assert (one.returncode, other.returncode) == (0, 0), other.stderr
    first, second = json.loads(one.stdout), json.loads(other.stdout)
    assert (first["engine"], second["engine"]) == ("duckdb", "spark")
    assert {**second, "engine": "duckdb", "seconds": first["seconds"]} == first
    for number in range(clusters.WORKERS):  # both had a part in it
        assert list((tmp_path / f"work-{number}").glob("app-*/*/stdout"))


@dataclass(frozen=True)
class _Refusing(position.Work):
    """Work whose second range has a loan that does not fit."""

    def do(self, reader: Reader, place: int) -> None:
        if place == 1:
            raise position.RefusedLoansError(["L7"])
        super().do(reader, place)


def test_a_task_may_be_done_again_and_says_which_loans_it_refuses(home: Path, tmp_path: Path) -> None:
    book = books.loaded(books.enriched(tmp_path / "book", 300, 5), home)
    summary, _ = books.planned(book, books.strategy(), NIGHT, tmp_path / "duckdb", law=books.open_law())
    rules = books.strategy().buckets
    for name in ("positions", "history"):
        (tmp_path / name).mkdir()
    work = _Refusing((0, 300, 301), NIGHT.on, (rules.by, rules.ranges), tmp_path)
    task = spark.Ranges(work, book.folder, frozenset(), NIGHT, book.zone, {})
    for _ in range(2):
        batches = [pa.record_batch([pa.array([place])], names=["id"]) for place in (0, 1)]
        told = pa.Table.from_batches(task(iter(batches))).to_pylist()
        assert told == [{"place": 1, "refused": ["L7"]}]
        assert [path.name for path in (tmp_path / "positions").iterdir()] == ["part-00000.parquet"]
        for name in ("positions", "history"):
            assert pq.read_table(tmp_path / name).equals(pq.read_table(summary.outputs[name]))


def test_what_is_missing_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DueCourseError, match="needs Java 17 or later"):
        spark.connected("local[1]", "1GB")
    monkeypatch.setitem(sys.modules, "duecourse.night.engines.spark", None)  # as where PySpark is not installed
    monkeypatch.delattr("duecourse.night.engines.spark")
    texts = Texts(tmp_path, "spark", "", ())
    with pytest.raises(DueCourseError, match=r"pip install 'duecourse\[spark\]'"):
        by_name.opened("spark", Opening(tmp_path, texts, frozenset(), 1, "1GB", tmp_path), "local[1]")


@pytest.mark.parametrize(("said", "mebibytes"), [("6GB", "6144m"), ("800MB", "800m"), ("2.5 GiB", "2560m")])
def test_memory_is_told_in_sparks_words(said: str, mebibytes: str) -> None:
    assert spark.spark_size(said) == mebibytes
