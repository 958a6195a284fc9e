"""Where the operational database is: a server of ours in a folder, or the one that DATABASE_URL names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone
from duecourse.store.keys import Keyring
from duecourse.store.server import APP, OWNER, Server


@dataclass(frozen=True)
class Place:
    """A store's folder, and the addresses of a server that is not ours, if one is named.

    `keys` is the file of the master keys: DUECOURSE_KEYS, or `keys.json` in the folder.
    """

    folder: Path
    address: str | None
    keys: Path
    owners_address: str | None = None

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Find the store of a folder and of this process's environment; DueCourseError when it names no database."""
        named = os.environ.get("DUECOURSE_KEYS")
        keys = (Path(named) if named else folder / "keys.json").resolve()
        address, owners = (_address(name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL"))
        return cls(folder, address, keys, owners or address)

    @property
    def server(self) -> Server:
        """The embedded server; DueCourseError where another is named."""
        if self.address:
            raise DueCourseError("DATABASE_URL names a server that is not ours to start or end: unset it for ours")
        return Server(self.folder)

    def made(self) -> Server:
        """Return the embedded server; DueCourseError where none was made."""
        server = self.server
        if not server.is_made:
            raise DueCourseError(f"{self.folder}: is no store yet: make one with `duecourse store init`")
        return server

    def url(self, role: str = APP) -> str:
        """Return the address to connect to. It holds a password: it is never printed."""
        if self.address:
            return (self.owners_address or self.address) if role == OWNER else self.address
        return self.made().url(role)

    def connected(self, role: str = APP) -> psycopg.Connection[tuple[object, ...]]:
        """Connect; DueCourseError when that is not possible."""
        try:
            return psycopg.connect(self.url(role), connect_timeout=10)
        except psycopg.OperationalError as error:
            raise unreachable(error) from None

    @contextmanager
    def keys_alone(self) -> Iterator[None]:
        """Keep other processes from changing the master keys."""
        self.keys.parent.mkdir(parents=True, exist_ok=True)
        with alone(self.keys.with_name(f"{self.keys.name}.lock")):
            yield

    def make_keys(self) -> bool:
        """Make the master keys, unless there are some; say whether they are new."""
        with self.keys_alone():
            if self.keys.exists():
                Keyring.read(self.keys)
                return False
            Keyring.new().write(self.keys)
            return True

    def status(self) -> dict[str, str | bool | None]:
        """Say which database it is, and whether it can be connected to, without its password."""
        ours = None if self.address else Server(self.folder)
        told: dict[str, str | bool | None] = {
            "is_ready": False,
            "is_embedded": ours is not None,
            "server": str(ours.seat.base) if ours else _shown(self.address or ""),
            "version": None,
            "keys": str(self.keys) if self.keys.exists() else None,
        }
        if ours and not ours.is_made:
            return told
        try:
            with psycopg.connect(self.url(), connect_timeout=5) as connection:
                row = connection.execute("SHOW server_version").fetchone()
        except psycopg.OperationalError:
            return told
        return told | {"is_ready": True, "version": str(row[0]) if row else None}


def unreachable(error: Exception) -> DueCourseError:
    """Return the one line for a database that cannot be connected to."""
    return DueCourseError(f"the database cannot be reached: {(str(error).splitlines() or ['no answer'])[0]}")


def _address(name: str) -> str | None:
    """Read an address out of the environment; what is wrong with it is told without showing it."""
    address = os.environ.get(name)
    if not address:
        return None
    try:
        is_whole = bool(conninfo_to_dict(address).get("dbname"))
    except psycopg.ProgrammingError:
        is_whole = False
    if not is_whole:
        raise DueCourseError(f"{name} is no address of a database: write postgresql://user:password@host/name")
    return address


def _shown(address: str) -> str:
    """Return an address without its password."""
    parts = conninfo_to_dict(address)
    return " ".join(f"{name}={value}" for name, value in parts.items() if name in {"host", "port", "dbname", "user"})
