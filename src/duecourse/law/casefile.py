"""Case files: worlds with tries, read strictly into plain typed values. The format: docs/concepts/cases.md."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast
from zoneinfo import ZoneInfo

from duecourse.kernel import words as words_like
from duecourse.law.case_values import (
    Row,
    Spot,
    fault,
    like,
    mapping,
    need,
    plain,
    refuse_unknown,
    row,
    rows,
    shown,
    typed,
    zone_of,
)
from duecourse.law.document import Document, Steps, read
from duecourse.law.vocabulary import VOCABULARY, Column, Kind

TRIES_MAX: Final = 20_000  # of one file
_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_RULEBOOK: Final = re.compile(r"[a-z]{2}(?:-[a-z0-9]+)*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_REGION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_TWO_ANSWERS: Final = re.compile(r"\s(?:or|if|unless|and)\s")
_AGE_MAX: Final = 129
_FRAME: Final = ("expect", "rule", "origin")  # of a try: how it is scored, not what is tried
_REFUSALS: Final = ("refused", "presumed_violation")
_NONE: Final = "none"  # the answer where the law has no such day, cap or amount
_ALWAYS: Final = ("rulebooks", "collector", "borrower", "tries")
_WORKED: Final = ("id", "cite", "origin", "topic", "says", "why")  # what a what-if may leave out
_LOANS: Final = ({"id": "A", "product": "online_consumer_loan"},)
_CALENDAR: Final = ("holidays", "workdays")
_UTC: Final = ZoneInfo("UTC")
_SECTIONS: Final = MappingProxyType({"person": "people", "loan": "loans", "firm": "firms"})
_SILENT: Final = MappingProxyType({"cite": "", "origin": "memory", "topic": "what-if", "says": "", "why": ""})


@dataclass(frozen=True)
class Try:
    """One act proposed, or one question asked.

    `values` are typed by the table `act` of the vocabulary. `expect` is a word of `verdict`, or the answer: a day,
    minor units, parts per million, true or false, text, a map of minor units, or "none"; None when nothing is
    expected. `rule` is the topic that must refuse it.
    """

    values: Row
    expect: object | None
    rule: str | None
    origin: str
    line: int


@dataclass(frozen=True)
class Case:
    """One world with its tries. Rows are typed by the vocabulary; what it means to say nothing is not filled in.

    `calendar` has `holidays` and `workdays`, each a tuple of days; it is empty when the case has none. `reading`
    is "ours" where the rule leaves room.
    """

    id: str
    cite: str
    origin: str
    rulebooks: tuple[str, ...]
    topic: str
    says: str
    why: str
    reading: str | None
    collector: Row
    borrower: Row
    people: tuple[Row, ...]
    firms: tuple[Row, ...]
    loans: tuple[Row, ...]
    history: tuple[Row, ...]
    tries: tuple[Try, ...]
    calendar: Mapping[str, tuple[date, ...]]
    file: str
    line: int


@dataclass(frozen=True)
class _Names:
    """The ids that a world gives out, by what a column may refer to."""

    known: Mapping[str, frozenset[str]]

    def refuse(self, table: str, values: Row, spot: Spot) -> None:
        """Refuse a reference to somebody, or to a loan, that the world does not have."""
        columns = VOCABULARY.tables[table]
        for key, value in values.items():
            refers = columns[key].refers
            if not refers:
                continue
            allowed = frozenset[str]().union(*(self.known[sort] for sort in refers))
            for one in value if isinstance(value, tuple) else (value,):
                if one not in allowed:
                    raise spot.below(key, key).error(_unknown_name(str(one), refers, allowed))


def _unknown_name(name: str, refers: Collection[str], allowed: Collection[str]) -> str:
    sorts = [sort for sort in refers if sort in _SECTIONS]
    close = like(name, allowed) if words_like.nearest(name, allowed) else ""
    sections = " or ".join(_SECTIONS[sort] for sort in sorts)
    return f"no {' or '.join(sorts)} {shown(name)} in this case{close or f': add it to {sections}'}"


def read_cases(path: Path, *, expects: bool = True, topics: Collection[str] | None = ()) -> tuple[Case, ...]:
    """Read a file of cases, in its order.

    With `expects=False` the file holds what-ifs: `expect`, and what only documents a case, may be missing, and one
    case may stand alone. A try's `rule` must be a topic of the file or one of `topics` (None: any).
    Raises DueCourseError with file, line and what to do for the first fault.
    """
    document = read(path, days_and_fractions=True)
    values = document.values
    alone = isinstance(values, dict) and not expects
    if not alone and (not isinstance(values, tuple) or not values):
        raise fault(document, (), "a file holds a list of cases: begin each with '- id:'")
    entries = (
        [((), values)] if alone else [((place,), entry) for place, entry in enumerate(cast("tuple[object]", values))]
    )
    cases: list[Case] = []
    lines: dict[str, int] = {}
    tries = 0
    for at, entry in entries:
        case = _case(document, at, entry, expects=expects)
        if case.id in lines:
            raise fault(
                document, (*at, "id"), f"id {shown(case.id)} is taken on line {lines[case.id]}: give it another"
            )
        lines[case.id] = case.line
        tries += len(case.tries)
        if tries > TRIES_MAX:
            raise fault(document, at, f"more than {TRIES_MAX} tries in one file: cut the file in two")
        cases.append(case)
    if expects and topics is not None:
        _refuse_unknown_topics(document, cases, topics)
    return tuple(cases)


def _refuse_unknown_topics(document: Document, cases: list[Case], topics: Collection[str]) -> None:
    known = {case.topic for case in cases} | set(topics)
    for place, case in enumerate(cases):
        for number, one in enumerate(case.tries):
            if one.rule is not None and one.rule not in known:
                at = (place, "tries", number, "rule")
                raise fault(document, at, f"rule: {shown(one.rule)} is no topic of this file{like(one.rule, known)}")


def _case(document: Document, at: Steps, value: object, *, expects: bool) -> Case:
    values = mapping(document, at, value, "a case")
    refuse_unknown(document, at, values, VOCABULARY.case, "a case")
    need(document, at, values, (*_WORKED, *_ALWAYS) if expects else _ALWAYS, "a case")
    told = {key: _text(document, at, values, key) for key in _WORKED if key in values}
    origin = str(
        _word("origin", told.get("origin", _SILENT["origin"]), Spot(document, (*at, "origin"), "origin", _UTC))
    )
    for key in ("id", "topic"):
        _slug(document, (*at, key), key, told.get(key, "what-if"))
    if "example" in values:
        typed(Column(Kind.TEXTS, "", single=True), values["example"], Spot(document, (*at, "example"), "example", _UTC))
    if "reading" in values:
        _word("reading", values["reading"], Spot(document, (*at, "reading"), "reading", _UTC))
    world = _world(document, at, values)
    return Case(
        id=told.get("id") or _name(at),
        cite=told.get("cite", _SILENT["cite"]),
        origin=origin,
        rulebooks=_rulebooks(document, at, values["rulebooks"]),
        topic=told.get("topic", _SILENT["topic"]),
        says=told.get("says", _SILENT["says"]),
        why=told.get("why", _SILENT["why"]),
        reading=str(values["reading"]) if "reading" in values else None,
        collector=world.collector,
        borrower=world.borrower,
        people=world.people,
        firms=world.firms,
        loans=world.loans,
        history=world.history,
        tries=_tries(values["tries"], world, origin, expects=expects),
        calendar=_calendar(document, at, values),
        file=document.file,
        line=document.line(at),
    )


def _name(at: Steps) -> str:
    return f"case-{cast('int', at[0]) + 1}" if at else "case-1"


def _text(document: Document, at: Steps, values: Row, key: str) -> str:
    spot = Spot(document, (*at, key), key, _UTC)
    return str(typed(Column(Kind.TEXT, ""), values[key], spot))


def _word(enumeration: str, value: object, spot: Spot) -> object:
    return typed(Column(Kind.WORD, "", of=enumeration), value, spot)


def _slug(document: Document, at: Steps, key: str, value: object) -> str:
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise fault(document, at, f"{key}: {shown(value)} is no slug: small letters and digits, joined by - or _")
    return str(value)


def _rulebooks(document: Document, at: Steps, value: object) -> tuple[str, ...]:
    at = (*at, "rulebooks")
    if not isinstance(value, tuple) or not value:
        raise fault(document, at, "rulebooks: must be a list, such as [us, us-ma]")
    for place, name in enumerate(value):
        if not isinstance(name, str) or not _RULEBOOK.fullmatch(name):
            raise fault(document, (*at, place), f"rulebooks: {shown(name)} is no name of a rulebook: write us or us-ma")
    return cast("tuple[str, ...]", plain(value))


def _calendar(document: Document, at: Steps, values: Row) -> dict[str, tuple[date, ...]]:
    if "calendar" not in values:
        return {}
    at = (*at, "calendar")
    told = mapping(document, at, values["calendar"], "a calendar")
    refuse_unknown(document, at, told, _CALENDAR, "a calendar")
    found: dict[str, tuple[date, ...]] = dict.fromkeys(_CALENDAR, ())
    for key, days in told.items():
        spot = Spot(document, (*at, key), key, _UTC)
        if not isinstance(days, tuple):
            raise spot.error("must be a list of days: [2026-10-01]")
        day = Column(Kind.DAY, "")
        found[key] = tuple(cast("date", typed(day, one, spot.below(place))) for place, one in enumerate(days))
    return found


# --- the world -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _World:
    """What stands in a case beside its tries, and the ids that tries may name."""

    collector: Row
    borrower: Row
    people: tuple[Row, ...]
    firms: tuple[Row, ...]
    loans: tuple[Row, ...]
    history: tuple[Row, ...]
    names: _Names
    spot: Spot  # of the case, with its zone and loans


def _world(document: Document, at: Steps, values: Row) -> _World:
    bare = Spot(document, at, "a case", _UTC)
    collector = row("collector", values["collector"], bare.below("collector", "collector"))
    need(document, (*at, "collector"), collector, ("role",), "collector")
    borrower = _borrower(values["borrower"], bare.below("borrower", "borrower"))
    zone = ZoneInfo(cast("tuple[str, ...]", borrower["zones"])[0])
    people = _listed("person", values, bare, "people", ("id", "relation"))
    firms = _listed("firm", values, bare, "firms", ("id", "role"), (_own_id(collector),))
    loans = _listed("loan", values, bare, "loans", ("id",)) or _LOANS
    ids = frozenset(str(loan["id"]) for loan in loans)
    spot = Spot(document, at, "a case", zone, ids)
    history = _events(values.get("history", ()), spot.below("history", "an event"))
    names = _Names(
        {
            "borrower": frozenset({"borrower"}),
            "own": frozenset({"own"}),
            "loan": ids,
            "person": frozenset(str(person["id"]) for person in people),
            "firm": _firms(collector, firms, history),
        }
    )
    for place, event in enumerate(history):
        names.refuse("event", event, spot.below("history").below(place))
    return _World(collector, borrower, people, firms, loans, history, names, spot)


def _listed(
    table: str, values: Row, spot: Spot, key: str, needs: Collection[str], taken: Collection[str] = ()
) -> tuple[Row, ...]:
    return rows(table, values[key], spot.below(key, key), needs, taken) if key in values else ()


def _own_id(collector: Row) -> str:
    return str(collector.get("id", VOCABULARY.tables["collector"]["id"].otherwise))


def _firms(collector: Row, firms: tuple[Row, ...], history: tuple[Row, ...]) -> frozenset[str]:
    """Collect the firms of a world; an event that brings in a firm also makes it known."""
    found = {_own_id(collector), *(str(firm["id"]) for firm in firms)}
    for event in history:
        found |= {str(event[key]) for key in ("agency", "buyer") if key in event}
        if event["event"] == "assigned" and "to" in event:
            found.add(str(event["to"]))
    return frozenset(found)


def _borrower(value: object, spot: Spot) -> Row:
    values = row("borrower", value, spot)
    need(spot.document, spot.at, values, ("country", "zones"), "borrower")
    country, region = values["country"], values.get("region")
    if not _COUNTRY.fullmatch(str(country)):
        raise spot.below("country", "country").error(f"{shown(country)} is no country: two capital letters, such as US")
    if region is not None and not _REGION.fullmatch(str(region)):
        raise spot.below("region", "region").error(f"{shown(region)} is no region of ISO 3166-2: write it as US-MA")
    if region is not None and not str(region).startswith(f"{country}-"):
        raise spot.below("region", "region").error(
            f"'{region}' lies in another country than {shown(country)}: mend one"
        )
    if cast("int", values.get("age", 0)) > _AGE_MAX:
        raise spot.below("age", "age").error(f"{values['age']} years: at most {_AGE_MAX}")
    zones = cast("tuple[str, ...]", values["zones"])
    at = spot.below("zones", "zones")
    if not zones:
        raise at.error("must name at least one zone: [America/New_York]")
    for place, zone in enumerate(zones):
        zone_of(zone, at.below(place))
    return values


def _events(value: object, spot: Spot) -> tuple[Row, ...]:
    if not isinstance(value, tuple):
        raise fault(spot.document, spot.at, "history must be a list of events")
    found: list[Row] = []
    last = datetime.min.replace(tzinfo=UTC)
    for place, entry in enumerate(value):
        here = spot.below(place)
        event = row("event", entry, here)
        need(here.document, here.at, event, ("at", "event"), "an event")
        if event["event"] == "contact":
            need(here.document, here.at, event, ("channel", "with"), "a contact")
        at = cast("datetime", event["at"])
        if at < last:
            raise here.below("at", "at").error("is earlier than the event above: put the events in order of time")
        last = at
        found.append(event)
    return tuple(found)


# --- the tries -----------------------------------------------------------------------------------------------


def _tries(value: object, world: _World, origin: str, *, expects: bool) -> tuple[Try, ...]:
    spot = world.spot.below("tries", "a try")
    if not isinstance(value, tuple) or not value:
        raise fault(spot.document, spot.at, "tries must be a list with at least one entry")
    found: list[Try] = []
    lines: dict[str, int] = {}
    for place, entry in enumerate(value):
        here = spot.below(place)
        found.append(_try(entry, here, world, origin, expects=expects))
        whole = _same(entry)
        if whole in lines:
            raise fault(here.document, here.at, f"the same try stands on line {lines[whole]}: leave one out")
        lines[whole] = found[-1].line
    return tuple(found)


def _same(value: object) -> str:
    """Return a text that is equal for equal values, in whatever order their keys stand."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_same(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple):
        return "[" + ",".join(_same(entry) for entry in value) + "]"
    return repr(value)


