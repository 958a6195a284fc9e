"""The most that the law lets a loan cost a year, for who judges whether it can be repaid."""

from datetime import date

from duecourse.affordability.judging import Cap
from duecourse.law.answers import Answers, Facts, Question


def cap_of(answers: Answers, facts: Facts, on: date | None = None) -> Cap | None:
    """Return the cap that the law sets on the yearly rate of a loan (as it is on a day), or None where no rule does."""
    (cap,) = answers.of(facts, [Question("rate_cap", {"on": on} if on else {})])
    return Cap(cap.value, cap.cite) if isinstance(cap.value, int) else None
