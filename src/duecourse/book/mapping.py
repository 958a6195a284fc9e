"""The mapping file: where each table of the book comes from and how the lender's columns become ours.

TOML, read strictly: a key that nobody knows refuses, with its line and the nearest key there is.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from duecourse.book.schema import BY_NAME
from duecourse.kernel import words
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


Lines = Mapping[tuple[str, ...], int]  # of each key of a mapping file


class MappingError(DueCourseError):
    """The mapping file says something that cannot be used."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def known_zone(value: str) -> str:
    """Return the name of a time zone; ValueError when there is none of this name."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone {value!r}: write an IANA name such as 'Europe/Berlin'") from None
    return value


def known_encoding(value: str) -> str:
    """Return the name of an encoding of text; ValueError when there is none of this name."""
    try:
        "".encode(value)
    except LookupError:
        raise ValueError(f"no encoding {value!r}: write for instance 'utf-8' or 'cp1252'") from None
    return value


class BookPart(_Strict):
    """The `[book]` section: what holds for the whole book.

    `currency` is that of rows which name none. `money` is the unit of the amounts in the lender's files.
    `quarantine_share_max` is a share from 0 to 1, compared exactly. `date_min` and `date_max` are the first
    and last day that an event may carry.
    """

    name: str = Field(min_length=1)
    zone: str
    currency: str | None = None
    money: Literal["major", "minor"] = "major"
    payments_complete_through: date | None = None
    quarantine_share_max: Decimal = Field(default=Decimal("0.01"), ge=0, le=1)
    date_min: date = date(1970, 1, 1)
    date_max: date = date(2199, 12, 31)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("currency")
    @classmethod
    def _currency_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in MINOR_DIGITS:
            raise ValueError(f"no currency {value!r}: write an ISO 4217 code such as 'EUR'")
        return value

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.date_min > self.date_max:
            raise ValueError(f"date_min {self.date_min} is after date_max {self.date_max}: no day would be in range")
        return self


class TablePart(_Strict):
    """A `[tables.<name>]` section: one source, and an expression for each of our columns.

    Either `from` (a path or glob of .csv, .csv.gz or .parquet files) or `database` and `table`. `keep` is a
    condition over the lender's columns. `delimiter`, `encoding` and `decimal` speak of text files only.
    """

    source: str | None = Field(default=None, alias="from")
    database: str | None = None
    table: str | None = None
    keep: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    columns: dict[str, str]

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str) -> str:
        return known_encoding(value)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.source is None) == (self.database is None):
            raise ValueError('needs either from = "file" or database = "url" with table = "name"')
        if (self.database is None) != (self.table is None):
            raise ValueError("database and table go together")
        return self


class _File(_Strict):
    book: BookPart
    tables: dict[str, TablePart]


@dataclass(frozen=True)
class BookMapping:
    """A mapping file that has been read and checked for its form, not yet against the lender's files."""

    path: Path
    book: BookPart
    tables: Mapping[str, TablePart]
    content: bytes
    lines: Lines

    def place(self, *keys: str) -> str:
        """Return `file:line` of a key, of the nearest enclosing one where the key itself is not found."""
        return f"{self.path}:{line_of(self.lines, keys)}"


_HEADER: Final = re.compile(r"^\s*\[\s*(?P<keys>[^\[\]]+?)\s*\]")
_ENTRY: Final = re.compile(r"""^\s*(?P<key>"[^"]*"|'[^']*'|[\w.-]+)\s*=""")


def _lines_of(text: str) -> Lines:
    """Return the line of every key of a TOML text, as far as it is written plainly (for messages only)."""
    lines: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _split(header["keys"])
            lines.setdefault(section, number)
        elif entry := _ENTRY.match(line):
            lines.setdefault(section + _split(entry["key"]), number)
    return lines


def _split(keys: str) -> tuple[str, ...]:
    if keys[:1] in {'"', "'"}:
        return (keys[1:-1],)
    return tuple(part.strip().strip("\"'") for part in keys.split("."))


