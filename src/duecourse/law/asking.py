"""The law asked in plain Python, each fact worked out when a rule first looks at it.

    ask(cases, law) -> what `running.run` gives of the compiled law

It answers one world in a few milliseconds, where an engine would plan dozens of statements, and it is the slow
obvious twin of `program`: both must agree on every try of every case.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from duecourse.law import calendars
from duecourse.law.casefile import Case
from duecourse.law.expression_rows import evaluate, fits
from duecourse.law.expressions import Expression
from duecourse.law.program import WORD
from duecourse.law.records import AGGREGATES
from duecourse.law.rulebook import Fact, Law, Rule
from duecourse.law.running import too_large
from duecourse.law.world import Worlds, worlds

Row = Mapping[str, Any]
_EVENT: Final = "event."
_EARLIER: Final = "earlier."
_OF_DAY: Final = ("calendar", "holiday", "workday")


@dataclass(frozen=True)
class Asked:
    """The law asked of some worlds."""

    law: Law
    worlds: Worlds

    @cached_property
    def _acts(self) -> dict[int, "Act"]:
        events: dict[int, list[_Event]] = {}
        for row in self.worlds.events:
            events.setdefault(row["world"], []).append(_Event(row))
        return {
            row["act_no"]: Act(row, self.worlds.cases[row["world"]], events.get(row["world"], []), self.law.facts)
            for row in self.worlds.acts
        }

    @cached_property
    def verdicts(self) -> Mapping[int, Row]:
        """The bits and answers of every row of acts; DueCourseError when a number leaves 64 bits."""
        try:
            return {act_no: _verdict(self.law.rules, act) for act_no, act in self._acts.items()}
        except OverflowError as error:
            raise too_large(str(error)) from None

    def facts(self, act_no: int) -> "Act":
        """Return one row of acts with its facts."""
        return self._acts[act_no]

    def again(self, cases: Sequence[Case]) -> "Asked":
        """Ask the same law of other worlds."""
        return ask(cases, self.law)


def ask(cases: Sequence[Case], law: Law) -> Asked:
    """Ask the law of some worlds."""
    return Asked(law, worlds(cases))


def _verdict(rules: Sequence[Rule], act: "Act") -> Row:
    words = {f"{name}_{word}": 0 for name in ("asked", "refused", "unknown") for word in _words(rules)}
    found: dict[str, Any] = {"act_no": act["act_no"], **words}
    for place, rule in enumerate(rules):
        asked, unsure = _asked(rule, act)
        judges = rule.permit is not None
        permits = _value(rule.permit, act) if asked and judges else True
        refused = permits is not True
        bits = {"asked": asked, "refused": refused, "unknown": permits is None or (unsure and (refused or not judges))}
        for name, is_set in bits.items():
            found[f"{name}_{place // WORD}"] |= int(is_set) << place % WORD  # a place among bits, not money
        if rule.gives is not None:
            found[f"gives_{place}"] = _value(rule.gives, act) if asked else None
    return found


def _words(rules: Sequence[Rule]) -> range:
    return range((len(rules) + WORD - 1) // WORD)  # a count, not money


def _asked(rule: Rule, act: "Act") -> tuple[bool, bool]:
    """Return whether a rule is asked of an act, and whether that itself is not known (then it is)."""
    if rule.book not in act["rulebooks"] or not _holds(rule, act["day"]):
        return False, False
    of_this_kind = act["ask"] == rule.record.answers if rule.permit is None else act["act"] in rule.record.acts
    if not of_this_kind or (rule.permit is None and act["ask"] is None):
        return False, False
    applies = True if rule.applies is None else _value(rule.applies, act)
    return applies is not False, applies is None


def _holds(rule: Rule, day: date | None) -> bool:
    """Say whether this version holds on the day of the act; without a day the version that holds now does."""
    return rule.record.to is None if day is None else rule.in_force(day)


class Act(Mapping[str, Any]):
    """A row of acts: its columns (unknown where the row says nothing), and the facts about it."""

    def __init__(self, row: Row, case: Case, events: Sequence["_Event"], facts: Mapping[str, Fact]) -> None:
        """Take a row of a case's world, the events of that world, and the facts by name."""
        self._known, self._case, self.events, self.of = dict(row), case, events, facts

    def __getitem__(self, name: str) -> Any:
        """Return a column or fact, worked out when it is first asked for."""
        if name not in self._known:
            self._known |= self._found(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names of what was told or worked out."""
        return iter(dict(self._known))

    def __len__(self) -> int:
        """Count what was told or worked out."""
        return len(self._known)

    def _found(self, name: str) -> Row:
        if name in _OF_DAY:
            return {**dict.fromkeys(_OF_DAY), **calendars.kind_of_day(self._case, self["day"])}
        fact = self.of.get(name)
        if fact is None:
            return {name: None}
        if fact.way in AGGREGATES:
            seen = [event for event in self.events if event["moment"] < self["seen"] and event["event"] in fact.of]
            return {name: _aggregate(fact, [(event["seq"], _Seen(self, event)) for event in seen])}
        return {name: self._from_others(fact, _value(fact.take, self))}

    def _from_others(self, fact: Fact, value: Any) -> Any:
        """Return a fact that follows from others; `value` is what it takes."""
        if fact.days is not None:
            whose = self["calendar"] if fact.days.calendar == "country" else fact.days.calendar
            return None if value is None else calendars.workday_after(self._case, whose, value, fact.days.days)
        if fact.table is not None:
            rows = [row.is_ for row in fact.table.rows if value is not None and row.from_ <= value <= fact.table.until]
            return rows[-1] if rows else None
        return value


class _Event:
    """An event: its columns, and what was worked out about it."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self.row.get(name)


class _Seen(Mapping[str, Any]):
    """What an expression sees that looks at an event: the act, the event, and perhaps one that came earlier."""

    def __init__(self, act: Act, event: _Event, earlier: _Event | None = None) -> None:
        self._act, self._event, self._before = act, event, earlier

    def __getitem__(self, name: str) -> Any:
        if name.startswith(_EARLIER):
            assert self._before is not None  # noqa: S101  only facts of events speak of earlier ones
            return self._of(self._before, name.removeprefix(_EARLIER))
        return self._of(self._event, name.removeprefix(_EVENT)) if name.startswith(_EVENT) else self._act[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._act)

    def __len__(self) -> int:
        return len(self._act)

    def __contains__(self, name: object) -> bool:
        return True

    def _of(self, event: _Event, name: str) -> Any:
        """Return a column of an event or a fact about it; only what is defined may depend on the act."""
        fact = self._act.of.get(f"{_EVENT}{name}")
        if fact is None:
            return event[name]
        if fact.way == "define":
            return _value(fact.take, _Seen(self._act, event))
        if name not in event.found:
            before = [each for each in self._act.events if each["seq"] < event["seq"] and each["event"] in fact.of]
            seen = [(each["seq"], _Seen(self._act, event, each)) for each in before]
            event.found[name] = _aggregate(fact, seen if event["event"] in fact.for_ else [])
        return event.found[name]


def _value(expression: Expression | None, row: Row) -> Any:
    """Return what an expression gives on a row that finds its values itself; None for no expression."""
    return None if expression is None else evaluate(expression.node, row)


def _aggregate(fact: Fact, seen: Sequence[tuple[int, _Seen]]) -> Any:
    """Return one aggregate over events, each with its place in the history; None where there is nothing to take."""
    counted = [(seq, each) for seq, each in seen if fact.where is None or _value(fact.where, each) is True]
    if fact.way == "count":
        return len(counted)
    if fact.way == "any":
        return bool(counted)
    taken = [(seq, _value(fact.take, each)) for seq, each in counted]
    known = [(seq, value) for seq, value in taken if value is not None]
    values: list[Any] = [value for _, value in known]
    if fact.way == "sum":
        return fits(sum(values))
    if not values:
        return None
    if fact.way in {"last", "first"}:
        return (max if fact.way == "last" else min)(known, key=lambda pair: pair[0])[1]
    return max(values) if fact.way == "latest" else min(values)
