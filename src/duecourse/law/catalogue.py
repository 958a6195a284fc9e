"""The frame of the fact catalogue: what a fact is, and how the loaded facts are found by name.

The facts themselves are declared where their tables are known (the night, and each strategy).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import ibis.expr.types as ir

from duecourse.kernel import words
from duecourse.kernel.errors import DueCourseError

RESERVED: Final = frozenset(
    "and or not between in is null case when then else end true false date".split()  # noqa: SIM905
)
FUNCTIONS: Final = (
    "coalesce",
    "least",
    "greatest",
    "div_down",
    "div_up",
    "div_half_up",
    "div_half_even",
    "share",
    "has",
    "has_all",
    "overlap",
    "how_many",
    "months_after",
    "month_end",
    "year_end",
    "weekday_of",
)

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


class FactKind(StrEnum):
    """What the value of a fact or of an expression is. Kinds never mix."""

    BOOLEAN = "boolean"
    INTEGER = "integer"  # int64: counts, days, minutes, minor units of money, parts per million
    DATE = "date"
    TEXT = "text"
    TEXTS = "texts"  # a list of texts, asked by has, has_all, overlap and how_many


@dataclass(frozen=True)
class Fact:
    """One named thing that a rule or a strategy may ask about.

    `says` is one sentence with the unit. `source` names the prepared table that the fact is defined over,
    and `define` gives the fact's column from that table.
    """

    name: str
    kind: FactKind
    says: str
    source: str
    define: Callable[[ir.Table], ir.Value]


class Catalogue(Mapping[str, Fact]):
    """The facts by name, in the order in which they were declared."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        """Take the facts; a name that is taken, or that the expression language needs, is refused."""
        self._facts: dict[str, Fact] = {}
        for fact in facts:
            refuse_name(fact.name, "fact")
            if fact.name in self._facts:
                raise DueCourseError(f"fact {fact.name!r} is declared twice: give one of them another name")
            self._facts[fact.name] = fact

    def __getitem__(self, name: str) -> Fact:
        """Return the fact of this name; KeyError when there is none."""
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names, in the order of declaration."""
        return iter(self._facts)

    def __len__(self) -> int:
        """Count the facts."""
        return len(self._facts)

    @property
    def kinds(self) -> Mapping[str, FactKind]:
        """The kind of each fact by its name: what `expressions.parse` checks against."""
        return {name: fact.kind for name, fact in self._facts.items()}

    def nearest(self, word: str) -> str | None:
        """Return the name most like the word, or None when none is alike."""
        return nearest(word, self._facts)

    def extended(self, facts: Iterable[Fact]) -> "Catalogue":
        """Return a new catalogue with more facts after these; this one stays as it is."""
        return Catalogue((*self._facts.values(), *facts))


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name most like the word, else the first that contains it (three letters or more), else None.

    >>> nearest("call_placed", ["calls_placed", "stage"]), nearest("calls", ["stage", "calls_placed_today"])
    ('calls_placed', 'calls_placed_today')
    """
    known = list(names)
    within = (name for name in known if len(word) >= 3 and word.lower() in name)
    return words.nearest(word, known) or next(within, None)


def refuse_name(name: str, what: str) -> None:
    """Refuse a name that cannot be written in an expression; `what` says whose name it is."""
    if not _NAME.fullmatch(name):
        raise DueCourseError(f"{what} {name!r}: a name is a small letter, then small letters, digits or _, 63 at most")
    if name in RESERVED or name in FUNCTIONS:
        raise DueCourseError(f"{what} {name!r}: the expression language uses this word; choose another")
