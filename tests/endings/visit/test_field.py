"""The field on a real store: receipts, what comes to the bank, danger, and the codes by which visits are checked."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from bench.gate_store import ON
from duecourse.channels.visit.codes import SECRET, code, is_it, keys, mac
from duecourse.channels.visit.settings import Settings
from duecourse.channels.visit.visits import Visits
from duecourse.day.opening import visits_of
from duecourse.day.paper import reference_of
from duecourse.endings.history import lines
from duecourse.endings.moving import Who
from duecourse.endings.visit import deposits, made, receipts, safety
from duecourse.endings.visit.deposits import Deposit, Difference
from duecourse.endings.visit.made import Visit
from duecourse.endings.visit.receipts import Paid, Receipt
from duecourse.kernel.errors import DueCourseError
from duecourse.store import staff
from tests.cli.conftest import Commands, duecourse, home  # noqa: F401  fixtures
from tests.day.cases import AT, told
from tests.day.field.conftest import SETTINGS, House
from tests.documents.samples import read as words_of
from tests.endings.cases import BOSS, CLERK, STAFF

TEAM = "2026-11-20-north"
REVIEWER = "q-law"
WHO = Who(CLERK, AT + timedelta(hours=2), ON)


@pytest.fixture
def settings(house: House) -> Settings:
    """Add the staff, and let teams take cash and cards."""
    staff.add("admin", "administrator", by=None, at=AT)
    for name, role in STAFF.items():
        staff.add(name, role, by="admin", at=AT)
    return replace(visits_of("visit", house.settings.channels["visit"]), takes=("cash", "card"))


@pytest.fixture
def visit(house: House, settings: Settings) -> Visit:
    """Hand out a visit to borrower 2."""
    house.plan("visit", 2)
    house.carry_out("visit")
    house.hands.shelf("visit").close(TEAM, house.at)
    return made.found(house.connection, "visit", Visits(settings.folder), reference_of(house.key(2)))


def cash(amount: int = 50_000, method: str = "cash", minutes: int = 60) -> Paid:
    return Paid("L2", amount, "USD", method, AT + timedelta(minutes=minutes))


def take(house: House, visit: Visit, paid: Paid, settings: Settings) -> tuple[Receipt, bool]:
    return receipts.take(house.facts, house.connection, visit, paid, settings, WHO)


def test_a_visit_is_found_by_the_reference_of_its_sheet(house: House, visit: Visit) -> None:
    assert (visit.borrower, visit.loans, visit.team, visit.on) == (2, ("L2",), "north", ON)
    assert visit.badges == ("B-17", "B-18")
    with pytest.raises(DueCourseError, match="no visit that was handed out"):
        made.found(house.connection, "visit", Visits(house.folder / "visit"), "0000-0000-0000")


def test_a_receipt_is_a_payment_and_its_number_counts_on(house: House, visit: Visit, settings: Settings) -> None:
    first, is_new = take(house, visit, cash(), settings)
    assert (first.receipt_id, is_new) == (f"{TEAM}-0001", True)
    assert take(house, visit, cash(), settings) == (first, False), "the same again is no second payment"
    second, _ = take(house, visit, cash(700, "card", 61), settings)
    assert second.receipt_id == f"{TEAM}-0002"
    assert house.read("SELECT payment_id, amount, currency, paid_on FROM payments ORDER BY 1") == [
        (f"{TEAM}-0001", 50_000, "USD", ON), (f"{TEAM}-0002", 700, "USD", ON),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("paid", "says"),
    [
        (cash(method="cheque"), "may not be taken at the door, cash, card may"),
        (replace(cash(), loan_id="L4"), "the visit is not about it, but about L2"),
        (replace(cash(), currency="EUR"), "is in USD, not in EUR"),
        (cash(0), "an amount above zero"),
        (cash(minutes=600), "in the future"),
    ],
)
def test_what_may_not_be_taken_leaves_no_receipt(
    house: House, visit: Visit, settings: Settings, paid: Paid, says: str
) -> None:
    with pytest.raises(DueCourseError, match=says):
        take(house, visit, paid, settings)
    assert house.read("SELECT (SELECT count(*) FROM visit_receipt), (SELECT count(*) FROM payments)") == [(0, 0)]


def test_nothing_is_taken_at_the_door_unless_the_settings_say_so(
    house: House, visit: Visit, settings: Settings
) -> None:
    with pytest.raises(DueCourseError, match="nothing may"):
        take(house, visit, cash(), replace(settings, takes=()))
    with pytest.raises(DueCourseError, match="takes: write some of cash"):
        replace(settings, takes=("gold",))
    head = {"en": ["Acme"]}
    assert Settings(settings.folder, head, settings.teams).takes == (), "none by default"


@pytest.mark.parametrize(
    ("borrower", "currency", "texts"),
    [
        (2, "USD", ("Receipt no. 2026-11-20-north-0001", "Name 2", "USD 500.00", "Cash", "B-17, B-18")),
        (1, "CNY", ("收据编号 2026-11-20-north-0001", "Name 1", "CNY 500.00", "现金", "B-17, B-18")),
    ],
)
def test_the_paper_of_a_receipt_says_what_was_taken_and_is_the_same_again(
    house: House, settings: Settings, borrower: int, currency: str, texts: tuple[str, ...]
) -> None:
    if borrower == 1:  # in China a visit must have been agreed to
        with house.facts.locked(1):
            house.facts.consent(told("visit-consent", 1), "visit")
    house.plan("visit", borrower)
    house.carry_out("visit")
    house.hands.shelf("visit").close(TEAM, house.at)
    visit = made.found(house.connection, "visit", Visits(settings.folder), reference_of(house.key(borrower)))
    paid = replace(cash(), loan_id=f"L{borrower}", currency=currency)
    given, _ = take(house, visit, paid, settings)
    paper = receipts.pdf_of(house.connection, house.ring, given, settings)
    words = words_of(paper).replace("\u00a0", " ")
    for text in (*texts, reference_of(visit.key), code(house.ring.secret(SECRET), visit.key)):
        assert text in words, words
    assert receipts.pdf_of(house.connection, house.ring, given, settings) == paper


def test_a_team_goes_out_again_when_its_cash_is_at_the_bank_to_the_cent(
    house: House, visit: Visit, settings: Settings
) -> None:
    """500.00 in cash and 7.00 by card are taken; 499.99 are paid in: one cent is open, and then none."""
    take(house, visit, cash(), settings)
    take(house, visit, cash(700, "card", 61), settings)
    connection, tomorrow = house.connection, "2026-11-21-north"
    assert deposits.differences(connection) == [Difference("north", ON, "USD", 50_000)]
    deposits.refuse_open(connection, TEAM)  # its own day may be handed out, and asked about again
    deposits.refuse_open(connection, "2026-11-21-south")
    with pytest.raises(DueCourseError, match=r"north of 2026-11-20 has USD\u00a0500\.00 open"):
        deposits.refuse_open(connection, tomorrow)
    paid_in = Deposit("bank-1", "north", ON, 49_999, "USD")
    assert deposits.deposit(connection, paid_in, WHO)
    assert not deposits.deposit(connection, paid_in, WHO), "twice is once"
    with pytest.raises(DueCourseError, match="was noted before, and otherwise"):
        deposits.deposit(connection, replace(paid_in, amount=1), WHO)
    with pytest.raises(DueCourseError, match=r"USD\u00a00\.01 open"):
        deposits.refuse_open(connection, tomorrow)
    cent = Deposit("s-1", "north", ON, 1, "USD", "lost by the bank's machine")
    with pytest.raises(DueCourseError, match="no active supervisor"):
        deposits.settle(connection, cent, WHO)
    boss = replace(WHO, by=BOSS)
    with pytest.raises(DueCourseError, match=r"USD\u00a00\.01 is open, and not USD\u00a00\.02"):
        deposits.settle(connection, replace(cent, amount=2), boss)
    assert deposits.settle(connection, cent, boss)
    deposits.refuse_open(connection, tomorrow)
    assert deposits.differences(connection) == []
    kinds = house.read("SELECT kind FROM audit_entry WHERE chain = 0 AND kind LIKE 'd%%' ORDER BY seq")
    assert kinds == [("deposit.noted",), ("difference.settled",)]


def test_danger_stops_visits_that_are_planned_queued_and_handed_out_and_nothing_else(
    house: House, visit: Visit
) -> None:
    assert safety.stop(house.facts, 2, "weapon", WHO)
    assert not safety.stop(house.facts, 2, "threat", WHO), "it is stopped already"
    (pulled,) = house.hands.shelf("visit").check(TEAM, house.at + timedelta(minutes=5))
    assert (pulled.reference, pulled.why) == (reference_of(visit.key), "visit_dangerous")
    safety.stop(house.facts, 4, "place", WHO)
    house.plan("letter", 4)
    house.plan("visit", 4)
    house.carry_out("visit", "letter")
    said = house.read("SELECT channel, is_permitted, reasons FROM verdict WHERE borrower_no = 4 ORDER BY channel")
    assert said == [("letter", True, []), ("visit", False, ["visit_dangerous"])]
    stop, _ = safety.standing(house.connection)
    assert (stop.borrower_id, stop.kind, stop.what, stop.told_by) == ("B2", "danger", "weapon", CLERK)


@pytest.mark.usefixtures("visit")
def test_a_named_supervisor_alone_lets_a_borrower_be_visited_again(house: House) -> None:
    safety.stop(house.facts, 2, "animal", WHO)
    with pytest.raises(DueCourseError, match="no active supervisor"):
        safety.lift(house.facts, house.connection, "B2", WHO)
    safety.lift(house.facts, house.connection, "B2", replace(WHO, by=BOSS))
    assert safety.standing(house.connection) == []
    with pytest.raises(DueCourseError, match="no visit to B2 is stopped"):
        safety.lift(house.facts, house.connection, "B2", replace(WHO, by=BOSS))
    assert house.hands.shelf("visit").check(TEAM, house.at + timedelta(minutes=5)) == []
    with pytest.raises(DueCourseError, match="there is no danger 'rain'"):
        safety.stop(house.facts, 2, "rain", WHO)


@pytest.mark.usefixtures("visit")
def test_who_asks_for_a_review_is_not_visited_until_compliance_has_answered(house: House) -> None:
    assert safety.review(house.facts, house.connection, "B2", WHO)
    assert not safety.review(house.facts, house.connection, "B2", WHO), "it is asked for already"
    (pulled,) = house.hands.shelf("visit").check(TEAM, house.at + timedelta(minutes=5))
    assert pulled.why == "visit_under_review"
    with pytest.raises(DueCourseError, match="is nobody of compliance"):  # a supervisor lets teams go
        safety.answer(house.facts, house.connection, "B2", replace(WHO, by=BOSS), "they may come")
    with pytest.raises(DueCourseError, match="with its reason"):
        safety.answer(house.facts, house.connection, "B2", replace(WHO, by=REVIEWER), " ")
    with pytest.raises(DueCourseError, match="no visit to B2 is stopped"):  # what is under review is no danger
        safety.lift(house.facts, house.connection, "B2", replace(WHO, by=BOSS))
    safety.answer(house.facts, house.connection, "B2", replace(WHO, by=REVIEWER), "an hour was agreed on")
    assert safety.standing(house.connection) == []
    told = lines(house.connection, "L2")
    assert [line for line in told if "visits" in line or "agreed" in line] == [
        "visits: answered",
        f"  {house.at:%Y-%m-%d} answered, by {REVIEWER}: an hour was agreed on",
    ]


@pytest.mark.usefixtures("visit")
def test_after_an_answer_a_team_may_come(house: House) -> None:
    safety.review(house.facts, house.connection, "B2", WHO)
    safety.answer(house.facts, house.connection, "B2", replace(WHO, by=REVIEWER), "an hour was agreed on")
    assert house.hands.shelf("visit").check(TEAM, house.at + timedelta(minutes=5)) == []


@pytest.mark.usefixtures("visit")
def test_a_review_may_end_all_visits_to_a_borrower(house: House) -> None:
    safety.review(house.facts, house.connection, "B2", WHO)
    safety.stop(house.facts, 2, "animal", WHO)  # both stand, and each is lifted by its own
    safety.answer(house.facts, house.connection, "B2", replace(WHO, by=REVIEWER), "they are ill", goes_on=False)
    safety.lift(house.facts, house.connection, "B2", replace(WHO, by=BOSS))
    (pulled,) = house.hands.shelf("visit").check(TEAM, house.at + timedelta(minutes=5))
    assert pulled.why.startswith("channel_refused")


def test_the_database_takes_no_answer_without_a_reason_and_none_by_nobody(house: House) -> None:
    safety.review(house.facts, house.connection, "B2", WHO)
    for change in ("lifted_at = now()", "lifted_at = now(), lifted_by = 1", "answer = 'so'"):
        with pytest.raises(psycopg.errors.CheckViolation):
            house.connection.execute(f"UPDATE visit_stop SET {change}".encode())


def test_the_code_is_on_the_sheet_and_on_what_is_left_and_tells_a_genuine_visit(
    house: House, visit: Visit, settings: Settings
) -> None:
    secret = house.ring.secret(SECRET)
    said = code(secret, visit.key)
    printed = (settings.folder / "batches" / TEAM / "print.pdf").read_bytes()
    assert f"Check code: {said}" in words_of(printed, 0)
    assert f"read out the check code {said}" in words_of(printed, 1)
    found = made.genuine(house.connection, "visit", Visits(settings.folder), secret, f" {said.lower()} ", ON)
    assert found == visit
    for wrong, on in (("0000-0000-0000", ON), ("0000", ON), (said, date(2027, 1, 1))):
        assert made.genuine(house.connection, "visit", Visits(settings.folder), secret, wrong, on) is None
    safety.stop(house.facts, 2, "threat", WHO)
    house.hands.shelf("visit").check(TEAM, house.at + timedelta(minutes=5))
    assert made.genuine(house.connection, "visit", Visits(settings.folder), secret, said, ON) is None, (
        "it is called off"
    )


def test_a_code_ends_in_forty_bits_of_an_hmac_in_letters_that_are_not_taken_for_each_other() -> None:
    """HMAC-SHA-256 of RFC 4231, case 2, begins 5bdcc146bf: 01011 01111 01110 01100 00010 10001 10101 11111."""
    assert mac(b"Jefe", "what do ya want for nothing?") == "BFEC-2HNZ"


def test_a_code_begins_with_twenty_bits_of_the_key_by_which_it_is_found() -> None:
    """1f0c8 is 00011 11100 00110 01000: 3 (3), 28 (W), 6 (6), 8 (8)."""
    key = "1f0c83ab99d2"
    said = code(b"Jefe", key)
    assert said == f"3W68-{mac(b'Jefe', key)}"
    assert keys(said.lower().replace("-", " ")) == ("1f0c8", "1f0c8g")
    assert is_it(b"Jefe", key, said.lower())
    assert not is_it(b"Jefe", key, said[:-1])
    assert not is_it(b"jefe", key, said)
    assert (keys("3W68"), keys(said + "U"), keys("UUUU-0000-0000")) == (None, None, None)


@pytest.fixture
def at(house: House, tmp_path: Path) -> tuple[object, ...]:
    """Return the options that commands have: the example's settings, with a folder of the test's own."""
    text = SETTINGS.read_text(encoding="utf-8").replace('"out/visits"', f'"{tmp_path / "visit"}"')
    (tmp_path / "day.toml").write_text(text.replace('takes = ["card"]', 'takes = ["card", "cash"]'), encoding="utf-8")
    house.read("UPDATE plan SET strategy_hash = %s RETURNING 1", house.strategy.hash)
    return "--settings", tmp_path / "day.toml", "--store", house.place.folder


def test_the_commands_of_the_field(
    duecourse: Commands,  # noqa: F811  the fixture
    visit: Visit,
    at: tuple[object, ...],
    tmp_path: Path,
) -> None:
    store, reference = at[2:], reference_of(visit.key)
    paid = (reference, "L2", "50000", "USD", "cash", "--at", AT.isoformat(), "--by", CLERK, "--out", tmp_path / "r")
    given = duecourse("day", "visits", "receipt", *paid, *at)
    assert (given.code, given.err) == (0, ""), given
    assert f"{TEAM}-0001: is given" in given.out
    assert (tmp_path / "r" / f"{TEAM}-0001.pdf").read_bytes().startswith(b"%PDF-")
    assert "was given before" in duecourse("day", "visits", "receipt", *paid, *at).out
    opened = duecourse("day", "visits", "differences", "--json", *store)
    assert (opened.code, opened.json[0]["amount"]) == (1, 50_000)
    refused = duecourse("day", "visits", "hand-out", "2026-11-21-north", "--by", BOSS, *at)
    assert (refused.code, "500.00 open between receipts and bank" in refused.err) == (2, True), refused
    done = duecourse("day", "visits", "deposit", "north", "2026-11-20", "49000", "USD", "bank-1", "--by", CLERK, *store)
    assert (done.code, done.out) == (1, "north of 2026-11-20: USD\u00a010.00 is open\n")
    why = ("--by", BOSS, "--why", "the borrower was given change")
    assert duecourse("day", "visits", "settle", "north", "2026-11-20", "1000", "USD", *why, *store).code == 0
    assert duecourse("day", "visits", "differences", *store).out == "nothing is open\n"
    assert duecourse("day", "visits", "verify", "AAAA-AAAA-AAAA", *at).code == 1
    stopped = duecourse("day", "visits", "danger", reference, "threat", "--by", CLERK, *at)
    assert "a supervisor must look at it" in stopped.out, stopped
    stops = duecourse("day", "visits", "dangers", "--json", *store)
    assert (stops.code, stops.json[0]["borrower_id"]) == (1, "B2")
    assert duecourse("day", "visits", "safe", "B2", "--by", CLERK, *store).code == 2
    assert duecourse("day", "visits", "safe", "B2", "--by", BOSS, *store).code == 0
    assert duecourse("day", "visits", "dangers", *store).code == 0
