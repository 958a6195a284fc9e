"""What the provider tells us, proved by its signature: the Standard Webhooks specification, HMAC-SHA256 (`v1`).

    read(body, headers, secrets, now, settings) -> tuple[Received, ...]

The signature is over `webhook-id.webhook-timestamp.body` with the octets as they came. Nothing of the body is read
before it holds. A delivery that comes again has the same `webhook-id`, and so the same event_id.

The body: {"type": ..., "timestamp": ..., "data": {...}}. Fields that we do not know are passed over, and so are types
that the settings do not name: a provider who adds one must not lose us the others.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from duecourse.channels.transport import Received, What
from duecourse.kernel.errors import DueCourseError

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)  # as the specification has it
_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")
_SECONDS: Final = re.compile(r"[0-9]{1,11}", re.ASCII)
_SIGNATURES_MOST: Final = 4_096  # letters of the header
_LATE_MOST: Final = timedelta(days=365)  # a moment before all calendars has no day in the book's zone
_OPT_OUT: Final = "STOP"  # what an opt-out says, where the provider does not give the words


class Kind(StrEnum):
    """What a webhook may tell."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"  # this one was not brought; another may be
    BOUNCED = "bounced"  # nothing will be brought there: the number or address is not used any more
    REPLY = "reply"
    OPT_OUT = "opt_out"
    CALL = "call"


@dataclass(frozen=True)
class Settings:
    """A provider's words: `kinds` gives what each of its types tells, `fields` its names of things within `data`."""

    kinds: Mapping[str, Kind] = field(
        default_factory=lambda: {
            "message.delivered": Kind.DELIVERED,
            "message.undelivered": Kind.UNDELIVERED,
            "message.bounced": Kind.BOUNCED,
            "reply.received": Kind.REPLY,
            "opt_out.received": Kind.OPT_OUT,
            "call.ended": Kind.CALL,
        }
    )
    fields: Mapping[str, str] = field(default_factory=dict)
    source: str = "gateway"
    tolerance: timedelta = timedelta(minutes=5)
    bytes_most: int = 65_536

    def __post_init__(self) -> None:
        """Refuse names of things that there are not."""
        if unknown := sorted(set(self.fields) - set(_Data.model_fields)):
            raise DueCourseError(
                f"webhook settings: fields: no {unknown[0]}: there are {', '.join(_Data.model_fields)}"
            )
        if self.tolerance <= timedelta(0) or self.bytes_most < 1 or not self.kinds or not self.source:
            raise DueCourseError("webhook settings: tolerance and bytes_most are above zero, and something is named")


class WebhookError(DueCourseError):
    """A webhook that is not taken. `status` is what to answer over HTTP; the text holds nothing personal."""

    def __init__(self, status: int, why: str) -> None:
        """Keep the status beside the text."""
        super().__init__(f"webhook: {why}")
        self.status = status


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


_Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]  # no NUL in the store


class _Data(_Model):
    key: _Short | None = None
    provider_id: _Short | None = None
    sender: _Short | None = None
    text: Annotated[str, Field(max_length=20_000)] | None = None
    outcome: (
        Literal[
            "conversation",
            "answered_no_talk",
            "silent_hangup",
            "voicemail",
            "ring_out",
            "busy",
            "not_in_service",
            "mailbox_full",
            "wrong_number",
        ]
        | None
    ) = None


class _Event(_Model):
    type: Annotated[str, Field(min_length=1, max_length=200)]
    timestamp: Annotated[AwareDatetime, Field(strict=False)] | None = None
    data: dict[str, Any] = Field(default_factory=dict)


