"""The law's part of a night: what is proposed is judged, and what is due is asked, with one look at the past.

    outlook(whole book) -> Outlook; for each part of the book: judge(engine of the part, Outlook) -> Judged

What the law may say on a night is found out once, for the whole book: every part then runs the same programs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from duecourse.law.duties import open_duties
from duecourse.law.program import Program
from duecourse.law.rulebook import Law
from duecourse.night import duties, duty_rows, lawful, verdicts
from duecourse.night.fact_sources import Tables
from duecourse.night.past import Past, past_of, with_more
from duecourse.strategy.models import Strategy


@dataclass(frozen=True)
class Outlook:
    """What the law may say on a night: the programs that judge acts, by country, and those that answer for duties.

    `due` is the law of duties, None on a night without them; `past` is what the book, and the ledger, tell.
    """

    programs: Mapping[str, Program]
    due: Law | None
    parts: Sequence[duties.Part]
    past: Past


def outlook(
    engine: verdicts.Engine, law: Law, strategy: Strategy, on: date, empty: frozenset[str], *, with_duties: bool
) -> Outlook:
    """Find what of the law may matter to a book on the day `on`; `empty` are its tables without a row.

    Leaves the tables of places, times, working days, and of what is to be asked where.
    """
    tables: Tables = engine.table
    living = engine.answer("living", lambda: lawful.living(tables))
    places = lawful.places(law, on, lawful.distinct(living, lawful.PLACE))
    engine.give("law_places", places)
    engine.give("law_times", lawful.times(strategy, on, lawful.distinct(living, ("zones",))))
    countries = sorted({str(row["country"]) for row in living})
    verdicts.give_business_days(engine, law, countries, on)
    past = past_of(tables, engine.rows, empty)
    programs = verdicts.programs_of(law, strategy, on, past, places, engine.dialect)
    if not with_duties:
        return Outlook(programs, None, (), past)
    due = open_duties(law)
    engine.give("duty_asks", duty_rows.asks_of(due, countries))
    if duty_rows.adds_to_past(due.kinds):
        past = with_more(past, tables, duties.PAST, duty_rows.DERIVED)
    return Outlook(programs, due, duties.parts_of(due, engine, countries, on, past), past)


def judge(
    engine: verdicts.Engine, outlook: Outlook, empty: frozenset[str]
) -> tuple[verdicts.Counted, Sequence[duties.Part]]:
    """Judge the table `open_candidates` and ask what is due; `empty` are the tables of the book without a row.

    Leaves what `verdicts.judge` leaves; `duties.answer` tells what came of the questions.
    """
    tables: Tables = engine.table
    due = outlook.due
    if due:
        duties.trigger(engine, due, empty)
    engine.keep("homes", lambda: lawful.homes(tables, _whose(tables, with_duties=bool(due))), str(bool(due)))
    asking = [duties.asking(tables, due, empty)] if due else []
    engine.keep_all([verdicts.proposing(tables, outlook.programs), *asking])
    programs = verdicts.where_proposed(engine, outlook.programs)
    parts = duties.prepare(engine, outlook.parts) if due else ()
    if programs or parts:
        every = [*outlook.programs.values(), *(part.program for part in outlook.parts)]
        verdicts.give_history(
            engine, verdicts.HISTORY, lambda: _people(tables, with_duties=bool(due)), every, outlook.past
        )
        questions = [*verdicts.asked(tables, programs, outlook.past), *duties.asked(tables, parts, outlook.past)]
        verdicts.run(engine, questions)
    return verdicts.judge(engine, programs), parts


def _whose(tables: Tables, *, with_duties: bool) -> ir.Table:
    """Return the borrowers for whom something may be done, or may be due."""
    rows = tables("open_candidates").select("borrower_no")
    return rows.union(tables("duty_triggers").select("borrower_no")) if with_duties else rows


def _people(tables: Tables, *, with_duties: bool) -> ir.Table:
    """Return those of whom the law is asked, with their country, each once."""
    judged = verdicts.people(tables)
    return judged.union(duties.people(tables), distinct=True) if with_duties else judged
