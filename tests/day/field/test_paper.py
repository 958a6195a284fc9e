"""Letters and visits on a real store: judged again when they are closed, handed out and posted."""

import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from bench.gate_store import ON
from duecourse.channels.transport import Fate, Message
from duecourse.channels.visit.settings import Settings as VisitSettings
from duecourse.day import worker
from duecourse.day.batch import Closed, Place, Post, Shelf, post
from duecourse.day.facts import Money
from duecourse.day.opening import letters_of
from duecourse.day.paper import Letters, Sheets, reference_of
from duecourse.kernel.errors import DueCourseError
from tests.day.cases import AT, told
from tests.day.field.conftest import House
from tests.documents.samples import AMOUNTS, dense
from tests.documents.samples import read as words_of

LETTERS, VISITS = "2026-11-20-01", "2026-11-20-north"


def hold(house: House, borrower: int = 2) -> None:
    with house.facts.locked(borrower):
        assert house.facts.hold(told(f"H{borrower}", borrower, house.at), "dispute")


def payment(house: House, borrower: int = 2) -> None:
    with house.facts.locked(borrower):
        money = Money(f"L{borrower}", ON, 10_000, "USD")
        assert house.facts.payment(told(f"P{borrower}", borrower, house.at), money)


def opt_out(house: House, borrower: int, channel: str = "letter") -> None:
    with house.facts.locked(borrower):
        assert house.facts.withdraw(told(f"C{borrower}", borrower, house.at), channel)


def waived(house: House, borrower: int) -> None:
    """Waive a part of the penalty: nobody paid, but the letter says another amount."""
    house.read(
        "INSERT INTO waivers (waiver_id, borrower_no, loan_id, component, amount, waived_on)"
        " VALUES ('W1', %s, %s, 'penalty', 5000, %s) RETURNING 1",
        borrower,
        f"L{borrower}",
        ON,
    )


EXPECTED = {2: "hold_dispute", 4: "paid_since_release", 6: "channel_refused", 8: "words_changed"}


def much_comes(house: House) -> None:
    """Let a hold, a payment, an opt-out and a waiver come in, each for another borrower."""
    house.at += timedelta(minutes=10)
    hold(house, 2)
    payment(house, 4)
    opt_out(house, 6)
    waived(house, 8)


def shelf(house: House, kind: str = "letter") -> Shelf:
    return house.hands.shelf(kind)


def posted(house: House, pulled: int = 0, **numbers: str) -> list[Place]:
    hands = house.hands
    said = Post(LETTERS, house.at, "u-1", pulled, numbers)
    is_noted, places = post(hands.shelf("letter"), hands.posting(), hands.intake(), said)
    assert is_noted == (len(places) == pulled or hands.posting().was_posted(LETTERS))
    return places


def test_a_letter_says_what_is_owed_and_where_it_goes(house: House) -> None:
    house.plan("letter", 1, 2)
    house.carry_out("letter")
    found = shelf(house).close(LETTERS, house.at)
    assert (found.pieces, found.pages, found.left_out) == (2, 2, ())
    printed = (house.folder / "letter" / "batches" / LETTERS / "print.pdf").read_bytes()
    english, chinese = sorted((words_of(printed, page) for page in range(2)), key=lambda text: "尊敬" in text)
    # eleven instalments of 1,000.00 and 20.00, and as many late fees of 5.00, have fallen due (bench.gate_store)
    for words in (
        "Name 2 2 Elm Street Fresno, CA 93701",
        f"Reference {reference_of(house.key(2))}",
        "Principal: $11,000.00 Interest: $220.00",
        "Fees of the contract: $55.00",
        "November 20, 2026",
    ):
        assert words in english
    assert "20 November 2026" not in english, "the day stands once"
    assert "浙江省杭州市西湖区文三路1号Name1" in dense(chinese)
    assert "本金：¥11,000.00" in dense(chinese)


