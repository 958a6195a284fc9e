"""The step `stage`: on which rung of the ladder each borrower stands, who is left alone, and what makes it quiet."""

import operator
from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.law.expressions import Expression
from duecourse.night.fact_sources import Tables
from duecourse.strategy.models import Rung, Strategy

MILLION: Final = 1_000_000
_HEX: Final = 2**32  # the first eight hexadecimal digits of a hash


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator] # ibis has no types
def md5(text: str) -> str:  # type: ignore[empty-body] # the engine has it
    """Return the MD5 of a text in hexadecimal: the same on every engine and in hashlib."""


def compiled(expression: Expression, rows: ir.Table) -> Any:
    """Compile an expression over the columns of a table."""
    return expression.compile({name: rows[name] for name in expression.facts})


def truly(condition: Any) -> Any:
    """Make unknown false: only what is TRUE holds."""
    return condition.fill_null(ibis.literal(value=False))


def likely(tables: Tables, strategy: Strategy) -> ir.Table:
    """Return those of `loan_facts` who may stand on some rung, as far as facts about loans alone can tell.

    A part of a condition that names any other fact is taken to hold.
    """
    rows = tables("loan_facts")
    return rows.filter(reduce(operator.or_, (_may_hold(rung.enter, rows) for rung in strategy.ladder)))


def _may_hold(condition: Expression, rows: ir.Table) -> Any:
    joined = {"and": operator.and_, "or": operator.or_}.get(getattr(condition.node, "op", ""))
    if joined:
        return reduce(joined, (_may_hold(part, rows) for part in condition.parts()))
    known = condition.facts <= frozenset(rows.columns)
    return truly(compiled(condition, rows)) if known else ibis.literal(value=True)


def standing(tables: Tables, strategy: Strategy) -> ir.Table:
    """Return one row per borrower on a rung: facts and formulas, `stage_no`, `stepped_back`, `quiet`, arm and hold-out.

    The stage is the highest rung that holds, less the largest step back, counted among the rungs that hold.
    """
    rows = tables("facts")
    for name, formula in strategy.formulas.items():
        rows = rows.mutate(**{name: compiled(formula, rows)})
    rows = rows.mutate(**{f"rung_{place}": _holds(rung, rows) for place, rung in enumerate(strategy.ladder)})
    rows = rows.mutate(
        stepped_back=_first_true(rows, {one.because: one.when for one in _largest_first(strategy)}),
        quiet=_first_true(rows, {one.because: one.when for one in strategy.quiet}),
        back=_back(rows, strategy),
        reached=_total([rows[f"rung_{place}"].cast("int64") for place in range(len(strategy.ladder))]),
    )
    rows = rows.filter(rows.reached > 0)
    rows = rows.mutate(target=ibis.greatest(rows.reached - rows.back, ibis.literal(1, "int64")))
    rows = rows.mutate(stage_no=_stage_no(rows, len(strategy.ladder)))
    rows = rows.mutate(**assigned(rows, strategy))
    return rows.drop("target", "reached", "back", *(f"rung_{place}" for place in range(len(strategy.ladder))))


def unplaced(tables: Tables) -> ir.Table:
    """Return (borrower_no, borrower_id, reason) of overdue borrowers for whom no rung holds.

    They are in grace or pause (`no_stage`), or what is overdue is set aside for a hold (`hold_<kind>`).
    """
    late = tables("positions").filter(ibis._.days_past_due > 0).select("borrower_no", "borrower_id").distinct()
    rows = late.anti_join(tables("standing"), "borrower_no")
    held = tables("holds_now").filter(ibis._.act == "contact")
    kinds = held.group_by("borrower_no").aggregate(kind=held.kind.min())
    rows = rows.left_join(kinds, "borrower_no").drop("borrower_no_right")
    reason = (ibis.literal("hold_") + rows.kind).fill_null("no_stage")
    return rows.select("borrower_no", "borrower_id", reason=reason)


def _holds(rung: Rung, rows: ir.Table) -> Any:
    enters = truly(compiled(rung.enter, rows))
    return enters if rung.leave is None else enters & ~truly(compiled(rung.leave, rows))


def _largest_first(strategy: Strategy) -> list[Any]:
    return sorted(strategy.step_back, key=lambda one: -one.rungs)  # a stable sort keeps ties in order


def _first_true(rows: ir.Table, conditions: Mapping[str, Expression]) -> Any:
    branches = [(truly(compiled(when, rows)), name) for name, when in conditions.items()]
    return ibis.cases(*branches, else_=ibis.null("string")) if branches else ibis.null("string")


def _back(rows: ir.Table, strategy: Strategy) -> Any:
    branches = [(truly(compiled(one.when, rows)), ibis.literal(one.rungs, "int64")) for one in _largest_first(strategy)]
    return ibis.cases(*branches, else_=ibis.literal(0, "int64")) if branches else ibis.literal(0, "int64")


def _total(columns: list[Any]) -> Any:
    return reduce(lambda left, right: left + right, columns)


def _stage_no(rows: ir.Table, rungs: int) -> Any:
    branches = []
    for place in range(rungs):
        below = _total([rows[f"rung_{lower}"].cast("int64") for lower in range(place + 1)])
        branches.append((rows[f"rung_{place}"] & (below == rows.target), ibis.literal(place, "int64")))
    return ibis.cases(*branches)


def assigned(rows: ir.Table, strategy: Strategy) -> dict[str, Any]:
    """Split borrowers by a stable hash.

    Who is held out, the arm, and the probability of just that, in parts per million.
    """
    plan = strategy.experiment
    held_out = _hash(rows, plan.salt, "hold_out") < _limit(plan.hold_out_ppm)
    arm_hash = _hash(rows, plan.salt, "arm")
    branches, shares, reached = [], [], 0
    for name, share in plan.arms.items():
        reached += share
        chance = share * (MILLION - plan.hold_out_ppm) // MILLION  # rounded down to a whole part per million
        branches.append((arm_hash < _limit(reached), name))
        shares.append((arm_hash < _limit(reached), ibis.literal(chance, "int64")))
    held = ibis.literal(plan.hold_out_ppm, "int64")
    return {
        "held_out": held_out,
        "arm": ibis.cases(*branches),
        "assignment_ppm": held_out.ifelse(held, ibis.cases(*shares)),
    }


def _hash(rows: ir.Table, salt: str, use: str) -> Any:
    return md5(ibis.literal(f"{salt}|{use}|") + rows.borrower_id).left(8)


def _limit(ppm: int) -> str:
    """Return the hexadecimal text below which a share of all hashes lies; 'g' is above every one."""
    return "g" if ppm >= MILLION else f"{ppm * _HEX // MILLION:08x}"  # rounded down
