# ruff: noqa: DTZ001 - the tables hold UTC without a zone
"""Rules between rows and between tables: what is left out, what is in quarantine, what is numbered how."""

import json
import os
import sqlite3
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from duecourse.book.load import load
from duecourse.book.loaded import Counts, open_book, summary
from duecourse.book.schema import TABLES
from duecourse.kernel.errors import DueCourseError
from tests.book.conftest import Case, Rows

LOANS = "id,who,sum\nA,a,100\nB,b,100\nC,c,100\n"
PAY = "pid,loan,day,amt,rev\n"
CONTACTS = """
[tables.contacts]
from = "contacts.csv"
[tables.contacts.columns]
contact_id = "cid"
borrower_id = "who"
channel = "how"
happened_at = "at"
about = "about"
"""
HOLDS = """
[tables.holds]
from = "holds.csv"
[tables.holds.columns]
hold_id = "hid"
borrower_id = "who"
loan_id = "loan"
kind = "kind"
from_on = "day"
recorded_at = "known"
"""
BORROWERS = """
[tables.borrowers]
from = "people.csv"
keep = "country <> 'XX'"
[tables.borrowers.columns]
borrower_id = "who"
country = "country"
born_on = "born"
"""


def test_reversals(case: Case, rows: Rows) -> None:
    case.write("loans.csv", LOANS)
    lines = [
        "1,A,2026-01-01,5,", "2,A,2026-01-02,5,1", "3,A,2026-01-02,5,1", "4,A,2026-01-02,5,2",
        "5,A,2026-01-02,5,99",
        "6,B,2026-01-02,5,7", "7,A,2026-01-01,5,", "8,A,2026-01-02,6,7", "9,A,x,5,",
        "10,A,2026-01-02,5,9", "11,A,2026-01-02,5,11",
    ]  # fmt: skip
    case.write("payments.csv", PAY + "\n".join(lines))
    case.mapping(payments=True, payment_columns='reverses = "rev"')
    found = rows(case.load(), "payments", "payment_id, reverses, reversed_on, reversal_recorded_at")
    second = date(2026, 1, 2)
    assert found == [
        ("1", None, second, datetime(2026, 1, 2, 12)),
        ("7", None, None, None),
        ("2", "1", None, None),
    ]
    assert {row: reason for row, (_, reason) in case.reasons("payments").items() if row != 9} == {
        3: "the payment it names is already reversed",
        4: "the payment it names is itself a reversal",
        5: "no such payment in the book",
        6: "the payment it names is another loan's",
        8: "the payment it names has another amount",
        10: "no such payment in the book",
        11: "the payment it names is itself a reversal",
    }


def test_left_out_and_quarantined_loans_take_their_rows_along(case: Case, rows: Rows) -> None:
    case.write("loans.csv", "id,who,sum,status\nA,a,100,on\nB,b,100,off\nC,c,-1,on\nD,a,100,\n")
    case.write(
        "payments.csv",
        "pid,loan,day,amt\n1,A,2026-01-01,1\n2,B,never,1\n3,C,2026-01-01,1\n4,D,2026-01-01,1\n5,E,2026-01-01,1\n",
    )
    case.write(
        "contacts.csv",
        "cid,who,how,at,about\n1,a,sms,2026-01-01T23:00,A;Q\n2,b,sms,2026-01-01,\n3,c,sms,2026-01-01,\n4,z,sms,2026-01-01,\n",
    )
    case.mapping(payments=True, loans="keep = \"status = 'on'\"", more=CONTACTS, zone="Asia/Tokyo")
    book = case.load()
    assert book.tables["loans"] == Counts(read=4, kept=1, quarantined=1, left_out=2)
    assert book.tables["payments"] == Counts(read=5, kept=1, quarantined=2, left_out=2)
    assert book.tables["contacts"] == Counts(read=4, kept=1, quarantined=2, left_out=1)
    assert {row: reason for row, (_, reason) in case.reasons("payments").items()} == {
        3: "its loan is in quarantine",
        5: "no such loan in the book",
    }
    assert {row: reason for row, (_, reason) in case.reasons("contacts").items()} == {
        3: "its borrower is in quarantine",
        4: "no such borrower in the book",
    }
    assert rows(book, "contacts", "borrower_no, happened_at, happened_on, about") == [
        (0, datetime(2026, 1, 1, 14), date(2026, 1, 1), ["A", "Q"])
    ]
    assert {(odd.table, odd.kind): odd.rows for odd in book.warnings} == {
        ("loans", "without_instalments"): 1, ("contacts", "about_unknown_loan"): 1,
        ("borrowers", "made_from_loans"): 1,
    }  # fmt: skip


