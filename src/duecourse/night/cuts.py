"""The cuts of a night's choice (see `choice`), kept beside the loaded book for runs over a few of its borrowers.

They are kept under a hash of all that decides them: the loaded book, strategy, law, moment and code. Cuts of other
inputs are never taken.
"""

import json
from pathlib import Path

from duecourse.book.loaded import LoadedBook
from duecourse.kernel.files import written_beside
from duecourse.law.rulebook import Law
from duecourse.night.choice import Cuts
from duecourse.night.engines.texts import key
from duecourse.night.moment import Moment
from duecourse.strategy.models import Strategy


def place(book: LoadedBook, strategy: Strategy, law: Law, moment: Moment) -> Path:
    """Return the file in which the cuts of a night are kept."""
    about = f"{book.fingerprint} {strategy.hash} {law.hash} {moment.on} {moment.known_until}"
    return book.folder.parent.parent / "cuts" / f"{key(about)}.json"


def read(path: Path) -> Cuts | None:
    """Return the cuts that a file keeps, None where there is none."""
    if not path.exists():
        return None
    found: Cuts = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(path: Path, cuts: Cuts) -> None:
    """Keep cuts in a file, which appears whole or not at all."""
    with written_beside(path) as beside:
        beside.write_text(json.dumps(cuts), encoding="utf-8")
