"""Real loans: Kiva's book against a count of its files that shares nothing with this project.

The count walks the schedule of each loan with what was paid by the day: an instalment is unmet while the sum of what
was due until it is more than what was paid.
"""

import csv
import os
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from duecourse.book.load import load
from duecourse.book.loaded import LoadedBook
from duecourse.night.moment import Moment
from duecourse.night.replay import replay
from tests.night import books

SHELF = os.environ.get("DUECOURSE_SHELF")
pytestmark = pytest.mark.skipif(SHELF is None, reason="DUECOURSE_SHELF is not set: no real data")
DATA = Path(SHELF or ".") / "data" / "kiva"
EXAMPLES = Path(__file__).parents[2] / "examples" / "kiva"
SCHEDULES = {"book": "local_payments.csv", "book-scheduled": "scheduled_payments.csv"}
DAYS = (date(2007, 3, 1), date(2006, 8, 15), date(2007, 1, 31), date(2007, 10, 1), date(2008, 4, 30))


def rows(name: str) -> list[dict[str, str]]:
    """Read one of the files."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


Sums = dict[str, list[tuple[date, Decimal]]]


def by_loan(name: str, day: str) -> Sums:
    """Return (day, amount) of a file's rows by loan, in order of the days."""
    found: Sums = {}
    for row in rows(name):
        if row[day]:
            found.setdefault(row["loan_id"], []).append((date.fromisoformat(row[day][:10]), Decimal(row["amount"])))
    return {loan: sorted(pairs, key=lambda pair: pair[0]) for loan, pairs in found.items()}


def counted(kept: set[str], schedule: Sums, payments: Sums, on: date) -> tuple[int, Decimal, Counter[str]]:
    """Count loans overdue, what they have overdue, and their buckets."""
    number, total, buckets = 0, Decimal(0), Counter[str]()
    for loan in kept:
        paid = sum((amount for day, amount in payments.get(loan, []) if day <= on), Decimal(0))
        fallen = [(day, amount) for day, amount in schedule.get(loan, []) if day < on]
        due, oldest = Decimal(0), None
        for day, amount in fallen:
            due += amount
            if oldest is None and due > paid:
                oldest = day
        if oldest is not None:
            number += 1
            total += due - paid
            days = (on - oldest).days
            buckets["1-29" if days < 30 else "30-59" if days < 60 else "60-89" if days < 90 else "90+"] += 1
    return number, total, buckets


@pytest.fixture(scope="module")
def kiva(home: Path) -> dict[str, LoadedBook]:
    return {name: load(EXAMPLES / f"{name}.toml", DATA, home / name, threads=2, memory="2GB") for name in SCHEDULES}


def test_counts_on_both_schedules(kiva: dict[str, LoadedBook], tmp_path: Path) -> None:
    kept = {row["id"] for row in rows("loans.csv") if row["status"] in {"paid", "defaulted"}}
    payments = by_loan("payments.csv", "processed_date")
    rules = books.strategy()
    for name, file in SCHEDULES.items():
        schedule = by_loan(file, "due_date")
        night = books.opened(kiva[name], rules)
        try:
            for on in DAYS:
                night.positions(Moment(on), tmp_path / name / on.isoformat())
                found = night.engine.rows(night.engine.table("positions"))
                late = [row for row in found if row["days_past_due"] > 0]
                number, total, buckets = counted(kept, schedule, payments, on)
                assert len(found) == len(kept)
                assert len(late) == number, (name, on)
                owed = sum(row["principal_overdue"] for row in late)
                assert Decimal(owed) == total * 100, (name, on)
                assert Counter(row["bucket"] for row in late) == buckets, (name, on)
        finally:
            night.engine.close()


def test_the_figures_of_the_issue(kiva: dict[str, LoadedBook], tmp_path: Path) -> None:
    summary, _ = books.planned(kiva["book"], books.strategy(), Moment(DAYS[0]), tmp_path)
    assert summary.overdue_loans == 372
    assert summary.overdue_amount == {"USD": 3_715_794}
    assert summary.buckets == {"1-29": 148, "30-59": 114, "60-89": 56, "90+": 54}
    assert summary.left_out["loans"] + summary.loans == len(rows("loans.csv"))


def test_a_replay_of_ten_days_is_the_runs_of_those_days(kiva: dict[str, LoadedBook], tmp_path: Path) -> None:
    """The figures of every other day against a run at its end, the acts of the others against one at their start."""
    book, rules = kiva["book"], books.strategy()
    first = date(2007, 2, 24)
    done = replay(book, rules, first, first + timedelta(days=9), tmp_path / "scratch", books.OPTIONS)
    assert len(done.days) == 10
    for place, day in enumerate(done.days):
        if place % 2:
            ended, _ = books.planned(book, rules, Moment.ended(day.on, book.zone), tmp_path / "out")
            assert (day.loans, day.overdue_loans, day.overdue_amount, day.buckets) == (
                ended.loans,
                ended.overdue_loans,
                ended.overdue_amount,
                ended.buckets,
            )
        else:
            began, _ = books.planned(book, rules, Moment.began(day.on, book.zone), tmp_path / "out")
            assert day.acts == began.acts
            assert day.stages == {name: number for name, number in began.stages.items() if number}
