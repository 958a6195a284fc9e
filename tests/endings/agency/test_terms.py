"""Terms of agencies: what a file may say, the commission of each age, who may come in, and when each is looked at."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from duecourse.endings.agency import register, reviews, terms
from duecourse.endings.agency.reviews import Due, Review, Why
from duecourse.endings.agency.terms import Terms
from duecourse.endings.many import Opened
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from tests.day.cases import AT, read
from tests.endings.cases import CLERK, OTHER
from tests.house.tree import ROOT

EXAMPLE = ROOT / "examples" / "agencies.toml"
NORTH = terms.read(EXAMPLE)["north"]


@pytest.mark.parametrize(("days", "ppm"), [(0, 150_000), (180, 150_000), (181, 250_000), (4_000, 250_000)])
def test_the_commission_is_that_of_the_age(days: int, ppm: int) -> None:
    assert NORTH.ppm(days) == ppm


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("203.0.113.0", True), ("203.0.113.15", True), ("203.0.113.16", False), ("2001:db8:17::1", True),
        ("2001:db8:18::1", False), ("::ffff:203.0.113.5", True), ("::ffff:203.0.113.99", False), ("", False),
        ("203.0.113", False), ("north", False),
    ],
)  # fmt: skip
def test_an_agency_comes_from_its_own_addresses_alone(address: str, is_one: bool) -> None:
    assert terms.is_from(NORTH, address) is is_one


def test_nobody_comes_from_an_agency_that_has_named_no_address_or_is_not_there(
    opened: Opened, who: Who, agencies: dict[str, Terms]
) -> None:
    assert register.allowed(opened.connection, "north", "203.0.113.1")
    assert not register.allowed(opened.connection, "nobody", "203.0.113.1")
    register.add(opened.connection, {"north": agencies["north"].model_copy(update={"allowed_ips": ()})}, who)
    assert not register.allowed(opened.connection, "north", "203.0.113.1")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("capacity = 5_000", "", "agencies.north.*capacity: Field required"),
        ("capacity = 5_000", "capacity = 5_000\ncolour = 1", "colour: Extra inputs"),
        ("contract_until = 2027-12-31", "contract_until = 2026-01-01", "not after contract_from"),
        ("from_days = 0, ppm = 150_000", "from_days = 1, ppm = 150_000", "bands begin at from_days = 0"),
        ('["USD"]', '["XXZ"]', "no currency"),
        ("203.0.113.0/28", "203.0.113.1/28", "host bits set"),
        ("[agencies.north]", "[agencies.'no rth']", "an id is small letters"),
        ("[agencies.north]", "colour = 1\n[agencies.north]", "has no agencies"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace(old, new, 1)
    (tmp_path / "agencies.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DueCourseError, match=says):
        terms.read(tmp_path / "agencies.toml")


def test_the_same_terms_again_change_nothing_and_others_replace_them(
    opened: Opened, who: Who, agencies: dict[str, Terms]
) -> None:
    assert register.add(opened.connection, agencies, who) == []
    more = agencies["north"].model_copy(update={"capacity": 9})
    assert register.add(opened.connection, {"north": more}, who) == ["north"]
    assert register.one(opened.connection, "north").terms.capacity == 9
    assert read(opened.connection, "SELECT count(*) FROM agency WHERE agency_id = 'north'") == [(2,)]
    kinds = read(opened.connection, "SELECT about FROM audit_entry WHERE kind = 'agency.added' ORDER BY seq")
    assert kinds == [("north",), ("west",), ("huadong",), ("north",)]
    with pytest.raises(DueCourseError, match="share a folder"):
        register.add(opened.connection, {"other": more}, who)
    with pytest.raises(DueCourseError, match="no active user"):
        register.add(opened.connection, {"north": more}, replace(who, by=CLERK))


@pytest.mark.usefixtures("agencies")
def test_reviews_are_due_once_a_year_and_before_the_contract_ends(opened: Opened, who: Who) -> None:
    """Contracts of the example run from 2026-01-01 to 2027-12-31."""
    assert {one.by for one in reviews.due(opened.connection, date(2026, 11, 1))} == set()
    first = reviews.due(opened.connection, date(2026, 11, 20))
    assert first == [Due(name, Why.YEARLY, date(2027, 1, 1), is_late=False) for name in ("huadong", "north", "west")]
    found = Review("north", Why.YEARLY, 4, 3, 5, "continue")
    assert reviews.note(opened.connection, found, who)
    assert not reviews.note(opened.connection, found, replace(who, by=OTHER)), "once a day is enough"
    assert [one.agency_id for one in reviews.due(opened.connection, date(2027, 1, 2)) if one.is_late] == [
        "huadong", "west",
    ]  # fmt: skip
    last = reviews.due(opened.connection, date(2027, 11, 20))
    assert Due("north", Why.YEARLY, date(2027, 11, 20), is_late=False) in last
    assert Due("north", Why.END_OF_TERM, date(2027, 12, 31), is_late=False) in last
    then = replace(who, at=AT + timedelta(days=365), on=date(2027, 11, 20))
    reviews.note(opened.connection, Review("north", Why.END_OF_TERM, 4, 3, 5, "end", "the lease ends"), then)
    assert Why.END_OF_TERM not in {
        one.why for one in reviews.due(opened.connection, then.on) if one.agency_id == "north"
    }


@pytest.mark.usefixtures("agencies")
@pytest.mark.parametrize("marks", [(0, 3, 3), (3, 6, 3)])
def test_a_review_without_proper_marks_is_none(opened: Opened, who: Who, marks: tuple[int, int, int]) -> None:
    with pytest.raises(DueCourseError, match="marks from 1 to 5"):
        reviews.note(opened.connection, Review("north", Why.YEARLY, *marks, "continue"), who)
