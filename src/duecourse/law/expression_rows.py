"""An expression in plain Python: for the gate and for `explain`, and as the oracle of the form compiled to SQL.

As a function, asked often, or on one row, asked once; None is unknown.
"""

import calendar
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeVar, cast

from duecourse.kernel.months import months_after
from duecourse.law.expression_tree import COMPARISONS, DIVISIONS, STRICT, Call, Literal, Named, Node, Value

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Row = Mapping[str, object]
Scene = TypeVar("Scene")
Result = Value | None
Function = Callable[[Scene], Result]
"""What an expression becomes: a function of all that its names are found in. None is unknown."""
Find = Callable[[str], Function[Scene]]
"""Gives for a name the function that finds its value."""


def evaluate(node: Node, row: Row) -> Result:
    """Return the node's value on one row; None is unknown. Integers beyond 64 bits raise OverflowError."""
    return function(node, of_row)(row)


def unknown(node: Node, row: Row) -> bool:
    """Say whether a fact that the node looks at is unknown; for a coalesce, whether all its operands are."""
    return _unknown(node, of_row)(row)


def of_row(name: str) -> Function[Row]:
    """Find a name in a row, which has all of them."""
    return lambda row: cast("Result", row[name])


def function(node: Node, find: Find[Scene]) -> Function[Scene]:
    """Return what an expression is on a scene, as a function that is worked out once and asked often."""
    if isinstance(node, Literal):
        value = node.value
        return lambda _: value
    if isinstance(node, Named):
        return find(node.name)
    if node.op in STRICT:
        return _strict(node, find)
    args = [function(arg, find) for arg in node.args]
    if node.op in _CONNECTED:
        return _CONNECTED[node.op](args)
    if node.op in COMPARISONS:
        return _comparison(node, args)
    if node.op == "in":
        return _one_of(args[0], [arg.value for arg in node.args[1:] if isinstance(arg, Literal)])
    return _plain(node.op, args)


def _strict(node: Call, find: Find[Scene]) -> Function[Scene]:
    """Write what is unknown as soon as a fact in it is."""
    is_unknown = _unknown(node, find)
    args = [function(arg, find) for arg in node.args]
    found = _case(args) if node.op == "case" else _plain(node.op, args)
    return lambda scene: None if is_unknown(scene) else found(scene)


def _unknown(node: Node, find: Find[Scene]) -> Callable[[Scene], bool]:
    if isinstance(node, Literal):
        is_none = node.value is None
        return lambda _: is_none
    if isinstance(node, Named):
        found = find(node.name)
        return lambda scene: found(scene) is None
    each = [_unknown(arg, find) for arg in node.args]
    if node.op == "coalesce":
        return lambda scene: all(one(scene) for one in each)
    return lambda scene: any(one(scene) for one in each)


def _case(args: Sequence[Function[Scene]]) -> Function[Scene]:
    branches, otherwise = list(zip(args[:-1:2], args[1:-1:2], strict=True)), args[-1]
    return lambda scene: next((value for holds, value in branches if holds(scene) is True), otherwise)(scene)


def _and(args: Sequence[Function[Scene]]) -> Function[Scene]:
    def found(scene: Scene) -> Result:
        holds: bool | None = True
        for each in args:
            value = each(scene)
            if value is False:
                return False
            if value is None:
                holds = None
        return holds

    return found


def _or(args: Sequence[Function[Scene]]) -> Function[Scene]:
    def found(scene: Scene) -> Result:
        holds: bool | None = False
        for each in args:
            value = each(scene)
            if value is True:
                return True
            if value is None:
                holds = None
        return holds

    return found


def _not(args: Sequence[Function[Scene]]) -> Function[Scene]:
    (one,) = args
    return lambda scene: None if (value := one(scene)) is None else not value


def _is_null(args: Sequence[Function[Scene]]) -> Function[Scene]:
    (one,) = args
    return lambda scene: one(scene) is None


def _coalesce(args: Sequence[Function[Scene]]) -> Function[Scene]:
    return lambda scene: next((value for one in args if (value := one(scene)) is not None), None)


