"""Who said what: Ed25519 keys out of one seed, and texts under a signature that says what kind of text it is."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from duecourse.inquiry.checks import Check, Refused

SIGNATURE_BYTES: Final = 64
SEED_BYTES: Final = 32


@dataclass(frozen=True, repr=False)
class Signer:
    """A key that signs. It is never printed."""

    secret: Ed25519PrivateKey

    @classmethod
    def of(cls, seed: bytes) -> "Signer":
        """Return the key of a seed of 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> str:
        """Its public half, as 64 hexadecimal digits."""
        return self.secret.public_key().public_bytes_raw().hex()

    def sign(self, kind: bytes, text: bytes) -> bytes:
        """Sign a text of a kind: a signature of one kind says nothing in another."""
        return self.secret.sign(_framed(kind, text))

    def put(self, kind: bytes, said: dict[str, Any]) -> dict[str, str]:
        """Return what was said with the key and the signature, for JSON."""
        body = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return {"body": body, "key": self.public, "signature": self.sign(kind, body.encode()).hex()}


@lru_cache(4_096)
def verify_once(public: str, kind: bytes, text: bytes, signature: bytes) -> None:
    """Verify what comes again and again, as a client's certificate and a cycle's head do; what fails is not kept."""
    verify(public, kind, text, signature)


def verify(public: str, kind: bytes, text: bytes, signature: bytes) -> None:
    """Refused (`signature`) when the key did not sign this text as this kind."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, _framed(kind, text))
    except (InvalidSignature, ValueError):
        raise Refused(Check.SIGNATURE, f"no signature of key {public[:16]} on this {kind.decode()}") from None


def taken(kind: bytes, envelope: object, key: str | None = None) -> tuple[dict[str, Any], str]:
    """Return what an envelope says and the key that signed it; with `key`, no other will do.

    Refused: `malformed`, `signature`.
    """
    match envelope:
        case {"body": str(body), "key": str(by), "signature": str(signature)}:
            pass
        case _:
            raise Refused(Check.MALFORMED, f"a {kind.decode()} has a body, a key and a signature")
    if key is not None and by != key:
        raise Refused(Check.SIGNATURE, f"this {kind.decode()} is signed by {by[:16]}, not by {key[:16]}")
    check = verify_once if kind in {b"certificate", b"head"} else verify
    check(by, kind, body.encode(), _bytes(signature))
    said = json.loads(body)
    if not isinstance(said, dict):
        raise Refused(Check.MALFORMED, f"a {kind.decode()} says an object of JSON")
    return said, by


def _framed(kind: bytes, text: bytes) -> bytes:
    return b"duecourse-inquiry-1\0" + kind + b"\0" + text


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
