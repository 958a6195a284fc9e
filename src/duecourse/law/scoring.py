"""How worked cases are scored: a try is right, wrong, or not covered by the rulebooks.

A refusal is right only if a rule of the topic that the try names is among the reasons. A refusal for want of a
fact, a question that no rule answers and a rulebook that is not there count as not covered. A presumption counts
as the verdict that a gate must act on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.casefile import Case
from duecourse.law.expression_rows import divided
from duecourse.law.judge import Judgement, gates, judgement
from duecourse.law.kept import program_of
from duecourse.law.program import Program
from duecourse.law.rulebook import Law, Rule
from duecourse.law.running import run
from duecourse.law.vocabulary import VOCABULARY, Kind
from duecourse.law.world import Tried

_AS_GATED: Final = {"presumed_lawful": "permitted", "presumed_violation": "refused"}
_HUNDREDTH: Final = 100  # a hundredth of a per cent, in parts per million


class Score(StrEnum):
    """What came of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_COVERED = "not covered"


@dataclass(frozen=True)
class Scored:
    """A try with its judgement and its score. `counts` tells whether it belongs to the first line of the total."""

    judged: Judgement
    score: Score
    got: str

    @property
    def case(self) -> Case:
        """The case that it is a try of."""
        return self.judged.tried.case

    @property
    def counts(self) -> bool:
        """Whether the law was read, and leaves no room: what must be right."""
        return self.judged.tried.trial.origin != "memory" and self.case.reading is None


def scored(cases: Sequence[Case], law: Law, keep: Path | None = None) -> list[Scored]:
    """Judge every try and score it; rules from memory are on for the tries made from memory, and for no others.

    `keep` is a folder for compiled programs.
    """
    found: dict[int, Scored] = {}
    for books, group in _groups(cases).items():
        if set(books) <= set(law.books):
            judged = _scored(group, program_of(law.of(books), keep))
            found.update({id(one.judged.tried.trial): one for one in judged})
        else:
            found.update(
                {
                    id(trial): _not_judged(case, at, "no rulebook")
                    for case in group
                    for at, trial in enumerate(case.tries)
                }
            )
    return [found[id(trial)] for case in cases for trial in case.tries]


def _groups(cases: Iterable[Case]) -> dict[tuple[str, ...], list[Case]]:
    """Group cases whose rulebooks overlap, such as a country's and its states': one program judges each group."""
    groups: list[tuple[set[str], list[Case]]] = []
    for case in cases:
        books, members = set(case.rulebooks), [case]
        for group in [group for group in groups if group[0] & books]:
            groups.remove(group)
            books |= group[0]
            members = [*group[1], *members]
        groups.append((books, members))
    return {tuple(sorted(books)): members for books, members in groups}


def _not_judged(case: Case, number: int, why: str) -> Scored:
    trial = case.tries[number]
    judged = Judgement(Tried(case, trial, -1, (), trial.values), (), (), ())
    return Scored(judged, Score.NOT_COVERED, why)


def _scored(cases: Sequence[Case], program: Program) -> Iterable[Scored]:
    try:
        made = run(cases, program)
    except DueCourseError as error:
        yield from _one_by_one(cases, program, str(error))
        return
    for tried in made.worlds.tries:
        yield score(judgement(made, tried, gate_of(tried)))


def _one_by_one(cases: Sequence[Case], program: Program, trouble: str) -> Iterable[Scored]:
    """Judge each case alone where all together fail: only those at fault are not covered."""
    if len(cases) > 1:
        for case in cases:
            yield from _scored([case], program)
        return
    for at in range(len(cases[0].tries)):
        yield _not_judged(cases[0], at, trouble)


def gate_of(tried: Tried) -> Callable[[Rule], bool]:
    """Return which rules gate a try: rules from memory only where the try itself was made from memory."""
    if tried.trial.origin == "memory":
        return lambda rule: rule.record.effect != "advises"
    return gates


def score(judged: Judgement) -> Scored:
    """Score one judgement against what its try expects."""
    if "ask" in judged.tried.values:
        return _answered(judged)
    trial = judged.tried.trial
    expected = _AS_GATED.get(str(trial.expect), str(trial.expect))
    got = "permitted" if judged.permitted else "refused"
    if expected == "permitted":
        only_unknown = bool(judged.reasons) and all(reason.missing for reason in judged.reasons)
        verdict = Score.RIGHT if got == expected else Score.NOT_COVERED if only_unknown else Score.WRONG
    else:
        named = [reason for reason in judged.reasons if trial.rule in {None, reason.rule.record.topic}]
        unknown = bool(named) and all(reason.missing for reason in named)
        verdict = Score.NOT_COVERED if unknown else Score.RIGHT if named else Score.WRONG
    reasons = ", ".join(_told(reason.rule, reason.missing) for reason in judged.reasons)
    return Scored(judged, verdict, f"{got} ({reasons})" if reasons else got)


def _told(rule: Rule, missing: Sequence[str]) -> str:
    return f"{rule.id}: not known: {', '.join(missing)}" if missing else rule.id


def _answered(judged: Judgement) -> Scored:
    expected, answer = judged.tried.trial.expect, judged.answer
    if judged.trouble:
        return Scored(judged, Score.NOT_COVERED, judged.trouble)
    if judged.answered_by is None:
        # Rules on the question that do not apply say that there is no such date or cap.
        right = expected == "none" and judged.answerable
        return Scored(judged, Score.RIGHT if right else Score.NOT_COVERED, "no rule answers")
    ask = VOCABULARY.asks[str(judged.tried.values["ask"])]
    if ask.answer is Kind.PERCENT:
        expected, answer = _hundredths(expected), _hundredths(answer)
    if ask.answer is Kind.PARTS:
        expected, answer = _without_nothing(expected), _without_nothing(answer)
    same = answer == expected or (expected == "none" and answer is None)
    return Scored(judged, Score.RIGHT if same else Score.WRONG, f"{told_answer(judged)} ({judged.answered_by.id})")


def _hundredths(answer: object) -> object:
    """Round a rate in parts per million half up to hundredths of a per cent, as tries are told."""
    return divided("div_half_up", answer, _HUNDREDTH) if isinstance(answer, int) else answer


def _without_nothing(split: object) -> object:
    """Leave out the parts that get nothing: a split that names them and one that does not are the same."""
    return {name: amount for name, amount in split.items() if amount} if isinstance(split, dict) else split


def told_answer(judged: Judgement) -> str:
    """Return the answer as people write it: a rate in per cent, none where there is no such thing."""
    if judged.answer is None:
        return "none"
    if isinstance(judged.answer, bool):
        return str(judged.answer).lower()
    ask = VOCABULARY.asks[str(judged.tried.values["ask"])]
    if ask.answer is Kind.PERCENT and isinstance(judged.answer, int):
        hundredths = divided("div_half_up", judged.answer, _HUNDREDTH)
        whole, part = divmod(hundredths, 100)
        return f"{whole}.{part:02} %"
    return str(judged.answer)
