"""Checks a bundle of one borrower's audit chain. It needs Python 3.9 or later, and nothing of whoever made the bundle.

    python verify.py [FOLDER] [--key NAME]

It computes the hash of each entry and its link to the one before, holds the words in the clear against what the entry
is bound to, leads each sealed entry up to the root of its seal, and checks the signatures. For the last it uses the
Python package `cryptography`, or else the program `openssl`. NAME is the name of the public key as you got it from
somebody else than the sender of the bundle.

Exit code 0: all of it holds. 1: something does not. 3: it holds as far as it goes, and no signature was checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import logging
import shutil
import struct
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

SAY: Final = logging.getLogger("verify")
PEM: Final = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"
PEM_BEFORE: Final = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what stands before the 32 bytes of the key


class WrongError(Exception):
    """Something in the bundle that does not hold."""


def sha(data: bytes) -> bytes:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).digest()


def check_moment(told: dict[str, Any], where: str) -> None:
    """Check that a moment is the same as people read it and as it is hashed."""
    since = datetime.fromisoformat(told["at"]) - datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017  older Pythons
    if since // timedelta(microseconds=1) != told["at_us"]:
        raise WrongError(f"{where}: its moment is written in two ways that differ")


def entry_hash(entry: dict[str, Any]) -> bytes:
    """Return the hash that an entry must have."""
    data = b"duecourse audit entry 1\n"
    data += struct.pack(">qqqq", entry["chain"], entry["seq"], entry["at_us"], entry["person"])
    for name in ("kind", "by", "about"):
        text = entry[name].encode("utf-8")
        data += struct.pack(">I", len(text)) + text
    return sha(data + sha(base64.b64decode(entry["body"])) + bytes.fromhex(entry["prev"]))


def check_words(entry: dict[str, Any]) -> bool:
    """Say whether the words of an entry are shown; WrongError when they are not those that it was made with."""
    body = base64.b64decode(entry["body"])
    if entry["text"] is None:
        return False
    text = entry["text"].encode("utf-8")
    if body[:1] == b"\0":
        holds = body[1:] == text
    else:
        bound = hmac.new(bytes.fromhex(entry["blinding"]), text, hashlib.sha256).digest()
        holds = body[:1] == b"\2" and len(entry["blinding"]) == 64 and hmac.compare_digest(body[1:33], bound)
    if not holds:
        raise WrongError(f"entry {entry['seq']}: the words shown are not those of the entry")
    return True


def check_entries(entries: list[dict[str, Any]]) -> int:
    """Check the chain, and return how many entries show their words; WrongError when it is not whole."""
    prev, shown = bytes(32), 0
    for number, entry in enumerate(entries, 1):
        if entry["seq"] != number or entry["chain"] != entries[0]["chain"]:
            raise WrongError(f"entry {number}: is missing, or is of another chain")
        if bytes.fromhex(entry["prev"]) != prev:
            raise WrongError(f"entry {number}: does not follow the one before it")
        prev = entry_hash(entry)
        if entry["hash"] != prev.hex():
            raise WrongError(f"entry {number}: was changed")
        check_moment(entry, f"entry {number}")
        shown += check_words(entry)
    return shown


def root_of(leaf: bytes, index: int, count: int, path: list[bytes]) -> bytes:
    """Lead a leaf up to the root (RFC 6962, section 2.1); WrongError when the path is not of that tree."""
    found, rest = sha(b"\0" + leaf), list(path)
    if not 0 <= index < count:
        raise WrongError(f"leaf {index} of {count}")
    while count > 1:
        if index % 2 or index + 1 < count:
            if not rest:
                raise WrongError("a path is too short")
            beside = rest.pop(0)
            found = sha(b"\1" + beside + found) if index % 2 else sha(b"\1" + found + beside)
        index, count = index // 2, (count + 1) // 2
    if rest:
        raise WrongError("a path is too long")
    return found


def seal_said(seal: dict[str, Any]) -> bytes:
    """Return the bytes that a seal signs."""
    numbers = struct.pack(">qqq", seal["number"], seal["at_us"], seal["count"])
    return b"duecourse audit seal 1\n" + numbers + bytes.fromhex(seal["prev"]) + bytes.fromhex(seal["root"])


def is_signed(key: bytes, signature: bytes, said: bytes) -> bool | None:
    """Check an Ed25519 signature; None where nothing here can."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return is_signed_by_openssl(key, signature, said)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, said)
    except InvalidSignature:
        return False
    return True


