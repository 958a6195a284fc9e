"""One load, or one night, in a process of its own, so that its peak memory is its own.

`python -m bench.once load BOOK.toml OUT` or `python -m bench.once night TABLES OUT DATE`: prints JSON.
"""

import json
import resource
import sys
import time
from datetime import date
from pathlib import Path

from duecourse.book.load import load
from duecourse.book.loaded import open_book
from duecourse.night import facts
from duecourse.night.moment import Moment
from duecourse.night.run import run
from duecourse.strategy.load import load as load_strategy


def one_load(mapping: Path, out: Path) -> dict[str, object]:
    """Load a book that has not been loaded before."""
    begun = time.perf_counter()
    book = load(mapping, None, out)
    return {"seconds": time.perf_counter() - begun, "tables": str(book.folder)}


def one_night(tables: Path, out: Path, on: date) -> dict[str, object]:
    """Run the night with the default strategy, from loaded tables to all outputs written."""
    begun = time.perf_counter()
    book = open_book(tables)
    strategy = load_strategy(None, facts.CATALOGUE.kinds)
    summary = run(book, strategy, Moment(on), out)
    return {
        "seconds": time.perf_counter() - begun,
        "plan_hash": summary.plan_hash,
        "outputs": summary.outputs,
    }


def main(arguments: list[str]) -> dict[str, object]:
    """Do what the arguments say, and add the process's peak memory."""
    what, source, out = arguments[0], Path(arguments[1]), Path(arguments[2])
    found = one_load(source, out) if what == "load" else one_night(source, out, date.fromisoformat(arguments[3]))
    # Linux counts kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return found | {"peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
