"""What the law sees of a night: every possible candidate as an act on each loan, and the history as events.

The columns are those of `duecourse.law.columns`. What the book does not say stays unknown, and a rule that needs it
refuses; only what a table of the book is kept for (contacts, consents, holds, notices) is taken as complete.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law import calendars
from duecourse.law.rulebook import Law
from duecourse.night.about import about
from duecourse.night.fact_sources import Tables
from duecourse.strategy.models import Strategy

OWN: Final = "own"  # the firm whose night it is
JUDGED_ACTS: Final = ("contact", "furnish", "list", "sue", "sell", "settle")
_DAY_SLOT: Final = (540, 1020)  # of an act without a slot: nine to five
_NOON: Final = 43_200  # seconds
_SEEN_AHEAD: Final = 2 * 86_400  # whatever the book knows of the business date, in any zone, is seen by every act

# What a hold means as an event, with what is known of it.
_HOLDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "dispute": {"event": "dispute", "form": "written"},
    "bankruptcy": {"event": "bankruptcy_petition"},
    "cease": {"event": "cease_request", "form": "written"},
    "attorney": {"event": "attorney_named", "name_known": True, "address_known": True},
    "complaint": {"event": "complaint"},
    "hardship": {"event": "hardship_request"},
    "bereavement": {"event": "death_known"},
    "moratorium": {"event": "moratorium_start", "kind": "breathing_space"},
}


@dataclass(frozen=True)
class Place:
    """Borrowers of one place, and the rulebooks in force there."""

    country: str
    region: str
    locality: str
    rulebooks: tuple[str, ...]


def rulebooks_of(law: Law, country: str, region: str, locality: str) -> tuple[str, ...]:
    """Return the rulebooks in force at a place, the wider before the narrower."""
    found = [
        book
        for book in law.books.values()
        if country and (book.country == country or country in book.countries)
        and book.region in {None, region}
        and book.locality in {None, locality}
    ]  # fmt: skip
    house = [book.id for book in law.books.values() if book.id == "house"] if found else []
    ordered = sorted(found, key=lambda book: (book.country is not None, book.region is not None, book.locality or ""))
    return (*(book.id for book in ordered), *house)


PLACES: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("country", "region", "locality", "books")),
        *((name, pa.bool_()) for name in ("holiday", "workday")),
    ]
)
TIMES: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("zones", "slot")),
        *((name, pa.int64()) for name in ("moment", "minute", "minute_earliest_zone", "minute_latest_zone")),
    ]
)


def places(law: Law, on: date, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Put the places of borrowers into a table: the rulebooks in force there (joined by blanks), and what day it is."""
    found = []
    for row in rows:
        where = [str(row[name] or "") for name in ("country", "region", "locality")]
        books = rulebooks_of(law, *where)
        day = {
            "holiday": on in calendars.public_holidays(where[0], on.year),
            "workday": calendars.is_workday(where[0], on),
        }
        known = day if books else {"holiday": None, "workday": None}
        found.append({**dict(zip(PLACES.names, where, strict=False)), "books": " ".join(books), **known})
    return pa.Table.from_pylist(found, schema=PLACES)


