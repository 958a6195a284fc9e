"""The same night on DuckDB and on Spark, on this machine: `python -m bench.spark --loans 100000 --json`.

Their plans must have the same hash before anything is timed for the record. Each night is a process of its own, with
all that starting one takes within the process; nights of the two take turns, and one of each before is not counted: it
compiles.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from bench.keep import keep
from bench.night import Plan, alone, book_of, emptied, measure_load, middle, options, say, spread

ENGINES: Final = ("duckdb", "spark")


def measured(plan: Plan) -> dict[str, Any]:
    """Run nights of both engines in turn; SystemExit when their plans differ."""
    tables, _, _ = measure_load(plan, book_of(plan))
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in ENGINES}
    hashes: set[str] = set()
    for number in range(plan.runs + 1):
        say(f"nights {number} of {plan.runs}" if number else "nights to warm up")
        for engine in ENGINES:
            out = emptied(plan.folder / "night")
            found = alone("-m", "bench.once", "night", tables, out, plan.on, "default", engine)
            runs[engine] += [found] if number else []
            hashes.add(str(found["plan_hash"]))
        if len(hashes) > 1:
            sys.exit(f"the plans differ: {sorted(hashes)}")
    seconds = {engine: middle(of_engine) or 0 for engine, of_engine in runs.items()}
    return {
        "loans": plan.loans,
        "plan_hash": hashes.pop(),
        **{f"{engine}_seconds": found for engine, found in seconds.items()},
        "ratio": round(seconds["spark"] / seconds["duckdb"], 2),
        "runs": {engine: spread(of_engine) for engine, of_engine in runs.items()},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    given = options("bench.spark", __doc__.splitlines()[0]).parse_args(arguments)
    found = measured(Plan(given.loans, given.seed, given.on, given.runs, 0, given.folder.resolve()))
    keep("spark", given.keep, found)
    told = f"{found['spark_seconds']} s on Spark, {found['duckdb_seconds']} s on DuckDB, ratio {found['ratio']}"
    sys.stdout.write((json.dumps(found, indent=1) if given.json else told) + "\n")


if __name__ == "__main__":
    main()
