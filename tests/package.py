"""The law and the strategy of the package, read once for all tests of a process: nothing changes them."""

from functools import cache

from duecourse.law.kept import law_of, users_folder
from duecourse.law.rulebook import Law
from duecourse.night.facts import CATALOGUE
from duecourse.strategy.load import load
from duecourse.strategy.models import Strategy


@cache
def law() -> Law:
    """Return every rulebook."""
    return law_of((), users_folder())


@cache
def strategy() -> Strategy:
    """Return the default strategy."""
    return load(None, CATALOGUE.kinds)
