"""How a borrower is reached: the kind of contact point for each channel, and the key that opens what is sealed."""

from collections.abc import Mapping
from typing import Final

from duecourse.day.known import Reached
from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import whose
from duecourse.store.keys import Keyring, Wrapped

POINTS: Final[Mapping[str, str]] = {
    "call": "phone", "voicemail": "phone", "sms": "phone", "im": "messenger", "email": "email", "letter": "address",
    "visit": "address",
}  # fmt: skip


def key_of(ring: Keyring, person: Reached) -> bytes:
    """Return the key of a borrower who was not erased; DueCourseError where there is none."""
    if person.key_id is None or person.wrapped_key is None:
        raise DueCourseError("the borrower has no key: nobody was loaded, or they were erased")
    return ring.unwrap(Wrapped(person.key_id, bytes(person.wrapped_key)), whose(person.borrower_id, person.person_id))
