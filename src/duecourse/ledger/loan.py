"""One loan's history as plain records: what the ledger takes in, and the position that it gives back.

For a few loans: tests, a what-if, a statement. Whole books go through `duecourse.ledger.histories`, which
holds the same facts as arrays. Amounts are minor units; see docs/concepts/ledger.md for what each means.
"""

from dataclasses import dataclass, field
from datetime import date

from duecourse.kernel.components import COMPONENTS


@dataclass(frozen=True)
class Terms:
    """Contract terms from `effective_on` on; columns of the table `loans`, same names and units."""

    effective_on: date = date(1970, 1, 1)
    principal: int = 0
    grace_days: int = 0
    late_fee_flat: int = 0
    late_fee_ppm: int = 0
    late_fee_min: int = 0
    late_fee_max: int | None = None
    penalty_ppb_day: int = 0
    penalty_base: str = "principal"
    interest_ppm_year: int = 0
    interest_after_due: str = "stops"
    day_count: str = "actual/365"
    cap_all_in_ppm_year: int | None = None
    cap_charges_ppm: int | None = None
    allocation_order: tuple[str, ...] = COMPONENTS
    allocation_by: str = "instalment"
    accrual_after_write_off: str = "stops"


@dataclass(frozen=True)
class Instalment:
    """One line of the schedule."""

    number: int
    due_on: date
    principal: int
    interest: int = 0
    fee: int = 0


@dataclass(frozen=True)
class Charge:
    """An amount that the lender added by hand."""

    charge_id: str
    component: str
    amount: int
    charged_on: date


@dataclass(frozen=True)
class Payment:
    """Money received, or (with `reverses`) the undoing of it."""

    payment_id: str
    paid_on: date
    amount: int
    reverses: str | None = None
    target_instalment: int | None = None
    target_component: str | None = None


@dataclass(frozen=True)
class Waiver:
    """Forgiveness of a component, or of all when `component` is None."""

    waiver_id: str
    component: str | None
    amount: int
    waived_on: date


@dataclass(frozen=True)
class Loan:
    """Everything that the ledger needs to know of one loan, in any order.

    `pauses` are (first day, last day or None), both inclusive; they may overlap.
    """

    loan_id: str
    opened_on: date | None
    terms: tuple[Terms, ...]
    instalments: tuple[Instalment, ...]
    charges: tuple[Charge, ...] = ()
    payments: tuple[Payment, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    written_off_on: tuple[date, ...] = ()
    accelerated_on: tuple[date, ...] = ()
    pauses: tuple[tuple[date, date | None], ...] = ()


@dataclass(frozen=True)
class Amounts:
    """What is owed of each component, by when it falls due, and credit; minor units."""

    overdue: dict[str, int]
    due_today: dict[str, int]
    not_due: dict[str, int]
    credit: int

    @property
    def owed(self) -> int:
        """Everything owed, due or not, before credit."""
        return sum(self.overdue.values()) + sum(self.due_today.values()) + sum(self.not_due.values())


@dataclass(frozen=True)
class Segment:
    """Days (`from_on` to before `until_on`, open when None) with the same oldest unmet due date."""

    from_on: date
    until_on: date | None
    oldest_due_on: date


@dataclass(frozen=True)
class Position:
    """What a loan owes on a day; the enforceable run decides ageing and history."""

    contractual: Amounts
    enforceable: Amounts
    cut: int
    oldest_due_on: date | None
    days_past_due: int
    delinquent_days: int
    overdue_instalments: int
    history: list[Segment] = field(default_factory=list)
