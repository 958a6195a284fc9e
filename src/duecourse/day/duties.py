"""What the law says must be done by when, as the last night saw it: brought into the store, and marked as done.

    bring(cursor, on, path)            within the transaction that puts a plan in force
    done(connection, ring, by, number, at)

A night knows all duties that are open. What it does not tell of any more goes, and what was done stays done.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring

_COLUMNS: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("borrower_id", "loan_id", "duty", "rule", "rulebook")),
        ("due_on", pa.date32()),
    ]
)
_KEY: Final = ("borrower_no", "loan_id", "kind", "due_on")
_DONE: Final = "SELECT borrower_no, loan_id, kind, due_on FROM duty WHERE done_at IS NOT NULL"
_DO: Final = "UPDATE duty SET done_at = %s WHERE id = %s AND done_at IS NULL RETURNING loan_id, kind, due_on"


def bring(cursor: dbapi.Cursor, on: date, path: Path) -> int:
    """Put the open duties of a night's file in the place of those before; returns how many are new or stay open.

    All or nothing, with the caller's transaction. DueCourseError for a file that is not a night's.
    """
    rows = _read(path)
    numbered = _numbered(cursor, rows)
    cursor.execute("DELETE FROM duty WHERE done_at IS NULL")
    cursor.execute(_DONE)
    open_ = numbered.join(cursor.fetch_arrow_table(), keys=list(_KEY), join_type="left anti")
    day = pa.array([on] * open_.num_rows, pa.date32())
    if open_.num_rows:
        cursor.adbc_ingest("duty", open_.append_column("seen_on", day).combine_chunks(), mode="append")
    return int(open_.num_rows)


def done(connection: Connection[TupleRow], ring: Keyring, by: str, number: int, at: datetime) -> bool:
    """Note that a duty was done, with an entry in the borrower's chain; False where it was noted before, or is gone."""
    with connection.transaction():
        row = connection.execute("SELECT borrower_no FROM duty WHERE id = %s", [number]).fetchone()
    if row is None:
        return False
    facts = Facts(connection, ring, by)
    with facts.locked(int(row[0])):
        found = connection.execute(_DO, [at, number]).fetchone()
        if found is None:
            return False
        loan_id, kind, due_on = found
        told = Told(f"duty {number}", int(row[0]), at, at.date())
        facts.note(told, "duty.done", {"loan": loan_id, "duty": kind, "due_on": str(due_on)})
        return True


def _read(path: Path) -> pa.Table:
    """Read a night's duties; DueCourseError where columns are missing, or a row says not all that it must."""
    try:
        rows = pq.read_table(path, columns=_COLUMNS.names).select(_COLUMNS.names).cast(_COLUMNS)
    except (OSError, ValueError, KeyError) as error:  # Arrow's own errors are among these
        raise DueCourseError(f"{path}: is no file of duties ({type(error).__name__}): run the night again") from None
    empty = [name for name in _COLUMNS.names if rows.column(name).null_count]
    if empty:
        raise DueCourseError(f"{path}: rows without {', '.join(empty)}: run the night again")
    named = rows.rename_columns({"duty": "kind"})
    return named.group_by(["borrower_id", "loan_id", "kind", "due_on"]).aggregate(
        [("rule", "min"), ("rulebook", "min")]
    ).rename_columns({"rule_min": "rule", "rulebook_min": "rulebook"})  # fmt: skip


def _numbered(cursor: dbapi.Cursor, rows: pa.Table) -> pa.Table:
    """Put the store's numbers in the place of borrowers' ids; who has no number yet gets one."""
    numbers = _borrowers(cursor)
    known = pa.array(numbers, pa.string())
    ids = rows.column("borrower_id").unique()
    new = ids.filter(pc.invert(pc.is_in(ids, known)))
    if len(new):
        nothing = pa.array([[]] * len(new), pa.list_(pa.string()))
        fresh = {"borrower_id": new, "language": pa.array([""] * len(new)), "zones": nothing}
        cursor.adbc_ingest("borrower", pa.table(fresh), mode="append")
        numbers = _borrowers(cursor)
    places = [numbers[str(borrower)] for borrower in rows.column("borrower_id").to_pylist()]
    return rows.drop_columns(["borrower_id"]).append_column("borrower_no", pa.array(places, pa.int64()))


def _borrowers(cursor: dbapi.Cursor) -> dict[str, int]:
    cursor.execute("SELECT borrower_id, id FROM borrower")
    found = cursor.fetch_arrow_table()
    return dict(zip(found.column("borrower_id").to_pylist(), found.column("id").to_pylist(), strict=True))
