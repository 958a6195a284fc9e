"""What was known: rows recorded later do not count, and once recorded count from their own day on."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from duecourse.book.loaded import LoadedBook
from duecourse.night.moment import Moment
from duecourse.night.replay import replay
from tests.night import books

Rows = dict[str, list[dict[str, Any]]]
ON = date(2026, 3, 10)
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-03-08T12:00:00Z"
LATE_AT = datetime(2026, 3, 8, 12)  # noqa: DTZ001  moments of the tables are UTC without saying so
# One row for each borrower, and what it is: each must change that borrower's plan or position.
CASES: dict[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "payment": lambda b: ("payments", {"payment_id": f"N{b}", "loan_id": b, "paid_on": "2026-02-25", "amount": 700}),
    "reversal": lambda b: (
        "payments",
        {"payment_id": f"N{b}", "loan_id": b, "paid_on": "2026-02-25", "amount": 500, "reverses": f"P{b}"},
    ),
    "charge": lambda b: (
        "charges",
        {"charge_id": b, "loan_id": b, "component": "cost", "amount": 9, "charged_on": "2026-02-25"},
    ),
    "waiver": lambda b: ("waivers", {"waiver_id": b, "loan_id": b, "amount": 9, "waived_on": "2026-02-25"}),
    "write-off": lambda b: ("write_offs", {"write_off_id": b, "loan_id": b, "written_off_on": "2026-02-25"}),
    "schedule": lambda b: ("instalments", {"loan_id": b, "number": 1, "due_on": "2026-02-20", "principal": 40_000}),
    "terms": lambda b: (
        "loans",
        {"loan_id": b, "borrower_id": b, "currency": "USD", "principal": 90_000, "grace_days": 4},
    ),
    "hold": lambda b: ("holds", {"hold_id": b, "borrower_id": b, "kind": "dispute", "from_on": "2026-02-25"}),
    "hold lifted": lambda b: (
        "holds",
        {"hold_id": f"H{b}", "borrower_id": b, "kind": "cease", "from_on": "2026-02-01", "until_on": "2026-03-01"},
    ),
    "contact": lambda b: (
        "contacts",
        {"contact_id": b, "borrower_id": b, "channel": "sms", "happened_at": "2026-03-07T09:00:00Z"},
    ),
    "promise": lambda b: (
        "promises",
        {"promise_id": b, "loan_id": b, "made_on": "2026-03-07", "promised_on": "2026-03-20", "amount": 30_000},
    ),
    "plan": lambda b: ("arrangements", {"arrangement_id": b, "borrower_id": b, "started_on": "2026-02-25"}),
    "death": lambda b: ("borrowers", {"borrower_id": b, "deceased_on": "2026-02-25"}),
    "pause": lambda b: (
        "events",
        {"event_id": b, "kind": "pause", "loan_id": b, "happened_at": "2026-02-11T09:00:00Z"},
    ),
    "acceleration": lambda b: (
        "events",
        {"event_id": b, "kind": "accelerated", "loan_id": b, "happened_at": "2026-02-25T09:00:00Z"},
    ),
    "sale": lambda b: (
        "events",
        {"event_id": b, "kind": "sold", "loan_id": b, "happened_at": "2026-02-25T09:00:00Z"},
    ),
    "notice": lambda b: (
        "notices",
        {"notice_id": b, "borrower_id": b, "kind": "adverse_notice", "served_on": "2026-02-11"},
    ),
}
_OLD = {"notice": "2025-12-20"}  # so late that the notice decides the rung


def base() -> Rows:
    """Return a book with one borrower for each case, who has an instalment overdue and another to come."""
    rows: Rows = {name: [] for name in ("borrowers", "loans", "instalments", "payments", "holds", "events")}
    for name in CASES:
        known = {"recorded_at": EARLY}
        rows["borrowers"].append({"borrower_id": name, "country": "US", **known})
        rows["loans"].append({"loan_id": name, "borrower_id": name, "currency": "USD", "principal": 90_000, **known})
        for number, due in ((1, _OLD.get(name, "2026-02-10")), (2, "2026-04-10")):
            rows["instalments"].append({"loan_id": name, "number": number, "due_on": due, "principal": 30_000, **known})
        rows["payments"].append(
            {"payment_id": f"P{name}", "loan_id": name, "paid_on": "2026-01-20", "amount": 500, **known}
        )
    barred = {"hold_id": "Hhold lifted", "borrower_id": "hold lifted", "kind": "cease", "from_on": "2026-02-01"}
    rows["holds"].append({**barred, "recorded_at": EARLY})
    return rows


def with_cases(recorded_at: str) -> Rows:
    """Return the base book with the row of every case, all recorded at one moment."""
    rows = base()
    for name, make in CASES.items():
        table, row = make(name)
        rows.setdefault(table, []).append({**row, "recorded_at": recorded_at})
    return rows


def outcome(book: LoadedBook, moment: Moment, out: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """Return for each borrower their rows of the plan, and their positions."""
    summary, plan = books.planned(book, books.strategy(), moment, out, law=books.open_law())
    positions = pq.read_table(summary.outputs["positions"]).to_pylist()
    return {
        name: (
            [row for row in plan if row["borrower_id"] == name],
            [row for row in positions if row["borrower_id"] == name],
        )
        for name in CASES
    }


def test_every_table_by_when_it_was_recorded(tmp_path: Path, home: Path) -> None:
    def load(name: str, rows: Rows) -> LoadedBook:
        return books.loaded(books.tiny(tmp_path / name, rows, ON), home)

    late, none = load("late", with_cases(LATE)), load("none", base())
    # Recorded one second after what it is a version of, so that it replaces it.
    early = load("early", with_cases("2026-01-01T00:00:01Z"))
    without = outcome(none, Moment(ON), tmp_path / "1")
    with_all = outcome(early, Moment(ON), tmp_path / "2")
    same = [name for name in CASES if without[name] == with_all[name]]
    assert not same, "these rows change nothing, so they prove nothing"
    before = outcome(late, Moment(ON, LATE_AT - timedelta(microseconds=1)), tmp_path / "3")
    assert before == without
    assert outcome(late, Moment(ON, LATE_AT), tmp_path / "4") == with_all
    # Back-dated or not: once known, a row counts from its own day, however late it was recorded.
    assert outcome(late, Moment(ON), tmp_path / "5") == with_all


def test_a_loan_not_known_yet_is_not_there(tmp_path: Path, home: Path) -> None:
    rows = base()
    for table in ("borrowers", "loans", "instalments", "payments", "holds"):
        for row in rows[table]:
            row["recorded_at"] = LATE
    book = books.loaded(books.tiny(tmp_path / "book", rows, ON), home)
    summary, plan = books.planned(book, books.strategy(), Moment(ON, LATE_AT - timedelta(seconds=1)), tmp_path / "out")
    assert (summary.loans, summary.borrowers, summary.overdue_loans, plan) == (0, 0, 0, [])


def test_a_day_begins_and_ends_in_the_books_zone() -> None:
    day, midnight = date(2026, 3, 29), datetime(2026, 3, 28, 23)  # noqa: DTZ001  Berlin is an hour ahead of UTC
    assert Moment.began(day, "Europe/Berlin").known_until == midnight - timedelta(microseconds=1)
    # The clocks go forward that night: the day has 23 hours.
    ended = Moment.ended(day, "Europe/Berlin").known_until
    assert ended == midnight + timedelta(hours=23) - timedelta(microseconds=1)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, home: Path) -> LoadedBook:
    return books.loaded(books.enriched(tmp_path_factory.mktemp("replay"), 400, 3), home)


def test_a_day_of_a_replay_is_the_run_of_that_day(real: LoadedBook, tmp_path: Path) -> None:
    first = books.MADE_FOR - timedelta(days=33)
    rules = books.strategy()
    done = replay(real, rules, first, first + timedelta(days=3), tmp_path / "scratch", books.OPTIONS)
    assert [day.on for day in done.days] == [first + timedelta(days=place) for place in range(4)]
    for day in done.days[::2]:
        began, _ = books.planned(real, rules, Moment.began(day.on, real.zone), tmp_path / "out")
        ended, _ = books.planned(real, rules, Moment.ended(day.on, real.zone), tmp_path / "out")
        assert day.acts == began.acts
        assert day.stages == {name: number for name, number in began.stages.items() if number}
        assert (day.loans, day.overdue_loans, day.overdue_amount, day.buckets) == (
            ended.loans,
            ended.overdue_loans,
            ended.overdue_amount,
            ended.buckets,
        )
    assert not (tmp_path / "scratch").exists()
