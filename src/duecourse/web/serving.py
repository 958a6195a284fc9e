"""The server: waitress, which reads a request whole before a thread has it, within bounds of size, number and time.

    serve(app, host, port, ready)       until SIGTERM or SIGINT; what has been read by then is still answered

A request that is not whole within TIMEOUT is cut off, however steadily its bytes drip: a longer one has a second more
for each BYTES_EACH_SECOND of its body, so that a photograph may come from a telephone.
"""

import gc
import logging
import signal
import time
from collections.abc import Callable
from typing import Any, Final
from wsgiref.types import WSGIApplication

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from duecourse.kernel.errors import DueCourseError

THREADS: Final = 8
CONNECTIONS: Final = 500
TIMEOUT: Final = 10  # seconds, from a request's first byte to its last, or between two requests
HEADER_BYTES: Final = 16_384
BODY_BYTES: Final = 10_000_000  # the server refuses this many: a report with its files; others refuse sooner
BYTES_EACH_SECOND: Final = 50_000
DRAIN: Final = 12  # seconds at the end for what has been read; longer than a statement may take
_QUIET: Final = ("django", "waitress")  # their lines would quote addresses, which have tokens
_FORWARDED: Final = frozenset({"x-forwarded-for", "x-forwarded-proto"})


class _Channel(HTTPChannel):
    """A connection on which bytes of a request that is not whole are no sign of life."""

    def handle_read(self) -> None:
        unfinished, since = self.request, self.last_activity
        before = unfinished.body_bytes_received if unfinished is not None else 0
        super().handle_read()
        if unfinished is not None and self.request is unfinished:
            came = unfinished.body_bytes_received - before
            self.last_activity = since + came / BYTES_EACH_SECOND  # float: seconds


def serve(
    app: WSGIApplication, host: str, port: int, ready: Callable[[int], None], timeout: int = TIMEOUT,
    proxy: str | None = None,
) -> None:  # fmt: skip
    """Serve until a signal to end, from the main thread; `ready` is told the port, once it can be asked.

    `timeout` is in seconds. Whence somebody comes, and by what scheme, is believed of `proxy` alone, an address; what
    others say of it is dropped. DueCourseError where nothing can listen there.
    """
    for name in _QUIET:
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    sockets: dict[int, Any] = {}
    server = _made(app, host, port, sockets, timeout, proxy)
    ends: list[int] = []

    def end(number: int, _frame: object) -> None:
        ends.append(number)
        server.pull_trigger()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    ready(int(server.effective_port))
    gc.freeze()  # what is there by now is never garbage: to look through it takes as long as a page, now and then
    while not ends:
        _turn(sockets)
    wasyncore.dispatcher.close(server)  # nobody new; its trigger stays, by which threads wake this one
    until = time.monotonic() + DRAIN
    while time.monotonic() < until and any(
        channel.requests or channel.total_outbufs_len for channel in server.active_channels.values()
    ):
        _turn(sockets)
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(sockets)
    gc.unfreeze()


def _made(
    app: WSGIApplication, host: str, port: int, sockets: dict[int, Any], timeout: int, proxy: str | None
) -> Any:  # fmt: skip
    believed: dict[str, Any] = {"trusted_proxy": proxy, "trusted_proxy_headers": _FORWARDED} if proxy else {}
    try:
        server = TcpWSGIServer(
            app,
            map=sockets,
            _start=False,
            listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=timeout,
            cleanup_interval=1,
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=BODY_BYTES,
            asyncore_use_poll=True,
            log_socket_errors=False,
            ident="",
            clear_untrusted_proxy_headers=True,
            **believed,
        )
    except OSError as error:
        raise DueCourseError(f"--bind: {host}:{port}: cannot listen here ({error.strerror}): name another") from None
    server.channel_class = _Channel
    server.accept_connections()
    return server


def _turn(sockets: dict[int, Any]) -> None:
    wasyncore.loop(timeout=1, use_poll=True, map=sockets, count=1)
