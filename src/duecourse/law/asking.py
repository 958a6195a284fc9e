"""The law asked in plain Python, each fact worked out when a rule first looks at it.

    functions = Functions(law)
    functions.verdict(Act(row, History(functions, events), functions, works)) -> the bits of one act
    ask(cases, law) -> what `running.run` gives of the compiled law

For one act it takes some hundredth of a millisecond, where an engine would plan dozens of statements: the gate and
what-if questions are judged so. It is the twin of `program`: both must agree on every try of every case.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import Any, Final

from duecourse.law import calendars
from duecourse.law.calendars import Works
from duecourse.law.casefile import Case
from duecourse.law.expression_rows import Function, fits, function
from duecourse.law.expressions import Expression
from duecourse.law.narrowing import EARLIER, EVENT
from duecourse.law.program import WORD
from duecourse.law.records import AGGREGATES, TableRecord
from duecourse.law.rulebook import Fact, Law, Rule
from duecourse.law.running import too_large
from duecourse.law.world import Worlds, worlds

Row = Mapping[str, Any]
Scene = tuple[Row, Row, Row]
"""What an expression looks at: the act, an event, and one that came earlier; empty where it speaks of none."""
_OF_DAY: Final = ("calendar", "holiday", "workday")
_NOTHING: Final[Row] = {}
_BITS: Final = ("asked", "refused", "unknown")


@dataclass(frozen=True)
class Asked:
    """The law asked of some worlds."""

    functions: "Functions"
    worlds: Worlds

    @property
    def law(self) -> Law:
        """What is asked."""
        return self.functions.law

    @cached_property
    def _acts(self) -> dict[int, "Act"]:
        rows: dict[int, list[Row]] = {}
        for row in self.worlds.events:
            rows.setdefault(row["world"], []).append(row)
        told = {world: History(self.functions, rows.get(world, ())) for world in range(len(self.worlds.cases))}
        return {row["act_no"]: self._act(row, told[row["world"]]) for row in self.worlds.acts}

    def _act(self, row: Row, history: "History") -> "Act":
        case = self.worlds.cases[row["world"]]
        day = {**dict.fromkeys(_OF_DAY), **calendars.kind_of_day(case, row["day"])}
        return Act({**day, **row}, history, self.functions, partial(calendars.works_of, case))

    @cached_property
    def verdicts(self) -> Mapping[int, Row]:
        """The bits and answers of every row of acts; DueCourseError when a number leaves 64 bits."""
        try:
            return {act_no: self.functions.verdict(act) for act_no, act in self._acts.items()}
        except OverflowError as error:
            raise too_large(str(error)) from None

    def facts(self, act_no: int) -> "Act":
        """Return one row of acts with its facts."""
        return self._acts[act_no]

    def again(self, cases: Sequence[Case]) -> "Asked":
        """Ask the same law of other worlds."""
        return Asked(self.functions, worlds(cases))


def ask(cases: Sequence[Case], law: Law) -> Asked:
    """Ask the law of some worlds."""
    return Asked(Functions(law), worlds(cases))


class Act(dict[str, Any]):
    """A row of acts: its columns (unknown where the row says nothing), and the facts about it when they are asked for.

    `works` gives for a calendar's name what says of a day whether it is worked.
    """

    def __init__(self, row: Row, history: "History", functions: "Functions", works: Callable[[str], Works]) -> None:
        """Take what is told of the act, what happened before, the law, and the calendars."""
        super().__init__(row)
        self.history, self.functions, self.works = history, functions, works
        self._seen: dict[tuple[str, ...], list[Scene]] = {}

    def __missing__(self, name: str) -> Any:
        """Work out a fact, once."""
        found = self[name] = self.functions.of_act(name)(self)
        return found

    def seen(self, kinds: tuple[str, ...]) -> list[Scene]:
        """Return the events of some kinds that the act sees."""
        if kinds not in self._seen:
            until = self["seen"]
            self._seen[kinds] = [(self, event, _NOTHING) for event in self.history.of(kinds) if event["moment"] < until]
        return self._seen[kinds]


class Event(dict[str, Any]):
    """An event: its columns (unknown where nothing is told), and the facts about it when they are asked for."""

    def __init__(self, row: Row, history: "History", functions: "Functions") -> None:
        """Take what is told of the event, what else happened, and the law."""
        super().__init__(row)
        self.history, self.functions = history, functions

    def __missing__(self, name: str) -> Any:
        """Work out a fact, once."""
        found = self[name] = self.functions.of_event(name)(self)
        return found

    def earlier(self, kinds: tuple[str, ...]) -> list[Scene]:
        """Return the events of some kinds that came before it."""
        return [(_NOTHING, self, event) for event in self.history.of(kinds) if event["seq"] < self["seq"]]


class History:
    """What happened in one world."""

    def __init__(self, functions: "Functions", rows: Iterable[Row]) -> None:
        """Take the events."""
        self._events = [Event(row, self, functions) for row in rows]
        self._of: dict[tuple[str, ...], list[Event]] = {}

    def of(self, kinds: tuple[str, ...]) -> list[Event]:
        """Return the events of some kinds."""
        if kinds not in self._of:
            self._of[kinds] = [event for event in self._events if event["event"] in kinds]
        return self._of[kinds]


class Functions:
    """Some law as functions, each made when it is first needed, and kept."""

    def __init__(self, law: Law) -> None:
        """Make nothing yet."""
        self.law = law
        self._of_acts: dict[str, Callable[[Act], Any]] = {}
        self._of_events: dict[str, Callable[[Event], Any]] = {}
        self._of_rules: dict[int, tuple[Function[Scene], ...]] = {}

    def verdict(self, act: Act) -> Row:
        """Return the bits and answers of an act; OverflowError when a number leaves 64 bits."""
        rules = self.law.rules
        found = dict.fromkeys((f"{name}_{word}" for name in _BITS for word in range(-(-len(rules) // WORD))), 0)  # up
        answers: dict[str, Any] = {"act_no": act.get("act_no")}
        for place, rule in enumerate(rules):
            asked, unsure = self._asked(place, rule, act)
            if asked:
                word, bit = place // WORD, 1 << place % WORD  # a place among bits, not money
                permits = True if rule.permit is None else self._rule(place)[1](_scene(act))
                refused = permits is not True
                found[f"asked_{word}"] |= bit
                found[f"refused_{word}"] |= bit if refused else 0
                if permits is None or (unsure and (refused or rule.permit is None)):
                    found[f"unknown_{word}"] |= bit
            if rule.gives is not None:
                answers[f"gives_{place}"] = self._rule(place)[2](_scene(act)) if asked else None
        return answers | found

    def of_act(self, name: str) -> Callable[[Act], Any]:
        """Return how a fact of acts is found; what is neither a column told nor a fact is unknown."""
        if name not in self._of_acts:
            fact = self.law.facts.get(name)
            self._of_acts[name] = _unknown if fact is None else self._fact(fact)
        return self._of_acts[name]

    def of_event(self, name: str) -> Callable[[Event], Any]:
        """Return how a fact of events is found."""
        if name not in self._of_events:
            fact = self.law.facts.get(f"{EVENT}{name}")
            self._of_events[name] = _unknown if fact is None else self._event_fact(fact)
        return self._of_events[name]

    def _asked(self, place: int, rule: Rule, act: Act) -> tuple[bool, bool]:
        """Return whether a rule is asked of an act, and whether that itself is not known (then it is)."""
        if rule.book not in act["rulebooks"] or not _holds(rule, act["day"]):
            return False, False
        of_this_kind = act["ask"] == rule.record.answers if rule.permit is None else _is_judged(rule, act)
        if not of_this_kind or (rule.permit is None and act["ask"] is None):
            return False, False
        applies = True if rule.applies is None else self._rule(place)[0](_scene(act))
        return applies is not False, applies is None

    def _rule(self, place: int) -> tuple[Function[Scene], ...]:
        """Return what a rule asks: whether it applies, what it permits, what it gives."""
        if place not in self._of_rules:
            rule = self.law.rules[place]
            self._of_rules[place] = tuple(self._function(each) for each in (rule.applies, rule.permit, rule.gives))
        return self._of_rules[place]

    def _function(self, expression: Expression | None) -> Function[Scene]:
        return _nothing if expression is None else function(expression.node, self._find)

    def _find(self, name: str) -> Function[Scene]:
        if name.startswith(EARLIER):
            return self._in_event(name.removeprefix(EARLIER), 2)
        if name.startswith(EVENT):
            return self._in_event(name.removeprefix(EVENT), 1)
        return lambda scene: scene[0][name]

    def _in_event(self, name: str, place: int) -> Function[Scene]:
        """Find a name in an event; what is defined and depends on the act too is worked out for each act anew."""
        fact = self.law.facts.get(f"{EVENT}{name}")
        if fact is None or self._is_of_event_alone(fact):
            return lambda scene: scene[place][name]
        take = self._function(fact.take)
        return lambda scene: take((scene[0], scene[place], _NOTHING))

    def _is_of_event_alone(self, fact: Fact) -> bool:
        if fact.way != "define":
            return True
        others = [self.law.facts.get(name) for name in fact.names]
        alone = all(other is None or self._is_of_event_alone(other) for other in others)
        return alone and all(name.startswith(EVENT) for name in fact.names)

    def _fact(self, fact: Fact) -> Callable[[Act], Any]:
        if fact.way in AGGREGATES:
            aggregate = self._aggregate(fact, 1)
            return lambda act: aggregate(act.seen(fact.of))
        take = self._function(fact.take)
        if fact.days is not None:
            return self._workday(fact, take)
        if fact.table is not None:
            return _looked_up(fact.table, take)
        return lambda act: take(_scene(act))

    def _event_fact(self, fact: Fact) -> Callable[[Event], Any]:
        if fact.way == "define":
            take = self._function(fact.take)
            return lambda event: take((_NOTHING, event, _NOTHING))
        aggregate = self._aggregate(fact, 2)
        return lambda event: aggregate(event.earlier(fact.of) if event["event"] in fact.for_ else ())

    def _workday(self, fact: Fact, take: Function[Scene]) -> Callable[[Act], Any]:
        """Find the working day some working days after the one that is taken."""
        assert fact.days is not None  # noqa: S101  whoever asks has seen to it
        named, days = fact.days.calendar, fact.days.days

        def found(act: Act) -> date | None:
            start = take(_scene(act))
            works = act.works(act["calendar"] if named == "country" else named)
            return calendars.workday_after(works, start, days) if isinstance(start, date) else None

        return found

    def _aggregate(self, fact: Fact, place: int) -> Callable[[Sequence[Scene]], Any]:
        """Return how one aggregate over events is found; None where there is nothing to take."""
        holds = None if fact.where is None else self._function(fact.where)
        if fact.way == "any":
            return lambda seen: any(holds is None or holds(each) is True for each in seen)
        take = self._function(fact.take)

        def found(seen: Sequence[Scene]) -> Any:
            counted = seen if holds is None else [each for each in seen if holds(each) is True]
            if fact.way == "count":
                return len(counted)
            known = [(each[place]["seq"], value) for each in counted if (value := take(each)) is not None]
            return _taken(fact.way, known)

        return found


def _looked_up(table: TableRecord, take: Function[Scene]) -> Callable[[Act], Any]:
    """Find a day in a table: what its newest row that had begun by then says."""

    def found(act: Act) -> int | None:
        day = take(_scene(act))
        if not isinstance(day, date) or day > table.until:
            return None
        return next((row.is_ for row in reversed(table.rows) if row.from_ <= day), None)

    return found


def _taken(way: str, known: Sequence[tuple[int, Any]]) -> Any:
    """Return what an aggregate takes of values, each with its place in the history."""
    values = [value for _, value in known]
    if way == "sum":
        return fits(sum(values))
    if not values:
        return None
    if way in {"last", "first"}:
        return (max if way == "last" else min)(known, key=lambda pair: pair[0])[1]
    return max(values) if way == "latest" else min(values)


def _is_judged(rule: Rule, act: Act) -> bool:
    """Say whether an act is one that a rule judges; a contact that asks for money is a demand too."""
    judged = act["act"] in rule.record.acts
    return judged or (rule.is_of_demands and act["act"] == "contact" and act["demands"] is True)


def _holds(rule: Rule, day: date | None) -> bool:
    """Say whether this version holds on the day of the act; without a day the version that holds now does."""
    return rule.record.to is None if day is None else rule.in_force(day)


def _scene(act: Act) -> Scene:
    return act, _NOTHING, _NOTHING


def _nothing(_: Scene) -> None:
    return None


def _unknown(_: Row) -> None:
    return None
