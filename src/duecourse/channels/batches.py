"""Batches of paper: documents by key, in a folder each, until a batch is closed into one file to print.

    <folder>/<batch>/documents/<key>.pdf       a document
    <folder>/<batch>/documents/<key>.json      what is known of it: without this the document does not count
    <folder>/<batch>/order.json                keys in the order in which they are to lie; the others follow by key
    <folder>/<batch>/manifest.jsonl            a line for each document, in that order
    <folder>/<batch>/print.pdf                 all of them, in that order
    <folder>/<batch>/closed.json               the hashes of both: from now on nothing is added or taken out

However a process ends, a document is there whole or not at all, and a batch is closed or open.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from duecourse.channels.kept import Inbox, private, safe, write
from duecourse.channels.transport import Fate, Received, Result
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone, settle

_DOCUMENTS: Final = "documents"
_ORDER: Final = "order.json"
BYTES_MAX: Final = 5_000_000
PAGES_MAX: Final = 200
PIECES_MAX: Final = 1_000
"""The most bytes and pages of one document, and the most documents of one batch: it is merged in memory."""
_BROKEN: Final = (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError)


@dataclass(frozen=True)
class Piece:
    """One document of a batch, and what its channel keeps of it, which tells nothing of whom it is for."""

    key: str
    pages: int
    sha256: str
    about: Mapping[str, str]


@dataclass(frozen=True)
class Closed:
    """A closed batch; `print_sha256` is None where nothing was left in it."""

    batch: str
    pieces: int
    pages: int
    manifest_sha256: str
    print_sha256: str | None


class Batches:
    """The batches of one folder. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first document comes."""
        self.folder = folder

    def put(self, batch: str, key: str, pdf: bytes, about: Mapping[str, str]) -> Result:
        """Add a document to an open batch, once: where any batch has the same already, that is as good.

        REFUSED where it is no PDF that can be printed, NOT_LEFT where the batch is closed or full, or the disk is.
        DueCourseError when another document has this key.
        """
        safe("key", key)
        digest = hashlib.sha256(pdf).hexdigest()
        with self._alone():
            if found := self.find(key):
                if self._piece(found, key).sha256 != digest:
                    raise DueCourseError(f"{key}: another document has this key: give this one its own")
                return self._left(found, key)
            if why := self._no_room(batch):
                return Result(Fate.NOT_LEFT, why=why)
            pages = _pages(pdf)
            if pages is None:
                return Result(Fate.REFUSED, why=f"no PDF of up to {PAGES_MAX} pages and {BYTES_MAX:,} bytes")
            try:
                place = private(self._documents(batch))
                write(place / f"{key}.pdf", pdf)
                write(place / f"{key}.json", _json(asdict(Piece(key, pages, digest, dict(about)))))
            except OSError as error:
                fate = Fate.UNKNOWN if self.find(key) else Fate.NOT_LEFT
                return Result(fate, why=f"the print folder cannot be written: {error.strerror}")
            return self._left(batch, key)

    def ask(self, key: str) -> Result:
        """Say whether a document is in a batch: what is not, surely did not leave."""
        found = self.find(safe("key", key))
        return self._left(found, key) if found else Result(Fate.NOT_LEFT, why="no batch has it")

    def find(self, key: str) -> str | None:
        """Return the batch that has a key."""
        return next((path.parts[-3] for path in self.folder.glob(f"*/{_DOCUMENTS}/{key}.json")), None)

    def names(self) -> tuple[str, ...]:
        """Return the batches that there are, open and closed, in order."""
        return tuple(sorted(path.parent.name for path in self.folder.glob(f"*/{_DOCUMENTS}")))

    def has_room(self, batch: str) -> bool:
        """Say whether a document may be added to a batch."""
        return self._no_room(batch) is None

    def order(self, batch: str, keys: Sequence[str]) -> None:
        """Let documents of an open batch lie in this order, the others behind them; another order takes its place.

        DueCourseError where the batch is closed.
        """
        with self._alone():
            if self.closed(safe("batch", batch)):
                raise DueCourseError(f"{batch}: is closed, and may be printed: its order stays")
            write(private(self.folder / batch) / _ORDER, json.dumps(list(keys)).encode())

    def pieces(self, batch: str) -> tuple[Piece, ...]:
        """Return what is in a batch, in the order in which it lies."""
        file = self.folder / batch / _ORDER
        first = {key: place for place, key in enumerate(json.loads(file.read_bytes()))} if file.exists() else {}
        names = sorted(path.stem for path in self._documents(batch).glob("*.json"))
        return tuple(self._piece(batch, name) for name in sorted(names, key=lambda name: first.get(name, len(first))))

    def waiting(self, batch: str) -> tuple[str, ...]:
        """Return the keys of an open batch, in order; of a closed one nothing waits."""
        return () if self.closed(batch) else tuple(piece.key for piece in self.pieces(batch))

    def withdraw(self, key: str) -> bool:
        """Take a document out of its open batch; say whether it was in one. DueCourseError when that is closed."""
        with self._alone():
            batch = self.find(safe("key", key))
            if batch is None:
                return False
            if self.closed(batch):
                raise DueCourseError(f"{key}: batch {batch} is closed, and may be printed: stop it by hand")
            place = self._documents(batch)
            (place / f"{key}.json").unlink()  # first: without it the other does not count
            (place / f"{key}.pdf").unlink(missing_ok=True)
            settle(place)
            return True

    def close(self, batch: str) -> Closed:
        """Merge a batch into one file and close it; a closed one stays as it is.

        DueCourseError when a document is not what was put in.
        """
        with self._alone():
            if done := self.closed(batch):
                return done
            place, pieces = private(self.folder / safe("batch", batch)), self.pieces(batch)
            self._sweep(batch, {piece.key for piece in pieces})
            manifest = b"".join(_json(asdict(piece)) for piece in pieces)
            printed = self._merged(batch, pieces) if pieces else None
            write(place / "manifest.jsonl", manifest)
            if printed:
                write(place / "print.pdf", printed)
            hashes = (hashlib.sha256(manifest).hexdigest(), hashlib.sha256(printed).hexdigest() if printed else None)
            done = Closed(batch, len(pieces), sum(piece.pages for piece in pieces), *hashes)
            write(place / "closed.json", _json(asdict(done)))
            return done

    def closed(self, batch: str) -> Closed | None:
        """Return what a batch was closed with; None where it is open, or not there."""
        file = self.folder / batch / "closed.json"
        return Closed(**json.loads(file.read_bytes())) if file.exists() else None

    def clear(self, batch: str) -> None:
        """Remove the documents of a closed batch, which are personal; the manifest and the hashes stay."""
        with self._alone():
            if not self.closed(batch):
                raise DueCourseError(f"{batch}: is open: close it first")
            for path in (self.folder / batch).rglob("*.pdf"):
                path.unlink()
            settle(self.folder / batch)

    def _left(self, batch: str, key: str) -> Result:
        return Result(Fate.LEFT, provider_id=f"{batch}/{key}")

    def _piece(self, batch: str, key: str) -> Piece:
        return Piece(**json.loads((self._documents(batch) / f"{key}.json").read_bytes()))

    def _documents(self, batch: str) -> Path:
        return self.folder / batch / _DOCUMENTS

    def _no_room(self, batch: str) -> str | None:
        if self.closed(safe("batch", batch)):
            return f"batch {batch} is closed: open another"
        count = sum(1 for _ in self._documents(batch).glob("*.json"))
        return f"batch {batch} has {count} documents: open another" if count >= PIECES_MAX else None

    def _merged(self, batch: str, pieces: tuple[Piece, ...]) -> bytes:
        writer = PdfWriter()
        for piece in pieces:
            data = (self._documents(batch) / f"{piece.key}.pdf").read_bytes()
            if hashlib.sha256(data).hexdigest() != piece.sha256:
                raise DueCourseError(f"{batch}/{piece.key}: was changed since it was put in: find out by whom")
            writer.append(PdfReader(io.BytesIO(data)), import_outline=False)
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    def _sweep(self, batch: str, keys: set[str]) -> None:
        """Remove what killed processes have left: it is personal, and not in the batch."""
        kept = {f"{key}{end}" for key in keys for end in (".pdf", ".json")} | {_ORDER, "manifest.jsonl", "print.pdf"}
        for path in (self.folder / batch).rglob("*"):
            if path.is_file() and path.name not in kept:
                path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with alone(private(self.folder) / "lock"):
            yield


class Paper:
    """What a channel has on paper: its batches, and the register of what became of them once they were printed."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when it is needed."""
        self.batches = Batches(folder / "batches")
        self._inbox = Inbox(folder / "register")

    def waiting(self, batch: str) -> tuple[str, ...]:
        """Return the keys in an open batch, in order."""
        return self.batches.waiting(batch)

    def withdraw(self, key: str) -> bool:
        """Take a document out of an open batch; say whether it was in one. DueCourseError when its batch is closed."""
        return self.batches.withdraw(key)

    def received(self) -> Iterator[Received]:
        """Yield what was registered and not read yet."""
        return self._inbox.unread()


def _pages(pdf: bytes) -> int | None:
    """Count the pages of a PDF; None where it is none, is sealed by a password, or is too large."""
    if len(pdf) > BYTES_MAX or not pdf.startswith(b"%PDF-"):
        return None
    try:
        reader = PdfReader(io.BytesIO(pdf), strict=True)
        count = 0 if reader.is_encrypted else len(reader.pages)
    except _BROKEN:
        return None
    return count if 0 < count <= PAGES_MAX else None


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True).encode() + b"\n"
