"""Seals: what was in the heads of the chains at a moment, signed, in a folder outside the database that only grows.

One line of JSON for each seal, one file for each day, the same in every folder of copies. The private key is in a file
of its own; the public halves of it, and of those before it, are in a file beside.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone, written_beside
from duecourse.store.audit.form import ZERO, Leaf, leaf_hash, moment, root_of, sealed_said

_LINE_MOST: Final = 64_000_000  # bytes; a seal of all the leaves that one may have is a sixth of it
_BLOCK: Final = 1_000_000  # bytes read at a time
_END: Final = b"-----END PUBLIC KEY-----\n"
_NAMES: Final = "*.jsonl"

Publics = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True)
class Seal:
    """The ends of chains at a moment (`at` in microseconds since 1970), under the hash of the seal before it.

    `key` names the public key, `root` is that of the tree over the leaves.
    """

    number: int
    at: int
    prev: bytes
    root: bytes
    key: str
    signature: bytes
    leaves: tuple[Leaf, ...]

    @property
    def said(self) -> bytes:
        """The bytes that are signed."""
        return sealed_said(self.number, self.at, len(self.leaves), self.prev, self.root)

    @property
    def hash(self) -> bytes:
        """What the next seal names as the one before it."""
        return sha256(self.said).digest()

    def told(self) -> dict[str, object]:
        """Return what a third party is told of it: all but the leaves."""
        return {
            "number": self.number,
            "at": moment(self.at).isoformat(timespec="microseconds"),
            "at_us": self.at,
            "count": len(self.leaves),
            "prev": self.prev.hex(),
            "root": self.root.hex(),
            "key": self.key,
            "signature": self.signature.hex(),
        }

    def line(self) -> bytes:
        """Return it as a line of a file."""
        leaves = [[leaf.chain, leaf.seq, leaf.hash.hex()] for leaf in self.leaves]
        return json.dumps({**self.told(), "leaves": leaves}, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Read a line; ValueError when it is not one that `line` has written."""
        try:
            found = json.loads(line)
            leaves = tuple(Leaf(chain, seq, bytes.fromhex(text)) for chain, seq, text in found["leaves"])
            numbers = [found["number"], found["at_us"], *(n for leaf in leaves for n in (leaf.chain, leaf.seq))]
            prev, root, signature = (bytes.fromhex(found[name]) for name in ("prev", "root", "signature"))
            made = cls(found["number"], found["at_us"], prev, root, str(found["key"]), signature, leaves)
            if not leaves or any(type(n) is not int or not 0 <= n < 2**63 for n in numbers):
                raise ValueError("numbers")
            if made.line() != line:
                raise ValueError("form")
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(type(error).__name__) from None
        return made

    def faults(self, publics: Publics, number: int, prev: bytes) -> list[str]:
        """Say what is wrong with it as the seal of that number, behind the seal of that hash."""
        found = []
        if (self.number, self.prev) != (number, prev):
            found.append(f"seal {self.number} does not follow the one before it: one is missing, or was put elsewhere")
        if root_of([leaf_hash(leaf) for leaf in self.leaves]) != self.root:
            found.append(f"seal {self.number} has not the leaves that it was made over")
        if self.key not in publics:
            return [*found, f"seal {self.number} is signed with a key {self.key!r} that is not among the public ones"]
        try:
            publics[self.key].verify(self.signature, self.said)
        except InvalidSignature:
            found.append(f"seal {self.number} has a signature that is not of its key: it was changed or forged")
        return found


@dataclass(frozen=True)
class Line:
    """A line of the seals: where it stands, and the seal, or none where it cannot be read."""

    where: str
    seal: Seal | None
    line: bytes


