"""Sending: a fate is exact. What counts is what a real server has received, not what the sender believes."""

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from duecourse.channels.email.settings import Tls
from duecourse.channels.email.transport import EmailTransport
from duecourse.channels.email.writing import message_id, rendered
from duecourse.channels.transport import Fate, Message, Result, Transport
from duecourse.kernel.errors import DueCourseError
from tests.channels.email.servers import AT, Handler, certificates, free_port, message, serving, settings

FATES = {
    "ok": Fate.LEFT,
    "4xx mail": Fate.NOT_LEFT,
    "4xx rcpt": Fate.NOT_LEFT,
    "4xx data": Fate.NOT_LEFT,
    "4xx end": Fate.NOT_LEFT,
    "5xx mail": Fate.REFUSED,
    "5xx rcpt": Fate.REFUSED,
    "5xx data": Fate.REFUSED,
    "5xx end": Fate.REFUSED,
    "login mail": Fate.NOT_LEFT,
    "drop ehlo": Fate.NOT_LEFT,
    "drop mail": Fate.NOT_LEFT,
    "drop rcpt": Fate.NOT_LEFT,
    "drop data": Fate.NOT_LEFT,
    "drop end": Fate.UNKNOWN,
    "early end": Fate.UNKNOWN,
    "odd end": Fate.UNKNOWN,
    "odd mail": Fate.NOT_LEFT,
}


@pytest.fixture
def server() -> Iterator[tuple[Handler, int]]:
    with serving() as found:
        yield found


def transport_for(port: int, **more: object) -> EmailTransport:
    return EmailTransport(settings(port, **more), lambda: AT)


def keys(arrived: list[bytes]) -> Counter[str]:
    return Counter(re.findall(r"^Message-ID: (\S+)\r$", b"".join(arrived).decode(), re.MULTILINE))


@pytest.mark.parametrize("how", FATES)
def test_the_fate_at_each_step(server: tuple[Handler, int], how: str) -> None:
    handler, port = server
    handler.how = how
    transport: Transport = transport_for(port)
    result = transport.send(message())
    assert result.fate is FATES[how]
    assert len(handler.arrived) == (result.fate in {Fate.LEFT, Fate.UNKNOWN})
    assert "jo@" not in result.why
    assert result.ends_point == (how == "5xx rcpt")  # 5.1.1 speaks of the address where the address was asked for
    assert bool(result.why) == (result.fate is not Fate.LEFT)
    handler.how = "ok"
    assert transport.send(message("m-2")).fate is Fate.LEFT  # whatever went wrong does not stay
    transport.close()
    assert keys(handler.arrived)[message_id(message("m-2"), settings(port))] == 1


@pytest.mark.parametrize(
    ("how", "fate"),
    [("stall mail", Fate.NOT_LEFT), ("stall end", Fate.UNKNOWN), ("drip end", Fate.UNKNOWN)],
)
def test_a_server_that_stalls(server: tuple[Handler, int], how: str, fate: Fate) -> None:
    handler, port = server
    handler.how = how
    transport = transport_for(port, timeout_seconds=1)
    assert transport.send(message()).fate is fate
    assert len(handler.arrived) == (fate is Fate.UNKNOWN)
    transport.close()


def test_a_connection_lost_in_the_middle_of_a_message_has_not_sent_it(server: tuple[Handler, int]) -> None:
    handler, port = server
    handler.how = "drop middle"
    transport = transport_for(port)
    result = transport.send(message(text="0123456789 " * 2_000_000))  # more than the network holds for a reader
    assert result.fate is Fate.NOT_LEFT
    assert not handler.arrived


HOWS = st.sampled_from(sorted(FATES))


