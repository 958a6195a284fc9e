"""Two at once, limits that add up, what is asked twice, and what the database itself refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import psycopg
import pytest

from duecourse.day.waiving import Outcome, Waiting, Waiving, Wanted
from duecourse.kernel.errors import DueCourseError
from duecourse.store.roles import What
from tests.day.authority.conftest import AT, ON, OWED, Made, World

Call = Callable[[Waiving], Outcome]
COLLECTOR, OTHER, SUPERVISOR, SECOND, COMPLIANCE, ADMINISTRATOR = range(6)


@pytest.fixture
def here(world: Made) -> World:
    made = world()
    made.waiving.expire(AT + timedelta(days=999))  # what other tests left waiting
    made.limit("collector", 500, 1_000, 100_000)
    made.limit("supervisor", 5_000, 10_000, 300_000)
    return made


def waiver(here: World, name: str, amount: int) -> Wanted:
    return Wanted(f"{here.number}-{name}", What.WAIVE, here.loans[0], amount)


def at_once(here: World, *calls: Call) -> list[Outcome]:
    """Do things at the same moment, each on a connection of its own."""
    barrier = Barrier(len(calls))

    def one(call: Call) -> Outcome:
        with psycopg.connect(here.place.url(), autocommit=True, options="-c lock_timeout=10s") as connection:
            waiving = Waiving(connection, here.ring)
            barrier.wait(timeout=10)
            return call(waiving)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def ask(by: str, wanted: Wanted) -> Call:
    return lambda waiving: waiving.ask(by, wanted, AT, ON)


def decide(by: str, number: int, *, grants: bool = True) -> Call:
    return lambda waiving: waiving.decide(by, number, AT, ON, grants=grants)


def test_of_two_who_approve_at_once_one_does(here: World) -> None:
    for turn in range(5):
        number = here.waiving.ask(here.users[COLLECTOR], waiver(here, str(turn), 900), AT, ON).number
        found = at_once(here, *(decide(here.users[by], number) for by in (SUPERVISOR, SECOND)))
        assert [one.state for one in found] == ["granted", "granted"]
        assert sorted(one.is_new for one in found) == [False, True]
    assert len(here.waivers()) == 5
    assert [kind for kind, *_ in here.entries()].count("waiver.given") == 5


def test_one_grants_and_one_refuses_at_once(here: World) -> None:
    for turn in range(5):
        number = here.waiving.ask(here.users[COLLECTOR], waiver(here, str(turn), 900), AT, ON).number
        found = at_once(here, decide(here.users[SUPERVISOR], number), decide(here.users[SECOND], number, grants=False))
        assert len({one.state for one in found}) == 1, "both are told what became of it"
        ((count,),) = here.does("SELECT count(*) FROM waivers WHERE waiver_id = %s", f"{here.number}-{turn}")
        assert count == (found[0].state == "granted")


def test_two_requests_granted_at_once_are_not_above_the_limit_together(here: World) -> None:
    numbers = [here.waiving.ask(here.users[COLLECTOR], waiver(here, name, 3_000), AT, ON).number for name in "ab"]

    def tried(by: str, number: int) -> Call:
        def call(waiving: Waiving) -> Outcome:
            try:
                return waiving.decide(by, number, AT, ON)
            except DueCourseError:
                return Outcome(number, "above")

        return call

    seconds = (here.users[SUPERVISOR], here.users[SECOND])
    found = at_once(here, *(tried(by, number) for by, number in zip(seconds, numbers, strict=True)))
    assert sorted(one.state for one in found) == ["above", "granted"]
    assert len(here.waivers()) == 1


def test_two_within_the_limit_at_once_are_not_within_it_together(here: World) -> None:
    whose = ((COLLECTOR, "a"), (OTHER, "b"), (COLLECTOR, "c"))
    found = at_once(here, *(ask(here.users[by], waiver(here, name, 300)) for by, name in whose))
    assert sorted(one.state for one in found) == ["alone", "waiting", "waiting"]
    assert len(here.waivers()) == 1


def test_small_parts_add_up_to_the_limit_and_no_further(here: World) -> None:
    states = [here.waiving.ask(here.users[COLLECTOR], waiver(here, str(part), 100), AT, ON).state for part in range(6)]
    assert states == ["alone"] * 5 + ["waiting"]
    later = AT + timedelta(days=30)
    assert here.waiving.ask(here.users[COLLECTOR], waiver(here, "later", 500), later, later.date()).state == "alone"


def test_the_same_asked_twice_is_one(here: World) -> None:
    wanted = waiver(here, "one", 100)
    first = here.waiving.ask(here.users[COLLECTOR], wanted, AT, ON)
    again = here.waiving.ask(here.users[OTHER], wanted, AT, ON)
    assert (first.number, first.state, first.is_new) == (again.number, again.state, True)
    assert not again.is_new
    assert len(here.waivers()) == len(here.entries()) == 1
    with pytest.raises(DueCourseError, match="is the id of another request"):
        here.waiving.ask(here.users[COLLECTOR], waiver(here, "one", 101), AT, ON)


def test_nobody_approves_themselves_or_below_the_limit_or_too_late(here: World) -> None:
    users, tries = here.users, here.waiving.decide
    number = here.waiving.ask(users[SUPERVISOR], waiver(here, "mine", 400), AT, ON).number
    assert len(here.waivers()) == 1, "a supervisor alone"
    here.limit("supervisor", 300)
    here.limit("compliance", 2_000)
    number = here.waiving.ask(users[SUPERVISOR], waiver(here, "more", 900), AT, ON).number
    with pytest.raises(DueCourseError, match="somebody else decides it"):
        tries(users[SUPERVISOR], number, AT, ON)
    with pytest.raises(DueCourseError, match="above what the role supervisor may grant"):
        tries(users[SECOND], number, AT, ON)
    for by in (COLLECTOR, ADMINISTRATOR):
        with pytest.raises(DueCourseError, match="decides nothing that others ask for"):
            tries(users[by], number, AT, ON)
    with pytest.raises(DueCourseError, match="no active user"):
        tries("nobody", number, AT, ON)
    with pytest.raises(DueCourseError, match="there is no request 999999"):
        tries(users[COMPLIANCE], 999_999, AT, ON)
    in_time = AT + timedelta(days=3) - timedelta(microseconds=1)
    assert [one.number for one in here.waiving.waiting(in_time)] == [number]
    assert here.waiving.waiting(AT + timedelta(days=3)) == []
    assert here.waiving.expire(in_time) == 0
    assert here.waiving.expire(AT + timedelta(days=3)) == 1
    assert here.waiving.expire(AT + timedelta(days=3)) == 0
    assert tries(users[COMPLIANCE], number, AT, ON) == Outcome(number, "expired", is_new=False)
    assert here.entries()[-1] == ("waiver.expired", f"{here.number}-more", "expiry")
    assert len(here.waivers()) == 1


def test_a_limit_that_has_ended_brings_back_none(here: World) -> None:
    until = date(2026, 11, 25)
    here.limit("collector", 900, first=date(2026, 11, 22), last=until)
    for days, state in ((1, "waiting"), (2, "alone"), (5, "alone")):
        at = AT + timedelta(days=days)
        amount = 600 if days == 1 else 100
        assert here.waiving.ask(here.users[COLLECTOR], waiver(here, f"{days}", amount), at, at.date()).state == state
    after = AT + timedelta(days=6)
    assert here.waiving.ask(here.users[COLLECTOR], waiver(here, "after", 1), after, after.date()).state == "waiting"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": 0}, "above zero"),
        ({"amount": -5}, "above zero"),
        ({"amount": OWED + 1}, f"owes {OWED} X"),
        ({"amount": 2**70}, f"owes {OWED} X"),
        ({"component": "tips"}, "one of cost, fee, penalty"),
        ({"loan_id": "nobody's"}, "is in no case"),
        ({"pay_by": ON}, "a waiver none"),
        ({"fact_id": ""}, "an id of its own"),
        ({"what": What.SETTLE}, "a day to pay by"),
        ({"what": What.SETTLE, "pay_by": ON - timedelta(days=1)}, "a day to pay by"),
        ({"what": What.SETTLE, "pay_by": ON, "amount": OWED}, "less"),
        ({"what": What.APPOINT}, "above zero"),
        ({"amount": 5_001}, "beyond what two people may give up"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(here: World, change: dict[str, object], says: str) -> None:
    terms: dict[str, object] = {"fact_id": "x", "what": What.WAIVE, "loan_id": here.loans[0], "amount": 100, **change}
    with pytest.raises(DueCourseError, match=says):
        here.waiving.ask(here.users[COLLECTOR], Wanted(**terms), AT, ON)  # type: ignore[arg-type]
    assert here.waivers() == here.entries() == []
    assert here.does("SELECT FROM approval WHERE borrower_no = %s", here.borrower) == []


def test_what_is_granted_is_worth_what_it_is_then(here: World) -> None:
    """The discount grows with what is owed now: an offer that was within the second's limit is not any more."""
    offer = Wanted(f"{here.number}-s", What.SETTLE, here.loans[0], 95_000, pay_by=ON + timedelta(days=9))
    number = here.waiving.ask(here.users[COLLECTOR], offer, AT, ON).number
    here.waiving.ask(here.users[SUPERVISOR], waiver(here, "w", 4_000), AT, ON)
    assert here.waiving.decide(here.users[SUPERVISOR], number, AT, ON).state == "granted"
    found = here.does("SELECT amount, owed FROM settlement WHERE settlement_id = %s", offer.fact_id)
    assert list(found) == [(95_000, 96_000)]
    assert list(here.does("SELECT given_up FROM approval WHERE id = %s", number)) == [(1_000,)]


