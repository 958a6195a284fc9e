"""Direct debits: what is due, where leave was given and the law permits it; once, and again only as codes allow."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from lxml import etree

from duecourse.day.facts import Facts, Told
from duecourse.day.gate import Gate
from duecourse.day.money import mandates, ordering, returned
from duecourse.day.money.mandates import New
from duecourse.day.money.ordering import Ordered, Wanted
from duecourse.day.money.when import When
from duecourse.day.payments import xml
from duecourse.day.payments.debits import Creditor
from duecourse.kernel.errors import DueCourseError
from duecourse.store import people
from duecourse.store.models import Person
from tests import package
from tests.day.money.conftest import AT, DUE, ON, WHEN, Money
from tests.day.payments.files import OURS, THEIRS, Booking, Part, camt, statement

CREDITOR: Final = Creditor("Acme", OURS, "DE98ZZZ09999999999")
COLLECT: Final = date(2026, 11, 25)
LATER: Final = When(datetime(2026, 12, 3, 9, tzinfo=UTC), date(2026, 12, 3), "bank")
DAY = "<Dt>2026-11-25</Dt>"


def wordless(*_: object) -> Any:
    raise AssertionError("a debit has no words")


@pytest.fixture
def gate(money: Money) -> Gate:
    law, strategy = package.law(), package.strategy()
    return Gate(money.connection, money.ring, law, strategy, wordless, "Europe/Berlin", timedelta(minutes=1))


def mandate(number: int, **more: Any) -> New:
    told = New(f"B{number}", f"M-{number}", date(2026, 1, 5), f"LOAN-{number:05}", f"Name {number}", THEIRS)
    return replace(told, **more)


def given(money: Money, *some: New) -> None:
    for one in some:
        assert mandates.add(money.connection, money.ring, one, WHEN)


def ordered(money: Money, gate: Gate, when: When = WHEN) -> Ordered:
    collect_on = when.on + timedelta(days=5)
    return ordering.order(money.connection, money.ring, gate, Wanted(CREDITOR, collect_on), when)


def written(money: Money, made: Ordered) -> list[tuple[str, str]]:
    """Return the debits of an order's file: their ids and amounts."""
    content = ordering.content(money.connection, money.ring, CREDITOR, made.message_id or "")
    xml.valid(content, "order", "pain.008.001.08")
    items = etree.fromstring(content).iterfind(".//{*}DrctDbtTxInf")
    return [(str(one.findtext(".//{*}EndToEndId")), str(one.findtext("{*}InstdAmt"))) for one in items]


def statement_of(*bookings: Booking, number: str = "S1") -> bytes:
    return camt(8, statement(8, *bookings, number=number))


def booked(end: str, amount: str, reference: str) -> Booking:
    return Booking(amount, reference=reference, booked=DAY, value=DAY, parts=(Part(amount, end=end),))


def back(end: str, amount: str, code: str, reference: str) -> Booking:
    part = Part(amount, end=end, reason=code)
    return Booking(amount, indicator="DBIT", reference=reference, booked=DAY, value=DAY, parts=(part,))


BANK: Final = When(datetime(2026, 11, 26, 9, tzinfo=UTC), date(2026, 11, 26), "bank")


def report(message_id: str, end: str | None, code: str) -> bytes:
    status = f"<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>"
    item = f"<TxInfAndSts><OrgnlEndToEndId>{end}</OrgnlEndToEndId>{status}</TxInfAndSts>"
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-21T08:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}-1</OrgnlPmtInfId>{item}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def test_what_is_due_is_debited_once(money: Money, gate: Gate) -> None:
    given(money, mandate(1), mandate(2))
    made = ordered(money, gate)
    assert (made.debits, made.refused, made.last) == (2, 0, None)
    amounts = [amount for _, amount in written(money, made)]
    assert amounts == ["2040.00", "2040.00"], "two instalments of 1000.00 and 20.00 each"
    assert 2 * DUE == 204_000
    first, again = (ordering.content(money.connection, money.ring, CREDITOR, made.message_id or "") for _ in range(2))
    assert first == again
    assert ordered(money, gate) == Ordered(None, 0, 0, None), "what is on its way is not ordered again"
    verdicts = money.rows("SELECT act, is_permitted FROM verdict")
    assert verdicts == [("take_payment", True)] * 2
    kinds = money.rows("SELECT kind FROM audit_entry WHERE chain = 1 ORDER BY seq")
    assert kinds == [("mandate.given",), ("act.released",), ("debit.ordered",)]
    with pytest.raises(DueCourseError, match="as it was then"):
        ordering.content(money.connection, money.ring, replace(CREDITOR, name="Other"), made.message_id or "")


