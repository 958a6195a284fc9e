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
from duecourse.ledger.state import T_CAP_SHARE, T_CAP_YEAR, T_EFFECTIVE

_TERMS = (
    "effective", "principal", "grace_days", "late_fee_flat", "late_fee_ppm", "late_fee_min", "late_fee_max",
    "penalty_ppb_day", "penalty_base", "interest_ppm_year", "day_count", "cap_all_in_ppm_year", "cap_charges_ppm",
    "allocation_order", "by_component", "stops",
)  # fmt: skip


_EVER = np.iinfo(np.int32).min  # before every day: the first version holds since ever


class Reader(Protocol):
    """What an engine gives for one thread.

    Rows of loans `low` to before `high`, sorted by loan and then in ledger order.
    """

    def loans(self, low: int, high: int) -> pa.Table:
        """Versions of loans: names and terms."""

    def caps(self, low: int, high: int) -> pa.Table | None:
        """Caps of the law by first day, -1 for none; until is the day before which one holds. None: no loan has any."""

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
        terms=_under_law(TermsRows(start, _terms(versions)), present, reader.caps(low, high)),
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
        place, known = self._find(_ints(table, "loan_no"))
        if not known.all():
            table, place = table.filter(pa.array(known)), place[known]
        if (np.diff(place) < 0).any():
            raise ValueError("rows are not sorted by loan: the loaded tables are not as book.load writes them")
        return table, np.searchsorted(place, np.arange(len(self.present) + 1)).astype(np.int64)

    def _find(self, loan: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return the place of each loan number, and whether it is there."""
        count = len(self.present)
        if count and self.present[-1] - self.present[0] == count - 1:  # none is missing, as nearly always
            place = loan - self.present[0]
            return place, (place >= 0) & (place < count)
        place = np.searchsorted(self.present, loan)
        place[place == count] = 0
        return place, self.present[place] == loan if count else np.zeros(len(loan), dtype=bool)

    def day(self, table: pa.Table) -> Days:
        """Return one day per loan present, NEVER where the table has none."""
        days = np.full(len(self.present), NEVER, dtype=np.int32)
        loan = _ints(table, "loan_no")
        known = np.isin(loan, self.present)
        days[np.searchsorted(self.present, loan[known])] = _days(table, "day")[known]
        return days


def _under_law(terms: TermsRows, present: NDArray[np.int64], caps: pa.Table | None) -> TermsRows:
    """Let the stricter of the lender's own cap and the law's stand in the terms.

    Where the law's cap changes between two versions of the terms, the earlier one is written once more from that day.
    """
    if caps is None or caps.num_rows == 0:
        return terms
    loan = np.repeat(np.arange(len(present)), np.diff(terms.start))
    of = _ints(caps, "loan_no")
    if (np.diff(of) > 0).all():  # one cap since ever for each loan, as nearly always: no version is split
        piece = np.searchsorted(of, present[loan])
        piece[piece == len(of)] = 0
        capped = np.flatnonzero(of[piece] == present[loan])
        _lower(terms.rows, capped, caps, piece[capped])
        return terms
    first = np.searchsorted(of, present[loan], side="left")
    pieces = np.searchsorted(of, present[loan], side="right") - first
    copies = np.maximum(pieces, 1)
    version = np.repeat(np.arange(len(loan)), copies)
    piece = np.arange(len(version)) - np.repeat(np.cumsum(copies) - copies, copies) + first[version]
    bound = pieces[version] > 0
    piece[~bound] = 0
    effective = terms.rows[:, T_EFFECTIVE]
    is_first = np.isin(np.arange(len(loan)), terms.start[:-1])
    begins = np.where(is_first, _EVER, effective)
    ends = np.append(effective[1:], NEVER)
    ends[terms.start[1:] - 1] = NEVER
    since, until = _days(caps, "first")[piece], _days(caps, "until")[piece]
    kept = ~bound | ((since < ends[version]) & (until > begins[version]))
    version, piece, bound, since = version[kept], piece[kept], bound[kept], since[kept]
    rows = terms.rows[version]
    rows[:, T_EFFECTIVE] = np.where(bound, np.maximum(begins[version], since), rows[:, T_EFFECTIVE])
    capped = np.flatnonzero(bound)
    _lower(rows, capped, caps, piece[capped])
    counts = np.bincount(loan[version], minlength=len(present))
    return TermsRows(np.append(0, np.cumsum(counts)).astype(np.int64), rows)


def _lower(rows: NDArray[np.int64], at: Numbers, caps: pa.Table, piece: Numbers) -> None:
    """Lower the caps of some rows of terms to those of the law's pieces beside them; -1 is no cap."""
    for place, name in ((T_CAP_YEAR, "cap_all_in_ppm_year"), (T_CAP_SHARE, "cap_charges_ppm")):
        own, law = rows[at, place], _ints(caps, name)[piece]
        rows[at, place] = np.where((law >= 0) & ((own < 0) | (law < own)), law, own)


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