def line_of(lines: Lines, keys: tuple[str, ...]) -> int:
    """Return the line of a key, of the nearest enclosing one where the key itself is not found."""
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 1)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the closest of the known words, or nothing when none is close."""
    close = words.nearest(word, known)
    return f"; did you mean {close!r}?" if close else ""


def read_mapping(path: Path) -> BookMapping:
    """Read and check a mapping file; MappingError names file, line, key and what to do."""
    content, data, lines = read_toml(path)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise MappingError(explain(path, lines, error, ("book", "tables"), _keys_of)) from error
    mapping = BookMapping(path, file.book, file.tables, content, lines)
    _check_tables(mapping)
    return mapping


def read_toml(path: Path) -> tuple[bytes, dict[str, Any], Lines]:
    """Return a mapping file as it is, as data, and the line of each of its keys; MappingError when it is no TOML."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
        data = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise MappingError(f"{path}: cannot read the mapping file ({error.strerror}): check the path") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: is not UTF-8 text: save the mapping as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path}: is not valid TOML: {error}: mend that line") from error
    except RecursionError:
        raise MappingError(f"{path}: is nested too deeply: take out brackets") from None
    return content, data, _lines_of(text)


def explain(
    path: Path,
    lines: Lines,
    error: ValidationError,
    sections: Sequence[str],
    keys_of: Callable[[tuple[str, ...]], Iterable[str]],
) -> str:
    """Put the first problem that pydantic found into one line.

    `sections` are the file's, `keys_of` gives the keys that the section of an unknown key has. A key lacking and a key
    unknown in one section are mostly one slip of the pen: the unknown one is named.
    """
    first = _telling(error.errors())
    keys = tuple(str(part) for part in first["loc"])
    place = f"{path}:{line_of(lines, keys)}"
    section, key = ".".join(keys[:-1]), keys[-1] if keys else ""
    if first["type"] == "extra_forbidden":
        return (
            f"{place}: [{section}] has no key {key!r}{nearest(key, keys_of(keys))}"
            if section
            else (f"{place}: no section [{key}]{nearest(key, sections)}")
        )
    if first["type"] == "missing":
        return (
            f"{place}: [{section}] lacks {key!r}: add it" if section else f"{place}: lacks the section [{key}]: add it"
        )
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {'.'.join(keys)}: {message}"


def _telling(errors: "list[ErrorDetails]") -> "ErrorDetails":
    """Return the first problem; where that is a key lacking, an unknown key of the same section before it."""
    first = errors[0]
    if first["type"] != "missing":
        return first
    section = first["loc"][:-1]
    return next((e for e in errors if e["type"] == "extra_forbidden" and e["loc"][:-1] == section), first)


def _keys_of(keys: tuple[str, ...]) -> list[str]:
    """Return the keys that the section of an unknown key has."""
    model = BookPart if keys[0] == "book" else TablePart
    return [field.alias or name for name, field in model.model_fields.items()]


def _check_tables(mapping: BookMapping) -> None:
    """Refuse unknown tables and columns, a book without loans, and required columns that nothing fills."""
    if "loans" not in mapping.tables:
        raise MappingError(f"{mapping.place('tables')}: lacks [tables.loans]: a book needs its loans")
    for name, part in mapping.tables.items():
        place = mapping.place("tables", name)
        if name not in BY_NAME:
            raise MappingError(f"{place}: no table {name!r} in a book{nearest(name, BY_NAME)}")
        table = BY_NAME[name]
        for column in part.columns:
            if column not in table.names:
                at = mapping.place("tables", name, "columns", column)
                raise MappingError(f"{at}: {name} has no column {column!r}{nearest(column, table.names)}")
        for column_ in table.columns:
            supplied = column_.name in part.columns or column_.default is not None
            if column_.name == "currency" and mapping.book.currency:
                supplied = True
            if column_.required and not supplied:
                raise MappingError(f"{place}: {name} lacks {column_.name!r}: say in its columns where it comes from")
