"""Users and how much their roles may give up: added, changed and listed by administrators.

    add("u1", "supervisor", by="admin", at=at)
    set_limit(Limited("supervisor", "USD", from_on, None, 50_000, 100_000, 300_000), by="admin", at=at, on=on)

Each is written with an entry in the store's own audit chain. `duecourse.store.orm.connect` comes first.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.words import nearest
from duecourse.store.audit import chain
from duecourse.store.models import AuthorityLimit, SecondFactor, Staff
from duecourse.store.roles import LIMITED, MAY, Role, What

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST: Final = 2**63 - 1
_WHOLE_PPM: Final = 1_000_000


@dataclass(frozen=True)
class Limited:
    """How much a role may give up in a currency from a day to a day; amounts are minor units.

    `waiver_amount` is for what is waived, `settlement_amount` and `settlement_ppm` for the discount of settlements:
    both must hold.
    """

    role: str
    currency: str
    from_on: date
    until_on: date | None
    waiver_amount: int
    settlement_amount: int
    settlement_ppm: int


def add(user_id: str, role: str, *, by: str | None, at: datetime) -> Staff:
    """Add a user. The first one of a store is an administrator, whom nobody adds (`by` is None).

    DueCourseError when the id is taken or reads like a name, or `by` may not add users.
    """
    if not _ID.fullmatch(user_id):
        raise DueCourseError("a user's id is a pseudonym of letters, digits, dots and dashes: at most 64, and no name")
    found = _role(role)
    with _changing() as cursor:
        if Staff.objects.exists():
            _administrator(by, What.APPOINT)
        elif found is not Role.ADMINISTRATOR or by is not None:
            raise DueCourseError("the first user is an administrator, whom nobody adds")
        if Staff.objects.filter(user_id=user_id).exists():
            raise DueCourseError(f"there is a user {user_id} already: change them, or name another")
        made = Staff(user_id=user_id, role=found, added_at=at)
        made.set_unusable_password()
        made.save()
        said = {"user": user_id, "role": found}
        chain.append_own(cursor, [chain.Draft(at, "staff.added", by or user_id, said, user_id, plain=True)])
        return made


def change(user_id: str, *, by: str, at: datetime, role: str | None = None, is_active: bool | None = None) -> None:
    """Give a user another role, or end or resume their work; nobody changes themselves.

    DueCourseError when there is no such user, or `by` may not.
    """
    found = None if role is None else _role(role)
    with _changing() as cursor:
        _administrator(by, What.APPOINT)
        if by == user_id:
            raise DueCourseError("nobody changes their own role or work: another administrator does")
        user = _user(user_id)
        user.role = user.role if found is None else found
        user.is_active = user.is_active if is_active is None else is_active
        user.save(update_fields=["role", "is_active"])
        said = {"user": user_id, "role": user.role, "is_active": user.is_active}
        chain.append_own(cursor, [chain.Draft(at, "staff.changed", by, said, user_id, plain=True)])


def assign(user_id: str, teams: Sequence[str], *, by: str, at: datetime) -> None:
    """Say on which teams' cases a user works, by the names of the strategy; none is on no team's.

    DueCourseError when there is no such user, or `by` may not.
    """
    with _changing() as cursor:
        _administrator(by, What.APPOINT)
        user = _user(user_id)
        user.teams = sorted(set(teams))
        user.save(update_fields=["teams"])
        said = {"user": user_id, "teams": " ".join(user.teams)}
        chain.append_own(cursor, [chain.Draft(at, "staff.assigned", by, said, user_id, plain=True)])


def let_in(user_id: str, *, by: str, at: datetime) -> Staff:
    """Take a user's password and second factor away, so that they set both anew by a link that is for them alone.

    DueCourseError when there is no such active user, or `by` may not.
    """
    with _changing() as cursor:
        _administrator(by, What.APPOINT)
        user = _user(user_id)
        if not user.is_active:
            raise DueCourseError(f"{user_id} does not work here any more: `duecourse staff change {user_id} --active`")
        user.set_unusable_password()
        user.save(update_fields=["password"])
        SecondFactor.objects.filter(user=user).delete()
        chain.append_own(cursor, [chain.Draft(at, "staff.let_in", by, {"user": user_id}, user_id, plain=True)])
        return user


def _user(user_id: str) -> Staff:
    user = Staff.objects.select_for_update().filter(user_id=user_id).first()
    if user is None:
        raise DueCourseError(f"there is no user {user_id}: see `duecourse staff list`")
    return user


def everybody() -> list[Staff]:
    """Return all users, by their ids."""
    return list(Staff.objects.order_by("user_id"))


def set_limit(limit: Limited, *, by: str, at: datetime, on: date) -> None:
    """Set how much a role may give up from a day on, which is not over on the business date `on`.

    DueCourseError for a role without limits, for what is no amount or no currency, or when `by` may not.
    """
    role = _role(limit.role)
    if role not in LIMITED:
        raise DueCourseError(f"{role} gives nothing up, and has no limits: they are for {', '.join(LIMITED)}")
    if limit.currency not in MINOR_DIGITS:
        raise DueCourseError(f"{limit.currency!r} is not a currency of ISO 4217: write it like USD")
    if limit.from_on < on or (limit.until_on is not None and limit.until_on < limit.from_on):
        raise DueCourseError("a limit begins today or later, and does not end before it begins")
    amounts = (limit.waiver_amount, limit.settlement_amount)
    if not all(0 <= amount <= _MOST for amount in amounts) or not 0 <= limit.settlement_ppm <= _WHOLE_PPM:
        raise DueCourseError("a limit is an amount in minor units, from zero on, and a discount of 0 to 1000000 ppm")
    with _changing() as cursor:
        administrator = _administrator(by, What.LIMIT)
        made = AuthorityLimit.objects.create(**asdict(limit), set_by=administrator, set_at=at)
        said = {**asdict(limit), "from_on": str(limit.from_on), "until_on": str(limit.until_on or "")}
        chain.append_own(cursor, [chain.Draft(at, "limit.set", by, said, f"limit {made.pk}", plain=True)])


def limits() -> list[Limited]:
    """Return all limits that were ever set, the oldest first."""
    names = list(Limited.__dataclass_fields__)
    return [Limited(**row) for row in AuthorityLimit.objects.order_by("id").values(*names)]


@contextmanager
def _changing() -> Iterator[CursorWrapper]:
    """Change users and limits one after another, so that there is one first user."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE staff IN SHARE ROW EXCLUSIVE MODE")
        yield cursor


def _administrator(by: str | None, what: What) -> Staff:
    found = Staff.objects.filter(user_id=by, is_active=True).first()
    if found is None:
        raise DueCourseError("who does this? name an active user with --by")
    if what not in MAY[Role(found.role)]:
        raise DueCourseError(f"{by} has the role {found.role}: only an administrator may do this")
    return found


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        near = nearest(name, list(Role))
        hint = f"; did you mean {near}?" if near else f": it is one of {', '.join(Role)}"
        raise DueCourseError(f"there is no role {name!r}{hint}") from None
