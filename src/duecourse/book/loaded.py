"""A loaded book: the folder of validated tables that every later step reads, and what the load found."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duecourse.book.oddities import Oddity
from duecourse.kernel.errors import DueCourseError


@dataclass(frozen=True)
class Counts:
    """Rows of one table: read = kept + quarantined + left_out. `made` rows, from loans, come on top."""

    read: int = 0
    kept: int = 0
    quarantined: int = 0
    left_out: int = 0
    made: int = 0


@dataclass(frozen=True)
class SourceFile:
    """A file of the lender: its path as shown, its size in bytes (0 for a database table), its data rows."""

    path: str
    size: int
    rows: int


@dataclass(frozen=True)
class LoadedBook:
    """A book ready for the night. `folder` holds a Parquet file for each table, and book.json."""

    folder: Path
    quarantine: Path
    name: str
    zone: str
    payments_complete_through: date | None
    schema: str
    fingerprint: str
    loans: int
    borrowers: int
    currencies: tuple[str, ...]
    tables: Mapping[str, Counts]
    warnings: tuple[Oddity, ...]
    files: tuple[SourceFile, ...]
    ranges: Mapping[str, Mapping[str, list[str]]]

    def path(self, table: str) -> Path:
        """Return the Parquet file of a table."""
        return self.folder / f"{table}.parquet"


def write_facts(book: LoadedBook) -> None:
    """Write book.json into the book's folder."""
    facts = asdict(book)
    del facts["folder"], facts["quarantine"]
    facts["payments_complete_through"] = (
        book.payments_complete_through.isoformat() if book.payments_complete_through else None
    )
    (book.folder / "book.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def open_book(folder: Path, quarantine: Path | None = None) -> LoadedBook:
    """Open a folder that `load` has written; DueCourseError when it is none.

    `quarantine` is where the user finds the quarantine files; by default the copy within the folder.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / "book.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DueCourseError(f"{folder}: holds no loaded book: load the mapping first") from error
    through = facts["payments_complete_through"]
    return LoadedBook(
        folder=folder,
        quarantine=quarantine or folder / "quarantine",
        name=facts["name"],
        zone=facts["zone"],
        payments_complete_through=date.fromisoformat(through) if through else None,
        schema=facts["schema"],
        fingerprint=facts["fingerprint"],
        loans=facts["loans"],
        borrowers=facts["borrowers"],
        currencies=tuple(facts["currencies"]),
        tables={name: Counts(**counts) for name, counts in facts["tables"].items()},
        warnings=tuple(Oddity(**entry) for entry in facts["warnings"]),
        files=tuple(SourceFile(**entry) for entry in facts["files"]),
        ranges=facts["ranges"],
    )


@dataclass(frozen=True)
class TableSummary:
    """What `check-book` shows of one table; `quarantine` is its file when rows are in it."""

    table: str
    counts: Counts
    ranges: Mapping[str, list[str]]
    quarantine: Path | None


@dataclass(frozen=True)
class Summary:
    """What `check-book` shows of a book: only tables that the mapping fills, and borrowers."""

    name: str
    zone: str
    payments_complete_through: date | None
    loans: int
    borrowers: int
    currencies: tuple[str, ...]
    tables: tuple[TableSummary, ...]
    warnings: tuple[Oddity, ...]
    files: tuple[SourceFile, ...]


def summary(book: LoadedBook) -> Summary:
    """Return what a person wants to know about a loaded book."""
    tables = tuple(
        TableSummary(
            name,
            counts,
            book.ranges.get(name, {}),
            book.quarantine / f"{name}.csv" if counts.quarantined else None,
        )
        for name, counts in book.tables.items()
        if counts.read or counts.made
    )
    return Summary(
        book.name, book.zone, book.payments_complete_through, book.loans, book.borrowers, book.currencies,
        tables, book.warnings,
        book.files,
    )  # fmt: skip
