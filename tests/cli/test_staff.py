"""`duecourse staff`, `waive`, `offer` and `approve`: what an administrator and their people type."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Instalment, Loan, Terms
from duecourse.ledger.packed import packed
from duecourse.store.place import Place
from tests.cli.conftest import Commands, assert_one_line
from tests.stores import running

OWED = 100_000


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """Give a store of one borrower with one loan that owes 1000.00."""
    with running() as place:
        folder = place.folder
        due = (Instalment(1, date(2026, 1, 1), OWED),)
        history = packed(from_loans([Loan("L1", date(2025, 1, 1), (Terms(principal=OWED),), due)]), 0)
        with psycopg.connect(place.url()) as connection:
            connection.execute("INSERT INTO borrower (id, borrower_id, language, zones) VALUES (1, 'B1', 'en', '{}')")
            connection.execute("INSERT INTO collection_case (borrower_no, planned_on) VALUES (1, '2026-02-01')")
            connection.execute(
                "INSERT INTO plan (planned_on, plan_hash, strategy_hash, law_hash, zone)"
                " VALUES ('2026-02-01', '', '', '', 'Asia/Shanghai')"
            )
            connection.execute(
                "INSERT INTO case_loan (borrower_no, loan_id, currency, principal, is_owner, history)"
                " VALUES (1, 'L1', 'USD', %s, true, %s)",
                [OWED, history],
            )
        yield folder


def test_a_day_with_two_people(duecourse: Commands, store: Path) -> None:
    at = ("--store", store)
    assert duecourse("staff", "add", "root", "--role", "administrator", *at).out == "root is now administrator\n"
    assert_one_line(duecourse("staff", "add", "c1", "--role", "collector", *at), "name an active user")
    for user, role in (("c1", "collector"), ("s1", "supervisor"), ("s2", "supervisor")):
        assert duecourse("staff", "add", user, "--role", role, "--by", "root", *at).code == 0
    amounts = ("--settlement", 9_000, "--settlement-ppm", 300_000, "--by", "root", *at)
    assert duecourse("staff", "limit", "collector", "USD", "--waiver", 500, *amounts).code == 0
    assert duecourse("staff", "limit", "supervisor", "USD", "--waiver", 5_000, *amounts).code == 0
    told = duecourse("staff", "list", "--json", *at).json
    assert [(one["user"], one["role"]) for one in told["users"]] == [
        ("c1", "collector"), ("root", "administrator"), ("s1", "supervisor"), ("s2", "supervisor"),
    ]  # fmt: skip
    assert [one["waiver_amount"] for one in told["limits"]] == [500, 5_000]
    assert duecourse("waive", "L1", 300, "--by", "c1", *at).out == "request 1: it is in force\n"
    waits = duecourse("waive", "L1", 900, "--component", "principal", "--by", "c1", *at)
    assert waits.out == "request 2: it waits for a second person: `duecourse approve 2`\n"
    assert [one["request"] for one in duecourse("approve", "--json", *at).json] == [2]
    assert_one_line(duecourse("approve", 2, "--by", "c1", *at), "somebody else decides it")
    assert_one_line(duecourse("approve", 2, *at), "who decides?")
    assert duecourse("approve", 2, "--by", "s1", *at).out == "request 2: it was granted, and is in force\n"
    again = duecourse("approve", 2, "--by", "s2", *at)
    assert (again.code, again.out) == (1, "request 2: it was granted, and is in force\n")
    assert duecourse("approve", *at).out == "nothing waits\n"
    assert_one_line(duecourse("waive", "L1", OWED, "--by", "c1", *at), "owes 98800 USD")
    with psycopg.connect(Place(store, None, store / "keys.json").url()) as connection:
        rows = connection.execute("SELECT amount, waived_on FROM waivers ORDER BY id").fetchall()
    today = (datetime.now(UTC) + timedelta(hours=8)).date()  # of the plan's zone, Shanghai; unless midnight just passed
    assert [amount for amount, _ in rows] == [300, 900]
    assert all(today - waived <= timedelta(days=1) for _, waived in rows)
    an_offer_and_its_refusal(duecourse, store)
    somebody_who_left(duecourse, store)


def an_offer_and_its_refusal(duecourse: Commands, store: Path) -> None:
    at = ("--store", store)
    by = date(2199, 1, 1)
    assert duecourse("offer", "L1", 92_000, "--pay-by", by, "--by", "s1", *at).out.endswith("it is in force\n")
    waits = duecourse("offer", "L1", 95_000, "--pay-by", by, "--by", "s1", "--json", *at)
    assert_one_line(waits, "loan L1 has an offer that stands until 2199-01-01")


def somebody_who_left(duecourse: Commands, store: Path) -> None:
    at = ("--store", store)
    assert duecourse("staff", "change", "s2", "--ended", "--by", "root", *at).out == "s2 was changed\n"
    assert_one_line(duecourse("waive", "L1", 5, "--by", "s2", *at), "no active user")
    assert "s2" in duecourse("staff", "list", *at).out
