"""Histories of many loans as arrays, the form in which the kernel reads them.

Every group of rows (terms, instalments, ...) is sorted by loan and, inside a loan, in the order that
docs/concepts/ledger.md fixes; `*_start[l]` to `*_start[l + 1]` are the rows of loan l. Days are days since 1970-01-01
(int32), amounts int64 minor units, `NEVER` a day that does not come, -1 an amount, component or number that is not set.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.loan import Loan, Payment, Terms, Waiver

Days = NDArray[np.int32]
Numbers = NDArray[np.int64]

EPOCH: Final = date(1970, 1, 1)
NEVER: Final = 2**31 - 1
BASES: Final = ("principal", "instalment")
DAY_COUNTS: Final = ("actual/365", "actual/360", "30/360")

Row = TypeVar("Row")
Group = TypeVar("Group", bound=tuple[Any, ...])


class TermsRows(NamedTuple):
    """Versions of contract terms: rows (versions, 16), columns T_* of `duecourse.ledger.state`, by effective day.

    The allocation order packs the five components, three bits each, first to be paid lowest. -1: no cap, no ceiling.
    """

    start: Numbers
    rows: NDArray[np.int64]


class InstalmentColumns(NamedTuple):
    """Instalments by due date, then number."""

    start: Numbers
    number: Numbers
    due: Days
    principal: Numbers
    interest: Numbers
    fee: Numbers


class ChargeColumns(NamedTuple):
    """Charges by day, then charge_id."""

    start: Numbers
    day: Days
    component: Numbers
    amount: Numbers


class PaymentColumns(NamedTuple):
    """Payments by day, then payment_id, without the reversals; `undone` is the day of the reversal, or NEVER."""

    start: Numbers
    day: Days
    undone: Days
    amount: Numbers
    target_instalment: Numbers
    target_component: Numbers


class WaiverColumns(NamedTuple):
    """Waivers by day, then waiver_id."""

    start: Numbers
    day: Days
    component: Numbers
    amount: Numbers


class PauseColumns(NamedTuple):
    """Pauses of ageing, first and last day inclusive, by first day."""

    start: Numbers
    first: Days
    last: Days


class Histories(NamedTuple):
    """All that the ledger reads of a range of loans; `opened`, `written_off`, `accelerated` are NEVER when unset."""

    opened: Days
    written_off: Days
    accelerated: Days
    terms: TermsRows
    instalments: InstalmentColumns
    charges: ChargeColumns
    payments: PaymentColumns
    waivers: WaiverColumns
    pauses: PauseColumns


def read_only(book: Histories) -> Histories:
    """Return the same histories as read-only contiguous arrays: one type of array, so that numba compiles once.

    Arrow hands out read-only arrays and numpy writable ones; numba takes them for different types.
    """
    groups: list[Any] = [_shut(group) if isinstance(group, np.ndarray) else closed(group) for group in book]
    return Histories(*groups)


def closed(group: Group) -> Group:
    """Return a group of columns read-only."""
    return type(group)(*(_shut(column) for column in group))


def _shut(column: NDArray[Any]) -> NDArray[Any]:
    shut = np.ascontiguousarray(column).view()
    shut.flags.writeable = False
    return shut


def day_number(day: date | None) -> int:
    """Return days since 1970-01-01, or NEVER for None."""
    return NEVER if day is None else (day - EPOCH).days


def as_date(days: int) -> date:
    """Return the date of a day number."""
    return EPOCH + timedelta(days=int(days))


def pack_order(order: Sequence[str]) -> int:
    """Pack an allocation order: component k of COMPONENTS at place p becomes k << 3p."""
    return sum(COMPONENTS.index(component) << (3 * place) for place, component in enumerate(order))


def from_loans(loans: Sequence[Loan]) -> Histories:
    """Turn plain records into arrays."""
    instalments = [sorted(loan.instalments, key=lambda row: (row.due_on, row.number)) for loan in loans]
    charges = [sorted(loan.charges, key=lambda row: (row.charged_on, row.charge_id)) for loan in loans]
    pauses = [sorted(loan.pauses, key=lambda row: row[0]) for loan in loans]
    return read_only(
        Histories(
            opened=_days(day_number(loan.opened_on) for loan in loans),
            written_off=_days(min((day_number(day) for day in loan.written_off_on), default=NEVER) for loan in loans),
            accelerated=_days(min((day_number(day) for day in loan.accelerated_on), default=NEVER) for loan in loans),
            terms=_terms([sorted(loan.terms, key=lambda row: row.effective_on) for loan in loans]),
            instalments=InstalmentColumns(
                *_columns(
                    instalments,
                    (np.int64, lambda row: row.number),
                    (np.int32, lambda row: day_number(row.due_on)),
                    (np.int64, lambda row: row.principal),
                    (np.int64, lambda row: row.interest),
                    (np.int64, lambda row: row.fee),
                )
            ),
            charges=ChargeColumns(
                *_columns(
                    charges,
                    (np.int32, lambda row: day_number(row.charged_on)),
                    (np.int64, lambda row: COMPONENTS.index(row.component)),
                    (np.int64, lambda row: row.amount),
                )
            ),
            payments=payment_columns([loan.payments for loan in loans]),
            waivers=waiver_columns([loan.waivers for loan in loans]),
            pauses=PauseColumns(
                *_columns(
                    pauses,
                    (np.int32, lambda row: day_number(row[0])),
                    (np.int32, lambda row: day_number(row[1])),
                )
            ),
        )
    )


def payment_columns(payments: Sequence[Sequence[Payment]]) -> PaymentColumns:
    """Turn the payments and reversals of loans, in whatever order, into arrays."""
    return PaymentColumns(
        *_columns(
            [_payments(rows) for rows in payments],
            (np.int32, lambda row: day_number(row[0].paid_on)),
            (np.int32, lambda row: day_number(row[1])),
            (np.int64, lambda row: row[0].amount),
            (np.int64, lambda row: _unset(row[0].target_instalment)),
            (np.int64, lambda row: _component(row[0].target_component)),
        )
    )


def waiver_columns(waivers: Sequence[Sequence[Waiver]]) -> WaiverColumns:
    """Turn the waivers of loans, in whatever order, into arrays."""
    return WaiverColumns(
        *_columns(
            [sorted(rows, key=lambda row: (row.waived_on, row.waiver_id)) for rows in waivers],
            (np.int32, lambda row: day_number(row.waived_on)),
            (np.int64, lambda row: _component(row.component)),
            (np.int64, lambda row: row.amount),
        )
    )


def _payments(rows: Sequence[Payment]) -> list[tuple[Payment, date | None]]:
    undone: dict[str, date] = {}
    for row in rows:
        if row.reverses is not None:
            undone[row.reverses] = min(row.paid_on, undone.get(row.reverses, row.paid_on))
    kept = [(row, undone.get(row.payment_id)) for row in rows if row.reverses is None]
    return sorted(kept, key=lambda pair: (pair[0].paid_on, pair[0].payment_id))


def _component(name: str | None) -> int:
    return -1 if name is None else COMPONENTS.index(name)


def _days(values: Iterable[int]) -> Days:
    return np.fromiter(values, dtype=np.int32)


def _columns(rows: Sequence[Sequence[Row]], *columns: tuple[Any, Callable[[Row], int]]) -> list[NDArray[Any]]:
    """Flatten rows per loan into a start array and one array per column."""
    start = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(group) for group in rows], out=start[1:])
    flat = [row for group in rows for row in group]
    return [start, *(np.array([value(row) for row in flat], dtype=kind) for kind, value in columns)]


def _unset(value: int | None) -> int:
    return -1 if value is None else value


def _terms(versions: Sequence[Sequence[Terms]]) -> TermsRows:
    start, *_ = _columns(versions)
    flat = [_terms_row(row) for group in versions for row in group]
    return TermsRows(start, np.array(flat, dtype=np.int64).reshape(len(flat), 16))


def _terms_row(terms: Terms) -> tuple[int, ...]:
    return (
        day_number(terms.effective_on),
        terms.principal,
        terms.grace_days,
        terms.late_fee_flat,
        terms.late_fee_ppm,
        terms.late_fee_min,
        _unset(terms.late_fee_max),
        terms.penalty_ppb_day,
        BASES.index(terms.penalty_base),
        terms.interest_ppm_year if terms.interest_after_due == "runs" else 0,
        DAY_COUNTS.index(terms.day_count),
        _unset(terms.cap_all_in_ppm_year),
        _unset(terms.cap_charges_ppm),
        pack_order(terms.allocation_order),
        1 if terms.allocation_by == "component" else 0,
        1 if terms.accrual_after_write_off == "stops" else 0,
    )
