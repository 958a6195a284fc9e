"""Letters and sheets of visits: a message set as pages, and added to the batch that people carry out.

    Letters(settings).send(message)     a PDF in today's batch of letters
    Sheets(settings, secret).send(message)      a PDF among the sheets of one of the teams

Each shows its reference, by which people tell what became of it: the first letters of the message's key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any, Final

from duecourse.channels.letter.settings import Settings as LetterSettings
from duecourse.channels.letter.transport import PrintFile
from duecourse.channels.transport import Fate, Message, Received, Result
from duecourse.channels.visit.codes import code
from duecourse.channels.visit.settings import Settings as VisitSettings
from duecourse.channels.visit.transport import SheetFile
from duecourse.channels.visit.visits import Visits
from duecourse.day.composing import CALLER
from duecourse.documents.pdf import pdf
from duecourse.documents.shapes import WINDOWS
from duecourse.kernel.errors import DueCourseError

REFERENCE: Final = 12
"""How many letters of a key are shown: two of a million keys are alike with a chance of one in five hundred."""
_NAME_LAST: Final = frozenset({"zh"})  # languages in which a name stands below the address


def reference_of(key: str) -> str:
    """Return the reference that paper shows of a message: 1f0c-83ab-99d2."""
    return "-".join(key[place : place + 4] for place in range(0, REFERENCE, 4))


class Letters:
    """A transport that sets letters and adds them to the batch of their day."""

    def __init__(self, settings: LetterSettings) -> None:
        """Take the settings; DueCourseError for an envelope whose window is not known."""
        if settings.window not in WINDOWS:
            raise DueCourseError(f"letter settings: window: {settings.window!r}: take one of {', '.join(WINDOWS)}")
        self._settings = settings

    def send(self, message: Message) -> Result:
        """Set a letter and add it to the first batch of its day that is open and has room."""
        on = date.fromisoformat(message.details["on"])
        batches = (PrintFile(self._settings.folder, on, run, self._settings.postage) for run in count(1))
        try:
            pages = pdf("letter", self._letter(message))
        except DueCourseError as error:
            return Result(Fate.REFUSED, why=str(error))
        return next(one for one in batches if one.posting.batches.has_room(one.batch)).send(
            replace(message, pages=pages)
        )

    def ask(self, message: Message) -> Result:
        """Say whether a letter is in a batch, of whatever day."""
        return self._any().ask(message)

    def received(self) -> Iterator[Received]:
        """Yield what was posted and what came back."""
        return self._any().received()

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _any(self) -> PrintFile:
        return PrintFile(self._settings.folder, date.min)

    def _letter(self, message: Message) -> dict[str, Any]:
        told = message.details
        return {
            "language": message.language,
            "window": self._settings.window,
            "sender": _sender(self._settings.head, message.language),
            "to": _to(message),
            "on": told["on"],
            "reference": reference_of(message.key),
            "subject": message.subject,
            "body": message.text,
            "is_dated_within": told["is_dated_within"],
        }


class Sheets:
    """A transport that sets the sheets of visits, and shares them among the teams: the next to whom has the fewest."""

    def __init__(self, settings: VisitSettings, secret: bytes) -> None:
        """Take the settings, and the secret of the check codes; DueCourseError where a team is not of two."""
        self._settings, self._visits, self._secret = settings, Visits(settings.folder), secret
        for team in settings.teams:
            self._file(date.min, team)

    def send(self, message: Message) -> Result:
        """Set a visit's sheet and add it to a team's; NOT_LEFT where all teams have left already."""
        on = date.fromisoformat(message.details["on"])
        batches = self._visits.batches
        free = [team for team in self._settings.teams if batches.has_room(self._file(on, team).batch)]
        if not free:
            return Result(Fate.NOT_LEFT, why="all teams of the day have left: the visit waits for another day")
        team = min(free, key=lambda one: (len(batches.pieces(self._file(on, one).batch)), one))
        try:
            pages = pdf("visit", self._sheet(message, self._settings.teams[team]))
        except DueCourseError as error:
            return Result(Fate.REFUSED, why=str(error))
        return self._file(on, team).send(replace(message, pages=pages))

    def ask(self, message: Message) -> Result:
        """Say whether a sheet is in a team's file, of whatever day."""
        return self._visits.batches.ask(message.key)

    def received(self) -> Iterator[Received]:
        """Yield how visits ended."""
        return self._visits.received()

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _file(self, on: date, team: str) -> SheetFile:
        badges = tuple(one["badge"] for one in self._settings.teams[team])
        return SheetFile(self._settings.folder, on, team, badges)

    def _sheet(self, message: Message, pair: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        told, language = message.details, message.language
        script, _, left_there = message.text.replace(CALLER, pair[0]["name"]).partition("\n\n")
        return {
            "language": language,
            "paper": self._settings.paper,
            "sender": _sender(self._settings.head, language),
            "borrower": _to(message),
            "reference": reference_of(message.key),
            "recording": reference_of(message.key),
            "check_code": code(self._secret, message.key),
            "collectors": [dict(one) for one in pair],
            "may_say": list(self._settings.may_say.get(language, ())),
            "may_not_say": list(self._settings.may_not_say.get(language, ())),
            "script": script,
            "left_there": left_there,
            **{name: told[name] for name in ("on", "opens", "closes", "amounts", "pay_by")},
        }


def _sender(head: Mapping[str, Sequence[str]], language: str) -> dict[str, Any]:
    """Return the head in a language; DueCourseError where the settings have none."""
    lines = head.get(language)
    if lines is None:
        raise DueCourseError(f"the settings have no head in {language}: write one")
    return {"name": lines[0], "lines": list(lines[1:])}


def _to(message: Message) -> list[str]:
    name, lines = message.details["name"], message.to.splitlines()
    return [*lines, name] if message.language in _NAME_LAST else [name, *lines]
