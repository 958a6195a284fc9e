"""Working days: Monday to Friday less public holidays, and more where a case says so.

Calendars by name: `us-statutory` (the days that 5 USC 6103(a) itself names, whatever day they are observed),
a country (from the package `holidays`), and one for each case that brings its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import pyarrow as pa

from duecourse.law.casefile import Case

US_STATUTORY: Final = "us-statutory"
_MARGIN: Final = timedelta(days=120)  # beyond the last day asked about: no rule counts more working days than that
_MONTHLY: Final = ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4))  # month, weekday, which one in the month
_FIXED: Final = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))


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
        return pa.table(
            {
                "calendar": pa.array([], pa.string()),
                "day": pa.array([], pa.date32()),
                "number": pa.array([], pa.int64()),
                "works": pa.array([], pa.bool_()),
            }
        )
    first, last = max(min(known) - _MARGIN, date(1990, 1, 1)), min(max(known), date(2060, 1, 1)) + _MARGIN
    rows: list[tuple[str, date, int, bool]] = list(_numbered(US_STATUTORY, first, last, is_us_workday))
    named = {name_of(case): case for case in cases}
    for name, case in named.items():
        rows += _numbered(name, first, last, lambda day, case=case: _worked(case, day))
    names, dates, numbers, works = zip(*rows, strict=True)
    return pa.table({"calendar": names, "day": pa.array(dates, pa.date32()), "number": numbers, "works": works})


def _numbered(name: str, first: date, last: date, works: Any) -> Iterator[tuple[str, date, int, bool]]:
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
    return _public(str(case.borrower.get("country", "")), year)


@cache
def _public(country: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country in a year; none where the package knows none."""
    import holidays  # slow to import, and most questions need none

    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))
