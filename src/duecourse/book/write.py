"""Writing the rows of the book: sorted by dense numbers, every column in its stored type, as Parquet.

A large table is sorted in ranges of its loans or borrowers, one after another, so that no more of it is in memory.
That asks that a range of numbers is a range of the lender's ids too. Where it is not, the sort goes to disk instead.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from duecourse.book.classify import numbered_key, rows_of
from duecourse.book.read import Work
from duecourse.book.schema import Column, Kind, Table
from duecourse.book.sql import ident, text
from duecourse.book.typed import local, sql_type

_ROWS_AT_A_TIME = 8_000_000  # sorted and handed over: about two gigabytes
_ROW_GROUP: Final = 122_880
_READ_TWICE: Final = 2  # ranges together may look at so many rows for each row there is
_SAMPLE: Final = 1_000


def write_table(work: Work, table: Table, folder: Path) -> int:
    """Write `<folder>/<table>.parquet`, empty for a table not mapped; return the rows made from loans.

    Only borrowers are ever made: one for each borrower of a loan who has no row of their own.
    """
    mapped = table.name in work.mapping.tables
    path = text(str(folder / f"{table.name}.parquet"))
    order = f" ORDER BY {', '.join(_order(table))}" if mapped or table.name == "borrowers" else ""
    ranges = _ranges(work, table) if mapped else []
    target = f"TO {path} (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})"
    if ranges:
        _write_ranges(work, [_query(work, table, *one) + order for one in ranges], target)
    else:
        work.con.execute(f"COPY ({_query(work, table)}{order}) {target}")
    made = _made(work) if table.name == "borrowers" else 0
    written = work.count(f"SELECT count(*) FROM read_parquet({path})")
    if written != made + (work.kept(table.name) if mapped else 0):
        raise ValueError(f"{table.name}: {written} rows written, but {work.kept(table.name)} kept and {made} made")
    return made


def _query(work: Work, table: Table, where: str = "true", numbers: str = "true") -> str:
    return f"SELECT {', '.join(_shown(work, table))} FROM ({_rows(work, table, where, numbers)})"


def _write_ranges(work: Work, queries: list[str], target: str) -> None:
    """Run sorted queries one after another into one file.

    An engine of its own writes: in one and the same, threads that wait for rows would be missing from the sort.
    """
    failed: list[duckdb.Error] = []

    def batches() -> Iterator[Any]:
        for query in queries:
            try:
                yield from work.con.sql(query).to_arrow_table(_ROW_GROUP).to_batches()
            except duckdb.Error as error:
                failed.append(error)
                raise

    with duckdb.connect(config=work.beside) as writer:
        writer.execute("SET enable_progress_bar = false")
        schema = work.con.sql(f"FROM ({queries[0]}) LIMIT 0").to_arrow_table().schema
        writer.register("rows_in_order", pa.RecordBatchReader.from_batches(schema, batches()))
        try:
            writer.execute(f"COPY (FROM rows_in_order) {target}")
        except duckdb.Error as error:
            raise (failed or [error])[0] from error  # of a failed query the writer knows a text only, not its class


def _ranges(work: Work, table: Table) -> list[tuple[str, str]]:
    """Return conditions on the typed rows and on the index that cut a table into ranges; none where it is not cut."""
    pieces = -(-work.kept(table.name) // _ROWS_AT_A_TIME)  # up
    own, number = f"{table.of}_id", f"{table.of}_no"
    if pieces <= 1 or table.name == "borrowers" or not table.column(own).required:
        return []
    index = f"FROM {table.of}_index WHERE {number} IS NOT NULL"
    last = work.count(f"SELECT max({number}) {index}")
    piece = f"{number} * {pieces} // {last + 1}"  # down
    found = work.con.execute(f"""SELECT min({number}), max({number}), min({own}), max({own}) {index}
        GROUP BY {piece} ORDER BY 1""").fetchall()
    step = max(1, last // _SAMPLE)  # down
    sample = work.con.execute(f"SELECT {own} {index} AND {number} % {step} = 0").fetchall()
    looked_at = sum(low <= one <= high for (one,) in sample for _, _, low, high in found)
    if looked_at > _READ_TWICE * len(sample):
        return []
    return [
        (f"{own} BETWEEN {text(low)} AND {text(high)}", f"{number} BETWEEN {first} AND {until}")
        for first, until, low, high in found
    ]


def _order(table: Table) -> list[str]:
    """Return the columns that put rows in their one order: whose, when, which."""
    when = {"instalments": "due_on"}.get(table.name, table.happened)
    whose = "loan_no" if table.of == "loan" else "borrower_no"
    names = [whose, when, *numbered_key(table)]
    return [ident(name) for name in dict.fromkeys(name for name in names if name)]


def _has_loan(table: Table) -> bool:
    return "loan_id" in table.names


def _shown(work: Work, table: Table) -> list[str]:
    """Return the SQL of the columns of a written table, in the order of the contract."""
    shown = ["borrower_no"] + (["loan_no"] if _has_loan(table) else [])
    shown += [ident(column.name) for column in table.columns]
    if _happens_at(table):
        moment = local(ident(table.happened or ""), work.mapping.book.zone)
        shown.append(f"CAST({moment} AS DATE) AS happened_on")
    if table.name == "payments":
        shown += ["reversed_on", "reversal_recorded_at"]
    return shown + (["superseded_at"] if table.versioned else [])


def _happens_at(table: Table) -> bool:
    return table.happened is not None and table.column(table.happened).kind is Kind.MOMENT


def _rows(work: Work, table: Table, where: str, numbers: str) -> str:
    """Return the SQL of a table's rows, with numbers and `superseded_at`."""
    name = table.name
    if name not in work.mapping.tables:
        empty = _nothing(table)
        return empty if name != "borrowers" else f"{empty} UNION ALL BY NAME {_made_rows(work)}"
    base = rows_of(work, table, where, numbers)
    if name == "payments":
        return _reversed(work, base)
    base = _superseding(work, table, base) if table.versioned else base
    return base if name != "borrowers" else f"{base} UNION ALL BY NAME {_made_rows(work)}"


