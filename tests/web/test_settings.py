"""What Django says of our settings for production, and whom the server believes whence somebody comes."""

import socket
from threading import Thread
from typing import Any

from django.conf import settings as django_settings
from django.core.management import call_command
from waitress import wasyncore

import duecourse.store  # noqa: F401  sets Django up
from duecourse.store import settings
from duecourse.web import serving


def test_django_finds_nothing_wrong_for_production() -> None:
    django_settings.SECRET_KEY = "k" * 50 + "abcdefg"  # in earnest it is made of the store's keys
    call_command("check", deploy=True, fail_level="WARNING")
    assert settings.SILENCED_SYSTEM_CHECKS == ["security.W008"]  # the proxy sends http away


def told(proxy: str | None) -> tuple[str, str]:
    """Ask a server that says whence one comes, with headers that say otherwise."""
    seen: list[tuple[str, str]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]))
        start_response("204 No Content", [])
        return []

    sockets: dict[int, Any] = {}
    server = serving._made(app, "127.0.0.1", 0, sockets, 5, proxy)
    asked = (
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
        b"Connection: close\r\n\r\n"
    )

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", server.effective_port), timeout=5) as connection:
            connection.sendall(asked)
            connection.recv(1_000)

    visitor = Thread(target=ask)
    visitor.start()
    while visitor.is_alive():
        serving._turn(sockets)
    visitor.join()
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(sockets)
    return seen[0]


def test_only_the_proxy_that_is_named_is_believed() -> None:
    assert told(None) == ("127.0.0.1", "http")
    assert told("127.0.0.1") == ("203.0.113.9", "https")
    assert told("192.0.2.1") == ("127.0.0.1", "http")
