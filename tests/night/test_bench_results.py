"""What the benches keep of their results, and the picture that is drawn of it."""

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import vl_convert

from bench import keep, plot

NIGHTS: Final = [
    {"result": {"loans": loans, "night_seconds": night, "floor_seconds": floor}}
    for loans, night, floor in ((100_000, 4.0, 0.25), (1_000_000, 11.0, 1.5), (10_000_000, 80.0, 17.0))
]
PEERS: Final = [
    {"result": {"loans": 1_000_000, "night": {"seconds": 11.0}, "pandas": {"seconds": 3.25},
                "polars": {"seconds": 1.5}, "duckdb": {"out_of_memory": True}}},
]  # fmt: skip


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "results"
    monkeypatch.setattr(keep, "RESULTS", folder)
    return folder


def test_a_result_is_one_line_with_its_day_commit_and_machine(results: Path) -> None:
    keep.keep("night", date(2026, 11, 22), {"loans": 7, "versions": keep.versions("duckdb")})
    keep.keep("night", date(2026, 11, 23), {"loans": 8})
    first, second = map(json.loads, (results / "night.jsonl").read_text().splitlines())
    assert (first["date"], second["date"]) == ("2026-11-22", "2026-11-23")
    assert first["commit"] is None or re.fullmatch("[0-9a-f]{7,40}", first["commit"])
    assert first["machine"]["cpus"] >= 1
    assert first["machine"]["memory_bytes"] > 100_000_000
    assert set(first["result"]["versions"]) == {"python", "duckdb"}
    assert keep.kept("night") == [first, second]


def test_changed_files_are_told_but_for_results(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = [shutil.which("git") or "", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout  # noqa: S603

    git("init")
    (tmp_path / "file").write_text("as committed")
    git("add", "file")
    git("commit", "-m", "first")
    named = git("rev-parse", "HEAD")[:7]
    (tmp_path / "bench" / "results").mkdir(parents=True)
    (tmp_path / "bench" / "results" / "night.jsonl").write_text("{}")
    assert keep.commit(tmp_path) == {"commit": named, "clean": True}
    (tmp_path / "file").write_text("changed")
    assert keep.commit(tmp_path) == {"commit": named, "clean": False}


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert keep.commit(tmp_path) == {"commit": None, "clean": False}


def test_nothing_is_kept_without_a_day(results: Path) -> None:
    keep.keep("night", None, {"loans": 7})
    assert not results.exists()
    assert keep.kept("night") == []


def test_the_newest_result_of_each_size_counts() -> None:
    older: dict[str, Any] = {"result": {"loans": 1_000_000, "night_seconds": 99.0}}
    assert [one["night_seconds"] for one in plot.newest([older, *reversed(NIGHTS)])] == [4.0, 11.0, 80.0]


def test_the_picture_is_small_and_always_the_same() -> None:
    svg = vl_convert.vegalite_to_svg(plot.picture(NIGHTS, PEERS))
    assert svg == vl_convert.vegalite_to_svg(plot.picture(NIGHTS, PEERS))
    assert len(svg) < 100_000
    # The format says 3.25 rounded to even; what has no seconds has a word.
    for words in ("four times its floor", "11.0 s", "3.2 s", "1.5 s", "out of memory", "1,000,000 loans"):
        assert f">{words}<" in svg or f", {words}<" in svg, words


def test_the_bound_is_four_times_the_floor() -> None:
    points = plot.over_size([NIGHTS[1]["result"]])["data"]["values"]
    assert {point["what"]: point["seconds"] for point in points} == {
        "night": 11.0, "four times its floor": 6.0, "its floor": 1.5,
    }  # fmt: skip


def test_one_bench_alone_is_drawn_too() -> None:
    assert len(plot.picture(NIGHTS[:1], [])["hconcat"]) == 1
    assert len(plot.picture([], PEERS)["hconcat"]) == 1


def test_nothing_kept_is_said(results: Path) -> None:
    assert not results.exists()
    with pytest.raises(SystemExit, match="no result was kept: run `make bench-night KEEP=1` first"):
        plot.main()
