"""One load, or one night, in a process of its own, so that its peak memory is its own.

`python -m bench.once load BOOK.toml OUT` or `python -m bench.once night TABLES OUT DATE [STRATEGY [WORD ...]]`: prints
JSON. The words: `lawless`, a rulebook without a rule for every country, so that a night may do all that it might;
`spark`; `borrowers=FILE`.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from duecourse.book.few import read_borrowers
from duecourse.book.load import load
from duecourse.book.loaded import open_book
from duecourse.book.synth_world import PLACES
from duecourse.law.records import Book
from duecourse.law.rulebook import Law
from duecourse.night import facts
from duecourse.night.moment import Moment
from duecourse.night.run import Options, run
from duecourse.strategy.load import load as load_strategy


def one_load(mapping: Path, out: Path) -> dict[str, object]:
    """Load a book that has not been loaded before."""
    begun = time.perf_counter()
    book = load(mapping, None, out)
    return {"seconds": time.perf_counter() - begun, "tables": str(book.folder)}


def lawless() -> Law:
    """Return rulebooks without a rule, for every country that a synthetic borrower may live in."""
    countries = sorted({place.country for place in PLACES})
    books = {code.lower(): Book(id=code.lower(), title=f"No rules for {code}", country=code) for code in countries}
    return Law(books, (), {}, {}, "none")


def one_night(tables: Path, out: Path, on: date, strategy_file: Path | None, words: Sequence[str]) -> dict[str, object]:
    """Run the night, from loaded tables to all outputs written; None is the default strategy."""
    named = [word.removeprefix("borrowers=") for word in words if word.startswith("borrowers=")]
    engine, law = "spark" if "spark" in words else "duckdb", lawless() if "lawless" in words else None
    begun = time.perf_counter()
    book = open_book(tables)
    strategy = load_strategy(strategy_file, facts.CATALOGUE.kinds)
    some = read_borrowers(Path(named[0])) if named else None
    summary = run(book, strategy, Moment(on), out, Options(engine=engine), law=law, borrowers=some)
    return {
        "seconds": time.perf_counter() - begun,
        "plan_hash": summary.plan_hash,
        "refused": sum(summary.refused.values()),
        "outputs": summary.outputs,
    }


def main(arguments: list[str]) -> dict[str, object]:
    """Do what the arguments say, and add the process's peak memory."""
    what, source, out = arguments[0], Path(arguments[1]), Path(arguments[2])
    if what == "load":
        found = one_load(source, out)
    else:
        on, more = date.fromisoformat(arguments[3]), arguments[4:]
        strategy = Path(more[0]) if more and more[0] != "default" else None
        found = one_night(source, out, on, strategy, more[1:])
    # Linux counts kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return found | {"peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
