"""From sqlglot's tree to ours: every operator, function and kind is checked on the way.

What is not expressly allowed here is refused, whatever sqlglot may have made of the words.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlglot import exp

from duecourse.law.catalogue import FactKind
from duecourse.law.expression_place import ExpressionError, Source
from duecourse.law.expression_tree import (
    DIVISIONS,
    Call,
    Literal,
    Named,
    Node,
    render,
    weight,
)
from duecourse.law.expression_words import DEPTH_MOST, too_deep

INTEGER_MOST: Final = 2**63 - 1
WEIGHT_MOST: Final = 2_000  # leaves of the compiled SQL; engines take about a second to plan so many

_BOOLEAN, _INTEGER, _DATE, _TEXT = FactKind.BOOLEAN, FactKind.INTEGER, FactKind.DATE, FactKind.TEXT
_TEXTS: Final = FactKind.TEXTS
_COMPARED: Final[Mapping[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Final[Mapping[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_LOOSE: Final = (*_COMPARED, exp.Between, exp.In, exp.Is, exp.Not)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Names:
    """What the text may speak of: facts with their kinds, parameters with their values."""

    kinds: Mapping[str, FactKind]
    parameters: Mapping[str, int]
    coalesce_because: str | None = None


@dataclass(frozen=True)
class _Checker:
    source: Source
    names: Names

    def fault(self, tree: exp.Expr, message: str) -> ExpressionError:
        """Return the error at the first word under `tree` whose place sqlglot kept."""
        starts = [node.meta["start"] for node in tree.walk() if "start" in node.meta]
        return self.source.fault(min(starts, default=0), message)


def check(source: Source, tree: exp.Expr, names: Names, expects: FactKind | None) -> Node:
    """Return the checked tree of a text; ExpressionError where it is not of the language or not `expects`."""
    checker = _Checker(source, names)
    node = _node(checker, tree, 0)
    if expects is not None and node.kind != expects:
        raise checker.fault(tree, f"{_short(node)!r} is {_a(node.kind)}: {_a(expects)} is needed here")
    if weight(node) > WEIGHT_MOST:
        raise source.fault(0, "too large once compiled: make a fact of what is divided")
    return node


def _a(kind: FactKind) -> str:
    return f"an {kind}" if kind == _INTEGER else f"a {kind}"


def _short(node: Node) -> str:
    text = render(node, named=True)
    return text if len(text) <= 60 else text[:57] + "..."


def _node(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    """Check one node of sqlglot's; `depth` makes a long chain end in an error, not in a crash."""
    if depth > DEPTH_MOST:
        raise checker.fault(tree, too_deep())
    if isinstance(tree, exp.Paren):
        return _node(checker, _child(checker, tree, "this"), depth)  # brackets were counted as words
    if isinstance(tree, (exp.And, exp.Or)):
        return _connected(checker, tree, depth)
    if type(tree) in _COMPARED:
        return _comparison(checker, tree, depth)
    if type(tree) in _ARITHMETIC:
        return _arithmetic(checker, tree, depth)
    rule = _RULES.get(type(tree))
    if rule is None:
        word = tree.sql().replace('"', "")[:40]
        raise checker.fault(tree, f"{word!r} is not part of the language: see docs/concepts/expressions.md")
    return rule(checker, tree, depth + 1)


def _child(checker: _Checker, tree: exp.Expr, name: str) -> exp.Expr:
    child = tree.args.get(name)
    if not isinstance(child, exp.Expr):
        raise checker.fault(tree, "an operand is missing or out of place")
    return child


