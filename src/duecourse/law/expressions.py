"""The expression language: conditions and amounts over named facts, written as SQL, judged on every engine.

    parse(text, kinds, place, expects=FactKind.BOOLEAN) -> Expression
    Expression.compile(columns) -> an Ibis value        Expression.evaluate(row) -> one value, in plain Python

docs/concepts/expressions.md is the language's specification.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

import ibis.expr.types as ir

from duecourse.law import expression_check, expression_ibis, expression_known, expression_rows, expression_words
from duecourse.law.catalogue import FactKind, refuse_name
from duecourse.law.expression_place import ExpressionError, Place, Source
from duecourse.law.expression_tree import Call, Literal, Node, Value, facts_of, render

__all__ = ["Expression", "ExpressionError", "Place", "parse"]

_NONE: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    `text` is what was written (for a part: its canonical layout), `kind` what it gives, `place` where it
    stands (for a part: where the whole stands). `facts` are the facts that it looks at; parameters are
    not among them.
    """

    text: str
    kind: FactKind
    facts: frozenset[str]
    place: Place
    node: Node = field(repr=False)

    @property
    def canonical(self) -> str:
        """The text in one layout, parameters by their values: texts that differ in layout only are equal."""
        return render(self.node)

    def parts(self) -> list["Expression"]:
        """Return the operands of the outermost `and` or `or`; the expression itself when there is neither."""
        if isinstance(self.node, Call) and self.node.op in {"and", "or"}:
            return [_expression(render(arg, named=True), arg, self.place) for arg in self.node.args]
        return [self]

    def narrowed(self, known: expression_known.Known) -> "Expression":
        """Return what is left of it where some names have the same value on every row (None: unknown on every row).

        Equal to it on every row that agrees with `known`.
        """
        return self.rewritten(lambda node: expression_known.narrowed(node, known))

    def rewritten(self, change: Callable[[Node], Node]) -> "Expression":
        """Return the expression with its tree changed by a function that keeps the kind of its value."""
        node = change(self.node)
        return self if node == self.node else _expression(render(node, named=True), node, self.place)

    def also(self, other: "Expression") -> "Expression":
        """Return the condition that both hold; it stands where this one stands."""
        return self.rewritten(lambda node: Call(FactKind.BOOLEAN, "and", (node, other.node)))

    @property
    def constant(self) -> Literal | None:
        """Return the value that it has whatever the row, if it has one."""
        return self.node if isinstance(self.node, Literal) else None

    def compile(self, columns: Mapping[str, ir.Value]) -> ir.Value:
        """Return the Ibis value over the columns of the facts, equal on DuckDB, PostgreSQL and Spark.

        Integers come out as int64. Overflow is an error of the engine, never a wrong value.
        ExpressionError when a fact has no column, or one of another kind than declared.
        """
        return expression_ibis.compiled(self.node, columns, self.place)

    def evaluate(self, values: Mapping[str, object]) -> Value | None:
        """Return the value on one row of facts (None: unknown), as the compiled form gives it on that row.

        ExpressionError when a fact has no value given (None is given), and on overflow.
        """
        missing = sorted(self.facts - set(values))
        if missing:
            raise ExpressionError(self.place, f"the fact {missing[0]!r} has no value: give one, None if unknown")
        try:
            return self._function(values)
        except OverflowError as error:
            raise ExpressionError(self.place, f"{self.text[:60]!r} overflows: {error}") from None

    @cached_property
    def _function(self) -> expression_rows.Function[expression_rows.Row]:
        return expression_rows.function(self.node, expression_rows.of_row)


def parse(
    text: str,
    kinds: Mapping[str, FactKind],
    place: Place,
    *,
    expects: FactKind | None,
    parameters: Mapping[str, int] = _NONE,
    coalesce_because: str | None = None,
) -> Expression:
    """Read and check an expression that stands at `place` and must give a value of kind `expects` (None: any).

    `kinds` are the facts that it may name, `parameters` named integers (int64), and `coalesce_because` the
    declared reason without which `coalesce` is refused. For any text: an Expression or an ExpressionError.

    >>> from duecourse.law.catalogue import FactKind
    >>> calls = {"calls_placed_last_7_days": FactKind.INTEGER}
    >>> rule = parse("calls_placed_last_7_days<7", calls, Place("us.yaml", 12), expects=FactKind.BOOLEAN)
    >>> rule.canonical, rule.evaluate({"calls_placed_last_7_days": 7})
    ('calls_placed_last_7_days < 7', False)
    """
    for name, value in parameters.items():
        _parameter(name, value, kinds, place)
    source = Source(text, place)
    names = expression_check.Names(kinds, parameters, coalesce_because)
    tree = expression_words.read(source, (*kinds, *parameters))
    return _expression(text, expression_check.check(source, tree, names, expects), place)


def _expression(text: str, node: Node, place: Place) -> Expression:
    return Expression(text, node.kind, frozenset(fact.name for fact in facts_of(node)), place, node)


def _parameter(name: str, value: object, kinds: Mapping[str, FactKind], place: Place) -> None:
    refuse_name(name, f"{place}: parameter")
    if name in kinds:
        raise ExpressionError(place, f"parameter {name!r} has the name of a fact: give it another")
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > expression_check.INTEGER_MOST:
        raise ExpressionError(place, f"parameter {name!r} is {value!r}: it must be a whole number of 64 bits")
