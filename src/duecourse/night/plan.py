"""The step `plan`: one row per borrower and act, with the loans, the amounts and the reasons."""

from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.night.about import about as about_loans
from duecourse.night.candidates import LOWEST
from duecourse.night.fact_sources import Tables
from duecourse.night.verdicts import LAW, MEMORY

COLUMNS: Final = (
    "on", "borrower_no", "borrower_id", "stage", "arm", "held_out", "assignment_ppm", "act", "channel", "team", "slot",
    "template", "treatment", "purpose", "demands", "required", "priority", "value", "loans", "amounts", "reasons",
    "next_best",
)  # fmt: skip
KEY: Final = ("borrower_id", "act", "channel", "treatment")
_SEPARATOR: Final = "\x1f"


def lines(tables: Tables, chosen: ir.Table) -> ir.Table:
    """Return the lines of the plan before names and amounts: main acts, required notices, and nobody left out.

    A borrower on a rung for whom nothing is done has a line with treatment_no -1 and the reasons.
    """
    people = tables("standing").select("borrower_no", "stepped_back", "held_out")
    done = chosen.select("borrower_no", "treatment_no", "rank", "priority", "worth").join(people, "borrower_no")
    done = done.left_join(_unlawful_better(tables, done), "borrower_no").drop("borrower_no_right")
    done = done.left_join(_doubted(tables), ["borrower_no", "treatment_no"])
    done = done.drop("borrower_no_right", "treatment_no_right")
    main = done.select(
        "borrower_no",
        "treatment_no",
        "priority",
        "worth",
        next_rank=done.rank + 1,
        reasons=_array(
            ibis.cases((done.rank == 0, "best_possible"), else_="next_best_possible"),
            ibis.literal("stepped_back_") + done.stepped_back,
            done.unlawful,
            done.doubted,
        ),
    )
    possible = tables("candidates").filter(ibis._.blocked.isnull())
    notices = possible.join(tables("treatments").filter(ibis._.required).select("treatment_no"), "treatment_no")
    required = notices.select(
        "borrower_no", "treatment_no", "priority", "worth",
        next_rank=ibis.null("int64"), reasons=ibis.array([ibis.literal("required")]),
    )  # fmt: skip
    return ibis.union(main, required, _nothing(tables, main, required), _unplaced(tables), distinct=False)


def _array(first: Any, *others: Any) -> Any:
    """Make a list of the first and of those of the others that there are."""
    found = ibis.array([first])
    for other in others:
        found = other.isnull().ifelse(found, found.concat(ibis.array([other])))
    return found


def _unlawful_better(tables: Tables, done: ir.Table) -> ir.Table:
    """Name for each borrower the law's reason against the best treatment that would have come before the chosen one."""
    taken = done.select("borrower_no", taken_no=done.treatment_no, taken_worth=done.worth)
    rows = tables("candidates").filter(ibis._.blocked.startswith(LAW)).join(taken, "borrower_no")
    ahead = (rows.worth > rows.taken_worth) | ((rows.worth == rows.taken_worth) & (rows.treatment_no < rows.taken_no))
    rows = rows.filter(ahead)
    order = ibis.window(group_by=rows.borrower_no, order_by=[rows.worth.desc(), rows.treatment_no.asc()])
    return rows.mutate(place=ibis.row_number().over(order)).filter(ibis._.place == 0).select(
        "borrower_no", unlawful=ibis._.blocked
    )  # fmt: skip


def _doubted(tables: Tables) -> ir.Table:
    """Name for each treatment a rule from memory that would refuse it, were it switched on."""
    rows = tables("law_doubted")
    return rows.group_by("borrower_no", "treatment_no").aggregate(doubted=ibis.literal(MEMORY) + rows.rule.min())


def _nothing(tables: Tables, main: ir.Table, required: ir.Table) -> ir.Table:
    """Return a line with the reasons for every borrower on a rung who has no other."""
    people = tables("standing").select("borrower_no", "held_out")
    people = people.anti_join(main, "borrower_no").anti_join(required, "borrower_no")
    stopped = tables("candidates").semi_join(people, "borrower_no")
    stopped = stopped.mutate(reason=stopped.blocked.coalesce("capacity"))
    first = stopped.group_by("borrower_no", "reason").aggregate(first=stopped.treatment_no.min())
    reasons = first.group_by("borrower_no").aggregate(
        reasons=first.reason.collect(order_by=[first["first"], first.reason])
    )
    rows = people.left_join(reasons, "borrower_no").drop("borrower_no_right")
    held = rows.held_out.ifelse(ibis.array([ibis.literal("held_out")]), rows.reasons)
    return rows.select(
        "borrower_no",
        treatment_no=ibis.literal(-1, "int64"),
        priority=ibis.null("int64"),
        worth=ibis.null("int64"),
        next_rank=rows.held_out.ifelse(ibis.literal(0, "int64"), ibis.null("int64")),
        reasons=held.fill_null(ibis.array([ibis.literal("no_treatment")])),
    )


