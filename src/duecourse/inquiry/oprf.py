"""The oblivious pseudo-random function of RFC 9497, suite ristretto255-SHA512, in its base and its verifiable mode.

    blind(input) -> Blinded                        the client hides what it asks
    evaluate(key, elements) -> elements            the holder of the key answers without seeing it
    prove(key, elements, evaluated) -> proof       ... and shows that it was with the key that it publishes
    verify(public, elements, evaluated, proof)     Refused (`proof`) when it was not
    finish(blinded, evaluated) -> 64 bytes         the output: of the input and the key, and of nothing else

The names in the text of the RFC stand beside each function. Elements and scalars are 32 bytes, a proof is 64.
"""

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duecourse.inquiry import group
from duecourse.inquiry.checks import Check, Refused

OUTPUT_BYTES: Final = 64
PROOF_BYTES: Final = 64
MOST_ELEMENTS: Final = 1_024  # in one batch: the RFC's own bound is 65,535


class Mode(enum.IntEnum):
    """Modes differ in every hash, so an output of one is no output of the other (RFC 9497, 3.1)."""

    BASE = 0
    VERIFIABLE = 1

    @property
    def context(self) -> bytes:
        """CreateContextString."""
        return b"OPRFV1-" + bytes([self]) + b"-ristretto255-SHA512"


@dataclass(frozen=True)
class KeyPair:
    """A secret scalar and its public point."""

    secret: bytes
    public: bytes


@dataclass(frozen=True)
class Blinded:
    """An input, the scalar that hides it, and the element that is sent."""

    text: bytes
    scalar: bytes
    element: bytes


def derive_key_pair(seed: bytes, info: bytes, mode: Mode = Mode.VERIFIABLE) -> KeyPair:
    """DeriveKeyPair. A hash to zero has a probability of 2^-252: the counter of the RFC counts to one here."""
    secret = group.scalar_of(seed + _framed(info) + b"\0", b"DeriveKeyPair" + mode.context)
    return KeyPair(secret, group.times_base(secret))


def blind(text: bytes, mode: Mode = Mode.VERIFIABLE, scalar: bytes | None = None) -> Blinded:
    """Blind. The scalar is random unless a test vector gives it."""
    hidden = scalar or group.random_scalar()
    point = group.point_of(text, b"HashToGroup-" + mode.context)
    return Blinded(text, hidden, group.times(hidden, point))


def evaluate(key: KeyPair, elements: Sequence[bytes]) -> list[bytes]:
    """BlindEvaluate without the proof. Refused (`point`) for whatever is no element of the group."""
    return [group.times(key.secret, element) for element in elements]


def prove(
    key: KeyPair,
    elements: Sequence[bytes],
    evaluated: Sequence[bytes],
    scalar: bytes | None = None,
    mode: Mode = Mode.VERIFIABLE,
) -> bytes:
    """GenerateProof: the public point is to the generator what each evaluated element is to the one it came from."""
    one, _ = _composites(key.public, elements, evaluated, mode, both=False)
    other = group.times(key.secret, one)
    chosen = scalar or group.random_scalar()
    challenge = _challenge(mode, key.public, one, other, group.times_base(chosen), group.times(chosen, one))
    return challenge + group.minus_product(chosen, challenge, key.secret)


def verify(
    public: bytes,
    elements: Sequence[bytes],
    evaluated: Sequence[bytes],
    proof: bytes,
    mode: Mode = Mode.VERIFIABLE,
) -> None:
    """VerifyProof. Refused (`proof`) when the elements were not evaluated with the key of this public point."""
    if len(proof) != PROOF_BYTES or len(elements) != len(evaluated) or not elements:
        raise Refused(Check.PROOF, f"{len(evaluated)} evaluated of {len(elements)}, with a proof of {len(proof)} bytes")
    challenge, answer = group.checked_scalar(proof[:32]), group.checked_scalar(proof[32:])
    try:
        one, other = _composites(public, elements, evaluated, mode, both=True)
    except Refused:
        raise Refused(Check.PROOF, "what the key holder answered is no element of the group") from None
    two = group.plus(group.times_base(answer), group.times(challenge, public))
    three = group.plus(group.times(answer, one), group.times(challenge, other))
    if _challenge(mode, public, one, other, two, three) != challenge:
        raise Refused(Check.PROOF, "the key holder answered with another key than the one that it publishes")


def unblind(scalar: bytes, evaluated: bytes) -> bytes:
    """Return what the key makes of the element that was hidden."""
    return group.times(group.inverse(scalar), evaluated)


def finish(blinded: Blinded, evaluated: bytes) -> bytes:
    """Finalize: the output, which neither the blinding nor the mode's name is in."""
    point = unblind(blinded.scalar, evaluated)
    return hashlib.sha512(_framed(blinded.text) + _framed(point) + b"Finalize").digest()


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(2) + part


def _composites(
    public: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes], mode: Mode, *, both: bool
) -> tuple[bytes, bytes]:
    """ComputeComposites: one weighted sum of the elements, and one of what became of them.

    Who knows the key needs the first sum only, and multiplies that by it: ComputeCompositesFast.
    """
    seed = _framed(hashlib.sha512(_framed(public) + _framed(b"Seed-" + mode.context)).digest())
    tag, one, other = b"HashToScalar-" + mode.context, b"", b""
    for number, (element, became) in enumerate(zip(elements, evaluated, strict=True)):
        transcript = seed + number.to_bytes(2) + _framed(element) + _framed(became) + b"Composite"
        weight = group.scalar_of(transcript, tag)
        part = group.times(weight, element)
        one = group.plus(one, part) if one else part
        if both:
            part = group.times(weight, became)
            other = group.plus(other, part) if other else part
    return one, other


def _challenge(mode: Mode, *points: bytes) -> bytes:
    return group.scalar_of(b"".join(map(_framed, points)) + b"Challenge", b"HashToScalar-" + mode.context)
