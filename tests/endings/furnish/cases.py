"""Borrowers who can be reported: with full names, birthdays and addresses, told in time of what will be reported."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

from duecourse.endings.furnish.changes import Changes
from duecourse.endings.furnish.gathering import Order
from duecourse.endings.furnish.settings import Furnishing, read
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.store.bound import name_place, point_place, whose
from duecourse.store.keys import Wrapped, seal
from tests.endings.cases import ON

SETTINGS: Final[Furnishing] = read(Path(__file__).parents[3] / "examples" / "furnish.toml")
NAMES: Final = {1: "王芳", 2: "Maria Del Mar López", 3: "李娜", 4: "John Q Public"}
ADDRESSES: Final = {
    1: "杭州市西湖区文三路1号",
    2: "12 Main Street\nApt 4\nFresno, CA 93701",
    3: "宁波市海曙区中山路2号",
    4: "7 Oak Avenue\nSan Diego, CA 92101-0001",
}
_KEY: Final = """
SELECT p.key_id, p.wrapped_key, b.borrower_id, p.person_id FROM person p JOIN borrower b ON b.id = p.borrower_id
WHERE p.id = %s"""
_POINT: Final = """
INSERT INTO contact_point (person_id, kind, value, blind) VALUES (%s, 'address', '', %s) RETURNING id"""


def named(opened: Opened) -> None:
    """Give the four borrowers of the store a full name and an address."""
    with opened.connection.transaction():
        for number, name in NAMES.items():
            row = opened.connection.execute(_KEY, [number]).fetchone()
            assert row is not None
            key = opened.ring.unwrap(Wrapped(row[0], bytes(row[1])), whose(row[2], row[3]))
            sealed = seal(key, name, name_place(number))
            opened.connection.execute("UPDATE person SET name = %s WHERE id = %s", [sealed, number])
            blind = opened.ring.blind("address", ADDRESSES[number])
            made = opened.connection.execute(_POINT, [number, blind]).fetchone()
            assert made is not None
            value = seal(key, ADDRESSES[number], point_place("address", made[0]))
            opened.connection.execute("UPDATE contact_point SET value = %s WHERE id = %s", [value, made[0]])


def noticed(office: Office, opened: Opened, who: Who, loans: list[str], days: int = 20) -> None:
    """Have notices served some days before, of which nobody knows that they arrived."""
    changes = Changes(opened, office.law, who)
    for loan in loans:
        assert changes.notice(loan, ON - timedelta(days=days))


def order(who: Who, run: str = "2026-11") -> Order:
    return Order(run, SETTINGS, who)


def day(text: str) -> date:
    return date.fromisoformat(text)
