"""The caps of the law on every loan, before the step `position`: found once for all loans that are alike.

    find(engine, law, on) -> Found      leaves `law_capped` (loan_no, cap_no) and `law_cap_pieces` (by cap_no and day)

Loans are alike when no rule that caps tells them apart; those whose borrower has an event that such a rule looks at
stand alone. Each is asked what a case is asked, by the same rules, for every stretch of days on which the answer may
differ. The ledger then takes the stricter of the lender's own cap and the law's.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law.caps import QUESTIONS, Cap, Piece, capping, caps_of, opened
from duecourse.law.kept import program_of, users_folder
from duecourse.law.narrowing import Given, narrowed
from duecourse.law.program import VERDICTS, Program, reads
from duecourse.law.rulebook import Law, Rule, rulebooks_of
from duecourse.night import verdicts
from duecourse.night.fact_sources import Tables
from duecourse.night.past import OWN, detail, seconds, seen_until
from duecourse.night.verdicts import Engine, bit

CAPPED: Final = "law_capped"
PIECES: Final = "law_cap_pieces"
FIRST: Final = date(1, 1, 1)  # of the first piece: since ever
_NOBODY: Final = -1  # the world of loans that share an answer
_ALWAYS: Final[Mapping[str, Any]] = {"with": "borrower", "by": OWN, "several_loans": False}
_PLACE: Final = ("country", "region", "locality")
_LOAN: Final[Mapping[str, str]] = {  # columns of the law, and where the book's loans have them
    "collector.lender_type": "lender_type",
    **{f"loan.{name}": name for name in ("product", "opened_on", "currency", "principal")},
}
_HAD: Final = frozenset(  # the columns that a question of this step has
    {*_LOAN, "loan.due_on", "loan", "debt", "on", "day", "item", "ask", "rulebooks", "act_no", "world", "seen"}
    | {"moment"}
)
_SORT: Final = ("lender_type", "product")
_SORTS_MOST: Final = 300  # more are not looked at one by one
Sort = tuple[str | None, str | None]


@dataclass(frozen=True)
class Asked:
    """The rules that were asked in a country, and the program that asked them.

    `sorts` are the lender types and products that some rule may cap; all others are left out.
    """

    country: str
    books: tuple[str, ...]
    rules: tuple[Rule, ...]
    program: Program
    sorts: tuple[Sort, ...]

    @property
    def suffix(self) -> str:
        """What stands behind the names of its tables."""
        return self.program.suffix

    @property
    def bringing(self) -> tuple[str, ...]:
        """The kinds of event without which no rule here caps; none where some rule caps without."""
        kinds = [set(caps_of(rule).events) for rule in self.rules]
        return tuple(sorted(set[str]().union(*kinds))) if all(kinds) else ()


@dataclass(frozen=True)
class Found:
    """What was asked, country by country; nothing where no rule that caps binds any borrower of the book."""

    asked: tuple[Asked, ...] = ()


def find(engine: Engine, law: Law, on: date, empty: frozenset[str], loan_no: int | None = None) -> Found:
    """Find the caps that the law sets on each loan, or on one, as they are on the business date `on`.

    The engine must look at the moment; `empty` are the book's tables without a row. Leaves the tables that this module
    tells of where anything was found.
    """
    asked = tuple(_asked(engine, law, on, empty))
    if not asked:
        return Found()
    tables: Tables = engine.table
    whole = "_".join(["", *(each.suffix.removeprefix("_caps_") for each in asked)])
    about = " ".join([whole, *(each.program.law.digest for each in asked), "one" if loan_no is not None else "all"])
    engine.give("cap_only", pa.table({"loan_no": pa.array([loan_no] if loan_no is not None else [], pa.int64())}))
    engine.give(f"cap_books{whole}", _books(engine, law, asked))
    engine.give(f"cap_sorts{whole}", _sorts(asked))
    engine.keep(f"cap_history{whole}", lambda: _history(tables, asked, empty), f"{about} {sorted(empty)}")
    engine.keep(f"cap_homes{whole}", lambda: _homes(tables, asked, whole), about)
    engine.keep(f"cap_loans{whole}", lambda: _alike(tables, asked, whole, one=loan_no is not None), about)
    for each in asked:
        _prepare(engine, each, whole, on)
    verdicts.run(engine, [_questions(tables, each, whole) for each in asked])
    for each in asked:
        engine.keep(f"cap_pieces{each.suffix}", partial(_pieces, tables, each), _about(each, whole))
    engine.keep(PIECES, lambda: ibis.union(*(tables(f"cap_pieces{each.suffix}") for each in asked)), about)
    engine.keep(CAPPED, lambda: _capped(tables, asked, whole), about)
    return Found(asked)


def of_loan(engine: Engine, found: Found, loan_no: int) -> list[Piece]:
    """Return what was found for one loan, by day: caps, and what is not known; nothing where no rule caps it."""
    if not found.asked:
        return []
    capped, pieces = engine.table(CAPPED), engine.table(PIECES)
    own = pieces.semi_join(capped.filter(capped.loan_no == loan_no), "cap_no")
    rows = engine.rows(own.order_by("from_on"))
    found_in = [
        [cap for as_ in QUESTIONS for each in found.asked if (cap := _cap(engine, each, row, as_)) is not None]
        for row in rows
    ]
    days = [None if row["from_on"] == FIRST else row["from_on"] for row in rows]
    return [Piece(day, tuple(caps)) for day, caps in zip(days, found_in, strict=True)]


def _cap(engine: Engine, asked: Asked, row: Mapping[str, Any], as_: str) -> Cap | None:
    """Read one piece of one cap, if the country's rules gave it."""
    ids = {rule.id: rule for rule in asked.rules}
    if row[f"{as_}_rule"] in ids:
        return Cap(as_, row[f"cap_{as_}"], ids[row[f"{as_}_rule"]])
    if row[f"{as_}_unknown"] in ids:
        rule = ids[row[f"{as_}_unknown"]]
        return Cap(as_, None, rule, _missing(engine, asked, row, rule))
    return None


