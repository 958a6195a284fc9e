"""Which columns of the loaded tables the night reads: taken from the engine's own query plans, not a list.

A small book is copied with every column renamed to `table__column`. While one night runs, each statement is
pointed at the copy and its plan is asked for; the names in the plan's Parquet scans are what the night reads.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from bench.once import one_night

_SCAN: Final = re.compile(r"read_parquet\('([^']*?)(\w+)\.parquet'\)", re.IGNORECASE)
_PLANNED: Final = re.compile(
    r"\s*(SELECT|WITH|FROM|COPY|INSERT|CREATE\s+(OR\s+REPLACE\s+)?(TEMP\s+)?TABLE)\b", re.IGNORECASE
)
_NAME: Final = re.compile(r"\b([a-z_]+?)__([a-z_]+)\b")


class Spy:
    """A DuckDB connection that asks for the plan of every statement before it runs it."""

    def __init__(self, connection: Any, tables: Path, copy: Path, found: set[tuple[str, str]]) -> None:
        """Watch a connection: point scans of `tables` at `copy`, and add what they read to `found`."""
        self._connection = connection
        self._tables = tables
        self._copy = copy
        self._found = found

    def __getattr__(self, name: str) -> Any:
        """Everything else is the connection's own."""
        return getattr(self._connection, name)

    def cursor(self) -> "Spy":
        """Return a cursor, watched too."""
        return Spy(self._connection.cursor(), self._tables, self._copy, self._found)

    def execute(self, query: Any, parameters: Any = None) -> Any:
        """Note what the statement would read, then run it."""
        return self._connection.execute(self._noted(query, parameters), parameters)

    def sql(self, query: Any, **options: Any) -> Any:
        """Note what the query would read, then make a relation of it."""
        return self._connection.sql(self._noted(query, options.get("params")), **options)

    def _noted(self, query: Any, parameters: Any) -> Any:
        text = _SCAN.sub(self._renamed, query) if isinstance(query, str) else query
        if isinstance(text, str) and _PLANNED.match(text):
            for _, plan in self._connection.execute(f"EXPLAIN (FORMAT json) {text}", parameters).fetchall():
                self._found |= {pair for scan in scans(json.loads(plan)) for pair in _NAME.findall(scan)}
        return text

    def _renamed(self, match: re.Match[str]) -> str:
        table = match[2]
        if Path(match[1]) != self._tables:
            return match[0]
        columns = duckdb.execute(f"DESCRIBE FROM '{self._tables}/{table}.parquet'").fetchall()
        named = ", ".join(f'"{table}__{row[0]}" AS "{row[0]}"' for row in columns)
        return f"(SELECT {named} FROM read_parquet('{self._copy}/{table}.parquet'))"


def scans(plan: Any) -> Iterator[str]:
    """Yield what each Parquet scan of a plan says of itself."""
    for node in plan if isinstance(plan, list) else [plan]:
        if "PARQUET" in node["name"]:
            yield json.dumps(node["extra_info"])
        yield from scans(node["children"])


@contextmanager
def watching(tables: Path, copy: Path, found: set[tuple[str, str]]) -> Iterator[None]:
    """Let every DuckDB connection opened meanwhile be watched."""
    plain = duckdb.connect

    def connect(*arguments: Any, **options: Any) -> Spy:
        return Spy(plain(*arguments, **options), tables, copy, found)

    duckdb.connect = connect  # type: ignore[assignment]
    try:
        yield
    finally:
        duckdb.connect = plain


def columns_read(tables: Path, on: date) -> dict[str, list[str]]:
    """Run a night over the loaded tables of a small book; return the columns it reads, by table."""
    found: set[tuple[str, str]] = set()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy.mkdir()
        for file in sorted(tables.glob("*.parquet")):
            columns = duckdb.execute(f"DESCRIBE FROM '{file}'").fetchall()
            named = ", ".join(f'"{row[0]}" AS "{file.stem}__{row[0]}"' for row in columns)
            duckdb.execute(f"COPY (SELECT {named} FROM '{file}') TO '{copy / file.name}'")
        with watching(tables, copy, found):
            one_night(tables, Path(folder) / "out", on, None, ())
    names = {file.stem for file in tables.glob("*.parquet")}
    return {
        table: sorted(column for of, column in found if of == table) for table in sorted(names & dict(found).keys())
    }