@given(st.lists(HOWS, min_size=1, max_size=12))
@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_message_arrives_at_most_once_and_only_if_it_may_have_left(
    server: tuple[Handler, int], hows: list[str]
) -> None:
    handler, port = server
    handler.arrived.clear()
    transport = transport_for(port)
    fates: dict[str, Fate] = {}
    for number, how in enumerate(hows):
        sent = message(f"m-{number}")
        name = message_id(sent, settings(port))
        for handler.how in (how, "ok"):
            if fates.get(name, Fate.NOT_LEFT) is Fate.NOT_LEFT:
                fates[name] = transport.send(sent).fate
    transport.close()
    arrived = keys(handler.arrived)
    assert set(arrived.values()) <= {1}
    assert {name for name, fate in fates.items() if fate is Fate.LEFT} <= arrived.keys()
    assert arrived.keys() <= {name for name, fate in fates.items() if fate in {Fate.LEFT, Fate.UNKNOWN}}
    assert len(arrived) == sum(fate in {Fate.LEFT, Fate.UNKNOWN} for fate in fates.values())


def test_the_bytes_that_arrive_are_those_rendered(server: tuple[Handler, int]) -> None:
    handler, port = server
    transport = transport_for(port)
    sent = message(html="<p>.\n</p>")
    result = transport.send(sent)
    assert result == Result(Fate.LEFT, "4Xyz12AbC")
    assert handler.arrived == [rendered(sent, settings(port), AT)]
    assert transport.send_rendered(sent, handler.arrived[0]).fate is Fate.LEFT
    transport.close()
    assert handler.arrived[0] == handler.arrived[1]
    assert handler.connections == 1


def test_the_return_path_names_the_message_and_not_the_borrower(server: tuple[Handler, int]) -> None:
    handler, port = server
    transport = transport_for(port)
    transport.send(message("m-7"))
    transport.close()
    [(sender, recipients)] = handler.envelopes
    assert re.fullmatch(r"bounce\+km-7-[a-z2-7]{16}@lender\.example\.com", sender)
    assert recipients == ["jo@example.org"]


def test_nobody_listens() -> None:
    result = transport_for(free_port()).send(message())
    assert result.fate is Fate.NOT_LEFT
    assert "cannot be reached" in result.why