def test_borrowers_left_out_take_their_loans_along(case: Case, rows: Rows) -> None:
    case.write("loans.csv", "id,who,sum\nA,a,100\nB,b,100\nC,c,100\nD,d,100\n")
    case.write("people.csv", "who,country,born\na,MX,1960-05-05\nb,XX,\nc,US,1899-01-01\ne,MX,\n")
    case.mapping(more=BORROWERS)
    book = case.load()
    assert book.tables["loans"] == Counts(read=4, kept=3, quarantined=0, left_out=1)
    assert book.tables["borrowers"] == Counts(read=4, kept=2, quarantined=1, left_out=1, made=2)
    # c's row is in quarantine and d has none: both get one that says nothing. e owes nothing, and stays.
    assert rows(book, "borrowers", "borrower_no, borrower_id, country") == [
        (0, "a", "MX"),
        (1, "c", None),
        (2, "d", None),
        (3, "e", "MX"),
    ]


def test_a_hold_finds_its_borrower_through_the_loan(case: Case, rows: Rows) -> None:
    case.write("loans.csv", LOANS)
    lines = [
        "1,,A,dispute,2026-01-01,2026-01-02", "2,b,,dispute,2026-01-01,", "3,b,A,dispute,2026-01-01,",
        "4,,,dispute,2026-01-01,",
        "5,b,Q,dispute,2026-01-01,", "1,a,A,attorney,2026-01-01,2026-02-01",
        "1,a,A,attorney,2026-01-01,2026-02-01",
    ]  # fmt: skip
    case.write("holds.csv", "hid,who,loan,kind,day,known\n" + "\n".join(lines))
    case.mapping(more=HOLDS)
    book = case.load()
    noon = datetime(2026, 1, 2, 12)
    assert rows(book, "holds", "borrower_no, loan_no, hold_id, borrower_id, kind, recorded_at, superseded_at") == [
        (0, 0, "1", "a", "dispute", noon, datetime(2026, 2, 1, 12)),
        (0, 0, "1", "a", "attorney", datetime(2026, 2, 1, 12), None),
        (1, None, "2", "b", "dispute", datetime(2026, 1, 1, 12), None),
    ]
    assert {row: column for row, (column, _) in case.reasons("holds").items()} == {
        3: "borrower_id",
        4: "borrower_id",
        5: "loan_id",
        7: "hold_id",
    }
    assert ("holds", "in_quarantine") in {(odd.table, odd.kind) for odd in book.warnings}