def is_signed_by_openssl(key: bytes, signature: bytes, said: bytes) -> bool | None:
    """Do the same with the program openssl (3.0 or later)."""
    program = shutil.which("openssl")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "key").write_text(PEM.format(base64.b64encode(PEM_BEFORE + key).decode()))
        (top / "said").write_bytes(said)
        (top / "signature").write_bytes(signature)
        command = [program, "pkeyutl", "-verify", "-pubin", "-rawin"]
        command += ["-inkey", str(top / "key"), "-sigfile", str(top / "signature"), "-in", str(top / "said")]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0  # noqa: S603


def check_seals(seals: list[dict[str, Any]], entries: list[dict[str, Any]], keys: dict[str, bytes]) -> tuple[int, bool]:
    """Check the seals; return the last entry that one holds, and whether signatures could be checked."""
    last, is_checked = 0, bool(seals)
    for seal in seals:
        where = "seal {number}".format(**seal)
        check_moment(seal, where)
        if not 1 <= seal["seq"] <= len(entries):
            raise WrongError(f"{where}: holds entry {seal['seq']}, which is not here")
        entry = entries[seal["seq"] - 1]
        leaf = struct.pack(">qq", entry["chain"], entry["seq"]) + entry_hash(entry)
        root = root_of(leaf, seal["index"], seal["count"], [bytes.fromhex(each) for each in seal["path"]])
        if root.hex() != seal["root"]:
            raise WrongError(f"{where}: was not made over entry {seal['seq']}")
        if seal["key"] not in keys:
            raise WrongError(f"{where}: its key is not among the public keys")
        signed = is_signed(keys[seal["key"]], bytes.fromhex(seal["signature"]), seal_said(seal))
        if signed is False:
            raise WrongError(f"{where}: the signature is not of its key")
        is_checked = is_checked and bool(signed)
        last = max(last, seal["seq"])
    return last, is_checked


def read_keys(path: Path, only: str | None) -> dict[str, bytes]:
    """Read the public keys by their names; only the one asked for, if one is."""
    found = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("-"):
            key = base64.b64decode(line)[-32:]
            found[hashlib.sha256(key).hexdigest()[:16]] = key
    return {name: key for name, key in found.items() if only in (None, name)}


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def check(folder: Path, only: str | None = None) -> tuple[list[str], bool]:
    """Return what to say of it, and whether signatures were checked; WrongError when it does not hold."""
    try:
        entries, seals = read_lines(folder / "entries.jsonl"), read_lines(folder / "seals.jsonl")
        keys = read_keys(folder / "seal.pub", only)
        shown = check_entries(entries)
        last, is_checked = check_seals(seals, entries, keys)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise WrongError(f"a file cannot be read: {type(error).__name__}: {error}") from error
    said = [
        f"{len(entries)} entries in one unbroken chain; {shown} show their words, and those are the entries' own.",
        f"{len(seals)} seals; entries 1 to {last} are sealed, {len(entries) - last} after them are not yet.",
    ]
    said += [
        f"Sealed with the key {name}: ask somebody else than the sender whether that is the right one."
        for name in sorted({seal["key"] for seal in seals})
    ]
    if not is_checked:
        said.append("NO SIGNATURE WAS CHECKED: there is no seal, or neither `cryptography` nor `openssl` is here.")
    return said, is_checked


def main(arguments: list[str]) -> int:
    """Check the bundle in a folder, by default the one of this file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    parser = argparse.ArgumentParser(description="Check a bundle of an audit chain.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", help="accept only the public key of this name")
    asked = parser.parse_args(arguments)
    try:
        said, is_checked = check(asked.folder, asked.key)
    except WrongError as wrong:
        SAY.info("DOES NOT HOLD: %s", wrong)
        return 1
    for line in said:
        SAY.info("%s", line)
    return 0 if is_checked else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
