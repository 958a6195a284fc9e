"""Spark, through PySpark: for books that one machine has outgrown.

Whatever a step keeps is a folder of Parquet files in a scratch folder, which the whole cluster must see, as it must see
the loaded tables. What reads it plans its own statement and no more, and a lost worker loses nothing. Loans are worked
out by tasks that read their range of the loaded tables as DuckDB does, by DuckDB.
"""

import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from duecourse.book.schema import TABLES
from duecourse.kernel.errors import DueCourseError
from duecourse.night import caps, position
from duecourse.night.engines.duckdb import DuckDB, known_rows
from duecourse.night.engines.engine import Opening, Tell, Work
from duecourse.night.engines.order import Lists, in_order
from duecourse.night.engines.spark_sql import compiled
from duecourse.night.engines.texts import Texts, key
from duecourse.night.kept import Build, Kept
from duecourse.night.moment import Moment
from duecourse.night.profile import Add

_SETTINGS: Final[Mapping[str, str]] = {
    # What a session must be for the plan to be that of DuckDB: no local time, no number that wraps, no folded case.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    # Tables of a night are many and mostly small: as few files as they need, and no bookkeeping for others.
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
_INTERPRETED: Final[Mapping[str, str]] = {
    # Compiling each statement to Java costs a small book more than it saves.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
_SMALL: Final = 16_000_000  # bytes of loaded tables: some 50,000 loans
_RANGE_MEMORY: Final = "1GB"  # for reading a range of loans, in the process of a task
_NOISE: Final = "PySpark does not yet fully support pandas"  # of which nothing here makes use


@dataclass(eq=False)
class Spark:
    """A session of Spark with one view per table of the book, holding the rows known at the moment asked for."""

    dialect: ClassVar[str] = "pyspark"

    session: SparkSession
    book: DuckDB
    empty: frozenset[str]
    _texts: Texts
    _threads: int
    _stops: bool
    _paths: dict[str, Path] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)
    _add: Add | None = None  # counts what statements take, when that is asked for

    @classmethod
    def open(cls, opening: Opening, master: str) -> "Spark":
        """Open loaded tables.

        A session that this process has already is used, and outlives the engine; otherwise one begins on `master`.
        `memory` is that of a local master, and `spill` a folder that the whole cluster sees.
        """
        found = SparkSession.getActiveSession()
        session = (found or connected(master, opening.memory)).newSession()
        is_small = sum(file.stat().st_size for file in opening.tables.glob("*.parquet")) < _SMALL
        for name, value in {**_SETTINGS, **(_INTERPRETED if is_small else {})}.items():
            session.conf.set(name, value)
        session.conf.set("spark.sql.shuffle.partitions", 2 * session.sparkContext.defaultParallelism)
        tables, spill = opening.tables.resolve(), opening.spill.resolve()
        book = DuckDB.open(replace(opening, tables=tables, memory=_RANGE_MEMORY, spill=spill))
        return cls(session, book, opening.empty, opening.texts, opening.threads, found is None)

    def close(self) -> None:
        """Keep the compiled texts, remove what was kept, and end the session if it began here."""
        self.book.close()
        if self._stops:
            self.session.stop()

    @contextmanager
    def measured(self, add: Add) -> Iterator[None]:
        """Count rows left and their bytes as written; what Spark scans is not counted."""
        before, self._add = self._add, add
        try:
            yield
        finally:
            self._add = before

    def look_at(self, moment: Moment) -> None:
        """Point the views at what was known at a moment, and the table `moment` at its business date."""
        self.give("moment", pa.table({"on_day": pa.array([moment.on], pa.date32())}))
        until = moment.known_until
        known = None if until is None else f"TIMESTAMP '{until.isoformat(sep=' ')}'"
        for table in TABLES:
            self._view(table.name, self.book.tables / f"{table.name}.parquet", known_rows(table.name, known))

    def bounds(self, number: str, count: int, size: int) -> list[int]:
        """Cut the numbers of the `count` loans or borrowers of the book into ranges, as DuckDB does."""
        return self.book.bounds(number, count, size)

    def positions(
        self, work: position.RangeWork, moment: Moment, zone: str, *, capped: bool, tell: Tell | None = None
    ) -> None:
        """Do the work for each of its ranges of loans, each in a task of the cluster."""
        ranges = len(work.ranges)
        if tell:
            tell(0, ranges)
        paths = {name: self._paths[name] for name in (caps.CAPPED, caps.PIECES)} if capped else {}
        done = Ranges(work, self.book.tables, self.empty, moment, zone, paths)
        places = self.session.range(0, ranges, 1, max(1, ranges))
        with _told():
            refused = places.mapInArrow(done, "place long, refused array<string>").toArrow().to_pylist()
        for left in work.out.rglob("*.parquet.*"):  # of tasks that were lost and done again
            left.unlink()
        if tell:
            tell(ranges, ranges)
        for row in sorted(refused, key=lambda row: int(row["place"])):
            raise position.RefusedLoansError(row["refused"])

    def parts(self, wanted: int, loans: int, borrowers: int) -> "Sequence[Spark]":  # noqa: ARG002
        """Return this engine: Spark cuts tables, not books."""
        return [self]

    def whole(self, name: str, parts: Sequence[Any]) -> None:
        """Do nothing: there are no parts."""

    def forget(self, needed: Collection[str]) -> None:
        """Do nothing: there are no parts."""

    def table(self, name: str) -> ir.Table:
        """Return a table of the book, or one that a step made."""
        kinds = ibis.Schema.from_pyarrow(to_arrow_schema(self.session.table(name).schema))
        schema = ibis.Schema({column: kind(nullable=True) for column, kind in kinds.items()})
        return ops.DatabaseTable(name=name, schema=schema, source=self).to_expr()

    def keep(self, name: str, build: Build, about: str = "") -> None:
        """Work out a table and keep it as files under a name; `about` tells apart what may be built under it."""
        self.make(name, self.text(name, build, about))

    def keep_all(self, lists: Sequence[Sequence[Kept]]) -> None:
        """Work out lists of tables side by side and keep them; one may read those before it in its list."""
        self.make_all([[(table.name, self._numbered(table)) for table in each] for each in lists])

    def _numbered(self, table: Kept) -> str:
        """Return the statement of a table that is to be kept; it can be read, slowly, before it is."""
        text = self.text(table.name, table.build, table.about)
        if table.number:
            text = f"SELECT *, monotonically_increasing_id() AS `{table.number}` FROM ({text})"
        self._run(text).createOrReplaceTempView(table.name)
        return text

    def make(self, name: str, text: str) -> None:
        """Work out a table from a statement that is compiled already, and keep it as files under a name."""
        self._kept(name, self._run(text))

    def _kept(self, name: str, rows: DataFrame) -> None:
        path = self._place(name)
        with _told():
            rows.write.parquet(path.as_uri())
        if self._add:
            files = list(path.glob("*.parquet"))
            left = sum(pq.read_metadata(file).num_rows for file in files)
            self._add(0, left, sum(file.stat().st_size for file in files))
        self._paths[name] = path
        self.session.read.schema(rows.schema).parquet(path.as_uri()).createOrReplaceTempView(name)

    def make_all(self, lists: Lists) -> None:
        """Do as `make` for lists of names and statements; a statement may read what stands before it in its list."""
        in_order(lists, "`", self._threads, self.make)

    def work_out(self, name: str, of: str, work: Work, schema: pa.Schema) -> None:
        """Keep a table that Python works out of another one, batch by batch, where the rows are."""
        self._kept(name, self.session.table(of).mapInArrow(work, from_arrow_schema(schema)))

    def stored(self, name: str, about: str, build: Callable[[], pa.Table]) -> None:  # noqa: ARG002
        """Give a table that DuckDB keeps between runs: beside a night on Spark, building it is nothing."""
        self.give(name, build())

    def name(self, name: str, build: Build, about: str = "") -> None:
        """Give a table a name without working it out: a view; `about` as in `keep`."""
        self._run(self.text(name, build, about)).createOrReplaceTempView(name)

    def give(self, name: str, table: pa.Table) -> None:
        """Keep a small table that does not come from the book: the strategy's lists."""
        path = self._place(name)
        pq.write_table(table, path)
        self._view(name, path)

    def alias(self, name: str, of: str) -> None:
        """Let a name stand for a table that a step made."""
        self.session.table(of).createOrReplaceTempView(name)

    def text(self, name: str, build: Build, about: str = "") -> str:
        """Return the statement that works out a table; it is compiled once."""
        return self._texts.get(key(f"{name} {about}"), lambda: compiled(build()))

    def read(self, name: str, pattern: Path, schema: pa.Schema) -> None:
        """Name the rows of the Parquet files in a folder; an empty folder is an empty table of this schema."""
        if not any(pattern.glob("*.parquet")):
            pq.write_table(schema.empty_table(), pattern / "part-00000.parquet")
        self._view(name, pattern.resolve())

    def write(self, table: ir.Table, path: Path) -> None:
        """Write a table as one Parquet file, rows in their order."""
        schema, batches = self._stream(table)
        with pq.ParquetWriter(path, schema, compression="zstd") as file:
            for batch in batches:
                file.write_batch(batch)

    def texts(self, table: ir.Table) -> Iterator[bytes]:
        """Stream the texts of the only column of a table, in order, as UTF-8 one behind the other."""
        for batch in self._stream(table)[1]:
            yield "".join(batch.column(0).to_pylist()).encode()

    def rows(self, table: ir.Table) -> list[dict[str, Any]]:
        """Return a small table as Python rows."""
        found: list[dict[str, Any]] = self.to_pyarrow(table).to_pylist()
        return found

    def answer(self, name: str, build: Build, about: str = "") -> list[dict[str, Any]]:
        """Return a small table as Python rows; its statement is compiled once, under a name, as that of `keep` is."""
        found: list[dict[str, Any]] = self._fetched(self.text(name, build, about)).to_pylist()
        return found

    def number(self, value: ir.Scalar) -> int:
        """Return one whole number."""
        return int(self.to_pyarrow(value).as_py() or 0)

    def to_pyarrow(self, expr: ir.Expr, **_: object) -> Any:
        """Return a table, column or value as Arrow: what Ibis asks of whoever holds a table."""
        found = self._fetched(compiled(expr.as_table()))
        if isinstance(expr, ir.Table):
            return found
        return found.column(0)[0] if isinstance(expr, ir.Scalar) else found.column(0)

    def _fetched(self, text: str) -> pa.Table:
        with _told():
            return self._run(text).toArrow()

    def _run(self, text: str) -> DataFrame:
        return self.session.sql(text)

    def _stream(self, table: ir.Table) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Work out a table of any size; return it in its order."""
        path = self._place("stream")
        with _told():
            self._run(compiled(table)).write.parquet(path.as_uri())
        files = [pq.ParquetFile(part) for part in sorted(path.glob("part-*.parquet"))]
        return files[0].schema_arrow, (batch for file in files for batch in file.iter_batches())

    def _view(self, name: str, path: Path, where: str = "true") -> None:
        self._paths[name] = path
        self.session.read.parquet(path.as_uri()).where(where).createOrReplaceTempView(name)

    def _place(self, name: str) -> Path:
        return self.book.scratch / f"{next(self._numbers):04}-{name}.parquet"


@dataclass(frozen=True)
class Ranges:
    """What a task does, in a process of its own: the work for the ranges of loans whose places it is given.

    It may be done again, or twice at a time. `capped` are the folders of the law's caps, by table.
    """

    work: position.RangeWork
    tables: Path
    empty: frozenset[str]
    moment: Moment
    zone: str
    capped: Mapping[str, Path]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Take places; return those with refused loans (place, refused)."""
        with tempfile.TemporaryDirectory() as spill:
            texts = Texts(Path(spill), "", "", ())
            book = DuckDB.open(Opening(self.tables, texts, self.empty, 1, _RANGE_MEMORY, Path(spill)))
            for name, folder in self.capped.items():
                book.read(name, folder, pa.schema([]))
            reader = book.ranges(self.moment, self.zone, capped=bool(self.capped))
            for batch in batches:
                yield from self._done(reader, batch.column(0).to_pylist())
            book.close()

    def _done(self, reader: Any, places: Sequence[int]) -> Iterator[pa.RecordBatch]:
        for place in places:
            try:
                self.work.do(reader, place)
            except position.RefusedLoansError as error:
                yield pa.record_batch([pa.array([place]), pa.array([error.args[0]])], names=["place", "refused"])


def connected(master: str, memory: str) -> SparkSession:
    """Begin a session on a master; `memory`, a size such as '4GB', is for one that is local. DueCourseError otherwise.

    What else is to be said of a cluster stands in its spark-defaults.conf.
    """
    if not (shutil.which("java") or _is_java(os.environ.get("JAVA_HOME", ""))):
        raise DueCourseError("the engine Spark needs Java 17 or later: install it, or let JAVA_HOME name its folder")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    warnings.filterwarnings("ignore", _NOISE)
    builder = SparkSession.builder.master(master).appName("duecourse").config("spark.log.level", "ERROR")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    if master.startswith("local"):
        local = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}
        builder = builder.config(map={**local, "spark.driver.memory": spark_size(memory)})
    try:
        return builder.getOrCreate()
    except Exception as error:  # py4j's, Java's and Spark's own have nothing in common
        raise DueCourseError(
            f"Spark does not start on {master} ({str(error).splitlines()[0]}); check --master, and that Java is 17 or "
            "later"
        ) from error


def _is_java(home: str) -> bool:
    return bool(home) and shutil.which("java", path=str(Path(home) / "bin")) is not None


def spark_size(memory: str) -> str:
    """Write a size of DuckDB's, such as '2.5GB', in Spark's words: whole mebibytes, rounded down."""
    found = re.fullmatch(r"(\d+)(?:\.(\d))?\d* ?([KMGT])i?B", memory.strip(), re.IGNORECASE)
    if not found:
        raise DueCourseError(f"{memory!r} is not a size for Spark: write it like 4GB or 800MB")
    tenths = int(found[1]) * 10 + int(found[2] or 0)
    return f"{tenths * 1024 ** 'KMGT'.index(found[3].upper()) // 10240}m"


@contextmanager
def _told() -> Iterator[None]:
    """Say in one line what the user can mend."""
    try:
        yield
    except PySparkException as error:
        if "OVERFLOW" in str(error):
            raise DueCourseError(
                "the strategy: an expression leaves 64 bits; make its numbers smaller or use share()"
            ) from None
        raise
