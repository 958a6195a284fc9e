"""Misspelt words: the word of the lists that a word is meant to be, when it is not itself a word."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from duecourse.law.wording.inflection import inflected, stems

LETTERS_MIN: Final = 5  # shorter words have too many neighbours; of four letters only two may be swapped
_ALIKE: Final = ("aeiouy", "ckqsxz", "gj", "fv", "mn", "bp", "dt", "lr")  # letters taken for one another


class Corrector:
    """Knows the words of the lists, and the ordinary words that are near them."""

    def __init__(self, known: Collection[str], ordinary: Collection[str]) -> None:
        """Take the words of the lists and the words never to be corrected."""
        self._settled = frozenset(known) | frozenset(ordinary)
        self._near: dict[str, list[str]] = {}
        self._swapped: dict[str, list[str]] = {}
        for word in sorted({form for one in known if one.isalpha() and one.isascii() for form in inflected(one)}):
            if len(word) >= LETTERS_MIN:
                for key in _shortened(_single(word)):
                    self._near.setdefault(key, []).append(word)
            if len(word) >= LETTERS_MIN - 1:
                self._swapped.setdefault(_bag(word), []).append(word)

    def meant(self, word: str) -> list[str]:
        """Return the words of the lists that are one slip away from this one; none when it is itself a word."""
        if not word.isalpha() or len(word) < LETTERS_MIN - 1 or not self._settled.isdisjoint((word, *stems(word))):
            return []
        if len(word) < LETTERS_MIN:
            return [one for one in self._swapped.get(_bag(word), ()) if one[0] == word[0]]
        plain = _single(word)
        found = {
            one: None
            for key in _shortened(plain)
            for one in self._near.get(key, ())
            if one[0] == word[0] and one != word and _one_slip(plain, _single(one))
        }
        return sorted(found, key=lambda one: (_single(one) != plain, abs(len(one) - len(word)), one))[:2]


def _single(word: str) -> str:
    """Return the word with every letter once where it stands doubled."""
    return re.sub(r"(.)\1+", r"\1", word)


def _bag(word: str) -> str:
    return word[0] + "".join(sorted(word[1:-1])) + word[-1]


def _shortened(word: str) -> Iterator[str]:
    """Yield the word, and the word without each of its letters after the first."""
    yield word
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]


def _one_slip(one: str, other: str) -> bool:
    """Say whether one letter more, less, other of its kind, or two swapped make one word of the other."""
    if len(one) > len(other):
        one, other = other, one
    at = next((at for at in range(len(one)) if one[at] != other[at]), len(one))
    if len(one) < len(other):
        return len(other) - len(one) == 1 and one[at:] == other[at + 1 :]
    swapped = one[at + 1 : at + 2] + one[at : at + 1] == other[at : at + 2] and one[at + 2 :] == other[at + 2 :]
    alike = any(one[at] in kind and other[at] in kind for kind in _ALIKE) if at < len(one) else True
    return (alike and one[at + 1 :] == other[at + 1 :]) or swapped
