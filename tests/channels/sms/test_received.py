"""What comes in over a real connection: handed on before it is answered, and never lost."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from duecourse.channels.sms.settings import Alphabet
from duecourse.channels.sms.transport import SmsTransport
from duecourse.channels.transport import Fate, Message, Received, What
from tests.channels.sms.conftest import NOW, Make, read_all
from tests.channels.sms.smsc import DELIVER, NACK, Smsc, deliver_body, pdu, receipt, tlv

FROM = "+4915112345678"
RECEIPT, USER_HEADER = 0x04, 0x40
OK, NEVER = 0, 0x65


def part(place: int, parts: int, words: bytes, *, number: int = 7, **more: Any) -> bytes:
    """Return a part as handsets send it: element 00, a reference of one octet (3GPP 23.040, 9.2.3.24.1)."""
    return deliver_body(b"\x05\x00\x03" + bytes((number, parts, place)) + words, esm_class=USER_HEADER, **more)


def listening(make: Make, smsc: Smsc, **changes: Any) -> SmsTransport:
    transport = make(**changes)
    assert list(transport.received()) == []
    assert smsc.bound
    return transport


def test_a_reply_is_answered_only_after_it_was_handed_on(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    sequence = smsc.deliver(deliver_body(b"I will pay on Friday"))
    coming = transport.received()
    found = next(coming)
    assert (found.what, found.sender, found.text, found.at) == (What.REPLY, FROM, "I will pay on Friday", NOW)
    assert (found.key, found.provider_id, found.outcome) == (None, None, None)
    assert not smsc.answers
    assert next(coming, None) is None
    smsc.wait_for(lambda: smsc.answers == [(sequence, OK)])


def test_what_was_not_taken_comes_again_under_the_same_id(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.deliver(deliver_body(b"STOP"))
    first = next(transport.received())  # whoever took it falls over now
    again = next(transport.received())
    assert again.event_id == first.event_id
    smsc.hang_up()
    assert list(transport.received()) == []
    sequence = smsc.deliver(deliver_body(b"STOP"))  # not answered, so the centre delivers it again
    (after,) = transport.received()
    assert after.event_id == first.event_id
    transport = make()  # another process, some minutes later
    list(transport.received())
    smsc.deliver(deliver_body(b"STOP"))
    (elsewhere,) = transport.received()
    assert elsewhere.event_id == first.event_id
    smsc.wait_for(lambda: [answer[0] for answer in smsc.answers] == [sequence, sequence + 1])


def test_the_same_words_again_are_another_reply(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    found: list[Received] = []
    for words in (b"STOP", b"START", b"STOP", b"STOP"):
        smsc.deliver(deliver_body(words))
        found += transport.received()
    assert len({one.event_id for one in found}) == 4
    for words in (b"STOP", b"START", b"STOP"):  # and where none was answered before the next came
        smsc.deliver(deliver_body(words, source="4915199999999"))
    assert len({one.event_id for one in read_all(transport, 3)}) == 3


def test_an_id_of_the_centres_own_is_taken_where_it_gives_one(smsc: Smsc, make: Make) -> None:
    hours = itertools.count()
    transport = listening(make, smsc, reply_id_tag=0x1400, clock=lambda: NOW + timedelta(hours=next(hours)))
    for own in (b"a1\0", b"a1\0", b"a2\0"):
        smsc.deliver(deliver_body(b"STOP", parameters=tlv(0x1400, own)))
    first, again, other = read_all(transport, 3)
    assert first.event_id == again.event_id != other.event_id


def test_what_comes_in_while_a_message_is_sent_is_not_lost(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.before_answer = lambda centre, _: [centre.deliver(deliver_body(b"%d" % n)) for n in range(5)]
    assert transport.send(Message("k1", FROM, "Hello", "en")).fate is Fate.LEFT
    assert not smsc.answers
    assert [one.text for one in transport.received()] == ["0", "1", "2", "3", "4"]
    smsc.wait_for(lambda: len(smsc.answers) == 5)


@pytest.mark.parametrize(
    ("coding", "octets", "words"),
    [
        (0, b"\x00\x11\x1b\x65\x7c", "@_€ö"),
        (8, "Да, 5 €".encode("utf-16-be"), "Да, 5 €"),
        (8, "🙏".encode("utf-16-be"), "🙏"),
        (3, b"caf\xe9", "café"),
        (1, b"yes", "yes"),
        (6, "Да".encode("iso8859_5"), "Да"),
        (0xF0, b"\x00", "@"),  # a flash message of the default alphabet
        (0xF4, b"\x41\xe9", "Aé"),  # octets: read as Latin-1, none lost
        (8, b"\x00A\x00", "A\ufffd"),  # half a letter at the end
        (0, b"\x41\x80", "A\ufffd"),
    ],
)
def test_alphabets(smsc: Smsc, make: Make, coding: int, octets: bytes, words: str) -> None:
    transport = listening(make, smsc)
    smsc.deliver(deliver_body(octets, coding=coding))
    assert [one.text for one in transport.received()] == [words]


def test_a_centre_whose_default_is_latin_1(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc, default_alphabet=Alphabet.LATIN_1)
    smsc.deliver(deliver_body(b"caf\xe9 @", coding=0))
    assert [one.text for one in transport.received()] == ["café @"]
    assert transport.send(Message("k1", FROM, "für Sie", "de")).fate is Fate.LEFT
    assert [(sent.short_message, sent.coding) for sent in smsc.submits] == [(b"f\xfcr Sie", 0)]


@pytest.mark.parametrize(
    ("source", "kind", "sender"),
    [("4915112345678", 1, FROM), ("4915112345678", 0, FROM), ("015112345678", 0, "015112345678"),
     ("15112345678", 2, "15112345678"), ("12345", 0, "12345"), ("Bank", 5, "Bank")],
)  # fmt: skip
def test_who_wrote(smsc: Smsc, make: Make, source: str, kind: int, sender: str) -> None:
    transport = listening(make, smsc)
    smsc.deliver(deliver_body(b"Hi", source=source, source_ton=kind))
    assert [one.sender for one in transport.received()] == [sender]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_parts_are_joined_whatever_their_order(smsc: Smsc, make: Make, order: tuple[int, ...]) -> None:
    transport = listening(make, smsc)
    whole = "Ich zahle am Freitag 🙏".encode("utf-16-be")
    pieces = {1: whole[:14], 2: whole[14:-2], 3: whole[-2:]}  # the last letter lies across two parts
    for place in order:
        smsc.deliver(part(place, 3, pieces[place], coding=8))
    (found,) = read_all(transport, 1)
    assert found.text == "Ich zahle am Freitag 🙏"
    smsc.wait_for(lambda: len(smsc.answers) == 3)


def test_parts_by_parameters_and_by_a_long_reference(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    for place, words in ((2, b"b"), (1, b"a")):
        sar = tlv(0x020C, b"\x12\x34") + tlv(0x020E, b"\2") + tlv(0x020F, bytes((place,)))
        smsc.deliver(deliver_body(words, parameters=sar))
        header = b"\x0c\x05\x04\x00\x01\x00\x02\x08\x04\x12\x35\x02" + bytes((place,))  # after an element for ports
        smsc.deliver(deliver_body(header + words.upper(), esm_class=USER_HEADER))
    assert sorted(one.text for one in read_all(transport, 2)) == ["AB", "ab"]


def test_parts_of_two_people_and_two_messages_are_kept_apart(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    for place in (1, 2):
        for source, number in itertools.product(("4915100000001", "4915100000002"), (1, 2)):
            smsc.deliver(part(place, 2, f"{source[-1]}{number}{place} ".encode(), source=source, number=number))
    assert [one.text for one in read_all(transport, 4)] == ["111 112 ", "121 122 ", "211 212 ", "221 222 "]


def test_parts_whose_others_do_not_come_are_handed_on_all_the_same(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.deliver(part(1, 3, b"I dispute "))
    smsc.deliver(part(3, 3, b"of it"))
    assert list(transport.received()) == []
    assert not smsc.answers
    assert [one.text for one in read_all(transport, 2)] == ["I dispute ", "of it"]
    smsc.wait_for(lambda: len(smsc.answers) == 2)


def test_a_part_that_comes_twice_is_joined_once_and_answered_twice(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    for place in (1, 1, 2):
        smsc.deliver(part(place, 2, b"%d" % place))
    assert [one.text for one in read_all(transport, 1)] == ["12"]
    smsc.wait_for(lambda: len(smsc.answers) == 3)
    smsc.deliver(part(1, 2, b"old"))
    smsc.deliver(part(1, 2, b"new "))  # the reference is used again
    smsc.deliver(part(2, 2, b"words"))
    assert [one.text for one in read_all(transport, 2)] == ["old", "new words"]


@pytest.mark.parametrize(
    "words",
    [b"\x05\x00\x03\x07\x02\x03x", b"\x05\x00\x03\x07\x00\x00x", b"\xffx", b"\x05", b"", b"\x05\x00\xff\x01\x01\x01x"],
)
def test_headers_that_make_no_sense_lose_no_words(smsc: Smsc, make: Make, words: bytes) -> None:
    transport = listening(make, smsc)
    smsc.deliver(deliver_body(words, esm_class=USER_HEADER))
    (found,) = transport.received()
    assert found.text.endswith(words[-1:].decode() if words.endswith(b"x") else "")
    smsc.wait_for(lambda: len(smsc.answers) == 1)


def test_a_number_that_is_not_in_use_is_told_apart(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc, no_number=["1F2"])
    for name, stat, err in (("own", "UNDELIV", "1F2"), ("absent", "UNDELIV", "027"), ("well", "DELIVRD", "1F2")):
        words = receipt(name, stat).replace(b"err:000", b"err:%s" % err.encode())
        smsc.deliver(deliver_body(words, esm_class=RECEIPT))
    quoted = receipt("quoted", "UNDELIV", text="err:1F2")  # words of ours, which the centre gives back
    smsc.deliver(deliver_body(quoted, esm_class=RECEIPT))
    for name, state, network in (
        ("gsm", 5, b"\3\0\1"),
        ("away", 5, b"\3\0\x1b"),
        ("cdma", 5, b"\2\0\1"),
        ("yes", 2, b"\3\0\1"),
    ):
        told = tlv(0x001E, name.encode() + b"\0") + tlv(0x0427, bytes((state,))) + tlv(0x0423, network)
        smsc.deliver(deliver_body(b"", parameters=told))
    found = read_all(transport, 8)
    assert [one.provider_id for one in found if one.ends_point] == ["own", "gsm"]
    assert {one.outcome for one in found if one.ends_point} == {"undelivered"}


def test_receipts_by_text_and_by_parameters(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    for stat in ("DELIVRD", "UNDELIV", "EXPIRED", "DELETED", "REJECTD"):
        smsc.deliver(deliver_body(receipt(f"t{stat}", stat), esm_class=RECEIPT))
    for state in (2, 3, 4, 5, 8):
        told = tlv(0x001E, b"p%d\0" % state) + tlv(0x0427, bytes((state,)))
        smsc.deliver(deliver_body(b"", parameters=told))  # esm_class says nothing, the parameters do
    found = read_all(transport, 10)
    assert {one.what for one in found} == {What.DELIVERY}
    assert [one.outcome for one in found] == (["delivered"] + ["undelivered"] * 4) * 2
    assert [one.provider_id for one in found][:2] == ["tDELIVRD", "tUNDELIV"]
    assert [one.provider_id for one in found][5:7] == ["p2", "p3"]
    assert {(one.sender, one.text) for one in found} == {(None, "")}


def test_receipts_that_come_twice_or_out_of_order(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.before_answer = lambda centre, _: (  # the receipt comes before the answer that gives the id
        centre.deliver(deliver_body(receipt("m1", "DELIVRD"), esm_class=RECEIPT))
    )
    assert transport.send(Message("k1", FROM, "Hello", "en")).provider_id == "m1"
    smsc.deliver(deliver_body(receipt("m1", "ACCEPTD"), esm_class=RECEIPT))  # on its way: no last word
    smsc.deliver(deliver_body(receipt("m1", "ENROUTE"), esm_class=0x20))
    smsc.deliver(deliver_body(receipt("m1", "DELIVRD"), esm_class=RECEIPT))
    first, again = read_all(transport, 2)
    assert (first.provider_id, first.outcome) == ("m1", "delivered")
    assert first.event_id == again.event_id
    smsc.wait_for(lambda: len(smsc.answers) == 4)


def test_nobody_can_write_a_receipt_by_hand(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.deliver(deliver_body(receipt("m1", "DELIVRD")))
    smsc.deliver(
        deliver_body(b"id:m1 sub:001 text:stat:DELIVRD", esm_class=RECEIPT)
    )  # the words say so, not the centre
    smsc.deliver(deliver_body(receipt("m1", "UNDELIV", text="id:m2 stat:DELIVRD"), esm_class=RECEIPT))
    reply, told = read_all(transport, 2)
    assert (reply.what, reply.outcome) == (What.REPLY, None)
    assert (told.provider_id, told.outcome) == ("m1", "undelivered")


def test_what_cannot_be_read_is_answered_so_and_the_rest_goes_on(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    no_id = smsc.deliver(deliver_body(b"nothing at all", esm_class=RECEIPT))
    broken = smsc.deliver(b"\0\1\x01" + b"9" * 40)
    smsc.push(pdu(0x103, 9, b"data"))  # data_sm: a command we do not take
    smsc.push(pdu(0x102, 10, b"alert"))  # alert_notification: it has no answer
    good = smsc.deliver(deliver_body(b"still here"))
    assert [one.text for one in read_all(transport, 1)] == ["still here"]
    smsc.wait_for(lambda: len(smsc.answers) == 3)
    assert smsc.answers == [(no_id, NEVER), (broken, 1), (good, OK)]
    smsc.wait_for(lambda: smsc.nacks == [3])


@pytest.mark.parametrize("length", [0, 15, 0x7FFFFFFF, 0xFFFFFFFF])
def test_absurd_lengths_end_the_connection_and_not_us(smsc: Smsc, make: Make, length: int) -> None:
    transport = listening(make, smsc)
    smsc.push(length.to_bytes(4) + DELIVER.to_bytes(4) + bytes(8))
    assert list(transport.received()) == []
    smsc.wait_for(lambda: smsc.nacks == [2])
    assert list(transport.received()) == []
    assert len(smsc.binds) == 2


def test_the_centre_may_end_the_connection(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.push(pdu(6, 44))
    assert list(transport.received()) == []
    smsc.deliver(deliver_body(b"again"))
    assert [one.text for one in read_all(transport, 1)] == ["again"]


def test_too_much_at_once_is_told_to_come_later(smsc: Smsc, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duecourse.channels.sms.link._HELD_MOST", 3)
    transport = listening(make, smsc)
    smsc.before_answer = lambda centre, _: [centre.deliver(deliver_body(b"%d" % n)) for n in range(5)]
    transport.send(Message("k1", FROM, "Hello", "en"))
    smsc.wait_for(lambda: [status for _, status in smsc.answers] == [0x14, 0x14])
    assert [one.text for one in transport.received()] == ["0", "1", "2"]


def test_a_refusal_to_read_us_is_not_taken_for_an_answer(smsc: Smsc, make: Make) -> None:
    transport = listening(make, smsc)
    smsc.push(pdu(NACK, 4711, status=3))  # of nothing that we sent
    smsc.deliver(deliver_body(b"Hi"))
    assert [one.text for one in read_all(transport, 1)] == ["Hi"]
    assert len(smsc.binds) == 1


def test_nobody_there_and_nothing_comes(smsc: Smsc, make: Make) -> None:
    transport = make()
    smsc.close()
    assert list(transport.received()) == []
