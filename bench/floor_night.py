"""The floor: read the same columns of the same files, write the same columns, on the same engine; no more.

A script of its own that imports nothing of the project: `python bench/floor_night.py SPEC.json FOLDER`, with

    {"reads": [{"file": "loans.parquet", "columns": ["loan_no", ...]}, ...], "writes": ["plan.parquet", ...]}

A file is one Parquet file; a write is one, or a folder of them that make one table. What is to be written is
read into memory first, and that is not timed. Every column is put through an aggregate, so that none can be
skipped or answered from statistics. Prints an object of read_seconds, write_seconds, their sum seconds,
input_bytes and output_bytes.
"""

import json
import sys
import time
from pathlib import Path

import duckdb


def aggregate(column: str, kind: str) -> str:
    """Return the cheapest aggregate that needs every value of a column of this DuckDB type."""
    quoted = '"' + column.replace('"', '""') + '"'
    if kind.endswith("[]"):
        return f"sum(len({quoted}))"
    if kind == "VARCHAR":
        return f"sum(strlen({quoted}))"
    if kind == "BOOLEAN":
        return f"count_if({quoted})"
    if kind == "DATE":
        return f"sum({quoted} - DATE '1970-01-01')"
    if kind.startswith("TIMESTAMP"):
        return f"sum(epoch_us({quoted}))"
    return f"sum({quoted})"


def source(path: Path) -> str:
    """Return the SQL of the rows of a Parquet file, or of a folder of them."""
    where = path / "*.parquet" if path.is_dir() else path
    quoted = str(where).replace("'", "''")
    return f"read_parquet('{quoted}')"


def read(connection: duckdb.DuckDBPyConnection, path: Path, columns: list[str]) -> None:
    """Read some columns of a file, all rows."""
    kinds = {row[0]: row[1] for row in connection.execute(f"DESCRIBE FROM {source(path)}").fetchall()}
    wanted = ", ".join(aggregate(column, kinds[column]) for column in columns)
    connection.execute(f"SELECT {wanted} FROM {source(path)}").fetchall()


def input_bytes(connection: duckdb.DuckDBPyConnection, path: Path, columns: list[str]) -> int:
    """Return how many bytes of the file hold these columns, compressed as they are."""
    names = ", ".join("'" + column.replace("'", "''") + "'" for column in columns)
    found = connection.execute(
        "SELECT coalesce(sum(total_compressed_size), 0)::BIGINT "
        f"FROM {source(path).replace('read_parquet', 'parquet_metadata')} "
        f"WHERE split_part(path_in_schema, ', ', 1) IN ({names})",
    ).fetchall()
    return int(found[0][0])


def write(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> float:
    """Write the table at `path` to `target`; return the seconds of the writing alone."""
    connection.execute(f"CREATE OR REPLACE TABLE held AS FROM {source(path)}")
    begun = time.perf_counter()
    connection.execute(f"COPY held TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    seconds = time.perf_counter() - begun
    connection.execute("DROP TABLE held")
    return seconds


def main(spec_path: Path, folder: Path) -> dict[str, float]:
    """Measure one floor; what is written goes to `folder`, which is left for the caller to remove."""
    spec = json.loads(spec_path.read_text(encoding="utf-8"))
    reads = [(Path(one["file"]), list(one["columns"])) for one in spec["reads"]]
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        begun = time.perf_counter()
        for path, columns in reads:
            read(connection, path, columns)
        read_seconds = time.perf_counter() - begun
        size = sum(input_bytes(connection, path, columns) for path, columns in reads)
        targets = [(Path(one), folder / f"{place:02}.parquet") for place, one in enumerate(spec["writes"])]
        write_seconds = sum(write(connection, path, target) for path, target in targets)
    return {
        "read_seconds": read_seconds,
        "write_seconds": write_seconds,
        "seconds": read_seconds + write_seconds,
        "input_bytes": size,
        "output_bytes": sum(target.stat().st_size for _, target in targets),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
