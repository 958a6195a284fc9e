"""Messages over a real connection: each fate, counted at the message centre."""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from duecourse.channels.sms.settings import Binding, Long
from duecourse.channels.transport import Fate, Message
from duecourse.kernel.errors import DueCourseError
from tests.channels.certificates import certificate
from tests.channels.sms.conftest import PASSWORD, SOON, Make, read_all
from tests.channels.sms.smsc import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    ENQUIRE,
    Act,
    Smsc,
    deliver_body,
    pdu,
    running,
)

TO = "+4915112345678"
LONG = "Please pay the instalment that was due. " * 8  # 320 letters: three parts of 152


def message(text: str = "Hello", key: str = "k1", to: str = TO) -> Message:
    return Message(key, to, text, "en")


def test_a_message_leaves_once_with_what_the_centre_needs(smsc: Smsc, make: Make) -> None:
    found = make().send(message("Grüße: 5 €"))
    assert (found.fate, found.provider_id) == (Fate.LEFT, "m1")
    assert smsc.binds == [(BIND_TRANSCEIVER, "lender", PASSWORD, 0x34)]
    (sent,) = smsc.submits
    assert (sent.source_ton, sent.source) == (1, "4930123456")
    assert (sent.dest_ton, sent.dest_npi, sent.destination) == (1, 1, TO[1:])
    assert (sent.esm_class, sent.registered, sent.coding) == (0, 1, 0)
    assert sent.short_message == b"Gr\x7e\x1ee: 5 \x1be"  # 3GPP 23.038: ü 7E, ß 1E, euro 1B 65


def test_a_name_as_sender_is_sent_as_one(smsc: Smsc, make: Make) -> None:
    make(sender="DueCourse").send(message())
    assert (smsc.submits[0].source_ton, smsc.submits[0].source) == (5, "DueCourse")


def test_what_gsm_has_not_leaves_as_ucs2(smsc: Smsc, make: Make) -> None:
    make().send(message("Оплатите 5 €"))
    assert smsc.submits[0].coding == 8
    assert smsc.submits[0].short_message.decode("utf-16-be") == "Оплатите 5 €"


def test_a_long_message_leaves_in_parts_that_fit_together(smsc: Smsc, make: Make) -> None:
    found = make().send(message(LONG))
    assert (found.fate, found.provider_id) == (Fate.LEFT, "m1 m2 m3")
    assert [sent.esm_class for sent in smsc.submits] == [0x40] * 3
    headers = [sent.short_message[:7] for sent in smsc.submits]
    assert {header[:3] for header in headers} == {b"\x06\x08\x04"}
    assert len({header[3:5] for header in headers}) == 1
    assert [tuple(header[5:]) for header in headers] == [(3, 1), (3, 2), (3, 3)]
    assert b"".join(sent.short_message[7:] for sent in smsc.submits) == LONG.encode()


def test_the_parts_of_a_second_try_are_the_same(smsc: Smsc, make: Make) -> None:
    transport = make()
    for _ in range(2):
        transport.send(message(LONG))
    transport.send(message(LONG, key="k2"))
    sent = [one.short_message for one in smsc.submits]
    assert sent[:3] == sent[3:6]
    assert sent[0] != sent[6]


def test_a_long_message_may_leave_whole(smsc: Smsc, make: Make) -> None:
    assert make(long=Long.PAYLOAD).send(message(LONG)).provider_id == "m1"
    assert smsc.submits[0].short_message == b""
    assert smsc.submits[0].parameters == {0x0424: LONG.encode()}


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0x58, Fate.NOT_LEFT),  # ESME_RTHROTTLED
        (0x14, Fate.NOT_LEFT),  # ESME_RMSGQFUL
        (0x45, Fate.NOT_LEFT),  # ESME_RSUBMITFAIL
        (0x0A, Fate.NOT_LEFT),  # ESME_RINVSRCADR: our setting, not this message
        (0x0B, Fate.REFUSED),  # ESME_RINVDSTADR
        (0x50, Fate.REFUSED),  # ESME_RINVDSTTON
        (0x01, Fate.REFUSED),  # ESME_RINVMSGLEN
        (0x08, Fate.UNKNOWN),  # ESME_RSYSERR says nothing of the message
        (0x400, Fate.UNKNOWN),  # a centre's own
    ],
)
def test_what_the_centre_says_decides(smsc: Smsc, make: Make, status: int, fate: Fate) -> None:
    smsc.on_submit.extend((Act(status), Act(status, "nack")))
    transport = make()
    for found in (transport.send(message()), transport.send(message())):
        assert found.fate is fate
        assert f"{status:#x}" in found.why
        assert TO[1:] not in found.why
    assert (len(smsc.submits), len(smsc.binds)) == (2, 1)


