"""What loans owe at this second: the ledger's kernel over their events, never what a night has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.day.known import Loan
from duecourse.kernel.components import COMPONENTS
from duecourse.ledger import kernel
from duecourse.ledger.histories import NEVER, as_date
from duecourse.ledger.packed import unpacked
from duecourse.ledger.positions import RUNS, WHENS, positions

_ENFORCEABLE: Final = RUNS.index("") * kernel.RUN_ROWS
_OVERDUE, _DUE_TODAY, _NOT_DUE = (
    [_ENFORCEABLE + len(WHENS) * place + when for place in range(len(COMPONENTS))] for when in range(len(WHENS))
)
_CREDIT: Final = _ENFORCEABLE + kernel.ROW_CREDIT


@dataclass(frozen=True)
class Owed:
    """What may be claimed of a loan, in minor units, and since when something of it is overdue."""

    loan_id: str
    currency: str
    overdue: int
    due_today: int
    owed: int
    overdue_since: date | None
    days_past_due: int
    overdue_parts: tuple[int, ...]  # by component, as `kernel.components` orders them; none where it was agreed upon
    next_due_on: date | None
    next_due: int


def owed(loans: Sequence[Loan], on: date) -> list[Owed]:
    """Work out loans on a day, in their order; a loan whose amounts do not fit 64 bits owes nothing that is sure."""
    rows = ([loan.history for loan in loans], [loan.payments for loan in loans], [loan.waivers for loan in loans])
    worked = positions(unpacked(*rows), on)
    each = zip(loans, worked.amounts.T.tolist(), worked.facts.T.tolist(), strict=True)
    return [_owed(loan, amounts, facts) for loan, amounts, facts in each]


def _owed(loan: Loan, amounts: Sequence[int], facts: Sequence[int]) -> Owed:
    sure = facts[kernel.REFUSED_LOAN] == 0
    parts = tuple(amounts[row] for row in _OVERDUE)
    overdue, today, later = (
        sum(amounts[row] for row in rows) if sure else 0 for rows in (_OVERDUE, _DUE_TODAY, _NOT_DUE)
    )
    return Owed(
        loan.loan_id,
        loan.currency,
        overdue,
        today,
        overdue + today + later - amounts[_CREDIT] if sure else 0,
        _day(facts[kernel.OLDEST_DUE]) if sure else None,
        facts[kernel.DAYS_PAST_DUE] if sure else 0,
        parts,
        _day(facts[kernel.NEXT_DUE_ON]),
        facts[kernel.NEXT_DUE_AMOUNT],
    )


def _day(number: int) -> date | None:
    return None if number == NEVER else as_date(number)
