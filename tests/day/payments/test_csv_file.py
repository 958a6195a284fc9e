"""A lender's own file of payments: good rows become entries, bad ones are told without what they say."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.day.payments.csv_file import Bad, Rows, read
from duecourse.day.payments.csv_mapping import CsvMapping, read_mapping
from duecourse.kernel.errors import DueCourseError

HEAD = """[payments]
source = "checkout"
currency = "EUR"
"""
COLUMNS = """[columns]
id = "Id"
paid_on = "Date"
amount = "Amount"
"""
PLAIN = read_mapping((HEAD + COLUMNS).encode(), "payments.toml")
GERMAN = read_mapping(
    (
        HEAD
        + 'decimal = ","\nthousands = "."\ndate = "DD.MM.YYYY"\ndelimiter = ";"\nencoding = "cp1252"\n'
        + COLUMNS
        + 'loan_id = "Vertrag"\nreference = "Ref"\nwords = "Zweck"\npayer_name = "Name"\npayer_account = "Konto"\n'
        + 'currency = "W"\nvalue_on = "Wert"\nend_to_end_id = "E2E"\nreturn_reason = "Grund"\n'
    ).encode(),
    "payments.toml",
)


def rows(text: str, mapping: CsvMapping = PLAIN) -> Rows:
    return read(text.encode(mapping.payments.encoding), "payments.csv", mapping)


def test_a_file_with_every_column() -> None:
    text = (
        "Id;Date;Amount;W;Wert;Vertrag;Ref;Zweck;Name;Konto;E2E;Grund;Sonst\r\n"
        'a1;02.03.2026;"1.234,50";EUR;03.03.2026;L-1;RF18539007547034;"Rate; März";Jörg Öl;DE89;E-1;;x\r\n'
        "a2;03.03.2026;-5,1;USD;;;;;;;;AM04;\r\n"
    )
    found = rows(text, GERMAN)
    assert (found.bad, found.repeated) == ((), 0)
    first, second = found.entries
    assert (first.signed, first.currency, first.booked_on, first.value_on) == (
        123450, "EUR", date(2026, 3, 2), date(2026, 3, 3),
    )  # fmt: skip
    assert (first.loan_id, first.structured, first.unstructured) == ("L-1", ("RF18539007547034",), ("Rate; März",))
    assert (first.debtor_name, first.debtor_account, first.end_to_end_id) == ("Jörg Öl", "DE89", "E-1")
    assert (second.signed, second.currency, second.is_return, second.value_on) == (-510, "USD", True, None)
    assert "Jörg" not in repr(found)


@pytest.mark.parametrize(
    ("row", "bad"),
    [
        ("a,2026-03-02", Bad(2, "", "has 2 columns, not 3")),
        ("a,2026-03-02,1,2", Bad(2, "", "has 4 columns, not 3")),
        (",2026-03-02,1", Bad(2, "id", "must have 1 to 200 letters")),
        ("a,02.03.2026,1", Bad(2, "paid_on", "is no day written YYYY-MM-DD")),
        ("a,2026-02-30,1", Bad(2, "paid_on", "is no day written YYYY-MM-DD")),
        ("a,2026-03-02,1.005", Bad(2, "amount", "has more than the 2 decimals of EUR")),
        ("a,2026-03-02,1e3", Bad(2, "amount", "is not a number as the mapping says")),
        ("a,2026-03-02,", Bad(2, "amount", "is not a number as the mapping says")),
        ("a,2026-03-02,--1", Bad(2, "amount", "is not a number as the mapping says")),
        ('a,2026-03-02,"1,000"', Bad(2, "amount", "is not a number as the mapping says")),
        ("a,2026-03-02,٣", Bad(2, "amount", "is not a number as the mapping says")),
        ("a,2026-03-02,99999999999999999999", Bad(2, "amount", "is too large")),
        ("a,2026-03-02,1\0", Bad(2, "amount", "holds signs that are no text")),
        ('a,2026-03-02,"1', Bad(2, "", "is not CSV: a quotation mark is not closed, or a field is too long")),
        ('a,2026-03-02,"1"x', Bad(2, "", "is not CSV: a quotation mark is not closed, or a field is too long")),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_taken(row: str, bad: Bad) -> None:
    found = rows(f"Id,Date,Amount\n{row}\n" if '"1' in row else f"Id,Date,Amount\n{row}\n\nz,2026-03-02,7\n")
    assert found.bad == (bad,)
    assert [entry.amount for entry in found.entries] == ([] if '"1' in row else [700])


def test_a_byte_that_its_encoding_does_not_have_spoils_only_its_row() -> None:
    found = read(b"Id,Date,Amount\n\xff,2026-03-02,1\nb,2026-03-02,2\n", "payments.csv", PLAIN)
    assert found.bad == (Bad(2, "id", "holds signs that are no text"),)
    assert [entry.amount for entry in found.entries] == [200]


def test_thousands_stand_where_they_belong() -> None:
    text = "Id;Date;Amount;W;Wert;Vertrag;Ref;Zweck;Name;Konto;E2E;Grund\n"
    for number, (amount, units) in enumerate(
        [("1.234,5", 123450), ("1234,5", 123450), ("12.34,5", None), ("1..234", None)]
    ):
        found = rows(f"{text}{number};02.03.2026;{amount};EUR;;;;;;;;\n", GERMAN)
        assert [entry.amount for entry in found.entries] == ([] if units is None else [units])


def test_minor_units_and_currencies_without_decimals() -> None:
    minor = read_mapping((HEAD + 'money = "minor"\n' + COLUMNS).encode(), "m.toml")
    assert rows("Id,Date,Amount\na,2026-03-02,-1250\n", minor).entries[0].signed == -1250
    assert rows("Id,Date,Amount\na,2026-03-02,12.50\n", minor).bad[0].column == "amount"
    assert rows(f"Id,Date,Amount\na,2026-03-02,{2**63}\n", minor).bad[0].column == "amount"
    yen = read_mapping((HEAD.replace("EUR", "JPY") + COLUMNS).encode(), "m.toml")
    assert rows("Id,Date,Amount\na,2026-03-02,1250\n", yen).entries[0].amount == 1250
    assert rows("Id,Date,Amount\na,2026-03-02,12.50\n", yen).bad[0].reason == "has more than the 0 decimals of JPY"


def test_a_row_repeated_counts_once_within_a_file_and_across_files() -> None:
    found = rows("Id,Date,Amount\na,2026-03-02,1\nb,2026-03-02,1\na,2026-03-02,1.00\n")
    assert (len(found.entries), found.repeated, found.bad) == (2, 1, ())
    other = rows("Date,Note,Amount,Id\n2026-03-02,x,1,a\n")
    assert other.entries[0] == found.entries[0]
    shop = read_mapping((HEAD.replace("checkout", "shop") + COLUMNS).encode(), "m.toml")
    assert rows("Id,Date,Amount\na,2026-03-02,1\n", shop).entries[0].entry_id != found.entries[0].entry_id


def test_rows_with_one_id_that_differ_are_all_set_aside() -> None:
    found = rows("Id,Date,Amount\na,2026-03-02,1\nb,2026-03-02,1\na,2026-03-02,2\n")
    assert [entry.amount for entry in found.entries] == [100]
    assert found.bad == (Bad(2, "id", "stands in rows that differ"), Bad(4, "id", "stands in rows that differ"))


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    found = rows('Id,Date,Amount\n"a\nb",2026-03-02,1\n\nc,x,1\n')
    assert [(bad.line, bad.column) for bad in found.bad] == [(2, "id"), (5, "paid_on")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column 'Id'"),
        (b"Id,Date\n", "no column 'Amount'"),
        (b"Id,Date,Amount,Id\n", "more than one column 'Id'"),
        (b"Id,Date,Amount\n" * 20, "has 300 bytes, 200 are allowed"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(DueCourseError, match=said):
        read(content, "payments.csv", PLAIN, size_max=200)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "the mapping lacks 'columns'"),
        (HEAD + COLUMNS.replace("amount", "amont"), "[columns] lacks 'amount'"),
        (HEAD + COLUMNS + 'refrence = "x"', "[columns] has no 'refrence'; did you mean 'reference'?"),
        (HEAD + "date = 'YY'\n" + COLUMNS, "[payments] date"),
        (HEAD + "decimal = ','\nthousands = ','\n" + COLUMNS, "same sign"),
        (HEAD.replace("EUR", "EUX") + COLUMNS, "no such currency"),
        (HEAD.replace('currency = "EUR"', "") + COLUMNS, "no row would have a currency"),
        (HEAD + "encoding = 'klingon'\n" + COLUMNS, "no such encoding"),
        (HEAD + "source = 1\n" + COLUMNS, "is not valid TOML"),
        (HEAD.replace('"checkout"', "7") + COLUMNS, "[payments] source"),
        ("x = " + "[" * 9999, "nested too deeply"),
        ("payments = 1\n" + COLUMNS, "payments"),
        (HEAD + "delimiter = '\"'\n" + COLUMNS, "cannot divide columns"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(DueCourseError) as caught:
        read_mapping(text.encode(), "payments.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("payments.toml: ")
    assert "\n" not in str(caught.value)


@settings(max_examples=300)
@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["a", ",", '"', "\n", "\r", "\0", "1", "-", "2026-03-02", "\ufeff"])).map("".join)
)
def test_whatever_comes_every_row_is_an_entry_or_set_aside(body: str) -> None:
    found = read(f"Id,Date,Amount\n{body}".encode("utf-8", "replace"), "payments.csv", PLAIN)
    assert all(entry.amount >= 0 for entry in found.entries)
    assert len({entry.entry_id for entry in found.entries}) == len(found.entries)
