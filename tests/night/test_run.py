"""What a run leaves behind, and what must be true of every plan."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from duecourse.book.loaded import LoadedBook
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Summary
from tests.night import books

ADVERSE = {"furnish", "list", "sue", "sell"}
ON = books.MADE_FOR


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, home: Path) -> LoadedBook:
    return books.loaded(books.enriched(tmp_path_factory.mktemp("run"), 800, 21), home)


Night_ = tuple[Summary, list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def tonight(book: LoadedBook, tmp_path_factory: pytest.TempPathFactory) -> Night_:
    out = tmp_path_factory.mktemp("out")
    rules = books.edited(out, ("hold_out_ppm: 20000", "hold_out_ppm: 100000"))
    summary, rows = books.planned(book, rules, Moment(ON), out)
    return summary, rows, pq.read_table(summary.outputs["positions"]).to_pylist()


def overdue(row: dict[str, Any]) -> int:
    """Sum what a position has overdue, in minor units."""
    return sum(value for name, value in row.items() if name.endswith("_overdue") and not name.startswith("contract_"))


def test_everybody_overdue_has_a_row(tonight: Night_) -> None:
    _, rows, positions = tonight
    late = {row["borrower_id"] for row in positions if row["days_past_due"] > 0}
    assert len(late) > 50
    assert late <= {row["borrower_id"] for row in rows}


def test_every_row_has_a_reason_and_only_what_is_done_has_a_treatment(tonight: Night_) -> None:
    _, rows, _ = tonight
    for row in rows:
        assert row["reasons"]
        assert (row["treatment"] is None) == (row["act"] == "none")
        assert (row["channel"] is None) == (row["act"] != "contact")
        assert row["loans"] or not (row["demands"] or row["act"] in ADVERSE)
        assert [amount["loan_id"] for amount in row["amounts"] or []] == (row["loans"] or [])


def test_one_contact_for_one_borrower(tonight: Night_) -> None:
    _, rows, _ = tonight
    heard = Counter(row["borrower_id"] for row in rows if row["act"] in {"contact", "settle"})
    assert max(heard.values()) == 1
    # Somebody is noticed, and something that they do not hear of is done beside it, or nothing else.
    assert any(row["required"] for row in rows)


def test_who_is_held_out_is_left_alone_but_for_required_notices(tonight: Night_) -> None:
    _, rows, _ = tonight
    held = [row for row in rows if row["held_out"]]
    acts = Counter((row["act"], row["required"]) for row in held)
    assert acts.keys() <= {("none", False), ("contact", True)}
    assert acts["none", False] > 10
    alone = [row for row in held if row["act"] == "none"]
    assert all(row["reasons"] == ["held_out"] for row in alone)
    assert any(row["next_best"] for row in alone)
    assert {row["assignment_ppm"] for row in held} == {100_000}
    # By the stable hash of docs/concepts/night.md.
    for row in (row for row in rows if row["stage"]):
        drawn = hashlib.md5(f"default-1|hold_out|{row['borrower_id']}".encode(), usedforsecurity=False).hexdigest()
        assert row["held_out"] == (int(drawn[:8], 16) < 100_000 * 2**32 // 1_000_000)  # rounded down


def test_a_required_notice_reaches_who_is_held_out(book: LoadedBook, tmp_path: Path) -> None:
    rules = books.edited(tmp_path, ("hold_out_ppm: 20000", "hold_out_ppm: 1000000"))
    _, rows = books.planned(book, rules, Moment(ON), tmp_path)
    assert {row["act"] for row in rows} == {"none", "contact"}
    assert all(row["held_out"] for row in rows if row["stage"])
    assert {row["reasons"][0] for row in rows if row["act"] == "contact"} == {"required"}
    assert not any(row["next_best"] for row in rows if row["required"])


def test_below_the_floor_nothing_is_demanded(tonight: Night_) -> None:
    _, rows, _ = tonight
    floors = books.strategy().levels["floor"]
    for row in rows:
        if row["demands"] or row["act"] in ADVERSE:
            sums: Counter[str] = Counter()
            for amount in row["amounts"]:
                sums[amount["currency"]] += amount["overdue"]
            assert any(total >= floors.get(currency, 10**15) for currency, total in sums.items()), row
    assert any(row["reasons"] == ["below_floor"] for row in rows)


def test_the_summary_counts_what_is_there(book: LoadedBook, tonight: Night_) -> None:
    summary, rows, positions = tonight
    late = [row for row in positions if row["days_past_due"] > 0]
    assert (summary.loans, summary.borrowers) == (len(positions), len({row["borrower_id"] for row in positions}))
    assert (summary.loans, summary.borrowers) == (book.loans, book.borrowers)
    assert summary.overdue_loans == len(late)
    sums: Counter[str] = Counter()
    for row in late:
        sums[row["currency"]] += overdue(row)
    assert summary.overdue_amount == sums
    assert summary.buckets == Counter(row["bucket"] for row in late)
    assert sum(summary.buckets.values()) == len(late)
    stages = {(row["stage"], row["borrower_id"]) for row in rows if row["stage"]}
    assert {name: n for name, n in summary.stages.items() if n} == Counter(stage for stage, _ in stages)
    done = [row for row in rows if row["act"] != "none"]
    assert summary.acts == Counter(row["channel"] or row["act"] for row in done)
    assert summary.nothing_done == Counter(row["reasons"][0] for row in rows if row["act"] == "none")
    assert json.loads(Path(summary.outputs["plan"]).with_name("manifest.json").read_text()) == asdict(summary)


def test_stale_payments_press_nobody(book: LoadedBook, tmp_path: Path) -> None:
    """Payments are known through the day before the book was made: three days later all is well, four it is not."""
    through = book.payments_complete_through
    assert through == ON - timedelta(days=1)
    for days, stale in ((3, False), (4, True)):
        summary, rows = books.planned(book, books.strategy(), Moment(through + timedelta(days=days)), tmp_path)
        assert summary.payments_stale == stale
        assert any(row["demands"] or row["act"] in ADVERSE for row in rows) != stale
        assert any("payments_stale" in row["reasons"] for row in rows) == stale
        assert "reward" in summary.acts  # what does not press goes on


def test_a_book_that_does_not_say_through_when_it_is_complete_presses_nobody(tmp_path: Path, home: Path) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "loans": [{"loan_id": "L", "borrower_id": "B", "currency": "USD", "principal": 90_000}],
        "instalments": [{"loan_id": "L", "number": 1, "due_on": "2026-01-10", "principal": 30_000}],
    }
    book = books.loaded(books.tiny(tmp_path / "book", rows, None), home)
    summary, planned = books.planned(book, books.strategy(), Moment(date(2026, 1, 12)), tmp_path / "out")
    assert (summary.payments_stale, summary.payments_complete_through) == (True, None)
    assert [(row["act"], row["reasons"]) for row in planned] == [("none", ["payments_stale"])]


class _LostError(Exception):
    """What the test's report raises."""


def lost(_night: Night, folder: Path, _plan_hash: str) -> dict[str, str]:
    """Begin a report and fail."""
    (folder / "report.html").write_text("half", encoding="utf-8")
    raise _LostError


def test_a_run_that_fails_leaves_nothing_and_takes_nothing_away(book: LoadedBook, tmp_path: Path) -> None:
    rules = books.strategy()
    summary, _ = books.planned(book, rules, Moment(ON), tmp_path)
    folder = Path(summary.outputs["plan"]).parent
    assert folder == tmp_path / ON.isoformat()
    before = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for on in (ON, ON + timedelta(days=1)):
        with pytest.raises(_LostError):
            books.planned(book, rules, Moment(on), tmp_path, report=lost)
        assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    # And the next run that works replaces it whole.
    (folder / "left by nobody").write_text("", encoding="utf-8")
    again, _ = books.planned(book, rules, Moment(ON), tmp_path)
    assert again.plan_hash == summary.plan_hash
    assert not (folder / "left by nobody").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
