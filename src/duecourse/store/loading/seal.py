"""Rows of people beside what the store knows of them: what to add and what to change, cleaned and sealed.

    sealed(ring, task) -> Done

Works on what it is given alone, so that it can be done in another process.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from duecourse.book.pick import Unfit, Value
from duecourse.store.bound import name_place, point_place, whose
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, new_key, seal, unseal
from duecourse.store.loading import clean, copying
from duecourse.store.loading.clean import UnfitError
from duecourse.store.loading.mapping import KINDS


@dataclass(frozen=True, repr=False)
class Owner:
    """A borrower as the store knows them, or one to be added."""

    borrower_id: str
    language: str
    zones: list[str]
    is_new: bool


class HeldPoint(NamedTuple):
    """A contact point that the store has: its number, whether it has ended, and whether it stays so whatever comes."""

    number: int
    is_over: bool
    stays_over: bool


@dataclass(frozen=True, repr=False)
class Held:
    """A person whom the store has, with their contact points by kind and blind index."""

    relation: str
    name: bytes | None
    key: Wrapped
    points: Mapping[tuple[str, bytes], HeldPoint]


@dataclass(frozen=True, repr=False)
class Row:
    """A row about a person: its number in the file, its values, and the numbers of borrower and person in the store.

    `held` is None for somebody to be added.
    """

    row: int
    values: Sequence[Value]
    owner: int
    person: int
    person_id: str
    relation: str
    held: Held | None


@dataclass(frozen=True, repr=False)
class Task:
    """Rows of one file; the names of their values; the borrowers they are of; numbers for new contact points."""

    columns: tuple[str, ...]
    country: str | None
    rows: list[Row]
    owners: Mapping[int, Owner]
    free: list[int]


@dataclass(frozen=True, repr=False)
class Change:
    """What changes of somebody whom the store has; None leaves what is. `added` are rows for COPY."""

    row: int
    person: int
    relation: str | None
    name: bytes | None
    added: list[bytes]
    ended: list[int]
    revived: list[int]


@dataclass(repr=False)
class Done:
    """Rows for COPY, in its binary form; changes; what was wrong as (row, column, reason); numbers not used."""

    owners: bytes = b""
    people: bytes = b""
    points: bytes = b""
    owner_changes: list[tuple[int, str | None, list[str] | None]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    told: list[tuple[int, str, str]] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    free: list[int] = field(default_factory=list)


def sealed(ring: Keyring, task: Task) -> Done:
    """Clean and seal what the rows say, and compare it with what is held."""
    work = _Work(ring, task, Done(free=task.free))
    for row in task.rows:
        _person(work, row)
    for number, owner in task.owners.items():
        _owner(work, number, owner)
    # One piece each: it goes to another process more quickly than many.
    work.done.owners, work.done.people, work.done.points = map(b"".join, (work.owners, work.people, work.points))
    return work.done


@dataclass(repr=False)
class _Work:
    ring: Keyring
    task: Task
    done: Done
    owners: list[bytes] = field(default_factory=list)
    people: list[bytes] = field(default_factory=list)
    points: list[bytes] = field(default_factory=list)
    languages: dict[int, str] = field(default_factory=dict)
    zones: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = {name: position for position, name in enumerate(self.task.columns)}
        self.reach = [
            (position, name, KINDS[name.partition("[")[0]])
            for position, name in enumerate(self.task.columns)
            if name.partition("[")[0] in KINDS
        ]

    def tell(self, row: Row, column: str, reason: str) -> None:
        self.done.told.append((row.row, column, reason))

    def value(self, row: Row, column: str) -> str | None:
        """Return the one value of a column; what is wrong with it is told."""
        found = row.values[self.place[column]] if column in self.place else None
        try:
            return clean.one(found)
        except UnfitError as error:
            self.tell(row, column, error.reason)
            return None


def _person(work: _Work, row: Row) -> None:
    """Add a person, or change what has changed of one."""
    name = _name(work, row)
    points, unsure = _points(work, row)
    owner = work.task.owners[row.owner]
    if row.person_id == owner.borrower_id:
        _about_owner(work, row)
    if row.held is None:
        _add(work, row, name, points)
        return
    try:
        change = _change(work, row, row.held, name, points, unsure)
    except UnreadableError:
        work.tell(row, "", "unreadable_key")
        return
    is_changed = any((change.relation, change.name, change.added, change.ended, change.revived))
    if is_changed:
        work.done.changes.append(change)
    else:
        work.done.counts["people", "unchanged"] += 1


def _name(work: _Work, row: Row) -> str | None:
    value = work.value(row, "name")
    if value is None:
        return None
    try:
        return clean.plain(value)
    except UnfitError as error:
        work.tell(row, "name", error.reason)
        return None


def _points(work: _Work, row: Row) -> tuple[dict[tuple[str, bytes], str], set[str]]:
    """Return the values of a row's contact points by kind and blind index, and the kinds of which one was unfit."""
    found: dict[tuple[str, bytes], str] = {}
    unsure: set[str] = set()
    country = _country(work, row)
    for position, column, kind in work.reach:
        for value in clean.several(row.values[position]):
            try:
                if isinstance(value, Unfit):
                    raise UnfitError(value)  # noqa: TRY301  told like any other
                kept = clean.POINTS[kind](value, country)
                found.setdefault((kind, work.ring.blind(kind, kept)), kept)
            except UnfitError as error:
                work.tell(row, column, error.reason)
                unsure.add(kind)
    return found, unsure


