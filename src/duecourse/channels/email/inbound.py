"""What an incoming mail tells: of any bytes one `Received`, never an error, so that none is lost or blocks.

    a report of delivery (RFC 3464)     failed: BOUNCE `bounced`; delivered: DELIVERY `delivered`; else nothing final;
                                        with a status that says so, the address is of no use any more
    a complaint (RFC 5965)              REPLY with the one word STOP, for a reader of replies to take as a withdrawal
    an automatic answer (RFC 3834)      DELIVERY without an outcome: nobody has said anything
    a bounce in words alone             BOUNCE `bounced`, if it brings back the token of a return path
    anything else                       REPLY with its own words

A mail is about a message only if it brings back a token of ours; a forged one counts as none. Of a report nothing is
kept but its status (5.1.1), for the rest names people. Only the first half million bytes and a hundred parts are read.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Final, NamedTuple

from duecourse.channels.email.tokens import CHARACTERS, Purpose, Tokens
from duecourse.channels.email.words import CHARACTERS_MAX, own_words, shown_words
from duecourse.channels.transport import Received, What

BYTES_MAX: Final = 500_000
PARTS_MAX: Final = 100
DEEP_MAX: Final = 12
COMPLAINT: Final = "STOP"
"""The text of a complaint by which somebody told their provider that our mails are abuse."""

_HEADER_MAX: Final = 20_000
_FIELDS_MAX: Final = 50_000
_ADDRESS_MAX: Final = 320
_SUBJECT_MAX: Final = 500
_TEXT_BYTES_MAX: Final = 4 * CHARACTERS_MAX
_ODD: Final = (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError, HeaderParseError)
"""What the library raises for mails that break the rules."""

_TAGGED: Final = re.compile(rf"\+({CHARACTERS})@")
_NAMED: Final = re.compile(rf"<({CHARACTERS})@")
_ACTION: Final = re.compile(r"^action:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_STATUS: Final = re.compile(r"^status:[ \t]*([245]\.\d{1,3}\.\d{1,3})\b", re.IGNORECASE | re.MULTILINE)
_FEEDBACK: Final = re.compile(r"^feedback-type:[ \t]*([a-z-]+)", re.IGNORECASE | re.MULTILINE)
NO_SUCH_ADDRESS: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"})
"""Statuses for good that speak of the address: RFC 3463, 3.2 and 3.3, and RFC 7505. A full mailbox is none."""
_COMPLAINTS: Final = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
_ADDRESSED: Final = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_ANSWERED_BY_ITSELF: Final = ("x-auto-response-suppress", "x-autoreply", "x-autorespond", "list-id")
_DAEMONS: Final = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "maildaemon"})
_AGAIN: Final = re.compile(r"\s*\w{2,5}\s*[:：]")  # Re: AW: RV: 回复：
_STRANGE_CODECS: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})


class _Told(NamedTuple):
    """What a mail tells, whomever it is about."""

    what: What
    outcome: str | None = None
    text: str = ""
    sender: str | None = None
    ends_point: bool = False


def received(data: bytes, at: datetime, tokens: Tokens) -> Received:
    """Read a mail that came at a moment; the same bytes always give the same `event_id`."""
    mail = _parsed(data)
    key = None
    try:
        key = next(_keys(mail, tokens), None)
        told = _told(mail, _to_return_path(mail, tokens) is not None)
    except _ODD:
        told = _Told(What.REPLY, sender=_sender(mail))
    return Received(
        _event_id(data, mail), told.what, at, key, None, told.outcome, told.sender, told.text, told.ends_point
    )


def _parsed(data: bytes) -> Mail:
    """Parse what is bounded of a mail; of one with too many parts, or parts too deep, only the head."""
    start = data[:BYTES_MAX]
    lower = start.lower()
    is_simple = lower.count(b"content-type:") <= PARTS_MAX and lower.count(b"multipart/") <= DEEP_MAX
    try:
        return BytesParser().parsebytes(start, headersonly=not is_simple)
    except _ODD:
        return Mail()


def _event_id(data: bytes, mail: Mail) -> str:
    name = hashlib.sha256(_header(mail, "message-id").encode(errors="replace")).hexdigest()
    return f"mail-{name[:16]}-{hashlib.sha256(data).hexdigest()[:32]}"


def _header(mail: Mail, name: str) -> str:
    """Return what all headers of a name say, undecoded and bounded; "" where there is none."""
    try:
        return "\n".join(map(str, mail.get_all(name, ())))[:_HEADER_MAX]
    except _ODD:
        return ""


# --- which message it is about ------------------------------------------------------------------------------


def _to_return_path(mail: Mail, tokens: Tokens) -> str | None:
    """Return the key of a message to whose return path a mail came."""
    addressed = "\n".join(_header(mail, name) for name in _ADDRESSED)
    return next(_found(addressed, _TAGGED, Purpose.BOUNCE, tokens), None)


def _keys(mail: Mail, tokens: Tokens) -> Iterator[str]:
    """Yield the keys that a mail brings back: by its address, what it answers, and what a report gives back."""
    addressed = "\n".join(_header(mail, name) for name in _ADDRESSED)
    for purpose in (Purpose.BOUNCE, Purpose.REPLY):
        yield from _found(addressed, _TAGGED, purpose, tokens)
    yield from _found(_header(mail, "in-reply-to"), _NAMED, Purpose.NAME, tokens)
    yield from reversed(list(_found(_header(mail, "references"), _NAMED, Purpose.NAME, tokens)))
    if mail.get_content_type() == "multipart/report":
        given_back = "\n".join(_fields(part) for part in _children(mail))
        yield from _found(given_back, _NAMED, Purpose.NAME, tokens)
        for purpose in (Purpose.BOUNCE, Purpose.REPLY):
            yield from _found(given_back, _TAGGED, purpose, tokens)


def _found(text: str, form: re.Pattern[str], purpose: Purpose, tokens: Tokens) -> Iterator[str]:
    for token in form.findall(text.lower()):
        if (key := tokens.key_of(token, purpose)) is not None:
            yield key


# --- what it tells ------------------------------------------------------------------------------------------


def _told(mail: Mail, is_to_return_path: bool) -> _Told:
    if mail.get_content_type() == "multipart/report":
        return _reported({part.get_content_type(): _fields(part) for part in reversed(_children(mail))})
    if _is_from_daemon(mail):
        return _Told(What.BOUNCE, "bounced" if is_to_return_path else None)
    if _is_automatic(mail):
        return _Told(What.DELIVERY)
    return _Told(What.REPLY, text=_text(mail) or _subject(mail), sender=_sender(mail))


def _reported(fields: dict[str, str]) -> _Told:
    """Read the fields of a report, by the kinds of its parts."""
    for kind in ("message/delivery-status", "message/global-delivery-status"):
        actions = {action.lower() for action in _ACTION.findall(fields.get(kind, ""))}
        status = next(iter(_STATUS.findall(fields.get(kind, ""))), "")
        if "failed" in actions:
            return _Told(What.BOUNCE, "bounced", status, ends_point=status in NO_SUCH_ADDRESS)
        if actions:
            return _Told(What.DELIVERY, "delivered" if actions == {"delivered"} else None, status)
    feedback = _FEEDBACK.search(fields.get("message/feedback-report", ""))
    if feedback and feedback[1].lower() in _COMPLAINTS:
        return _Told(What.REPLY, text=COMPLAINT)
    return _Told(What.DELIVERY)


def _is_from_daemon(mail: Mail) -> bool:
    return (_sender(mail) or "").partition("@")[0].lower() in _DAEMONS


def _is_automatic(mail: Mail) -> bool:
    submitted = _header(mail, "auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or any(_header(mail, name) for name in _ANSWERED_BY_ITSELF)
        or _header(mail, "precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"}
        or _header(mail, "return-path").strip() == "<>"
    )


def _sender(mail: Mail) -> str | None:
    try:
        address = parseaddr(_header(mail, "from"))[1]
    except _ODD:
        return None
    return address if "@" in address and address.isprintable() and len(address) <= _ADDRESS_MAX else None


# --- its words ----------------------------------------------------------------------------------------------


def _children(mail: Mail) -> list[Mail]:
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Mail)] if isinstance(payload, list) else []


def _fields(part: Mail) -> str:
    """Return the fields of a report's part, whether the library has taken them for mails or for text."""
    payload = part.get_payload()
    if isinstance(payload, str):
        return payload[:_FIELDS_MAX]
    found: list[str] = []
    for block in _children(part):
        found += [f"{name}: {value}" for name, value in block.items()]
        inner = block.get_payload()
        found += [inner] if isinstance(inner, str) else []
    return "\n".join(found)[:_FIELDS_MAX]