@dataclass(frozen=True)
class Seals:
    """Where seals are kept, with what key they are made, and the folders that have copies of them."""

    key: Path
    folder: Path
    copies: tuple[Path, ...] = ()

    @classmethod
    def of(cls, store: Path) -> Self:
        """Find them by DUECOURSE_SEAL_KEY, DUECOURSE_SEALS and DUECOURSE_SEAL_COPIES, else in the store's folder."""
        key, folder = os.environ.get("DUECOURSE_SEAL_KEY"), os.environ.get("DUECOURSE_SEALS")
        copies = os.environ.get("DUECOURSE_SEAL_COPIES", "").split(os.pathsep)
        return cls(
            (Path(key) if key else store / "seal.key").resolve(),
            (Path(folder) if folder else store / "seals").resolve(),
            tuple(Path(each).resolve() for each in copies if each),
        )

    @property
    def public(self) -> Path:
        """The file of the public keys."""
        return self.key.with_name(f"{self.key.stem}.pub")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from sealing; DueCourseError when there can be no folder here."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with alone(self.folder / "lock"):
                yield
        except OSError as error:
            raise DueCourseError(
                f"{error.filename or self.folder}: cannot be used for seals: {error.strerror}"
            ) from error

    def make_key(self) -> Path:
        """Make a new key, and put its public half behind those before it; DueCourseError when there is a key."""
        if self.key.exists():
            raise DueCourseError(f"{self.key}: is a key already: move it away first")
        made = Ed25519PrivateKey.generate()
        before = self.public.read_bytes() if self.public.exists() else b""
        with written_beside(self.public, lasting=True) as beside:
            beside.write_bytes(before + made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        with written_beside(self.key, lasting=True) as beside:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            beside.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return self.key

    def private(self) -> Ed25519PrivateKey:
        """Read the key; DueCourseError when it is not there, is none, or others may read it."""
        try:
            if self.key.stat().st_mode & 0o077:
                raise DueCourseError(f"{self.key}: others may read the key of the seals: chmod 600 {self.key}")
            found = load_pem_private_key(self.key.read_bytes(), None)
        except FileNotFoundError:
            raise DueCourseError(
                f"{self.key}: the key of the seals is not here: put it back, or make a new one"
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise DueCourseError(
                f"{self.key}: is no key of seals ({type(error).__name__}): take it from a copy"
            ) from None
        if not isinstance(found, Ed25519PrivateKey):
            raise DueCourseError(f"{self.key}: is no Ed25519 key: take it from a copy")
        return found

    def publics(self, path: Path | None = None) -> dict[str, Ed25519PublicKey]:
        """Read the public keys by their names; DueCourseError when there is none, or something else."""
        path = path or self.public
        found = {}
        try:
            for part in path.read_bytes().split(_END)[:-1]:
                key = load_pem_public_key(part + _END)
                if isinstance(key, Ed25519PublicKey):
                    found[name_of(key)] = key
        except (OSError, ValueError) as error:
            raise DueCourseError(
                f"{path}: no public keys of seals ({type(error).__name__}): take it from a copy"
            ) from None
        if not found:
            raise DueCourseError(f"{path}: no public key of seals is in it: take it from a copy")
        return found

    def last(self) -> Seal | None:
        """Return the last seal, none where there is none; DueCourseError when it cannot be read.

        The caller is alone. A line without an end was never completed, by a crash: it is taken away.
        """
        for path in reversed(_files(self.folder)):
            line = _last_line(path)
            if not line:
                continue
            try:
                return Seal.read(line)
            except ValueError:
                raise DueCourseError(f"{path}: its last seal cannot be read: take the folder from a copy") from None
        return None

    def add(self, seal: Seal) -> None:
        """Add a seal; when this returns it is on the disk. The caller is alone."""
        names = [path.name for path in _files(self.folder)]
        name = max([f"{moment(seal.at):%Y-%m-%d}.jsonl", *names[-1:]])  # never before the last, whatever the clock did
        _extend(self.folder / name, seal.line())

    def copy(self) -> None:
        """Bring every copy up to what is here; DueCourseError when one is not the beginning of it, or not writable."""
        for folder in self.copies:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                files = _files(self.folder)
                for path in files:
                    there = folder / path.name
                    if path == files[-1] or not there.exists() or there.stat().st_size != path.stat().st_size:
                        _catch_up(path, there)
            except OSError as error:
                raise DueCourseError(f"{folder}: the seals could not be copied there: {error.strerror}") from error

    def sizes(self) -> dict[str, int]:
        """Return the files and how long they are now, in order; what is added later is not looked at."""
        return {path.name: path.stat().st_size for path in _files(self.folder)}

    def lines(self, sizes: Mapping[str, int]) -> Iterator[Line]:
        """Yield the lines of files up to a length each, in order."""
        for name, size in sizes.items():
            yield from _lines(self.folder / name, size)

    def compared(self, sizes: Mapping[str, int]) -> Iterator[str]:
        """Yield what is not the same in the copies, up to the lengths given."""
        for folder in self.copies:
            for name in sorted({*sizes, *(path.name for path in _files(folder))}):
                size, there = sizes.get(name, 0), folder / name
                copied = there.stat().st_size if there.exists() else 0
                if not _agree(self.folder / name, there, min(size, copied)):
                    yield f"{there}: is not the same as {self.folder / name}"
                elif copied < size:
                    yield f"{there}: lacks {size - copied:,} bytes that are in {self.folder / name}"
                elif copied > size and not _agree(self.folder / name, there, copied):
                    yield f"{self.folder / name}: lacks {copied - size:,} bytes that are in {there}"


def name_of(key: Ed25519PublicKey) -> str:
    """Return by what name seals call a key: 16 letters of the SHA-256 of its 32 bytes."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def made(key: Ed25519PrivateKey, last: Seal | None, at: int, leaves: tuple[Leaf, ...]) -> Seal:
    """Return the seal over leaves that follows the last; there is at least one leaf."""
    number, prev = (last.number + 1, last.hash) if last else (1, ZERO)
    root = root_of([leaf_hash(leaf) for leaf in leaves])
    signature = key.sign(sealed_said(number, at, len(leaves), prev, root))
    return Seal(number, at, prev, root, name_of(key.public_key()), signature, leaves)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(_NAMES))


def _lines(path: Path, size: int) -> Iterator[Line]:
    with path.open("rb") as file:
        number = 0
        while (left := size - file.tell()) > 0:
            number += 1
            line = file.readline(min(left, _LINE_MOST))
            if not line:  # shorter than it was a moment ago
                yield Line(f"{path}:{number}", None, b"")
                return
            try:
                yield Line(f"{path}:{number}", Seal.read(line), line)
            except ValueError:
                yield Line(f"{path}:{number}", None, line)


def _last_line(path: Path) -> bytes:
    """Return the last whole line of a file, and cut off what stands behind it."""
    with path.open("r+b") as file:
        size = start = file.seek(0, os.SEEK_END)
        tail = b""
        while start and tail[:-1].count(b"\n") < 2:  # of which one may end an unfinished line
            start = max(0, start - _BLOCK)
            file.seek(start)
            tail = file.read(size - start)
        whole = tail[: tail.rfind(b"\n") + 1]
        if len(whole) < len(tail):
            file.truncate(size - len(tail) + len(whole))
            os.fsync(file.fileno())
        return whole[whole[:-1].rfind(b"\n") + 1 :]


def _extend(path: Path, data: bytes) -> None:
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _catch_up(path: Path, there: Path) -> None:
    size, copied = path.stat().st_size, there.stat().st_size if there.exists() else 0
    if copied > size or not _agree(path, there, copied, max(0, copied - _BLOCK)):
        raise DueCourseError(f"{there}: is not the beginning of {path}: run `duecourse audit verify`")
    with path.open("rb") as file:
        file.seek(copied)
        while block := file.read(_BLOCK):
            _extend(there, block)


def _agree(one: Path, other: Path, size: int, start: int = 0) -> bool:
    """Say whether two files are the same up to a length, or from somewhere up to it."""
    if not size:
        return True
    if not one.exists() or not other.exists():
        return False
    with one.open("rb") as first, other.open("rb") as second:
        first.seek(start)
        second.seek(start)
        left = size - start
        while left:
            blocks = first.read(min(left, _BLOCK)), second.read(min(left, _BLOCK))
            if blocks[0] != blocks[1] or not blocks[0]:
                return False
            left -= len(blocks[0])
    return True
