"""What becomes of letters after they were handed over: withdrawn, merged to be printed, posted, returned.

posting.waiting(batch) -> keys           what to judge again before it is posted
posting.withdraw(key) -> bool            out of an open batch, and not posted
posting.close_batch(batch) -> Closed     one file to print; nothing more is added or taken out
posting.posted(batch, ...), returned(key, ...)
                                         events, which `received` of the transport yields too

A letter that was posted has no outcome: nobody knows whether it arrived.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from duecourse.channels.batches import Closed, Paper
from duecourse.channels.kept import moment, safe
from duecourse.channels.transport import Heard, Received, What
from duecourse.kernel.errors import DueCourseError

POSTAGES: Final = ("standard", "registered")
"""Classes of postage. A registered letter has a number of the post's, by which it is traced."""
REASONS: Final = ("moved", "unknown", "refused", "unclaimed", "insufficient_address", "deceased", "other")
"""Why the post returns a letter."""
_NOT_THERE: Final = frozenset({"moved", "unknown", "insufficient_address", "deceased"})
_NUMBER_MOST: Final = 40


class Posting(Paper):
    """The print folder of a lender, and the register of what was posted and what came back."""

    def close_batch(self, batch: str) -> Closed:
        """Make one file to print of a batch, and close it; again is the same."""
        return self.batches.close(batch)

    def was_posted(self, batch: str) -> bool:
        """Say whether a batch was taken to the post."""
        return self._inbox.named(f"posted.{safe('batch', batch)}") is not None

    def posted(
        self,
        batch: str,
        posted_at: datetime,
        by: str,
        registered_numbers: Mapping[str, str] | None = None,
        but: Collection[str] = (),
    ) -> tuple[Received, ...]:
        """Register that a closed batch was taken to the post, by whom, and the numbers of registered letters by key.

        `but` are the keys of those that were pulled from the stack. Each letter's event has the registered number as
        its `provider_id`. The same again is the same. DueCourseError when the batch is open, was posted otherwise, or
        numbers and registered letters are not those of each other.
        """
        if not self.batches.closed(safe("batch", batch)):
            raise DueCourseError(f"{batch}: is not closed: what is posted must be what was printed")
        numbers = {key: _number(number) for key, number in (registered_numbers or {}).items()}
        pieces = [piece for piece in self.batches.pieces(batch) if piece.key not in but]
        wanted = {piece.key for piece in pieces if piece.about["postage"] == "registered"}
        if odd := sorted(wanted ^ numbers.keys()):
            raise DueCourseError(f"{batch}: {odd[0]}: is registered without a number, or has a number and is not")
        if len(set(numbers.values())) < len(numbers):
            raise DueCourseError(f"{batch}: two letters have one registered number: read them again")
        text = f"posted by {safe('by', by)}"
        return self._inbox.put(
            f"posted.{batch}",
            [
                Received(
                    f"letter.posted.{piece.key}",
                    What.DELIVERY,
                    moment(posted_at),
                    key=piece.key,
                    provider_id=numbers.get(piece.key),
                    text=text,
                )
                for piece in pieces
            ],
        )

    def returned(self, key: str, reason: str, returned_at: datetime) -> Received:
        """Register that a letter came back, for one of REASONS; the same again is the same.

        That of somebody who died tells of a bereavement.

        DueCourseError when it was not posted, or came back otherwise.
        """
        if reason not in REASONS:
            raise DueCourseError(f"{reason!r}: is no reason of a return: take one of {', '.join(REASONS)}")
        batch = self.batches.find(safe("key", key))
        posted = self._inbox.named(f"posted.{batch}")
        if posted is None or all(event.key != key for event in posted):
            raise DueCourseError(f"{key}: was not posted, so it cannot come back: look at the key")
        if moment(returned_at) < posted[0].at:
            raise DueCourseError(f"{key}: came back before it was posted: look at the time")
        event = Received(
            f"letter.returned.{key}",
            What.BOUNCE,
            returned_at,
            key=key,
            outcome="bounced",
            text=reason,
            ends_point=reason in _NOT_THERE,
            heard=Heard(("bereavement",)) if reason == "deceased" else Heard(),
        )
        return self._inbox.put(f"returned.{key}", [event])[0]


def _number(text: str) -> str:
    if not (0 < len(text) <= _NUMBER_MOST and text.isascii() and text.replace(" ", "").isalnum()):
        raise DueCourseError("a registered number is up to 40 letters and digits: read it again")
    return text
