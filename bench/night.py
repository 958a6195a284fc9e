"""The night over its floor, on a synthetic book: `python -m bench.night --loans 1000000 --json`.

Each run of the night is a process of its own, and between two of them runs the floor, so that both see the
same machine. Loading is timed apart, over a floor of its own. docs/operating/bench.md explains each figure.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, Final

import pyarrow.parquet as pq

import duecourse.book.synth as synth_module
from bench.columns import columns_read
from bench.keep import keep, versions
from duecourse.book.load import load
from duecourse.book.synth import DEFAULT_ON, synth

_FLOOR: Final = Path(__file__).with_name("floor_night.py")
_SMALL_LOANS: Final = 2_000  # enough that every table has rows, to ask which columns the night reads
_LARGE: Final = ("loans", "instalments", "payments", "contacts")
_NO_MEMORY: Final = re.compile(r"MemoryError|OutOfMemory|out of memory|memory allocation of|bad_alloc", re.IGNORECASE)
VERSIONS: Final = ("duckdb", "ibis-framework", "numba", "numpy", "pyarrow", "sqlglot")


@dataclass(frozen=True)
class Plan:
    """What to measure: the book's size, seed and business date, and how often; `folder` is the bench's."""

    loans: int
    seed: int
    on: date
    runs: int
    load_runs: int
    folder: Path


def say(text: str) -> None:
    """Tell how far it is, beside the result."""
    sys.stderr.write(text + "\n")


def book_of(plan: Plan) -> Path:
    """Return the mapping of the synthetic book, made unless this very book is there from before."""
    sources = sorted(Path(synth_module.__file__).parent.glob("synth*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    folder = plan.folder / f"book-{plan.loans}-{plan.seed}-{plan.on}-{digest}"
    if not (folder / "book.toml").exists():
        say(f"making a book of {plan.loans:,} loans")
        synth(plan.loans, plan.seed, folder, on=plan.on)
    return folder / "book.toml"


class FailedError(SystemExit):
    """A process of the bench failed, which ends the bench unless somebody is ready for it."""

    def __init__(self, command: Sequence[str], status: int, told: str) -> None:
        """Say which command failed, and what it told."""
        super().__init__(f"bench: {' '.join(command)} failed ({status}):\n{told}")
        # What pandas, Arrow, DuckDB, Polars and C++ say of it, beside a machine that ends the largest process.
        self.for_want_of_memory = status == -signal.SIGKILL or bool(_NO_MEMORY.search(told))


def alone(*arguments: object) -> dict[str, Any]:
    """Run Python on these arguments in a process of its own; return the object it prints, and its time."""
    begun = time.perf_counter()
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise FailedError(command, done.returncode, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"process_seconds": time.perf_counter() - begun}


def emptied(folder: Path) -> Path:
    """Return the folder, there and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def floor(plan: Plan, reads: Mapping[Path, Sequence[str]], writes: Sequence[Path]) -> dict[str, Any]:
    """Measure a floor once: read these columns of these files, write these tables."""
    folder = emptied(plan.folder / "floor")
    spec = {
        "reads": [{"file": str(path), "columns": list(columns)} for path, columns in reads.items()],
        "writes": [str(path) for path in writes],
    }
    (folder / "spec.json").write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
    found = alone(_FLOOR, folder / "spec.json", folder)
    shutil.rmtree(folder)
    return found


def measure_load(plan: Plan, mapping: Path) -> tuple[Path, list[dict[str, Any]], list[dict[str, Any]]]:
    """Load the book as often as asked, each time anew, and its floor; return the tables and the runs."""
    home = plan.folder / "loaded"
    sources = sorted(mapping.parent.glob("*.parquet"))
    reads = {path: pq.read_schema(path).names for path in sources}
    loads, floors = [], []
    for run in range(plan.load_runs):
        say(f"load {run + 1} of {plan.load_runs}")
        loads.append(alone("-m", "bench.once", "load", mapping, emptied(home)))
        floors.append(floor(plan, reads, sorted(Path(loads[-1]["tables"]).glob("*.parquet"))))
    if not plan.load_runs:
        loads.append(alone("-m", "bench.once", "load", mapping, home))
        return Path(loads[0]["tables"]), [], []
    return Path(loads[-1]["tables"]), loads, floors


def night_reads(plan: Plan, tables: Path) -> dict[Path, list[str]]:
    """Return the files and columns that the night reads, found on a small book of the same kind."""
    say("asking which columns the night reads")
    folder = emptied(plan.folder / "small")
    small = load(synth(_SMALL_LOANS, plan.seed, folder / "book", on=plan.on), None, folder / "loaded")
    found = columns_read(small.folder, plan.on)
    shutil.rmtree(folder)
    # A scan that the trace no longer sees would make the floor too low: stop rather than print a wrong ratio.
    if missing := [table for table in _LARGE if len(found.get(table, [])) < 5]:
        raise SystemExit(f"bench: no reading of {', '.join(missing)} was seen: mend bench/columns.py")
    return {tables / f"{table}.parquet": columns for table, columns in found.items()}


