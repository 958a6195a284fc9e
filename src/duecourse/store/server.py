"""The embedded PostgreSQL: the programs of a wheel under our own supervision, one server for each store's folder.

    Server(folder).start()   ready to be connected to
    Server(folder).stop()    ended; nothing of it runs any more

A server outlives the command that started it, and ends only when it is told to: whoever uses it holds nothing that a
killed process could leave behind. Whether it runs is asked by connecting, each time anew.
"""

import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import alone, written_aside, written_beside
from duecourse.store.account import Seat, public, reached, seat

DATABASE: Final = "duecourse"
ADMIN: Final = "duecourse_admin"  # a superuser, for maintenance of the embedded server
OWNER: Final = "duecourse_owner"  # owns the tables, and migrates them
APP: Final = "duecourse_app"  # what the day and the desk log in as: may neither change tables nor disable triggers
ROLES: Final = (ADMIN, OWNER, APP)
_PORT: Final = 5432  # the name of the socket: nothing listens on the network
_PATIENCE: Final = 60  # seconds to become ready, or to end
_PAUSE: Final = 0.05  # seconds between two looks
_LOG_SHOWN: Final = 3  # lines
_RECOVERING: Final = "starting up"  # what a server that plays its log after a crash says
_ENVIRONMENT: Final[Mapping[str, str]] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS: Final[Mapping[str, str]] = {
    "port": str(_PORT),
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    # What is lost in a crash was never promised.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Statements carry personal data, and errors quote them: none is ever logged, nor what it was given.
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, repr=False)
class _Kept:
    """What is kept beside the database: the roles' passwords, and where the database was made, once it is whole."""

    passwords: dict[str, str]
    base: str | None = None


