"""Placing on a real store: rules, weights, room, what is held back, and the end of a placement."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from duecourse.day.facts import Facts, Told
from duecourse.endings import moving
from duecourse.endings.agency import placing, register
from duecourse.endings.agency.choosing import choose
from duecourse.endings.agency.debts import Debt, debts
from duecourse.endings.agency.terms import Terms
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.night.run import Options, rulebooks
from duecourse.store.endings import Kind
from tests.day.cases import AT, read
from tests.endings.cases import CLERK, ON, decided

# eleven instalments of 1,000.00 and 20.00, and as many late fees of 5.00
OVERDUE = 11 * (100_000 + 2_000 + 500)

pytestmark = pytest.mark.usefixtures("agencies")


def state(opened: Opened, loan: str) -> str:
    (one,) = moving.read(opened.connection, "e.loan_id = %s", [loan])
    return one.state


def test_each_debt_goes_where_its_country_and_currency_say(opened: Opened, office: Office, who: Who) -> None:
    decided(opened, Kind.AGENCY, ["L1", "L2", "L3", "L4"], who)
    said = placing.place(office, who)
    assert [one.is_done for one in said] == [True] * 4, said
    placed = {one.loan_id: one.details for one in moving.read(opened.connection, "e.state = 'placed'")}
    assert {loan: details["agency"] for loan, details in placed.items() if loan in {"L1", "L3"}} == {
        "L1": "huadong", "L3": "huadong",
    }  # fmt: skip
    assert {placed[loan]["agency"] for loan in ("L2", "L4")} <= {"north", "west"}
    of_cn = placed["L1"]
    assert (of_cn["currency"], of_cn["placed_on"], of_cn["until"]) == ("CNY", "2026-11-20", "2027-02-18")
    assert of_cn["overdue"] >= OVERDUE, "with the penalty interest of the days since"
    assert of_cn["commission_ppm"] == 200_000, "319 days: below 361"
    assert read(opened.connection, "SELECT kind, loan_id FROM events ORDER BY loan_id") == [
        ("agency_engaged", f"L{number}") for number in range(1, 5)
    ]


def test_placing_again_changes_nothing(opened: Opened, office: Office, who: Who) -> None:
    decided(opened, Kind.AGENCY, ["L1"], who)
    placing.place(office, who)
    before = read(opened.connection, "SELECT * FROM ending_step")
    assert placing.place(office, who) == []
    assert read(opened.connection, "SELECT * FROM ending_step") == before


@pytest.mark.parametrize("kind", ["bankruptcy", "dispute", "complaint", "cease", "attorney", "hardship", "bereavement"])
def test_a_hold_since_the_decision_keeps_a_debt_from_the_agency(
    opened: Opened, office: Office, who: Who, kind: str
) -> None:
    decided(opened, Kind.AGENCY, ["L2"], who)
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(2):
        facts.hold(Told("h1", 2, who.at, who.on), kind)
    (said,) = placing.place(office, who)
    assert (said.is_done, said.reasons) == (False, (f"hold_{kind}",))
    assert state(opened, "L2") == "decided"


def test_the_dead_those_who_promised_and_those_who_keep_a_plan_are_held_back(
    opened: Opened, office: Office, who: Who
) -> None:
    decided(opened, Kind.AGENCY, ["L1", "L2", "L3"], who)
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(1):
        facts.promise(Told("p1", 1, who.at, who.on), 10_000, ON + timedelta(days=5), "L1")
    with facts.locked(3):
        facts.arrangement(Told("a1", 3, who.at, who.on), "L3", [(ON + timedelta(days=10), OVERDUE * 2)])
    with opened.connection.transaction():
        opened.connection.execute("UPDATE collection_case SET deceased_on = %s WHERE borrower_no = 2", [ON])
    said = {one.loan_id: one.reasons for one in placing.place(office, who)}
    assert said == {"L1": ("promise_open",), "L2": ("deceased",), "L3": ("arrangement_kept",)}


def test_a_debt_in_court_is_not_placed(opened: Opened, office: Office, who: Who) -> None:
    decided(opened, Kind.AGENCY, ["L1"], who)
    (suit,) = [one for one in decided(opened, Kind.SUIT, ["L1"], who) if one.kind is Kind.SUIT]
    for step in ("packed", "filed"):
        (suit,) = moving.read(opened.connection, "e.id = %s", [suit.number])
        moving.Moving(opened.connection, opened.ring).move([moving.Move(suit, step)], who)
    (said,) = placing.place(office, who)
    assert said.reasons == ("in_court",)


def test_who_may_not_decide_may_not_place_or_recall(opened: Opened, office: Office, who: Who) -> None:
    with pytest.raises(DueCourseError, match="no active user who may decide this"):
        placing.place(office, replace(who, by=CLERK))
    with pytest.raises(DueCourseError, match="no active user who may decide this"):
        placing.recall(opened, replace(who, by=CLERK), "why")


def test_a_recall_and_the_end_of_a_term_end_placements(opened: Opened, office: Office, who: Who) -> None:
    decided(opened, Kind.AGENCY, ["L1", "L2"], who)
    placing.place(office, who)
    assert [one.loan_id for one in placing.recall(opened, who, "paid in full", "e.loan_id = %s", ["L2"])] == ["L2"]
    last = replace(who, at=AT + timedelta(days=90), on=ON + timedelta(days=90))
    assert placing.end_terms(opened, last) == [], "the last day of the term is the agency's"
    after = replace(who, at=AT + timedelta(days=91), on=ON + timedelta(days=91))
    assert [one.loan_id for one in placing.end_terms(opened, after)] == ["L1"]
    assert (state(opened, "L1"), state(opened, "L2")) == ("returned", "recalled")
    ended = read(opened.connection, "SELECT loan_id FROM events WHERE kind = 'agency_ended' ORDER BY 1")
    assert ended == [("L1",), ("L2",)]


def test_only_as_many_are_placed_as_an_agency_has_room_for(
    opened: Opened, office: Office, who: Who, agencies: dict[str, Terms]
) -> None:
    full = {"huadong": agencies["huadong"].model_copy(update={"capacity": 1})}
    register.add(opened.connection, full, who)
    decided(opened, Kind.AGENCY, ["L1", "L3"], who)
    said = placing.place(office, who)
    assert sorted((one.loan_id, one.reasons) for one in said) == [("L1", ()), ("L3", ("no_room",))]
    placing.recall(opened, who, "room is needed", "e.loan_id = 'L1'")
    (now,) = placing.place(office, who)
    assert (now.loan_id, now.is_done) == ("L3", True)


def test_weights_share_debts_by_a_stable_hash_and_a_full_agency_gives_its_turn_away(opened: Opened, who: Who) -> None:
    """Of 3,000 borrowers 2,000 are expected for a weight of two in three: six deviations are 6 × sqrt(3000 × 2/9)."""
    (ending,) = decided(opened, Kind.AGENCY, ["L2"], who)
    (one,) = debts(opened.connection, [ending], ON)
    known = list(register.standing(opened.connection).values())
    many: list[Debt] = [replace(one, borrower=number) for number in range(3_000)]
    wide = [replace(agency, terms=agency.terms.model_copy(update={"capacity": 5_000})) for agency in known]
    found = choose(many, wide, {}, ON)
    shares = Counter(choice.agency.agency_id for choice in found if choice.agency)
    assert abs(shares["north"] - 2_000) < 155
    assert shares["north"] + shares["west"] == 3_000
    assert choose(many[1_500:], wide, {}, ON) == found[1_500:], "it does not matter who else is placed"
    narrow = choose(many, wide, {"north": 5_000}, ON)
    assert {choice.agency.agency_id for choice in narrow if choice.agency} == {"west"}


@pytest.mark.parametrize(
    "update",
    [
        {"licences": {"US-NY": "1"}}, {"products": ("card",)}, {"currencies": ("CNY",)}, {"amount_least": 10**9},
        {"amount_most": 5}, {"days_least": 400}, {"days_most": 30}, {"term_days": 800},
    ],
)  # fmt: skip
def test_terms_that_a_debt_does_not_fit_leave_it_here(opened: Opened, who: Who, update: dict[str, object]) -> None:
    (ending,) = decided(opened, Kind.AGENCY, ["L2"], who)
    found = debts(opened.connection, [ending], ON)
    north = register.one(opened.connection, "north")
    assert [one.why for one in choose(found, [north], {}, ON)] == [""]
    other = replace(north, terms=north.terms.model_copy(update=update))
    assert [one.why for one in choose(found, [other], {}, ON)] == ["no_agency"]


def happened(opened: Opened, kind: str) -> None:
    """Let something have happened to loan L2 on the day before."""
    with opened.connection.transaction():
        opened.connection.execute(
            "INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on)"
            " VALUES ('e1', 2, %s, 'L2', %s, %s)",
            [kind, AT - timedelta(days=1), ON - timedelta(days=1)],
        )


@pytest.mark.parametrize(("kind", "why"), [("discharge", "discharged"), ("settled", "settled")])
def test_a_debt_that_was_discharged_or_settled_since_is_held_back(
    opened: Opened, office: Office, who: Who, kind: str, why: str
) -> None:
    decided(opened, Kind.AGENCY, ["L2", "L4"], who)
    happened(opened, kind)
    said = {one.loan_id: (one.is_done, one.reasons) for one in placing.place(office, who)}
    assert said == {"L2": (False, (why,)), "L4": (True, ())}
    assert state(opened, "L2") == "decided"


@pytest.mark.parametrize("kind", ["discharge", "settled"])
def test_the_law_refuses_to_place_it_too_once_a_house_has_switched_the_rule_on(
    office: Office, who: Who, tmp_path: Path, kind: str
) -> None:
    """12 CFR 1006.30(b), as the case us-x-sell-01 has it; the rule is from memory, so it is off unless named."""
    house = tmp_path / "house.yaml"
    house.write_text("switch_on: [us.regf.transfer.no-paid-debt]\n", encoding="utf-8")
    strict = replace(office, law=rulebooks(Options(house=house)))
    with strict.opened() as opened:
        happened(opened, kind)
        deciding = opened.deciding
        said = {
            one.loan_id: (one.is_done, one.reasons)
            for one in deciding.decide(Kind.AGENCY, deciding.wanted(["L2", "L4"]), who)
        }
    assert said == {"L2": (False, ("law:us.regf.transfer.no-paid-debt",)), "L4": (True, ())}


def test_the_law_is_told_which_agency_was_engaged_and_by_whom(opened: Opened, office: Office, who: Who) -> None:
    decided(opened, Kind.AGENCY, ["L1"], who)
    placing.place(office, who)
    placing.recall(opened, who, "paid", "e.loan_id = 'L1'")
    rows = read(opened.connection, "SELECT kind, details FROM events ORDER BY id")
    assert [(kind, json.loads(str(details))) for kind, details in rows] == [
        ("agency_engaged", {"agency": "huadong", "engaged_by": "own", "lender_agrees": True}),
        ("agency_ended", {"agency": "huadong"}),
    ]
