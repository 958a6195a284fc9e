"""The register on a real server: where it is open, due process, and what the database itself refuses."""

import json
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from duecourse.day.facts import Facts, Money
from duecourse.endings import moving, review
from duecourse.endings.listing import signed
from duecourse.endings.listing.register import Ground
from duecourse.endings.moving import Move, Moving
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import Kind
from tests.day.cases import read, told
from tests.endings.cases import BOSS, CLERK, OTHER
from tests.endings.listing.cases import AFTER, DECIDED, SIGNED, UNTIL, House, who


@pytest.mark.parametrize("loan", ["L3", "L4"])
def test_where_no_law_speaks_of_a_private_register_it_is_closed_and_nothing_is_written(house: House, loan: str) -> None:
    (said,) = house.decided(loan)
    assert (said.is_done, said.reasons) == (False, ("register_not_permitted",))
    assert read(house.opened.connection, "SELECT count(*) FROM ending") == [(0,)]


def test_what_was_decided_otherwise_gets_no_notice_where_the_register_is_closed(house: House) -> None:
    """No rule of the United States judges a listing, so that the gate alone would let it pass."""
    deciding = house.opened.deciding
    (said,) = deciding.decide(Kind.LIST, deciding.wanted(["L4"]), who(BOSS, DECIDED))
    assert said.is_done
    (said,) = house.register.notice([house.ending("L4").number], who(BOSS, DECIDED))
    assert said.reasons == ("register_not_permitted",)


def test_the_law_refuses_the_evidence_that_its_worked_cases_refuse(house: House) -> None:
    (said,) = house.decided("L1", Ground("able_but_refuses", "own_records"))
    assert (said.is_done, said.reasons) == (False, ("law:xd.register.evidence",))


def test_a_debt_of_less_than_ninety_days_is_not_entered(house: House) -> None:
    """The first instalment was due on 5 January 2026: ninety days later it is 5 April."""
    (no,) = house.decided("L1", on=date(2026, 3, 20))
    assert "law:xd.register.ninety-days" in no.reasons
    (yes,) = house.decided("L1", on=date(2026, 4, 20))
    assert yes.is_done, yes


def test_the_law_counts_the_window_and_nobody_is_entered_within_it(house: House) -> None:
    ending = house.noticed()
    assert ending.details["notice"]["until"] == UNTIL.isoformat()
    (said,) = house.register.enter([ending.number], who(OTHER, UNTIL))
    assert said.reasons == ("window_open",)
    (said,) = house.register.enter([ending.number], who(OTHER, AFTER))
    assert said.is_done, said


def test_whoever_decided_does_not_enter(house: House) -> None:
    ending = house.noticed()
    (said,) = house.register.enter([ending.number], who(BOSS, AFTER))
    assert said.reasons == ("decided_by_the_same",)
    with pytest.raises(DueCourseError, match="no active user"):
        house.register.enter([ending.number], who(CLERK, AFTER))


def _entry(house: House, number: int) -> dict[str, str]:
    ref = house.opened.ring.blind("register entry", str(number)).hex()
    return signed.signed(house.key, {"ref": ref, "what": "entered", "replaces": None})


@pytest.mark.parametrize(
    ("by", "has_entry", "says"), [(BOSS, True, "whoever decided"), (OTHER, False, "without its signed entry")]
)
def test_the_database_itself_lets_nothing_in_by_one_person_or_unsigned(
    house: House, by: str, has_entry: bool, says: str
) -> None:
    ending = house.noticed()
    details = {"entry": _entry(house, ending.number)} if has_entry else {}
    with pytest.raises(psycopg.errors.RestrictViolation, match=says):
        Moving(house.opened.connection, house.opened.ring).move(
            [Move(ending, "entered", details=details)], who(by, AFTER)
        )
    assert house.ending("L1").state == "noticed"


