"""The bytes that are hashed and signed, as docs/operating/audit.md writes them down for everybody.

Each form begins with words of its own, and whatever may be of any length has its length before it: no two different
things have the same bytes.
"""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from duecourse.store.keys import UnreadableError, open_bytes, seal_bytes

PLAIN: Final = b"\x00"  # a body that begins so is in the clear
_SEALED_BODY: Final = b"\x02"
_HASH_BYTES: Final = 32
ZERO: Final = bytes(32)  # before the first entry of a chain, and before the first seal
_ENTRY: Final = b"duecourse audit entry 1\n"
_SEAL: Final = b"duecourse audit seal 1\n"
_BLINDING: Final = b"duecourse audit blinding 1\n"
_FOUR: Final = struct.Struct(">qqqq")
_THREE: Final = struct.Struct(">qqq")
_TWO: Final = struct.Struct(">qq")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """One entry: `at` in microseconds since 1970 in UTC, `person` whose key seals the body (0: nobody's)."""

    chain: int
    seq: int
    at: int
    kind: str
    by: str
    about: str
    person: int
    body: bytes
    prev: bytes
    hash: bytes


class Leaf(NamedTuple):
    """What a seal holds of one chain: its last entry."""

    chain: int
    seq: int
    hash: bytes


def said(entry: Entry) -> bytes:
    """Return the bytes whose SHA-256 is the hash of an entry; struct.error when a number is out of its range."""
    kind, by, about = entry.kind.encode(), entry.by.encode(), entry.about.encode()
    lengths = len(kind).to_bytes(4, "big"), len(by).to_bytes(4, "big"), len(about).to_bytes(4, "big")
    numbers = _FOUR.pack(entry.chain, entry.seq, entry.at, entry.person)
    body = hashlib.sha256(entry.body).digest()
    return b"".join((_ENTRY, numbers, lengths[0], kind, lengths[1], by, lengths[2], about, body, entry.prev))


def hash_of(entry: Entry) -> bytes:
    """Return the hash that an entry must have, 32 bytes."""
    return hashlib.sha256(said(entry)).digest()


def sealed_said(number: int, at: int, count: int, prev: bytes, root: bytes) -> bytes:
    """Return the bytes that a seal signs, whose SHA-256 the next seal names as its `prev`."""
    return _SEAL + _THREE.pack(number, at, count) + prev + root


def blinding(key: bytes, place: str) -> bytes:
    """Return what hides a text in its commitment: without the person's key nobody can try texts out."""
    return hmac.digest(key, _BLINDING + place.encode(), "sha256")


def commitment(blinding_: bytes, text: bytes) -> bytes:
    """Return what binds an entry to its text: whoever is shown both can check it, and nothing else fits."""
    return hmac.digest(blinding_, text, "sha256")


def sealed_body(key: bytes, text: bytes, place: str) -> bytes:
    """Return a body: its form, what binds it to its text, and the text sealed under a key."""
    return _SEALED_BODY + commitment(blinding(key, place), text) + seal_bytes(key, text, place)


def open_body(key: bytes, body: bytes, place: str) -> bytes:
    """Open what `sealed_body` has sealed; UnreadableError when it was not sealed so."""
    bound, rest = body[1 : 1 + _HASH_BYTES], body[1 + _HASH_BYTES :]
    if body[:1] != _SEALED_BODY:
        raise UnreadableError(f"{place}: sealed in a form that this version does not know")
    text = open_bytes(key, rest, place)
    if commitment(blinding(key, place), text) != bound:
        raise UnreadableError(f"{place}: is not what was sealed")
    return text


def micros(at: datetime) -> int:
    """Return a moment in microseconds since 1970 in UTC, exact."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """Return the moment of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


# --- the tree of a seal: that of RFC 6962, section 2.1 ------------------------------------------------------


def leaf_hash(leaf: Leaf) -> bytes:
    """Return the hash of a leaf. The entry's hash in it is not to be guessed: it tells nobody which chain it is of."""
    return hashlib.sha256(b"\x00" + _TWO.pack(leaf.chain, leaf.seq) + leaf.hash).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the next level; a last one without a neighbour goes up as it is."""
    pairs = [
        hashlib.sha256(b"\x01" + one + other).digest() for one, other in zip(level[::2], level[1::2], strict=False)
    ]
    return pairs + ([level[-1]] if len(level) % 2 else [])


def root_of(level: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of leaves; there is at least one."""
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof_of(level: Sequence[bytes], index: int) -> list[bytes]:
    """Return the neighbours that lead from a leaf to the root, from the bottom up."""
    path = []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _above(level), index // 2
    return path
