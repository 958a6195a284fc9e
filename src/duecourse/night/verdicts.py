"""The step `verdicts`: every possible candidate judged against the rulebooks in force where the borrower lives.

One program of statements for each country, the same that judges worked cases. A candidate that is refused on every
loan falls, with the strongest rule as the reason; a loan that fails leaves the act. Where no rulebook is loaded,
nothing is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Final, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law import calendars
from duecourse.law.judge import gates
from duecourse.law.kept import program_of, users_folder
from duecourse.law.program import ACTS, BUSINESS_DAYS, EVENTS, VERDICTS, WORD
from duecourse.law.records import STEPS
from duecourse.law.rulebook import Law, Rule
from duecourse.night import lawful
from duecourse.night.fact_sources import Tables
from duecourse.strategy.models import Strategy

NO_RULEBOOK: Final = "no_rulebook"
LAW: Final = "law:"  # before the id of a rule, where a reason is one
MEMORY: Final = "memory:"  # before the id of a rule from memory that would have refused
_JUDGED: Final = ("contact", "furnish", "list", "sue", "sell")
_YEARS_BEFORE: Final = 4  # of working days: how far back a period that still runs may have begun
_YEARS_AFTER: Final = 7
Build = Callable[[], ir.Table]


class Engine(Protocol):
    """What the step needs of an engine."""

    def table(self, name: str) -> ir.Table:
        """Return a table by name."""

    def keep(self, name: str, build: Build) -> ir.Table:
        """Work out a table and keep it under a name."""

    def name(self, name: str, build: Build) -> ir.Table:
        """Give a table a name without working it out."""

    def make(self, name: str, text: str) -> None:
        """Work out a table from a statement and keep it under a name."""

    def alias(self, name: str, of: str) -> None:
        """Let a name stand for a table."""

    def stored(self, name: str, about: str, build: Callable[[], pa.Table]) -> None:
        """Name a table that is kept between runs, building it if there is none of what it is about."""

    def give(self, name: str, table: pa.Table) -> None:
        """Keep a small table."""

    def rows(self, table: ir.Table) -> list[dict[str, Any]]:
        """Return a small table as Python rows."""


@dataclass(frozen=True)
class Counted:
    """How many candidates each rule refused, and how many those from memory would have."""

    refused: dict[str, int]
    from_memory: dict[str, int]
    programs: dict[str, "Judged"]


@dataclass(frozen=True)
class Judged:
    """A country's program as it was run: its rules in the order of their bits, and the tables with its facts."""

    rules: tuple[Rule, ...]
    verdicts: str
    facts: tuple[str, ...]


def judge(engine: Engine, law: Law, strategy: Strategy, on: date, empty: frozenset[str]) -> Counted:
    """Judge the table `open_candidates`; leaves `candidates`, with what the law stops, and `law_refused`."""
    tables: Tables = engine.table
    engine.keep("homes", lambda: lawful.homes(tables))
    homes = tables("homes")
    where = engine.rows(homes.select("country", "region", "locality").distinct())
    engine.give("law_places", lawful.places(law, on, where))
    engine.give("law_times", lawful.times(strategy, on, engine.rows(homes.select("zones").distinct())))
    engine.keep("proposed", lambda: lawful.proposed(tables))
    engine.keep("law_rows", lambda: lawful.acts(tables))
    acts = tables("law_rows")
    bound = engine.rows(acts.filter(acts.books != "").select("country").distinct().order_by("country"))
    refused: dict[str, int] = {}
    memory: dict[str, int] = {}
    countries = sorted(str(row["country"]) for row in bound)
    first, last = date(on.year - _YEARS_BEFORE, 1, 1), date(on.year + _YEARS_AFTER, 12, 31)
    engine.stored(
        BUSINESS_DAYS,
        f"{' '.join(countries)} {first} {last} {version('holidays')}",
        lambda: calendars.of_countries(countries, first, last),
    )
    programs: dict[str, Judged] = {}
    for row in bound:
        country = str(row["country"])
        programs[country] = _country(engine, law, country, empty)
        for rule, number in _refusals(engine, programs[country]).items():
            counts = refused if gates(rule) else memory
            counts[rule.id] = counts.get(rule.id, 0) + number
    gated = [country for country, judged in programs.items() if any(rule.permit is not None for rule in judged.rules)]
    names = [country.lower() for country in gated]
    whole = "_".join(["law_refused_in", *names])
    engine.keep(whole, lambda: _refused(tables, names))
    engine.alias("law_refused", whole)
    doubts = "_".join(["law_doubted_in", *names])
    engine.keep(doubts, lambda: _doubted(tables, names))
    engine.alias("law_doubted", doubts)
    engine.keep("candidates", lambda: _candidates(tables))
    return Counted(refused, memory, programs)


