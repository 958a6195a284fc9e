"""The tree that a checked expression becomes: three sorts of node, and what can be read off them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.law.catalogue import FactKind

Value = bool | int | str | date

DIVISIONS: Final = ("div_down", "div_up", "div_half_up", "div_half_even")
ORDERED: Final = ("<", "<=", ">", ">=")
COMPARISONS: Final = ("=", "<>", *ORDERED)
STRICT: Final = ("case", "least", "greatest")  # null as soon as a fact in them is unknown

# How tightly each operator binds; what is not named here never needs brackets.
_BINDS: Final = {
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys((*COMPARISONS, "between", "in", "is null"), 4),
    **dict.fromkeys(("+", "-", "days between", "days later", "days earlier"), 5),
    "*": 6,
    "neg": 7,
}
_ATOM: Final = 8
_SIGNS: Final = {"days between": "-", "days later": "+", "days earlier": "-"}

# How often an operand is written in the compiled SQL (see expression_ibis).
_COPIES: Final = {"div_down": 2, "div_up": 2, "div_half_up": 3, "div_half_even": 7, "between": 2, "share": 4}


@dataclass(frozen=True)
class Literal:
    """A value written in the text, or a parameter (`name`) with the value that it was given.

    None, unknown, stands in no text: it comes of a name that is unknown on every row.
    """

    kind: FactKind
    value: Value | None
    name: str = ""


@dataclass(frozen=True)
class Named:
    """A fact."""

    kind: FactKind
    name: str


@dataclass(frozen=True)
class Call:
    """An operator or function with its operands.

    `and` and `or` take two or more; `case` takes condition, value, condition, value, ..., value;
    `in` the tested value, then the literals; `between` the value, low, high.
    """

    kind: FactKind
    op: str
    args: tuple["Node", ...]


Node = Literal | Named | Call


def nodes(node: Node) -> Iterator[Node]:
    """Go through a node and everything under it."""
    waiting = [node]
    while waiting:
        last = waiting.pop()
        yield last
        if isinstance(last, Call):
            waiting.extend(reversed(last.args))


def facts_of(node: Node) -> tuple[Named, ...]:
    """Return the facts in a node, each once, in the order of the text."""
    return tuple(dict.fromkeys(each for each in nodes(node) if isinstance(each, Named)))


def weight(node: Node) -> int:
    """Count the leaves of the SQL that the node compiles to: divisions write their operand more than once."""
    if not isinstance(node, Call):
        return 1
    copies = _COPIES.get(node.op, 1)
    if node.op == "in":
        return weight(node.args[0]) * (len(node.args) - 1) + len(node.args)
    guard = len(facts_of(node)) if node.op in STRICT else 0
    return guard + copies * sum(weight(arg) for arg in node.args)


def render(node: Node, *, named: bool = False) -> str:
    """Write a node as text in one canonical layout.

    With `named` a parameter is written by its name, else by its value. Reading the text again gives the
    same tree, so equal texts mean the same.
    """
    if isinstance(node, Named):
        return node.name
    if isinstance(node, Literal):
        return node.name if named and node.name else _literal(node.value)
    negation = ""
    if node.op == "not":
        arg = node.args[0]
        if not (isinstance(arg, Call) and arg.op in {"is null", "in", "between"}):
            return f"not {_operand(node, 0, named=named)}"
        node, negation = arg, "not "  # `x is not null`, `x not in (...)`: as people write it
    texts = [_operand(node, index, named=named) for index in range(len(node.args))]
    return _call(node, texts, negation)


def _literal(value: Value | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def _operand(node: Call, index: int, *, named: bool) -> str:
    """Write one operand, in brackets where it would else be read differently."""
    arg = node.args[index]
    text = render(arg, named=named)
    own = _BINDS.get(node.op, 0)  # 0: functions and case separate their operands by themselves
    inner = _BINDS.get(arg.op, _ATOM) if isinstance(arg, Call) else _ATOM
    same_level_first = own in {5, 6} and index == 0  # a - b - c is (a - b) - c
    prefix = node.op in {"not", "neg"}  # not not a, - -a
    bare = inner > own or (inner == own and (same_level_first or prefix))
    return text if bare else f"({text})"


def _call(node: Call, texts: list[str], negation: str = "") -> str:
    op = node.op
    if op == "neg":
        return f"- {texts[0]}" if texts[0].startswith("-") else f"-{texts[0]}"  # "--" would begin a comment
    if op == "is null":
        return f"{texts[0]} is {negation}null"
    if op == "in":
        return f"{texts[0]} {negation}in ({', '.join(texts[1:])})"
    if op == "between":
        return f"{texts[0]} {negation}between {texts[1]} and {texts[2]}"
    if op == "case":
        pairs = zip(texts[:-1:2], texts[1:-1:2], strict=True)
        whens = " ".join(f"when {condition} then {value}" for condition, value in pairs)
        return f"case {whens} else {texts[-1]} end"
    if op in _BINDS:
        return f" {_SIGNS.get(op, op)} ".join(texts)
    return f"{op}({', '.join(texts)})"
