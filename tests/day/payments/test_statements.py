"""Bank statements read: what is taken, by which id, and what is refused."""

from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from duecourse.day.payments.entries import Taken
from duecourse.day.payments.statements import KINDS, read
from duecourse.kernel.errors import DueCourseError
from tests.day.payments.files import OURS, PAYER, THEIRS, VERSIONS, Booking, Part, camt, day, statement, tag

MESSAGES = ("053", "054")


def one(booking: Booking, version: int = 8) -> Taken:
    return read(camt(version, statement(version, booking)), "bank.xml")


def refused(content: bytes, *, must_balance: bool = True) -> str:
    with pytest.raises(DueCourseError) as caught:
        read(content, "bank.xml", must_balance=must_balance)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_day_is_read_from_every_version(version: int, message: str) -> None:
    taken = read(day(version, message=message), "bank.xml")
    assert taken.kind == f"camt.{message}.001.{version:02}"
    assert [(entry.signed, entry.currency) for entry in taken.entries] == [
        (25000, "EUR"), (10050, "EUR"), (5000, "EUR"), (-10350, "EUR"), (-990, "EUR"),
    ]  # fmt: skip
    transfer, first, second, returned, fee = taken.entries
    assert (transfer.booked_on, transfer.value_on) == (date(2026, 3, 2), date(2026, 3, 3))
    assert (transfer.structured, transfer.end_to_end_id) == (("RF18539007547034",), None)
    assert (transfer.debtor_name, transfer.debtor_account, transfer.account) == (PAYER, THEIRS, OURS)
    assert [(entry.end_to_end_id, entry.mandate_id, entry.batch_id) for entry in (first, second)] == [
        ("D-1", "M-1", "O7-1"), ("D-2", "M-2", "O7-1"),
    ]  # fmt: skip
    assert first.booking_id == second.booking_id != transfer.booking_id
    assert len({entry.entry_id for entry in taken.entries}) == 5
    assert returned.is_return
    assert (returned.return_reason, returned.original_amount, returned.end_to_end_id) == ("AM04", 10050, "D-1")
    assert not fee.is_return
    assert [(one.status, one.amount, one.is_credit) for one in taken.not_booked] == [("PDNG", 7500, True)]
    assert taken.not_booked[0].line > 1


def test_every_kind_that_is_promised_has_its_schema() -> None:
    assert [f"camt.{message}.001.{version:02}" for message in MESSAGES for version in VERSIONS] == list(KINDS)


def test_names_words_and_accounts_are_in_no_repr() -> None:
    taken = one(Booking("1", parts=(Part("1", words=("for my flat in Vienna",)),)))
    shown = repr(taken)
    for personal in (PAYER, THEIRS, OURS, "Vienna"):
        assert personal not in shown


def test_reading_again_gives_the_same_ids_and_so_does_a_notice_of_the_same_bookings() -> None:
    bookings = [Booking(f"{amount}", reference=f"R{amount}") for amount in (10, 20, 30)]
    ids = []
    for version, message, order in ((2, "053", 1), (8, "053", -1), (10, "054", 1)):
        found = statement(version, *bookings[::order], message=message, number=f"{version}{message}")
        taken = read(camt(version, found, message=message), "bank.xml")
        ids.append({entry.amount: entry.entry_id for entry in taken.entries})
    assert ids[0] == ids[1] == ids[2]


def test_without_a_reference_the_same_statement_gives_the_same_ids_in_any_order_of_its_rows() -> None:
    bookings = [Booking("5", parts=(Part("5", words=(words,)),)) for words in ("a", "b", "b", "c")]
    ids = []
    for rows in (bookings, bookings[::-1]):
        taken = read(camt(8, statement(8, *rows)), "bank.xml")
        ids.append(sorted((entry.unstructured, entry.entry_id) for entry in taken.entries))
    assert ids[0] == ids[1]
    assert len({entry_id for _, entry_id in ids[0]}) == 4  # the two that are equal stay two


def test_equal_bookings_with_one_reference_stay_as_many_as_they_are() -> None:
    twice = read(camt(8, statement(8, Booking("5", reference="R"), Booking("5", reference="R"))), "bank.xml")
    once = one(Booking("5", reference="R"))
    assert len({entry.entry_id for entry in twice.entries}) == 2
    assert once.entries[0].entry_id in {entry.entry_id for entry in twice.entries}


def test_a_reference_used_for_two_payments_gives_each_its_own_id_in_any_order_of_the_rows() -> None:
    bookings = [Booking("5", reference="R", parts=(Part("5", words=(words,)),)) for words in ("a", "b", "c")]
    ids = []
    for rows in (bookings, bookings[::-1]):
        taken = read(camt(8, statement(8, *rows)), "bank.xml")
        ids.append({entry.unstructured: entry.entry_id for entry in taken.entries})
    assert ids[0] == ids[1]
    assert len(set(ids[0].values())) == 3


