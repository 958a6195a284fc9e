"""DuckDB, embedded: the default engine."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from duecourse.book.schema import BY_NAME, TABLES
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import scratch, written_beside
from duecourse.night import position
from duecourse.night.engines.engine import Opening, Tell, Work
from duecourse.night.engines.order import in_order
from duecourse.night.engines.texts import Texts
from duecourse.night.kept import Kept
from duecourse.night.moment import Moment
from duecourse.night.profile import Add

_LOANS_IN_PARTS: Final = 1_500_000  # a book with fewer is worked out at once: every part costs seconds of its own
_LOANS_OF_PART: Final = 700_000  # at most, lest those worked out side by side take too much memory
_NEVER: Final = 2**31 - 1
_NEVER_CHECKPOINT: Final = "1000TB"
_BATCH: Final = 100_000  # rows that Python is given at a time
_MEASURE: Final = "PRAGMA enable_profiling = 'no_output'"
_LEAVING: Final = frozenset({"CREATE_TABLE_AS", "BATCH_CREATE_TABLE_AS", "COPY_TO_FILE", "BATCH_COPY_TO_FILE"})


@dataclass
class DuckDB:
    """A connection with one view per table of the book, holding the rows known at the moment asked for.

    Expressions are compiled once for each name and reused: a replay runs the same text for every day. `scratch` is a
    folder that ends with the engine.
    """

    dialect: ClassVar[str] = "duckdb"

    tables: Path
    connection: Backend
    scratch: Path
    _texts: Texts
    _ending: ExitStack
    _results: dict[str, ir.Table] = field(default_factory=dict)
    _views: dict[str, str] = field(default_factory=dict)
    _made: dict[str, str] = field(default_factory=dict)
    _known: str = ""
    empty: frozenset[str] = frozenset()
    _nothing: dict[tuple[str, str], pa.Table] = field(default_factory=dict)
    _threads: int = 1
    schema: str = "main"
    _known_until: str = ""
    _add: Add | None = None  # counts what statements take, when that is asked for

    @classmethod
    def open(cls, opening: Opening) -> "DuckDB":
        """Open loaded tables."""
        ending = ExitStack()
        folder = ending.enter_context(scratch(opening.spill / "night"))  # what two runs spill must not meet in one file
        connection = ibis.duckdb.connect(
            threads=opening.threads,
            memory_limit=opening.memory,
            temp_directory=str(folder / "spilt"),
            preserve_insertion_order=True,
            # A night's tables live for seconds: to compress them, as checkpoints do, costs more than it saves.
            checkpoint_threshold=_NEVER_CHECKPOINT,
        )
        ending.callback(connection.disconnect)
        engine = cls(
            opening.tables, connection, folder, opening.texts, ending, empty=opening.empty, _threads=opening.threads
        )
        engine._do("SET TimeZone = 'UTC'")
        return engine

    def close(self) -> None:
        """Keep the compiled texts, close the connection, and remove the engine's folder."""
        self._texts.save()
        self._ending.close()

    def _do(self, text: str, values: list[Any] | None = None, *, on: Any = None) -> list[Any]:
        """Run one statement to its end: an unfinished result would keep the connection (or the cursor `on`) busy."""
        connection = on or self.connection.con
        try:
            found = list(connection.execute(text, values).fetchall())
        except duckdb.OutOfRangeException as error:
            what = str(error).splitlines()[0]
            raise DueCourseError(
                f"the strategy: an expression leaves 64 bits ({what}); make its numbers smaller or use share()"
            ) from None
        except duckdb.OutOfMemoryException as error:
            what = str(error).splitlines()[0]
            raise DueCourseError(f"the engine ran out of memory ({what}); give more with --memory") from None
        if self._add:
            self._add(*_taken(json.loads(connection.get_profiling_information("json"))))
        return found

    @contextmanager
    def measured(self, add: Add) -> Iterator[None]:
        """Count what the statements of this connection take: rows scanned, rows left, their bytes."""
        before, self._add = self._add, add
        self.connection.con.execute(_MEASURE)
        try:
            yield
        finally:
            self._add = before

    def look_at(self, moment: Moment) -> None:
        """Point the views at what was known at a moment, and the table `moment` at its business date."""
        self._do("CREATE OR REPLACE TABLE moment AS SELECT ?::DATE AS on_day", [moment.on])
        if moment.known_until is not None:
            self._known_until = f"SET VARIABLE known_until = TIMESTAMP '{moment.known_until.isoformat(sep=' ')}'"
            self._do(self._known_until)
        known = "everything" if moment.known_until is None else "getvariable('known_until')"
        if known == self._known:
            return  # the views read the variable anew each time: they need not be made again
        self._known = known
        for table in TABLES:
            where = known_rows(table.name, None if moment.known_until is None else known)
            self._do(f"CREATE OR REPLACE VIEW {table.name} AS SELECT * FROM {self.file(table.name)} WHERE {where}")

    def parts(self, wanted: int, loans: int, borrowers: int) -> "Sequence[DuckDB]":
        """Return this engine, or one for each part of a large book; `wanted` is how many, 0 as its size demands."""
        number = wanted or 1
        if not wanted and loans >= _LOANS_IN_PARTS:
            number = self._threads * -(-loans // (self._threads * _LOANS_OF_PART))
        if number == 1:
            return [self]
        bounds = self.bounds("borrower_no", borrowers, -(-borrowers // number))
        return [self.part(place, *ends) for place, ends in enumerate(pairwise(bounds))]

    def part(self, number: int, low: int, high: int) -> "DuckDB":
        """Return an engine for the borrowers `low` to before `high`, to be used on a thread of its own.

        It sees only their rows of the book and of positions, and keeps its tables to itself; what this engine keeps it
        sees too. Its statements run one after the other.
        """
        schema = f"part_{number}"
        cursor = self._cursor()
        self._do(f"CREATE SCHEMA IF NOT EXISTS {schema}", on=cursor)
        self._do(f"SET search_path = '{schema},main'", on=cursor)
        connection = ibis.duckdb.from_connection(cursor)
        engine = DuckDB(
            self.tables, connection, self.scratch, self._texts, self._ending, empty=self.empty, schema=schema
        )
        for name in (*(table.name for table in TABLES), "positions"):
            rows = f"SELECT * FROM main.{name} WHERE borrower_no >= {low:d} AND borrower_no < {high:d}"
            engine._do(f"CREATE OR REPLACE VIEW {name} AS {rows}")
        return engine

    def whole(self, name: str, parts: Sequence[Any]) -> None:
        """Let a name stand for what parts of the book have each worked out under it."""
        self._view(name, " UNION ALL ".join(f"SELECT * FROM {part.schema}.{name}" for part in parts))

    def forget(self, needed: Collection[str]) -> None:
        """Give back the memory of the tables that were made here, but for those needed."""
        for name in [name for name in self._made if name not in needed]:
            self._do(f"DROP TABLE IF EXISTS {name}")
            del self._made[name]
            self._results.pop(name, None)

    def file(self, table: str) -> str:
        """Return the SQL that reads a table of the book."""
        return f"read_parquet('{_quoted(self.tables / f'{table}.parquet')}')"

    def table(self, name: str) -> ir.Table:
        """Return a table of the book, or one that a step made."""
        if name in self._results:
            return self._results[name]
        found = self.connection.table(name)
        if name in self._made or name in self._views:
            self._results[name] = found
        return found

    def keep(self, name: str, build: Callable[[], ir.Table], about: str = "") -> None:
        """Work out a table and keep it in memory under a name; `about` tells apart what may be built under it."""
        self.make(name, self.text(name, build, about))

    def keep_all(self, lists: Sequence[Sequence[Kept]]) -> None:
        """Work out lists of tables side by side and keep them; one may read those before it in its list."""
        tables = [table for each in lists for table in each]
        if all(_key(table.name, table.about) in self._texts for table in tables):
            self.make_all(
                [[(_rows(table), self.text(table.name, table.build, table.about)) for table in each] for each in lists]
            )
        else:  # a table must be there for others that read it to be compiled
            for table in tables:
                self.make(_rows(table), self.text(table.name, table.build, table.about))
        for table in tables:
            if table.number:
                self._view(table.name, f'SELECT *, rowid AS "{table.number}" FROM {_rows(table)}')

    def make(self, name: str, text: str) -> None:
        """Work out a table from a statement that is compiled already, and keep it in memory under a name."""
        self._do(f"CREATE OR REPLACE TABLE {name} AS {text}")
        self._note(name, text)

    def make_all(self, lists: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Do as `make` for lists of names and statements; a statement may read what stands before it in its list.

        Many small statements leave most of the machine idle when they stand in one row, so those that do not read one
        another are worked out side by side.
        """
        in_order(lists, '"', self._threads, self.make if self._threads == 1 else self._make_beside)
        for each in lists:
            for name, text in each:
                self._note(name, text)

    def _make_beside(self, name: str, text: str) -> None:
        self._do(f"CREATE OR REPLACE TABLE {name} AS {text}", on=self._cursor())

    def _cursor(self) -> Any:
        """Return a connection of its own for another thread; variables are not shared between connections."""
        cursor = self.connection.con.cursor()
        if self._add:
            cursor.execute(_MEASURE)
        if self._known_until:
            self._do(self._known_until, on=cursor)
        return cursor

    def _note(self, name: str, text: str) -> None:
        if self._made.get(name) != text:  # another statement may make other columns
            self._results.pop(name, None)
            self._made[name] = text

    def work_out(self, name: str, of: str, work: Work, schema: pa.Schema) -> None:
        """Keep a table that Python works out of another one, batch by batch."""
        batches = self.connection.con.table(of).to_arrow_reader(_BATCH)
        rows = pa.Table.from_batches(work(batches), schema)
        self.connection.con.register("worked_out", rows)
        self.make(name, "SELECT * FROM worked_out")
        self.connection.con.unregister("worked_out")

    def stored(self, name: str, about: str, build: Callable[[], pa.Table]) -> None:
        """Name a table that is kept between runs as a file, building it if there is none of what it is `about`."""
        key = hashlib.sha256(about.encode()).hexdigest()[:16]
        path = self._texts.folder / f"{name}-{key}.parquet"
        if not path.exists():
            with written_beside(path) as beside:
                pq.write_table(build(), beside)
        self._view(name, f"SELECT * FROM read_parquet('{_quoted(path)}')")

    def name(self, name: str, build: Callable[[], ir.Table], about: str = "") -> None:
        """Give a table a name without working it out: a view; `about` as in `keep`."""
        self._view(name, self.text(name, build, about))

    def _view(self, name: str, text: str) -> None:
        """Make a view, unless it stands already: it reads the tables under it anew each time."""
        if self._views.get(name) != text:
            self._results.pop(name, None)
            self._do(f"CREATE OR REPLACE VIEW {name} AS {text}")
            self._views[name] = text

    def give(self, name: str, table: pa.Table) -> None:
        """Keep a small table that does not come from the book: the strategy's lists."""
        kinds = {"string": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN"}
        columns = ", ".join(f'"{field.name}" {kinds[str(field.type)]}' for field in table.schema)
        self._do(f"CREATE OR REPLACE TABLE {name} ({columns})")
        if table.num_rows:
            row = f"({', '.join('?' for _ in table.schema)})"
            values = [value for each in table.to_pylist() for value in each.values()]
            self._do(f"INSERT INTO {name} VALUES {', '.join([row] * table.num_rows)}", values)

    def alias(self, name: str, of: str) -> None:
        """Let a name stand for a table that a step made."""
        self._view(name, f"SELECT * FROM {of}")

    def text(self, name: str, build: Callable[[], ir.Table], about: str = "") -> str:
        """Return the statement that works out a table; it is compiled once."""
        return self._texts.get(_key(name, about), lambda: self._text(build()))

    def _text(self, table: ir.Table) -> str:
        """Compile a table. DuckDB sums int64 to a 128-bit integer where Ibis takes it for int64.

        Make it one, or fail.
        """
        wide = [f'CAST("{name}" AS BIGINT) AS "{name}"' for name, kind in table.schema().items() if kind.is_int64()]
        text = str(self.connection.compile(table))
        return f"SELECT * REPLACE ({', '.join(wide)}) FROM ({text})" if wide else text

    def read(self, name: str, pattern: Path, schema: pa.Schema) -> None:
        """Name the rows of the Parquet files in a folder; an empty folder is an empty table of this schema."""
        if not any(pattern.glob("*.parquet")):
            pq.write_table(schema.empty_table(), pattern / "part-00000.parquet")
        self._view(name, f"SELECT * FROM read_parquet('{_quoted(pattern / '*.parquet')}')")

    def write(self, table: ir.Table, path: Path) -> None:
        """Write a table as one Parquet file, rows in their order."""
        text = self._text(table)
        self._do(f"COPY ({text}) TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")

    def rows(self, table: ir.Table) -> list[dict[str, Any]]:
        """Return a small table as Python rows."""
        found: list[dict[str, Any]] = self.connection.to_pyarrow(table).to_pylist()
        return found

    def answer(self, name: str, build: Callable[[], ir.Table], about: str = "") -> list[dict[str, Any]]:
        """Return a small table as Python rows; its statement is compiled once, under a name, as that of `keep` is."""
        found: list[dict[str, Any]] = (
            self.connection.con.sql(self.text(name, build, about)).to_arrow_table().to_pylist()
        )
        return found

    def number(self, value: ir.Scalar) -> int:
        """Return one whole number."""
        return int(self.connection.to_pyarrow(value).as_py() or 0)

    def texts(self, table: ir.Table) -> Iterator[memoryview]:
        """Stream the texts of the only column of a table, in order, as UTF-8 one behind the other."""
        for batch in self.connection.con.sql(self._text(table)).to_arrow_reader(_BATCH):
            if batch.num_rows == 0:
                continue
            column = batch.column(0).cast(pa.large_string())
            _, places, text = column.buffers()
            ends = memoryview(places).cast("q")[column.offset : column.offset + len(column) + 1]
            yield memoryview(text)[ends[0] : ends[-1]]

    def bounds(self, number: str, count: int, size: int) -> list[int]:
        """Cut the numbers of the `count` loans or borrowers of the book (`number`: loan_no, borrower_no) into ranges.

        Each range, from one bound to before the next, holds `size` of them, the last perhaps fewer. In a book of a few
        borrowers numbers are missing.
        """
        file = self.file("loans" if number == "loan_no" else "borrowers")
        end = int(self._do(f"SELECT coalesce(max({number}) + 1, 0) FROM {file}")[0][0])
        if end == count:
            return [*range(0, end, size), end]
        placed = (
            f"SELECT n, row_number() OVER (ORDER BY n) - 1 AS place FROM (SELECT DISTINCT {number} AS n FROM {file})"
        )
        found = self._do(f"SELECT n FROM ({placed}) WHERE place % {size:d} = 0 ORDER BY n")
        return [*(row[0] for row in found), end]

    def positions(
        self, work: position.RangeWork, moment: Moment, zone: str, *, capped: bool, tell: Tell | None = None
    ) -> None:
        """Do the work for each of its ranges of loans, on threads."""
        position.run(lambda: self.ranges(moment, zone, capped=capped), work, self._threads, tell)

    def ranges(self, moment: Moment, zone: str, *, capped: bool = False) -> "Ranges":
        """Return a reader of loan histories by range of loan numbers, for one thread.

        `capped`: whether the tables of `duecourse.night.caps` are there to be read.
        """
        return Ranges(self, self.connection.con.cursor(), moment, zone, capped)


@dataclass(frozen=True)
class Ranges:
    """Reads the rows of loans `low` to before `high`, known at the moment, as Arrow; days as int32 day numbers."""

    engine: DuckDB
    cursor: Any
    moment: Moment
    zone: str
    capped: bool = False

    def _rows(self, table: str, columns: str, low: int, high: int, more: str = "") -> pa.Table:
        known = self.engine._nothing  # noqa: SLF001 - two halves of one engine
        if (table, columns) in known:
            return known[table, columns]
        until = self.moment.known_until
        where = known_rows(table, None if until is None else f"TIMESTAMP '{until.isoformat(sep=' ')}'")
        text = (
            f"SELECT {columns} FROM {self.engine.file(table)} "
            f"WHERE loan_no >= {low:d} AND loan_no < {high:d} AND {where} {more}"
        )
        rows = self.cursor.sql(text).to_arrow_table(4_000_000)
        if self.engine._add:  # noqa: SLF001
            self.engine._add(rows.num_rows, 0, 0)  # noqa: SLF001
        if table in self.engine.empty:
            known[table, columns] = rows
        return rows

    def loans(self, low: int, high: int) -> pa.Table:
        """Versions of loans: names, and terms with -1 for what is not set."""
        return self._rows(
            "loans",
            f"""loan_no, borrower_no, loan_id, borrower_id, product, currency,
            opened_on, {_day("opened_on")} AS opened, {_day("effective_on")} AS effective, principal, grace_days,
            late_fee_flat, late_fee_ppm, late_fee_min, coalesce(late_fee_max, -1) AS late_fee_max, penalty_ppb_day,
            (penalty_base = 'instalment')::BIGINT AS penalty_base,
            CASE WHEN interest_after_due = 'runs' THEN interest_ppm_year ELSE 0 END AS interest_ppm_year,
            CASE day_count WHEN 'actual/365' THEN 0 WHEN 'actual/360' THEN 1 ELSE 2 END::BIGINT AS day_count,
            coalesce(cap_all_in_ppm_year, -1) AS cap_all_in_ppm_year, coalesce(cap_charges_ppm, -1) AS cap_charges_ppm,
            allocation_order, (allocation_by = 'component')::BIGINT AS by_component,
            (accrual_after_write_off = 'stops')::BIGINT AS stops""",
            low,
            high,
        )

    def caps(self, low: int, high: int) -> pa.Table | None:
        """Return the caps of the law by loan and first day, -1 for none; None where no loan has any.

        The ledger works out at the start of a day what the day before has earned, so a cap first counts a day later.
        """
        if not self.capped:
            return None
        return self.cursor.sql(
            f"""SELECT loan_no, {_day("from_on + 1")} AS first, {_day("until_on + 1")} AS until,
            coalesce(cap_all_in_ppm_year, -1) AS cap_all_in_ppm_year, coalesce(cap_charges_ppm, -1) AS cap_charges_ppm
            FROM law_capped JOIN law_cap_pieces USING (cap_no)
            WHERE loan_no >= {low:d} AND loan_no < {high:d} ORDER BY loan_no, from_on"""
        ).to_arrow_table(4_000_000)

    def instalments(self, low: int, high: int) -> pa.Table:
        """Instalments by loan, due date, number."""
        return self._rows(
            "instalments", f"loan_no, number, {_day('due_on')} AS due, principal, interest, fee", low, high
        )

    def charges(self, low: int, high: int) -> pa.Table:
        """Charges by loan, day, charge_id; the component by its name."""
        return self._rows("charges", f"loan_no, {_day('charged_on')} AS day, component, amount", low, high)

    def payments(self, low: int, high: int) -> pa.Table:
        """Payments by loan, day, payment_id, without reversals."""
        undone = "reversed_on"
        if self.moment.known_until is not None:
            known = self.moment.known_until.isoformat(sep=" ")
            undone = f"CASE WHEN reversal_recorded_at <= TIMESTAMP '{known}' THEN reversed_on END"
        return self._rows(
            "payments",
            f"""loan_no, {_day("paid_on")} AS day, {_day(undone)} AS undone, amount,
            coalesce(target_instalment, -1) AS target_instalment, target_component""",
            low,
            high,
            "AND reverses IS NULL",
        )

    def waivers(self, low: int, high: int) -> pa.Table:
        """Waivers by loan, day, waiver_id."""
        return self._rows("waivers", f"loan_no, {_day('waived_on')} AS day, component, amount", low, high)

    def write_offs(self, low: int, high: int) -> pa.Table:
        """First day written off, by loan."""
        return self._first_days("write_offs", "written_off_on", low, high)

    def accelerations(self, low: int, high: int) -> pa.Table:
        """First day accelerated, by loan."""
        return self._first_days("events", "happened_on", low, high, "AND kind = 'accelerated'")

    def _first_days(self, table: str, column: str, low: int, high: int, more: str = "") -> pa.Table:
        days = f"loan_no, min({_day(column)}) AS day"
        return self._rows(table, days, low, high, f"{more} GROUP BY loan_no ORDER BY loan_no")

    def pauses(self, low: int, high: int) -> pa.Table:
        """Pauses by loan and first day; one ends with its `until_at`, or the day before the next `resume`."""
        events = self._rows(
            "events",
            f"""loan_no, kind, {_day("happened_on")} AS first,
            {_day(f"(until_at AT TIME ZONE 'UTC' AT TIME ZONE '{_quoted(self.zone)}')::DATE")} AS last""",
            low,
            high,
            "AND kind IN ('pause', 'resume')",
        )
        if events.num_rows == 0:
            return events.select(["loan_no", "first", "last"])
        self.cursor.register("pause_events", events)
        return self.cursor.sql(
            """SELECT p.loan_no, p.first, least(min(p.last), min(r.first) - 1)::INTEGER AS last
            FROM pause_events p
            LEFT JOIN pause_events r ON r.loan_no = p.loan_no AND r.kind = 'resume' AND r.first > p.first
            WHERE p.kind = 'pause' GROUP BY p.loan_no, p.first, p.last ORDER BY p.loan_no, p.first, 3"""
        ).to_arrow_table()


def _key(name: str, about: str) -> str:
    return f"{name} {about}".rstrip()


def _rows(table: Kept) -> str:
    """Name the table under which rows stand: numbers are those of DuckDB, which a view adds."""
    return f"{table.name}_rows" if table.number else table.name


def _taken(profile: Mapping[str, Any]) -> tuple[int, int, int]:
    """Read rows scanned, rows left and their bytes from the engine's profile of a statement; none of one without."""
    if "query" not in profile:
        return 0, 0, 0
    left = [one for top in profile["operator"] for one in _leaving(top)]
    rows, sizes = (sum(one[name] for one in left) for name in ("intermediate_rows", "intermediate_size_bytes"))
    return profile["query"]["total_rows_scanned"], rows, profile["io"]["total_bytes_written"] or sizes


def _leaving(operator: Mapping[str, Any], *, under: bool = False) -> Iterator[Mapping[str, Any]]:
    """Find the operators whose rows a statement leaves, below the one that makes a table or a file.

    An operator that only passes on has no rows of its own; of a common table expression the last part is passed on.
    """
    children = operator.get("children", ())
    if under and operator["intermediate_rows"]:
        yield operator
        return
    for child in children[-1:] if "CTE" in operator["type"] else children:
        yield from _leaving(child, under=under or operator["type"] in _LEAVING)


def known_rows(table: str, until: str | None) -> str:
    """Return the SQL condition on the rows known at a moment, given in SQL; None.

    Everything counts, newest versions only.
    """
    versioned = BY_NAME[table].versioned
    if until is None:
        return "superseded_at IS NULL" if versioned else "true"
    current = f" AND (superseded_at IS NULL OR superseded_at > {until})" if versioned else ""
    return f"recorded_at <= {until}{current}"


def _day(column: str) -> str:
    return f"coalesce(({column} - DATE '1970-01-01')::INTEGER, {_NEVER})"


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")
