"""Banned content in free text: which flags a message carries, and which words carry them.

flags_of(text, language) -> set of flags     read(text, language) -> the words found, each with its flag and rule

The words stand in `lexicon.en.yaml` and `lexicon.zh.yaml`, one file a language. How they are read, what that can do
and what it cannot, and how to add words is told in docs/concepts/wording.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import Document, Steps, Text, nearest, one_line
from duecourse.law.document import read as read_document
from duecourse.law.wording.inflection import stems
from duecourse.law.wording.patterns import Compiler, Pattern, Sounds, Words
from duecourse.law.wording.reading import Frame, Grammar, Reading, Rule
from duecourse.law.wording.records import LexiconRecord
from duecourse.law.wording.spelling import Corrector
from duecourse.law.wording.text import Break, Spelling, Unit, folded, units_of

FOLDER: Final = Path(__file__).parent
SPEAKERS: Final = ("collector", "borrower")
SUIT: Final = "threat_of_suit_not_intended"  # lawful words once suit is decided and the debt is not too old


_SOUND: Final = re.compile(r"[a-z]+")
_GB_ROWS: Final = range(0xB0, 0xD8)  # the common characters of GB 2312
_GB_CELLS: Final = range(0xA1, 0xFF)


@dataclass(frozen=True)
class Found:
    """Words that carry a flag: `words` stand in text[start:end]; `rule` is the name of the rule that found them."""

    flag: str
    words: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class Lexicon:
    """The words of one language, read. `flags` are those that its rules can find."""

    language: str
    spelling: Spelling
    corrector: Corrector | None
    irregular: Mapping[str, str]
    grammar: Grammar
    rules: tuple[Rule, ...]

    @property
    def flags(self) -> frozenset[str]:
        """All flags that a rule of this language carries."""
        return frozenset(flag for rule in self.rules for flag in rule.record.flags)

    def reading(self, text: str) -> Reading:
        """Cut a text into units and look its words up. DueCourseError when it is too long."""
        return Reading(tuple(self._corrected(text, units_of(text, self.spelling))), self.grammar)

    def _corrected(self, text: str, units: Iterable[Unit]) -> Iterator[Unit]:
        if self.corrector is None:
            yield from units
            return
        for unit in units:
            written = text[unit.start : unit.end]
            named = written.istitle() and unit.before is Break.NONE  # a capital within a sentence: nobody's slip
            read = [*unit.forms, *(() if named else self.corrector.meant(unit.forms[0]))]
            forms = dict.fromkeys((*read, f"={unit.forms[0]}")) | dict.fromkeys(
                stem for one in read for stem in self._stems(one)
            )
            yield Unit(tuple(forms), unit.start, unit.end, unit.before, unit.quotation)

    def _stems(self, word: str) -> tuple[str, ...]:
        return (self.irregular[word],) if word in self.irregular else stems(word)


def languages() -> tuple[str, ...]:
    """Return the languages that can be read."""
    return tuple(sorted(path.name.split(".")[1] for path in FOLDER.glob("lexicon.*.yaml")))


def flags_of(
    text: str,
    language: str,
    *,
    speaker: str = "collector",
    suit_decided: bool = False,
    time_barred: bool = False,
    to_third_party: bool | None = None,
) -> frozenset[str]:
    """Return the flags that a message carries, in words of the vocabulary's `content`; see `read`."""
    found = read(
        text,
        language,
        speaker=speaker,
        suit_decided=suit_decided,
        time_barred=time_barred,
        to_third_party=to_third_party,
    )
    return frozenset(one.flag for one in found)


def read(
    text: str,
    language: str,
    *,
    speaker: str = "collector",
    suit_decided: bool = False,
    time_barred: bool = False,
    to_third_party: bool | None = None,
) -> tuple[Found, ...]:
    """Return the words that carry a flag, in order of place.

    `speaker`: whose words they are; the borrower's own carry nothing. `suit_decided`: the lender has decided to sue and
    has set the day. `time_barred`: the time for suing is over. `to_third_party`: whether somebody other than the
    borrower is spoken to; None leaves that to the words.

    DueCourseError for a language or speaker unknown, and for more than 20,000 characters.
    """
    if language not in languages():
        raise DueCourseError(f"no words for the language '{one_line(language)}'{nearest(language, languages())}")
    if speaker not in SPEAKERS:
        raise DueCourseError(f"no speaker '{one_line(speaker)}'{nearest(speaker, SPEAKERS)}")
    lexicon = load(language)
    reading = lexicon.reading(text)
    if speaker == "borrower":
        return ()
    found: dict[Found, None] = {}
    for rule, flag in ((each, flag) for each in lexicon.rules for flag in each.record.flags):
        if rule.record.third and to_third_party is False:
            continue
        for _, occurrence in reading.standing(rule, flag):
            if flag == SUIT and suit_decided and not time_barred:
                continue
            start = reading.units[min(match.start for match in occurrence)].start
            end = reading.units[max(match.end for match in occurrence) - 1].end
            found[Found(flag, text[start:end], start, end, rule.record.name)] = None
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.flag, one.rule)))