def test_equal_bookings_in_two_statements_or_on_two_pages_are_two() -> None:
    booking = Booking("5", parts=(Part("5"),))
    pages = [statement(8, booking, page=(number, last)) for number, last in (("1", "false"), ("2", "true"))]
    statements = [statement(8, booking, number=number) for number in ("1", "2")]
    for found in (pages, statements):
        assert len({entry.entry_id for entry in read(camt(8, *found), "bank.xml").entries}) == 2


@pytest.mark.parametrize(
    "other",
    [
        Booking("5.01", reference="R"),
        Booking("5", reference="S"),
        Booking("5", reference="R", indicator="DBIT"),
        Booking("5", reference="R", reversal="true"),
        Booking("5", reference="R", booked="<Dt>2026-03-01</Dt>"),
    ],
)
def test_another_booking_has_another_id(other: Booking) -> None:
    assert one(other).entries[0].entry_id != one(Booking("5", reference="R")).entries[0].entry_id


def test_a_reference_of_another_account_is_another() -> None:
    found = [statement(8, Booking("5", reference="R"), account=account) for account in (OURS, THEIRS)]
    assert len({entry.entry_id for entry in read(camt(8, *found), "bank.xml").entries}) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_parts_that_do_not_add_up_refuse_the_file(version: int) -> None:
    wrong = Booking("100", parts=(Part("60"), Part("39.99")))
    message = refused(camt(version, statement(version, Booking("1"), wrong)))
    assert message.startswith("bank.xml:")
    assert "2 parts that do not add up" in message


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("where", ["part", "booking"])
def test_the_banks_charges_are_an_entry_of_their_own(version: int, where: str) -> None:
    own, theirs = ("1.50", None) if where == "part" else (None, "1.50")
    taken = one(Booking("98.50", charge=theirs, parts=(Part("60", charge=own), Part("40"))), version)
    assert [(entry.signed, entry.is_charge) for entry in taken.entries] == [(6000, False), (4000, False), (-150, True)]


def test_parts_of_both_directions_add_up_to_the_whole() -> None:
    taken = one(Booking("40", parts=(Part("100"), Part("60", indicator="DBIT"))))
    assert [entry.signed for entry in taken.entries] == [10000, -6000]


def test_a_batch_without_amounts_stays_one_entry_with_the_id_of_the_batch() -> None:
    taken = one(Booking("100", batch="O7-1", parts=(Part(), Part())))
    assert [(entry.amount, entry.batch_id, entry.end_to_end_id) for entry in taken.entries] == [(10000, "O7-1", None)]


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("1234", "JPY", 1234), ("1234.00", "JPY", 1234), ("1.234", "BHD", 1234), ("0.05", "EUR", 5), (".5", "EUR", 50),
     ("007.", "USD", 700), ("+3.1", "EUR", 310), ("0", "EUR", 0), ("1.2345", "CLF", 12345),
     ("9999999999998999.99", "EUR", 10**18 - 100_001)],
)  # fmt: skip
def test_amounts_are_exact_in_every_currency(amount: str, currency: str, units: int) -> None:
    taken = read(camt(8, statement(8, Booking(amount, currency))), "bank.xml", must_balance=False)
    assert [(entry.amount, entry.currency) for entry in taken.entries] == [(units, currency)]


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("12.50", "JPY"), ("0.0005", "BHD"), ("1.005", "EUR"), ("999999999999999999", "EUR"), ("1", "XAU"), ("1", "QQQ"),
     ("-1", "EUR"), ("1e3", "EUR"), ("NaN", "EUR"), ("1,50", "EUR"), ("", "EUR"), ("1" * 19, "EUR"), ("1", "eur")],
)  # fmt: skip
def test_amounts_that_are_none_refuse_the_file(amount: str, currency: str) -> None:
    booking = Booking("1", currency)
    content = camt(8, statement(8, booking)).replace(b">1</Amt>", f">{amount}</Amt>".encode())
    assert refused(content, must_balance=False).startswith("bank.xml:")


def test_a_day_is_the_banks_own_whatever_its_zone() -> None:
    for written in ("<Dt>2026-03-02</Dt>", "<Dt>2026-03-02+14:00</Dt>", "<DtTm>2026-03-02T23:59:59-11:00</DtTm>"):
        assert one(Booking("1", booked=written)).entries[0].booked_on == date(2026, 3, 2)
    assert one(Booking("1", booked=None)).entries[0].booked_on == date(2026, 3, 3)
    assert "no booking date" in refused(camt(8, statement(8, Booking("1", booked=None, value=None))))
    for written in ("<Dt>2026-02-30</Dt>", "<Dt>12026-02-03</Dt>", "<Dt>-2026-02-03</Dt>", "<Dt>0000-02-03</Dt>"):
        refused(camt(8, statement(8, Booking("1", booked=written))))