def _missing(engine: Engine, asked: Asked, row: Mapping[str, Any], rule: Rule) -> tuple[str, ...]:
    """Name what a rule needs and nobody knows, for one piece."""
    numbers = engine.table(f"cap_acts{asked.suffix}")
    own = numbers.filter((numbers.cap_no == row["cap_no"]) & (numbers.from_on == row["from_on"])).select("act_no")
    known = verdicts.known_of(engine, asked.program, own).values()
    return tuple(name for name in caps_of(rule).needs if any(name in each and each[name] is None for each in known))


def _asked(engine: Engine, law: Law, on: date, empty: frozenset[str]) -> Iterator[Asked]:
    """Go through the countries of the book in which some rule that caps may bind."""
    holding = {rule.book for rule in capping(law, law.books)}
    books = [law.books[name] for name in law.books if name in holding]
    ordered = sorted(books, key=lambda book: (book.country is not None, book.region is not None, book.locality or ""))
    kinds = _kinds(engine, empty)
    loans = engine.rows(engine.table("loans").select(*_SORT).distinct())
    found = sorted({(row["lender_type"], row["product"]) for row in loans}, key=str)
    for row in sorted(engine.rows(engine.table("borrowers").select("country").distinct()), key=str):
        country = row["country"]
        here = tuple(book.id for book in ordered if book.binds(country))
        rules = tuple(
            rule for rule in capping(law, here) if not caps_of(rule).events or kinds & set(caps_of(rule).events)
        )
        read = opened(law, rules)
        sorts = tuple(sort for sort in found if len(found) > _SORTS_MOST or _may_cap(read, sort, kinds, on))
        if rules and sorts:
            # Other rules ask for other columns, so they have tables of their own.
            digest = hashlib.sha256(" ".join(rule.id for rule in rules).encode()).hexdigest()
            suffix = f"_caps_{country.lower()}_{digest[:6]}"
            yield Asked(country, here, rules, program_of(read, users_folder(), engine.dialect, suffix), sorts)


def _may_cap(read: Law, sort: Sort, kinds: frozenset[str], on: date) -> bool:
    """Say whether some rule may cap loans of one lender type and product, or would need to know which they are."""
    never = {name: None for name in reads(read).acts if name not in _HAD and name not in _ALWAYS}
    named = dict(zip(("collector.lender_type", "loan.product"), sort, strict=True))
    known = {name: value for name, value in named.items() if value is not None}
    return bool(narrowed(read, Given({**never, **_ALWAYS, **known}, kinds, on), read.rules).rules)


def _sorts(asked: Iterable[Asked]) -> pa.Table:
    """Put the lender types and products that may be capped into a table, by country; unknown ones as empty texts."""
    rows = [
        {"country": each.country, **{name: value or "" for name, value in zip(_SORT, sort, strict=True)}}
        for each in asked
        for sort in each.sorts
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in ("country", *_SORT)]))


def _kinds(engine: Engine, empty: frozenset[str]) -> frozenset[str]:
    if "events" in empty:
        return frozenset()
    return frozenset(str(row["kind"]) for row in engine.rows(engine.table("events").select("kind").distinct()))