def _between(args: Sequence[Function[Scene]]) -> Function[Scene]:
    """Write `between` as SQL defines it: a value above the high end is out, whatever the low end is."""
    value, low, high = args
    return _and([_compare("<=", low, value), _compare("<=", value, high)])


_CONNECTED: Final[Mapping[str, Callable[[Sequence[Function[Any]]], Function[Any]]]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "is null": _is_null,
    "coalesce": _coalesce,
    "between": _between,
}


def _comparison(node: Call, args: Sequence[Function[Scene]]) -> Function[Scene]:
    left, right = args
    literal = node.args[1]
    if not isinstance(literal, Literal) or literal.value is None:
        return _compare(node.op, left, right)
    wanted, holds = literal.value, _COMPARE[node.op]
    return lambda scene: None if (value := left(scene)) is None else holds(value, wanted)


def _compare(op: str, left: Function[Scene], right: Function[Scene]) -> Function[Scene]:
    holds = _COMPARE[op]

    def found(scene: Scene) -> Result:
        first, second = left(scene), right(scene)
        return None if first is None or second is None else holds(first, second)

    return found


def _one_of(one: Function[Scene], words: Iterable[Result]) -> Function[Scene]:
    among = frozenset(words)
    return lambda scene: None if (value := one(scene)) is None else value in among


def _plain(op: str, args: Sequence[Function[Scene]]) -> Function[Scene]:
    """Write an operator that is unknown as soon as an operand is."""

    def found(scene: Scene) -> Result:
        values = [one(scene) for one in args]
        return None if None in values else _known(op, cast("list[Value]", values))

    return found


def _known(op: str, values: list[Value]) -> Value:
    """Work out an operator all of whose operands are known."""
    if op in {"least", "greatest"}:
        numbers = cast("list[int]", values)
        return min(numbers) if op == "least" else max(numbers)
    if op.startswith("days"):
        return _days(op, values)
    if op in _LISTS:
        return _LISTS[op](cast("tuple[str, ...]", values[0]), values[1:])
    if op in _CALENDAR:
        return _CALENDAR[op](cast("date", values[0]), *cast("list[int]", values[1:]))
    return fits(_number(op, cast("list[int]", values)))


def _days(op: str, values: list[Value]) -> Value:
    start = cast("date", values[0])
    if op == "days between":
        return (start - cast("date", values[1])).days
    days = timedelta(days=cast("int", values[1]))
    return start + days if op == "days later" else start - days


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


_CALENDAR: Final[Mapping[str, Callable[..., Value]]] = {
    "months_after": months_after,
    "month_end": _month_end,
    "year_end": lambda day: date(day.year, 12, 31),
    "weekday_of": lambda day: day.isoweekday(),
}
_LISTS: Final[Mapping[str, Callable[[tuple[str, ...], list[Value]], Value]]] = {
    "has": lambda words, wanted: any(word in words for word in wanted),
    "has_all": lambda words, wanted: all(word in words for word in wanted),
    "overlap": lambda words, others: bool(set(words) & set(cast("tuple[str, ...]", others[0]))),
    "how_many": lambda words, _: len(words),
}


def _number(op: str, values: list[int]) -> int:
    first = values[0]
    if op == "neg":
        return -first
    second = values[1]
    if op in DIVISIONS:
        return divided(op, first, second)
    if op == "share":
        return first * second // 1_000_000  # down, as the language defines it
    return {"+": first + second, "-": first - second, "*": first * second}[op]


def divided(op: str, number: int, by: int) -> int:
    """Divide exactly and round as `op` says: down and up are towards the lesser and the greater number."""
    lower = number // by  # the greatest integer that is not above the quotient
    rest_twice = 2 * abs(number - lower * by)
    if op == "div_down" or rest_twice == 0:
        return lower
    if op == "div_up" or rest_twice > abs(by):
        return lower + 1
    if rest_twice < abs(by):
        return lower
    return lower + 1 if op == "div_half_up" or lower % 2 else lower


def fits(number: int) -> int:
    """Return a number of 64 bits; OverflowError for any other."""
    if not -(2**63) <= number < 2**63:
        raise OverflowError(f"{number} is beyond 64 bits")
    return number