def test_a_statement_must_lead_from_its_opening_to_its_closing_balance() -> None:
    wrong = camt(8, statement(8, Booking("5"), Booking("7"), closing="1005"))
    assert "closing balance" in refused(wrong)
    assert len(read(wrong, "bank.xml", must_balance=False).entries) == 2
    page = camt(8, statement(8, Booking("5"), closing="1", page=("2", "true")))
    assert len(read(page, "bank.xml").entries) == 1  # a page is not the whole


def test_a_statement_that_is_there_twice_refuses_the_file() -> None:
    found = statement(8, Booking("5"))
    assert "twice" in refused(camt(8, found, found))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "", "does not stand where it may"),
        ("<Cd>BOOK</Cd>", "<Cd>BOOOK</Cd>", "Cd"),
        ("camt.053.001.08", "camt.053.001.99", "is none of camt.053.001.02"),
        ("camt.053.001.08", "pain.008.001.08", "is none of"),
        ("<Document ", "<Dokument ", "is not XML"),
        ("</Ntry>", "</Ntry><Secret>PIN 1234</Secret>", "an unknown element"),
        ('Ccy="EUR">5', ">5", "lacks an attribute"),
        ("EUR</Ccy>", "EU</Ccy>", "is not written as it must be"),
    ],
)
def test_what_is_not_valid_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    content = camt(8, statement(8, Booking("5", parts=(Part("5"),))))
    assert old.encode() in content
    message = refused(content.replace(old.encode(), new.encode()))
    assert said in message
    assert "1234" not in message
    assert "ask the bank" in message


def test_errors_never_show_what_the_file_says() -> None:
    long = PAYER * 30
    message = refused(camt(8, statement(8, Booking("5", parts=(Part("5", name=long),)))))
    assert message == ("bank.xml:4: Nm is too long (camt.053.001.08): ask the bank for a file that is valid")
    for broken in (THEIRS[:-2] + "éé", "<Secret/>", "&secret;"):
        content = camt(8, statement(8, Booking("5", parts=(Part("5"),)))).replace(THEIRS.encode(), broken.encode())
        assert "ecret" not in refused(content)


BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE Document [<!ENTITY a0 "ha">{BOMB}]>',
    "quadratic": f'<!DOCTYPE Document [<!ENTITY a11 "{"x" * 100_000}">]>',
    "outside": '<!DOCTYPE Document [<!ENTITY a11 SYSTEM "file:///etc/hostname">]>',
    "network": '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "parameter": '<!DOCTYPE Document [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]>',
    "empty": "<!DOCTYPE Document>",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_it_does_anything(name: str, encoding: str) -> None:
    plain = camt(8, statement(8, Booking("5", parts=(Part("5"),)))).decode()
    text = plain.replace("\n<Document", f"\n{HOSTILE[name]}\n<Document", 1).replace(PAYER, "&a11;")
    assert "document type" in refused(text.replace("UTF-8", encoding).encode(encoding))


def test_a_deep_a_large_and_an_empty_file_are_refused() -> None:
    deep = tag("SplmtryData", "<Envlp>" + "<a>" * 100_000 + "</a>" * 100_000 + "</Envlp>")
    content = camt(8, statement(8, Booking("5"))).replace(b"</BkToCstmrStmt>", deep.encode() + b"</BkToCstmrStmt>")
    assert "is not XML that can be read" in refused(content)
    with pytest.raises(DueCourseError, match=r"has \d+ bytes, 100 are allowed"):
        read(content, "bank.xml", size_max=100)
    for nothing in (b"", b"\0" * 50, b"PK\x03\x04", b"<a/>", b"\xff\xfe<", b'<?xml version="1.0" encoding="x"?><a/>'):
        refused(nothing)


def test_what_is_taken_adds_up_to_what_an_independent_reader_finds() -> None:
    content = day(10)
    space = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.10}"
    total = Decimal(0)
    for entry in ET.fromstring(content).iter(f"{space}Ntry"):  # noqa: S314  our own file
        if entry.findtext(f"{space}Sts/{space}Cd") == "BOOK":
            sign = 1 if entry.findtext(f"{space}CdtDbtInd") == "CRDT" else -1
            total += sign * Decimal(entry.findtext(f"{space}Amt") or "")
    assert sum(entry.signed for entry in read(content, "bank.xml").entries) == total * 100
