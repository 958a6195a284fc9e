"""Files that are handed out to be saved, and never shown in a page."""

import io
import zipfile
from pathlib import Path

from django.http import HttpResponse


def saved(body: bytes, name: str, kind: str = "application/octet-stream") -> HttpResponse:
    """Hand bytes out under a name of ours; without a kind, as nothing that a browser would run or show."""
    safe = "".join(letter if letter.isalnum() or letter in ".-_" else "-" for letter in name if letter.isascii())
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return HttpResponse(body, content_type=kind, headers=headers)


def zipped(folder: Path) -> bytes:
    """Return the files of a folder as a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return made.getvalue()
