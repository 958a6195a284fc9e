"""The check code of a visit, a receipt or a message, by which whoever gets it can ask whether it is the firm's own.

    code(secret, key) -> "7Q2M-XK4D-0ABC"        of a message, by its key
    is_it(secret, key, "7q2m xk4d 0abc") -> True
    keys(said) -> the first and the last key that what somebody read may be of

Four letters are the beginning of the key, by which it is found; the other eight, forty bits, follow from a secret of
the store, so that nobody can make one up. Letters and digits are Crockford's: none is taken for another.
"""

import hashlib
import hmac
from typing import Final

SECRET: Final = "visit codes"  # noqa: S105  the name of one
"""The store's secret of this name is that of all codes."""

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PART: Final = 4  # letters of five bits each, between two dashes
_FOUND_BY: Final = 5  # hexadecimal digits of a key: as many bits as a part has
_LENGTH: Final = 3 * _PART
_READ_AS: Final = str.maketrans("OIL", "011")
_AFTER: Final = "g"  # behind all hexadecimal digits


def code(secret: bytes, key: str) -> str:
    """Return the code of a message by its key, hexadecimal digits."""
    return "-".join((_letters(int(key[:_FOUND_BY], 16), _PART), mac(secret, key)))


def mac(secret: bytes, key: str) -> str:
    """Return the part of a code that nobody can make up."""
    text = _letters(int.from_bytes(hmac.digest(secret, key.encode(), hashlib.sha256)[:5], "big"), 2 * _PART)
    return f"{text[:_PART]}-{text[_PART:]}"


def is_it(secret: bytes, key: str, said: str) -> bool:
    """Say whether what somebody read is the code of a message, however they write it."""
    return hmac.compare_digest(_plain(said).encode(), code(secret, key).replace("-", "").encode())


def keys(said: str) -> tuple[str, str] | None:
    """Return between which keys that of a code lies, the last one not; None where it is no code at all."""
    letters = _plain(said)
    if len(letters) != _LENGTH or any(letter not in _LETTERS for letter in letters):
        return None
    number = 0
    for letter in letters[:_PART]:
        number = number << 5 | _LETTERS.index(letter)
    start = f"{number:0{_FOUND_BY}x}"
    return start, start + _AFTER


def _letters(bits: int, length: int) -> str:
    return "".join(_LETTERS[bits >> 5 * place & 31] for place in reversed(range(length)))


def _plain(said: str) -> str:
    return "".join(one for one in said.upper() if one.isascii() and one.isalnum()).translate(_READ_AS)
