"""The server that operators run, in a process of its own over loopback, on a store with one borrower."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from http.client import HTTPConnection
from typing import Any, Final

import psycopg
import pytest

from duecourse.channels.email.tokens import Purpose
from duecourse.day.opening import tokens_of
from duecourse.store import people
from duecourse.store.keys import Keyring
from duecourse.store.people import Known, Point
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.cli.conftest import SCRIPT
from tests.stores import running

ON: Final = date(2026, 11, 20)
LeaveToken = Callable[..., str]
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BEARER: Final = "bearer-token-of-the-tests"
SYSTEMS: Final = "systems-token-of-the-tests"
PHONE, MAIL, NAME = "+14155550100", "ann@example.org", "Ann Example"
_TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_ROWS: Final = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"


def secret(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def secrets() -> dict[str, str]:
    return {
        "DUECOURSE_WEBHOOK_SMS": f"{secret(OLD)} {secret(NEW)}",
        "DUECOURSE_WEBHOOK_EMAIL": secret(OLD),
        "DUECOURSE_METRICS_TOKEN": BEARER,
        "DUECOURSE_SYSTEMS_TOKEN": SYSTEMS,
    }


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A server that runs, and all that it has printed."""

    process: subprocess.Popen[str]
    port: int
    first: str
    printed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())

    def tell(self, event: object, channel: str = "sms", **how: Any) -> Answer:
        """Send an event as a provider does, signed as the specification says."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.ask("POST", f"/webhooks/{channel}", body, **signed(body, **how))

    def end(self) -> str:
        """End it as an operator does, and return what it said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=30)
        return said


def signed(body: bytes, *, webhook_id: str = "msg_1", at: datetime | None = None, key: bytes = OLD) -> dict[str, str]:
    seconds = str(int((at or datetime.now(UTC)).timestamp()))
    found = hmac.new(key, f"{webhook_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook_id": webhook_id,
        "webhook_timestamp": seconds,
        "webhook_signature": "v1," + base64.b64encode(found).decode(),
        "content_type": "application/json",
    }


@contextlib.contextmanager
def serving(place: Place, environment: Mapping[str, str], *command: str) -> Iterator[Served]:
    """Run `duecourse serve`, or another command that serves, until the block ends."""
    command = command or (str(SCRIPT), "serve", "--store", str(place.folder), "--bind", "127.0.0.1:0")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DUECOURSE_")}
    process = subprocess.Popen(  # noqa: S603
        command,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        first = _first_line(process)
        yield Served(process, int(first.split()[0].rpartition(":")[2]), first)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.communicate(timeout=30)
            finally:
                process.kill()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        assert waiting.select(timeout=30), "it does not start"
    line = process.stdout.readline()
    assert line, process.communicate(timeout=10)[1]
    return line


@pytest.fixture(scope="session")
def made() -> Iterator[Place]:
    """Give a server of its own: a programme runs on it, which the stores of other tests are not to meet."""
    with running() as place:
        yield place


@pytest.fixture(scope="session")
def _process(made: Place) -> Iterator[Served]:
    with serving(made, secrets()) as found:
        yield found


@pytest.fixture
def served(_process: Served, store: Place) -> Served:  # noqa: ARG001  empties the tables
    """Give the server, over a store without a row."""
    return _process


class Day:
    """A store with a plan and one borrower, to whom a message has been sent by each channel."""

    def __init__(self, place: Place, ring: Keyring) -> None:
        """Fill the store."""
        known = Known(NAME, (Point("phone", PHONE), Point("email", MAIL)))
        self.borrower = people.add(ring, "B1", "B1", "borrower", known).borrower_id
        self._connection = psycopg.connect(place.server.url(ADMIN), autocommit=True)
        self.does("INSERT INTO plan VALUES (%s, 'p', 's', 'l', 'America/Los_Angeles')", ON)
        self.does("UPDATE borrower SET language = 'en'")
        self.does(
            """INSERT INTO case_loan (borrower_no, loan_id, currency, principal, is_owner, history)
            VALUES (%s, 'L1', 'USD', 100000, true, '')""",
            self.borrower,
        )

    def does(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        found = self._connection.execute(statement.encode(), values)
        return found.fetchall() if found.description else []

    def close(self) -> None:
        self._connection.close()

    def message(self, key: str, channel: str = "sms", state: str = "left", at: datetime | None = None) -> int:
        """Put a message into the outbox, and return its number."""
        at = at or datetime.now(UTC)
        ((contact,),) = self.does(
            """INSERT INTO contacts (contact_id, borrower_no, channel, happened_at, happened_on, recorded_at)
            VALUES (%s, %s, %s, %s, %s, %s) RETURNING id""",
            *(f"c-{key}", self.borrower, channel, at, at.date(), at),
        )
        ((number,),) = self.does(
            """INSERT INTO outbox (key, contact_no, borrower_no, channel, language, body, body_hash, state,
                released_at, valid_until, next_try_at)
            VALUES (%s, %s, %s, %s, 'en', '', '', %s, %s, %s, %s) RETURNING id""",
            *(key, contact, self.borrower, channel, state, at, at + timedelta(minutes=1), at),
        )
        return int(number)

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """Return how many rows each table has, and a hash of all that stands in them."""
        return {name: self.does(_ROWS.format(name))[0] for (name,) in self.does(_TABLES)}


@pytest.fixture
def day(store: Place, ring: Keyring) -> Iterator[Day]:
    with contextlib.closing(Day(store, ring)) as found:
        yield found


@pytest.fixture
def leave_token(ring: Keyring) -> LeaveToken:
    """Give what makes tokens as the store's mails have them."""

    def made(key: str, purpose: Purpose = Purpose.LEAVE) -> str:
        return tokens_of(ring).token(key, purpose)

    return made