def test_versions_of_a_loan(case: Case, rows: Rows) -> None:
    lines = [
        "B,x,1,USD,2026-01-01,2026-01-01", "A,x,1,USD,2026-01-01,2026-01-01",
        "A,x,2,USD,2026-01-01,2026-03-01",
        "A,x,3,USD,2026-02-01,2026-01-15", "A,x,9,USD,2026-01-01,2026-01-01", "C,x,1,USD,,",
        "C,x,1,EUR,2026-02-01,",
        "D,x,1,USD,,", "D,y,1,USD,2026-02-01,",
    ]  # fmt: skip
    case.write("loans.csv", "id,who,sum,cur,from,known\n" + "\n".join(lines))
    columns = 'currency = "cur"\neffective_on = "from"\nrecorded_at = "known"'
    case.mapping(loan_columns=columns)
    book = case.load()
    january, march, middle = datetime(2026, 1, 1, 12), datetime(2026, 3, 1, 12), datetime(2026, 1, 15, 12)
    assert rows(book, "loans", "loan_no, loan_id, effective_on, recorded_at, principal, superseded_at") == [
        (0, "A", date(2026, 1, 1), january, 100, march), (0, "A", date(2026, 1, 1), march, 200, None),
        (0, "A", date(2026, 2, 1), middle, 300, None), (1, "B", date(2026, 1, 1), january, 100, None),
    ]  # fmt: skip
    assert {row: column for row, (column, _) in case.reasons("loans").items()} == {
        5: "loan_id", 6: "currency", 7: "currency", 8: "borrower_id", 9: "borrower_id",
    }  # fmt: skip
    assert (book.loans, book.borrowers, book.currencies) == (2, 1, ("USD",))


def test_every_table_is_written_with_its_columns(case: Case) -> None:
    case.write("loans.csv", LOANS)
    case.mapping()
    book = case.load()
    for table in TABLES:
        with duckdb.connect() as con:
            names = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM '{book.path(table.name)}'").fetchall()]
        numbers = ["borrower_no", "loan_no"] if "loan_id" in table.names else ["borrower_no"]
        moment = ["happened_on"] if table.name in {"contacts", "events", "consents"} else []
        undone = ["reversed_on", "reversal_recorded_at"] if table.name == "payments" else []
        versions = ["superseded_at"] if table.versioned else []
        assert names == [*numbers, *table.names, *moment, *undone, *versions]


def test_odd_rows_stay(case: Case) -> None:
    case.write("loans.csv", "id,who,sum,day\nA,a,100,2026-01-10\n")
    case.write("payments.csv", "pid,loan,day,amt,known\n1,A,2026-01-01,1,2025-12-01\n2,A,2026-02-02,1,\n")
    case.write("rates.csv", "loan,n,day,amt\nA,1,2026-01-05,60\nA,2,2026-02-05,60\n")
    more = (
        '[tables.instalments]\nfrom = "rates.csv"\n[tables.instalments.columns]\nloan_id = '
        '"loan"\nnumber = "n"\ndue_on = "day"\nprincipal = "amt"\n'
    )
    case.mapping(
        payments=True, payment_columns='recorded_at = "known"', loan_columns='opened_on = "day"', more=more,
        book="payments_complete_through = 2026-01-31",
    )  # fmt: skip
    book = case.load()
    assert {(odd.table, odd.kind): odd.rows for odd in book.warnings} == {
        ("borrowers", "made_from_loans"): 1, ("loans", "principal_differs_from_schedule"): 1,
        ("instalments", "due_before_opened"): 1,
        ("payments", "before_opened"): 1, ("payments", "recorded_before_it_happened"): 1,
        ("payments", "after_payments_complete_through"): 1,
    }  # fmt: skip
    assert book.tables["payments"].kept == 2
    assert summary(book).tables[2].ranges == {"due_on": ["2026-01-05", "2026-02-05"]}


@pytest.mark.parametrize(
    ("share", "refused"),
    [("0.25", False), ("0.2499999999999999999999", True), ('"0.25"', False), ("0", True)],
)
def test_too_much_quarantine_refuses_but_shows(case: Case, share: str, refused: bool) -> None:
    case.write("loans.csv", "id,who,sum\nA,a,1\nB,b,1\nC,c,1\nD,d,x\n")
    path = case.mapping()
    path.write_text(path.read_text().replace("share_max = 1", f"share_max = {share}"))
    if refused:
        with pytest.raises(DueCourseError, match=r"1 of 4 rows of loans are in quarantine"):
            case.load()
        assert not list((case.folder / "out" / "tables").iterdir())
    else:
        case.load()
    assert set(case.reasons("loans")) == {4}


