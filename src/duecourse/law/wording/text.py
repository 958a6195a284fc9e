"""Free text as units: words, or Chinese characters, each with its place, and with what stands between them.

Tricks by which words are hidden are undone here: full-width and look-alike letters, marks between letters, figures
for letters, text-message spellings, spaces inside Chinese words. What a unit may stand for is in its `forms`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final, NamedTuple

from duecourse.kernel.errors import DueCourseError

CHARACTERS_MAX: Final = 20_000
NUMBER: Final = "#"  # the form of every number

_SYLLABLE_MAX: Final = 6  # letters of the longest Chinese syllable, as in "zhuang"
_KEPT_OF_ONE: Final = 4  # characters that one character may become: a ligature may hide a whole sentence
_LOOK_ALIKE: Final = str.maketrans("аеорсухікѕјԁԛԝοαıɑɡ’‘`´ʼ", "aeopcyxiksjdqwoaiag'''''")
_FIGURES: Final = str.maketrans("013457@$!", "oieastasi")
_SENTENCE: Final = frozenset("。！？!?；;\n\r…")
_CLAUSE: Final = frozenset(":：—–()（）【】[]{}")
_COMMA: Final = frozenset(",，")
_OPENING: Final = {"“": "”", "「": "」", "『": "』", "«": "»", "《": "》", '"': '"'}
_CLOSING: Final = frozenset(_OPENING.values())
_FILLING: Final = " \t.,，、*_-|/~^·•+="  # what is put between characters to hide a word

_LATIN: Final = re.compile(
    r"[$£€₹¥]?\d+(?:[.,:]\d+)*(?:st|nd|rd|th|k|am|pm|h|hr|hrs|min|x|%)?(?![a-z@$*])"  # a number
    r"|(?:o/d|w/o|w/|c/o)"
    r"|[a-z0-9@$*]+(?:[!'][a-z]+)*"  # a word, perhaps with figures in it
)
_HAN: Final = re.compile(r"\d+(?:[.,:]\d+)*%?|[a-z@$*]+|[\u3400-\u9fff〇]")
_ABBREVIATION: Final = frozenset({"mr", "mrs", "ms", "dr", "st", "no", "vs", "jr", "sr", "co", "acct", "ref"})
_SHORT: Final = (("can't", "can not"), ("won't", "will not"), ("shan't", "shall not"), ("cannot", "can not"))
_ENDING: Final = {"n't": "not", "'ll": "will", "'re": "are", "'ve": "have", "'d": "would", "'m": "am"}
_IS: Final = frozenset(
    {"it", "that", "he", "she", "there", "who", "what", "here", "where", "how", "everyone", "nobody"}
)


class Break(IntEnum):
    """What stands before a unit, the stronger the higher."""

    NONE = 0
    COMMA = 1
    CLAUSE = 2
    SENTENCE = 3


class Unit(NamedTuple):
    """A word or a Chinese character. `start` and `end` are its place in the text as it was given.

    `forms` are what it may be read as, the likeliest first. `quotation` is the number of the outermost quotation that
    it stands in, 0 outside of all.
    """

    forms: tuple[str, ...]
    start: int
    end: int
    before: Break
    quotation: int


@dataclass(frozen=True)
class Spelling:
    """How the words of a language are written: what is said otherwise, what is passed over.

    `instead`: a word (or, in Chinese, a run of characters) -> what it stands for, several words joined by blanks.
    `skipped`: words that change nothing. `han`: the units are Chinese characters, not words. `syllables`: how these
    sound in Latin letters; empty for a language of words. `letters`: characters that are read as others.
    """

    instead: Mapping[str, str]
    skipped: frozenset[str]
    han: bool
    syllables: frozenset[str] = frozenset()
    letters: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def longest(self) -> Mapping[str, int]:
        """For each first character of what is said otherwise, the length of the longest."""
        found: dict[str, int] = {}
        for word in self.instead:
            found[word[0]] = max(found.get(word[0], 0), len(word))
        return found


def units_of(text: str, spelling: Spelling) -> tuple[Unit, ...]:
    """Cut a text into its units. DueCourseError for one of more than CHARACTERS_MAX characters. Work: linear."""
    if len(text) > CHARACTERS_MAX:
        raise DueCourseError(
            f"the text has {len(text)} characters, more than the {CHARACTERS_MAX} that are read at once; split it"
        )
    plain, places = _plain(text)
    if spelling.han:
        plain, places = _replaced(plain.translate(spelling.letters), places, spelling)
    pieces = list(_pieces(plain, spelling))
    units = list(_han(pieces, spelling.syllables) if spelling.han else _words(_joined(pieces), spelling))
    found: list[Unit] = []
    carried = Break.NONE  # a break before a word that is passed over stands before the next
    for forms, start, end, before, quotation in units:
        carried = max(carried, before)
        if forms[0] not in spelling.skipped:
            found.append(Unit(forms, places[start], places[end - 1] + 1, carried, quotation))
            carried = Break.NONE
    return tuple(found)


def folded(text: str) -> str:
    """Return a text in the one spelling that is compared: small letters, no marks, no width."""
    return _plain(text)[0]


_Piece = tuple[str, int, int, Break, int, bool]  # text, start, end, break before, quotation, close to the one before
_Placed = tuple[tuple[str, ...], int, int, Break, int]


def _plain(text: str) -> tuple[str, list[int]]:
    """Fold every character by itself, so that each of the result knows where it came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter).casefold()[:_KEPT_OF_ONE]:
            sort = unicodedata.category(part)
            if sort in {"Mn", "Me", "Cf", "Co", "Cs", "Cn"}:
                continue
            letters.append(" " if sort in {"Cc", "Zs", "Zl", "Zp"} and part != "\n" else part)
            places.append(place)
    return "".join(letters).translate(_LOOK_ALIKE), places


