"""Where the message centre is, and how it wants to be spoken to."""

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from duecourse.channels.connection import trusting
from duecourse.kernel.errors import DueCourseError

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]*")
_NUMBER: Final = re.compile(r"\+?[0-9]{1,20}")
_SENDER: Final = re.compile(r"\+?[0-9]{1,20}|[A-Za-z0-9 &._-]{1,11}")
_PARTS_MOST: Final = 255  # one octet counts them


class Binding(StrEnum):
    """How to bind: one connection for both ways, or one for each."""

    TRANSCEIVER = "transceiver"
    SEPARATE = "separate"


class Alphabet(StrEnum):
    """What the centre takes the octets of its default alphabet for (data_coding 0): SMPP leaves it to the centre."""

    GSM = "gsm"  # GSM 03.38, a septet in each octet
    LATIN_1 = "latin-1"
    ASCII = "ascii"


class Long(StrEnum):
    """How a text leaves that is too long for one message: in parts that the handset joins, or whole."""

    PARTS = "parts"
    PAYLOAD = "payload"  # in the parameter message_payload: the centre splits it


@dataclass(frozen=True)
class Settings:
    """A message centre. `password_in` names the variable of the environment that holds the password.

    `sender` is what the reader sees: a number, or up to eleven letters. `answer_within` is how long the centre may
    take for one answer, `enquire_every` the idle time after which it is asked whether it is there, `listen_for` how
    long one look for what came in lasts, and `join_within` how long parts of a reply wait for the others.
    `reply_id_tag` is the number of the parameter in which this centre gives a reply an id of its own, where it does,
    `no_number` its values of `err` in receipts that say that a number is not in use: such a number is not used again.
    """

    host: str
    system_id: str
    sender: str
    port: int = 2775
    password_in: str = "DUECOURSE_SMS_PASSWORD"  # noqa: S105  a name, not a password
    system_type: str = ""
    binding: Binding = Binding.TRANSCEIVER
    long: Long = Long.PARTS
    default_alphabet: Alphabet = Alphabet.GSM
    parts_most: int = 10
    tls: bool = False
    tls_roots: Path | None = None
    reply_id_tag: int | None = None
    no_number: Sequence[str] = ()
    connect_within: timedelta = timedelta(seconds=10)
    answer_within: timedelta = timedelta(seconds=30)
    enquire_every: timedelta = timedelta(seconds=30)
    listen_for: timedelta = timedelta(seconds=1)
    join_within: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        """Refuse what no message centre takes."""
        rules = (
            (bool(self.host), "host", "write the name or the address of the message centre"),
            (0 < self.port < 65_536, "port", "write a number from 1 to 65535"),
            (_fits(self.system_id, 15), "system_id", "write 1 to 15 letters without spaces"),
            (not self.system_type or _fits(self.system_type, 12), "system_type", "write up to 12 letters"),
            (bool(_SENDER.fullmatch(self.sender)), "sender", "write a number, or up to 11 letters"),
            (1 <= self.parts_most <= _PARTS_MOST, "parts_most", f"write a number from 1 to {_PARTS_MOST}"),
            (
                min(self.connect_within, self.answer_within, self.enquire_every, self.join_within) > timedelta(0),
                "times",
                "write each above zero",
            ),
            (not isinstance(self.no_number, str), "no_number", "write a list, like ['001']"),
            (self.listen_for >= timedelta(0), "listen_for", "write zero or more"),
        )
        for holds, name, advice in rules:
            if not holds:
                raise DueCourseError(f"sms settings: {name}: {advice}")

    @property
    def sender_is_number(self) -> bool:
        """Say whether the sender is a number, not a name."""
        return bool(_NUMBER.fullmatch(self.sender))

    def tls_context(self) -> ssl.SSLContext | None:
        """Return how to check the centre's certificate; None without TLS. DueCourseError on a bad file of roots."""
        return trusting(self.tls_roots) if self.tls else None


def _fits(text: str, most: int) -> bool:
    return 1 <= len(text) <= most and bool(_PRINTABLE.fullmatch(text))
