"""What is agreed with each agency, in a TOML file: where it may work, what it gets, for how long, and what it earns.

read(path) -> {id: Terms}
is_from(terms, "203.0.113.7") -> whether this is one of its addresses
"""

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

MILLION: Final = 1_000_000
_BYTES_MOST: Final = 1_000_000
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_Count = Annotated[StrictInt, Field(ge=0, le=2**62)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Band(_Strict):
    """What is earned of each payment on debts that were at least so many days past due when they were placed."""

    from_days: Annotated[StrictInt, Field(ge=0, le=36_500)]
    ppm: Annotated[StrictInt, Field(ge=0, le=MILLION)]


class Terms(_Strict):
    """What is agreed with an agency. A list that is empty, and an amount or a day that is not there, bounds nothing.

    `licences` are numbers by country or region: it gets debts from no other place. Amounts are in minor units.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    contract_from: date
    contract_until: date
    licences: dict[str, str] = Field(min_length=1)
    products: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    amount_least: _Count = 0
    amount_most: _Count = 2**62
    days_least: _Count = 0
    days_most: _Count = 2**62
    weight: Annotated[StrictInt, Field(ge=1, le=1_000)] = 1
    capacity: _Count
    term_days: Annotated[StrictInt, Field(ge=1, le=1_825)]
    commission: tuple[Band, ...] = Field(min_length=1)
    allowed_ips: tuple[str, ...] = ()
    folder: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.contract_until <= self.contract_from:
            raise ValueError("contract_until is not after contract_from")
        if self.amount_most < self.amount_least or self.days_most < self.days_least:
            raise ValueError("the most is less than the least")
        first = [band.from_days for band in self.commission]
        if first[0] != 0 or sorted(set(first)) != first:
            raise ValueError("commission: bands begin at from_days = 0 and go up")
        if unknown := [one for one in self.currencies if one not in MINOR_DIGITS]:
            raise ValueError(f"currencies: {unknown[0]} is no currency of ISO 4217")
        for one in self.allowed_ips:
            ipaddress.ip_network(one)
        return self

    def ppm(self, days_past_due: int) -> int:
        """Return the commission of a debt that is so many days past due when it is placed, in parts per million."""
        return max((band for band in self.commission if band.from_days <= days_past_due), key=_first).ppm

    def licence(self, country: str, region: str) -> str | None:
        """Return the number of the licence for a place, of the region or else of the country; None without one."""
        return self.licences.get(region) or self.licences.get(country)


def is_from(terms: Terms, address: str) -> bool:
    """Say whether an address of the internet is one from which an agency may come; of none that is agreed, no.

    An IPv4 address that came over IPv6 is what it was.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    plain = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped else found
    return any(plain in ipaddress.ip_network(one) for one in terms.allowed_ips)


def read(path: Path) -> dict[str, Terms]:
    """Read a file of agencies; DueCourseError of one line where it is wrong."""
    try:
        with path.open("rb") as file:
            values = tomllib.loads(file.read(_BYTES_MOST).decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DueCourseError(f"{path}: cannot be read: {error}: see examples/agencies.toml") from None
    agencies = values.get("agencies")
    if not isinstance(agencies, dict) or not agencies or set(values) != {"agencies"}:
        raise DueCourseError(f"{path}: has no agencies: write a table [agencies.<id>] for each, and nothing else")
    return {name: _terms(f"{path}: agencies.{name}", name, given) for name, given in agencies.items()}


def of(agency: str, given: Mapping[str, Any]) -> Terms:
    """Return terms as the store keeps them; DueCourseError names what is wrong."""
    return _terms(f"agency {agency}", agency, given)


def _terms(where: str, name: str, given: object) -> Terms:
    if not _ID.fullmatch(name):
        raise DueCourseError(f"{where}: an id is small letters, digits and -, up to 40 of them")
    try:
        return Terms.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise DueCourseError(f"{where}: {place + ': ' if place else ''}{first['msg']}") from None


def _first(band: Band) -> int:
    return band.from_days