def _prepare(engine: Engine, each: Asked, whole: str, on: date) -> None:
    """Leave the questions to ask in one country, `cap_acts`: of each sort of loan and stretch of days."""
    tables, suffix, about = engine.table, each.suffix, _about(each, whole)
    engine.give(f"cap_days{suffix}", _days(each, on))
    engine.keep(f"cap_firsts{suffix}", lambda: _firsts(tables, each, whole), about)
    engine.keep(f"cap_stretches{suffix}", lambda: _stretches(tables, each, whole), about)
    engine.keep(f"cap_acts{suffix}", lambda: _acts(tables, each), about)


def _questions(tables: Tables, each: Asked, whole: str) -> verdicts.Asked:
    acts, history = partial(tables, f"cap_acts{each.suffix}"), partial(tables, f"cap_history{whole}")
    return verdicts.Asked(each.program, acts, history, _ALWAYS, whole)


def _about(each: Asked, whole: str) -> str:
    return f"{each.program.law.digest} {whole}"  # the whole book's tables are looked at


def _narrow(law: Law, asked: Iterable[Asked]) -> bool:
    """Say whether some book that caps is in force in a part of a country only."""
    return any(law.books[name].region or law.books[name].locality for each in asked for name in each.books)


def _books(engine: Engine, law: Law, asked: Sequence[Asked]) -> pa.Table:
    """Name for each place the rulebooks in force there that cap, joined by blanks; by country where that decides."""
    by_country = {each.country: each.books for each in asked}
    keys: tuple[str, ...] = _PLACE[:1]
    places: list[dict[str, Any]] = [{"country": country} for country in by_country]
    if _narrow(law, asked):
        borrowers = engine.table("borrowers")
        living = borrowers.filter(borrowers.country.isin(sorted(by_country)))
        keys, places = _PLACE, engine.rows(living.select(*_PLACE).distinct())
    rows = []
    for row in places:
        place = {name: str(row.get(name) or "") for name in _PLACE}
        names = rulebooks_of(law, *place.values())
        books = " ".join(name for name in names if name in by_country[place["country"]])
        rows.append({**{name: place[name] for name in keys}, "books": books})
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in (*keys, "books")]))


def _days(each: Asked, on: date) -> pa.Table:
    """Put the days from which an answer may differ into a table, as texts: since ever, and those of the rules."""
    changes = chain.from_iterable(caps_of(rule).changes for rule in each.rules)
    days = sorted({FIRST, *(day for day in changes if day <= on)})
    return pa.table({"day": pa.array([day.isoformat() for day in days], pa.string())})


def _history(tables: Tables, asked: Sequence[Asked], empty: frozenset[str]) -> ir.Table:
    """Return the events that the rules look at."""
    kinds = sorted(frozenset[str]().union(*(each.program.law.kinds for each in asked)))
    rows = tables("events")
    rows = rows.filter(rows.kind.isin(kinds) if kinds and "events" not in empty else ibis.literal(value=False))
    unnamed = rows.filter(rows.loan_id.isnull()).select("borrower_no").distinct()
    owned = tables("loans").semi_join(unnamed, "borrower_no").select("borrower_no", "loan_id").distinct()
    owned = owned.group_by("borrower_no").aggregate(owned=owned.loan_id.collect())
    rows = rows.left_join(owned, "borrower_no").drop("borrower_no_right")
    named = rows.loan_id.isnull().ifelse(rows.owned, ibis.array([rows.loan_id]))
    number = ibis.row_number().over(order_by=[rows.borrower_no, rows.happened_at, rows.kind, rows.event_id])
    return rows.select(
        event_no=number.cast("int64"),
        seq=number.cast("int64"),
        world=rows.borrower_no,
        moment=seconds(rows.happened_at),
        event=rows.kind,
        day=rows.happened_on,
        about=named,
        debts=named,
        by=ibis.literal(OWN),
        status=detail(rows.details, "status"),
    )


def _homes(tables: Tables, asked: Sequence[Asked], whole: str) -> ir.Table:
    """Return the borrowers whom some rule may bind: where they live on the business date, and the books in force."""
    rows = tables("borrowers").cross_join(tables("moment"))
    rows = rows.filter(rows.effective_on <= rows.on_day)
    moved = rows.group_by("borrower_no").aggregate(newest=rows.effective_on.max(), versions=rows.count())
    moved = moved.filter(moved.versions > 1)
    rows = rows.filter(rows.country.isin([each.country for each in asked]))
    rows = rows.left_join(moved, "borrower_no")
    rows = rows.filter(rows.newest.isnull() | (rows.effective_on == rows.newest))
    history = tables(f"cap_history{whole}")
    for each in asked:
        if each.bringing:
            having = history.filter(history.event.isin(each.bringing)).select(borrower_no="world").distinct()
            others = rows.filter(rows.country != each.country)
            rows = others.union(rows.filter(rows.country == each.country).semi_join(having, "borrower_no"))
    books = tables(f"cap_books{whole}")
    keys = [name for name in _PLACE if name in books.columns]
    rows = rows.select("borrower_no", **{name: rows[name].fill_null("") for name in keys})
    return rows.join(books, keys).select("borrower_no", "country", "books")


