"""The SQL of each step, kept between runs: the same strategy and the same code compile to the same texts.

Compiling the steps of a night takes seconds whatever the size of the book, so it is done once.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from threading import RLock

import duecourse
from duecourse.kernel.files import is_ours, write_own
from duecourse.law.kept import users_folder

_PARTS = ("book", "kernel", "law", "night", "strategy")


class Texts:
    """Texts by the name of their step, read from and written to one file; a file that cannot be read is made anew."""

    def __init__(self, folder: Path, engine: str, strategy_hash: str, empty: Iterable[str]) -> None:
        """Find the texts of this engine, strategy, code and list of empty tables in a folder; nothing need be there."""
        self.folder = folder
        self._path = folder / f"{key(f'{engine} {strategy_hash} {sorted(empty)}')}.json"
        self._texts: dict[str, str] = {}
        self._new = False
        self._lock = RLock()  # parts of a book are worked out side by side
        if is_ours(self._path):
            self._texts = json.loads(self._path.read_text(encoding="utf-8"))

    def get(self, name: str, build: Callable[[], str]) -> str:
        """Return the text of a step, compiling it if it is not known yet."""
        with self._lock:
            if name not in self._texts:
                self._texts[name] = build()
                self._new = True
            return self._texts[name]

    def __contains__(self, name: str) -> bool:
        """Say whether the text of a step is known."""
        return name in self._texts

    def save(self) -> None:
        """Write what is new; the file appears whole or not at all."""
        if not self._new:
            return
        write_own(self._path, json.dumps(self._texts).encode())
        self._new = False


def home_of(out: Path) -> Path:
    """Return the folder of the texts: the user's, whatever is run, or one under the outputs where there is none."""
    kept = users_folder()
    return kept / "night" if kept else out / "compiled"


def key(about: str) -> str:
    """Return a short hash of what something is about, and of the code that works it out."""
    digest = hashlib.sha256(f"{about} {version('ibis-framework')} {version('sqlglot')}".encode())
    home = Path(duecourse.__file__).parent
    for part in _PARTS:
        for path in sorted((home / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