class Server:
    """The server of one store's folder, whether it runs or not."""

    def __init__(self, store: Path) -> None:
        """Name the folder; nothing is made until `start`."""
        self.store = store
        self._file = store / "server.json"

    @property
    def seat(self) -> Seat:
        """Where its files and its socket are: where they were made, however the folder has changed since."""
        base = self._kept().base if self.is_made else None
        return seat(self.store, Path(base) if base else None)

    @property
    def is_made(self) -> bool:
        """Whether a first start was begun here."""
        return self._file.exists()

    def url(self, role: str) -> str:
        """Return the address under which one of ROLES connects. It holds a password: it is never printed.

        Whoever answers must be the server's account, and must know the password too.
        """
        place = self.seat
        host, password = quote(str(place.sockets), safe=""), quote(self._kept().passwords[role], safe="")
        safe = f"requirepeer={quote(place.account.name, safe='')}&require_auth=scram-sha-256"
        return f"postgresql://{role}:{password}@{host}:{_PORT}/{DATABASE}?{safe}"

    def is_ready(self) -> bool:
        """Say whether it can be connected to now."""
        return self.is_made and not self._refusal()

    def start(self) -> None:
        """Make the database if there is none, and run the server if it does not run; DueCourseError if it cannot."""
        with self._alone():
            if not self.is_made:
                if seat(self.store).data.exists():
                    raise DueCourseError(f"{self._file}: is missing, and a database is there: put it back from a copy")
                self._keep(_Kept({role: secrets.token_urlsafe(32) for role in ROLES}))
            kept, place = self._kept(), self.seat
            if kept.base and not place.data.exists():
                raise DueCourseError(f"{place.data}: the database is not there any more: mount it, or put it back")
            if not place.data.exists():
                self._make(place)
            self._run(place)
            if not kept.base:
                self._settle()
                self._keep(_Kept(kept.passwords, str(place.base)))

    def stop(self) -> None:
        """End the server, if it runs: what is being done is rolled back."""
        if not self.is_made:
            return
        with self._alone():
            place = self.seat
            if place.data.exists():
                self._tell(place, "pg_ctl", "stop", "-m", "fast", "-w", "-t", _PATIENCE, "-D", place.data)
                if self._tell(place, "pg_ctl", "status", "-D", place.data).returncode == 0:
                    raise DueCourseError(f"{place.log}: PostgreSQL does not end: {_last_words(place)}")
            if place.is_short:
                with suppress(OSError):
                    place.sockets.rmdir()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from starting or ending the same server; DueCourseError when no store can be here."""
        with ExitStack() as held:
            try:
                self.store.mkdir(parents=True, exist_ok=True)
                held.enter_context(alone(self.store / "server.lock"))
            except OSError as error:
                raise DueCourseError(f"{self.store}: no store can be here: {error.strerror}") from error
            yield

    def _keep(self, kept: _Kept) -> None:
        with written_beside(self._file, lasting=True) as beside:
            beside.touch(mode=0o600)
            beside.write_text(json.dumps(asdict(kept)), encoding="utf-8")

    def _kept(self) -> _Kept:
        try:
            found = _Kept(**json.loads(self._file.read_text(encoding="utf-8")))
            _ = [found.passwords[role] for role in ROLES]
        except FileNotFoundError:
            raise DueCourseError(f"{self.store}: is no store yet: make one with `duecourse store init`") from None
        except (ValueError, TypeError, LookupError) as error:
            raise DueCourseError(f"{self._file}: is damaged: put it back from a copy") from error
        return found

    def _make(self, place: Seat) -> None:
        """Make the data folder, with our settings and a password for everybody: whole, or not at all."""
        public(place.base.parent)
        place.account.own(place.base)
        password = place.base / "password"
        password.unlink(missing_ok=True)
        with written_aside(place.data) as aside:
            aside.rmdir()  # initdb makes it, under the account
            place.account.write(password, self._kept().passwords[ADMIN])
            try:
                made = self._tell(
                    place,
                    *("initdb", "--pgdata", aside, "--username", ADMIN, "--pwfile", password),
                    *("--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8", "--data-checksums"),
                    *("--locale=C", "--no-instructions"),
                    *(f"--set={name}={value}" for name, value in _SETTINGS.items()),
                )
            finally:
                password.unlink()
            if made.returncode:
                raise DueCourseError(f"{place.base}: PostgreSQL could not make its database: {_last_line(made.stderr)}")

    def _run(self, place: Seat) -> None:
        """Start the server and wait until it can be connected to.

        After a kill, processes of the old one may for a moment still hold its memory: then it is tried again. One that
        recovers from a crash is waited for.
        """
        place.account.own(place.sockets)
        until = time.monotonic() + _PATIENCE
        while refusal := self._refusal():
            self._tell(
                place,
                *("pg_ctl", "start", "-w", "-t", _PATIENCE, "-D", place.data, "-l", place.log),
                *("-o", f"-c unix_socket_directories='{place.sockets}'"),
            )
            if time.monotonic() > until and _RECOVERING not in refusal:
                raise DueCourseError(f"{place.log}: PostgreSQL does not start: {_last_words(place)}")
            time.sleep(_PAUSE)

    def _settle(self) -> None:
        """Make the roles and the database, those that are not there: a first start may have been cut short."""
        passwords = self._kept().passwords
        with self._connected("postgres") as admin:
            there = {str(row[0]) for row in admin.execute("SELECT rolname FROM pg_roles")}
            for role in (OWNER, APP):
                if role not in there:
                    made = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
                    admin.execute(made.format(sql.Identifier(role), sql.Literal(passwords[role])))
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (DATABASE, OWNER))))
            for database in (DATABASE, "postgres", "template1"):
                admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
            admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(*map(sql.Identifier, (DATABASE, APP))))

    def _connected(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(ADMIN), dbname=database, connect_timeout=5, autocommit=True)

    def _refusal(self) -> str:
        """Connect, and return why that is not possible; nothing where it is."""
        try:
            with self._connected("postgres") as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            return str(error) or "no answer"
        return ""

    def _tell(self, place: Seat, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a program under the account of the server, with nothing of this process's environment."""
        return subprocess.run(  # noqa: S603  the programs are those of the wheel
            [str(reached(place.account) / program), *map(str, arguments)],
            env=dict(_ENVIRONMENT),
            cwd=place.base,
            user=place.account.user,
            group=place.account.group,
            extra_groups=None if place.account.user is None else (),
            umask=0o077,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _last_words(place: Seat) -> str:
    try:
        lines = place.log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "it has written no log"
    return " / ".join(lines[-_LOG_SHOWN:])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
