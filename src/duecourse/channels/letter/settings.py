"""Where letters are kept, and what stands on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from duecourse.channels.head import check_head
from duecourse.channels.letter.posting import POSTAGES
from duecourse.kernel.errors import DueCourseError


@dataclass(frozen=True)
class Settings:
    """A print folder. `head` has the lender's name and lines of address for each language; `window` is the envelope's.

    `postage` is one of POSTAGES.
    """

    folder: Path
    head: Mapping[str, Sequence[str]]
    window: str = "din-5008-b"
    postage: str = "standard"

    def __post_init__(self) -> None:
        """Refuse a head without a name, and a postage that there is not."""
        check_head("letter", self.head)
        if self.postage not in POSTAGES:
            raise DueCourseError(f"letter settings: postage: {self.postage!r}: take one of {', '.join(POSTAGES)}")
