"""The reasons of a decision as people read them: a rule of the law with its sentence and citation, or a code."""

from collections.abc import Sequence
from dataclasses import dataclass

from duecourse.law.rulebook import Law
from duecourse.night.verdicts import LAW


@dataclass(frozen=True)
class Why:
    """A reason why not: a code of the gate's own, or a rule with its sentence and citation."""

    code: str
    says: str = ""
    cite: str = ""


def why(law: Law, reasons: Sequence[str]) -> tuple[Why, ...]:
    """Return reasons with what the law's rules say."""
    rules = {rule.id: rule for rule in law.rules}
    found = []
    for reason in reasons:
        rule = rules.get(reason.removeprefix(LAW)) if reason.startswith(LAW) else None
        found.append(Why(reason, rule.record.says, law.cite(rule)) if rule else Why(reason))
    return tuple(found)
