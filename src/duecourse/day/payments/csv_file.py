"""A lender's own file of payments, read as entries; what is wrong in it is set aside row by row.

    read(content, name, mapping) -> Rows

A row that cannot be read never stops the others: it is told by its line, our column and the reason, and never by what
it says. A row that stands in the file twice counts once. Rows with one id that differ are all set aside, for nobody can
tell which one is right.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from duecourse.day.payments.amounts import AMOUNT_MAX, minor_units
from duecourse.day.payments.csv_mapping import CsvMapping
from duecourse.day.payments.entries import Entry, digest
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

SIZE_MAX: Final = 64 * 1024 * 1024
_DAYS: Final = {
    "YYYY-MM-DD": re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    "DD.MM.YYYY": re.compile(r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{4})"),
    "DD/MM/YYYY": re.compile(r"(?P<d>[0-9]{2})/(?P<m>[0-9]{2})/(?P<y>[0-9]{4})"),
    "MM/DD/YYYY": re.compile(r"(?P<m>[0-9]{2})/(?P<d>[0-9]{2})/(?P<y>[0-9]{4})"),
    "YYYYMMDD": re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
}
_ID_MAX: Final = 200


@dataclass(frozen=True)
class Bad:
    """A row that was set aside: the line on which it begins, our column, and why. It holds none of its values."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """What a file holds: payments in the order of the file, rows set aside, and how many rows only repeat another."""

    entries: tuple[Entry, ...]
    bad: tuple[Bad, ...]
    repeated: int


class _BadRowError(Exception):
    """A row that cannot be read: our column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def read(content: bytes, name: str, mapping: CsvMapping, *, size_max: int = SIZE_MAX) -> Rows:
    """Read a file of payments; `name` is the file's.

    DueCourseError when it is larger than `size_max` bytes, is not in its encoding at all, or lacks a column.
    """
    if len(content) > size_max:
        raise DueCourseError(f"{name}: has {len(content)} bytes, {size_max} are allowed: split it, or raise the bound")
    try:
        text = content.decode(mapping.payments.encoding, errors="surrogateescape")
    except (UnicodeError, LookupError):
        raise DueCourseError(f"{name}: is not in {mapping.payments.encoding}: name its encoding") from None
    lines = _lines(text.removeprefix("\ufeff"), mapping.payments.delimiter)
    header = next(lines, (1, []))[1]
    places = _places(header if isinstance(header, list) else [], name, mapping)
    good: dict[str, list[tuple[int, Entry]]] = defaultdict(list)
    bad: list[Bad] = []
    for line, row in lines:
        try:
            entry = _entry(row, len(header), places, mapping)
        except _BadRowError as error:
            bad.append(Bad(line, error.column, error.reason))
        else:
            good[entry.entry_id].append((line, entry))
    entries: list[Entry] = []
    repeated = 0
    for found in good.values():
        if len({entry for _, entry in found}) > 1:
            bad += [Bad(line, "id", "stands in rows that differ") for line, _ in found]
        else:
            entries.append(found[0][1])
            repeated += len(found) - 1
    return Rows(tuple(entries), tuple(sorted(bad, key=lambda one: (one.line, one.column))), repeated)


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row that is not empty with the line on which it begins; one that is no CSV as the reason."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, "is not CSV: a quotation mark is not closed, or a field is too long"
        else:
            if any(row):
                yield line, row


def _places(header: list[str], name: str, mapping: CsvMapping) -> dict[str, int]:
    """Return where in a row each of our columns is."""
    names = [column.strip() for column in header]
    places = {}
    for ours, theirs in mapping.columns.named.items():
        if names.count(theirs) != 1:
            count = "no" if theirs not in names else "more than one"
            raise DueCourseError(f"{name}:1: has {count} column {theirs!r} for {ours}: mend the mapping")
        places[ours] = names.index(theirs)
    return places


def _entry(row: list[str] | str, width: int, places: dict[str, int], mapping: CsvMapping) -> Entry:
    """Return a row as an entry."""
    if isinstance(row, str):
        raise _BadRowError("", row)
    if len(row) != width:
        raise _BadRowError("", f"has {len(row)} columns, not {width}")
    values = {ours: row[place].strip() for ours, place in places.items()}
    for ours, value in values.items():
        if not value.isprintable():  # the bytes that its encoding does not have, too
            raise _BadRowError(ours, "holds signs that are no text")
    if not values["id"] or len(values["id"]) > _ID_MAX:
        raise _BadRowError("id", f"must have 1 to {_ID_MAX} letters")
    part = mapping.payments
    own = digest("csv", part.source, values["id"])
    currency = values.get("currency") or part.currency or ""
    amount = _amount(values["amount"], currency, mapping)
    entry = Entry(
        entry_id=own,
        booking_id=own,
        account=part.source,
        booked_on=_day("paid_on", values["paid_on"], mapping),
        value_on=_day("value_on", values["value_on"], mapping) if values.get("value_on") else None,
        amount=abs(amount),
        currency=currency,
        is_credit=amount >= 0,
    )
    return _described(entry, values)


def _described(entry: Entry, values: dict[str, str]) -> Entry:
    """Return an entry with what the row says beside the money."""
    reference, words = values.get("reference"), values.get("words")
    return replace(
        entry,
        loan_id=values.get("loan_id") or None,
        end_to_end_id=values.get("end_to_end_id") or None,
        return_reason=values.get("return_reason") or None,
        structured=(reference,) if reference else (),
        unstructured=(words,) if words else (),
        debtor_name=values.get("payer_name") or None,
        debtor_account=values.get("payer_account") or None,
    )


def _day(column: str, text: str, mapping: CsvMapping) -> date:
    form = mapping.payments.date
    found = _DAYS[form].fullmatch(text)
    try:
        if found:
            return date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        pass
    raise _BadRowError(column, f"is no day written {form}")


def _amount(text: str, currency: str, mapping: CsvMapping) -> int:
    """Return an amount in minor units, below zero where it went out."""
    if currency not in MINOR_DIGITS:
        raise _BadRowError("currency", "is not in ISO 4217")
    part = mapping.payments
    sign, digits = (-1, text[1:]) if text[:1] in {"-", "−"} else (1, text.removeprefix("+"))
    whole, point, after = digits.partition(part.decimal)
    if part.thousands and part.thousands in whole:
        groups = whole.split(part.thousands)
        if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
            raise _BadRowError("amount", "has its thousands in the wrong places")
        whole = "".join(groups)
    if not (whole.isdecimal() and whole.isascii()) or (point and not (after.isdecimal() and after.isascii())):
        raise _BadRowError("amount", "is not a number as the mapping says")
    if part.money == "minor":
        if point or len(whole) > 19 or int(whole) > AMOUNT_MAX:
            raise _BadRowError("amount", "is no whole number of minor units, or too large")
        return sign * int(whole)
    try:
        return sign * minor_units(f"{whole}.{after or 0}", currency)
    except DueCourseError as error:
        raise _BadRowError("amount", str(error).removeprefix("the amount ")) from None
