"""What stands on the wire in SMPP 3.4: frames, and the small bodies. Those of messages are the library's.

Section numbers are those of SMPP 3.4, issue 1.2.
"""

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import smpp34

from duecourse.channels.sms.settings import Settings
from duecourse.channels.sms.words import GSM_CODING, OCTETS_MOST, SEPTETS_MOST, Part

HEADER_BYTES: Final = 16
FRAME_BYTES_MOST: Final = 0x10000 + 4096  # message_payload holds up to 65,535 octets; the rest of a body is small
ANSWER: Final = 0x80000000  # the bit that makes a command its answer
SEQUENCES: Final = 0x7FFFFFFF
_HEADER: Final = struct.Struct(">IIII")
_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")  # no space: ids of parts are kept side by side
_INTERNATIONAL, _NAMED = (1, 1), (5, 0)  # type of number and numbering plan (5.2.5, 5.2.6): ISDN, or letters
_WITH_HEADER: Final = 0x40  # esm_class: user data begins with a header (5.2.12)
_WITH_RECEIPT: Final = 1  # registered_delivery: tell how it ended, well or not (5.2.17)


class Command(IntEnum):
    """Commands (5.1.2.1)."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    ALERT_NOTIFICATION = 0x102
    GENERIC_NACK = 0x80000000


class Tag(IntEnum):
    """Tags of optional parameters (5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_REFERENCE = 0x020C
    SAR_PARTS = 0x020E
    SAR_PLACE = 0x020F
    NETWORK_ERROR = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Status(IntEnum):
    """Values of command_status that we say ourselves (5.1.3)."""

    OK = 0x00
    BAD_LENGTH_OF_MESSAGE = 0x01
    BAD_LENGTH_OF_COMMAND = 0x02
    BAD_COMMAND = 0x03
    QUEUE_FULL = 0x14
    NEVER = 0x65  # ESME_RX_P_APPN: do not send it again


class BrokenError(Exception):
    """Octets that are not what SMPP says; `status` is what to answer."""

    def __init__(self, status: Status) -> None:
        """Keep what to answer."""
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True, repr=False)
class Frame:
    """One command or answer as it stood on the wire."""

    command: int
    status: int
    sequence: int
    octets: bytes

    @property
    def body(self) -> bytes:
        """What follows the header."""
        return self.octets[HEADER_BYTES:]


@dataclass(frozen=True, repr=False)
class Delivered:
    """What a deliver_sm holds; `payload` stands for the short message where there is one."""

    source: str
    source_kind: int  # type of number: 1 is international, 0 not known
    destination: str
    esm_class: int
    coding: int
    words: bytes
    parameters: dict[int, bytes]

    def number(self, tag: int) -> int | None:
        """Return a parameter that is a number."""
        return int.from_bytes(self.parameters[tag]) if tag in self.parameters else None

    def text(self, tag: int) -> str | None:
        """Return a parameter that is text, without the zero that should end it."""
        return self.parameters[tag].rstrip(b"\0").decode("latin-1") or None if tag in self.parameters else None


def frame(command: int, sequence: int, body: bytes = b"", status: int = Status.OK) -> bytes:
    """Return a whole frame."""
    return _HEADER.pack(HEADER_BYTES + len(body), command, status, sequence) + body


def cut(buffer: bytearray) -> Frame | None:
    """Take one frame off the front of what was read; None while it is not whole. BrokenError on an absurd length."""
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[:4])
    if not HEADER_BYTES <= length <= FRAME_BYTES_MOST:
        raise BrokenError(Status.BAD_LENGTH_OF_COMMAND)
    if len(buffer) < length:
        return None
    octets = bytes(buffer[:length])
    del buffer[:length]
    _, command, status, sequence = _HEADER.unpack_from(octets)
    return Frame(command, status, sequence, octets)


def bind(command: Command, settings: Settings, password: str, sequence: int) -> bytes:
    """Return a bind (4.1): who we are, version 3.4, and any address."""
    texts = (settings.system_id, password, settings.system_type)
    return frame(command, sequence, b"".join(_text(text) for text in texts) + b"\x34\x00\x00\x00")


def submit(part: Part, settings: Settings, to: str, sequence: int) -> bytes:
    """Return a submit_sm (4.4.1); what does not fit short_message stands in message_payload (5.3.2.32)."""
    kind, plan = _sender_kind(settings)
    fits = len(part.octets) <= (SEPTETS_MOST if part.coding == GSM_CODING else OCTETS_MOST)
    return smpp34.SubmitSm(
        settings.sender.removeprefix("+"),
        to.removeprefix("+"),
        part.octets if fits else b"",
        source_addr_ton=kind,
        source_addr_npi=plan,
        dest_addr_ton=_INTERNATIONAL[0],
        dest_addr_npi=_INTERNATIONAL[1],
        esm_class=_WITH_HEADER if part.has_header else 0,
        registered_delivery=_WITH_RECEIPT,
        data_coding=part.coding,
        tlvs=[] if fits else [smpp34.Tlv(Tag.MESSAGE_PAYLOAD, part.octets)],
        sequence_number=sequence,
    ).encode()


def query(message_id: str, settings: Settings, sequence: int) -> bytes:
    """Return a query_sm (4.8.1): the id, and the sender that the message had."""
    kind = bytes(_sender_kind(settings))
    body = _text(message_id) + kind + _text(settings.sender.removeprefix("+"))
    return frame(Command.QUERY_SM, sequence, body)


def message_id(answer: Frame) -> str | None:
    """Return the id in the answer to a submit_sm (4.4.2); None where there is none that can be asked for."""
    found = answer.body.partition(b"\0")[0].decode("latin-1")
    return found if _ID.fullmatch(found) else None


def state(answer: Frame) -> int | None:
    """Return message_state in the answer to a query_sm (4.8.2); None where it is broken."""
    fields = answer.body.split(b"\0", 1)
    rest = fields[1].partition(b"\0") if len(fields) == 2 else (b"", b"", b"")  # past the id: the final date
    return rest[2][0] if len(rest[2]) == 2 else None


def delivered(whole: Frame) -> Delivered:
    """Read a deliver_sm (4.6.1); BrokenError when it is not one."""
    try:
        found = smpp34.decode(whole.octets)
    except (smpp34.SmppError, ValueError):
        raise BrokenError(Status.BAD_LENGTH_OF_MESSAGE) from None
    if not isinstance(found, smpp34.DeliverSm):
        raise BrokenError(Status.BAD_COMMAND)
    parameters = {one.tag: one.value for one in found.tlvs}
    return Delivered(
        found.source_addr,
        found.source_addr_ton,
        found.destination_addr,
        found.esm_class,
        found.data_coding,
        found.short_message or parameters.get(Tag.MESSAGE_PAYLOAD, b""),
        parameters,
    )


def _sender_kind(settings: Settings) -> tuple[int, int]:
    return _INTERNATIONAL if settings.sender_is_number else _NAMED


def _text(text: str) -> bytes:
    return text.encode("latin-1") + b"\0"
