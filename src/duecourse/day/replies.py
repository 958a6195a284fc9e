"""What a borrower's reply means: words that come in by SMS, e-mail or chat, read by lists that a person can mend.

    meaning(text, language_hint) -> Meant

Three readings are joined. A message that is nothing but a keyword means that keyword, whatever its language
(`replies.words.yaml`). English and Chinese are read by rules (`replies.en.yaml`, `replies.zh.yaml`, in the form of
the lexicons of `law.wording`). Of other languages only some phrases are known. What was quoted from our own message is
left out first. When in doubt the reading errs on the borrower's side: what may be a withdrawal of consent counts as
one, and what nobody can read is `Meaning.UNREAD` and goes to a person. Nothing here is logged or kept.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from duecourse.day.promised import Promise, promised
from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import read as read_document
from duecourse.law.wording.lexicon import Lexicon, load_file
from duecourse.law.wording.text import CHARACTERS_MAX


class Meaning(StrEnum):
    """What a reply may mean; `MEANS` has a sentence for each. Those that are kinds of hold have the hold's name."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    WRONG_PERSON = "wrong_person"
    DISPUTE = "dispute"
    CEASE = "cease"
    ATTORNEY = "attorney"
    BANKRUPTCY = "bankruptcy"
    HARDSHIP = "hardship"
    BEREAVEMENT = "bereavement"
    PROMISE = "promise"
    PAID = "paid"
    COMPLAINT = "complaint"
    UNREAD = "unread"


MEANS: Final[Mapping[Meaning, str]] = {
    Meaning.STOP: "wants no more messages or calls of this kind: consent is withdrawn",
    Meaning.START: "wants the messages again; never counted beside a withdrawal",
    Meaning.HELP: "asks who writes, what it is about, or how to pay",
    Meaning.WRONG_PERSON: "says that somebody else is meant than the one who was reached",
    Meaning.DISPUTE: "says that the debt, or its amount, is not owed, or asks for proof",
    Meaning.CEASE: "wants no contact at all any more",
    Meaning.ATTORNEY: "says that a lawyer or adviser acts for the borrower",
    Meaning.BANKRUPTCY: "tells of bankruptcy or of a like proceeding",
    Meaning.HARDSHIP: "cannot pay as agreed, or asks for time, a plan or less to pay",
    Meaning.BEREAVEMENT: "tells that the borrower, or somebody near, has died",
    Meaning.PROMISE: "says that money will be paid",
    Meaning.PAID: "says that it has been paid",
    Meaning.COMPLAINT: "complains of how it was treated, or says that it will complain",
    Meaning.UNREAD: "cannot be read: a person must",
}
WITHDRAWS: Final = frozenset({Meaning.STOP, Meaning.CEASE})

_WORDS: Final = Path(__file__).with_name("replies.words.yaml")
_LEXICONS: Final = ("en", "zh")
# A text in Latin letters with one of these is read as English too, whatever language the loan is kept in.
_ENGLISH: Final = frozenset(
    {"the", "you", "your", "my", "not", "don", "this", "that", "with", "have", "please", "stop"}
)
_LOUD: Final = re.compile(r"\b(?:STOP(?:ALL)?|UNSUBSCRIBE|UNSUB)\b")  # in capitals: the keyword
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_QUOTES: Final = re.compile(  # where the message begins that is answered
    r"^\s*(?:on\b.{1,300}\bwrote:|-{2,}\s*(?:original message|forwarded message|原始邮件)|_{10,}|from:\s|发件人[：:]|"
    r".{0,200}(?:写道|schrieb|a écrit|escribió|escreveu|ha scritto)\b.{0,100}[：:]\s*$)",
    re.IGNORECASE,
)
_ACCENTS: Final = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True, repr=False)
class Meant:
    """What one reply means; never empty. Not printed: it is personal.

    `promise` is what can be read surely of a promise: the day, the amount in minor units, or neither.
    """

    meanings: frozenset[Meaning]
    promise: Promise | None = None

    @property
    def withdraws(self) -> bool:
        """Whether it may be a withdrawal of consent."""
        return not WITHDRAWS.isdisjoint(self.meanings)


@dataclass(frozen=True)
class _Known:
    """The keywords and phrases, folded and cut into words."""

    keywords: Mapping[tuple[str, ...], Meaning]
    fillers: frozenset[str]
    phrases: tuple[tuple[str, Meaning], ...]
    longest: int


