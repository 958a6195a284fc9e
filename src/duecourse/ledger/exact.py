"""Exact accrual without 128-bit integers.

An accrued amount is a pair (whole, part): whole minor units, and parts of one minor unit in `UNIT`ths. UNIT is the
least number in which a day of every rate we know comes out even: penalty in parts per billion a day, and interest
in parts per million a year over 365 or 360 days. So sums of accruals are exact, and do not depend on how a stretch of
days is cut.
"""

from typing import Final

from duecourse.ledger.compiled import inlined

UNIT: Final = 657_000_000_000  # lcm of 10^9, 365·10^6 and 360·10^6
PER_PPB_DAY: Final = 657  # UNIT / 10^9
PER_PPM_YEAR_365: Final = 1_800  # UNIT / (365·10^6)
PER_PPM_YEAR_360: Final = 1_825  # UNIT / (360·10^6)

_LIMB: Final = 22
_LIMB_SIZE: Final = 1 << _LIMB
_LIMB_MASK: Final = _LIMB_SIZE - 1


@inlined
def times(amount: int, factor: int) -> tuple[int, int]:
    """Return amount × factor / UNIT exactly, as (whole, part).

    Both are at least 0, the amount below 2^63. The product may need 128 bits, so it is worked in limbs of 22 bits:
    remainder (< 2^40) shifted by 22 and limb × (factor mod UNIT) (< 2^62) stay inside 63 bits. The result's whole
    part must fit 63 bits.
    """
    quotient = factor // UNIT  # rounding down: the rest goes into `remainder`
    remainder = factor - quotient * UNIT
    if amount < _LIMB_SIZE:
        low = amount * remainder
        whole = low // UNIT  # exact with `part`
        return amount * quotient + whole, low - whole * UNIT
    whole = 0
    part = 0
    for shift in (2 * _LIMB, _LIMB, 0):
        limb = (amount >> shift) & _LIMB_MASK
        current = part * _LIMB_SIZE + limb * remainder
        digit = current // UNIT  # exact with `part`
        whole = whole * _LIMB_SIZE + digit
        part = current - digit * UNIT
    return amount * quotient + whole, part


@inlined
def plus(whole: int, part: int, more_whole: int, more_part: int) -> tuple[int, int]:
    """Add two exact amounts."""
    part += more_part
    if part >= UNIT:
        return whole + more_whole + 1, part - UNIT
    return whole + more_whole, part


@inlined
def minus(whole: int, part: int, less_whole: int, less_part: int) -> tuple[int, int]:
    """Subtract an exact amount from one that is not smaller."""
    part -= less_part
    if part < 0:
        return whole - less_whole - 1, part + UNIT
    return whole - less_whole, part


@inlined
def exceeds(whole: int, part: int, other_whole: int, other_part: int) -> bool:
    """Tell whether the first exact amount is larger than the second."""
    return whole > other_whole or (whole == other_whole and part > other_part)


@inlined
def share(amount: int, ppm: int) -> int:
    """Return amount × ppm / 1,000,000 rounded down, without leaving 64 bits."""
    whole = amount // 1_000_000  # split so that no product leaves 64 bits
    return whole * ppm + (amount - whole * 1_000_000) * ppm // 1_000_000  # rounded down