def key_of(secret: str) -> bytes:
    """Return the key in a secret, with or without `whsec_`; DueCourseError where there is none of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise DueCourseError("webhook secret: it is no base64: copy it anew, with whsec_ before it") from None
    if len(key) not in _SECRET_BYTES:
        raise DueCourseError(f"webhook secret: {len(key)} bytes, not 24 to 64: have the provider make another")
    return key


def signature(secret: bytes, webhook_id: str, seconds: str, body: bytes) -> str:
    """Return the signature of a webhook by a key of `key_of`: `v1,` and the HMAC in base64."""
    signed = f"{webhook_id}.{seconds}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


def read(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], now: datetime, settings: Settings
) -> tuple[Received, ...]:
    """Return what a webhook tells, once it is proved; WebhookError where it is not, or cannot be read.

    `secrets` are keys of `key_of`, any of which may have signed: an older and a newer one while they are changed.
    Statuses: 400 broken, 401 not proved, 413 too long, 422 not what was agreed, 503 no secret to prove it by.
    """
    if len(body) > settings.bytes_most:
        raise WebhookError(413, f"{len(body)} bytes, over {settings.bytes_most}")
    if not secrets:
        raise WebhookError(503, "there is no secret to prove it by: set one")
    webhook_id, seconds = _proved(body, headers, secrets)
    sent_at = datetime.fromtimestamp(seconds, UTC)
    if abs(now - sent_at) > settings.tolerance:
        raise WebhookError(401, "it was signed too long ago, or ahead of our clock: check both clocks")
    return _told(body, f"{settings.source} {webhook_id}", sent_at, settings)


def _proved(body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes]) -> tuple[str, int]:
    """Return the id and the second of signing, once one of the signatures is ours; every pair is compared."""
    webhook_id = _header(headers, "webhook-id", _ID)
    seconds = _header(headers, "webhook-timestamp", _SECONDS)
    given = _header(headers, "webhook-signature", re.compile(rf"[\x20-\x7e]{{1,{_SIGNATURES_MOST}}}"))
    holds = False
    for one in given.split(" "):
        for secret in secrets:
            holds |= hmac.compare_digest(one, signature(secret, webhook_id, seconds, body))
    if not holds:
        raise WebhookError(401, "no signature of it is by a secret of ours")
    return webhook_id, int(seconds)


def _header(headers: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    found = [value for given, value in headers.items() if given.lower() == name]
    if len(found) != 1 or not form.fullmatch(found[0]):
        raise WebhookError(400, f"{name} is missing, doubled or broken")
    return found[0]


def _told(body: bytes, event_id: str, sent_at: datetime, settings: Settings) -> tuple[Received, ...]:
    try:
        event = _Event.model_validate(json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number))
        kind = settings.kinds.get(event.type)
        names = {name: settings.fields.get(name, name) for name in _Data.model_fields}
        data = _Data.model_validate({name: event.data.get(theirs) for name, theirs in names.items()})
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise WebhookError(422, f"{place or 'the body'} is not what was agreed") from None
    except (ValueError, RecursionError):
        raise WebhookError(400, "the body is no JSON, or says one thing twice") from None
    at = event.timestamp or sent_at
    if not sent_at - _LATE_MOST <= at <= sent_at + settings.tolerance:
        raise WebhookError(422, "timestamp lies ahead of the signature, or a year before it")
    return () if kind is None else (_received(kind, data, event_id, at),)


def _received(kind: Kind, data: _Data, event_id: str, at: datetime) -> Received:
    about = data.key or data.provider_id
    match kind:
        case Kind.DELIVERED | Kind.UNDELIVERED | Kind.BOUNCED:
            _need(about, "key or provider_id")
            what = What.BOUNCE if kind is Kind.BOUNCED else What.DELIVERY
            ends = kind is Kind.BOUNCED
            return Received(event_id, what, at, data.key, data.provider_id, str(kind), ends_point=ends)
        case Kind.CALL:
            _need(about, "key or provider_id")
            _need(data.outcome, "outcome")
            return Received(event_id, What.OUTCOME, at, data.key, data.provider_id, data.outcome)
        case Kind.REPLY | Kind.OPT_OUT:
            _need(data.sender, "sender")
            text = data.text or (_OPT_OUT if kind is Kind.OPT_OUT else "")
            return Received(event_id, What.REPLY, at, data.key, data.provider_id, sender=data.sender, text=text)


def _need(found: str | None, name: str) -> None:
    if not found:
        raise WebhookError(422, f"data has no {name}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says one thing twice: two readers could take it in two ways."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("doubled")
    return found


def _no_number(name: str) -> float:
    raise ValueError(name)
