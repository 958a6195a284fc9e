"""Random numbers for the synthetic book that depend on what is drawn, not on when.

Every draw is a hash of the seed, the name of the stream and the numbers of the things it is about (a loan,
an instalment, ...). So loan 17 of a book of a thousand is loan 17 of a book of a million, in any order and on
any number of threads. The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
Integers only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

MILLION: Final = 1_000_000
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = (np.uint64(shift) for shift in (30, 27, 31, 32))


def _mix(state: Bits) -> Bits:
    """Scramble 64-bit words in place (they wrap on purpose) and return them."""
    state ^= state >> _S30
    state *= _FIRST
    state ^= state >> _S27
    state *= _SECOND
    state ^= state >> _S31
    return state


@dataclass(frozen=True)
class Dice:
    """Draws of one seed; equal arguments give equal draws, always."""

    seed: int

    def bits(self, stream: str, *keys: Ints) -> Bits:
        """Return 64 random bits for each tuple of keys; `stream` names what is drawn."""
        digest = hashlib.blake2b(f"{self.seed}/{stream}".encode(), digest_size=8).digest()
        state = np.full(len(keys[0]), int.from_bytes(digest, "little"), dtype=np.uint64)
        for key in keys:
            # The step keeps neighbouring keys apart; the addition wraps.
            state = _mix(state + (key.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
        return state

    def below(self, stream: str, limit: "int | Ints", *keys: Ints) -> Ints:
        """Return integers from 0 to limit - 1; `limit` from 1 to 2^31, one for all or one each."""
        high = self.bits(stream, *keys) >> _S32
        return ((high * np.asarray(limit).astype(np.uint64)) >> _S32).astype(np.int64)

    def chance(self, stream: str, ppm: "int | Ints", *keys: Ints) -> Flags:
        """Return True for about `ppm` in a million of the keys."""
        flags: Flags = self.below(stream, MILLION, *keys) < ppm
        return flags

    def pick(self, stream: str, shares: Sequence[int], *keys: Ints) -> Ints:
        """Return positions in `shares` (ppm, summing to a million), drawn in these proportions."""
        if sum(shares) != MILLION:
            raise ValueError(f"the shares of {stream!r} sum to {sum(shares)}, not to {MILLION}")
        bounds = np.cumsum(np.asarray(shares, dtype=np.int64))
        return np.searchsorted(bounds, self.below(stream, MILLION, *keys), side="right").astype(np.int64)