def _text(mail: Mail) -> str:
    """Return a reply's own words, of its plain text, else of its HTML."""
    leaves = [part for part in _leaves(mail) if part.get_content_disposition() != "attachment"]
    plain = [_decoded(part) for part in leaves if part.get_content_type() == "text/plain"]
    if any(text.strip() for text in plain):
        return own_words("\n".join(plain))
    html = next((_decoded(part) for part in leaves if part.get_content_type() == "text/html"), "")
    return own_words(shown_words(html))


def _leaves(mail: Mail) -> Iterator[Mail]:
    """Yield the parts that are not made of parts; a mail within the mail is another's."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart":
            waiting += reversed(_children(part))
        elif part.get_content_maintype() != "message":
            yield part


def _decoded(part: Mail) -> str:
    """Return a part's text; what its character set does not have is marked."""
    found = part.get_payload(decode=True)
    value = found[:_TEXT_BYTES_MAX] if isinstance(found, bytes) else b""
    charset = (part.get_content_charset() or "utf-8").lower()
    try:
        codec = codecs.lookup("gb18030" if charset in {"gb2312", "gbk"} else charset).name.replace("_", "-")
        if codec not in _STRANGE_CODECS:
            return value.decode(codec, errors="replace")
    except (LookupError, ValueError):
        pass
    return value.decode(errors="replace")


def _subject(mail: Mail) -> str:
    """Return the subject of a mail without words, unless it is only ours given back."""
    try:
        found = str(make_header(decode_header(_header(mail, "subject"))))
    except _ODD:
        return ""
    return "" if _AGAIN.match(found) else " ".join(found.split())[:_SUBJECT_MAX]
