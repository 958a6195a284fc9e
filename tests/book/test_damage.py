"""A file damaged in every way we know: each row ends in the book or in quarantine, under its right number."""

import json

import pytest

from tests.book.conftest import Case, Rows, record

LOANS = "id,who,sum\nA,a,100\nB,b,100\nC,c,100\n"
# What the row is, in file order. An empty reason means that it belongs in the book.
PAYMENTS: list[tuple[bytes, str, str]] = [
    (b"1,A,2026-01-01,10.00,", "", ""),
    (b"2,A,2026-02-30,10.00,", "paid_on", "not a date"),
    (b"3,A,2026-01-03,ten,", "amount", "not a number"),
    (b",A,2026-01-03,10.00,", "payment_id", "missing"),
    (b"5,A,2026-01-03,,", "amount", "missing"),
    (b"6,A,2026-01-03,-1.00,", "amount", "negative"),
    (b"7,A,2026-01-03,0.00,", "amount", "zero"),
    (b"8,A,2026-01-03,1.005,", "amount", "more decimals"),
    (b"9,A,2026-01-03", "", "malformed line: 3 fields instead of 5"),
    (b"10,A,2026-01-03,10.00,,x", "", "malformed line: 6 fields instead of 5"),
    (b'11,A,"2026-01-03,10.00,', "", "malformed line: a quote that is never closed"),
    (b"12,B,2026-01-03,10.00,", "", ""),
    (b"13,Z,2026-01-03,10.00,", "loan_id", "no such loan"),
    (b"12,A,2026-01-04,10.00,", "payment_id", "a row with the same payment_id stands before it"),
    (b"15,A,1969-12-31,10.00,", "paid_on", "out of range"),
    (b"16,A,2200-01-01,10.00,", "paid_on", "out of range"),
    (b"17,A,2026-01-03,10.00,XYZ", "currency", "no currency"),
    (b"18,A,2026-01-03,10.00,EUR", "currency", "not the currency of its loan"),
    (b"19,A,2026-01-03,100000000000.01,", "amount", "more than 10,000,000,000,000"),
    (b"20,A,2026-01-03,1000000000000000000000.00,", "amount", "too large"),
    (b"21,A,2026-01-03,10\xff.00,", "", "malformed line: bytes that are not text"),
    (b"22,A,2026-01-03,10\x00.00,", "", "malformed line: a NUL byte"),
    (b"23,A," + b"9" * 2_000_100 + b",10.00,", "", "malformed line: a line of more than"),
    (b'24,"A"x,2026-01-03,10.00,', "", "malformed line: text after a closing quote"),
    (b'"25",A,"2026-01-03","1,000.00",', "amount", "not a number"),
    (b'"26",C,"2026-01-03","10.00",""', "", ""),
    (b"27,C,2026-01-03T23:00:00Z,10,USD", "", ""),
]
HEADER = b"pid,loan,day,amt,cur"


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_every_row_ends_in_book_or_quarantine_under_its_number(case: Case, rows: Rows, line_end: bytes) -> None:
    case.write("loans.csv", LOANS)
    case.write("payments.csv", line_end.join([HEADER, *(line for line, _, _ in PAYMENTS), b""]))
    case.mapping(payments=True, payment_columns='currency = "cur"')

    book = case.load()

    found = case.reasons("payments")
    expected = {number: (column, reason) for number, (_, column, reason) in enumerate(PAYMENTS, start=1) if reason}
    assert found.keys() == expected.keys()
    for number, (column, reason) in expected.items():
        assert found[number][0] == column, number
        assert found[number][1].startswith(reason), number
    counts = book.tables["payments"]
    assert (counts.read, counts.kept, counts.quarantined, counts.left_out) == (27, 4, 23, 0)
    assert [row[0] for row in rows(book, "payments", "payment_id")] == ["1", "12", "26", "27"]


def test_each_damage_alone_keeps_its_neighbours(case: Case) -> None:
    """One bad row at a time: what stands before and after it is in the book, whatever the damage."""
    case.write("loans.csv", LOANS)
    case.mapping(payments=True, payment_columns='currency = "cur"')
    for number, (line, _, reason) in enumerate(PAYMENTS):
        case.write("payments.csv", b"\n".join([HEADER, b"a,A,2026-01-01,1,", line, b"z,A,2026-01-01,1,", b""]))
        book = case.load()
        counts = book.tables["payments"]
        on_its_own = reason and not reason.startswith("a row with the same")
        assert counts.quarantined == (1 if on_its_own else 0), number
        assert counts.kept == (2 if on_its_own else 3), number
        assert set(case.reasons("payments")) == ({2} if on_its_own else set()), number


def test_the_record_holds_the_lenders_row(case: Case) -> None:
    case.write("loans.csv", LOANS)
    case.write("payments.csv", 'pid,loan,day,amt,note\n1,A,never,5,"x ""y"""\n2,A\n')
    case.mapping(payments=True)
    case.load()
    first, second = case.quarantine("payments")
    assert record(first) == {"pid": "1", "loan": "A", "day": "never", "amt": "5", "note": 'x "y"'}
    assert (first["file"], first["value"]) == ("payments.csv", "never")
    assert json.loads(second["record"]) == {"line": "2,A"}


def test_row_numbers_go_on_across_several_files(case: Case) -> None:
    case.write("loans.csv", LOANS)
    case.write("pay-1.csv", "pid,loan,day,amt\n1,A,2026-01-01,1\n2,A,x,1\n")
    case.write("pay-2.csv", "loan,pid,day,amt,more\nA,3\nA,4,2026-01-01,1,\nA,5,x,1,\nA,1,2026-01-01,1,\n")
    case.mapping(payments=True)
    case.write("book.toml", (case.folder / "book.toml").read_text().replace("payments.csv", "pay-*.csv"))
    book = case.load()
    found = [(row["file"], row["row"], row["column"]) for row in case.quarantine("payments")]
    assert found == [
        ("pay-1.csv", "2", "paid_on"), ("pay-2.csv", "1", ""), ("pay-2.csv", "3", "paid_on"),
        ("pay-2.csv", "4", "payment_id"),
    ]  # fmt: skip
    assert book.tables["payments"].kept == 2


def test_blank_lines_are_no_rows(case: Case) -> None:
    case.write("loans.csv", LOANS)
    case.write("payments.csv", "pid,loan,day,amt\n\n1,A,2026-01-01,1\n\n2,A,x,1\n\n")
    case.mapping(payments=True)
    assert case.load().tables["payments"].read == 2
    assert set(case.reasons("payments")) == {2}
