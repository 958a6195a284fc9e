"""What the law sees of a night: every possible candidate as an act on each loan (the past is told by `past`).

The columns are those of `duecourse.law.columns`. What the book does not say stays unknown, and a rule that needs it
refuses; only what a table of the book is kept for (contacts, consents, holds, notices) is taken as complete.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law import calendars
from duecourse.law.answers import ROLES
from duecourse.law.columns import ACT, EVENT
from duecourse.law.expression_known import Among
from duecourse.law.narrowing import Given
from duecourse.law.rulebook import Law, rulebooks_of
from duecourse.night.about import about
from duecourse.night.fact_sources import Tables
from duecourse.night.past import OWN, Past, seen_until
from duecourse.strategy.models import Strategy

JUDGED: Final = (
    "contact",
    "demand",
    "furnish",
    "list",
    "place",
    "sue",
    "sell",
)  # what rules speak of; to settle is a contact
_PROPOSED: Final = (*JUDGED, "settle")
_DAY_SLOT: Final = (540, 1020)  # of an act without a slot: nine to five
BORROWER: Final = ("country", "region", "locality", "age", "deceased_on", "language")  # what is known of a borrower


PLACE: Final = ("country", "region", "locality")
PLACES: Final = pa.schema(
    [
        *((name, pa.string()) for name in (*PLACE, "books")),
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
        where = [str(row[name] or "") for name in PLACE]
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
    return minutes(zones, midnight + timedelta(minutes=first), midnight + timedelta(minutes=end - 1))


def minutes(zones: Sequence[ZoneInfo], first: datetime, last: datetime) -> dict[str, int]:
    """Tell of an act that may happen from a first to a last instant: its moment, and its local minutes of the day."""
    local = [moment.astimezone(zone) for moment in (first, last) for zone in zones]
    found = [moment.hour * 60 + moment.minute for moment in local]
    return {
        "moment": int(first.timestamp()),
        "minute": found[0],
        "minute_earliest_zone": min(found),
        "minute_latest_zone": max(found),
    }


def living(tables: Tables) -> ir.Table:
    """Return where borrowers live or have lived, each place once: PLACE, and the zones joined by blanks."""
    rows = tables("borrowers")
    names = {name: rows[name].fill_null("") for name in PLACE}
    return rows.select(**names, zones=rows.zones.join(" ").fill_null("")).distinct()


def distinct(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return some columns of rows, each combination once, in order."""
    found = sorted({tuple(row[name] for name in names) for row in rows})
    return [dict(zip(names, row, strict=True)) for row in found]


def homes(tables: Tables, whose: ir.Table) -> ir.Table:
    """Return where some borrowers live (`whose` has a column borrower_no): the version in force on the day."""
    people = whose.select("borrower_no").distinct().cross_join(tables("moment"))
    rows = tables("borrowers").join(people, "borrower_no")
    rows = rows.filter(rows.effective_on <= rows.on_day)
    newest = rows.group_by("borrower_no").aggregate(newest=rows.effective_on.max())
    rows = rows.join(newest, "borrower_no")
    rows = rows.filter(rows.effective_on == rows.newest)
    years = rows.on_day.year() - rows.born_on.year()
    before = rows.on_day.month() * 100 + rows.on_day.day() < rows.born_on.month() * 100 + rows.born_on.day()
    return rows.select(
        "borrower_no",
        "born_on",
        "deceased_on",
        "language",
        **{name: rows[name].fill_null("") for name in PLACE},
        zones=rows.zones.join(" ").fill_null(""),
        age=(years - before.cast("int64")).cast("int64"),
        day=rows.on_day,
    )


def proposed(tables: Tables) -> ir.Table:
    """Return each possible candidate of an act that the law judges, with each loan that it is about."""
    treatments = tables("treatments").filter(ibis._.act.isin(_PROPOSED)).select("treatment_no", "act")
    rows = tables("open_candidates").filter(ibis._.blocked.isnull()).select("borrower_no", "treatment_no")
    rows = rows.join(treatments, "treatment_no")
    wanted = rows.select("borrower_no", "act").distinct()
    rows = rows.join(about(tables, wanted).select("borrower_no", "act", "loan_no"), ["borrower_no", "act"])
    return rows.select("borrower_no", "treatment_no", "loan_no")