def meaning(text: str, language_hint: str, *, on: date | None = None, currency: str | None = None) -> Meant:
    """Read one reply. `language_hint` is the borrower's language (two letters), which may not be that of the text.

    `on` is the local day on which it was written and `currency` the loan's: without them no day and no amount of a
    promise is read. A text longer than 20,000 characters is UNREAD.
    """
    own = _own_words(text)
    if len(own) > CHARACTERS_MAX:
        return Meant(frozenset({Meaning.UNREAD}))
    words = tuple(_folded(own).split())
    found = _keywords(words) or _spaced(words) or (_phrases(words) | _by_rules(own, language_hint, words))
    if _LOUD.search(own) and not own.isupper():
        found |= {Meaning.STOP}
    if not WITHDRAWS.isdisjoint(found):
        found -= {Meaning.START}
    if not found:
        return Meant(frozenset({Meaning.UNREAD}))
    if Meaning.PROMISE not in found:
        return Meant(found)
    return Meant(found, promised(own, language_hint, on=on, currency=currency))


def _own_words(text: str) -> str:
    """Return what the sender wrote: without lines quoted with >, and what stands below "On ... wrote:"."""
    kept: list[str] = []
    for line in text.splitlines():
        if kept and any(one.strip() for one in kept) and _QUOTES.match(line[:600]):
            break
        if not line.lstrip().startswith((">", "＞")):
            kept.append(line)
    return "\n".join(kept)


def _folded(text: str) -> str:
    """Return a text in small letters without accents, marks and hidden characters, its words apart by one blank."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    letters = (
        letter if unicodedata.category(letter)[0] in "LNM" else "" if unicodedata.category(letter) == "Cf" else " "
        for letter in plain
    )
    return " ".join("".join(letters).split())


@cache
def _known() -> _Known:
    values = read_document(_WORDS).values
    if not isinstance(values, dict):
        raise DueCourseError(f"{_WORDS.name}: must hold keywords, fillers and phrases")
    keywords = {
        tuple(_folded(str(word)).split()): Meaning(name)
        for name, groups in values["keywords"].items()
        for group in groups
        for word in group
    }
    phrases = [
        (f" {_folded(str(word))} ", Meaning(name))
        for name, groups in values["phrases"].items()
        for group in groups
        for word in group
    ]
    fillers = frozenset(part for word in values["fillers"] for part in _folded(str(word)).split())
    return _Known(keywords, fillers, tuple(phrases), max(map(len, keywords)))


def _keywords(words: Sequence[str]) -> frozenset[Meaning]:
    """Return what a message means that holds nothing but keywords and fillers, at least one keyword; else nothing."""
    known = _known()
    found: set[Meaning] = set()
    at = 0
    while at < len(words):
        size = next((n for n in range(known.longest, 0, -1) if tuple(words[at : at + n]) in known.keywords), 0)
        if size:
            found.add(known.keywords[tuple(words[at : at + size])])
        elif words[at] not in known.fillers:
            return frozenset()
        at += size or 1
    return frozenset(found)


def _spaced(words: Sequence[str]) -> frozenset[Meaning]:
    """Read a keyword whose letters stand apart: S T O P."""
    return _keywords(("".join(words),)) if all(len(word) == 1 for word in words) else frozenset()


def _phrases(words: Iterable[str]) -> frozenset[Meaning]:
    said = f" {' '.join(words)} "
    return frozenset(found for phrase, found in _known().phrases if phrase in said)


def _by_rules(text: str, language_hint: str, words: Iterable[str]) -> frozenset[Meaning]:
    found: set[Meaning] = set()
    if _HAN.search(text):
        found |= _flags(text, "zh")
    if language_hint == "en" or not _ENGLISH.isdisjoint(words):
        found |= _flags(text, "en")
    return frozenset(found)


def _flags(text: str, language: str) -> set[Meaning]:
    lexicon = _lexicon(language)
    reading = lexicon.reading(text)
    pairs = ((rule, flag) for rule in lexicon.rules for flag in rule.record.flags)
    return {Meaning(flag) for rule, flag in pairs if reading.standing(rule, flag)}


@cache
def _lexicon(language: str) -> Lexicon:
    return load_file(Path(__file__).with_name(f"replies.{language}.yaml"))
