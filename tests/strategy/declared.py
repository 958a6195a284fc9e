"""The packaged strategy with templates that declare what they say and hold no words, to be edited in tests."""

import re
from typing import Final

from duecourse.strategy.load import DEFAULT

_PACKAGED: Final = DEFAULT.read_text("utf-8")
_WORDS: Final = re.compile(r"^    (?:subject|text):.*\n(?:(?:      .*)?\n)*?(?=    \w)", re.MULTILINE)
_LINE: Final = re.compile(r"^  collector_line:\n(?:    .*\n)+", re.MULTILINE)  # of no use without the texts


def _edit() -> tuple[str, str]:
    start, end = _PACKAGED.index("templates:\n"), _PACKAGED.index("# Lowest rung first.")
    templates = _PACKAGED[start:end]
    return templates, _LINE.sub("", _WORDS.sub("", templates))


WORDLESS: Final = _edit()
"""What stands under `templates`, and the same without words: an edit for those who change what is declared."""


def without_words() -> str:
    """Return the packaged strategy without the subjects and texts of its templates, but with all that they declare."""
    return _PACKAGED.replace(*WORDLESS)
