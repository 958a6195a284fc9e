"""The values of a case file, typed by the vocabulary: one row of a table at a time, each fault with its line."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from duecourse.kernel import words as words_like
from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import Document, Steps, nearest, one_line
from duecourse.law.vocabulary import VOCABULARY, BareDay, Column, Kind

Row: TypeAlias = Mapping[str, object]

PPM_PER_CENT: Final = 10_000
NAMES_SHOWN: Final = 20  # a longer list of known words would bury what is wrong
LETTERS_SHOWN: Final = 60
DIGITS_MAX: Final = 19  # of a rate; 64 bits hold no more
_INT64_MAX: Final = 2**63 - 1
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[+-][0-9]{2}:[0-9]{2}|Z)?")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::00)?|24:00")
_ZONE: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")  # not `localtime`: it differs by machine
_BARE: Final = MappingProxyType({BareDay.NOON: time(12), BareDay.END: time(23, 59, 59)})
_MUST_BE: Final = MappingProxyType(
    {
        Kind.TEXT: "must be text: put a number, true or false in quotes if it is meant as text",
        Kind.WORD: "must be one word",
        Kind.WORDS: "must be a list of words: [...]",
        Kind.TEXTS: "must be a list of texts: [...]",
        Kind.BOOLEAN: "must be true or false",
        Kind.INTEGER: "must be a whole number",
        Kind.MONEY: "must be a whole number of minor units, such as 1050 for 10.50",
        Kind.PERCENT: "must be a number of per cent, such as 24 or 24.5",
        Kind.DAY: "must be a day: write it as 2026-01-31",
        Kind.MOMENT: "must be a moment: write it as 2026-01-31T10:00",
        Kind.CLOCKS: 'must be two clock times: ["09:00", "12:00"]',
        Kind.PARTS: "must hold keys and values, or be a list",
    }
)


def known_zone(name: str) -> ZoneInfo | None:
    """Return the IANA time zone of this name, None when there is none."""
    return _zone(name) if _ZONE.fullmatch(name) else None


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def like(word: str, known: Collection[str]) -> str:
    """Return what to do about an unknown word: the nearest known one, or where the known ones stand."""
    if len(known) <= NAMES_SHOWN or words_like.nearest(word, known):
        return nearest(word, known)
    return "; use one of the words listed in the reference of worked cases"


def shown(value: object) -> str:
    """Return a value in quotes for an error, cut where it is long."""
    text = str(value)
    return f"'{text}'" if len(text) <= LETTERS_SHOWN else f"'{text[:LETTERS_SHOWN]}...'"


def plain(value: object) -> object:
    """Return a value of a document without the places that its texts carry."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, tuple):
        return tuple(plain(entry) for entry in value)
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return value


def fits(kind: Kind, value: object) -> bool:
    """Tell whether a value of a document has the outward shape of the kind."""
    if kind in {Kind.TEXT, Kind.WORD, Kind.DAY, Kind.MOMENT}:
        return isinstance(value, str)
    if kind in {Kind.WORDS, Kind.TEXTS, Kind.CLOCKS}:
        return isinstance(value, tuple)
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind is Kind.PARTS:
        return isinstance(value, tuple | dict)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (kind is Kind.PERCENT and isinstance(value, Decimal))


@dataclass(frozen=True)
class Spot:
    """One value of a file: where it stands, its key, and the time zone that its moments are told in."""

    document: Document
    at: Steps
    name: str
    zone: ZoneInfo
    loans: frozenset[str] = frozenset()  # ids that may name parts

    def error(self, what: str) -> DueCourseError:
        """Return (not raise) the error for this value: file, line, key, what is wrong and what to do."""
        return fault(self.document, self.at, f"{self.name}: {what}")

    def below(self, step: str | int, name: str | None = None) -> "Spot":
        """Return the spot of an entry of this value."""
        return replace(self, at=(*self.at, step), name=name or self.name)


def fault(document: Document, at: Steps, what: str) -> DueCourseError:
    """Return (not raise) the error for the value at `at`: one line."""
    return DueCourseError(f"{document.file}:{document.line(at)}: {one_line(what)}")


def mapping(document: Document, at: Steps, value: object, what: str) -> dict[str, object]:
    """Return the value as a map that is not empty; refused otherwise."""
    if not isinstance(value, dict) or not value:
        raise fault(document, at, f"{what} must hold keys and values: write `key: value` for each")
    return value


