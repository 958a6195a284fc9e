"""Numbers and days as a reader sees them, in one language. Whole numbers in, text out; nothing is a float."""

from datetime import date, datetime
from typing import Final

from duecourse.kernel.currencies import minor_digits
from duecourse.night.measures import Rate
from duecourse.night.report.words import Words

NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def count(number: int) -> str:
    """Write a count with thousands apart: 12,345."""
    return f"{number:,}"


def money(minor: int, currency: str) -> str:
    """Write minor units as an amount with its currency: 1,234.50 USD."""
    return f"{amount(minor, currency)}{NO_BREAK}{currency}"


def amount(minor: int, currency: str) -> str:
    """Write minor units as an amount with the digits that the currency has: 1,234.50."""
    digits = minor_digits(currency)
    whole, part = divmod(abs(minor), 10**digits)  # exact: shows every digit, rounds nothing
    decimals = f".{part:0{digits}d}" if digits else ""
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    return f"{sign}{whole:,}{decimals}"


def rate(share: Rate) -> str:
    """Write a share as a percentage with one decimal, rounded half up.

    A dash when there is nothing to divide. A share that is not nothing, or not all, is never shown as 0.0% or
    100.0%.
    """
    if share.denominator == 0:
        return "\N{EN DASH}"
    # half up, in tenths of a per cent
    tenths = (2 * share.numerator * 1000 + share.denominator) // (2 * share.denominator)
    if tenths == 0 and share.numerator > 0:
        return "<0.1%"
    if tenths == 1000 and share.numerator < share.denominator:
        return ">99.9%"
    return f"{tenths // 10}.{tenths % 10}%"


def ppm(parts: int) -> str:
    """Write parts per million as a percentage, as `rate` does."""
    return rate(Rate(parts, 1_000_000))


def width(share: Rate) -> str:
    """Give a share as a CSS percentage, two decimals, rounded down: for the length of a bar."""
    if share.denominator == 0:
        return "0%"
    hundredths = share.numerator * 10_000 // share.denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def day(on: date, words: Words) -> str:
    """Write a day in full: 1 March 2007."""
    return words("day", day=on.day, month=words(f"month.{on.month}"), year=on.year)


def moment(at: datetime) -> str:
    """Write a UTC moment to the second: 2007-03-01 18:00:00 UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}{NO_BREAK}UTC"
