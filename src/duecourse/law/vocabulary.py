"""The words that a world of a worked case may use, read once from `vocabulary.yaml`.

A world is what a case or a what-if tells: the firm, the borrower, the loans, what happened, and what is tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import Document, Steps, nearest, read

FILE: Final = Path(__file__).with_name("vocabulary.yaml")


class Kind(StrEnum):
    """What the value of a column is in a file, and what it is once read (after the arrow)."""

    TEXT = "text"  # -> str: free words, or an id
    WORD = "word"  # -> str, of an enumeration
    WORDS = "words"  # -> tuple of str, of an enumeration
    TEXTS = "texts"  # -> tuple of str
    BOOLEAN = "boolean"  # -> bool
    INTEGER = "integer"  # -> int, not negative
    MONEY = "money"  # -> int of minor units, not negative
    PERCENT = "percent"  # per cent -> int of parts per million
    DAY = "day"  # -> datetime.date
    MOMENT = "moment"  # -> datetime in UTC
    CLOCKS = "clocks"  # two clock times -> two ints, minutes after midnight (24:00 is 1440)
    PARTS = "parts"  # a map or list, kept: days stay text, fractions Decimal


class BareDay(StrEnum):
    """The moment that a bare day means: noon, or the last second of that day."""

    NOON = "noon"
    END = "end"


@dataclass(frozen=True)
class Column:
    """One key of a sort of thing in a world. What each attribute means stands at the head of `vocabulary.yaml`.

    `otherwise` is the value as it would stand in a file, None where silence means that nothing is known.
    """

    kind: Kind
    says: str
    of: str | None = None
    also: Kind | None = None
    words: tuple[str, ...] = ()
    single: bool = False
    named: bool = False
    several: bool = False
    bare_day: BareDay = BareDay.NOON
    each: Kind | None = None
    open: bool = False
    refers: tuple[str, ...] = ()
    otherwise: str | bool | None = None
    seen: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Ask:
    """One question: the kind of its answer, and what is asked. `seen` are answers of an open text."""

    answer: Kind
    says: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Every word, by section.

    `enumerations`: name -> word -> meaning (`ask` among them, made from `asks`). `case`: key of a case -> meaning.
    `tables`: sort of thing -> key -> column. `parts`: name inside parts -> column. `asks`: question -> its answer.
    """

    enumerations: Mapping[str, Mapping[str, str]]
    case: Mapping[str, str]
    tables: Mapping[str, Mapping[str, Column]]
    parts: Mapping[str, Column]
    asks: Mapping[str, Ask]


def load(path: Path) -> Vocabulary:
    """Read a vocabulary file; a DueCourseError with file and line for an attribute, kind or enumeration unknown."""
    document = read(path)
    sections = cast("dict[str, dict[str, Any]]", document.values)
    asks = {name: _ask(document, ("asks", name), entry) for name, entry in sections["asks"].items()}
    enumerations = {name: MappingProxyType(words) for name, words in sections["enumerations"].items()}
    enumerations["ask"] = MappingProxyType({name: ask.says for name, ask in asks.items()})
    tables = {
        table: MappingProxyType(
            {key: _column(document, ("tables", table, key), entry) for key, entry in columns.items()}
        )
        for table, columns in sections["tables"].items()
    }
    parts = {name: _column(document, ("parts", name), entry) for name, entry in sections["parts"].items()}
    found = Vocabulary(
        MappingProxyType(enumerations),
        MappingProxyType(sections["case"]),
        MappingProxyType(tables),
        MappingProxyType(parts),
        MappingProxyType(asks),
    )
    _refuse_loose_ends(document, found)
    return found


def _column(document: Document, at: Steps, entry: dict[str, Any]) -> Column:
    known = {field.name for field in fields(Column)}
    for name in entry:
        if name not in known:
            raise _error(document, (*at, name), f"unknown attribute '{name}'{nearest(name, known)}")
    typed = dict(entry)
    for name in ("kind", "also", "each"):
        if name in typed:
            typed[name] = _kind(document, (*at, name), typed[name])
    if "bare_day" in typed:
        typed["bare_day"] = BareDay(typed["bare_day"])
    return Column(**typed)


def _ask(document: Document, at: Steps, entry: dict[str, Any]) -> Ask:
    return Ask(_kind(document, (*at, "answer"), entry["answer"]), entry["says"], entry.get("seen", ()))


def _kind(document: Document, at: Steps, word: str) -> Kind:
    if word not in set(Kind):
        raise _error(document, at, f"unknown kind '{word}'{nearest(word, Kind)}")
    return Kind(word)


def _refuse_loose_ends(document: Document, found: Vocabulary) -> None:
    """Refuse a column of words without its enumeration, and one of rows without its table."""
    for table, columns in found.tables.items():
        for key, column in columns.items():
            known = found.tables if column.kind is Kind.PARTS else found.enumerations
            if (column.kind in {Kind.WORD, Kind.WORDS} or column.of is not None) and column.of not in known:
                raise _error(document, ("tables", table, key), f"'{key}' has no `of` that is known: name one")


def _error(document: Document, at: Steps, what: str) -> DueCourseError:
    return DueCourseError(f"{document.file}:{document.line(at)}: {what}")


VOCABULARY: Final = load(FILE)
"""The words of this release."""
