"""The night with every rulebook over the same night without law: `python -m bench.night_law --loans 1000000 --json`.

For two strategies: the default, and one in which whoever is overdue may be reached by five channels in two slots, so
that the law has the most to judge. Nights with and without law take turns, each in a process of its own. Without law
means rulebooks without a rule: everything that the law would stop goes ahead.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.keep import keep, versions
from bench.night import VERSIONS, Plan, alone, book_of, emptied, measure_load, middle, options, say, spread

STRATEGIES: Final[Mapping[str, str]] = {
    "default": "default",
    "five_channels": str(Path(__file__).with_name("five_channels.yaml")),
}


def measured(plan: Plan, tables: Path, name: str) -> dict[str, Any]:
    """Run nights of one strategy in turn, with and without law; one of each before, not counted, compiles."""
    ways: Mapping[str, tuple[str, ...]] = {"with_law": (), "without_law": ("lawless",)}
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for number in range(plan.runs + 1):
        say(f"{name}: {f'nights {number} of {plan.runs}' if number else 'nights to warm up'}")
        for way, more in ways.items():
            out = emptied(plan.folder / "night")
            found = alone("-m", "bench.once", "night", tables, out, plan.on, STRATEGIES[name], *more)
            runs[way] += [found] if number else []
    with_law, without = middle(runs["with_law"]) or 0, middle(runs["without_law"]) or 0
    return {
        "with_law_seconds": with_law,
        "without_law_seconds": without,
        "ratio": round(with_law / without, 2),
        "refused": runs["with_law"][0]["refused"],
        "peak_rss_bytes": {way: middle(of_way, "peak_rss_bytes") for way, of_way in runs.items()},
        "runs": {way: spread(of_way) for way, of_way in runs.items()},
    }


def line(name: str, found: Mapping[str, Any]) -> str:
    """Return what was measured of one strategy in a line for people."""
    nights = f"{found['with_law_seconds']} s over {found['without_law_seconds']} s without law"
    return f"{name:<15}ratio {found['ratio']}   {nights}, {found['refused']:,} refused"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    given = options("bench.night_law", __doc__.splitlines()[0]).parse_args(arguments)
    plan = Plan(given.loans, given.seed, given.on, given.runs, 0, given.folder.resolve())
    tables, _, _ = measure_load(plan, book_of(plan))
    found = {name: measured(plan, tables, name) for name in STRATEGIES}
    keep("night_law", given.keep, {"loans": plan.loans, **found, "versions": versions(*VERSIONS)})
    sys.stdout.write(
        (json.dumps(found, indent=1) if given.json else "\n".join(map(line, found, found.values()))) + "\n"
    )


if __name__ == "__main__":
    main()
