"""Sheets of visits to a file for each day and team; a team is always two."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from duecourse.channels.kept import safe
from duecourse.channels.transport import Message, Received, Result
from duecourse.channels.visit.visits import Visits
from duecourse.kernel.errors import DueCourseError


class SheetFile:
    """A transport that adds the sheet of a visit to those that a team takes along on a day."""

    def __init__(self, folder: Path, on: date, team: str, collectors: tuple[str, ...]) -> None:
        """Take the folder, the business date, the team's id, and the badges of its two; DueCourseError for any but two.

        The same badge twice, however it is written, is one collector.
        """
        badges = [safe("badge", badge) for badge in collectors]
        if len(badges) != 2 or len({badge.casefold() for badge in badges}) != 2:
            raise DueCourseError("a visit is made by two collectors: name two badges")
        self.batch = safe("team", f"{on:%Y-%m-%d}-{team}")
        self.visits = Visits(folder)
        self._about = {"first": badges[0], "second": badges[1]}

    def send(self, message: Message) -> Result:
        """Add a visit's sheet to the team's. DueCourseError when another sheet has this key."""
        return self.visits.batches.put(self.batch, message.key, message.pages, self._about)

    def ask(self, message: Message) -> Result:
        """Say whether a sheet is in a team's file, of whatever day."""
        return self.visits.batches.ask(message.key)

    def received(self) -> Iterator[Received]:
        """Yield how visits ended."""
        return self.visits.received()

    def close(self) -> None:
        """Do nothing: nothing is held. The sheets are handed out by `Visits.hand_out`."""