def test_what_is_in_force_is_told_in_the_chain_and_what_waits_is_listed(here: World) -> None:
    here.waiving.ask(here.users[COLLECTOR], waiver(here, "w", 100), AT, ON)
    assert here.entries() == [("waiver.given", f"{here.number}-w", here.users[COLLECTOR])]
    number = here.waiving.ask(here.users[COLLECTOR], waiver(here, "x", 800), AT, ON).number
    waits = here.waiving.waiting(AT)
    assert waits == [
        Waiting(number, here.borrower, AT + timedelta(days=3), here.users[COLLECTOR], waiver(here, "x", 800))
    ]


@pytest.mark.parametrize(
    "sets",
    [
        "state = 'granted', decided_by = asked_by, decided_at = now()",
        "state = 'granted', decided_at = now()",
        "state = 'granted', decided_by = (SELECT max(id) FROM staff)",
        "state = 'alone'",
        "state = 'perhaps'",
        "given_up = 0",
    ],
)
def test_the_database_itself_wants_two_people(here: World, sets: str) -> None:
    number = here.waiving.ask(here.users[COLLECTOR], waiver(here, "x", 800), AT, ON).number
    with pytest.raises(psycopg.errors.CheckViolation):
        here.does(f"UPDATE approval SET {sets} WHERE id = %s", number)
