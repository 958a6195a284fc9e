"""Patterns of words with gaps, and how they are found in a text.

A pattern is a row of elements, found in this order within one sentence:

    word          this word, in English its regular forms too (sue, sues, sued, suing)
    =word         this English word as it stands, none of its forms
    <class>       any word or phrase of a class
    a|b|<c>       any of these; `_` joins the words of a phrase: a|in_front_of
    element?      may be missing
    ..  ...       up to `near` or `far` units between; without either the elements touch
    !a|<c>        after a gap: none of these stands in it; before the first word, none so near in front of it
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
from functools import cached_property
from itertools import product
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import Text, nearest
from duecourse.law.wording.text import Break, Unit

OPTIONS_MAX: Final = 5  # elements of a pattern that may be missing: each doubles what is looked for

LETTER_MIN: Final = 2  # characters of a word in which one may be the first letter of its sound

Span = tuple[int, int]  # first unit, and the unit after the last


@dataclass(frozen=True)
class Element:
    """One place of a pattern: how many units may stand before it, and the number of the set of words that fit.

    `barred` is the number of a set of words of which none may stand in the gap.
    """

    gap: int
    words: int
    barred: int | None = None


@dataclass(frozen=True)
class Chain:
    """Elements in order, within one sentence.

    `begins`: at how many units at most the sentence begins before the first element, None for anywhere. `ends`: whether
    a mark must follow the last.
    """

    elements: tuple[Element, ...]
    begins: int | None = None
    ends: bool = False

    @cached_property
    def needs(self) -> frozenset[int]:
        """The sets of words of which one each must stand in the text."""
        return frozenset(element.words for element in self.elements)


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
    sounds: dict[str, list[str]] | None = None
    """What may follow, by its sound; made when first asked for."""


class Words:
    """All words and phrases of a language, each with a number, in a tree."""

    def __init__(self, skipped: frozenset[str], *, han: bool) -> None:
        """Begin with none. `skipped` are words that a text leaves out, so that patterns must too."""
        self.root = Node()
        self.swapped = Node()  # the tree of the words of which one character may be another of the same sound
        self.known: set[str] = set()
        self._numbers: dict[tuple[str, ...], int] = {}
        self._skipped = skipped
        self._han = han

    def may_swap(self, phrase: str) -> None:
        """Let one character of a word be another of the same sound. The word need not stand in a pattern."""
        number = self.number(phrase)
        if number is not None:
            self._grow(self.swapped, self._cut(phrase), number)

    def number(self, phrase: str) -> int | None:
        """Return the number of a phrase, which is added if it is new; None when all its words are passed over."""
        units = tuple(unit for unit in self._cut(phrase) if unit not in self._skipped)
        if not units:
            return None
        if units not in self._numbers:
            self._numbers[units] = len(self._numbers)
            self._grow(self.root, units, self._numbers[units])
            self.known.update(units)
        return self._numbers[units]

    def _grow(self, node: Node, units: Iterable[str], number: int) -> None:
        for unit in units:
            node = node.after.setdefault(unit, Node())
        node.word = number

    def _cut(self, phrase: str) -> list[str]:
        if not self._han:
            return phrase.split()
        return [unit for part in phrase.split() for unit in re.findall(r"[a-z0-9$@*]+|.", part)]


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
    def sets(self) -> Mapping[int, tuple[int, ...]]:
        """For each word the numbers of the sets that it belongs to."""
        found: dict[int, list[int]] = {}
        for words, number in self._sets.items():
            for word in words:
                found.setdefault(word, []).append(number)
        return {word: tuple(numbers) for word, numbers in found.items()}

    def define(self, name: str, entries: Iterable[Text]) -> None:
        """Add a class of words; its entries may name classes defined before."""
        numbers: dict[int, None] = {}
        for entry in entries:
            numbers |= dict.fromkeys(self._alternatives(entry, entry))
        self._classes[name] = tuple(numbers)

    def pattern(self, said: Text) -> Pattern:
        """Read one pattern."""
        joined = said.replace("| ", "|")  # where a long line was wrapped
        whole = " ++ " in joined
        parts = joined.split(" ++ ") if whole else joined.split(" + ")
        return Pattern(str(said), said.line, tuple(self._chains(part.split(), said) for part in parts), whole)

    def _chains(self, tokens: Sequence[str], said: Text) -> tuple[Chain, ...]:
        elements: list[tuple[Element, bool]] = []
        gap, barred = 0, None
        begins = tokens[:1] == ["^"]
        ends = tokens[-1:] == ["$"]
        for token in tokens[begins : len(tokens) - ends]:
            if token in self._gaps:
                gap = self._gaps[token]
                continue
            words = tuple(sorted(set(self._alternatives(token.removeprefix("!").removesuffix("?"), said))))
            if token.startswith("!"):
                barred = self._sets.setdefault(words, len(self._sets))
                continue
            if not words and token.endswith("?"):
                continue
            if not words:
                raise self._fault(said, f"'{token}' holds only words that are passed over")
            element = Element(gap, self._sets.setdefault(words, len(self._sets)), barred)
            elements.append((element, token.endswith("?")))
            gap, barred = 0, None
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
            number = self.words.number(phrase)
            if number is not None:
                yield number

    def _fault(self, said: Text, what: str) -> DueCourseError:
        return DueCourseError(f"{self._file}:{said.line}: {what}")


def _chain(choice: Sequence[tuple[Element, bool]], *, begins: bool, ends: bool) -> Chain:
    """Return the elements that stand; a gap before one that is missing goes to the next."""
    elements: list[Element] = []
    first, gap, barred = 0, 0, None
    for element, stands in choice:
        gap, barred = max(gap, element.gap), barred if element.barred is None else element.barred
        if stands:
            first = first if elements else gap
            elements.append(Element(gap if elements or barred is not None else 0, element.words, barred))
            gap, barred = 0, None
    return Chain(tuple(elements), first if begins else None, ends)


class Index:
    """Where every word stands in one text. `work` counts the steps taken, for this text, so far."""

    def __init__(
        self, units: Sequence[Unit], words: Words, sets: Mapping[int, tuple[int, ...]], sounds: "Sounds"
    ) -> None:
        """Look every word up. `sets` are, for each word, the numbers of the sets that it belongs to."""
        self.units = units
        self.work = 0
        self.sentences = _numbered(units, Break.SENTENCE)
        self._words: dict[int, set[Span]] = {}
        for start in range(len(units)):
            self._look_up(start, words.root, sounds)
            if sounds.alike:
                self._look_up_swapped(start, words.swapped, sounds)
        self._spans: dict[int, set[Span]] = {}
        for word, spans in self._words.items():
            for number in sets.get(word, ()):
                self._spans.setdefault(number, set()).update(spans)
                self.work += len(spans)
        self._sorted: dict[int, list[Span]] = {}
        self._barred: dict[int | None, dict[int, int]] = {}

    def _look_up(self, start: int, root: Node, sounds: "Sounds") -> None:
        todo = [(root, start, 0)]  # a place in the tree, the unit to read next, the units that the word must have
        while todo:
            node, at, least = todo.pop()
            self.work += 1
            if node.word is not None and at - start >= least:
                self._words.setdefault(node.word, set()).add((start, at))
            if at == len(self.units) or (at > start and self.units[at].before >= Break.COMMA):
                continue
            unit = self.units[at]
            todo += [(node.after[form], at + 1, least) for form in unit.forms if form in node.after]
            if sounds.alike and unit.forms[0].isascii():
                size = 1 if len(unit.forms[0]) > 1 else LETTER_MIN
                todo += [(node.after[other], at + 1, max(least, size)) for other in sounds.spelled(unit, node)]

    def _look_up_swapped(self, start: int, root: Node, sounds: "Sounds") -> None:
        todo = [(root, start, False)]  # a place in the tree, the unit to read next, whether one was swapped
        while todo:
            node, at, swapped = todo.pop()
            self.work += 1
            if node.word is not None and swapped:
                self._words.setdefault(node.word, set()).add((start, at))
            if at == len(self.units) or (at > start and self.units[at].before >= Break.COMMA):
                continue
            unit = self.units[at]
            todo += [(node.after[form], at + 1, swapped) for form in unit.forms if form in node.after]
            if not swapped:
                todo += [(node.after[other], at + 1, True) for other in sounds.alike_to(unit, node)]

    def spans(self, words: int) -> list[Span]:
        """Return where any word of a set stands, in order of place."""
        if words not in self._sorted:
            self._sorted[words] = sorted(self._spans.get(words, ()))
        return self._sorted[words]

    def matches(self, chain: Chain) -> list[Match]:
        """Return the matches of a chain, for each end the shortest."""
        if not self._spans.keys() >= chain.needs:
            return []
        ends: dict[int, tuple[Span, ...]] = {}
        for place, element in enumerate(chain.elements):
            spans = self.spans(element.words)
            reached: dict[int, tuple[Span, ...]] = {}
            for span in spans:
                before = self._first(span[0], element) if place == 0 else self._before(ends, span[0], element)
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

    def _shortest(self, words: int | None) -> Mapping[int, int]:
        """Return where the words of a set begin, and where the shortest there ends."""
        if words not in self._barred:
            self._barred[words] = {} if words is None else dict(reversed(self.spans(words)))
        return self._barred[words]

    def _begins(self, start: int, gap: int) -> bool:
        """Say whether the sentence begins at most `gap` units before `start`."""
        first = start - gap - 1
        return first < 0 or self.sentences[first] != self.sentences[start]

    def _ends(self, end: int) -> bool:
        """Say whether a mark stands before the unit at `end`, or nothing follows."""
        return end == len(self.units) or self.units[end].before >= Break.COMMA

    def _first(self, start: int, element: Element) -> tuple[Span, ...] | None:
        """Return the empty match, None when a word that may not stand before the first element does."""
        barred = [] if element.barred is None else self.spans(element.barred)
        sentence = self.sentences[start]
        near = any(
            start - element.gap <= begun and end <= start and self.sentences[begun] == sentence for begun, end in barred
        )
        return None if near else ()

    def _before(self, ends: Mapping[int, tuple[Span, ...]], start: int, element: Element) -> tuple[Span, ...] | None:
        """Return the match so far that an element at `start` may follow in its sentence, the latest begun."""
        best: tuple[Span, ...] | None = None
        barred = self._shortest(element.barred)
        for end in range(start, max(start - element.gap, 0) - 1, -1):
            self.work += 1
            if barred.get(end, start + 1) <= start:
                break
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

    def spelled(self, unit: Unit, node: Node) -> Sequence[str]:
        """Return what Latin letters may stand for at this place of the tree: a syllable, or its first letter."""
        return self._after(node).get(unit.forms[0], ())

    def alike_to(self, unit: Unit, node: Node) -> Iterator[str]:
        """Yield the other characters of the same sound that may stand at this place of the tree."""
        for sound in self._sounds.get(unit.forms[0], ()):
            yield from (other for other in self._after(node).get(sound, ()) if other != unit.forms[0])

    def _after(self, node: Node) -> Mapping[str, Sequence[str]]:
        if node.sounds is None:
            node.sounds = {}
            for other in node.after:
                for sound in self._sounds.get(other, ()):
                    node.sounds.setdefault(sound, []).append(other)
                    if sound[1:]:
                        node.sounds.setdefault(sound[0], []).append(other)
        return node.sounds


def _numbered(units: Sequence[Unit], least: Break) -> list[int]:
    """Return for each unit how many breaks of at least this strength stand before it."""
    number = 0
    found = []
    for unit in units:
        number += unit.before >= least
        found.append(number)
    return found
