"""A value as the store keeps it: one form for each number and address, so that the same is found as the same."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Final
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from langcodes import standardize_tag, tag_is_valid
from langcodes.tag_parser import LanguageTagError

from duecourse.book.pick import Unfit, Value

ID_LENGTH_MAX: Final = 500  # an index of PostgreSQL holds 2,704 bytes
_LENGTH_MAX: Final = 300
_ADDRESS_LENGTH_MAX: Final = 1_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")  # RFC 5322
_LOCAL_LENGTH_MAX: Final = 64  # RFC 5321, of what stands before the @
_EMAIL_LENGTH_MAX: Final = 254  # RFC 5321, with its erratum 1690
_SPACES: Final = re.compile(r"\s+")


class UnfitError(Exception):
    """A value that cannot be kept; its only argument is the reason's code. The value is not in it."""

    @property
    def reason(self) -> str:
        """A key of `quarantine.REASONS`."""
        return str(self.args[0])


def one(value: Value) -> str | None:
    """Return the one text of a value, if it has one; UnfitError where there are several, or it is unfit."""
    found = several(value)
    if len(found) > 1:
        raise UnfitError("several")
    if found and isinstance(found[0], Unfit):
        raise UnfitError(found[0])
    return found[0] if found else None


def several(value: Value) -> list[str] | list[Unfit]:
    """Return the texts of a value; one that is unfit as it is."""
    if isinstance(value, Unfit):
        return [value]
    if isinstance(value, list):
        return [part for part in value if part]
    return [value] if value else []


def split(value: str | Unfit) -> list[str]:
    """Return the texts between semicolons; UnfitError where the value is unfit."""
    if isinstance(value, Unfit):
        raise UnfitError(value)
    return [part for part in value.split(";") if part.strip()]


def id_of(value: str) -> str:
    """Return an id as it is written, as in the book; UnfitError when no index can hold it."""
    if not value.strip():
        raise UnfitError("missing")
    if len(value) > ID_LENGTH_MAX:
        raise UnfitError("too_long")
    if "\0" in value:
        raise UnfitError("control_character")
    return value


def plain(value: str) -> str:
    """Return a name or the like on one line, composed (NFC), with single blanks."""
    return _bounded(_SPACES.sub(" ", unicodedata.normalize("NFC", value)).strip(), _LENGTH_MAX)


def address(value: str) -> str:
    """Return the lines of an address, each trimmed, without empty ones."""
    lines = (_SPACES.sub(" ", line).strip() for line in unicodedata.normalize("NFC", value).splitlines())
    kept = [_bounded(line, _ADDRESS_LENGTH_MAX) for line in lines if line]
    return _bounded("\n".join(kept), _ADDRESS_LENGTH_MAX, lines=True)


def _bounded(value: str, longest: int, *, lines: bool = False) -> str:
    if not value:
        raise UnfitError("missing")
    if len(value) > longest:
        raise UnfitError("too_long")
    if _CONTROL.search(value.replace("\n", "") if lines else value):
        raise UnfitError("control_character")
    return value


def phone(value: str, country: str | None) -> str:
    """Return a number in the form of E.164; one without a country code is of that country."""
    if len(value) > _LENGTH_MAX:
        raise UnfitError("too_long")
    try:
        found = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as error:
        is_nowhere = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        raise UnfitError("no_country" if is_nowhere and not country and "+" not in value else "no_phone") from None
    if found.extension:
        raise UnfitError("extension")
    if not phonenumbers.is_valid_number(found):
        raise UnfitError("no_phone")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def email(value: str) -> str:
    """Return a mailbox, its domain in lower case and in ASCII (IDNA)."""
    if len(value) > _LENGTH_MAX:
        raise UnfitError("too_long")
    local, at, domain = value.strip().rpartition("@")
    # What most are is quickly seen; whatever else may stand before the @ is the library's to judge.
    if at and len(local) <= _LOCAL_LENGTH_MAX and _LOCAL.fullmatch(local):
        found = f"{local}@{_domain(domain)}"
        if len(found) <= _EMAIL_LENGTH_MAX:
            return found
    try:
        told = validate_email(value.strip(), check_deliverability=False)
    except EmailNotValidError:
        raise UnfitError("no_email") from None
    return f"{told.local_part}@{told.ascii_domain}"


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> str:
    """Return a domain in ASCII; many mailboxes have the same, and to look at one takes long."""
    try:
        return str(validate_email(f"a@{domain}", check_deliverability=False).ascii_domain)
    except EmailNotValidError:
        raise UnfitError("no_email") from None


@lru_cache(maxsize=10_000)
def language(value: str) -> str:
    """Return a BCP 47 tag in its usual letters."""
    try:
        if len(value) <= _LENGTH_MAX and tag_is_valid(value.strip()):
            return standardize_tag(value.strip())
    except (LanguageTagError, ValueError):
        pass
    raise UnfitError("no_language")


def zone(value: str) -> str:
    """Return an IANA name of a zone."""
    if value.strip() not in _zones():
        raise UnfitError("no_zone")
    return value.strip()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def country(value: str) -> str:
    """Return an ISO 3166-1 alpha-2 code."""
    if value.strip() not in phonenumbers.SUPPORTED_REGIONS:
        raise UnfitError("no_such_country")
    return value.strip()


POINTS: Final[Mapping[str, Callable[[str, str | None], str]]] = {
    "phone": phone,
    "email": lambda value, _: email(value),
    "address": lambda value, _: address(value),
    "messenger": lambda value, _: plain(value),
}
"""How a contact point of each kind is read; the second argument is the country of numbers without one."""
