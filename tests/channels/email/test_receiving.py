"""Mails that come in, by a mail server that speaks LMTP or SMTP to us, or by a folder: none is lost."""

import os
import smtplib
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from duecourse.channels.email.inbound import received
from duecourse.channels.email.maildir import Maildir
from duecourse.channels.email.receiving import Receiver, receiving
from duecourse.channels.email.tokens import Purpose
from duecourse.channels.email.transport import EmailTransport
from duecourse.channels.transport import What
from duecourse.kernel.errors import DueCourseError
from tests.channels.email.servers import AT, TOKENS, free_port, settings

REPLY_TO = f"answer+{TOKENS.token('m-1', Purpose.REPLY)}@lender.example.com"
MAIL = b"From: jo@example.org\r\nTo: care@lender.example.com\r\nSubject: x\r\n\r\nI paid.\r\n.\r\n..\r\n"


@pytest.fixture
def inbox(tmp_path: Path) -> Maildir:
    made = Maildir(tmp_path / "mail")
    made.make()
    return made


class Taker:
    """Takes mails, or fails as often as it is told to."""

    def __init__(self, fails: int = 0) -> None:
        """Fail so often, then take."""
        self.fails, self.taken = fails, list[bytes]()

    def __call__(self, mail: bytes) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("no room")
        self.taken.append(mail)


def lmtp(port: int) -> smtplib.LMTP:
    return smtplib.LMTP("127.0.0.1", port, local_hostname="mx.example.org")


def test_a_mail_comes_with_its_envelope() -> None:
    taker = Taker()
    with receiving(taker, Receiver(is_lmtp=False)) as port, smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        client.sendmail("", [REPLY_TO], MAIL)
    envelope = f"Return-Path: <jo@example.org>\r\nDelivered-To: {REPLY_TO}\r\n".encode()
    assert taker.taken == [envelope + MAIL, envelope.replace(b"jo@example.org", b"") + MAIL]
    assert [received(mail, AT, TOKENS).key for mail in taker.taken] == ["m-1", "m-1"]
    assert [received(mail, AT, TOKENS).what for mail in taker.taken] == [What.REPLY, What.DELIVERY]


def test_lmtp_answers_for_each_recipient() -> None:
    taker = Taker()
    with receiving(taker, Receiver()) as port:
        client = lmtp(port)
        client.ehlo_or_helo_if_needed()
        client.mail("jo@example.org")
        for to in ("a@lender.example.com", "b@lender.example.com"):
            client.rcpt(to)
        assert client.data(MAIL)[0] == 250
        assert client.getreply()[0] == 250  # RFC 2033, 4.2: one for each
        assert client.noop()[0] == 250
        client.quit()
    assert len(taker.taken) == 1


def test_what_was_not_taken_is_not_promised() -> None:
    taker = Taker(fails=1)
    with receiving(taker, Receiver()) as port:
        client = lmtp(port)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        assert refused.value.smtp_code == 451
        assert "room" not in str(refused.value.smtp_error)
        client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        client.quit()
    assert len(taker.taken) == 1


def test_the_promise_comes_after_the_taking() -> None:
    may_go, steps = threading.Event(), list[str]()

    def take(_mail: bytes) -> None:
        may_go.wait(5)
        steps.append("taken")

    with receiving(take, Receiver()) as port:
        client = lmtp(port)
        threading.Timer(0.2, may_go.set).start()
        client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        steps.append("promised")
        client.quit()
    assert steps == ["taken", "promised"]


def test_a_taking_that_stalls_is_not_promised() -> None:
    may_go = threading.Event()

    def take(_mail: bytes) -> None:
        may_go.wait(5)

    with receiving(take, Receiver(timeout_seconds=1)) as port:
        client = lmtp(port)
        with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPServerDisconnected)):
            client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        client.close()
        may_go.set()


def test_what_goes_wrong_here_does_not_refuse_a_mail_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duecourse.channels.email.receiving._traced", lambda _envelope: 1 // 0)
    with receiving(Taker(), Receiver()) as port:
        client = lmtp(port)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        client.close()
    assert refused.value.smtp_code == 451


def test_bounds() -> None:
    taker = Taker()
    with receiving(taker, Receiver(bytes_max=100_000)) as port:
        client = lmtp(port)
        with pytest.raises(smtplib.SMTPException):
            client.sendmail("jo@example.org", [REPLY_TO], MAIL + b"x" * 200_000)
        client.sendmail("jo@example.org", [REPLY_TO], MAIL + b"y" * 50_000 + b"\r\n")  # one long line is no reason
        client.ehlo_or_helo_if_needed()
        client.mail("jo@example.org")
        codes = [client.rcpt(f"a{number}@lender.example.com")[0] for number in range(101)]
        assert codes == [250] * 100 + [452]
        client.close()
    assert len(taker.taken) == 1


