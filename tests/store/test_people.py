"""People in the store: what is personal is sealed there, found blind, and gone once erased. On a real server."""

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from duecourse.kernel.errors import DueCourseError
from duecourse.store import orm, people
from duecourse.store.keys import Keyring, UnreadableError
from duecourse.store.models import Borrower, ContactPoint, Person
from duecourse.store.people import Known, Point, Rewrapped
from duecourse.store.place import Place
from duecourse.store.server import ADMIN, APP

PHONE, MAIL = Point("phone", "+15550100"), Point("email", "ann@example.org")
ANN = Known("Ann Example", (PHONE, MAIL))


def everything(store: Place) -> str:
    """Return all that the tables hold, as an administrator of the server sees it."""
    found = []
    with psycopg.connect(store.server.url(ADMIN)) as connection:
        for table in ("borrower", "person", "contact_point"):
            for row in connection.execute(f"SELECT * FROM {table}".encode()):
                found += [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(found)


def test_what_is_personal_is_read_with_the_keys_and_by_nobody_else(store: Place, ring: Keyring) -> None:
    people.add(ring, "B1", "B1", "borrower", ANN)
    person = Person.objects.get()
    assert people.read(ring, person) == Known("Ann Example", (MAIL, PHONE))
    assert "B1" in everything(store)
    assert not any(word in everything(store) for word in ("Ann", "5550100", "example.org"))
    with pytest.raises(UnreadableError):
        people.read(Keyring.new(), person)


def test_somebody_is_found_by_a_number_and_by_no_other_kind_of_it(ring: Keyring) -> None:
    ann = people.add(ring, "B1", "B1", "borrower", ANN)
    bob = people.add(ring, "B2", "G1", "guarantor", Known(None, (PHONE,)))
    people.add(ring, "B3", "B3", "borrower", Known("Cy", (Point("email", PHONE.value),)))
    assert people.having(ring, PHONE) == [ann, bob]
    assert people.having(ring, Point("phone", "+15550101")) == []
    assert people.having(Keyring.new(), PHONE) == []


def test_a_value_moved_to_another_row_does_not_open_there(ring: Keyring) -> None:
    people.add(ring, "B1", "B1", "borrower", ANN)
    one, two = ContactPoint.objects.order_by("id")
    one.value, two.value = two.value, one.value
    one.save()
    two.save()
    with pytest.raises(UnreadableError):
        people.read(ring, Person.objects.get())


def test_the_erased_can_be_read_by_nobody_whoever_kept_their_sealed_name(store: Place, ring: Keyring) -> None:
    ann = people.add(ring, "B1", "B1", "borrower", ANN)
    people.add(ring, "B2", "B2", "borrower", Known("Bob", (PHONE,)))
    copy = ann.name
    people.erase(ann)
    assert people.read(ring, ann) == Known(None, ())
    assert [one.borrower.borrower_id for one in people.having(ring, PHONE)] == ["B2"]
    assert ann.erased_at is not None
    assert bytes(copy or b"").hex() not in everything(store)
    ann.name = copy
    with pytest.raises(DueCourseError, match="person B1 was erased"):
        people.key_of(ring, ann)


def test_a_rotation_leaves_everybody_readable_under_the_new_key_alone(
    ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_AT_A_TIME", 3)
    everybody = [people.add(ring, f"B{n}", f"B{n}", "borrower", Known(f"Name {n}", (PHONE,))) for n in range(10)]
    people.erase(everybody[0])
    newer = ring.with_new_key()
    people.add(newer, "B10", "B10", "borrower", Known("Name 10", ()))
    assert people.rewrap(newer) == Rewrapped(9, ())
    assert people.rewrap(newer) == Rewrapped(0, ())
    last = Keyring(newer.active, {newer.active: newer.keys[newer.active]}, newer.index)
    names = [people.read(last, person).name for person in Person.objects.order_by("id")]
    assert names == [None, *(f"Name {n}" for n in range(1, 11))]
    assert len(people.having(last, PHONE)) == 9, "the blind index does not rest on master keys"


def test_one_damaged_key_does_not_keep_the_others_from_rotation(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_AT_A_TIME", 2)
    for number in range(5):
        people.add(ring, f"B{number}", "P", "borrower", Known(None, ()))
    Person.objects.filter(borrower__borrower_id="B1").update(wrapped_key=b"damaged")
    assert people.rewrap(ring.with_new_key()) == Rewrapped(4, ("B1/P",))


def test_a_person_is_added_once_or_not_at_all(ring: Keyring) -> None:
    people.add(ring, "B1", "B1", "borrower", ANN)
    with pytest.raises(DueCourseError, match="borrower B1 has a person B1 already"):
        people.add(ring, "B1", "B1", "borrower", ANN)
    with pytest.raises(DatabaseError):
        people.add(ring, "B2", "B2", "borrower", Known("Bob", (Point("telepathy", "x"),)))
    assert list(Borrower.objects.values_list("borrower_id", flat=True)) == ["B1"]


def test_nobody_is_without_a_key_unless_erased(ring: Keyring) -> None:
    person = people.add(ring, "B1", "B1", "borrower", ANN)
    for wrong in ({"key_id": None}, {"wrapped_key": None}, {"erased_at": "2026-01-01T00:00:00Z"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Person.objects.filter(pk=person.pk).update(**wrong)


def test_the_application_may_not_change_what_migrations_have_done(store: Place) -> None:
    for forbidden in ("DELETE FROM django_migrations", "ALTER TABLE person ADD COLUMN x int", "DROP TABLE person"):
        with (
            psycopg.connect(store.url(APP), autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(forbidden.encode())


def test_migrations_make_the_tables_that_the_models_name(store: Place, ring: Keyring) -> None:
    call_command("makemigrations", "store", check=True, dry_run=True, verbosity=0)
    people.add(ring, "B1", "B1", "borrower", ANN)
    assert orm.migrate(store) == [], "a second time, and with rows, there is nothing to do"
    assert people.read(ring, Person.objects.get()).name == "Ann Example"
