"""What the law answers about one loan: the court's fee, the ceiling of its charges, the last day to sue, late interest.

    answers = Answers(law)
    answers.of(Facts(...), [Question("court_fee", {"track": "ordinary", "amount": 1_200_000})])

The loan and what happened to it are told as a world, as in the cases by which the rulebooks are tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.law import asking
from duecourse.law.casefile import Case, Try
from duecourse.law.judge import judgement
from duecourse.law.rulebook import Law
from duecourse.night.lawful import ROLES, rulebooks_of

_ASKED: Final = ("court_fee", "rate_cap", "limitation_ends", "late_performance_interest")
_LOAN: Final = "A"  # in its world
_MIDNIGHT: Final = time()
NOON: Final = time(12)


@dataclass(frozen=True)
class Facts:
    """A loan and its borrower, as the law knows them; `history` are events with a day, a time of it, and values."""

    country: str
    region: str
    locality: str
    zone: str
    is_owner: bool
    lender_type: str | None
    loan: Mapping[str, Any]
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
        self._law = law
        self._of: dict[tuple[str, ...], asking.Asked] = {}

    def of(self, facts: Facts, questions: Sequence[Question]) -> list[Answer]:
        """Return what the law of the borrower's place says to each question."""
        books = rulebooks_of(self._law, facts.country, facts.region, facts.locality)
        if not books or not questions:
            return [Answer() for _ in questions]
        case = _case(facts, books, questions)
        if books not in self._of:
            self._of[books] = asking.ask([], self._law.of(books, asks=_ASKED))
        made = self._of[books].again([case])
        return [self._answer(judgement(made, tried)) for tried in made.worlds.tries]

    def _answer(self, judged: Any) -> Answer:
        if judged.answered_by is None:
            return Answer()
        return Answer(judged.answer, judged.answered_by.id, self._law.cite(judged.answered_by))


def _case(facts: Facts, books: tuple[str, ...], questions: Sequence[Question]) -> Case:
    zone = ZoneInfo(facts.zone)
    events = sorted(facts.history, key=lambda event: event[:2])
    history = tuple({"at": datetime.combine(on, at, zone), "loan": _LOAN, **values} for on, at, values in events)
    collector = {"role": ROLES[facts.is_owner], "lender_type": facts.lender_type}
    borrower = {"country": facts.country, "region": facts.region or None, "zones": (facts.zone,)}
    return Case(
        id="suit", cite="", origin="memory", rulebooks=books, topic="suit", says="", why="", reading=None,
        collector=_known(collector), borrower=_known(borrower), people=(), firms=(),
        loans=({"id": _LOAN, **_known(facts.loan)},), history=history,
        tries=tuple(
            Try({"ask": one.ask, "loan": _LOAN, **one.values}, None, None, "memory", 0) for one in questions
        ),
        calendar={}, file="", line=0,
    )  # fmt: skip


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what nobody knows: a world says nothing of it."""
    return {name: value for name, value in values.items() if value is not None}


def judgment_facts(facts: Facts, judgment: Mapping[str, Any], payments: Sequence[tuple[date, int]]) -> Facts:
    """Add a judgment, at the first moment of its day, and what was paid; days of the judgment as texts."""
    told: dict[str, Any] = {"event": "judgment", "amount": judgment["debt"]}
    if judgment.get("interest"):
        told["ordinary_interest"] = judgment["interest"]
    told["perform_by"] = date.fromisoformat(judgment["perform_by"])
    events = [(on, NOON, {"event": "payment", "amount": amount}) for on, amount in payments]
    begins = (date.fromisoformat(judgment["on"]), _MIDNIGHT, told)
    return Facts(**{**vars(facts), "history": [*facts.history, begins, *events]})
