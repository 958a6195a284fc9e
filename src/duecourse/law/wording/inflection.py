"""The regular forms of English words: a word of the lists stands for all of them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_STEM_MIN: Final = 3  # letters of what is left: "used" is no form of "us"
_DOUBLES: Final = re.compile(r"[^aeiou]*[aeiou][bdgklmnprt]")  # a short word that doubles its last letter: jog, jogged
_SIBILANT: Final = re.compile(r"(s|x|z|ch|sh|o)es$")


@lru_cache(maxsize=20_000)
def stems(word: str) -> tuple[str, ...]:
    """Return the words of which this one may be a regular form: "calling" may be of "call" and of "calle"."""
    return tuple(dict.fromkeys(stem for stem in _stems(word) if len(stem) >= _STEM_MIN and stem != word))


def _stems(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif _SIBILANT.search(word):
        yield word[:-2]
    if word.endswith("s") and not re.search(r"(ss|us|is)$", word):
        yield word[:-1]
    if word.endswith("in") and len(word) > len("train"):
        yield from _stems(word + "g")  # as it is said: payin, switchin
    for ending in ("ed", "ing"):
        if not word.endswith(ending):
            continue
        stem = word.removesuffix(ending)
        if ending == "ed" and stem.endswith("i"):
            yield stem[:-1] + "y"
        if not _DOUBLES.fullmatch(stem):
            yield stem
        if len(stem) > _STEM_MIN or not stem.endswith("e"):  # "agreed" is of "agree", "feed" not of "fee"
            yield stem + "e"
        if stem[-2:-1] == stem[-1:]:
            yield stem[:-1]


def inflected(word: str) -> Iterator[str]:
    """Yield a word and its regular forms: sue, sues, sued, suing."""
    if word.endswith("e"):
        ends = [word, word + "s", word + "d", word[:-1] + "ing"]
    elif re.search(r"[^aeiou]y$", word):
        ends = [word, word[:-1] + "ies", word[:-1] + "ied", word + "ing"]
    elif re.search(r"(s|x|z|ch|sh)$", word):
        ends = [word, word + "es", word + "ed", word + "ing"]
    else:
        doubled = word + word[-1] if _DOUBLES.fullmatch(word) else word
        ends = [word, word + "s", doubled + "ed", doubled + "ing"]
    yield from ends
