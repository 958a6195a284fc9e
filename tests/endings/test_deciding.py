"""Endings on a real server: who may decide them, what the law says, and what is written together."""

from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest

from duecourse.day.facts import Facts, Told
from duecourse.endings import moving, review
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Move, Moving, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import MOVES, OVER, STATES, Kind
from duecourse.store.server import ADMIN
from tests.day.cases import AT, read
from tests.endings.cases import BOSS, CLERK, ON, OTHER, decided

WHO = Who(BOSS, AT, ON)


def test_every_state_is_reached_and_what_is_over_stays_so() -> None:
    for kind, moves in MOVES.items():
        reached = {"decided"}
        for _ in moves:
            reached |= {after for state in reached for after in moves.get(state, ())}
        assert reached == set(STATES[kind])
        assert set(OVER[kind]) == reached - set(moves)


def test_a_decision_writes_ending_step_verdict_and_entries_together(opened: Opened, who: Who) -> None:
    (said,) = opened.deciding.decide(Kind.SUIT, opened.deciding.wanted(["L1"]), who, why="large, and no answer")
    assert said.is_done, said
    (suit,) = moving.read(opened.connection, "true")
    assert (suit.kind, suit.loan_id, suit.state, suit.decided_by) == (Kind.SUIT, "L1", "decided", BOSS)
    steps = read(opened.connection, 'SELECT state_before, state, "by", why FROM ending_step')
    assert steps == [(None, "decided", BOSS, "large, and no answer")]
    assert read(opened.connection, "SELECT act, is_permitted FROM verdict") == [("sue", True)]
    entries = read(opened.connection, 'SELECT kind, "by" FROM audit_entry WHERE chain = 1 ORDER BY seq')
    assert entries == [("act.released", "gate"), ("suit.decided", BOSS)]


def test_what_the_law_refuses_is_not_decided_and_is_told_with_the_rule(opened: Opened, who: Who) -> None:
    """A debt collector may not report a debt of which it has not spoken with the borrower (12 CFR 1006.30(a))."""
    with opened.connection.transaction():
        opened.connection.execute("DELETE FROM contacts WHERE borrower_no = 2")
    (said,) = opened.deciding.decide(Kind.FURNISH, opened.deciding.wanted(["L2"]), who)
    assert not said.is_done
    assert "law:us.regf.furnishing.speak-or-write-first" in said.reasons
    assert moving.read(opened.connection, "true") == []
    assert read(opened.connection, "SELECT act, is_permitted FROM verdict") == [("furnish", False)]


@pytest.mark.parametrize("by", [CLERK, "nobody", ""])
def test_who_may_not_decide_is_refused_before_anything_is_written(opened: Opened, who: Who, by: str) -> None:
    with pytest.raises(DueCourseError, match="no active user who may decide this"):
        opened.deciding.decide(Kind.SUIT, opened.deciding.wanted(["L1"]), replace(who, by=by))
    assert read(opened.connection, "SELECT count(*) FROM verdict") == [(0,)]


def test_a_second_decision_leaves_the_first_as_it_is(opened: Opened, who: Who) -> None:
    decided(opened, Kind.SUIT, ["L1"], who)
    (said,) = opened.deciding.decide(Kind.SUIT, opened.deciding.wanted(["L1"]), replace(who, by=OTHER))
    assert (said.is_done, said.reasons) == (False, ("decided_before",))
    assert [one.decided_by for one in moving.read(opened.connection, "true")] == [BOSS]


def test_carried_out_it_is_an_event_of_which_the_law_and_the_next_night_know(opened: Opened, who: Who) -> None:
    (suit,) = decided(opened, Kind.SUIT, ["L1"], who)
    for state in ("packed", "filed"):
        (suit,) = moving.read(opened.connection, "e.id = %s", [suit.number])
        (said,) = opened.deciding.carry_out([Move(suit, state)], who, lambda _, owed: {"owed": owed.owed})
        assert said.is_done, said
    (suit,) = moving.read(opened.connection, "e.id = %s", [suit.number])
    assert suit.state == "filed"
    assert suit.details["owed"] > 0
    assert read(opened.connection, "SELECT kind, loan_id FROM events") == [("sued", "L1")]


def test_the_law_is_told_what_a_person_knows_of_the_act_and_again_when_it_is_carried_out(
    opened: Opened, who: Who
) -> None:
    """Bad personal loans go to national or local asset managers alone, and graded so (CBIRC's pilot of 2021)."""
    with opened.connection.transaction():
        opened.connection.execute(
            "INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, details)"
            """ VALUES ('e1', 1, 'classified', 'L1', %s, %s, '{"grade": "loss"}')""",
            [AT, ON],
        )
    wanted = opened.deciding.wanted(["L1"])
    (no,) = opened.deciding.decide(Kind.SALE, [replace(one, told={"buyer": "ordinary_firm"}) for one in wanted], who)
    assert no.reasons == ("law:cn.pilot.sell.buyers",)
    (yes,) = opened.deciding.decide(Kind.SALE, [replace(one, told={"buyer": "local_amc"}) for one in wanted], who)
    assert yes.is_done, yes
    (sale,) = moving.read(opened.connection, "true")
    (again,) = opened.deciding.carry_out([Move(sale, "offered")], who)
    assert again.is_done, again
    (other,) = opened.deciding.carry_out(
        [Move(replace(sale, state="offered"), "sold", details={"told": {"buyer": "ordinary_firm"}})], who
    )
    assert other.reasons == ("law:cn.pilot.sell.buyers",)


