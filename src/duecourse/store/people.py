"""People, with what is personal of them sealed: added, read, found, erased; and the rotation of the master keys.

All of it is done as the application's role; `duecourse.store.orm.connect` comes first.
"""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import name_place, point_place, whose
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, new_key, seal, unseal
from duecourse.store.models import Borrower, ContactPoint, Person
from duecourse.store.sealed import BLIND, WRAPPED, Wrapping

_AT_A_TIME: Final = 1_000  # keys wrapped anew in one transaction


@dataclass(frozen=True, order=True)
class Point:
    """A way to reach somebody: a kind of `ContactPoint`, and the number or address as it is written."""

    kind: str
    value: str


@dataclass(frozen=True)
class Known:
    """What is personal of somebody, in the clear: never kept, logged or sent anywhere but to whom it is for."""

    name: str | None
    points: tuple[Point, ...]


def add(ring: Keyring, borrower_id: str, person_id: str, relation: str, known: Known) -> Person:
    """Add a person beside a borrower, who is made if need be; all or nothing.

    DueCourseError when the borrower has this person already.
    """
    with transaction.atomic():
        borrower, _ = Borrower.objects.get_or_create(borrower_id=borrower_id)
        if borrower.people.filter(person_id=person_id).exists():
            raise DueCourseError(
                f"borrower {borrower_id} has a person {person_id} already: change them, or name another"
            )
        key = new_key()
        person = Person(borrower=borrower, person_id=person_id, relation=relation)
        _wrap(ring, key, person)
        person.save()
        if known.name is not None:
            person.name = seal(key, known.name, name_place(person.pk))
            person.save(update_fields=["name"])
        for point in sorted(set(known.points)):
            _add_point(ring, key, person, point)
        return person


def read(ring: Keyring, person: Person) -> Known:
    """Return what is personal of somebody; of the erased nothing is known. UnreadableError under another ring."""
    if person.erased_at is not None:
        return Known(None, ())
    key = key_of(ring, person)
    points = person.contact_points.filter(ended_at=None).order_by("id")
    return Known(_name(key, person), tuple(_point(key, found) for found in points))


def having(ring: Keyring, point: Point) -> list[Person]:
    """Return those who are reached at a number or an address, in the order in which they were added."""
    found = Person.objects.filter(
        contact_points__kind=point.kind,
        contact_points__blind=ring.blind(point.kind, point.value),
        contact_points__ended_at=None,
        erased_at=None,
    )
    return list(found.select_related("borrower").order_by("id"))


def erase(person: Person) -> None:
    """Destroy a person's key: whatever is sealed under it can no longer be read, unless a backup has the key still.

    What could still tell of them goes too: the blind indexes, and the sealed values.
    """
    with transaction.atomic():
        found = Person.objects.select_for_update().get(pk=person.pk)
        for goes in BLIND.values():
            goes(found)
        found.name = found.key_id = found.wrapped_key = None
        found.erased_at = Now()  # the server's clock
        found.save()
    person.refresh_from_db()


@dataclass(frozen=True)
class Rewrapped:
    """How many keys were wrapped anew, and whose could not be opened and stay as they are."""

    done: int
    unreadable: tuple[str, ...]


def rewrap(ring: Keyring) -> Rewrapped:
    """Wrap anew the keys that are not under the ring's active key, in every table that has some.

    People may be added and read meanwhile; those who are added under an older ring are found by another run.
    """
    parts = [_rewrap(ring, wrapping) for wrapping in WRAPPED]
    return Rewrapped(sum(part.done for part in parts), tuple(name for part in parts for name in part.unreadable))


def _rewrap(ring: Keyring, wrapping: Wrapping) -> Rewrapped:
    done, unreadable, reached, rows = 0, [], 0, wrapping.model.objects
    while True:
        with transaction.atomic():
            waiting = rows.select_for_update(of=("self",)).select_related(*wrapping.beside)
            waiting = waiting.filter(wrapped_key__isnull=False, pk__gt=reached).exclude(key_id=ring.active)
            found = list(waiting.order_by("pk")[:_AT_A_TIME])
            wrapped = []
            for row in found:
                reached, about = row.pk, wrapping.about(row)
                try:
                    again = ring.wrap(ring.unwrap(Wrapped(row.key_id, bytes(row.wrapped_key)), about), about)
                except UnreadableError:
                    unreadable.append(wrapping.shown(row))
                    continue
                row.key_id, row.wrapped_key = again.key_id, again.sealed
                wrapped.append(row)
            rows.bulk_update(wrapped, ["key_id", "wrapped_key"])
        if not found:
            return Rewrapped(done, tuple(unreadable))
        done += len(wrapped)


def anybody() -> bool:
    """Say whether anything is sealed in the store."""
    return any(wrapping.model.objects.filter(wrapped_key__isnull=False).exists() for wrapping in WRAPPED)


def _wrap(ring: Keyring, key: bytes, person: Person) -> None:
    wrapped = ring.wrap(key, _whose(person))
    person.key_id, person.wrapped_key = wrapped.key_id, wrapped.sealed


def _add_point(ring: Keyring, key: bytes, person: Person, point: Point) -> None:
    made = ContactPoint.objects.create(
        person=person, kind=point.kind, value=b"", blind=ring.blind(point.kind, point.value)
    )
    made.value = seal(key, point.value, point_place(made.kind, made.pk))
    made.save(update_fields=["value"])


def key_of(ring: Keyring, person: Person) -> bytes:
    """Return a person's key. DueCourseError where they were erased, UnreadableError under another ring."""
    if person.key_id is None or person.wrapped_key is None:
        raise DueCourseError(f"person {person.person_id} was erased: nothing of theirs can be read")
    wrapped = Wrapped(person.key_id, bytes(person.wrapped_key))
    return ring.unwrap(wrapped, _whose(person))


def _whose(person: Person) -> str:
    return whose(person.borrower.borrower_id, person.person_id)


def _name(key: bytes, person: Person) -> str | None:
    return None if person.name is None else unseal(key, bytes(person.name), name_place(person.pk))


def _point(key: bytes, found: ContactPoint) -> Point:
    return Point(found.kind, unseal(key, bytes(found.value), point_place(found.kind, found.pk)))
