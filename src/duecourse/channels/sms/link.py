"""One bound connection to a message centre: a command and its answer, and what the centre says meanwhile.

Used by one thread. Whatever goes wrong ends the link: half a frame cannot be repaired, and a late answer must not be
taken for another's. What the centre delivered and was not answered it delivers again over the next link.
"""

import math
import socket
import ssl
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Final, Self

from duecourse.channels.sms import pdu
from duecourse.channels.sms.pdu import BrokenError, Command, Frame, Status
from duecourse.channels.sms.settings import Settings

_AT_A_TIME: Final = 65_536
_HELD_MOST: Final = 1_000  # deliveries that wait to be handed on; past it the centre is told to come back later
_SILENCE: Final = timedelta(milliseconds=1).total_seconds()  # after which all that was waiting has been read
_REFRESH_MOST: Final = timedelta(seconds=1).total_seconds()
_GOODBYE: Final = timedelta(seconds=2)


class LinkError(Exception):
    """The link is of no use any more. Its text holds nothing personal."""


class Link:
    """A connection that is bound; `open` makes one."""

    def __init__(self, stream: socket.socket, settings: Settings) -> None:
        """Take a connection over; it is not bound yet."""
        self._stream = stream
        self._settings = settings
        self._buffer = bytearray()
        self._sequence = 0
        self._heard_at = monotonic()
        self._held: deque[Frame] = deque()
        self.is_open = True

    @classmethod
    def open(cls, settings: Settings, kind: Command, password: str, tls: ssl.SSLContext | None) -> Self:
        """Connect and bind; LinkError where that is not possible, and nothing was sent then."""
        stream = None
        try:
            within = settings.connect_within.total_seconds()
            stream = socket.create_connection((settings.host, settings.port), timeout=within)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                stream = tls.wrap_socket(stream, server_hostname=settings.host)
        except ssl.SSLCertVerificationError as error:
            _end(stream)
            raise LinkError(f"the message centre's certificate does not hold: {error.verify_message}") from None
        except OSError as error:
            _end(stream)
            raise LinkError(f"the message centre cannot be reached: {type(error).__name__}") from None
        link = cls(stream, settings)
        answer = link.request(lambda sequence: pdu.bind(kind, settings, password, sequence))
        if answer.status or answer.command == Command.GENERIC_NACK:
            link.drop()
            raise LinkError(f"the message centre does not let us in ({answer.status:#x}): check account and password")
        return link

    def request(self, make: Callable[[int], bytes]) -> Frame:
        """Send a command and return its answer, or the refusal to read it; LinkError when neither comes in time."""
        self._sequence = self._sequence % pdu.SEQUENCES + 1
        sent, until = make(self._sequence), monotonic() + self._settings.answer_within.total_seconds()
        expected = int.from_bytes(sent[4:8]) | pdu.ANSWER
        self._write(sent)
        while True:
            found = self._next(until)
            if found is None:
                raise self._lost("the message centre did not answer in time")
            if found.sequence == self._sequence and found.command in {expected, Command.GENERIC_NACK}:
                return found
            self._handle(found)

    def refresh(self) -> None:
        """Handle what has come in, and see that the centre is there if it was silent; LinkError when it is not."""
        until = monotonic() + _REFRESH_MOST  # a centre that never falls silent must not keep us here
        while found := self._next(until, _SILENCE):
            self._handle(found)
        if monotonic() - self._heard_at > self._settings.enquire_every.total_seconds():
            self.request(lambda sequence: pdu.frame(Command.ENQUIRE_LINK, sequence))

    def delivery(self, until: float) -> Frame | None:
        """Return the next deliver_sm, waiting until a moment of `monotonic`; None where none came."""
        while not self._held:
            found = self._next(until)
            if found is None:
                return None
            self._handle(found)
        return self._held.popleft()

    def answer(self, frame: Frame, status: int) -> None:
        """Answer a command, with an empty body: a message id, where there could be one, is unused (4.6.2)."""
        body = b"\0" if frame.command == Command.DELIVER_SM else b""
        self._write(pdu.frame(frame.command | pdu.ANSWER, frame.sequence, body, status))

    def close(self) -> None:
        """Say goodbye, and wait a little for the answer; what was not handed on will come again."""
        if not self.is_open:
            return
        try:
            self._sequence = self._sequence % pdu.SEQUENCES + 1
            self._write(pdu.frame(Command.UNBIND, self._sequence))
            until = monotonic() + min(_GOODBYE, self._settings.answer_within).total_seconds()
            while (found := self._next(until)) and found.command != Command.UNBIND | pdu.ANSWER:
                pass
        except LinkError:
            pass
        self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        self.is_open = False
        _end(self._stream)

    def _handle(self, found: Frame) -> None:
        """Do what a frame asks for that is no answer we wait for."""
        match found.command:
            case Command.DELIVER_SM if len(self._held) < _HELD_MOST:
                self._held.append(found)
            case Command.DELIVER_SM:
                self.answer(found, Status.QUEUE_FULL)
            case Command.ENQUIRE_LINK:
                self.answer(found, Status.OK)
            case Command.UNBIND:
                self.answer(found, Status.OK)
                raise self._lost("the message centre has ended the connection")
            case Command.GENERIC_NACK if found.sequence == 0:
                raise self._lost("the message centre cannot read what we send")
            case command if command & pdu.ANSWER or command in {Command.ALERT_NOTIFICATION, Command.OUTBIND}:
                pass  # late, or nothing to answer
            case _:
                self._write(pdu.frame(Command.GENERIC_NACK, found.sequence, status=Status.BAD_COMMAND))

    def _next(self, until: float, patience: float = math.inf) -> Frame | None:
        """Return the next frame; None where it is not whole by then, or after so much silence."""
        while True:
            try:
                found = pdu.cut(self._buffer)
            except BrokenError as error:
                self._write(pdu.frame(Command.GENERIC_NACK, 0, status=error.status))
                raise self._lost("the message centre sends what is not SMPP") from None
            if found:
                self._heard_at = monotonic()
                return found
            if not self._read(min(until - monotonic(), patience)):
                return None

    def _read(self, within: float) -> bool:
        """Read some octets; False where there are none in so many seconds."""
        if not self.is_open:
            raise LinkError("the connection has ended")
        if within <= 0:
            return False
        try:
            self._stream.settimeout(within)
            octets = self._stream.recv(_AT_A_TIME)
        except TimeoutError:
            return False
        except OSError as error:
            raise self._lost(f"the connection broke: {type(error).__name__}") from None
        if not octets:
            raise self._lost("the message centre has closed the connection")
        self._buffer += octets
        return True

    def _write(self, octets: bytes) -> None:
        if not self.is_open:
            raise LinkError("the connection has ended")
        try:
            self._stream.settimeout(self._settings.answer_within.total_seconds())
            self._stream.sendall(octets)
        except OSError as error:
            raise self._lost(f"the connection broke: {type(error).__name__}") from None

    def _lost(self, why: str) -> LinkError:
        self.drop()
        return LinkError(why)


def _end(stream: socket.socket | None) -> None:
    """Close a connection, whatever state it is in."""
    if stream is not None:
        stream.close()
