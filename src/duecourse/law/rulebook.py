"""Rulebooks read and checked: every expression parsed, every citation found, versions without gap or overlap.

load() -> Law      everything under `books/`, and house rulebooks that are named
"""

import hashlib
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind, refuse_name
from duecourse.law.columns import ACT, EVENT
from duecourse.law.document import Document, Steps, Text, nearest, one_line, read
from duecourse.law.expressions import Expression, Place, parse
from duecourse.law.records import (
    WAYS,
    Book,
    BusinessDays,
    FactRecord,
    RuleFile,
    RuleRecord,
    Source,
    SourceFile,
    TableRecord,
)
from duecourse.law.vocabulary import VOCABULARY

BOOKS: Final = Path(__file__).with_name("books")
COMMON: Final = "common"  # the folder of facts that every rulebook may use

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_BOOLEAN, _INTEGER = FactKind.BOOLEAN, FactKind.INTEGER
_ANSWERS: Final[Mapping[str, FactKind]] = {
    "day": FactKind.DATE,
    "money": FactKind.INTEGER,
    "percent": FactKind.INTEGER,
    "boolean": FactKind.BOOLEAN,
    "text": FactKind.TEXT,
}
_Model = TypeVar("_Model", bound=BaseModel)


class RulebookError(DueCourseError):
    """A rulebook that cannot be used: file, line, what, and what to do."""


@dataclass(frozen=True)
class Fact:
    """A fact with its expressions read. `of` and `for_` are kinds of event; `take` is what an aggregate takes."""

    name: str
    record: FactRecord
    kind: FactKind
    take: Expression | None
    where: Expression | None
    of: tuple[str, ...]
    for_: tuple[str, ...]
    days: BusinessDays | None
    table: TableRecord | None

    @property
    def way(self) -> str:
        """How it is found: define, after_business_days, look_up, or one of the aggregates."""
        return self.record.way

    @property
    def names(self) -> frozenset[str]:
        """What its expressions speak of."""
        parts = [each.facts for each in (self.take, self.where) if each is not None]
        extra = {"calendar"} if self.days is not None and self.days.calendar == "country" else set[str]()
        return frozenset(extra).union(*parts)


@dataclass(frozen=True)
class Rule:
    """One version of a rule with its expressions read. `book` is its rulebook, `place` where it stands.

    `switched_on` tells that a house has switched it on by name although it is from memory.
    """

    record: RuleRecord
    book: str
    place: Place
    applies: Expression | None
    permit: Expression | None
    gives: Expression | None
    starts: tuple[str, ...] = ()  # of a duty: kinds of event
    open: Expression | None = None  # of a duty: true until it is done; see `duecourse.law.duties`
    switched_on: bool = False

    @property
    def id(self) -> str:
        """Return the rule's id, the same for all its versions."""
        return self.record.id

    @property
    def names(self) -> frozenset[str]:
        """What its expressions speak of, and the words that say why."""
        parts = [each.facts for each in (self.applies, self.permit, self.gives) if each is not None]
        return frozenset(_BRACES.findall(self.record.because or "")).union(*parts)

    @property
    def is_of_demands(self) -> bool:
        """Whether it judges demands and not contacts as such: it is asked of a contact that asks for money too."""
        return "demand" in self.record.acts and "contact" not in self.record.acts

    def in_force(self, day: date) -> bool:
        """Whether this version holds on a day."""
        return self.record.from_ <= day and (self.record.to is None or day < self.record.to)


