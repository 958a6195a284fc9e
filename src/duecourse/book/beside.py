"""What was recorded elsewhere, beside a loaded book: a book of its own that has both, on which the same night runs.

    with book_with(book, {"contacts": rows, ...}, threads=4, memory="6GB") as more: ...

Rows have the columns of the book's tables (`duecourse.book.schema`). What a book has already under the same id stays
as the book has it; of a versioned table the later version replaces the earlier one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from duecourse.book.loaded import Counts, LoadedBook
from duecourse.book.schema import BY_NAME, TABLES, Table
from duecourse.book.sql import ident, text
from duecourse.kernel.files import scratch

BESIDE: Final = (
    "contacts", "consents", "holds", "notices", "promises", "arrangements", "payments", "waivers", "events",
)  # fmt: skip
"""The tables that others may add to."""


@contextmanager
def book_with(book: LoadedBook, rows: Mapping[str, pa.Table], *, threads: int, memory: str) -> Iterator[LoadedBook]:
    """Give a book that holds the rows of a loaded one and more, for as long as it is needed.

    Rows of borrowers or loans that the book does not know are left out; they are counted as such.
    """
    filled = {name: table for name, table in rows.items() if table.num_rows}
    if not filled:
        yield book
        return
    with scratch(book.folder.parent / "beside") as folder:
        for table in TABLES:
            if table.name not in filled:
                (folder / f"{table.name}.parquet").symlink_to(book.path(table.name).resolve())
        config: dict[str, str | bool | int | float | list[str]] = {  # float: DuckDB's declared type
            "threads": threads, "memory_limit": memory, "temp_directory": str(folder / "spill"),
        }  # fmt: skip
        counts = dict(book.tables)
        digest = hashlib.sha256(book.fingerprint.encode())
        with closing(duckdb.connect(config=config)) as con:
            for name in sorted(filled):
                kept = _write(con, book, BY_NAME[name], filled[name], folder)
                before = counts.get(name, Counts())
                left = filled[name].num_rows - kept
                counts[name] = replace(before, kept=before.kept + kept, left_out=before.left_out + left)
                digest.update(_digest(con, folder / f"{name}.parquet"))
        yield replace(book, folder=folder, tables=counts, fingerprint=digest.hexdigest()[: len(book.fingerprint)])


def _write(con: duckdb.DuckDBPyConnection, book: LoadedBook, table: Table, rows: pa.Table, folder: Path) -> int:
    """Write a table with the rows added; returns how many were."""
    path = text(str(book.path(table.name)))
    con.register("given", rows)
    con.execute(f"CREATE OR REPLACE TEMP TABLE more AS {_more(book, table, path)}").fetchall()
    both = f"SELECT * FROM read_parquet({path}) UNION ALL BY NAME SELECT * FROM more"
    if table.versioned:
        both = _superseded(table, both)
    if table.name == "payments":
        both = _reversed(both)
    con.execute(f"COPY ({both} ORDER BY {_order(table)}) TO {text(str(folder / f'{table.name}.parquet'))}").fetchall()
    con.unregister("given")
    ((kept,),) = con.execute("SELECT count(*) FROM more").fetchall()
    return int(kept)


def _more(book: LoadedBook, table: Table, path: str) -> str:
    """Return the SQL of the rows that the book does not have, with its numbers of borrowers and loans."""
    numbers = f"SELECT DISTINCT borrower_id, borrower_no FROM read_parquet({text(str(book.path('borrowers')))})"
    loans = f"SELECT DISTINCT loan_id, loan_no, borrower_no FROM read_parquet({text(str(book.path('loans')))})"
    columns = ", ".join(f"g.{ident(column)}" for column in table.names)
    key = ", ".join(ident(name) for name in table.key)
    new = f"(SELECT * FROM given ANTI JOIN (SELECT {key} FROM read_parquet({path})) USING ({key})) g"
    if table.of == "loan":
        return f"SELECT borrower_no, loan_no, {columns} FROM {new} JOIN ({loans}) l USING (loan_id)"
    more = ", g.happened_on" if table.name in {"contacts", "events"} else ""
    given = ", CAST(g.given_at AS DATE) AS happened_on" if table.name == "consents" else ""
    if "loan_id" not in table.names:
        return f"SELECT b.borrower_no, {columns}{more}{given} FROM {new} JOIN ({numbers}) b USING (borrower_id)"
    # A row that names a loan of somebody else is not this borrower's.
    return f"""SELECT b.borrower_no, l.loan_no, {columns}{more} FROM {new} JOIN ({numbers}) b USING (borrower_id)
        LEFT JOIN ({loans}) l ON l.loan_id = g.loan_id AND l.borrower_no = b.borrower_no
        WHERE g.loan_id IS NULL OR l.loan_no IS NOT NULL"""


def _superseded(table: Table, rows: str) -> str:
    """Return the SQL that tells when each version was replaced."""
    keys = ", ".join(ident(name) for name in table.key if name != "recorded_at")
    later = f"lead(recorded_at) OVER (PARTITION BY {keys} ORDER BY recorded_at)"
    return f"SELECT * REPLACE ({later} AS superseded_at) FROM ({rows})"


def _reversed(rows: str) -> str:
    """Return the SQL that tells of each payment when it was reversed, and when that became known."""
    return f"""SELECT p.* EXCLUDE (reversed_on, reversal_recorded_at), r.reversed_on, r.reversal_recorded_at
        FROM ({rows}) p LEFT JOIN (
            SELECT reverses AS undone, min(paid_on) AS reversed_on, min(recorded_at) AS reversal_recorded_at
            FROM ({rows}) WHERE reverses IS NOT NULL GROUP BY reverses
        ) r ON r.undone = p.payment_id AND p.reverses IS NULL"""


def _order(table: Table) -> str:
    when = [table.happened] if table.happened else []
    whose = "loan_no" if table.of == "loan" else "borrower_no"
    return ", ".join(dict.fromkeys(ident(name) for name in [whose, *when, *table.key]))


def _digest(con: duckdb.DuckDBPyConnection, path: Path) -> bytes:
    """Return a digest of the rows added, whatever their order."""
    ((found,),) = con.execute("SELECT coalesce(sum(hash(more)::UHUGEINT), 0)::VARCHAR FROM more").fetchall()
    return f"{path.name} {found}".encode()