@pytest.mark.parametrize("kind", ["hang up", "half", "stall", "huge", "tiny", "nack of nothing", "unbind"])
def test_no_answer_after_it_was_written_is_unknown_and_never_repeated(smsc: Smsc, make: Make, kind: str) -> None:
    smsc.on_submit.append(Act(kind=kind))
    transport, began = make(**{"answer_within": SOON} if kind == "stall" else {}), monotonic()
    assert transport.send(message()).fate is Fate.UNKNOWN
    assert monotonic() - began < 3
    assert len(smsc.submits) == 1
    assert transport.send(message(key="k2")).fate is Fate.LEFT  # over a new connection
    assert (len(smsc.submits), len(smsc.binds)) == (2, 2)


@pytest.mark.parametrize("kind", ["answer and hang up", "twice", "other first", "unknown first", "drips"])
def test_odd_answers_that_are_still_answers(smsc: Smsc, make: Make, kind: str) -> None:
    smsc.on_submit.append(Act(kind=kind))
    transport = make()
    assert transport.send(message()).provider_id == "m1"
    assert transport.send(message(key="k2")).provider_id == "m2"
    assert len(smsc.submits) == 2


@pytest.mark.parametrize("act", [Act(0x58), Act(0x0B), Act(kind="hang up"), Act(kind="stall")])
def test_once_a_part_has_left_nothing_is_told_that_would_send_it_again(smsc: Smsc, make: Make, act: Act) -> None:
    smsc.on_submit.extend((Act(), act))
    found = make(answer_within=SOON).send(message(LONG))
    assert (found.fate, found.provider_id) == (Fate.UNKNOWN, "m1")
    assert "part 2 of 3" in found.why
    assert len(smsc.submits) == 2  # the third is not sent either


def test_a_first_part_that_did_not_leave_leaves_the_message_to_be_tried_again(smsc: Smsc, make: Make) -> None:
    smsc.on_submit.append(Act(0x58))
    assert make().send(message(LONG)).fate is Fate.NOT_LEFT
    assert len(smsc.submits) == 1


@pytest.mark.parametrize("act", [Act(0x0E), Act(0x0D), Act(kind="hang up"), Act(kind="stall"), Act(kind="huge")])
def test_nothing_leaves_without_a_bind(smsc: Smsc, make: Make, act: Act) -> None:
    smsc.on_bind.append(act)
    transport = make(answer_within=SOON)
    found = transport.send(message())
    assert found.fate is Fate.NOT_LEFT
    assert PASSWORD not in found.why
    assert not smsc.submits
    assert transport.send(message()).fate is Fate.LEFT


def test_nobody_there_is_not_left(smsc: Smsc, make: Make) -> None:
    smsc.close()
    found = make().send(message())
    assert found.fate is Fate.NOT_LEFT
    assert "cannot be reached" in found.why


def test_a_connection_that_died_while_idle_is_replaced_before_anything_is_written(smsc: Smsc, make: Make) -> None:
    transport = make()
    transport.send(message())
    smsc.hang_up()
    assert transport.send(message(key="k2")).fate is Fate.LEFT
    assert (len(smsc.submits), len(smsc.binds)) == (2, 2)


def test_a_silent_centre_is_asked_before_anything_is_written(smsc: Smsc, make: Make) -> None:
    transport = make(enquire_every=timedelta(microseconds=1), answer_within=SOON)
    transport.send(message())
    smsc.on_enquire.append(Act(kind="stall"))  # it hears, and does not answer: half dead
    assert transport.send(message(key="k2")).fate is Fate.LEFT
    assert (smsc.enquiries, len(smsc.submits), len(smsc.binds)) == (1, 2, 2)


def test_a_centre_that_asks_is_answered_while_we_wait(smsc: Smsc, make: Make) -> None:
    smsc.before_answer = lambda _, stream: stream.sendall(pdu(ENQUIRE, 5))
    assert make().send(message()).fate is Fate.LEFT
    smsc.wait_for(lambda: smsc.enquire_answers == 1)


def talk(stream: socket.socket) -> None:
    """Send late answers for four seconds, or until nobody listens."""
    until = monotonic() + 4
    with suppress(OSError):
        while monotonic() < until:
            stream.sendall(pdu(ENQUIRE | 0x80000000, 5) * 100)


