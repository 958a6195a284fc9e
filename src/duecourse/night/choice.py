"""The step `choice`: one main act per borrower, within daily capacities.

Each borrower asks for their best treatment. Where more ask for a unit (a channel or act of a team) than it can do,
those with the highest priority get it; the others ask for their next best, from what capacity is left, and so on.
Ties go by borrower number. The last who got a unit for which more had asked is its *cut* in that round: with the cuts
of the whole book, a few of its borrowers can be told what they get without the others.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.night.fact_sources import Tables
from duecourse.strategy.words import FACING_ACTS

Cuts = list[dict[str, Any]]
_CUTS: Final = pa.schema([("round", pa.int64()), ("unit", pa.string()), ("priority", pa.int64()), ("last", pa.int64())])
_LEAST: Final = -(2**63)  # of a priority that is not known: nothing comes after it


class Engine(Protocol):
    """What the step needs of an engine."""

    def keep(self, name: str, build: Callable[[], ir.Table], about: str = "") -> None:
        """Work out a table and keep it under a name; `about` tells apart what may be built under it."""

    def give(self, name: str, table: pa.Table) -> None:
        """Keep a small table."""

    def answer(self, name: str, build: Callable[[], ir.Table]) -> list[dict[str, Any]]:
        """Return a small table as Python rows, its statement compiled once under a name."""


def ranked(tables: Tables) -> ir.Table:
    """Return the possible treatments of each borrower, best first: `rank` from 0.

    Who gets a required notice today is contacted by it, and by nothing else.
    """
    rows = tables("candidates").filter(ibis._.blocked.isnull())
    of_treatment = tables("treatments").select("treatment_no", "act", "required", "unit", "capacity")
    rows = rows.join(of_treatment, "treatment_no")
    noticed = rows.filter(rows.required).select("borrower_no", is_noticed=ibis.literal(value=True)).distinct()
    rows = rows.left_join(noticed, "borrower_no").drop("borrower_no_right")
    rows = rows.filter(~rows.required & ~(rows.is_noticed.notnull() & rows.act.isin(FACING_ACTS)))
    order = ibis.window(group_by=rows.borrower_no, order_by=[rows.worth.desc(), rows.treatment_no.asc()])
    return rows.mutate(rank=ibis.row_number().over(order)).drop("required", "is_noticed", "act")


def choose(tables: Tables, engine: Engine, most: int, cuts: Cuts | None = None) -> tuple[str, Cuts]:
    """Leave (borrower_no, treatment_no, rank, priority, worth) of the acts chosen in a table; return its name and cuts.

    `most` is the longest list of treatments. A cut is a row for each round and unit in which somebody was refused: the
    priority and the borrower number of the last who was not, null where all were. `cuts` are those of the whole book,
    where these are a few of its borrowers.
    """
    granted, about = (_granted, "") if cuts is None else (_within_cuts, "by the cuts")
    engine.give("cuts", pa.Table.from_pylist(cuts or [], schema=_CUTS))
    held_out = tables("standing").filter(ibis._.held_out).select("borrower_no")
    engine.keep("asked_0", lambda: tables("ranked").filter(ibis._.rank == 0).anti_join(held_out, "borrower_no"))
    rounds, found = 0, Cuts()
    while True:
        engine.keep(f"granted_{rounds}", partial(granted, tables, rounds), about)
        refusing = engine.answer(f"cuts_{rounds}", partial(_cuts, tables, rounds))
        found += refusing
        rounds += 1
        if not refusing or rounds >= most:
            break
        engine.keep(f"asked_{rounds}", partial(_ask_next, tables, rounds - 1))
    every = [tables(f"granted_{done}") for done in range(rounds)]
    engine.keep(f"chosen_{rounds}", lambda: ibis.union(*every, distinct=False))
    return f"chosen_{rounds}", found if cuts is None else cuts


def _refused(tables: Tables, now: int) -> ir.Table:
    return tables(f"asked_{now}").anti_join(tables(f"granted_{now}"), "borrower_no")


def _cuts(tables: Tables, now: int) -> ir.Table:
    """Return the cuts of a round: those who got a unit come before all who were refused it."""
    scarce = _refused(tables, now).select("unit").distinct()
    got = tables(f"granted_{now}").select("borrower_no", "unit", priority=ibis._.priority.fill_null(_LEAST))
    lowest = got.group_by("unit").aggregate(priority=got.priority.min())
    last = got.join(lowest, ["unit", "priority"]).group_by("unit", "priority").aggregate(last=ibis._.borrower_no.max())
    rows = scarce.left_join(last, "unit")
    return rows.select("unit", "priority", "last", round=ibis.literal(now, "int64"))


def _within_cuts(tables: Tables, now: int) -> ir.Table:
    """Grant what is asked for to all who come before the cut of the whole book, if there is one."""
    cuts = tables("cuts").filter(ibis._["round"] == now)
    cuts = cuts.select("unit", is_scarce=ibis.literal(value=True), lowest="priority", last="last")
    rows = tables(f"asked_{now}").left_join(cuts, "unit").drop("unit_right")
    priority = rows.priority.fill_null(_LEAST)
    before = (priority > rows.lowest) | ((priority == rows.lowest) & (rows.borrower_no <= rows["last"]))
    rows = rows.filter(
        rows.is_scarce.isnull() | before
    )  # where all were refused `before` is unknown: none comes before
    return rows.select("borrower_no", "treatment_no", "rank", "priority", "worth", "unit")


def _ask_next(tables: Tables, last: int) -> ir.Table:
    refused = _refused(tables, last)
    after = refused.select("borrower_no", after=refused.rank)
    rows = tables("ranked").join(after, "borrower_no")
    return rows.filter(rows.rank == rows.after + 1).drop("after")


def _granted(tables: Tables, now: int) -> ir.Table:
    rows = tables(f"asked_{now}")
    order = ibis.window(group_by=rows.unit, order_by=[rows.priority.desc(nulls_first=False), rows.borrower_no.asc()])
    rows = rows.mutate(place=ibis.row_number().over(order))
    if now == 0:
        rows = rows.mutate(left=rows.capacity)
    else:
        before = [tables(f"granted_{done}").select("borrower_no", "unit") for done in range(now)]
        taken = ibis.union(*before, distinct=False)
        taken = taken.filter(taken.unit.notnull()).group_by("unit").aggregate(taken=ibis._.count())
        rows = rows.left_join(taken, "unit").drop("unit_right")
        rows = rows.mutate(left=rows.capacity - rows.taken.fill_null(0)).drop("taken")
    rows = rows.filter(rows.left.isnull() | (rows.place < rows.left))
    return rows.select("borrower_no", "treatment_no", "rank", "priority", "worth", "unit")
