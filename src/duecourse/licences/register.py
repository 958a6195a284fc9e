"""Registers of licensed lenders: what an authority publishes as CSV, brought into one form and read from it.

    imported(csv, mapping) -> Imported         rows of an authority in our form, and what was left out and why
    written(entries, path), read(paths)        registers as files in that form

Nothing is asked of the network: somebody fetches what the authority publishes, and the mapping says where and when.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.faults import first_fault
from duecourse.kernel.files import written_beside
from duecourse.kernel.texts import toml

_SEVERAL: Final = " | "
_ROWS_MOST: Final = 1_000_000
_CELL_MOST: Final = 4_000


@dataclass(frozen=True)
class Entry:
    """A lender as an authority has it. `until_on` is the last day of the licence; None while it has none."""

    authority: str
    country: str
    licence: str
    name: str
    from_on: date
    until_on: date | None
    source: str
    as_of: date
    other_names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


SYNTHETIC: Final = Path(__file__).with_name("synthetic.csv")
"""The register of a made-up authority, for the demonstration and the tests."""
COLUMNS: Final = tuple(field.name for field in fields(Entry))
_LISTS: Final = frozenset({"other_names", "phones", "sites", "accounts", "addresses"})
_DAYS: Final = frozenset({"from_on", "until_on", "as_of"})
_MAPPED: Final = ("licence", "name", "from_on", "until_on", *sorted(_LISTS))


class Mapping(BaseModel):
    """How an authority's file is read: who it is, where and when it was published, and its names of our columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authority: Annotated[str, Field(min_length=1, max_length=200)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    source: Annotated[str, Field(min_length=1, max_length=500)]
    as_of: date
    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    days: str = "%Y-%m-%d"
    split: Annotated[str, Field(min_length=1, max_length=3)] = ";"
    columns: dict[str, str]


@dataclass(frozen=True)
class LeftOut:
    """A row that was not taken: its line and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Imported:
    """What came of a file."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]


def mapping_of(path: Path) -> Mapping:
    """Read a mapping (TOML). DueCourseError: the place in it and what is wrong."""
    try:
        mapping = Mapping.model_validate(toml(path))
    except ValidationError as error:
        raise DueCourseError(f"{path}: {first_fault(error)}") from None
    if unknown := sorted(set(mapping.columns) - set(_MAPPED)):
        raise DueCourseError(f"{path}: columns.{unknown[0]}: name {', '.join(_MAPPED)}")
    for needed in ("licence", "name", "from_on"):
        if needed not in mapping.columns:
            raise DueCourseError(f"{path}: columns: name the authority's column for '{needed}'")
    return mapping


def imported(path: Path, mapping: Mapping) -> Imported:
    """Read what an authority publishes. DueCourseError when the file as a whole is not what the mapping says."""
    entries: dict[str, Entry] = {}
    left_out = []
    for line, row in _rows(path, mapping.delimiter, mapping.encoding, mapping.columns.values()):
        try:
            entry = _entry(row, mapping)
        except ValueError as error:
            left_out.append(LeftOut(line, str(error)))
            continue
        if entry.licence in entries:
            left_out.append(LeftOut(line, f"licence {entry.licence} stands twice: the first row counts"))
        else:
            entries[entry.licence] = entry
    return Imported(tuple(entries.values()), tuple(left_out))


def written(entries: Iterable[Entry], path: Path) -> None:
    """Write entries as a register in our form; the file appears whole."""
    with written_beside(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for entry in entries:
            writer.writerow([_cell(getattr(entry, name)) for name in COLUMNS])


def read(paths: Sequence[Path]) -> tuple[Entry, ...]:
    """Read registers in our form. DueCourseError: the file, the line and what is wrong."""
    found = []
    for path in paths:
        for line, row in _rows(path, ",", "utf-8", COLUMNS):
            try:
                found.append(_read_back(row))
            except ValueError as error:
                raise DueCourseError(f"{path}:{line}: {error}: import it anew") from None
    return tuple(found)


def _rows(path: Path, delimiter: str, encoding: str, wanted: Iterable[str]) -> Iterable[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV with their lines, each cell a text within bounds."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            if missing := sorted(set(wanted) - set(reader.fieldnames or ())):
                raise DueCourseError(f"{path}:1: there is no column '{missing[0]}'")
            for number, row in enumerate(reader):
                if number >= _ROWS_MOST:
                    raise DueCourseError(f"{path}: more than {_ROWS_MOST:,} rows")
                cells = {name: str(value or "").strip()[:_CELL_MOST] for name, value in row.items() if name}
                yield reader.line_num, cells
    except OSError as error:
        raise DueCourseError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, LookupError, csv.Error) as error:
        raise DueCourseError(f"{path}: no CSV in {encoding}: {error}") from None


def _entry(row: dict[str, str], mapping: Mapping) -> Entry:
    """Return a row as an entry. ValueError says what is wrong with it."""
    given = {ours: row[theirs] for ours, theirs in mapping.columns.items()}
    for needed in ("licence", "name", "from_on"):
        if not given[needed]:
            raise ValueError(f"'{mapping.columns[needed]}' is empty")

    def day(name: str) -> date | None:
        text = given.get(name, "")
        try:
            return datetime.strptime(text, mapping.days).date() if text else None  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            raise ValueError(f"'{mapping.columns[name]}' is no day of the form {mapping.days}: {text[:40]}") from None

    from_on, until_on = day("from_on"), day("until_on")
    if from_on is None or (until_on is not None and until_on < from_on):
        raise ValueError("the licence ends before it begins")
    several = {
        name: tuple(part.strip() for part in given.get(name, "").split(mapping.split) if part.strip())
        for name in _LISTS
    }
    return Entry(
        authority=mapping.authority, country=mapping.country, licence=given["licence"], name=given["name"],
        from_on=from_on, until_on=until_on, source=mapping.source, as_of=mapping.as_of, **several,
    )  # fmt: skip


def _read_back(row: dict[str, str]) -> Entry:
    days = {name: date.fromisoformat(row[name]) if row[name] else None for name in _DAYS}
    if days["from_on"] is None or days["as_of"] is None:
        raise ValueError("from_on and as_of are days")
    several = {name: tuple(filter(None, row[name].split(_SEVERAL))) for name in _LISTS}
    return Entry(
        authority=row["authority"], country=row["country"], licence=row["licence"], name=row["name"],
        source=row["source"], from_on=days["from_on"], until_on=days["until_on"], as_of=days["as_of"], **several,
    )  # fmt: skip


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return _SEVERAL.join(value)
    return "" if value is None else str(value)