def _country(work: _Work, row: Row) -> str | None:
    """Return the country of numbers without one: the row's, else the mapping's; none where the row's is wrong."""
    value = work.value(row, "country")
    if value is None:
        return work.task.country
    try:
        return clean.country(value)
    except UnfitError as error:
        work.tell(row, "country", error.reason)
        return None


def _about_owner(work: _Work, row: Row) -> None:
    """Note a borrower's language and zones, which their own row alone tells."""
    language = work.value(row, "language")
    try:
        if language is not None:
            work.languages[row.owner] = clean.language(language)
    except UnfitError as error:
        work.tell(row, "language", error.reason)
    found = row.values[work.place["zones"]] if "zones" in work.place else None
    try:
        # One unknown zone spoils them all: hours that are lawful in the others may be forbidden there.
        names = [clean.zone(name) for value in clean.several(found) for name in clean.split(value)]
        if names:
            work.zones[row.owner] = list(dict.fromkeys(names))
    except UnfitError as error:
        work.tell(row, "zones", error.reason)


def _owner(work: _Work, number: int, owner: Owner) -> None:
    language, zones = work.languages.get(number), work.zones.get(number)
    if owner.is_new:
        fields = (owner.borrower_id.encode(), (language or "").encode(), copying.texts(zones or []))
        work.done.counts["borrowers", "added"] += 1
        work.owners.append(copying.row(copying.number(number), *fields))
        return
    changed = language if language != owner.language else None, zones if zones != owner.zones else None
    if any(changed):
        work.done.counts["borrowers", "changed"] += 1
        work.done.owner_changes.append((number, *changed))


def _add(work: _Work, row: Row, name: str | None, points: Mapping[tuple[str, bytes], str]) -> None:
    key, owner = new_key(), work.task.owners[row.owner]
    wrapped = work.ring.wrap(key, whose(owner.borrower_id, row.person_id))
    work.people.append(
        copying.row(
            copying.number(row.person),
            copying.number(row.owner),
            row.person_id.encode(),
            row.relation.encode(),
            None if name is None else seal(key, name, name_place(row.person)),
            wrapped.key_id.encode(),
            wrapped.sealed,
        )
    )
    work.points += _sealed_points(work, row.person, key, points)
    work.done.counts["people", "added"] += 1


def _sealed_points(work: _Work, person: int, key: bytes, points: Mapping[tuple[str, bytes], str]) -> Iterator[bytes]:
    """Yield rows of new contact points, each with the next free number."""
    for (kind, blind), value in points.items():
        number = work.done.free.pop()
        place = point_place(kind, number)
        work.done.counts["contact_points", "added"] += 1
        yield copying.row(copying.number(number), copying.number(person), kind.encode(), seal(key, value, place), blind)


def _change(
    work: _Work,
    row: Row,
    held: Held,
    name: str | None,
    points: Mapping[tuple[str, bytes], str],
    unsure: set[str],
) -> Change:
    """Compare a row with what is held; equal values are left as they are sealed.

    A kind of contact point of which this row had an unfit value ends nothing: what is held may be what was meant. One
    that was found to be of no use stays over: the lender's files do not know of it.
    """
    told = {kind for _, _, kind in work.reach} - unsure
    ended = [
        point.number
        for place, point in held.points.items()
        if not point.is_over and place[0] in told and place not in points
    ]
    again = [held.points[place] for place in points if place in held.points and held.points[place].is_over]
    revived = [point.number for point in again if not point.stays_over]
    added = {place: value for place, value in points.items() if place not in held.points}
    new_name, new_points = None, list[bytes]()
    if added or name is not None:
        key = work.ring.unwrap(held.key, whose(work.task.owners[row.owner].borrower_id, row.person_id))
        place = name_place(row.person)
        if name is not None and (held.name is None or unseal(key, held.name, place) != name):
            new_name = seal(key, name, place)
        new_points = list(_sealed_points(work, row.person, key, added))
    work.done.counts["contact_points", "ended"] += len(ended)
    work.done.counts["contact_points", "in_use_again"] += len(revived)
    work.done.counts["contact_points", "stay_ended"] += len(again) - len(revived)
    work.done.counts["contact_points", "unchanged"] += len(points) - len(again) - len(added)
    relation = row.relation if row.relation != held.relation else None
    return Change(row.row, row.person, relation, new_name, new_points, ended, revived)
