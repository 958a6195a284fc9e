"""How a borrower is reached: the kind of contact point for each channel, and the key that opens what is sealed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import whose
from duecourse.store.keys import Keyring, Wrapped

if TYPE_CHECKING:
    from duecourse.day.known import Reached  # which compiles the law's statements: facts alone need none

POINTS: Final[Mapping[str, str]] = {
    "call": "phone", "voicemail": "phone", "sms": "phone", "im": "messenger", "email": "email", "letter": "address",
    "visit": "address",
}  # fmt: skip

_OF: Final = """
SELECT t.id::text, p.person_id, t.kind, coalesce(to_char(t.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), '-'),
    CASE WHEN t.ended_at IS NULL THEN '-' WHEN t.ended_why = '' THEN 'not in the files' ELSE t.ended_why END
FROM contact_point t JOIN person p ON p.id = t.person_id JOIN borrower b ON b.id = p.borrower_id
WHERE b.borrower_id = %s ORDER BY t.id"""


def points_of(connection: Connection[TupleRow], borrower_id: str) -> list[TupleRow]:
    """Return (number, person, kind, when it ended in UTC, why) of each contact point, as texts: never what it says."""
    with connection.transaction():
        return connection.execute(_OF, [borrower_id]).fetchall()


def key_of(ring: Keyring, person: "Reached") -> bytes:
    """Return the key of a borrower who was not erased; DueCourseError where there is none."""
    if person.key_id is None or person.wrapped_key is None:
        raise DueCourseError("the borrower has no key: nobody was loaded, or they were erased")
    return ring.unwrap(Wrapped(person.key_id, bytes(person.wrapped_key)), whose(person.borrower_id, person.person_id))
