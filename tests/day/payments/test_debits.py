"""Direct debits: the file that is sent, what the bank says of it, and whether one may be tried again."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from duecourse.day.payments import debits as debits_module
from duecourse.day.payments.amounts import decimal_text
from duecourse.day.payments.debits import (
    Creditor,
    Debit,
    Mandate,
    Order,
    Scheme,
    Sequence,
    batches,
    latin,
    own_debits,
    sequence_of,
    write,
)
from duecourse.day.payments.matching import OpenLoan, match
from duecourse.day.payments.reasons import Answer, Meaning, Retries, Try, may_debit_again, meaning
from duecourse.day.payments.references import creditor_reference
from duecourse.day.payments.returns import came_back, read
from duecourse.day.payments.statements import read as read_statement
from duecourse.kernel.errors import DueCourseError
from tests.day.payments.files import Booking, Part, camt, statement, tag

SPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.008.001.08}"
SCHEMA = etree.XMLSchema(etree.parse(Path(debits_module.__file__).parent / "schemas" / "pain.008.001.08.xsd"))
LENDER = Creditor("Müller & Co. Darlehen", "DE89370400440532013000", "DE98ZZZ09999999999", "COBADEFFXXX")
MANDATE = Mandate("M-1", date(2026, 1, 5), "Zoë Łukasz-Nuñez", "NL91ABNA0417164300")
DAY = date(2026, 3, 9)
DEBIT = Debit("D-1", "L-1001", MANDATE, 10050, DAY, Sequence.FIRST, creditor_reference("L1001"))
ORDER = Order(
    "O7",
    datetime(2026, 3, 2, 8, 0, 0, 123),  # noqa: DTZ001  the bank's file has no zone
    LENDER,
    (
        DEBIT,
        replace(DEBIT, end_to_end_id="D-2", sequence=Sequence.RECURRING, amount=1, reference=None, words="Rate 3 & 4"),
        replace(DEBIT, end_to_end_id="D-3", collect_on=DAY + timedelta(1)),
        replace(DEBIT, end_to_end_id="D-4", mandate=replace(MANDATE, scheme=Scheme.BUSINESS, bic="ABNANL2A")),
        replace(DEBIT, end_to_end_id="D-5", sequence=Sequence.RECURRING, amount=99_999_999_999, reference=None),
    ),
)


def money(text: str | None) -> Decimal:
    assert text is not None
    return Decimal(text)


def test_the_file_is_valid_and_its_sums_are_those_of_its_debits() -> None:
    root = etree.fromstring(write(ORDER))
    SCHEMA.assertValid(root)
    amounts = [money(one.text) for one in root.iter(f"{SPACE}InstdAmt")]
    assert sorted(amounts) == [Decimal("0.01"), *[Decimal("100.50")] * 3, Decimal("999999999.99")]
    assert root.findtext(f".//{SPACE}GrpHdr/{SPACE}NbOfTxs") == "5"
    assert money(root.findtext(f".//{SPACE}GrpHdr/{SPACE}CtrlSum")) == sum(amounts) == Decimal("1000000301.50")
    for batch in root.iter(f"{SPACE}PmtInf"):
        inside = [money(one.text) for one in batch.iter(f"{SPACE}InstdAmt")]
        assert money(batch.findtext(f"{SPACE}CtrlSum")) == sum(inside)
        assert batch.findtext(f"{SPACE}NbOfTxs") == str(len(inside))
    assert {one.get("Ccy") for one in root.iter(f"{SPACE}InstdAmt")} == {"EUR"}
    assert [one.text for one in root.iter(f"{SPACE}SeqTp")] == ["FRST", "FRST", "RCUR", "FRST"]
    assert [one.text for one in root.iter(f"{SPACE}Ref")] == [creditor_reference("L1001")] * 3
    assert [one.text for one in root.iter(f"{SPACE}Ustrd")] == ["Rate 3 . 4"]
    assert root.findtext(f".//{SPACE}Dbtr/{SPACE}Nm") == "Zoe Lukasz-Nunez"


def test_the_same_order_in_any_order_is_the_same_file() -> None:
    assert write(replace(ORDER, debits=ORDER.debits[::-1])) == write(ORDER)


def test_batches_are_by_day_scheme_and_sequence_and_hold_every_debit_once() -> None:
    found = batches(ORDER)
    assert [(one.batch_id, one.scheme, one.sequence, len(one.debits)) for one in found] == [
        ("O7-1", "B2B", "FRST", 1), ("O7-2", "CORE", "FRST", 1),
        ("O7-3", "CORE", "RCUR", 2), ("O7-4", "CORE", "FRST", 1),
    ]  # fmt: skip
    assert sum(one.total for one in found) == sum(one.amount for one in ORDER.debits)
    assert {one.end_to_end_id: one.batch_id for one in own_debits(ORDER)}["D-5"] == "O7-3"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(DEBIT, amount=0), "amount"),
        (replace(DEBIT, amount=-1), "amount"),
        (replace(DEBIT, amount=10**11), "amount"),
        (replace(DEBIT, end_to_end_id="D/1/"), "letters that banks take"),
        (replace(DEBIT, end_to_end_id="x" * 36), "letters that banks take"),
        (replace(DEBIT, end_to_end_id="é"), "letters that banks take"),
        (replace(DEBIT, collect_on=date(2026, 3, 1)), "before the order"),
        (replace(DEBIT, reference="RF00123"), "check digits"),
        (replace(DEBIT, words="x"), "one of the two"),
        (replace(DEBIT, mandate=replace(MANDATE, iban="NL92ABNA0417164300")), "IBAN"),
        (replace(DEBIT, mandate=replace(MANDATE, bic="abc")), "BIC"),
        (replace(DEBIT, mandate=replace(MANDATE, mandate_id="")), "letters that banks take"),
        (replace(DEBIT, mandate=replace(MANDATE, signed_on=date(2026, 3, 3))), "signed after"),
    ],
)
def test_a_debit_that_no_bank_takes_is_refused_without_showing_whose(wrong: Debit, said: str) -> None:
    with pytest.raises(DueCourseError, match=said) as caught:
        write(replace(ORDER, debits=(wrong,)))
    for personal in ("ABNA", "Łukasz"):
        assert personal not in str(caught.value)
        assert personal not in repr(wrong)


def test_an_order_that_no_bank_takes_is_refused() -> None:
    for wrong in (
        replace(ORDER, debits=()),
        replace(ORDER, debits=(DEBIT, DEBIT)),
        replace(ORDER, message_id="x" * 32),
        replace(ORDER, creditor=replace(LENDER, creditor_id="DE97ZZZ09999999999")),
        replace(ORDER, creditor=replace(LENDER, iban="DE00")),
    ):
        with pytest.raises(DueCourseError):
            write(wrong)


@given(st.text(max_size=200), st.text(max_size=300), st.integers(1, 99_999_999_999))
def test_any_name_and_any_words_make_a_valid_file(name: str, words: str, amount: int) -> None:
    mandate = replace(MANDATE, debtor_name=name)
    content = write(
        replace(ORDER, debits=(replace(DEBIT, mandate=mandate, amount=amount, reference=None, words=words),))
    )
    root = etree.fromstring(content)
    SCHEMA.assertValid(root)
    assert money(root.findtext(f".//{SPACE}InstdAmt")) * 100 == amount


def test_letters_that_banks_take() -> None:
    assert latin("Großmann-Ångström  & Søn", 70) == "Grossmann-Angstrom . Son"
    assert latin("李雷", 70) == ".."
    assert latin("", 70) == "."
    assert latin("ab cd", 3) == "ab"


def test_sequences() -> None:
    assert sequence_of(0, is_last=False, is_one_off=False) is Sequence.FIRST
    assert sequence_of(3, is_last=False, is_one_off=False) is Sequence.RECURRING
    assert sequence_of(3, is_last=True, is_one_off=False) is Sequence.FINAL
    assert sequence_of(0, is_last=True, is_one_off=True) is Sequence.ONE_OFF
    with pytest.raises(DueCourseError):
        sequence_of(1, is_last=True, is_one_off=True)


def report(version: str, group: str = "", batch: str = "", *items: str) -> bytes:
    head = tag("GrpHdr", tag("MsgId", "R1") + tag("CreDtTm", "2026-03-03T06:30:00"))
    about = tag("OrgnlMsgId", "O7") + tag("OrgnlMsgNmId", "pain.008.001.08") + group
    told = tag("OrgnlPmtInfAndSts", tag("OrgnlPmtInfId", "O7-3") + batch + "".join(items)) if batch or items else ""
    body = tag("CstmrPmtStsRpt", head + tag("OrgnlGrpInfAndSts", about) + told)
    return tag("Document", body, xmlns=f"urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}").encode()


def reason(code: str) -> str:
    return tag("StsRsnInf", tag("Rsn", tag("Cd", code)))


def item(end: str, status: str, code: str = "", version: str = "10") -> str:
    mandate = tag("MndtId", "M-1") + tag("DtOfSgntr", "2026-01-05")
    related = tag("MndtRltdInf", tag("DrctDbtMndt", mandate) if version == "12" else mandate)
    why = reason(code) if code else ""
    return tag("TxInfAndSts", tag("OrgnlEndToEndId", end) + tag("TxSts", status) + why + tag("OrgnlTxRef", related))


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_one_debit_is_rejected(version: str) -> None:
    content = report(
        version,
        "",
        tag("PmtInfSts", "PART"),
        item("D-2", "RJCT", "AC04", version),
        item("D-5", "ACCP", version=version),
    )
    found = came_back(read(content, "status.xml"), own_debits(ORDER))
    assert [(one.end_to_end_id, one.loan_id, one.amount, one.reason) for one in found] == [("D-2", "L-1001", 1, "AC04")]


def test_a_batch_and_a_whole_order_are_rejected() -> None:
    batch = report("10", "", tag("PmtInfSts", "RJCT") + reason("MD01"), item("D-5", "ACCP"))
    assert [(one.end_to_end_id, one.reason) for one in came_back(read(batch, "s.xml"), own_debits(ORDER))] == [
        ("D-2", "MD01")
    ]
    whole = read(report("10", tag("GrpSts", "RJCT") + reason("FF01")), "s.xml")
    assert whole.message_id == "O7"
    assert [one.reason for one in came_back(whole, own_debits(ORDER))] == ["FF01"] * 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        report("11"),
        report("10").replace(b"<GrpHdr>", b"<GrpHdr><x/>"),
        report("10", "", "", tag("TxInfAndSts", tag("TxSts", "RJCT"))),
        report("10", "", "", item("D-1", "RJCT", version="12")),
        report("12", "", "", item("D-1", "RJCT", version="10")),
        b"<!DOCTYPE a>" + report("10"),
    ],
)
def test_a_report_that_is_not_valid_is_refused(content: bytes) -> None:
    with pytest.raises(DueCourseError, match=r"^s\.xml"):
        read(content, "s.xml")


@pytest.mark.parametrize(
    ("code", "means"),
    [("AM04", Meaning.AGAIN), ("AC04", Meaning.NEVER), ("MD01", Meaning.NEVER), ("MD06", Meaning.NEVER),
     ("MS02", Meaning.NEVER), ("MD07", Meaning.DEAD), ("AC01", Meaning.MEND), ("ZZ99", Meaning.UNKNOWN),
     ("", Meaning.UNKNOWN)],
)  # fmt: skip
def test_what_codes_mean(code: str, means: Meaning) -> None:
    assert meaning(code)[0] is means


BOUNDS = Retries(most=2, days_between=5, within_days=30)
FIRST = Try(date(2026, 3, 2), "AM04")


def test_another_try_is_bounded_in_number_and_time() -> None:
    second = Try(date(2026, 3, 9), "AM04")
    assert may_debit_again((FIRST,), date(2026, 3, 7), BOUNDS).may
    assert may_debit_again((FIRST,), date(2026, 3, 6), BOUNDS) == Answer(
        False, "too soon after 2026-03-02", date(2026, 3, 7)
    )
    assert may_debit_again((FIRST, second), date(2026, 3, 14), BOUNDS).may
    assert not may_debit_again((FIRST, second, Try(date(2026, 3, 14), "AM04")), date(2026, 3, 20), BOUNDS).may
    assert may_debit_again((FIRST,), date(2026, 4, 1), BOUNDS).may
    assert not may_debit_again((FIRST,), date(2026, 4, 2), BOUNDS).may
    late = Try(date(2026, 3, 30), "AM04")
    assert may_debit_again((FIRST, late), date(2026, 3, 31), BOUNDS).from_on is None  # no day is left
    assert not may_debit_again((FIRST,), date(2026, 3, 20), Retries(most=0)).may
    assert not may_debit_again((Try(date.max, "AM04"),), date.max, BOUNDS).may


@given(
    st.lists(st.sampled_from(["AM04", "MS03", "AC04", "MD06", "MD07", "AC01", "??"]), min_size=1, max_size=4),
    st.booleans(),
)
def test_what_forbids_it_once_forbids_it_for_ever(codes: list[str], is_mended: bool) -> None:
    tries = tuple(Try(date(2026, 3, 1) + timedelta(number), code) for number, code in enumerate(codes))
    answers = [may_debit_again(rows, date(2026, 3, 20), BOUNDS, is_mended=is_mended) for rows in (tries, tries[::-1])]
    assert answers[0] == answers[1]
    allowed = {"AM04", "MS03"} | ({"AC01"} if is_mended else set())
    assert answers[0].may == (set(codes) <= allowed and len(codes) <= 2)


def test_from_the_order_to_the_return_and_another_try() -> None:
    sent = own_debits(ORDER)
    batch = sum(one.amount for one in sent if one.batch_id == "O7-2")
    paid = Booking(decimal_text(batch, "EUR"), reference="B1", batch="O7-2")
    back = Part("103.50", end="D-1", reason="AM04", instructed="100.50")
    returned = Booking("103.50", indicator="DBIT", reference="B2", parts=(back,))
    loans = (OpenLoan("L-1001", "EUR", 0),)
    found = match(read_statement(camt(8, statement(8, paid, returned)), "bank.xml").entries, loans, sent)
    assert [(one.end_to_end_id, one.amount, one.is_return, one.charges) for one in found.matches] == [
        ("D-1", 10050, False, 0), ("D-1", 10050, True, 300),
    ]  # fmt: skip
    assert may_debit_again((Try(DAY, "AM04"),), DAY + timedelta(7), BOUNDS).may


def test_bounds_that_bound_nothing_are_refused() -> None:
    for wrong in ({"most": -1}, {"days_between": 0}, {"within_days": -1}):
        with pytest.raises(DueCourseError):
            Retries(**wrong)
    with pytest.raises(DueCourseError):
        may_debit_again((), date(2026, 3, 2), BOUNDS)
