"""Entries: one line for each borrower whoever writes at once, sealed under the borrower's key, and there to stay."""

import threading
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from django.db import connection as django_connection
from django.db import transaction
from psycopg.errors import RestrictViolation

from duecourse.kernel.errors import DueCourseError
from duecourse.store import backup, people
from duecourse.store.audit import chain
from duecourse.store.audit.chain import Draft, Head, Key, append, append_all, append_own, opened
from duecourse.store.audit.seals import Seals
from duecourse.store.audit.verify import verify
from duecourse.store.keys import Keyring, UnreadableError, new_key
from duecourse.store.models import AuditEntry, Borrower, Person
from duecourse.store.people import Known
from duecourse.store.place import Place
from duecourse.store.server import ADMIN, APP, OWNER
from tests.store.audit.conftest import AT, Intruder, Write, draft
from tests.store.folders import reachable


def key_of(ring: Keyring, person: Person) -> bytes:
    return people.key_of(ring, person)


def test_an_entry_says_what_was_done_to_who_has_the_key_and_to_nobody_else(
    write: Write, ring: Keyring, intruder: Intruder
) -> None:
    entries = write("B1", 2)
    assert intruder.chain(entries[0].chain) == entries
    person = Person.objects.get()
    assert [entry.seq for entry in entries] == [1, 2]
    assert [entry.person for entry in entries] == [person.pk, person.pk]
    assert opened(entries[1], key_of(ring, person)).text == b'{"words":"secret words 1"}'
    assert b"secret" not in b"".join(entry.body for entry in entries)
    with pytest.raises(UnreadableError):
        opened(entries[1], new_key())
    forged = entries[1].body[:1] + bytes(32) + entries[1].body[33:]
    for wrong in (entries[1]._replace(seq=1), entries[1]._replace(body=forged), entries[1]._replace(body=b"")):
        with pytest.raises(UnreadableError):
            opened(wrong, key_of(ring, person))


def test_entries_go_with_their_transaction(store: Place, write: Write, ring: Keyring, seals: Seals) -> None:
    number = write("B1", 1)[0].chain
    with psycopg.connect(store.url()) as connection:
        append(connection.cursor(), ring, number, [draft(1)])
        connection.rollback()
    assert [entry.seq for entry in write("B1", 1)] == [2]
    assert verify(store, seals).faults == []


def test_many_at_once_make_one_line(store: Place, write: Write, ring: Keyring, seals: Seals) -> None:
    numbers = [write(borrower, 1)[0].chain for borrower in ("B1", "B2")]
    failed: list[BaseException] = []

    def work(is_own: bool) -> None:
        try:
            with psycopg.connect(store.url()) as connection:
                for each in range(20):
                    if is_own:
                        append_own(connection.cursor(), [draft(each, plain=True)])
                    else:
                        some = {number: [draft(each), draft(each)] for number in reversed(numbers)}
                        append_all(connection.cursor(), ring, some)
                    connection.commit()
        except BaseException as error:  # noqa: BLE001  told to the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=[number % 2 == 0]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    found = verify(store, seals)
    assert found.faults == []
    assert (found.chains, found.entries) == (3, 2 * (1 + 4 * 20 * 2) + 4 * 20)


def test_a_writer_without_the_lock_is_refused_and_forks_nothing(
    store: Place, write: Write, ring: Keyring, seals: Seals
) -> None:
    number = write("B1", 1)[0].chain
    with psycopg.connect(store.url()) as connection:
        cursor = connection.cursor()
        row = cursor.execute(chain.HEADS, [[number]]).fetchone()
        assert row is not None
        late = chain.entries_for(Head.read(ring, row), [draft(9)])
        write("B1", 1)
        with pytest.raises(psycopg.errors.UniqueViolation):
            cursor.execute(chain.WRITE, [chain.written(late)])
    assert verify(store, seals).entries == 2


def test_it_works_on_djangos_connection_too(store: Place, write: Write, ring: Keyring, seals: Seals) -> None:
    number = write("B1", 1)[0].chain
    for _ in range(7):  # beyond the fifth the statements are prepared ones
        with transaction.atomic(), django_connection.cursor() as cursor:
            append(cursor, ring, number, [draft(1), draft(2)])
            append_own(cursor, [Draft(AT, "people.loaded", "load", {"rows": 3}, plain=True)])
    found = verify(store, seals)
    assert (found.chains, found.entries, found.faults) == (2, 22, [])
    assert str(AuditEntry.objects.get(chain=0, seq=1)) == "0/1 people.loaded"


REFUSED: Final = (
    "UPDATE audit_entry SET kind = 'x'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "DELETE FROM audit_head",
    "TRUNCATE audit_head",
    "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (chain, seq) DO UPDATE SET kind = 'x'",
    "UPDATE audit_entry SET kind = 'x' WHERE false",
)


def assert_refused(place: Place) -> None:
    """Check that the application, the owner and, in a session of replication, a superuser are refused."""
    roles = ((APP, psycopg.errors.InsufficientPrivilege), *((role, RestrictViolation) for role in (OWNER, ADMIN)))
    for role, refusal in roles:
        with psycopg.connect(place.server.url(role), autocommit=True) as connection:
            if role == ADMIN:
                connection.execute("SET session_replication_role = replica")
            for statement in REFUSED:
                with pytest.raises(refusal):
                    connection.execute(statement.encode())


