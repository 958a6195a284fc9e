"""The group ristretto255 (RFC 9496) by libsodium: points and scalars are 32 bytes each, and nothing else gets in."""

import hashlib
from pathlib import Path
from typing import Final

import rbcl

from duecourse.inquiry.checks import Check, Refused

POINT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
_IDENTITY: Final = bytes(POINT_BYTES)
_PADDED: Final = hashlib.sha512(bytes(128))  # one block, with which each expansion begins

# The binding unpacks its libsodium into a temporary file and leaves it there; once loaded, nobody needs the name.
Path(rbcl._sodium._name).unlink(missing_ok=True)  # noqa: SLF001 - it has no other way to ask


def checked_point(point: bytes) -> bytes:
    """Return the point. Refused (`point`) when it is no canonical encoding of one, or the identity."""
    if len(point) != POINT_BYTES or point == _IDENTITY or not rbcl.crypto_core_ristretto255_is_valid_point(point):
        raise Refused(Check.POINT, "32 bytes that are no element of ristretto255")
    return point


def checked_scalar(scalar: bytes) -> bytes:
    """Return the scalar. Refused (`proof`) when it is zero or not below the order of the group."""
    reduced = rbcl.crypto_core_ristretto255_scalar_reduce(scalar.ljust(64, b"\0"))
    if len(scalar) != SCALAR_BYTES or reduced != scalar or not any(scalar):
        raise Refused(Check.PROOF, "32 bytes that are no scalar of ristretto255")
    return scalar


def random_scalar() -> bytes:
    """Return a scalar that is not zero, evenly out of all of them."""
    scalar: bytes = rbcl.crypto_core_ristretto255_scalar_random()
    return scalar


def times(scalar: bytes, point: bytes) -> bytes:
    """Return the point added to itself `scalar` times, in constant time.

    Refused (`point`) when what is given is no point, or the identity: the library looks while it multiplies.
    """
    try:
        product: bytes = rbcl.crypto_scalarmult_ristretto255(scalar, point)
    except (RuntimeError, ValueError):
        raise Refused(Check.POINT, "32 bytes that are no element of ristretto255") from None
    return product


def times_base(scalar: bytes) -> bytes:
    """Return the generator added to itself `scalar` times."""
    product: bytes = rbcl.crypto_scalarmult_ristretto255_base(scalar)
    return product


def plus(one: bytes, other: bytes) -> bytes:
    """Return the sum of two points."""
    total: bytes = rbcl.crypto_core_ristretto255_add(one, other)
    return total


def inverse(scalar: bytes) -> bytes:
    """Return what the scalar times gives one."""
    found: bytes = rbcl.crypto_core_ristretto255_scalar_invert(scalar)
    return found


def minus_product(scalar: bytes, one: bytes, other: bytes) -> bytes:
    """Return scalar - one * other, modulo the order of the group."""
    product = rbcl.crypto_core_ristretto255_scalar_mul(one, other)
    difference: bytes = rbcl.crypto_core_ristretto255_scalar_sub(scalar, product)
    return difference


def expanded(message: bytes, tag: bytes) -> bytes:
    """Return 64 bytes: expand_message_xmd with SHA-512 (RFC 9380, 5.3.1). The tag has at most 255 bytes."""
    suffix = tag + len(tag).to_bytes(1)
    first = _PADDED.copy()
    first.update(message + (64).to_bytes(2) + b"\0" + suffix)
    return hashlib.sha512(first.digest() + b"\x01" + suffix).digest()


def point_of(message: bytes, tag: bytes) -> bytes:
    """Return the point that a message hashes to: nobody knows how many times the generator it is."""
    point: bytes = rbcl.crypto_core_ristretto255_from_hash(expanded(message, tag))
    return point


def scalar_of(message: bytes, tag: bytes) -> bytes:
    """Return the scalar that a message hashes to."""
    scalar: bytes = rbcl.crypto_core_ristretto255_scalar_reduce(expanded(message, tag))
    return scalar
