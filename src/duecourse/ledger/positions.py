"""Positions of many loans on a day: the arrays that the kernel fills, and a reader for one loan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from duecourse.kernel.components import COMPONENTS
from duecourse.ledger import kernel
from duecourse.ledger.histories import NEVER, Histories, as_date, day_number, from_loans
from duecourse.ledger.loan import Amounts, Loan, Position, Segment
from duecourse.ledger.state import workspace

WHENS: Final = ("overdue", "due_today", "not_due")
RUNS: Final = ("contract_", "")  # prefix of a column of the contractual run, and of the enforceable one
AMOUNT_NAMES: Final = tuple(
    name
    for prefix in RUNS
    for name in (
        *(f"{prefix}{component}_{when}" for component in COMPONENTS for when in WHENS),
        f"{prefix}credit",
        f"{prefix}cut",
    )
)


@dataclass(frozen=True)
class Positions:
    """Positions of the loans of some histories on one day.

    amounts: (34, loans) int64 minor units, rows named by AMOUNT_NAMES. facts: (FACTS, loans), rows named in
    `duecourse.ledger.kernel`; days as day numbers, NEVER for none. segments: (3, instalments), see `kernel.run`.
    """

    on: date
    histories: Histories
    amounts: NDArray[np.int64]
    facts: NDArray[np.int64]
    segments: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of loans."""
        return int(self.amounts.shape[1])

    def of(self, loan: int) -> Position:
        """Return the position of the loan at this place."""
        fact = self.facts[:, loan]
        return Position(
            contractual=self._amounts(loan, 0),
            enforceable=self._amounts(loan, 17),
            cut=int(self.amounts[17 + kernel.ROW_CUT, loan]),
            oldest_due_on=_date(fact[kernel.OLDEST_DUE]),
            days_past_due=int(fact[kernel.DAYS_PAST_DUE]),
            delinquent_days=int(fact[kernel.DELINQUENT_DAYS]),
            overdue_instalments=int(fact[kernel.OVERDUE_INSTALMENTS]),
            history=self._history(loan),
        )

    def _amounts(self, loan: int, offset: int) -> Amounts:
        column = self.amounts[offset : offset + 17, loan]
        by_when = [
            {component: int(column[3 * place + when]) for place, component in enumerate(COMPONENTS)}
            for when in range(3)
        ]
        overdue, due_today, not_due = by_when
        return Amounts(overdue, due_today, not_due, int(column[kernel.ROW_CREDIT]))

    def _history(self, loan: int) -> list[Segment]:
        start = self.histories.instalments.start[loan]
        rows = self.segments[:, start : start + self.facts[kernel.SEGMENTS, loan]].T
        return [Segment(as_date(begins), _date(until), as_date(oldest)) for begins, until, oldest in rows]


def _date(days: int) -> date | None:
    return None if days == NEVER else as_date(days)


def positions(histories: Histories, on: date) -> Positions:
    """Work out the position of every loan on a day."""
    loans = len(histories.opened)
    amounts = np.zeros((len(AMOUNT_NAMES), loans), dtype=np.int64)
    facts = np.zeros((kernel.FACTS, loans), dtype=np.int64)
    segments = np.zeros((3, len(histories.instalments.due)), dtype=np.int32)
    kernel.run(histories, 0, loans, day_number(on), workspace(histories), amounts, facts, segments)
    return Positions(on, histories, amounts, facts, segments)


def compile_ledger() -> None:
    """Compile the ledger, or find it compiled: some 20 seconds, once on a machine, before the first night needs it."""
    positions_of([], as_date(0))


def positions_of(loans: Sequence[Loan], on: date) -> list[Position]:
    """Work out the positions of a few loans given as plain records."""
    worked = positions(from_loans(loans), on)
    return [worked.of(place) for place in range(len(loans))]
