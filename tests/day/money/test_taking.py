"""Banks' files into the store: each entry once, whatever the order of files and rows, and however a run ends."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from duecourse.day.money import by_hand, settling
from duecourse.day.money.when import When
from duecourse.day.payments.csv_mapping import read_mapping
from duecourse.day.payments.matching import Match, Rule
from duecourse.day.payments.references import creditor_reference
from duecourse.kernel.errors import DueCourseError
from duecourse.store import people
from duecourse.store.keys import Keyring
from duecourse.store.models import Person
from duecourse.store.place import Place
from tests.day.money.conftest import AT, ON, WHEN, Money
from tests.day.payments.files import PAYER, THEIRS, Booking, Part, camt, statement

DAY = "<Dt>2026-11-19</Dt>"


def booking(amount: str, reference: str, part: Part, **more: str | None) -> Booking:
    return Booking(amount, reference=reference, booked=DAY, value=DAY, parts=(part,), **more)  # type: ignore[arg-type]


def credit(amount: str, reference: str, *words: str, **more: str) -> Booking:
    return booking(amount, reference, Part(amount, words=words, **more))


def file(*bookings: Booking, number: str = "S1", message: str = "053") -> bytes:
    return camt(8, statement(8, *bookings, number=number, message=message), message=message)


MORNING = (
    credit("1020.00", "R1", structured=creditor_reference("LOAN-00001")),
    credit("50.00", "R2", "thanks for loan-00002"),
    credit("7.00", "R3", "who am I"),
    credit("12.34", "R4", "LOAN-00001 and LOAN-00002"),
    Booking("9.90", indicator="DBIT", reference="R5", booked=DAY, value=DAY),
)


def test_what_is_known_becomes_a_payment_and_the_rest_waits_with_its_reason(money: Money) -> None:
    found = money.take(file(*MORNING))
    assert (found.new, found.known, found.settled) == (5, 0, {"matched": 2, "other": 1, "unmatched": 2})
    assert money.paid() == [
        ("LOAN-00001", 102_000, date(2026, 11, 19), False),
        ("LOAN-00002", 5_000, date(2026, 11, 19), False),
    ]
    assert money.waiting() == {"several_loans": 1, "unknown": 1}
    kinds = money.rows("SELECT chain, kind FROM audit_entry ORDER BY 1")
    assert kinds == [(1, "payment.received"), (2, "payment.received")]


@pytest.mark.parametrize("second", ["same", "turned", "overlapping", "notice"])
def test_the_same_again_in_whatever_form_changes_nothing(money: Money, second: str) -> None:
    money.take(file(*MORNING))
    before = money.everything()
    again = {
        "same": file(*MORNING),
        "turned": file(*MORNING[::-1]),
        "overlapping": file(*MORNING[1:4], number="S2"),
        "notice": file(*MORNING, message="054"),
    }[second]
    assert money.take(again).new == 0
    assert money.everything() == before


def test_the_order_of_files_makes_no_difference(money: Money) -> None:
    paid = file(credit("50.00", "R1", "LOAN-00002"), number="S1")
    back = booking("50.00", "R2", Part("50.00", words=("LOAN-00002",), reason="AC04"), indicator="DBIT")
    money.take(file(back, number="S2"))
    assert (money.paid(), money.waiting()) == ([], {"payment_unknown": 1})
    money.take(paid)
    assert [row[1:] for row in money.paid()] == [(5_000, date(2026, 11, 19), True), (5_000, date(2026, 11, 19), False)]
    assert money.waiting() == {}
    after = money.everything()
    money.take(file(back, number="S2"))
    assert money.everything() == after


def test_one_booking_told_twice_in_a_file_counts_once(money: Money) -> None:
    whole = Booking("30.00", reference="R1", booked=DAY, value=DAY)
    parts = Booking(
        "30.00", reference="R1", booked=DAY, value=DAY,
        parts=(Part("10.00", words=("LOAN-00001",)), Part("20.00", words=("LOAN-00002",))),
    )  # fmt: skip
    both = camt(8, statement(8, parts, number="S1"), statement(8, whole, number="S2"))
    assert money.take(both).new == 2
    assert [row[:2] for row in money.paid()] == [("LOAN-00001", 1_000), ("LOAN-00002", 2_000)]
    assert money.take(file(whole, number="S3")).new == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Document",
        file(*MORNING)[:-200],
        file(*MORNING).replace(b"1020.00</Amt>", b"1020.01</Amt>", 1),
        camt(8, statement(8, *MORNING, closing="1.00")),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + file(*MORNING),
        file(credit("1020.00", "R1", "LOAN-00001"), credit("99999999999999999.00", "R2", "LOAN-00001")),
    ],
    ids=["empty", "broken", "cut off", "parts differ", "does not balance", "entities", "huge"],
)
def test_a_file_that_is_no_good_leaves_nothing(money: Money, content: bytes) -> None:
    with pytest.raises(DueCourseError) as told:
        money.take(content)
    assert "\n" not in str(told.value)
    assert money.everything() == {"entries": [], "payments": [], "debits": [], "chain": []}


def test_what_is_dated_ahead_waits_for_its_day(money: Money) -> None:
    ahead = Booking(
        "50.00", reference="R1", booked="<Dt>2026-11-25</Dt>", parts=(Part("50.00", words=("LOAN-00001",)),)
    )
    money.take(file(ahead))
    assert (money.paid(), money.waiting()) == ([], {"later": 1})
    money.take(file(ahead), when=When(AT, date(2026, 11, 25), "bank"))
    assert len(money.paid()) == 1


def test_a_payment_that_came_back_is_taken_back_once(money: Money) -> None:
    paid = credit("50.00", "R1", "LOAN-00001")
    back = booking(
        "53.50", "R2", Part("53.50", words=("LOAN-00001",), reason="AC04", instructed="50.00"), indicator="DBIT"
    )
    again = booking("50.00", "R3", Part("50.00", words=("LOAN-00001",), reason="AC04"), indicator="DBIT")
    other = booking("49.00", "R4", Part("49.00", words=("LOAN-00001",), reason="AC04"), indicator="DBIT")
    money.take(file(paid, back, again, other))
    assert [row[1:] for row in money.paid()] == [(5_000, date(2026, 11, 19), True), (5_000, date(2026, 11, 19), False)]
    assert money.waiting() == {"payment_unknown": 2}


def test_a_payment_comes_back_when_the_loan_is_in_no_case_any_more(money: Money) -> None:
    money.take(file(credit("50.00", "R1", "LOAN-00001")))
    money.connection.execute("DELETE FROM case_loan WHERE borrower_no = 1")
    back = booking("50.00", "R2", Part("50.00", words=("LOAN-00001",), reason="AC04"), indicator="DBIT")
    money.take(file(back, number="S2"))
    ((entry_id,),) = money.rows("SELECT entry_id FROM bank_entry WHERE state = 'unmatched'")
    by_hand.match(money.connection, money.ring, entry_id, "LOAN-00001", WHEN)
    assert [row[3] for row in money.paid()] == [True, False]


def test_by_hand_and_by_whom(money: Money) -> None:
    money.take(file(*MORNING))
    (unknown,) = [one for one in by_hand.waiting(money.connection, money.ring) if one.reason == "unknown"]
    assert unknown.entry is not None
    assert (unknown.entry.unstructured, unknown.entry.debtor_name) == (("who am I",), PAYER)
    when = When(AT, ON, "u-17")
    with pytest.raises(DueCourseError, match="is in no case"):
        by_hand.match(money.connection, money.ring, unknown.entry_id, "LOAN-9", when)
    by_hand.match(money.connection, money.ring, unknown.entry_id, "LOAN-00003", when)
    assert ("LOAN-00003", 700, date(2026, 11, 19), False) in money.paid()
    assert money.rows("SELECT by, rule FROM bank_entry WHERE entry_id = %s", unknown.entry_id) == [("u-17", "by_hand")]
    assert money.rows("SELECT by FROM audit_entry WHERE chain = 3") == [("u-17",)]
    before = money.everything()
    with pytest.raises(DueCourseError, match="does not wait"):
        by_hand.match(money.connection, money.ring, unknown.entry_id, "LOAN-00002", when)
    money.take(file(*MORNING))
    assert money.everything() == before


def test_what_somebody_else_settled_meanwhile_stays(money: Money) -> None:
    money.take(file(*MORNING))
    (seen,) = [one for one in by_hand.waiting(money.connection, money.ring) if one.reason == "unknown"]
    by_hand.match(money.connection, money.ring, seen.entry_id, "LOAN-00003", WHEN)
    before = money.everything()
    late = Match(seen.entry_id, "LOAN-00001", 700, "EUR", Rule.LOAN_ID)
    assert settling.by_hand(money.connection, money.ring, WHEN, seen, (1, late)) == "settled meanwhile"
    assert money.everything() == before


def test_who_paid_and_what_they_wrote_lies_sealed_and_goes_with_the_borrower(money: Money, store: Place) -> None:
    money.take(file(*MORNING))
    ((text, bodies),) = money.rows("SELECT string_agg(e::text, ''), string_agg(e.body, '') FROM bank_entry e")
    said = (PAYER, THEIRS, "thanks", "who am I")
    assert not any(words in text or words.encode() in bodies for words in said)
    bare = money.rows("SELECT state, wrapped_key IS NULL FROM bank_entry GROUP BY 1, 2 ORDER BY 1")
    assert bare == [("matched", True), ("other", False), ("unmatched", False)]
    people.erase(Person.objects.get(borrower_id=2))
    assert Keyring.read(store.keys) == money.ring
    money.take(file(credit("1.00", "R9", "LOAN-00001"), number="S9"))
    assert money.rows("SELECT state FROM bank_entry WHERE borrower_no = 2") == [("matched",)]


MAPPING = b"""
[payments]
source = "checkout"
currency = "EUR"
[columns]
id = "id"
paid_on = "day"
amount = "amount"
loan_id = "loan"
"""


def test_a_lenders_own_file(money: Money) -> None:
    mapping = read_mapping(MAPPING, "m.toml")
    rows = b"id,day,amount,loan\n1,2026-11-18,10.00,LOAN-00001\n2,2026-11-18,x,LOAN-00001\n3,2026-11-18,5,LOAN-77\n"
    found = money.take(rows, "p.csv", mapping=mapping)
    assert [(one.line, one.column) for one in found.bad] == [(3, "amount")]
    assert (money.paid(), money.waiting()) == (
        [("LOAN-00001", 1_000, date(2026, 11, 18), False)], {"unknown_loan": 1},
    )  # fmt: skip
    before = money.everything()
    changed = money.take(rows.replace(b"10.00", b"11.00"), "p.csv", mapping=mapping)
    assert (changed.new, len(changed.differing)) == (0, 1)
    assert money.everything() == before
    money.take(rows.replace(b"x,", b"20,"), "p.csv", mapping=mapping)
    assert sum(row[1] for row in money.paid()) == 3_000


def test_what_is_queued_is_taken_back(money: Money) -> None:
    money.connection.execute(
        """WITH c AS (INSERT INTO contacts (contact_id, borrower_no, channel, happened_at, happened_on)
            VALUES ('c1', 1, 'sms', %s, %s) RETURNING id)
        INSERT INTO outbox (key, contact_no, borrower_no, channel, language, body, body_hash, released_at, valid_until,
            next_try_at) SELECT 'k', id, 1, 'sms', 'de', '', '', %s, %s, %s FROM c""",
        [AT, ON, AT, AT, AT],
    )
    money.take(file(*MORNING))
    assert money.rows("SELECT state, why FROM outbox") == [("cancelled", "payment.received")]


_KILLED = """
import os, signal, sys
from pathlib import Path
from duecourse.day.facts import Facts
from duecourse.day.money.taking import File, take
from duecourse.store import orm
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests.day.money.conftest import WHEN
folder, file, at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
place = Place(folder, None, folder / "keys.json")
orm.connect(place)
made, note = 0, Facts.note
def dying(self, *told):
    global made
    made += 1
    note(self, *told)
    if made == at:
        os.kill(os.getpid(), signal.SIGKILL)