def _alike(tables: Tables, asked: Sequence[Asked], whole: str, *, one: bool) -> ir.Table:
    """Return the loans that some rule may bind, with the columns asked for: those in which all agree are alike.

    Of a loan the version counts that stands on the business date, as in the positions.
    """
    wanted = frozenset[str]().union(*(each.program.reads.acts for each in asked))
    rows = tables("loans").join(tables(f"cap_homes{whole}"), "borrower_no").cross_join(tables("moment"))
    sorts = tables(f"cap_sorts{whole}")
    alike = [rows[name].fill_null("") == sorts[name] for name in _SORT]
    rows = rows.semi_join(sorts, [rows.country == sorts.country, *alike])
    if one:
        rows = rows.semi_join(tables("cap_only"), "loan_no")
    versions = tables("loans").semi_join(rows, "loan_no").cross_join(tables("moment"))
    by_then = (versions.effective_on <= versions.on_day).ifelse(versions.effective_on, ibis.null("date"))
    stands = by_then.max().coalesce(versions.effective_on.min())
    changed = versions.group_by("loan_no").aggregate(stands=stands, versions=versions.count())
    rows = rows.left_join(changed.filter(changed.versions > 1), "loan_no")
    rows = rows.filter(rows.stands.isnull() | (rows.effective_on == rows.stands))
    columns = {name: rows[own] for name, own in _LOAN.items() if name in wanted}
    rows = rows.select("loan_no", "borrower_no", "loan_id", "country", "books", **columns)
    if "loan.due_on" in wanted:
        due = tables("instalments").semi_join(rows, "loan_no").group_by("loan_no").aggregate(last=ibis._.due_on.max())
        rows = rows.left_join(due, "loan_no").drop("loan_no_right").rename({"loan.due_on": "last"})
    worlds = tables(f"cap_history{whole}").select(world="world").distinct()
    rows = rows.left_join(worlds, rows.borrower_no == worlds.world)
    alone = rows.world.notnull()
    rows = rows.mutate(world=rows.world.fill_null(_NOBODY), loan=alone.ifelse(rows.loan_id, ibis.null("string")))
    return rows.drop("borrower_no", "loan_id")


def _columns(each: Asked) -> list[str]:
    """Return the columns by which the rules of a country tell loans apart."""
    return ["books", "world", "loan", *(name for name in (*_LOAN, "loan.due_on") if name in each.program.reads.acts)]


def _firsts(tables: Tables, each: Asked, whole: str) -> ir.Table:
    """Return each sort of loan in a country; `cap_no` is the number of its first loan."""
    rows = tables(f"cap_loans{whole}").filter(ibis._.country == each.country)
    return rows.group_by(_columns(each)).aggregate(cap_no=rows.loan_no.min())


def _capped(tables: Tables, asked: Sequence[Asked], whole: str) -> ir.Table:
    """Return the loans of which something was found, each with the number of its sort."""
    told = tables(PIECES).select("cap_no").distinct()
    loans, parts = tables(f"cap_loans{whole}"), []
    for each in asked:
        sorts = tables(f"cap_firsts{each.suffix}").semi_join(told, "cap_no")
        here = loans.filter(loans.country == each.country)
        alike = [here[name].identical_to(sorts[name]) for name in _columns(each)]
        parts.append(here.inner_join(sorts, alike).select(here.loan_no, sorts.cap_no))
    return ibis.union(*parts)


def _stretches(tables: Tables, where: Asked, whole_book: str) -> ir.Table:
    """Return for each sort of loan the stretches of days on which the answer may differ, and the last day of each."""
    firsts = tables(f"cap_firsts{where.suffix}")
    days = tables(f"cap_days{where.suffix}")
    whole = firsts.select("cap_no").cross_join(days.select(from_on=days.day.cast("date")))
    bringing = sorted({kind for rule in where.rules for kind in caps_of(rule).events})
    if bringing:
        events = tables(f"cap_history{whole_book}")
        events = events.filter(events.event.isin(bringing)).select("world", "day")
        both = events.union(events.mutate(day=_after(events.day, 1)), distinct=True)
        of_events = firsts.join(both, "world").select("cap_no", from_on="day")
        whole = whole.union(of_events, distinct=True)
    whole = whole.cross_join(tables("moment"))
    whole = whole.filter(whole.from_on <= whole.on_day)
    after = whole.from_on.lead().over(group_by="cap_no", order_by="from_on")
    last = _after(after, -1).coalesce(whole.on_day)
    return whole.select("cap_no", "from_on", on=last)