def times(strategy: Strategy, on: date, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Put each slot into a table, for each set of zones: its moment, and the least and greatest minute in any zone.

    A slot is local time in the first zone; an act may happen at any minute of it.
    """
    found = []
    for row in rows:
        text = str(row["zones"] or "")
        zones = [ZoneInfo(zone) for zone in text.split(" ")] if text else []
        for slot, (first, end) in {**strategy.slots, "": _DAY_SLOT}.items():
            if zones:
                found.append({"zones": text, "slot": slot, **_minutes(zones, on, first, end)})
    return pa.Table.from_pylist(found, schema=TIMES)


def _minutes(zones: list[ZoneInfo], on: date, first: int, end: int) -> dict[str, int]:
    midnight = datetime.combine(on, time(), zones[0])
    start, last = midnight + timedelta(minutes=first), midnight + timedelta(minutes=end - 1)
    local = [moment.astimezone(zone) for moment in (start, last) for zone in zones]
    minutes = [moment.hour * 60 + moment.minute for moment in local]
    return {
        "moment": int(start.timestamp()),
        "minute": first,
        "minute_earliest_zone": min(minutes),
        "minute_latest_zone": max(minutes),
    }


def homes(tables: Tables) -> ir.Table:
    """Return where each borrower with an open candidate lives: the version in force on the business date."""
    people = tables("open_candidates").select("borrower_no").distinct().cross_join(tables("moment"))
    rows = tables("borrowers").join(people, "borrower_no")
    rows = rows.filter(rows.effective_on <= rows.on_day)
    newest = rows.group_by("borrower_no").aggregate(newest=rows.effective_on.max())
    rows = rows.join(newest, "borrower_no")
    rows = rows.filter(rows.effective_on == rows.newest)
    years = rows.on_day.year() - rows.born_on.year()
    before = rows.on_day.month() * 100 + rows.on_day.day() < rows.born_on.month() * 100 + rows.born_on.day()
    return rows.select(
        "borrower_no",
        "deceased_on",
        "language",
        **{name: rows[name].fill_null("") for name in ("country", "region", "locality")},
        zones=rows.zones.join(" ").fill_null(""),
        age=(years - before.cast("int64")).cast("int64"),
        day=rows.on_day,
    )


def proposed(tables: Tables) -> ir.Table:
    """Return each possible candidate of an act that the law judges, with each loan that it is about."""
    treatments = tables("treatments").select("treatment_no", "act", "channel", "purpose", "demands", "slot", "template")
    rows = tables("open_candidates").filter(ibis._.blocked.isnull()).select("borrower_no", "treatment_no")
    rows = rows.join(treatments, "treatment_no")
    rows = rows.filter(rows.act.isin(JUDGED_ACTS))
    wanted = rows.select("borrower_no", "act").distinct()
    return rows.join(about(tables, wanted).select("borrower_no", "act", "loan_no"), ["borrower_no", "act"])


def acts(tables: Tables) -> ir.Table:
    """Return the acts proposed, with all that the law may ask of each."""
    rows = tables("proposed").join(_terms(tables), "loan_no").join(tables("homes"), "borrower_no")
    rows = rows.left_join(tables("law_places"), ["country", "region", "locality"])
    rows = rows.drop("country_right", "region_right", "locality_right")
    rows = rows.mutate(slot=rows.slot.fill_null(""))
    rows = rows.left_join(tables("law_times"), ["zones", "slot"]).drop("zones_right", "slot_right")
    return rows.select(
        act_no=ibis.row_number().over(order_by=[rows.borrower_no, rows.treatment_no, rows.loan_no]).cast("int64"),
        world=rows.borrower_no,
        seen=_seconds(rows.day.cast("timestamp")) + _SEEN_AHEAD,
        books=rows.books.fill_null(""),
        rulebooks=rows.books.fill_null("").split(" "),
        **{name: rows[name] for name in ("treatment_no", "loan_no", "country", "day", *_OF_THE_DAY)},
        calendar=rows.country,
        **_of_the_act(rows),
        **_of_the_loan(rows),
        **{
            f"borrower.{name}": rows[name]
            for name in ("country", "region", "locality", "age", "deceased_on", "language")
        },
    )


_OF_THE_DAY: Final = ("moment", "minute", "minute_earliest_zone", "minute_latest_zone", "holiday", "workday")
ALWAYS: Final[Mapping[str, Any]] = {
    # What holds for whatever a night proposes: the firm's own people, lines and accounts, one loan at a time.
    "direction": "out", "mode": "live", "by": OWN, "with": "borrower", "device": "firm", "payee": "lender_designated",
    "recorded": True, "identified": True, "identity_checked": True, "several_loans": False,
    "collector.id": OWN, "collector.name_used": OWN, "actor.id": OWN, "number.line": "mobile",
}  # fmt: skip


def _of_the_act(rows: ir.Table) -> dict[str, Any]:
    """Say what is proposed. An offer to settle is a letter with that offer; of other contents nothing is declared."""
    settles = rows.act == "settle"
    offer = ibis.array([ibis.literal("settlement_offer")])
    return {
        "act": settles.ifelse("contact", rows.act),
        "channel": settles.ifelse("letter", rows.channel),
        "purpose": rows.purpose.fill_null("collection"),
        "content": settles.ifelse(offer, ibis.literal([], type="array<string>")),
        "content_stated": settles,
        "amount": rows.overdue_now,
    }


def _of_the_loan(rows: ir.Table) -> dict[str, Any]:
    role = rows.is_owner.ifelse("original_creditor", "debt_buyer")
    return {
        "loan": rows.loan_id,
        "debt": rows.loan_id,
        "collector.role": role,
        "actor.role": role,
        "collector.lender_type": rows.lender_type,
        "loan.id": rows.loan_id,
        "loan.owner": rows.owner_id,
        "loan.in_default_since": rows.late_since,
        "loan.in_arrears_since": rows.late_since,
        "loan.overdue_amount": rows.overdue_now,
        "loan.due_on": rows.last_due_on,
        **{f"loan.{name}": rows[name] for name in ("product", "opened_on", "currency", "principal")},
    }


def _terms(tables: Tables) -> ir.Table:
    """Return what the law may ask of a loan: the version in force, what is late, the last due day."""
    needed = tables("proposed").select("loan_no").distinct()
    loans = tables("loans").semi_join(needed, "loan_no").cross_join(tables("moment"))
    loans = loans.filter(loans.effective_on <= loans.on_day)
    newest = loans.group_by("loan_no").aggregate(newest=loans.effective_on.max())
    loans = loans.join(newest, "loan_no")
    loans = loans.filter(loans.effective_on == loans.newest)
    loans = loans.select(
        "loan_no",
        "lender_type",
        "principal",
        "owner_id",
        "opened_on",
        is_owner=(loans.owner_id.isnull() | loans.lender_id.isnull() | (loans.owner_id == loans.lender_id)),
    )
    counted = tables("counted").semi_join(needed, "loan_no")
    late = counted.select(
        "loan_no", "loan_id", "product", "currency", late_since=counted.oldest_due_on, overdue_now=counted.overdue
    )
    due = (
        tables("instalments").semi_join(late, "loan_no").group_by("loan_no").aggregate(last_due_on=ibis._.due_on.max())
    )
    return loans.join(late, "loan_no").left_join(due, "loan_no").drop("loan_no_right")


def events(
    tables: Tables, wanted: Mapping[str, str], kinds: frozenset[str], empty: frozenset[str], country: str
) -> ir.Table:
    """Return the events of some kinds of borrowers of a country, with those of the columns wanted that a book has.

    `wanted` gives the columns' Ibis types by name; `empty` are the tables of the book without a row.
    """
    acts = tables("law_rows")
    people = acts.filter(acts.country == country).select(borrower_no=acts.world).distinct()
    read = [name for name, (of, _) in _SOURCES.items() if name not in empty and (of is None or kinds & of)]
    parts = [part for name in read for part in _SOURCES[name][1](tables, people)]
    parts = [part.filter(part.event.isin(sorted(kinds))) for part in parts]
    if not parts:
        nothing = people.filter(ibis.literal(value=False))
        parts = [nothing.mutate(event=ibis.null("string"), moment=ibis.null("int64"))]
    had = {"world", *(name for part in parts for name in part.columns)}
    kept = {name: kind for name, kind in wanted.items() if name in had}
    rows = [_shaped(part.mutate(world=part.borrower_no), kept) for part in parts]
    whole = ibis.union(*rows, distinct=False) if len(rows) > 1 else rows[0]
    number = ibis.row_number().over(order_by=[whole.world, whole.moment, whole.event]).cast("int64")
    whole = whole.mutate(event_no=number, seq=number)
    if not {"about", "debts"} & set(kept):
        return whole
    loans = tables("counted").semi_join(people, "borrower_no").select("borrower_no", "loan_id")
    owned = loans.group_by(world=loans.borrower_no).aggregate(owned=loans.loan_id.collect())
    whole = whole.left_join(owned, "world").drop("world_right")
    named = {name: whole[name].coalesce(whole.owned) for name in ("about", "debts") if name in kept}
    return whole.mutate(**named).drop("owned")


def with_constants(rows: ir.Table, wanted: Mapping[str, str], always: Mapping[str, Any]) -> ir.Table:
    """Give rows every column wanted; what is the same for all of them, or not known, stands as a constant.

    Engines fold constants away: much of what a rulebook asks never happens in a night.
    """
    return rows.select(
        **{
            name: rows[name].cast(kind)
            if name in rows.columns
            else ibis.literal(always[name]).cast(kind)
            if name in always
            else ibis.null(kind)
            for name, kind in wanted.items()
        }
    )


def _shaped(rows: ir.Table, kept: Mapping[str, str]) -> ir.Table:
    """Give a part of the history every column kept; what it does not have is unknown."""
    return rows.select(
        **{name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind) for name, kind in kept.items()}
    )


def _seconds(moment: Any) -> Any:
    return moment.epoch_seconds().cast("int64")


def _noon(day: Any) -> Any:
    """Write noon of a day as seconds: events of which only the day is known."""
    return _seconds(day.cast("timestamp")) + _NOON


def _of(rows: ir.Table, people: ir.Table) -> ir.Table:
    return rows.semi_join(people, "borrower_no")


def _listed(tables: Tables, rows: ir.Table) -> ir.Table:
    """Add the loan that an event names, as a list; unknown where it names none."""
    loans = tables("counted").select("loan_no", "loan_id")
    rows = rows.left_join(loans, rows.loan_no == loans.loan_no).drop("loan_no_right")
    named = rows.loan_id.isnull().ifelse(ibis.null("array<string>"), ibis.array([rows.loan_id]))
    return rows.mutate(loan=rows.loan_id, about=named, debts=named)


def _contacts(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _of(tables("contacts"), people)
    about_loans = rows.about.length().fill_null(0) > 0
    named = about_loans.ifelse(rows.about, ibis.null("array<string>"))
    return [
        rows.select(
            "borrower_no", "channel", "direction", "outcome", "purpose",
            event=ibis.literal("contact"),
            moment=_seconds(rows.happened_at),
            day=rows.happened_on,
            **{"with": rows.with_person.fill_null("borrower")},
            by=rows.made_by,
            mode=ibis.literal("live"),
            number_line=ibis.literal("mobile"),
            content_stated=ibis.literal(value=False),
            about=named,
            debts=named,
        )
    ]  # fmt: skip


def _consents(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _of(tables("consents"), people)
    given = rows.select(
        "borrower_no",
        event=ibis.literal("consent"),
        moment=_seconds(rows.given_at),
        day=rows.given_at.date(),
        to=rows.consented_to,
        given_to=ibis.literal(OWN),
        speaker=ibis.literal("borrower"),
        by=ibis.literal(OWN),
    )
    gone = rows.filter(rows.withdrawn_at.notnull())
    withdrawn = gone.select(
        "borrower_no",
        event=ibis.literal("consent_withdrawn"),
        moment=_seconds(gone.withdrawn_at),
        day=gone.withdrawn_at.date(),
        to=gone.consented_to,
        given_to=ibis.literal(OWN),
        speaker=ibis.literal("borrower"),
        by=ibis.literal(OWN),
    )
    return [given, withdrawn]


def _holds(tables: Tables, people: ir.Table) -> list[ir.Table]:
    """Return what each hold in force means; one that is over means nothing any more."""
    rows = _of(tables("holds"), people).cross_join(tables("moment"))
    rows = rows.filter((rows.from_on <= rows.on_day) & (rows.until_on.isnull() | (rows.until_on >= rows.on_day)))
    rows = _listed(tables, rows)
    parts = []
    for kind, known in _HOLDS.items():
        of_kind = rows.filter(rows.kind == kind)
        facts = {name: ibis.literal(value) for name, value in known.items()}
        parts.append(
            of_kind.select(
                "borrower_no",
                "about",
                "debts",
                "loan",
                moment=_noon(of_kind.from_on),
                day=of_kind.from_on,
                received_moment=_noon(of_kind.from_on),
                received_day=of_kind.from_on,
                **facts,
            )
        )
    return parts


def _notices(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("notices"), people))
    return [
        rows.select(
            "borrower_no", "about", "debts", "loan", "delivered_on", event=rows.kind, moment=_noon(rows.served_on),
            day=rows.served_on, served_on=rows.served_on, given_on=rows.served_on, by=ibis.literal(OWN),
        )
    ]  # fmt: skip


def _promises(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("promises"), people))
    return [
        rows.select(
            "borrower_no", "about", "debts", "loan", "amount", event=ibis.literal("promise"),
            moment=_noon(rows.made_on), day=rows.made_on, on=rows.promised_on,
        )
    ]  # fmt: skip


def _arrangements(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("arrangements"), people)).cross_join(tables("moment"))
    begun = rows.select(
        "borrower_no",
        "about",
        "debts",
        "loan",
        event=ibis.literal("plan_agreed"),
        moment=_noon(rows.started_on),
        day=rows.started_on,
    )
    over = rows.mutate(ended=ibis.least(rows.broken_on.coalesce(rows.ended_on), rows.ended_on.coalesce(rows.broken_on)))
    over = over.filter(over.ended.notnull() & (over.ended <= over.on_day))
    broken = over.select(
        "borrower_no",
        "about",
        "debts",
        "loan",
        event=ibis.literal("plan_broken"),
        moment=_noon(over.ended),
        day=over.ended,
    )
    return [begun, broken]


def _payments(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _of(tables("payments").filter(ibis._.reverses.isnull()), people)
    rows = _listed(tables, rows)
    return [
        rows.select(
            "borrower_no", "about", "debts", "loan", "amount", event=ibis.literal("payment"),
            moment=_noon(rows.paid_on), day=rows.paid_on,
        )
    ]  # fmt: skip


def _others(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("events"), people))
    return [
        rows.select(
            "borrower_no", "about", "debts", "loan", event=rows.kind, moment=_seconds(rows.happened_at),
            day=rows.happened_on, until_moment=_seconds(rows.until_at), until_day=rows.until_at.date(),
            by=ibis.literal(OWN), person=rows.person_id, received_moment=_seconds(rows.happened_at),
            received_day=rows.happened_on,
        )
    ]  # fmt: skip


_Read = Callable[[Tables, ir.Table], list[ir.Table]]
_SOURCES: Final[Mapping[str, tuple[frozenset[str] | None, _Read]]] = {
    # table of the book: the kinds of event that it holds (None: any), and how they are read
    "contacts": (frozenset({"contact"}), _contacts),
    "consents": (frozenset({"consent", "consent_withdrawn"}), _consents),
    "holds": (frozenset(str(known["event"]) for known in _HOLDS.values()), _holds),
    "notices": (None, _notices),
    "promises": (frozenset({"promise"}), _promises),
    "arrangements": (frozenset({"plan_agreed", "plan_broken"}), _arrangements),
    "payments": (frozenset({"payment"}), _payments),
    "events": (None, _others),
}
