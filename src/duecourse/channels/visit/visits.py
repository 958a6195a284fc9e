"""What becomes of the sheets of visits: withdrawn, handed out as one file, and brought back with what happened.

visits.waiting(batch) -> keys            what to judge again before the team leaves
visits.withdraw(key) -> bool             out of what was not handed out yet
visits.hand_out(batch) -> Closed         one file to print for the team
visits.ended(key, outcome, ...)          an event, which `received` of the transport yields too

Nobody visits alone, and no visit ends without a recording.
"""

import json
from dataclasses import replace
from datetime import datetime
from typing import Final

from duecourse.channels.batches import Closed, Paper
from duecourse.channels.kept import moment, safe
from duecourse.channels.transport import Heard, Received, What
from duecourse.kernel.errors import DueCourseError

OUTCOMES: Final = {"met": "met", "no_one_home": "no_one_home", "entry_refused": "met", "told_to_leave": "met"}
"""How a visit ends, each with the word of the loan book for it: who was refused or told to leave did meet somebody."""
_LEAVE: Final = "told_to_leave"
_STOP: Final = "stop"  # the meaning of a reply by which a consent is taken back


class Visits(Paper):
    """The sheets of all teams, and the register of what happened on each visit."""

    def hand_out(self, batch: str) -> Closed:
        """Make one file to print of a team's sheets; again is the same."""
        return self.batches.close(batch)

    def ended(self, key: str, outcome: str, ended_at: datetime, recording: str, heard: Heard | None = None) -> Received:
        """Register how a visit ended, as one of OUTCOMES, and the reference of its recording, without which it is not.

        The event's `text` is JSON: the outcome, the recording, and the badges of the two. Who told the two to leave
        wants no more visits. The same again is the same.
        DueCourseError when the sheet was not handed out, or the visit ended otherwise.
        """
        if outcome not in OUTCOMES:
            raise DueCourseError(f"{outcome!r}: is no end of a visit: take one of {', '.join(OUTCOMES)}")
        batch = self.batches.find(safe("key", key))
        if batch is None or not self.batches.closed(batch):
            raise DueCourseError(f"{key}: no sheet of this key was handed out: look at the key")
        heard = heard or Heard()
        if outcome == _LEAVE:
            heard = replace(heard, said=tuple(dict.fromkeys((*heard.said, _STOP))))
        about = next(piece.about for piece in self.batches.pieces(batch) if piece.key == key)
        told = {
            "visit": outcome,
            "recording": safe("recording", recording),
            "collectors": [about["first"], about["second"]],
        }
        event = Received(
            f"visit.ended.{key}",
            What.OUTCOME,
            moment(ended_at),
            key=key,
            outcome=OUTCOMES[outcome],
            text=json.dumps(told),
            heard=heard,
        )
        return self._inbox.put(f"ended.{key}", [event])[0]
