"""Amounts as files write them, and as whole minor units; exact both ways."""

import re
from decimal import Decimal
from typing import Final

from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

AMOUNT_MAX: Final = 2**63 - 1  # what an int64 holds
_LETTERS_MAX: Final = 40  # no amount that fits is written longer
_WRITTEN: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")  # no exponents: 1e-999999999 takes all memory


def minor_units(text: str, currency: str) -> int:
    """Return a decimal text as minor units: "12.5" of EUR is 1250; leading and trailing zeros make no difference.

    DueCourseError, which shows no value, when it is no amount, has more decimals than the currency, is below zero,
    or is more than 64 bits hold.
    """
    if currency not in MINOR_DIGITS:
        raise DueCourseError("the currency is not in ISO 4217")
    if len(text) > _LETTERS_MAX or not _WRITTEN.fullmatch(text):
        raise DueCourseError("the amount is not a number")
    value = Decimal(text)
    if value < 0:
        raise DueCourseError("the amount is below zero")
    top, bottom = value.as_integer_ratio()
    scale: int = 10 ** MINOR_DIGITS[currency]
    whole, left = divmod(top * scale, bottom)
    if left:
        raise DueCourseError(f"the amount has more than the {MINOR_DIGITS[currency]} decimals of {currency}")
    if whole > AMOUNT_MAX:
        raise DueCourseError("the amount is too large")
    return whole


def decimal_text(amount: int, currency: str) -> str:
    """Return minor units as a file writes them: 1250 of EUR is "12.50", 1250 of JPY "1250"."""
    digits = MINOR_DIGITS[currency]
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)