def test_a_centre_that_never_stops_talking_does_not_keep_us(smsc: Smsc, make: Make) -> None:
    smsc.on_submit.append(Act(kind="stall"))
    smsc.before_answer = lambda _, stream: threading.Thread(target=talk, args=(stream,), daemon=True).start()
    began = monotonic()
    assert make(answer_within=SOON).send(message()).fate is Fate.UNKNOWN
    assert monotonic() - began < 3


@pytest.mark.parametrize("to", ["", "4915112345678", "+49 151", "+0151", "+" + "9" * 16, "stop", "+٤٩١٥١١٢٣٤"])
def test_what_is_no_number_is_refused_here(smsc: Smsc, make: Make, to: str) -> None:
    found = make().send(message(to=to))
    assert found.fate is Fate.REFUSED
    assert not smsc.binds


@pytest.mark.parametrize("text", ["", "half a letter \ud800", "far too long " * 200])
def test_what_no_short_message_holds_is_refused_here(smsc: Smsc, make: Make, text: str) -> None:
    for long in Long:
        assert make(long=long).send(message(text)).fate is Fate.REFUSED
    assert not smsc.submits


def test_asking_by_the_ids_of_the_parts(smsc: Smsc, make: Make) -> None:
    ids = {"k1": "m1 m2", "k2": "m3", "k3": "m1 m4", "k4": "m9", "k5": "m5", "k6": "m1", "k7": "m1 m2 m2"}
    of_two = {"k1", "k3", "k6", "k7"}
    smsc.states = {"m1": 2, "m2": 1, "m3": 8, "m4": 7, "m5": 200}
    transport = make(id_of=ids.get)
    asked = [message("a" * 200 if key in of_two else "Hello", key) for key in (*ids, "other")]
    assert [transport.ask(one).fate for one in asked] == [Fate.LEFT, Fate.REFUSED, *[Fate.UNKNOWN] * 6]
    assert smsc.queries[:2] == [("m1", "4930123456"), ("m2", "4930123456")]
    smsc.close()
    assert transport.ask(asked[1]).fate is Fate.UNKNOWN


def test_one_connection_for_each_way(smsc: Smsc, make: Make) -> None:
    transport = make(binding=Binding.SEPARATE)
    assert list(transport.received()) == []
    assert transport.send(message()).fate is Fate.LEFT
    assert [bind[0] for bind in smsc.binds] == [BIND_RECEIVER, BIND_TRANSMITTER]
    smsc.deliver(deliver_body(b"Hi"))
    assert [one.text for one in transport.received()] == ["Hi"]


def test_the_end_is_said(smsc: Smsc, make: Make) -> None:
    transport = make()
    transport.send(message())
    transport.close()
    assert smsc.unbinds == 1


def test_no_password_and_no_sense_are_refused_at_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"host": ""}, {"port": 0}, {"system_id": "a" * 16}, {"sender": "x" * 12}, {"parts_most": 256}):
        with pytest.raises(DueCourseError, match="sms settings"):
            make(**wrong)
    for password in ("", " a", "a\nb"):
        monkeypatch.setenv("DUECOURSE_SMS_PASSWORD", password)
        with pytest.raises(DueCourseError, match="DUECOURSE_SMS_PASSWORD"):
            make()
    monkeypatch.setenv("DUECOURSE_SMS_PASSWORD", PASSWORD)
    with pytest.raises(DueCourseError, match="certificates"):
        make(tls=True, tls_roots=Path("nowhere.pem"))


def test_tls_to_whom_the_certificate_names_and_to_nobody_else(make: Make, tmp_path: Path) -> None:
    pem, secret = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    with running(Smsc(tls=context)) as centre:
        trusting = make(port=centre.port, tls=True, tls_roots=pem)
        assert trusting.send(message()).fate is Fate.LEFT
        centre.deliver(deliver_body(b"Hi"))
        assert [one.text for one in read_all(trusting, 1)] == ["Hi"]
        found = make(port=centre.port, tls=True).send(message())  # the machine's own roots do not know it
        assert found.fate is Fate.NOT_LEFT
        assert "certificate" in found.why
        assert len(centre.submits) == 1


def test_what_may_not_leave_any_more_is_held_back(smsc: Smsc, make: Make) -> None:
    held = replace(message(LONG), may_leave=lambda: False)
    assert make().send(held).fate is Fate.NOT_LEFT
    assert smsc.submits == []