def test_what_came_before_a_batch_is_closed_keeps_letters_out(house: House) -> None:
    house.plan("letter", *range(1, 9))
    house.carry_out("letter")
    much_comes(house)
    found = shelf(house).close(LETTERS, house.at)
    assert found.pieces == 4
    why = dict(found.left_out)
    for borrower, reason in EXPECTED.items():
        assert reason in why.pop(reference_of(house.key(borrower)))
    assert not why
    assert house.states() == {number: "cancelled" if number in EXPECTED else "left" for number in range(1, 9)}
    assert shelf(house).close(LETTERS, house.at) == Closed(LETTERS, 4, 4, ())


def test_what_came_between_closing_and_posting_pulls_letters_from_the_stack(house: House) -> None:
    house.plan("letter", *range(1, 9))
    house.carry_out("letter")
    shelf(house).close(LETTERS, house.at)
    much_comes(house)
    pulled = posted(house)
    order = sorted(house.key(number) for number in range(1, 9))
    for borrower, reason in EXPECTED.items():
        number = order.index(house.key(borrower)) + 1  # letters of one page, in the order of their keys
        (place,) = [one for one in pulled if one.reference == reference_of(house.key(borrower))]
        assert (place.number, place.first_page, place.last_page) == (number, number, number)
        assert reason in place.why
    assert len(pulled) == 4
    assert posted(house) == pulled, "whoever was not told is told again"
    assert posted(house, 3) == pulled
    assert not house.hands.posting().was_posted(LETTERS), "the stack still has them"
    assert posted(house, 4) == pulled
    assert house.hands.posting().was_posted(LETTERS)
    said = "SELECT is_permitted, %s = ANY(reasons) FROM verdict WHERE borrower_no = %s ORDER BY id"
    for borrower, reason in EXPECTED.items():
        verdicts = house.read(said, reason, borrower)
        assert verdicts == [(True, False), (True, False), (False, True)], "released, closed, pulled"
        kinds = house.read("SELECT kind FROM audit_entry WHERE chain = %s ORDER BY seq", borrower)
        assert (kinds[0], kinds[-1]) == (("act.released",), ("act.refused",))
    assert house.states() == {number: "cancelled" if number in EXPECTED else "left" for number in range(1, 9)}
    assert house.read("SELECT borrower_no FROM planned_act WHERE state = 'refused' ORDER BY 1") == [
        (2,),
        (4,),
        (6,),
        (8,),
    ]
    stand = "SELECT borrower_no FROM contacts WHERE NOT from_book AND cancelled_at IS NULL ORDER BY 1"
    assert house.read(stand) == [(1,), (3,), (5,), (7,)]
    assert house.read("SELECT borrower_no FROM inbound ORDER BY 1") == [(1,), (3,), (5,), (7,)]


def test_a_letter_counts_from_when_it_is_posted_and_only_then_is_over(house: House) -> None:
    house.plan("letter", 2)
    house.carry_out("letter")
    house.at += timedelta(hours=1)
    shelf(house).close(LETTERS, house.at)
    house.at += timedelta(days=1)
    assert posted(house) == []
    then = house.at
    assert house.read("SELECT happened_at, happened_on, cancelled_at FROM contacts WHERE NOT from_book") == [
        (then, date(2026, 11, 20), None)  # six in the evening in California
    ]
    assert not list((house.folder / "letter" / "batches").rglob("*.pdf")), "what is personal is not kept"
    house.at += timedelta(hours=1)
    hold(house)
    assert posted(house) == []
    assert house.read("SELECT happened_at FROM contacts WHERE NOT from_book") == [(then,)]
    assert house.states() == {2: "left"}
    assert house.read("SELECT count(*) FROM verdict") == [(3,)], "released, closed, posted"


def test_amounts_that_only_grew_with_the_days_pull_nothing(house: House) -> None:
    house.plan("letter", 1, 2, 3, 4)
    house.carry_out("letter")
    shelf(house).close(LETTERS, house.at)
    house.at += timedelta(days=3)
    assert posted(house) == []


def test_two_letters_to_one_borrower_are_judged_in_turn(house: House) -> None:
    """The notice of an adverse record and the demand lie in one batch; each is judged with the other standing."""
    house.plan("letter", 2)
    house.carry_out("letter")
    house.plan("letter", 2, treatment="adverse_notice_letter")
    house.carry_out("letter")
    assert shelf(house).close(LETTERS, house.at).pieces == 2
    hold(house)
    assert [one.number for one in posted(house)] == [1, 2]