@cache
def load(language: str) -> Lexicon:
    """Return the lexicon of a language that there is, read once."""
    return load_file(FOLDER / f"lexicon.{language}.yaml")


def load_file(path: Path) -> Lexicon:
    """Read a lexicon file; a DueCourseError of one line (file, line, what to do) when it cannot be used."""
    document = read_document(path)
    record = _record(document)
    han = record.units == "character"
    firsts = " ".join(_words_of(path.parent, record.sounds))
    spelling = Spelling(
        {folded(word): said for word, said in record.instead.items()},
        frozenset(record.skipped),
        han=han,
        syllables=frozenset(_SOUND.findall(firsts)),
        letters={ord(pair[0]): pair[1] for pair in _words_of(path.parent, record.letters)},
    )
    words = Words(spelling.skipped, han=han)
    compiler = Compiler(document.file, words, record.near, record.far)
    for name, entries in record.words.items():
        compiler.define(name, entries)

    for word in record.swapped:
        words.may_swap(word)

    def patterns(said: Iterable[Text]) -> tuple[Pattern, ...]:
        return tuple(compiler.pattern(one) for one in said)

    frames = tuple(Frame(frame, patterns(frame.says), patterns(frame.unless)) for frame in record.frames)
    rules = tuple(
        Rule(
            rule,
            patterns(rule.says),
            patterns(rule.unless),
            patterns(rule.unless_in_sentence),
            patterns(rule.unless_in_message),
        )
        for rule in record.rules
    )
    grammar = Grammar(
        words=words,
        turns=patterns(record.turns),
        denials=patterns(record.denials),
        denials_after=patterns(record.denials_after),
        affirmed=patterns(record.affirmed),
        ransoms=patterns(record.ransoms),
        ransomed=frozenset(record.ransomed),
        frames=frames,
        sets=compiler.sets,
        sounds=Sounds(sounds_of(firsts)),
        han=han,
        reach=record.reach,
        statement=record.statement,
    )
    ordinary = _words_of(path.parent, record.ordinary)
    irregular = {form: forms.split()[0] for forms in record.irregular for form in forms.split()[1:]}
    corrector = None if han else Corrector(words.known, (*ordinary, *irregular))
    return Lexicon(record.language, spelling, corrector, irregular, grammar, rules)


def sounds_of(firsts: str) -> dict[str, frozenset[str]]:
    """Return the sounds of each common Chinese character, from the first character of each syllable ("a啊 ai埃 ...").

    The 3,755 common characters of the standard GB 2312 stand in order of their sounds, so that the first character of
    a syllable tells the sound of all until the next. Further characters of a syllable may be written after its first.
    """
    entries = [(_SOUND.findall(entry)[0], _SOUND.sub("", entry)) for entry in firsts.split()]
    begun = {characters[0].encode("gb2312"): syllable for syllable, characters in entries}
    found: dict[str, frozenset[str]] = {}
    syllable = ""
    for code in (bytes((row, cell)) for row in _GB_ROWS for cell in _GB_CELLS):
        syllable = begun.get(code, syllable)
        found[code.decode("gb2312", errors="ignore")] = frozenset({syllable} - {""})
    for syllable, characters in entries:
        for other in characters[1:]:
            found[other] = found.get(other, frozenset()) | {syllable}
    return {character: sounds for character, sounds in found.items() if character and sounds}


def _words_of(folder: Path, file: str) -> tuple[str, ...]:
    """Return the words of a plain file, none when none is named; what follows a # is a comment."""
    if not file:
        return ()
    path = folder / file
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise DueCourseError(f"{path}: cannot be read; check the path and save it as UTF-8") from None
    return tuple(word for line in lines for word in line.partition("#")[0].split())


def _record(document: Document) -> LexiconRecord:
    if not isinstance(document.values, dict):
        raise DueCourseError(f"{document.file}: must be a mapping; see docs/concepts/wording.md")
    try:
        record = LexiconRecord.model_validate(document.values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place: Steps = tuple(first["loc"])
        where = ".".join(str(step) for step in place)
        raise DueCourseError(
            f"{document.file}:{document.line(place)}: {one_line(where)}: {one_line(first['msg'])}"
        ) from None
    if record.units not in {"word", "character"}:
        raise DueCourseError(f"{document.file}:{document.line(('units',))}: units must be `word` or `character`")
    above: set[str] = set()
    for at, rule in enumerate(record.rules):
        for name in (*rule.yields_to, *rule.beside):
            if name not in above:
                line = document.line(("rules", at))
                raise DueCourseError(f"{document.file}:{line}: no rule '{name}' above{nearest(name, above)}")
        above.add(rule.name)
    return record
