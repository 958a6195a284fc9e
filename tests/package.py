"""The law, its cases and the strategy of the package, read once for all tests of a process: nothing changes them."""

from functools import cache
from pathlib import Path

from duecourse.law.casefile import Case, read_cases
from duecourse.law.kept import law_of, users_folder
from duecourse.law.rulebook import BOOKS, Law
from duecourse.night.facts import CATALOGUE
from duecourse.strategy.load import load
from duecourse.strategy.models import Strategy


@cache
def law() -> Law:
    """Return every rulebook."""
    return law_of((), users_folder())


@cache
def families() -> dict[str, list[str]]:
    """Group the rulebooks that are in force together: a country with its states, a union with its members."""
    found: dict[str, list[str]] = {}
    for name, book in law().books.items():
        found.setdefault(book.beside[0] if book.beside else name, []).append(name)
    return found


@cache
def cases(file: Path) -> tuple[Case, ...]:
    """Return the worked cases of a file."""
    return read_cases(file, topics=None)


def cases_of(*books: str) -> list[Case]:
    """Return the worked cases that stand beside the rules of some rulebooks."""
    return [case for book in books for file in sorted((BOOKS / book).glob("*.cases.yaml")) for case in cases(file)]


@cache
def strategy() -> Strategy:
    """Return the default strategy."""
    return load(None, CATALOGUE.kinds)
