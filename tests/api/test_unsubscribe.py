"""`/unsubscribe/{token}`: one click ends the mail (RFC 8058), a look does not."""

from contextlib import closing
from email import message_from_bytes
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from duecourse.channels.email.tokens import Purpose, Tokens
from duecourse.channels.transport import Fate, Message
from duecourse.day.opening import opened
from duecourse.day.settings import Channel
from duecourse.store.keys import Keyring
from tests.api.conftest import MAIL, Day, LeaveToken, Served
from tests.channels.email.servers import AT, serving

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
STANDING = "SELECT consented_to, withdrawn_at IS NULL FROM consents WHERE replaced_at IS NULL ORDER BY 1"


class Page(HTMLParser):
    """The tags of a page, and its words."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, FORM),
        (b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
         "multipart/form-data; boundary=b"),
        (b"", FORM),
        (b"\xff" * 1000, "text/plain"),
    ],
)  # fmt: skip
def test_one_click_is_a_stop_for_mail_alone(
    served: Served, day: Day, body: bytes, content_type: str, leave_token: LeaveToken
) -> None:
    number = day.message("k1", "email", state="queued")
    found = served.ask("POST", f"/unsubscribe/{leave_token('k1')}", body, Content_Type=content_type)
    assert found.status == 200
    assert day.does(STANDING) == [("email", False)]
    assert day.does("SELECT state FROM outbox WHERE id = %s", number) == [("cancelled",)]
    assert day.does("SELECT source, what, meanings, needs_person FROM inbound") == [("email", "reply", ["stop"], False)]
    assert day.does("SELECT kind FROM audit_entry") == [("consent.withdrawn",)]


def test_another_click_changes_nothing_until_they_come_back(served: Served, day: Day, leave_token: LeaveToken) -> None:
    day.message("k1", "email")
    path = f"/unsubscribe/{leave_token('k1')}"
    assert served.ask("POST", path, ONE_CLICK).status == 200
    before = day.rows()
    assert [served.ask("POST", path, ONE_CLICK).status for _ in range(3)] == [200] * 3
    assert day.rows() == before
    back = {"type": "reply.received", "data": {"key": "k1", "sender": "ann@example.org", "text": "START"}}
    assert served.tell(back, channel="email").status == 204
    assert (("email", True)) in day.does(STANDING)
    assert served.ask("POST", path, ONE_CLICK).status == 200
    ((given, withdrawn),) = day.does(
        "SELECT max(given_at), max(withdrawn_at) FROM consents WHERE replaced_at IS NULL AND consented_to = 'email'"
    )
    assert withdrawn >= given
    assert day.does("SELECT count(*) FROM inbound") == [(3,)]


def test_a_look_changes_nothing(served: Served, day: Day, leave_token: LeaveToken) -> None:
    day.message("k1", "email")
    before = day.rows()
    found = served.ask("GET", f"/unsubscribe/{leave_token('k1')}")
    assert found.status == 200
    assert day.rows() == before
    page = Page(found.body.decode())
    assert ("form", {"method": "post"}) in page.tags
    assert ("button", {"name": "List-Unsubscribe", "value": "One-Click"}) in page.tags
    assert {tag for tag, _ in page.tags} <= {"html", "meta", "title", "p", "form", "button"}  # no script, no image


def test_the_page_is_in_the_language_of_the_browser(served: Served, leave_token: LeaveToken) -> None:
    for asked, language in (
        ("", "en"), ("zh", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,zh;q=0.5", "en"), ("fr,zh-TW;q=0.3", "zh"),
        ("de", "en"), ("*", "en"), (",;q=", "en"), ("zh;q=0,en", "en"), ("z" * 5_000, "en"),
    ):  # fmt: skip
        token = leave_token("k1")
        found = served.ask("GET", f"/unsubscribe/{token}", Accept_Language=asked)
        page = Page(found.body.decode())
        assert ("html", {"lang": language}) in page.tags, asked
        assert ("不再" in page.words) == (language == "zh")
        assert token not in found.body.decode()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_token_changes_nothing(served: Served, day: Day, method: str, leave_token: LeaveToken) -> None:
    day.message("k1", "email")
    before = day.rows()
    for token in (
        "k", "kk1", "kk1-aaaaaaaaaaaaaaaa", leave_token("k1", Purpose.REPLY), leave_token("k1", Purpose.NAME),
        leave_token("k1")[:-1], Tokens(b"another secret, as long").token("k1", Purpose.LEAVE), "x" * 9_000,
        "\udcff\0", "é",
    ):  # fmt: skip
        found = served.ask(method, f"/unsubscribe/{quote(token.encode(errors='surrogateescape'))}", ONE_CLICK)
        assert (found.status, found.headers["Content-Type"]) == (404, "text/html; charset=utf-8"), token
        assert "<form" not in found.body.decode()
    assert day.rows() == before


def test_a_mail_that_the_store_does_not_know_waits_for_a_person(
    served: Served, day: Day, leave_token: LeaveToken
) -> None:
    assert served.ask("POST", f"/unsubscribe/{leave_token('gone')}", ONE_CLICK).status == 200
    assert day.does("SELECT needs_person, borrower_no FROM inbound") == [(True, None)]


def test_a_huge_body_is_refused(served: Served, day: Day, leave_token: LeaveToken) -> None:
    day.message("k1", "email")
    before = day.rows()
    found = served.ask("POST", f"/unsubscribe/{leave_token('k1')}", b"x" * 70_000)
    assert found.status == 413
    assert day.rows() == before


def test_every_answer_is_kept_nowhere_and_runs_nothing(served: Served) -> None:
    for path in ("/unsubscribe/x", "/healthz", "/webhooks/sms", "/nothing", "/metrics"):
        found = served.ask("GET", path).headers
        assert found["Cache-Control"] == "no-store"
        assert found["Referrer-Policy"] == "no-referrer"
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["X-Frame-Options"] == "DENY"
        assert found["Content-Security-Policy"].startswith("default-src 'none'")
        assert not any(name in found for name in ("Set-Cookie", "Server", "Via"))


def test_the_link_that_a_mail_brings_is_taken(served: Served, day: Day, ring: Keyring) -> None:
    """The day opens the channel and hands a mail over; the page behind its link knows it."""
    day.message("k1", "email")
    link = f"{served.url.replace('http:', 'https:')}/unsubscribe/{{token}}"
    with serving() as (server, port):
        settings = {
            "host": "127.0.0.1", "port": port, "tls": "none", "sender": "collect@lender.example",
            "return_path": "bounce@lender.example", "reply_to": "reply@lender.example", "unsubscribe": link,
        }  # fmt: skip
        channel = Channel(kind="email", settings=settings)
        with closing(opened("email", channel, ring, lambda: AT, lambda _: None)) as mail:
            assert mail.send(Message("k1", MAIL, "Please pay.", "en", subject="Your loan")).fate is Fate.LEFT
    found = str(message_from_bytes(server.arrived[0])["List-Unsubscribe"])
    path = next(one for one in found.replace(">", "<").split("<") if "/unsubscribe/" in one).partition("/unsubscribe/")
    assert served.ask("POST", "".join(path[1:]), ONE_CLICK).status == 200
    assert day.does(STANDING) == [("email", False)]
