"""Messages by a provider's HTTP interface, as every channel has them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from duecourse.channels.environment import secret
from duecourse.channels.gateway.http import Answer, NoAnswerError, NotSentError, call
from duecourse.channels.gateway.settings import Settings
from duecourse.channels.transport import HELD_BACK, Fate, Message, Received, Result
from duecourse.kernel.errors import DueCourseError

_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{1,200}")  # of a message: it stands in a header and in an address
_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")
_RETRY_AFTER: Final = re.compile(r"[0-9]{1,6}|[A-Za-z0-9,: ]{1,40}")  # seconds, or a date
_REFUSED: Final = {
    400: "it does not take this message",
    404: "it does not know where this should go",
    410: "where this should go is closed",
    413: "the message is too long",
    422: "it does not take this message",
    451: "it may not take this message by law",
}
_OURS: Final = {
    307: "it has moved: mend `url`",
    308: "it has moved: mend `url`",
    401: "it does not know our token: mend the environment",
    402: "it wants to be paid first",
    403: "our token may not do this: ask the provider",
    405: "this address takes no messages: mend `url`",
    415: "it does not take JSON",
}
"""Statuses after which nothing has left, and an operator must do something."""
_LATER: Final = {
    408: "it took too long to read us",
    425: "it is too early",
    429: "we send faster than it allows",
}


class GatewayTransport:
    """Sends by a provider's HTTP interface; each request has a connection of its own.

    What comes in comes by webhooks: see `duecourse.channels.gateway.webhooks`.
    """

    def __init__(self, settings: Settings) -> None:
        """Read the token; nothing is connected. DueCourseError when a secret or a certificate is not there."""
        self._settings = settings
        self._token = secret(settings.token_in)
        self._tls = settings.tls_context()

    def send(self, message: Message) -> Result:
        """Hand a message over; its key goes along, so that a provider who knows it takes it only once."""
        headers = {
            **self._headers(),
            "Content-Type": "application/json",
            "Idempotency-Key": _checked(message.key),
        }
        try:
            body = json.dumps(self._body(message), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Result(Fate.REFUSED, why="the text holds half a letter: it is no text")
        if not message.may_leave():
            return HELD_BACK
        try:
            answer = call(self._settings, self._tls, "POST", self._settings.url, headers, body)
        except NotSentError as error:
            return Result(Fate.NOT_LEFT, why=str(error))
        except NoAnswerError as error:
            return Result(Fate.UNKNOWN, why=str(error))
        return _sent(answer, _text_at(_read(answer), self._settings.id_at))

    def ask(self, message: Message) -> Result:
        """Ask by the key, where the provider can be asked; UNKNOWN unless it says a word that the settings have."""
        if not self._settings.ask_url:
            return Result(Fate.UNKNOWN, why="the provider cannot be asked")
        url = self._settings.ask_url.replace("{key}", quote(_checked(message.key), safe=""))
        try:
            answer = call(self._settings, self._tls, "GET", url, self._headers(), None)
        except (NotSentError, NoAnswerError) as error:
            return Result(Fate.UNKNOWN, why=str(error))
        if answer.status == 404 and self._settings.absent_is_not_left:
            return Result(Fate.NOT_LEFT, why="the provider never took this message")
        if answer.status != 200:
            return Result(Fate.UNKNOWN, why=f"the provider says {answer.status} to the question")
        told = _read(answer)
        fate = self._settings.states.get(_text_at(told, self._settings.state_at) or "")
        provider_id = _id(_text_at(told, self._settings.id_at))
        if fate is None:
            return Result(Fate.UNKNOWN, provider_id, "the provider says nothing that the settings know")
        return Result(fate, provider_id)

    def received(self) -> Iterator[Received]:
        """Yield nothing: what comes in comes by webhooks."""
        yield from ()

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "Connection": "close"}

    def _body(self, message: Message) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for place, value in self._settings.fixed.items():
            _put(body, place, value)
        for name, place in self._settings.fields.items():
            _put(body, place, getattr(message, name))
        return body


def _sent(answer: Answer, provider_id: str | None) -> Result:
    """Return what a status says of a message; UNKNOWN where it does not say whether the provider took it."""
    status = answer.status
    if 200 <= status < 300:
        found = _id(provider_id)
        return Result(Fate.LEFT, found, "" if found else "the provider took it and gave no id")
    if status in _REFUSED:
        return Result(Fate.REFUSED, why=f"the provider says {status}: {_REFUSED[status]}")
    if status in _OURS:
        return Result(Fate.NOT_LEFT, why=f"the provider says {status}: {_OURS[status]}")
    if status in _LATER:
        after = answer.headers.get("retry-after", "")
        told = f"; try again after {after}" if _RETRY_AFTER.fullmatch(after) else ""
        return Result(Fate.NOT_LEFT, why=f"the provider says {status}: {_LATER[status]}{told}")
    return Result(Fate.UNKNOWN, why=f"the provider says {status}, which does not tell whether it took the message")


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise DueCourseError(
            "gateway: a message's key holds letters, digits and . _ : - only: mend what makes the keys"
        )
    return key


def _id(found: str | None) -> str | None:
    return found if found and _ID.fullmatch(found) else None


def _read(answer: Answer) -> object:
    """Return the JSON of an answer; None where there is none to read."""
    try:
        return json.loads(answer.body or b"")
    except (ValueError, RecursionError):
        return None


def _text_at(told: object, place: str) -> str | None:
    """Return the text, or the whole number as text, at a place within objects; None where there is none."""
    for name in place.split("."):
        if not isinstance(told, Mapping):
            return None
        told = told.get(name)
    if isinstance(told, bool) or not isinstance(told, str | int):
        return None
    return str(told)


def _put(body: dict[str, Any], place: str, value: str) -> None:
    *path, last = place.split(".")
    for name in path:
        body = body.setdefault(name, {})
    body[last] = value
