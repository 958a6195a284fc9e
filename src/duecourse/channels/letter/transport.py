"""Letters to a print file: one batch for each business date and print run."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from duecourse.channels.letter.posting import POSTAGES, Posting
from duecourse.channels.transport import Message, Received, Result
from duecourse.kernel.errors import DueCourseError


class PrintFile:
    """A transport that adds letters to a batch; people print and post it. What left is in the batch, whole."""

    def __init__(self, folder: Path, on: date, run: int = 1, postage: str = "standard") -> None:
        """Take the print folder, the business date, the print run of that day, and one of POSTAGES."""
        if postage not in POSTAGES:
            raise DueCourseError(f"{postage!r}: is no postage: take one of {', '.join(POSTAGES)}")
        self.batch = f"{on:%Y-%m-%d}-{run:02d}"
        self.posting = Posting(folder)
        self._postage = postage

    def send(self, message: Message) -> Result:
        """Add a letter's pages to the batch. DueCourseError when another letter has this key."""
        return self.posting.batches.put(self.batch, message.key, message.pages, {"postage": self._postage})

    def ask(self, message: Message) -> Result:
        """Say whether a letter is in a batch, of whatever day."""
        return self.posting.batches.ask(message.key)

    def received(self) -> Iterator[Received]:
        """Yield what was posted and what came back."""
        return self.posting.received()

    def close(self) -> None:
        """Do nothing: nothing is held. The batch is closed by `Posting.close_batch`."""
