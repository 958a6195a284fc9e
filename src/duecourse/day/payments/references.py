"""References by which a payment names what it is for: those of ISO 11649, and how people write them."""

import re
from collections.abc import Iterator
from typing import Final

from duecourse.kernel.errors import DueCourseError

_RF: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CREDITOR: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_BODY: Final = re.compile(r"[A-Z0-9]{1,21}")
_WORD: Final = re.compile(r"[^\W_]+")
_WORD_MIN: Final = 5  # letters: shorter ones stand in anybody's words by chance
_RUN_MAX: Final = 8  # words that one reference may be split into


def plain(text: str) -> str:
    """Return a reference or an account number without spaces and signs, in capitals: by this they are compared."""
    return "".join(_WORD.findall(text)).upper()


def creditor_reference(body: str) -> str:
    """Return the creditor reference of ISO 11649 for up to 21 letters and digits: "539007547034" is RF18539007547034.

    DueCourseError when it holds anything else.
    """
    text = plain(body)
    if not _BODY.fullmatch(text):
        raise DueCourseError("a creditor reference has 1 to 21 letters of A to Z and digits: choose another body")
    return f"RF{98 - _mod_97(text + 'RF00'):02}{text}"


def is_creditor_reference(text: str) -> bool:
    """Say whether it is a creditor reference of ISO 11649 whose check digits are right."""
    found = plain(text)
    return bool(_RF.fullmatch(found)) and _mod_97(found[4:] + found[:4]) == 1


def is_iban(text: str) -> bool:
    """Say whether it has the form of an IBAN, and its check digits are right."""
    found = plain(text)
    return bool(_IBAN.fullmatch(found)) and _mod_97(found[4:] + found[:4]) == 1


def is_creditor_id(text: str) -> bool:
    """Say whether it is an identifier of a creditor of direct debits; its business code is not in the check digits."""
    found = plain(text)
    return bool(_CREDITOR.fullmatch(found)) and _mod_97(found[7:] + found[:4]) == 1


def candidates(words: str) -> Iterator[str]:
    """Yield what in a payer's words may be a reference: each run of up to eight words, joined, from five letters on.

    A run of several words begins and ends at a word's edge, so that no part of a longer number is taken for one.
    """
    found = [word.upper() for word in _WORD.findall(words)]
    for first in range(len(found)):
        joined = ""
        for word in found[first : first + _RUN_MAX]:
            joined += word
            if len(joined) >= _WORD_MIN:
                yield joined


def _mod_97(text: str) -> int:
    """Return the rest by 97 of letters as two digits each (ISO 7064)."""
    return int("".join(str(int(letter, 36)) for letter in text)) % 97
