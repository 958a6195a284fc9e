"""Writing aside, then renaming: a folder of outputs is there whole or not at all, however a run ends."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_OLD: Final = "old"


@contextmanager
def written_aside(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`, which takes its place once all is written; an error leaves all as it was.

    What killed runs on this machine have left beside it is removed, or put back where nothing has taken its place.
    """
    _clean(folder)
    aside = folder.with_name(f"{_before(folder)}{os.getpid()}")
    aside.mkdir(parents=True)
    try:
        yield aside
        old = aside.with_name(f"{aside.name}.{_OLD}")
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _before(folder: Path) -> str:
    """Return what the names of folders aside begin with; behind it stands the process that writes."""
    return f".{folder.name}.{platform.node()}."


def _clean(folder: Path) -> None:
    for left in folder.parent.glob(f"{_before(folder)}*"):
        process, *old = left.name.removeprefix(_before(folder)).split(".")
        if process.isdigit() and not _runs(int(process)):
            if old and not folder.exists():  # killed between the two renamings: what stood there is whole
                with suppress(OSError):
                    left.rename(folder)
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
