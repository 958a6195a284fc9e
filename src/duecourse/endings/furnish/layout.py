"""The fields of Metro 2 in the 426-byte character format: where each stands in its record, and what it holds.

    BASE.fields -> (Field("account", 43, 30, "text"), ...)

Built from public layouts; the Credit Reporting Resource Guide itself is given to data furnishers alone, and rules over
these tables wherever they differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Field:
    """A field: its first byte counted from 1, its length, whether it is text, a number or a date, and must be there."""

    name: str
    start: int
    length: int
    kind: str = "text"
    required: bool = False

    @property
    def slice(self) -> slice:
        """Return where it stands in a record."""
        return slice(self.start - 1, self.start - 1 + self.length)


@dataclass(frozen=True)
class Record:
    """A record or a segment: its name, its length, and its fields in order; what no field covers is blank."""

    name: str
    length: int
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Return the fields by their names."""
        return {field.name: field for field in self.fields}


def _record(name: str, length: int, text: str) -> Record:
    """Read a table of fields: name, first byte, length, kind, and * where it must be there."""
    rows = [line.split() for line in text.strip().splitlines()]
    fields = (Field(row[0], int(row[1]), int(row[2]), row[3], row[-1] == "*") for row in rows)
    return Record(name, length, tuple(fields))


_PERSON: Final = """
surname                {0} 25 text *
first_name             {1} 20 text *
middle_name            {2} 20 text
generation             {3} 1 text
ssn                    {4} 9 number
born_on                {5} 8 date
phone                  {6} 10 number
ecoa                   {7} 1 text *
consumer_indicator     {8} 2 text
"""
_ADDRESS: Final = """
country                {0} 2 text
address                {1} 32 text *
address_2              {2} 32 text
city                   {3} 20 text *
state                  {4} 2 text *
postal_code            {5} 9 text *
address_indicator      {6} 1 text
residence              {7} 1 text
"""


def _person(first: int) -> str:
    lengths = (0, 25, 20, 20, 1, 9, 8, 10, 1)
    return _PERSON.format(*(first + sum(lengths[: place + 1]) for place in range(len(lengths))))


def _address(first: int) -> str:
    lengths = (0, 2, 32, 32, 20, 2, 9, 1)
    return _ADDRESS.format(*(first + sum(lengths[: place + 1]) for place in range(len(lengths))))


HEADER: Final = _record(
    "HEADER",
    426,
    """
length                 1 4 number *
record                 5 6 text *
cycle                  11 2 text
innovis_id             13 10 text
equifax_id             23 10 text
experian_id            33 5 text
transunion_id          38 10 text
activity_on            48 8 date *
created_on             56 8 date *
program_on             64 8 date
revised_on             72 8 date
reporter               80 40 text *
reporter_address       120 96 text *
reporter_phone         216 10 number
software               226 40 text
software_version       266 5 text
""",
)
BASE: Final = _record(
    "BASE",
    426,
    """
length                 1 4 number *
processing             5 1 number *
stamp                  6 14 number
correction             20 1 number
identification         21 20 text *
cycle                  41 2 text
account                43 30 text *
portfolio              73 1 text *
account_type           74 2 text *
opened_on              76 8 date *
credit_limit           84 9 number
highest_credit         93 9 number *
terms_duration         102 3 text *
terms_frequency        105 1 text
scheduled              106 9 number
paid                   115 9 number
status                 124 2 text *
payment_rating         126 1 text
history                127 24 text *
special_comment        151 2 text
compliance             153 2 text
balance                155 9 number *
past_due               164 9 number *
charged_off            173 9 number
as_of                  182 8 date *
first_delinquency      190 8 date
closed_on              198 8 date
last_paid_on           206 8 date
interest_type          214 1 text
"""
    + _person(232).strip()
    + _address(328),
)
J1: Final = _record("J1", 100, "segment 1 2 text *" + _person(4).rstrip())
J2: Final = _record("J2", 200, "segment 1 2 text *" + _person(4).rstrip() + _address(100))
K1: Final = _record("K1", 34, "segment 1 2 text *\ncreditor 3 30 text *\nclassification 33 2 text *")
K2: Final = _record("K2", 34, "segment 1 2 text *\nindicator 3 1 number *\nfirm 4 30 text *")
L1: Final = _record(
    "L1", 54, "segment 1 2 text *\nindicator 3 1 number *\naccount 4 30 text *\nidentification 34 20 text"
)
SEGMENTS: Final[Mapping[str, Record]] = {one.name: one for one in (J1, J2, K1, K2, L1)}
"""The segments that may follow on a base segment: other consumers, the creditor before, a purchase, another number."""

STATUSES: Final = (
    "DA", "05", "11", "13", "61", "62", "63", "64", "65", "71", "78", "80", "82", "83", "84", "88", "89", "93", "94",
    "95", "96", "97",
)  # fmt: skip
"""The status codes that a trailer counts, in its order; DF is counted before them."""
_COUNTS: Final = "\n".join(f"status_{code} {66 + 9 * place} 9 number" for place, code in enumerate(STATUSES))
TRAILER: Final = _record(
    "TRAILER",
    426,
    f"""
length                 1 4 number *
record                 5 7 text *
bases                  12 9 number *
status_DF              30 9 number
segments_J1            39 9 number
segments_J2            48 9 number
blocks                 57 9 number
{_COUNTS}
ecoa_Z                 264 9 number
segments_N1            273 9 number
segments_K1            282 9 number
segments_K2            291 9 number
segments_K3            300 9 number
segments_K4            309 9 number
segments_L1            318 9 number
ssns                   327 9 number
ssns_base              336 9 number
ssns_J1                345 9 number
ssns_J2                354 9 number
births                 363 9 number
births_base            372 9 number
births_J1              381 9 number
births_J2              390 9 number
phones                 399 9 number
""",
)
