"""Where a table's rows come from: text files, Parquet files, tables of a database. Each file is one part."""

import csv
import glob
import io
import os
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
import ibis

from duecourse.book.mapping import BookMapping, MappingError, TablePart
from duecourse.book.scrub import LINE_BYTES_MAX, Reject, has_nul, open_binary, scrub
from duecourse.book.sql import ident, text
from duecourse.kernel.errors import DueCourseError

TEXT_ENDINGS: Final = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass
class Part:
    """One file or database table: how DuckDB reads it, its columns (name, DuckDB type), what was malformed.

    `shown` is the path as messages and the quarantine name it. `first_row` is the 0-based position of its
    first good row among the table's good rows, `rows` their number; both are known once it has been read.
    """

    shown: str
    path: Path | None
    relation: str
    columns: tuple[tuple[str, str], ...]
    delimiter: str = ""
    encoding: str = "utf-8"
    scrubbed: bool = False
    first_row: int = 0
    rows: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def own(self, stem: str) -> str:
        """Return a name that none of the lender's columns has, for a column that we add to theirs."""
        taken = {name.casefold() for name in self.names}
        while stem in taken:
            stem += "_"
        return stem

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the lender's columns."""
        return tuple(name for name, _ in self.columns)

    @property
    def row_column(self) -> str:
        """Name of the column that `numbered` adds: the 0-based position of a row among the part's good rows."""
        return self.own("_rn")

    @property
    def numbered(self) -> str:
        """The SQL of the part's rows, numbered in the order of the file.

        The engine knows the numbers itself, unless a column of the lender's has their name; counting takes one thread.
        """
        known = "" if self.is_text else "file_row_number" if self.path else "rowid"
        number = known if known and self.own(known) == known else "row_number() OVER () - 1"
        return f"(SELECT {number} AS {ident(self.row_column)}, * FROM {self.relation})"

    @property
    def is_text(self) -> bool:
        """Whether the part is a text file, all of whose values are texts."""
        return bool(self.delimiter)


def find_files(mapping: BookMapping, name: str, data: Path) -> list[Path]:
    """Return the files of a table by path; none for a database; MappingError when a file is missing."""
    part = mapping.tables[name]
    if part.source is None:
        return []
    endings = (*TEXT_ENDINGS, ".parquet")
    known = ".csv, .csv.gz or .parquet"
    return matching_files(part.source, data, mapping.place("tables", name, "from"), endings, known)


def matching_files(source: str, data: Path, place: str, endings: tuple[str, ...], known: str) -> list[Path]:
    """Return the files that a path or glob means, in order; MappingError when there is none, or one ends otherwise.

    `known` says in words what names may end in.
    """
    plain = data / source
    pattern = os.path.join(glob.escape(str(data)), source)  # noqa: PTH118 - only the mapping's part is a pattern
    found = [plain] if plain.is_file() else sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 - the pattern may be absolute
    files = [path for path in found if path.is_file()]
    if not files:
        raise MappingError(f"{place}: no file {source!r} in {data}: mend the path, or name the folder with --data")
    for path in files:
        if not path.name.lower().endswith(endings):
            raise MappingError(f"{place}: {path.name}: cannot tell its format: name it {known}")
    return files


def shown_path(path: Path, data: Path) -> str:
    """Return a path as it is shown: relative to the data folder where it lies in it."""
    return path.relative_to(data).as_posix() if path.is_relative_to(data) else path.as_posix()


def open_parts(
    con: duckdb.DuckDBPyConnection,
    mapping: BookMapping,
    name: str,
    data: Path,
    scratch: Path,
) -> list[Part]:
    """Return the parts of a table, ready to read."""
    part = mapping.tables[name]
    if part.database is not None:
        return [_database_part(con, mapping, name, data)]
    parts = []
    for path in find_files(mapping, name, data):
        shown = shown_path(path, data)
        if path.name.lower().endswith(".parquet"):
            parts.append(_parquet_part(con, path, shown))
        else:
            parts.append(_sound_text_part(mapping, name, path, shown, scratch / f"{name}-{len(parts) + 1}.csv"))
    return parts


