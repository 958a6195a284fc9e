"""The step `duties`: what must be sent, answered or removed by when, for every loan of which a rulebook says so.

The rules of kind `duty` of the rulebooks in force where the borrower lives are asked, as cases ask them: one program of
statements for each country, the narrower rulebook first. A duty is a row when its day is known and it is not done yet,
as far as the book tells. Rules from memory give no row; they are counted apart.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law.judge import gates
from duecourse.law.kept import program_of, users_folder
from duecourse.law.narrowing import Given, narrowed
from duecourse.law.program import VERDICTS, Program
from duecourse.law.records import Book
from duecourse.law.rulebook import Law, Rule
from duecourse.night import duty_rows, lawful
from duecourse.night.fact_sources import Tables
from duecourse.night.kept import Kept
from duecourse.night.past import Past
from duecourse.night.report.words import load_words
from duecourse.night.verdicts import (
    Asked,
    Engine,
    bit,
    past_in,
    suffix_of,
)

COLUMNS: Final = {
    # The columns of duties.parquet, and what each holds.
    "on": "the business date",
    "borrower_id": "the borrower",
    "loan_id": "the loan",
    "duty": "what is due: the question of the law that the day answers",
    "due_on": "the last day to do it",
    "days_left": "days from the business date to that day; negative when it has passed",
    "overdue": "whether that day has passed",
    "rule": "the rule that says so",
    "rulebook": "the rulebook in which it stands",
}
SOON: Final = 7  # days
KEY: Final = ("borrower_id", "loan_id", "duty")
ANY: Final = "any"
PAST: Final = "duty_past"  # the table of the book's events with what the ledger adds
_ASKED: Final = {"purpose": "collection", "content_stated": False}  # of every question
_ROLES: Final = frozenset({"collector.role", "actor.role"})
_LEFT: Final = pa.schema([(name, pa.string()) for name in ("country", "role", "books", "ask", "part")])
_MEETS: Final = (("country", "country"), ("collector.role", "role"), ("books", "books"), ("ask", "ask"))


@dataclass(frozen=True)
class Counted:
    """How many duties are open and how many of them overdue, by what is due; and what rules from memory would add."""

    open: dict[str, int]
    overdue: dict[str, int]
    from_memory: dict[str, int]


@dataclass(frozen=True)
class Part:
    """The loans of a country to which the firm has one role, and the program that answers for them.

    Much of the law binds who bought a debt and not who lent, or the other way round.
    """

    country: str
    role: str
    program: Program

    def answers(self, ask: str, books: Sequence[str]) -> bool:
        """Say whether some rule of these rulebooks may answer a question."""
        return any(rule.record.answers == ask and rule.book in books for rule in self.program.law.rules)


def trigger(engine: Engine, duties: Law, empty: frozenset[str]) -> None:
    """Leave `duty_triggers`: what may start a duty. `empty` are the tables of the book without a row."""
    starts = frozenset(kind for rule in duties.rules for kind in rule.starts or (duty_rows.OVERDUE,))
    build = partial(duty_rows.triggers, engine.table, starts, empty)
    engine.keep("duty_triggers", build, " ".join(sorted(starts)))


def together(parts: Iterable[Counted]) -> Counted:
    """Add up what was counted in the parts of a book."""
    found: tuple[Counter[str], Counter[str], Counter[str]] = Counter(), Counter(), Counter()
    for part in parts:
        for whole, counted in zip(found, (part.open, part.overdue, part.from_memory), strict=True):
            whole.update(counted)
    return Counted(*({duty: each[duty] for duty in sorted(each)} for each in found))


def parts_of(duties: Law, engine: Engine, countries: Iterable[str], on: date, past: Past) -> list[Part]:
    """Find what of the law may answer in these countries on the day `on`.

    `duties` is the law of `duecourse.law.duties`. Where no rule looks at the firm's role, one part is for both.
    """
    roles = engine.answer("duty_roles", lambda: duty_rows.roles(engine.table))
    found = []
    for country in countries:
        law = duties.of([book.id for book in duties.books.values() if duty_rows.binds(book, country)])
        here = {str(row["role"]) for row in roles if row["country"] == country} if _looks_at_role(law) else {ANY}
        found += [part for role in sorted(here) if (part := _part(law, country, role, on, past, engine.dialect))]
    return found


def asking(tables: Tables, duties: Law, empty: frozenset[str]) -> list[Kept]:
    """Tell how to work out `duty_rows`, a row for each loan and question, and PAST.

    The tables `duty_triggers` and `homes` tell whose duties there may be, and where they live.
    """
    past = Kept(PAST, partial(duty_rows.past, tables, duties.kinds, empty), " ".join(sorted(duties.kinds)))
    return [
        Kept("duty_asked", lambda: duty_rows.asked(tables)),
        Kept("duty_rows", lambda: duty_rows.rows(tables), number="act_no"),
        *([past] if duty_rows.adds_to_past(duties.kinds) else []),
    ]


def prepare(engine: Engine, parts: Sequence[Part]) -> list[Part]:
    """Return those of the parts that are to be asked something; leaves `duty_open`, the questions."""
    tables = engine.table
    asked = engine.answer("duty_questions", lambda: _questions(tables))
    left = _left(asked, parts)
    engine.give("duty_left", pa.Table.from_pylist(left, schema=_LEFT))
    engine.name("duty_open", lambda: _open(tables))
    needed = {row["part"] for row in left}
    return [part for part in parts if part.program.suffix in needed]


def answer(engine: Engine, parts: Sequence[Part]) -> Counted:
    """Tell what the parts' programs, which have been run, answer; leaves `duties`, in the order of its key."""
    tables = engine.table
    for part in parts:
        build = partial(_answers, tables, part.program)
        engine.keep(f"duty_answers{part.program.suffix}", build, part.program.law.digest)
    suffixes = sorted(part.program.suffix for part in parts)
    engine.keep("duty_answers", lambda: _all_answers(tables, suffixes), " ".join(suffixes))
    engine.keep("duties", lambda: _duties(tables))
    return _counted(engine)


