"""Run a month in a process of its own, which the test kills: python -m tests.endings.furnish.killed FOLDER AFTER.

It ends itself with SIGKILL when so many statements of one sort were sent, so that every kill is at a known place.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from duecourse.endings.furnish import files, month
from duecourse.endings.many import Office
from duecourse.endings.moving import Who
from duecourse.law.kept import law_of, users_folder
from duecourse.night import facts
from duecourse.store.audit import chain
from duecourse.store.place import Place
from duecourse.strategy.load import load
from tests.day.cases import AT
from tests.endings.cases import BOSS, ON
from tests.endings.furnish.cases import SETTINGS, order


def killing(_: Any, *__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(store: Path, out: Path, where: str) -> None:
    """Run a month, and be killed: before the reports, a step is committed, or the file is in its place."""
    office = Office(Place.of(store), load(None, facts.CATALOGUE.kinds), law_of((), users_folder()))
    if where == "reports":
        month._report = killing  # type: ignore[assignment]
    elif where == "commit":
        chain.append_all = killing  # type: ignore[assignment]
    else:
        os.fsync = killing  # type: ignore[assignment]
    month.run(office, order(Who(BOSS, AT, ON)))
    with office.opened() as opened:
        files.write(opened, "2026-11", SETTINGS, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
