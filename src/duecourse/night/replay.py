"""Day by day over the past: buckets, rolls, cures and plan volumes, with what was known then.

A day's figures are worked out from what had been recorded when it ended; its plan from what had been recorded when it
began.
"""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from duecourse.book.loaded import LoadedBook
from duecourse.night import fact_sources
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options
from duecourse.strategy.models import Strategy

CURRENT: Final = "current"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Day:
    """One day.

    Loans by bucket when it ended, the overdue amount by currency, its plan, and the bucket of each loan not current.
    """

    on: date
    loans: int
    overdue_loans: int
    overdue_amount: dict[str, int]
    buckets: dict[str, int]
    acts: dict[str, int]
    stages: dict[str, int]
    standing: dict[int, str]


@dataclass(frozen=True)
class Rolls:
    """What became of loans from one day to a later one: number of loans by (bucket then, bucket now)."""

    then: date
    now: date
    moves: dict[tuple[str, str], int]


@dataclass(frozen=True)
class Replay:
    """All days, the rolls between month ends, and cures: loans overdue one day and current the next, by day."""

    days: list[Day]
    rolls: list[Rolls]
    cured: dict[date, int]
    fell: dict[date, int]


def days_between(first: date, last: date) -> list[date]:
    """Return every day from the first to the last, both included."""
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]


