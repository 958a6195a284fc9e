"""The step `position`: what every loan owes, from the ledger, written as Parquet by ranges of loans."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from duecourse.kernel.files import written_beside
from duecourse.ledger import kernel
from duecourse.ledger.histories import NEVER, day_number
from duecourse.ledger.positions import AMOUNT_NAMES, Positions, positions
from duecourse.night.arrays import Book, Reader, read
from duecourse.strategy.models import Bucket

RANGE: Final = 65_536  # loans worked at a time on one thread: some 800,000 instalments, 200 MB at most
_DATES: Final = {
    "oldest_due_on": kernel.OLDEST_DUE,
    "last_paid_on": kernel.LAST_PAID_ON,
    "next_due_on": kernel.NEXT_DUE_ON,
    "spell_from": kernel.SPELL_FROM,
    "clean_from": kernel.CLEAN_FROM,
}
_COUNTS: Final = {
    "days_past_due": kernel.DAYS_PAST_DUE,
    "delinquent_days": kernel.DELINQUENT_DAYS,
    "overdue_instalments": kernel.OVERDUE_INSTALMENTS,
    "paid_total": kernel.PAID_TOTAL,
    "last_paid_amount": kernel.LAST_PAID_AMOUNT,
    "next_due_amount": kernel.NEXT_DUE_AMOUNT,
    "on_time_in_a_row": kernel.ON_TIME_IN_A_ROW,
    "instalments_fallen_due": kernel.FALLEN_DUE,
}
_CARRIED: Final = ("loan_no", "borrower_no", "loan_id", "borrower_id", "product", "currency", "opened_on")

SCHEMA: Final = pa.schema(
    [
        ("on", pa.date32()),
        ("loan_no", pa.int64()),
        ("borrower_no", pa.int64()),
        *((name, pa.string()) for name in ("loan_id", "borrower_id", "product", "currency")),
        ("opened_on", pa.date32()),
        *((name, pa.int64()) for name in AMOUNT_NAMES if name != "contract_cut"),
        *((name, pa.date32()) for name in _DATES),
        *((name, pa.int64()) for name in _COUNTS),
        ("written_off", pa.bool_()),
        ("bucket", pa.string()),
    ]
)
HISTORY: Final = pa.schema(
    [
        ("loan_no", pa.int64()),
        ("from_on", pa.date32()),
        ("until_on", pa.date32()),
        ("oldest_due_on", pa.date32()),
    ]
)


class RefusedLoansError(Exception):
    """Loans whose amounts do not fit: carried up as loan_ids; loading bounds amounts so that this does not happen."""


class RangeWork(Protocol):
    """Something that is done for each range of loans, on any thread or process, again too; it writes under `out`."""

    @property
    def out(self) -> Path:
        """Where its files go: a full path, since a cluster's tasks begin in folders of their own."""

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first loan number of each range, and that behind its last."""

    def do(self, reader: Reader, place: int) -> None:
        """Do it for the range at a place."""


@dataclass(frozen=True)
class Work:
    """What is worked out: `positions/` and `history/` under `out`, one file in each for a range of loans.

    A range of loan numbers lies between two of `bounds`; `buckets` is what they count and their bounds. Any thread or
    process may do any range, again too: a file appears whole or not at all.
    """

    bounds: tuple[int, ...]
    on: date
    buckets: tuple[str, Sequence[Bucket]]
    out: Path

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first loan number of each range, and that behind its last."""
        return list(pairwise(self.bounds))

    def do(self, reader: Reader, place: int) -> None:
        """Work out the range at a place; RefusedLoansError when amounts of its loans do not fit."""
        book = read(reader, *self.ranges[place], day_number(self.on))
        worked = positions(book.histories, self.on)
        self._write(position_table(book, worked, self.buckets), "positions", place)
        self._write(history_table(book, worked), "history", place)

    def _write(self, table: pa.Table, name: str, place: int) -> None:
        with written_beside(self.out / name / f"part-{place:05}.parquet") as beside:
            pq.write_table(table, beside, compression="zstd", use_dictionary=["product", "currency", "bucket"])


def written(out: Path) -> tuple[int, int]:
    """Return how many rows `run` has written under a folder, and how many bytes."""
    files = [path for name in ("positions", "history") for path in (out / name).glob("*.parquet")]
    return sum(pq.read_metadata(path).num_rows for path in files), sum(path.stat().st_size for path in files)


def run(
    readers: Callable[[], Reader], work: RangeWork, threads: int, progress: Callable[[int, int], None] | None = None
) -> None:
    """Do the work on threads; `readers` gives a reader for one of them."""
    places = range(len(work.ranges))
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        for done, _ in enumerate(pool.map(lambda place: work.do(readers(), place), places), 1):
            if progress:
                progress(done, len(places))


def position_table(book: Book, worked: Positions, buckets: tuple[str, Sequence[Bucket]]) -> pa.Table:
    """Put positions into the columns of SCHEMA, one row per loan."""
    loans = len(worked)
    columns: dict[str, Any] = {"on": pa.array(np.full(loans, day_number(worked.on), dtype=np.int32)).cast(pa.date32())}
    columns |= {name: book.loans.column(name) for name in _CARRIED}
    columns |= {name: pa.array(worked.amounts[row]) for row, name in enumerate(AMOUNT_NAMES) if name != "contract_cut"}
    columns |= {name: _dates(worked.facts[row]) for name, row in _DATES.items()}
    columns |= {name: pa.array(worked.facts[row]) for name, row in _COUNTS.items()}
    columns["written_off"] = pa.array(book.histories.written_off <= day_number(worked.on))
    counted = worked.facts[_COUNTS[buckets[0]]]
    columns["bucket"] = bucket_names(counted, worked.facts[kernel.DAYS_PAST_DUE] > 0, buckets[1])
    if worked.facts[kernel.REFUSED_LOAN].any():
        raise RefusedLoansError(
            book.loans.column("loan_id").filter(pa.array(worked.facts[kernel.REFUSED_LOAN] > 0)).to_pylist()
        )
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def bucket_names(days: NDArray[np.int64], overdue: NDArray[np.bool_], buckets: Sequence[Bucket]) -> pa.Array:
    """Name the bucket of each loan by its days; none for a loan that is not overdue or before the first bucket."""
    firsts = np.array([bucket.first_day for bucket in buckets])
    place = np.searchsorted(firsts, days, side="right") - 1
    names = pa.array([bucket.name for bucket in buckets])
    return names.take(pa.array(np.maximum(place, 0), mask=(place < 0) | ~overdue))


def history_table(book: Book, worked: Positions) -> pa.Table:
    """Put the segments of history into the columns of HISTORY, by loan and day."""
    start = book.histories.instalments.start
    counts = worked.facts[kernel.SEGMENTS]
    place = np.arange(len(book.histories.instalments.due)) - np.repeat(start[:-1], np.diff(start))
    written = place < np.repeat(counts, np.diff(start))
    loan_no = np.repeat(np.asarray(book.loans.column("loan_no").to_numpy()), counts)
    rows = worked.segments[:, written]
    return pa.table([pa.array(loan_no), *(_dates(row) for row in rows)], schema=HISTORY)


def _dates(days: NDArray[Any]) -> pa.Array:
    return pa.array(days.astype(np.int32), mask=days == NEVER).cast(pa.date32())
