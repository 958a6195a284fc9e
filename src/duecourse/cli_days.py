"""Days and moments as the command line takes them: parsers for its options."""

from datetime import date, datetime
from typing import Final

import typer

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)


def day(text: str | date) -> date:
    """Read a day; a default is one already."""
    if isinstance(text, date):
        return text
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or str(found) != text:  # ISO 8601 has other forms; one is enough
        raise typer.BadParameter(f"{text!r} is not a date, write it as YYYY-MM-DD")
    return _in_range(found)


def instant(text: str) -> date:
    """Read a day, or a moment (a datetime) with or without an offset."""
    if len(text) == len("2026-01-31"):
        return day(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date or ISO timestamp, write it like 2026-01-31T08:00Z") from None
    _in_range(at.date())
    return at


def _in_range(found: date) -> date:
    if not FIRST_DAY <= found <= LAST_DAY:
        raise typer.BadParameter(f"{found} is out of range, give a day from {FIRST_DAY} to {LAST_DAY}")
    return found
