"""E-mail over SMTP: each message's fate, exact to the byte after which it may have left.

Until the line that ends a message has been handed to the network, the server may keep nothing (RFC 5321, 4.1.1.4), so
nothing has left. From then on, until its reply has been read, nobody knows. The reply decides: 2xx it has it, 4xx and
5xx it does not. Replies name people, so none is passed on: a reason holds a step, a code and no more.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from duecourse.channels.connection import cut_off_after, trusting
from duecourse.channels.email.addresses import Mailbox, mailbox
from duecourse.channels.email.inbound import NO_SUCH_ADDRESS, received
from duecourse.channels.email.maildir import Maildir
from duecourse.channels.email.settings import Settings, Tls
from duecourse.channels.email.writing import rendered, return_path
from duecourse.channels.environment import secret
from duecourse.channels.transport import HELD_BACK, Fate, Message, Received, Result
from duecourse.kernel.errors import DueCourseError

_FAILURES: Final = (OSError, smtplib.SMTPException, ValueError)  # the last: a reply or a name that is no text
_DETAIL: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463
_QUEUED: Final = re.compile(r"(?:queued as |\bid=|\bOk )([A-Za-z0-9][A-Za-z0-9.-]{5,63})\)?$")
_RECIPIENT: Final = "the recipient"
_NEEDS_LOGIN: Final = (530, 535, 538)  # RFC 4954: about the connection, not about the message


class _NotReadyError(DueCourseError):
    """No connection that a message could be given to; nothing has left."""


@dataclass
class _Line:
    """A connection to a server. `guard` is a second handle on it, by which another thread cuts it off."""

    client: smtplib.SMTP
    guard: socket.socket

    def end(self) -> None:
        self.client.close()
        self.guard.close()


class EmailTransport:
    """Sends over one connection, opened when first needed and again when lost; one thread uses it.

    `clock` gives the moment, with its zone, that a message is dated with. `inbox` is the folder that mails come in by.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime], inbox: Maildir | None = None) -> None:
        """Take the password out of the environment; DueCourseError when that, or a certificate, is not there."""
        self._settings, self._clock, self._inbox = settings, clock, inbox
        self._password = secret(settings.password_from) if settings.user else ""
        self._context = trusting(settings.ca_file)
        self._line: _Line | None = None

    def send(self, message: Message) -> Result:
        """Render a message for this moment and hand it over."""
        try:
            data = rendered(message, self._settings, self._clock())
        except DueCourseError as error:
            return Result(Fate.REFUSED, why=str(error))
        return self.send_rendered(message, data)

    def send_rendered(self, message: Message, data: bytes) -> Result:
        """Hand over exactly these bytes, which `rendered` has made, and which the caller may have kept."""
        try:
            to, sender = mailbox(message.to, "a message's address"), return_path(message, self._settings)
        except DueCourseError as error:
            return Result(Fate.REFUSED, why=str(error))
        if not data.endswith(b"\r\n"):
            return Result(Fate.REFUSED, why="the bytes do not end with a line: they are not those of `rendered`")
        try:
            line = self._ready()
        except _NotReadyError as error:
            return Result(Fate.NOT_LEFT, why=str(error))
        with cut_off_after(line.guard, self._settings.timeout_seconds):
            try:
                result = _handed_over(line.client, sender, to, data, message.may_leave)
            except _FAILURES:
                result = Result(Fate.NOT_LEFT, why="the connection was lost, or timed out, before the message's end")
                self._drop()
        if result.fate is Fate.UNKNOWN or result is HELD_BACK:  # what has no end the server does not take
            self._drop()
        return result

    def ask(self, message: Message) -> Result:  # noqa: ARG002 - the protocol's
        """SMTP cannot be asked: a bounce may tell."""
        return Result(Fate.UNKNOWN, why="SMTP cannot be asked what became of a message")

    def received(self) -> Iterator[Received]:
        """Yield what the inbox holds, in the order in which it came; DueCourseError when it cannot be read."""
        for data, at in self._inbox.mails() if self._inbox else ():
            yield received(data, at, self._settings.tokens)

    def close(self) -> None:
        """Take leave of the server, if there is still one."""
        if self._line is not None:
            with cut_off_after(self._line.guard, self._settings.timeout_seconds), suppress(*_FAILURES):
                self._line.client.quit()
            self._drop()

    def _drop(self) -> None:
        if self._line is not None:
            self._line.end()
        self._line = None

    def _ready(self) -> _Line:
        """Return a connection that has just answered: the one there is, or a new one."""
        if self._line is not None:
            with cut_off_after(self._line.guard, self._settings.timeout_seconds), suppress(*_FAILURES):
                if self._line.client.rset()[0] == 250:
                    return self._line
            self._drop()
        self._line = _opened(self._settings, self._context, self._password)
        return self._line


