"""A message centre over loopback, written from SMPP 3.4 with `struct` alone: it shares nothing with the client.

It counts what reaches it, and does what a test scripts: refuses, stalls, hangs up, or sends what is not SMPP.
"""

import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

LIMIT: Final = 10  # seconds for anything here
BIND_RECEIVER, BIND_TRANSMITTER, QUERY, SUBMIT, DELIVER, UNBIND, BIND_TRANSCEIVER, ENQUIRE = 1, 2, 3, 4, 5, 6, 9, 0x15
RESP, NACK = 0x80000000, 0x80000000
BINDS: Final = (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER)


@dataclass(frozen=True)
class Submit:
    """A submit_sm as it was read, field by field (4.4.1)."""

    source_ton: int
    source: str
    dest_ton: int
    dest_npi: int
    destination: str
    esm_class: int
    registered: int
    coding: int
    short_message: bytes
    parameters: dict[int, bytes]


@dataclass(frozen=True)
class Act:
    """What to do with one command: answer with a status (and how), or do something worse."""

    status: int = 0
    kind: str = "answer"


ACCEPT = Act()


class Reader:
    """Reads a body from its beginning."""

    def __init__(self, body: bytes) -> None:
        """Take a body."""
        self.rest = body

    def text(self) -> str:
        value, zero, self.rest = self.rest.partition(b"\0")
        assert zero, "a C-octet string without its end"
        return value.decode("ascii")

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size))

    def take(self, size: int) -> bytes:
        assert len(self.rest) >= size
        value, self.rest = self.rest[:size], self.rest[size:]
        return value


