"""A sale on a real server: what is on the tape, what is sold for what, what falls out, and what is found afterwards."""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import psycopg
import pyarrow.parquet as pq
import pytest

from duecourse.day.facts import Facts, Money, Told
from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.endings import moving, review
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.sale import back, building, closing, handing, tape, title
from duecourse.endings.sale import cash as money
from duecourse.endings.sale import portfolio as portfolios
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.kernel.errors import DueCourseError
from duecourse.store.line import Line
from duecourse.store.server import ADMIN
from tests.day.cases import AT, filled
from tests.day.cases import read as rows_of
from tests.endings.cases import BOSS, ON

SALE = Portfolio("p1", "USD", "fund-7", "Fund Seven LLC, 7 High Street", None, ON, 180, ((0, 90_000), (10, 70_001)))
OWED = 1_320_100  # of each loan of the store, by hand: see tests/stories/endings/test_settle_story.py
PRICE = OWED * 70_001 // 1_000_000  # 319 days past due are ten full months; rounded down


def offered(office: Office, opened: Opened, who: Who, *loans: str, sale: Portfolio = SALE) -> building.Built:
    portfolios.make(opened.connection, sale, who)
    built = building.build(office, sale, opened.deciding.wanted(list(loans)), who)
    tape.offer(office, sale, who)
    return built


def sold(office: Office, opened: Opened, who: Who, *loans: str) -> closing.Closed:
    offered(office, opened, who, *loans)
    return closing.close(office, SALE, who)


