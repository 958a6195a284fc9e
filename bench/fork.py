"""The fork of a million borrowers beside the same in NumPy: `python -m bench.fork --json`.

The peer is the same dynamic programming on whole columns, a statement of NumPy for each way in each state, by the
words of the strategy's file and nothing of ours. Both must say the same of every borrower, or nothing is timed. They
take turns; the kernel runs on one thread and on all of them.
"""

import argparse
import json
import os
import statistics
import sys
import time
from datetime import date
from functools import partial
from typing import Any, Final

import numpy as np

from bench.keep import keep
from duecourse.night.facts import CATALOGUE
from duecourse.strategy.fork.models import Curve, Fork
from duecourse.strategy.fork.reading import terms
from duecourse.strategy.fork.values import WAYS, Debts, Floats, values
from duecourse.strategy.load import load

_COUNTRY: Final = "US"
_MILLION: Final = 1_000_000


def made(count: int, seed: int) -> Debts:
    """Return debts of 20.00 to some 10,000.00, up to four years past due, some of them offered a settlement before."""
    dice = np.random.default_rng(seed)
    owed = np.floor(np.clip(dice.lognormal(11, 1.2, count), 2_000, 10**8))
    age = dice.integers(0, 48, count)
    return Debts(
        owed=owed,
        age=age,
        fee=np.floor(owed * 0.04),
        unit=np.full(count, 100_000.0),
        is_large=owed >= 100_000,
        sue_months=np.maximum(36 - age, 0),
        offers=dice.integers(0, 4, count),
        placements=np.zeros(count, np.int64),
    )


def in_numpy(fork: Fork, debts: Debts) -> Floats:
    """Return what `values` does, column by column; there is no agency here."""
    settle, sue, sell = fork.settle, (fork.sue or {})[_COUNTRY], fork.sell
    if settle is None or sell is None or fork.agency is not None:
        raise SystemExit("the peer knows offers, suits and sales, and no agency: teach it first")
    worth = (1 + fork.worth_less_ppm_year / _MILLION) ** (-1 / 12)
    months, most = fork.horizon_months, settle.times_most
    best = np.zeros((months + 1, most + 1, len(debts.owed)))
    cost = fork.collect.cost_ppm_unit / _MILLION * debts.unit
    share = fork.collect.share_ppm / _MILLION

    def collected(age: Any, length: int, later: Floats) -> Floats:
        for passed in range(length - 1, -1, -1):
            pays = _at(fork.collect.pays_ppm_month, age + passed)
            later = worth * (pays * share * debts.owed + (1 - pays) * later)
        return later

    served = sue.served_ppm / _MILLION
    enforced = (1 - served) * sue.wins_ppm / _MILLION * sue.enforced_ppm / _MILLION
    enforced *= worth ** (sue.months_to_judgment + sue.months_to_money)
    suit = served * worth * debts.owed - debts.fee - sue.cost_ppm_unit / _MILLION * debts.unit
    suit += enforced * (sue.share_ppm / _MILLION * debts.owed + sue.fee_back_ppm / _MILLION * debts.fee)
    found = np.full((len(debts.owed), len(WAYS)), -np.inf)
    for month in range(months - 1, -1, -1):
        age = debts.age + month
        for offers in range(most, -1, -1):
            ways = {"stop": np.zeros(len(age)), "collect": collected(age, 1, best[month + 1, offers]) - cost}
            if offers < most:
                yes = settle.accepts_ppm / _MILLION * (settle.again_ppm / _MILLION) ** offers
                later = best[min(month + settle.wait_months, months), offers + 1]
                money = yes * settle.share_ppm / _MILLION * worth**settle.months_to_money * debts.owed
                refused = (1 - yes) * collected(age, settle.wait_months, later)
                ways["settle"] = money + refused - settle.cost_ppm_unit / _MILLION * debts.unit
            if offers >= sue.after_offers_times and sue.after_placements_times == 0:
                is_open = (month < debts.sue_months) & (debts.is_large | (not sue.only_large))
                ways["sue"] = np.where(is_open, suit, -np.inf)
            ways["sell"] = np.where(age >= sell.from_months, _at(sell.price_ppm, age) * debts.owed, -np.inf)
            best[month, offers] = np.max(list(ways.values()), axis=0)
            if month == 0:
                here = np.minimum(debts.offers, most) == offers
                for way, worths in ways.items():
                    found[here, WAYS.index(way)] = worths[here]
    return found


def _at(curve: Curve, age: Any) -> Any:
    starts, ppm = np.array(curve).T
    return ppm[np.searchsorted(starts, age, side="right") - 1] / _MILLION


def measured(count: int, rounds: int, threads: int) -> dict[str, Any]:
    """Time both in turns; SystemExit where they differ."""
    fork = load(None, CATALOGUE.kinds).fork
    if fork is None:
        raise SystemExit("the default strategy has no fork")
    of, debts = terms(fork, _COUNTRY), made(count, 1)
    sides = {
        "kernel_one_thread": partial(values, of, debts),
        "kernel": partial(values, of, debts, threads),
        "numpy": partial(in_numpy, fork, debts),
    }
    first = {name: side() for name, side in sides.items()}  # compiles, and is compared
    if not np.allclose(first["kernel"], first["numpy"], rtol=1e-9, atol=1e-6, equal_nan=False):
        raise SystemExit("the kernel and NumPy differ: nothing is timed")
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            begun = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - begun)
    middle = {name: statistics.median(taken) for name, taken in seconds.items()}
    chosen = np.bincount(first["kernel"].argmax(axis=1), minlength=len(WAYS))
    return {
        "borrowers": count,
        "months": fork.horizon_months,
        "threads": threads,
        "rounds": rounds,
        **{f"{name}_seconds": round(taken, 3) for name, taken in middle.items()},
        "ratio_to_numpy": round(middle["kernel"] / middle["numpy"], 3),
        "best": {way: int(number) for way, number in zip(WAYS, chosen, strict=True) if number},
    }


def main() -> None:
    """Read the options, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--borrowers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--keep", type=date.fromisoformat, metavar="DAY", help="append to bench/results/fork.jsonl")
    given = parser.parse_args()
    result = measured(given.borrowers, given.rounds, given.threads)
    sys.stdout.write(json.dumps(result, indent=None if given.json else 2) + "\n")
    keep("fork", given.keep, result)


if __name__ == "__main__":
    main()
