"""Arrangements and promises of the store: what may be demanded meanwhile, and what broke when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from duecourse.day.facts import Facts, Told
from duecourse.day.facts import Money as Paid
from duecourse.day.known import read
from duecourse.day.money.agreed import Demand, arrange, demands, note_broken
from duecourse.day.money.promised import standings
from duecourse.day.money.when import When
from duecourse.day.owed import owed
from duecourse.day.payments.arrangements import Due
from duecourse.day.worker import Noting
from duecourse.kernel.errors import DueCourseError
from duecourse.store.line import Line
from tests.day.money.conftest import AT, DUE, ON, WHEN, Money

LOAN = "LOAN-00001"
SCHEDULE = (Due(date(2026, 12, 1), 60_000), Due(date(2027, 1, 1), 60_000), Due(date(2027, 2, 1), 84_000))
TOLD = Told("A-1", 1, AT, ON)


def demanded(money: Money, on: date) -> Demand:
    with money.connection.transaction():
        (case,) = read(Line(money.connection, keeps=False), [1]).cases.values()
        return demands(money.connection, 1, owed(list(case.loans.values()), on), on)[LOAN]


def pay(money: Money, name: str, on: date, amount: int, reverses: str | None = None) -> None:
    facts = Facts(money.connection, money.ring, "bank")
    with facts.locked(1):
        at = datetime(on.year, on.month, on.day, 8, tzinfo=UTC)
        assert facts.payment(Told(name, 1, at, on), Paid(LOAN, on, amount, "EUR", reverses))


def on_day(on: date) -> When:
    return replace(WHEN, on=on, at=datetime(on.year, on.month, on.day, 8, tzinfo=UTC))


def test_while_an_arrangement_is_kept_its_instalments_are_the_demand(money: Money) -> None:
    assert demanded(money, ON).amount == 2 * DUE
    assert arrange(money.connection, money.ring, TOLD, LOAN, SCHEDULE, "u-1")
    assert not arrange(money.connection, money.ring, TOLD, LOAN, SCHEDULE, "u-1")
    assert (demanded(money, ON).amount, demanded(money, ON).arrangement_id) == (0, "A-1")
    assert demanded(money, date(2026, 12, 1)).amount == 60_000
    pay(money, "P1", date(2026, 12, 2), 45_000)
    assert demanded(money, date(2026, 12, 3)).amount == 15_000
    assert money.rows("SELECT kind FROM audit_entry WHERE chain = 1 ORDER BY seq")[0] == ("arrangement.made",)


def test_what_broke_is_broken_from_its_day_by_a_version(money: Money) -> None:
    arrange(money.connection, money.ring, TOLD, LOAN, SCHEDULE, "u-1")
    last = date(2026, 12, 4)  # three days of grace
    assert note_broken(money.connection, money.ring, on_day(last)) == ()
    when = on_day(last + timedelta(days=1))
    assert demanded(money, when.on).amount > 60_000, "a broken one says nothing any more, noted or not"
    assert note_broken(money.connection, money.ring, when) == ("A-1",)
    versions = money.rows("SELECT broken_on, replaced_at FROM arrangements ORDER BY id")
    assert versions == [(None, when.at), (date(2026, 12, 5), None)]
    kinds = [kind for (kind,) in money.rows("SELECT kind FROM audit_entry WHERE chain = 1 ORDER BY seq")]
    assert kinds == ["arrangement.made", "arrangement.broken"]
    pay(money, "P1", date(2026, 12, 6), 60_000)
    assert note_broken(money.connection, money.ring, on_day(date(2026, 12, 7))) == ()
    assert len(money.rows("SELECT FROM arrangements")) == 2
    assert arrange(money.connection, money.ring, replace(TOLD, fact_id="A-2"), LOAN, SCHEDULE, "u-1")


def test_a_payment_that_came_back_breaks_it(money: Money) -> None:
    arrange(money.connection, money.ring, TOLD, LOAN, SCHEDULE, "u-1")
    pay(money, "P1", date(2026, 12, 1), 60_000)
    assert note_broken(money.connection, money.ring, on_day(date(2026, 12, 8))) == ()
    pay(money, "P2", date(2026, 12, 9), 60_000, reverses="P1")
    assert note_broken(money.connection, money.ring, on_day(date(2026, 12, 9))) == ("A-1",)


@pytest.mark.parametrize(
    ("loan", "schedule"),
    [(LOAN, ()), (LOAN, SCHEDULE[::-1]), (LOAN, (Due(date(2026, 11, 1), 5),)), ("LOAN-00002", SCHEDULE)],
    ids=["nothing", "not in order", "before", "somebody else's"],
)
def test_an_arrangement_that_makes_no_sense_is_refused(money: Money, loan: str, schedule: tuple[Due, ...]) -> None:
    with pytest.raises(DueCourseError):
        arrange(money.connection, money.ring, TOLD, loan, schedule, "u-1")
    assert money.rows("SELECT FROM arrangements") == []


def test_a_second_arrangement_for_a_loan_is_refused_while_one_stands(money: Money) -> None:
    arrange(money.connection, money.ring, TOLD, LOAN, SCHEDULE, "u-1")
    with pytest.raises(DueCourseError, match="that stands"):
        arrange(money.connection, money.ring, replace(TOLD, fact_id="A-2"), LOAN, SCHEDULE, "u-1")
    assert len(money.rows("SELECT FROM arrangement_due")) == 3


def test_a_reversal_is_of_a_whole_payment_and_once(money: Money) -> None:
    pay(money, "P1", ON, 5_000)
    for name, amount, reverses in (("P2", 4_000, "P1"), ("P2", 5_000, "P9")):
        with pytest.raises(DueCourseError):
            pay(money, name, ON, amount, reverses)
    pay(money, "P2", ON, 5_000, "P1")
    with pytest.raises(DueCourseError, match="taken back before"):
        pay(money, "P3", ON, 5_000, "P1")


def test_promises_are_judged_by_what_was_paid(money: Money) -> None:
    facts = Facts(money.connection, money.ring, "desk")
    for name, amount, days, loan in (("Q1", 5_000, 2, LOAN), ("Q2", 3_000, 4, None), ("Q3", 9_000, 30, LOAN)):
        with facts.locked(1):
            facts.promise(Told(name, 1, AT, ON), amount, ON + timedelta(days=days), loan)
    with facts.locked(2):
        facts.promise(Told("Q4", 2, AT, ON), 1_000, ON)
    pay(money, "P1", ON + timedelta(days=1), 5_000)
    pay(money, "P2", ON + timedelta(days=2), 1_000)

    def told(days: int) -> dict[str, str]:
        judged = standings(money.connection, ON + timedelta(days=days), 1)
        return {one.promise_id: one.kept for _, found in judged for one in found.standings}

    assert told(5) == {"Q1": "kept", "Q2": "open", "Q3": "open", "Q4": "broken"}
    assert told(6)["Q2"] == "broken"
    pay(money, "P3", ON + timedelta(days=3), 5_000, reverses="P1")
    assert told(6)["Q1"] == "broken"
    money.connection.execute(
        "INSERT INTO case_loan (borrower_no, loan_id, currency, principal, is_owner, history)"
        " SELECT 1, 'L-USD', 'USD', 1, true, history FROM case_loan WHERE borrower_no = 1"
    )
    assert "Q2" not in told(6), "in which currency it was, nobody can tell"


def test_the_day_notes_what_broke_by_itself(money: Money) -> None:
    arrange(money.connection, money.ring, TOLD, LOAN, SCHEDULE, "u-1")
    at = datetime(2026, 12, 4, 8, tzinfo=UTC)
    noting = Noting(money.connection, money.ring, ZoneInfo("Europe/Berlin"), lambda: at)
    assert noting.step() == 0, "three days of grace"
    at += timedelta(hours=15)  # the next day, in Berlin
    assert [noting.step(), noting.step()] == [1, 0]
    assert money.rows("SELECT broken_on FROM arrangements WHERE replaced_at IS NULL") != [(None,)]
