"""Messages over HTTP to a provider on loopback: each fate, counted where they arrive."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest

from duecourse.channels.gateway.settings import Settings
from duecourse.channels.gateway.transport import GatewayTransport
from duecourse.channels.transport import Fate, Message
from duecourse.kernel.errors import DueCourseError
from tests.channels.certificates import certificate
from tests.channels.gateway.provider import Answer, Provider, running

TOKEN: Final = "t0ken-of-the-lender"  # noqa: S105
WORDS: Final = "Grüße, 5 € 🙏"
TO: Final = "+4915112345678"
MESSAGE: Final = Message("m-1:try", TO, WORDS, "de")
Make = Callable[..., GatewayTransport]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        yield made


@pytest.fixture
def make(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("DUECOURSE_GATEWAY_TOKEN", TOKEN)

    def of(**changes: Any) -> GatewayTransport:
        usual: dict[str, Any] = {"url": provider.url, "answer_within": timedelta(seconds=5)}
        return GatewayTransport(Settings(**usual | changes))

    return of


def test_a_message_leaves_once_with_its_key_and_nothing_personal_outside_the_body(
    provider: Provider, make: Make
) -> None:
    fields = {"to": "recipient.phone", "text": "message.body", "language": "message.lang", "key": "reference"}
    found = make(fields=fields, fixed={"message.kind": "sms", "from": "DueCourse"}).send(MESSAGE)
    assert (found.fate, found.provider_id, found.why) == (Fate.LEFT, "p1", "")
    (request,) = provider.requests
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.headers["idempotency-key"] == "m-1:try"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.told == {
        "recipient": {"phone": TO},
        "message": {"body": WORDS, "lang": "de", "kind": "sms"},
        "reference": "m-1:try",
        "from": "DueCourse",
    }
    assert TO[1:] not in request.path + "".join(request.headers.values())


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        *((status, Fate.LEFT) for status in (200, 201, 202, 204)),
        *((status, Fate.REFUSED) for status in (400, 404, 410, 413, 422, 451)),
        *((status, Fate.NOT_LEFT) for status in (307, 308, 401, 402, 403, 405, 408, 415, 425, 429)),
        *((status, Fate.UNKNOWN) for status in (301, 302, 303, 304, 409, 418, 500, 502, 503, 504, 599)),
    ],
)
def test_the_status_decides(provider: Provider, make: Make, status: int, fate: Fate) -> None:
    body = b"" if status in {204, 304} else f'{{"id": "p1", "error": "no {TO}"}}'.encode()
    provider.answers = [Answer(status, body, {"Location": provider.url + "/elsewhere", "Retry-After": "120"})]
    found = make().send(MESSAGE)
    assert found.fate is fate
    assert len(provider.requests) == 1  # no redirect is followed, nothing is tried again
    assert TO not in found.why
    assert TOKEN not in found.why
    assert ("120" in found.why) == (status in {408, 425, 429})
    assert found.provider_id == ("p1" if status in {200, 201, 202} else None)


@pytest.mark.parametrize("header", ["x" * 500, "ask +4915112345678", "<b>", ""])
def test_a_retry_after_that_is_none_is_not_told(provider: Provider, make: Make, header: str) -> None:
    provider.answers = [Answer(429, headers={"Retry-After": header})]
    found = make().send(MESSAGE)
    assert found.fate is Fate.NOT_LEFT
    assert "again after" not in found.why


@pytest.mark.parametrize("how", ["nothing", "stall", "garbage", "half a status", "many headers", "drips", "reset"])
def test_no_answer_after_it_was_sent_is_unknown(provider: Provider, make: Make, how: str) -> None:
    provider.answers = [Answer(how=how)]
    began = monotonic()
    found = make(answer_within=timedelta(milliseconds=500)).send(MESSAGE)
    assert found.fate is Fate.UNKNOWN
    assert monotonic() - began < 3
    assert len(provider.requests) == 1


@pytest.mark.parametrize("how", ["cut off", "huge", "drips after the head"])
def test_a_good_status_counts_though_its_body_is_lost(provider: Provider, make: Make, how: str) -> None:
    provider.answers = [Answer(how=how)]
    began = monotonic()
    found = make(answer_within=timedelta(milliseconds=500)).send(MESSAGE)
    assert (found.fate, found.provider_id) == (Fate.LEFT, None)
    assert monotonic() - began < 3


@pytest.mark.parametrize("how", ["whole", "no length", "chunked"])
@pytest.mark.parametrize(
    ("body", "provider_id"),
    [
        (b'{"id": "p1"}', "p1"), (b'{"id": 12}', "12"), (b'{"id": true}', None), (b'{"id": ["p1"]}', None),
        (b'{"id": "p 1"}', None), (b'{"id": ""}', None), (b"[]", None), (b"", None), (b"\xff", None),
        (b'{"id": "p1"' + b" " * 70_000 + b"}", None),
        (b"[" * 50_000, None), (b'{"id": 1e999}', None),
    ],
)  # fmt: skip
def test_ids_in_answers(provider: Provider, make: Make, how: str, body: bytes, provider_id: str | None) -> None:
    provider.answers = [Answer(200, body, how=how)]
    found = make().send(MESSAGE)
    assert (found.fate, found.provider_id) == (Fate.LEFT, provider_id)


def test_an_id_deep_within(provider: Provider, make: Make) -> None:
    provider.answers = [Answer(200, b'{"data": {"message": {"sid": "x9"}}}')]
    assert make(id_at="data.message.sid").send(MESSAGE).provider_id == "x9"


def test_nobody_there_is_not_left(make: Make, provider: Provider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    urls = (f"http://127.0.0.1:{port}/", "https://no-such-host.invalid/", "https://" + "x" * 70 + ".invalid/")
    for url in urls:
        found = make(url=url).send(MESSAGE)
        assert found.fate is Fate.NOT_LEFT
        assert "cannot be reached" in found.why
    assert not provider.requests


def test_tls_to_whom_the_certificate_names_and_to_nobody_else(make: Make, provider: Provider, tmp_path: Path) -> None:
    pem, secret = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    with running(context) as sealed:
        url = f"https://127.0.0.1:{sealed.port}/"
        assert make(url=url, tls_roots=pem).send(MESSAGE).fate is Fate.LEFT
        found = make(url=url).send(MESSAGE)
        assert found.fate is Fate.NOT_LEFT
        assert "certificate" in found.why
        assert make(url=f"https://localhost:{sealed.port}/", tls_roots=pem).send(MESSAGE).fate is Fate.NOT_LEFT
        assert [request.told["text"] for request in sealed.requests] == [WORDS]
    found = make(url=provider.url.replace("http:", "https:")).send(MESSAGE)  # it speaks no TLS
    assert found.fate is Fate.NOT_LEFT
    assert not provider.requests


@pytest.mark.parametrize(
    ("status", "body", "absent", "fate"),
    [
        (200, b'{"status": "sent", "id": "p1"}', False, Fate.LEFT),
        (200, b'{"status": "rejected"}', False, Fate.REFUSED),
        (200, b'{"status": "queued for ever"}', False, Fate.UNKNOWN),
        (200, b'{"status": null}', False, Fate.UNKNOWN),
        (200, b"not JSON", False, Fate.UNKNOWN),
        (204, b"", False, Fate.UNKNOWN),
        (404, b"{}", True, Fate.NOT_LEFT),
        (404, b"{}", False, Fate.UNKNOWN),  # it may as well be a wrong address
        (401, b"{}", True, Fate.UNKNOWN),
        (302, b"{}", True, Fate.UNKNOWN),
        (500, b"{}", True, Fate.UNKNOWN),
    ],
)
def test_asking(provider: Provider, make: Make, status: int, body: bytes, absent: bool, fate: Fate) -> None:
    provider.answers = [Answer(status, body)]
    transport = make(
        ask_url=provider.url + "/by-key?key={key}",
        states={"sent": Fate.LEFT, "rejected": Fate.REFUSED},
        absent_is_not_left=absent,
    )
    found = transport.ask(MESSAGE)
    assert found.fate is fate
    (request,) = provider.requests
    assert (request.method, request.path, request.body) == ("GET", "/v1/messages/by-key?key=m-1%3Atry", b"")


def test_asking_where_nobody_answers(provider: Provider, make: Make) -> None:
    assert make().ask(MESSAGE).fate is Fate.UNKNOWN
    assert not provider.requests
    provider.answers = [Answer(how="nothing")]
    assert make(ask_url=provider.url + "/{key}").ask(MESSAGE).fate is Fate.UNKNOWN
    transport = make(ask_url="http://127.0.0.1:9/{key}")
    assert transport.ask(MESSAGE).fate is Fate.UNKNOWN  # what became of it is not known, though nothing was asked
    assert list(transport.received()) == []
    transport.close()


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX-Evil: 1", "ü", "x" * 201])
def test_keys_that_could_break_a_header_are_refused(provider: Provider, make: Make, key: str) -> None:
    for act in (make().send, make(ask_url=provider.url + "/{key}").ask):
        with pytest.raises(DueCourseError, match="key"):
            act(Message(key, TO, WORDS, "de"))
    assert not provider.requests


def test_half_a_letter_is_refused_here(provider: Provider, make: Make) -> None:
    assert make().send(Message("k", TO, "\ud800", "de")).fate is Fate.REFUSED
    assert not provider.requests


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://provider.example/"},
        {"url": "http://10.0.0.1/"},
        {"url": "http://localhost.evil.example/"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "https://"},
        {"url": "https://user:secret@host/"},
        {"url": "https://host/#here"},
        {"url": "https://host/a b"},
        {"url": "https://host:99999/"},
        {"url": "https://[host/"},
        {"ask_url": "https://host/no-key"},
        {"ask_url": "http://host/{key}"},
        {"fields": {"to": "to"}},
        {"fields": {"to": "a", "text": "a"}},
        {"fields": {"to": "a", "text": "a.b"}},
        {"fields": {"to": "a", "text": "b", "colour": "c"}},
        {"fixed": {"to": "elsewhere"}},
        {"answer_within": timedelta(0)},
        {"url": "https://host/", "tls_roots": Path("nowhere.pem")},
    ],
)
def test_settings_that_would_do_harm(make: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(DueCourseError) as caught:
        make(**changes)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", [None, "", "a\r\nb", "ü"])
def test_no_token_no_transport(make: Make, monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    if token is None:
        monkeypatch.delenv("DUECOURSE_GATEWAY_TOKEN")
    else:
        monkeypatch.setenv("DUECOURSE_GATEWAY_TOKEN", token)
    with pytest.raises(DueCourseError, match="DUECOURSE_GATEWAY_TOKEN"):
        make()


def test_what_may_not_leave_any_more_is_held_back(provider: Provider, make: Make) -> None:
    assert make().send(replace(MESSAGE, may_leave=lambda: False)).fate is Fate.NOT_LEFT
    assert provider.requests == []