def test_nobody_changes_or_takes_away_an_entry_in_the_table(house: House) -> None:
    house.entered()
    for statement in (b"UPDATE register_entry SET what = 'removed'", b"DELETE FROM register_entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), house.opened.connection.transaction():
            house.opened.connection.execute(statement)


def test_an_entry_is_signed_for_a_term_and_says_nothing_of_who_it_is(house: House) -> None:
    ending = house.entered()
    ((body, signature),) = read(house.opened.connection, "SELECT body, signature FROM register_entry")
    assert signed.is_of(body, signature, house.key.public_key())
    assert not signed.is_of(body.replace("able", "cable"), signature, house.key.public_key())
    says = json.loads(body)
    assert (says["entered_on"], says["ends_on"]) == ("2026-12-21", "2028-12-21")  # two years: s. 7(1)
    assert (says["ground"], says["evidence"], says["what"]) == ("able_but_refuses", "signed", "entered")
    for personal in ("L1", "B1", "Name 1", "+1415"):
        assert personal not in body
    assert read(house.opened.connection, "SELECT kind, loan_id FROM events") == [("listed", ending.loan_id)]


def test_an_objection_stops_the_entry_until_somebody_else_finds_it_unfounded(house: House) -> None:
    ending = house.noticed()
    house.register.object(ending, who("portal", UNTIL))
    ending = house.ending("L1")
    (said,) = house.register.enter([ending.number], who(OTHER, AFTER))
    assert said.reasons == ("objection_open",)
    with pytest.raises(DueCourseError, match="somebody else answers"):
        house.register.answer(ending, who(BOSS, AFTER), "he did sign", is_upheld=False)
    house.register.answer(ending, who("q-law", AFTER), "he did sign", is_upheld=False)
    (said,) = house.register.enter([ending.number], who(OTHER, AFTER))
    assert said.is_done, said


def test_an_objection_that_is_upheld_ends_it(house: House) -> None:
    ending = house.noticed()
    house.register.object(ending, who("portal", DECIDED))
    house.register.answer(house.ending("L1"), who("q-law", AFTER), "the signature is not his", is_upheld=True)
    assert [one.state for one in moving.read(house.opened.connection, "e.is_over")] == ["withdrawn"]


def test_an_objection_after_the_window_is_a_dispute(house: House) -> None:
    with pytest.raises(DueCourseError, match="note a dispute"):
        house.register.object(house.noticed(), who("portal", AFTER))


def test_a_dispute_after_the_notice_stops_the_entry(house: House) -> None:
    ending = house.noticed()
    facts = Facts(house.opened.connection, house.opened.ring, "test")
    with facts.locked(1):
        facts.hold(told("h1", 1), "dispute")
    (said,) = house.register.enter([ending.number], who(OTHER, AFTER))
    assert said.reasons == ("hold_dispute",)


def _pay(house: House, amount: int) -> None:
    facts = Facts(house.opened.connection, house.opened.ring, "test")
    with facts.locked(1):
        facts.payment(replace(told("p1", 1), at=who(BOSS, AFTER).at), Money("L1", AFTER, amount, "USD"))


def test_who_has_paid_is_not_entered(house: House) -> None:
    ending = house.noticed()
    _pay(house, 3_000_000)  # more than the twelve instalments of 102,000 with what came on top
    (said,) = house.register.enter([ending.number], who(OTHER, AFTER))
    assert "nothing_overdue" in said.reasons


def test_who_pays_goes_out_within_the_days_of_the_law(house: House) -> None:
    house.entered()
    assert house.register.due(AFTER) == []
    _pay(house, 3_000_000)
    (due,) = house.register.due(date(2026, 12, 22))
    assert (due.why, due.since, due.by) == ("paid", AFTER, date(2026, 12, 24))  # three days: s. 7(2)
    (said,) = house.register.sweep(who(OTHER, date(2026, 12, 22)))
    assert (said.is_done, said.reasons) == (True, ("paid",))
    assert [one.state for one in moving.read(house.opened.connection, "e.is_over")] == ["removed"]


def test_who_pays_a_part_stays(house: House) -> None:
    house.entered()
    _pay(house, 100_000)
    assert house.register.due(AFTER) == []


@pytest.mark.parametrize(("on", "gone"), [(date(2028, 12, 20), 0), (date(2028, 12, 21), 1)])
def test_an_entry_goes_when_its_two_years_are_over(house: House, on: date, gone: int) -> None:
    house.entered()
    assert [one.why for one in house.register.due(on)] == ["term_over"] * gone


def test_an_entry_of_which_a_review_is_asked_can_still_be_taken_out(house: House) -> None:
    ending = house.entered()
    review.ask(house.opened.connection, house.opened.ring, ending, who("portal", AFTER))
    house.register.remove(house.ending("L1"), who(OTHER, AFTER), "paid in cash")
    assert [one.state for one in moving.read(house.opened.connection, "e.is_over")] == ["removed"]


def test_a_correction_names_what_it_replaces_and_only_makes_smaller(house: House) -> None:
    ending = house.entered()
    ((before,),) = read(house.opened.connection, "SELECT digest FROM register_entry")
    with pytest.raises(DueCourseError, match="smaller or shorter"):
        house.register.correct(ending, who(OTHER, AFTER), "typo", amount=10**9)
    with pytest.raises(DueCourseError, match="somebody else corrects"):
        house.register.correct(ending, who(BOSS, AFTER), "a payment was booked late", amount=5)
    assert house.register.correct(ending, who(OTHER, AFTER), "a payment was booked late", amount=5) == before
    rows = read(
        house.opened.connection, "SELECT number, what, body::jsonb ->> 'replaces' FROM register_entry ORDER BY 1"
    )
    assert rows == [(1, "entered", None), (2, "corrected", before)]


def test_two_corrections_of_one_version_cannot_both_stand(house: House) -> None:
    ending = house.entered()
    _, replaces = house.register._last(ending)
    entry = signed.signed(house.key, {"ref": "x", "what": "corrected", "replaces": replaces})
    move = Move(ending, "entered", "typo", details={"entry": entry})
    moves = Moving(house.opened.connection, house.opened.ring)
    moves.move([move], who(OTHER, AFTER))
    with pytest.raises(psycopg.errors.RestrictViolation, match="does not follow"):
        moves.move([move], who(OTHER, AFTER))


def test_a_decision_without_a_reason_is_none(house: House) -> None:
    with pytest.raises(DueCourseError, match="say why"):
        house.register.decide(house.opened.deciding.wanted(["L1"]), SIGNED, who(BOSS, DECIDED), " ")
