"""What the fork makes of one borrower: each way with its value, what follows, and what would change the choice."""

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import ibis
import numpy as np
import pyarrow as pa

from duecourse.night import forking
from duecourse.night.report.show import money
from duecourse.strategy.fork.reading import share, terms
from duecourse.strategy.fork.telling import Change, Step, changes, path
from duecourse.strategy.fork.values import WAYS, values

if TYPE_CHECKING:
    from duecourse.night.run import Night

WORDS: Final = {
    "collect": "go on collecting", "settle": "offer to settle", "agency": "place with an agency", "sue": "sue",
    "sell": "sell", "stop": "let it go",
}  # fmt: skip
_SHARES: Final = {
    "price": "at a price of {at} instead of {now}",
    "wins": "if {at} of suits were won instead of {now}",
    "accepts": "if {at} accepted an offer instead of {now}",
    "pays": "if {at} paid by themselves in this month instead of {now}",
}


def lines(night: "Night", borrower: int, currency: str | None) -> list[str]:
    """Tell what each way is worth, which are gone while nothing comes in, and what would change the choice."""
    fork, engine = night.strategy.fork, night.engine
    if fork is None:
        return ["the strategy has no fork"]
    rows = engine.rows(engine.table("fork_debts").filter(ibis._.borrower_no == borrower))
    if not rows or currency is None or rows[0]["unit"] is None or rows[0]["country"] is None:
        return [
            "nothing to weigh: nothing is past due, or owed over all loans; or not in one currency, or country unknown"
        ]
    row, country = rows[0], rows[0]["country"]
    debt = forking.debts_of(fork, country, pa.RecordBatch.from_pylist(rows, forking.DEBTS))
    of = terms(fork, country)
    on = engine.rows(engine.table("moment"))[0]["on_day"]
    rules = forking.fee_rules(night.law, country, on) if row["fee"] is not None else []
    sue = (fork.sue or {}).get(country)

    def fee_of(amount: int) -> int:
        stated = forking.fee_of(night.law, rules, amount)
        return round(amount * share(sue.fee_ppm) if sue else 0) if stated is None else stated

    return [
        _values(values(of, debt)[0], currency),
        _path(path(of, debt)),
        *(_change(one, currency) for one in changes(fork, country, debt, fee_of)),
    ]


def _values(row: Any, currency: str) -> str:
    found = {WORDS[way]: float(value) for way, value in zip(WAYS, row, strict=True) if way != "stop"}
    told = [f"{way} {money(round(value), currency)}" for way, value in found.items() if value > -np.inf]
    closed = [way for way, value in found.items() if value == -np.inf]
    return ", ".join(told) + (f"; not open: {', '.join(closed)}" if closed else "")


def _path(steps: tuple[Step, ...]) -> str:
    told = []
    for way, run in groupby(steps, key=lambda step: step.way):
        first = next(run)
        told.append(f"{WORDS[way]} ({'now' if first.month == 0 else f'in month {first.month}'})")
    return f"while nothing comes in: {', then '.join(told)}"


def _change(change: Change, currency: str) -> str:
    if change.what == "owed":
        condition = f"with {money(change.at, currency)} owed instead of {money(change.now, currency)}"
    else:
        condition = _SHARES[change.what].format(at=_percent(change.at), now=_percent(change.now))
    return f"{condition}: {WORDS[change.way]}"


def _percent(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".") + " %"