def _connected(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    """Flatten `a and b and c` into one node: a chain of conditions is not nesting."""
    op = "and" if isinstance(tree, exp.And) else "or"
    parts: list[exp.Expr] = []
    waiting = [tree]
    while waiting:
        last = waiting.pop()
        if type(last) is type(tree):
            waiting += [_child(checker, last, "expression"), _child(checker, last, "this")]
        else:
            parts.append(last)
    args: list[Node] = []
    for part in parts:
        node = _of(checker, part, depth + 1, _BOOLEAN, f"an operand of {op!r}")
        args.extend(node.args if isinstance(node, Call) and node.op == op else (node,))
    return Call(_BOOLEAN, op, tuple(args))


def _of(checker: _Checker, tree: exp.Expr, depth: int, kind: FactKind, role: str) -> Node:
    """Check a node that must be of one kind; `role` says in the error what it is."""
    node = _node(checker, tree, depth)
    if node.kind != kind:
        raise checker.fault(tree, f"{_short(node)!r} is {_a(node.kind)}: {role} must be {_a(kind)}")
    return node


def _operand(checker: _Checker, tree: exp.Expr, name: str, depth: int) -> Node:
    """Check an operand of a comparison; a comparison there without brackets reads differently to people."""
    child = _child(checker, tree, name)
    if isinstance(child, _LOOSE):
        raise checker.fault(child, "comparisons in a chain: join two with and, or put one in brackets")
    return _node(checker, child, depth)


def _mixed(op: str, left: Node, right: Node) -> str:
    return f"{op!r} cannot take {_short(left)!r} ({left.kind}) with {_short(right)!r} ({right.kind})"


def _alike(checker: _Checker, tree: exp.Expr, op: str, args: list[Node]) -> None:
    """Refuse operands of different kinds, and an order among kinds that engines do not order alike."""
    first = args[0]
    for other in args[1:]:
        if other.kind != first.kind:
            dates = {first.kind, other.kind} == {_DATE, _TEXT}
            advice = "a day is written date '2026-01-31'" if dates else "both must be of one kind"
            raise checker.fault(tree, f"{_mixed(op, first, other)}: {advice}")
    if first.kind == _TEXTS:
        raise checker.fault(tree, f"{_short(first)!r} is a list: ask it with has, has_all, overlap or how_many")
    if op not in {"=", "<>", "in", "case", "coalesce"} and first.kind not in {_INTEGER, _DATE}:
        advice = "use = or <>" if first.kind == _TEXT else "use and, or, not"
        raise checker.fault(tree, f"{op!r} has no order for {_short(first)!r} ({first.kind}): {advice}")


def _comparison(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    op = _COMPARED[type(tree)]
    args = [_operand(checker, tree, name, depth + 1) for name in ("this", "expression")]
    _alike(checker, tree, op, args)
    return Call(_BOOLEAN, op, tuple(args))


def _between(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    args = [_operand(checker, tree, name, depth) for name in ("this", "low", "high")]
    _alike(checker, tree, "between", args)
    return Call(_BOOLEAN, "between", tuple(args))


def _in(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    tested = _operand(checker, tree, "this", depth)
    listed = tree.args.get("expressions")
    if not isinstance(listed, list) or not listed:
        raise checker.fault(tree, "'in' needs a list of values in brackets: in (1, 2)")
    args = [tested]
    for each in listed:
        node = _node(checker, each, depth)
        if not isinstance(node, Literal):
            raise checker.fault(each, f"{_short(node)!r} is no plain value: for another fact write = and or")
        args.append(node)
    _alike(checker, tree, "in", args)
    if tested.kind == _BOOLEAN:
        raise checker.fault(tree, f"{_short(tested)!r} is a boolean: write it alone, or not {_short(tested)}")
    return Call(_BOOLEAN, "in", tuple(args))


def _is(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    if not isinstance(tree.args.get("expression"), exp.Null):
        raise checker.fault(tree, "'is' goes with null only: write `is null` or `is not null`")
    return Call(_BOOLEAN, "is null", (_operand(checker, tree, "this", depth),))


def _not(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    child = _child(checker, tree, "this")
    return Call(_BOOLEAN, "not", (_of(checker, child, depth, _BOOLEAN, "the operand of 'not'"),))


def _negative(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    child = _child(checker, tree, "this")
    node = _of(checker, child, depth, _INTEGER, "what a minus stands before")
    if isinstance(node, Literal) and not node.name and isinstance(node.value, int) and node.value > 0:
        return Literal(_INTEGER, -node.value)
    return Call(_INTEGER, "neg", (node,))


def _arithmetic(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    op = _ARITHMETIC[type(tree)]
    left, right = (_node(checker, _child(checker, tree, name), depth + 1) for name in ("this", "expression"))
    kinds = (left.kind, op, right.kind)
    if kinds in {(_INTEGER, sign, _INTEGER) for sign in "+-*"}:
        return Call(_INTEGER, op, (left, right))
    if kinds == (_DATE, "-", _DATE):
        return Call(_INTEGER, "days between", (left, right))
    if kinds == (_DATE, "+", _INTEGER):
        return Call(_DATE, "days later", (left, right))
    if kinds == (_DATE, "-", _INTEGER):
        return Call(_DATE, "days earlier", (left, right))
    advice = "write the date first" if kinds == (_INTEGER, "+", _DATE) else "see docs/concepts/expressions.md"
    raise checker.fault(tree, f"{_mixed(op, left, right)}: {advice}")


def _column(checker: _Checker, tree: exp.Expr, _depth: int) -> Node:
    names = checker.names
    name = tree.name
    if not isinstance(tree.args.get("this"), exp.Identifier) or tree.args.get("table") is not None:
        raise checker.fault(tree, f"{tree.sql()[:40]!r}: a fact has no qualifier, write its name alone")
    if name in {"true", "false"}:
        return Literal(_BOOLEAN, name == "true")
    if name in names.parameters:
        return Literal(_INTEGER, names.parameters[name], name)
    return Named(names.kinds[name], name)


def _literal(checker: _Checker, tree: exp.Expr, _depth: int) -> Node:
    text = tree.name
    if tree.args.get("is_string"):
        return Literal(_TEXT, text)
    value = int(text) if len(text) <= 19 else INTEGER_MOST + 1  # int() of thousands of digits is slow
    if value > INTEGER_MOST:
        raise checker.fault(tree, f"{text[:40]} is beyond 64 bits: the largest number is {INTEGER_MOST}")
    return Literal(_INTEGER, value)


def _date(checker: _Checker, tree: exp.Expr, _depth: int) -> Node:
    """Read `date '...'`, which sqlglot hands over as a cast of a text."""
    inner = _child(checker, tree, "this")
    target = tree.args.get("to")
    plain = isinstance(inner, exp.Literal) and inner.args.get("is_string")
    if not plain or not isinstance(target, exp.DataType) or target.this != exp.DType.DATE:
        raise checker.fault(tree, "kinds do not change: use a fact of the kind needed")
    refusal = checker.fault(tree, f"{inner.name[:40]!r} is no day: write date 'YYYY-MM-DD'")
    if not _DAY.fullmatch(inner.name):
        raise refusal
    try:
        return Literal(_DATE, date.fromisoformat(inner.name))
    except ValueError:
        raise refusal from None


def _case(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    if tree.args.get("this") is not None:
        raise checker.fault(tree, "'case x when 1' is not part of the language: write case when x = 1 then")
    if tree.args.get("default") is None:
        raise checker.fault(tree, "'case' needs an else: without one the rest would be unknown")
    args: list[Node] = []
    for branch in tree.args.get("ifs") or ():
        condition = _child(checker, branch, "this")
        args.append(_of(checker, condition, depth, _BOOLEAN, "what follows 'when'"))
        args.append(_node(checker, _child(checker, branch, "true"), depth))
    if not args:
        raise checker.fault(tree, "'case' needs a when")
    args.append(_node(checker, _child(checker, tree, "default"), depth))
    values = [*args[1:-1:2], args[-1]]
    _alike(checker, tree, "case", values)
    return Call(values[0].kind, "case", tuple(args))


def _listed(checker: _Checker, tree: exp.Expr, name: str, depth: int) -> list[Node]:
    """Check the operands of a function that sqlglot keeps as one first and a list of others."""
    rest = tree.args.get("expressions") or []
    trees = [_child(checker, tree, "this"), *rest]
    if len(trees) < 2:
        raise checker.fault(tree, f"{name!r} needs two operands or more")
    nodes = [_node(checker, each, depth) for each in trees]
    _alike(checker, tree, name, nodes)
    return nodes


def _extreme(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    name = "least" if isinstance(tree, exp.Least) else "greatest"
    nodes = _listed(checker, tree, name, depth)
    return Call(nodes[0].kind, name, tuple(nodes))


def _coalesce(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    if not (checker.names.coalesce_because or "").strip():
        raise checker.fault(
            tree,
            "'coalesce' turns missing knowledge into a value: declare why (coalesce_because) or leave it",
        )
    nodes = _listed(checker, tree, "coalesce", depth)
    return Call(nodes[0].kind, "coalesce", tuple(nodes))


_OPERANDS: Final[Mapping[str, tuple[FactKind, tuple[FactKind, ...]]]] = {
    **dict.fromkeys((*DIVISIONS, "share"), (_INTEGER, (_INTEGER, _INTEGER))),
    **dict.fromkeys(("has", "has_all"), (_BOOLEAN, (_TEXTS, _TEXT))),
    "overlap": (_BOOLEAN, (_TEXTS, _TEXTS)),
    "how_many": (_INTEGER, (_TEXTS,)),
    "months_after": (_DATE, (_DATE, _INTEGER)),
    "month_end": (_DATE, (_DATE,)),
    "year_end": (_DATE, (_DATE,)),
    "weekday_of": (_INTEGER, (_DATE,)),
}
_SHAPES: Final = {
    **dict.fromkeys(DIVISIONS, "(a, b)"),
    "share": "(amount, ppm)",
    **dict.fromkeys(("has", "has_all"), "(list, 'word', ...)"),
    "overlap": "(list, list)",
    "how_many": "(list)",
    "months_after": "(date, months)",
    **dict.fromkeys(("month_end", "year_end", "weekday_of"), "(date)"),
}


def _function(checker: _Checker, tree: exp.Expr, depth: int) -> Node:
    """Check the functions that sqlglot does not know: divisions, `share`, those of lists and of the calendar."""
    name = str(tree.this)
    if name not in _OPERANDS:
        raise checker.fault(tree, f"{name[:63]!r} is not a function of the language")
    gives, kinds = _OPERANDS[name]
    trees = tree.args.get("expressions") or []
    if name in {"has", "has_all"} and len(trees) > 2:
        kinds = (*kinds, *(_TEXT,) * (len(trees) - 2))
    if len(trees) != len(kinds):
        count = {1: "one operand", 2: "two operands"}[len(kinds)]
        raise checker.fault(tree, f"{name!r} takes {count}, not {len(trees)}: {name}{_SHAPES[name]}")
    args = [_of(checker, each, depth, kind, f"an operand of {name!r}") for each, kind in zip(trees, kinds, strict=True)]
    if name in DIVISIONS:
        _divisor(checker, trees[1], name, args[1])
    return Call(gives, name, tuple(args))


def _divisor(checker: _Checker, tree: exp.Expr, name: str, node: Node) -> None:
    if not isinstance(node, Literal):
        raise checker.fault(tree, f"{_short(node)!r}: {name!r} divides by a number or a parameter only")
    if node.value == 0:
        raise checker.fault(tree, f"{_short(node)!r}: {name!r} cannot divide by zero")


_Rule = Callable[[_Checker, exp.Expr, int], Node]
_RULES: Final[Mapping[type[exp.Expr], _Rule]] = {
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Not: _not,
    exp.Neg: _negative,
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Cast: _date,
    exp.Case: _case,
    exp.Least: _extreme,
    exp.Greatest: _extreme,
    exp.Coalesce: _coalesce,
    exp.Anonymous: _function,
}
