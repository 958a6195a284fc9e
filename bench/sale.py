"""A sale of many debts: `python -m bench.sale --loans 100000 --json`, in a store of its own.

What is timed is what a seller does: debts decided, put on the tape with its files, closed, and all put back. The sum
of the tape, of the ledger worked out anew, and of the money must be one to the minor unit, else it ends with an error.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from bench.gate_store import ON, fill
from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.endings.deciding import Wanted
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.sale import back, building, closing, tape
from duecourse.endings.sale import cash as money
from duecourse.endings.sale import portfolio as portfolios
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.law.kept import law_of, users_folder
from duecourse.night import facts
from duecourse.store import orm, staff
from duecourse.store.line import Line
from duecourse.store.place import Place
from duecourse.strategy.load import load

_AT: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
_SALE: Final = Portfolio("bench", "USD", "fund", "Fund", None, ON, 180, ((0, 90_000), (10, 70_001)))


def measure(loans: int, workers: int) -> dict[str, float | int]:  # float: seconds
    """Sell so many debts, and take all back; return how long each part took in seconds."""
    folder = Path(tempfile.mkdtemp(prefix="sale-"))
    place = Place(folder / "store", None, folder / "store" / "keys.json")
    place.make_keys()
    place.server.start()
    try:
        orm.migrate(place)
        fill(place, 2 * loans)  # even ones live in California, in USD
        orm.connect(place)
        staff.add("root", "administrator", by=None, at=_AT)
        staff.add("boss", "supervisor", by="root", at=_AT)
        return _sold(
            Office(place, load(None, facts.CATALOGUE.kinds), law_of((), users_folder())), folder, loans, workers
        )
    finally:
        place.server.stop()
        shutil.rmtree(folder)


def _sold(office: Office, folder: Path, loans: int, workers: int) -> dict[str, float | int]:  # float: seconds
    who, took = Who("boss", _AT, ON), dict[str, float]()  # float: seconds
    wanted = [Wanted(number, (f"L{number}",)) for number in range(2, 2 * loans + 1, 2)]
    began = time.perf_counter()

    def lap(name: str) -> None:
        took[name] = round(time.perf_counter() - began - sum(took.values()), 1)  # shown, and counted nowhere

    with office.opened() as opened:
        portfolios.make(opened.connection, _SALE, who)
        built = building.build(office, _SALE, wanted, who, workers)
        lap("decided")
        tape.offer(office, _SALE, who, workers)
        tape.write(opened.connection, _SALE, folder / "tape")
        lap("tape")
        done = closing.close(office, _SALE, who, workers)
        lap("closed")
        names = [f"L{number}" for number in range(2, 2 * loans + 1, 2)]
        told = pq.read_table(folder / "tape" / "tape.parquet")["owed"].to_pylist()
        ledger = sum(office.in_parts(_ledger, [one.borrower for one in wanted], workers))
        money.note(opened.connection, _SALE, "wire", done.price, who)
        settled = money.cash(opened.connection, _SALE).open
        lap("checked")
        repaid = back.put_back(office, _SALE, names, "fraud", who, workers)
        lap("put_back")
        sums = (len(built.chosen), done.debts, sum(told), ledger, settled, repaid)
        if sums != (loans, loans, done.owed, done.owed, 0, done.price):
            raise SystemExit(f"the sums differ: {sums}, sold {done.owed} for {done.price}")
    whole = sum(seconds for name, seconds in took.items() if name != "checked")
    return {
        "loans": loans,
        "workers": workers,
        **took,
        "whole": round(whole, 1),
        "owed": done.owed,
        "price": done.price,
    }


def _ledger(opened: Opened, borrowers: Sequence[int]) -> int:
    """Work out anew what the loans of some borrowers owe."""
    with opened.connection.transaction():
        cases = read(Line(opened.connection, keeps=False), borrowers).cases
    return sum(one.owed for case in cases.values() for one in owed(list(case.loans.values()), ON))


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loans", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.loans, given.workers)
    sys.stdout.write(
        f"{json.dumps(found)}\n" if given.json else "\n".join(f"{k}: {v:,}" for k, v in found.items()) + "\n"
    )


if __name__ == "__main__":
    main()
