"""Reading plain values: what a file says, checked one by one, with one line of error that names the key at fault."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, cast

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators.solving import Flow
from duecourse.law.calculators.unit_periods import later

Plain = Mapping[str, object]
"""A mapping of plain values: text, whole numbers, decimals, true or false, dates (or ISO text), lists, mappings."""

TIMES_MAX: Final = 10_000
_EVERY: Final = re.compile(r"(?:(\d{1,3}) )?(day|week|half_month|month|quarter|year)s?")
_IN_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_IN_DAYS: Final = {"day": 1, "week": 7}


def wrong(key: str, value: object, wanted: str) -> DueCourseError:
    """Return the error that says what stands at a key and what is wanted there."""
    found = repr(value)
    return DueCourseError(f"{key}: {wanted} is wanted, not {found[:60]}" if value is not None else f"{key} is missing")


def whole(plain: Plain, key: str) -> int:
    """Return a whole number of at least 0."""
    value = plain.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wrong(key, value, "a whole number of at least 0")
    return value


def text(plain: Plain, key: str) -> str:
    """Return a text."""
    value = plain.get(key)
    if not isinstance(value, str):
        raise wrong(key, value, "a text")
    return value


def day(plain: Plain, key: str) -> date:
    """Return a day: a date, or its ISO text (2026-01-31)."""
    value = plain.get(key)
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise wrong(key, value, "a date (2026-01-31)")


def day_or_none(plain: Plain, key: str) -> date | None:
    """Return a day, or None where none stands."""
    return None if plain.get(key) is None else day(plain, key)


def truth(plain: Plain, key: str) -> bool | None:
    """Return true or false, or None where neither stands."""
    value = plain.get(key)
    if value is not None and not isinstance(value, bool):
        raise wrong(key, value, "true or false")
    return value


def rate(plain: Plain, key: str) -> Decimal | None:
    """Return a rate of at least 0, a decimal or whole number in the unit in which it stands; None where none does."""
    value = plain.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(key, value, "a decimal or whole number")
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise wrong(key, value, "a rate of at least 0")
    return number


def mapping(plain: Plain, key: str) -> Plain:
    """Return a mapping from text."""
    value = plain.get(key)
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value):
        raise wrong(key, value, "a mapping")
    return cast("Plain", value)


def rows(plain: Plain, key: str) -> Sequence[Plain]:
    """Return a list of mappings."""
    value = plain.get(key)
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise wrong(key, value, "a list of mappings")
    return cast("Sequence[Plain]", value)


def texts(plain: Plain, key: str) -> tuple[str, ...]:
    """Return a list of texts."""
    value = plain.get(key)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise wrong(key, value, "a list of words")
    return tuple(value)


def amounts(plain: Plain, key: str) -> dict[str, int]:
    """Return amounts in minor units by name."""
    found = mapping(plain, key)
    return {name: whole(found, name) for name in found}


def flows(plain: Plain, key: str) -> list[Flow]:
    """Return the flows of a list whose items say {on, amount}, or {first_on, times, every, amount} for a series.

    `every` is day, week, half_month, month, quarter or year, with a number before it or without (4 weeks); for one
    flow it may be anything (once). A monthly series keeps its day of the month, or takes a shorter month's last day.
    """
    found: list[Flow] = []
    for row in rows(plain, key):
        amount = whole(row, "amount")
        if "on" in row:
            found.append(Flow(day(row, "on"), amount))
        else:
            found += [Flow(one, amount) for one in _series(row)]
    return found


def _series(row: Plain) -> list[date]:
    first, times = day(row, "first_on"), whole(row, "times") if "times" in row else 1
    every = text(row, "every") if "every" in row or times > 1 else "once"
    if not 1 <= times <= TIMES_MAX:
        raise wrong("times", times, f"a number from 1 to {TIMES_MAX}")
    if times == 1:
        return [first]
    match = _EVERY.fullmatch(every)
    many = int(match[1] or 1) if match else 0
    if not match or not many:
        raise wrong("every", every, "day, week, half_month, month, quarter or year, with a number or without,")
    try:
        return [_nth(first, many * place, match[2]) for place in range(times)]
    except (OverflowError, ValueError):
        raise DueCourseError(f"{times} times every {every} from {first}: that is beyond the year 9999") from None


def _nth(first: date, many: int, word: str) -> date:
    if word in _IN_DAYS:
        return first + timedelta(days=many * _IN_DAYS[word])
    if word in _IN_MONTHS:
        return later(first, many * _IN_MONTHS[word], first.day)
    months, half = divmod(many, 2)
    if not half:
        return later(first, months, first.day)
    if first.day <= 15:
        return later(first, months, first.day + 15)
    return later(first, months + 1, min(first.day - 15, 15))  # the 31st is a month's end: the other is the 15th
