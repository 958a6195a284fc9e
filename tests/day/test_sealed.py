"""Everything sealed in a store that was used: verified, rotated and erased, whatever table it stands in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bench.gate_store import ON
from duecourse.channels.transport import Received, What
from duecourse.day import evidence, requests
from duecourse.day.facts import Told
from duecourse.day.intake import Intake
from duecourse.day.money import kept, mandates
from duecourse.day.money.when import When
from duecourse.day.payments.entries import Entry
from duecourse.store import people
from duecourse.store.audit import chain
from duecourse.store.backup import verify
from duecourse.store.keys import Keyring
from duecourse.store.models import Borrower
from duecourse.store.people import Rewrapped
from duecourse.store.place import Place
from duecourse.store.sealed import BLIND, SEALED, Sealed
from duecourse.store.server import OWNER
from tests.day.cases import AT, filled, gate, message
from tests.stores import emptied

BORROWERS = 3
IBAN = "DE89370400440532013000"  # the example of the ISO 13616 registry
REPLY = "I dispute this debt, I never signed anything. I will complain to the ombudsman about you."
NAMES = {f"{one.table}.{one.column}": one for one in SEALED}


@dataclass(frozen=True)
class Used:
    """A store that has something in every sealed column, and an owner's connection to it."""

    place: Place
    ring: Keyring
    owner: psycopg.Connection[Any]

    def value(self, of: Sealed) -> tuple[str, bytes]:
        """Return where a value stands, and the value."""
        text = sql.SQL("SELECT ctid::text, {1} FROM {0} WHERE {1} IS NOT NULL ORDER BY 1 LIMIT 1")
        ((where, value),) = self.owner.execute(text.format(*_names(of))).fetchall()
        return where, value

    def write(self, of: Sealed, where: str, value: bytes) -> str:
        """Change a value, past what keeps the audit chain as it is; returns where it stands now."""
        if of.table == "audit_entry":
            self.owner.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_stays")
        text = sql.SQL("UPDATE {0} SET {1} = %s WHERE ctid = %s::tid RETURNING ctid::text")
        ((now,),) = self.owner.execute(text.format(*_names(of)), [value, where]).fetchall()
        if of.table == "audit_entry":
            self.owner.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_stays")
        return str(now)

    def count(self) -> int:
        """Count the values that are sealed, without the list's own statements."""
        counts = {}
        for name, of in NAMES.items():
            sealed_only = " AND person <> 0" if of.table == "audit_entry" else ""
            text = f"SELECT count(*) FROM {of.table} WHERE {of.column} IS NOT NULL{sealed_only}"
            ((counts[name],),) = self.owner.execute(text.encode()).fetchall()
        assert min(counts.values()) > 0, counts
        return sum(counts.values())


def _names(of: Sealed) -> tuple[sql.Identifier, sql.Identifier]:
    return sql.Identifier(of.table), sql.Identifier(of.column)


def entry(number: int) -> Entry:
    return Entry(f"E{number}", f"E{number}", "DE02", ON, None, 100, "EUR", is_credit=True, debtor_name="Ann Example")


@pytest.fixture
def used(made: Place) -> Iterator[Used]:
    """Give a store in which borrower 2 was written to and wrote back, gave a mandate and paid."""
    filled(emptied(made), BORROWERS)
    ring = Keyring.read(made.keys)
    with made.connected() as connection, psycopg.connect(made.url(OWNER), autocommit=True) as owner:
        assert gate(made, connection).decide([message(2)], AT)[0].is_permitted
        Intake(connection, ring, "UTC").take("sms", Received("e1", What.REPLY, AT, sender="+14150000002", text=REPLY))
        when = When(AT, ON, "u1")
        mandates.add(connection, ring, mandates.New("B2", "M1", date(2026, 1, 5), None, "Ann Example", IBAN), when)
        kept.keep(connection, ring, [entry(number) for number in range(3)], "bank.xml", AT)
        row = connection.execute(kept.READ + "WHERE entry_id = 'E0'").fetchone()
        assert row is not None
        kept.hand_over(connection, ring, kept.opened(ring, row), 2)
        evidence.keep(connection, ring, 2, "C1", [b"\x89PNG\r\n\x1a\n\x00\xff"])
        asked = Told("R1", 2, AT, ON)
        requests.ask(connection, ring, "borrower", asked, "correction", "My name is spelt otherwise.")
        connection.commit()
        yield Used(made, ring, owner)


def test_all_of_it_is_opened(used: Used) -> None:
    found = verify(used.place, used.ring)
    assert (found.people, found.erased, found.values, found.unreadable) == (BORROWERS, 0, used.count(), ())
    other = verify(used.place, Keyring.new())
    assert (other.people, other.values) == (0, 0)
    assert set(other.unreadable) == {"B1/B1", "B2/B2", "B3/B3", "bank_entry 2", "bank_entry 3"}


def test_damage_is_found_wherever_it_is(used: Used) -> None:
    for name, of in NAMES.items():
        where, good = used.value(of)
        for bad in (good[:-1] + bytes((good[-1] ^ 1,)), b"", good[:20], b"\x09" + good[1:]):
            where = used.write(of, where, bad)
            found = verify(used.place, used.ring)
            assert len(found.unreadable) == 1, name
            where = used.write(of, where, good)
    assert verify(used.place, used.ring).unreadable == ()


def test_a_rotation_covers_every_key(used: Used) -> None:
    newer = used.ring.with_new_key()
    assert people.rewrap(newer) == Rewrapped(BORROWERS + 2, ()), "and of the entries of which nobody knows whose"
    assert people.rewrap(newer) == Rewrapped(0, ())
    last = Keyring(newer.active, {newer.active: newer.keys[newer.active]}, newer.index)
    found = verify(used.place, last)
    assert (found.people, found.values, found.unreadable) == (BORROWERS, used.count(), ())


def test_an_entry_whose_key_is_damaged_is_named_and_keeps_no_other(used: Used) -> None:
    used.owner.execute("UPDATE bank_entry SET wrapped_key = 'damaged' WHERE id = 2")
    assert verify(used.place, used.ring).unreadable == ("bank_entry 2",)
    assert people.rewrap(used.ring.with_new_key()) == Rewrapped(BORROWERS + 1, ("bank_entry 2",))


def test_of_the_erased_nothing_opens_and_nothing_is_missing(used: Used) -> None:
    before = used.count()
    chain.erase(used.ring, Borrower.objects.get(borrower_id="B2"), "u1", AT)
    found = verify(used.place, used.ring)
    assert (found.people, found.erased, found.unreadable) == (BORROWERS - 1, 1, ())
    assert found.values < before - 5
    for name in BLIND:
        table, _, column = name.partition(".")
        owner = {"contact_point": "person_id", "mandate": "person_no"}[table]
        text = f"SELECT FROM {table} WHERE {owner} = 2 AND {column} <> ''"
        assert used.owner.execute(text.encode()).fetchall() == [], name
