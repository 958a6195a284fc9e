"""Whether the law lets somebody be looked up across lenders: asked of the rulebooks of where they live.

    LookUps(law).refusal("CN", "affordability", on) -> None, or why not

What no rule allows is not done: a country without a rulebook, or whose rulebook has no rule on look-ups, refuses.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final

from duecourse.law.answers import NOON, Answers, Facts
from duecourse.law.judge import gates
from duecourse.law.rulebook import Law
from duecourse.law.what_if import because

OWN: Final = "own_view"
_ACT: Final = "look_up"
_DAY: Final = timedelta(days=1)


class LookUps:
    """Asks some law about look-ups, once for each country, purpose and day; threads that share it may ask twice."""

    def __init__(self, law: Law) -> None:
        """Ask nothing yet."""
        self._answers = Answers(law)
        self.refusal = cache(self._refusal)

    def _refusal(self, country: str, purpose: str, on: date) -> str | None:
        """Return why nobody may look somebody up for a purpose (a word of the vocabulary) on a day; None: they may.

        For `own_view` the borrower asks; for every other purpose somebody whom the borrower's signed consent names.
        """
        asks = {"act": _ACT, "purpose": purpose, "at": datetime.combine(on, NOON, UTC)}
        if purpose == OWN:
            judged = self._answers.judged(Facts(country), {**asks, "by": "borrower"})
        else:
            until = datetime.combine(on + _DAY, time(), UTC)
            consent = {"event": "consent", "to": _ACT, "purpose": purpose, "form": "electronic", "until": until}
            judged = self._answers.judged(Facts(country, history=[(on - _DAY, NOON, consent)]), asks)
        if judged is None:
            return f"no rulebook is in force in {country}"
        if not any(gates(rule) for rule in judged.asked):
            return f"no rule of {country} speaks of look-ups for {purpose}"
        if judged.permitted:
            return None
        rule = judged.reasons[0].rule
        return f"{because(rule, {})} ({self._answers.law.cite(rule)})"
