"""Messages between the parties: signed requests over HTTP, read within bounds, and a client that keeps its connection.

A request that somebody answers for has a header `inquiry-signed`: an envelope (`duecourse.inquiry.signed`) of the path,
the moment, a number used once, and the digest of the body, so that nothing of it can be changed, kept or sent again.
"""

import base64
import binascii
import hashlib
import http.client
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.signed import Signer, taken
from duecourse.kernel.errors import DueCourseError

SIGNED: Final = "inquiry-signed"
HEAD: Final = "inquiry-head"
MOST_HEADER_BYTES: Final = 8_192
WINDOW: Final = timedelta(minutes=2)  # in which a signed request is taken
_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True)
class Answer:
    """What comes back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """A way to a party: `Http`, or in a test its application itself."""

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request, and return what was answered."""
        ...


class Http:
    """A kept connection to an address. One thread at a time."""

    def __init__(self, address: str) -> None:
        """Take an address like `https://hub.example`; http is for this machine alone."""
        parts = urlsplit(address)
        host, kind = parts.hostname or "", http.client.HTTPSConnection
        if parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"}:
            kind = http.client.HTTPConnection  # type: ignore[assignment]
        elif parts.scheme != "https" or not host:
            raise DueCourseError(f"{address}: an address begins with https://, or with http:// on this machine")
        self.address = address
        self._connection = kind(host, parts.port, timeout=_TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        """Return itself, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request; once more when the kept connection was closed meanwhile."""
        for again in (True, False):
            try:
                self._connection.request(method, path, body or None, dict(headers))
                got = self._connection.getresponse()
                return Answer(got.status, got.read(), {name.lower(): value for name, value in got.headers.items()})
            except (http.client.HTTPException, OSError) as error:
                self._connection.close()
                if not again:
                    raise DueCourseError(f"{self.address} does not answer: {type(error).__name__}") from None
        raise AssertionError("the second failure was raised")


def answered(answer: Answer) -> bytes:
    """Return the body of an answer. Refused by the check that the other side names."""
    if answer.status == 200:
        return answer.body
    try:
        told = json.loads(answer.body)
        raise Refused(Check(told["check"]), str(told["what"])[:500])
    except (ValueError, KeyError, TypeError):
        raise DueCourseError(f"answered with status {answer.status}, which this does not understand") from None


@dataclass(frozen=True, repr=False)
class Caller:
    """Who asks: a key, and for a borrower's client the certificate of who checked its identity."""

    signer: Signer
    certificate: Mapping[str, str] | None = None

    def headers(
        self, path: str, body: bytes, now: datetime, consent: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the header that signs a request."""
        said: dict[str, Any] = {
            "path": path,
            "at": now.isoformat(timespec="milliseconds"),
            "nonce": secrets.token_hex(16),
            "body": hashlib.sha256(body).hexdigest(),
        }
        if self.certificate is not None:
            said["certificate"] = dict(self.certificate)
        if consent is not None:
            said["consent"] = dict(consent)
        return {SIGNED: base64.b64encode(json.dumps(self.signer.put(b"request", said)).encode()).decode()}


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    body: bytes
    envelope: str
    now: datetime


@dataclass(frozen=True)
class Said:
    """What a signed request says, once it is believed."""

    key: str
    nonce: str
    until: datetime  # when it is too old to be sent again
    certificate: object
    consent: object


def checked(asked: Asked) -> Said:
    """Return who signed a request. Refused: `malformed`, `signature`, `clock`. The state knows if it came before."""
    said, key = taken(b"request", _header(asked.envelope))
    match said:
        case {"path": str(path), "at": str(at), "nonce": str(nonce), "body": str(digest)} if len(nonce) == 32:
            pass
        case _:
            raise Refused(Check.MALFORMED, "a request says its path, moment, number and the digest of its body")
    if path != asked.path or digest != hashlib.sha256(asked.body).hexdigest():
        raise Refused(Check.SIGNATURE, "the signature is of another request")
    try:
        moment = datetime.fromisoformat(at)
        early = abs(asked.now - moment) > WINDOW
    except (ValueError, TypeError):
        raise Refused(Check.MALFORMED, "the moment of a request is ISO 8601 with its offset") from None
    if early:
        raise Refused(Check.CLOCK, f"signed at {at[:40]}; requests are taken for {WINDOW.seconds} seconds")
    return Said(key, key + nonce, moment + WINDOW, said.get("certificate"), said.get("consent"))


@dataclass(frozen=True)
class Route:
    """What answers to a method and a path. A path that ends in a slash takes what follows it."""

    method: str
    path: str
    answer: Callable[[Asked], Answer]
    most_bytes: int = 0


def application(routes: Iterable[Route], clock: Callable[[], datetime]) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application of a party."""
    ways = {(route.method, route.path): route for route in routes}

    def serve(environ: Mapping[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        got = _answer(ways, environ, clock())
        headers = [("content-type", got.headers.get("content-type", "application/octet-stream"))]
        headers += [(name, value) for name, value in got.headers.items() if name != "content-type"]
        start(f"{got.status} {http.client.responses[got.status]}", [*headers, ("content-length", str(len(got.body)))])
        return [got.body]

    return serve


def told(value: object) -> Answer:
    """Return an answer of JSON."""
    return Answer(200, json.dumps(value).encode(), {"content-type": "application/json"})


def _answer(ways: Mapping[tuple[str, str], Route], environ: Mapping[str, Any], now: datetime) -> Answer:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    route = ways.get((method, path)) or ways.get((method, path[: path.rfind("/") + 1]))
    try:
        if route is None:
            return Answer(404, b"")
        envelope = environ.get("HTTP_" + SIGNED.upper().replace("-", "_"), "")
        return route.answer(Asked(method, path, _body(environ, route.most_bytes), envelope, now))
    except Refused as refused:
        what = str(refused).removeprefix(f"{refused.check}: ")
        said = json.dumps({"check": refused.check, "what": what}).encode()
        return Answer(429 if refused.check is Check.RATE else 403, said, {"content-type": "application/json"})


def _body(environ: Mapping[str, Any], most_bytes: int) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > most_bytes:
        raise Refused(Check.TOO_LARGE, f"a body of {length[:20]} bytes; at most {most_bytes} are read")
    body: bytes = environ["wsgi.input"].read(int(length)) if int(length) else b""
    if len(body) != int(length):
        raise Refused(Check.TRUNCATED, f"{len(body)} of {length} bytes came")
    return body


def _header(text: str) -> object:
    if not text or len(text) > MOST_HEADER_BYTES:
        raise Refused(Check.MALFORMED, f"a header {SIGNED} of {len(text)} characters; it has 1 to {MOST_HEADER_BYTES}")
    try:
        return json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise Refused(Check.MALFORMED, f"a header {SIGNED} that is no JSON in base 64") from None
