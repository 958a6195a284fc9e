"""The mapping of a load of people: which files there are, and what their columns hold.

[load]                      zone, and the country of numbers without one
[people.<any name>]         a row for each person: from, columns
[consents.<any name>]       a row for each consent: from, columns
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from duecourse.book.mapping import (
    Lines,
    MappingError,
    explain,
    known_encoding,
    known_zone,
    line_of,
    nearest,
    read_toml,
)
from duecourse.book.pick import Wanted
from duecourse.book.stream import Format

KINDS: Final[Mapping[str, str]] = {
    "phones": "phone",
    "emails": "email",
    "addresses": "address",
    "messengers": "messenger",
}
"""The columns that hold ways to reach somebody, and the kind of contact point that each holds."""

_MOMENTS: Final = frozenset({"given_at", "withdrawn_at"})
_SECTIONS: Final = ("load", "people", "consents")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Several = Annotated[tuple[str, ...], BeforeValidator(_several)]


class LoadPart(_Strict):
    """The `[load]` section: the zone of moments without an offset, the country of numbers without one."""

    zone: str
    country: str | None = None

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("country")
    @classmethod
    def _country_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in phonenumbers.SUPPORTED_REGIONS:
            known = nearest(value, phonenumbers.SUPPORTED_REGIONS)
            raise ValueError(f"no country {value!r}: write an ISO 3166-1 code such as 'DE'{known}")
        return value


class PeopleColumns(_Strict):
    """Expressions over the columns of a file of people; of contact points one or several each."""

    borrower_id: str
    person_id: str | None = None
    relation: str | None = None
    name: str | None = None
    country: str | None = None
    language: str | None = None
    zones: str | None = None
    phones: Several = ()
    emails: Several = ()
    addresses: Several = ()
    messengers: Several = ()


class ConsentColumns(_Strict):
    """Expressions over the columns of a file of consents."""

    borrower_id: str
    consented_to: str
    given_at: str
    withdrawn_at: str | None = None
    consent_id: str | None = None


class _Part(_Strict):
    """What every file has: its path or glob, which rows count, how a text file is written."""

    source: str = Field(alias="from")
    keep: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str) -> str:
        return known_encoding(value)


class PeoplePart(_Part):
    """A `[people.<name>]` section."""

    columns: PeopleColumns


class ConsentsPart(_Part):
    """A `[consents.<name>]` section."""

    columns: ConsentColumns


class _File(_Strict):
    load: LoadPart
    people: dict[str, PeoplePart] = {}
    consents: dict[str, ConsentsPart] = {}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.people and not self.consents:
            raise ValueError("names no file: add a section [people.<name>] with from and columns")
        return self


@dataclass(frozen=True)
class Section:
    """One section of files: what is picked out of each, and how they are written."""

    part: PeoplePart | ConsentsPart
    wanted: Wanted
    how: Format
    place: str


@dataclass(frozen=True)
class PeopleMapping:
    """A mapping that has been read and checked for its form, not yet against the lender's files."""

    load: LoadPart
    people: tuple[Section, ...]
    consents: tuple[Section, ...]


def read_mapping(path: Path) -> PeopleMapping:
    """Read and check a mapping; MappingError names file, line, key and what to do."""
    _, data, lines = read_toml(path)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise MappingError(explain(path, lines, error, _SECTIONS, _keys_of)) from error
    people = tuple(_section(path, lines, ("people", name), part) for name, part in file.people.items())
    consents = tuple(_section(path, lines, ("consents", name), part) for name, part in file.consents.items())
    return PeopleMapping(file.load, people, consents)


def _keys_of(keys: tuple[str, ...]) -> Iterable[str]:
    """Return the keys that the section of an unknown key has."""
    parts: Mapping[str, tuple[type[_Strict], type[_Strict]]] = {
        "people": (PeoplePart, PeopleColumns),
        "consents": (ConsentsPart, ConsentColumns),
    }
    if keys[0] not in parts:
        return LoadPart.model_fields
    part, columns = parts[keys[0]]
    model = columns if "columns" in keys[:-1] else part
    return [field.alias or name for name, field in model.model_fields.items()]


def _section(path: Path, lines: Lines, keys: tuple[str, ...], part: PeoplePart | ConsentsPart) -> Section:
    """Say what is picked out of a section's files: `phones[2]` is the second column of phones."""
    expressions: dict[str, str] = {}
    for name, given in part.columns.model_dump(exclude_none=True).items():
        if isinstance(given, str):
            expressions[name] = given
        else:
            expressions |= {f"{name}[{number}]": one for number, one in enumerate(given, start=1)}

    def place(*more: str) -> str:
        return f"{path}:{line_of(lines, (*keys, *more))}"

    def place_of(name: str) -> str:
        return place("keep") if name == "keep" else place("columns", name.partition("[")[0])

    wanted = Wanted(expressions, _MOMENTS & set(expressions), part.keep, place_of)
    return Section(part, wanted, Format(part.delimiter, part.encoding, place), place("from"))
