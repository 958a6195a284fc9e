"""`POST /webhooks/{channel}`: what is proved is taken in once, and nothing else changes a row."""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from duecourse.channels.gateway.webhooks import Settings
from duecourse.store import people
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests.api.conftest import MAIL, NAME, NEW, OLD, PHONE, Day, Served, secrets, serving, signed

STOP = {"type": "reply.received", "data": {"sender": PHONE, "text": "STOP"}}
DELIVERED = {"type": "message.delivered", "data": {"key": "k1"}}
INBOUND = "SELECT source, event_id, what, needs_person, meanings FROM inbound"


def test_a_stop_is_in_force_when_it_is_answered(served: Served, day: Day) -> None:
    number = day.message("k1", state="queued")
    found = served.tell(STOP)
    assert (found.status, found.body) == (204, b"")
    assert day.does(INBOUND) == [("sms", "gateway msg_1", "reply", False, ["stop"])]
    ((to, withdrawn),) = day.does("SELECT consented_to, withdrawn_at FROM consents WHERE replaced_at IS NULL")
    assert (to, withdrawn is not None) == ("sms", True)
    assert day.does("SELECT state FROM outbox WHERE id = %s", number) == [("cancelled",)]
    assert day.does("SELECT kind FROM audit_entry ORDER BY seq") == [("consent.withdrawn",)]


def test_what_became_of_a_message(served: Served, day: Day) -> None:
    day.message("k1", state="unknown")
    assert served.tell(DELIVERED).status == 204
    assert day.does("SELECT state FROM outbox") == [("left",)]
    assert day.does("SELECT outcome FROM contacts") == [("delivered",)]


def test_an_event_that_comes_again_changes_nothing(served: Served, day: Day) -> None:
    assert served.tell(STOP).status == 204
    before = day.rows()
    assert [served.tell(STOP).status for _ in range(3)] == [204] * 3
    assert served.tell({**STOP, "extra": 1}, at=datetime.now(UTC) - timedelta(minutes=1)).status == 204  # signed anew
    assert day.rows() == before
    assert served.tell(STOP, channel="email").status == 204  # another channel's provider has numbers of its own
    assert len(day.does(INBOUND)) == 2


def test_an_event_that_comes_many_times_at_once_is_taken_in_once(served: Served, day: Day) -> None:
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: served.tell(STOP).status, range(24)))
    assert found == [204] * 24
    assert len(day.does(INBOUND)) == 1
    assert len(day.does("SELECT kind FROM audit_entry")) == 1


def test_both_secrets_hold_while_they_are_changed_and_a_forged_one_never(served: Served, day: Day) -> None:
    assert served.tell(STOP, key=NEW).status == 204
    before = day.rows()
    assert served.tell(STOP, webhook_id="msg_2", key=NEW, channel="email").status == 401  # of another channel
    assert served.tell(STOP, webhook_id="msg_2", key=bytes(32)).status == 401
    body = json.dumps(STOP).encode()
    for name, value in (
        ("webhook_signature", "v1,"), ("webhook_signature", signed(body)["webhook_signature"].replace("v1", "v2")),
        ("webhook_id", "msg_3"), ("webhook_timestamp", "1"),
    ):  # fmt: skip
        found = served.ask("POST", "/webhooks/sms", body, **{**signed(body, webhook_id="msg_2"), name: value})
        assert found.status == 401
        assert set(found.json) == {"error"}
    assert served.ask("POST", "/webhooks/sms", body + b" ", **signed(body, webhook_id="msg_2")).status == 401
    assert day.rows() == before


def test_a_stale_one_or_one_of_tomorrow_is_not_taken(served: Served, day: Day) -> None:
    before = day.rows()
    for off in (timedelta(minutes=6), timedelta(minutes=-6), timedelta(days=-4000)):
        assert served.tell(STOP, at=datetime.now(UTC) + off).status == 401
    assert day.rows() == before


def test_broken_words_of_a_provider_who_is_proved(served: Served, day: Day) -> None:
    before = day.rows()
    for body, status in (
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"type": "reply.received", "type": "x"}', 400),
        (b"[" * 60_000, 400),
        (b"[]", 422),
        (b'{"type": 1}', 422),
        (b'{"type": "reply.received", "data": {"text": "STOP"}}', 422),
        (b'{"type": "message.delivered", "data": {"key": "k\\u0000"}}', 422),
        (b'{"type": "message.delivered", "data": {"key": "\\ud800"}}', 422),
        (b'{"type": "message.delivered", "timestamp": "0001-01-01T00:00:00+14:00", "data": {"key": "k"}}', 422),
        (b'{"type": "message.delivered", "timestamp": "9999-12-31T23:59:59-14:00", "data": {"key": "k"}}', 422),
        (b'{"type": "call.ended", "data": {"key": "k", "outcome": "exploded"}}', 422),
    ):
        found = served.tell(body)
        assert (found.status, set(found.json)) == (status, {"error"}), body[:80]
    assert day.rows() == before


def test_odd_words_of_a_borrower_are_kept(served: Served, day: Day) -> None:
    texts = (
        "",
        "\0",
        "STOP\0",
        "I will pay $99999999999999999999999 tomorrow",
        "x" * 20_000,
        "我明天还 99999999999999 元",
    )
    for number, text in enumerate(texts, 1):
        event = {"type": "reply.received", "data": {"sender": PHONE, "text": text}}
        assert served.tell(event, webhook_id=f"m{number}").status == 204
        assert len(day.does(INBOUND)) == number