def acts(tables: Tables, proposed: ir.Table, wanted: frozenset[str]) -> ir.Table:
    """Return the acts proposed with what the law asks of each: the columns wanted that a night has.

    `act_no` is left to whoever keeps the table, and what follows from other columns to `with_constants`.
    """
    said = tables("treatments").select("treatment_no", *_OF_TREATMENT)
    terms = _terms(tables, proposed, with_last_due="loan.due_on" in wanted)
    rows = proposed.join(said, "treatment_no").join(terms, "loan_no").join(tables("homes"), "borrower_no")
    rows = rows.left_join(tables("law_places"), list(PLACE))
    rows = rows.drop("country_right", "region_right", "locality_right")
    rows = rows.mutate(slot=rows.slot.fill_null(""))
    rows = rows.left_join(tables("law_times"), ["zones", "slot"]).drop("zones_right", "slot_right")
    return rows_of_acts(rows, wanted, "treatment_no", "loan_no")


def rows_of_acts(rows: ir.Table, wanted: frozenset[str], *own: str) -> ir.Table:
    """Return acts with the columns wanted, out of rows of all that is known of each; columns of their `own` are kept.

    A row tells the act, its moment and day, its place, its loan with what is late of it, and its borrower.
    """
    found = {
        **{name: rows[name] for name in ("day", *_OF_THE_DAY)},
        **_of_the_act(rows),
        **of_the_loan(rows),
        **{f"borrower.{name}": rows[name] for name in BORROWER},
    }
    kept = {SAME_AS.get(name, name) for name in wanted} | ({_SAID} if "content" in wanted else set())
    return rows.select(
        *own,
        "country",
        world=rows.borrower_no,
        loan=rows.loan_id,
        seen=seen_until(rows.day),
        books=rows.books.fill_null(""),
        **{name: value for name, value in found.items() if name in kept - {"loan", *SAME_AS}},
    )


VARIES: Final = frozenset(
    {  # the columns of an act of which a night tells one thing of one act, and another of the next
        *("moment", "minute", "minute_earliest_zone", "minute_latest_zone", "day", "holiday", "workday", "calendar"),
        *("rulebooks", "act", "channel", "purpose", "content", "content_stated", "demands", "amount", "loan", "debt"),
        *("collector.role", "actor.role", "collector.lender_type"),
        *(f"loan.{name}" for name in ("id", "owner", "in_default_since", "in_arrears_since", "overdue_amount")),
        *(f"loan.{name}" for name in ("due_on", "product", "opened_on", "currency", "principal")),
        *(f"borrower.{name}" for name in BORROWER),
    }
)
SAME_AS: Final[Mapping[str, str]] = {
    # Columns of acts that are others under another name: nothing is worked out, or kept, for them.
    "debt": "loan", "loan.id": "loan", "calendar": "country", "borrower.country": "country",
    "actor.role": "collector.role", "loan.in_arrears_since": "loan.in_default_since", "loan.overdue_amount": "amount",
}  # fmt: skip
_OF_TREATMENT: Final = ("act", "channel", "purpose", "slot", "demands", "content", "content_stated")
_SAID: Final = "said"  # the words of a template, with blanks between
_OF_THE_DAY: Final = ("moment", "minute", "minute_earliest_zone", "minute_latest_zone", "holiday", "workday")
ALWAYS: Final[Mapping[str, Any]] = {
    # What holds for whatever a night proposes: the firm's own people, lines and accounts, one loan at a time.
    "direction": "out", "mode": "live", "by": OWN, "with": "borrower", "device": "firm", "payee": "lender_designated",
    "recorded": True, "identified": True, "identity_checked": True, "several_loans": False,
    "collectors": 2, "shows_id": True,  # of a visit: its teams are pairs, and its sheet begins with their badges
    "collector.id": OWN, "collector.name_used": OWN, "actor.id": OWN, "number.line": "mobile",
}  # fmt: skip


def _of_the_act(rows: ir.Table) -> dict[str, Any]:
    """Say what is proposed, with what its template declares of its words. An offer to settle is a letter."""
    settles = rows.act == "settle"
    return {
        "act": settles.ifelse("contact", rows.act),
        "channel": settles.ifelse("letter", rows.channel),
        "purpose": rows.purpose.fill_null("collection"),
        _SAID: rows.content,
        "content_stated": rows.content_stated,
        "demands": rows.demands,
        "amount": rows.overdue_now,
    }


OF_LOAN: Final[Mapping[str, str]] = {
    # Columns of acts by the columns of a row of ours that they are; the firm's role is worked out.
    "loan": "loan_id", "collector.lender_type": "lender_type", "loan.owner": "owner_id",
    "loan.in_default_since": "late_since", "loan.due_on": "last_due_on", "loan.product": "product",
    "loan.opened_on": "opened_on", "loan.currency": "currency", "loan.principal": "principal",
}  # fmt: skip


