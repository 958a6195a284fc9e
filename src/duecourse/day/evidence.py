"""Files that a borrower sends with a complaint: bounded, of a few kinds, sealed, and seen by compliance alone.

    kind_of(body) -> "image/png" or None             by what the file is, whatever it is called
    keep(connection, ring, borrower, complaint_id, files)
    kept(connection, ring, complaint_id) -> [File, ...]

A file is never shown in a page: it is handed out to be saved, under a name of ours, and as nothing that a browser runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.bound import file_place
from duecourse.store.keys import Keyring, open_bytes, seal_bytes

FILES_MOST: Final = 3
BYTES_MOST: Final = 3_000_000
_BEGIN: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}
_ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf", "text/plain": "txt"}
_KEEP: Final = """
INSERT INTO complaint_file (borrower_no, complaint_id, place, kind, body) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING"""
_KEPT: Final = "SELECT borrower_no, place, kind, body FROM complaint_file WHERE complaint_id = %s ORDER BY place"


@dataclass(frozen=True, repr=False)
class File:
    """A file beside a complaint, opened. Never printed."""

    place: int
    kind: str
    body: bytes

    @property
    def name(self) -> str:
        """The name under which it is handed out."""
        return f"evidence-{self.place}.{_ENDINGS[self.kind]}"


def kind_of(body: bytes) -> str | None:
    """Return what a file is, by its own first bytes; None for what is not taken."""
    found = next((kind for begin, kind in _BEGIN.items() if body.startswith(begin)), None)
    return found or ("text/plain" if _is_text(body) else None)


def refuse(bodies: Sequence[bytes]) -> None:
    """Refuse files that are too many, too large or of another kind: DueCourseError."""
    if len(bodies) > FILES_MOST:
        raise DueCourseError(f"at most {FILES_MOST} files: send the others with another report")
    for body in bodies:
        if not 0 < len(body) <= BYTES_MOST or kind_of(body) is None:
            raise DueCourseError("a file is a JPEG, a PNG, a PDF or plain text, of at most three megabytes")


def keep(
    connection: Connection[TupleRow], ring: Keyring, borrower: int, complaint_id: str, bodies: Sequence[bytes]
) -> None:
    """Seal files under the borrower's key, within the transaction that notes the complaint.

    DueCourseError for what `refuse` refuses.
    """
    refuse(bodies)
    if not bodies:
        return
    key = chain.key_of(connection, ring, borrower)
    if key is None:
        raise DueCourseError("the borrower has no key: see `duecourse store verify`")
    for place, body in enumerate(bodies):
        sealed = seal_bytes(key, body, file_place(complaint_id, place))
        connection.execute(_KEEP, [borrower, complaint_id, place, kind_of(body), sealed])


def kept(connection: Connection[TupleRow], ring: Keyring, complaint_id: str) -> list[File]:
    """Open the files of a complaint, within the transaction that is open; none of a borrower who was erased."""
    rows = connection.execute(_KEPT, [complaint_id]).fetchall()
    key = chain.key_of(connection, ring, rows[0][0]) if rows else None
    if key is None:
        return []
    return [
        File(place, kind, open_bytes(key, bytes(body), file_place(complaint_id, place)))
        for _, place, kind, body in rows
    ]


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(letter.isprintable() or letter in "\r\n\t" for letter in text)