def test_tape_ledger_and_cash_say_the_same_to_the_minor_unit(
    office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    offered(office, opened, who, "L2", "L4")
    tape.write(opened.connection, SALE, tmp_path)
    on_tape = pq.read_table(tmp_path / "tape.parquet").to_pylist()
    assert [row["owed"] for row in on_tape] == [OWED, OWED]
    assert [row["price"] for row in on_tape] == [PRICE, PRICE]
    with (tmp_path / "tape.csv").open(encoding="utf-8", newline="") as file:
        in_csv = list(csv.DictReader(file))
    assert [(row["loan_id"], int(row["owed"]), row["overdue_since"]) for row in in_csv] == [
        ("L2", OWED, "2026-01-05"), ("L4", OWED, "2026-01-05"),
    ]  # fmt: skip
    book = openpyxl.load_workbook(tmp_path / "tape.xlsx")
    heads, first, _ = book["tape"].iter_rows(values_only=True)
    assert list(heads) == list(on_tape[0])
    assert [one.date() if isinstance(one, datetime) else one for one in first] == list(on_tape[0].values())
    done = closing.close(office, SALE, who)
    assert (done.debts, done.owed, done.price, done.declined) == (2, 2 * OWED, 2 * PRICE, {})
    with opened.connection.transaction():
        cases = read(Line(opened.connection, keeps=False), [2, 4]).cases
    ledger = sum(one.owed for case in cases.values() for one in owed(list(case.loans.values()), ON))
    assert ledger == done.owed == sum(row["owed"] for row in on_tape)
    assert money.note(opened.connection, SALE, "wire 1", done.price, who)
    assert not money.note(opened.connection, SALE, "wire 1", done.price, who), "the same reference counts once"
    assert money.cash(opened.connection, SALE).open == 0


def test_the_same_tape_is_the_same_files(office: Office, opened: Opened, who: Who, tmp_path: Path) -> None:
    offered(office, opened, who, "L2", "L4")
    first, second = (tape.write(opened.connection, SALE, tmp_path / name) for name in ("a", "b"))
    assert first == second
    assert tape.offer(office, SALE, who) == 0, "what is on it stays as it is"


def test_the_house_leaves_out_what_a_buyer_could_not_keep(office: Office, opened: Opened, who: Who) -> None:
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(4):
        facts.promise(Told("pr1", 4, AT, ON), 10_000, ON + timedelta(days=5))
    built = offered(office, opened, who, "L1", "L2", "L4")
    assert {one.loan_id: one.reasons for one in built.excluded} == {"L1": ("other_currency",), "L4": ("promise_open",)}
    assert [one.loan_id for one in built.chosen] == ["L2"]


def test_a_debt_that_is_disputed_before_the_close_is_declined_and_not_paid_for(
    office: Office, opened: Opened, who: Who
) -> None:
    offered(office, opened, who, "L2", "L4")
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(4):
        facts.hold(Told("h1", 4, AT, ON), "dispute")
    done = closing.close(office, SALE, who)
    assert (done.debts, done.price) == (1, PRICE)
    assert done.declined == {"L4": "hold_dispute"}
    assert rows_of(opened.connection, "SELECT loan_id, kind FROM events") == [("L2", "sold")]
    assert rows_of(opened.connection, "SELECT state FROM portfolio") == [("closed",)]


def test_a_review_keeps_a_sale_open_until_it_is_answered(office: Office, opened: Opened, who: Who) -> None:
    offered(office, opened, who, "L2", "L4")
    (asked,) = moving.read(opened.connection, "e.loan_id = 'L4'")
    review.ask(opened.connection, opened.ring, asked, who)
    done = closing.close(office, SALE, who)
    assert (done.debts, done.waiting) == (1, ("L4",))
    (asked,) = moving.read(opened.connection, "e.loan_id = 'L4'")
    review.answer(opened.connection, opened.ring, asked, replace(who, by="s-other"), "the debt is as told")
    assert closing.close(office, SALE, who).debts == 2


def test_nobody_closes_before_the_day(office: Office, opened: Opened, who: Who) -> None:
    offered(office, opened, who, "L2", sale=replace(SALE, settles_on=ON + timedelta(days=1)))
    with pytest.raises(DueCourseError, match="settles on 2026-11-21"):
        closing.close(office, replace(SALE, settles_on=ON + timedelta(days=1)), who)


def test_what_comes_back_is_repaid_and_stands_on_the_ladder_again(office: Office, opened: Opened, who: Who) -> None:
    sold(office, opened, who, "L2", "L4")
    assert back.put_back(office, SALE, ["L4"], "paid_before", who) == PRICE
    now = money.cash(opened.connection, SALE)
    assert (now.price, now.repaid, now.due) == (2 * PRICE, PRICE, PRICE)
    kinds = rows_of(opened.connection, "SELECT kind FROM events WHERE loan_id = 'L4' ORDER BY id")
    assert kinds == [("sold",), ("put_back",)]
    with pytest.raises(DueCourseError, match="loan L4 is not sold"):
        back.put_back(office, SALE, ["L4"], "paid_before", who)
    with pytest.raises(DueCourseError, match="is no reason"):
        back.put_back(office, SALE, ["L2"], "regret", who)
    late = replace(who, on=ON + timedelta(days=181))
    with pytest.raises(DueCourseError, match="could be put back until 2027-05-19"):
        back.put_back(office, SALE, ["L2"], "fraud", late)
    assert back.buy_back(office, SALE, ["L2"], "a goodwill of both sides", late) == PRICE


def test_what_borrowers_pay_after_the_sale_is_the_buyers(office: Office, opened: Opened, who: Who) -> None:
    sold(office, opened, who, "L2", "L4")
    facts = Facts(opened.connection, opened.ring, "test")
    later = AT + timedelta(days=3)
    with facts.locked(2):
        facts.payment(Told("p9", 2, later, date(2026, 11, 23)), Money("L2", date(2026, 11, 23), 50_000, "USD"))
    now = money.cash(opened.connection, SALE)
    assert [(one.loan_id, one.amount) for one in now.to_forward] == [("L2", 50_000)]
    assert now.due == 2 * PRICE - 50_000


def test_the_buyer_gets_names_and_what_was_agreed_in_files_of_their_own(
    office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(2):
        facts.withdraw(Told("w1", 2, AT, ON), "sms")
    sold(office, opened, who, "L2", "L4")
    assert handing.hand_over(office, SALE, tmp_path) == 2
    with (tmp_path / "buyer.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["name"], first["phones"], first["closing_balance"]) == ("Name 2", "+14150000002", str(OWED))
    assert second["borrower_id"] == "B4"
    lines = (tmp_path / "obligations.jsonl").read_text("utf-8").splitlines()
    assert '"refused_channels": ["sms"]' in lines[0]
    assert '"refused_channels": []' in lines[1]
    assert (tmp_path / "buyer.csv").stat().st_mode & 0o077 == 0


def test_the_chain_of_title_finds_a_price_that_was_changed_afterwards(office: Office, opened: Opened, who: Who) -> None:
    sold(office, opened, who, "L2")
    back.put_back(office, SALE, ["L2"], "fraud", who)
    steps = title.title(opened.connection, opened.ring, "L2")
    assert [(one.state, one.owner, one.price) for one in steps] == [
        ("decided", None, None), ("offered", None, None), ("sold", "fund-7", PRICE), ("put_back", None, PRICE),
    ]  # fmt: skip
    assert all(one.is_sealed for one in steps)
    with psycopg.connect(office.place.url(ADMIN)) as admin:
        admin.execute(
            """UPDATE ending_step SET details = jsonb_set(details, '{closing,price}', '1') WHERE state = 'sold'"""
        )
    steps = title.title(opened.connection, opened.ring, "L2")
    assert [one.is_sealed for one in steps] == [True, True, False, True]


def test_a_portfolio_keeps_its_terms(opened: Opened, who: Who, tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    text = 'name = "p1"\ncurrency = "USD"\nbuyer = "f"\nbuyer_name = "F"\nsettles_on = 2026-11-30\n'
    file.write_text(f"{text}price_ppm = [[0, 90000], [12, 70000]]\n")
    one = portfolios.read_file(file)
    for _ in range(2):
        portfolios.make(opened.connection, one, who)
    with pytest.raises(DueCourseError, match="other terms"):
        portfolios.make(opened.connection, replace(one, prices=((0, 1),)), who)
    for wrong, says in (("[[1, 5]]", "begins with month 0"), ("[[0, 2000000]]", "from 0 to 1000000")):
        file.write_text(f"{text}price_ppm = {wrong}\n")
        with pytest.raises(DueCourseError, match=says):
            portfolios.read_file(file)
    portfolios.bid(opened.connection, one, "fund-7", 80_000, who)
    portfolios.bid(opened.connection, one, "fund-9", 91_000, who)
    assert portfolios.bids(opened.connection, "p1") == [("fund-9", 91_000), ("fund-7", 80_000)]


CLOSE = """
import sys
from pathlib import Path
from duecourse.endings import deciding, many
from duecourse.endings.many import Office
from duecourse.endings.sale import closing
from duecourse.law.kept import law_of, users_folder
from duecourse.night import facts
from duecourse.store.place import Place
from duecourse.strategy.load import load
from tests.endings.sale.test_sale import SALE, WHO
deciding.AT_ONCE = 1  # each debt is a transaction of its own, so that there is much to be killed in
place = Place(Path(sys.argv[1]), None, Path(sys.argv[1]) / "keys.json")
office = Office(place, load(None, facts.CATALOGUE.kinds), law_of((), users_folder()))
print("begins", flush=True)
closing.close(office, SALE, WHO)
print("closed", flush=True)
"""


def test_a_close_that_is_killed_goes_on_and_sells_nothing_twice(office: Office, who: Who) -> None:
    filled_more(office)
    with office.opened() as opened:
        loans = [f"L{number}" for number in range(2, 121, 2)]
        offered(office, opened, who, *loans)
    for _ in range(30):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", CLOSE, str(office.place.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        before = _sold(office)
        while process.poll() is None and _sold(office) < min(before + 20, len(loans)):
            time.sleep(0.01)
        if _sold(office) < len(loans):
            os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        if _sold(office) == len(loans):
            break
    with office.opened() as opened:
        done = closing.close(office, SALE, who)
        assert (done.debts, done.owed, done.price) == (60, 60 * OWED, 60 * PRICE)
        counts = rows_of(
            opened.connection,
            "SELECT count(*), count(DISTINCT loan_id) FROM events WHERE kind = 'sold' UNION ALL"
            " SELECT count(*), count(DISTINCT ending_no) FROM ending_step WHERE state = 'sold' UNION ALL"
            " SELECT count(*), count(DISTINCT about) FROM audit_entry WHERE kind = 'sale.sold'",
        )
    assert counts == [(60, 60)] * 3


def filled_more(office: Office) -> None:
    with psycopg.connect(office.place.url(ADMIN), autocommit=True) as admin:
        admin.execute("TRUNCATE borrower, plan CASCADE")
    filled(office.place, 120)


def _sold(office: Office) -> int:
    with office.place.connected() as connection:
        ((count,),) = rows_of(connection, "SELECT count(*) FROM ending WHERE state = 'sold'")
    return int(str(count))


WHO = Who(BOSS, AT, ON)
