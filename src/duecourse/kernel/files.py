"""Files and folders that appear whole or not at all, however a run ends."""

import os
import platform
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

_OLD: Final = "old"
_OURS: Final[set[str]] = set()  # the names of the folders aside that this process writes in


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Keep other processes that come with the same file waiting; the lock ends with the process that holds it."""
    import fcntl  # not everywhere: the night does without

    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def written_beside(path: Path, *, lasting: bool = False) -> Iterator[Path]:
    """Give a name beside a file, whose folder is made if need be; what is written there then takes the file's place.

    No two writers are given the same name. After an error the file stands as it stood. Where it is `lasting`, a power
    cut after this does not undo it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        yield beside
        if lasting:
            settle(beside)
        beside.replace(path)
        if lasting:
            settle(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def write_own(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read or change; it appears whole or not at all."""
    with written_beside(path) as beside:
        beside.touch(0o600)
        beside.write_bytes(content)


def is_ours(path: Path) -> bool:
    """Whether a file is there, is the user's own, and can be written by nobody else: what it says may be run."""
    try:
        found = path.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & others


def settle(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def written_aside(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`, which takes its place once all is written; an error leaves all as it was.

    What killed runs on this machine have left beside it is removed, or put back where nothing has taken its place.
    """
    with scratch(folder) as aside:
        yield aside
        old = aside.with_name(f"{aside.name}.{_OLD}")
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give an empty folder of nobody else's beside `folder`, and remove it.

    What killed processes of this machine have left there is removed too.
    """
    _clean(folder)
    own = folder.with_name(f"{_before(folder)}{os.getpid()}.{uuid4().hex}")
    _OURS.add(own.name)
    try:
        own.mkdir(parents=True)
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        _OURS.discard(own.name)


def _before(folder: Path) -> str:
    """Return what the names of folders aside begin with; behind it stands the process that writes."""
    return f".{folder.name}.{platform.node()}."


def _clean(folder: Path) -> None:
    for left in folder.parent.glob(f"{_before(folder)}*"):
        process, _, end = left.name.removeprefix(_before(folder)).partition(".")
        if left.name.removesuffix(f".{_OLD}") in _OURS or not process.isdigit() or _runs(int(process)):
            continue
        if end.endswith(_OLD) and not folder.exists():  # killed between the two renamings: what stood there is whole
            with suppress(OSError):
                left.rename(folder)
        shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    """Say whether another process runs; what was left under this one's number was left by one before it."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
