"""The general ledger of a store in which a debt is sold, paid to us all the same, and put back, and another sued for.

Each of L2 and L4 owes 1,000.00 of principal in the book, lent on 5 January 2025 and due on 20 November 2026. The fund
pays 924.08 for L2 (ten full months past due in the store, 7.0001 % of 13,201.00: test_sale_story), 100.00 of it before
the close. What is left after everything: 0.00 with the fund, and at the bank 500.00 from L2's borrower, less 225.00 for
the court and 300.00 for a notice in a newspaper.
"""

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from duecourse.book.beside import book_with
from duecourse.day.recorded import recorded
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.sale import back, building, closing, tape
from duecourse.endings.sale import cash as money
from duecourse.endings.sale import portfolio as portfolios
from duecourse.endings.suit.court import Desk, Filing
from duecourse.endings.suit.packing import Job
from duecourse.finance import accounts, exporting
from duecourse.finance.happening import cash, happened
from duecourse.finance.movements import moved
from tests.endings.cases import ON
from tests.endings.conftest import office, opened, who
from tests.endings.suit.cases import packed, suit
from tests.endings.suit.conftest import job
from tests.finance.test_export import CHART
from tests.finance.test_movements import OPENED
from tests.night import books
from tests.night.conftest import home
from tests.stories.endings.telling import told
from tests.stories.endings.test_sale_story import SALES, pay

__all__ = ["home", "job", "office", "opened", "who"]

PRICE, DEPOSIT, COURT, NEWSPAPER, PAID, LENT = 92_408, 10_000, 22_500, 30_000, 50_000, 100_000


def read(folder: Path) -> list[str]:
    """Return the journals of a day as lines: what, of which loan, and each side."""
    found = []
    for text in (folder / "journals.jsonl").read_text(encoding="utf-8").splitlines():
        journal = json.loads(text)
        sides = [
            f"{one['name']} {(one['debit'] - one['credit']) / 100:,.2f}"  # float: shown, never added
            for one in journal["lines"]
        ]
        found.append(f"{journal['what']} {journal['loan'] or journal['source']}: {', '.join(sides)}")
    return found


def book() -> books.Rows:
    loans = [
        {"loan_id": loan, "borrower_id": f"B{loan[1]}", "currency": "USD", "principal": LENT, "opened_on": "2025-01-05",
         "recorded_at": OPENED}
        for loan in ("L2", "L4")
    ]  # fmt: skip
    return {
        "borrowers": [{"borrower_id": f"B{number}", "country": "US"} for number in (2, 4)],
        "loans": loans,
        "instalments": [
            {
                "loan_id": one["loan_id"],
                "number": 1,
                "due_on": ON,
                "principal": LENT,
                "interest": 0,
                "recorded_at": OPENED,
            }
            for one in loans
        ],
    }


def test_the_ledger_of_a_sale_a_suit_and_a_debt_put_back(
    office: Office, opened: Opened, who: Who, job: Job, home: Path, tmp_path: Path
) -> None:
    chart, whole, lines = accounts.load(CHART), books.loaded(books.tiny(home / "gl", book(), None), home), list[str]()
    sale, totals = replace(SALES["us"], name="us-gl"), Counter[str]()

    def on(days: int) -> Who:
        return replace(who, at=who.at + timedelta(days=days), on=ON + timedelta(days=days))

    def ends(day: date) -> None:
        """Export a day, add it up, and tell its journals."""
        with ExitStack() as stack:
            rows = recorded(office.place.url())
            with_store = stack.enter_context(book_with(whole, rows, threads=2, memory="1GB"))
            knows = exporting.Told(happened(opened.connection, day, "UTC"), cash(opened.connection, day))
            parts = moved(with_store, books.strategy(), day, books.OPTIONS, tmp_path)
            done = exporting.export(parts, knows, chart, day, tmp_path / "gl")
        assert all(debit == credit for debit, credit in done.balanced.values())
        for journal in read(done.folder):
            lines.append(f"{day}  {journal}")
        for total in done.totals:
            totals[total.name] += total.debit - total.credit

    portfolios.make(opened.connection, sale, who)
    building.build(office, sale, opened.deciding.wanted(["L2"]), who)
    tape.offer(office, sale, who)
    money.note(opened.connection, sale, "deposit", DEPOSIT, on(-1))
    ends(ON - timedelta(days=1))
    assert closing.close(office, sale, who).price == PRICE
    desk = Desk(opened, office.law)
    (one,) = packed(office, opened, job, who, "L4")
    desk.file(one, Filing("26CV9", ON, COURT), who)
    ends(ON)
    money.note(opened.connection, sale, "wire", PRICE - DEPOSIT, on(1))
    desk.spend(suit(opened, "L4"), NEWSPAPER, "notice in a newspaper", on(1))
    ends(ON + timedelta(days=1))
    pay(opened, 2, "L2", "USD")
    ends(ON + timedelta(days=3))
    money.note(opened.connection, sale, "forwarded", -PAID, on(4))
    ends(ON + timedelta(days=4))
    repaid = back.put_back(office, sale, ["L2"], "disputed_before", on(30))
    money.note(opened.connection, sale, "put back", PAID - repaid, on(30))  # with what was forwarded, which comes back
    ends(ON + timedelta(days=30))
    told("finance-us", lines)
    # Worked out from what was done, and from no journal.
    passed = DEPOSIT + (PRICE - DEPOSIT) - PAID + PAID - repaid
    assert money.cash(opened.connection, sale).open == 0
    assert totals["Buyers of loans"] == 0
    assert totals["Bank"] == PAID + passed - COURT - NEWSPAPER
    assert totals["Costs of suits"] == COURT + NEWSPAPER
    assert totals["Losses on loans sold"] + totals["Gains on loans sold"] == 0  # as if it had not been sold
    assert totals["Loans: principal"] == -PAID  # since the day before the sale
