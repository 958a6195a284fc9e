"""`duecourse serve`: how it starts, what it refuses to start with, and how it ends."""

import contextlib
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests.api.conftest import OLD, PHONE, Day, Served, secret, secrets, serving
from tests.cli.conftest import SCRIPT, Commands, Result, assert_one_line

STOP = {"type": "reply.received", "data": {"sender": PHONE, "text": "STOP"}}


def test_what_it_does_not_start_with(
    made: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    duecourse = Commands(capsys, tmp_path)
    for bind in ("8008", "localhost:8008", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"):
        assert_one_line(duecourse("serve", "--store", made.folder, "--bind", bind), "127.0.0.1:8008")
    assert_one_line(duecourse("serve", "--store", tmp_path / "none"), "store init")
    for name, value in (
        ("DUECOURSE_WEBHOOK_SMS", "whsec_c2hhbGxvdw=="),
        ("DUECOURSE_WEBHOOK_SMS", secret(OLD) + " "),
        ("DUECOURSE_METRICS_TOKEN", "shallow"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            found = duecourse("serve", "--store", made.folder)
        assert_one_line(found, name)
        assert value.strip() not in found.err


EXAMPLE = Path(__file__).parents[2] / "examples" / "day.toml"


def test_a_provider_with_names_of_its_own(store: Place, ring: Keyring) -> None:
    command = (str(SCRIPT), "serve", "--store", str(store.folder), "--bind", "127.0.0.1:0", "--settings", str(EXAMPLE))
    with (
        serving(store, {"DUECOURSE_WEBHOOK_IM": secret(OLD), "DUECOURSE_WEBHOOK_SMS": secret(OLD)}, *command) as own,
        contextlib.closing(Day(store, ring)) as day,
    ):
        for channel, key in (("im", "k1"), ("sms", "k2")):
            day.message(key, channel=channel, state="unknown")
        told = {"type": "chat.read", "data": {"client_reference": "k1", "key": "not ours"}}
        assert own.tell(told, channel="im").status == 204
        assert own.tell({"type": "message.delivered", "data": {"key": "k2"}}, channel="sms").status == 204
        assert day.does("SELECT state FROM outbox ORDER BY key") == [("left",), ("left",)]
        assert day.does("SELECT outcome FROM contacts ORDER BY contact_id") == [("delivered",)] * 2
        assert day.does("SELECT source, event_id FROM inbound ORDER BY id") == [
            ("im", "chat-example msg_1"),
            ("sms", "gateway msg_1"),
        ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("[webhooks.fax2]", "webhooks.fax2: there is no such channel"),
        ('[webhooks.sms]\nsauce = "x"', "webhooks.sms: there is no 'sauce'"),
        ('[webhooks.sms]\nkinds = "delivered"', "webhooks.sms: 'delivered' is no table"),
        ('[webhooks.sms.kinds]\n"x" = "lost"', "webhooks.sms: 'lost' is not a valid Kind"),
        ("[webhooks.sms.fields]\nkey = 5", "webhooks.sms: 5 is not of the kind str"),
        ('[webhooks.sms.fields]\nto = "x"', "webhook settings: fields: no to"),
        ('[webhooks.sms]\ntolerance = "long"', "webhooks.sms: "),
        ("[webhooks.sms]\nbytes_most = 0", "webhook settings: tolerance and bytes_most"),
        ("[webhooks.sms]\nbytes_most = true", "webhooks.sms: True is not of the kind int"),
        ("webhooks = 5", "webhooks: Input should be a valid dictionary"),
    ],
)
def test_settings_that_are_wrong(
    made: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str, says: str
) -> None:
    file = tmp_path / "day.toml"
    file.write_text(f"{wrong}\n[words.en]\n", encoding="utf-8")
    assert_one_line(Commands(capsys, tmp_path)("serve", "--store", made.folder, "--settings", file), says)


def test_a_port_that_is_taken(served: Served, made: Place) -> None:
    taken = f"127.0.0.1:{served.port}"
    command = [str(SCRIPT), "serve", "--store", str(made.folder), "--bind", taken]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert_one_line(Result(done.returncode, done.stdout, done.stderr), "--bind", taken)


def test_what_was_asked_before_the_end_is_answered(store: Place, ring: Keyring) -> None:
    """The borrower is busy when the server is told to end: it waits for them, answers, and lets nobody new in."""
    with serving(store, secrets()) as own, contextlib.closing(Day(store, ring)) as day, ThreadPoolExecutor(1) as pool:
        with psycopg.connect(store.url()) as other:
            other.execute("SELECT FROM borrower FOR NO KEY UPDATE")
            waiting = pool.submit(own.tell, STOP)
            _until_it_waits(day)
            own.process.send_signal(signal.SIGTERM)
            _until_closed(own)
            assert waiting.result(timeout=20).status == 503
        out, err = own.process.communicate(timeout=20)
        assert (own.process.returncode, out) == (0, "ended\n")
        assert err.startswith("ERROR duecourse.api: the database did not do it in time: LockNotAvailable in facts.py:")
        assert not day.does("SELECT id FROM inbound")


def _until_it_waits(day: Day) -> None:
    for _ in range(500):
        if day.does("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            return
        day.does("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


def _until_closed(served: Served) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", served.port), timeout=1).close()
            time.sleep(0.01)  # each waits in its queue while it lets nobody in, and the queue is short
        except TimeoutError:
            continue
        except ConnectionError:
            return
    raise AssertionError("it still listens")


def test_those_who_dawdle_do_not_keep_it_from_ending(store: Place) -> None:
    with serving(store, {}) as own, socket.create_connection(("127.0.0.1", own.port), timeout=5) as client:
        client.sendall(b"POST /webhooks/sms HTTP/1.1\r\nHost: x\r\n")
        own.process.send_signal(signal.SIGINT)  # Ctrl-C
        out, err = own.process.communicate(timeout=5)
        assert (own.process.returncode, out, err) == (0, "ended\n", "")
