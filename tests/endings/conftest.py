"""A store with cases (odd numbers live in China and owe the lender, even ones in California and a buyer), and staff."""

from collections.abc import Iterator

import pytest

from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.law.kept import law_of, users_folder
from duecourse.night import facts
from duecourse.store import staff
from duecourse.store.place import Place
from duecourse.strategy.load import load
from tests.day.cases import AT, filled
from tests.endings.cases import BOSS, ON, STAFF
from tests.store.conftest import made, ring, store

__all__ = ["made", "ring", "store"]


@pytest.fixture
def office(store: Place) -> Office:
    """Four borrowers, each with a loan of which eleven instalments are overdue."""
    filled(store)
    staff.add("admin", "administrator", by=None, at=AT)
    for name, role in STAFF.items():
        staff.add(name, role, by="admin", at=AT)
    return Office(store, load(None, facts.CATALOGUE.kinds), law_of((), users_folder()))


@pytest.fixture
def opened(office: Office) -> Iterator[Opened]:
    with office.opened() as found:
        yield found


@pytest.fixture
def who() -> Who:
    return Who(BOSS, AT, ON)
