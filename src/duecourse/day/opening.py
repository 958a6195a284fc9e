"""Channels, and what hears of their providers, made from a lender's settings."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from duecourse.channels.email.maildir import Maildir
from duecourse.channels.email.settings import Settings as EmailSettings
from duecourse.channels.email.tokens import Tokens
from duecourse.channels.email.transport import EmailTransport
from duecourse.channels.gateway.settings import Settings as GatewaySettings
from duecourse.channels.gateway.transport import GatewayTransport
from duecourse.channels.gateway.webhooks import Settings as WebhookSettings
from duecourse.channels.letter.settings import Settings as LetterSettings
from duecourse.channels.sms.settings import Settings as SmsSettings
from duecourse.channels.sms.transport import SmsTransport
from duecourse.channels.transport import Transport
from duecourse.channels.visit.codes import SECRET as CODES
from duecourse.channels.visit.settings import Settings as VisitSettings
from duecourse.channels.voice.settings import Settings as VoiceSettings
from duecourse.channels.voice.transport import Calling
from duecourse.day.paper import Letters, Sheets
from duecourse.day.reaching import POINTS
from duecourse.day.settings import Channel, Day
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring

_INBOX: Final = "inbox"
_NOBODY: Final = "nobody"  # no machine calls on its own: an agent clicks

Clock = Callable[[], datetime]


def opened(name: str, channel: Channel, ring: Keyring, clock: Clock, id_of: Callable[[str], str | None]) -> Transport:
    """Open a channel; DueCourseError names the setting that is missing or wrong."""
    given, place = dict(channel.settings), f"channels.{name}.settings"
    if channel.kind == "email":
        inbox = given.pop(_INBOX, None)
        made = _made(EmailSettings, place, {**given, "tokens": tokens_of(ring)})
        return EmailTransport(made, clock, _maildir(Path(inbox)) if inbox else None)
    if channel.kind == "sms":
        return SmsTransport(_made(SmsSettings, place, given), clock, id_of)
    if channel.kind == "letter":
        return Letters(letters_of(name, channel))
    if channel.kind == "visit":
        return Sheets(visits_of(name, channel), ring.secret(CODES))
    if channel.kind == "voice":
        voice = voice_of(name, channel)
        return Calling(voice.folder, _NOBODY, voice.dials())
    return GatewayTransport(_made(GatewaySettings, place, given))


def webhooks(settings: Day) -> dict[str, WebhookSettings]:
    """Return how the provider of each channel tells things, where that is set; DueCourseError for a wrong setting."""
    for name in settings.webhooks:
        if name not in POINTS:
            raise DueCourseError(f"webhooks.{name}: there is no such channel: one of {', '.join(sorted(POINTS))}")
    return {name: _made(WebhookSettings, f"webhooks.{name}", given) for name, given in settings.webhooks.items()}


def letters_of(name: str, channel: Channel) -> LetterSettings:
    """Return the settings of a channel of letters; DueCourseError names the one that is missing or wrong."""
    made: LetterSettings = _made(LetterSettings, f"channels.{name}.settings", dict(channel.settings))
    return made


def visits_of(name: str, channel: Channel) -> VisitSettings:
    """Return the settings of a channel of visits, likewise."""
    made: VisitSettings = _made(VisitSettings, f"channels.{name}.settings", dict(channel.settings))
    return made


def voice_of(name: str, channel: Channel) -> VoiceSettings:
    """Return the settings of a channel of calls, likewise."""
    made: VoiceSettings = _made(VoiceSettings, f"channels.{name}.settings", dict(channel.settings))
    return made


def tokens_of(ring: Keyring) -> Tokens:
    """Return the tokens of a store's e-mails: who sends them and who answers their links must mean the same."""
    return Tokens(ring.secret("email tokens"))


def _maildir(folder: Path) -> Maildir:
    found = Maildir(folder)
    found.make()
    return found


def _made(kind: Any, place: str, given: Mapping[str, Any]) -> Any:
    """Make settings of a kind from a file's values: seconds become spans of time, and texts paths or words."""
    known = {one.name for one in fields(kind)}
    for key in given:
        if key not in known:
            raise DueCourseError(f"{place}: there is no '{key}': one of {', '.join(sorted(known))}")
    hints = get_type_hints(kind)
    try:
        return kind(**{key: _typed(hints[key], value) for key, value in given.items()})
    except (TypeError, ValueError) as error:
        raise DueCourseError(f"{place}: {error}") from None


def _typed(hint: Any, value: Any) -> Any:
    if hint is timedelta:
        return timedelta(seconds=value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if get_origin(hint) is Mapping:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is no table: write {{name = value}}")
        return {name: _typed(get_args(hint)[1], one) for name, one in value.items()}
    if hint in {str, int} and type(value) is not hint:
        raise TypeError(f"{value!r} is not of the kind {hint.__name__}")
    return Path(value) if "Path" in str(hint) else value
