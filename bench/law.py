"""How many acts the law judges in a second, beside zen and a plain `if`: `python -m bench.law --rows 200000 --json`.

All judge one table of random facts by the rules of one book on contact. Nothing is timed unless all of them say
the same of every row. docs/operating/bench.md explains each figure.
"""

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import cycle, islice
from statistics import median
from typing import Any, Final

import pyarrow as pa

from bench.keep import keep, versions
from bench.law_facts import Facts, facts
from bench.law_judges import Judge, Ours, judges
from bench.law_words import Masks, sayable
from duecourse.law.casefile import Case, read_cases
from duecourse.law.program import Program, compiled
from duecourse.law.rulebook import BOOKS, Law, load
from duecourse.law.running import run
from duecourse.law.world import tables, worlds

_BOOK: Final = "us"
_ACT: Final = "contact"
_SLOW: Final = "evaluate"  # timed on the first rows only
_VERSIONS: Final = ("duckdb", "ibis-framework", "numpy", "pyarrow", "zen-engine")
_OURS: Final = "duckdb_one_thread"
_PLAIN: Final = "python"
_PLAIN_FROM_TABLE: Final = "python_from_the_table"


@dataclass(frozen=True)
class Plan:
    """What to measure: rows and seed of the table, how many worlds, and how often all of it."""

    rows: int
    seed: int
    worlds: int
    runs: int


@dataclass
class Rates:
    """How many rows each judged in a second, run by run, and how many rows it had.

    For the plain `if` there is a second rate, with the time that making dicts of the table's rows takes.
    """

    found: dict[str, list[float]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, rows: int, seconds: float) -> None:
        """Note one run."""
        self.found.setdefault(name, []).append(rows / seconds)
        self.rows[name] = rows


def say(text: str) -> None:
    """Tell how far it is, beside the result."""
    sys.stderr.write(text + "\n")


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes; the collector of garbage waits."""
    gc.collect()
    gc.disable()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    gc.enable()
    return seconds


def refuse_differences(law: Law, given: Facts, ours: Ours, others: Sequence[Judge]) -> list[Masks]:
    """Let all judge every row; stop at the first on which they differ. Return what all of them say."""
    expected = ours.masks()
    for judge in others:
        start = 0
        for chunk in given.chunks():
            found = judge.masks(judge.judge(judge.rows(chunk)))
            wanted = expected[start : start + chunk.num_rows]
            if found != wanted:
                _stop(law, judge, start, found, wanted)
            start += chunk.num_rows
        say(f"{judge.name}: the same on all of {start:,} rows")
    return expected


def _stop(law: Law, judge: Judge, start: int, found: Sequence[Masks], wanted: Sequence[Masks]) -> None:
    """Say where a judge differs, and end."""
    if len(found) != len(wanted):
        raise SystemExit(f"bench: {judge.name} answered {len(found)} of {len(wanted)} rows")
    at = next(place for place, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1])
    bits = [one ^ other for one, other in zip(found[at], wanted[at], strict=True)]
    rules = [rule.id for place, rule in enumerate(law.rules) if any(each >> place & 1 for each in bits)]
    raise SystemExit(f"bench: {judge.name} and the law differ on row {start + at} in {', '.join(rules)}: not timed")


def shares(law: Law, answers: Sequence[Masks]) -> dict[str, float]:
    """Return how often a rule of the table is asked, refuses, and refuses for want of knowledge."""
    judged = len(answers) * len(law.rules)
    sums = {
        name: sum(mask[place].bit_count() for mask in answers)
        for place, name in enumerate(("asked", "refused", "unknown"))
    }
    return {name: round(count / judged, 3) for name, count in sums.items()}


def _timed_chunk(judge: Judge, chunk: pa.Table) -> tuple[float, float]:
    """Return the seconds of making the rows ready, and of judging them."""
    ready: list[Any] = []
    making = timed(lambda: ready.append(judge.rows(chunk)))
    return making, timed(lambda: judge.judge(ready[0]))


def measure(given: Facts, own: Mapping[str, Ours], others: Sequence[Judge], runs: int) -> Rates:
    """Time all in turn, as often as asked: ours on the whole table, the others part after part of it."""
    rates = Rates()
    for number in range(runs):
        say(f"run {number + 1} of {runs}")
        for name, ours in own.items():
            rates.add(name, given.table.num_rows, timed(ours.judge))
        for judge in others:
            chunks = list(given.chunks())[: 1 if judge.name == _SLOW else None]
            rows = sum(chunk.num_rows for chunk in chunks)
            making, judging = (sum(each) for each in zip(*(_timed_chunk(judge, each) for each in chunks), strict=True))
            rates.add(judge.name, rows, judging)
            if judge.name == _PLAIN:
                rates.add(_PLAIN_FROM_TABLE, rows, making + judging)
    return rates


def cases_of(book: str, count: int) -> list[Case]:
    """Return that many worlds: the book's own worked cases, again and again."""
    files = sorted((BOOKS / book).glob("*.cases.yaml"))
    own = [case for path in files for case in read_cases(path, topics=None) if case.rulebooks == (book,)]
    return list(islice(cycle(own), count))


