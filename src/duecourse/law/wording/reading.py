"""One text read: its clauses, what denies, what is quoted or framed, and which matches of a pattern stand.

A match does not stand when a denial reaches it in its clause, when it is somebody else's words, or when a frame covers
it: a warning, an apology, what the borrower said.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from duecourse.law.wording.patterns import Index, Match, Pattern, Sounds, Span, Words
from duecourse.law.wording.records import Cover, FrameRecord, RuleRecord
from duecourse.law.wording.text import Break, Unit

Occurrence = tuple[Match, ...]  # one match for each part of a pattern


@dataclass(frozen=True)
class Frame:
    """A frame with its patterns read."""

    record: FrameRecord
    says: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]


@dataclass(frozen=True)
class Rule:
    """A rule with its patterns read."""

    record: RuleRecord
    says: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    unless_in_sentence: tuple[Pattern, ...]
    unless_in_message: tuple[Pattern, ...]


@dataclass(frozen=True)
class Grammar:
    """What the reading of one language goes by. The parts are those of `LexiconRecord`, read."""

    words: Words
    sets: Mapping[int, tuple[int, ...]]
    sounds: Sounds
    han: bool
    reach: int
    statement: int
    turns: tuple[Pattern, ...]
    denials: tuple[Pattern, ...]
    denials_after: tuple[Pattern, ...]
    affirmed: tuple[Pattern, ...]
    ransoms: tuple[Pattern, ...]
    ransomed: frozenset[str]
    frames: tuple[Frame, ...]


class Reading:
    """One text under one grammar."""

    def __init__(self, units: Sequence[Unit], grammar: Grammar) -> None:
        """Look every word up; the rest is worked out when it is asked for."""
        self.units = units
        self.index = Index(units, grammar.words, grammar.sets, grammar.sounds)
        self._grammar = grammar
        self._taken: dict[str, list[bool]] = {}

    def standing(self, rule: Rule, flag: str) -> list[tuple[Pattern, Occurrence]]:
        """Return what stands of a rule for a flag: each occurrence with its pattern.

        The rules that it yields to or stands beside must have been asked for before.
        """
        beside = rule.record.beside
        silent = bool(beside) and not any(any(self._taken.get(name, ())) for name in beside)
        silent = silent or any(self._has(one) for one in rule.unless_in_message)
        found = [] if silent else list(self._standing(rule, flag))
        taken = self._taken.setdefault(rule.record.name, [False] * len(self.units))
        for start, end in (span for _, occurrence in found for match in occurrence for span in match.spans):
            taken[start:end] = [True] * (end - start)
        return found

    def _standing(self, rule: Rule, flag: str) -> Iterator[tuple[Pattern, Occurrence]]:
        @cache
        def excused() -> set[int]:
            return self._sentences(rule.unless_in_sentence)

        @cache
        def other() -> list[bool]:
            found = self._units_of(rule.unless)
            for name in rule.record.yields_to:
                found = [one or two for one, two in zip(found, self._taken.get(name, found), strict=True)]
            return found

        def stands(match: Match) -> bool:
            return (
                self._sentence(match) not in excused()
                and not any(other()[at] for span in match.spans for at in range(*span))
                and not (rule.record.denied and self._denied(match, flag))
                and (rule.record.quoted or not self._quoted(match))
                and not self._covered(match, flag)
            )

        for pattern in rule.says:
            for occurrence in self.occurrences(pattern, stands):
                yield pattern, occurrence

    def occurrences(self, pattern: Pattern, stands: Callable[[Match], bool] | None = None) -> list[Occurrence]:
        """Return the occurrences of a pattern of which every match stands; of several parts, one a sentence."""
        found: list[list[Match]] = []
        for chains in pattern.parts:
            matches = [match for chain in chains for match in self.index.matches(chain)]
            if stands is not None:
                matches = [match for match in matches if stands(match)]
            if not matches:
                return []
            found.append(matches)
        if len(found) == 1:
            return [(match,) for match in found[0]]
        if pattern.whole:
            return [tuple(matches[0] for matches in found)]
        by_sentence = [{self._sentence(match): match for match in reversed(matches)} for matches in found]
        shared = set(by_sentence[0]).intersection(*by_sentence[1:])
        return [tuple(part[sentence] for part in by_sentence) for sentence in sorted(shared)]

    def _units_of(self, patterns: Iterable[Pattern]) -> list[bool]:
        """Say for each unit whether an element of one of the patterns stands on it."""
        found = [False] * len(self.units)
        for pattern in patterns:
            for occurrence in self.occurrences(pattern):
                for start, end in (span for match in occurrence for span in match.spans):
                    found[start:end] = [True] * (end - start)
        return found

    def _has(self, pattern: Pattern) -> bool:
        return bool(self.occurrences(pattern))

    def _sentence(self, match: Match) -> int:
        return self.index.sentences[match.start]

    def _sentences(self, patterns: Iterable[Pattern]) -> set[int]:
        """Return the sentences in which one of the patterns begins."""
        return {self._sentence(found[0]) for pattern in patterns for found in self.occurrences(pattern)}

    def _starts(self, patterns: Iterable[Pattern]) -> set[int]:
        return {found[0].start for pattern in patterns for found in self.occurrences(pattern)}

    @cached_property
    def _turns(self) -> list[int]:
        """For each unit, how many turns of thought stand before it: strong marks, and words such as "but"."""
        turns = self._starts(self._grammar.turns)
        number, found = 0, []
        for at, unit in enumerate(self.units):
            number += unit.before >= Break.CLAUSE or at in turns
            found.append(number)
        return found

    @cached_property
    def _clauses(self) -> list[int]:
        """For each unit the number of its clause: turns, and in Chinese commas."""
        number, found = 0, []
        for at, unit in enumerate(self.units):
            turn = at == 0 or self._turns[at] != self._turns[at - 1]
            number += turn or (unit.before == Break.COMMA and self._grammar.han)
            found.append(number)
        return found

    @cached_property
    def _cues(self) -> list[Span]:
        """The words that deny, in order, without those that only seem to ("no choice but", "I am not saying ...")."""
        void = [False] * len(self.units)
        for pattern in self._grammar.affirmed:
            for first, *_ in self.occurrences(pattern):
                void[first.start : first.end] = [True] * (first.end - first.start)
        found = {(m.start, m.end) for pattern in self._grammar.denials for (m,) in self.occurrences(pattern)}
        return sorted(span for span in found if not all(void[span[0] : span[1]]))

    @cached_property
    def _cue_ends(self) -> list[int]:
        return sorted(end for _, end in self._cues)

    @cached_property
    def _later_cues(self) -> frozenset[int]:
        """Where the words begin that deny what stands before them."""
        return frozenset(self._starts(self._grammar.denials_after))

    @cached_property
    def _ransom_sentences(self) -> set[int]:
        return self._sentences(self._grammar.ransoms)

    def _denied(self, match: Match, flag: str) -> bool:
        """Say whether a denial reaches the match, from before, from within one of its gaps, or right after it."""
        if flag in self._grammar.ransomed and self._sentence(match) in self._ransom_sentences:
            return False
        least = max(match.start - self._grammar.reach, 0)
        for start, _ in match.spans:
            if self._cue_between(least, start):
                return True
            least = next(end for begun, end in match.spans if begun == start)
        return match.end in self._later_cues and self.units[match.end].before < Break.COMMA

    def _cue_between(self, least: int, start: int) -> bool:
        """Say whether a denial that ends between two units stands in the clause of the second."""
        at = bisect_right(self._cue_ends, start) - 1
        if at < 0 or self._cue_ends[at] <= least:
            return False
        end = self._cue_ends[at]
        same_sentence = self.index.sentences[end - 1] == self.index.sentences[start]
        return same_sentence and self._clauses[end - 1] == self._clauses[start]

    def _quoted(self, match: Match) -> bool:
        """Say whether the match is somebody's words, told as such: all of it in one quotation of some length."""
        quotation = self.units[match.start].quotation
        if not quotation or any(self.units[at].quotation != quotation for span in match.spans for at in range(*span)):
            return False
        size = self._quotations[quotation]
        return self._grammar.statement <= size < len(self.units)

    @cached_property
    def _quotations(self) -> dict[int, int]:
        sizes: dict[int, int] = {}
        for unit in self.units:
            sizes[unit.quotation] = sizes.get(unit.quotation, 0) + 1
        return sizes

    def _covered(self, match: Match, flag: str) -> bool:
        for of in ("", flag):
            covered = self._covers.get(of)
            if covered is not None and covered[match.start] and covered[match.end - 1]:
                return True
        return False

    @cached_property
    def _covers(self) -> Mapping[str, list[bool]]:
        """For each flag, and "" for all flags, which units are covered by a frame."""
        covers: dict[str, list[bool]] = {}
        for frame in self._grammar.frames:
            excused = self._sentences(frame.unless)
            whole = frame.record.covers is Cover.MESSAGE
            for pattern in frame.says:
                for first, *_ in self.occurrences(pattern):
                    if (whole and excused) or self._sentence(first) in excused:
                        continue
                    start, end = self._extent(first, frame.record.covers)
                    for flag in frame.record.flags or ("",):
                        covered = covers.setdefault(flag, [False] * len(self.units))
                        covered[start:end] = [True] * (end - start)
        return covers

    def _extent(self, match: Match, covers: Cover) -> Span:
        """Return the units that a frame covers."""
        if covers is Cover.MESSAGE:
            return 0, len(self.units)
        start, end = match.start, match.end
        sentences = self.index.sentences
        if covers is Cover.SENTENCE:
            while start and sentences[start - 1] == sentences[start]:
                start -= 1
        groups = sentences if covers is Cover.SENTENCE else self._turns
        while end < len(self.units) and groups[end] == groups[end - 1]:
            end += 1
        return start, end
