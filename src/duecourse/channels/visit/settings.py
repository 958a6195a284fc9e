"""Where the sheets of visits are kept, who visits, and what stands on each sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from duecourse.channels.head import check_head, check_lines
from duecourse.kernel.errors import DueCourseError

_SHOWN = {"name", "badge"}
METHODS: Final = ("cash", "cheque", "card", "transfer")
"""How somebody may pay at the door."""


@dataclass(frozen=True)
class Settings:
    """A folder of sheets. `teams` has the two of each team, by its id: `{name = "...", badge = "..."}`, twice.

    `head` has the lender's name and lines of address for each language, `may_say` and `may_not_say` the lines that
    remind the two of what they may say; `paper` is a4 or us-letter. `takes` are the ways in which they may take money
    at the door (cash, cheque, card, transfer): none unless it is set.
    """

    folder: Path
    head: Mapping[str, Sequence[str]]
    teams: Mapping[str, Sequence[Mapping[str, str]]]
    may_say: Mapping[str, Sequence[str]] = field(default_factory=dict)
    may_not_say: Mapping[str, Sequence[str]] = field(default_factory=dict)
    paper: str = "a4"
    takes: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse a head without a name, and a team of any but two."""
        check_head("visit", self.head)
        for name in ("may_say", "may_not_say"):
            check_lines("visit", name, getattr(self, name))
        if not _are_teams(self.teams):
            raise DueCourseError(
                'visit settings: teams: write two collectors for each: north = [{name = "...", badge = "..."}, {...}]'
            )
        if self.paper not in {"a4", "us-letter"}:
            raise DueCourseError(f"visit settings: paper: {self.paper!r}: take a4 or us-letter")
        if isinstance(self.takes, str) or not set(self.takes) <= set(METHODS):
            raise DueCourseError(f'visit settings: takes: write some of {", ".join(METHODS)}: takes = ["card"]')


def _are_teams(teams: object) -> bool:
    if not isinstance(teams, Mapping) or not teams:
        return False
    return all(isinstance(two, list) and len(two) == 2 and all(map(_is_collector, two)) for two in teams.values())


def _is_collector(one: object) -> bool:
    return isinstance(one, Mapping) and set(one) == _SHOWN and all(isinstance(value, str) for value in one.values())
