"""A store with three borrowers, each with a case and a loan of which two instalments are overdue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from psycopg import Connection

from duecourse.day.money.taking import File, Taking, take
from duecourse.day.money.when import When
from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Instalment, Loan, Terms
from duecourse.ledger.packed import packed
from duecourse.store import people
from duecourse.store.keys import Keyring
from duecourse.store.people import Known
from duecourse.store.place import Place

ON: Final = date(2026, 11, 20)
AT: Final = datetime(2026, 11, 20, 9, tzinfo=UTC)
WHEN: Final = When(AT, ON, "bank")
DUE: Final = 102_000  # of each instalment: 1000.00 of principal and 20.00 of interest
_COUNTRIES: Final = ("DE", "DE", "GB")
_CASE: Final = """
INSERT INTO collection_case (borrower_no, country, zones, language, born_on, stage, planned_on)
VALUES (%s, %s, ARRAY['Europe/Berlin'], 'de', '1985-05-05', 'early', %s)"""
_LOAN: Final = """
INSERT INTO case_loan (borrower_no, loan_id, product, currency, principal, opened_on, lender_type, is_owner,
    last_due_on, history)
VALUES (%s, %s, 'consumer_loan', %s, 1200000, '2026-01-05', 'bank', true, '2026-12-05', %s)"""


@dataclass(frozen=True)
class Money:
    """A store that is connected to, with what tests ask of it."""

    connection: Connection[Any]
    ring: Keyring

    def take(self, content: bytes, name: str = "bank.xml", when: When = WHEN, **more: Any) -> Taking:
        return take(self.connection, self.ring, File(content, name, **more), when)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement.encode(), values).fetchall()

    def paid(self) -> list[tuple[Any, ...]]:
        """Return all payments: loan, amount, day, and whether it takes another back."""
        return self.rows(
            "SELECT loan_id, amount, paid_on, reverses IS NOT NULL FROM payments ORDER BY loan_id, reverses IS NULL,"
            " paid_on, amount"
        )

    def waiting(self) -> dict[str, int]:
        """Return how many entries wait, by their reason."""
        return dict(
            self.rows("SELECT reason, count(*) FROM bank_entry WHERE state = 'unmatched' GROUP BY 1 ORDER BY 1")
        )

    def everything(self) -> dict[str, Any]:
        """Return what importing can change, but for what is sealed anew each time."""
        return {
            "entries": self.rows("SELECT entry_id, state, reason, rule, borrower_no FROM bank_entry ORDER BY 1"),
            "payments": self.rows("SELECT payment_id, loan_id, amount, paid_on, reverses FROM payments ORDER BY 1"),
            "debits": self.rows("SELECT end_to_end_id, state, reason, payment_id FROM debit ORDER BY 1"),
            "chain": self.rows("SELECT chain, kind, about FROM audit_entry ORDER BY 1, 2, 3"),
        }


def history() -> bytes:
    """Return a loan of twelve instalments, of which all but the last two were paid before the night."""
    due = [date(2026, month, 5) for month in range(1, 13)]
    loan = Loan(
        "L",
        due[0] - timedelta(days=30),
        (Terms(principal=1_200_000),),
        tuple(Instalment(number, day, 100_000, 2_000) for number, day in enumerate(due[9:], 1)),
    )
    return packed(from_loans([loan]), 0)


@pytest.fixture
def money(store: Place, ring: Keyring) -> Iterator[Money]:
    with store.connected() as connection:
        connection.autocommit = True
        connection.execute(
            "INSERT INTO plan (planned_on, plan_hash, strategy_hash, law_hash, zone, published_at)"
            " VALUES (%s, '', '', '', 'Europe/Berlin', '2026-11-20 01:00Z')",
            [ON],
        )
        packed_history = history()
        for number, country in enumerate(_COUNTRIES, 1):
            person = people.add(ring, f"B{number}", f"B{number}", "borrower", Known(f"Name {number}", ()))
            assert person.borrower.pk == number
            connection.execute(_CASE, [number, country, ON])
            connection.execute(_LOAN, [number, f"LOAN-{number:05}", "EUR", packed_history])
        yield Money(connection, ring)
