"""Where the provider is, and its names of things."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from duecourse.channels.connection import is_loopback, trusting
from duecourse.channels.transport import Fate
from duecourse.kernel.errors import DueCourseError

_SENT: Final = ("key", "to", "text", "language", "subject")
_KEY_PLACE: Final = "{key}"


@dataclass(frozen=True)
class Settings:
    """A provider. `token_in` names the variable of the environment that holds the bearer token.

    `fields` gives the provider's name for each thing of a message (key, to, text, language, subject); what it does not
    name is not sent. `fixed` are values that every request has. A name with points, as in `message.body`, is a place
    within objects. `id_at` is where an answer has the provider's id.

    `ask_url` has {key} where the message's key belongs. `states` gives the fate for each word at `state_at`.
    `absent_is_not_left` says that the provider answers 404 there if, and only if, it never took the message.
    """

    url: str
    token_in: str = "DUECOURSE_GATEWAY_TOKEN"  # noqa: S105  a name, not a token
    fields: Mapping[str, str] = field(default_factory=lambda: {"to": "to", "text": "text"})
    fixed: Mapping[str, str] = field(default_factory=dict)
    id_at: str = "id"
    ask_url: str = ""
    state_at: str = "status"
    states: Mapping[str, Fate] = field(default_factory=dict)
    absent_is_not_left: bool = False
    tls_roots: Path | None = None
    connect_within: timedelta = timedelta(seconds=10)
    answer_within: timedelta = timedelta(seconds=30)
    answer_bytes_most: int = 65_536

    def __post_init__(self) -> None:
        """Refuse an address that would show words to others, and names of things that there are not."""
        _check_url("url", self.url)
        if self.ask_url:
            _check_url("ask_url", self.ask_url.replace(_KEY_PLACE, "key"))
            if _KEY_PLACE not in self.ask_url:
                raise DueCourseError("gateway settings: ask_url: write {key} where the message's key belongs")
        if unknown := sorted(set(self.fields) - set(_SENT)):
            raise DueCourseError(f"gateway settings: fields: no {unknown[0]}: a message has {', '.join(_SENT)}")
        if not {"to", "text"} <= set(self.fields):
            raise DueCourseError("gateway settings: fields: name what the provider calls `to` and `text`")
        names = [*self.fields.values(), *self.fixed]
        for name in names:
            if any(other != name and f"{other}.".startswith(f"{name}.") for other in names) or names.count(name) > 1:
                raise DueCourseError(f"gateway settings: {name} is named twice, or has another within: mend it")
        if min(self.connect_within, self.answer_within) <= timedelta(0) or self.answer_bytes_most < 1:
            raise DueCourseError("gateway settings: times and sizes: write each above zero")

    def tls_context(self) -> ssl.SSLContext | None:
        """Return how to check the provider's certificate, None where none is needed; DueCourseError on bad roots."""
        is_sealed = any(url.startswith("https:") for url in (self.url, self.ask_url))
        return trusting(self.tls_roots) if is_sealed else None


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        is_safe = url.startswith("https:") or (url.startswith("http:") and is_loopback(parts.hostname or ""))
        is_whole = bool(parts.hostname) and parts.port != 0 and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        raise DueCourseError(f"gateway settings: {name}: no address: write https://host/path") from None
    if not is_safe:
        raise DueCourseError(
            f"gateway settings: {name}: write https://: only to this machine may words go in the clear"
        )
    if not is_whole or _has_more(parts):
        raise DueCourseError(f"gateway settings: {name}: write https://host/path, without a user or a fragment")


def _has_more(parts: SplitResult) -> bool:
    return parts.username is not None or bool(parts.fragment)
