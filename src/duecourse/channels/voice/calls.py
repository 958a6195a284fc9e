"""How calls ended, as the agents say."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from duecourse.channels.kept import Inbox, moment, safe
from duecourse.channels.transport import Heard, Received, What
from duecourse.kernel.errors import DueCourseError

OUTCOMES: Final = (
    "conversation", "answered_no_talk", "silent_hangup", "voicemail", "ring_out", "busy", "not_in_service",
    "mailbox_full", "wrong_number",
)  # fmt: skip
"""The words of the loan book's outcomes that a call can end with."""


class Calls:
    """The register of how calls ended."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when it is needed."""
        self._inbox = Inbox(folder / "register")

    def ended(self, key: str, outcome: str, ended_at: datetime, agent: str, heard: Heard | None = None) -> Received:
        """Register how a call ended, as one of OUTCOMES, who made it, and what was heard; the same again is the same.

        DueCourseError for another word, or when it ended otherwise before.
        """
        if outcome not in OUTCOMES:
            raise DueCourseError(f"{outcome!r}: is no end of a call: take one of {', '.join(OUTCOMES)}")
        event = Received(
            f"voice.ended.{safe('key', key)}",
            What.OUTCOME,
            moment(ended_at),
            key=key,
            outcome=outcome,
            text=f"by {safe('agent', agent)}",
            heard=heard or Heard(),
        )
        return self._inbox.put(f"ended.{key}", [event])[0]

    def received(self) -> Iterator[Received]:
        """Yield what was registered and not read yet."""
        return self._inbox.unread()
