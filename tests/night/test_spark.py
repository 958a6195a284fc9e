"""A night on Spark gives what it gives on DuckDB: row by row, and so the same hash of the plan."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.night import position
from duecourse.night.arrays import Reader
from duecourse.night.engines import by_name, spark
from duecourse.night.engines.engine import Opening
from duecourse.night.engines.texts import Texts
from duecourse.night.moment import Moment
from tests.night import books, clusters

ROOT: Final = Path(__file__).parents[2]
SMALL: Final = ROOT / "examples" / "small" / "book.toml"
SCRIPT: Final = Path(sys.executable).with_name("duecourse")
FIVE: Final = ROOT / "bench" / "five_channels.yaml"
SOAK: Final = os.environ.get("DUECOURSE_SOAK") == "1"
TABLES: Final = ("plan", "duties", "positions", "history")
NIGHT: Final = Moment(books.MADE_FOR)


def rows(summary: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """Read an output, in the order in which it is written; its columns have the same types on every engine."""
    found: list[dict[str, Any]] = pq.read_table(summary["outputs"][table]).to_pylist()
    return found


def types(summary: dict[str, Any], table: str) -> list[tuple[str, str]]:
    schema = pq.read_table(summary["outputs"][table]).schema
    return [(field.name, str(field.type)) for field in schema]


def counted(summary: dict[str, Any]) -> dict[str, Any]:
    """Return what a summary counts, without what differs between two runs."""
    return {name: found for name, found in summary.items() if name not in {"engine", "seconds", "outputs"}}


def page(summary: dict[str, Any]) -> str:
    """Return the report's page, without the engine's name, and that of the folder which is called like it."""
    text, title = Path(summary["outputs"]["report"]).read_text(encoding="utf-8"), by_name.TITLES[summary["engine"]]
    assert title in text
    return text.replace(title, "ENGINE").replace(f"/{summary['engine']}/", "/ENGINE/")


NIGHTS: Final = ("today", *(["before"] if SOAK else []))


def asked(night: str, folder: Path) -> tuple[str, ...]:
    """Return a book and its day: the small one under the default strategy, or one with rarer things.

    That one is of every country that has a rulebook, on five channels, and as it was known before.
    """
    if night == "today":
        return (str(SMALL), "--on", "2026-03-31")
    known = ("--on", "2026-06-14", "--known-at", "2026-06-14", "--strategy", str(FIVE))
    return (str(books.enriched(folder / "book", 600, 11)), *known)


@pytest.mark.parametrize("night", NIGHTS)
def test_a_cluster_of_two_workers_plans_what_duckdb_plans(tmp_path: Path, night: str) -> None:
    """By the command line, in a process of its own, as a user does."""
    with clusters.standalone(tmp_path) as (master, env):
        plain = (str(SCRIPT), "run", "--json", *asked(night, tmp_path))
        done = [
            subprocess.run((*plain, *more), env=env, capture_output=True, text=True, check=False)  # noqa: S603
            for more in (
                ("--out", str(tmp_path / "duckdb")),
                ("--out", str(tmp_path / "spark"), "--engine", "spark", "--master", master),
            )
        ]
    assert [one.returncode for one in done] == [0, 0], done[1].stderr
    one, other = (json.loads(each.stdout) for each in done)
    assert (one["engine"], other["engine"]) == ("duckdb", "spark")
    assert len(rows(one, "plan")) > 5
    assert night == "today" or rows(one, "duties")
    for table in TABLES:
        assert types(other, table) == types(one, table), table
        assert rows(other, table) == rows(one, table), table
    assert counted(other) == counted(one)
    assert page(other) == page(one)
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
