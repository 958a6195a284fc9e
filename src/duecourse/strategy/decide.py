"""What the strategy makes of one borrower, in plain Python: stage, what may be done, in which order.

For `explain` and for tests; the night decides the same over whole tables. Law, holds, freshness of
payments, capacity and the hold-out are not judged here: they need more than one borrower's facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from duecourse.strategy.models import Rung, Strategy, Treatment

NOT_IN_ARM = "not_in_arm"
QUIET = "quiet_"


@dataclass(frozen=True)
class Standing:
    """Where a borrower stands: the stage (None: on no rung), and why.

    `reached` are the rungs that hold, lowest first; `stepped_back` and `quiet` the reasons that are true.
    """

    stage: str | None
    reached: tuple[str, ...]
    stepped_back: tuple[str, ...]
    quiet: tuple[str, ...]


def with_formulas(strategy: Strategy, facts: Mapping[str, object]) -> dict[str, object]:
    """Add the strategy's formulas, in their order, to the facts of one borrower."""
    known = dict(facts)
    for name, formula in strategy.formulas.items():
        known[name] = formula.evaluate(known)
    return known


def standing(strategy: Strategy, known: Mapping[str, object]) -> Standing:
    """Find the stage of one borrower from facts and formulas (see `with_formulas`).

    The highest rung that holds, less the largest `rungs` of the step-backs that are true, counted among
    the rungs that hold and never below the lowest of them.
    """
    reached = [rung.stage for rung in strategy.ladder if _holds(rung, known)]
    back = [one for one in strategy.step_back if one.when.evaluate(known) is True]
    place = max(0, len(reached) - 1 - max((one.rungs for one in back), default=0))
    return Standing(
        stage=reached[place] if reached else None,
        reached=tuple(reached),
        stepped_back=tuple(one.because for one in back),
        quiet=tuple(one.because for one in strategy.quiet if one.when.evaluate(known) is True),
    )


def blocked(treatment: Treatment, known: Mapping[str, object], quiet: tuple[str, ...], arm: str) -> tuple[str, ...]:
    """Return the reason codes for which a treatment is not possible; empty when it is."""
    codes = [] if treatment.arms is None or arm in treatment.arms else [NOT_IN_ARM]
    if treatment.presses:
        codes += [f"{QUIET}{because}" for because in quiet]
    codes += [gate.code for gate in treatment.gates if gate.condition.evaluate(known) is not True]
    return tuple(codes)


def ranked(rung: Rung, known: Mapping[str, object], quiet: tuple[str, ...], arm: str) -> tuple[Treatment, ...]:
    """Return the rung's possible treatments, best first; the required ones are not among them.

    By value: highest first, an unknown value last, ties in the order of the file.
    """
    possible = [one for one in rung.treatments if not one.required and not blocked(one, known, quiet, arm)]
    if rung.choose == "value":
        possible.sort(key=lambda one: _worth(one, known), reverse=True)  # a stable sort keeps ties in order
    return tuple(possible)


def required(rung: Rung, known: Mapping[str, object], quiet: tuple[str, ...], arm: str) -> tuple[Treatment, ...]:
    """Return the notices that the rung has to give today, in the order of the file."""
    return tuple(one for one in rung.treatments if one.required and not blocked(one, known, quiet, arm))


def _holds(rung: Rung, known: Mapping[str, object]) -> bool:
    left = rung.leave is not None and rung.leave.evaluate(known) is True
    return rung.enter.evaluate(known) is True and not left


def _worth(treatment: Treatment, known: Mapping[str, object]) -> tuple[bool, int]:
    value = treatment.value.evaluate(known) if treatment.value is not None else None
    return (True, value) if isinstance(value, int) else (False, 0)