def _try(value: object, spot: Spot, world: _World, origin: str, *, expects: bool) -> Try:
    document, at = spot.document, spot.at
    values = row("act", value, spot, _FRAME)
    told = cast("Row", value)
    if ("act" in values) == ("ask" in values):
        raise fault(document, at, "a try has either 'act' or 'ask': keep one of them")
    if expects:
        need(document, at, told, ("expect",), "a try")
    if "act" in values:
        need(document, at, values, ("at",), "an act")
    if values.get("act") == "contact":
        need(document, at, values, ("channel", "with", "about"), "a contact")
    world.names.refuse("act", values, spot)
    expect = _expected(values, told["expect"], spot.below("expect", "expect")) if "expect" in told else None
    own = str(_word("origin", told["origin"], spot.below("origin", "origin"))) if "origin" in told else origin
    return Try(values, expect, _rule(values, told, expect, spot), own, document.line(at))


def _rule(values: Row, told: Row, expect: object, spot: Spot) -> str | None:
    if "rule" not in told:
        return None
    here = spot.below("rule", "rule")
    if "ask" in values:
        raise here.error("a question has no rule: leave it out")
    if expect not in _REFUSALS:
        raise here.error("only a refused try names its rule: leave it out, or expect refused")
    return _slug(here.document, here.at, "rule", told["rule"])


def _expected(values: Row, value: object, spot: Spot) -> object:
    if "act" in values:
        return _word("verdict", value, spot)
    kind = VOCABULARY.asks[str(values["ask"])].answer
    if isinstance(value, str) and _TWO_ANSWERS.search(value):
        raise spot.error(f"{shown(value)} is not one answer: write the one that the law gives")
    if kind is Kind.PARTS:
        return _split(value, spot)
    words = (_NONE,) if kind in {Kind.DAY, Kind.MONEY, Kind.PERCENT} else ()
    return typed(Column(kind, "", words=words), value, spot)


def _split(value: object, spot: Spot) -> dict[str, int]:
    amounts = mapping(spot.document, spot.at, value, "expect")
    money = Column(Kind.MONEY, "")
    return {key: cast("int", typed(money, one, spot.below(key, f"expect.{key}"))) for key, one in amounts.items()}
