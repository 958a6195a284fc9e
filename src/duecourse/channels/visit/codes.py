"""The code on a visit's sheet, by which whoever is visited can ask the firm whether the visit is genuine.

    code(secret, key) -> "7Q2M-XK4D"        of a visit, by its message's key
    is_it(secret, key, "7q2m xk4d") -> True

It follows from a secret of the store, so that nobody can make one up: forty bits, in letters and digits that are not
taken for each other (Crockford's).
"""

import hashlib
import hmac
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 8  # letters of five bits each
_READ_AS: Final = str.maketrans("OIL", "011")


def code(secret: bytes, key: str) -> str:
    """Return the code of a visit."""
    bits = int.from_bytes(hmac.digest(secret, key.encode(), hashlib.sha256)[:5], "big")
    text = "".join(_LETTERS[bits >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{text[:4]}-{text[4:]}"


def is_it(secret: bytes, key: str, said: str) -> bool:
    """Say whether what somebody read from a sheet is the code of a visit, however they write it."""
    letters = "".join(one for one in said.upper() if one.isalnum()).translate(_READ_AS)
    return hmac.compare_digest(letters.encode(), code(secret, key).replace("-", "").encode())
