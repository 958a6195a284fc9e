"""Books too large to be held at once: cut into ranges, or sorted on disk, they give the tables of the uncut book."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from duecourse.book import load as load_module
from duecourse.book import write
from duecourse.book.load import load
from duecourse.book.loaded import LoadedBook
from duecourse.book.mapping import read_mapping
from duecourse.book.schema import TABLES
from duecourse.book.synth import synth
from duecourse.kernel.errors import DueCourseError
from tests.book.conftest import Case, Rows

LOANS = 3_000
LITTLE = "60MB"
KEYS = {
    "instalments": "loan_no, due_on, number, recorded_at",
    "payments": "loan_no, paid_on, payment_id",
    "contacts": "borrower_no, happened_at, contact_id",
}


def _all(book: LoadedBook) -> dict[str, list[Any]]:
    """Return every table, row for row in the order of its file, and every quarantine file."""
    with duckdb.connect() as con:
        tables = {table.name: con.execute(f"FROM '{book.path(table.name)}'").fetchall() for table in TABLES}
    bad = {path.name: path.read_text(encoding="utf-8").splitlines() for path in sorted(book.quarantine.glob("*.csv"))}
    assert bad
    return tables | bad


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synth(LOANS, 11, tmp_path_factory.mktemp("damaged"), damage=True)


@pytest.fixture(scope="module")
def whole(damaged: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedBook:
    return load(damaged, None, tmp_path_factory.mktemp("whole"), threads=2)


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Cut tables into small ranges and look for repeated keys in slices; return how many ranges each cut table had."""
    pieces: list[int] = []
    write_ranges = write._write_ranges

    def counted(work: Any, queries: list[str], target: str) -> None:
        pieces.append(len(queries))
        write_ranges(work, queries, target)

    monkeypatch.setattr("duecourse.book.write._write_ranges", counted)
    monkeypatch.setattr("duecourse.book.write._ROWS_AT_A_TIME", 5_000)
    monkeypatch.setattr("duecourse.book.classify._HASHES_AT_A_TIME", 7_000)
    return pieces


def test_ranges_make_no_difference(damaged: Path, whole: LoadedBook, cut: list[int], tmp_path: Path) -> None:
    book = load(damaged, None, tmp_path, threads=2)
    assert len(cut) == len(KEYS)
    assert min(cut) > 2
    assert _all(book) == _all(whole)
    assert book.tables == whole.tables
    assert book.warnings == whole.warnings


def test_tables_are_in_their_order(whole: LoadedBook, rows: Rows) -> None:
    for table, key in KEYS.items():
        found = rows(whole, table, key)
        assert found == sorted(found)
        assert len(found) > LOANS


@pytest.mark.parametrize(("who", "pieces"), [("i // 2", 4), ("hash(i) % 500", 0)])
def test_a_table_is_cut_where_loans_stand_in_the_order_of_borrowers(
    case: Case, rows: Rows, cut: list[int], who: str, pieces: int
) -> None:
    loan = "'L' || lpad(CAST(i AS VARCHAR), 5, '0')"
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT {loan} AS id, 'W' || lpad(CAST({who} AS VARCHAR), 5, '0') AS who, '9' AS sum
            FROM range(1000) t(i)) TO '{case.folder / "loans.csv"}'""")
        con.execute(f"""COPY (SELECT 'P' || j AS pid, {loan} AS loan, '1' AS amt,
            DATE '2026-01-01' + CAST(j % 97 AS INTEGER) AS day
            FROM (SELECT j, (j * 7919) % 1000 AS i FROM range(20000) u(j))) TO '{case.folder / "payments.csv"}'""")
    case.mapping(payments=True)
    book = case.load(threads=2)
    assert sum(cut) == pieces
    found = rows(book, "payments", "borrower_no, loan_no, paid_on, payment_id, loan_id")
    assert len(set(found)) == 20_000
    assert found == sorted(found, key=lambda row: row[1:4])
    owners = {row[4]: row[:2] for row in rows(book, "loans", "borrower_no, loan_no, 0, 0, loan_id")}
    assert all(owners[row[4]] == row[:2] for row in found)


def _many_payments(case: Case, rows: int) -> None:
    """Write a book of 1,000 loans with many payments, in no order."""
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT 'L' || i AS id, 'W' || i AS who, '9' AS sum FROM range(1000) t(i))
            TO '{case.folder / "loans.csv"}'""")
        con.execute(f"""COPY (SELECT 'P' || j AS pid, 'L' || (j * 7919) % 1000 AS loan, 1 + j % 7 AS amt,
            DATE '2026-01-01' + CAST(j % 97 AS INTEGER) AS day FROM range({rows}) t(j))
            TO '{case.folder / "payments.parquet"}'""")
    path = case.mapping(payments=True)
    path.write_text(path.read_text().replace("payments.csv", "payments.parquet"))


def test_what_does_not_fit_goes_to_disk(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    _many_payments(case, 500_000)
    path, settings = case.folder / "book.toml", load_module._settings
    spilt = load(path, None, case.folder / "spilt", threads=1, memory=LITTLE)
    monkeypatch.setattr(load_module, "_settings", lambda *given: settings(*given) | {"temp_directory": ""})
    with pytest.raises(DueCourseError, match="loading needs more memory than it may use"):
        load(path, None, case.folder / "refused", threads=1, memory=LITTLE)
    assert not list((case.folder / "refused" / "tables").iterdir())
    monkeypatch.undo()
    ample = load(path, None, case.folder / "ample", threads=2, memory="1GB")
    with duckdb.connect() as con:
        sums = [
            con.execute(f"""SELECT count(*), CAST(sum(hash(t)) AS VARCHAR)
                FROM (SELECT file_row_number, * FROM '{book.path("payments")}') t""").fetchall()
            for book in (spilt, ample)
        ]
    assert sums[0] == sums[1]
    assert sums[0][0][0] == 500_000


def test_memory_has_a_bound_unless_told(case: Case) -> None:
    loans, plan = case.write("loans.csv", "id,who,sum\nA,a,100\n"), read_mapping(case.mapping())

    def bound() -> int:
        return int(load_module._memory(plan, case.folder).removesuffix("B"))

    assert 0 < bound() <= loans.stat().st_size + 2 * 1024**3
    os.truncate(loans, 100 * 1024**3)  # takes no room on the disk
    assert bound() <= 12 * 1024**3


def test_a_range_that_fails_says_what_failed(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        work: Any = SimpleNamespace(con=con, beside={})
        with pytest.raises(duckdb.ConversionException, match="'ten'"):
            write._write_ranges(work, ["SELECT 1 AS a", "SELECT CAST('ten' AS INTEGER) AS a"], f"TO '{tmp_path / 'a'}'")


def test_rows_keep_their_numbers_beside_columns_of_the_engines_own_names(case: Case) -> None:
    case.write("loans.csv", "id,who,sum\nA,a,100\n")
    path = case.mapping(payments=True)
    path.write_text(path.read_text().replace("payments.csv", "payments.parquet"))
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT 'P' || i AS pid, 'A' AS loan, DATE '2026-01-01' AS day,
            CASE i WHEN 4 THEN -1 ELSE 1 END AS amt, 99 AS file_row_number, 98 AS rowid FROM range(9) t(i))
            TO '{case.folder / "payments.parquet"}'""")
    assert case.load().tables["payments"].kept == 8
    assert case.reasons("payments") == {5: ("amount", "negative")}