def _sound_text_part(mapping: BookMapping, name: str, path: Path, shown: str, clean: Path) -> Part:
    """Open a text file, read through once for what the engine would stumble over; DueCourseError when it breaks off."""
    section = mapping.tables[name]
    try:
        made = _text_part(mapping, name, section, path, shown)
        if _is_foreign(section.encoding) or has_nul(path):
            scrub_part(made, clean)
    except (EOFError, zlib.error) as error:
        raise DueCourseError(f"{shown}: the compressed file is cut off or damaged: get the file anew") from error
    except OSError as error:
        raise DueCourseError(f"{path}: cannot be read ({error.strerror or error}): check the file") from error
    return made


def _is_foreign(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") not in {"utf-8", "utf8", "utf-8-sig"}


def _parquet_part(con: duckdb.DuckDBPyConnection, path: Path, shown: str) -> Part:
    relation = f"read_parquet({text(str(path))})"
    try:
        columns = describe(con, f"SELECT * FROM {relation}")
    except duckdb.OutOfMemoryException:
        raise  # no fault of the file
    except duckdb.Error as error:
        raise DueCourseError(f"{shown}: cannot be read as Parquet: {one_line(error)}: get the file anew") from error
    return Part(shown, path, relation, columns)


def describe(con: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[str, str], ...]:
    """Return name and DuckDB type of each column of a query."""
    return tuple((row[0], row[1]) for row in con.execute(f"DESCRIBE {query}").fetchall())


def one_line(error: Exception) -> str:
    """Return the first line of an engine's message, without its class."""
    first = str(error).strip().splitlines()[0]
    return first.split("Error: ", 1)[-1].rstrip(" .:")


def _text_part(mapping: BookMapping, name: str, part: TablePart, path: Path, shown: str) -> Part:
    """Read a text file's header and say how the rest is read: every value as text."""
    place = partial(mapping.place, "tables", name)
    names, delimiter = read_header(path, shown, part.delimiter, part.encoding, place)
    made = Part(shown, path, "", tuple((cell, "VARCHAR") for cell in names), delimiter, part.encoding)
    _point_at(made, path)
    return made


def read_header(
    path: Path, shown: str, delimiter: str | None, encoding: str, place: Callable[..., str]
) -> tuple[tuple[str, ...], str]:
    """Return the names of a text file's columns and what stands between them, which is found where it is not given.

    `place` gives the place of a key of the file's section. MappingError or DueCourseError when they cannot be told.
    """
    header = _first_line(path, encoding)
    if "\0" in header:
        at = place("encoding")
        raise MappingError(f'{at}: {shown}:1: NUL bytes: the file seems to be UTF-16, say encoding = "utf-16"')
    if not header.strip():
        raise DueCourseError(f"{shown}:1: the first line is empty: the names of the columns must stand there")
    between = delimiter or max(_DELIMITERS, key=header.count)
    raw = next(csv.reader(io.StringIO(header), delimiter=between))
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(raw, start=1)]
    folded = [cell.casefold() for cell in names]
    for cell in names:
        if folded.count(cell.casefold()) > 1:
            raise DueCourseError(f"{shown}:1: two columns are called {cell!r}: rename one in the file")
    if len(names) == 1 and delimiter is None:
        raise MappingError(f'{place()}: {shown} seems to have one column only: say delimiter = "..."')
    return tuple(names), between


def _first_line(path: Path, encoding: str) -> str:
    """Return the header line of a text file."""
    known = encoding if _is_foreign(encoding) else "utf-8-sig"
    with open_binary(path) as stream, io.TextIOWrapper(stream, encoding=known, errors="replace") as lines:
        return lines.readline().removeprefix("\ufeff")  # utf-16-le and the like leave the mark in


