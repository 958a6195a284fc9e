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


def owed(loans: Sequence[Loan], on: date) -> list[Owed]:
    """Work out loans on a day, in their order; a loan whose amounts do not fit 64 bits owes nothing that is sure."""
    worked = positions(unpacked([loan.history for loan in loans], [loan.payments for loan in loans]), on)
    overdue, due_today, not_due = (worked.amounts[rows].sum(axis=0) for rows in (_OVERDUE, _DUE_TODAY, _NOT_DUE))
    whole = overdue + due_today + not_due - worked.amounts[_ENFORCEABLE + kernel.ROW_CREDIT]
    since, days = worked.facts[kernel.OLDEST_DUE], worked.facts[kernel.DAYS_PAST_DUE]
    sure = worked.facts[kernel.REFUSED_LOAN] == 0
    return [
        Owed(
            loan.loan_id,
            loan.currency,
            int(overdue[place]),
            int(due_today[place]),
            int(whole[place]),
            None if since[place] == NEVER else as_date(since[place]),
            int(days[place]),
        )
        if sure[place]
        else Owed(loan.loan_id, loan.currency, 0, 0, 0, None, 0)
        for place, loan in enumerate(loans)
    ]