def refuse_unknown(document: Document, at: Steps, keys: Collection[str], known: Collection[str], what: str) -> None:
    """Refuse the first key that is not known."""
    for key in keys:
        if key not in known:
            raise fault(document, (*at, key), f"{what} has no key {shown(key)}{like(key, known)}")


def need(document: Document, at: Steps, row: Row, keys: Collection[str], what: str) -> None:
    """Refuse a row without one of the keys."""
    for key in keys:
        if key not in row:
            raise fault(document, at, f"{what} needs '{key}': add it")


def typed(column: Column, value: object, spot: Spot) -> object:
    """Return the value as its column's kind says (see `Kind`); refused when it is not of that kind."""
    if value is None:
        raise spot.error("has no value: leave the key out when nothing is known")
    if isinstance(value, str) and value in column.words:
        return str(value)
    if column.single and isinstance(value, str):
        value = (value,)
    kind = column.kind
    if column.also is not None and not fits(kind, value):
        kind = column.also if fits(column.also, value) else kind
    if not fits(kind, value):
        known = f"; or one of: {', '.join(column.words)}" if column.words else ""
        raise spot.error(f"{_MUST_BE[kind]}{known}")
    return _READERS[kind](column, value, spot)


def _text(_column: Column, value: object, spot: Spot) -> str:
    text = str(value)
    if not text.strip():
        raise spot.error("is empty: leave the key out when nothing is known")
    return text


def _word(column: Column, value: object, spot: Spot) -> str:
    known = VOCABULARY.enumerations[str(column.of)]
    if value not in known:
        raise spot.error(f"unknown word {shown(value)}{like(str(value), known)}")
    return str(value)


def _words(column: Column, value: object, spot: Spot) -> tuple[str, ...]:
    return _entries(_word, Kind.WORD, column, value, spot)


def _texts(column: Column, value: object, spot: Spot) -> tuple[str, ...]:
    return _entries(_text, Kind.TEXT, column, value, spot)


def _entries(
    read: Callable[[Column, object, Spot], str], kind: Kind, column: Column, value: object, spot: Spot
) -> tuple[str, ...]:
    found: list[str] = []
    for place, entry in enumerate(cast("tuple[object, ...]", value)):
        here = spot.below(place)
        if not fits(kind, entry):
            raise here.error(f"an entry {_MUST_BE[kind]}")
        found.append(read(column, entry, here))
    return tuple(found)


def _boolean(_column: Column, value: object, _spot: Spot) -> bool:
    return bool(value)


def _whole(_column: Column, value: object, spot: Spot) -> int:
    number = cast("int", value)
    if number < 0:
        raise spot.error(f"{number} is below 0: write what it is, not what it takes away")
    return number


def ppm(value: int | Decimal) -> int | None:
    """Return per cent as parts per million; None where that is not exact, or beyond 64 bits.

    >>> ppm(Decimal("24.5"))
    245000
    """
    if isinstance(value, Decimal) and len(value.as_tuple().digits) > DIGITS_MAX:
        return None
    above, below = value.as_integer_ratio()
    whole, rest = divmod(above * PPM_PER_CENT, below)
    return None if rest or abs(whole) > _INT64_MAX else whole


def _percent(_column: Column, value: object, spot: Spot) -> int:
    found = ppm(cast("int | Decimal", value))
    if found is None:
        raise spot.error("is not a whole number of parts per million: write per cent with at most four decimals")
    return found


def _day(_column: Column, value: object, spot: Spot) -> date:
    text = str(value)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day that no calendar has is refused below
    raise spot.error(f"{shown(text)} is no day: write one of the calendar, as 2026-01-31")


def _moment(column: Column, value: object, spot: Spot) -> datetime:
    text = str(value)
    try:
        if _DAY.fullmatch(text):
            told = datetime.combine(date.fromisoformat(text), _BARE[column.bare_day], spot.zone)
        elif _MOMENT.fullmatch(text):
            told = datetime.fromisoformat(text)
            told = told if told.tzinfo else told.replace(tzinfo=spot.zone)
        else:
            raise ValueError  # noqa: TRY301 - one refusal for every way of not being a moment
        return told.astimezone(UTC)
    except (ValueError, OverflowError):
        raise spot.error(f"{shown(text)} is no moment: write it as 2026-01-31T10:00, or as a day") from None


