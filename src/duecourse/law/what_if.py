"""One world judged for a person: the verdict of each try with its reasons, citations and the facts behind them.

Only the rules of the world's own rulebooks that can matter to its tries are asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duecourse.kernel.errors import DueCourseError
from duecourse.law.asking import ask
from duecourse.law.casefile import Case
from duecourse.law.document import nearest
from duecourse.law.judge import Judgement, Reason, judgement
from duecourse.law.kept import law_of
from duecourse.law.rulebook import Law, Rule
from duecourse.law.running import Run
from duecourse.law.scoring import told_answer


@dataclass(frozen=True)
class Told:
    """A rule as it is told: its words, citation and link, and the facts that it looked at."""

    rule: str
    topic: str
    says: str
    because: str
    citation: str
    link: str
    force: str
    checked: str
    missing: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """What a try comes to: permitted, refused, or the answer to its question."""

    what: str
    verdict: str
    reasons: tuple[Told, ...]
    beside: tuple[Told, ...]
    asked: tuple[Told, ...]


def answers(cases: Sequence[Case], law: Law | None = None, keep: Path | None = None) -> list[Answer]:
    """Judge every try of some worlds and tell each; DueCourseError for a rulebook that is not there.

    `keep` is a folder for rulebooks that were read before.
    """
    wanted = {book for case in cases for book in case.rulebooks}
    law = law or law_of(wanted, keep)
    for case in cases:
        for book in case.rulebooks:
            if book not in law.books:
                raise DueCourseError(f"{case.file}:{case.line}: no rulebook '{book}'{nearest(book, law.books)}")
    # Some questions are answered by trying contacts.
    acts = {"contact"} | {str(trial.values["act"]) for case in cases for trial in case.tries if "act" in trial.values}
    asks = {str(trial.values["ask"]) for case in cases for trial in case.tries if "ask" in trial.values}
    made = ask(cases, law.of(wanted, acts=acts, asks=asks))
    return [_answer(made, judgement(made, tried)) for tried in made.worlds.tries]


def _answer(made: Run, judged: Judgement) -> Answer:
    values = judged.tried.values
    act_no = made.worlds.acts_of[judged.tried.number][0]
    facts = made.facts(act_no)
    if "ask" in values:
        by: tuple[Reason, ...] = (Reason(judged.answered_by),) if judged.answered_by is not None else ()
        verdict = judged.trouble or (told_answer(judged) if by else "no rule answers")
    else:
        by = judged.reasons
        verdict = "permitted" if judged.permitted else "refused"

    def told(reasons: Sequence[Reason]) -> tuple[Told, ...]:
        return tuple(_told(made.law, reason, facts) for reason in reasons)

    told_of = {reason.rule.id for reason in (*by, *judged.beside)}
    others = [Reason(rule) for rule in judged.asked if rule.id not in told_of]
    return Answer(_what(judged), verdict, told(by), told(judged.beside), told(others))


def _what(judged: Judgement) -> str:
    """Say what was tried, in a line."""
    values = judged.tried.trial.values
    at = values.get("at")
    parts = [f"{key}: {plain(value)}" for key, value in values.items() if key not in {"at", "at_zone"}]
    when = f"{at.isoformat()} " if hasattr(at, "isoformat") else ""
    return f"{when}{', '.join(parts)}"


def _told(law: Law, reason: Reason, facts: Mapping[str, Any]) -> Told:
    rule = reason.rule
    record = rule.record
    seen = tuple((name, plain(facts.get(name))) for name in sorted(rule.names))
    return Told(
        rule.id, record.topic, record.says, because(rule, facts), law.cite(rule), law.sources[record.cite.source].link,
        record.force, record.checked.how, reason.missing, seen,
    )  # fmt: skip


def because(rule: Rule, facts: Mapping[str, Any]) -> str:
    """Return the rule's own words for why, with the facts filled in; its sentence when it has none."""
    words = rule.record.because or rule.record.says
    for name in rule.names:
        words = words.replace(f"{{{name}}}", plain(facts.get(name)))
    return words


def plain(value: Any) -> str:
    """Write a value as people read it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(each) for each in value) or "none"
    return str(value)
