"""Encryption of what is personal: a key for each person, itself sealed under a master key that no database holds.

    Keyring.read(file)                       the master keys, by id, and the key of the blind index
    ring.wrap(key, about) -> Wrapped         a person's key as the database keeps it
    seal(key, text, place) -> bytes          a value as the database keeps it, bound to its place

To erase a person, destroy their key: every value of theirs, in whatever table or log, can no longer be read, unless a
backup has the key still. To rotate, wrap the persons' keys anew: values stay as they are.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import written_beside

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORM: Final = b"\x01"  # of a sealed value: AES-256-GCM, nonce, ciphertext with its tag
_INDEX_BYTES: Final = 16  # of a blind index: enough to find by, not enough to tell more than that two are the same


class UnreadableError(DueCourseError):
    """A sealed value that this key does not open: another key, another place, or not what was sealed."""


@dataclass(frozen=True)
class Wrapped:
    """A key sealed under the master key of an id."""

    key_id: str
    sealed: bytes


@dataclass(frozen=True, repr=False)
class Keyring:
    """The master keys by id, of which `active` seals, and the key of the blind index. It is never printed."""

    active: str
    keys: dict[str, bytes]
    index: bytes

    @classmethod
    def new(cls) -> Self:
        """Return a ring of one new master key."""
        name = _new_id()
        return cls(name, {name: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a ring that `write` has written; DueCourseError when it is not one, or others may read it."""
        try:
            if path.stat().st_mode & 0o077:
                raise DueCourseError(f"{path}: others may read the keys: chmod 600 {path}")
            found = json.loads(path.read_text(encoding="ascii"))
            keys = {str(name): _key(text) for name, text in found["keys"].items()}
            ring = cls(str(found["active"]), keys, _key(found["index"]))
        except FileNotFoundError:
            raise DueCourseError(
                f"{path}: no keys here: put them back from where you keep their copy (`store init` makes a new store's)"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DueCourseError(
                f"{path}: is not a file of keys ({type(error).__name__}): take it from a copy"
            ) from error
        if ring.active not in ring.keys:
            raise DueCourseError(f"{path}: the active key {ring.active!r} is not among the keys: take it from a copy")
        return ring

    def write(self, path: Path) -> None:
        """Write the ring to a file that only its owner may read; it appears whole or not at all, and lasts."""
        keys = {name: _text(key) for name, key in self.keys.items()}
        with written_beside(path, lasting=True) as beside:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            beside.write_text(
                json.dumps({"active": self.active, "keys": keys, "index": _text(self.index)}, indent=1) + "\n",
                encoding="ascii",
            )

    def with_new_key(self) -> "Keyring":
        """Return a ring with one more master key, which is the active one."""
        name = _new_id()
        return replace(self, active=name, keys={**self.keys, name: secrets.token_bytes(KEY_BYTES)})

    def wrap(self, key: bytes, about: str) -> Wrapped:
        """Seal a key under the active master key; `about` names whose it is."""
        return Wrapped(self.active, seal_bytes(self.keys[self.active], key, f"key of {about}"))

    def unwrap(self, wrapped: Wrapped, about: str) -> bytes:
        """Open a key that was wrapped for the same; UnreadableError when it cannot be."""
        if wrapped.key_id not in self.keys:
            raise UnreadableError(f"the master key {wrapped.key_id} is not in the ring")
        return open_bytes(self.keys[wrapped.key_id], wrapped.sealed, f"key of {about}")

    def secret(self, name: str) -> bytes:
        """Return a secret of the store's own by its name, such as that of the tokens in e-mails: always the same."""
        return hmac.digest(self.index, f"secret\x1f{name}".encode(), hashlib.sha256)

    def blind(self, kind: str, value: str) -> bytes:
        """Return by what a value is found without being read: equal values of one kind have equal ones."""
        return hmac.digest(self.index, f"{kind}\x1f{value}".encode(), hashlib.sha256)[:_INDEX_BYTES]


def new_key() -> bytes:
    """Return a new key for a person."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, text: str, place: str) -> bytes:
    """Seal a text; it opens only with the same key at the same place (a table, a column and a row)."""
    return seal_bytes(key, text.encode(), place)


def unseal(key: bytes, sealed: bytes, place: str) -> str:
    """Open what `seal` has sealed; UnreadableError when it was not sealed so."""
    return open_bytes(key, sealed, place).decode()


def seal_bytes(key: bytes, value: bytes, place: str) -> bytes:
    """Seal bytes, as `seal` does."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, value, place.encode())


def open_bytes(key: bytes, sealed: bytes, place: str) -> bytes:
    """Open bytes, as `unseal` does."""
    if sealed[:1] != _FORM:
        raise UnreadableError(f"{place}: sealed in a form that this version does not know")
    nonce, value = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, value, place.encode())
    except (InvalidTag, ValueError) as error:
        raise UnreadableError(f"{place}: does not open with this key") from error


def _new_id() -> str:
    return secrets.token_hex(4)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"{len(key)} bytes, not {KEY_BYTES}")
    return key