def _clocks(_column: Column, value: object, spot: Spot) -> tuple[int, int]:
    pair = [_CLOCK.fullmatch(entry) if isinstance(entry, str) else None for entry in cast("tuple[object, ...]", value)]
    if len(pair) != 2 or None in pair:
        raise spot.error(_MUST_BE[Kind.CLOCKS])
    begin, end = (int(clock[1]) * 60 + int(clock[2]) if clock and clock[1] else 24 * 60 for clock in pair)
    return begin, end


def _parts(column: Column, value: object, spot: Spot) -> object:
    if column.of is not None:
        return rows(column.of, value, spot)
    if column.each is not None:
        _refuse_entries(column.each, value, spot)
        return plain(value)
    _refuse_parts(column, value, spot)
    return plain(value)


def _refuse_entries(kind: Kind, value: object, spot: Spot) -> None:
    if not isinstance(value, tuple):
        raise spot.error("must be a list: [...]")
    for place, entry in enumerate(value):
        typed(Column(kind, ""), entry, spot.below(place))


def _refuse_parts(column: Column, value: object, spot: Spot) -> None:
    """Refuse what cannot be a part: a name that is no part and no loan, or a value of the wrong kind."""
    if isinstance(value, tuple):
        for place, entry in enumerate(value):
            if column.named and isinstance(entry, str):
                continue
            if not isinstance(entry, dict):
                raise spot.below(place).error("each entry must hold keys and values: {key: value}")
            _refuse_parts(column, entry, spot.below(place))
        return
    for name, entry in cast("dict[str, object]", value).items():
        here = spot.below(name, f"{spot.name}.{name}")
        part = VOCABULARY.parts.get(name)
        if part is None and not column.open and name not in spot.loans:
            raise here.error(f"unknown part {shown(name)}{like(name, {*VOCABULARY.parts, *spot.loans})}")
        each = entry if part is not None and part.several and isinstance(entry, tuple) else (entry,)
        for one in each:
            typed(part or Column(Kind.MONEY, ""), one, here)


_READERS: Final[Mapping[Kind, Callable[[Column, object, Spot], object]]] = MappingProxyType(
    {
        Kind.TEXT: _text,
        Kind.WORD: _word,
        Kind.WORDS: _words,
        Kind.TEXTS: _texts,
        Kind.BOOLEAN: _boolean,
        Kind.INTEGER: _whole,
        Kind.MONEY: _whole,
        Kind.PERCENT: _percent,
        Kind.DAY: _day,
        Kind.MOMENT: _moment,
        Kind.CLOCKS: _clocks,
        Kind.PARTS: _parts,
    }
)


def row(table: str, value: object, spot: Spot, frame: Collection[str] = ()) -> dict[str, object]:
    """Return one thing of a world, typed by its table. Keys of the `frame` are known but left out.

    Moments are told in `at_zone` where the row has one, else in the spot's zone. Raises DueCourseError.
    """
    document, at = spot.document, spot.at
    values = mapping(document, at, value, spot.name)
    columns = VOCABULARY.tables[table]
    refuse_unknown(document, at, values, {*columns, *frame}, spot.name)
    zone = spot.zone
    if "at_zone" in values:
        zone = zone_of(values["at_zone"], spot.below("at_zone", "at_zone"))
    here = replace(spot, zone=zone)
    return {key: typed(columns[key], entry, here.below(key, key)) for key, entry in values.items() if key in columns}


def rows(
    table: str, value: object, spot: Spot, needs: Collection[str] = ("id",), taken: Collection[str] = ()
) -> tuple[dict[str, object], ...]:
    """Return a list of things of a world, each typed by the table, each with an `id` of its own.

    An id of `taken` is refused too. Raises DueCourseError.
    """
    if not isinstance(value, tuple):
        raise spot.error("must be a list: [...]")
    found: list[dict[str, object]] = []
    gone = {"borrower", *taken}
    for place, entry in enumerate(value):
        here = spot.below(place, f"an entry of {spot.name}")
        one = row(table, entry, here)
        need(spot.document, here.at, one, needs, here.name)
        if one["id"] in gone:
            raise here.below("id", "id").error(f"{shown(one['id'])} is taken: give each its own")
        gone.add(str(one["id"]))
        found.append(one)
    return tuple(found)


def zone_of(value: object, spot: Spot) -> ZoneInfo:
    """Return the time zone that the value names; refused, with the nearest name, when there is none."""
    found = known_zone(value) if isinstance(value, str) else None
    if found is None:
        close = words_like.nearest(str(value), available_timezones())
        raise spot.error(
            f"unknown time zone {shown(value)}" + (f"; did you mean '{close}'?" if close else ": use an IANA name")
        )
    return found
