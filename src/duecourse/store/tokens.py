"""Tokens of the lender's own systems: made, listed and ended by administrators, known by the hash of their secret.

    made("core banking", ["loans:read"], by="root", at=at) -> the secret, shown once
    whose(connection, secret) -> Token | None

`duecourse.store.orm.connect` comes first, but for `whose`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection as orm_connection
from django.db import transaction
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.models import ApiToken, Staff
from duecourse.store.roles import MAY, Role, What

SCOPES: Final = (
    "loans:read", "cases:read", "plan:read", "verdicts:read", "duties:read", "judge", "payments:write", "events:write",
)  # fmt: skip
"""What a token may be for."""
_PREFIX: Final = "dc_"
_WHOSE: Final = "SELECT id, name, scopes FROM api_token WHERE digest = %s AND ended_at IS NULL"


@dataclass(frozen=True)
class Token:
    """A token that counts: its number, its name, and what it may do."""

    number: int
    name: str
    scopes: tuple[str, ...]


def made(name: str, scopes: Sequence[str], *, by: str, at: datetime) -> str:
    """Make a token and return its secret, which is kept nowhere.

    DueCourseError for a scope that there is not, a name that is taken, or when `by` is no administrator.
    """
    if not scopes or (wrong := sorted(set(scopes) - set(SCOPES))):
        raise DueCourseError(f"scope: {wrong[0] if scopes else 'none'}: name some of {', '.join(SCOPES)}")
    secret = _PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic(), orm_connection.cursor() as cursor:
        maker = _administrator(by)
        if ApiToken.objects.filter(name=name, ended_at=None).exists():
            raise DueCourseError(f"there is a token {name!r} already: end it, or choose another name")
        wanted = sorted(set(scopes))
        ApiToken.objects.create(name=name, digest=_digest(secret), scopes=wanted, made_by=maker, made_at=at)
        said = {"token": name, "scopes": " ".join(wanted)}
        chain.append_own(cursor, [chain.Draft(at, "token.made", by, said, name, plain=True)])
    return secret


def end(name: str, *, by: str, at: datetime) -> None:
    """End a token; DueCourseError where none of that name counts."""
    with transaction.atomic(), orm_connection.cursor() as cursor:
        _administrator(by)
        if not ApiToken.objects.filter(name=name, ended_at=None).update(ended_at=at):
            raise DueCourseError(f"no token {name!r} counts: see `duecourse token list`")
        chain.append_own(cursor, [chain.Draft(at, "token.ended", by, {"token": name}, name, plain=True)])


def standing() -> list[ApiToken]:
    """Return the tokens that count."""
    return list(ApiToken.objects.filter(ended_at=None).order_by("name"))


def whose(connection: Connection[TupleRow], secret: str) -> Token | None:
    """Return the token of a secret; None where none counts."""
    with connection.transaction():
        row = connection.execute(_WHOSE, [_digest(secret)]).fetchone()
    return Token(row[0], row[1], tuple(row[2])) if row else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _administrator(by: str) -> Staff:
    found = Staff.objects.filter(user_id=by, is_active=True).first()
    if found is None or What.APPOINT not in MAY[Role(found.role)]:
        raise DueCourseError(f"'{by}' is no active administrator: name one with --by")
    return found
