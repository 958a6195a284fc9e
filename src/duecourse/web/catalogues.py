"""The words of pages in other languages: gettext catalogues (`messages/*.po`), compiled where this user keeps things.

compiled() -> a folder as gettext reads it, written anew when a catalogue has changed
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from duecourse.law.kept import users_folder

MESSAGES: Final = Path(__file__).parent / "messages"


def compiled() -> Path:
    """Return the folder of compiled catalogues, one for each file of MESSAGES, named for what is in them."""
    sources = sorted(MESSAGES.glob("*.po"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    home = (users_folder() or Path(tempfile.mkdtemp())) / f"messages-{digest}"
    for source in sources:
        target = home / source.stem / "LC_MESSAGES" / "django.mo"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_suffix(".part")
            with source.open("rb") as text, part.open("wb") as file:
                write_mo(file, read_po(text, locale=source.stem))
            part.replace(target)
    return home
