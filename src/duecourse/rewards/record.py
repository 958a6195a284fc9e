"""How instalments were met: what a borrower's record of paying on time has earned.

    met = [Met(number=1, due_on=..., is_on_time=True), ...]
    milestones(met, every=6, most=3) -> (6, 12)         the instalments at which something was earned

An instalment is on time when it was met by its due date (docs/concepts/ledger.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Met:
    """An instalment of which it is settled whether it was met by its due date."""

    number: int
    due_on: date
    is_on_time: bool


def milestones(met: Sequence[Met], every: int, most: int) -> tuple[int, ...]:
    """Return the numbers of the instalments with which so many in a row were on time, in order of due dates.

    A miss resets the count, and so does what was earned; what was earned before a miss stays earned.
    """
    found: list[int] = []
    in_a_row = 0
    for one in met:
        in_a_row = in_a_row + 1 if one.is_on_time else 0
        if in_a_row == every and len(found) < most:
            found.append(one.number)
            in_a_row = 0
    return tuple(found)


def earning(met: Sequence[Met], at: int, every: int) -> tuple[int, ...]:
    """Return the numbers of the instalments that earned what was earned at an instalment."""
    numbers = [one.number for one in met]
    last = numbers.index(at) + 1
    return tuple(numbers[last - every : last])
