"""An expression on one row, in plain Python: for `explain`, and as the oracle of the compiled form."""

import calendar
import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final, cast

from duecourse.law.expression_tree import COMPARISONS, DIVISIONS, STRICT, Call, Literal, Named, Node, Value

_COMPARE: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Row = Mapping[str, object]


def evaluate(node: Node, row: Row) -> Value | None:
    """Return the node's value on one row; None is unknown. Integers beyond 64 bits raise OverflowError."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Named):
        return cast("Value | None", row[node.name])
    if node.op in STRICT and unknown(node, row):
        return None
    if node.op == "case":
        return _case(node, row)
    values = [evaluate(arg, row) for arg in node.args]
    if node.op == "between":  # SQL defines it so: a value above the high end is out, whatever the low end is
        low, high = _ordered(values[1], values[0]), _ordered(values[0], values[2])
        return _all(low, high)
    if node.op == "and":
        return _all(*values)
    if node.op == "or":
        return True if True in values else None if None in values else False
    if node.op == "is null":
        return values[0] is None
    if node.op == "coalesce":
        return next((value for value in values if value is not None), None)
    if None in values:
        return None
    return _known(node.op, cast("list[Value]", values))


def _all(*values: Value | None) -> bool | None:
    return False if False in values else None if None in values else True


def _ordered(lesser: Value | None, greater: Value | None) -> bool | None:
    return None if lesser is None or greater is None else _compared("<=", lesser, greater)


def unknown(node: Node, row: Row) -> bool:
    """Say whether a fact that the node looks at is unknown; for a coalesce, whether all its operands are."""
    if isinstance(node, Literal):
        return node.value is None
    if isinstance(node, Named):
        return row[node.name] is None
    each = [unknown(arg, row) for arg in node.args]
    return all(each) if node.op == "coalesce" else any(each)


def _case(node: Call, row: Row) -> Value | None:
    for condition, value in zip(node.args[:-1:2], node.args[1:-1:2], strict=True):
        if evaluate(condition, row) is True:
            return evaluate(value, row)
    return evaluate(node.args[-1], row)


def _known(op: str, values: list[Value]) -> Value:
    """Work out an operator all of whose operands are known."""
    if op == "not":
        return not values[0]
    if op == "in":
        return values[0] in values[1:]
    if op in COMPARISONS:
        return _compared(op, values[0], values[1])
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


def _compared(op: str, left: Value, right: Value) -> bool:
    first, second = cast("int", left), cast("int", right)  # both of one kind: the checker saw to it
    return _COMPARE[op](first, second)


def _days(op: str, values: list[Value]) -> Value:
    start = cast("date", values[0])
    if op == "days between":
        return (start - cast("date", values[1])).days
    days = timedelta(days=cast("int", values[1]))
    return start + days if op == "days later" else start - days


def months_after(start: date, months: int) -> date:
    """Return the same day of a later (or earlier) month, or that month's last day when it is shorter.

    >>> months_after(date(2024, 2, 29), 12), months_after(date(2026, 3, 31), -1)
    (datetime.date(2025, 2, 28), datetime.date(2026, 2, 28))
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


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