def test_a_client_that_hangs_up_is_not_believed() -> None:
    taker = Taker()
    with receiving(taker, Receiver()) as port:
        client = lmtp(port)
        client.ehlo_or_helo_if_needed()
        client.mail("jo@example.org")
        client.rcpt(REPLY_TO)
        client.docmd("DATA")
        client.send(b"Subject: x\r\n\r\nI paid.\r\n")  # and no end
        client.close()
        again = lmtp(port)
        again.sendmail("jo@example.org", [REPLY_TO], MAIL)
        again.close()
    assert len(taker.taken) == 1


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with receiving(Taker(), Receiver(is_lmtp=False)) as port, smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.sendmail("jo@example.org", [REPLY_TO], MAIL)
    assert "example" not in caplog.text


def test_others_are_not_listened_to() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "mail.example.com", "::"):  # noqa: S104 - it is to be refused
        with pytest.raises(DueCourseError, match="not this machine"):
            Receiver(host=host)


def test_a_port_that_is_taken() -> None:
    port = free_port()
    with receiving(Taker(), Receiver(port=port)) as got:
        assert got == port
        with pytest.raises(DueCourseError, match="cannot be listened on"), receiving(Taker(), Receiver(port=port)):
            pass


def test_from_the_receiver_through_the_folder_to_what_it_tells(inbox: Maildir) -> None:
    with receiving(inbox.keep, Receiver()) as port:
        client = lmtp(port)
        client.sendmail("jo@example.org", [REPLY_TO], MAIL)
        client.quit()
    transport = EmailTransport(settings(), lambda: AT, inbox)
    [found] = transport.received()
    assert (found.what, found.key, found.text, found.sender) == (What.REPLY, "m-1", "I paid.\n.\n..", "jo@example.org")
    assert list(transport.received()) == []
    assert list(EmailTransport(settings(), lambda: AT).received()) == []


def test_a_mail_counts_as_passed_on_only_when_the_next_is_asked_for(inbox: Maildir) -> None:
    for text in (b"a", b"b"):
        inbox.keep(text)
    reader = inbox.mails()
    first = next(reader)
    del reader  # a crash before it was kept
    assert next(inbox.mails()) == first
    assert sorted(data for data, _ in inbox.mails()) == [b"a", b"b"]
    assert list(inbox.mails()) == []
    assert len(list((inbox.folder / "cur").iterdir())) == 2
    assert not list((inbox.folder / "tmp").iterdir())


def test_mails_come_in_their_order_with_their_time(inbox: Maildir) -> None:
    for name, second in (("b", 3), ("a", 5), ("c", 1), ("d:2,", 4)):
        path = inbox.folder / "new" / name
        path.write_bytes(name.encode())
        os.utime(path, ns=(0, second * 10**9 + 2_000))
    found = list(inbox.mails())
    assert [data for data, _ in found] == [b"c", b"b", b"d:2,", b"a"]
    assert found[0][1] == datetime(1970, 1, 1, 0, 0, 1, 2, tzinfo=UTC)
    assert (inbox.folder / "cur" / "d:2,S").exists()


def test_what_is_no_mail_in_the_folder_is_left_there(inbox: Maildir, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"of somebody else")
    (inbox.folder / "new" / "link").symlink_to(tmp_path / "secret")
    (inbox.folder / "new" / "folder").mkdir()
    (inbox.folder / "new" / ".hidden").write_bytes(b"x")
    os.mkfifo(inbox.folder / "new" / "pipe")
    (inbox.folder / "tmp" / "half").write_bytes(b"half")
    assert list(inbox.mails()) == []


def test_a_mail_is_read_up_to_a_bound_and_another_reader_does_no_harm(inbox: Maildir) -> None:
    inbox.keep(b"x" * 100)
    reader = Maildir(inbox.folder, bytes_max=10).mails()
    assert next(reader)[0] == b"x" * 10
    assert len(list(inbox.mails())) == 1
    assert list(reader) == []


def test_a_folder_for_its_owner_only_and_one_that_is_not_there(inbox: Maildir, tmp_path: Path) -> None:
    inbox.keep(b"x")
    [mail] = (inbox.folder / "new").iterdir()
    assert [path.stat().st_mode & 0o077 for path in (inbox.folder, mail.parent, mail)] == [0, 0, 0]
    with pytest.raises(DueCourseError, match="cannot be read"):
        list(Maildir(tmp_path / "nowhere").mails())
    with pytest.raises(OSError, match="nowhere"):
        Maildir(tmp_path / "nowhere").keep(b"x")
