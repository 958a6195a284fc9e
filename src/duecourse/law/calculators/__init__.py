"""Calculators of amounts and rates that the law fixes: pure functions, named by rules and cases."""

from collections.abc import Callable, Mapping
from typing import Final

from duecourse.law.calculators import questions

CALCULATORS: Final[Mapping[str, Callable[[Mapping[str, object]], object]]] = {
    "allocate": questions.allocate,
    "appendix_j_apr": questions.appendix_j_apr,
    "mapr_charges": questions.mapr_charges,
    "monthly_irr_times_12": questions.monthly_irr_times_12,
}
"""By name: each takes one mapping of plain values and returns a whole number (rates in ppm, money in minor units), a
mapping of these, or None: no answer. What cannot be read raises DueCourseError with one line."""
