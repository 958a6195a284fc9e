"""Finding the word that somebody meant, for errors that name it."""

import difflib
from collections.abc import Iterable


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name most like the word, whatever its case, or None when none is close.

    Likeness is difflib's ratio of at least 0.6; among equals the first name in order wins.

    >>> nearest("Calls_placd", ["stage", "calls_placed"])
    'calls_placed'
    """
    folded: dict[str, str] = {}
    for name in sorted(names):
        folded.setdefault(name.casefold(), name)
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[close[0]] if close else None
