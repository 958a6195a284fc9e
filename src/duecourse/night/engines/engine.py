"""What a night needs of an engine, whichever it is: tables of a book, and those that its steps make, by name."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ibis.expr.types as ir
import pyarrow as pa

from duecourse.night import verdicts
from duecourse.night.engines.texts import Texts
from duecourse.night.moment import Moment
from duecourse.night.position import RangeWork
from duecourse.night.profile import Measurable

Work = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Opening:
    """What an engine is opened with: the loaded tables, of which `empty` have no row, and what it may use.

    `memory` is a size such as '4GB', `spill` a folder for what exceeds it.
    """

    tables: Path
    texts: Texts
    empty: frozenset[str]
    threads: int
    memory: str
    spill: Path


class Engine(verdicts.Engine, Measurable, Protocol):
    """A loaded book, opened: it shows the rows known at the moment that it looks at."""

    def close(self) -> None:
        """Keep the compiled texts, and give back what the engine holds."""

    def look_at(self, moment: Moment) -> None:
        """Show what was known at a moment; the table `moment` holds its business date."""

    def bounds(self, number: str, count: int, size: int) -> list[int]:
        """Cut the numbers (loan_no, borrower_no) of the `count` loans or borrowers of the book into ranges.

        Each range, from one bound to before the next, holds `size` of them, the last perhaps fewer.
        """

    def positions(self, work: RangeWork, moment: Moment, zone: str, *, capped: bool, tell: Tell | None) -> None:
        """Do the work for each of its ranges of loans; `capped`: whether the tables of `night.caps` are there.

        RefusedLoansError of the first range in which a loan is refused.
        """

    def parts(self, wanted: int, loans: int, borrowers: int) -> "Sequence[Engine]":
        """Return this engine, or one for each part of a large book; `wanted` is how many, 0 as its size demands."""

    def whole(self, name: str, parts: Sequence[Any]) -> None:
        """Let a name stand for what the parts of the book have each worked out under it."""

    def forget(self, needed: Collection[str]) -> None:
        """Give back the memory of the tables that were made in a part, but for those needed."""

    def work_out(self, name: str, of: str, work: Work, schema: pa.Schema) -> None:
        """Keep a table that Python works out of another one, batch by batch, wherever that lies."""

    def alias(self, name: str, of: str) -> None:
        """Let a name stand for a table that a step made."""

    def read(self, name: str, pattern: Path, schema: pa.Schema) -> None:
        """Name the rows of the Parquet files in a folder; an empty folder is an empty table of this schema."""

    def write(self, table: ir.Table, path: Path) -> None:
        """Write a table as one Parquet file, rows in their order."""

    def number(self, value: ir.Scalar) -> int:
        """Return one whole number."""

    def texts(self, table: ir.Table) -> Iterator[bytes | memoryview]:
        """Stream the texts of the only column of a table, in order, as UTF-8 one behind the other."""