def read_submit(body: bytes) -> Submit:
    reader = Reader(body)
    assert reader.text() == ""  # service_type
    source_ton, _ = reader.number(), reader.number()
    source = reader.text()
    dest_ton, dest_npi, destination = reader.number(), reader.number(), reader.text()
    esm_class, _, _ = reader.number(), reader.number(), reader.number()
    assert (reader.text(), reader.text()) == ("", "")  # schedule_delivery_time, validity_period
    registered, _, coding, _ = (reader.number() for _ in range(4))
    message = reader.take(reader.number())
    parameters = {}
    while reader.rest:
        tag, length = reader.number(2), reader.number(2)
        parameters[tag] = reader.take(length)
    return Submit(
        source_ton, source, dest_ton, dest_npi, destination, esm_class, registered, coding, message, parameters
    )


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def tlv(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


def deliver_body(
    words: bytes,
    *,
    source: str = "4915112345678",
    esm_class: int = 0,
    coding: int = 0,
    parameters: bytes = b"",
    destination: str = "12345",
    source_ton: int = 1,
) -> bytes:
    """Return the body of a deliver_sm (4.6.1)."""
    return (
        b"\0"
        + bytes((source_ton, 1))
        + source.encode()
        + b"\0\1\1"
        + destination.encode()
        + b"\0"
        + bytes((esm_class, 0, 0))
        + b"\0\0"
        + bytes((0, 0, coding, 0, len(words)))
        + words
        + parameters
    )


def receipt(message_id: str, stat: str, *, text: str = "") -> bytes:
    """Return the text of a receipt as appendix B shows it."""
    return (
        f"id:{message_id} sub:001 dlvrd:001 submit date:2611221000 done date:2611221001 stat:{stat} err:000 text:{text}"
    ).encode()


@dataclass
class Smsc:
    """A message centre; scripts are used up from the left, then everything is accepted."""

    tls: ssl.SSLContext | None = None
    on_bind: deque[Act] = field(default_factory=deque)
    on_submit: deque[Act] = field(default_factory=deque)
    on_enquire: deque[Act] = field(default_factory=deque)
    states: dict[str, int] = field(default_factory=dict)  # what query_sm tells
    before_answer: Callable[["Smsc", socket.socket], object] | None = None
    binds: list[tuple[int, str, str, int]] = field(default_factory=list)
    submits: list[Submit] = field(default_factory=list)
    queries: list[tuple[str, str]] = field(default_factory=list)
    answers: list[tuple[int, int]] = field(default_factory=list)  # of deliver_sm: sequence, status
    nacks: list[int] = field(default_factory=list)
    enquiries: int = 0
    enquire_answers: int = 0
    unbinds: int = 0

    def __post_init__(self) -> None:
        """Listen, and serve whoever connects."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.changed = threading.Condition(threading.RLock())
        self.bound: list[tuple[int, socket.socket]] = []
        self.streams: list[socket.socket] = []
        self.sequence = 1000
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    # --- what a test does -------------------------------------------------------------------------------------

    def deliver(self, body: bytes) -> int:
        """Send a deliver_sm over the newest connection that receives; return its sequence number."""
        with self.changed:
            self.sequence += 1
            self.push(pdu(DELIVER, self.sequence, body))
            return self.sequence

    def push(self, octets: bytes) -> None:
        """Send octets as they are."""
        self.wait_for(lambda: any(kind != BIND_TRANSMITTER for kind, _ in self.bound))
        stream = [stream for kind, stream in self.bound if kind != BIND_TRANSMITTER][-1]
        stream.sendall(octets)

    def wait_for(self, holds: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, LIMIT), "it did not come to pass in time"

    def hang_up(self) -> None:
        """Close every connection."""
        with self.changed:
            for stream in self.streams:
                with suppress(OSError):
                    stream.shutdown(socket.SHUT_RDWR)
            self.wait_for(lambda: not self.bound)

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a connection
        self.threads[0].join(LIMIT)
        self.listener.close()
        for stream in list(self.streams):
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        for thread in self.threads[1:]:
            thread.join(LIMIT)
            assert not thread.is_alive()

    # --- the centre itself ------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(stream,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(LIMIT)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with plain, suppress(OSError, EOFError, ssl.SSLError):
            stream = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            self.streams.append(stream)
            try:
                self._frames(stream)
            finally:
                with self.changed:
                    self.bound = [one for one in self.bound if one[1] is not stream]
                    self.changed.notify_all()
                stream.close()

    def _frames(self, stream: socket.socket) -> None:
        while True:
            header = _exactly(stream, 16)
            length, command, status, sequence = struct.unpack(">IIII", header)
            body = _exactly(stream, length - 16)
            with self.changed:
                goes_on = self._handle(stream, command, status, sequence, body)
                self.changed.notify_all()
            if not goes_on:
                return

    def _handle(self, stream: socket.socket, command: int, status: int, sequence: int, body: bytes) -> bool:
        if command in BINDS:
            reader = Reader(body)
            self.binds.append((command, reader.text(), reader.text(), Reader(reader.rest[1:]).number()))
            act = self.on_bind.popleft() if self.on_bind else ACCEPT
            if act.kind == "answer" and not act.status:
                self.bound.append((command, stream))
            return self._answer(stream, command, sequence, b"centre\0" if not act.status else b"", act)
        if command == SUBMIT:
            self.submits.append(read_submit(body))
            act = self.on_submit.popleft() if self.on_submit else ACCEPT
            if self.before_answer:
                self.before_answer(self, stream)
            return self._answer(stream, command, sequence, b"m%d\0" % len(self.submits), act)
        if command == QUERY:
            reader = Reader(body)
            message_id = reader.text()
            reader.number(2)
            self.queries.append((message_id, reader.text()))
            state = self.states.get(message_id)
            if state is None:
                stream.sendall(pdu(QUERY | RESP, sequence, status=0x67))
            else:
                stream.sendall(pdu(QUERY | RESP, sequence, message_id.encode() + b"\0\0" + bytes((state, 0))))
            return True
        if command == ENQUIRE:
            self.enquiries += 1
            return self._answer(
                stream, command, sequence, b"", self.on_enquire.popleft() if self.on_enquire else ACCEPT
            )
        if command == UNBIND:
            self.unbinds += 1
            stream.sendall(pdu(UNBIND | RESP, sequence))
        elif command == DELIVER | RESP:
            assert body == b"\0"
            self.answers.append((sequence, status))
        elif command == ENQUIRE | RESP:
            self.enquire_answers += 1
        elif command == NACK:
            self.nacks.append(status)
        return command != UNBIND

    def _answer(self, stream: socket.socket, command: int, sequence: int, body: bytes, act: Act) -> bool:
        good = pdu(command | RESP, sequence, body if not act.status else b"", act.status)
        sent: dict[str, list[bytes]] = {
            "answer": [good],
            "answer and hang up": [good],
            "nack": [pdu(NACK, sequence, status=act.status)],
            "nack of nothing": [pdu(NACK, 0, status=act.status)],
            "hang up": [],
            "stall": [],
            "half": [good[: len(good) - 3]],
            "twice": [good, good],
            "other first": [pdu(command | RESP, sequence + 7, b"wrong\0"), good],
            "unknown first": [pdu(0x00000777, 77), good],
            "huge": [struct.pack(">IIII", 0xFFFFFFFF, command | RESP, 0, sequence)],
            "tiny": [struct.pack(">IIII", 3, command | RESP, 0, sequence)],
            "drips": [good[place : place + 1] for place in range(len(good))],
            "unbind": [pdu(UNBIND, 99)],
        }
        for octets in sent[act.kind]:
            stream.sendall(octets)
        return act.kind not in {"hang up", "answer and hang up", "half"}


def _exactly(stream: socket.socket, size: int) -> bytes:
    octets = b""
    while len(octets) < size:
        more = stream.recv(size - len(octets))
        if not more:
            raise EOFError
        octets += more
    return octets


@contextmanager
def running(smsc: Smsc) -> Iterator[Smsc]:
    """End it afterwards, whatever happens."""
    try:
        yield smsc
    finally:
        smsc.close()
