"""Law narrowed to what can happen: the rules and facts that may still matter where much is known beforehand.

    narrowed(law, Given(known, kinds, on)) -> Law

A night proposes few of the acts that a rulebook speaks of, on a book that knows few of the events. What follows
from that is worked out once, here, and not for every act; every verdict stays the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from duecourse.law.expression_known import Known, Listed
from duecourse.law.expression_tree import Call, Literal, Node, Value
from duecourse.law.expressions import Expression
from duecourse.law.records import AGGREGATES
from duecourse.law.rulebook import Fact, Law, Rule

EVENT: Final = "event."
EARLIER: Final = "earlier."
_NOTHING_COUNTED: Final[Mapping[str, Value]] = {"count": 0, "sum": 0, "any": False}


@dataclass(frozen=True)
class Given:
    """What is known of every act and event to be judged.

    `known` gives columns of acts (`loan.product`) and of events (`event.form`) their one value, None where a column
    is unknown on every row, or says what a list holds at most. `kinds` are the kinds of event that may stand in the
    history, `on` is the day of every act.
    """

    known: Known
    kinds: frozenset[str]
    on: date


def narrowed(law: Law, given: Given, rules: Iterable[Rule]) -> Law:
    """Return the law with those of `rules` that may still refuse, and the facts that they still need.

    A rule that answers a question is kept as long as it may be asked. The words of `because` are left out: what
    they would fill in need not be worked out any more. On every act that agrees with `given`, what is refused, and
    what is refused for want of knowledge, is the same.
    """
    work = _Narrowing(law, given)
    kept = [rule for rule in (work.rule(rule) for rule in rules if rule.in_force(given.on)) if rule is not None]
    # The day is told by the versions in force alone, so that what is compiled serves until one of them changes.
    about = [law.hash, *sorted(given.kinds), *(f"{name} {value}" for name, value in sorted(given.known.items()))]
    digest = hashlib.sha256("\n".join(about).encode()).hexdigest()
    return replace(law, rules=tuple(kept), facts=work.facts, hash=digest)


class _Narrowing:
    """Names are looked at when an expression first speaks of them, so that a fact's own facts come before it."""

    def __init__(self, law: Law, given: Given) -> None:
        self._law, self._given = law, given
        self._known: dict[str, Value | Listed | None] = {}
        for name, value in given.known.items():
            self._known[name] = value
            if name.startswith(EVENT):
                self._known[_earlier(name)] = value
        self.facts: dict[str, Fact] = {}  # those that have no one value, by name

    def rule(self, rule: Rule) -> Rule | None:
        """Narrow a rule; None when it can never refuse, or never be asked."""
        applies = self._expression(rule.applies)
        permit = self._expression(rule.permit)
        if _is(applies, value=False) or _is(permit, value=True):
            return None
        if _is(applies, value=True):
            applies = None
        record = rule.record.model_copy(update={"because": None})
        return replace(rule, record=record, applies=applies, permit=permit, gives=self._expression(rule.gives))

    def _expression(self, expression: Expression | None, more: Known | None = None) -> Expression | None:
        if expression is None:
            return None
        for name in expression.facts:
            self._look_at(name)
        return expression.narrowed({**self._known, **more} if more else self._known)

    def _look_at(self, name: str) -> None:
        """Narrow a fact, once: either it has one value on every row, or it is kept."""
        name = f"{EVENT}{name.removeprefix(EARLIER)}" if name.startswith(EARLIER) else name
        if name in self._known or name in self.facts or name not in self._law.facts:
            return
        fact = self._law.facts[name]
        found = self._narrow(fact)
        if isinstance(found, Fact):
            self.facts[name] = found
            return
        self._known[name] = found.value
        if name.startswith(EVENT):
            self._known[_earlier(name)] = found.value

    def _narrow(self, fact: Fact) -> Fact | Literal:
        if fact.way in AGGREGATES:
            return self._aggregate(fact)
        take = self._expression(fact.take)
        if fact.way == "define" and take is not None and take.constant is not None:
            return take.constant
        return Literal(fact.kind, None) if _is(take, value=None) else replace(fact, take=take)

    def _aggregate(self, fact: Fact) -> Fact | Literal:
        of = tuple(kind for kind in fact.of if kind in self._given.kinds)
        for_ = tuple(kind for kind in fact.for_ if kind in self._given.kinds)
        nothing = Literal(fact.kind, _NOTHING_COUNTED.get(fact.way))
        if not of or (fact.for_ and not for_):
            return nothing
        prefix = EARLIER if fact.record.of_event else EVENT
        one = {f"{prefix}event": of[0]} if len(of) == 1 else {}
        where, take = self._expression(fact.where, one), self._expression(fact.take, one)
        if (where is not None and _never_holds(where.node)) or _is(take, value=None):
            return nothing
        if _is(where, value=True):
            where = None
        return replace(fact, of=of, for_=for_, where=where, take=take)


def _earlier(name: str) -> str:
    return f"{EARLIER}{name.removeprefix(EVENT)}"


def _is(expression: Expression | None, *, value: bool | None) -> bool:
    """Say whether an expression that is there has this one value on every row."""
    return expression is not None and expression.constant is not None and expression.constant.value is value


def _never_holds(node: Node) -> bool:
    """Say whether a condition is false or unknown on every row: an event of which it is so does not count."""
    if isinstance(node, Literal):
        return node.value is False or node.value is None
    if isinstance(node, Call) and node.op in {"and", "or"}:
        return (any if node.op == "and" else all)(_never_holds(arg) for arg in node.args)
    return False
