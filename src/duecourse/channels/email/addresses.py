"""Mailboxes: checked by the rules of RFC 5321, 6531 and IDNA 2008 without asking anybody whether they exist."""

from dataclasses import dataclass
from typing import Final

from email_validator import EmailNotValidError, validate_email

from duecourse.kernel.errors import DueCourseError

_LOCAL_OCTETS_MAX: Final = 64  # RFC 5321, 4.5.3.1.1


@dataclass(frozen=True, repr=False)
class Mailbox:
    """A mailbox; the domain is in its ASCII form. Never printed or logged: it is personal."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """The mailbox as it is written in a header and an envelope."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can carry it."""
        return not self.local.isascii()

    def tagged(self, token: str) -> str:
        """Return the address with a token behind a plus sign; DueCourseError when that becomes too long."""
        local = f"{self.local}+{token}"
        if len(local) > _LOCAL_OCTETS_MAX:
            raise DueCourseError(
                f"a message's key makes an address of ours too long ({len(local)} of {_LOCAL_OCTETS_MAX}): "
                "use shorter keys, or a shorter return path"
            )
        return f"{local}@{self.domain}"


def mailbox(text: str, whose: str) -> Mailbox:
    """Read a mailbox without a name; DueCourseError, which does not show it, when it is none. `whose` names it."""
    try:
        found = validate_email(text, check_deliverability=False, allow_quoted_local=True)
    except (EmailNotValidError, UnicodeError):
        raise DueCourseError(f"{whose}: is not a mailbox that can be written to: correct it") from None
    if found.ascii_domain is None:
        raise DueCourseError(f"{whose}: has a domain that has no ASCII form: correct it")
    return Mailbox(found.local_part, found.ascii_domain)
