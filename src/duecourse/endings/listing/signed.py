"""Entries of the register as they are signed: the text, its digest, and the Ed25519 signature over the text.

    entry = signed(key, {...}) -> {"body": text, "key": name, "signature": hex}
    verify(body, signature, public)

Requests and receipts of readers are signed over a text of the same form, with the reader's own key.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit.seals import Seals, name_of


def keys_of(store: Path) -> Seals:
    """Return where the register's key is kept, as the key of the seals is: `register.key`, and its public half."""
    return Seals(store / "register.key", store / "register")


def text_of(said: Mapping[str, Any]) -> str:
    """Write what is signed: one text for one content."""
    return json.dumps(said, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def digest(body: str) -> str:
    """Return by what the next version of an entry names this one."""
    return sha256(body.encode()).hexdigest()


def signed(key: Ed25519PrivateKey, said: Mapping[str, Any]) -> dict[str, str]:
    """Sign something: the text, the name of the key, and the signature."""
    body = text_of(said)
    return {"body": body, "key": name_of(key.public_key()), "signature": key.sign(body.encode()).hex()}


def is_of(body: str, signature: str, public: Ed25519PublicKey) -> bool:
    """Say whether a signature is that of a key over a text."""
    try:
        public.verify(bytes.fromhex(signature), body.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(text: str) -> Ed25519PublicKey:
    """Read a public key as PEM; DueCourseError where it is none of Ed25519."""
    try:
        found = load_pem_public_key(text.encode())
    except ValueError:
        raise DueCourseError("that is no public key: give the reader's as PEM, of Ed25519") from None
    if not isinstance(found, Ed25519PublicKey):
        raise DueCourseError("that is no key of Ed25519: ask the reader for one")
    return found
