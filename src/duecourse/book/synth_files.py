"""Writing the synthetic book: one file for each table, and the mapping that says how to read them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from duecourse.book.schema import BY_NAME
from duecourse.book.synth_columns import Frame

Format = Literal["parquet", "csv"]

FILE_NAMES: Final[dict[tuple[str, str], str]] = {
    ("payments", "paid_on"): "value_date",
    ("payments", "recorded_at"): "booked_at",
    ("contacts", "made_by"): "agency",
    ("loans", "opened_on"): "paid_out_on",
}
"""Where the made-up lender calls a column something else than the book does."""

ZONE: Final = "Europe/Berlin"


class TableFile:
    """The file of one table, written block by block; not there while it has no row."""

    def __init__(self, table: str, folder: Path, kind: Format) -> None:
        """Name the file of a table in a folder; nothing is written yet."""
        self.table = table
        self.path = folder / f"{table}.{kind}"
        self.kind = kind
        self.rows = 0
        self.schema: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        """Remove what an earlier book left."""
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def write(self, frame: Frame) -> None:
        """Append the rows of one block."""
        rows = pa.table({_in_file(self.table, name): frame[name] for name in BY_NAME[self.table].names})
        if rows.num_rows:
            self.append(rows)

    def append(self, rows: Any) -> None:
        """Append an Arrow table that has the file's own column names."""
        if self.kind == "csv":
            rows = rows.cast(pa.schema([(field.name, _plain(field.type)) for field in rows.schema]))
        if self._writer is None:
            self.schema = rows.schema
            self._writer = self._open()
        # A row group for each block keeps memory bounded.
        self._writer.write_table(rows.cast(self.schema))
        self.rows += rows.num_rows

    def _open(self) -> Any:
        if self.kind == "csv":
            return pa_csv.CSVWriter(self.path, self.schema)
        words = [field.name for field in self.schema if pa.types.is_dictionary(field.type)]
        options = {"compression": "zstd", "compression_level": 1, "use_dictionary": words}
        return pq.ParquetWriter(self.path, self.schema, **options)


def _in_file(table: str, column: str) -> str:
    return FILE_NAMES.get((table, column), column)


def _plain(kind: Any) -> Any:
    """Return the type of a dictionary's values, or the type itself."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def write_mapping(path: Path, name: str, complete_through: date, files: Mapping[str, TableFile]) -> None:
    """Write the mapping file of the book: every table that has rows, every column by name."""
    lines = [
        "# A synthetic book: nobody in it exists. Written by `duecourse synth`.",
        "[book]",
        f'name = "{name}"',
        f'zone = "{ZONE}"',
        'money = "minor"',
        f"payments_complete_through = {complete_through.isoformat()}",
    ]
    for table, file in files.items():
        if file.rows:
            lines += ["", f"[tables.{table}]", f'from = "{file.path.name}"', f"[tables.{table}.columns]"]
            lines += [f'{column} = "{_in_file(table, column)}"' for column in BY_NAME[table].names]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
