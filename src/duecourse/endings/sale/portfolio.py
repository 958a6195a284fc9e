"""A portfolio: what is agreed with a buyer, read from a file and kept in the store.

name = "2026-11"
currency = "USD"
buyer = "fund-7"
buyer_name = "Fund Seven LLC, 7 High Street, Springfield"
settles_on = 2026-11-30
put_back_days = 180
price_ppm = [[0, 90000], [12, 70000]]        # full months past due, parts per million of what is owed
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Self

from psycopg import Connection
from psycopg.rows import TupleRow
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from duecourse.endings.moving import Who
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain

_BYTES_MOST: Final = 100_000
_MILLION: Final = 1_000_000
_DAYS_OF_MONTH: Final = 30  # a debt ages by a month in thirty days past due, as in the fork
_READ: Final = """
SELECT name, currency, buyer, buyer_name, buyer_kind, settles_on, put_back_days, price_months, price_ppm, state
FROM portfolio WHERE name = %s"""
_BID: Final = """
INSERT INTO bid (portfolio_no, bidder, price_ppm, at, noted_by)
SELECT p.id, %s, %s, %s, s.id FROM portfolio p, staff s WHERE p.name = %s AND s.user_id = %s AND s.is_active"""
_BIDS: Final = """
SELECT b.bidder, b.price_ppm FROM bid b JOIN portfolio p ON p.id = b.portfolio_no WHERE p.name = %s
ORDER BY b.price_ppm DESC, b.id"""
_MAKE: Final = """
INSERT INTO portfolio (name, currency, buyer, buyer_name, buyer_kind, settles_on, put_back_days, price_months,
    price_ppm, made_by, made_at)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, id, %s FROM staff WHERE user_id = %s AND is_active ON CONFLICT DO NOTHING"""


class _File(BaseModel):
    """The file, strictly: an unknown key refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    currency: str
    buyer: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    buyer_name: Annotated[str, Field(min_length=1, max_length=300)]
    buyer_kind: Annotated[str | None, Field(pattern=r"^[a-z_]{1,60}$")] = None
    settles_on: date
    put_back_days: Annotated[int, Field(ge=0, le=3_650)] = 180
    price_ppm: Annotated[list[tuple[int, int]], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        months = [month for month, _ in self.price_ppm]
        if self.currency not in MINOR_DIGITS:
            raise ValueError(f"currency: '{self.currency}' is no currency of ISO 4217")
        if months[0] != 0 or months != sorted(set(months)):
            raise ValueError("price_ppm: begins with month 0 and has its months in order: [[0, 90000], [12, 70000]]")
        if not all(0 <= ppm <= _MILLION for _, ppm in self.price_ppm):
            raise ValueError(f"price_ppm: a price is from 0 to {_MILLION} parts per million")
        return self


@dataclass(frozen=True)
class Portfolio:
    """What is agreed. `prices` are (full months past due, parts per million of what is owed), in order."""

    name: str
    currency: str
    buyer: str
    buyer_name: str
    buyer_kind: str | None
    settles_on: date
    put_back_days: int
    prices: tuple[tuple[int, int], ...]
    state: str = "open"

    def step_of(self, days_past_due: int) -> int:
        """Return from which month on the price holds that a debt of some days past due has."""
        months = days_past_due // _DAYS_OF_MONTH  # full months
        return [month for month, _ in self.prices if month <= months][-1]

    def ppm_of(self, days_past_due: int) -> int:
        """Return the price of a debt in parts per million of what is owed."""
        return dict(self.prices)[self.step_of(days_past_due)]

    def price_of(self, owed: int, days_past_due: int) -> int:
        """Return the price of a debt in minor units, rounded down: a buyer never pays more than was agreed."""
        return owed * self.ppm_of(days_past_due) // _MILLION  # down

    @property
    def told(self) -> dict[str, Any]:
        """What the law is told of a sale to this buyer."""
        return {"to": self.buyer, **({"buyer": self.buyer_kind} if self.buyer_kind else {})}


def read_file(path: Path) -> Portfolio:
    """Read a file; DueCourseError of one line where it is wrong."""
    try:
        with path.open("rb") as file:
            found = _File.model_validate(tomllib.loads(file.read(_BYTES_MOST).decode()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DueCourseError(f"{path}: cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise DueCourseError(f"{path}: {f'{where}: ' if where else ''}{said}") from None
    terms = (found.buyer, found.buyer_name, found.buyer_kind, found.settles_on, found.put_back_days)
    return Portfolio(found.name, found.currency, *terms, tuple(found.price_ppm))


def make(connection: Connection[TupleRow], one: Portfolio, who: Who) -> None:
    """Keep a portfolio; the same again changes nothing.

    DueCourseError where another stands under its name, or whoever makes it is no active user.
    """
    months, ppm = [month for month, _ in one.prices], [price for _, price in one.prices]
    terms = [
        one.name,
        one.currency,
        one.buyer,
        one.buyer_name,
        one.buyer_kind,
        one.settles_on,
        one.put_back_days,
        months,
        ppm,
    ]
    with connection.transaction(), connection.cursor() as cursor:
        if cursor.execute(_MAKE, [*terms, who.at, who.by]).rowcount:
            said = {"buyer": one.buyer, "settles_on": str(one.settles_on), "price_ppm": one.prices}
            chain.append_own(cursor, [chain.Draft(who.at, "portfolio.made", who.by, said, one.name, plain=True)])
            return
    found = find(connection, one.name)
    if (*vars(found).values(),)[:-1] != (*vars(one).values(),)[:-1]:
        raise DueCourseError(f"a portfolio {one.name} was agreed with other terms: name this one otherwise")


def find(connection: Connection[TupleRow], name: str) -> Portfolio:
    """Return a portfolio; DueCourseError where there is none, or nobody made it."""
    with connection.transaction():
        row = connection.execute(_READ, [name]).fetchone()
    if row is None:
        raise DueCourseError(f"there is no portfolio {name}: build it with `duecourse sale build FILE`")
    name, currency, buyer, buyer_name, buyer_kind, settles_on, put_back_days, months, ppm, state = row
    prices = tuple(zip(months, ppm, strict=True))
    return Portfolio(name, currency, buyer, buyer_name, buyer_kind, settles_on, put_back_days, prices, state)


def bid(connection: Connection[TupleRow], one: Portfolio, bidder: str, price_ppm: int, who: Who) -> None:
    """Keep what somebody would pay, in parts per million of what is owed; DueCourseError once it is closed."""
    if not 0 <= price_ppm <= _MILLION:
        raise DueCourseError(f"a bid is from 0 to {_MILLION} parts per million of what is owed")
    if one.state != "open":
        raise DueCourseError(f"portfolio {one.name} is closed: nobody bids for it any more")
    with connection.transaction():
        if connection.execute(_BID, [bidder, price_ppm, who.at, one.name, who.by]).rowcount == 0:
            raise DueCourseError(f"'{who.by}' is no active user: name one by --by")


def bids(connection: Connection[TupleRow], name: str) -> list[tuple[str, int]]:
    """Return who would pay what for a portfolio, the most first."""
    with connection.transaction():
        return [(str(bidder), int(ppm)) for bidder, ppm in connection.execute(_BIDS, [name]).fetchall()]