@dataclass(frozen=True)
class Law:
    """Rulebooks together: their rules in order, the facts that they may use, and their sources."""

    books: Mapping[str, Book]
    rules: tuple[Rule, ...]
    facts: Mapping[str, Fact]
    sources: Mapping[str, Source]
    hash: str = field(repr=False)
    folders: Mapping[str, Path] = field(default_factory=dict)  # of each book that stands in one

    @cached_property
    def needed(self) -> tuple[Fact, ...]:
        """The facts that the rules need, directly or through others, each after those that it needs."""
        found: dict[str, Fact] = {}
        for rule in self.rules:
            for name in sorted(rule.names):
                _collect(name, self.facts, found)
        return tuple(found.values())

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of event that the rules look at."""
        return frozenset(kind for fact in self.needed for kind in (*fact.of, *fact.for_))

    @cached_property
    def digest(self) -> str:
        """A short digest of what compiles alike: the files that were read, and which of their rules are here."""
        about = [self.hash, *(f"{rule.id} {rule.record.from_}" for rule in self.rules)]
        return hashlib.sha256("\n".join(about).encode()).hexdigest()[:24]

    def of(self, books: Iterable[str], *, acts: Iterable[str] = (), asks: Iterable[str] = ()) -> "Law":
        """Return the part for these rulebooks; with `acts` or `asks` only the rules that judge or answer these."""
        wanted, kinds, questions = set(books), set(acts), set(asks)
        everything = not kinds and not questions
        rules = tuple(
            rule
            for rule in self.rules
            if rule.book in wanted
            and (everything or kinds & set(rule.record.acts) or (rule.record.answers or "") in questions)
        )
        return replace(self, rules=rules)

    def cite(self, rule: Rule) -> str:
        """Return the rule's citation: the source's own way of being cited, and the pin."""
        citation, pin = self.sources[rule.record.cite.source].citation, rule.record.cite.pin
        return f"{citation}{pin}" if citation.endswith((".", "§")) else f"{citation} {pin}".rstrip()


def _collect(name: str, facts: Mapping[str, Fact], found: dict[str, Fact]) -> None:
    name = f"event.{name.removeprefix('earlier.')}" if name.startswith("earlier.") else name
    if name in found or name not in facts:
        return
    fact = facts[name]
    for other in sorted(fact.names):
        _collect(other, facts, found)
    found[name] = fact


def rulebooks_of(law: Law, country: str, region: str, locality: str) -> tuple[str, ...]:
    """Return the rulebooks in force at a place, the wider before the narrower."""
    found = [
        book
        for book in law.books.values()
        if book.binds(country)
        and book.region in {None, region}
        and book.locality in {None, locality}
    ]  # fmt: skip
    house = [book.id for book in law.books.values() if book.id == "house"] if found else []
    ordered = sorted(found, key=lambda book: (book.country is not None, book.region is not None, book.locality or ""))
    return (*(book.id for book in ordered), *house)


def load(
    houses: Iterable[Path] = (), *, root: Path = BOOKS, only: Collection[str] = (), beside: Path | None = None
) -> Law:
    """Read every rulebook under `root` (or `only` some), those of the folder `beside`, then house rulebooks (files).

    RulebookError (or another DueCourseError) for the first fault, one line with file and line.
    """
    reader = _Reader()
    wanted = _with_those_beside(root, only)
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("_")):
        if not only or folder.name in wanted:
            reader.folder(folder)
    for folder in sorted(path for path in beside.iterdir() if path.is_dir()) if beside is not None else ():
        reader.folder(folder)
    for path in houses:
        reader.house(path)
    return reader.law()


def _with_those_beside(root: Path, only: Collection[str]) -> set[str]:
    """Return the folders to read for some rulebooks: theirs, those in force beside them, and the common one."""
    found, waiting = {COMMON}, [name for name in only if (root / name / "book.yaml").exists()]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            beside = Book.model_validate(read(root / name / "book.yaml", days_and_fractions=True).values).beside
            waiting += [other for other in beside if (root / other / "book.yaml").exists()]
    return found


class _Kinds(Mapping[str, FactKind]):
    """The kinds of all names that an expression may use, each worked out when it is first asked for."""

    def __init__(self, reader: "_Reader", plain: Mapping[str, FactKind], facts: Iterable[str], prefix: str) -> None:
        self._reader, self._plain, self._prefix = reader, plain, prefix
        self._facts = frozenset(facts)

    def __getitem__(self, name: str) -> FactKind:
        if name in self._plain:
            return self._plain[name]
        return self._reader.fact(name.replace(self._prefix, "event.", 1) if self._prefix else name).kind

    def __iter__(self) -> Iterator[str]:
        yield from self._plain
        yield from self._facts

    def __len__(self) -> int:
        return len(self._plain) + len(self._facts)

    def __contains__(self, name: object) -> bool:
        return name in self._plain or name in self._facts


class _Reader:
    """Reads files one after the other; facts are parsed when a rule, or another fact, first speaks of them."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.folders: dict[str, Path] = {}
        self.sources: dict[str, Source] = {}
        self.records: dict[str, tuple[FactRecord, Document, int]] = {}
        self.rules: list[tuple[str, RuleRecord, Document, int]] = []
        self.switches: list[tuple[str, Document, int]] = []
        self.tables: dict[str, TableRecord] = {}
        self.parsed: dict[str, Fact] = {}
        self._open: list[str] = []
        self._digest = hashlib.sha256()

    def folder(self, folder: Path) -> None:
        """Read one rulebook."""
        if folder.name != COMMON:
            book, document = self._read(folder / "book.yaml", Book)
            if book.id != folder.name:
                raise _error(document, ("id",), f"the book '{book.id}' stands in the folder '{folder.name}'")
            if book.id in self.books:
                raise _error(document, ("id",), f"the book '{book.id}' is there already; choose another id")
            self.books[book.id] = book
            self.folders[book.id] = folder
        if (folder / "sources.yaml").exists():
            self._sources(folder / "sources.yaml")
        skipped = {"book.yaml", "sources.yaml", "COVERAGE.yaml"}
        for path in sorted(folder.glob("*.yaml")):
            if path.name not in skipped and not path.name.endswith(".cases.yaml"):
                self._rules(path, folder.name)

    def house(self, path: Path) -> None:
        """Read a lender's own rulebook: rules that come on top of the law."""
        self.books["house"] = Book(id="house", title="House rules")
        self._rules(path, "house")

    def _switched(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Switch on the rules from memory that houses name."""
        from_memory = {rule.id: rule.record.checked.how == "memory" for rule in rules}
        for name, document, at in self.switches:
            if name not in from_memory:
                raise _error(document, ("switch_on", at), f"no rule '{name}'{nearest(name, from_memory)}")
            if not from_memory[name]:
                raise _error(
                    document, ("switch_on", at), f"'{name}' gates already: only rules from memory are switched on"
                )
        named = {name for name, _, _ in self.switches}
        return tuple(replace(rule, switched_on=True) if rule.id in named else rule for rule in rules)

    def _read(self, path: Path, model: type[_Model]) -> tuple[_Model, Document]:
        document = read(path, days_and_fractions=True)
        self._digest.update(path.read_bytes())
        try:
            return model.model_validate(document.values), document
        except ValidationError as error:
            raise _first(document, error, model) from None

    def _sources(self, path: Path) -> None:
        found, document = self._read(path, SourceFile)
        self._cited(found.sources, document)

    def _cited(self, sources: Iterable[Source], document: Document) -> None:
        for index, source in enumerate(sources):
            if source.id in self.sources:
                raise _error(document, ("sources", index), f"the source '{source.id}' stands twice: keep one")
            self.sources[source.id] = source

    def _rules(self, path: Path, book: str) -> None:
        found, document = self._read(path, RuleFile)
        self._cited(found.sources, document)
        if book != "house" and found.switch_on:
            raise _error(document, ("switch_on",), "only a house rulebook switches rules on")
        self.switches += [(name, document, index) for index, name in enumerate(found.switch_on)]
        for index, table in enumerate(found.tables):
            if table.table in self.tables:
                raise _error(document, ("tables", index), f"the table '{table.table}' stands twice: keep one")
            self.tables[table.table] = table
        for index, fact in enumerate(found.facts):
            self._declare(fact, document, index)
        for index, rule in enumerate(found.rules):
            self.rules.append((book, rule, document, index))

    def _declare(self, fact: FactRecord, document: Document, index: int) -> None:
        at = ("facts", index)
        name = fact.fact.removeprefix("event.")
        try:
            refuse_name(name, "fact")
        except DueCourseError as error:
            raise _error(document, at, str(error)) from None
        if fact.fact in self.records or fact.fact in ACT or fact.fact in EVENT:
            raise _error(document, at, f"the fact '{fact.fact}' is there already; choose another name")
        self.records[fact.fact] = (fact, document, index)

    def law(self) -> Law:
        """Parse everything and check what only shows when all is read."""
        facts = {name: self.fact(name) for name in self.records}
        rules = tuple(self._rule(*entry) for entry in self.rules)
        _refuse_gaps(rules)
        for rule in rules:
            if rule.record.cite.source not in self.sources:
                known = nearest(rule.record.cite.source, self.sources)
                raise RulebookError(f"{_line(rule.place)}: unknown source '{rule.record.cite.source}'{known}")
        return Law(self.books, self._switched(rules), facts, self.sources, self._digest.hexdigest(), self.folders)

    def fact(self, name: str) -> Fact:
        """Return the fact of this name, parsed; RulebookError when it needs itself."""
        if name in self.parsed:
            return self.parsed[name]
        record, document, index = self.records[name]
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise _error(document, ("facts", index), f"the fact '{name}' needs itself: {circle}")
        self._open.append(name)
        try:
            self.parsed[name] = self._parse_fact(record, document, index)
        finally:
            self._open.pop()
        return self.parsed[name]

    def _parse_fact(self, record: FactRecord, document: Document, index: int) -> Fact:
        way = record.way
        names = self._names_of(record)

        def read_one(text: Text, expects: FactKind | None) -> Expression:
            return _parse(text, names, document, expects, record.coalesce_because)

        where = read_one(record.where, _BOOLEAN) if record.where is not None else None
        kinds_of_event = record.of
        take: Expression | None = None
        if way in {"count", "any"}:
            kinds_of_event = str(getattr(record, way))
            kind = _INTEGER if way == "count" else _BOOLEAN
        elif record.after_business_days is not None:
            take = read_one(record.after_business_days.day, FactKind.DATE)
            kind = FactKind.DATE
        elif record.look_up is not None:
            take, kind = read_one(record.look_up.day, FactKind.DATE), _INTEGER
        else:
            take = read_one(getattr(record, way), _INTEGER if way == "sum" else None)
            kind = take.kind
        at = ("facts", index)
        return Fact(
            record.fact,
            record,
            kind,
            take,
            where,
            _event_kinds(kinds_of_event, document, at),
            _event_kinds(record.for_, document, at),
            record.after_business_days,
            self._table_of(record, document, at),
        )

    def _table_of(self, record: FactRecord, document: Document, at: Steps) -> TableRecord | None:
        if record.look_up is None:
            return None
        name = record.look_up.table
        if name not in self.tables:
            raise _error(document, at, f"no table '{name}'{nearest(name, self.tables)}")
        return self.tables[name]

    def _names_of(self, record: FactRecord) -> _Kinds:
        """Return what the expressions of a fact may speak of."""
        event_facts = [name for name in self.records if name.startswith("event.")]
        act_facts = [name for name in self.records if not name.startswith("event.")]
        if record.of_event and record.way != "define":
            earlier = {f"earlier.{name.removeprefix('event.')}": kind for name, kind in EVENT.items()}
            facts = [*event_facts, *(f"earlier.{name.removeprefix('event.')}" for name in event_facts)]
            return _Kinds(self, {**EVENT, **earlier}, facts, "earlier.")
        if record.of_event or record.way not in WAYS:
            return _Kinds(self, {**ACT, **EVENT}, [*act_facts, *event_facts], "")
        return _Kinds(self, ACT, act_facts, "")

    def _rule(self, book: str, record: RuleRecord, document: Document, index: int) -> Rule:
        names = _Kinds(self, ACT, [name for name in self.records if not name.startswith("event.")], "")
        at = ("rules", index)
        answer = None
        if record.answers is not None:
            asked = VOCABULARY.asks.get(record.answers)
            if asked is None:
                raise _error(
                    document,
                    (*at, "answers"),
                    f"unknown question '{record.answers}'{nearest(record.answers, VOCABULARY.asks)}",
                )
            answer = _ANSWERS.get(asked.answer)
        for act in record.acts:
            if act not in VOCABULARY.enumerations["act"]:
                raise _error(
                    document, (*at, "acts"), f"unknown act '{act}'{nearest(act, VOCABULARY.enumerations['act'])}"
                )

        for name in _BRACES.findall(record.because or ""):
            if name not in names:
                raise _error(document, (*at, "because"), f"unknown fact '{name}' in braces{nearest(name, names)}")

        def read_one(text: Text | None, expects: FactKind | None) -> Expression | None:
            return None if text is None else _parse(text, names, document, expects, record.coalesce_because)

        place = Place(document.file, document.line(at), 1, record.id)
        if record.caps is not None:
            _event_kinds(" ".join(record.caps.events), document, (*at, "caps"))
            for name in record.caps.needs:
                if name not in names:
                    raise _error(document, (*at, "caps"), f"unknown fact '{name}' in needs{nearest(name, names)}")
        return Rule(
            record,
            book,
            place,
            read_one(record.applies, _BOOLEAN),
            read_one(record.permit, _BOOLEAN),
            read_one(record.gives, answer),
            _event_kinds(record.starts, document, at),
            read_one(record.open, _BOOLEAN),
        )


def _parse(
    text: Text, names: Mapping[str, FactKind], document: Document, expects: FactKind | None, because: str | None
) -> Expression:
    place = Place(document.file, text.line, text.column, text.key)
    return parse(text, names, place, expects=expects, coalesce_because=because)


def _event_kinds(text: str | None, document: Document, at: tuple[str | int, ...]) -> tuple[str, ...]:
    kinds = tuple(word for word in (text or "").replace(",", " ").split() if word)
    for kind in kinds:
        if kind not in VOCABULARY.enumerations["event"]:
            raise _error(
                document, at, f"unknown kind of event '{kind}'{nearest(kind, VOCABULARY.enumerations['event'])}"
            )
    return kinds


def _refuse_gaps(rules: Iterable[Rule]) -> None:
    """Refuse versions of one rule that overlap, or leave days between them."""
    versions: dict[str, list[Rule]] = {}
    for rule in rules:
        versions.setdefault(rule.id, []).append(rule)
    for each in versions.values():
        each.sort(key=lambda rule: rule.record.from_)
        for earlier, later in itertools.pairwise(each):
            if later.book != earlier.book:
                raise RulebookError(
                    f"{_line(later.place)}: rule '{later.id}' stands in '{earlier.book}' too; choose another id"
                )
            if earlier.record.to is None or earlier.record.to > later.record.from_:
                raise RulebookError(
                    f"{_line(later.place)}: rule '{later.id}': the version from {later.record.from_} overlaps"
                    f" the one from {earlier.record.from_}; end that one with `to: {later.record.from_}`"
                )
            if earlier.record.to < later.record.from_:
                raise RulebookError(
                    f"{_line(later.place)}: rule '{later.id}': nothing holds from {earlier.record.to} to"
                    f" {later.record.from_}; let one version follow the other"
                )


def _line(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _error(document: Document, at: tuple[str | int, ...], text: str) -> RulebookError:
    return RulebookError(f"{document.file}:{document.line(at)}: {one_line(text)}")


_PLAIN_WORDS: Final = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "string_type": "must be text (put it in quotes)",
    "tuple_type": "must be a list: [...]",
    "model_type": "must hold keys and values",
    "dict_type": "must hold keys and values",
}


def _first(document: Document, error: ValidationError, model: type[BaseModel]) -> RulebookError:
    """Return the first of pydantic's errors, by line, as our one line."""

    def told(detail: Any) -> tuple[int, str]:
        at = tuple(detail["loc"])
        text = _PLAIN_WORDS.get(detail["type"]) or detail["msg"][:1].lower() + detail["msg"][1:]
        key = next((step for step in reversed(at) if isinstance(step, str)), None)
        if detail["type"] == "extra_forbidden":
            text = f"unknown key{nearest(str(key), _keys_at(model, at))}"
        return document.line(at), f"'{key}' {text}" if key is not None else f"the file {text}"

    line, text = min((told(detail) for detail in error.errors(include_url=False)), key=lambda pair: pair[0])
    return RulebookError(f"{document.file}:{line}: {one_line(text)}")


def _keys_at(model: type[BaseModel], at: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are known where a faulty one stands."""
    inner: dict[str, type[BaseModel]] = {
        "facts": FactRecord,
        "rules": RuleRecord,
        "sources": Source,
        "tables": TableRecord,
    }
    shape = inner.get(str(at[0]), model) if len(at) > 1 else model
    return [str(known.alias or name) for name, known in shape.model_fields.items()]