def _replaced(plain: str, places: list[int], spelling: Spelling) -> tuple[str, list[int]]:
    """Write Chinese words as the lists have them; the longest that fits wins."""
    letters: list[str] = []
    kept: list[int] = []
    at = 0
    while at < len(plain):
        sizes = range(spelling.longest.get(plain[at], 0), 0, -1)
        size = next((size for size in sizes if plain[at : at + size] in spelling.instead), 0) if sizes else 0
        if not size:
            letters.append(plain[at])
            kept.append(places[at])
            at += 1
            continue
        said = spelling.instead[plain[at : at + size]]
        letters.append(said)
        kept += [places[min(at + step, at + size - 1)] for step in range(len(said))]
        at += size
    return "".join(letters), kept


def _pieces(plain: str, spelling: Spelling) -> Iterator[_Piece]:
    """Yield words and characters with what stands before each; marks become breaks and quotations."""
    quotations = _quotations(plain)
    end = 0
    for match in (_HAN if spelling.han else _LATIN).finditer(plain):
        between = plain[end : match.start()]
        before = Break.SENTENCE if end == 0 else _break(between, plain, end, han=spelling.han)
        yield match[0], match.start(), match.end(), before, quotations[match.start()], not between.strip(_FILLING)
        end = match.end()


def _break(between: str, plain: str, end: int, *, han: bool) -> Break:
    """Return the strongest break among the marks between two pieces; `end` is where the first piece ended."""
    if not between:
        return Break.NONE
    if any(mark in _SENTENCE for mark in between):
        return Break.SENTENCE
    if not han and "." in between:
        before = re.search(r"[a-z]+$", plain[max(0, end - 6) : end])
        shortened = before is not None and (before[0] in _ABBREVIATION or len(before[0]) == 1)
        if " " in between[between.index(".") :] and not shortened:
            return Break.SENTENCE
    if any(mark in _CLAUSE for mark in between) or (" - " in between and not han):
        return Break.CLAUSE
    if any(mark in _COMMA for mark in between) or (han and " " in between):
        return Break.COMMA
    return Break.NONE


def _quotations(plain: str) -> list[int]:
    """Return for each character the number of the quotation around it; what is opened and never closed is none."""
    found = [0] * len(plain)
    stack: list[tuple[str, int]] = []
    number = 0
    for place, mark in enumerate(plain):
        single = mark == "'" and _stands_free(plain, place, opened=any(closer == "'" for closer, _ in stack))
        if mark == "'" and not single:
            continue
        if stack and mark == stack[-1][0]:
            _, start = stack.pop()
            if not stack:
                number += 1
                found[start:place] = [number] * (place - start)
        elif mark in _CLOSING and any(mark == closer for closer, _ in stack[-3:]):
            while stack and stack[-1][0] != mark:  # an inner quotation was never closed
                stack.pop()
            _, start = stack.pop()
            if not stack:
                number += 1
                found[start:place] = [number] * (place - start)
        elif mark in _OPENING or single:
            stack.append((_OPENING.get(mark, "'"), place + 1))
    return found


