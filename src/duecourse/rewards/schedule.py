"""Schedules under a reward: the instalments to come with less interest or less fee, the principal in all as it was.

    cut(instalments, 180_000, 160_000, level=True) -> (Instalment, ...)         those that change
    refunded(instalments, 5_000) -> (Instalment, ...)

Instalments are those to come, in order of due dates. All arithmetic is exact, rounded down in the borrower's favour
once for each instalment.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

from duecourse.ledger.loan import Instalment
from duecourse.strategy.strict import WHOLE_PPM

_MONTHS: Final = 12


def cut(rows: Sequence[Instalment], before_ppm: int, after_ppm: int, *, level: bool) -> tuple[Instalment, ...] | None:
    """Return instalments at a lower rate; None where some would be larger than it was, or months are no months.

    Scaled: interest is in proportion to the rate, for the principal outstanding stays as planned. Level: what is still
    to be paid of the principal, in equal monthly instalments at a twelfth of the rate; the last takes what is left.
    """
    made = _level(rows, after_ppm) if level else _scaled(rows, before_ppm, after_ppm)
    if made is None or any(_total(new) > _total(old) for new, old in zip(made, rows, strict=True)):
        return None
    return made


def refunded(rows: Sequence[Instalment], amount: int) -> tuple[Instalment, ...]:
    """Return instalments with an amount taken off their fees, the next first, and what is left off their interest."""
    left = amount
    found = list(rows)
    for name in ("fee", "interest"):
        for place, row in enumerate(found):
            off = min(left, getattr(row, name))
            found[place] = replace(row, **{name: getattr(row, name) - off})
            left -= off
    return tuple(found)


def saved(before: Sequence[Instalment], after: Sequence[Instalment]) -> int:
    """Return what is paid less in all, in minor units."""
    return sum(_total(row) for row in before) - sum(_total(row) for row in after)


def _total(row: Instalment) -> int:
    return row.principal + row.interest + row.fee


def _scaled(rows: Sequence[Instalment], before_ppm: int, after_ppm: int) -> tuple[Instalment, ...]:
    """Scale interest by the rates, rounded down."""
    return tuple(replace(row, interest=row.interest * after_ppm // before_ppm) for row in rows)


def _level(rows: Sequence[Instalment], ppm: int) -> tuple[Instalment, ...] | None:
    """Make instalments equal at a rate; interest and the instalment are rounded down."""
    months = [row.due_on.year * _MONTHS + row.due_on.month for row in rows]
    if any(later - earlier != 1 for earlier, later in pairwise(months)):
        return None
    balance = sum(row.principal for row in rows)
    rate = Fraction(ppm, WHOLE_PPM * _MONTHS)
    grown = (1 + rate) ** len(rows)
    each = balance * rate * grown / (grown - 1) if rate else Fraction(balance, len(rows))
    payment = each.numerator // each.denominator  # down
    found = []
    for row in rows:
        interest = balance * rate.numerator // rate.denominator  # down
        principal = balance if row is rows[-1] else payment - interest
        found.append(replace(row, principal=principal, interest=interest))
        balance -= principal
    return tuple(found)
