"""Waivers by day change what the day says is owed at once, and what the night works out: the same, and once."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duecourse.book.beside import BESIDE, book_with
from duecourse.book.loaded import LoadedBook
from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.day.recorded import recorded
from duecourse.day.waiving import Wanted
from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Loan
from duecourse.ledger.packed import packed
from duecourse.night import publishing
from duecourse.night.moment import Moment
from duecourse.store.line import Line
from duecourse.store.roles import What
from tests.day.authority.conftest import AT, ON, OWED, Made
from tests.ledger.generator import seeded_case
from tests.ledger.twin import position
from tests.night import books

SEEDS = range(500)
DAY = date(2026, 3, 3)


def renamed(loan: Loan, name: str) -> Loan:
    """Give a loan's payments and waivers ids of their own, which sort as before."""
    payments = tuple(
        replace(one, payment_id=f"{name}{one.payment_id}", reverses=one.reverses and f"{name}{one.reverses}")
        for one in loan.payments
    )
    waivers = tuple(replace(one, waiver_id=f"{name}{one.waiver_id}") for one in loan.waivers)
    return replace(loan, loan_id=name, payments=payments, waivers=waivers)


def test_what_the_day_says_is_owed_is_what_the_twin_says(world: Made) -> None:
    """Histories packed, payments and waivers as rows of the store, read as the gate reads them."""
    here = world(0)
    cases = [(renamed(case.loan, f"S{seed}-"), case.on) for seed in SEEDS if (case := seeded_case(seed)).loan.waivers]
    assert len(cases) > 100
    with here.connection.transaction(), here.connection.cursor() as cursor:
        for loan, _ in cases:
            cursor.execute(
                "INSERT INTO case_loan (borrower_no, loan_id, currency, principal, is_owner, history)"
                " VALUES (%s, %s, 'USD', 0, true, %s)",
                [here.borrower, loan.loan_id, packed(from_loans([loan]), 0)],
            )
            cursor.executemany(
                "INSERT INTO payments (payment_id, borrower_no, loan_id, paid_on, amount, reverses, target_instalment,"
                " target_component) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (one.payment_id, here.borrower, loan.loan_id, one.paid_on, one.amount, one.reverses,
                     one.target_instalment, one.target_component)
                    for one in loan.payments
                ],
            )  # fmt: skip
            cursor.executemany(
                "INSERT INTO waivers (waiver_id, borrower_no, loan_id, component, amount, waived_on)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    (one.waiver_id, here.borrower, loan.loan_id, one.component, one.amount, one.waived_on)
                    for one in loan.waivers
                ],
            )
    with here.connection.transaction():
        known = read(Line(here.connection, keeps=False), [here.borrower]).cases[here.borrower]
    matters = 0
    for loan, on in cases:
        (found,) = owed([known.loans[loan.loan_id]], on)
        expected = position(loan, on).enforceable
        assert (found.overdue, found.due_today, found.owed) == (
            sum(expected.overdue.values()),
            sum(expected.due_today.values()),
            expected.owed - expected.credit,
        ), loan.loan_id
        matters += found.owed != owed([replace(known.loans[loan.loan_id], waivers=())], on)[0].owed
    assert matters > 30, "waivers of too few loans make a difference"


def test_the_next_amount_knows_a_waiver(world: Made) -> None:
    here = world()
    here.limit("collector", OWED)
    here.waiving.ask(here.users[0], Wanted(f"{here.number}", What.WAIVE, here.loans[1], 30_000, "principal"), AT, ON)
    with here.connection.transaction():
        loans = read(Line(here.connection, keeps=False), [here.borrower]).cases[here.borrower].loans
    assert [one.overdue for one in owed([loans[name] for name in here.loans], ON)] == [OWED, OWED - 30_000]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadedBook, LoadedBook, pa.Table]:
    """Give a book with one of its waivers, the book with them, and the waivers."""
    folder = tmp_path_factory.mktemp("beside")
    mapping = books.enriched(folder / "book", 800, 5)
    whole = books.loaded(mapping, folder / "whole")
    books.change(folder / "book", "waivers", lambda rows: rows[:1])
    bare = books.loaded(mapping, folder / "bare")
    waivers = pq.read_table(whole.path("waivers"))
    assert waivers.num_rows > 5
    return bare, whole, waivers


def positions(book: LoadedBook, folder: Path) -> list[dict[str, object]]:
    with closing(books.opened(book, books.strategy(), books.open_law())) as opened:
        opened.positions(Moment(DAY), folder)
        return opened.engine.rows(opened.engine.table("positions").order_by("loan_id"))


def test_a_night_with_the_days_waivers_is_that_of_a_book_that_has_them(
    night: tuple[LoadedBook, LoadedBook, pa.Table], tmp_path: Path
) -> None:
    bare, whole, waivers = night
    rows = waivers.drop_columns(["borrower_no", "loan_no"])
    expected = positions(whole, tmp_path / "whole")
    assert positions(bare, tmp_path / "bare") != expected, "the waivers make no difference"
    for book in (bare, whole):  # which has them already: they count once
        with book_with(book, {"waivers": rows}, threads=2, memory="1GB") as more:
            assert pq.read_table(more.path("waivers")).to_pylist() == waivers.to_pylist()
            assert positions(more, tmp_path / book.folder.name / "more") == expected


def test_what_was_waived_by_day_is_handed_to_the_night(world: Made) -> None:
    here = world()
    here.limit("collector", OWED)
    here.waiving.ask(here.users[0], Wanted(f"{here.number}-w", What.WAIVE, here.loans[0], 250, "fee"), AT, ON)
    here.does(
        "INSERT INTO waivers (waiver_id, borrower_no, loan_id, amount, waived_on, from_book)"
        " VALUES (%s, %s, %s, 5, %s, true)",
        f"{here.number}-book", here.borrower, here.loans[0], ON,
    )  # fmt: skip
    rows = [row for row in recorded(here.place.url())["waivers"].to_pylist() if row["loan_id"] == here.loans[0]]
    assert rows == [
        {
            "waiver_id": f"{here.number}-w", "loan_id": here.loans[0], "component": "fee", "amount": 250,
            "waived_on": ON, "recorded_at": AT.replace(tzinfo=None),
        }
    ]  # fmt: skip


def test_what_the_night_reads_beside_the_book_it_hands_back() -> None:
    """A waiver of the book must be a row of the store too: it is not in the history that the night packs."""
    assert set(BESIDE) == set(publishing.PAST)
