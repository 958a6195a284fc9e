"""From Arrow rows of a range of loans to the ledger's arrays."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.histories import (
    NEVER,
    ChargeColumns,
    Days,
    Histories,
    InstalmentColumns,
    Numbers,
    PauseColumns,
    PaymentColumns,
    TermsRows,
    WaiverColumns,
    pack_order,
    read_only,
)

_TERMS = (
    "effective", "principal", "grace_days", "late_fee_flat", "late_fee_ppm", "late_fee_min", "late_fee_max",
    "penalty_ppb_day", "penalty_base", "interest_ppm_year", "day_count", "cap_all_in_ppm_year", "cap_charges_ppm",
    "allocation_order", "by_component", "stops",
)  # fmt: skip


class Reader(Protocol):
    """What an engine gives for one thread.

    Rows of loans `low` to before `high`, sorted by loan and then in ledger order.
    """

    def loans(self, low: int, high: int) -> pa.Table:
        """Versions of loans: names and terms."""

    def instalments(self, low: int, high: int) -> pa.Table:
        """Instalments by due date and number."""

    def charges(self, low: int, high: int) -> pa.Table:
        """Charges by day and charge_id."""

    def payments(self, low: int, high: int) -> pa.Table:
        """Payments by day and payment_id, without reversals."""

    def waivers(self, low: int, high: int) -> pa.Table:
        """Waivers by day and waiver_id."""

    def write_offs(self, low: int, high: int) -> pa.Table:
        """First day written off, by loan."""

    def accelerations(self, low: int, high: int) -> pa.Table:
        """First day accelerated, by loan."""

    def pauses(self, low: int, high: int) -> pa.Table:
        """Pauses by first day."""


@dataclass(frozen=True)
class Book:
    """Histories of a range of loans, and for each loan the row of `loans` that is in force on the business date."""

    histories: Histories
    loans: pa.Table


def read(reader: Reader, low: int, high: int, on_day: int) -> Book:
    """Read the loans `low` to before `high`; a loan with no version known yet is not there."""
    versions = reader.loans(low, high)
    loan = _ints(versions, "loan_no")
    present, first = np.unique(loan, return_index=True)
    start = np.append(first, len(loan)).astype(np.int64)
    where = _Places(present)
    instalments, in_start = where.rows(reader.instalments(low, high))
    charges, charge_start = where.rows(reader.charges(low, high))
    payments, paid_start = where.rows(reader.payments(low, high))
    waivers, waiver_start = where.rows(reader.waivers(low, high))
    pauses, pause_start = where.rows(reader.pauses(low, high))
    histories = Histories(
        opened=_days(versions, "opened")[start[1:] - 1],
        written_off=where.day(reader.write_offs(low, high)),
        accelerated=where.day(reader.accelerations(low, high)),
        terms=TermsRows(start, _terms(versions)),
        instalments=InstalmentColumns(
            in_start,
            _ints(instalments, "number"),
            _days(instalments, "due"),
            _ints(instalments, "principal"),
            _ints(instalments, "interest"),
            _ints(instalments, "fee"),
        ),
        charges=ChargeColumns(charge_start, _days(charges, "day"), _components(charges), _ints(charges, "amount")),
        payments=PaymentColumns(
            paid_start,
            _days(payments, "day"),
            _days(payments, "undone"),
            _ints(payments, "amount"),
            _ints(payments, "target_instalment"),
            _components(payments, "target_component"),
        ),
        waivers=WaiverColumns(waiver_start, _days(waivers, "day"), _components(waivers), _ints(waivers, "amount")),
        pauses=PauseColumns(pause_start, _days(pauses, "first"), _days(pauses, "last")),
    )
    return Book(read_only(histories), versions.take(pa.array(_in_force(_days(versions, "effective"), start, on_day))))


@dataclass(frozen=True)
class _Places:
    """Turns loan numbers into places 0..n-1 of the loans that are present."""

    present: NDArray[np.int64]

    def rows(self, table: pa.Table) -> tuple[pa.Table, Numbers]:
        """Keep the rows of loans that are present; return them with the start of each loan's rows."""
        loan = _ints(table, "loan_no")
        place = np.searchsorted(self.present, loan)
        place[place == len(self.present)] = 0
        known = self.present[place] == loan if len(self.present) else np.zeros(len(loan), dtype=bool)
        if not known.all():
            table, place = table.filter(pa.array(known)), place[known]
        if (np.diff(place) < 0).any():
            raise ValueError("rows are not sorted by loan: the loaded tables are not as book.load writes them")
        return table, np.searchsorted(place, np.arange(len(self.present) + 1)).astype(np.int64)

    def day(self, table: pa.Table) -> Days:
        """Return one day per loan present, NEVER where the table has none."""
        days = np.full(len(self.present), NEVER, dtype=np.int32)
        loan = _ints(table, "loan_no")
        known = np.isin(loan, self.present)
        days[np.searchsorted(self.present, loan[known])] = _days(table, "day")[known]
        return days


def _in_force(effective: Days, start: Numbers, on_day: int) -> Numbers:
    """Return for each loan the last version effective by the day; before the first, the first."""
    begun = np.concatenate(([0], np.cumsum(effective <= on_day)))
    return np.asarray(start[:-1] + np.maximum(begun[start[1:]] - begun[start[:-1]] - 1, 0), dtype=np.int64)


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _ints(table: pa.Table, name: str) -> Numbers:
    return np.asarray(_column(table, name).to_numpy(zero_copy_only=False), dtype=np.int64)


def _days(table: pa.Table, name: str) -> Days:
    return np.asarray(_column(table, name).to_numpy(zero_copy_only=False), dtype=np.int32)


def _components(table: pa.Table, name: str = "component") -> Numbers:
    return _coded(table, name, COMPONENTS.index)


def _coded(table: pa.Table, name: str, code: Any) -> Numbers:
    """Turn a column of few texts into numbers, -1 for none."""
    encoded = _column(table, name).dictionary_encode()
    codes = np.array([code(text) for text in encoded.dictionary.to_pylist()] + [-1], dtype=np.int64)
    return np.asarray(codes[encoded.indices.fill_null(len(codes) - 1).to_numpy(zero_copy_only=False)])


def _terms(versions: pa.Table) -> NDArray[np.int64]:
    rows = np.empty((versions.num_rows, len(_TERMS)), dtype=np.int64)
    for place, name in enumerate(_TERMS):
        if name == "allocation_order":
            rows[:, place] = _coded(versions, name, lambda text: pack_order(text.split()))
        else:
            rows[:, place] = _column(versions, name).to_numpy(zero_copy_only=False)
    return rows
