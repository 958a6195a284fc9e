"""How a lender's own file of payments is read: a small mapping in TOML, held to strictly.

[payments]
source = "checkout"
currency = "EUR"
[columns]
id = "Transaction"
paid_on = "Date"
amount = "Amount"
"""

import tomllib
from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from duecourse.book.mapping import nearest
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Form = Literal["YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "YYYYMMDD"]
_SIZE_MAX: Final = 100_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PaymentsPart(_Strict):
    """The `[payments]` section: how the file is written, and of what its ids are the ids.

    Two files of one `source` share their ids. `money` is the unit of the amounts: 12.50 is major, 1250 minor.
    `currency` is that of rows that name none.
    """

    source: str = Field(min_length=1)
    money: Literal["major", "minor"] = "major"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", "'", " "] = ""
    date: Form = "YYYY-MM-DD"
    currency: str | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"

    @field_validator("currency")
    @classmethod
    def _currency_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in MINOR_DIGITS:
            raise ValueError("no such currency: write an ISO 4217 code such as 'EUR'")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str) -> str:
        try:
            "".encode(value)
        except (LookupError, ValueError):
            raise ValueError("no such encoding: write for instance 'utf-8' or 'cp1252'") from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _divides(cls, value: str) -> str:
        if value in '"\r\n':
            raise ValueError("cannot divide columns: write for instance ',' or ';'")
        return value

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign: name two")
        return self


class ColumnsPart(_Strict):
    """The `[columns]` section: for each of ours the name of the file's, where it has one.

    An `amount` below zero went out. `reference` is one of the creditor's, `words` are the payer's.
    """

    id: str = Field(min_length=1)
    paid_on: str = Field(min_length=1)
    amount: str = Field(min_length=1)
    currency: str | None = None
    value_on: str | None = None
    loan_id: str | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    return_reason: str | None = None
    words: str | None = None
    payer_name: str | None = None
    payer_account: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Our names and the file's, of those that it has."""
        return {ours: theirs for ours, theirs in self.model_dump().items() if theirs is not None}


class CsvMapping(_Strict):
    """A mapping that has been read and checked."""

    payments: PaymentsPart
    columns: ColumnsPart

    @model_validator(mode="after")
    def _a_currency(self) -> Self:
        if self.payments.currency is None and self.columns.currency is None:
            raise ValueError("no row would have a currency: name it in [payments], or its column in [columns]")
        return self


_FIELDS: Final = {
    "": tuple(CsvMapping.model_fields),
    "payments": tuple(PaymentsPart.model_fields),
    "columns": tuple(ColumnsPart.model_fields),
}


def read_mapping(content: bytes, name: str) -> CsvMapping:
    """Read a mapping; `name` is the file's. DueCourseError names the first fault and what to do."""
    if len(content) > _SIZE_MAX:
        raise DueCourseError(f"{name}: is too long for a mapping: check the file")
    try:
        data = tomllib.loads(content.decode())
    except UnicodeDecodeError:
        raise DueCourseError(f"{name}: is not UTF-8 text: save the mapping as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise DueCourseError(f"{name}: is not valid TOML: {error}: mend that line") from None
    except RecursionError:
        raise DueCourseError(f"{name}: is nested too deeply: take out brackets") from None
    try:
        return CsvMapping.model_validate(data)
    except ValidationError as error:
        raise DueCourseError(f"{name}: {_told(error.errors()[0])}") from None


def _told(first: "ErrorDetails") -> str:
    """Put a problem that pydantic found into words."""
    *section, key = [str(part) for part in first["loc"]] or ["file"]
    where = f"[{section[0]}]" if section else "the mapping"
    if first["type"] == "extra_forbidden":
        return f"{where} has no {key!r}{nearest(key, _FIELDS[section[0] if section else ''])}"
    if first["type"] == "missing":
        return f"{where} lacks {key!r}: add it"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where} {key}: {message[:1].lower()}{message[1:]}"
