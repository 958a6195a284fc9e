"""Users and limits: added and changed by administrators only, each with an entry in the store's own chain."""

from datetime import UTC, date, datetime

import psycopg
import pytest
from django.contrib.auth import get_user_model

from duecourse.kernel.errors import DueCourseError
from duecourse.store import staff
from duecourse.store.models import AuditEntry, Staff
from duecourse.store.place import Place
from duecourse.store.staff import Limited

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ON = AT.date()
LIMIT = Limited("collector", "USD", ON, None, 500, 1_000, 100_000)


@pytest.fixture
def root(store: Place) -> str:
    """Give a store with its first administrator."""
    assert store.folder.exists()
    return staff.add("root", "administrator", by=None, at=AT).user_id


def kinds() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.filter(chain=0).order_by("seq").values_list("kind", "about", "by"))


def test_the_first_is_an_administrator_who_adds_the_others(root: str) -> None:
    staff.add("c-17", "collector", by=root, at=AT)
    assert [(one.user_id, one.role, one.is_active) for one in staff.everybody()] == [
        ("c-17", "collector", True),
        ("root", "administrator", True),
    ]
    assert kinds() == [("staff.added", "root", "root"), ("staff.added", "c-17", root)]


def test_nobody_has_a_password_and_django_knows_whom_to_ask(root: str) -> None:
    user = Staff.objects.get(user_id=root)
    assert get_user_model() is Staff
    assert not user.has_usable_password()
    assert not user.check_password("")
    assert user.get_username() == root


@pytest.mark.parametrize(
    ("user", "role", "by", "says"),
    [
        ("c-1", "collector", None, "name an active user"),
        ("c-1", "collector", "nobody", "name an active user"),
        ("c-1", "collector", "s-1", "only an administrator"),
        ("c-1", "collectr", "root", "did you mean collector"),
        ("c-1", "king", "root", "one of collector, supervisor"),
        ("s-1", "collector", "root", "there is a user s-1 already"),
        ("Ann Example", "collector", "root", "no name"),
        ("", "collector", "root", "no name"),
        ("a\0b", "collector", "root", "no name"),
        ("x" * 65, "collector", "root", "at most 64"),
    ],
)
def test_who_cannot_be_added(root: str, user: str, role: str, by: str | None, says: str) -> None:
    staff.add("s-1", "supervisor", by=root, at=AT)
    before = kinds()
    with pytest.raises(DueCourseError, match=says):
        staff.add(user, role, by=by, at=AT)
    assert kinds() == before
    assert Staff.objects.count() == 2


@pytest.mark.usefixtures("store")
def test_the_first_is_no_collector() -> None:
    for role, by in (("collector", None), ("administrator", "root")):
        with pytest.raises(DueCourseError, match="the first user is an administrator"):
            staff.add("root", role, by=by, at=AT)


def test_others_are_changed_and_never_oneself(root: str) -> None:
    staff.add("c-1", "collector", by=root, at=AT)
    staff.change("c-1", by=root, at=AT, role="supervisor")
    staff.change("c-1", by=root, at=AT, is_active=False)
    found = Staff.objects.get(user_id="c-1")
    assert (found.role, found.is_active) == ("supervisor", False)
    with pytest.raises(DueCourseError, match="nobody changes their own"):
        staff.change(root, by=root, at=AT, role="supervisor")
    with pytest.raises(DueCourseError, match="there is no user c-2"):
        staff.change("c-2", by=root, at=AT, is_active=False)
    with pytest.raises(DueCourseError, match="name an active user"):
        staff.change(root, by="c-1", at=AT, is_active=False)
    assert [kind for kind, *_ in kinds()] == ["staff.added", "staff.added", "staff.changed", "staff.changed"]


def test_limits_are_set_by_administrators_and_never_changed(root: str) -> None:
    staff.set_limit(LIMIT, by=root, at=AT, on=ON)
    staff.set_limit(Limited("supervisor", "JPY", ON, date(2027, 1, 1), 0, 2**63 - 1, 0), by=root, at=AT, on=ON)
    assert staff.limits()[0] == LIMIT
    assert kinds()[1:] == [("limit.set", "limit 1", root), ("limit.set", "limit 2", root)]
    staff.add("s-1", "supervisor", by=root, at=AT)
    with pytest.raises(DueCourseError, match="only an administrator"):
        staff.set_limit(LIMIT, by="s-1", at=AT, on=ON)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"role": "administrator"}, "gives nothing up"),
        ({"role": "colector"}, "did you mean collector"),
        ({"currency": "USDT"}, "ISO 4217"),
        ({"from_on": date(2026, 11, 19)}, "today or later"),
        ({"until_on": date(2026, 11, 19)}, "does not end before"),
        ({"waiver_amount": -1}, "from zero on"),
        ({"settlement_amount": 2**63}, "from zero on"),
        ({"settlement_ppm": 1_000_001}, "1000000 ppm"),
    ],
)
def test_what_is_no_limit(root: str, change: dict[str, object], says: str) -> None:
    wrong = Limited(**{**LIMIT.__dict__, **change})
    with pytest.raises(DueCourseError, match=says):
        staff.set_limit(wrong, by=root, at=AT, on=ON)
    assert staff.limits() == []


def test_the_database_knows_the_roles(store: Place, root: str) -> None:
    with psycopg.connect(store.url()) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE staff SET role = 'king' WHERE user_id = %s", [root])
