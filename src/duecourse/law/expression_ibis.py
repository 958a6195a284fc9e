"""An expression as an Ibis value that gives the same answer on DuckDB, PostgreSQL and Spark.

Ibis has no exact integer division (`//` goes through a double and is wrong beyond 2^53), and its date
arithmetic gives timestamps on some engines. Four small operations of our own say these per engine.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from sqlglot import exp

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind
from duecourse.law.expression_place import ExpressionError, Place
from duecourse.law.expression_tree import COMPARISONS, DIVISIONS, STRICT, Call, Literal, Named, Node

_MILLION: Final = 1_000_000


class IntegerQuotient(ops.Binary):  # type: ignore[misc]  # Ibis publishes no types
    """int64 by int64, cut towards zero, never through a double. The divisor is not zero."""

    left: ops.Value[dt.Integer]
    right: ops.Value[dt.Integer]
    dtype = dt.int64


class Bracketed(ops.Unary):  # type: ignore[misc]
    """A boolean in brackets.

    Ibis writes (not x) is null, x in (1, 2) is null and (not x) = y without them, and engines read these
    differently or not at all. Facts need it as well as `not`: Ibis puts a fact's definition in its place.
    """

    arg: ops.Value[dt.Boolean]
    dtype = dt.boolean


class Narrow(ops.Unary):  # type: ignore[misc]
    """A number cast to int64; out of range it is an error.

    A sum of int64 is wider on engines (a decimal on PostgreSQL), and Ibis, which takes it for int64, leaves casts out.
    """

    arg: ops.Value[dt.Integer]
    dtype = dt.int64


class DaysBetween(ops.Binary):  # type: ignore[misc]
    """Days from the date `right` to the date `left`, int64."""

    left: ops.Value[dt.Date]
    right: ops.Value[dt.Date]
    dtype = dt.int64


class DaysLater(ops.Binary):  # type: ignore[misc]
    """The date `left` moved by `right` days, a date."""

    left: ops.Value[dt.Date]
    right: ops.Value[dt.Integer]
    dtype = dt.date


class MonthsLater(ops.Binary):  # type: ignore[misc]
    """The date `left` moved by `right` months; a month that is too short gives its last day."""

    left: ops.Value[dt.Date]
    right: ops.Value[dt.Integer]
    dtype = dt.date


class ListsOverlap(ops.Binary):  # type: ignore[misc]
    """Whether two lists of texts have a text in common."""

    left: ops.Value[dt.Array]
    right: ops.Value[dt.Array]
    dtype = dt.boolean


class MonthEnd(ops.Unary):  # type: ignore[misc]
    """The last day of the month of a date."""

    arg: ops.Value[dt.Date]
    dtype = dt.date


class YearEnd(ops.Unary):  # type: ignore[misc]
    """The 31st of December of the year of a date."""

    arg: ops.Value[dt.Date]
    dtype = dt.date


class WeekdayOf(ops.Unary):  # type: ignore[misc]
    """The day of the week: 1 Monday to 7 Sunday, int64."""

    arg: ops.Value[dt.Date]
    dtype = dt.int64


def _whole(this: exp.Expr, engine: str) -> exp.Expr:
    """Cast to the engine's 32-bit integer, the only width that dates are moved by."""
    return exp.Cast(this=this, to=exp.DataType.build("INT", dialect=engine))


def _big(this: exp.Expr, engine: str) -> exp.Expr:
    return exp.Cast(this=this, to=exp.DataType.build("BIGINT", dialect=engine))


def _call(name: str) -> Callable[[exp.Expr, exp.Expr], exp.Expr]:
    return lambda left, right: exp.Anonymous(this=name, expressions=[left, right])


def _of(name: str, *args: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(args))


def _day(this: exp.Expr, engine: str = "postgres") -> exp.Expr:
    return exp.Cast(this=_brackets(this), to=exp.DataType.build("DATE", dialect=engine))


def _parsed(text: str, arg: exp.Expr) -> exp.Expr:
    """Put an operand in the place of x in a fixed text of PostgreSQL's SQL."""
    tree = sqlglot.parse_one(text, dialect="postgres")
    return _brackets(tree.transform(lambda node: arg.copy() if node == exp.column("x") else node))


def _moved(left: exp.Expr, days: exp.Expr) -> exp.Expr:
    return _brackets(exp.Add(this=_brackets(left), expression=days))


def _brackets(this: exp.Expr) -> exp.Expr:
    return exp.Paren(this=this)