def of_the_loan(rows: ir.Table) -> dict[str, Any]:
    """Say what is known of the loan, and what the firm is to it."""
    told = {name: rows[of] for name, of in OF_LOAN.items() if of in rows.columns}
    return {**told, "collector.role": role(rows.is_owner)}


def _terms(tables: Tables, proposed: ir.Table, *, with_last_due: bool) -> ir.Table:
    """Return what the law may ask of a loan: the version in force, what is late, perhaps the last due day."""
    needed = proposed.select("loan_no").distinct()
    counted = tables("counted").semi_join(needed, "loan_no")
    late = counted.select(
        "loan_no", "loan_id", "product", "currency", late_since=counted.oldest_due_on, overdue_now=counted.overdue
    )
    loans = terms(tables, needed).join(late, "loan_no")
    return loans.left_join(last_due(tables, needed), "loan_no").drop("loan_no_right") if with_last_due else loans


def terms(tables: Tables, loans: ir.Table) -> ir.Table:
    """Return what stands in the version in force of some loans (`loans` has a column loan_no, each once)."""
    rows = tables("loans").semi_join(loans, "loan_no").cross_join(tables("moment"))
    rows = rows.filter(rows.effective_on <= rows.on_day)
    newest = rows.group_by("loan_no").aggregate(newest=rows.effective_on.max())
    rows = rows.join(newest, "loan_no")
    rows = rows.filter(rows.effective_on == rows.newest)
    return rows.select("loan_no", "lender_type", "principal", "owner_id", "opened_on", is_owner=is_owner(rows))


def is_owner(loans: ir.Table) -> Any:
    """Say of each version of a loan whether its lender still owns it."""
    return loans.owner_id.isnull() | loans.lender_id.isnull() | (loans.owner_id == loans.lender_id)


def role(is_owner: Any) -> Any:
    """Say what the firm is to a loan."""
    return is_owner.ifelse(ROLES[True], ROLES[False])


def last_due(tables: Tables, loans: ir.Table) -> ir.Table:
    """Return the last due day of some loans, those without an instalment left out."""
    due = tables("instalments").semi_join(loans, "loan_no").group_by("loan_no")
    return due.aggregate(last_due_on=ibis._.due_on.max())


def unvarying(varies: frozenset[str], country: str, past: Past) -> dict[str, Any]:
    """Return what is known beforehand of acts and events in a country, but for the columns of acts that vary."""
    known: dict[str, Any] = {name: ALWAYS.get(name) for name in ACT if name not in varies}
    known |= {name: None for name in EVENT if name.removeprefix("event.") not in past.columns}
    return known | {"calendar": country, "borrower.country": country}


def given(strategy: Strategy, country: str, on: date, past: Past) -> Given:
    """Return what is known beforehand of the acts that a strategy proposes in a country, and of the past there."""
    known = unvarying(VARIES, country, past)
    known["content"] = Among(strategy.content_words)
    proposed = [one for one in strategy.treatments if one.act in _PROPOSED]
    same: dict[str, set[Any]] = {
        "content_stated": {strategy.content_of(one) is not None for one in proposed},
        "act": {"contact" if one.act == "settle" else one.act for one in proposed},
    }
    known |= {name: next(iter(values)) for name, values in same.items() if len(values) == 1}
    return Given(known, past.kinds, on)


def with_constants(rows: ir.Table, wanted: Mapping[str, str], always: Mapping[str, Any]) -> ir.Table:
    """Give rows every column wanted; what is the same for all of them, or not known, stands as a constant.

    Engines fold constants away: much of what a rulebook asks never happens in a night.
    """
    return rows.select(
        **{
            name: rows[name].cast(kind) if name in rows.columns else ibis.literal(always.get(name), type=kind)
            for name, kind in wanted.items()
        }
    )


def dressed(rows: ir.Table) -> ir.Table:
    """Add to acts or questions what follows from their columns: SAME_AS, and lists that are kept as texts."""
    more = {name: rows[of] for name, of in SAME_AS.items() if of in rows.columns and name not in rows.columns}
    if _SAID in rows.columns:
        nothing = ibis.literal([], type="array<string>")
        more["content"] = (rows[_SAID] == "").ifelse(nothing, rows[_SAID].split(" "))
    return rows.mutate(rulebooks=rows.books.split(" "), **more)
