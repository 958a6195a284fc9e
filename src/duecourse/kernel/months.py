"""Months, as people and laws count them."""

import calendar
from datetime import date


def months_after(start: date, months: int) -> date:
    """Return the same day of a later (or earlier) month, or that month's last day when it is shorter.

    >>> months_after(date(2024, 2, 29), 12), months_after(date(2026, 3, 31), -1)
    (datetime.date(2025, 2, 28), datetime.date(2026, 2, 28))
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
