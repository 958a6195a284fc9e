"""A run over a few borrowers beside that over the whole book: `python -m bench.few --loans 1000000 --json`.

The whole night runs first, not counted; then whole night and few borrowers take turns, each a process of its own. The
rows of the few must be those of the whole night, or the bench stops.
"""

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow.parquet as pq

from bench.keep import keep
from bench.night import Plan, alone, book_of, emptied, measure_load, middle, options, say, spread

_TABLES: Final = ("plan", "duties", "positions")


def chosen(tables: Path, share_ppm: int, seed: int, folder: Path) -> Path:
    """Draw some of the borrowers of a book at random, spread over all of it, and name them in a file."""
    column = pq.read_table(tables / "borrowers.parquet", columns=["borrower_id"]).column("borrower_id")
    names = column.unique().to_pylist()
    number = len(names) * share_ppm // 1_000_000  # rounded down
    some = random.Random(seed).sample(names, number)  # noqa: S311  no secret, and to be drawn again
    path = folder / "some.txt"
    path.write_text("\n".join(some) + "\n", encoding="utf-8")
    return path


def different(whole: dict[str, str], few: dict[str, str], some: Path) -> str | None:
    """Name the first output in which rows of the few are not those of the whole night, if there is one."""
    named = f"(SELECT column0 FROM read_csv('{some}', header = false, columns = {{'column0': 'VARCHAR'}}))"
    with duckdb.connect() as con:
        for name in _TABLES:
            ours, theirs = (
                f"read_parquet('{path}{'/*' if name == 'positions' else ''}')" for path in (few[name], whole[name])
            )
            wanted = f"SELECT * FROM {theirs} WHERE borrower_id IN {named}"
            for one, other in ((wanted, f"FROM {ours}"), (f"FROM {ours}", wanted)):
                if con.execute(f"SELECT count(*) FROM ({one} EXCEPT ALL {other})").fetchall() != [(0,)]:
                    return name
    return None


def measured(plan: Plan, share_ppm: int) -> dict[str, Any]:
    """Run both in turn; SystemExit when their rows differ."""
    tables, _, _ = measure_load(plan, book_of(plan))
    out = emptied(plan.folder / "few")
    some = chosen(tables, share_ppm, plan.seed, out)
    command = ("-m", "bench.once", "night", tables, out, plan.on)
    say("one night to warm up")
    alone(*command)
    runs: dict[str, list[dict[str, Any]]] = {"whole": [], "few": []}
    for number in range(plan.runs):
        say(f"whole and few {number + 1} of {plan.runs}")
        runs["whole"].append(alone(*command))
        runs["few"].append(alone(*command, "default", f"borrowers={some}"))
    if name := different(runs["whole"][-1]["outputs"], runs["few"][-1]["outputs"], some):
        sys.exit(f"bench: {name} of the few differs from the whole night's")
    seconds = {name: middle(each) or 0 for name, each in runs.items()}
    return {
        "loans": plan.loans,
        "borrowers": len(some.read_text(encoding="utf-8").split()),
        **{f"{name}_seconds": found for name, found in seconds.items()},
        "share_percent": round(100 * seconds["few"] / seconds["whole"], 1),
        "few_peak_rss_bytes": max(run["peak_rss_bytes"] for run in runs["few"]),
        "runs": {name: spread(each) for name, each in runs.items()},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = options("bench.few", __doc__.splitlines()[0])
    parser.add_argument("--share-ppm", type=int, default=10_000, help="of all borrowers, in parts per million")
    given = parser.parse_args(arguments)
    plan = Plan(given.loans, given.seed, given.on, given.runs, 0, given.folder.resolve())
    found = measured(plan, given.share_ppm)
    keep("few", given.keep, found)
    told = f"{found['few_seconds']} s for {found['borrowers']:,} borrowers, {found['share_percent']} % of a whole night"
    sys.stdout.write((json.dumps(found, indent=1) if given.json else told) + "\n")


if __name__ == "__main__":
    main()
