"""Patterns of words with gaps, and how they are found in a text.

A pattern is a row of elements, found in this order within one sentence:

    word          this word; `word~` its regular forms too (sue, sues, sued, suing)
    <class>       any word or phrase of a class
    a|b|<c>       any of these; `_` joins the words of a phrase: a|in_front_of
    element?      may be missing
    ..  ...       up to `near` or `far` units between; without either the elements touch
    ^             the sentence begins here; a gap may follow
    $             a mark follows, or the end
    A + B         both, in either order, anywhere in the sentence
    A ++ B        both, anywhere in the message

Words are looked up through one tree of all words, so that the work grows with the length of the text, whatever
it says.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import Text, nearest
from duecourse.law.wording.text import Break, Unit

OPTIONS_MAX: Final = 5  # elements of a pattern that may be missing: each doubles what is looked for

SWAPPED_MIN: Final = 3  # characters of a word in which one may be another of the same sound
LETTER_MIN: Final = 2  # characters of a word in which one may be the first letter of its sound

Span = tuple[int, int]  # first unit, and the unit after the last


@dataclass(frozen=True)
class Element:
    """One place of a pattern: how many units may stand before it, and the number of the set of words that fit."""

    gap: int
    words: int


@dataclass(frozen=True)
class Chain:
    """Elements in order, within one sentence.

    `begins`: at how many units at most the sentence begins before the first element, None for anywhere. `ends`: whether
    a mark must follow the last.
    """

    elements: tuple[Element, ...]
    begins: int | None = None
    ends: bool = False


@dataclass(frozen=True)
class Pattern:
    """A pattern read: for each of its parts the chains of which one must be found.

    `whole` is true when the parts may stand in different sentences.
    """

    said: str
    line: int
    parts: tuple[tuple[Chain, ...], ...]
    whole: bool


@dataclass(frozen=True)
class Match:
    """A chain found: the spans of its elements, in order."""

    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        """The first unit."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """The unit after the last."""
        return self.spans[-1][1]


@dataclass
class Node:
    """A place in the tree of words: what may follow, and the word that ends here."""

    after: dict[str, "Node"] = field(default_factory=dict)
    word: int | None = None
    swapped: bool = False
    """Whether a character of the word that ends here may be another of the same sound."""
    sounds: dict[str, list[str]] | None = None
    """What may follow, by its sound; made when first asked for."""


class Words:
    """All words and phrases of a language, each with a number, in a tree."""

    def __init__(self, skipped: frozenset[str], *, han: bool) -> None:
        """Begin with none. `skipped` are words that a text leaves out, so that patterns must too."""
        self.root = Node()
        self.known: set[str] = set()
        self._numbers: dict[tuple[str, ...], int] = {}
        self._skipped = skipped
        self._han = han

    def may_swap(self, phrase: str) -> None:
        """Let one character of a word be another of the same sound. The word need not stand in a pattern."""
        if self.number(phrase) is not None:
            node = self.root
            for unit in self._cut(phrase):
                node = node.after.get(unit, node)
            node.swapped = True

    def number(self, phrase: str) -> int | None:
        """Return the number of a phrase, which is added if it is new; None when all its words are passed over."""
        units = tuple(unit for unit in self._cut(phrase) if unit not in self._skipped)
        if not units:
            return None
        if units not in self._numbers:
            self._numbers[units] = len(self._numbers)
            node = self.root
            for unit in units:
                node = node.after.setdefault(unit, Node())
            node.word = self._numbers[units]
            self.known.update(units)
        return self._numbers[units]

    def _cut(self, phrase: str) -> list[str]:
        if not self._han:
            return phrase.split()
        return [unit for part in phrase.split() for unit in re.findall(r"[a-z0-9$@*]+|.", part)]


def inflected(word: str) -> Iterator[str]:
    """Yield the regular English forms of a word or of the first word of a phrase: sue, sues, sued, suing."""
    first, blank, rest = word.partition(" ")
    doubled = first + first[-1] if re.search(r"[^aeiou][aeiou][bdgklmnprt]$", first) else first
    if first.endswith("e"):
        forms = [first, first + "s", first + "d", first[:-1] + "ing"]
    elif re.search(r"[^aeiou]y$", first):
        forms = [first, first[:-1] + "ies", first[:-1] + "ied", first + "ing"]
    elif re.search(r"(s|x|z|ch|sh)$", first):
        forms = [first, first + "es", first + "ed", first + "ing"]
    else:
        forms = [first, first + "s", doubled + "ed", doubled + "ing"]
    for form in forms:
        yield form + blank + rest


class Compiler:
    """Reads patterns into chains of word numbers; DueCourseError names file, line and what is wrong."""

    def __init__(self, file: str, words: Words, near: int, far: int) -> None:
        """Compile for one file: `near` and `far` are the widths of the two gaps, in units."""
        self.words = words
        self._file = file
        self._gaps = {"..": near, "...": far}
        self._classes: dict[str, tuple[int, ...]] = {}
        self._sets: dict[tuple[int, ...], int] = {}

    @property
    def sets(self) -> tuple[tuple[int, ...], ...]:
        """The sets of words that elements name, by their number."""
        return tuple(self._sets)

    def define(self, name: str, entries: Iterable[Text]) -> None:
        """Add a class of words; its entries may name classes defined before."""
        numbers: dict[int, None] = {}
        for entry in entries:
            numbers |= dict.fromkeys(self._alternatives(entry, entry))
        self._classes[name] = tuple(numbers)

    def pattern(self, said: Text) -> Pattern:
        """Read one pattern."""
        whole = " ++ " in said
        parts = said.split(" ++ ") if whole else said.split(" + ")
        return Pattern(str(said), said.line, tuple(self._chains(part.split(), said) for part in parts), whole)

    def _chains(self, tokens: Sequence[str], said: Text) -> tuple[Chain, ...]:
        elements: list[tuple[Element, bool]] = []
        gap = 0
        begins = tokens[:1] == ["^"]
        ends = tokens[-1:] == ["$"]
        for token in tokens[begins : len(tokens) - ends]:
            if token in self._gaps:
                gap = self._gaps[token]
                continue
            words = tuple(sorted(set(self._alternatives(token.removesuffix("?"), said))))
            if not words and token.endswith("?"):
                continue
            if not words:
                raise self._fault(said, f"'{token}' holds only words that are passed over")
            elements.append((Element(gap, self._sets.setdefault(words, len(self._sets))), token.endswith("?")))
            gap = 0
        optional = sum(may_miss for _, may_miss in elements)
        if optional == len(elements) or optional > OPTIONS_MAX or gap:
            raise self._fault(said, f"an element must stand last, and at most {OPTIONS_MAX} may be missing")
        kept = [
            [(element, True), (element, False)] if may_miss else [(element, True)] for element, may_miss in elements
        ]
        return tuple(dict.fromkeys(_chain(choice, begins=begins, ends=ends) for choice in product(*kept)))

    def _alternatives(self, token: str, said: Text) -> Iterator[int]:
        for one in token.split("|"):
            if one.startswith("<") and one.endswith(">"):
                name = one[1:-1]
                if name not in self._classes:
                    raise self._fault(said, f"no class '{name}' above{nearest(name, self._classes)}")
                yield from self._classes[name]
                continue
            phrase = one.replace("_", " ")
            if not phrase.strip():
                raise self._fault(said, f"an empty word in '{said}'")
            forms = inflected(phrase.replace("~", "")) if "~" in phrase else (phrase,)
            yield from (number for form in forms if (number := self.words.number(form)) is not None)

    def _fault(self, said: Text, what: str) -> DueCourseError:
        return DueCourseError(f"{self._file}:{said.line}: {what}")


def _chain(choice: Sequence[tuple[Element, bool]], *, begins: bool, ends: bool) -> Chain:
    """Return the elements that stand; a gap before one that is missing goes to the next."""
    elements: list[Element] = []
    first = 0
    gap = 0
    for element, stands in choice:
        gap = max(gap, element.gap)
        if stands:
            first = first if elements else gap
            elements.append(Element(gap if elements else 0, element.words))
            gap = 0
    return Chain(tuple(elements), first if begins else None, ends)


class Index:
    """Where every word stands in one text. `work` counts the steps taken, for this text, so far."""

    def __init__(self, units: Sequence[Unit], words: Words, sets: Sequence[tuple[int, ...]], sounds: "Sounds") -> None:
        """Look every word up. `sets` are the sets of words that elements name, by their number."""
        self.units = units
        self.work = 0
        self.sentences = _numbered(units, Break.SENTENCE)
        self._sets = sets
        self._spans: dict[int, list[Span]] = {}
        self._joined: dict[int, list[Span]] = {}
        for start in range(len(units)):
            self._look_up(start, words.root, sounds)

    def _look_up(self, start: int, root: Node, sounds: "Sounds") -> None:
        todo = [(root, start, 0)]  # a place in the tree, the unit to read next, the units that the word must have
        while todo:
            node, at, least = todo.pop()
            self.work += 1
            if node.word is not None and at - start >= least and (least < SWAPPED_MIN or node.swapped):
                spans = self._spans.setdefault(node.word, [])
                if not spans or spans[-1] != (start, at):
                    spans.append((start, at))
            if at == len(self.units) or (at > start and self.units[at].before >= Break.COMMA):
                continue
            unit = self.units[at]
            todo += [(node.after[form], at + 1, least) for form in unit.forms if form in node.after]
            if sounds.alike:
                alike = sounds.of(unit, node, swapped=least == SWAPPED_MIN)
                todo += [(node.after[other], at + 1, max(least, size)) for other, size in alike]

    def spans(self, words: int) -> list[Span]:
        """Return where any word of a set stands, in order of place."""
        if words not in self._joined:
            found = [span for word in self._sets[words] for span in self._spans.get(word, ())]
            self._joined[words] = sorted(set(found))
            self.work += 1 + len(found)
        return self._joined[words]

    def matches(self, chain: Chain) -> list[Match]:
        """Return the matches of a chain, for each end the shortest."""
        ends: dict[int, tuple[Span, ...]] = {}
        for place, element in enumerate(chain.elements):
            spans = self.spans(element.words)
            if not spans:
                return []
            reached: dict[int, tuple[Span, ...]] = {}
            for span in spans:
                before = () if place == 0 else self._before(ends, span[0], element.gap)
                if before is None:
                    continue
                known = reached.get(span[1])
                found = (*before, span)
                if known is None or found[0][0] > known[0][0]:
                    reached[span[1]] = found
            ends = reached
            if not ends:
                return []
        matches = [Match(spans) for spans in ends.values()]
        if chain.begins is not None:
            matches = [match for match in matches if self._begins(match.start, chain.begins)]
        if chain.ends:
            matches = [match for match in matches if self._ends(match.end)]
        return matches

    def _begins(self, start: int, gap: int) -> bool:
        """Say whether the sentence begins at most `gap` units before `start`."""
        first = start - gap - 1
        return first < 0 or self.sentences[first] != self.sentences[start]

    def _ends(self, end: int) -> bool:
        """Say whether a mark stands before the unit at `end`, or nothing follows."""
        return end == len(self.units) or self.units[end].before >= Break.COMMA

    def _before(self, ends: Mapping[int, tuple[Span, ...]], start: int, gap: int) -> tuple[Span, ...] | None:
        """Return the match so far that ends at most `gap` units before `start` in its sentence, the latest begun."""
        best: tuple[Span, ...] | None = None
        for end in range(start, max(start - gap, 0) - 1, -1):
            self.work += 1
            found = ends.get(end)
            if found is None or self.sentences[end - 1] != self.sentences[start]:
                continue
            if best is None or found[0][0] > best[0][0]:
                best = found
        return best


class Sounds:
    """How Chinese characters sound, so that one written in Latin letters or by another of the same sound is known."""

    def __init__(self, sounds: Mapping[str, frozenset[str]]) -> None:
        """Take the sounds of each character; none for a language of words."""
        self._sounds = sounds
        self.alike = bool(sounds)

    def of(self, unit: Unit, node: Node, *, swapped: bool) -> Iterator[tuple[str, int]]:
        """Yield what else the unit may stand for at this place of the tree, and how long the word must be for that.

        `swapped`: whether a character of the word was already read as another of the same sound.
        """
        if node.sounds is None:
            node.sounds = {}
            for other in node.after:
                for sound in self._sounds.get(other, ()):
                    node.sounds.setdefault(sound, []).append(other)
                    node.sounds.setdefault(sound[0], []).append(other)
        written = unit.forms[0]
        if written.isascii():
            size = 1 if len(written) > 1 else LETTER_MIN
            yield from ((other, size) for other in node.sounds.get(written, ()))
        elif not swapped:
            for sound in self._sounds.get(written, ()):
                yield from ((other, SWAPPED_MIN) for other in node.sounds.get(sound, ()) if other != written)


def _numbered(units: Sequence[Unit], least: Break) -> list[int]:
    """Return for each unit how many breaks of at least this strength stand before it."""
    number = 0
    found = []
    for unit in units:
        number += unit.before >= least
        found.append(number)
    return found
