"""Names of messages that only we can write: a bounce, a reply or a click is about a message if it brings one back.

A token is the message's key, readable, with a keyed hash of 80 bits. One whose hash is wrong is no token. It is written
in lower case, for mail servers may change the case of an address, and is told apart by what it is for: who reads one in
a Message-ID cannot make the one that ends all mail.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from duecourse.kernel.errors import DueCourseError

KEY_BYTES_MIN: Final = 16
_MAC_BYTES: Final = 10
_PLAIN: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")  # what stands in any address as it is
CHARACTERS: Final = r"[kx][a-z0-9_-]{17,100}"
"""What a token looks like, as a regular expression over lower case."""


class Purpose(StrEnum):
    """What a token is for; a token for one is none for another."""

    BOUNCE = "bounce"  # in the return path
    REPLY = "reply"  # in the address that answers go to
    NAME = "name"  # in the Message-ID
    LEAVE = "leave"  # in the address that ends all mail
    OWN_PAGE = "own_page"  # in the address of the borrower's own page


@dataclass(frozen=True, repr=False)
class Tokens:
    """Writes and reads tokens under a secret of at least 16 bytes. It is never printed."""

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse a secret that could be guessed."""
        if len(self.secret) < KEY_BYTES_MIN:
            raise DueCourseError(f"the secret of the e-mail tokens is shorter than {KEY_BYTES_MIN} bytes: make another")

    def token(self, key: str, purpose: Purpose) -> str:
        """Return the token of a message's key: lower-case letters, digits, "-" and "_"."""
        plain = _PLAIN.fullmatch(key)
        body = f"k{key}" if plain else f"x{_base32(key.encode(errors='surrogatepass'))}"
        mac = hmac.digest(self.secret, f"{purpose}\x1f{body}".encode(), hashlib.sha256)
        return f"{body}-{_base32(mac[:_MAC_BYTES])}"

    def key_of(self, token: str, purpose: Purpose) -> str | None:
        """Return the key that a token names, None when we have not written it for this purpose."""
        token = token.lower()
        body = token.rpartition("-")[0]
        try:
            key = body[1:] if body.startswith("k") else _from_base32(body[1:])
        except (binascii.Error, ValueError):
            return None
        right = self.token(key, purpose)
        return key if hmac.compare_digest(right.encode(), token.encode(errors="surrogatepass")) else None


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode("ascii").rstrip("=").lower()


def _from_base32(text: str) -> str:
    padded = text.upper() + "=" * (-len(text) % 8)
    return base64.b32decode(padded).decode(errors="surrogatepass")