def asked(tables: Tables, parts: Sequence[Part], past: Past) -> list[Asked]:
    """Return what the program of each part is to be asked."""

    def questions(part: Part) -> ir.Table:
        rows = tables("duty_open")
        return lawful.dressed(rows.filter(rows.part == part.program.suffix))

    return [
        Asked(
            part.program,
            partial(questions, part),
            partial(past_in, tables, part.country, part.program, past),
            {**lawful.ALWAYS, **_ASKED, "content": []},
            past.tables,
        )
        for part in parts
    ]


def people(tables: Tables) -> ir.Table:
    """Return the borrowers of whom something is asked, with their country."""
    return tables("duty_open").select("country", borrower_no="world").distinct()


def _questions(tables: Tables) -> ir.Table:
    """Return what is asked: (country, role, books, ask)."""
    rows = tables("duty_rows").filter(ibis._.books != "")
    return rows.select("country", "books", "ask", role=rows["collector.role"]).distinct()


def _looks_at_role(law: Law) -> bool:
    names = [rule.names for rule in law.rules] + [fact.names for fact in law.needed]
    return bool(_ROLES & frozenset[str]().union(*names))


def _part(law: Law, country: str, role: str, on: date, past: Past, dialect: str) -> Part | None:
    """Compile what may be due in a country to a firm of this role; None where nothing may."""
    tonight = narrowed(law, _given(country, role, on, replace(past, kinds=past.kinds & law.kinds)), law.rules)
    suffix = f"_duties{suffix_of(country)}_{role}"
    return Part(country, role, program_of(tonight, users_folder(), dialect, suffix)) if tonight.rules else None


def _left(asked: Sequence[Mapping[str, str]], parts: Sequence[Part]) -> list[dict[str, str]]:
    """Return those of the questions that some rule may answer tonight, and whose program does."""
    by_place = {(part.country, part.role): part for part in parts}
    left = []
    for row in asked:
        part = by_place.get((row["country"], row["role"])) or by_place.get((row["country"], ANY))
        if part and part.answers(row["ask"], row["books"].split(" ")):
            left.append({**row, "part": part.program.suffix})
    return left


def _open(tables: Tables) -> ir.Table:
    rows = tables("duty_rows")
    left = tables("duty_left")
    meets = [(rows[mine] == left[theirs]) for mine, theirs in _MEETS]
    return rows.join(left, meets).select(*rows.columns, "part")


def _given(country: str, role: str, on: date, past: Past) -> Given:
    """Return what is known beforehand of the questions of a country; not the day, lest every night compile anew."""
    known = lawful.unvarying(duty_rows.VARIES, country, past) | _ASKED
    known |= {} if role == ANY else dict.fromkeys(_ROLES, role)
    return Given(known, past.kinds, on)