def _stands_free(plain: str, place: int, *, opened: bool) -> bool:
    """Say whether a single quotation mark opens or closes a quotation, and is no apostrophe."""
    before = plain[place - 1] if place else " "
    after = plain[place + 1] if place + 1 < len(plain) else " "
    return (opened and not after.isalnum()) or (before in " (:" and after.isalnum() and not opened)


def _joined(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Join letters that stand singly, as in "j a i l" or "p.o.l.i.c.e", four or more in a row."""
    at = 0
    while at < len(pieces):
        upto = at + 1
        while upto < len(pieces) and len(pieces[upto][0]) == 1 and pieces[upto][5] and pieces[upto][3] < Break.CLAUSE:
            upto += 1
        run = pieces[at:upto] if len(pieces[at][0]) == 1 else pieces[at : at + 1]
        if len(run) >= 4 and all(piece[0].isalpha() for piece in run):
            yield "".join(piece[0] for piece in run), run[0][1], run[-1][2], run[0][3], run[0][4], run[0][5]
            at = upto
        else:
            yield pieces[at]
            at += 1


def _words(pieces: Iterator[_Piece], spelling: Spelling) -> Iterator[_Placed]:
    """Yield each word with its forms: contractions written out, text-message words as what they stand for."""
    for word, start, end, before, quotation, _ in pieces:
        for number, part in enumerate(_parts(word, spelling.instead)):
            yield part, start, end, before if number == 0 else Break.NONE, quotation


def _parts(word: str, instead: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    if word in instead:
        alternatives = [said.split() for said in instead[word].split("|")]
        if len(alternatives) > 1:  # one word that may mean one of several
            yield (*(said[0] for said in alternatives), *((NUMBER,) if word.isdigit() else ()))
            return
        yield from ((said,) for said in alternatives[0])
        return
    if (word[0].isdigit() and not re.search(r"[a-z]{2}", word.rstrip("hrsaminpxktd"))) or word[0] in "£€₹¥":
        yield (NUMBER, word)
        return
    if set(word) <= {"$"}:
        yield ("money",)
        return
    if word[0] == "$" and word[1:2].isdigit():
        yield (NUMBER, word)
        return
    for short, long in _SHORT:
        if word == short:
            yield from ((part,) for part in long.split())
            return
    stem, mark, ending = word.rpartition("'")
    if word.endswith("n't"):
        yield (word[:-3],)
        yield ("not",)
    elif mark and "'" + ending in _ENDING:
        yield from _parts(stem, instead)
        yield (_ENDING["'" + ending],)
    elif mark and ending == "s" and stem in _IS:
        yield (stem,)
        yield ("is",)
    elif mark and ending == "s":
        yield (stem,)
    else:
        plain = word.replace("'", "")
        figured = plain.translate(_FIGURES)
        yield (plain,) if figured == plain else (figured, plain)


def _han(pieces: list[_Piece], syllables: frozenset[str]) -> Iterator[_Placed]:
    """Yield each character; what only separates single characters of one word is no break."""
    singles = _hidden(pieces)
    for at, (piece, start, end, before, quotation, _) in enumerate(pieces):
        stands = Break.NONE if singles[at] else before
        if piece[0].isdigit():
            yield (NUMBER, piece), start, end, stands, quotation
            continue
        place = start
        for number, part in enumerate((_syllables(piece, syllables) if piece.isascii() else ()) or [piece]):
            yield (part,), place, place + len(part), stands if number == 0 else Break.NONE, quotation
            place += len(part)


def _syllables(letters: str, syllables: frozenset[str]) -> list[str]:
    """Cut a run of Latin letters into Chinese syllables, the longest first; empty when it is not two or more."""
    found: list[str] = []
    at = 0
    while at < len(letters):
        size = next((size for size in range(_SYLLABLE_MAX, 1, -1) if letters[at : at + size] in syllables), 0)
        if not size:
            return []
        found.append(letters[at : at + size])
        at += size
    return found


def _hidden(pieces: list[_Piece]) -> list[bool]:
    """Say for each piece whether the mark before it stands between single characters, as in 爆.通.讯.录."""
    gaps = [at > 0 and pieces[at][1] > pieces[at - 1][2] for at in range(len(pieces))]
    return [
        gaps[at] and pieces[at][5] and ((at > 1 and gaps[at - 1]) or (at + 1 < len(pieces) and gaps[at + 1]))
        for at in range(len(pieces))
    ]
