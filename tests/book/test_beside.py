"""What was recorded elsewhere, beside a book: a book that was taken apart and put together again is the same book."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duecourse.book.beside import BESIDE, book_with
from duecourse.book.load import load
from duecourse.book.synth import synth

OWN = ("borrower_no", "loan_no", "superseded_at", "reversed_on", "reversal_recorded_at")


def test_rows_taken_out_and_put_beside_are_where_they_were(tmp_path: Path) -> None:
    whole = load(synth(600, 7, tmp_path / "book", on=date(2026, 6, 30)), None, tmp_path)
    folder = tmp_path / "apart" / "tables"
    shutil.copytree(whole.folder, folder)
    rows = {name: taken(folder / f"{name}.parquet", name) for name in BESIDE}
    assert all(table.num_rows for name, table in rows.items() if name not in {"arrangements", "holds"})
    with book_with(replace(whole, folder=folder), rows, threads=2, memory="1GB") as together:
        assert together.fingerprint != whole.fingerprint
        for name in BESIDE:
            expected, found = pq.read_table(whole.path(name)), pq.read_table(together.path(name))
            assert found.cast(expected.schema).equals(expected), name


def taken(path: Path, name: str) -> pa.Table:
    """Take every eighth row out of a table, as another system would tell it; reversals stay with the book."""
    table = pq.read_table(path)
    out = pc.equal(pc.bit_wise_and(pa.array(range(table.num_rows), pa.int64()), 7), 0)
    if name == "payments":
        out = pc.and_(out, pc.is_null(table["reverses"]))
    pq.write_table(table.filter(pc.invert(out)), path)
    dropped = [
        column for column in table.column_names if column in OWN or (column, name) == ("happened_on", "consents")
    ]
    return table.filter(out).drop_columns(dropped)


def test_nothing_beside_is_the_book_itself(tmp_path: Path) -> None:
    whole = load(synth(50, 7, tmp_path / "book", on=date(2026, 6, 30)), None, tmp_path)
    with book_with(whole, {}, threads=1, memory="1GB") as found:
        assert found is whole


def test_rows_of_strangers_are_left_out_and_counted(tmp_path: Path) -> None:
    whole = load(synth(50, 7, tmp_path / "book", on=date(2026, 6, 30)), None, tmp_path)
    rows = pa.table({
        "hold_id": ["H"], "borrower_id": ["nobody"], "loan_id": pa.array([None], pa.string()), "kind": ["dispute"],
        "from_on": [date(2026, 6, 1)], "until_on": pa.array([None], pa.date32()),
        "recorded_at": pa.array([0], pa.timestamp("us")),
    })  # fmt: skip
    with book_with(whole, {"holds": rows}, threads=1, memory="1GB") as found:
        assert found.tables["holds"].left_out == whole.tables["holds"].left_out + 1
        assert pq.read_table(found.path("holds")).num_rows == whole.tables["holds"].kept
