"""What comes next if nothing is paid, and from which day at the earliest: what a borrower can still prevent.

    ahead(strategy, known, loans, on) -> [Step, ...]        by day

The strategy's ladder says it: a rung that begins with so many days past due cannot be reached before them. What its
other conditions need is taken as met, so that a day is never told too late. Nothing is told that the law must first
allow in a single case, as lists of debtors are: that is told by a notice of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from duecourse.day.known import Known
from duecourse.day.sums import Sums
from duecourse.law.expression_tree import Call, Literal, Named, Node
from duecourse.strategy.models import Rung, Strategy, Treatment
from duecourse.strategy.words import LEVEL_FACT

ACTS: Final = ("visit", "furnish", "place", "sue", "sell")
"""What is told ahead; a visit is a contact, the others are acts of their own."""
_DAYS: Final = frozenset({"days_past_due", "delinquent_days"})


@dataclass(frozen=True)
class Step:
    """Something that may happen to a loan, and the first day on which it can."""

    what: str
    loan_id: str
    from_on: date


def ahead(strategy: Strategy, known: Known, loans: Sequence[Sums], on: date) -> list[Step]:
    """Return what may happen to loans that are overdue, the soonest first, but for what a hold stops."""
    found = []
    standing = [hold for hold in known.holds if hold.holds(on, on, on)]
    for one in loans:
        if one.overdue_since is None or not one.overdue:
            continue
        held = {
            act
            for hold in standing
            if hold.loan_id in {None, one.loan.loan_id}
            for act in strategy.holds.get(hold.kind, ())
        }
        for what in ACTS:
            day = _first_day(strategy, what, one)
            if day is not None and ("contact" if what == "visit" else what) not in held:
                found.append(Step(what, one.loan.loan_id, max(on, one.overdue_since + timedelta(days=day))))
    return sorted(found, key=lambda step: (step.from_on, ACTS.index(step.what), step.loan_id))


def _first_day(strategy: Strategy, what: str, loan: Sums) -> int | None:
    days = [
        day
        for rung in strategy.ladder
        for treatment in rung.treatments
        if what == (treatment.channel if treatment.channel == "visit" else treatment.act)
        if (day := _day_of(strategy, rung, treatment, loan)) is not None
    ]
    return min(days, default=None)


def _day_of(strategy: Strategy, rung: Rung, treatment: Treatment, loan: Sums) -> int | None:
    """Return the first day past due of a treatment; None where the debt is too small for it ever to be."""
    conditions = [rung.enter, *([treatment.when] if treatment.when else [])]
    days = [_days(strategy, condition.node, loan) for condition in conditions]
    return None if None in days else max((day for day in days if day is not None), default=0)


def _days(strategy: Strategy, node: Node, loan: Sums) -> int | None:
    """Return from how many days past due a condition can be met; None where it cannot."""
    if isinstance(node, Named) and node.name.startswith(LEVEL_FACT):
        least = strategy.levels[node.name.removeprefix(LEVEL_FACT)].get(loan.loan.currency)
        return 0 if least is not None and loan.overdue >= least else None
    if not isinstance(node, Call):
        return 0
    if node.op in {"and", "or"}:
        parts = [_days(strategy, part, loan) for part in node.args]
        known = [part for part in parts if part is not None]
        if node.op == "and":
            return max(known) if len(known) == len(parts) else None
        return min(known, default=None)
    return _bound(node)


def _bound(node: Call) -> int:
    if len(node.args) < 2 or not isinstance(node.args[0], Named) or not isinstance(node.args[1], Literal):
        return 0
    name, value = node.args[0].name, node.args[1].value
    if name not in _DAYS or not isinstance(value, int):
        return 0
    return {">=": value, "=": value, "between": value, ">": value + 1}.get(node.op, 0)
