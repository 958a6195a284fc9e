"""What the law says of loans beyond acts and duties: until when suit may be brought, and which caps hold.

    of_loans(book, law, moment, positions) -> {loan_id: OfLaw}

The last day to sue is asked for late loans, as duties are: the same questions, the same past. No rule gives one where
the book does not tell what it would need.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import ibis

from duecourse.book.loaded import LoadedBook
from duecourse.law.caps import QUESTIONS
from duecourse.law.rulebook import Law
from duecourse.night import caps, duties, duty_rows, lawful, position, verdicts
from duecourse.night.engines import duckdb
from duecourse.night.engines.engine import Engine, Opening
from duecourse.night.engines.texts import Texts, home_of
from duecourse.night.moment import Moment
from duecourse.night.past import past_of, with_more

LAST_DAY: Final = "limitation_ends"
_THREADS: Final = 2


@dataclass(frozen=True)
class LawCap:
    """A cap of the law that holds on the day: parts per million (a year, or of the principal), and by which rule."""

    ppm: int
    rule: str
    cite: str


@dataclass(frozen=True)
class OfLaw:
    """What the law says of one loan. `caps` are by what they cap, as in `duecourse.law.caps`."""

    last_day_to_sue: date | None = None
    caps: Mapping[str, LawCap] = field(default_factory=dict)


def of_loans(
    book: LoadedBook, law: Law, moment: Moment, positions: Path, threads: int = _THREADS, memory: str = "2GB"
) -> dict[str, OfLaw]:
    """Return what the law says of the loans of a book of which it says anything; `positions` are of a night over it."""
    empty = frozenset(name for name, rows in book.tables.items() if rows.kept + rows.made == 0)
    texts = Texts(home_of(book.folder.parent.parent), "duckdb", f"loans {law.hash}", empty)
    opening = Opening(book.folder, texts, empty, threads, memory, book.folder / "spill")
    with closing(duckdb.DuckDB.open(opening)) as engine:
        engine.look_at(moment)
        engine.read("positions", positions, position.SCHEMA)
        last_days = _last_days(engine, law, moment.on, empty)
        capped = _caps(engine, law, moment.on, empty)
    return {loan: OfLaw(last_days.get(loan), capped.get(loan, {})) for loan in {*last_days, *capped}}


def _last_days(engine: Engine, law: Law, on: date, empty: frozenset[str]) -> dict[str, date]:
    """Ask for the last day to sue as the step `duties` asks: a duty without an event that starts it, of late loans."""
    tables = engine.table
    asked = law.of(law.books, asks=[LAST_DAY])
    places = lawful.distinct(engine.answer("living", lambda: lawful.living(tables)), lawful.PLACE)
    engine.give("law_places", lawful.places(law, on, places))
    countries = sorted({str(row["country"]) for row in places})
    verdicts.give_business_days(engine, law, countries, on)
    engine.give("duty_asks", duty_rows.asks_of(asked, countries))
    past = past_of(tables, engine.rows, empty)
    if duty_rows.adds_to_past(asked.kinds):
        past = with_more(past, tables, duties.PAST, duty_rows.DERIVED)
    parts = duties.parts_of(asked, engine, countries, on, past)
    duties.trigger(engine, asked, empty)
    engine.keep("homes", lambda: lawful.homes(tables, tables("duty_triggers").select("borrower_no")))
    engine.keep_all([duties.asking(tables, asked, empty)])
    here = duties.prepare(engine, parts)
    if here:
        programs = [part.program for part in here]
        verdicts.give_history(engine, verdicts.HISTORY, lambda: duties.people(tables), programs, past)
        verdicts.run(engine, duties.asked(tables, here, past))
    duties.answer(engine, here)
    return {row["loan_id"]: row["due_on"] for row in engine.rows(tables("duties").select("loan_id", "due_on"))}


def _caps(engine: Engine, law: Law, on: date, empty: frozenset[str]) -> dict[str, dict[str, LawCap]]:
    """Return the caps of the law that are known and hold on the day, by loan."""
    tables = engine.table
    if not caps.find(engine, law, on, empty).asked:
        return {}
    pieces = tables(caps.PIECES)
    day = ibis.literal(on)
    holding = pieces.filter((pieces.from_on <= day) & (pieces.until_on.isnull() | (pieces.until_on > day)))
    loans = tables("positions").select("loan_no", "loan_id")
    rows = engine.rows(loans.join(tables(caps.CAPPED), "loan_no").join(holding, "cap_no").drop("cap_no", "loan_no"))
    cites = {rule.id: law.cite(rule) for rule in law.rules}
    return {row["loan_id"]: {as_: cap for as_ in QUESTIONS if (cap := _cap(row, as_, cites))} for row in rows}


def _cap(row: Mapping[str, Any], as_: str, cites: Mapping[str, str]) -> LawCap | None:
    ppm, rule = row[f"cap_{as_}"], row[f"{as_}_rule"]
    return None if ppm is None else LawCap(ppm, rule, cites[rule])
