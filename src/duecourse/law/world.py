"""Worlds of cases as the two tables that the law sees; the night makes the same tables from a book.

One row of acts for each try and each loan that it is about. What a world does not say is filled in where the
vocabulary says what silence means (`otherwise`), and is unknown elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import pyarrow as pa

from duecourse.law import calendars
from duecourse.law.casefile import Case, Try
from duecourse.law.columns import DAYS, FEES, NESTED, NO_LIMIT, spread
from duecourse.law.program import Reads
from duecourse.law.vocabulary import VOCABULARY, Column
from duecourse.law.wording import lexicon

Row = dict[str, Any]
LAST_MOMENT: Final = 2**40  # a question without a moment sees all of the history
_SUITS: Final = ("suit_decided", "sued")
_ARROW: Final[Mapping[str, pa.DataType]] = {
    "boolean": pa.bool_(),
    "int64": pa.int64(),
    "date": pa.date32(),
    "string": pa.string(),
    "array<string>": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Tried:
    """One try of a case: `number` is that of the act rows made from it (one a loan), by which verdicts are found."""

    case: Case
    trial: Try
    number: int
    loans: tuple[str | None, ...]
    values: Mapping[str, Any]
    """What stands in the try, with what it means where it says nothing."""


@dataclass(frozen=True)
class Worlds:
    """Some worlds as rows, and their tries in order; the act_no of a try's rows are looked up in `acts_of`.

    A row holds the columns of which its world says something. The number of a world is the place of its case.
    """

    cases: tuple[Case, ...]
    acts: tuple[Row, ...]
    events: tuple[Row, ...]
    tries: tuple[Tried, ...]
    acts_of: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class WorldTables:
    """The tables that a program reads."""

    acts: pa.Table
    events: pa.Table
    business_days: pa.Table


def worlds(cases: Sequence[Case], *, with_calendars: bool = False) -> Worlds:
    """Make the rows of some worlds, with what kind of day an act's is (`with_calendars`) or without."""
    acts: list[Row] = []
    events: list[Row] = []
    tries: list[Tried] = []
    acts_of: dict[int, tuple[int, ...]] = {}
    for world, case in enumerate(cases):
        teller = _Teller(case, world, with_calendars=with_calendars)
        for row in teller.events():
            events.append({**row, "event_no": len(events)})
        for trial in case.tries:
            tried = teller.tried(trial, len(tries))
            tries.append(tried)
            rows = [{**row, "act_no": len(acts) + place} for place, row in enumerate(teller.acts(tried))]
            acts_of[tried.number] = tuple(row["act_no"] for row in rows)
            acts += rows
    return Worlds(tuple(cases), tuple(acts), tuple(events), tuple(tries), acts_of)


def needs_calendars(wanted: Reads) -> bool:
    """Say whether some law looks at what kind of day it is."""
    return wanted.counts_workdays or bool({"holiday", "workday", "calendar"} & set(wanted.acts))


def tables(made: Worlds, wanted: Reads) -> WorldTables:
    """Put rows into the tables that some law reads."""
    rows = (*made.acts, *made.events) if wanted.counts_workdays else ()
    days = [day for row in rows for day in _days_of(row)]
    business_days = calendars.table(made.cases if wanted.counts_workdays else (), days)
    return WorldTables(_table(made.acts, wanted.acts), _table(made.events, wanted.events), business_days)


def _days_of(row: Row) -> Iterator[date]:
    return (value for value in row.values() if isinstance(value, date))


def _table(rows: Sequence[Row], schema: Mapping[str, str]) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], _ARROW[kind]) for name, kind in schema.items()})


