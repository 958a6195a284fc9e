"""The plan's hash: equal for equal input however it is worked out, and another as soon as anything that matters is."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from duecourse.book.loaded import LoadedBook
from duecourse.night import position
from duecourse.night.moment import Moment
from duecourse.night.run import Options
from tests.night import books

ON = date(2026, 2, 10)
NIGHT = Moment(books.MADE_FOR)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return books.enriched(tmp_path_factory.mktemp("hash"), 400, 3)


@pytest.fixture(scope="module")
def book(made: Path, home: Path) -> LoadedBook:
    return books.loaded(made, home)


def test_threads_ranges_and_runs_make_no_difference(
    book: LoadedBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads, loans_at_a_time in ((1, 65_536), (1, 65_536), (4, 37)):
        monkeypatch.setattr(position, "RANGE", loans_at_a_time)
        options = Options(threads=threads, memory="2GB")
        summary, rows = books.planned(book, books.strategy(), NIGHT, tmp_path, options=options)
        found.append((summary.plan_hash, rows))
    assert len(found[0][1]) > 100
    assert all(one == found[0] for one in found)


def test_parts_of_a_book_side_by_side_make_no_difference(book: LoadedBook, tmp_path: Path) -> None:
    def night(parts: int, moment: Moment) -> tuple[Any, ...]:
        options = Options(threads=2, memory="2GB", parts=parts)
        summary, rows = books.planned(book, books.strategy(), moment, tmp_path / str(parts), options=options)
        due = pq.read_table(summary.outputs["duties"]).to_pylist()
        counts = (summary.refused, summary.refused_from_memory, summary.duties, summary.duties_overdue, summary.acts)
        return summary.plan_hash, rows, due, counts

    for parts, moment in ((5, NIGHT), (2, Moment.ended(ON, "UTC"))):
        whole = night(1, moment)
        assert len(whole[1]) > 100
        assert whole[2]
        assert night(parts, moment) == whole


def test_the_order_of_rows_and_the_cut_into_files_make_no_difference(
    made: Path, book: LoadedBook, tmp_path: Path, home: Path
) -> None:
    text = made.read_text(encoding="utf-8")
    (tmp_path / "book").mkdir()
    dice = random.Random(1)
    for path in sorted(made.parent.glob("*.parquet")):
        table = pq.read_table(path)
        order = dice.sample(range(table.num_rows), table.num_rows)
        shuffled = table.take(order)
        third = table.num_rows // 3 + 1
        for place in range(3):
            part = shuffled.slice(place * third, third)
            pq.write_table(part, tmp_path / "book" / f"{path.stem}-{2 - place}.parquet")
        text = text.replace(f'"{path.name}"', f'"{path.stem}-*.parquet"')
    (tmp_path / "book" / "book.toml").write_text(text, encoding="utf-8")
    other = books.loaded(tmp_path / "book" / "book.toml", home)
    rows_of = {name: counts.kept for name, counts in book.tables.items()}
    assert {name: counts.kept for name, counts in other.tables.items()} == rows_of
    one, rows = books.planned(book, books.strategy(), NIGHT, tmp_path / "one")
    two, same = books.planned(other, books.strategy(), NIGHT, tmp_path / "two")
    assert (one.plan_hash, rows) == (two.plan_hash, same)


OLD = "2025-12-10T10:00:00Z"
# Two loans of which something is overdue; and one that is paid, with a row in every table: so all books of the test
# have rows in the same tables, and what is compiled for the first serves for all.
BASE: dict[str, list[dict[str, Any]]] = {
    "borrowers": [{"borrower_id": f"B{number}", "country": "US"} for number in (1, 2, 3)],
    "loans": [
        {"loan_id": f"L{number}", "borrower_id": f"B{number}", "currency": "USD", "principal": 90_000,
         "opened_on": "2025-12-01"}
        for number in (1, 2, 3)
    ],
    "instalments": [
        *(
            {"loan_id": loan, "number": number, "due_on": due, "principal": 30_000}
            for loan in ("L1", "L2")
            for number, due in ((1, "2026-01-20"), (2, "2026-02-20"), (3, "2026-03-20"))
        ),
        {"loan_id": "L3", "number": 1, "due_on": "2025-12-15", "principal": 90_000},
    ],
    "payments": [
        {"payment_id": "P1", "loan_id": "L1", "paid_on": "2026-01-25", "amount": 100},
        {"payment_id": "P3", "loan_id": "L3", "paid_on": "2025-12-15", "amount": 90_000},
    ],
    "charges": [{"charge_id": "K3", "loan_id": "L3", "component": "fee", "amount": 1, "charged_on": "2025-12-16"}],
    "waivers": [{"waiver_id": "W3", "loan_id": "L3", "amount": 1, "waived_on": "2025-12-16"}],
    "holds": [
        {"hold_id": "H3", "borrower_id": "B3", "kind": "dispute", "from_on": "2025-12-02", "until_on": "2025-12-03"}
    ],
    "contacts": [{"contact_id": "C3", "borrower_id": "B3", "channel": "sms", "happened_at": OLD}],
    "promises": [
        {"promise_id": "R3", "loan_id": "L3", "made_on": "2025-12-10", "promised_on": "2025-12-15", "amount": 5}
    ],
    "arrangements": [
        {"arrangement_id": "A3", "borrower_id": "B3", "started_on": "2025-12-02", "ended_on": "2025-12-03"}
    ],
    "events": [{"event_id": "E3", "kind": "pause", "loan_id": "L3", "happened_at": OLD}],
    "people": [{"person_id": "G3", "borrower_id": "B3", "relation": "guarantor"}],
}  # fmt: skip
# What is added to the book, and each must show: rows by table, each replacing nothing.
MATTERS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "a payment": {"payments": [{"payment_id": "P2", "loan_id": "L2", "paid_on": "2026-02-10", "amount": 1}]},
    "a reversal": {
        "payments": [{"payment_id": "P2", "loan_id": "L1", "paid_on": "2026-02-01", "amount": 100, "reverses": "P1"}]
    },
    "a charge": {
        "charges": [{"charge_id": "K", "loan_id": "L1", "component": "fee", "amount": 1, "charged_on": "2026-02-01"}]
    },
    "a waiver": {"waivers": [{"waiver_id": "W", "loan_id": "L1", "amount": 1, "waived_on": "2026-02-01"}]},
    "a hold": {"holds": [{"hold_id": "H", "borrower_id": "B1", "kind": "dispute", "from_on": "2026-02-10"}]},
    "a contact": {
        "contacts": [{"contact_id": "C", "borrower_id": "B1", "channel": "sms", "happened_at": "2026-02-09T10:00:00Z"}]
    },
    "a promise": {
        "promises": [
            {"promise_id": "R", "loan_id": "L1", "made_on": "2026-02-09", "promised_on": "2026-02-11", "amount": 5}
        ]
    },
    "a plan": {"arrangements": [{"arrangement_id": "A", "borrower_id": "B1", "started_on": "2026-02-10"}]},
    "a death": {"borrowers": [{"borrower_id": "B1", "effective_on": "2026-02-01", "deceased_on": "2026-02-01"}]},
    "a pause": {"events": [{"event_id": "E", "kind": "pause", "loan_id": "L1", "happened_at": "2026-01-22T10:00:00Z"}]},
}
NOTHING: dict[str, dict[str, list[dict[str, Any]]]] = {
    "a payment tomorrow": {"payments": [{"payment_id": "P2", "loan_id": "L2", "paid_on": "2026-02-11", "amount": 1}]},
    "a hold that is over": {
        "holds": [
            {"hold_id": "H", "borrower_id": "B1", "kind": "dispute", "from_on": "2026-02-01", "until_on": "2026-02-09"}
        ]
    },
    "a death tomorrow": {
        "borrowers": [{"borrower_id": "B1", "effective_on": "2026-02-01", "country": "US", "deceased_on": "2026-02-11"}]
    },
    "a guarantor": {"people": [{"person_id": "G", "borrower_id": "B1", "relation": "guarantor"}]},
}


def hash_of(folder: Path, home: Path, more: dict[str, list[dict[str, Any]]], moment: Moment = Moment(ON)) -> str:  # noqa: B008
    """Return the hash of the base book with more rows."""
    tables = BASE.keys() | more.keys()
    rows = {name: [*BASE.get(name, []), *more.get(name, [])] for name in tables}
    book = books.loaded(books.tiny(folder / "book", rows, ON), home)
    return books.planned(book, books.strategy(), moment, folder / "out", law=books.open_law())[0].plan_hash


def test_what_matters_changes_it_and_what_does_not_leaves_it(tmp_path: Path, home: Path) -> None:
    base = hash_of(tmp_path / "base", home, {})
    found = {name: hash_of(tmp_path / name, home, more) for name, more in MATTERS.items()}
    assert len({base, *found.values()}) == len(MATTERS) + 1, found
    nothing: dict[str, list[dict[str, Any]]] = {}
    for more in NOTHING.values():
        for table, rows in more.items():
            nothing.setdefault(table, []).extend(rows)
    assert hash_of(tmp_path / "nothing", home, nothing) == base
    assert hash_of(tmp_path / "day", home, {}, Moment(date(2026, 2, 9))) != base


def test_the_strategy_changes_it(book: LoadedBook, tmp_path: Path) -> None:
    edits = (
        ("salt: default-1", "salt: default-2"),
        ("hold_out_ppm: 20000", "hold_out_ppm: 0"),
        ("min_gap_days: 5", "min_gap_days: 9"),
    )
    strategies = [books.strategy(), *(books.edited(tmp_path, edit) for edit in edits)]
    law = books.open_law()
    found = {books.planned(book, strategy, NIGHT, tmp_path, law=law)[0].plan_hash for strategy in strategies}
    assert len(found) == len(edits) + 1
