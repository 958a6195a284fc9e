"""Complaints and disputes: noted with their hold in one transaction, sealed, and closed by whoever may."""

import json
from datetime import date, timedelta

import psycopg
import pytest

from duecourse.day.facts import Facts, Told
from duecourse.day.grievances import Grievance, Grievances
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.bound import grievance_place
from duecourse.store.keys import unseal
from tests.day.authority.conftest import AT, ON, Made, World

WORDS = "They rang my mother at night. 诉"
COMPLIANCE, COLLECTOR = 4, 0
LATER = AT + timedelta(days=4)


@pytest.fixture
def here(world: Made) -> World:
    return world()


def told(here: World, name: str, at: object = AT) -> Told:
    moment = LATER if at is LATER else AT
    return Told(f"{here.number}-{name}", here.borrower, moment, moment.date())


def by(here: World, user: int) -> Grievances:
    return Grievances(here.connection, here.ring, here.users[user])


def holds(here: World, on: date) -> list[str]:
    """Return the kinds of the holds in force on a day, as the gate reads them."""
    rows = here.does(
        "SELECT kind FROM holds WHERE borrower_no = %s AND replaced_at IS NULL AND from_on <= %s"
        " AND (until_on IS NULL OR until_on >= %s) ORDER BY kind",
        here.borrower, on, on,
    )  # fmt: skip
    return [kind for (kind,) in rows]


@pytest.mark.parametrize("what", ["complaint", "dispute"])
def test_it_holds_until_it_is_closed(here: World, what: str) -> None:
    grievance = Grievance("amount", WORDS, here.loans[0], date(2026, 12, 5))
    assert by(here, COLLECTOR).note(what, told(here, "g"), grievance)
    assert not by(here, COLLECTOR).note(what, told(here, "g"), grievance), "what comes twice changes nothing"
    assert holds(here, ON) == holds(here, ON + timedelta(days=99)) == [what]
    with pytest.raises(DueCourseError, match="somebody of compliance"):
        by(here, COLLECTOR).close(what, told(here, "g", LATER), "rejected")
    assert by(here, COMPLIANCE).close(what, told(here, "g", LATER), "rejected")
    assert not by(here, COMPLIANCE).close(what, told(here, "g", LATER), "upheld"), "it is closed already"
    assert holds(here, LATER.date()) == [what], "the last day is the one on which it was closed"
    assert holds(here, LATER.date() + timedelta(days=1)) == []
    rows = here.does(
        f"SELECT state, outcome, closed_on, due_on, replaced_at IS NULL FROM {what} WHERE borrower_no = %s ORDER BY id",
        here.borrower,
    )
    due = date(2026, 12, 5)
    assert list(rows) == [("open", None, None, due, False), ("closed", "rejected", LATER.date(), due, True)]
    kinds = [kind for kind, *_ in here.entries()]
    assert kinds == [f"{what}.noted", f"hold.{what}", f"{what}.closed", "hold.lifted"]
    events = here.does("SELECT kind, loan_id, happened_on FROM events WHERE borrower_no = %s", here.borrower)
    closed = {"complaint": "complaint_closed", "dispute": "dispute_answered"}[what]
    assert list(events) == [(closed, here.loans[0], LATER.date())]


def test_the_words_are_sealed_and_open_with_the_borrowers_key(here: World) -> None:
    by(here, COLLECTOR).note("complaint", told(here, "g"), Grievance("conduct", WORDS))
    by(here, COMPLIANCE).close("complaint", told(here, "g", LATER), "upheld")
    rows = here.does("SELECT words FROM complaint WHERE borrower_no = %s", here.borrower)
    head = chain.Head.read(here.ring, here.does(chain.HEADS, [here.borrower])[0])
    assert head.key is not None
    for (sealed,) in rows:
        assert b"mother" not in bytes(sealed)
        assert unseal(head.key.key, bytes(sealed), grievance_place("complaint", f"{here.number}-g")) == WORDS
    assert len(rows) == 2
    assert WORDS not in repr(Grievance("conduct", WORDS))
    bodies = here.does("SELECT body FROM audit_entry WHERE chain = %s", here.borrower)
    assert not [body for (body,) in bodies if json.dumps(WORDS).encode() in bytes(body)]


def test_what_cannot_be_noted_leaves_nothing(here: World, world: Made) -> None:
    other = world()
    for what, grievance, says in (
        ("complaint", Grievance("noise", WORDS), "there is no complaint of kind 'noise'"),
        ("praise", Grievance("conduct", WORDS), "neither a complaint nor a dispute"),
        ("dispute", Grievance("paid", WORDS, other.loans[0]), "is not this borrower's"),
    ):
        with pytest.raises(DueCourseError, match=says):
            by(here, COLLECTOR).note(what, told(here, "g"), grievance)
    facts = Facts(here.connection, here.ring, "intake")
    with facts.locked(here.borrower):
        facts.hold(told(here, "taken"), "dispute")
    with pytest.raises(DueCourseError, match="there is a hold"):
        by(here, COLLECTOR).note("dispute", told(here, "taken"), Grievance("paid", WORDS))
    assert here.does("SELECT FROM dispute WHERE borrower_no = %s", here.borrower) == []
    assert [kind for kind, *_ in here.entries()] == ["hold.dispute"]
    with pytest.raises(DueCourseError, match="does not end 'lost'"):
        by(here, COMPLIANCE).close("dispute", told(here, "g"), "lost")
    by(here, COLLECTOR).note("dispute", told(here, "half"), Grievance("paid", WORDS))
    with pytest.raises(psycopg.errors.CheckViolation):
        here.does("UPDATE dispute SET state = 'closed' WHERE borrower_no = %s", here.borrower)


def test_a_hold_lifted_twice_ends_when_it_was_lifted_first(here: World) -> None:
    facts = Facts(here.connection, here.ring, "intake")
    with facts.locked(here.borrower):
        facts.hold(told(here, "h"), "hardship")
        assert facts.lift(told(here, "h"))
        assert not facts.lift(told(here, "h", LATER))
    assert holds(here, ON) == ["hardship"]
    assert holds(here, LATER.date()) == []
