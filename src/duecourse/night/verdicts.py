"""The step `verdicts`: every possible candidate judged against the rulebooks in force where the borrower lives.

One program of statements for each country, the same that judges worked cases. A candidate that is refused on every
loan falls, with the strongest rule as the reason; a loan that fails leaves the act. Where no rulebook is loaded,
nothing is done.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law import calendars
from duecourse.law.judge import gates
from duecourse.law.kept import program_of, users_folder
from duecourse.law.narrowing import narrowed
from duecourse.law.program import ACTS, BUSINESS_DAYS, EVENTS, SAME, VERDICTS, WORD, Program
from duecourse.law.records import STEPS
from duecourse.law.rulebook import Law, Rule
from duecourse.night import lawful
from duecourse.night.fact_sources import Tables
from duecourse.night.kept import Build, Kept
from duecourse.night.past import Past, sources, told, whole
from duecourse.night.past import people as past_people
from duecourse.strategy.models import Strategy

HISTORY: Final = "law_history"
NO_RULEBOOK: Final = "no_rulebook"
LAW: Final = "law:"  # before the id of a rule, where a reason is one
MEMORY: Final = "memory:"  # before the id of a rule from memory that would have refused
_YEARS_BEFORE: Final = 4  # of working days: how far back a period that still runs may have begun
_YEARS_AFTER: Final = 7


class Engine(Protocol):
    """What the step needs of an engine."""

    @property
    def dialect(self) -> str:
        """What Ibis calls the engine's SQL."""

    def table(self, name: str) -> ir.Table:
        """Return a table by name."""

    def keep(self, name: str, build: Build, about: str = "") -> None:
        """Work out a table and keep it under a name; `about` tells apart what may be built under one name."""

    def keep_all(self, lists: Sequence[Sequence[Kept]]) -> None:
        """Work out lists of tables side by side and keep them; one may read those before it in its list."""

    def name(self, name: str, build: Build, about: str = "") -> None:
        """Give a table a name without working it out; `about` as in `keep`."""

    def text(self, name: str, build: Build, about: str = "") -> str:
        """Return the statement that `keep` would run."""

    def make_all(self, lists: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Work out tables from lists of names and statements, each of which may read those before it in its list."""

    def stored(self, name: str, about: str, build: Callable[[], pa.Table]) -> None:
        """Name a table that is kept between runs, building it if there is none of what it is about."""

    def give(self, name: str, table: pa.Table) -> None:
        """Keep a small table."""

    def rows(self, table: ir.Table) -> list[dict[str, Any]]:
        """Return a small table as Python rows."""

    def answer(self, name: str, build: Build, about: str = "") -> list[dict[str, Any]]:
        """Return a small table as `rows` does, its statement compiled once under a name; `about` as in `keep`."""


@dataclass(frozen=True)
class Asked:
    """A program, the acts that it is to be asked about, and the events that it may look at.

    `always` are the columns that are the same for all its acts; `about` tells apart what may stand under the names of
    the tables that acts and history are built of.
    """

    program: Program
    acts: Build
    history: Build
    always: Mapping[str, Any] = field(default_factory=lambda: lawful.ALWAYS)
    about: str = ""


@dataclass(frozen=True)
class Counted:
    """How many candidates each rule refused, how many those from memory would have, and the programs by country."""

    refused: dict[str, int]
    from_memory: dict[str, int]
    programs: dict[str, Program]


def together(parts: Iterable[Counted]) -> Counted:
    """Add up what was counted in the parts of a book."""
    refused: Counter[str] = Counter()
    memory: Counter[str] = Counter()
    programs: dict[str, Program] = {}
    for part in parts:
        refused.update(part.refused)
        memory.update(part.from_memory)
        programs |= part.programs
    return Counted(dict(refused), dict(memory), programs)


def programs_of(
    law: Law, strategy: Strategy, on: date, past: Past, places: pa.Table, dialect: str
) -> dict[str, Program]:
    """Compile what of the law may refuse what a strategy proposes: a program for each country, where anything may.

    `places` is a table of `lawful.places`.
    """
    programs: dict[str, Program] = {}
    for country, books in _books_by_country(places).items():
        part = law.of(books, acts=lawful.JUDGED)
        rules = [rule for rule in part.rules if gates(rule) or _from_memory(rule)]
        tonight = narrowed(part, lawful.given(strategy, country, on, past), rules)
        if tonight.rules:
            programs[country] = program_of(tonight, users_folder(), dialect, suffix_of(country))
    return programs


def proposing(tables: Tables, programs: Mapping[str, Program]) -> list[Kept]:
    """Tell how to work out `proposed` and `law_rows`: the acts proposed, a row for each loan that they are about.

    The table `homes` tells where people live.
    """
    wanted = frozenset(column for program in programs.values() for column in program.reads.acts)
    about = " ".join(sorted(wanted))
    return [
        Kept("proposed", lambda: lawful.proposed(tables)),
        Kept("law_rows", lambda: lawful.acts(tables, tables("proposed"), wanted), about, "act_no"),
    ]


def where_proposed(engine: Engine, programs: Mapping[str, Program]) -> dict[str, Program]:
    """Return the programs of the countries where something is proposed."""
    tables: Tables = engine.table
    where = engine.answer("law_countries", lambda: tables("law_rows").select("country").distinct())
    here = {row["country"] for row in where}
    return {country: program for country, program in programs.items() if country in here}


def judge(engine: Engine, programs: Mapping[str, Program]) -> Counted:
    """Tell what the programs, which have been run, say of what is proposed.

    Leaves `candidates`, with what the law stops, `law_refused` and `law_doubted`.
    """
    tables: Tables = engine.table
    refused: Counter[str] = Counter()
    memory: Counter[str] = Counter()
    for program in programs.values():
        for name, counts in (("law_refused", gates), ("law_doubted", _from_memory)):
            build = partial(_refused_rows, tables, program, counts)
            engine.keep(f"{name}{program.suffix}", build, program.law.digest)
        for rule, number in _refusals(engine, program).items():
            (refused if gates(rule) else memory)[rule.id] += number
    suffixes = [program.suffix for program in programs.values()]
    engine.keep("law_refused", lambda: _refused(tables, suffixes), " ".join(suffixes))
    engine.keep("law_doubted", lambda: _doubted(tables, suffixes), " ".join(suffixes))
    engine.keep("candidates", lambda: _candidates(tables))
    return Counted(dict(refused), dict(memory), dict(programs))


def suffix_of(country: str) -> str:
    """Return what stands behind the names of a country's tables."""
    return f"_{country.lower()}"


def people(tables: Tables) -> ir.Table:
    """Return those for whom something is proposed where a rulebook is in force, with their country."""
    rows = tables("law_rows")
    return rows.filter(rows.books != "").select("country", borrower_no="world").distinct()


def asked(tables: Tables, programs: Mapping[str, Program], past: Past) -> list[Asked]:
    """Return what each country's program is to be asked: the acts proposed there."""

    def acts(country: str) -> ir.Table:
        rows = tables("law_rows")
        return lawful.dressed(rows.filter((rows.country == country) & (rows.books != "")))

    return [
        Asked(program, partial(acts, country), partial(past_in, tables, country, program, past), about=past.tables)
        for country, program in programs.items()
    ]


def past_in(tables: Tables, country: str, program: Program, past: Past) -> ir.Table:
    """Return what a program may ask of the past of a country's people."""
    rows = history_of(tables, HISTORY, program, past)
    return rows.filter(rows.country == country)


def _books_by_country(places: pa.Table) -> dict[str, list[str]]:
    """Return the rulebooks in force in some part of each country where somebody lives."""
    found: dict[str, set[str]] = {}
    for row in places.to_pylist():
        if row["books"]:
            found.setdefault(row["country"], set()).update(row["books"].split(" "))
    return {country: sorted(found[country]) for country in sorted(found)}


def give_business_days(engine: Engine, law: Law, living: Iterable[str], on: date) -> None:
    """Give the engine the working days, some years around a day, of countries lived in that some rulebook binds."""
    countries = sorted(name for name in living if any(book.binds(name) for book in law.books.values()))
    first, last = date(on.year - _YEARS_BEFORE, 1, 1), date(on.year + _YEARS_AFTER, 12, 31)
    engine.stored(
        BUSINESS_DAYS,
        f"{' '.join(countries)} {first} {last} {version('holidays')}",
        lambda: calendars.of_countries(countries, first, last),
    )


def give_history(engine: Engine, name: str, whose: Build, programs: Iterable[Program], past: Past) -> None:
    """Keep what programs may ask of the past of some people (borrower_no and country, each once), for `history_of`."""
    tables, read = engine.table, list(programs)
    wanted = {column: kind for program in read for column, kind in program.reads.events.items()}
    kinds = frozenset(kind for program in read for kind in program.law.kinds)
    about = " ".join([*(program.law.digest for program in read), past.tables])
    people = f"{name}_people"
    engine.keep(people, lambda: past_people(tables, whose()), about)
    reading = {source: partial(told, tables, source, people, wanted, kinds, past) for source in sources(kinds, past)}
    engine.keep_all([[Kept(f"{name}_{source}", build, about, "row_no")] for source, build in reading.items()])


def history_of(tables: Tables, name: str, program: Program, past: Past) -> ir.Table:
    """Return what a program may ask of the past that is kept under a name."""
    kinds = program.law.kinds
    parts = {source: tables(f"{name}_{source}") for source in sources(kinds, past)}
    return whole(parts or {"": _nothing(tables(f"{name}_people"))}, program.reads.events, kinds)


def _nothing(people: ir.Table) -> ir.Table:
    """Return the past of which no table of the book tells anything."""
    unknown = {name: ibis.null("int64") for name in ("row_no", "moment")}
    none = people.filter(ibis.literal(value=False))
    return none.mutate(event=ibis.null("string"), about=none.owned, **unknown)


def run(engine: Engine, asked: Iterable[Asked]) -> None:
    """Run programs over their rows of acts and events; leaves their tables, the verdicts among them."""
    lists = []
    for each in asked:
        about, suffix = f"{each.program.law.digest} {each.about}", each.program.suffix
        engine.name(f"{ACTS}{suffix}", partial(_own_acts, each), about)
        engine.name(f"{EVENTS}{suffix}", partial(_own_events, each), about)
        lists.append([(step.table, step.sql) for step in each.program.steps])
    engine.make_all(lists)


def known_of(engine: Engine, program: Program, own: ir.Table) -> dict[int, dict[str, Any]]:
    """Return by number what a program that was run knows of some acts: columns, facts, and the bits of the verdict.

    `own` has their act_no.
    """
    tables, suffix = engine.table, program.suffix
    numbers = {row["act_no"]: row["act_no"] for row in engine.rows(own.select("act_no").distinct())}
    firsts = own
    if program.in_common:
        firsts = tables(f"{SAME}{suffix}").semi_join(own, "act_no").select("act_no", "same_no")
        numbers = {row["act_no"]: row["same_no"] for row in engine.rows(firsts)}
        firsts = firsts.select(act_no="same_no").distinct()
    known: dict[int, dict[str, Any]] = {number: {} for number in numbers}
    of_acts = (table for name, table in program.found_in.items() if not name.startswith("event."))
    for name in dict.fromkeys([f"{ACTS}{suffix}", *of_acts, f"{VERDICTS}{suffix}"]):
        shared = name in program.in_common
        rows = engine.rows(tables(name).semi_join(firsts if shared else own, "act_no"))
        by_number = {row["act_no"]: row for row in rows}
        for number, first in numbers.items():
            known[number] |= by_number[first if shared else number] | {"act_no": number}
    return known


def _own_acts(asked: Asked) -> ir.Table:
    return lawful.with_constants(asked.acts(), asked.program.reads.acts, asked.always)


def _own_events(asked: Asked) -> ir.Table:
    rows = asked.history()
    rows = rows.filter(rows.event.isin(sorted(asked.program.law.kinds)))
    return lawful.with_constants(rows, asked.program.reads.events, {})


def _refusals(engine: Engine, program: Program) -> dict[Rule, int]:
    """Count the rows of acts that each rule refuses."""
    rules = program.law.rules

    def counts() -> ir.Table:
        verdicts = engine.table(f"{VERDICTS}{program.suffix}")
        return verdicts.aggregate(**{f"r{at}": bit(verdicts, "refused", at).sum() for at in range(len(rules))})

    found = engine.answer(f"law_counts{program.suffix}", counts, program.law.digest)[0]
    return {rule: int(found[f"r{at}"]) for at, rule in enumerate(rules) if found[f"r{at}"]}


def bit(rows: ir.Table, which: str, place: int) -> Any:
    """Say whether a rule's bit is set in a verdict."""
    word, bit = place // WORD, 1 << place % WORD  # a place among bits, not money
    return (rows[f"{which}_{word}"] & ibis.literal(bit).cast("int64")) != 0


def _from_memory(rule: Rule) -> bool:
    return rule.record.checked.how == "memory" and rule.record.effect != "advises" and not rule.switched_on


def _refused_rows(tables: Tables, program: Program, counts: Callable[[Rule], bool]) -> ir.Table:
    """Return the rows that a rule which counts refuses: borrower, treatment, loan, and the strongest such rule."""
    verdicts = tables(f"{VERDICTS}{program.suffix}")
    counting = [(place, rule) for place, rule in enumerate(program.law.rules) if counts(rule)]
    ordered = sorted(counting, key=lambda pair: (STEPS.index(pair[1].record.step), pair[1].id))
    never = (ibis.literal(value=False), "")  # a country may have no such rule
    first = ibis.cases(
        never, *((bit(verdicts, "refused", place), rule.id) for place, rule in ordered), else_=ibis.null("string")
    )
    found = verdicts.select("act_no", rule=first).filter(ibis._.rule.notnull())
    acts = tables("law_rows").select("act_no", "treatment_no", "loan_no", borrower_no="world")
    return found.join(acts, "act_no").select("borrower_no", "treatment_no", "loan_no", "rule")


def _doubted(tables: Tables, suffixes: list[str]) -> ir.Table:
    """Return all rows that rules from memory would refuse, of every country."""
    rows = [tables(f"law_doubted{suffix}") for suffix in suffixes]
    if rows:
        return ibis.union(*rows, distinct=False)
    return _refused(tables, []).filter(ibis.literal(value=False))


def _refused(tables: Tables, suffixes: list[str]) -> ir.Table:
    """Return all rows refused, of every country, and those that no rulebook binds."""
    acts = tables("law_rows")
    unbound = acts.filter(acts.books == "")
    rows = [
        unbound.select("treatment_no", "loan_no", borrower_no="world", rule=ibis.literal(NO_RULEBOOK)).select(
            "borrower_no", "treatment_no", "loan_no", "rule"
        ),
        *(tables(f"law_refused{suffix}") for suffix in suffixes),
    ]
    return ibis.union(*rows, distinct=False)


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