def _country(engine: Engine, law: Law, country: str, empty: frozenset[str]) -> Judged:
    """Run one country's program over its acts; leaves a table of the rows refused."""
    tables = engine.table
    books = [book.id for book in law.books.values() if country in {book.country, *book.countries} or book.id == "house"]
    part = law.of(books, acts=_JUDGED)
    suffix = f"_{country.lower()}"
    program = program_of(part, users_folder(), suffix=suffix)
    kinds = frozenset(kind for fact in part.needed for kind in (*fact.of, *fact.for_))
    engine.keep(f"law_proposed{suffix}", lambda: _of_country(tables, program.acts, country))
    proposed = tables(f"law_proposed{suffix}")
    engine.name(f"{ACTS}{suffix}", lambda: lawful.with_constants(proposed, program.acts, lawful.ALWAYS))
    engine.keep(f"law_history{suffix}", lambda: lawful.events(tables, program.events, kinds, empty, country))
    history = tables(f"law_history{suffix}")
    engine.name(f"{EVENTS}{suffix}", lambda: lawful.with_constants(history, program.events, {}))
    for step in program.steps:
        engine.make(step.table, step.sql)
    if any(rule.permit is not None for rule in part.rules):
        engine.keep(f"law_refused{suffix}", lambda: _refused_rows(tables, suffix, part.rules, gates))
        engine.keep(f"law_doubted{suffix}", lambda: _refused_rows(tables, suffix, part.rules, _from_memory))
    facts = sorted({table for name, table in program.found_in.items() if not name.startswith("event.")})
    return Judged(part.rules, f"{VERDICTS}{suffix}", (f"{ACTS}{suffix}", *facts))


def _refusals(engine: Engine, judged: Judged) -> dict[Rule, int]:
    """Count the rows of acts that each rule refuses."""
    verdicts = engine.table(judged.verdicts)
    places = {place: rule for place, rule in enumerate(judged.rules) if rule.permit is not None}
    if not places:
        return {}
    sums = {f"r{place}": bit(verdicts, "refused", place).sum() for place in places}
    found = engine.rows(verdicts.aggregate(**sums))[0]
    return {rule: int(found[f"r{place}"]) for place, rule in places.items() if found[f"r{place}"]}


def _of_country(tables: Tables, wanted: Mapping[str, str], country: str) -> ir.Table:
    """Return the acts of a country with those of the columns wanted that a night has."""
    rows = tables("law_rows").filter(ibis._.country == country)
    return rows.select(*(name for name in wanted if name in rows.columns))


def bit(rows: ir.Table, which: str, place: int) -> Any:
    """Say whether a rule's bit is set in a verdict."""
    word, bit = place // WORD, 1 << place % WORD  # a place among bits, not money
    return (rows[f"{which}_{word}"] & ibis.literal(bit).cast("int64")) != 0


def _from_memory(rule: Rule) -> bool:
    return rule.record.checked.how == "memory" and rule.record.effect != "advises"


def _refused_rows(tables: Tables, suffix: str, rules: tuple[Rule, ...], counts: Callable[[Rule], bool]) -> ir.Table:
    """Return the rows that a rule which counts refuses: borrower, treatment, loan, and the strongest such rule."""
    verdicts = tables(f"{VERDICTS}{suffix}")
    counting = [(place, rule) for place, rule in enumerate(rules) if rule.permit is not None and counts(rule)]
    ordered = sorted(counting, key=lambda pair: (STEPS.index(pair[1].record.step), pair[1].id))
    never = (ibis.literal(value=False), "")  # a country may have no such rule
    first = ibis.cases(
        never, *((bit(verdicts, "refused", place), rule.id) for place, rule in ordered), else_=ibis.null("string")
    )
    found = verdicts.select("act_no", rule=first).filter(ibis._.rule.notnull())
    acts = tables("law_rows").select("act_no", "treatment_no", "loan_no", borrower_no="world")
    return found.join(acts, "act_no").select("borrower_no", "treatment_no", "loan_no", "rule")


def _doubted(tables: Tables, names: list[str]) -> ir.Table:
    """Return all rows that rules from memory would refuse, of every country."""
    rows = [tables(f"law_doubted_{name}") for name in names]
    if rows:
        return ibis.union(*rows, distinct=False) if len(rows) > 1 else rows[0]
    return _refused(tables, []).filter(ibis.literal(value=False))


def _refused(tables: Tables, names: list[str]) -> ir.Table:
    """Return all rows refused, of every country, and those that no rulebook binds."""
    acts = tables("law_rows")
    unbound = acts.filter(acts.books == "")
    rows = [
        unbound.select("treatment_no", "loan_no", borrower_no="world", rule=ibis.literal(NO_RULEBOOK)).select(
            "borrower_no", "treatment_no", "loan_no", "rule"
        ),
        *(tables(f"law_refused_{name}") for name in names),
    ]
    return ibis.union(*rows, distinct=False) if len(rows) > 1 else rows[0]


def _candidates(tables: Tables) -> ir.Table:
    """Return the candidates with the law's reason where every loan that they are about is refused."""
    refused = (
        tables("law_refused")
        .group_by("borrower_no", "treatment_no")
        .aggregate(refused=ibis._.loan_no.nunique(), rule=ibis._.rule.min())
    )
    asked = (
        tables("law_rows")
        .group_by(borrower_no="world", treatment_no="treatment_no")
        .aggregate(asked=ibis._.loan_no.nunique())
    )
    fallen = refused.join(asked, ["borrower_no", "treatment_no"])
    fallen = fallen.filter(fallen.refused >= fallen.asked)
    reason = (fallen.rule == NO_RULEBOOK).ifelse(fallen.rule, ibis.literal(LAW) + fallen.rule)
    fallen = fallen.select("borrower_no", "treatment_no", unlawful=reason)
    rows = tables("open_candidates").left_join(fallen, ["borrower_no", "treatment_no"])
    rows = rows.drop("borrower_no_right", "treatment_no_right")
    return rows.mutate(blocked=rows.blocked.coalesce(rows.unlawful)).drop("unlawful")
