"""The step `candidates`: every treatment of each borrower's rung, with what stops it, if anything does."""

from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.book.schema import CHANNELS
from duecourse.night.fact_sources import Tables
from duecourse.night.stage import compiled, truly
from duecourse.strategy.models import Strategy, Treatment
from duecourse.strategy.words import ACTS

LOWEST: Final = -(2**63) + 1

TREATMENTS: Final = pa.schema(
    [
        ("treatment_no", pa.int64()),
        ("stage_no", pa.int64()),
        *(
            (name, pa.string())
            for name in ("stage", "treatment", "act", "channel", "team", "template", "slot", "purpose")
        ),
        ("demands", pa.bool_()),
        ("required", pa.bool_()),
        ("content", pa.string()),
        ("content_stated", pa.bool_()),
        ("unit", pa.string()),
        ("capacity", pa.int64()),
    ]
)


def treatments(strategy: Strategy) -> pa.Table:
    """Put the treatments of a strategy into a table; `unit` is what a daily capacity counts, null where unlimited.

    `content` is what the act says, in words of the vocabulary with blanks between; `content_stated` is false where
    nothing is declared of it.
    """
    rows: list[dict[str, Any]] = []
    for stage_no, rung in enumerate(strategy.ladder):
        for one in rung.treatments:
            used = one.channel or one.act
            capacity = strategy.capacity_per_day.get(used, {}).get(one.team or "")
            content = strategy.content_of(one)
            rows.append(
                {
                    "treatment_no": len(rows),
                    "stage_no": stage_no,
                    "stage": rung.stage,
                    "treatment": one.name,
                    **{name: getattr(one, name) for name in ("act", "channel", "team", "template", "slot", "purpose")},
                    "demands": one.demands,
                    "required": one.required,
                    "content": " ".join(content or ()),
                    "content_stated": content is not None,
                    "unit": None if capacity is None else f"{used} {one.team}",
                    "capacity": capacity,
                }
            )
    return pa.Table.from_pylist(rows, schema=TREATMENTS)


def candidates(tables: Tables, strategy: Strategy, *, stale: bool) -> ir.Table:
    """Return (borrower_no, treatment_no, priority, worth, blocked) for each treatment open to the borrower's arm.

    `blocked` is the first reason that stops it, null when it is possible. `worth` orders the treatments of one
    borrower, where the rung chooses by value; `stale` tells that payments are not known to be complete, so nothing
    may press.
    """
    people = tables("judged")
    pieces = []
    number = 0
    for stage_no, rung in enumerate(strategy.ladder):
        of_stage = people.filter(people.stage_no == stage_no)
        for treatment in rung.treatments:
            rows = of_stage
            if treatment.arms is not None:
                rows = rows.filter(rows.arm.isin(treatment.arms))
            pieces.append(_piece(rows, treatment, number, by_value=rung.choose == "value", stale=stale))
            number += 1
    return ibis.union(*pieces, distinct=False)


def judged(tables: Tables) -> ir.Table:
    """Return where borrowers stand, with what holds bar for them and the channels that they refuse."""
    rows = tables("standing").left_join(_bars(tables), "borrower_no").drop("borrower_no_right")
    rows = rows.left_join(_idle(tables), "borrower_no").drop("borrower_no_right")
    return rows.left_join(_refused(tables), "borrower_no").drop("borrower_no_right")


def refused_channels(consents: ir.Table) -> ir.Table:
    """Return (borrower_no, channel) where a consent was taken back and not given again since."""
    rows = consents.group_by("borrower_no", channel="consented_to")
    rows = rows.aggregate(given=consents.given_at.max(), withdrawn=consents.withdrawn_at.max())
    return rows.filter(rows.withdrawn >= rows.given).select("borrower_no", "channel")


def _refused(tables: Tables) -> ir.Table:
    """Pivot the channels refused by the business date: one column for each channel."""
    rows = tables("consents").cross_join(tables("moment"))
    known = rows.withdrawn_at.date() <= rows.on_day
    rows = rows.mutate(withdrawn_at=known.ifelse(rows.withdrawn_at, ibis.null("timestamp")))
    rows = refused_channels(rows.filter(rows.given_at.date() <= rows.on_day))
    return rows.group_by("borrower_no").aggregate(
        **{f"refuses_{channel}": (rows.channel == channel).any() for channel in CHANNELS}
    )


def _bars(tables: Tables) -> ir.Table:
    """Pivot what holds bar: one column per act with the kind of hold."""
    rows = tables("barred")
    return rows.group_by("borrower_no").aggregate(
        **{f"bars_{act}": rows.kind.min(where=rows.act == act) for act in ACTS}
    )


def _idle(tables: Tables) -> ir.Table:
    """Pivot where no loan is left to press about: one column per act."""
    rows = tables("idle")
    return rows.group_by("borrower_no").aggregate(**{f"idle_{act}": (rows.act == act).any() for act in ACTS})


def _piece(rows: ir.Table, treatment: Treatment, number: int, *, by_value: bool, stale: bool) -> ir.Table:
    worth: Any = ibis.literal(LOWEST if by_value else 0, "int64")
    if by_value and treatment.value is not None:
        worth = compiled(treatment.value, rows).fill_null(LOWEST)
    return rows.select(
        "borrower_no",
        treatment_no=ibis.literal(number, "int64"),
        priority=compiled(treatment.priority, rows).cast("int64"),
        worth=worth.cast("int64"),
        blocked=_blocked(rows, treatment, stale=stale),
    )


def _blocked(rows: ir.Table, treatment: Treatment, *, stale: bool) -> Any:
    bar = rows[f"bars_{treatment.act}"]
    branches: list[tuple[Any, Any]] = [(bar.notnull(), ibis.literal("hold_") + bar)]
    if treatment.presses:
        branches.append((rows[f"idle_{treatment.act}"].fill_null(False), "nothing_overdue"))
    if treatment.channel is not None:
        branches.append((rows[f"refuses_{treatment.channel}"].fill_null(False), "channel_refused"))
    if treatment.presses:
        if stale:
            branches.append((ibis.literal(value=True), "payments_stale"))
        branches.append((rows.quiet.notnull(), ibis.literal("quiet_") + rows.quiet))
    branches += [(~truly(compiled(gate.condition, rows)), gate.code) for gate in treatment.gates]
    return ibis.cases(*branches, else_=ibis.null("string"))
