"""What every loan's history comes to at a moment: sums of its movements since ever, and its balances.

The ledger plays each loan; the rows of its statement are added up by what they are, by line, and by the payment or
waiver that they came of. Two moments are compared by `duecourse.finance.movements`. Ranges of loans are worked out on
threads and kept as Parquet files, so that memory stays bounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from duecourse.kernel.components import COMPONENTS, LINES, LINES_OF
from duecourse.kernel.files import written_beside
from duecourse.ledger import kernel, state, steps
from duecourse.ledger.histories import Numbers, day_number
from duecourse.ledger.positions import RUNS, WHENS, positions
from duecourse.night.arrays import Book, Reader, read

RANGE: Final = 5_000  # loans worked out at a time on one thread
_ROWS_FIRST: Final = 4_096
CREDIT: Final = "credit"
BALANCES: Final = (*COMPONENTS, CREDIT)
LENT: Final = "lent"
WHATS: Final = {
    int(steps.FELL_DUE): "fell_due", int(steps.ACCRUED): "accrued", int(steps.LATE): "charged",
    int(steps.CHARGED): "charged", int(steps.FROM_CREDIT): "from_credit", int(steps.PAID): "paid",
    int(steps.TO_CREDIT): "to_credit", int(steps.WAIVED): "waived",
}  # fmt: skip
SUMS: Final = pa.schema([
    ("loan_no", pa.int64()), ("what", pa.string()), ("line", pa.string()), ("row", pa.int64()), ("amount", pa.int64()),
])  # fmt: skip
STANDS: Final = pa.schema([
    ("loan_no", pa.int64()), ("loan_id", pa.string()), ("currency", pa.string()),
    *((name, pa.int64()) for name in BALANCES),
])  # fmt: skip
_ENFORCEABLE: Final = RUNS.index("") * kernel.RUN_ROWS
_NO_ROW: Final = -1
_PRINCIPAL: Final = LINES.index("principal")


@dataclass(frozen=True)
class Played:
    """The work of a range: `sums/` and `stands/` under `out`, a file in each for a range."""

    bounds: tuple[int, ...]
    on: date
    out: Path

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first loan number of each range, and that behind its last."""
        return list(pairwise(self.bounds))

    def do(self, reader: Reader, place: int) -> None:
        """Work out the range at a place."""
        book = read(reader, *self.ranges[place], day_number(self.on))
        self._write(_sums(book, day_number(self.on)), "sums", place)
        self._write(_stands(book, self.on), "stands", place)

    def read(self, name: str, place: int) -> pa.Table:
        """Return what was written of a range."""
        return pq.read_table(self._path(name, place))

    def _path(self, name: str, place: int) -> Path:
        return self.out / name / f"part-{place:05}.parquet"

    def _write(self, table: pa.Table, name: str, place: int) -> None:
        with written_beside(self._path(name, place)) as beside:
            pq.write_table(table, beside, compression="zstd")


def _stands(book: Book, on: date) -> pa.Table:
    """Return the balances of the enforceable run: principal whole, all else as far as it is due, and credit.

    Interest and fees of instalments to come are no asset yet: they are earned when they fall due.
    """
    amounts = positions(book.histories, on).amounts[_ENFORCEABLE : _ENFORCEABLE + kernel.RUN_ROWS]
    due = len(WHENS) - 1
    columns = {name: book.loans.column(name) for name in STANDS.names[:3]}
    for place, name in enumerate(COMPONENTS):
        first = len(WHENS) * place
        last = first + (len(WHENS) if name == "principal" else due)
        columns[name] = pa.array(amounts[first:last].sum(axis=0))
    columns[CREDIT] = pa.array(amounts[kernel.ROW_CREDIT])
    return pa.table([columns[name] for name in STANDS.names], schema=STANDS)


def _sums(book: Book, on: int) -> pa.Table:
    """Add up the rows of every loan's statement; `row` is the place of a payment or waiver among those of its loan."""
    histories = book.histories
    loans = len(histories.opened)
    numbers = np.asarray(book.loans.column("loan_no").to_numpy(zero_copy_only=False), dtype=np.int64)
    parts = [_lent(book, numbers)]
    work = state.workspace(histories, _ROWS_FIRST)
    segments = np.zeros((3, len(histories.instalments.due)), dtype=np.int32)
    for loan in range(loans):
        while True:
            kernel.one_run(histories, loan, on, kernel.ENFORCEABLE, work, segments)
            if work.purse[state.TRACED] < len(work.trace):
                break
            work = state.workspace(histories, 4 * len(work.trace))
        starts = (int(histories.payments.start[loan]), int(histories.waivers.start[loan]))
        parts.append(_of_loan(int(numbers[loan]), work, starts))
    rows = np.concatenate(parts)
    kinds = pa.array([WHATS.get(kind, LENT) for kind in range(max(WHATS) + 1)] + [LENT])
    lines = pa.array([*LINES, ""])
    table = pa.table([
        pa.array(rows[:, 0]), kinds.take(pa.array(rows[:, 1])), lines.take(pa.array(rows[:, 2])),
        pa.array(rows[:, 3]), pa.array(rows[:, 4]),
    ], names=SUMS.names)  # fmt: skip
    return grouped(table, SUMS.names[:4]).cast(SUMS)


def grouped(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Add amounts up by keys."""
    found = table.group_by(list(keys)).aggregate([("amount", "sum")])
    return found.rename_columns({"amount_sum": "amount"}).select([*keys, "amount"])


def _lent(book: Book, numbers: Numbers) -> NDArray[np.int64]:
    """Return for each loan the principal of its schedule: what was lent."""
    start = book.histories.instalments.start
    running = np.concatenate([[0], np.cumsum(book.histories.instalments.principal)])
    found = np.zeros((len(numbers), 5), dtype=np.int64)
    found[:, 0] = numbers
    found[:, 1] = max(WHATS) + 1
    found[:, 2] = _PRINCIPAL
    found[:, 3] = _NO_ROW
    found[:, 4] = running[start[1:]] - running[start[:-1]]
    return found


def _of_loan(number: int, work: Any, starts: tuple[int, int]) -> NDArray[np.int64]:
    """Return the rows of a loan's statement that move a balance: loan, kind, line, row and amount."""
    trace = work.trace[: work.purse[state.TRACED]]
    day, kind, place, line, amount, detail = trace.T
    due = work.items[np.maximum(place, 0), state.DUE]
    is_waived = kind == int(steps.WAIVED)
    is_paid = (kind == int(steps.PAID)) | (kind == int(steps.TO_CREDIT))
    # Principal is owed from the day it is lent, all else from the day it falls due.
    moves = kind != int(steps.ACCELERATION)
    moves &= ~((kind == int(steps.FELL_DUE)) & (line == _PRINCIPAL))
    moves &= ~(is_waived & (due > day) & (line != _PRINCIPAL))
    row = np.where(is_paid, detail - starts[0], np.where(is_waived, detail - starts[1], _NO_ROW))
    whole = np.stack([np.full(len(trace), number, dtype=np.int64), kind, line, row, amount], axis=1)
    found: NDArray[np.int64] = whole[moves]
    found[found[:, 2] < 0, 2] = len(LINES)  # what is kept as credit is on no line
    return found


COMPONENT_OF: Final = {line: name for name, lines in LINES_OF.items() for line in lines}
"""The component that each line belongs to."""
