"""The lender's rows in batches, out of text files, Parquet and JSON lines, with nothing of them written anywhere.

    open_file(path, how) -> Source      its columns, and its rows a batch at a time

For files that hold what is personal: no clean copy, no spill to the disk, and no more in memory than a batch. Slower
than the engine's own readers, which the book uses.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import pyarrow as pa
from pyarrow import parquet

from duecourse.book.scrub import LINE_BYTES_MAX, open_binary
from duecourse.book.sources import TEXT_ENDINGS, read_header
from duecourse.kernel.errors import DueCourseError

ENDINGS: Final = (*TEXT_ENDINGS, ".parquet", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
ENDINGS_SAID: Final = ".csv, .csv.gz, .parquet or .jsonl"
_RECORD_LINES_MAX: Final = 200  # of a text row with line ends inside quotes
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_COLUMNS_MAX: Final = 2_000  # keys of a file of JSON lines


@dataclass(frozen=True, repr=False)
class Rows:
    """Some rows of a file: their 1-based numbers in it, their values, and (number, reason) of malformed ones.

    The reasons are `fields`, `quote`, `encoding`, `length`, `json`.
    """

    numbers: list[int]
    table: pa.Table
    malformed: list[tuple[int, str]]


@dataclass(frozen=True)
class Source:
    """A file that can be read: how it is shown, its columns, and its rows in batches of at most some size."""

    shown: str
    schema: pa.Schema
    batches: Callable[[int], Iterator[Rows]]


@dataclass(frozen=True)
class Format:
    """How a text file is written; None finds the delimiter. `place` gives the place of a key in the mapping."""

    delimiter: str | None
    encoding: str
    place: Callable[..., str]


def open_file(path: Path, shown: str, how: Format) -> Source:
    """Open a file by the ending of its name; DueCourseError when it cannot be read, then or while its rows are."""
    with _told(shown):
        opened = _open(path, shown, how)
    folded = [name.casefold() for name in opened.schema.names]
    for name in opened.schema.names:
        if folded.count(name.casefold()) > 1:
            raise DueCourseError(f"{shown}: two columns are called {name!r}: rename one in the file")
    return Source(shown, opened.schema, lambda size: _told_rows(shown, opened.batches(size)))


def _open(path: Path, shown: str, how: Format) -> Source:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet"):
        return _parquet(path, shown)
    if name.endswith((".jsonl", ".ndjson")):
        return _json(path, shown)
    return _text(path, shown, how)


@contextmanager
def _told(shown: str) -> Iterator[None]:
    """Turn what a broken file raises into one line, without what stands in the file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DueCourseError(f"{shown}: the compressed file is cut off or damaged: get the file anew") from error
    except pa.ArrowException as error:
        raise DueCourseError(f"{shown}: cannot be read as Parquet: get the file anew") from error
    except OSError as error:
        raise DueCourseError(f"{shown}: cannot be read ({error.strerror or 'damaged'}): check the file") from error


def _told_rows(shown: str, rows: Iterator[Rows]) -> Iterator[Rows]:
    with _told(shown):
        yield from rows


# --- Parquet -----------------------------------------------------------------------------------------------


def _parquet(path: Path, shown: str) -> Source:
    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
    return Source(shown, schema, lambda size: _parquet_rows(path, size))


def _parquet_rows(path: Path, size: int) -> Iterator[Rows]:
    done = 0
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=size):
            yield Rows(list(range(done + 1, done + batch.num_rows + 1)), pa.Table.from_batches([batch]), [])
            done += batch.num_rows


# --- text --------------------------------------------------------------------------------------------------


def _text(path: Path, shown: str, how: Format) -> Source:
    names, delimiter = read_header(path, shown, how.delimiter, how.encoding, how.place)
    schema = pa.schema([(name, pa.string()) for name in names])

    def batches(size: int) -> Iterator[Rows]:
        with _opened(path, how.encoding) as file:
            records = _records(_lines(file), delimiter, len(names))
            next(records, None)  # the header
            yield from _gathered(records, schema, size)

    return Source(shown, schema, batches)


def _opened(path: Path, encoding: str) -> TextIO:
    known = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
    errors = "replace" if known.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32")) else "surrogateescape"
    return io.TextIOWrapper(open_binary(path), encoding=known, errors=errors, newline="\n")


def _lines(file: TextIO) -> Iterator[str]:
    """Yield lines, one that is too long as its beginning alone, longer than LINE_BYTES_MAX."""
    while line := file.readline(LINE_BYTES_MAX + 1):
        rest = line
        while len(rest) > LINE_BYTES_MAX and not rest.endswith("\n"):
            rest = file.readline(LINE_BYTES_MAX + 1)
        yield line


