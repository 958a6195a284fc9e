"""What the law sees of the past: what a book tells of its borrowers, as the events of `duecourse.law.columns`.

What the book does not say stays unknown, and a rule that needs it refuses; only what a table of the book is kept for
(contacts, consents, holds, notices) is taken as complete.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.night.fact_sources import Tables

OWN: Final = "own"  # the firm whose night it is
_EVENTS: Final = "events"
_NOON: Final = 43_200  # seconds
SEEN_AHEAD_SECONDS: Final = 2 * 86_400  # whatever the book knows of the business date, in any zone, is seen

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

# What the details of an event, which are JSON, may tell the law: columns of `duecourse.law.columns.EVENT`.
_TEXT, _WHOLE, _TRUTH = '"([^"]*)"', "(-?[0-9]{1,18})", "(true|false)"
_DAY = (  # no day that there may not be: the 29th of February is not known
    '"([0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)'
    '|02-(?:0[1-9]|1[0-9]|2[0-8])))"'
)
DETAILS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("grade", "finding", "form", "ground", "to", "status", "reason", "cause", "measure", "how", "seller", "agency",
         "engaged_by", "result", "against"), _TEXT,
    ),
    **dict.fromkeys(("amount", "value", "months", "chapter", "ordinary_interest"), _WHOLE),
    **dict.fromkeys(
        ("in_full", "in_default", "returned", "signed", "sufficient", "lender_agrees", "purpose_stated",
         "may_be_valid"), _TRUTH,
    ),
    **dict.fromkeys(("perform_by", "notice_on", "delivered_on", "for_day", "known_on"), _DAY),
}  # fmt: skip
"""What each may say, as a pattern; anything else is not known."""

_FOUND: Final[dict[tuple[str, ibis.Schema], frozenset[str]]] = {}  # columns of events, by their table
Rows = Callable[[ir.Table], list[dict[str, Any]]]
_Read = Callable[[Tables, ir.Table], list[ir.Table]]


@dataclass(frozen=True)
class _Source:
    """A table of the book: how it is read, and the kinds of event that it tells of, unless its rows name them.

    `always` are columns that are the same for all its events.
    """

    read: _Read
    kinds: frozenset[str] = frozenset()
    always: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names_kinds(self) -> bool:
        return not self.kinds


@dataclass(frozen=True)
class Past:
    """What a book tells: the kinds of event, the columns of which anything is known, its tables without a row.

    `read_as` names the tables that are read in the place of the book's own; `details` are those of DETAILS that its
    events tell.
    """

    kinds: frozenset[str]
    columns: frozenset[str]
    empty: frozenset[str]
    read_as: Mapping[str, str] = field(default_factory=dict)
    details: frozenset[str] = frozenset()

    @property
    def tables(self) -> str:
        """Which tables of the book tell of it: what statements over it must be told apart by."""
        read = f"read {' '.join(sorted(self.read_as.values()))} with {' '.join(sorted(self.details))}"
        return f"without {' '.join(sorted(self.empty))} {read}"


def past_of(tables: Tables, rows: Rows, empty: frozenset[str], details: frozenset[str] | None = None) -> Past:
    """Return what a book tells; `rows` reads a small table, `empty` are its tables without a row.

    `details` are those of DETAILS that its events may tell; they are looked for where None is given.
    """
    if details is None:
        details = _details(tables, rows) if _EVENTS not in empty else frozenset()
    kinds: set[str] = set()
    columns: set[str] = set()
    for name, source in _SOURCES.items():
        if name in empty:
            continue
        found = rows(tables(name).select("kind").distinct()) if source.names_kinds else ()
        kinds |= source.kinds | {str(row["kind"]) for row in found}
        columns |= _columns(name, tables) - (DETAILS.keys() - details if name == _EVENTS else frozenset())
    return Past(frozenset(kinds), frozenset(columns), empty, details=details)


def _details(tables: Tables, rows: Rows) -> frozenset[str]:
    """Return which of DETAILS stand in the details of any event."""
    details = tables(_EVENTS).details
    ((found),) = rows(tables("events").aggregate(**{name: details.contains(f'"{name}"').any() for name in DETAILS}))
    return frozenset(name for name in DETAILS if found[name])


def with_more(past: Past, tables: Tables, events: str, kinds: frozenset[str]) -> Past:
    """Return a past in which a table of another name holds the events of the book and more of these kinds."""
    columns = past.columns | (_columns(_EVENTS, tables) - (DETAILS.keys() - past.details))
    return Past(past.kinds | kinds, columns, past.empty - {_EVENTS}, {_EVENTS: events}, past.details)


def _reading(tables: Tables, read_as: Mapping[str, str]) -> Tables:
    return lambda name: tables(read_as.get(name, name))


def _columns(name: str, tables: Tables) -> frozenset[str]:
    """Return the columns of the events that a table tells of: they follow from its own, and are found once."""
    schema = tables(name).schema()
    if (name, schema) not in _FOUND:
        source = _SOURCES[name]
        nobody = tables("moment").select(
            borrower_no=ibis.null("int64"), country=ibis.null("string"), owned=ibis.null("array<string>")
        )
        found = frozenset(source.always).union(*(part.columns for part in source.read(tables, nobody)))
        _FOUND[name, schema] = found | {"world", "event_no", "seq", "debts"}
    return _FOUND[name, schema]


def people(tables: Tables, whose: ir.Table) -> ir.Table:
    """Return those of whom the past is told, with all their loans, `owned`: what names no loan tells of all.

    `whose` has the columns borrower_no, each once, and country.
    """
    loans = tables("positions").select("borrower_no", "loan_id").join(whose, "borrower_no")
    return loans.group_by("borrower_no").aggregate(country=loans.country.min(), owned=loans.loan_id.collect())


def sources(kinds: frozenset[str], past: Past) -> list[str]:
    """Return the tables of the book that may tell of events of some kinds."""
    filled = {name: source for name, source in _SOURCES.items() if name not in past.empty}
    return [name for name, source in filled.items() if kinds and (source.names_kinds or kinds & source.kinds)]


def told(
    tables: Tables, source: str, people: str, wanted: Mapping[str, str], kinds: frozenset[str], past: Past
) -> ir.Table:
    """Return what a table of the book tells of some people, to be kept: events of some kinds, what differs of them.

    `people` names a table as of `people`; `wanted` gives columns' Ibis types by name.
    """
    parts = _SOURCES[source].read(_reading(tables, past.read_as), tables(people))
    held = frozenset[str]().union(*(part.columns for part in parts))
    known = {**wanted, "event": "string", "moment": "int64", "borrower_no": "int64", "country": "string"}
    if "debts" in wanted:
        known["about"] = wanted["debts"]
    untold = DETAILS.keys() - past.details if source == _EVENTS else frozenset[str]()
    kept = {column: kind for column, kind in known.items() if column in held and column not in untold}
    rows = ibis.union(*(_shaped(part, kept) for part in parts), distinct=False)
    return rows.filter(rows.event.isin(sorted(kinds))) if "event" in kept else rows


def whole(parts: Mapping[str, ir.Table], wanted: Mapping[str, str], kinds: frozenset[str]) -> ir.Table:
    """Return what was told by some tables of the book as one, each with a `row_no`: the columns wanted that any has.

    What happened at one second and is of one kind has one place in the order, `seq`. What an event is about are debts:
    `about` and `debts` are the same.
    """
    named = []
    for number, (source, part) in enumerate(parts.items()):
        rows = part.mutate(**{name: ibis.literal(value) for name, value in _always(source).items()})
        places = [(rows.event == kind, place) for place, kind in enumerate(sorted(kinds) or [""])]
        seq = rows.moment * len(places) + ibis.cases(*places, else_=0).cast("int64")
        debts = {"debts": rows.about} if "debts" in wanted else {}
        named.append(rows.mutate(world=rows.borrower_no, event_no=rows.row_no * len(parts) + number, seq=seq, **debts))
    held = frozenset[str]().union(*(part.columns for part in named))
    kept = {name: kind for name, kind in {**wanted, "country": "string"}.items() if name in held}
    return ibis.union(*(_shaped(part, kept) for part in named), distinct=False)


def _always(source: str) -> Mapping[str, Any]:
    return _SOURCES[source].always if source in _SOURCES else {}


def _shaped(rows: ir.Table, kept: Mapping[str, str]) -> ir.Table:
    """Give a part of the history every column kept; what it does not have is unknown."""
    return rows.select(
        **{name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind) for name, kind in kept.items()}
    )


def seconds(moment: Any) -> Any:
    """Write a moment as seconds since 1970, UTC."""
    return moment.epoch_seconds().cast("int64")


def noon(day: Any) -> Any:
    """Write noon of a day as seconds: for events, and questions, of which only the day is known."""
    return seconds(day.cast("timestamp")) + _NOON


def seen_until(day: Any) -> Any:
    """Write the moment up to which an act or a question of a day sees the past, as seconds."""
    return seconds(day.cast("timestamp")) + SEEN_AHEAD_SECONDS


def _of(rows: ir.Table, people: ir.Table) -> ir.Table:
    return rows.join(people, "borrower_no")


def _listed(tables: Tables, rows: ir.Table) -> ir.Table:
    """Say about which loans an event is: the one that it names, else all that its borrower owns."""
    if "loan_id" not in rows.columns:
        loans = tables("positions").select("loan_id", of_loan="loan_no")
        rows = rows.left_join(loans, rows.loan_no == loans.of_loan).drop("of_loan")
    return rows.mutate(loan=rows.loan_id, about=rows.loan_id.isnull().ifelse(rows.owned, ibis.array([rows.loan_id])))


def _contacts(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _of(tables("contacts"), people)
    return [
        rows.select(
            *_WHOSE, "channel", "direction", "outcome", "purpose",
            moment=seconds(rows.happened_at),
            day=rows.happened_on,
            **{"with": rows.with_person.fill_null("borrower")},
            by=rows.made_by,
            about=(rows.about.length().fill_null(0) > 0).ifelse(rows.about, rows.owned),
        )
    ]  # fmt: skip


def _consents(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _of(tables("consents"), people)
    gone = rows.filter(rows.withdrawn_at.notnull())
    return [_consent(rows, "consent", rows.given_at), _consent(gone, "consent_withdrawn", gone.withdrawn_at)]


def _consent(rows: ir.Table, event: str, at: Any) -> ir.Table:
    return rows.select(
        *_WHOSE,
        event=ibis.literal(event),
        moment=seconds(at),
        day=at.date(),
        to=rows.consented_to,
        about=rows.owned,
    )


def _on_day(rows: ir.Table, day: Any, *more: str, **told: Any) -> ir.Table:
    """Return events of which only the day is known, about the loans that `_listed` has added."""
    return rows.select(*_WHOSE, "about", "loan", *more, moment=noon(day), day=day, **told)


def _holds(tables: Tables, people: ir.Table) -> list[ir.Table]:
    """Return what each hold in force means; one that is over means nothing any more."""
    rows = _of(tables("holds"), people).cross_join(tables("moment"))
    rows = rows.filter((rows.from_on <= rows.on_day) & (rows.until_on.isnull() | (rows.until_on >= rows.on_day)))
    rows = _listed(tables, rows)
    parts = []
    for kind, known in _HOLDS.items():
        of_kind = rows.filter(rows.kind == kind)
        facts = {name: ibis.literal(value) for name, value in known.items()}
        received = {"received_moment": noon(of_kind.from_on), "received_day": of_kind.from_on}
        parts.append(_on_day(of_kind, of_kind.from_on, **received, **facts))
    return parts


def _notices(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("notices"), people))
    served = {"served_on": rows.served_on, "given_on": rows.served_on}
    return [_on_day(rows, rows.served_on, "delivered_on", event=rows.kind, **served)]


def _promises(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("promises"), people))
    return [_on_day(rows, rows.made_on, "amount", on=rows.promised_on)]


def _arrangements(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("arrangements"), people)).cross_join(tables("moment"))
    over = rows.mutate(ended=ibis.least(rows.broken_on.coalesce(rows.ended_on), rows.ended_on.coalesce(rows.broken_on)))
    over = over.filter(over.ended.notnull() & (over.ended <= over.on_day))
    return [
        _on_day(rows, rows.started_on, event=ibis.literal("plan_agreed")),
        _on_day(over, over.ended, event=ibis.literal("plan_broken")),
    ]


def _payments(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("payments").filter(ibis._.reverses.isnull()), people))
    return [_on_day(rows, rows.paid_on, "amount")]


def _others(tables: Tables, people: ir.Table) -> list[ir.Table]:
    rows = _listed(tables, _of(tables("events"), people))
    return [
        rows.select(
            *_WHOSE, "about", "loan", event=rows.kind, moment=seconds(rows.happened_at),
            day=rows.happened_on, until_moment=seconds(rows.until_at), until_day=rows.until_at.date(),
            person=rows.person_id, received_moment=seconds(rows.happened_at),
            received_day=rows.happened_on,
            **({name: detail(rows.details, name) for name in DETAILS} if "details" in rows.columns else {}),
        )
    ]  # fmt: skip


def detail(details: Any, name: str) -> Any:
    """Read one of DETAILS out of the details of an event; what is none of its kind is not known."""
    kind = DETAILS[name]
    said = details.re_extract(f'"{name}"\\s*:\\s*{kind}', 1).nullif("")
    if kind == _TRUTH:
        return said == "true"
    return said.cast({_WHOLE: "int64", _DAY: "date"}.get(kind, "string"))


_WHOSE: Final = ("borrower_no", "country")
_SOURCES: Final[Mapping[str, _Source]] = {
    "contacts": _Source(
        _contacts,
        frozenset({"contact"}),
        {"event": "contact", "mode": "live", "number_line": "mobile", "content_stated": False},
    ),
    "consents": _Source(
        _consents,
        frozenset({"consent", "consent_withdrawn"}),
        {"given_to": OWN, "speaker": "borrower", "by": OWN},
    ),
    "holds": _Source(_holds, frozenset(str(known["event"]) for known in _HOLDS.values())),
    "notices": _Source(_notices, always={"by": OWN}),
    "promises": _Source(_promises, frozenset({"promise"}), {"event": "promise"}),
    "arrangements": _Source(_arrangements, frozenset({"plan_agreed", "plan_broken"})),
    "payments": _Source(_payments, frozenset({"payment"}), {"event": "payment"}),
    "events": _Source(_others, always={"by": OWN}),
}
