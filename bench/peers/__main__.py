"""The night beside scripts written by hand for the same: `python -m bench.peers --loans 1000000 --json`.

All read the same loaded tables of a plain book and write Parquet. First every peer must say of every loan and borrower
what the night says, then all are timed in turn, each in a process of its own. docs/operating/bench.md explains it.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.keep import keep, versions
from bench.night import VERSIONS, FailedError, Plan, alone, book_of, emptied, options, say
from bench.peers.equal import Equal, compare
from bench.peers.plain import plain

PEERS: Final = ("pandas", "polars", "duckdb", "python")
STRATEGY: Final = Path(__file__).with_name("plain.yaml")
Runs = dict[str, list[dict[str, Any]]]


def tables_of(plan: Plan) -> Path:
    """Return the folder of the loaded tables of the plain book, loaded unless they are there from before."""
    found = alone("-m", "bench.once", "load", plain(book_of(plan)), plan.folder / "plain")
    return Path(found["tables"])


def night(plan: Plan, tables: Path) -> dict[str, Any]:
    """Run one night with default options; its outputs stay in `night` of the bench's folder."""
    return alone("-m", "bench.once", "night", tables, emptied(plan.folder / "night"), plan.on, STRATEGY)


def peer(plan: Plan, tables: Path, name: str) -> dict[str, Any] | None:
    """Run one peer; its outputs stay in `peers` of the bench's folder. None when it ran out of memory."""
    out = emptied(plan.folder / "peers" / name)
    try:
        return alone("-m", "bench.peers.alone", name, tables, out, plan.on)
    except FailedError as failed:
        if not failed.for_want_of_memory:
            raise
        say(f"{name}: out of memory")
        return None


def equal(plan: Plan, tables: Path, names: Sequence[str]) -> dict[str, Equal | None]:
    """Run the night and each peer once, not timed, and compare them; None for a peer that ran out of memory."""
    say("one night to warm up")
    ours = Path(night(plan, tables)["outputs"]["plan"]).parent
    found: dict[str, Equal | None] = {}
    for name in names:
        done = peer(plan, tables, name)
        found[name] = compare(name, ours, plan.folder / "peers" / name, done["loans"]) if done else None
        if same := found[name]:
            say(f"{name}: the same on {same.loans:,} loans, {same.borrowers:,} borrowers and {same.acts:,} acts")
    return found


def measure(plan: Plan, tables: Path, names: Sequence[str]) -> Runs:
    """Run night and peers in turn; a peer that runs out of memory here has fewer runs, or none."""
    runs: Runs = {name: [] for name in ("night", *names)}
    for number in range(plan.runs):
        say(f"night and peers {number + 1} of {plan.runs}")
        runs["night"].append(night(plan, tables) | {"loans": plan.loans})
        for name in names:
            runs[name] += [done for done in [peer(plan, tables, name)] if done]
    return runs


def figures(runs: Sequence[Mapping[str, Any]], loans: int, night_seconds: float | None) -> dict[str, Any]:
    """Return the figures of one: seconds for all loans, where fewer were done scaled by their number."""
    if not runs:
        return {"out_of_memory": True}
    scale = loans / runs[0]["loans"]
    seconds = [round(run["seconds"] * scale, 3) for run in runs]
    middle = round(median(seconds), 3)
    with_rows = median(run.get("with_rows_seconds", 0) for run in runs)
    return {
        "seconds": middle,
        "min": min(seconds),
        "max": max(seconds),
        "process_seconds": round(median(run["process_seconds"] for run in runs), 3),
        "peak_rss_bytes": int(median(run["peak_rss_bytes"] for run in runs)),
        "loans": runs[0]["loans"],
        **({"with_rows_seconds": round(with_rows * scale, 3)} if scale > 1 else {}),
        "runs": seconds,
        "night_over_it": round(night_seconds / middle, 2) if night_seconds else None,
    }


def result(plan: Plan, names: Sequence[str]) -> dict[str, Any]:
    """Compare, measure, and put everything into one object."""
    tables = tables_of(plan)
    same = equal(plan, tables, names)
    runs = measure(plan, tables, [name for name in names if same[name]])
    night_seconds = median(run["seconds"] for run in runs["night"])
    return {
        "loans": plan.loans,
        "on": plan.on.isoformat(),
        "night": figures(runs["night"], plan.loans, None),
        **{name: figures(runs.get(name, ()), plan.loans, night_seconds) for name in names},
        "equal": {name: asdict(each) for name, each in same.items() if each},
        "plan_hash": runs["night"][0]["plan_hash"],
        "cpus": os.cpu_count(),
        "versions": versions(*VERSIONS, "pandas", "polars"),
    }


def table(found: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the result as a few lines for people."""
    lines = [f"{found['loans']:,} loans      seconds     least      most   peak memory   night over it"]
    for name in ("night", *names):
        one = found[name]
        if one.get("out_of_memory"):
            lines.append(f"{name:<16}out of memory")
            continue
        times = "".join(f"{one[key]:>10.2f}" for key in ("seconds", "min", "max"))
        ratio = one["night_over_it"] or ""
        lines.append(f"{name:<13}{times}{one['peak_rss_bytes'] >> 20:>10,} MiB{ratio:>16}")
        if one["loans"] < found["loans"]:
            lines[-1] += f"   from {one['loans']:,} loans; {one['with_rows_seconds']:.0f} s with reading"
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = options("bench.peers", __doc__.splitlines()[0])
    parser.add_argument("--peers", default=",".join(PEERS), help="which, with commas")
    given = parser.parse_args(arguments)
    names = given.peers.split(",")
    if unknown := [name for name in names if name not in PEERS]:
        parser.error(f"no peer {', '.join(unknown)}: there are {', '.join(PEERS)}")
    plan = Plan(given.loans, given.seed, given.on, given.runs, 0, given.folder.resolve())
    found = result(plan, names)
    keep("peers", given.keep, found)
    sys.stdout.write((json.dumps(found, indent=1) if given.json else table(found, names)) + "\n")


if __name__ == "__main__":
    main()