def _nothing(table: Table) -> str:
    """Return the SQL of no rows with all columns."""
    columns = [Column("borrower_no", Kind.COUNT, ""), Column("loan_no", Kind.COUNT, ""), *table.columns]
    columns += [Column("superseded_at", Kind.MOMENT, ""), Column("reversed_on", Kind.DATE, "")]
    columns += [Column("reversal_recorded_at", Kind.MOMENT, "")]
    nulls = ", ".join(f"CAST(NULL AS {sql_type(column)}) AS {ident(column.name)}" for column in columns)
    return f"SELECT {nulls} WHERE false"


def _superseding(work: Work, table: Table, rows: str) -> str:
    """Return the SQL that adds when each version was replaced; versions are few beside the table."""
    same = ident("same_" + table.name)
    if not work.count(f"SELECT count(*) FROM {same}"):
        return f"SELECT *, CAST(NULL AS TIMESTAMP) AS superseded_at FROM ({rows})"
    keys = ", ".join(ident(name) for name in numbered_key(table) if name != "recorded_at")
    later = f"lead(recorded_at) OVER (PARTITION BY {keys} ORDER BY recorded_at)"
    replaced = f"SELECT rid, {later} AS superseded_at FROM {same}"
    return f"SELECT c.*, s.superseded_at FROM ({rows}) c LEFT JOIN ({replaced}) s USING (rid)"


def _reversed(work: Work, rows: str) -> str:
    """Return the SQL that tells of each payment when it was reversed, and when that became known."""
    if not work.count("SELECT count(*) FROM reversals"):
        nothing = "CAST(NULL AS DATE) AS reversed_on, CAST(NULL AS TIMESTAMP) AS reversal_recorded_at"
        return f"SELECT *, {nothing} FROM ({rows})"
    reversals = "SELECT reverses, paid_on AS reversed_on, recorded_at AS reversal_recorded_at FROM reversals"
    return f"SELECT p.*, r.* EXCLUDE (reverses) FROM ({rows}) p LEFT JOIN ({reversals}) r ON r.reverses = p.payment_id"


def _lacking(work: Work) -> str:
    """Return the SQL of the borrowers in the book without a row of their own."""
    own = (
        "SELECT borrower_id FROM t_borrowers ANTI JOIN c_borrowers USING (rid)"
        if "borrowers" in work.mapping.tables
        else "SELECT CAST(NULL AS VARCHAR) WHERE false"
    )
    return (
        f"SELECT borrower_no, borrower_id FROM borrower_index WHERE borrower_no IS NOT NULL AND "
        f"borrower_id NOT IN ({own})"
    )


def _made(work: Work) -> int:
    return work.count(f"SELECT count(*) FROM ({_lacking(work)})")


def _made_rows(work: Work) -> str:
    """Return the SQL of a row for each borrower who has none: nothing is known of them but that they owe."""
    known = {"effective_on": "DATE '1970-01-01'", "recorded_at": "TIMESTAMP '1970-01-01'"}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in known.items())
    return f"SELECT borrower_no, borrower_id, {columns} FROM ({_lacking(work)})"
