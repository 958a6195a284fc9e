"""Small books written on the spot, and what loading made of them."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from duecourse.book.load import load
from duecourse.book.loaded import LoadedBook

csv.field_size_limit(10_000_000)

HEAD = """
[book]
name = "test"
zone = "{zone}"
currency = "USD"
quarantine_share_max = 1
{book}

[tables.loans]
from = "loans.csv"
{loans}
[tables.loans.columns]
loan_id = "id"
borrower_id = "who"
principal = "sum"
{loan_columns}
"""
PAYMENTS = """
[tables.payments]
from = "payments.csv"
[tables.payments.columns]
payment_id = "pid"
loan_id = "loan"
paid_on = "day"
amount = "amt"
{payment_columns}
"""


@dataclass
class Case:
    """A folder with a book in it."""

    folder: Path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def mapping(self, *, payments: bool = False, more: str = "", **parts: str) -> Path:
        names = ("zone", "book", "loans", "loan_columns", "payment_columns")
        filled = {name: parts.get(name, "UTC" if name == "zone" else "") for name in names}
        text = HEAD.format(**filled) + (PAYMENTS.format(**filled) if payments else "") + more
        return self.write("book.toml", text)

    def load(self, **options: Any) -> LoadedBook:
        return load(self.folder / "book.toml", None, self.folder / "out", **options)

    def quarantine(self, table: str) -> list[dict[str, str]]:
        path = self.folder / "out" / "quarantine" / f"{table}.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def reasons(self, table: str) -> dict[int, tuple[str, str]]:
        """Row number to column and reason."""
        return {int(row["row"]): (row["column"], row["reason"]) for row in self.quarantine(table)}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


Rows = Callable[[LoadedBook, str, str], list[Any]]


@pytest.fixture
def rows() -> Rows:
    """Return chosen columns of a loaded table, in the order of the file."""

    def read(book: LoadedBook, table: str, columns: str) -> list[Any]:
        with duckdb.connect() as con:
            return con.execute(f"SELECT {columns} FROM read_parquet('{book.path(table)}')").fetchall()

    return read


def record(row: dict[str, str]) -> dict[str, Any]:
    """Return the lender's row out of a quarantine line."""
    found: dict[str, Any] = json.loads(row["record"])
    return found
