"""The statement of one loan: every line in order of time, with a running balance per component.

statement(loan, on) -> Statement                            of a loan's records
of_history(book, told, on) -> Statement                     of the one loan of a book of histories
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from duecourse.kernel.components import COMPONENTS, LINES, LINES_OF
from duecourse.ledger import kernel, state, steps
from duecourse.ledger.histories import Histories, as_date, day_number, from_loans
from duecourse.ledger.loan import Amounts, Loan, Payment, Waiver
from duecourse.ledger.positions import positions

_COMPONENT_OF: Final = {line: name for name, lines in LINES_OF.items() for line in lines}
WHAT: Final = {
    int(steps.FELL_DUE): "fell due",
    int(steps.ACCRUED): "accrued",
    int(steps.LATE): "late fee",
    int(steps.CHARGED): "charged",
    int(steps.FROM_CREDIT): "paid from credit",
    int(steps.PAID): "paid",
    int(steps.TO_CREDIT): "kept as credit",
    int(steps.WAIVED): "waived",
    int(steps.ACCELERATION): "accelerated",
}
_ADDS: Final = ("fell due", "accrued", "late fee", "charged")
_ROWS_FIRST: Final = 4_096


@dataclass(frozen=True)
class Line:
    """One line; amounts in minor units.

    `amount` is what was let in, paid or waived; `cut` what a cap cut from it, so amount + cut is the line before the
    cap. Both are differences of rounded sums, so that a single accrual's cut can be -1; their totals are exact.
    `instalment` and `charge_id` say of what, `source` names the payment or waiver. `due` are the balances that are
    due after the line, by component; `credit` the credit after it. A waiver of what is not yet due leaves them as
    they are (`later`).
    """

    day: date
    what: str
    line: str | None
    amount: int
    cut: int
    instalment: int | None
    charge_id: str | None
    source: str | None
    later: bool
    due: dict[str, int]
    credit: int


@dataclass(frozen=True)
class Statement:
    """The lines of one run of the ledger, and the position that they sum to."""

    loan_id: str
    on: date
    lines: list[Line] = field(default_factory=list)
    amounts: Amounts | None = None
    cut: int = 0


@dataclass(frozen=True)
class Told:
    """What a history does not name: whose it is, its payments and waivers, and the ids of its charges, if known."""

    loan_id: str
    payments: Sequence[Payment]
    waivers: Sequence[Waiver]
    charge_ids: Sequence[str] = ()  # in the order of their day and id


def statement(loan: Loan, on: date, *, enforceable: bool = True) -> Statement:
    """Return the statement of a loan on a day, of the enforceable or the contractual run.

    Raises AssertionError if the lines did not sum to the position to the minor unit, which would be a fault of ours.
    """
    charges = sorted(loan.charges, key=lambda row: (row.charged_on, row.charge_id))
    told = Told(loan.loan_id, loan.payments, loan.waivers, [row.charge_id for row in charges])
    return of_history(from_loans([loan]), told, on, enforceable=enforceable)


def of_history(book: Histories, told: Told, on: date, *, enforceable: bool = True) -> Statement:
    """Return the statement of the one loan of a book; see `statement`."""
    room = _ROWS_FIRST
    while True:
        work = state.workspace(book, room)
        segments = np.zeros((3, len(book.instalments.number)), dtype=np.int32)
        run = kernel.ENFORCEABLE if enforceable else kernel.CONTRACTUAL
        kernel.one_run(book, 0, day_number(on), run, work, segments)
        if work.purse[state.TRACED] < room:
            break
        room *= 4
    position = positions(book, on).of(0)
    amounts = position.enforceable if enforceable else position.contractual
    lines = list(_lines(told, work))
    result = Statement(told.loan_id, on, lines, amounts, position.cut if enforceable else 0)
    _prove(result)
    return result


def _lines(told: Told, work: state.Work) -> Iterator[Line]:
    due = dict.fromkeys(COMPONENTS, 0)
    credit = 0
    payments = sorted(
        (row for row in told.payments if row.reverses is None), key=lambda row: (row.paid_on, row.payment_id)
    )
    waivers = sorted(told.waivers, key=lambda row: (row.waived_on, row.waiver_id))
    charge_id = _charge_ids(told, work)
    named: dict[str, Callable[[int], str | None]] = {
        "paid": lambda row: payments[row].payment_id,
        "kept as credit": lambda row: payments[row].payment_id,
        "waived": lambda row: waivers[row].waiver_id,
    }
    for day, kind, place, line_no, amount, detail in work.trace[: work.purse[state.TRACED]].tolist():
        what = WHAT[kind]
        item: Any = work.items[place] if place >= 0 else None
        line = LINES[line_no] if line_no >= 0 else None
        later = what == "waived" and item is not None and bool(item[state.DUE] > day)
        if line and not later:
            due[_COMPONENT_OF[line]] += amount if what in _ADDS else -amount
        credit += amount if what == "kept as credit" else (-amount if what == "paid from credit" else 0)
        is_instalment = item is not None and bool(item[state.IS_INSTALMENT])
        yield Line(
            day=as_date(day),
            what=what,
            line=line,
            amount=amount,
            cut=detail if what in _ADDS else 0,
            instalment=int(item[state.NUMBER]) if is_instalment else None,
            charge_id=charge_id.get(place),
            source=named[what](detail) if what in named else None,
            later=later,
            due=dict(due),
            credit=credit,
        )


def _charge_ids(told: Told, work: state.Work) -> dict[int, str]:
    """Name the charges among the items, where their ids are known: they stand in the order of day and charge_id."""
    places = range(int(work.purse[state.ITEMS]))
    charges = [place for place in places if not work.items[place, state.IS_INSTALMENT]]
    return dict(zip(charges, told.charge_ids, strict=bool(told.charge_ids)))


def _prove(result: Statement) -> None:
    """Invariant 8: the lines of a statement sum to the position, to the minor unit."""
    amounts = result.amounts
    if amounts is None:
        return
    last = result.lines[-1] if result.lines else None
    for component in COMPONENTS:
        stands = amounts.overdue[component] + amounts.due_today[component]
        if stands != (last.due[component] if last else 0):
            raise AssertionError(f"{result.loan_id}: the statement's {component} does not sum to the position")
    if amounts.credit != (last.credit if last else 0) or result.cut != sum(line.cut for line in result.lines):
        raise AssertionError(f"{result.loan_id}: the statement's credit or cut does not sum to the position")