def test_a_run_that_is_broken_off_after_judging_leaves_nothing_to_print(house: House) -> None:
    house.plan("letter", 2, 4)
    house.carry_out("letter")
    hold(house)
    one = shelf(house)
    assert [found.key for found in one.again.judge(one.batches.waiting(LETTERS), house.at)] == [house.key(2)]
    assert len(one.batches.waiting(LETTERS)) == 2, "killed before the file was taken out"
    found = one.close(LETTERS, house.at)
    assert (found.pieces, len(found.left_out)) == (1, 1)


def test_a_batch_to_which_something_is_being_added_stays_open(house: House) -> None:
    house.plan("letter", 2, 4)
    house.carry_out("letter")
    house.read("UPDATE outbox SET state = 'unknown' WHERE borrower_no = 4 RETURNING 1")
    with pytest.raises(DueCourseError, match="1 documents are being added"):
        shelf(house).close(LETTERS, house.at)
    house.channel("letter").step()  # asks the folder, which has it
    assert shelf(house).close(LETTERS, house.at).pieces == 2


def test_after_a_batch_is_closed_the_next_letters_make_another(house: House) -> None:
    house.plan("letter", 2)
    house.carry_out("letter")
    shelf(house).close(LETTERS, house.at)
    house.plan("letter", 4)
    house.carry_out("letter")
    assert [(one.batch, one.is_closed, one.pieces) for one in shelf(house).standings()] == [
        (LETTERS, True, 1), ("2026-11-20-02", False, 1),
    ]  # fmt: skip


def test_registered_letters_need_their_numbers(house: House) -> None:
    house.settings.channels["letter"].settings["postage"] = "registered"
    house.plan("letter", 2, 4)
    house.carry_out("letter")
    shelf(house).close(LETTERS, house.at)
    hold(house)
    assert len(posted(house)) == 1
    with pytest.raises(DueCourseError, match="without a number"):
        posted(house, 1)
    with pytest.raises(DueCourseError, match="no letter of this batch has the reference"):
        posted(house, 1, **{reference_of(house.key(2)): "RR 1"})
    posted(house, 1, **{reference_of(house.key(4)): "RR 1"})
    assert house.hands.posting().was_posted(LETTERS)


def test_a_stopped_channel_neither_closes_nor_posts(house: House) -> None:
    house.plan("letter", 2)
    house.carry_out("letter")
    worker.stop(house.connection, "letter", house.at, "test")
    with pytest.raises(DueCourseError, match="letter: is stopped"):
        shelf(house).close(LETTERS, house.at)


def test_batches_that_are_not_there_or_not_closed(house: House) -> None:
    for name in ("2026-11-20-09", "../x", ""):
        with pytest.raises(DueCourseError):
            shelf(house).close(name, house.at)
    house.plan("letter", 2)
    house.carry_out("letter")
    with pytest.raises(DueCourseError, match="is open: close it first"):
        posted(house)


def test_an_address_that_is_over_pulls_its_letter(house: House) -> None:
    house.plan("letter", 2)
    house.carry_out("letter")
    house.read("UPDATE contact_point SET ended_at = %s WHERE id = 1002 RETURNING 1", house.at)
    ((_, why),) = shelf(house).close(LETTERS, house.at).left_out
    assert "address_ended" in why


def test_a_visit_is_judged_for_all_of_its_slot_when_it_is_handed_out(house: House) -> None:
    house.plan("visit", 2, 4)
    house.carry_out("visit")
    hold(house)
    found = shelf(house, "visit").close(VISITS, house.at)
    assert found.pieces == 1
    assert "hold_dispute" in found.left_out[0][1]
    printed = (house.folder / "visit" / "batches" / VISITS / "print.pdf").read_bytes()
    sheet, left_there = (words_of(printed, page) for page in range(2))
    for words in ("Name 4", "Anna Alt B-17", "Bert Berg B-18", "Between 09:00 and 12:00", "my name is Anna Alt", "USD"):
        assert words in sheet
    assert "Name 4, we ask you to pay" in left_there
    assert "Anna Alt" not in left_there
    hold(house, 4)
    (pulled,) = shelf(house, "visit").check(VISITS, house.at)
    assert (pulled.first_page, pulled.last_page) == (1, 2), "the team is called back"


