"""Working days: Monday to Friday less public holidays, and more where a case says so.

Calendars by name: `us-statutory` (the days that 5 USC 6103(a) itself names, whatever day they are observed),
a country (from the package `holidays`), and one for each case that brings its own.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, Final

import pyarrow as pa

from duecourse.law.casefile import Case

US_STATUTORY: Final = "us-statutory"
_BEFORE: Final = timedelta(days=120)
_AFTER: Final = timedelta(days=366 * 7)  # periods of years end on a working day too
_MONTHLY: Final = ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4))  # month, weekday, which one in the month
_FIXED: Final = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))


Works = Callable[[date], bool]
Numbered = tuple[str, date, int, bool]  # calendar, day, working days so far, whether it is one


def name_of(case: Case) -> str:
    """Return the name of the calendar that counts for a case's borrower."""
    return f"case {case.id}" if case.calendar else str(case.borrower.get("country", ""))


def kind_of_day(case: Case, day: date | None) -> dict[str, Any]:
    """Return the columns of a day: the calendar's name, whether it is a public holiday, whether it is worked."""
    if day is None:
        return {"calendar": name_of(case)}
    free = day in _off(case, day.year)
    return {"calendar": name_of(case), "holiday": free, "workday": _worked(case, day)}


def table(cases: Iterable[Case], days: Iterable[date | None]) -> pa.Table:
    """Return the calendars of the cases with their working days numbered, over the days given and some beyond."""
    known = [day for day in days if day is not None]
    if not known:
        return _table([])
    first, last = max(min(known) - _BEFORE, date(1990, 1, 1)), min(max(known), date(2060, 1, 1)) + _AFTER
    rows = list(_numbered(US_STATUTORY, first, last, is_us_workday))
    for name, case in {name_of(case): case for case in cases}.items():
        rows += _numbered(name, first, last, partial(_worked, case))
    return _table(rows)


def works_of(case: Case, calendar: str) -> Works:
    """Return what says of a day whether it is worked, by a case's own calendar or the one named."""
    return is_us_workday if calendar == US_STATUTORY else partial(_worked, case)


def works_in(calendar: str) -> Works:
    """Return what says of a day whether it is worked, by the calendar of a country or the one named."""
    return is_us_workday if calendar == US_STATUTORY else partial(is_workday, calendar)


def workday_after(works: Works, day: date, days: int) -> date:
    """Return the working day some working days after a day; for none the day itself, or the last one before it."""
    while days > 0 or not works(day):
        day += timedelta(days=1 if days > 0 else -1)
        days -= days > 0 and works(day)
    return day


def of_countries(countries: Iterable[str], first: date, last: date) -> pa.Table:
    """Return the calendars of countries, and the statutory one of the United States, over a stretch of days."""
    rows = list(_numbered(US_STATUTORY, first, last, is_us_workday))
    for country in countries:
        rows += _numbered(country, first, last, partial(is_workday, country))
    return _table(rows)


def is_workday(country: str, day: date) -> bool:
    """Say whether a day is neither Saturday, Sunday nor a public holiday of a country."""
    return day.weekday() < 5 and day not in public_holidays(country, day.year)


def _table(rows: Iterable[Numbered]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    kinds = {"calendar": pa.string(), "day": pa.date32(), "number": pa.int64(), "works": pa.bool_()}
    return pa.table({name: pa.array(values, kinds[name]) for name, values in zip(kinds, columns, strict=True)})


def _numbered(
    name: str, first: date, last: date, works: Callable[[date], bool]
) -> Iterator[tuple[str, date, int, bool]]:
    number = 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        worked = works(day)
        number += worked
        yield name, day, number, worked


def is_us_workday(day: date) -> bool:
    """Say whether a day is neither Saturday, Sunday nor a holiday that 5 USC 6103(a) names by date."""
    return day.weekday() < 5 and day not in _us_holidays(day.year)


@cache
def _us_holidays(year: int) -> frozenset[date]:
    fixed = {date(year, month, day) for month, day in _FIXED if (month, day) != (6, 19) or year >= 2021}
    monthly = {_nth(year, month, weekday, which) for month, weekday, which in _MONTHLY}
    last_of_may = date(year, 5, 31)
    return frozenset(fixed | monthly | {last_of_may - timedelta(days=last_of_may.weekday())})


def _nth(year: int, month: int, weekday: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


def _worked(case: Case, day: date) -> bool:
    extra: Mapping[str, Sequence[date]] = case.calendar or {}
    if day in extra.get("workdays", ()):
        return True
    return day.weekday() < 5 and day not in _off(case, day.year)


def _off(case: Case, year: int) -> frozenset[date]:
    if case.calendar:
        return frozenset(case.calendar.get("holidays", ()))
    return public_holidays(str(case.borrower.get("country", "")), year)


@cache
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country in a year; none where the package knows none."""
    import holidays  # slow to import, and most questions need none

    if country not in holidays.list_supported_countries():
        return frozenset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a country's days are known for some years only
        return frozenset(holidays.country_holidays(country, years=year))