@pytest.mark.parametrize(
    ("told", "says"), [({"colour": "red"}, "asks nothing of 'colour'"), ({"amount": 1}, "finds out by itself")]
)
def test_nobody_tells_the_law_what_it_does_not_ask_or_knows_better(
    opened: Opened, who: Who, told: dict[str, object], says: str
) -> None:
    wanted = [replace(one, told=told) for one in opened.deciding.wanted(["L1"])]
    with pytest.raises(DueCourseError, match=says):
        opened.deciding.decide(Kind.SALE, wanted, who)


def test_a_hold_after_the_decision_stops_it_from_being_carried_out(opened: Opened, who: Who) -> None:
    (suit,) = decided(opened, Kind.SUIT, ["L1"], who)
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(1):
        facts.hold(Told("h1", 1, who.at, who.on), "dispute")
    (said,) = opened.deciding.carry_out([Move(suit, "packed")], who)
    assert (said.is_done, said.reasons) == (False, ("hold_dispute",))
    assert [one.state for one in moving.read(opened.connection, "true")] == ["decided"]


def test_while_a_review_is_open_nothing_goes_on_until_somebody_else_answers(opened: Opened, who: Who) -> None:
    (suit,) = decided(opened, Kind.SUIT, ["L1"], who)
    assert review.ask(opened.connection, opened.ring, suit, who)
    assert not review.ask(opened.connection, opened.ring, suit, who), "once is enough"
    (asked,) = moving.read(opened.connection, "true")
    (said,) = opened.deciding.carry_out([Move(asked, "packed")], who)
    assert said.reasons == ("waits_for_review",)
    with pytest.raises(DueCourseError, match="not in the state any more"):  # as whoever read it before the question
        opened.deciding.carry_out([Move(suit, "packed")], who)
    with pytest.raises(DueCourseError, match="somebody else answers"):
        review.answer(opened.connection, opened.ring, asked, who, "it stands")
    review.answer(opened.connection, opened.ring, asked, replace(who, by=OTHER), "the debt is as claimed")
    (answered,) = moving.read(opened.connection, "true")
    (said,) = opened.deciding.carry_out([Move(answered, "packed")], who)
    assert said.is_done
    kinds = [kind for (kind,) in read(opened.connection, "SELECT kind FROM audit_entry WHERE chain = 1 ORDER BY seq")]
    assert kinds[2:4] == ["review.asked", "review.answered"]


def test_a_review_that_finds_for_the_borrower_ends_it(opened: Opened, who: Who) -> None:
    (suit,) = decided(opened, Kind.SUIT, ["L1"], who)
    review.ask(opened.connection, opened.ring, suit, who)
    other = replace(who, by="q-law")
    review.answer(opened.connection, opened.ring, suit, other, "paid in cash on the 3rd", to="withdrawn")
    assert [one.state for one in moving.read(opened.connection, "e.is_over")] == ["withdrawn"]


def test_what_cannot_follow_is_refused_with_what_can(opened: Opened, who: Who) -> None:
    (suit,) = decided(opened, Kind.SUIT, ["L1"], who)
    with pytest.raises(DueCourseError, match="is decided, not to be made judged: it may become packed or withdrawn"):
        Moving(opened.connection, opened.ring).move([Move(suit, "judged")], who)


def test_all_are_moved_or_none(opened: Opened, who: Who) -> None:
    suits = decided(opened, Kind.SUIT, ["L1", "L3"], who)
    moves = Moving(opened.connection, opened.ring)
    moves.move([Move(suits[0], "withdrawn", "paid")], who)
    with pytest.raises(DueCourseError, match="1 of 2 are not in the state any more"):
        moves.move([Move(one, "withdrawn", "paid") for one in suits], who)
    assert [one.state for one in moving.read(opened.connection, "true")] == ["withdrawn", "decided"]


def test_the_database_itself_lets_nobody_review_their_own_decision(opened: Opened, office: Office, who: Who) -> None:
    decided(opened, Kind.SUIT, ["L1"], who)
    with psycopg.connect(office.place.url(ADMIN)) as admin, pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(b"UPDATE ending SET review_asked_at = now(), reviewed_at = now(), reviewed_by = decided_by")


def _decide(opened: Opened, loans: Sequence[str]) -> int:
    said = opened.deciding.decide(Kind.SUIT, opened.deciding.wanted(loans), WHO)
    return sum(one.is_done for one in said)


def test_parts_are_decided_by_processes_of_their_own(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duecourse.endings.many._PART", 1)
    assert list(office.in_parts(_decide, ["L1", "L3"], workers=2)) == [1, 1]
