"""The gate on a real server: what it permits and refuses, what it writes, and what takes back what is queued."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow

from bench.gate_store import ON
from duecourse.day.asking import Window
from duecourse.day.facts import Facts, Money
from duecourse.day.gate import Gate
from duecourse.day.money.agreed import arrange
from duecourse.day.payments.arrangements import Due
from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import whose
from duecourse.store.keys import Keyring, new_key
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.day.cases import AT, filled, gate, message, read, told

WINDOW = Window(AT, AT, ON, ON)
Connection = psycopg.Connection[TupleRow]


@pytest.fixture
def connection(store: Place) -> Iterator[Connection]:
    filled(store)
    with store.connected() as found:
        yield found


@pytest.fixture
def facts(store: Place, connection: Connection) -> Facts:
    return Facts(connection, Keyring.read(store.keys), "test")


@pytest.fixture
def opened(store: Place, connection: Connection) -> Gate:
    return gate(store, connection)


def test_a_permission_writes_contact_verdict_message_and_entry_together(opened: Gate, connection: Connection) -> None:
    (decision,) = opened.decide([message(2)], AT)
    assert decision.is_permitted, decision.reasons
    assert read(connection, "SELECT state, valid_until - released_at FROM outbox") == [("queued", timedelta(minutes=1))]
    assert read(connection, "SELECT channel, happened_at FROM contacts WHERE NOT from_book") == [("sms", AT)]
    assert read(connection, "SELECT is_permitted, loans FROM verdict") == [(True, ["L2"])]
    assert read(connection, "SELECT kind FROM audit_entry WHERE chain = 2") == [("act.released",)]


def test_the_amount_is_that_of_this_second(opened: Gate, facts: Facts) -> None:
    """Eleven instalments of 1,020.00 have fallen due by 20 November, and as many late fees of 5.00 (see gate_store)."""
    (before,) = opened.judged([message(2)], [WINDOW])
    with facts.locked(2):
        facts.payment(told("P1", 2), Money("L2", ON, 100_000, "USD"))
    (after,) = opened.judged([message(2)], [WINDOW])
    assert before.loans[0].overdue - after.loans[0].overdue >= 100_000 - 11 * 10
    assert "paid_since_plan" in after.reasons


def test_what_the_law_refuses_is_written_with_its_rules(opened: Gate, connection: Connection) -> None:
    night = AT + timedelta(hours=15)  # midnight in China
    (decision,) = opened.decide([message(1)], night)
    assert not decision.is_permitted
    assert decision.reasons[0] == "law:cn.cba.hours.night"
    assert read(connection, "SELECT reasons[1], contact_no FROM verdict") == [("law:cn.cba.hours.night", None)]
    assert read(connection, "SELECT kind FROM audit_entry WHERE chain = 1") == [("act.refused",)]
    assert read(connection, "SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ("hold", "hold_dispute"),
        ("withdraw", "channel_refused"),
        ("payment", "paid_since_plan"),
    ],
)
def test_a_fact_takes_back_what_is_queued_and_bars_what_comes(
    opened: Gate, facts: Facts, connection: Connection, fact: str, reason: str
) -> None:
    assert opened.decide([message(2)], AT)[0].is_permitted
    with facts.locked(2):
        if fact == "hold":
            assert facts.hold(told("H1", 2), "dispute")
        elif fact == "withdraw":
            assert facts.withdraw(told("C1", 2), "sms")
        else:
            assert facts.payment(told("P1", 2), Money("L2", ON, 10_000, "USD"))
    assert read(connection, "SELECT state FROM outbox") == [("cancelled",)]
    assert read(connection, "SELECT cancelled_at FROM contacts WHERE NOT from_book") == [(AT,)]
    (decision,) = opened.decide([message(2)], AT + timedelta(minutes=1))
    assert not decision.is_permitted
    assert reason in decision.reasons


def test_a_fact_counts_once(facts: Facts) -> None:
    with facts.locked(2):
        assert facts.hold(told("H1", 2), "dispute")
        assert not facts.hold(told("H1", 2), "dispute")
        assert facts.payment(told("P1", 2), Money("L2", ON, 10_000, "USD"))
        assert not facts.payment(told("P1", 2), Money("L2", ON, 10_000, "USD"))


def test_a_lifted_hold_bars_no_more(opened: Gate, facts: Facts) -> None:
    with facts.locked(2):
        facts.hold(told("H1", 2), "dispute")
    assert not opened.decide([message(2)], AT)[0].is_permitted
    with facts.locked(2):
        assert facts.lift(told("H1", 2))
    found = opened.decide([message(2)], AT + timedelta(days=2))[0]  # the day of the lift is over everywhere
    assert "hold_dispute" not in found.reasons


def test_money_for_somebody_elses_loan_is_refused(facts: Facts) -> None:
    with facts.locked(2), pytest.raises(DueCourseError, match="not in this borrower's case"):
        facts.payment(told("P1", 2), Money("L1", ON, 10_000, "CNY"))
    with facts.locked(2), pytest.raises(DueCourseError, match="is in USD, not in CNY"):
        facts.payment(told("P1", 2), Money("L2", ON, 10_000, "CNY"))


def test_two_acts_of_one_borrower_are_asked_in_turn(opened: Gate) -> None:
    with pytest.raises(DueCourseError, match="ask in turn"):
        opened.decide([message(2), message(2)], AT)


def test_nobody_is_reached_without_a_way(opened: Gate) -> None:
    (decision,) = opened.decide([message(2, "email")], AT)
    assert "no_contact_point" in decision.reasons


def test_a_batch_is_decided_as_each_alone(opened: Gate) -> None:
    found = opened.decide([message(number) for number in (1, 2, 3, 4)], AT)
    assert [one.is_permitted for one in found] == [True] * 4


def test_a_planned_act_is_decided_once(opened: Gate, connection: Connection) -> None:
    with connection.transaction():
        ((number,),) = connection.execute(
            """INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, purpose, demands, required,
                loans) VALUES (%s, 2, 'contact', 'sms', 'reminder_sms', 'collection', true, false, '{L2}')
            RETURNING id""",
            [ON],
        ).fetchall()
    planned = int(str(number))
    assert opened.decide([message(2, planned=planned)], AT)[0].is_permitted
    assert read(connection, "SELECT state FROM planned_act") == [("released",)]
    assert opened.decide([message(2, planned=planned)], AT)[0].reasons == ("not_waiting",)


def test_a_gate_goes_on_after_an_error(opened: Gate) -> None:
    assert opened.decide([message(2)], AT)[0].is_permitted
    with pytest.raises(DueCourseError, match="no borrower number 99"):
        opened.decide([message(99)], AT)
    assert opened.decide([message(4)], AT)[0].is_permitted


def arranged(store: Place, connection: Connection, *dues: Due) -> None:
    """Let borrower 2, who owes 11 instalments, agree upon others."""
    assert arrange(connection, Keyring.read(store.keys), told("A1", 2), "L2", dues, "u-1")


def test_while_an_arrangement_is_kept_the_words_demand_what_is_due_of_it(
    store: Place, opened: Gate, connection: Connection
) -> None:
    arranged(store, connection, Due(ON, 7_000), Due(ON + timedelta(days=30), 1_300_000))
    (decision,) = opened.decide([message(2)], AT)
    assert decision.is_permitted, decision.reasons
    assert decision.words is not None
    assert decision.words.text.startswith("7000 is overdue")
    assert decision.loans[0].overdue > 1_000_000, "the law is asked of what the ledger says"


def test_nobody_is_pressed_while_an_arrangement_is_kept_and_nothing_of_it_is_due(
    store: Place, opened: Gate, connection: Connection
) -> None:
    arranged(store, connection, Due(ON + timedelta(days=9), 1_300_000))
    (decision,) = opened.decide([message(2)], AT)
    assert (decision.is_permitted, decision.reasons[0]) == (False, "arrangement_kept")


def test_a_fact_before_the_people_are_loaded_does_not_hide_them(
    store: Place, opened: Gate, connection: Connection
) -> None:
    """The fact gives the borrower a key, by a person without a name, who then comes first."""
    with psycopg.connect(store.server.url(ADMIN)) as admin:
        admin.execute("UPDATE person SET id = id + 1000 WHERE borrower_id = 2")
        admin.execute("UPDATE contact_point SET person_id = 1002 WHERE person_id = 2")
    ring = Keyring.read(store.keys)
    wrapped = ring.wrap(new_key(), whose("B2", "audit:1"))
    with connection.transaction():
        connection.execute(
            "INSERT INTO person (id, borrower_id, person_id, relation, key_id, wrapped_key)"
            " VALUES (900, 2, 'audit:1', 'borrower', %s, %s)",
            [wrapped.key_id, wrapped.sealed],
        )
    (decision,) = opened.decide([message(2)], AT)
    assert decision.is_permitted, decision.reasons