def replay(
    book: LoadedBook,
    strategy: Strategy,
    first: date,
    last: date,
    scratch: Path,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Replay every day from `first` to `last`; one process for each thread allowed, a stretch of days each."""
    options = options or Options()
    wanted = days_between(first, last)
    parts = min(options.threads, max(1, len(wanted) // 20))  # a stretch shorter than 20 days does not pay for its start
    stretches = [wanted[place * len(wanted) // parts : (place + 1) * len(wanted) // parts] for place in range(parts)]
    days: list[Day] = []
    if parts == 1:
        for day in _stretch(book, strategy, wanted, scratch, options):
            days.append(day)
            if progress:
                progress(len(days), len(wanted))
    else:
        alone = replace(options, threads=1)
        with ProcessPoolExecutor(parts, mp_context=get_context("spawn")) as pool:
            jobs = [
                pool.submit(_whole, book, strategy, stretch, scratch / str(place), alone)
                for place, stretch in enumerate(stretches)
            ]
            for job in jobs:
                days += job.result()
                if progress:
                    progress(len(days), len(wanted))
    return Replay(days, _rolls(days), *_moves(days))


def _whole(book: LoadedBook, strategy: Strategy, days: list[date], scratch: Path, options: Options) -> list[Day]:
    return list(_stretch(book, strategy, days, scratch, options))


def _stretch(book: LoadedBook, strategy: Strategy, days: list[date], scratch: Path, options: Options) -> Iterator[Day]:
    night = Night(book, strategy, options)
    try:
        for on in days:
            yield _day(night, on, scratch)
    finally:
        night.engine.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _day(night: Night, on: date, scratch: Path) -> Day:
    shutil.rmtree(scratch, ignore_errors=True)
    zone = night.book.zone
    began = Moment.began(on, zone)
    night.positions(began, scratch)
    night.plan(began, with_duties=False)
    engine, tables = night.engine, night.engine.table
    planned = tables("plan")
    done = planned.filter(planned.act != "none")
    acts = _counts(
        night,
        "replay_acts",
        lambda: done.group_by(name=done.channel.coalesce(done.act)).aggregate(n=done.count()),
    )
    placed = planned.filter(planned.stage.notnull())
    stages = _counts(
        night,
        "replay_stages",
        lambda: placed.group_by(name=placed.stage).aggregate(n=placed.borrower_no.nunique()),
    )
    shutil.rmtree(scratch)  # the same folder again: the views on it need not be made anew
    night.positions(Moment.ended(on, zone), scratch)
    positions = tables("positions")
    overdue = positions.filter(positions.days_past_due > 0)
    rows = engine.answer(
        "replay_overdue",
        lambda: overdue.select("loan_no", "bucket", "currency", overdue=fact_sources.total(overdue, "overdue")),
    )
    amounts: Counter[str] = Counter()
    for row in rows:
        amounts[row["currency"]] += row["overdue"]
    standing = {row["loan_no"]: row["bucket"] or CURRENT for row in rows}
    counted = Counter(standing.values())
    names = [bucket.name for bucket in night.strategy.buckets.ranges]
    return Day(
        on=on,
        loans=engine.number(positions.count()),
        overdue_loans=len(rows),
        overdue_amount={code: amounts[code] for code in night.book.currencies},
        buckets={name: counted[name] for name in names},
        acts=acts,
        stages=stages,
        standing=standing,
    )


def _counts(night: Night, name: str, build: Callable[[], Any]) -> dict[str, int]:
    rows = night.engine.answer(name, build)
    return {row["name"]: row["n"] for row in sorted(rows, key=lambda row: row["name"])}


def _rolls(days: list[Day]) -> list[Rolls]:
    """Compare month ends (and the first and last day).

    Where each loan overdue at either end stood then and stands now.
    """
    ends = [day for day in days if (day.on + timedelta(days=1)).day == 1]
    chosen = sorted({day.on: day for day in (days[0], *ends, days[-1])}.values(), key=lambda day: day.on)
    return [Rolls(then.on, now.on, moves(then, now)) for then, now in pairwise(chosen)]


def moves(then: Day, now: Day) -> dict[tuple[str, str], int]:
    """Count loans by bucket then and now; loans current at both ends are left out, they are all the others."""
    counted = Counter(
        (then.standing.get(loan, CURRENT), now.standing.get(loan, CURRENT))
        for loan in then.standing.keys() | now.standing.keys()
    )
    return dict(sorted(counted.items()))


def _moves(days: list[Day]) -> tuple[dict[date, int], dict[date, int]]:
    """Count, for each day after the first, the loans that were overdue the day before and are not, and the reverse."""
    cured, fell = {}, {}
    for before, now in pairwise(days):
        cured[now.on] = len(before.standing.keys() - now.standing.keys())
        fell[now.on] = len(now.standing.keys() - before.standing.keys())
    return cured, fell


def write(done: Replay, folder: Path) -> dict[str, str]:
    """Write days.csv, rolls.csv and replay.json into a folder; return their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    channels = sorted({name for day in done.days for name in day.acts})
    stages = sorted({name for day in done.days for name in day.stages})
    currencies = sorted({code for day in done.days for code in day.overdue_amount})
    head = [
        "on",
        "loans",
        "overdue_loans",
        *(f"overdue_{code}" for code in currencies),
        *done.days[0].buckets,
        "cured",
        "fell_overdue",
    ]
    rows = [
        [
            *(day.on, day.loans, day.overdue_loans),
            *(day.overdue_amount.get(code, 0) for code in currencies),
            *day.buckets.values(),
            *(done.cured.get(day.on, 0), done.fell.get(day.on, 0)),
            *(day.acts.get(name, 0) for name in channels),
            *(day.stages.get(name, 0) for name in stages),
        ]
        for day in done.days
    ]
    _csv(
        folder / "days.csv",
        [*head, *(f"acts_{name}" for name in channels), *(f"stage_{name}" for name in stages)],
        rows,
    )
    rolls = [[one.then, one.now, *move, number] for one in done.rolls for move, number in one.moves.items()]
    _csv(folder / "rolls.csv", ["then", "now", "bucket_then", "bucket_now", "loans"], rolls)
    (folder / "replay.json").write_text(json.dumps(as_json(done), indent=1) + "\n", encoding="utf-8")
    return {name: str(folder / name) for name in ("days.csv", "rolls.csv", "replay.json")}


def as_json(done: Replay) -> dict[str, Any]:
    """Return the replay as plain values."""
    return {
        "days": [
            {
                "on": day.on.isoformat(), "loans": day.loans, "overdue_loans": day.overdue_loans,
                "overdue_amount": day.overdue_amount, "buckets": day.buckets, "acts": day.acts, "stages": day.stages,
                "cured": done.cured.get(day.on, 0), "fell_overdue": done.fell.get(day.on, 0),
            }
            for day in done.days
        ],
        "rolls": [
            {"then": one.then.isoformat(), "now": one.now.isoformat(),
             "moves": [{"then": move[0], "now": move[1], "loans": number} for move, number in one.moves.items()]}
            for one in done.rolls
        ],
    }  # fmt: skip


def _csv(path: Path, head: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


__all__ = ["Day", "Replay", "Rolls", "as_json", "days_between", "moves", "replay", "write"]
