"""One request and its answer: a connection of its own, bounded in time and size, and no redirect followed.

The standard library's client, for it has steps: what fails while connecting has surely sent nothing, and what fails
afterwards may have. A connection kept open could die in between unseen, so none is kept.
"""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from duecourse.channels.connection import cut_off_after
from duecourse.channels.gateway.settings import Settings


class NotSentError(Exception):
    """No connection: nothing was sent. Its text holds nothing personal."""


class NoAnswerError(Exception):
    """Something may have been sent, and no answer came. Its text holds nothing personal."""


@dataclass(frozen=True, repr=False)
class Answer:
    """A status, the headers by their names in small letters, and the body; None where it was cut off or too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


def call(
    settings: Settings,
    tls: ssl.SSLContext | None,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
) -> Answer:
    """Send a request and read the answer; NotSentError or NoAnswerError where there is none."""
    connection = _connected(settings, tls, url)
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        with cut_off_after(connection.sock, settings.answer_within.total_seconds()):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, _body(response, settings.answer_bytes_most))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(f"the provider gave no answer ({type(error).__name__})") from None
    finally:
        connection.close()


def _connected(settings: Settings, tls: ssl.SSLContext | None, url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host, within = parts.hostname or "", settings.connect_within.total_seconds()
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port, timeout=within, context=tls)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=within)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        connection.close()
        raise NotSentError(f"the provider's certificate does not hold: {error.verify_message}") from None
    except (OSError, UnicodeError) as error:
        connection.close()
        raise NotSentError(f"the provider cannot be reached ({type(error).__name__})") from None
    connection.sock.settimeout(settings.answer_within.total_seconds())
    return connection


def _body(response: http.client.HTTPResponse, most: int) -> bytes | None:
    """Return the body; None where it is cut off or too long: the status has said what matters."""
    try:
        body = response.read(most + 1)
        ends = response.isclosed() or (response.length is None and not response.read(1))  # the latter: by closing
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return body if ends and len(body) <= most else None
