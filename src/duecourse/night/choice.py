"""The step `choice`: one main act per borrower, within daily capacities.

Each borrower asks for their best treatment. Where more ask for a unit (a channel or act of a team) than it can do,
those with the highest priority get it; the others ask for their next best, from what capacity is left, and so on.
Ties go by borrower number.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import ibis
import ibis.expr.types as ir

from duecourse.night.fact_sources import Tables
from duecourse.strategy.words import FACING_ACTS


class Keeper(Protocol):
    """What the step needs of an engine."""

    def keep(self, name: str, build: Callable[[], ir.Table]) -> None:
        """Work out a table and keep it under a name."""

    def number(self, value: ir.Scalar) -> int:
        """Return one whole number."""


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


def choose(tables: Tables, engine: Keeper, most: int) -> str:
    """Leave (borrower_no, treatment_no, rank, priority, worth) of the acts chosen in a table, and return its name.

    `most` is the longest list of treatments.
    """
    held_out = tables("standing").filter(ibis._.held_out).select("borrower_no")
    engine.keep("asked_0", lambda: tables("ranked").filter(ibis._.rank == 0).anti_join(held_out, "borrower_no"))
    engine.keep("granted_0", lambda: _granted(tables, 0))
    rounds = 1
    while rounds < most:
        last = rounds - 1
        refused = tables(f"asked_{last}").anti_join(tables(f"granted_{last}"), "borrower_no")
        if engine.number(refused.count()) == 0:
            break
        engine.keep(f"asked_{rounds}", partial(_ask_next, tables, last))
        engine.keep(f"granted_{rounds}", partial(_granted, tables, rounds))
        rounds += 1
    granted = [tables(f"granted_{done}") for done in range(rounds)]
    engine.keep(f"chosen_{rounds}", lambda: ibis.union(*granted, distinct=False))
    return f"chosen_{rounds}"


def _ask_next(tables: Tables, last: int) -> ir.Table:
    refused = tables(f"asked_{last}").anti_join(tables(f"granted_{last}"), "borrower_no")
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
