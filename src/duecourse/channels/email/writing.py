"""A message as the exact bytes that leave: the same for the same message, settings and moment.

They can be kept with a hash. Lines end with CRLF and all is ASCII, but for an address that is not. The headers are
written here, for there are few and the folding of the standard library would encode a long address of a link; the texts
are coded by the library.
"""

import base64
import hashlib
import quopri
import re
import unicodedata
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, quote
from typing import Final

from duecourse.channels.email.addresses import mailbox
from duecourse.channels.email.settings import Settings
from duecourse.channels.email.tokens import Purpose
from duecourse.channels.transport import Message
from duecourse.kernel.errors import DueCourseError

_SUBJECT_MAX: Final = 500
_PLAIN_MAX: Final = 70  # characters of a header that stands on one line as it is
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, halves of characters, ends of lines
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")  # of BCP 47, as far as we write it
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def message_id(message: Message, settings: Settings) -> str:
    """Return the Message-ID, with its brackets: the same at each try, so that a second copy is known for one."""
    return f"<{settings.tokens.token(message.key, Purpose.NAME)}@{settings.sender_box.domain}>"


def return_path(message: Message, settings: Settings) -> str:
    """Return where a bounce of this message goes."""
    return settings.return_box.tagged(settings.tokens.token(message.key, Purpose.BOUNCE))


def rendered(message: Message, settings: Settings, at: datetime) -> bytes:
    """Return the bytes of a message that leaves at a moment (with its zone); DueCourseError when it cannot be sent."""
    _check(message, at)
    lines = [f"{name}: {value}\r\n" for name, value in _headers(message, settings, at)]
    parts = [("plain", message.text)] + ([("html", message.html)] if message.html else [])
    written = [_part(kind, text, message.language) for kind, text in parts]
    if len(written) == 1:
        return "".join(lines).encode() + written[0]
    boundary = f"=_{hashlib.sha256(message.key.encode()).hexdigest()[:40]}"  # `=_` stands in neither coding
    lines.append(f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n')
    inside = b"".join(b"--%s\r\n%s" % (boundary.encode(), part) for part in written)
    return "".join(lines).encode() + inside + f"--{boundary}--\r\n".encode()


def _check(message: Message, at: datetime) -> None:
    if at.utcoffset() is None:
        raise DueCourseError("an e-mail's moment has no zone: give one")
    if any(unicodedata.category(sign) in _UNSEEN for sign in message.subject) or len(message.subject) > _SUBJECT_MAX:
        raise DueCourseError(f"a subject has a line break or control character, or over {_SUBJECT_MAX} characters")
    if not message.text.strip():
        raise DueCourseError("an e-mail has no text: write one beside the HTML")
    if message.pages:
        raise DueCourseError("an e-mail carries no pages: send them as a letter")
    if not _LANGUAGE.fullmatch(message.language):
        raise DueCourseError("an e-mail's language is no tag of BCP 47, as in zh or pt-BR")
    try:
        (message.key + message.text + message.html).encode()
    except UnicodeEncodeError:
        raise DueCourseError("an e-mail has halves of characters in it: they cannot be sent") from None


def _headers(message: Message, settings: Settings, at: datetime) -> list[tuple[str, str]]:
    def token(purpose: Purpose) -> str:
        return settings.tokens.token(message.key, purpose)

    found = [
        ("Date", format_datetime(at)),
        ("From", _named("From", settings.sender_name, settings.sender_box.address)),
        ("To", mailbox(message.to, "a message's address").address),
    ]
    if settings.reply_box:
        found.append(("Reply-To", settings.reply_box.tagged(token(Purpose.REPLY))))
    found += [
        ("Subject", _words("Subject", message.subject)),
        ("Message-ID", message_id(message, settings)),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: what answers by itself answers not
    ]
    if settings.unsubscribe:  # RFC 8058
        found.append(("List-Unsubscribe", f"<{settings.unsubscribe.format(token=token(Purpose.LEAVE))}>"))
        found.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return [*found, ("Content-Language", message.language), ("MIME-Version", "1.0")]


def _words(name: str, text: str) -> str:
    """Return words as a header has them: as they are if that is one line of plain ASCII, else as RFC 2047 says."""
    if text.isascii() and "=?" not in text and text == text.strip() and len(text) <= _PLAIN_MAX:
        return text
    return Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


def _named(name: str, words: str, address: str) -> str:
    if not words:
        return address
    coded = _words(name, words)
    return f'"{quote(words)}" <{address}>' if coded == words else f"{coded}\r\n <{address}>"


def _part(kind: str, text: str, language: str) -> bytes:
    """Return a text with its headers, in the shorter of the two codings that every server passes on unchanged."""
    text = _LINE_END.sub("\n", text)
    text = text if text.endswith("\n") else f"{text}\n"
    readable = quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")
    compact = base64.encodebytes(text.replace("\n", "\r\n").encode()).replace(b"\n", b"\r\n")
    coding, body = ("quoted-printable", readable) if len(readable) <= len(compact) else ("base64", compact)
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {coding}\r\n"
    return f"{head}Content-Language: {language}\r\n\r\n".encode() + body