def test_what_nobody_is_known_for_waits_for_a_person(served: Served, day: Day) -> None:
    event = {"type": "reply.received", "data": {"sender": "+14155559999", "text": "STOP"}}
    assert served.tell(event).status == 204
    assert day.does("SELECT needs_person, borrower_no FROM inbound") == [(True, None)]


def test_a_type_that_nobody_named_is_passed_over(served: Served, day: Day) -> None:
    before = day.rows()
    assert served.tell({"type": "invoice.created", "data": {}}).status == 204
    assert day.rows() == before


def test_a_channel_that_is_not_set_is_not_there(served: Served) -> None:
    for channel in ("letter", "call", "nothing", "SMS", "..", "%00", "sms/", ""):
        assert served.tell(STOP, channel=channel).status == 404


def test_another_method_is_refused(served: Served, day: Day) -> None:
    before = day.rows()
    body = json.dumps(STOP).encode()
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "STEAL"):
        found = served.ask(method, "/webhooks/sms", body, **signed(body))
        assert (found.status, found.headers["Allow"]) == (405, "POST")
    assert day.rows() == before


def test_a_huge_body_is_refused_before_it_is_read(served: Served, day: Day) -> None:
    most = Settings().bytes_most
    at_most = json.dumps({"type": "nothing", "pad": "x" * (most - 30)}).encode()
    assert len(at_most) == most
    assert served.tell(at_most).status == 204
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.sendall(b"POST /webhooks/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")  # and not one byte of it was sent
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.sendall(b"POST /webhooks/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert _flooded(client) < 20_000_000  # what the sockets' buffers hold; it would have been more
    assert served.tell(at_most + b" ").status == 413
    assert not day.does(INBOUND)


def _flooded(client: socket.socket) -> int:
    """Send chunks until the server has had enough; return how many bytes it took."""
    sent, chunk = 0, b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    try:
        while sent < 100_000_000:
            client.sendall(chunk)
            sent += len(chunk)
    except OSError:
        return sent
    return sent


def test_headers_are_bounded(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.sendall(b"POST /webhooks/sms HTTP/1.1\r\nX: " + b"x" * 20_000)
        assert client.recv(100).split()[1] == b"431"


@pytest.mark.usefixtures("day")
def test_slow_senders_are_cut_off_and_keep_nobody_waiting(store: Place) -> None:
    """Two hundred drip: others are answered meanwhile, and none of them outlasts its time (here three seconds)."""
    with serving(store, secrets(), sys.executable, "-m", "tests.api.impatient", str(store.folder)) as own:
        _slow(own)


def _slow(served: Served) -> None:
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=5) for _ in range(200)]
    head = b"POST /webhooks/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n"
    for number, client in enumerate(slow):
        client.sendall(head if number % 2 else head + b"\r\nx")
    began, open_ = time.monotonic(), list(slow)
    assert served.tell(STOP).status == 204
    assert any(_drips(client) for client in slow)
    while open_ and time.monotonic() - began < 12:
        time.sleep(0.2)
        open_ = [client for client in open_ if _drips(client)]
    assert not open_
    for client in slow:
        client.close()


def _drips(client: socket.socket) -> bool:
    """Send one more byte, and say whether the connection still stands."""
    try:
        client.sendall(b"x")
        client.setblocking(False)
        try:
            return client.recv(1) != b""
        except BlockingIOError:
            return True
        finally:
            client.settimeout(5)
    except OSError:
        return False


def test_a_borrower_who_is_busy_is_asked_for_again(served: Served, day: Day, store: Place) -> None:
    with psycopg.connect(store.url()) as other:  # dispatch, in the middle of sending
        other.execute("SELECT FROM borrower FOR NO KEY UPDATE")
        began = time.monotonic()
        found = served.tell(STOP)
        assert time.monotonic() - began < 7  # before a statement would be over
    assert (found.status, found.headers["Retry-After"]) == (503, "30")
    assert not day.does(INBOUND)
    assert served.tell(STOP).status == 204


@pytest.mark.usefixtures("day")
def test_keys_that_are_rotated_meanwhile_are_used(served: Served, store: Place) -> None:
    before = store.keys.read_bytes()
    try:
        ring = Keyring.read(store.keys).with_new_key()
        ring.write(store.keys)
        people.rewrap(ring)
        assert served.tell(STOP).status == 204
    finally:
        store.keys.write_bytes(before)


def test_nothing_of_anybody_is_said_or_logged(store: Place, ring: Keyring) -> None:
    with serving(store, secrets()) as own, closing(Day(store, ring)) as day:
        reply = {"type": "reply.received", "data": {"sender": PHONE, "text": f"{NAME} says hello {MAIL}"}}
        answers = [own.tell(reply, webhook_id="m1"), own.tell(reply, webhook_id="m2", key=NEW), own.tell(b"{")]
        store.keys.chmod(0o644)  # now nothing can be taken in
        answers.append(own.tell(reply, webhook_id="m3"))
        store.keys.chmod(0o600)
        day.does("ALTER TABLE inbound RENAME TO outbound")  # and now everything fails
        answers.append(own.tell(reply, webhook_id="m4"))
        day.does("ALTER TABLE outbound RENAME TO inbound")
        assert [one.status for one in answers] == [204, 204, 400, 503, 500]
        answers.append(own.ask("GET", f"/unsubscribe/{PHONE}{MAIL}"))
        said = own.end()
        assert own.process.returncode == 0
    assert [line.split(":")[0] for line in said.splitlines()] == ["ERROR duecourse.api"] * 2
    assert "UndefinedTable in intake.py:" in said
    everything = said + "".join(one.body.decode() + str(one.headers) for one in answers)
    assert not any(word in everything for word in (NAME, MAIL, PHONE, "hello", OLD.hex(), "Traceback"))
