"""What the registers say, in somebody's language: for the public page and for the terminal alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duecourse.kernel import texts
from duecourse.licences.checking import Belonging, Finding, Standing
from duecourse.licences.register import Entry

_MATCHES_MOST: Final = 10


@dataclass(frozen=True)
class Told:
    """The answer in a sentence, what to do, and the lines behind it with their sources."""

    standing: Standing
    answer: str
    advice: str
    lines: tuple[str, ...]


def told(finding: Finding, entries: Sequence[Entry], language: str) -> Told:
    """Return a finding in a language."""
    words = words_in(language)
    lines = []
    for match in finding.matches[:_MATCHES_MOST]:
        said = _licence(match.entry, words)
        if match.standing is Standing.LOOK_ALIKE:
            said = words["look_alike_of"].format(name=said)
        lines += [said, _source(match.entry, words)]
    if not finding.matches:
        names = ", ".join(sorted({entry.authority for entry in entries}))
        lines.append(
            words["unknown_register"].format(count=len(entries), authorities=names) if names else words["none_loaded"]
        )
    standing = finding.standing
    return Told(standing, words["standings"][standing], words["advice"][standing], tuple(lines))


def told_belonging(belonging: Belonging, entry: Entry, language: str) -> str:
    """Return in a language whether something is a lender's, with the source."""
    words = words_in(language)
    how = "yes" if belonging.is_its else "another" if belonging.of else "no"
    other = belonging.of.name if belonging.of else ""
    kind = words["kinds"][belonging.kind]
    said = str(words["belongs"][how].format(kind=kind, name=entry.name, other=other))
    return f"{said} ({_source(belonging.of or entry, words)})"


def words_in(language: str) -> Mapping[str, Any]:
    """Return the words of a language, by its tag; English for one that there are none of."""
    return texts.words_in("duecourse.licences", language)


def _licence(entry: Entry, words: Mapping[str, Any]) -> str:
    said = words["licence"].format(name=entry.name, licence=entry.licence, from_on=_day(entry.from_on))
    until = words["until"].format(until_on=_day(entry.until_on)) if entry.until_on else ""
    return f"{said}{until}"


def _source(entry: Entry, words: Mapping[str, Any]) -> str:
    return str(words["source"].format(authority=entry.authority, source=entry.source, as_of=_day(entry.as_of)))


def _day(day: date) -> str:
    return day.isoformat()
