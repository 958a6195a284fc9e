"""A store with cases (odd numbers live in China and owe the lender, even ones in California and a buyer), and staff."""

from collections.abc import Iterator

import pytest

from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.store import staff
from duecourse.store.place import Place
from tests import package
from tests.day.cases import AT, filled
from tests.endings.cases import BOSS, ON, STAFF


@pytest.fixture
def office(store: Place) -> Office:
    """Four borrowers, each with a loan of which eleven instalments are overdue."""
    filled(store)
    staff.add("admin", "administrator", by=None, at=AT)
    for name, role in STAFF.items():
        staff.add(name, role, by="admin", at=AT)
    return Office(store, package.strategy(), package.law())


@pytest.fixture
def opened(office: Office) -> Iterator[Opened]:
    with office.opened() as found:
        yield found


@pytest.fixture
def who() -> Who:
    return Who(BOSS, AT, ON)
