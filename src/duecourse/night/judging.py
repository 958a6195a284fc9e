"""The law's part of a night: what is proposed is judged, and what is due is asked, with one look at the past.

    judge(engine, law, strategy, on, empty, with_duties=...) -> what was refused, and the questions of duties

Both ask the same law of the same borrowers, so the history is told once, and all programs run side by side.
"""

from datetime import date

import ibis.expr.types as ir

from duecourse.law.duties import open_duties
from duecourse.law.rulebook import Law
from duecourse.night import duties, lawful, verdicts
from duecourse.night.fact_sources import Tables
from duecourse.night.past import past_of
from duecourse.strategy.models import Strategy


def judge(
    engine: verdicts.Engine, law: Law, strategy: Strategy, on: date, empty: frozenset[str], *, with_duties: bool
) -> tuple[verdicts.Counted, list[duties.Part]]:
    """Judge the table `open_candidates` and ask what is due (unless without duties) on the day `on`.

    `empty` are the tables of the book without a row. Leaves what `verdicts.judge` leaves; `duties.answer` tells what
    came of the questions.
    """
    tables: Tables = engine.table
    if with_duties:
        due = open_duties(law)
        duties.trigger(engine, due, empty)
    engine.keep("homes", lambda: lawful.homes(tables, _whose(tables, with_duties=with_duties)), str(with_duties))
    verdicts.give_business_days(engine, law, on)
    past = past_of(tables, engine.rows, empty)
    programs = verdicts.prepare(engine, law, strategy, on, past)
    parts: list[duties.Part] = []
    if with_duties:
        parts, more = duties.prepare(engine, due, on, past)
        past = more if parts else past
    asking = [*programs.values(), *(part.program for part in parts)]
    if asking:
        verdicts.give_history(engine, verdicts.HISTORY, lambda: _people(tables, with_duties=bool(parts)), asking, past)
        verdicts.run(engine, [*verdicts.asked(tables, programs), *duties.asked(tables, parts)])
    return verdicts.judge(engine, programs), parts


def _whose(tables: Tables, *, with_duties: bool) -> ir.Table:
    """Return the borrowers for whom something may be done, or may be due."""
    rows = tables("open_candidates").select("borrower_no")
    return rows.union(tables("duty_triggers").select("borrower_no")) if with_duties else rows


def _people(tables: Tables, *, with_duties: bool) -> ir.Table:
    """Return those of whom the law is asked, with their country, each once."""
    judged = verdicts.people(tables)
    return judged.union(duties.people(tables), distinct=True) if with_duties else judged
