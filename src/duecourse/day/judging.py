"""The law asked of acts: what it says of each loan that an act is about, by functions made once for each sort of acts.

judge.verdicts(which, on, rows, past) -> [Verdict, ...]
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duecourse.day import past
from duecourse.kernel.errors import DueCourseError
from duecourse.law.asking import Act, Functions, History
from duecourse.law.calendars import works_in
from duecourse.law.expression_known import Among
from duecourse.law.judge import gates
from duecourse.law.narrowing import Given, narrowed
from duecourse.law.program import WORD
from duecourse.law.records import STEPS
from duecourse.law.rulebook import Law, Rule
from duecourse.night import lawful
from duecourse.night.duty_rows import binds

Row = Mapping[str, Any]
_DAYS_KEPT: Final = 4  # it is never more than three days on earth at once


@dataclass(frozen=True, order=True)
class Sort:
    """What acts have in common that are judged by the same part of the law.

    `demands` says that a contact asks for money, `told` are columns that a person tells.
    """

    country: str
    act: str
    channel: str | None
    purpose: str
    demands: bool
    told: tuple[str, ...] = ()


Which = tuple[Sort, bool]
"""A sort of acts, and whether the borrower has rows in tables in which most have none."""


@dataclass(frozen=True)
class Verdict:
    """What the law says of one row: words of bits by the rules' places, and the rules that refuse, strongest first."""

    law: str
    asked: tuple[int, ...]
    refused: tuple[int, ...]
    unknown: tuple[int, ...]
    against: tuple[Rule, ...]


class Judge:
    """Asks some law; one thread uses it."""

    def __init__(self, law: Law, words: frozenset[str]) -> None:
        """Make nothing yet; `words` are those that the templates of the acts may declare."""
        self._law, self._words = law, words
        self._functions: dict[date, dict[Which, Functions]] = {}

    def verdicts(self, which: Which, on: date, rows: Iterable[Row], events: Iterable[Row]) -> list[Verdict]:
        """Judge an act on each of the loans that it is about, on a day, with what is told of the borrower's past.

        DueCourseError where a number leaves 64 bits: nothing is known to be lawful then.
        """
        functions = self.functions(which, on)
        history = History(functions, events)
        try:
            return [_verdict(functions, Act(row, history, functions, works_in)) for row in rows]
        except OverflowError as error:
            raise DueCourseError(f"the law cannot be asked of {which[0]}: {error}") from None

    def functions(self, which: Which, on: date) -> Functions:
        """Return the law of a sort of acts on a day: made when it is first needed, and kept while it is that day."""
        if on not in self._functions:
            kept = sorted(self._functions)[-_DAYS_KEPT + 1 :]
            self._functions = {**{day: self._functions[day] for day in kept}, on: {}}
        of_day = self._functions[on]
        if which not in of_day:
            of_day[which] = Functions(self._part(which, on))
        return of_day[which]

    def _part(self, which: Which, on: date) -> Law:
        sort, seldom = which
        books = [book.id for book in self._law.books.values() if binds(book, sort.country)]
        part = self._law.of(books, acts=(sort.act, "demand") if sort.demands else (sort.act,))
        told = past.told(part.kinds, seldom=seldom)
        known = lawful.unvarying(lawful.VARIES.union(sort.told), sort.country, told)
        known |= {"act": sort.act, "channel": sort.channel, "purpose": sort.purpose, "demands": sort.demands}
        known["content"] = Among(self._words)
        return narrowed(part, Given(known, told.kinds, on), [rule for rule in part.rules if gates(rule)])


def _verdict(functions: Functions, act: Act) -> Verdict:
    law, said = functions.law, functions.verdict(act)
    words = range(-(-len(law.rules) // WORD))  # words of bits, up: the last is not full
    asked, refused, unknown = (_words(said, name, words) for name in ("asked", "refused", "unknown"))
    if not any(refused):
        return Verdict(law.digest, asked, refused, unknown, ())
    against = [rule for at, rule in enumerate(law.rules) if refused[at // WORD] >> at % WORD & 1]  # not money
    ordered = sorted(against, key=lambda rule: (STEPS.index(rule.record.step), rule.id))
    return Verdict(law.digest, asked, refused, unknown, tuple(ordered))


def _words(said: Row, name: str, words: Sequence[int]) -> tuple[int, ...]:
    return tuple(said[f"{name}_{word}"] for word in words)
