"""A lender of Demonstria: the office of the endings' tests under the law of the example."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duecourse.endings.listing.readers import Readers
from duecourse.endings.listing.register import Register
from duecourse.endings.many import Office
from duecourse.law.rulebook import Law, load
from tests.endings.conftest import office
from tests.endings.listing.cases import BOOKS, House, moved

__all__ = ["office"]


@pytest.fixture(scope="session")
def law() -> Law:
    return load(only=["cn", "us", "us-ca"], beside=BOOKS)


@pytest.fixture
def house(office: Office, law: Law) -> Iterator[House]:
    moved(office.place)
    key = Ed25519PrivateKey.generate()
    with Office(office.place, office.strategy, law).opened() as opened:
        register = Register(opened, law, key)
        yield House(
            office.place, opened, law, key, register, Readers(opened.connection, opened.ring, register.permission)
        )
