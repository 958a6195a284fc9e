"""Malformed lines of a text file: found, numbered, set aside; the rest goes to a clean copy.

DuckDB reads a sound file at full speed and refuses an unsound one as a whole. Only then, or when the file
is not UTF-8, is this slower reading needed. Lines without quotes are checked a block at a time with numpy;
a line with quotes is parsed alone. A quote that is never closed costs its own line, not the rest of the file.
"""

import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

LINE_BYTES_MAX: Final = 2_000_000
_RECORD_LINES_MAX: Final = 200
_BLOCK: Final = 1 << 24
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*+"')
_OPEN: Final = "a quote that is never closed"


@dataclass(frozen=True)
class Reject:
    """A malformed line: its 1-based data row, how many good rows precede it, why, and its text."""

    row: int
    kept_before: int
    reason: str
    record: str


@dataclass
class _Scrub:
    """One pass over one file. `row` and `kept` count data rows; the header is row 0."""

    fields: int
    delimiter: str
    target: BinaryIO
    row: int = -1
    kept: int = -1
    rejects: list[Reject] = field(default_factory=list)

    def keep(self, data: bytes, rows: int) -> None:
        self.target.write(data)
        self.row += rows
        self.kept += rows

    def reject(self, line: bytes, reason: str) -> None:
        self.row += 1
        record = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
        self.rejects.append(Reject(self.row, self.kept, reason, record))


def scrub(source: Path, target: Path, *, fields: int, delimiter: str, encoding: str) -> list[Reject]:
    """Copy the sound rows of a text file to `target` (UTF-8, with header); return the malformed ones."""
    with target.open("wb") as out:
        work = _Scrub(fields, delimiter, out)
        rest = b""
        for block, last in _blocks(source, encoding):
            rest = _scrub_block(work, rest + block, last=last)
    return work.rejects


def has_nul(source: Path) -> bool:
    """Say whether a file holds a NUL byte, which DuckDB would take into a text without a word."""
    with open_binary(source) as stream:
        return any(b"\0" in block for block in iter(lambda: stream.read(_BLOCK), b""))


def open_binary(source: Path) -> BinaryIO:
    """Open a file, unpacking .gz."""
    return gzip.open(source, "rb") if source.suffix.lower() == ".gz" else source.open("rb")  # type: ignore[return-value]


def _blocks(source: Path, encoding: str) -> Iterator[tuple[bytes, bool]]:
    """Yield the file as blocks of whole lines, UTF-8, ended by line feeds; and whether it is the last."""
    with open_binary(source) as stream:
        reader = _as_utf8(stream, encoding)
        head = next(reader, b"").removeprefix(b"\xef\xbb\xbf")
        for block in reader:
            cut = head.rfind(b"\n") + 1
            yield head[:cut].replace(b"\r\n", b"\n"), False
            head = head[cut:] + block
        if head and not head.endswith(b"\n"):
            head += b"\n"
        yield head.replace(b"\r\n", b"\n"), True


def _as_utf8(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield blocks in UTF-8; a byte that the encoding lacks comes through raw, and so is found later."""
    name = encoding.lower().replace("_", "-")
    if name in {"utf-8", "utf8", "utf-8-sig"}:
        yield from iter(lambda: stream.read(_BLOCK), b"")
        return
    errors = "replace" if name.startswith(("utf-16", "utf-32")) else "surrogateescape"
    with io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="") as text:
        for part in iter(lambda: text.read(_BLOCK), ""):
            yield part.encode("utf-8", "surrogateescape")


def _scrub_block(work: _Scrub, block: bytes, *, last: bool) -> bytes:
    """Sort the lines of one block into good and malformed; return what must wait for the next block."""
    if not block:
        return b""
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n")) + 1
    starts = np.concatenate((np.zeros(1, dtype=ends.dtype), ends[:-1]))
    special = _special_lines(work, block, data, starts, ends)
    done = 0  # lines before this one are dealt with
    for number in np.flatnonzero(special).tolist():
        if number < done:
            continue
        if number > done:
            work.keep(block[starts[done] : starts[number]], number - done)
        after = _one_record(work, block, starts, ends, number, last=last)
        if after is None:
            return block[starts[number] :]
        done = after
    if done < len(starts):
        work.keep(block[starts[done] :], len(starts) - done)
    return b""


def _special_lines(
    work: _Scrub,
    block: bytes,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Mark every line that cannot be copied as it stands without a closer look."""
    delimiters = _count(data == ord(work.delimiter), starts, ends)
    special: NDArray[np.bool_] = (delimiters != work.fields - 1) | (ends - starts > LINE_BYTES_MAX)
    odd = (data == ord('"')) | (data == 0) | (data == ord("\r"))
    special |= _count(odd, starts, ends) > 0
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        special |= _count(data >= 0x80, starts, ends) > 0
    return special


def _count(hits: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many hits lie in each line."""
    where = np.flatnonzero(hits)
    return np.searchsorted(where, ends) - np.searchsorted(where, starts)


def _one_record(
    work: _Scrub,
    block: bytes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    number: int,
    *,
    last: bool,
) -> int | None:
    """Deal with the record that begins on a line; return the line after it, or None when it may go on.

    A quoted text may run over several lines. If joining them gives no sound record, only the first is
    rejected, and the next line is looked at afresh.
    """
    line = block[starts[number] : ends[number]]
    if not line.strip(b"\n\r"):
        return number + 1
    problem = ""
    for until in range(number, min(number + _RECORD_LINES_MAX, len(starts))):
        found = _parse(block[starts[number] : ends[until]], work)
        if not isinstance(found, str):
            work.keep(_emit(found, work.delimiter), 1)
            return until + 1
        problem = problem or found
        if found != _OPEN or ends[until] - starts[number] > LINE_BYTES_MAX:
            break
    else:
        if not last and len(starts) - number < _RECORD_LINES_MAX:
            return None
    work.reject(line, problem)
    return number + 1


def _parse(record: bytes, work: _Scrub) -> list[str] | str:
    """Return the fields of a record, or what is wrong with it."""
    if len(record) > LINE_BYTES_MAX:
        return f"a line of more than {LINE_BYTES_MAX:,} bytes"
    if b"\0" in record:
        return "a NUL byte"
    try:
        line = record.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        return "bytes that are not text in the file's encoding"
    fields = _fields(line, work.delimiter)
    if isinstance(fields, str):
        return fields
    if len(fields) == work.fields + 1 and not fields[-1]:  # a delimiter at the end of the line is common, and harmless
        fields.pop()
    if len(fields) != work.fields:
        return f"{len(fields)} fields instead of {work.fields}"
    return fields


def _fields(line: str, delimiter: str) -> list[str] | str:
    """Split a record; a quote opens a quoted text only at the start of a field."""
    fields: list[str] = []
    position = 0
    while True:
        begin = position
        while line[begin : begin + 1] == " ":
            begin += 1
        if line[begin : begin + 1] == '"':
            match = _QUOTED.match(line, begin)
            if match is None:
                return _OPEN
            position = match.end()
            while line[position : position + 1] == " ":
                position += 1
            fields.append(match[0][1:-1].replace('""', '"'))
            if position < len(line) and line[position] != delimiter:
                return "text after a closing quote"
        else:
            end = line.find(delimiter, position)
            end = len(line) if end < 0 else end
            fields.append(line[position:end])
            position = end
        if position >= len(line):
            return fields
        position += 1


def _emit(fields: list[str], delimiter: str) -> bytes:
    """Write a record with every text quoted."""
    quoted = ('"' + text.replace('"', '""') + '"' if text else "" for text in fields)
    return (delimiter.join(quoted) + "\n").encode()
