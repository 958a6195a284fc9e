"""What the law answers about one loan, or says of one act, asked as a world of its own.

    answers = Answers(law)
    answers.of(Facts(...), [Question("court_fee", {"track": "ordinary", "amount": 1_200_000})])
    answers.judged(Facts(...), {"act": "look_up", "purpose": "affordability", "at": ...})

The loan and what happened to it are told as a world, as in the cases by which the rulebooks are tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.law import asking
from duecourse.law.casefile import Case, Try
from duecourse.law.judge import Judgement, judgement
from duecourse.law.rulebook import Law, rulebooks_of

NOON: Final = time(12)
ROLES: Final[Mapping[bool, str]] = {True: "original_creditor", False: "debt_buyer"}
"""What the firm is to a loan, by whether its lender still owns it."""
_LOAN: Final = "A"  # in its world


@dataclass(frozen=True)
class Facts:
    """A loan and its borrower, as the law knows them; `history` are events with a day, a time of it, and values."""

    country: str
    region: str = ""
    locality: str = ""
    zone: str = "UTC"
    is_owner: bool = True
    lender_type: str | None = None
    loan: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[tuple[date, time, Mapping[str, Any]]] = ()


@dataclass(frozen=True)
class Question:
    """A question of the law's vocabulary, with what it is asked about."""

    ask: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the law says, and by which rule; None where no rule answers. Money in minor units, rates in ppm."""

    value: Any = None
    rule: str | None = None
    cite: str = ""


class Answers:
    """Asks some law; one thread uses it."""

    def __init__(self, law: Law) -> None:
        """Make nothing yet."""
        self.law = law
        self._of: dict[tuple[tuple[str, ...], frozenset[str]], asking.Asked] = {}

    def of(self, facts: Facts, questions: Sequence[Question]) -> list[Answer]:
        """Return what the law of the borrower's place says to each question."""
        if not questions:
            return []
        found = self._judged(facts, [{"ask": one.ask, "loan": _LOAN, **one.values} for one in questions])
        return [self._answer(judged) for judged in found] or [Answer() for _ in questions]

    def judged(self, facts: Facts, act: Mapping[str, Any]) -> Judgement | None:
        """Return what the law of the borrower's place says of an act about the loan; None without a rulebook there."""
        return next(iter(self._judged(facts, [{"loan": _LOAN, **act}])), None)

    def _judged(self, facts: Facts, tries: Sequence[Mapping[str, Any]]) -> list[Judgement]:
        books = rulebooks_of(self.law, facts.country, facts.region, facts.locality)
        if not books:
            return []
        case = _case(facts, books, tries)
        words = frozenset(str(one.get("ask") or one["act"]) for one in tries)
        if (books, words) not in self._of:
            self._of[books, words] = asking.ask([], self.law.of(books, acts=words, asks=words))
        made = self._of[books, words].again([case])
        return [judgement(made, tried) for tried in made.worlds.tries]

    def _answer(self, judged: Judgement) -> Answer:
        if judged.answered_by is None:
            return Answer()
        return Answer(judged.answer, judged.answered_by.id, self.law.cite(judged.answered_by))


def _case(facts: Facts, books: tuple[str, ...], tries: Sequence[Mapping[str, Any]]) -> Case:
    zone = ZoneInfo(facts.zone)
    events = sorted(facts.history, key=lambda event: event[:2])
    history = tuple({"at": datetime.combine(on, at, zone), "loan": _LOAN, **values} for on, at, values in events)
    collector = {"role": ROLES[facts.is_owner], "lender_type": facts.lender_type}
    borrower = {"country": facts.country, "region": facts.region or None, "zones": (facts.zone,)}
    return Case(
        id="asked", cite="", origin="memory", rulebooks=books, topic="asked", says="", why="", reading=None,
        collector=_known(collector), borrower=_known(borrower), people=(), firms=(),
        loans=({"id": _LOAN, **_known(facts.loan)},), history=history,
        tries=tuple(Try(dict(values), None, None, "memory", 0) for values in tries),
        calendar={}, file="", line=0,
    )  # fmt: skip


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what nobody knows: a world says nothing of it."""
    return {name: value for name, value in values.items() if value is not None}
