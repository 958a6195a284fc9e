"""The conditions of rules in other words: as plain Python, and as expressions and a decision table of zen.

Neither has a third truth value, so each condition is written twice: when it is true, and when it is false. A
comparison in either asks first whether what it compares is known; what is neither true nor false is unknown.
Days are counted from 1970-01-01. What a tongue cannot say raises CannotSay, and the rule is left out.
"""

import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import zen

from duecourse.law.catalogue import FactKind
from duecourse.law.expression_tree import Call, Literal, Named, Node, Value, facts_of
from duecourse.law.rulebook import Rule

Masks = tuple[int, int, int]
"""The rules asked, those that refuse, and those that refuse for want of knowledge; the first rule is the least bit."""

FIRST_DAY: Final = date(1970, 1, 1)
_OPPOSITE: Final = {"=": "!=", "<>": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SAME: Final = {"=": "==", "<>": "!="}
_SUMS: Final = {"+": "+", "-": "-", "*": "*", "days later": "+", "days earlier": "-", "days between": "-"}
_ALWAYS: Final = Literal(FactKind.BOOLEAN, value=True)


class CannotSay(Exception):  # noqa: N818  no error: the rule is counted among those left out
    """An operator that the other tongue lacks, or that this translator does not know."""


@dataclass(frozen=True)
class Tongue:
    """How another language says the few things in which the two differ."""

    null: str
    true: str
    false: str
    same: str  # compares with null, true and false
    differs: str
    brackets: str  # around the values that `in` looks among

    def name(self, fact: str) -> str:
        """Return the variable of a fact: `loan.balance` is loan__balance."""
        plain = fact.replace(".", "__")
        return f"{plain}_" if keyword.iskeyword(plain) and self is PYTHON else plain

    def known(self, fact: str) -> str:
        """Say that a fact is known."""
        return f"{self.name(fact)} {self.differs} {self.null}"

    def unknown(self, fact: str) -> str:
        """Say that a fact is not known."""
        return f"{self.name(fact)} {self.same} {self.null}"

    def literal(self, value: Value) -> str:
        """Write a value."""
        if isinstance(value, bool):
            return self.true if value else self.false
        if isinstance(value, date):
            return str((value - FIRST_DAY).days)
        if isinstance(value, str) and {"'", "\\"} & set(value):
            raise CannotSay(value)
        return f"'{value}'" if isinstance(value, str) else str(value)

    def among(self, values: Sequence[Value]) -> str:
        """Write a list of values."""
        texts = ", ".join(self.literal(value) for value in values)
        return f"{self.brackets[0]}{texts}{',' if self is PYTHON else ''}{self.brackets[1]}"


PYTHON: Final = Tongue("None", "True", "False", "is", "is not", "()")
ZEN: Final = Tongue("null", "true", "false", "==", "!=", "[]")


def _joined(word: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({f' {word} '.join(parts)})"


def _all(parts: Sequence[str]) -> str:
    return _joined("and", parts)


def _any(parts: Sequence[str]) -> str:
    return _joined("or", parts)


def _known(node: Node, tongue: Tongue) -> list[str]:
    return [tongue.known(fact.name) for fact in facts_of(node)]


def _value(node: Node, tongue: Tongue) -> str:
    """Write a number, a day, a text or a list, all of whose facts are known."""
    if isinstance(node, Literal):
        if node.value is None:
            raise CannotSay("null")
        return tongue.literal(node.value)
    if isinstance(node, Named):
        return tongue.name(node.name)
    if node.op in _SUMS:
        return f"({f' {_SUMS[node.op]} '.join(_value(arg, tongue) for arg in node.args)})"
    raise CannotSay(node.op)


def says(node: Node, tongue: Tongue, wanted: bool) -> str:
    """Write a condition's being true (or with `wanted` false: its being false) as a test of two values."""
    if isinstance(node, Literal):
        return tongue.literal(node.value is wanted)
    if isinstance(node, Named):
        return f"{tongue.name(node.name)} {tongue.same} {tongue.literal(wanted)}"
    first = node.args[0]
    if node.op == "not":
        return says(first, tongue, not wanted)
    if node.op in {"and", "or"}:
        return (_all if (node.op == "and") is wanted else _any)([says(arg, tongue, wanted) for arg in node.args])
    if node.op == "between":
        low, high = (Call(FactKind.BOOLEAN, op, (first, node.args[at])) for op, at in ((">=", 1), ("<=", 2)))
        return says(Call(FactKind.BOOLEAN, "and", (low, high)), tongue, wanted)
    if node.op == "is null":
        _value(first, tongue)  # only what is unknown as soon as one of its facts is
        unknown = [tongue.unknown(fact.name) for fact in facts_of(first)]
        return _any(unknown) if wanted else _all(_known(first, tongue))
    if node.op == "coalesce":
        return _coalesce(node, tongue, wanted)
    return _all([*_guards(node, tongue, wanted), *_test(node, tongue, wanted)])


def _coalesce(node: Call, tongue: Tongue, wanted: bool) -> str:
    first, last = node.args[0], node.args[-1]
    if len(node.args) != 2 or not isinstance(last, Literal):
        raise CannotSay(node.op)
    if last.value is wanted:
        return f"not ({says(first, tongue, not wanted)})"
    return says(first, tongue, wanted)


def _guards(node: Call, tongue: Tongue, wanted: bool) -> list[str]:
    """Ask whether the facts are known, unless the test itself is not passed by null in either tongue."""
    literals = all(isinstance(arg, Literal) for arg in node.args[1:])
    equals = (node.op, wanted) in {("=", True), ("<>", False), ("in", True)}
    plain = equals and literals and isinstance(node.args[0], Named)
    return [] if plain else _known(node, tongue)


def _test(node: Call, tongue: Tongue, wanted: bool) -> list[str]:
    """Write a comparison of known values, as parts of an `and`."""
    left = _value(node.args[0], tongue)
    if node.op in _OPPOSITE:
        sign = _SAME.get(node.op, node.op) if wanted else _OPPOSITE[node.op]
        return [f"{left} {sign} {_value(node.args[1], tongue)}"]
    among = [arg.value for arg in node.args[1:] if isinstance(arg, Literal) and arg.value is not None]
    if len(among) != len(node.args) - 1 or node.op not in {"in", "has", "has_all"}:
        raise CannotSay(node.op)
    if node.op == "in":
        return [f"{left} {'in' if wanted else 'not in'} {tongue.among(among)}"]
    tests = [f"{tongue.literal(word)} {'in' if wanted else 'not in'} {left}" for word in among]
    return tests if (node.op == "has_all") is wanted else [_any(tests)]


@dataclass(frozen=True)
class Said:
    """A rule in another tongue: when it is asked, when it permits, and when its refusal is for what is known."""

    asked: str
    permits: str
    sure: str


def said(rule: Rule, tongue: Tongue) -> Said:
    """Translate a rule that judges acts; CannotSay when the tongue, or this translator, lacks the words."""
    if rule.permit is None:
        raise CannotSay(rule.id)
    applies = rule.applies.node if rule.applies is not None else _ALWAYS
    permit = rule.permit.node
    day, since = tongue.name("day"), f"{tongue.name('day')} >= {tongue.literal(rule.record.from_)}"
    if rule.record.to is None:
        in_force = _any([tongue.unknown("day"), since])
    else:
        in_force = _all([tongue.known("day"), since, f"{day} < {tongue.literal(rule.record.to)}"])
    act = _any([f"{tongue.name('act')} == {tongue.literal(act)}" for act in rule.record.acts])
    return Said(
        _all([act, in_force, f"not ({says(applies, tongue, wanted=False)})"]),
        says(permit, tongue, wanted=True),
        _all([says(permit, tongue, wanted=False), says(applies, tongue, wanted=True)]),
    )


def sayable(rule: Rule) -> bool:
    """Whether the rule can be said in both tongues, and zen reads it."""
    try:
        said(rule, PYTHON)
        return zen.validate_expression(_outcome(said(rule, ZEN))) is None
    except CannotSay:
        return False


def python_judge(rules: Sequence[Rule], facts: Sequence[str]) -> tuple[Callable[[Mapping[str, Any]], Masks], str]:
    """Return one Python function that judges a dict of facts by all the rules, and its text."""
    lines = ["def judge(facts):", *(f"    {PYTHON.name(fact)} = facts[{fact!r}]" for fact in facts)]
    lines.append("    asked = refused = unknown = 0")
    for place, rule in enumerate(rules):
        words = said(rule, PYTHON)
        lines += [
            f"    # {rule.id}",
            f"    if {words.asked}:",
            f"        asked |= {1 << place}",
            f"        if not ({words.permits}):",
            f"            refused |= {1 << place}",
            f"            if not ({words.sure}):",
            f"                unknown |= {1 << place}",
        ]
    text = "\n".join([*lines, "    return asked, refused, unknown", ""])
    made: dict[str, Any] = {}
    exec(compile(text, "judge of facts", "exec"), made)  # noqa: S102  the text is our own rules
    return made["judge"], text


def _outcome(words: Said) -> str:
    """Say what comes of a rule, as one text: 0 not asked, 1 permits, 2 refuses, 3 refuses for want of knowledge."""
    return f"({words.asked} ? ({words.permits} ? '1' : ({words.sure} ? '2' : '3')) : '0')"


def zen_expression(rules: Sequence[Rule]) -> str:
    """Return one expression of zen that judges by all the rules: a text with the outcome of each, in order."""
    return " + ".join(_outcome(said(rule, ZEN)) for rule in rules)


def zen_table(rules: Sequence[Rule]) -> dict[str, Any]:
    """Return a decision of zen: one table with a row for each rule, all rows that fit collected."""
    rows = []
    for place, rule in enumerate(rules):
        words = said(rule, ZEN)
        outcome = f"{words.permits} ? 1 : ({words.sure} ? 2 : 3)"
        rows.append({"_id": rule.id, "asked": words.asked, "rule": str(place), "outcome": outcome})
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": "asked", "name": "asked", "field": ""}],
        "outputs": [{"id": each, "name": each, "field": each} for each in ("rule", "outcome")],
        "rules": rows,
    }
    kinds = {"facts": "inputNode", "rules": "decisionTableNode", "answer": "outputNode"}
    nodes = [
        {
            "id": name,
            "name": name,
            "type": kind,
            "position": {"x": 0, "y": 0},
            "content": table if name == "rules" else {},
        }
        for name, kind in kinds.items()
    ]
    edges = [
        {"id": f"from {start}", "type": "edge", "sourceId": start, "targetId": end}
        for start, end in (("facts", "rules"), ("rules", "answer"))
    ]
    return {"nodes": nodes, "edges": edges}
