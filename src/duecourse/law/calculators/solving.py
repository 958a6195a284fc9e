"""The yearly rate at which what is paid back is worth as much as what was paid out.

A method (Appendix J, internal rate of return) says what both sides are worth at a rate. The rate is looked for on a
grid of 10^-12, so that the answer is an exact whole number of steps, always rounded down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from typing import Final

from duecourse.kernel.errors import DueCourseError

STEPS: Final = 10**12  # in a rate of 100 per cent a year
_STEPS_IN_PPM: Final = STEPS // 1_000_000  # exactly
_HIGHEST: Final = 10_000 * STEPS  # a million per cent a year: beyond it nobody asks
_NOISE: Final = Decimal("1e-20")  # minor units: far above what 60 digits leave, far below what one step makes
_LOOKS_MAX: Final = 4_000  # ordinary loans with late advances take a few hundred

Worths = Callable[[Decimal], tuple[Decimal, Decimal]]
"""From a yearly rate (0.24 is 24 per cent) to what was paid out and what is paid back, both at their worth when the
time begins, in minor units. Neither may rise when the rate rises."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that moves on a day: `amount` in minor units, more than nought. Else DueCourseError."""

    on: date
    amount: int

    def __post_init__(self) -> None:
        """Refuse an amount that moves nothing."""
        if self.amount <= 0:
            raise DueCourseError(f"amount {self.amount} on {self.on}: more than 0 minor units are needed")


def exact_context() -> Context:
    """Return the arithmetic of all calculators: 60 digits, and exponents that no loan overflows."""
    return Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN)


def solve(worths: Worths, *, apart: bool) -> Decimal | None:
    """Return the yearly rate at which both sides are worth the same, rounded down to 12 decimals.

    `apart` says that nothing is paid back before all is paid out: then the balance changes its sign once at most, and
    bisection finds the one rate. Otherwise every other rate up to the highest is ruled out first. None: less is
    paid back than was paid out; or no rate up to a million per cent fits; or more than one does, or may.
    """
    with localcontext(exact_context()):
        if _balance(worths, 0) > _NOISE:
            return None
        low, high = 0, STEPS
        while _balance(worths, high) <= _NOISE:
            if high == _HIGHEST:
                return None
            low, high = high, min(2 * high, _HIGHEST)
        while high - low > 1:
            middle = (low + high) // 2  # down; any step between would do
            low, high = (middle, high) if _balance(worths, middle) <= _NOISE else (low, middle)
        if not apart and not _no_other(worths, low):
            return None
        return Decimal(low) / STEPS


def _rate(step: int) -> Decimal:
    return Decimal(step) / STEPS


def _balance(worths: Worths, step: int) -> Decimal:
    out, back = worths(_rate(step))
    return out - back


def _no_other(worths: Worths, found: int) -> bool:
    """Say whether it is proven that no rate further than a ppm from the one found balances the two sides.

    Between two rates the balance lies between what is out at the higher less what is back at the lower, and the
    reverse. A stretch whose bounds have one sign holds no other rate; any other stretch is cut in two (rounded down).
    """
    todo = [(0, found - _STEPS_IN_PPM, False), (found + _STEPS_IN_PPM, _HIGHEST, True)]
    for _ in range(_LOOKS_MAX):
        if not todo:
            return True
        low, high, above = todo.pop()
        if low >= high:
            continue
        (out_low, back_low), (out_high, back_high) = worths(_rate(low)), worths(_rate(high))
        if (out_high - back_low > 0) if above else (out_low - back_high < 0):
            continue
        if high - low == 1:
            return False
        middle = (low + high) // 2
        todo += [(low, middle, above), (middle, high, above)]
    return False


def ppm(rate: Decimal) -> int:
    """Return a yearly rate in ppm, rounded down: 0.0968571 is 96857. Rounding it on to two decimals is then exact."""
    return int(rate.scaleb(6, exact_context()))


def ppm_up(rate: Decimal) -> int:
    """Return a yearly rate in ppm, rounded up: what to hold against a cap that allows no tolerance."""
    return -int((-rate).scaleb(6, exact_context()).to_integral_value("ROUND_FLOOR", exact_context()))


def per_cent(rate_ppm: int) -> Decimal:
    """Return a rate in per cent with two decimals, halves up, from ppm of at least 0 rounded down: 96857 is 9.69."""
    if rate_ppm < 0:
        raise DueCourseError(f"rate of {rate_ppm} ppm: a rate is at least 0")
    return Decimal((rate_ppm + 50) // 100).scaleb(-2)
