"""What incoming mails tell. Reports are as their standards show them; mails are made by the standard library."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.book.schema import OUTCOMES
from duecourse.channels.email.inbound import COMPLAINT, received
from duecourse.channels.email.tokens import Purpose, Tokens
from duecourse.channels.email.words import own_words, shown_words
from duecourse.channels.email.writing import message_id
from duecourse.channels.transport import Received, What
from tests.channels.email import samples
from tests.channels.email.servers import AT, TOKENS, message, settings

NAME = message_id(message(), settings())
REPLY_TO = f"answer+{TOKENS.token('m-1', Purpose.REPLY)}@lender.example.com"
BOUNCE_TO = f"bounce+{TOKENS.token('m-1', Purpose.BOUNCE)}@lender.example.com"
FORGED = Tokens(b"a secret that is not ours").token("m-1", Purpose.REPLY)


def read(data: bytes | str) -> Received:
    return received(data.encode() if isinstance(data, str) else data, AT, TOKENS)


def mail(text: str = "I paid.", **headers: str) -> EmailMessage:
    made = EmailMessage()
    usual = {"From": "Jo <jo@example.org>", "To": REPLY_TO, "Subject": "Re: Your loan", "Message-ID": "<1@example.org>"}
    for name, value in {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        made[name] = value
    made.set_content(text)
    return made


def report(**more: str) -> str:
    usual = {"to": BOUNCE_TO, "action": "failed", "status": "5.1.1", "name": NAME, "kind": "delivery-status"}
    return samples.FAILED.format(**{**usual, "given_back": "message/rfc822", **more})


@pytest.mark.parametrize(
    ("action", "what", "outcome"),
    [
        ("failed", What.BOUNCE, "bounced"),
        ("Failed", What.BOUNCE, "bounced"),
        ("delivered", What.DELIVERY, "delivered"),
        ("delayed", What.DELIVERY, None),
        ("relayed", What.DELIVERY, None),
        ("expanded", What.DELIVERY, None),
    ],
)
@pytest.mark.parametrize("kind", ["delivery-status", "global-delivery-status"])
def test_a_report_of_delivery(action: str, what: What, outcome: str | None, kind: str) -> None:
    found = read(report(action=action, kind=kind))
    assert (found.what, found.outcome, found.key, found.at) == (what, outcome, "m-1", AT)
    assert outcome is None or outcome in OUTCOMES
    assert found.text == "5.1.1"
    assert found.sender is None
    assert "jo@" not in "".join(map(str, vars(found).values()))


@pytest.mark.parametrize(
    ("action", "status", "ends"),
    [
        ("failed", "5.1.1", True),  # RFC 3463: bad destination mailbox address
        ("failed", "5.1.2", True),  # bad destination system address
        ("failed", "5.1.10", True),  # RFC 7505: the domain takes no mail
        ("failed", "5.2.1", True),  # the mailbox is disabled
        ("failed", "5.2.2", False),  # it is full
        ("failed", "5.1.8", False),  # the sender's system address is bad: ours
        ("failed", "5.7.1", False),  # not authorised: a filter
        ("failed", "4.4.7", False),  # given up after days
        ("failed", "5.0.0", False),
        ("failed", "", False),
        ("delayed", "5.1.1", False),
        ("delivered", "5.1.1", False),
    ],
)
def test_an_address_is_given_up_only_where_the_status_says_so(action: str, status: str, ends: bool) -> None:
    assert read(report(action=action, status=status)).ends_point is ends


@pytest.mark.parametrize("given_back", ["message/rfc822", "text/rfc822-headers", "message/global"])
def test_a_report_names_the_message_by_what_it_gives_back(given_back: str) -> None:
    assert read(report(to="bounce@lender.example.com", given_back=given_back)).key == "m-1"
    forged = f"<{Tokens(b'a secret that is not ours').token('m-1', Purpose.NAME)}@lender.example.com>"
    assert read(report(to=f"bounce+{FORGED}@lender.example.com", given_back=given_back, name=forged)).key is None


def test_a_bounce_in_words_alone() -> None:
    words = (
        "Hi. This is the qmail-send program at example.org.\nI wasn't able to deliver your message.\n<jo@example.org>:"
    )
    daemon = {"From": "MAILER-DAEMON@example.org", "Return_Path": "<>", "Subject": "failure notice"}
    found = read(bytes(mail(words, To=BOUNCE_TO, **daemon)))
    assert (found.what, found.outcome, found.key, found.text) == (What.BOUNCE, "bounced", "m-1", "")
    forged = read(bytes(mail(words, To=f"bounce+{FORGED}@lender.example.com", **daemon)))
    assert (forged.what, forged.outcome, forged.key) == (What.BOUNCE, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "auto-generated; x=y"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
        ("Return-Path", "<>"),
    ],
)
def test_an_automatic_answer_is_no_reply(name: str, value: str) -> None:
    for to in (REPLY_TO, BOUNCE_TO):
        found = read(bytes(mail("I am away until Monday.", **{"To": to, name: value})))
        assert (found.what, found.outcome, found.text, found.key) == (What.DELIVERY, None, "", "m-1")


def test_a_complaint_is_a_withdrawal() -> None:
    found = read(samples.COMPLAINT.format(kind="abuse", name=NAME))
    assert (found.what, found.text, found.key, found.sender) == (What.REPLY, COMPLAINT, "m-1", None)
    other = read(samples.COMPLAINT.format(kind="not-spam", name=NAME))
    assert (other.what, other.text, other.key) == (What.DELIVERY, "", "m-1")


def test_a_reply_by_its_address_or_by_what_it_answers() -> None:
    for headers in (
        {},
        {"To": f"undisclosed@example.org, {REPLY_TO.upper()}"},
        {"To": "care@lender.example.com", "In_Reply_To": NAME},
        {"To": "care@lender.example.com", "References": f"<x@example.org> {NAME}"},
        {"To": "care@lender.example.com", "Delivered_To": REPLY_TO},
        {"Auto_Submitted": "no"},
    ):
        found = read(bytes(mail("I paid.\n\n> you owe 10\n", **headers)))
        assert (found.what, found.key, found.text, found.sender) == (What.REPLY, "m-1", "I paid.", "jo@example.org")
        assert found.outcome is None
    last = message_id(message("m-2"), settings())
    assert read(bytes(mail(To="care@lender.example.com", References=f"{NAME} {last}"))).key == "m-2"


def test_a_forged_token_is_none() -> None:
    leave = TOKENS.token("m-1", Purpose.LEAVE)  # of ours, but for another purpose
    for token in (FORGED, leave, "km-1-aaaaaaaaaaaaaaaa", "k" * 60):
        found = read(bytes(mail(To=f"answer+{token}@lender.example.com", In_Reply_To=f"<{token}@lender.example.com>")))
        assert (found.what, found.key, found.text) == (What.REPLY, None, "I paid.")


def test_a_reply_without_text_says_its_subject_unless_it_is_ours() -> None:
    assert read(bytes(mail("", Subject="STOP"))).text == "STOP"
    assert read(bytes(mail("", Subject="停止发送"))).text == "停止发送"
    assert not any(read(bytes(mail("", Subject=again))).text for again in ("Re: Your loan", "AW: x", "回复：您的贷款"))


def test_html_attachments_and_other_mails_within() -> None:
    made = mail("")
    made.set_content(
        "<html><style>p {}</style><p>Ich   zahle<br>bald</p>"
        "<div>Am 16.11.26 um 09:12 schrieb Bank:</div><blockquote>Sie schulden</blockquote></html>",
        subtype="html",
    )
    assert read(bytes(made)).text == "Ich zahle\nbald"
    both = mail("plain words")
    both.add_alternative("<p>html words</p>", subtype="html")
    both.add_attachment("attached words")
    both.add_attachment(mail("another's words"))
    assert read(bytes(both)).text == "plain words"


@pytest.mark.parametrize("charset", ["gb2312", "GBK", "gb18030", "big5", "utf-8", "utf-16"])
def test_character_sets(charset: str) -> None:
    text = "我已經還了" if charset == "big5" else "我已经还了"
    head = f"From: jo@example.org\r\nContent-Type: text/plain; charset={charset}\r\n"
    data = head.encode() + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + text.encode(charset)
    assert read(data).text == text


@pytest.mark.parametrize(
    "charset", ["nonsense", "punycode", "idna", "unicode_escape", "hex", "zip", "rot13", '"\0"', ""]
)
def test_odd_character_sets(charset: str) -> None:
    head = f"From: jo@example.org\nContent-Type: text/plain; charset={charset}\n\n"
    assert read(head.encode() + b"I paid \\u0041 \xff").text.startswith("I paid \\u0041")


def test_the_same_bytes_have_the_same_id_and_no_others() -> None:
    one = bytes(mail())
    assert read(one).event_id == read(one).event_id
    assert len({read(data).event_id for data in (one, one + b"x", bytes(mail(Message_ID="<2@example.org>")), b"")}) == 4
    assert "example" not in read(one).event_id


@pytest.mark.parametrize("name", samples.REPLIES)
def test_own_words_in_four_languages(name: str) -> None:
    text, own = samples.REPLIES[name]["mail"], samples.REPLIES[name]["own"]
    assert own_words(text) == own
    assert own_words(text.replace("\n", "\r\n")) == own
    assert read(bytes(mail(text))).text == own


@given(st.text(max_size=300))
def test_words_are_never_lost_altogether(text: str) -> None:
    assert bool(own_words(text)) == bool(text.strip())
    shown_words(text)


FIELD = st.sampled_from(
    ["From", "To", "Subject", "Message-ID", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
)
VALUE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["multipart/report; report-type=delivery-status; boundary=b", "multipart/mixed; boundary=b", "message/rfc822"]
    ),
    st.sampled_from(["text/html; charset*=x'y'%ff", "base64", "x-uuencode", "=?utf-8?b?/?=", "=?x?q?=ff?=", "a@b <"]),
    st.sampled_from(["message/delivery-status", "message/feedback-report", "message/partial", "multipart/digest"]),
)
HEAD = st.lists(st.tuples(FIELD, VALUE), max_size=6).map(
    lambda fields: "".join(f"{name}: {value}\n" for name, value in fields).encode(errors="replace") + b"\n"
)
PIECE = st.one_of(st.binary(max_size=60), HEAD, st.sampled_from([b"\n--b\n", b"\n--b--\n", b"Action: failed\n"]))


@given(st.lists(PIECE, max_size=12).map(b"".join))
def test_any_bytes_give_one_thing(data: bytes) -> None:
    found = read(data)
    assert found.key is None
    assert found.outcome in {None, "bounced", "delivered"}
    assert read(data).event_id == found.event_id
    assert f"{found.text}{found.sender}".encode()


def nested(depth: int, kind: str) -> bytes:
    heads = [f"Content-Type: {kind}; boundary=b{level}\n\n--b{level}\n" for level in range(depth)]
    return f"To: {REPLY_TO}\n{''.join(heads)}Content-Type: text/plain\n\nI paid.\n".encode()


HARD = {
    "deep": nested(5_000, "multipart/mixed"),
    "deep-mails": nested(5_000, "message/rfc822"),
    "deep-digests": nested(5_000, "multipart/digest"),
    "just-allowed": nested(12, "multipart/mixed") + b"\n" * 3_000_000,
    "many-parts": nested(1, "multipart/mixed") + b"\n--b0\n\nx" * 300_000,
    "many-headers": f"To: {REPLY_TO}\n".encode() + b"a: b\n" * 500_000,
    "one-line": f"To: {REPLY_TO}\n\n".encode() + b"x" * 60_000_000,
    "addresses": f"To: {REPLY_TO}\nFrom: ".encode() + b'"(<,' * 200_000,
    "tokens": f"To: {REPLY_TO}\nReferences: ".encode() + b"<k" * 200_000 + b"a" * 200_000,
    "encoded": f"To: {REPLY_TO}\nSubject: ".encode() + b"=?utf-8?q?=" * 200_000,
    "wrote": f"To: {REPLY_TO}\n\n".encode() + b"On 1 wrote:\n" * 90_000,
    "on": f"To: {REPLY_TO}\n\n".encode() + b"On " * 300_000,
    "dashes": f"To: {REPLY_TO}\n\n".encode() + b"---- a\n" * 140_000,
    "html": f"To: {REPLY_TO}\nContent-Type: text/html\n\n".encode() + b"<a <!-- <![ &# <" * 60_000,
    "html-deep": f"To: {REPLY_TO}\nContent-Type: text/html\n\n".encode() + b"<blockquote>" * 80_000,
}


@pytest.mark.parametrize("name", HARD)
def test_hard_mails_are_read_in_bounded_time(name: str) -> None:
    began = time.perf_counter()
    found = read(HARD[name])
    assert time.perf_counter() - began < 5  # each takes well under one; a quadratic reading takes minutes
    assert found.key == "m-1"
    assert len(found.text) <= 60_000