Record = list[Any] | str  # the values of a row, or why it has none


def _records(lines: Iterator[str], delimiter: str, fields: int) -> Iterator[Record]:
    """Yield the rows of a text file; a quote that is never closed costs its own line, not the rest of the file."""
    waiting: deque[str] = deque()
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        if reason := _wrong(line):
            yield reason
        elif '"' not in line:
            bare = line.rstrip("\r\n")
            if bare or fields == 1:
                yield _fitting(bare.split(delimiter), fields)
        else:
            joined, more = line, 0
            while joined.count('"') % 2 and more < _RECORD_LINES_MAX and len(joined) <= LINE_BYTES_MAX:
                if more == len(waiting):
                    following = next(lines, None)
                    if following is None:
                        break
                    waiting.append(following)
                joined, more = joined + waiting[more], more + 1
            record = _wrong(joined) or _quoted(joined, delimiter, fields)
            if more and isinstance(record, str):  # the quote was never closed: what follows are rows of their own
                yield "quote"
                continue
            for _ in range(more):
                waiting.popleft()
            yield record


def _wrong(line: str) -> str | None:
    if len(line) > LINE_BYTES_MAX:
        return "length"
    if not line.isascii() and (_SURROGATE.search(line) or "\ufffd" in line):
        return "encoding"
    return "encoding" if "\0" in line else None


def _quoted(record: str, delimiter: str, fields: int) -> Record:
    """Return the values of a row that has quotes."""
    try:
        found = list(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return "quote"
    return _fitting(found[0], fields) if len(found) == 1 else "quote"


def _fitting(values: list[str], fields: int) -> Record:
    return [value or None for value in values] if len(values) == fields else "fields"


def _gathered(records: Iterator[Record], schema: pa.Schema, size: int) -> Iterator[Rows]:
    """Gather rows into batches, numbered from 1, malformed ones counted too."""
    numbers: list[int] = []
    kept: list[list[Any]] = []
    malformed: list[tuple[int, str]] = []
    for number, record in enumerate(records, start=1):
        if isinstance(record, str):
            malformed.append((number, record))
        else:
            numbers.append(number)
            kept.append(record)
        if len(kept) + len(malformed) >= size:
            yield Rows(numbers, _table(kept, schema), malformed)
            numbers, kept, malformed = [], [], []
    if kept or malformed:
        yield Rows(numbers, _table(kept, schema), malformed)


def _table(rows: list[list[Any]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [[] for _ in schema]
    return pa.Table.from_arrays(
        [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


# --- JSON lines --------------------------------------------------------------------------------------------


def _json(path: Path, shown: str) -> Source:
    """Read the file once for its keys, of which any line may have more: a key that holds a list is one of lists."""
    lists: dict[str, bool] = {}
    with _opened(path, "utf-8") as file:
        for line in _lines(file):
            found = _object(line)
            for key, value in found.items() if isinstance(found, dict) else ():
                if not _SURROGATE.search(key):  # no expression could name it
                    lists[key] = lists.get(key, False) or isinstance(value, list)
            if len(lists) > _COLUMNS_MAX:
                raise DueCourseError(f"{shown}: its rows have more than {_COLUMNS_MAX:,} keys: check the file")
    if not lists:
        raise DueCourseError(f"{shown}: has no row that is a JSON object: check the file")
    schema = pa.schema([(key, pa.list_(pa.string()) if is_list else pa.string()) for key, is_list in lists.items()])

    def batches(size: int) -> Iterator[Rows]:
        with _opened(path, "utf-8") as file:
            yield from _gathered((_json_record(line, lists) for line in _lines(file) if line.strip()), schema, size)

    return Source(shown, schema, batches)


def _object(line: str) -> dict[str, Any] | str:
    """Return a line's object, its numbers as they are written; or why it is none."""
    if reason := _wrong(line):
        return reason
    try:
        found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        return found if isinstance(found, dict) else "json"
    except (ValueError, RecursionError):
        return "json"


def _json_record(line: str, lists: dict[str, bool]) -> Record:
    found = _object(line)
    if isinstance(found, str):
        return found
    try:
        return [_json_value(found.get(key), is_list=is_list) for key, is_list in lists.items()]
    except UnicodeEncodeError:
        return "encoding"
    except TypeError:
        return "json"


def _json_value(value: object, *, is_list: bool) -> str | list[str] | None:
    """Return a text, or a list of them where the column is one of lists; TypeError for an object."""
    if value is None:
        return None
    if is_list:
        return [_json_text(part) for part in (value if isinstance(value, list) else [value]) if part is not None]
    return _json_text(value) or None


def _json_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # a half of a pair of surrogates has no place in any text
    return value
