"""From the night's output tables to the records of the report."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeVar

import ibis
import ibis.expr.types as ir

from duecourse.book.loaded import LoadedBook
from duecourse.night import measures
from duecourse.night.report.data import (
    About,
    Ageing,
    Arm,
    AtRisk,
    Demand,
    Duty,
    Flow,
    Outcomes,
    Reason,
    Refusal,
    ReportData,
    Roll,
    SourceFile,
    Stage,
    TableRows,
    Volume,
    WarningRow,
)
from duecourse.strategy.models import Bucket

PAR_DAYS: Final = (30, 90)

_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Outputs:
    """The night's output tables, for one engine; columns beyond those that measures.py names do not matter.

    `positions` are of the business date. `then` are the positions `measures.ROLL_DAYS` days earlier, or None: the roll
    rates are then counted from the history, without amounts.
    """

    positions: ir.Table
    history: ir.Table
    plan: ir.Table
    then: ir.Table | None = None


def gather(
    outputs: Outputs,
    about: About,
    book: LoadedBook,
    buckets: Sequence[Bucket],
    ladder: Sequence[str],
    refusals: Sequence[Refusal] = (),
    duties: Sequence[Duty] = (),
) -> ReportData:
    """Count everything that the report shows; `ladder` are the names of the stages, lowest first."""
    then = about.on - timedelta(days=measures.ROLL_DAYS)
    now = measures.there(outputs.positions, about.on)
    spells = measures.cures(measures.spells(outputs.history), about.on, about.clean_days)
    lasted = [(row["outcome"], row["days"], row["spells"]) for row in _rows(measures.durations(spells))]
    return ReportData(
        about=about,
        loans=_count(now, ibis._.loan_no),
        borrowers=_count(now, ibis._.borrower_no),
        buckets=[bucket.name for bucket in buckets],
        ageing=_records(measures.ageing(now), Ageing),
        at_risk=[row for days in PAR_DAYS for row in _records(_par(now, days), AtRisk)],
        stages=_stages(outputs.plan, ladder),
        then=then,
        rolls=_records(_rolls(outputs, now, then, buckets), Roll),
        flows=_in_order(_records(measures.flows(outputs.history, then, about.on, buckets), Flow), buckets),
        outcomes=_outcomes(lasted),
        curve=measures.cure_curve(lasted),
        volumes=_records(_volumes(outputs.plan), Volume),
        demands=_records(measures.demanded(outputs.plan), Demand),
        untouched=_count(outputs.plan.filter(ibis._.act == "none"), ibis._.borrower_id),
        reasons=_records(measures.reasons(outputs.plan), Reason),
        refusals=list(refusals),
        duties=list(duties),
        arms=_records(_arms(outputs.plan), Arm),
        tables=_table_rows(book),
        warnings=[WarningRow(one.table, one.kind, one.rows, one.example) for one in book.warnings],
        files=[SourceFile(one.path, one.size, one.rows) for one in book.files],
    )


def _records(table: ir.Table, record: type[_Record]) -> list[_Record]:
    return [record(**row) for row in _rows(table)]


def _rows(table: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found


def _count(table: ir.Table, column: ir.Value) -> int:
    return int(table.select(n=column).n.nunique().to_pyarrow().as_py())


def _par(positions: ir.Table, days: int) -> ir.Table:
    return measures.portfolio_at_risk(positions, days).mutate(days=ibis.literal(days).cast("int64"))


def _rolls(outputs: Outputs, now: ir.Table, then: date, buckets: Sequence[Bucket]) -> ir.Table:
    if outputs.then is None:
        before = measures.standing_then(now, outputs.history, then, buckets)
    else:
        before = measures.standing(measures.there(outputs.then, then))
    return measures.roll_rates(before, measures.standing(now))


def _stages(plan: ir.Table, ladder: Sequence[str]) -> list[Stage]:
    """Borrowers by stage, in the order of the ladder; stages that the ladder does not know come last."""
    rows = plan.group_by("stage").agg(
        borrowers=plan.borrower_id.nunique(), held_out=plan.borrower_id.nunique(where=plan.held_out)
    )
    found = {row["stage"]: row for row in _rows(rows) if row["stage"] is not None}
    names = [*ladder, *sorted(set(found) - set(ladder))]
    return [
        Stage(name, found[name]["borrowers"], found[name]["held_out"]) if name in found else Stage(name, 0, 0)
        for name in names
    ]


def _in_order(flows: list[Flow], buckets: Sequence[Bucket]) -> list[Flow]:
    found = {flow.bucket: flow for flow in flows}
    return [found.get(bucket.name, Flow(bucket.name, 0, 0, 0, 0)) for bucket in buckets]


def _outcomes(lasted: Iterable[tuple[str, int, int]]) -> Outcomes:
    counted = Counter[str]()
    for outcome, _, spells in lasted:
        counted[outcome] += spells
    return Outcomes(**counted)


def _volumes(plan: ir.Table) -> ir.Table:
    done = plan.filter(plan.act != "none")
    return measures.volumes(done, ("act", "channel", "team", "required"))


def _arms(plan: ir.Table) -> ir.Table:
    # Whoever is held out is in no arm: the strategy holds out one share, whatever arm would have come.
    rows = plan.filter(plan.arm.notnull()).mutate(arm=ibis.ifelse(plan.held_out, ibis.null("string"), plan.arm))
    return measures.volumes(rows, ("arm", "assignment_ppm")).drop("acts")


def _table_rows(book: LoadedBook) -> list[TableRows]:
    return [
        TableRows(name, rows.read, rows.kept, rows.quarantined, rows.left_out, _quarantine_file(book, name))
        for name, rows in book.tables.items()
    ]


def _quarantine_file(book: LoadedBook, table: str) -> str | None:
    return str(book.quarantine / f"{table}.csv") if book.tables[table].quarantined else None
