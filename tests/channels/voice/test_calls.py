"""Calls: placed through a dialler by a click, ended by a word of the book's; Asterisk as its documentation answers."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from duecourse.book.schema import OUTCOMES as OF_THE_BOOK
from duecourse.channels.transport import Fate, Message, Transport, What
from duecourse.channels.voice.asterisk import Asterisk
from duecourse.channels.voice.calls import OUTCOMES, Calls
from duecourse.channels.voice.dialler import ByHand, Dialler
from duecourse.channels.voice.transport import Calling
from duecourse.kernel.errors import DueCourseError

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NUMBER = "+14155550123"
CALL = Message("call-1", NUMBER, "What the agent reads.", "en")


def test_the_words_of_calls_are_those_of_the_book_that_a_call_can_end_with() -> None:
    not_calls = {"delivered", "undelivered", "bounced", "met", "no_one_home"}
    assert set(OUTCOMES) == set(OF_THE_BOOK) - not_calls


def test_a_call_by_hand_and_its_end(tmp_path: Path) -> None:
    transport: Transport = Calling(tmp_path, "ann", ByHand())
    assert transport.send(CALL).fate is Fate.LEFT
    assert transport.ask(CALL).fate is Fate.UNKNOWN
    calls = Calls(tmp_path)
    for outcome in ("met", "Conversation", "", "x"):
        with pytest.raises(DueCourseError):
            calls.ended("call-1", outcome, NOON, "ann")
    event = calls.ended("call-1", "voicemail", NOON, "ann")
    assert (event.what, event.key, event.outcome) == (What.OUTCOME, "call-1", "voicemail")
    assert calls.ended("call-1", "voicemail", NOON, "ann") == event
    with pytest.raises(DueCourseError, match="otherwise"):
        calls.ended("call-1", "conversation", NOON, "ann")
    assert list(transport.received()) == [event]
    assert not list(transport.received())
    transport.close()


class Documented(BaseHTTPRequestHandler):
    """Answers as the documentation of ARI says: POST and GET /channels/{channelId}, JSON in the body."""

    channels: dict[str, dict[str, Any]]
    seen: list[str]
    answer: int | None
    wait: int

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _handle(self, body: dict[str, Any] | None) -> None:
        self.seen.append(self.path)
        time.sleep(self.wait)
        path = urlsplit(self.path).path
        secret = base64.b64encode(b"duecourse:secret").decode()
        key = path.rpartition("/")[2]
        if self.answer:
            self._reply(self.answer, {"message": f"about {NUMBER}"})
        elif self.headers["Authorization"] != f"Basic {secret}":
            self._reply(401, {"message": "Authentication required"})
        elif not path.startswith("/ari/channels/"):
            self._reply(404, {"message": "Resource not found"})
        elif body is None:
            found = self.channels.get(key)
            self._reply(200 if found else 404, found or {"message": "Channel not found"})
        elif not body.get("endpoint", "").startswith("PJSIP/"):
            self._reply(400, {"message": "Invalid parameters for originating a channel."})
        elif key in self.channels:
            self._reply(409, {"message": "Channel with given unique ID already exists."})
        else:
            self.channels[key] = {"id": key, "state": "Down", "asked": body}
            self._reply(200, self.channels[key])

    def do_GET(self) -> None:
        self._handle(None)

    def do_POST(self) -> None:
        self._handle(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_: object) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        pass  # a peer that went away


@contextmanager
def asterisk(answer: int | None = None, wait: int = 0) -> Iterator[tuple[str, type[Documented]]]:
    handler = type("Handler", (Documented,), {"channels": {}, "seen": [], "answer": answer, "wait": wait})
    server = Quiet(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ari", handler
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def dialler(address: str, password: str = "secret", technology: str = "PJSIP") -> Asterisk:  # noqa: S107
    return Asterisk(address, "duecourse", password, context="outbound", technology=technology, seconds=1)


def test_a_click_places_one_call_and_the_number_is_in_no_address(tmp_path: Path) -> None:
    with asterisk() as (address, server):
        phone: Dialler = dialler(address)
        transport = Calling(tmp_path, "ann", phone)
        assert transport.ask(CALL).fate is Fate.UNKNOWN
        for _ in range(2):
            assert transport.send(CALL).fate is Fate.LEFT
        assert transport.ask(CALL).fate is Fate.LEFT
        assert [channel["asked"] for channel in server.channels.values()] == [
            {"endpoint": "PJSIP/ann", "extension": NUMBER, "context": "outbound", "priority": 1, "timeout": 30}
        ]
        assert set(server.seen) == {"/ari/channels/call-1"}


@pytest.mark.parametrize(
    ("answer", "fate"),
    [(400, "refused"), (401, "not_left"), (404, "not_left"), (500, "unknown"), (503, "unknown"), (302, "unknown")],
)
def test_what_asterisk_refuses(answer: int, fate: str) -> None:
    with asterisk(answer) as (address, _):
        result = dialler(address).call("call-1", "ann", NUMBER)
    assert result.fate == fate
    assert result.why
    assert NUMBER not in result.why


def test_a_wrong_password_a_wrong_phone_and_a_wrong_number() -> None:
    with asterisk() as (address, server):
        assert dialler(address, password="wrong").call("call-1", "ann", NUMBER).fate is Fate.NOT_LEFT  # noqa: S106
        assert dialler(address, technology="").call("call-1", "ann", NUMBER).fate is Fate.REFUSED
        server.seen.clear()
        for number in ("", "0123", "+14155550123@evil", "+1415\r\n", "+0123456789", "911"):
            assert dialler(address).call("call-1", "ann", number).fate is Fate.REFUSED
        for key, agent in (("../x", "ann"), ("call-1", "ann/../x"), ("a b", "ann")):
            with pytest.raises(DueCourseError):
                dialler(address).call(key, agent, NUMBER)
        assert not server.seen


def test_nobody_there_and_nobody_answering() -> None:
    with asterisk(wait=2) as (address, _):
        assert dialler(address).call("call-1", "ann", NUMBER).fate is Fate.UNKNOWN
        assert dialler(address).ask("call-1").fate is Fate.UNKNOWN
    assert dialler(address).call("call-1", "ann", NUMBER).fate is Fate.NOT_LEFT


@pytest.mark.parametrize("address", ["", "host:8088/ari", "ftp://host/ari", "http://user:pw@host/ari", "http:///ari"])
def test_no_address(address: str) -> None:
    with pytest.raises(DueCourseError) as caught:
        dialler(address)
    assert "pw" not in str(caught.value).replace("password", "")
