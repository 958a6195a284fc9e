"""A small store with cases as a night publishes them, written row by row, and acts to ask the gate about."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg.rows import TupleRow

from bench.gate_store import ON, fill
from duecourse.day.asking import Asked
from duecourse.day.decision import Words
from duecourse.day.facts import Told
from duecourse.day.gate import Gate
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests import package

AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # ten to nine hours apart: afternoon in California, morning in China
CONTENT = ("debt_details", "full_collector_line", "opt_out_line", "payment_request")


def filled(place: Place, borrowers: int = 4) -> None:
    """Fill a store with cases: odd numbers live in China and owe the lender, even ones in California and a buyer."""
    fill(place, borrowers)


def message(borrower: int, channel: str = "sms", planned: int | None = None) -> Asked:
    return Asked(
        borrower, "contact", channel, "collection", (f"L{borrower}",), CONTENT, "reminder", planned_act=planned
    )


def words(_: Asked, known: Known, loans: Sequence[Owed], __: date, _key: str) -> Words:
    return Words(known.language, "", f"{loans[0].overdue} is overdue. Reply STOP to end.")


def gate(place: Place, connection: psycopg.Connection[TupleRow], valid: timedelta = timedelta(minutes=1)) -> Gate:
    strategy = package.strategy()
    return Gate(connection, Keyring.read(place.keys), package.law(), strategy, words, "UTC", valid)


def told(fact_id: str, borrower: int, at: datetime = AT) -> Told:
    return Told(fact_id, borrower, at, ON)


def read(connection: psycopg.Connection[TupleRow], text: str, *values: object) -> list[TupleRow]:
    """Read rows in a transaction of their own."""
    with connection.transaction():
        return connection.execute(text.encode(), values).fetchall()
