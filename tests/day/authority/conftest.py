"""A store with loans that owe a round sum, users of every role, and limits in a currency of the test's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final

import psycopg
import pytest

from duecourse.day.waiving import Waiving
from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Instalment, Loan, Terms
from duecourse.ledger.packed import packed
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests.stores import emptied

ON: Final = date(2026, 11, 20)
AT: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
OWED: Final = 100_000
ROLES: Final = ("collector", "collector", "supervisor", "supervisor", "compliance", "administrator")
_NUMBERS: Final = count(1)


def history() -> bytes:
    """Return a loan of which all has been overdue for a month, and that earns nothing more: principal only."""
    due = (Instalment(1, date(2026, 10, 1), OWED),)
    loan = Loan("L", date(2026, 1, 1), (Terms(principal=OWED),), due)
    return packed(from_loans([loan]), 0)


class World:
    """A borrower with loans in a currency of their own, users, and a connection to ask on."""

    def __init__(self, place: Place, ring: Keyring, loans: int = 2) -> None:
        """Add them to a store."""
        self.place, self.ring, self.number = place, ring, next(_NUMBERS)
        self.connection: psycopg.Connection[Any] = psycopg.connect(place.url(), autocommit=True)
        self.waiving = Waiving(self.connection, ring)
        self.currency = f"X{self.number}"
        self.loans = [f"L{self.number}-{place}" for place in range(loans)]
        self.users = [f"u{self.number}-{place}" for place in range(len(ROLES))]
        with self.connection.transaction():
            self.borrower = self._filled()

    def _filled(self) -> int:
        """Write the rows, and return the borrower's number."""
        ((borrower,),) = self.does(
            "INSERT INTO borrower (borrower_id, language, zones) VALUES (%s, 'en', '{}') RETURNING id",
            f"B{self.number}",
        )
        self.does("INSERT INTO collection_case (borrower_no, planned_on) VALUES (%s, %s)", borrower, ON)
        self.does(
            "INSERT INTO plan (planned_on, plan_hash, strategy_hash, law_hash, zone)"
            " VALUES (%s, '', '', '', 'UTC') ON CONFLICT DO NOTHING",
            ON,
        )
        for loan in self.loans:
            self.does(
                "INSERT INTO case_loan (borrower_no, loan_id, currency, principal, is_owner, history)"
                " VALUES (%s, %s, %s, %s, true, %s)",
                borrower, loan, self.currency, OWED, history(),
            )  # fmt: skip
        for user, role in zip(self.users, ROLES, strict=True):
            self.does("INSERT INTO staff (user_id, role, password) VALUES (%s, %s, '!')", user, role)
        return int(borrower)

    def limit(self, role: str, waiver: int, amount: int = 0, ppm: int = 0, **days: date | None) -> None:
        """Set a limit, from the day of the tests on unless said."""
        self.does(
            "INSERT INTO authority_limit (role, currency, from_on, until_on, waiver_amount, settlement_amount,"
            " settlement_ppm, set_by, set_at) SELECT %s, %s, %s, %s, %s, %s, %s, id, %s FROM staff WHERE user_id = %s",
            role, self.currency, days.get("first") or ON, days.get("last"), waiver, amount, ppm, AT, self.users[-1],
        )  # fmt: skip

    def does(self, statement: str, *values: Any) -> Sequence[tuple[Any, ...]]:
        found = self.connection.execute(statement.encode(), values)
        return found.fetchall() if found.description else []

    def waivers(self) -> list[tuple[Any, ...]]:
        """Return what is waived of the borrower: its id, loan, component and amount."""
        columns = "waiver_id, loan_id, component, amount"
        return list(self.does(f"SELECT {columns} FROM waivers WHERE borrower_no = %s ORDER BY id", self.borrower))

    def entries(self) -> list[tuple[Any, ...]]:
        """Return the entries of the borrower's chain: kind, about and by."""
        return list(self.does('SELECT kind, about, "by" FROM audit_entry WHERE chain = %s ORDER BY seq', self.borrower))


@dataclass
class Made:
    """Makes worlds, and closes their connections."""

    place: Place
    ring: Keyring
    worlds: list[World]

    def __call__(self, loans: int = 2) -> World:
        """Make one."""
        self.worlds.append(World(self.place, self.ring, loans))
        return self.worlds[-1]


@pytest.fixture(scope="module", autouse=True)
def _begun(made: Place) -> None:
    """Begin without what tests of other files have left."""
    emptied(made)


@pytest.fixture
def world(made: Place) -> Iterator[Made]:
    """Give what makes worlds in a store; each is apart from all others, so nothing need be emptied."""
    maker = Made(made, Keyring.read(made.keys), [])
    yield maker
    for one in maker.worlds:
        one.connection.close()