def test_a_server_that_says_it_is_busy_or_is_none() -> None:
    for said in (b"421 busy\r\n", b"554 no\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 20_000, b""):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def answer(listening: socket.socket = listening, said: bytes = said) -> None:
                line, _ = listening.accept()
                with line:
                    line.sendall(said)

            thread = threading.Thread(target=answer)
            thread.start()
            assert transport_for(listening.getsockname()[1]).send(message()).fate is Fate.NOT_LEFT
            thread.join(5)


def test_a_lost_connection_is_opened_anew(server: tuple[Handler, int]) -> None:
    handler, port = server
    transport = transport_for(port)
    assert transport.send(message("m-1")).fate is Fate.LEFT
    assert transport._line is not None
    transport._line.guard.shutdown(socket.SHUT_RDWR)
    assert transport.send(message("m-2")).fate is Fate.LEFT
    transport.close()
    transport.close()
    assert (handler.connections, len(handler.arrived)) == (2, 2)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_tls_is_checked(tmp_path: Path, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    ca_file, context = certificates(tmp_path, "127.0.0.1")
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    starttls = tls is Tls.STARTTLS
    with serving(context if starttls else None, implicit=None if starttls else context) as (handler, port):
        good = transport_for(port, tls=tls, ca_file=ca_file)
        assert good.send(message()).fate is Fate.LEFT
        good.close()
        unknown = transport_for(port, tls=tls).send(message())  # nobody known has signed it
        other = transport_for(port, tls=tls, ca_file=ca_file, host="localhost").send(message())  # it has another name
        assert (unknown.fate, other.fate) == (Fate.NOT_LEFT, Fate.NOT_LEFT)
        assert "certificate is not trusted" in unknown.why
        assert "certificate is not trusted" in other.why
        assert len(handler.arrived) == 1


def test_a_password_and_mails_never_leave_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca_file, context = certificates(tmp_path, "127.0.0.1")
    login = {"tls": Tls.STARTTLS, "ca_file": ca_file, "user": "lender", "password_from": "MAIL_PASSWORD"}
    with serving(context, password="right") as (handler, port):  # noqa: S106 - the test's own
        monkeypatch.setenv("MAIL_PASSWORD", "right")
        good = transport_for(port, **login)
        assert good.send(message()).fate is Fate.LEFT
        good.close()
        monkeypatch.setenv("MAIL_PASSWORD", "wrong")
        refused = transport_for(port, **login).send(message("m-2"))
        assert refused.fate is Fate.NOT_LEFT  # the settings are at fault, not the message
        assert "user and password: 535" in refused.why
        assert "wrong" not in refused.why
        assert len(handler.arrived) == 1
    with serving() as (handler, port):  # offers neither STARTTLS nor a log-in
        result = transport_for(port, **login).send(message())
        assert result.fate is Fate.NOT_LEFT
        assert "STARTTLS" in result.why
        assert not handler.envelopes
    for odd in ("", "right\n", "pässwort"):  # read out of a file with its line's end; no log-in has such letters
        monkeypatch.setenv("MAIL_PASSWORD", odd)
        with pytest.raises(DueCourseError, match="MAIL_PASSWORD") as found:
            transport_for(1, **login)
        assert not odd or odd not in str(found.value)
    monkeypatch.delenv("MAIL_PASSWORD")
    with pytest.raises(DueCourseError, match="MAIL_PASSWORD"):
        transport_for(1, **login)
    with pytest.raises(DueCourseError, match="user is not ASCII"):
        transport_for(1, **login | {"user": "kläger"})


def test_an_address_beyond_ascii() -> None:
    sent = message(to="用户@例子.example.org", subject="您的贷款")
    with serving(utf8=True) as (handler, port):
        transport = transport_for(port)
        assert transport.send(sent).fate is Fate.LEFT
        transport.close()
        assert handler.envelopes[0][1] == ["用户@xn--fsqu00a.example.org"]
        assert "To: 用户@xn--fsqu00a.example.org\r\n".encode() in handler.arrived[0]
    with serving(utf8=False) as (handler, port):
        transport = transport_for(port)
        assert transport.send(sent).fate is Fate.REFUSED
        assert transport.send(message(to="jo@例子.example.org")).fate is Fate.LEFT  # a domain has an ASCII form
        transport.close()
        assert len(handler.arrived) == 1


@pytest.mark.parametrize(
    "bad",
    [
        message(to="jo@example.org\r\nRCPT TO:<eve@example.org>"),
        message(to="jo"),
        message(to=""),
        message(to="jo@example.org, eve@example.org"),
        message(subject="a\r\nBcc: eve@example.org"),
        message(subject="a\u2028b"),
        message(text=" \n"),
        message(pages=b"%PDF"),
        message(language="en\r\nX: y"),
        message(text="\ud800"),
        message(key="k" * 60),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_leaves(server: tuple[Handler, int], bad: Message) -> None:
    handler, port = server
    result = transport_for(port).send(bad)
    assert result.fate is Fate.REFUSED
    assert "example.org" not in result.why
    assert (handler.connections, handler.arrived) == (0, [])


def test_smtp_cannot_be_asked() -> None:
    assert transport_for(1).ask(message()).fate is Fate.UNKNOWN


@pytest.mark.parametrize(
    "bad",
    [
        {"host": "mail.example.com"},  # in the clear to another machine
        {"host": "mail example"},
        {"port": 0},
        {"timeout_seconds": 0},
        {"user": "lender"},
        {"sender": "care"},
        {"sender": "用户@example.com"},
        {"return_path": ""},
        {"sender_name": "a\nb"},
        {"unsubscribe": "http://lender.example.com/{token}"},
        {"unsubscribe": "https://lender.example.com/"},
        {"unsubscribe": "https://lender.example.com/{token}/{token}"},
        {"unsubscribe": "https://lender.example.com/{token.key}"},
        {"unsubscribe": "https://lender.example.com/{token}>, <x"},
    ],
)
def test_settings_that_cannot_work_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(DueCourseError):
        settings(25, **bad)


def test_what_may_not_leave_any_more_gets_no_end(server: tuple[Handler, int]) -> None:
    """It is asked when all but the end is with the server, which then takes none of it; the next message leaves."""
    handler, port = server
    transport = transport_for(port)
    assert transport.send(replace(message("k1"), may_leave=lambda: False)).fate is Fate.NOT_LEFT
    assert transport.send(message("k2")).fate is Fate.LEFT
    assert len(handler.arrived) == 1
    assert handler.connections == 2
    transport.close()