def _after(day: Any, days: int) -> Any:
    """Return the day so many days later. DuckDB makes a moment of a day and an interval, which Ibis takes for a day."""
    return (day.cast("timestamp") + ibis.interval(days=days)).cast("date")


def _acts(tables: Tables, where: Asked) -> ir.Table:
    """Return the questions: one for each sort of loan, each stretch and each cap that some rule may set."""
    rows = tables(f"cap_stretches{where.suffix}").join(tables(f"cap_firsts{where.suffix}"), "cap_no")
    rows = rows.cross_join(tables("moment"))
    wanted = [as_ for as_ in QUESTIONS if any(caps_of(rule).as_ == as_ for rule in where.rules)]
    parts = []
    for as_ in wanted:
        question = {"item": None, **QUESTIONS[as_]}
        words = {
            name: ibis.null("string") if word is None else ibis.literal(word).cast("string")
            for name, word in question.items()
        }
        parts.append(rows.mutate(as_=ibis.literal(as_), **words))
    rows = ibis.union(*parts)
    return rows.mutate(
        act_no=ibis.row_number().over(order_by=[rows.as_, rows.cap_no, rows.from_on]).cast("int64"),
        day=rows.on_day,
        rulebooks=rows.books.split(" "),
        debt=rows.loan,
        seen=seen_until(rows.on_day),
    ).drop("on_day", "books")


def _pieces(tables: Tables, where: Asked) -> ir.Table:
    """Return the answers by sort of loan and first day, neighbours that are equal as one.

    Only of sorts of loan with a cap, or one that is not known, on some day.
    """
    said = tables(f"{VERDICTS}{where.suffix}")
    rows = said.join(tables(f"cap_acts{where.suffix}").select("act_no", "cap_no", "from_on", "as_"), "act_no")
    found: dict[str, Any] = {}
    for as_ in QUESTIONS:
        mine = [(place, rule) for place, rule in enumerate(where.rules) if caps_of(rule).as_ == as_]
        found |= _answer(rows, as_, mine) if mine else {}
    whole = rows.group_by("cap_no", "from_on").aggregate(**{name: value.max() for name, value in found.items()})
    whole = whole.select(
        "cap_no", "from_on", **{name: whole[name] if name in found else _nothing(name) for name in _TOLD}
    )
    told = ibis.or_(*(whole[name].notnull() for name in _TOLD))
    by_day = ibis.window(group_by="cap_no", order_by="from_on")
    same = ibis.and_(*(whole[name].identical_to(whole[name].lag().over(by_day)) for name in _TOLD))
    whole = whole.mutate(same=same & (whole.from_on != ibis.literal(FIRST)), told=told.max().over(group_by="cap_no"))
    whole = whole.filter(whole.told & ~whole.same).drop("told", "same")
    return whole.mutate(until_on=whole.from_on.lead().over(by_day))


_TOLD: Final = tuple(name for as_ in QUESTIONS for name in (f"cap_{as_}", f"{as_}_rule", f"{as_}_unknown"))


def _nothing(name: str) -> ir.Scalar:
    return ibis.null("int64" if name.startswith("cap_") else "string")


def _answer(rows: ir.Table, as_: str, rules: Sequence[tuple[int, Rule]]) -> dict[str, Any]:
    """Write one cap: its ppm and the rule that gives it, else the rule that would need to know more."""
    asked = rows.as_ == as_
    known, unknown = [], []
    for place, rule in rules:
        mine = asked & bit(rows, "asked", place)
        sure = ~bit(rows, "unknown", place) & rows[f"gives_{place}"].notnull()
        known.append((mine & sure, rule.id, rows[f"gives_{place}"]))
        unknown.append((mine & ~sure, rule.id))
    value = ibis.cases(*((holds, gives) for holds, _, gives in known), else_=ibis.null("int64"))
    by = ibis.cases(*((holds, rule) for holds, rule, _ in known), else_=ibis.null("string"))
    lacks = ibis.cases(*unknown, else_=ibis.null("string"))
    names = (f"cap_{as_}", f"{as_}_rule", f"{as_}_unknown")
    return dict(zip(names, (value, by, value.isnull().ifelse(lacks, ibis.null("string"))), strict=True))
