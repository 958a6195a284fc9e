"""The bytes that leave, read back by the standard library's own parser, which they were not written with."""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.channels.email.tokens import Purpose, Tokens
from duecourse.channels.email.writing import message_id, rendered, return_path
from duecourse.kernel.errors import DueCourseError
from tests.channels.email.servers import AT, TOKENS, message, settings

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=2_000).filter(str.strip)


def parsed(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=policy.default)


def body(found: EmailMessage, kind: str) -> str:
    part = found.get_body((kind,))
    assert isinstance(part, EmailMessage)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def lines_of(text: str) -> list[str]:
    return re.split("\r\n|\r|\n", text.removesuffix("\n").removesuffix("\r"))


@given(WORDS, TEXTS, TEXTS | st.just(""))
def test_what_is_written_is_what_is_read(subject: str, text: str, html: str) -> None:
    data = rendered(message(subject=subject, text=text, html=html), settings(), AT)
    found = parsed(data)
    assert not found.defects
    assert str(found["subject"]).split() == subject.split()
    assert lines_of(body(found, "plain")) == lines_of(text)
    if html:
        assert lines_of(body(found, "html")) == lines_of(html)
        assert found.get_content_type() == "multipart/alternative"
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_no_header_comes_in_by_what_is_given(to: str, subject: str, language: str) -> None:
    evil = message(to=f"jo@example.org{to}", subject=subject, language=f"en{language}")
    try:
        found = parsed(rendered(evil, settings(), AT))
    except DueCourseError:
        return
    assert found.keys() == parsed(rendered(message(), settings(), AT)).keys()


@pytest.mark.parametrize("subject", ["=?utf-8?q?a?=", " a ", "a" * 400, "=?", "您的贷款" * 60, '"a" <b@example.org>'])
def test_a_subject_reads_as_it_was_written(subject: str) -> None:
    assert parsed(rendered(message(subject=subject), settings(), AT))["subject"].strip() == subject.strip()


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: eve@example.org", "a\nb", "a\rb", "a\0b", "a\u2028b", "a\x85b", "a" * 501]
)
def test_a_subject_with_a_break_is_refused(subject: str) -> None:
    with pytest.raises(DueCourseError, match="subject"):
        rendered(message(subject=subject), settings(), AT)


def test_the_headers() -> None:
    link = "https://lender.example.com/" + "a" * 90 + "?t={token}"
    found = parsed(rendered(message(language="zh"), settings(unsubscribe=link, sender_name="某银行"), AT))
    assert found["date"] == "Sun, 22 Nov 2026 09:30:00 +0000"
    assert found["from"].addresses[0].display_name == "某银行"
    assert found["from"].addresses[0].addr_spec == "care@lender.example.com"
    assert found["to"] == "jo@example.org"
    assert found["auto-submitted"] == "auto-generated"  # RFC 3834, 5
    assert found["content-language"] == "zh"
    assert found["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"  # RFC 8058, 3.1
    token = TOKENS.token("m-1", Purpose.LEAVE)
    assert found["list-unsubscribe"] == f"<{link.format(token=token)}>"
    assert found["reply-to"] == f"answer+{TOKENS.token('m-1', Purpose.REPLY)}@lender.example.com"


def test_the_same_gives_the_same_and_a_later_try_has_the_same_name() -> None:
    sent, later = message(html="<p>x</p>"), datetime(2026, 11, 23, tzinfo=UTC)
    assert rendered(sent, settings(), AT) == rendered(sent, settings(), AT)
    again = parsed(rendered(sent, settings(), later))
    assert again["message-id"] == parsed(rendered(sent, settings(), AT))["message-id"] == message_id(sent, settings())
    assert message_id(sent, settings()) != message_id(message("m-2"), settings())


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(DueCourseError, match="zone"):
        rendered(message(), settings(), datetime(2026, 11, 22))  # noqa: DTZ001


def test_a_uuid_fits_into_a_return_path() -> None:
    path = return_path(message("0190f3a2-7c1b-7c3e-9d55-2f1a6b0c4d8e"), settings())
    assert len(path.partition("@")[0]) <= 64  # RFC 5321, 4.5.3.1.1


@given(st.text(max_size=60), st.sampled_from(Purpose), st.data())
def test_a_token_names_its_key_in_any_case_and_cannot_be_forged(
    key: str, purpose: Purpose, data: st.DataObject
) -> None:
    token = TOKENS.token(key, purpose)
    assert re.fullmatch("[a-z0-9_-]+", token)
    assert TOKENS.key_of(token.upper(), purpose) == key
    assert all(TOKENS.key_of(token, other) is None for other in Purpose if other is not purpose)
    assert Tokens(b"another secret, as long").key_of(token, purpose) is None
    at = data.draw(st.integers(0, len(token) - 1))
    forged = token[:at] + data.draw(st.sampled_from("abcxyz234-_ é")) + token[at + 1 :]
    assert forged == token or TOKENS.key_of(forged, purpose) is None


@given(st.text(max_size=80))
def test_any_other_text_is_no_token(text: str) -> None:
    assert TOKENS.key_of(text, Purpose.NAME) is None


def test_a_short_secret_is_refused_and_none_is_shown() -> None:
    with pytest.raises(DueCourseError):
        Tokens(b"short")
    assert "secret" not in repr(settings())
    assert "secret" not in repr(TOKENS)
