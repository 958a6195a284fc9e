"""A file of Metro 2 written: a header, a base segment for each account with the segments that follow it, a trailer.

written(header, accounts) -> the text of a file, one record a line
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.endings.furnish.layout import BASE, HEADER, SEGMENTS, STATUSES, TRAILER, Field, Record
from duecourse.kernel.errors import DueCourseError

Value = str | int | date | None
Values = Mapping[str, Value]
_FIRST: Final = " "
_LAST: Final = "~"


@dataclass(frozen=True)
class Account:
    """A base segment, and the segments that follow it: (name of the segment, its values)."""

    base: Values
    segments: tuple[tuple[str, Values], ...] = ()


def plain(text: str) -> str:
    """Return a text in the letters that the format knows: capitals without accents.

    DueCourseError where letters are left that have no place in it.
    """
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    found = " ".join(bare.upper().split())
    if not all(_FIRST <= one <= _LAST for one in found):
        raise DueCourseError("Metro 2 holds letters A to Z, digits and signs alone: give the name as the passport does")
    return found


def written(header: Values, accounts: Sequence[Account]) -> str:
    """Write a file; DueCourseError where a field that must be there is not, or a value does not fit."""
    rows = [_put(HEADER, {**header, "length": HEADER.length, "record": "HEADER"})]
    rows += [_account(one) for one in accounts]
    rows.append(_put(TRAILER, {**_counts(accounts), "length": TRAILER.length, "record": "TRAILER"}))
    return "".join(f"{row}\n" for row in rows)


def _account(one: Account) -> str:
    after = [_put(SEGMENTS[name], {**values, "segment": name}) for name, values in one.segments]
    length = BASE.length + sum(len(text) for text in after)
    return "".join([_put(BASE, {**one.base, "length": length, "processing": 1}), *after])


def _put(record: Record, values: Values) -> str:
    unknown = sorted(set(values) - set(record.by_name))
    if unknown:
        raise DueCourseError(f"{record.name} has no field '{unknown[0]}': its fields are in furnish/layout.py")
    row = [" "] * record.length
    for field in record.fields:
        row[field.slice] = _text(record, field, values.get(field.name))
    return "".join(row)


def _text(record: Record, field: Field, value: Value) -> str:
    where = f"field {field.name} of {record.name}"
    if field.required and value in {None, ""}:
        raise DueCourseError(f"{where} is empty: it must be there")
    if field.kind == "date":
        return value.strftime("%m%d%Y") if isinstance(value, date) else "0" * field.length
    if field.kind == "number":
        if value is not None and (not isinstance(value, int) or value < 0):
            raise DueCourseError(f"{where} is no whole number from 0 up")
        text = str(value or 0).rjust(field.length, "0")
    else:
        text = plain(str(value or "")).ljust(field.length)
    if len(text) > field.length:
        raise DueCourseError(f"{where} is longer than its {field.length} bytes")
    return text


def _counts(accounts: Sequence[Account]) -> dict[str, Value]:
    """Count what a trailer tells: records, status codes, segments, and who has a number, a birthday, a telephone."""
    people = [("base", one.base) for one in accounts]
    people += [(name, values) for one in accounts for name, values in one.segments if name in {"J1", "J2"}]
    names = [name for one in accounts for name, _ in one.segments]
    found: dict[str, Value] = {"bases": len(accounts), "phones": sum(1 for _, one in people if one.get("phone"))}
    for code in ("DF", *STATUSES):
        found[f"status_{code}"] = sum(1 for one in accounts if one.base.get("status") == code)
    found |= {f"segments_{name}": names.count(name) for name in SEGMENTS}
    found["ecoa_Z"] = sum(1 for _, one in people if one.get("ecoa") == "Z")
    for what, of in (("ssns", "ssn"), ("births", "born_on")):
        found[what] = sum(1 for _, one in people if one.get(of))
        for place in ("base", "J1", "J2"):
            found[f"{what}_{place}"] = sum(1 for name, one in people if name == place and one.get(of))
    return found