class _Teller:
    """Tells one world: its events, and its tries as rows."""

    def __init__(self, case: Case, world: int, *, with_calendars: bool) -> None:
        self.case, self.world, self.with_calendars = case, world, with_calendars
        zones = cast("tuple[str, ...]", case.borrower.get("zones") or ("UTC",))
        self.zones = [ZoneInfo(zone) for zone in zones]
        self.loans = {str(loan["id"]): loan for loan in case.loans}
        self.people = {str(person["id"]): person for person in case.people}
        self.firms = {str(firm["id"]): firm for firm in case.firms}
        self.debts = {name: debt_of(name, loan) for name, loan in self.loans.items()}
        self.borrower = _spread_all("borrower", case.borrower, "borrower.")
        self.collector = _spread_all("collector", case.collector, "collector.")

    def events(self) -> Iterator[Row]:
        """Make a row of each event of the history."""
        for seq, event in enumerate(self.case.history):
            known = _filled("event", event)
            about = self._about(known) or tuple(self.loans)
            person = self.people.get(str(known.get("with")))
            yield {
                **_spread_all("event", known, zone=self.zones[0]),
                **self._when(known["at"]),
                "by": self._firm(known.get("by")),
                "with": known.get("with"),
                "world": self.world,
                "seq": seq,
                "about": about,
                "debts": tuple(self.debts[loan] for loan in about if loan in self.debts),
                **self._said(event, known),
                "relation": person.get("relation") if person else None,
                "speaker": self._speaker(known),
                **self._number_of(known),
            }

    def tried(self, trial: Try, number: int) -> Tried:
        """Fill in a try: the loans that it is about, and what silence means."""
        values = _filled("act", trial.values)
        return Tried(self.case, trial, number, self._loans_of(values), values)

    def acts(self, tried: Tried) -> Iterator[Row]:
        """Make a row for each loan that the try is about (one without a loan when it is about none)."""
        values = tried.values
        at = values.get("sent_at") or values.get("at")
        when = self._when(at) if at is not None else self._without_moment(values)
        shared = {
            **_spread_all("act", values, zone=self.zones[0]),
            **when,
            "seen": when["moment"],
            **self._zoned(at),
            **self.borrower,
            **self.collector,
            **_spread_all("firm", self._actor(values), "actor."),
            **_spread_all("person", self._person(tried), "person."),
            **self._reach("number", values.get("number")),
            **self._reach("email", values.get("address")),
            **self._kind_of_day(when["day"]),
            "by": self._firm(values.get("by")),
            "world": self.world,
            "rulebooks": self.case.rulebooks,
            "content": values.get("content", ()),
            **self._said(tried.trial.values, values),
            "several_loans": len(tried.loans) > 1,
        }
        for loan in tried.loans:
            known = self.loans.get(loan or "", {})
            of_loan = {**_spread_all("loan", known, "loan."), **_fees(known, values.get("item"))}
            yield {**shared, **of_loan, "loan": loan, "debt": self.debts.get(loan or "")}

    def _said(self, stated: Mapping[str, Any], known: Mapping[str, Any]) -> Row:
        """Return the content of a message: as stated, else as its words are read; unknown if nobody can read them."""
        if "content" in stated or "text" not in stated:
            return {"content_stated": "content" in stated}
        language = str(known.get("language") or self.case.borrower.get("language") or "")
        if language not in lexicon.languages():
            return {"content": None, "content_stated": True}
        at = cast("datetime", known["at"])
        by_borrower = known.get("direction") == "in"
        found = lexicon.flags_of(
            str(stated["text"]),
            language,
            speaker="borrower" if by_borrower else "collector",
            suit_decided=any(
                event["event"] in _SUITS and cast("datetime", event["at"]) < at for event in self.case.history
            ),
            time_barred=self._time_barred(known, at.astimezone(self.zones[0]).date()),
            to_third_party=known.get("with") not in {None, "borrower"},
        )
        return {"content": tuple(sorted(found)), "content_stated": True}

    def _time_barred(self, values: Mapping[str, Any], day: date) -> bool:
        """Say whether the time for suing is known to be over for a loan that a message is about."""
        ends = (self.loans[loan].get("limitation_ends_on") for loan in self._about(values) if loan in self.loans)
        return any(isinstance(end, date) and end < day for end in ends)

    def _kind_of_day(self, day: date | None) -> Row:
        return calendars.kind_of_day(self.case, day) if self.with_calendars else {}

    def _person(self, tried: Tried) -> Mapping[str, Any]:
        """Return whom the act is with; of a question, whom it is asked against, or whom it concerns."""
        given = tried.trial.values
        named = given.get("with") or given.get("against") or given.get("person")
        return self.people.get(str(named)) or {}

    def _about(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        named = values.get("about") or ((values["loan"],) if values.get("loan") else ())
        return tuple(named)

    def _loans_of(self, values: Mapping[str, Any]) -> tuple[str | None, ...]:
        """Return the loans that a try is about; an act that names none may be about any of them."""
        named = self._about(values)
        if named:
            return named
        if "act" in values or len(self.loans) == 1:
            return tuple(self.loans)
        return (None,)

    def _without_moment(self, values: Mapping[str, Any]) -> Row:
        """Place a question that names no moment: it sees all of the history, on the day that it names."""
        return {"moment": LAST_MOMENT, "day": values.get("on") or self._last_day(), "minute": None}

    def _when(self, at: datetime) -> Row:
        local = at.astimezone(self.zones[0])
        return {"moment": int(at.timestamp()), "day": local.date(), "minute": local.hour * 60 + local.minute}

    def _zoned(self, at: datetime | None) -> Row:
        if at is None:
            return {}
        minutes = [local.hour * 60 + local.minute for local in (at.astimezone(zone) for zone in self.zones)]
        return {"minute_earliest_zone": min(minutes), "minute_latest_zone": max(minutes)}

    def _last_day(self) -> date | None:
        if not self.case.history:
            return None
        return cast("date", self._when(cast("datetime", self.case.history[-1]["at"]))["day"])

    def _firm(self, by: object) -> str | None:
        return str(self.case.collector.get("id", "C1")) if by in {"own", None} else str(by)

    def _actor(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        firm = self.firms.get(str(values.get("by")))
        return firm or {"id": self._firm(None), "role": self.case.collector.get("role")}

    def _speaker(self, event: Mapping[str, Any]) -> str:
        named = (str(event.get(key)) for key in ("given_by", "with", "by"))
        return next((name for name in named if name in self.people), "borrower")

    def _number_of(self, event: Mapping[str, Any]) -> Row:
        reached = self._reach("number", event.get("number"))
        return {"number_line": reached.get("number.line"), "number_place": reached.get("number.place")}

    def _reach(self, table: str, name: object) -> Row:
        rows = cast("tuple[Mapping[str, Any], ...]", self.case.borrower.get(f"{table}s") or ())
        known = {str(row["id"]): row for row in rows}
        if table == "number" and name is None:
            return {"number.line": "mobile"}  # the borrower's own
        found = known.get(str(name)) or {}
        sharing = [self.people[one]["relation"] for one in found.get("shared_with") or () if one in self.people]
        return {**_spread_all(table, found, f"{table}."), f"{table}.shared_relations": tuple(sharing)}


def debt_of(name: str, loan: Mapping[str, Any]) -> str:
    """Return the debt that a loan belongs to: student loans under one account number when obtained are one debt."""
    account = loan.get("account_no_when_obtained")
    return f"account {account}" if loan.get("product") == "student_loan" and account else name


def _fees(loan: Mapping[str, Any], item: object) -> Row:
    """Return the fees that contract and statute allow: their items, and the sum for the act's own item."""
    found: Row = {}
    for key, column in zip(FEES, ("fee_in_contract", "fee_by_statute"), strict=True):
        fees = loan.get(key)
        if fees is None or fees is True:
            continue
        rows = [{"item": fee} if isinstance(fee, str) else fee for fee in fees or ()]
        found[f"loan.{key}"] = tuple(str(fee["item"]) for fee in rows)
        sums = [fee.get("amount", NO_LIMIT) for fee in rows if fee["item"] == item]
        found[column] = sums[0] if sums else None
    return found


def _filled(table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Add what silence means."""
    silent = {
        key: column.otherwise
        for key, column in VOCABULARY.tables[table].items()
        if column.otherwise is not None and key not in values
    }
    return {**silent, **values}


def _spread_all(table: str, values: Mapping[str, Any], prefix: str = "", zone: tzinfo = UTC) -> Row:
    """Spread the values of one thing over its columns; days of moments are those of the zone."""
    columns = VOCABULARY.tables[table]
    found: Row = {}
    for key, value in (_filled(table, values) if values or table == "collector" else {}).items():
        if key in columns and key not in {"at", "at_zone"}:
            found.update(_spread(f"{prefix}{key}", key, columns[key], value, zone))
    return found


def _spread(name: str, key: str, column: Column, value: Any, zone: tzinfo) -> Row:
    names = list(spread(name, column))
    if column.kind == "percent":
        return {names[-1] if isinstance(value, str) else names[0]: value}
    if column.kind == "clocks":
        return dict(zip(names, value, strict=True)) if isinstance(value, tuple) else {}
    if column.kind == "moment":
        return {names[0]: int(value.timestamp()), names[1]: value.astimezone(zone).date()}
    if key in NESTED:
        return (
            {name: tuple(value), **{f"{name}_{part}": _nested(each) for part, each in value.items()}}
            if isinstance(value, Mapping)
            else {}
        )
    if key in DAYS:
        days = sorted(date.fromisoformat(str(each)) for each in value)
        return {f"{name}_first": days[0], f"{name}_last": days[-1]} if days else {}
    if column.also == "clocks" and isinstance(value, tuple):
        return {name: True, **dict(zip(names[1:], value, strict=True))}
    fits = {"boolean": bool, "integer": int, "money": int, "day": date}.get(column.kind, (str, tuple, list))
    return {names[0]: value} if names and isinstance(value, fits) else {}


def _nested(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value
