"""A receiver for a mail server on this machine: it speaks LMTP or SMTP on loopback, and hands mails on as bytes.

    with receiving(maildir.keep, Receiver(port=8024)) as port: ...

It answers 250 only once a mail has been taken, else 451, so that the mail server keeps it and comes again: nothing is
lost, and a mail may come twice. Each mail begins with where it came from and to, as RFC 5321, 4.4 has it done.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from duecourse.channels.connection import is_loopback
from duecourse.channels.email.maildir import BYTES_MAX
from duecourse.kernel.errors import DueCourseError

Take = Callable[[bytes], None]
"""What a mail is handed to: it has it for good when it returns; whatever it raises, the mail comes again."""

_LINE_MAX: Final = 100_000  # far over the standard's 1,000: a mail is not lost for a long line
_RECIPIENTS_MAX: Final = 100
_STOP_SECONDS: Final = 10
_NOT_TAKEN: Final = "451 4.3.0 not taken: come again"


@dataclass(frozen=True)
class Receiver:
    """Where to listen (port 0: any that is free), in which language, and what is too large or takes too long."""

    host: str = "127.0.0.1"
    port: int = 0
    is_lmtp: bool = True
    bytes_max: int = BYTES_MAX
    timeout_seconds: int = 60

    def __post_init__(self) -> None:
        """Refuse to listen to others than this machine: there is neither TLS nor a defence against spam."""
        if not is_loopback(self.host):
            raise DueCourseError(f"e-mail receiver: {self.host} is not this machine: let a mail server stand before it")


class _Smtp(SMTP):
    line_length_limit = _LINE_MAX


class _Lmtp(LMTP):
    line_length_limit = _LINE_MAX


class _Handler:
    """What becomes of a mail; one is taken at a time, in the order in which they came."""

    def __init__(self, take: Take, receiver: Receiver) -> None:
        self._take, self._receiver = take, receiver
        self.hands = ThreadPoolExecutor(1)

    async def handle_RCPT(  # noqa: N802 - the library's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= _RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        mail = _traced(envelope) + (content if isinstance(content, bytes) else b"")
        taking = asyncio.wrap_future(self.hands.submit(self._take, mail))
        await asyncio.wait([taking], timeout=self._receiver.timeout_seconds)
        is_taken = taking.done() and taking.exception() is None
        reply = "250 2.0.0 taken" if is_taken else _NOT_TAKEN
        return "\r\n".join([reply] * (len(envelope.rcpt_tos) if self._receiver.is_lmtp else 1))  # RFC 2033, 4.2

    async def handle_exception(self, _error: Exception) -> str:
        """Keep the library from refusing a mail for good because of what went wrong here."""
        return _NOT_TAKEN


@contextmanager
def receiving(take: Take, receiver: Receiver) -> Iterator[int]:
    """Receive until the block ends; gives the port. DueCourseError when that cannot be listened on."""
    logging.getLogger("mail.log").disabled = True  # the library's: it writes down who writes to whom
    ready: Future[tuple[int, Callable[[], None]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_served(take, receiver, ready)), daemon=True)
    thread.start()
    try:
        port, stop = ready.result(_STOP_SECONDS)
    except OSError as error:
        raise DueCourseError(
            f"e-mail receiver: {receiver.host}:{receiver.port} cannot be listened on ({type(error).__name__}): "
            "is another running?"
        ) from None
    try:
        yield port
    finally:
        stop()
        thread.join(_STOP_SECONDS)


async def _served(take: Take, receiver: Receiver, ready: "Future[tuple[int, Callable[[], None]]]") -> None:
    loop, stopped, handler = asyncio.get_running_loop(), asyncio.Event(), _Handler(take, receiver)
    lines: list[SMTP] = []

    def line() -> SMTP:
        kind = _Lmtp if receiver.is_lmtp else _Smtp
        made = kind(
            handler,
            data_size_limit=receiver.bytes_max,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="mail",
            timeout=receiver.timeout_seconds,
            loop=loop,
        )
        lines[:] = [old for old in lines if old.transport is not None] + [made]
        return made

    try:
        server = await loop.create_server(line, receiver.host, receiver.port)
    except OSError as error:
        ready.set_exception(error)
        return

    def stop() -> None:
        loop.call_soon_threadsafe(stopped.set)

    ready.set_result((int(server.sockets[0].getsockname()[1]), stop))
    await stopped.wait()
    server.close()
    for open_line in lines:
        if open_line.transport is not None:
            open_line.transport.close()
    await asyncio.to_thread(handler.hands.shutdown)  # what is being taken is taken to its end


def _traced(envelope: Envelope) -> bytes:
    """Return the lines that say where a mail came from and to."""
    sender = (envelope.mail_from or "").strip("<>")
    lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {address}" for address in envelope.rcpt_tos)]
    return "".join(f"{''.join(filter(str.isprintable, line))}\r\n" for line in lines).encode(errors="replace")