def test_nobody_changes_or_removes_an_entry_after_a_restore_either(store: Place, write: Write, tmp_path: Path) -> None:
    write("B1", 2)
    assert_refused(store)
    backup.backup(store, tmp_path / "monday")
    with reachable() as folder:
        other = Place(folder, None, folder / "keys.json")
        try:
            assert backup.restore(other, tmp_path / "monday")["audit_entry"] == 2
            assert_refused(other)
        finally:
            other.server.stop()


def test_after_an_erasure_nothing_is_read_and_everything_verifies(
    store: Place, write: Write, ring: Keyring, seals: Seals, intruder: Intruder
) -> None:
    entries = write("B1", 2)
    guarantor = people.add(ring, "B1", "G1", "guarantor", Known("Gus", ()))
    person = Person.objects.get(person_id="B1")
    chain.erase(ring, Borrower.objects.get(), "user 3", AT)
    kept = intruder.chain(entries[0].chain)
    assert kept[:2] == entries
    assert (kept[2].kind, kept[2].by) == ("key.destroyed", "user 3")
    assert opened(kept[2], None).text == b'{"people":["B1"]}'
    person.refresh_from_db()
    assert person.wrapped_key is None
    guarantor.refresh_from_db()
    assert guarantor.wrapped_key is not None
    assert verify(store, seals).faults == []
    later = write("B1", 1)  # under a new key, of somebody without a name
    new = Person.objects.get(pk=later[0].person)
    assert (new.person_id, new.name, new.relation) == ("audit:3", None, "borrower")
    assert opened(later[0], key_of(ring, new)).text == b'{"words":"secret words 0"}'
    chain.erase(ring, Borrower.objects.get(), "user 3", AT)
    assert set(Person.objects.filter(erased_at=None)) == {guarantor}
    assert write("B1", 1)[0].seq == 6
    assert verify(store, seals).faults == []


def test_after_a_rotation_bodies_open_under_the_new_key_alone(write: Write, ring: Keyring) -> None:
    entry = write("B1", 1)[0]
    newer = ring.with_new_key()
    people.rewrap(newer)
    last = Keyring(newer.active, {newer.active: newer.keys[newer.active]}, newer.index)
    assert opened(entry, key_of(last, Person.objects.get())).text == b'{"words":"secret words 0"}'
    with pytest.raises(UnreadableError):
        key_of(ring, Person.objects.get())


def test_what_concerns_a_guarantor_goes_with_the_guarantors_key(store: Place, write: Write, ring: Keyring) -> None:
    number = write("B1", 1)[0].chain
    guarantor = people.add(ring, "B1", "G1", "guarantor", Known("Gus", ()))
    key = Key(guarantor.pk, key_of(ring, guarantor))
    with psycopg.connect(store.url()) as connection:
        (entry,) = append(connection.cursor(), ring, number, [draft(1, person=key)])
    assert entry.person == guarantor.pk
    assert opened(entry, key.key).text == b'{"words":"secret words 1"}'
    with pytest.raises(UnreadableError):
        opened(entry, key_of(ring, Person.objects.get(person_id="B1")))


def test_a_borrower_of_whom_nobody_is_known_gets_a_key(store: Place, ring: Keyring) -> None:
    borrower = Borrower.objects.create(borrower_id="B7")
    with psycopg.connect(store.url()) as connection:
        entries = append(connection.cursor(), ring, borrower.pk, [draft(0), draft(1)])
    assert Person.objects.get().person_id == "audit:1"
    people.add(ring, "B7", "B7", "borrower", Known("Ann Example", ()))
    assert opened(entries[1], key_of(ring, Person.objects.get(person_id="audit:1"))).text
    assert backup.verify(store, ring).people == 2


UNKEPT: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"at": AT.replace(tzinfo=None)}, "has no zone"),
    ({"kind": ""}, "has no kind"),
    ({"by": "a\0b"}, "a NUL"),
    ({"about": "\ud800"}, "cannot be written"),
    ({"body": {"secret name": datetime(2026, 1, 1, tzinfo=AT.tzinfo)}}, "cannot be written as JSON"),
    ({"body": {"secret": "\ud800"}}, "cannot be written as JSON"),
    ({"body": {"secret": float("nan")}}, "cannot be written as JSON"),
)


def test_what_cannot_be_kept_is_refused_before_anything_is_written(store: Place, write: Write, ring: Keyring) -> None:
    number = write("B1", 1)[0].chain
    for wrong, says in UNKEPT:
        made = Draft(**{"at": AT, "kind": "a.b", "by": "c", "body": {}, **wrong})
        with psycopg.connect(store.url()) as connection, pytest.raises(DueCourseError, match=says) as refused:
            append(connection.cursor(), ring, number, [draft(1), made])
        assert "secret" not in str(refused.value)
    assert AuditEntry.objects.count() == 1


def test_nothing_is_written_of_nobody(store: Place, ring: Keyring) -> None:
    with psycopg.connect(store.url()) as connection:
        cursor = connection.cursor()
        assert append(cursor, ring, 99, []) == []
        assert append_own(cursor, []) == []
        with pytest.raises(DueCourseError, match="no borrower number 99"):
            append(cursor, ring, 99, [draft(1)])
        with pytest.raises(DueCourseError, match="there is no key"):
            append_own(cursor, [draft(1)])


def test_keys_and_words_are_not_shown() -> None:
    for one in (draft(1), Key(1, b"k" * 32), Head(1, key=Key(1, b"k" * 32))):
        assert "secret" not in repr(one)
        assert "kkk" not in repr(one)