Facts.note = dying
with place.connected() as connection:
    connection.autocommit = True
    take(connection, Keyring.read(place.keys), File(file.read_bytes(), "bank.xml"), WHEN)
"""


@pytest.mark.parametrize("at", [1, 2])
def test_a_run_that_is_killed_leaves_entries_whole_and_the_next_goes_on(
    money: Money, store: Place, tmp_path: Path, at: int
) -> None:
    content = file(*MORNING, credit("1.00", "R6", "LOAN-00003"))
    (tmp_path / "bank.xml").write_bytes(content)
    command = [sys.executable, "-c", _KILLED, str(store.folder), str(tmp_path / "bank.xml"), str(at)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, check=False, timeout=60, capture_output=True)  # noqa: S603
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert money.rows("SELECT count(*) FROM bank_entry") == [(6,)]
    paid, entered = len(money.paid()), money.rows("SELECT count(*) FROM audit_entry")
    assert money.rows("SELECT count(*) FROM bank_entry WHERE state = 'matched'") == [(paid,)] == entered
    assert paid == at - 1
    money.take(content)
    assert sum(row[1] for row in money.paid()) == 102_000 + 5_000 + 100
    assert money.rows("SELECT count(*) FROM audit_entry") == [(3,)]


def test_two_at_once_take_each_entry_once(money: Money, store: Place) -> None:
    content = file(*MORNING, *(credit("1.00", f"X{number}", "LOAN-00003") for number in range(20)))

    def importing(_: int) -> int:
        with store.connected() as connection:
            connection.autocommit = True
            return Money(connection, money.ring).take(content).new

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(importing, range(3), timeout=60)) == [0, 0, 25]
    assert len(money.paid()) == 22
    assert money.rows("SELECT count(*) FROM audit_entry") == [(22,)]
    assert money.waiting() == {"several_loans": 1, "unknown": 1}