def _overlap(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Say on DuckDB whether lists have something in common: most lists are of one loan, which is found faster."""
    one = exp.EQ(this=_of("len", right), expression=exp.Literal.number(1))
    within = _of("list_contains", left, _of("list_extract", right, exp.Literal.number(1)))
    return exp.Case(ifs=[exp.If(this=one, true=within)], default=_of("list_has_any", left, right))


_Write = Callable[[exp.Expr, exp.Expr], exp.Expr]
_SQL: Final[Mapping[type, Mapping[str, _Write]]] = {
    IntegerQuotient: {
        "duckdb": _call("divide"),
        "postgres": _call("int8div"),
        "spark": lambda left, right: _brackets(exp.IntDiv(this=_brackets(left), expression=_brackets(right))),
    },
    DaysBetween: {
        "duckdb": lambda left, right: exp.Anonymous(
            this="date_diff", expressions=[exp.Literal.string("day"), right, left]
        ),
        "postgres": lambda left, right: _big(exp.Sub(this=_brackets(left), expression=_brackets(right)), "postgres"),
        "spark": lambda left, right: _big(_call("datediff")(left, right), "spark"),
    },
    DaysLater: {
        "duckdb": lambda left, right: _moved(left, _whole(right, "duckdb")),
        "postgres": lambda left, right: _moved(left, _whole(right, "postgres")),
        "spark": lambda left, right: _call("date_add")(left, _whole(right, "spark")),
    },
    ListsOverlap: {
        "duckdb": _overlap,
        "postgres": lambda left, right: _brackets(exp.ArrayOverlaps(this=_brackets(left), expression=_brackets(right))),
        "spark": _call("arrays_overlap"),
    },
    MonthsLater: {
        "duckdb": lambda left, right: _day(
            exp.Add(this=_brackets(left), expression=_of("to_months", _whole(right, "duckdb"))), "duckdb"
        ),
        "postgres": lambda left, right: _day(
            exp.Add(
                this=_brackets(left), expression=_of("make_interval", exp.Literal.number(0), _whole(right, "postgres"))
            ),
            "postgres",
        ),
        "spark": lambda left, right: _call("add_months")(left, _whole(right, "spark")),
    },
}
_SQL_OF_ONE: Final[Mapping[type, Mapping[str, Callable[[exp.Expr], exp.Expr]]]] = {
    MonthEnd: {
        "duckdb": lambda arg: _of("last_day", arg),
        "postgres": lambda arg: _day(_parsed("date_trunc('month', x) + interval '1 month' - interval '1 day'", arg)),
        "spark": lambda arg: _of("last_day", arg),
    },
    YearEnd: {
        "duckdb": lambda arg: _parsed("make_date(year(x), 12, 31)", arg),
        "postgres": lambda arg: _parsed("make_date(extract(year from x)::int, 12, 31)", arg),
        "spark": lambda arg: _parsed("make_date(year(x), 12, 31)", arg),
    },
    Narrow: {
        "duckdb": lambda arg: _big(arg, "duckdb"),
        "postgres": lambda arg: _big(arg, "postgres"),
        "spark": lambda arg: _big(arg, "spark"),
    },
    WeekdayOf: {
        "duckdb": lambda arg: _big(_of("isodow", arg), "duckdb"),
        "postgres": lambda arg: _big(_parsed("extract(isodow from x)", arg), "postgres"),
        "spark": lambda arg: _big(_parsed("weekday(x) + 1", arg), "spark"),
    },
}


def _visit(compiler: Any, op: ops.Node, *, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Write one of our operations for the compiler's engine."""
    return _SQL[type(op)][_engine(compiler)](left, right)


def _engine(compiler: Any) -> str:
    name = compiler.dialect.__name__
    engine = {"DuckDB": "duckdb", "Postgres": "postgres", "PySpark": "spark"}.get(name)
    if engine is None:
        raise DueCourseError(f"{name} cannot run expressions: use DuckDB, PostgreSQL or Spark")
    return engine


def _visit_one(compiler: Any, op: ops.Node, *, arg: exp.Expr) -> exp.Expr:
    return _SQL_OF_ONE[type(op)][_engine(compiler)](arg)


def _visit_brackets(_compiler: object, _op: ops.Node, *, arg: exp.Expr) -> exp.Expr:
    return _brackets(arg)


SQLGlotCompiler.visit_Bracketed = _visit_brackets
for _operation in _SQL:
    setattr(SQLGlotCompiler, f"visit_{_operation.__name__}", _visit)  # how Ibis finds an operation's SQL
for _operation in _SQL_OF_ONE:
    setattr(SQLGlotCompiler, f"visit_{_operation.__name__}", _visit_one)


def compiled(node: Node, columns: Mapping[str, ir.Value], place: Place) -> ir.Value:
    """Return the node as an Ibis value over the columns of the facts."""
    if isinstance(node, Literal):
        return _literal(node)
    if isinstance(node, Named):
        return _column(node, columns, place)
    if node.op in STRICT:
        return _strict(node, columns, place)
    args = [compiled(arg, columns, place) for arg in node.args]
    if node.op in DIVISIONS:
        return _divided(node.op, args[0], _number(node.args[1]))
    if node.op in COMPARISONS:
        return _COMPARE[node.op](args[0], args[1])
    return _PLAIN[node.op](args)


def _number(node: Node) -> int:
    assert isinstance(node, Literal)  # noqa: S101  the checker takes nothing else
    return int(str(node.value))


_TYPES: Final = {FactKind.TEXT: "string", FactKind.TEXTS: "array<string>", FactKind.INTEGER: "int64"}


def _literal(node: Literal) -> ir.Value:
    kind = _TYPES.get(node.kind, str(node.kind))
    if node.value is None:
        return ibis.null(kind)
    if node.kind == FactKind.INTEGER:
        return _int(int(str(node.value)))
    return ibis.literal(node.value, type=kind)


def _int(value: int) -> ir.Value:
    return ibis.literal(value).cast("int64")  # a literal has the narrowest type: its products overflow


_FITS: Final[Mapping[FactKind, Callable[[dt.DataType], bool]]] = {
    FactKind.BOOLEAN: lambda kind: bool(kind.is_boolean()),
    FactKind.INTEGER: lambda kind: bool(kind.is_integer()),
    FactKind.DATE: lambda kind: bool(kind.is_date()),
    FactKind.TEXT: lambda kind: bool(kind.is_string()),
    FactKind.TEXTS: lambda kind: bool(kind.is_array()) and bool(kind.value_type.is_string()),
}


def _column(node: Named, columns: Mapping[str, ir.Value], place: Place) -> ir.Value:
    if node.name not in columns:
        raise ExpressionError(place, f"the fact {node.name!r} has no column: compute it before this")
    column = columns[node.name]
    if not _FITS[node.kind](column.type()):
        what = f"the fact {node.name!r} is declared {node.kind}, but its column is {column.type()}"
        raise ExpressionError(place, f"{what}: mend its declaration or its definition")
    if node.kind == FactKind.BOOLEAN:
        return Bracketed(column).to_expr()
    return column.cast("int64") if node.kind == FactKind.INTEGER else column


def _strict(node: Call, columns: Mapping[str, ir.Value], place: Place) -> ir.Value:
    """Write case, least and greatest: null as soon as a fact in them is unknown."""
    args = [compiled(arg, columns, place) for arg in node.args]
    if node.op == "case":
        branches = list(zip(args[:-1:2], args[1:-1:2], strict=True))
        value = ibis.cases(*branches, else_=args[-1])
    else:
        value = ibis.least(*args) if node.op == "least" else ibis.greatest(*args)
    unknown = _unknown(node, columns, place)
    if unknown is None:
        return value
    return ibis.cases((unknown, ibis.null(value.type())), else_=value)


def _unknown(node: Node, columns: Mapping[str, ir.Value], place: Place) -> ir.Value | None:
    """Return the condition that something the node looks at is unknown; None when nothing ever is."""
    if isinstance(node, Literal):
        return None
    if isinstance(node, Named):
        return _column(node, columns, place).isnull()
    each = [_unknown(arg, columns, place) for arg in _distinct(node)]
    known = [condition for condition in each if condition is not None]
    if node.op == "coalesce":
        return _balanced("and", known) if len(known) == len(each) else None
    return _balanced("or", known) if known else None


def _distinct(node: Call) -> list[Node]:
    """Return what may be unknown under a node, each once: facts, and coalesces as one thing."""
    if node.op == "coalesce":
        return list(node.args)
    found: dict[Node, None] = {}
    waiting: list[Node] = list(reversed(node.args))
    while waiting:
        last = waiting.pop()
        if isinstance(last, Call) and last.op != "coalesce":
            waiting.extend(reversed(last.args))
        else:
            found[last] = None
    return list(found)


def _balanced(op: str, conditions: list[ir.Value]) -> ir.Value:
    """Join conditions as a balanced tree, so that a long chain is not a deep one."""
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2  # a count, not money
    left, right = _balanced(op, conditions[:middle]), _balanced(op, conditions[middle:])
    return left & right if op == "and" else left | right


def _in(args: list[ir.Value]) -> ir.Value:
    """Write `x in (1, 2)` as `x = 1 or x = 2`: Spark cannot read `x in (1, 2) is null`."""
    return _balanced("or", [args[0] == each for each in args[1:]])


def _between(args: list[ir.Value]) -> ir.Value:
    return (args[0] >= args[1]) & (args[0] <= args[2])


def _step(condition: ir.Value) -> ir.Value:
    return ibis.cases((condition, _int(1)), else_=_int(0))


def _divided(op: str, number: ir.Value, by: int) -> ir.Value:
    """Divide by a number other than zero, rounded as `op` says, exactly for all of int64.

    The engines cut towards zero and leave a rest with the sign of `number`; from that rest follows the
    step to the rounded value. A negative divisor turns the sign, and with it down into up.
    """
    size = abs(by)
    if by < 0:
        mirrored = {"div_down": "div_up", "div_up": "div_down", "div_half_up": "half_down"}
        return -_divided_positive(mirrored.get(op, op), number, size)
    return _divided_positive(op, number, size)


def _divided_positive(op: str, number: ir.Value, by: int) -> ir.Value:
    quotient = IntegerQuotient(number, _int(by)).to_expr()
    rest = number % _int(by)
    if op == "div_down":
        return quotient - _step(rest < 0)
    if op == "div_up":
        return quotient + _step(rest > 0)
    below, above = by // 2, (by + 1) // 2  # half of the divisor, rounded down and up
    if op == "div_half_up":
        return quotient + _two_steps(rest >= above, rest < -below)
    if op == "half_down":
        return quotient + _two_steps(rest > below, rest <= -above)
    up, down = rest > below, rest < -below
    if below == above:  # an even divisor: at the half, an odd quotient steps away from zero to the even one
        odd = quotient % _int(2) != 0
        up, down = up | ((rest == below) & odd), down | ((rest == -below) & odd)
    return quotient + _two_steps(up, down)


def _two_steps(up: ir.Value, down: ir.Value) -> ir.Value:
    return ibis.cases((up, _int(1)), (down, _int(-1)), else_=_int(0))


def _share(args: list[ir.Value]) -> ir.Value:
    """Write floor(amount * ppm / 1,000,000) without the product: amount = q * 1,000,000 + r, worked apart."""
    amount, ppm = args
    whole = _divided("div_down", amount, _MILLION)
    rest = (amount % _int(_MILLION) + _int(_MILLION)) % _int(_MILLION)  # not negative
    return whole * ppm + _divided("div_down", rest * ppm, _MILLION)


def _coalesce(args: list[ir.Value]) -> ir.Value:
    return ibis.coalesce(*args)


_COMPARE: Final[Mapping[str, Callable[[ir.Value, ir.Value], ir.Value]]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_PLAIN: Final[Mapping[str, Callable[[list[ir.Value]], ir.Value]]] = {
    "and": lambda args: _balanced("and", args),
    "or": lambda args: _balanced("or", args),
    "not": lambda args: Bracketed(~args[0]).to_expr(),
    "neg": lambda args: -args[0],
    "is null": lambda args: args[0].isnull(),
    "in": _in,
    "between": _between,
    "+": lambda args: args[0] + args[1],
    "-": lambda args: args[0] - args[1],
    "*": lambda args: args[0] * args[1],
    "days between": lambda args: DaysBetween(args[0], args[1]).to_expr(),
    "days later": lambda args: DaysLater(args[0], args[1]).to_expr(),
    "days earlier": lambda args: DaysLater(args[0], -args[1]).to_expr(),
    "share": _share,
    "coalesce": _coalesce,
    "has": lambda args: _balanced("or", [args[0].contains(word) for word in args[1:]]),
    "has_all": lambda args: _balanced("and", [args[0].contains(word) for word in args[1:]]),
    "overlap": lambda args: ListsOverlap(args[0], args[1]).to_expr(),
    "how_many": lambda args: args[0].length().cast("int64"),
    "months_after": lambda args: MonthsLater(args[0], args[1]).to_expr(),
    "month_end": lambda args: MonthEnd(args[0]).to_expr(),
    "year_end": lambda args: YearEnd(args[0]).to_expr(),
    "weekday_of": lambda args: WeekdayOf(args[0]).to_expr(),
}
