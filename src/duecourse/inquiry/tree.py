"""A Merkle tree over the pages of the hub, as Certificate Transparency has it (RFC 9162, 2.1): one root for all."""

import hashlib
from collections.abc import Sequence

from duecourse.inquiry.checks import Check, Refused


def leaf(bucket: int, size: int, digest: bytes) -> bytes:
    """Return the leaf of a page: its number, its size in bytes and the digest of its frames."""
    return hashlib.sha256(b"\0" + bucket.to_bytes(4) + size.to_bytes(8) + digest).digest()


def levels_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the levels from the leaves to the root. A level's last one without a fellow goes up as it is."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[len(pairs) * 2 :])
    return levels


def path_of(levels: Sequence[Sequence[bytes]], number: int) -> list[bytes]:
    """Return what a leaf needs beside it to make the root: at most one digest a level."""
    path = []
    for level in levels[:-1]:
        fellow = number ^ 1
        if fellow < len(level):
            path.append(level[fellow])
        number >>= 1
    return path


def held(root: bytes, bucket: int, leaves: int, found: bytes, path: Sequence[bytes]) -> None:
    """Refused (`page`) when a leaf at this place does not make the root with its path."""
    left, number, size = list(path), bucket, leaves
    while size > 1:
        if number ^ 1 < size:
            if not left:
                raise Refused(Check.PAGE, f"the path of bucket {bucket} is too short")
            found = _node(left.pop(0), found) if number & 1 else _node(found, left.pop(0))
        number, size = number >> 1, size + 1 >> 1
    if left or found != root:
        raise Refused(Check.PAGE, f"bucket {bucket} is not the one under the head")


def _node(one: bytes, other: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + one + other).digest()