def _answers(tables: Tables, program: Program) -> ir.Table:
    """Return for each question the answer of the first rule asked, and what rules from memory would say."""
    verdicts, law = tables(f"{VERDICTS}{program.suffix}"), program.law
    narrow_first = sorted(enumerate(law.rules), key=lambda pair: _breadth(law.books[pair[1].book]))
    firm = [pair for pair in narrow_first if gates(pair[1])]
    doubtful = [pair for pair in narrow_first if not gates(pair[1]) and pair[1].record.effect != "advises"]
    never = ibis.literal(value=False)

    def first(pairs: Sequence[tuple[int, Rule]], kind: str, value: Callable[[int, Rule], Any]) -> Any:
        cases = [(bit(verdicts, "asked", place), value(place, rule)) for place, rule in pairs]
        return ibis.cases((never, ibis.null(kind)), *cases, else_=ibis.null(kind))

    return verdicts.select(
        "act_no",
        due_on=first(firm, "date", lambda place, _: verdicts[f"gives_{place}"]),
        rule=first(firm, "string", lambda _, rule: rule.id),
        rulebook=first(firm, "string", lambda _, rule: rule.book),
        doubted_on=first(doubtful, "date", lambda place, _: verdicts[f"gives_{place}"]),
    )


def _breadth(book: Book) -> tuple[bool, bool, bool]:
    """Order rulebooks: a town's before a region's, before a country's, before a union's."""
    return book.locality is None, book.region is None, book.country is None


def _all_answers(tables: Tables, suffixes: Sequence[str]) -> ir.Table:
    parts = [tables(f"duty_answers{suffix}") for suffix in suffixes]
    if parts:
        return ibis.union(*parts, distinct=False)
    nothing = tables("duty_rows").filter(ibis.literal(value=False))
    day, text = ibis.null("date"), ibis.null("string")
    return nothing.select("act_no", due_on=day, rule=text, rulebook=text, doubted_on=day)


def _duties(tables: Tables) -> ir.Table:
    answers = tables("duty_answers").filter(ibis._.due_on.notnull())
    asked = tables("duty_rows").select("act_no", "borrower_id", "day", "ask", loan_id="loan")
    rows = answers.join(asked, "act_no")
    rows = rows.mutate(on=rows.day, duty=rows.ask, days_left=rows.due_on.delta(rows.day, unit="day").cast("int64"))
    return rows.mutate(overdue=rows.days_left < 0).select(*COLUMNS).order_by(*KEY)


def _counted(engine: Engine) -> Counted:
    tables = engine.table
    rows = tables("duties")
    found = engine.rows(rows.group_by("duty").aggregate(n=rows.count(), late=rows.overdue.sum()).order_by("duty"))
    answers = tables("duty_answers").filter(ibis._.due_on.isnull() & ibis._.doubted_on.notnull())
    doubted = answers.join(tables("duty_rows").select("act_no", "ask"), "act_no")
    more = engine.rows(doubted.group_by("ask").aggregate(n=doubted.count()).order_by("ask"))
    return Counted(
        {str(row["duty"]): int(row["n"]) for row in found},
        {str(row["duty"]): int(row["late"]) for row in found if row["late"]},
        {str(row["ask"]): int(row["n"]) for row in more},
    )


def by_rule(engine: Engine) -> list[dict[str, Any]]:
    """Count the duties by what is due and by rule: open, overdue, due within SOON days, and the next day to come.

    The most overdue first.
    """
    rows = engine.table("duties")
    soon = (rows.days_left >= 0) & (rows.days_left <= SOON)
    found = rows.group_by("duty", "rule").aggregate(
        open=rows.count(),
        overdue=rows.overdue.sum(),
        soon=soon.sum(),
        next_due_on=rows.due_on.min(where=~rows.overdue),
    )
    return engine.rows(found.order_by(ibis.desc("overdue"), ibis.desc("soon"), "duty", "rule"))


def lines(engine: Engine, law: Law, loan_id: str) -> list[str]:
    """Tell what is due about one loan, the first day first: by when, what, and where that stands."""
    rows = engine.table("duties")
    found = engine.rows(rows.filter(rows.loan_id == loan_id).order_by("due_on", "duty"))
    return [_told(row, law) for row in found] or ["nothing"]


def _told(row: dict[str, Any], law: Law) -> str:
    rule = next(rule for rule in law.rules if rule.id == row["rule"] and rule.in_force(row["on"]))
    left = row["days_left"]
    when = f"overdue for {_days(-left)}" if row["overdue"] else "today" if left == 0 else f"{_days(left)} left"
    what = load_words("en").name("duty", row["duty"])
    return f"{row['due_on']} ({when}): {what}: {rule.record.says} ({law.cite(rule)}, {rule.id})"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