def measure_night(
    plan: Plan,
    tables: Path,
    reads: Mapping[Path, Sequence[str]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run night and floor in turn; a night before, not counted, compiles and leaves what the floor writes."""
    out = emptied(plan.folder / "night")
    command = ("-m", "bench.once", "night", tables, out, plan.on)
    say("one night to warm up")
    writes = [Path(path) for path in alone(*command)["outputs"].values()]
    nights, floors = [], []
    for run in range(plan.runs):
        say(f"night and floor {run + 1} of {plan.runs}")
        floors.append(floor(plan, reads, [path for path in writes if path.suffix in {"", ".parquet"}]))
        nights.append(alone(*command))
    if len({run["plan_hash"] for run in nights}) != 1:
        raise SystemExit("bench: the same night gave different plans: look for a tie without an order")
    return nights, floors


def spread(runs: Sequence[Mapping[str, Any]], key: str = "seconds") -> list[float]:
    """Return a figure of every run, rounded to milliseconds for people."""
    return [round(run[key], 3) for run in runs]


def middle(runs: Sequence[Mapping[str, Any]], key: str = "seconds") -> float | None:
    """Return the median of a figure, or None when nothing was run."""
    return round(median(run[key] for run in runs), 3) if runs else None


def result(plan: Plan) -> dict[str, Any]:
    """Measure everything and put it into one object."""
    mapping = book_of(plan)
    tables, loads, load_floors = measure_load(plan, mapping)
    reads = night_reads(plan, tables)
    nights, floors = measure_night(plan, tables, reads)
    night, lowest = middle(nights) or 0, middle(floors) or 0
    peak = int(median(run["peak_rss_bytes"] for run in nights))
    read = int(median(run["input_bytes"] for run in floors))
    rows = {name: pq.read_metadata(tables / f"{name}.parquet").num_rows for name in _LARGE} | {"loans": plan.loans}
    load_seconds, load_floor = middle(loads), middle(load_floors)
    return {
        "floor_seconds": lowest,
        "night_seconds": night,
        "ratio": round(night / lowest, 2),
        "peak_rss_bytes": peak,
        "input_bytes": read,
        "peak_over_input_bytes": round(peak / read, 1),
        "output_bytes": int(median(run["output_bytes"] for run in floors)),
        "tables_bytes": sum(path.stat().st_size for path in tables.glob("*.parquet")),
        "load_seconds": load_seconds,
        "load_floor_seconds": load_floor,
        "load_ratio": round(load_seconds / load_floor, 2) if load_seconds and load_floor else None,
        "load_peak_rss_bytes": int(median(run["peak_rss_bytes"] for run in loads)) if loads else None,
        "source_bytes": sum(path.stat().st_size for path in mapping.parent.glob("*.parquet")),
        **rows,
        "rows_per_second": {name: int(count / night) for name, count in rows.items()},
        "on": plan.on.isoformat(),
        "plan_hash": nights[0]["plan_hash"],
        "runs": {
            "night_seconds": spread(nights),
            "night_process_seconds": spread(nights, "process_seconds"),
            "night_peak_rss_bytes": [run["peak_rss_bytes"] for run in nights],
            "floor_seconds": spread(floors),
            "floor_read_seconds": spread(floors, "read_seconds"),
            "floor_write_seconds": spread(floors, "write_seconds"),
            "load_seconds": spread(loads),
            "load_floor_seconds": spread(load_floors),
        },
        "night_min": min(spread(nights)),
        "night_max": max(spread(nights)),
        "floor_min": min(spread(floors)),
        "floor_max": max(spread(floors)),
        "columns_read": {path.stem: list(columns) for path, columns in reads.items()},
        "cpus": os.cpu_count(),
        "versions": versions(*VERSIONS),
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the result as a few lines for people."""
    mebibytes = 1 << 20
    rows = [
        ("book", ", ".join(f"{found[name]:,} {name}" for name in _LARGE)),
        ("night", f"{found['night_seconds']} s, from {found['night_min']} to {found['night_max']}"),
        ("its floor", f"{found['floor_seconds']} s, from {found['floor_min']} to {found['floor_max']}"),
        ("ratio", f"{found['ratio']}"),
        ("columns read", f"{found['input_bytes'] // mebibytes:,} MiB"),
        (
            "peak memory",
            f"{found['peak_rss_bytes'] // mebibytes:,} MiB, {found['peak_over_input_bytes']} times the columns read",
        ),
        ("in a second", ", ".join(f"{count:,} {name}" for name, count in found["rows_per_second"].items())),
        (
            "load",
            f"{found['load_seconds']} s, floor {found['load_floor_seconds']} s, ratio {found['load_ratio']}",
        ),
    ]
    return "\n".join(f"{name:<13}{text}" for name, text in rows)


def options(module: str, says: str) -> argparse.ArgumentParser:
    """Return the options that every bench of nights has: the book, how often to run, and what to print."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=says)
    parser.add_argument("--loans", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--on", type=date.fromisoformat, default=DEFAULT_ON)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=date.fromisoformat, metavar="DAY", help="keep the result, as of this day (UTC)")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = options("bench.night", __doc__.splitlines()[0])
    parser.add_argument("--load-runs", type=int, default=1, help="0 uses tables loaded before")
    given = parser.parse_args(arguments)
    plan = Plan(given.loans, given.seed, given.on, given.runs, given.load_runs, given.folder.resolve())
    found = result(plan)
    keep("night", given.keep, found)
    sys.stdout.write((json.dumps(found, indent=1) if given.json else table(found)) + "\n")


if __name__ == "__main__":
    main()
