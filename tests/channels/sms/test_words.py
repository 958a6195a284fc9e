"""Alphabets and parts, beside the standard's own table (3GPP 23.038, 6.2.1) and arithmetic."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.channels.sms import words
from duecourse.channels.sms.pdu import BrokenError, Frame, cut, delivered, message_id, state
from duecourse.channels.sms.settings import Alphabet

# Row by row as the standard prints it, column of high bits after column; 1B is the escape.
TABLE: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
GSM: Final = TABLE.replace("\x1b", "") + "".join(EXTENSION)


def test_every_letter_of_the_table() -> None:
    assert len(TABLE) == 128
    for place, letter in enumerate(TABLE):
        if letter != "\x1b":
            assert words.encode(letter) == words.Part(bytes((place,)), 0)
            assert words.read(bytes((place,)), 0) == letter
    for letter, place in EXTENSION.items():
        assert words.encode(letter) == words.Part(bytes((0x1B, place)), 0)
        assert words.read(bytes((0x1B, place)), 0) == letter


@given(st.characters(exclude_characters=GSM, exclude_categories=["Cs"]))
def test_every_other_letter_is_ucs2(letter: str) -> None:
    assert words.encode(letter) == words.Part(letter.encode("utf-16-be"), 8)


@pytest.mark.parametrize(
    ("alphabet", "text", "octets", "coding"),
    [
        (Alphabet.LATIN_1, "für 5£ @", b"f\xfcr 5\xa3 @", 0),  # ISO 8859-1
        (Alphabet.LATIN_1, "{~}", b"{~}", 0),
        (Alphabet.LATIN_1, "5 €", "5 €".encode("utf-16-be"), 8),  # GSM has it, Latin-1 does not
        (Alphabet.LATIN_1, "ça", "ça".encode("utf-16-be"), 8),  # Latin-1 has it, GSM does not: it would be changed
        (Alphabet.ASCII, "a@$_", b"a@$_", 0),
        (Alphabet.ASCII, "für", "für".encode("utf-16-be"), 8),
    ],
)
def test_a_centre_with_another_alphabet(alphabet: Alphabet, text: str, octets: bytes, coding: int) -> None:
    assert words.split(text, 1, 1, alphabet) == (words.Part(octets, coding),)
    assert words.read(octets, coding, alphabet) == text


@pytest.mark.parametrize(("count", "parts"), [(80, 1), (81, 2), (152, 2), (153, 3)])
def test_letters_that_the_centre_writes_as_two_take_the_room_of_two(count: int, parts: int) -> None:
    found = words.split("{" * count, 1, 255, Alphabet.LATIN_1)
    assert len(found) == parts
    assert b"".join(one.octets[7:] if one.has_header else one.octets for one in found) == b"{" * count


@given(st.one_of(st.text(st.sampled_from(GSM), max_size=400), st.text(max_size=200)), st.sampled_from(Alphabet))
def test_no_alphabet_changes_words(text: str, alphabet: Alphabet) -> None:
    if not text:
        return
    try:
        parts = words.split(text, 7, 255, alphabet)
    except words.UnsendableError:
        assert any("\ud800" <= letter <= "\udfff" for letter in text)
        return
    bodies = b"".join(part.octets[7:] if part.has_header else part.octets for part in parts)
    assert words.read(bodies, parts[0].coding, alphabet) == text
    assert (parts[0].coding == 0) <= (set(text) <= set(GSM))


@pytest.mark.parametrize(
    ("letter", "count", "parts"),
    [
        ("a", 160, 1), ("a", 161, 2), ("a", 304, 2), ("a", 305, 3), ("€", 80, 1), ("€", 81, 2),
        ("Я", 70, 1), ("Я", 71, 2), ("Я", 132, 2), ("Я", 133, 3), ("🙏", 35, 1), ("🙏", 36, 2),
    ],
)  # fmt: skip
def test_how_many_parts(letter: str, count: int, parts: int) -> None:
    assert len(words.split(letter * count, 1, 255)) == parts


@given(st.one_of(st.text(st.sampled_from(GSM), max_size=700), st.text(max_size=400)), st.integers(0, 65_535))
def test_parts_hold_all_words_and_no_letter_is_cut(text: str, number: int) -> None:
    try:
        parts = words.split(text, number, 255)
    except words.UnsendableError:
        assert not text
        return
    is_gsm = parts[0].coding == 0
    assert is_gsm == (set(text) <= set(GSM))
    most = (160 if len(parts) == 1 else 159) if is_gsm else 140  # seven octets of header take the room of eight septets
    assert all(len(part.octets) <= most for part in parts)
    bodies = [part.octets[7:] if part.has_header else part.octets for part in parts]
    assert "".join(words.read(body, part.coding) for body, part in zip(bodies, parts, strict=True)) == text
    if len(parts) > 1:
        assert [part.octets[3:7] for part in parts] == [
            number.to_bytes(2) + bytes((len(parts), place)) for place in range(1, len(parts) + 1)
        ]


@pytest.mark.parametrize(
    ("text", "first"),
    [("a" * 151 + "€" * 10, 151), ("a" * 150 + "€" * 10, 152), ("Я" * 65 + "🙏" * 9, 130), ("Я" * 64 + "🙏" * 9, 132)],
)
def test_a_letter_of_two_goes_whole_into_the_next_part(text: str, first: int) -> None:
    assert len(words.split(text, 1, 255)[0].octets) == 7 + first


@given(st.binary(max_size=160), st.integers(0, 255))
def test_any_octets_are_some_words(octets: bytes, coding: int) -> None:
    assert isinstance(words.read(octets, coding), str)


@given(st.text(min_size=1, max_size=40))
def test_references_are_stable_and_in_range(key: str) -> None:
    assert words.reference(key) == words.reference(key)
    assert 0 <= words.reference(key) < 65_536


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 7))
def test_frames_are_cut_the_same_however_they_arrive(bodies: list[bytes], step: int) -> None:
    wire = b"".join(
        (16 + len(body)).to_bytes(4) + (5).to_bytes(4) + bytes(4) + place.to_bytes(4) + body
        for place, body in enumerate(bodies)
    )
    buffer, found = bytearray(), []
    for start in range(0, len(wire), step):
        buffer += wire[start : start + step]
        while frame := cut(buffer):
            found.append(frame)
    assert [(frame.sequence, frame.body) for frame in found] == list(enumerate(bodies))


@given(st.binary(max_size=120), st.sampled_from([4, 5, 0x80000004]))
def test_octets_that_are_no_deliver_sm_are_said_to_be_broken(body: bytes, command: int) -> None:
    header = (16 + len(body)).to_bytes(4) + command.to_bytes(4) + bytes(4) + (1).to_bytes(4)
    try:
        found = delivered(Frame(command, 0, 1, header + body))
    except BrokenError:
        return
    assert command == 5
    assert found.words in body


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"m1\0", "m1"),
        (b"m1", "m1"),
        (b"", None),
        (b"\0", None),
        (b"a b\0", None),
        (b"\xe9\0", None),
        (b"1" * 65, None),
    ],
)
def test_ids_that_can_be_asked_for(body: bytes, found: str | None) -> None:
    assert message_id(Frame(0x80000004, 0, 1, bytes(16) + body)) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [(b"m1\0\0\2\0", 2), (b"m1\x00261122100000000+\0\5\1", 5), (b"m1\0\0", None), (b"", None), (b"m1\0\0\0\0", 0)],
)
def test_states(body: bytes, found: int | None) -> None:
    assert state(Frame(0x80000003, 0, 1, bytes(16) + body)) == found
