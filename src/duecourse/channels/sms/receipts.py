"""What a message centre tells of a message: receipts, states, and the reasons for which it does not take one.

Section numbers are those of SMPP 3.4, issue 1.2.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from duecourse.channels.sms.pdu import Delivered, Tag
from duecourse.channels.transport import Fate, Result

_KIND: Final = 0b0011_1100  # of esm_class: the type of what is delivered (5.2.12)
_RECEIPT, _ON_THE_WAY = 0x04, 0x20
_DELIVERED: Final = "delivered"
_UNDELIVERED: Final = "undelivered"
_STATES: Final = {2: _DELIVERED, 3: _UNDELIVERED, 4: _UNDELIVERED, 5: _UNDELIVERED, 8: _UNDELIVERED}
"""Final values of message_state (5.2.28): delivered; expired, deleted, undeliverable, rejected."""
_REJECTED, _NOT_KNOWN = 8, 7
_WORDS: Final = {
    "DELIVRD": _DELIVERED,
    "EXPIRED": _UNDELIVERED,
    "DELETED": _UNDELIVERED,
    "UNDELIV": _UNDELIVERED,
    "REJECTD": _UNDELIVERED,
}
"""Final words of `stat` in the text of a receipt (appendix B)."""
_ID: Final = re.compile(r"\bid:([\x21-\x7e]{1,64})", re.IGNORECASE)
_STAT: Final = re.compile(r"\bstat:([a-z]{1,10})", re.IGNORECASE)
_ERR: Final = re.compile(r"\berr:([0-9a-z]{1,10})", re.IGNORECASE)
_NO_SUCH_NUMBER: Final = b"\x03\x00\x01"  # of network_error_code (5.3.2.31): GSM, unknownSubscriber (3GPP 29.002)
_TEXT: Final = re.compile(r"\btext:", re.IGNORECASE)  # what follows are words of the message itself

_LATER: Final = {
    0x14: "its queue is full",
    0x45: "it could not take the message",
    0x58: "we send faster than it allows",
    0x64: "it has a fault that will pass",
}
"""Statuses (5.1.3) after which nothing has left, and another try may do."""
_OURS: Final = {
    0x02: "it does not understand us",
    0x03: "it does not know this command",
    0x04: "this connection may not send",
    0x0A: "it does not take the sender: mend `sender`",
    0x15: "it does not know our service type",
    0x43: "it does not take our message class",
    0x48: "it does not take the sender's type of number: mend `sender`",
    0x49: "it does not take the sender's numbering plan: mend `sender`",
    0xC1: "it does not take a parameter of ours: see `long`",
}
"""Statuses after which nothing has left, and not this message is wrong but our settings or account."""
_NEVER: Final = {
    0x01: "it does not take a message of this length",
    0x0B: "there is no such number",
    0x50: "it does not take the number's type",
    0x51: "it does not take the number's plan",
    0x65: "it does not take this message",
    0x66: "it does not take this message",
}
"""Statuses after which nothing has left, and another try would not help."""


@dataclass(frozen=True)
class Receipt:
    """What became of a message: its id, and `delivered`, `undelivered`, or None while it is on its way.

    `is_no_number` says that no such number is in use: most of what is not delivered is so for a day or two only.
    """

    provider_id: str
    outcome: str | None
    is_no_number: bool = False


def is_receipt(found: Delivered) -> bool:
    """Say whether something is about a message of ours. Words alone never make a receipt: anybody may write them."""
    told = {Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE} <= found.parameters.keys()
    return told or found.esm_class & _KIND in {_RECEIPT, _ON_THE_WAY}


def receipt(found: Delivered, no_number: Collection[str] = ()) -> Receipt | None:
    """Read a receipt: its parameters (5.3.2.12, 5.3.2.35), else its text (appendix B); None without an id.

    `no_number` are this centre's own values of `err` for a number that is not in use.
    """
    text = _TEXT.split(found.words.decode("latin-1"), 1)[0]
    in_text = _ID.search(text)
    message_id = found.text(Tag.RECEIPTED_MESSAGE_ID) or (in_text and in_text[1])
    if not message_id:
        return None
    state, stat, err = found.number(Tag.MESSAGE_STATE), _STAT.search(text), _ERR.search(text)
    outcome = _STATES.get(state) if state is not None else _WORDS.get(stat[1].upper() if stat else "")
    is_no_number = found.parameters.get(Tag.NETWORK_ERROR) == _NO_SUCH_NUMBER or (
        err is not None and err[1] in no_number
    )
    return Receipt(message_id, outcome, outcome == _UNDELIVERED and is_no_number)


def refusal(status: int) -> Result:
    """Return what a status other than zero says of a message; UNKNOWN where it does not say that nothing left."""
    for fate, reasons in ((Fate.NOT_LEFT, _LATER), (Fate.NOT_LEFT, _OURS), (Fate.REFUSED, _NEVER)):
        if status in reasons:
            return Result(fate, why=f"the message centre says {status:#x}: {reasons[status]}")
    return Result(Fate.UNKNOWN, why=f"the message centre says {status:#x}, which does not tell whether it took it")


def fate(state: int | None) -> Fate:
    """Return what a state says of a message that was asked for: with the centre, rejected by it, or not known."""
    if state == _REJECTED:
        return Fate.REFUSED
    return Fate.LEFT if state is not None and 1 <= state < _NOT_KNOWN else Fate.UNKNOWN