def test_what_is_held_is_refused_and_not_written(money: Money, gate: Gate) -> None:
    given(money, mandate(1), mandate(2))
    facts = Facts(money.connection, money.ring, "desk")
    with facts.locked(2):
        facts.hold(Told("h-1", 2, AT, ON), "dispute")
    made = ordered(money, gate)
    assert (made.debits, made.refused) == (1, 1)
    said = money.rows("SELECT borrower_no, is_permitted, reasons FROM verdict ORDER BY 1")
    assert said == [(1, True, []), (2, False, ["hold_dispute"])]
    assert money.rows("SELECT borrower_no FROM debit") == [(1,)]


def test_the_law_refuses_in_a_breathing_space_and_permits_after_its_sixty_days(money: Money, gate: Gate) -> None:
    """The Debt Respite Scheme (England and Wales) Regulations 2020, regulations 7 and 26: sixty days, no recovery."""
    given(money, mandate(3))
    money.connection.execute(
        "INSERT INTO events (event_id, kind, borrower_no, happened_at, happened_on)"
        " VALUES ('e1', 'moratorium_start', 3, '2026-11-10 12:00Z', '2026-11-10')"
    )
    assert ordered(money, gate) == Ordered(None, 0, 1, None)
    assert money.rows("SELECT is_permitted, reasons FROM verdict") == [
        (False, ["law:gb.breathing-space.enforcement"])
    ]  # fmt: skip
    assert money.rows("SELECT kind FROM audit_entry ORDER BY seq") == [("mandate.given",), ("act.refused",)]
    last = date(2026, 11, 10) + timedelta(days=59)
    for on, debits in ((last, 0), (last + timedelta(days=1), 1)):
        at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
        assert ordered(money, gate, When(at, on, "bank")).debits == debits


def test_a_debit_that_was_collected_and_came_back(money: Money, gate: Gate) -> None:
    given(money, mandate(1))
    made = ordered(money, gate)
    ((end, amount),) = written(money, made)
    money.take(statement_of(booked(end, amount, "R1")), when=BANK)
    assert money.rows("SELECT state FROM debit") == [("collected",)]
    assert money.paid() == [("LOAN-00001", 2 * DUE, COLLECT, False)]
    assert ordered(money, gate, BANK).debits == 0, "nothing is due"
    money.take(statement_of(back(end, amount, "AM04", "R2"), number="S2"), when=BANK)
    assert [row[3] for row in money.paid()] == [True, False]
    told = money.rows("SELECT state, reason, again_from, why FROM debit")
    assert told == [("returned", "AM04", date(2026, 11, 30), f"too soon after {COLLECT}")], "five days behind it"
    assert ordered(money, gate, BANK).debits == 0
    later = ordered(money, gate, LATER)
    assert (later.debits, [one for _, one in written(money, later)]) == (1, ["2040.00"])
    before = money.everything()
    money.take(statement_of(back(end, amount, "AM04", "R2"), number="S2"), when=LATER)
    money.take(statement_of(back(end, amount, "AM04", "R7"), number="S3"), when=LATER)
    assert money.waiting() == {"twice": 1}
    assert money.everything()["payments"] == before["payments"]


@pytest.mark.parametrize(("code", "ends", "holds"), [("MD06", True, 0), ("MD07", True, 1), ("AC01", False, 0)])
def test_codes_that_forbid_another_try(money: Money, gate: Gate, code: str, ends: bool, holds: int) -> None:
    given(money, mandate(1))
    made = ordered(money, gate)
    ((end, _),) = written(money, made)
    content = report(made.message_id or "", end, code)
    found = returned.take(money.connection, money.ring, content, "r.xml", BANK)
    assert (found.rejected, found.known) == (1, 0)
    assert money.rows("SELECT state, reason, again_from FROM debit") == [("rejected", code, None)]
    assert money.rows("SELECT ended_at IS NOT NULL FROM mandate") == [(ends,)]
    assert money.rows("SELECT count(*) FROM holds WHERE kind = 'bereavement'") == [(holds,)]
    before = money.everything()
    assert returned.take(money.connection, money.ring, content, "r.xml", BANK).known == 1
    assert money.everything() == before
    assert ordered(money, gate, LATER).debits == 0


