"""What a lender sets for e-mail, checked when it is made."""

import re
import string
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from duecourse.channels.connection import is_loopback
from duecourse.channels.email.addresses import Mailbox, mailbox
from duecourse.channels.email.tokens import Tokens
from duecourse.kernel.errors import DueCourseError

_HOST: Final = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_LINK: Final = re.compile(r"https://[!-;=?-~]{1,500}")  # visible ASCII without < and >
SECONDS_MAX: Final = 900


class Tls(StrEnum):
    """How a connection is sealed."""

    STARTTLS = "starttls"  # in the clear until the server has been asked; refused if it does not offer it
    IMPLICIT = "implicit"  # sealed from the first byte
    NONE = "none"  # in the clear: on this machine only


@dataclass(frozen=True)
class Settings:
    """Where mails are handed over, and what they say of us.

    `password_from` names the variable of the environment that holds the password. Bounces go to `return_path`, answers
    to `reply_to`, both with a token behind a plus sign, which the mail server must take. `unsubscribe` is an https
    address with `{token}` in it. `timeout_seconds` bounds the whole handing over of one message.
    """

    host: str
    port: int
    tls: Tls
    sender: str
    return_path: str
    tokens: Tokens = field(repr=False)
    sender_name: str = ""
    reply_to: str = ""
    user: str = ""
    password_from: str = ""
    unsubscribe: str = ""
    ca_file: Path | None = None
    timeout_seconds: int = 60

    def __post_init__(self) -> None:
        """Refuse what cannot work, or would not be safe."""
        if not _HOST.fullmatch(self.host) or not 0 < self.port < 65_536:
            raise DueCourseError(
                "e-mail: host and port name no server: write a name and a number, as in mail.example, 587"
            )
        if self.tls is Tls.NONE and not is_loopback(self.host):
            raise DueCourseError(f"e-mail: tls none would show mails to all between here and {self.host}: use starttls")
        if not 0 < self.timeout_seconds <= SECONDS_MAX:
            raise DueCourseError(f"e-mail: timeout_seconds is not from 1 to {SECONDS_MAX}")
        if bool(self.user) != bool(self.password_from):
            raise DueCourseError("e-mail: user and password_from belong together: set both or neither")
        if not self.user.isascii():
            raise DueCourseError("e-mail: user is not ASCII, which servers cannot log in: use another")
        if not self.sender_name.isprintable() or len(self.sender_name) > 100:
            raise DueCourseError("e-mail: sender_name is longer than 100 characters or has one that cannot be seen")
        for name, text in (("sender", self.sender), ("return_path", self.return_path), ("reply_to", self.reply_to)):
            if (text or name != "reply_to") and mailbox(text, f"e-mail: {name}").needs_utf8:
                raise DueCourseError(f"e-mail: {name} is not ASCII, which many servers cannot answer: use another")
        if self.unsubscribe and not _is_pattern(self.unsubscribe):
            raise DueCourseError("e-mail: unsubscribe is no https address with {token} once in it")

    @property
    def sender_box(self) -> Mailbox:
        """The mailbox that mails are from."""
        return mailbox(self.sender, "e-mail: sender")

    @property
    def return_box(self) -> Mailbox:
        """The mailbox that bounces go to, without a token."""
        return mailbox(self.return_path, "e-mail: return_path")

    @property
    def reply_box(self) -> Mailbox | None:
        """The mailbox that answers go to, without a token; None where they go to the sender."""
        return mailbox(self.reply_to, "e-mail: reply_to") if self.reply_to else None


def _is_pattern(text: str) -> bool:
    try:
        fields = [name for _, name, form, conversion in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    return fields == ["token"] and text.count("{token}") == 1 and bool(_LINK.fullmatch(text))
