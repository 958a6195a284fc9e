"""No team goes without a named person's decision."""

import pytest

from duecourse.endings.visit.going import decide
from duecourse.kernel.errors import DueCourseError
from duecourse.store import staff
from tests.day.cases import AT
from tests.day.field.conftest import House, house

TEAM = "2026-11-20-north"
__all__ = ["house"]


def test_a_supervisor_decides_that_a_team_goes_and_it_is_kept_with_the_sheets(house: House) -> None:
    staff.add("root", "administrator", by=None, at=AT)
    for name, role in (("boss", "supervisor"), ("clerk", "collector")):
        staff.add(name, role, by="root", at=AT)
    house.plan("visit", 2, 4)
    house.carry_out("visit")
    shelf = house.hands.shelf("visit")
    for nobody in ("clerk", "", "stranger"):
        with pytest.raises(DueCourseError, match="no active user who may decide this"):
            decide(house.connection, shelf, TEAM, nobody, AT)
    decide(house.connection, shelf, TEAM, "boss", AT)
    rows = house.read("SELECT kind, \"by\", about FROM audit_entry WHERE chain = 0 AND kind LIKE 'visits.%%'")
    assert rows == [("visits.decided", "boss", TEAM)]
