"""Months are those of the calendar."""

from datetime import date

from duecourse.kernel.months import months_after


def test_months_are_those_of_the_calendar() -> None:
    assert [months_after(date(2026, 1, 31), one) for one in (0, 1, 2, 11, 13)] == [
        date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 12, 31), date(2027, 2, 28),
    ]  # fmt: skip
    assert months_after(date(2026, 11, 15), 1) == date(2026, 12, 15)
