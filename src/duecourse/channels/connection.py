"""What connections have in common: which host is this machine, whom to trust, and an end that surely comes."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Timer

from duecourse.kernel.errors import DueCourseError


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trusting(roots: Path | None) -> ssl.SSLContext:
    """Return how a server's certificate is checked: its name, and that it is signed by these roots, or the system's.

    DueCourseError where the file holds none.
    """
    try:
        return ssl.create_default_context(cafile=roots)
    except OSError as error:  # ssl.SSLError is one
        raise DueCourseError(f"{roots}: no certificates to trust ({type(error).__name__})") from None


@contextmanager
def cut_off_after(stream: socket.socket, seconds: float) -> Iterator[None]:
    """Cut a connection off after a time: a peer that answers a byte at a time outlasts any time-out of a socket."""
    timer = Timer(seconds, _cut, (stream,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(stream: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        stream.shutdown(socket.SHUT_RDWR)
