"""A provider over loopback that behaves as a test wants, and keeps what reached it."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

LIMIT: Final = 10  # seconds


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What to answer; `how` is `whole`, or a way to behave badly."""

    status: int = 202
    body: bytes = b'{"id": "p1"}'
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "whole"


@dataclass
class Provider:
    port: int
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)  # used up from the left
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/messages"


def _drip(stream: socket.socket, first: bytes, done: threading.Event) -> None:
    """Send something, then octet after octet without an end in sight."""
    stream.sendall(first)
    for _ in range(500):
        if done.wait(0.02):
            return
        stream.sendall(b" ")


def _behave(stream: socket.socket, answer: Answer, done: threading.Event) -> None:
    """Write an answer octet by octet ourselves: a good server would not do these things."""
    head = f"HTTP/1.1 {answer.status} X\r\n" + "".join(f"{a}: {b}\r\n" for a, b in answer.headers.items())
    whole = f"{head}Content-Length: {len(answer.body)}\r\n\r\n".encode() + answer.body
    acts: dict[str, Callable[[], object]] = {
        "whole": lambda: stream.sendall(whole),
        "nothing": lambda: None,
        "stall": lambda: done.wait(LIMIT),
        "garbage": lambda: stream.sendall(b"\x00\x01 this is not HTTP\r\n\r\n"),
        "half a status": lambda: stream.sendall(b"HTTP/1.1 20"),
        "cut off": lambda: stream.sendall(whole[:-3]),
        "no length": lambda: stream.sendall(f"{head}\r\n".encode() + answer.body),
        "chunked": lambda: stream.sendall(
            f"{head}Transfer-Encoding: chunked\r\n\r\n{len(answer.body):x}\r\n".encode()
            + answer.body
            + b"\r\n0\r\n\r\n"
        ),
        "huge": lambda: stream.sendall(f"{head}Content-Length: {10**9}\r\n\r\n".encode() + b"[" * 300_000),
        "many headers": lambda: stream.sendall((head + "X-A: b\r\n" * 500 + "\r\n").encode()),
        "drips": lambda: _drip(stream, b"", done),
        "drips after the head": lambda: _drip(stream, f"{head}Content-Length: 500\r\n\r\n".encode(), done),
        "reset": lambda: stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"),
    }
    acts[answer.how]()


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        timeout = LIMIT

        def handle(self) -> None:
            provider.connections += 1
            with suppress(OSError):
                if tls:
                    self.connection = tls.wrap_socket(self.connection, server_side=True)
                    self.rfile = self.connection.makefile("rb")
                super().handle()
                if tls:
                    self.connection.close()

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider.requests.append(Request(self.command, self.path, headers, body))
            self.close_connection = True
            _behave(self.connection, provider.answers.pop(0) if provider.answers else Answer(), done)

        do_GET = do_POST = _take  # noqa: N815  names of the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = Provider(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join(LIMIT)