def _unplaced(tables: Tables) -> ir.Table:
    rows = tables("unplaced")
    return rows.select(
        "borrower_no",
        treatment_no=ibis.literal(-1, "int64"),
        priority=ibis.null("int64"),
        worth=ibis.null("int64"),
        next_rank=ibis.null("int64"),
        reasons=ibis.array([rows.reason]),
    )


def plan(tables: Tables) -> ir.Table:
    """Return the plan, with `about`: its amounts as text, for the hash."""
    rows = tables("lines").join(_people(tables), "borrower_no")
    rows = rows.left_join(tables("treatments"), "treatment_no").drop("treatment_no_right", "stage", "stage_no_right")
    rows = rows.left_join(tables("stages"), "stage_no").drop("stage_no_right")
    rows = rows.left_join(_next_best(tables), ["borrower_no", "next_rank"])
    rows = rows.drop("borrower_no_right", "next_rank_right")
    rows = rows.mutate(act=rows.act.fill_null("none"))
    rows = rows.left_join(_amounts(tables, rows), ["borrower_no", "treatment_no"])
    rows = rows.drop("borrower_no_right", "treatment_no_right")
    rows = rows.mutate(
        on=rows.on_day,
        value=ibis.cases((rows.by_value & (rows.worth > LOWEST), rows.worth)),
        demands=rows.demands.fill_null(ibis.literal(value=False)),
        required=rows.required.fill_null(ibis.literal(value=False)),
    )
    return rows.select(*COLUMNS, "about")


def _people(tables: Tables) -> ir.Table:
    names = ("borrower_no", "borrower_id", "on_day", "stage_no", "arm", "held_out", "assignment_ppm")
    others = tables("unplaced").cross_join(tables("moment"))
    others = others.mutate(
        stage_no=ibis.null("int64"),
        arm=ibis.null("string"),
        held_out=ibis.literal(value=False),
        assignment_ppm=ibis.null("int64"),
    )
    return ibis.union(tables("standing").select(*names), others.select(*names), distinct=False)


def _next_best(tables: Tables) -> ir.Table:
    ranked = tables("ranked").join(tables("treatments").select("treatment_no", "treatment"), "treatment_no")
    return ranked.select("borrower_no", next_rank=ranked.rank, next_best=ranked.treatment)


def _amounts(tables: Tables, rows: ir.Table) -> ir.Table:
    """List the loans that each act is about, without those on which the law refuses it."""
    wanted = rows.select("borrower_no", "act", "treatment_no").distinct()
    loans = about_loans(tables, wanted.select("borrower_no", "act").distinct())
    about = wanted.join(loans, ["borrower_no", "act"])
    about = about.anti_join(tables("law_refused"), ["borrower_no", "treatment_no", "loan_no"])
    names = ("loan_id", "currency", "overdue", "due_today", "owed")
    about = about.mutate(
        amount=ibis.struct({name: about[name] for name in names}),
        text=ibis.literal(" ").join([_text(about, name) for name in names]),
    )
    # Nearly every act is about one loan, and to gather lists in an order costs twenty times as much as to make one.
    whose = ["borrower_no", "treatment_no"]
    counts = about.group_by(*whose).aggregate(count=about.count())
    about = about.join(counts, whose)
    alone, several = about.filter(about["count"] == 1), about.filter(about["count"] > 1)
    ones = alone.select(*whose, loans=ibis.array([alone.loan_id]), amounts=ibis.array([alone.amount]), about=alone.text)
    lists = several.group_by(*whose).aggregate(
        loans=several.loan_id.collect(order_by=several.loan_no),
        amounts=several.amount.collect(order_by=several.loan_no),
        about=several.text.group_concat(",", order_by=several.loan_no),
    )
    return ibis.union(ones, lists, distinct=False)


def canonical(tables: Tables) -> ir.Table:
    """Return one text per row of the plan, in key order, each with its end of line: `plan_hash` is taken over them."""
    rows = tables("plan")
    texts = [_text(rows, name) for name in COLUMNS if name not in {"borrower_no", "loans", "amounts", "reasons"}]
    texts += [rows.reasons.join(" ").fill_null(""), rows.about.fill_null("")]
    line = ibis.literal(_SEPARATOR).join(texts) + "\n"
    return rows.mutate(line=line).order_by(*KEY).select("line")


def _text(rows: ir.Table, name: str) -> Any:
    column = rows[name]
    return (column if column.type().is_string() else column.cast("string")).fill_null("")
