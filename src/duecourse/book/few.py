"""A few borrowers of a loaded book as a book of their own: the same night runs on it, whatever the engine.

Everything of a borrower is worked out from that borrower's rows alone, so nothing of the whole book is needed, and
nothing that was worked out before is trusted. What the whole book decides (who gets what is scarce) is told apart: see
`duecourse.night.cuts`.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from duecourse.book.loaded import LoadedBook
from duecourse.book.schema import TABLES
from duecourse.book.sql import text
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import scratch

_HEADING: Final = "borrower_id"
_SHOWN: Final = 5


def read_borrowers(path: Path) -> list[str]:
    """Read the borrowers named in a file, each once: one a line, or the column `borrower_id` of a CSV file.

    DueCourseError for a file that names nobody, or is no text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DueCourseError(f"{path}: cannot be read ({error}): give a text file with one borrower a line") from error
    place = 0
    if rows and (_HEADING in rows[0] or len(rows[0]) > 1):
        if _HEADING not in rows[0]:
            raise DueCourseError(f"{path}: has several columns and none named {_HEADING}: name it in the first line")
        place = rows[0].index(_HEADING)
        rows = rows[1:]
    names = dict.fromkeys(row[place].strip() for row in rows if len(row) > place and row[place].strip())
    if not names:
        raise DueCourseError(f"{path}: names no borrower: write one a line")
    return list(names)


@contextmanager
def book_of(book: LoadedBook, borrowers: Sequence[str], *, threads: int, memory: str) -> Iterator[LoadedBook]:
    """Give a book that holds the rows of some borrowers of a loaded one, for as long as it is needed.

    Numbers of borrowers and loans stay what they are. DueCourseError names borrowers whom the book does not know.
    """
    with scratch(book.folder.parent / "few") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {  # float: DuckDB's declared type
            "threads": threads, "memory_limit": memory, "temp_directory": str(folder / "spill"),
        }  # fmt: skip
        with closing(duckdb.connect(config=config)) as con:
            con.register("wanted", pa.table({"borrower_id": pa.array(borrowers, pa.string())}))
            con.execute(
                f"""CREATE TABLE few AS SELECT DISTINCT borrower_id, borrower_no
                FROM read_parquet({text(str(book.path("borrowers")))}) SEMI JOIN wanted USING (borrower_id)"""
            )
            _refuse_unknown(con, len(borrowers))
            for table in TABLES:
                _copy(con, book.path(table.name), folder / f"{table.name}.parquet")
            loans = f"SELECT count(DISTINCT loan_no) FROM read_parquet({text(str(folder / 'loans.parquet'))})"
            counted = con.execute(loans).fetchone()
        yield replace(book, folder=folder, loans=counted[0] if counted else 0, borrowers=len(borrowers))


def _copy(con: duckdb.DuckDBPyConnection, source: Path, target: Path) -> None:
    """Copy the rows of the few, in the order in which they stand."""
    rows = f"SELECT * FROM read_parquet({text(str(source))}, file_row_number = true)"
    few = f"({rows}) SEMI JOIN few USING (borrower_no) ORDER BY file_row_number"
    con.execute(f"COPY (SELECT * EXCLUDE (file_row_number) FROM {few}) TO {text(str(target))} (FORMAT parquet)")


def _refuse_unknown(con: duckdb.DuckDBPyConnection, asked: int) -> None:
    found = con.execute(f"SELECT borrower_id FROM wanted ANTI JOIN few USING (borrower_id) LIMIT {_SHOWN:d}").fetchall()
    if found:
        known = con.execute("SELECT count(DISTINCT borrower_id) FROM few").fetchone()
        number = asked - (known[0] if known else 0)
        named = ", ".join(name for (name,) in found)
        raise DueCourseError(
            f"{number} of {asked} borrowers are not in the book: {named}: check the file, or load the book anew"
        )
