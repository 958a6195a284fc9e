"""Alphabets of short messages, and how a long text is split.

    split(text, reference, parts_most, alphabet) -> tuple[Part, ...]    the octets that leave
    read(octets, coding, alphabet) -> str                               the words of octets that came in

GSM 03.38 where the text fits it (160 letters, 152 in each part), else UCS-2 (70 and 66). The words are never changed.
A centre whose default alphabet is another one turns it into GSM 03.38: such a text must fit both, and takes that room.
"""

import codecs
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import gsm0338

from duecourse.channels.sms.settings import Alphabet
from duecourse.kernel.errors import DueCourseError

_GSM: Final = gsm0338.Codec()
GSM_CODING: Final = 0  # the centre's default alphabet
UCS2_CODING: Final = 8
OCTETS_MOST: Final = 140  # of user data in one message (3GPP 23.040)
SEPTETS_MOST: Final = 160
_HEADER_OCTETS: Final = 7  # of a part: its length, then element 08, four long: reference (two octets), parts, number
_SEPTETS_PART: Final = SEPTETS_MOST - 8  # the header takes 56 bits, which is eight septets
_OCTETS_PART: Final = OCTETS_MOST - _HEADER_OCTETS - 1  # a letter of UCS-2 takes two: 132, not 133
_ESCAPE: Final = "\x1b"
_CODINGS: Final = {
    1: "ascii", 3: "latin-1", 5: "shift_jis", 6: "iso8859_5", 7: "iso8859_8", 8: "utf-16-be", 10: "iso2022_jp",
    14: "euc_kr",
}  # fmt: skip
"""Values of data_coding (SMPP 3.4, 5.2.19) and Python's names of them."""


class UnsendableError(DueCourseError):
    """A text that no short message can carry."""


@dataclass(frozen=True, repr=False)
class Part:
    """The octets of one short message, in a coding; `has_header` where they begin with one that says which part."""

    octets: bytes
    coding: int
    has_header: bool = False


def reference(key: str) -> int:
    """Return the number, from 0 to 65535, by which a handset knows parts of one message: the same at each try."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:2])


def encode(text: str, alphabet: Alphabet = Alphabet.GSM) -> Part:
    """Return the octets of a whole text, whatever their length; UnsendableError where there are none."""
    letters, coding = _letters(text, alphabet)
    return Part(b"".join(octets for octets, _ in letters), coding)


def split(text: str, number: int, parts_most: int, alphabet: Alphabet = Alphabet.GSM) -> tuple[Part, ...]:
    """Return the messages of a text, in order; no letter is cut in two. UnsendableError where they are too many."""
    letters, coding = _letters(text, alphabet)
    is_gsm = coding == GSM_CODING
    if sum(room for _, room in letters) <= (SEPTETS_MOST if is_gsm else OCTETS_MOST):
        return (encode(text, alphabet),)
    pieces = list(_filled(letters, _SEPTETS_PART if is_gsm else _OCTETS_PART))
    if len(pieces) > parts_most:
        raise UnsendableError(f"sms: the text needs {len(pieces)} parts, {parts_most} may be sent: shorten it")
    header = b"\x06\x08\x04" + number.to_bytes(2)
    return tuple(
        Part(header + bytes((len(pieces), place)) + piece, coding, has_header=True)
        for place, piece in enumerate(pieces, 1)
    )


def read(octets: bytes, coding: int, alphabet: Alphabet = Alphabet.GSM) -> str:
    """Return the words of octets; what is in no known alphabet is read as Latin-1, so that no octet is lost."""
    is_class = coding >= 0xF0  # a message class: bit 2 says whether it is text of the default alphabet
    if coding == GSM_CODING or (is_class and not coding & 4):
        return _gsm_text(octets) if alphabet is Alphabet.GSM else octets.decode(alphabet, "replace")
    name = _CODINGS.get(coding)
    return codecs.decode(octets, name, "replace") if name else octets.decode("latin-1")


def _letters(text: str, alphabet: Alphabet) -> tuple[list[tuple[bytes, int]], int]:
    """Return each letter's octets with the room that it takes (septets, else octets), and the coding of all."""
    if not text:
        raise UnsendableError("sms: there are no words to send")
    septets = _septets(text)
    try:
        if septets is not None:
            octets = septets if alphabet is Alphabet.GSM else [letter.encode(alphabet) for letter in text]
            return [(one, len(room)) for one, room in zip(octets, septets, strict=True)], GSM_CODING
    except UnicodeEncodeError:
        pass  # the centre could not write it in its own alphabet
    return [(one, len(one)) for one in _units(text)], UCS2_CODING


def _septets(text: str) -> list[bytes] | None:
    """Return each letter in GSM 03.38, one or two octets long; None where a letter is not in it."""
    if _ESCAPE in text:  # it announces another letter, and is none
        return None
    try:
        return [_GSM.encode(letter)[0] for letter in text]
    except UnicodeEncodeError:
        return None


def _units(text: str) -> list[bytes]:
    """Return each letter in UCS-2, two octets, or four where UTF-16 takes a pair."""
    try:
        return [letter.encode("utf-16-be") for letter in text]
    except UnicodeEncodeError:
        raise UnsendableError("sms: the text holds half a letter: it is no text") from None


def _filled(letters: list[tuple[bytes, int]], most: int) -> Iterator[bytes]:
    """Yield pieces that take at most so much room, with no letter cut in two."""
    piece, taken = b"", 0
    for letter, room in letters:
        if taken + room > most:
            yield piece
            piece, taken = b"", 0
        piece, taken = piece + letter, taken + room
    yield piece


def _gsm_text(octets: bytes) -> str:
    """Return text in GSM 03.38, one septet in each octet; an octet above 127, or an unknown letter, is marked."""
    decode: Callable[[bytes, str], tuple[str, int]] = _GSM.decode
    return decode(octets, "replace")[0]
