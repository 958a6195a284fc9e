"""A plan comes into force while the day goes on: nothing is judged by half of it, nothing old leaves under it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.rows import TupleRow

from bench.gate_store import ON, history
from duecourse.day.facts import Facts
from duecourse.day.gate import Gate
from duecourse.day.publish import Night, Published, publish
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests.day.cases import AT, filled, gate, message, read, told

Connection = psycopg.Connection[TupleRow]
CASES = (("B2", "US", "US-CA", "America/Los_Angeles", "en"), ("B4", "US", "US-CA", "America/Los_Angeles", "en"))
ACT = {
    "act": "contact", "channel": "sms", "treatment": "reminder_sms", "template": "reminder", "purpose": "collection",
    "team": None, "slot": None, "demands": True, "required": False, "reasons": ["due"],
}  # fmt: skip


def night(folder: Path, on: date, holds: tuple[str, ...] = ()) -> Night:
    """Write what a night leaves of two borrowers, with holds that the book has, and an act for each."""
    text, number, day, yes = pa.string(), pa.int64(), pa.date32(), pa.bool_()
    folder.mkdir()

    def kept(name: str, rows: list[dict[str, object]], schema: pa.Schema | None = None) -> Path:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
        return folder / f"{name}.parquet"

    cases: list[dict[str, object]] = [
        {"borrower_id": whose, "country": country, "region": region, "zones": zones, "language": language,
         "planned_on": on}
        for whose, country, region, zones, language in CASES
    ]  # fmt: skip
    loans: list[dict[str, object]] = [
        {"borrower_id": whose, "loan_id": f"L{whose[1:]}", "currency": "USD", "principal": 1_200_000,
         "lender_type": "consumer_finance", "is_owner": False, "last_due_on": date(2026, 12, 5), "history": history()}
        for whose, *_ in CASES
    ]  # fmt: skip
    before = on - timedelta(days=1)  # it is still that day in Los Angeles
    held: list[dict[str, object]] = [
        {"borrower_id": whose, "hold_id": f"H-{whose}", "kind": "cease", "from_on": before} for whose in holds
    ]
    of_holds = pa.schema([("borrower_id", text), ("hold_id", text), ("kind", text), ("from_on", day)])
    of_loans = pa.schema(
        [
            ("borrower_id", text), ("loan_id", text), ("currency", text), ("principal", number), ("lender_type", text),
            ("is_owner", yes), ("last_due_on", day), ("history", pa.binary()),
        ]
    )  # fmt: skip
    of_plan = pa.schema(
        [
            ("borrower_id", text), ("priority", number), ("act", text), ("channel", text), ("treatment", text),
            ("template", text), ("purpose", text), ("team", text), ("slot", text), ("demands", yes),
            ("required", yes), ("loans", pa.list_(text)), ("reasons", pa.list_(text)),
        ]
    )  # fmt: skip
    plan: list[dict[str, object]] = [
        {"borrower_id": whose, "priority": 1, "loans": [f"L{whose[1:]}"], **ACT} for whose, *_ in CASES
    ]
    files = {
        "collection_case": kept("cases", cases),
        "case_loan": kept("loans", loans, of_loans),
        "holds": kept("holds", held, of_holds),
    }
    return Night(on, "UTC", kept("plan", plan, of_plan), files, {}, f"plan of {on} {holds}", "s", "l")


@pytest.fixture
def connection(store: Place) -> Iterator[Connection]:
    filled(store)
    with store.connected() as found:
        yield found


@pytest.fixture
def opened(store: Place, connection: Connection) -> Gate:
    return gate(store, connection)


@contextmanager
def publishing(store: Place, left: Night) -> Iterator[Future[Published]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(publish, store.url(), left)


def waits(connection: Connection) -> bool:
    """Look for somebody who waits for a lock, for a while."""
    for _ in range(500):
        if read(connection, "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            return True
        read(connection, "SELECT pg_sleep(0.01)")
    return False


def test_it_waits_for_who_holds_a_borrower_and_deadlocks_with_nobody(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    """Another holds a borrower, and takes the plan's acts in its turn: as the gate does."""
    publish(store.url(), night(tmp_path / "one", ON))
    acts = "SELECT id FROM planned_act WHERE state = 'waiting' ORDER BY id FOR NO KEY UPDATE"
    with store.connected() as other:
        other.execute(chain.LOCK, [[2]])
        with publishing(store, night(tmp_path / "two", ON, holds=("B2",))) as found:
            assert waits(connection)
            assert len(other.execute(acts).fetchall()) == 2
            assert read(connection, "SELECT plan_hash FROM plan") == [(f"plan of {ON} ()",)], "nothing of it shows"
            other.commit()
            assert found.result(30).is_new
    assert read(connection, "SELECT kind FROM holds WHERE from_book") == [("cease",)]


def test_a_fact_that_comes_meanwhile_waits_and_is_not_lost(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    with store.connected() as other, store.connected() as third:
        other.execute(chain.LOCK, [[2]])
        with publishing(store, night(tmp_path / "one", ON)) as found, ThreadPoolExecutor(1) as pool:
            assert waits(connection)
            facts = Facts(third, Keyring.read(store.keys), "test")

            def stops() -> None:
                with facts.locked(4):
                    facts.hold(told("H1", 4), "cease", None)

            stopped = pool.submit(stops)
            other.commit()
            assert found.result(30).is_new
            stopped.result(30)
    assert read(connection, "SELECT borrower_no, from_book FROM holds") == [(4, False)]


def test_what_is_queued_under_the_plan_before_it_is_judged_anew(
    store: Place, opened: Gate, connection: Connection, tmp_path: Path
) -> None:
    publish(store.url(), night(tmp_path / "one", ON))
    first, second = (number for (number,) in read(connection, "SELECT id FROM planned_act ORDER BY borrower_no"))
    asked = [message(2, planned=first), message(4, planned=second)]
    assert all(one.is_permitted for one in opened.decide(asked, AT))
    publish(store.url(), night(tmp_path / "two", ON, holds=("B2",)))
    assert read(connection, "SELECT DISTINCT state, why FROM outbox") == [("cancelled", "a new plan came into force")]
    assert read(connection, "SELECT count(*) FROM contacts WHERE NOT from_book AND cancelled_at IS NULL") == [(0,)]
    acts = read(connection, "SELECT id, borrower_no FROM planned_act WHERE state = 'waiting' ORDER BY borrower_no")
    assert [borrower for _, borrower in acts] == [2, 4]
    held, free = opened.decide([message(borrower, planned=number) for number, borrower in acts], AT)
    assert (held.is_permitted, held.reasons[0]) == (False, "hold_cease")
    assert free.is_permitted


def test_what_somebody_is_about_to_send_does_not_leave(
    store: Place, opened: Gate, connection: Connection, tmp_path: Path
) -> None:
    opened.decide([message(2), message(4)], AT)
    with connection.transaction():
        connection.execute("UPDATE outbox SET state = 'sending' WHERE borrower_no = 2")
        connection.execute("UPDATE outbox SET state = 'left' WHERE borrower_no = 4")
    publish(store.url(), night(tmp_path / "one", ON + timedelta(days=1)))
    states = "SELECT state, valid_until < now() - interval '1 year' FROM outbox ORDER BY borrower_no"
    assert read(connection, states) == [("sending", True), ("left", False)]