def _point_at(part: Part, path: Path) -> None:
    """Let a text part read this file."""
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in part.names)
    longest = 3 * LINE_BYTES_MAX if part.scrubbed else LINE_BYTES_MAX  # a clean copy has more quotes
    part.relation = (
        f"read_csv({text(str(path))}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {text(part.delimiter)}, quote = '\"', escape = '\"', nullstr = '', max_line_size = "
        f"{longest})"
    )


def scrub_part(part: Part, target: Path) -> None:
    """Set the malformed lines of a text part aside and let it read the clean copy."""
    if part.path is None:
        raise ValueError("only a text file can be scrubbed")
    part.rejects = scrub(part.path, target, fields=len(part.columns), delimiter=part.delimiter, encoding=part.encoding)
    part.scrubbed = True
    _point_at(part, target)


def _database_part(con: duckdb.DuckDBPyConnection, mapping: BookMapping, name: str, data: Path) -> Part:
    """Copy a database table into the working database, through Ibis and Arrow."""
    part = mapping.tables[name]
    place = mapping.place("tables", name, "database")
    url = database_url(part.database or "", data)
    file = _database_file(url)
    if file and not file.is_file():  # connecting would make an empty database there
        shown = shown_path(file, data)
        raise MappingError(f"{place}: no database {shown!r}: mend the path, or name its folder with --data")
    stage = f"stage_{name}"
    try:
        _stage(con, file or url, part.table or "", stage, duck=url.startswith("duckdb:"))
    except duckdb.OutOfMemoryException:
        raise
    except Exception as error:  # the drivers share no class of errors
        # The message of a driver may quote the URL, and so a password: only its class is shown.
        raise MappingError(
            (
                f"{place}: cannot read table {part.table!r} ({type(error).__name__}): check the URL, the "
                f"table's name and that its driver is installed"
            ),
        ) from error
    return Part(f"table {part.table}", None, ident(stage), describe(con, f"SELECT * FROM {ident(stage)}"))


def _stage(con: duckdb.DuckDBPyConnection, base: Path | str, table: str, stage: str, *, duck: bool) -> None:
    """Copy a table of a database (a file, or else a URL) into a table of the working database."""
    if duck:  # the working engine reads these itself
        con.execute(f"ATTACH {text(str(base))} AS lender (TYPE duckdb, READ_ONLY)")
        try:
            con.execute(f"CREATE TABLE {ident(stage)} AS FROM lender.{ident(table)}")
        finally:
            con.execute("DETACH lender")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ibis 12 asks pandas 3 for an option that is on its way out
        # A file not by a URL, in which a folder's # or % would mean something.
        backend = ibis.sqlite.connect(base) if isinstance(base, Path) else ibis.connect(base)
        try:
            con.from_arrow(backend.table(table).to_pyarrow_batches()).create(stage)
        finally:
            backend.disconnect()


def database_url(url: str, data: Path) -> str:
    """Fill in $NAME from the environment, and anchor a relative SQLite or DuckDB path at the data folder.

    So no password need stand in the mapping.
    """
    url = os.path.expandvars(url)
    for scheme in ("sqlite", "duckdb"):
        if url.startswith(f"{scheme}:///") and not url.startswith(f"{scheme}:////"):
            return f"{scheme}://{(data / url.removeprefix(f'{scheme}:///')).resolve()}"
        if url.startswith(f"{scheme}:////"):
            return f"{scheme}://{url.removeprefix(f'{scheme}://')[1:]}"
    return url


def _database_file(url: str) -> Path | None:
    """Return the file that a SQLite or DuckDB URL names; None for a server."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"sqlite", "duckdb"}:
        return None
    return Path(rest) if Path(rest).is_file() else Path(rest.partition("?")[0])


def total_rejects(parts: Iterable[Part]) -> int:
    """Return how many malformed lines the parts have."""
    return sum(len(part.rejects) for part in parts)