def test_a_report_about_a_debit_that_counts_as_paid_takes_the_payment_back(money: Money, gate: Gate) -> None:
    given(money, mandate(1))
    made = ordered(money, gate)
    ((end, amount),) = written(money, made)
    money.take(statement_of(booked(end, amount, "R1")), when=BANK)
    returned.take(money.connection, money.ring, report(made.message_id or "", end, "AM04"), "r.xml", BANK)
    assert [row[3] for row in money.paid()] == [True, False]
    money.take(statement_of(back(end, amount, "AM04", "R2"), number="S2"), when=BANK)
    assert [row[3] for row in money.paid()] == [True, False], "the booking of it takes nothing more back"
    assert money.rows("SELECT state FROM debit") == [("returned",)]


def test_a_batch_is_booked_in_one_sum(money: Money, gate: Gate) -> None:
    given(money, mandate(1), mandate(2))
    made = ordered(money, gate)
    batch = f"{made.message_id}-1"
    sum_of_both = Booking(
        "4080.00", reference="R1", booked=DAY, value=DAY, batch=batch, parts=(Part(None, batch=batch),)
    )
    money.take(statement_of(sum_of_both), when=BANK)
    assert [row[:2] for row in money.paid()] == [("LOAN-00001", 2 * DUE), ("LOAN-00002", 2 * DUE)]
    money.take(statement_of(booked(f"{made.message_id}.1", "2040.00", "R9"), number="S2"), when=BANK)
    assert money.waiting() == {"twice": 1}


def test_forged_and_broken_reports_change_nothing(money: Money, gate: Gate) -> None:
    given(money, mandate(1))
    made = ordered(money, gate)
    ((end, _),) = written(money, made)
    before = money.everything()
    for content in (b"", report("DC-unknown", end, "AM04"), report(made.message_id or "", end, "AM04")[:-20]):
        with pytest.raises(DueCourseError):
            returned.take(money.connection, money.ring, content, "r.xml", BANK)
    strange = report(made.message_id or "", "not-ours", "AM04")
    assert returned.take(money.connection, money.ring, strange, "r.xml", BANK).rejected == 0
    assert money.everything() == before


def test_an_order_that_cannot_be_written_leaves_nothing(money: Money, gate: Gate) -> None:
    given(money, mandate(1))
    wanted = Wanted(replace(CREDITOR, iban="DE00"), COLLECT)
    with pytest.raises(DueCourseError, match="IBAN"):
        ordering.order(money.connection, money.ring, gate, wanted, WHEN)
    assert money.rows("SELECT (SELECT count(*) FROM debit), (SELECT count(*) FROM verdict)") == [(0, 0)]
    assert ordered(money, gate).debits == 1, "the gate goes on"


def test_mandates_are_sealed_and_held_to_sense(money: Money, gate: Gate) -> None:
    given(money, mandate(1))
    assert not mandates.add(money.connection, money.ring, mandate(1), WHEN)
    for wrong in (
        mandate(2, iban="DE00123"), mandate(2, loan_id="LOAN-00001"), mandate(2, borrower_id="B9"),
        mandate(2, is_one_off=True, loan_id=None),
    ):  # fmt: skip
        with pytest.raises(DueCourseError) as told:
            mandates.add(money.connection, money.ring, wrong, WHEN)
        assert "DE00123" not in str(told.value)
    ((text, account),) = money.rows("SELECT m::text, account FROM mandate m")
    assert THEIRS not in text
    assert THEIRS.encode() not in account
    (known,) = mandates.read(money.connection, money.ring, [1]).values()
    assert (known.iban, known.debtor_name) == (THEIRS, "Name 1")
    people.erase(Person.objects.get(borrower_id=1))
    assert mandates.read(money.connection, money.ring, [1]) == {}
    assert money.rows("SELECT blind, ended_at IS NOT NULL FROM mandate") == [(b"", True)]
    assert ordered(money, gate).debits == 0


def test_an_account_with_a_mandate_is_known(money: Money) -> None:
    given(money, mandate(1))
    paying = Booking("5.00", reference="R1", booked=DAY, value=DAY, parts=(Part("5.00", iban=THEIRS),))
    money.take(statement_of(paying), when=BANK)
    assert money.rows("SELECT rule FROM bank_entry") == [("payer_only",)]
