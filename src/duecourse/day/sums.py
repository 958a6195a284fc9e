"""What a case owes today, line by line: what can be enforced, and what the contract says where that is more.

Worked out from the loans' histories and what the day has recorded since, never from what a night has found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.day.known import Loan
from duecourse.kernel.components import COMPONENTS
from duecourse.ledger import kernel
from duecourse.ledger.histories import NEVER, as_date
from duecourse.ledger.packed import unpacked
from duecourse.ledger.positions import RUNS, WHENS, positions

_START: Final = {
    run: RUNS.index(prefix) * kernel.RUN_ROWS for run, prefix in (("enforceable", ""), ("contract", "contract_"))
}


@dataclass(frozen=True)
class Part:
    """A component of what is owed: overdue, and due today or later; minor units."""

    component: str
    overdue: int
    later: int


@dataclass(frozen=True)
class Sums:
    """What a loan owes; amounts in minor units. `cut` is what the contract says and the law, or the lender, does not.

    `is_sure` is false where the amounts leave 64 bits: nothing may be said of them then.
    """

    loan: Loan
    parts: tuple[Part, ...]
    credit: int
    cut: int
    overdue_since: date | None
    days_past_due: int
    is_sure: bool

    @property
    def overdue(self) -> int:
        """What is overdue today."""
        return sum(part.overdue for part in self.parts)

    @property
    def later(self) -> int:
        """What is owed and not overdue, less what was paid ahead."""
        return sum(part.later for part in self.parts) - self.credit

    @property
    def owed(self) -> int:
        """All that is owed, overdue or not, less what was paid ahead."""
        return sum(part.overdue + part.later for part in self.parts) - self.credit

    @property
    def contractual(self) -> int:
        """What would be owed by the contract alone."""
        return self.owed + self.cut


def sums(loans: Iterable[Loan], on: date) -> list[Sums]:
    """Work out loans on a day, in their order."""
    some = list(loans)
    rows = ([loan.history for loan in some], [loan.payments for loan in some], [loan.waivers for loan in some])
    worked = positions(unpacked(*rows), on)
    each = zip(some, worked.amounts.T.tolist(), worked.facts.T.tolist(), strict=True)
    return [_sums(loan, amounts, facts) for loan, amounts, facts in each]


def _sums(loan: Loan, amounts: Sequence[int], facts: Sequence[int]) -> Sums:
    own, theirs = (_parts(amounts, _START[run]) for run in ("enforceable", "contract"))
    credit, contract_credit = (amounts[_START[run] + kernel.ROW_CREDIT] for run in ("enforceable", "contract"))
    whole, contract = (sum(part.overdue + part.later for part in parts) for parts in (own, theirs))
    oldest = facts[kernel.OLDEST_DUE]
    return Sums(
        loan,
        tuple(part for part in own if part.overdue or part.later),
        credit,
        (contract - contract_credit) - (whole - credit),
        None if oldest == NEVER else as_date(oldest),
        facts[kernel.DAYS_PAST_DUE],
        facts[kernel.REFUSED_LOAN] == 0,
    )


def _parts(amounts: Sequence[int], start: int) -> list[Part]:
    found = []
    for place, name in enumerate(COMPONENTS):
        overdue, today, later = amounts[start + len(WHENS) * place : start + len(WHENS) * (place + 1)]
        found.append(Part(name, overdue, today + later))
    return found