def _handed_over(client: smtplib.SMTP, sender: str, to: Mailbox, data: bytes, may_leave: Callable[[], bool]) -> Result:
    """Hand one message over; an error that comes out of here came before anything could have left."""
    if to.needs_utf8 and not client.has_extn("smtputf8"):
        return Result(Fate.REFUSED, why="the address is not ASCII, and the server has no SMTPUTF8")
    options = ["SMTPUTF8", "BODY=8BITMIME"] if to.needs_utf8 else []
    if client.has_extn("size"):
        options.append(f"SIZE={len(data)}")
    steps: tuple[tuple[str, int, Callable[[], tuple[int, bytes]]], ...] = (
        ("the sender", 2, lambda: client.mail(sender, options)),
        (_RECIPIENT, 2, lambda: client.rcpt(to.address)),
        ("the message", 3, lambda: client.docmd("DATA")),
    )
    for what, wanted, ask in steps:
        code, text = ask()
        # Down to whole hundreds: the first digit of a reply decides.
        if code // 100 != wanted:
            return _declined(what, code, text)
    client.send(re.sub(rb"(?m)^\.", b"..", data))  # RFC 5321, 4.5.2
    return _ended(client) if may_leave() else HELD_BACK


def _ended(client: smtplib.SMTP) -> Result:
    """Say that the message is whole, and read what the server says to it."""
    try:
        client.send(b".\r\n")
        code, text = client.getreply()
    except _FAILURES:
        return Result(
            Fate.UNKNOWN, why="the connection was lost, or timed out, between the message's end and the reply"
        )
    if 200 <= code < 300:
        queued = _QUEUED.search(text.decode(errors="replace"))
        return Result(Fate.LEFT, queued[1] if queued else None)
    if 400 <= code < 600:
        return _declined("the message", code, text)
    return Result(Fate.UNKNOWN, why="the server's reply to the message is none that SMTP has")


def _declined(what: str, code: int, text: bytes) -> Result:
    why = f"the server did not take {what}: {_shown(code, text)}"
    is_final = 500 <= code < 600 and code not in _NEEDS_LOGIN
    no_such_address = is_final and what == _RECIPIENT and _detail(text) in NO_SUCH_ADDRESS
    return Result(Fate.REFUSED if is_final else Fate.NOT_LEFT, why=why, ends_point=no_such_address)


def _shown(code: int, text: bytes) -> str:
    """Return a reply's codes; its words may name somebody."""
    return f"{code} {_detail(text)}".rstrip()


def _detail(text: bytes) -> str:
    """Return the status that begins a reply's words (RFC 3463); empty where it has none."""
    found = _DETAIL.match(text.decode(errors="replace"))
    return found[0] if found else ""


def _opened(settings: Settings, context: ssl.SSLContext, password: str) -> _Line:
    """Connect, seal and log in; _NotReadyError when that is not possible."""
    where = f"{settings.host}:{settings.port}"
    try:
        raw = socket.create_connection((settings.host, settings.port), timeout=settings.timeout_seconds)
    except (OSError, ValueError) as error:
        raise _NotReadyError(f"{where}: cannot be reached ({type(error).__name__}): is the server up?") from None
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a message's end waits 40 ms for its body's receipt
    line = _Line(smtplib.SMTP(local_hostname=settings.sender_box.domain), raw.dup())
    line.client.sock = raw
    try:
        with cut_off_after(line.guard, settings.timeout_seconds):
            _greeted(line.client, settings, context)
            if settings.user:
                line.client.login(settings.user, password)
    except _FAILURES as error:
        line.end()
        raw.close()
        raise _NotReadyError(f"{where}: {_reason(error)}") from None
    except _NotReadyError as error:
        line.end()
        raise _NotReadyError(f"{where}: {error}") from None
    return line


def _greeted(client: smtplib.SMTP, settings: Settings, context: ssl.SSLContext) -> None:
    """Exchange greetings, under TLS where that is set. Nothing said before TLS counts after it (RFC 3207)."""
    if settings.tls is Tls.IMPLICIT:
        _seal(client, settings, context)
    _want(client.getreply(), 220, "greet")
    _want(client.ehlo(), 250, "take EHLO")
    if settings.tls is Tls.STARTTLS:
        if not client.has_extn("starttls"):
            raise _NotReadyError("does not offer STARTTLS: use tls implicit, or another port")
        _want(client.docmd("STARTTLS"), 220, "begin TLS")
        _seal(client, settings, context)
        client.ehlo_resp, client.helo_resp, client.does_esmtp = None, None, False
        client.esmtp_features.clear()
        _want(client.ehlo(), 250, "take EHLO")


def _seal(client: smtplib.SMTP, settings: Settings, context: ssl.SSLContext) -> None:
    if client.sock is not None:
        client.sock = context.wrap_socket(client.sock, server_hostname=settings.host)
    client.file = None  # what was read ahead in the clear is forgotten


def _want(reply: tuple[int, bytes], code: int, step: str) -> None:
    if reply[0] != code:
        raise _NotReadyError(f"did not {step}: {_shown(*reply)}")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "TLS could not be agreed on: is it the right port?"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"did not take the user and password: {error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "offers no log-in: unset the user, or use another port"
    return f"the connection was lost, or timed out, before a message ({type(error).__name__})"