def measure_worlds(count: int, runs: int) -> dict[str, Any]:
    """Time the whole way from worlds to verdicts, all acts and questions of the book."""
    program = compiled(load(only=[_BOOK]).of([_BOOK]))
    cases = cases_of(_BOOK, count)
    made = worlds(cases)
    say(f"{count:,} worlds")
    whole, telling = [], []
    for _ in range(runs):
        telling.append(timed(lambda: tables(worlds(cases), program.reads)))
        whole.append(timed(lambda: _whole(cases, program)))
    return {
        "worlds": count,
        "tries": len(made.tries),
        "acts": len(made.acts),
        "events": len(made.events),
        "statements": len(program.steps),
        "rules": len(program.law.rules),
        "worlds_per_second": _figures([count / seconds for seconds in whole]),
        "seconds": _figures(whole, 3),
        "of_them_making_tables_seconds": _figures(telling, 3),
    }


def _whole(cases: Sequence[Case], program: Program) -> None:
    run(cases, program).connection.close()


def _figures(found: Sequence[float], digits: int | None = None) -> dict[str, Any]:
    return {
        "median": round(median(found), digits),
        "min": round(min(found), digits),
        "max": round(max(found), digits),
        "runs": [round(one, digits) for one in found],
    }


def result(plan: Plan) -> dict[str, Any]:
    """Measure everything and put it into one object."""
    whole = measure_worlds(plan.worlds, plan.runs)
    law = load(only=[_BOOK]).of([_BOOK], acts=[_ACT])
    chosen = replace(law, rules=tuple(rule for rule in law.rules if sayable(rule)))
    given = facts(law, plan.rows, plan.seed)
    cores = os.cpu_count() or 1
    own = {_OURS: Ours(chosen, given, 1), "duckdb_all_threads": Ours(chosen, given, cores)}
    others = judges(chosen, given)
    say(f"{plan.rows:,} rows, {len(chosen.rules)} of {len(law.rules)} rules can be said by all")
    answers = refuse_differences(chosen, given, own[_OURS], others)
    if chosen.rules != law.rules:
        own[f"{_OURS}_all_rules"] = Ours(law, given, 1)
    rates = measure(given, own, others, plan.runs)
    figures = {name: {"rows": rates.rows[name], **_figures(found)} for name, found in rates.found.items()}
    ours = figures[_OURS]["median"]
    zen_best = max(("zen_expression", "zen_table"), key=lambda name: figures[name]["median"])
    return {
        "book": _BOOK,
        "act": _ACT,
        "rows": plan.rows,
        "seed": plan.seed,
        "rules": len(chosen.rules),
        "rules_of_the_book": len(law.rules),
        "left_out": sorted({rule.id for rule in law.rules} - {rule.id for rule in chosen.rules}),
        "facts": len(given.kinds),
        "equal_rows": len(answers),
        "shares": shares(chosen, answers),
        "decisions_per_second": figures,
        "zen_best": zen_best,
        "ratio_to_zen": round(ours / figures[zen_best]["median"], 2),
        "ratio_to_python": round(ours / figures[_PLAIN]["median"], 2),
        "ratio_to_python_from_the_table": round(ours / figures[_PLAIN_FROM_TABLE]["median"], 2),
        "whole_worlds": whole,
        "cpus": cores,
        "machine": platform.machine(),
        "versions": versions(*_VERSIONS),
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the result as a few lines for people."""
    lines = [
        f"{found['rows']:,} rows, {found['facts']} facts; equal answers on {found['equal_rows']:,} rows",
        f"{found['rules']} of {found['rules_of_the_book']} rules of {found['book']} on {found['act']}",
        "",
        f"{'acts judged in a second':<32}{'median':>12}{'least':>12}{'most':>12}",
    ]
    for name, each in found["decisions_per_second"].items():
        lines.append(f"{name:<32}{each['median']:>12,}{each['min']:>12,}{each['max']:>12,}")
    whole = found["whole_worlds"]
    lines += [
        "",
        f"{_OURS} is {found['ratio_to_zen']} times {found['zen_best']}, {found['ratio_to_python']} times python",
        f"{whole['worlds']:,} whole worlds with {whole['tries']:,} tries in {whole['seconds']['median']} s",
        f"{whole['worlds_per_second']['median']:,} worlds in a second",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.law", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--worlds", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=date.fromisoformat, metavar="DAY", help="keep the result, as of this day (UTC)")
    given = parser.parse_args(arguments)
    found = result(Plan(given.rows, given.seed, given.worlds, given.runs))
    keep("law", given.keep, found)
    sys.stdout.write((json.dumps(found, indent=1) if given.json else table(found)) + "\n")


if __name__ == "__main__":
    main()
