"""Night and gate agree on every act: the law's verdict loan by loan, rule by rule, and the holds that bar an act.

DUECOURSE_SOAK=1 asks about some 100,000 acts in every country that has a rulebook.
"""

import os
from collections.abc import Iterator
from typing import Final

import pytest

from duecourse.day.decision import Decision
from duecourse.law.rulebook import Law
from duecourse.night.moment import Moment
from duecourse.store.place import Place
from tests import package
from tests.day import agreement
from tests.day.agreement import NO_LAW, ON, Act, Asking, Worked, holding, strongest_of, told_by
from tests.night import books
from tests.night.test_lawful import PLACES
from tests.stores import running

SOAK: Final = os.environ.get("DUECOURSE_SOAK") == "1"
LOANS: Final = 47_500 if SOAK else 4_600
COUNTRIES: Final = frozenset(str(place["country"]) for place in PLACES) if SOAK else frozenset({"US", "CN"})
LEAST_ACTS: Final = 90_000 if SOAK else 4_000
LEAST_IDLE: Final = 15 if SOAK else 1
LEAST_RULES: Final = 55 if SOAK else 25
Answers = list[tuple[Act, Decision]]


@pytest.fixture(scope="module")
def law() -> Law:
    return package.law()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with running() as made:
        yield made


@pytest.fixture(scope="module")
def night(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Worked:
    folder = tmp_path_factory.mktemp("agreement")
    loaded = agreement.book(folder / "book", folder / "home", LOANS, COUNTRIES)
    strategy = books.strategy(agreement.STRATEGY)
    return agreement.worked(loaded, strategy, place, folder / "out", Moment(agreement.ON))


@pytest.fixture(scope="module")
def answers(place: Place, night: Worked, law: Law) -> Answers:
    asking = Asking(place, night, law)
    found = list(asking.judged(night.acts))
    asking.close()
    return found


def asked_of_the_law(answers: Answers) -> Answers:
    """Return what came before both laws."""
    return [(act, said) for act, said in answers if act.blocked is None]


def test_the_law_says_the_same_of_every_loan(answers: Answers) -> None:
    asked = asked_of_the_law(answers)
    differing = [(act, told_by(act, said)) for act, said in asked if told_by(act, said) != act.loans]
    assert not differing, f"{len(differing)} of {len(asked)}: {differing[:3]}"


def test_the_first_reason_is_the_same_rule(answers: Answers) -> None:
    named = [(act, strongest_of(act, said)) for act, said in asked_of_the_law(answers)]
    assert [(act, found) for act, found in named if found != act.strongest][:3] == []


def test_what_falls_before_the_law_falls_for_both(answers: Answers, place: Place) -> None:
    """But where no rulebook is: there the gate looks no further, and the night names the hold first.

    Of a withdrawal after the night's day, which the gate has in its store already, the night knows nothing.
    """
    with place.connected() as connection:
        later = set(
            connection.execute(
                "SELECT borrower_no, consented_to FROM consents WHERE withdrawn_at::date > %s", [ON]
            ).fetchall()
        )
    told = [
        (act, act.blocked, holding(said))
        for act, said in answers
        if act.country != NO_LAW["country"] and (act.borrower, said.asked.channel) not in later
    ]
    assert len({blocked for _, blocked, _ in told if blocked}) >= 4
    assert [one for one in told if one[1] != one[2]][:3] == []


def test_both_say_that_nothing_overdue_is_left_to_press_about(answers: Answers) -> None:
    """Where holds bar every loan that is overdue, neither demands anything about one that only owes."""
    asked = [(act, said) for act, said in answers if act.country != NO_LAW["country"]]
    idle = [act for act, _ in asked if act.blocked == "nothing_overdue"]
    assert len(idle) >= LEAST_IDLE
    assert all(any(act.overdue.values()) for act in idle)
    assert [
        act for act, said in asked if ("nothing_overdue" in said.reasons) != (act.blocked == "nothing_overdue")
    ] == []


def test_where_no_rulebook_is_both_say_so(answers: Answers) -> None:
    said = [(act, decision) for act, decision in answers if act.country == NO_LAW["country"]]
    assert said
    assert {decision.reasons for _, decision in said} == {("no_rulebook",)}
    assert {rules for act, _ in said if act.blocked is None for rules in act.loans.values()} == {
        frozenset({"no_rulebook"})
    }


def test_a_channel_taken_back_is_refused(answers: Answers, place: Place) -> None:
    """Whatever the law says, nothing goes out by a channel that the borrower took back."""
    with place.connected() as connection:
        rows = connection.execute(
            "SELECT borrower_no, consented_to, withdrawn_at IS NULL FROM consents WHERE replaced_at IS NULL"
        ).fetchall()
    standing = {(borrower, channel) for borrower, channel, stands in rows if stands}
    refused = {(borrower, channel) for borrower, channel, _ in rows} - standing
    asked = {(act.borrower, said.asked.channel) for act, said in answers if act.country != NO_LAW["country"]}
    told = {(act.borrower, said.asked.channel) for act, said in answers if "channel_refused" in said.reasons}
    assert told
    assert told == {one for one in asked if one in refused}


def test_the_acts_mean_something(answers: Answers) -> None:
    acts = [act for act, _ in answers if act.blocked is None]
    refused = [act for act in acts if any(act.loans.values())]
    rules = {rule for act in acts for found in act.loans.values() for rule in found}
    assert len(acts) >= LEAST_ACTS
    assert len(refused) >= len(acts) // 5  # down: a fifth
    assert len(acts) - len(refused) >= len(acts) // 5
    assert len(rules) >= LEAST_RULES
    assert any(len({bool(found) for found in act.loans.values()}) == 2 for act in acts)  # one loan leaves the act
    if not SOAK:
        return
    assert {act.country for act in acts} >= {"CN", "DE", "GB", "IN", "US"}