@pytest.mark.parametrize(("hours", "later", "reason"), [(3, 3, "slot_over"), (5, 1, "law:us.regf.hours.every-zone")])
def test_a_visit_whose_slot_is_over_or_ends_at_night_is_not_handed_out(
    house: House, hours: int, later: int, reason: str
) -> None:
    house.plan("visit", 2, hours=hours)
    house.carry_out("visit")
    house.at += timedelta(hours=later)
    ((_, why),) = shelf(house, "visit").close(VISITS, house.at).left_out
    assert reason in why


def test_a_sheet_in_chinese_and_teams_that_share(tmp_path: Path) -> None:
    pairs = {team: [{"name": f"{team} 甲", "badge": f"{team}1"}, {"name": "乙", "badge": f"{team}2"}] for team in "ab"}
    settings = VisitSettings(tmp_path, {"zh": ["安心贷", "南京路1号"]}, pairs, {"zh": ["姓名"]}, {"zh": ["不得威胁"]})
    details = {
        "name": "张镕喆", "on": "2026-11-20", "is_dated_within": False, "opens": "09:00", "closes": "12:00",
        "pay_by": "2026-12-04", "amounts": AMOUNTS | {"currency": "CNY", "as_of": "2026-11-20"},
    }  # fmt: skip
    text = "您好，我叫{caller}。\n（先倾听。）\n\n张镕喆，请您付款。"
    messages = [Message(f"{number:032x}", "杭州市西湖区", text, "zh", details=details) for number in range(4)]
    sheets = Sheets(settings, b"secret")
    assert [sheets.send(one).fate for one in messages] == [Fate.LEFT] * 4
    assert [name.rpartition("-")[2] for name in sheets._visits.batches.names()] == ["a", "b"]
    assert {len(sheets._visits.batches.pieces(name)) for name in sheets._visits.batches.names()} == {2}
    page = next((tmp_path / "batches" / "2026-11-20-a").rglob("*.pdf")).read_bytes()
    first, second = (dense(words_of(page, number)) for number in range(2))
    for words in ("杭州市西湖区张镕喆", "上门用语您好，我叫a甲。", "不得威胁", "截至2026年11月20日的逾期款项"):
        assert words in first
    assert "张镕喆，请您付款。" in second
    for name in sheets._visits.batches.names():
        sheets._visits.hand_out(name)
    late = sheets.send(Message("f" * 32, "x", text, "zh", details=details))
    assert (late.fate, "have left" in late.why) == (Fate.NOT_LEFT, True)


def test_what_cannot_be_set_is_refused_without_its_words(house: House) -> None:
    transport = Letters(letters_of("letter", house.settings.channels["letter"]))
    details = {"name": "Erika", "on": "2026-11-20", "is_dated_within": True}
    for language, to in (("en", "x" * 300), ("xx", "Street"), ("en", "\n".join("abcdef"))):
        result = transport.send(Message("a" * 32, to, "text", language, "subject", details=details))
        assert result.fate is Fate.REFUSED
        assert "Erika" not in result.why
        assert result.why.count("\n") == 0


def test_the_manifest_tells_of_nobody(house: House) -> None:
    house.plan("letter", 2)
    house.carry_out("letter")
    shelf(house).close(LETTERS, house.at)
    manifest = (house.folder / "letter" / "batches" / LETTERS / "manifest.jsonl").read_text()
    assert set(json.loads(manifest)) == {"key", "pages", "sha256", "about"}
    assert "Name" not in manifest
    assert len(PdfReader(io.BytesIO((house.folder / "letter/batches" / LETTERS / "print.pdf").read_bytes())).pages) == 1
    assert house.at == AT
