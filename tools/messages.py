"""The messages of the pages: found in code and templates, and held in the catalogues of `duecourse.web.messages`.

python tools/messages.py           write new messages into the catalogues, to be translated
python tools/messages.py --check   say what is not translated, or not used any more
"""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duecourse.store.settings")

from django.utils.translation.template import templatize

from duecourse.web.catalogues import MESSAGES

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDERS: Final = ("web", "desk", "portal")
KEYWORDS: Final = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2)}


def messages() -> dict[str, list[str]]:
    """Return every message with the files in which it stands, in order."""
    found: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / "src" / "duecourse" / folder).rglob("*")):
            for message in _of(path):
                places = found.setdefault(message, [])
                name = str(path.relative_to(ROOT))
                if name not in places:
                    places.append(name)
    return found


def faults() -> list[str]:
    """Say what is wrong with the catalogues: a line for each message."""
    used, wrong = messages(), []
    for path in sorted(MESSAGES.glob("*.po")):
        catalogue = _read(path)
        known = {_id(message.id): str(message.string) for message in catalogue if message.id}
        wrong += [f"{path.name}: not translated: {one!r} ({used[one][0]})" for one in used if not known.get(one)]
        wrong += [f"{path.name}: used nowhere: {one!r}" for one in known if one not in used]
    return wrong


def update() -> None:
    """Add new messages to the catalogues, and leave out those that are used nowhere."""
    used = messages()
    for path in sorted(MESSAGES.glob("*.po")):
        known = {_id(message.id): message.string for message in _read(path) if message.id}
        made = Catalog(locale=path.stem, fuzzy=False)
        for message, places in used.items():
            flags = ["python-format"] if "%(" in message else []
            made.add(message, known.get(message, ""), [(place, 0) for place in places], flags=flags)
        with path.open("wb") as file:
            write_po(file, made, width=120, omit_header=True, include_lineno=False)


def _of(path: Path) -> Iterator[str]:
    if path.suffix == ".html":
        text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    elif path.suffix == ".py":
        text = path.read_text(encoding="utf-8")
    else:
        return
    for _, found, _, _ in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
        yield found if isinstance(found, str) else found[0]


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def _id(message: object) -> str:
    return message if isinstance(message, str) else str(message[0])  # type: ignore[index]


if __name__ == "__main__":
    if "--check" in sys.argv:
        found = faults()
        print("\n".join(found) or "every message is translated")
        sys.exit(1 if found else 0)
    update()