def test_loading_again_costs_nothing_and_changes_are_seen(case: Case) -> None:
    loans = case.write("loans.csv", LOANS + "D,d,x\n")
    case.mapping()
    first = case.load()
    before = (first.folder / "book.json").stat().st_mtime_ns
    told: list[str] = []
    again = case.load(progress=lambda step, _done, _total: told.append(step))
    assert again == first
    assert told == []
    assert (again.folder / "book.json").stat().st_mtime_ns == before
    assert open_book(first.folder).tables == first.tables
    loans.write_text(LOANS)
    os.utime(loans, ns=(1, 1))
    changed = case.load(progress=lambda step, _done, _total: told.append(step))
    assert told
    assert changed.fingerprint != first.fingerprint
    assert case.quarantine("loans") == []  # the quarantine shown is that of the last load
    facts = json.loads((changed.folder / "book.json").read_text())
    assert facts["tables"]["loans"] == {"read": 3, "kept": 3, "quarantined": 0, "left_out": 0, "made": 0}


def test_a_database_is_read_again_each_time(case: Case, rows: Rows) -> None:
    with sqlite3.connect(case.folder / "x.db") as base:
        base.execute("CREATE TABLE l (id TEXT, who INTEGER, sum DECIMAL(10, 2))")
        base.executemany("INSERT INTO l VALUES (?, ?, ?)", [("A", 7, 10.5), ("B", 8, None)])
    base.close()
    path = case.mapping()
    path.write_text(path.read_text().replace('from = "loans.csv"', 'database = "sqlite:///x.db"\ntable = "l"'))
    first = case.load()
    assert rows(first, "loans", "loan_id, borrower_id, principal") == [("A", "7", 1050)]
    assert case.reasons("loans") == {2: ("principal", "missing")}
    assert case.load().fingerprint == first.fingerprint
    with sqlite3.connect(case.folder / "x.db") as base:
        base.execute("UPDATE l SET sum = 2 WHERE id = 'B'")
    base.close()
    assert case.load().tables["loans"].kept == 2


def test_row_numbers_hold_in_large_files_with_long_lists(case: Case) -> None:
    """A long IN list once became a join in the engine, and with it the order of the file was lost."""
    case.write("loans.csv", LOANS)
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT i AS pid, 'A' AS loan, DATE '2026-01-01' AS day, CASE WHEN i % 50000 =
          49999 THEN -1 ELSE 1 END AS amt,
            'k' || (i % 90) AS kind FROM range(200000) t(i)) TO '{case.folder / "payments.parquet"}'
              (ROW_GROUP_SIZE 20000)""")
    many = ", ".join(f"'k{number}'" for number in range(89))
    path = case.mapping(payments=True)
    text = path.read_text().replace('"payments.csv"', f'"payments.parquet"\nkeep = "kind in ({many})"')
    path.write_text(text)
    book = case.load()
    expected = {number + 1 for number in range(49_999, 200_000, 50_000) if number % 90 != 89}
    assert set(case.reasons("payments")) == expected
    assert book.tables["payments"].left_out == sum(number % 90 == 89 for number in range(200_000))


def test_the_order_of_the_input_changes_nothing(case: Case, tmp_path: Path) -> None:
    lines = [f"L{number % 7},w{number % 3},1,2026-01-{number % 28 + 1:02d}" for number in range(7)]
    pays = [f"P{number},L{number % 7},2026-01-{number % 28 + 1:02d},{number + 1}" for number in range(40)]
    seen = []
    for step in (1, -1):
        case.write("loans.csv", "id,who,sum,day\n" + "\n".join(lines[::step]))
        case.write("payments.csv", "pid,loan,day,amt\n" + "\n".join(pays[::step]))
        case.mapping(payments=True)
        book = load(case.folder / "book.toml", None, tmp_path / f"out{step}")
        with duckdb.connect() as con:
            seen.append(
                [
                    con.execute(f"SELECT * FROM '{book.path(name)}'").fetchall()
                    for name in ("borrowers", "loans", "payments")
                ]
            )
    assert seen[0] == seen[1]
