"""What the ledger knows of how instalments were met, loan by loan, from a night's look at the book.

    with looked_at(book, strategy, moment, options, folder) as look:
        for one in look.records(): ...                      a Record for each loan of which something fell due
        look.loans([17, 18]) -> {17: Terms and schedule, ...}

Ranges of loans are worked out on threads and kept as files in a folder, so that memory stays bounded.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duecourse.book.loaded import LoadedBook
from duecourse.kernel.files import written_beside
from duecourse.ledger import kernel, state
from duecourse.ledger.histories import NEVER, as_date, day_number
from duecourse.ledger.loan import Instalment
from duecourse.night.arrays import Book, Reader, read
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options
from duecourse.rewards.record import Met
from duecourse.strategy.models import Strategy

RANGE: Final = 10_000  # loans worked out at a time on one thread
_AT_ONCE: Final = 2_000
_ACT: Final = "reward"
_ROWS: Final = pa.schema([
    ("loan_no", pa.int64()), ("loan_id", pa.string()), ("borrower_id", pa.string()), ("currency", pa.string()),
    ("is_clean", pa.bool_()), ("numbers", pa.list_(pa.int64())), ("due", pa.list_(pa.int32())),
    ("on_time", pa.list_(pa.bool_())),
])  # fmt: skip


@dataclass(frozen=True)
class Record:
    """How the instalments of a loan were met; `is_clean`: nothing is overdue, written off or called in as a whole."""

    loan_no: int
    loan_id: str
    borrower_id: str
    currency: str
    is_clean: bool
    met: tuple[Met, ...]


@dataclass(frozen=True)
class Contract:
    """The terms of a loan that stand, by the columns of the table `loans`, and its schedule by due date."""

    terms: Mapping[str, Any]
    instalments: tuple[Instalment, ...]

    def later_than(self, day: date) -> tuple[Instalment, ...]:
        """Return the instalments that fall due after a day."""
        return tuple(row for row in self.instalments if row.due_on > day)


@dataclass(frozen=True)
class _Met:
    """The work of one range: plays each loan up to the day, and writes how its instalments were met."""

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
        with written_beside(self.out / f"part-{place:05}.parquet") as beside:
            pq.write_table(_played(book, day_number(self.on)), beside, compression="zstd")


def _played(book: Book, on: int) -> pa.Table:
    histories = book.histories
    work = state.workspace(histories)
    segments = np.zeros((3, len(histories.instalments.due)), dtype=np.int32)
    columns: dict[str, list[Any]] = {name: [] for name in ("is_clean", "numbers", "due", "on_time")}
    kept = []
    for loan in range(len(histories.opened)):
        kernel.one_run(histories, loan, on, kernel.ENFORCEABLE, work, segments)
        items = work.items[: work.purse[state.ITEMS]]
        rows = items[(items[:, state.IS_INSTALMENT] == 1) & (items[:, state.SCHEDULED_DUE] <= on)]
        is_met = rows[:, state.MET_ON] <= rows[:, state.SCHEDULED_DUE]
        settled = rows[is_met | (rows[:, state.SCHEDULED_DUE] < on)]  # what falls due today may still be met today
        if len(settled) == 0:
            continue
        kept.append(loan)
        due = rows[rows[:, state.SCHEDULED_DUE] < on]
        ended = histories.written_off[loan] <= on or histories.accelerated[loan] <= on
        columns["is_clean"].append(not ended and bool((due[:, state.MET_ON] != NEVER).all()))
        columns["numbers"].append(settled[:, state.NUMBER])
        columns["due"].append(settled[:, state.SCHEDULED_DUE].astype(np.int32))
        columns["on_time"].append(settled[:, state.MET_ON] <= settled[:, state.SCHEDULED_DUE])
    loans = book.loans.take(pa.array(kept, pa.int64()))
    carried = [loans.column(name) for name in _ROWS.names[:4]]
    return pa.table([*carried, *(pa.array(columns[name], _ROWS.field(name).type) for name in columns)], schema=_ROWS)


class Look:
    """A look at a book at a moment, for as long as it is open."""

    def __init__(self, night: Night, moment: Moment, folder: Path) -> None:
        """Play every loan of the night's book up to the moment's day, into files of a folder."""
        self._night, self._moment, self._folder = night, moment, folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        night.engine.look_at(moment)
        night.find_caps(moment)
        bounds = night.engine.bounds("loan_no", night.book.loans, RANGE)
        work = _Met(tuple(bounds), moment.on, self._folder)
        night.engine.positions(work, moment, night.book.zone, capped=bool(night.capped.asked), tell=None)

    def records(self) -> Iterator[Record]:
        """Yield the loans of which some instalment is settled, in the order of the book."""
        for path in sorted(self._folder.glob("part-*.parquet")):
            for row in pq.read_table(path).to_pylist():
                rows = zip(row["numbers"], row["due"], row["on_time"], strict=True)
                met = tuple(Met(number, as_date(due), on_time) for number, due, on_time in rows)
                yield Record(
                    row["loan_no"], row["loan_id"], row["borrower_id"], row["currency"], row["is_clean"], met
                )  # fmt: skip

    def contracts(self, loans: Sequence[int]) -> dict[int, Contract]:
        """Return the terms in force and the schedules of loans, by their numbers."""
        found: dict[int, Contract] = {}
        for first in range(0, len(loans), _AT_ONCE):
            some = list(loans[first : first + _AT_ONCE])
            versions = self._rows("loans", some, "effective_on")
            terms = {row["loan_no"]: row for row in versions if row["effective_on"] <= self._moment.on}
            terms = {**{row["loan_no"]: row for row in reversed(versions)}, **terms}
            schedules: dict[int, list[Instalment]] = {}
            for row in self._rows("instalments", some, "due_on", "number"):
                one = Instalment(*(row[name] for name in ("number", "due_on", "principal", "interest", "fee")))
                schedules.setdefault(row["loan_no"], []).append(one)
            found |= {loan: Contract(row, tuple(schedules.get(loan, ()))) for loan, row in terms.items()}
        return found

    def barred(self, contracts: Mapping[int, Contract]) -> dict[int, str]:
        """Return those loans that get no reward, by number: the hold that bars it, or that the borrower has died."""
        whose = {loan: int(one.terms["borrower_no"]) for loan, one in contracts.items()}
        kinds = {kind for kind, acts in self._night.strategy.holds.items() if _ACT in acts}
        on, found = self._moment.on, dict[int, str]()
        numbers = sorted(set(whose.values()))
        for first in range(0, len(numbers), _AT_ONCE):
            some = numbers[first : first + _AT_ONCE]
            holds = self._rows("holds", some, "from_on", by="borrower_no")
            standing: dict[int, list[dict[str, Any]]] = {}
            for row in holds:
                ends = row["until_on"] or on
                if row["kind"] in kinds and row["from_on"] <= on <= ends:
                    standing.setdefault(row["borrower_no"], []).append(row)
            people = self._rows("borrowers", some, "effective_on", by="borrower_no")
            dead = {row["borrower_no"] for row in people if row["deceased_on"] is not None and row["deceased_on"] <= on}
            for loan, borrower in whose.items():
                held = [row["kind"] for row in standing.get(borrower, ()) if row["loan_no"] in {None, loan}]
                if held:
                    found[loan] = f"hold_{min(held)}"
                elif borrower in dead:
                    found[loan] = "deceased"
        return found

    def _rows(self, table: str, numbers: Sequence[int], *order: str, by: str = "loan_no") -> list[dict[str, Any]]:
        rows = self._night.engine.table(table)
        return self._night.engine.rows(rows.filter(rows[by].isin(numbers)).order_by(by, *order))


@contextmanager
def looked_at(book: LoadedBook, strategy: Strategy, moment: Moment, options: Options, folder: Path) -> Iterator[Look]:
    """Open a book for a look at a moment."""
    with closing(Night(book, strategy, options)) as night:
        yield Look(night, moment, folder)
