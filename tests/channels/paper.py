"""Small PDFs, messages and moments for the tests of what is sent on paper."""

import io
from datetime import UTC, date, datetime
from typing import Final

from pypdf import PdfWriter

from duecourse.channels.transport import Message

ON: Final = date(2026, 11, 22)
NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def blank(points: int, pages: int = 1) -> bytes:
    """Return a PDF of blank pages so many points wide: each width is another document."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(points, 500)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def message(key: str, pages: bytes) -> Message:
    """Return a letter to somebody invented."""
    return Message(key, "Erika Example\n20099 Hamburg", "text", "en", pages=pages)
