"""Whether somebody who lends or collects is formal, by the registers that were imported.

    check(text, entries, on) -> Finding            a name, a licence, a number or an address of the web
    belongs(text, entry, entries) -> Belonging     whether a number, an account or an address is that lender's

A look-alike is told as such, never as licensed: letters that look like others (by Unicode's own table), and names and
addresses that are nearly the same. What no register has is unknown, which is not the same as forbidden.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import phonenumbers
from confusable_homoglyphs import confusables
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from duecourse.licences.register import Entry

TEXT_MOST: Final = 300
_LIKE_PERCENT: Final = 86
_NEAR_LETTERS: Final = 2  # of an address; of a shorter one, one
_SHORT: Final = 8
_NAME_LEAST: Final = 6  # letters of a name that within another is no accident
_FORMS: Final = re.compile(
    r"\b(ltd|limited|llc|llp|inc|incorporated|corp|corporation|plc|gmbh|ag|sa|sarl|srl|bv|oy|ab|pty|pvt|co|company)\b"
    r"|(股份)?有限(责任)?公司|集团|公司"
)
_HOST: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?([^\s/?#@:]+\.[^\s/?#@:.]{2,})(?:[:/?#].*)?$", re.IGNORECASE)
_DIGITS: Final = re.compile(r"^\+?[\d\s()./-]{6,24}$")
_LOOKS_LIKE: Final = {"0": "o", "1": "l", "i": "l", "5": "s", "rn": "m", "vv": "w"}


class Kind(StrEnum):
    """What was asked for."""

    NAME = "name"
    LICENCE = "licence"
    PHONE = "phone"
    SITE = "site"
    ACCOUNT = "account"
    ADDRESS = "address"


class Standing(StrEnum):
    """What it comes to; the best first."""

    LICENSED = "licensed"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    LOOK_ALIKE = "look_alike"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Match:
    """A lender that was meant, or that somebody wants to be taken for."""

    entry: Entry
    standing: Standing


@dataclass(frozen=True)
class Finding:
    """What the registers say of a text."""

    text: str
    kind: Kind
    standing: Standing
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Belonging:
    """Whether something is a lender's: its own, another's (`of`), or nobody's that a register has."""

    text: str
    kind: Kind
    is_its: bool
    of: Entry | None


def check(text: str, entries: Sequence[Entry], on: date) -> Finding:
    """Return what the registers say of a name, a licence, a telephone number or an address of the web."""
    asked = text.strip()[:TEXT_MOST]
    kind = kind_of(asked, entries)
    exact = [entry for entry in entries if _is(kind, asked, entry)]
    if exact:
        matches = sorted((Match(entry, _standing(entry, on)) for entry in exact), key=_best)
        return Finding(asked, kind, matches[0].standing, tuple(matches))
    alike = tuple(Match(entry, Standing.LOOK_ALIKE) for entry in entries if _is_alike(kind, asked, entry))
    return Finding(asked, kind, Standing.LOOK_ALIKE if alike else Standing.UNKNOWN, alike)


def belongs(text: str, entry: Entry, entries: Sequence[Entry]) -> Belonging:
    """Return whether a number, an account, an address or a site is this lender's, or whose else it is."""
    asked = text.strip()[:TEXT_MOST]
    kind = _belonging_kind(asked, [entry, *entries])
    if _has(kind, asked, entry):
        return Belonging(asked, kind, is_its=True, of=entry)
    return Belonging(asked, kind, is_its=False, of=next((one for one in entries if _has(kind, asked, one)), None))


def kind_of(text: str, entries: Sequence[Entry]) -> Kind:
    """Return what a text is: a number or an address by its form, a licence where a register has it, else a name."""
    if any(_plain_licence(entry.licence) == _plain_licence(text) for entry in entries):
        return Kind.LICENCE
    if _HOST.match(text) and " " not in text:
        return Kind.SITE
    return Kind.PHONE if _DIGITS.match(text) else Kind.NAME


def skeleton(text: str) -> str:
    """Return a text with every letter that looks like another as that other: what a hasty reader sees."""
    plain = "".join(_latin(letter) for letter in unicodedata.normalize("NFKC", text).casefold())
    for one, other in _LOOKS_LIKE.items():
        plain = plain.replace(one, other)
    return plain


def plain_name(name: str) -> str:
    """Return a name without its legal form, its signs and its capitals."""
    folded = _FORMS.sub(" ", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded).split())


def _standing(entry: Entry, on: date) -> Standing:
    if on < entry.from_on:
        return Standing.NOT_YET
    return Standing.EXPIRED if entry.until_on is not None and entry.until_on < on else Standing.LICENSED


def _best(match: Match) -> tuple[int, str, str]:
    return list(Standing).index(match.standing), match.entry.authority, match.entry.licence


def _is(kind: Kind, text: str, entry: Entry) -> bool:
    if kind is Kind.LICENCE:
        return _plain_licence(entry.licence) == _plain_licence(text)
    if kind is Kind.NAME:
        return plain_name(text) in {plain_name(name) for name in (entry.name, *entry.other_names)}
    return _has(kind, text, entry)


def _has(kind: Kind, text: str, entry: Entry) -> bool:
    """Say whether a number, a site, an account or an address is among those that the register has of a lender."""
    if kind is Kind.PHONE:
        return bool(_numbers([text], entry.country) & _numbers(entry.phones, entry.country))
    if kind is Kind.SITE:
        host = _host(text)
        return any(host == own or host.endswith("." + own) for own in map(_host, entry.sites))
    if kind is Kind.ACCOUNT:
        return _plain_licence(text) in {_plain_licence(account) for account in entry.accounts}
    return bool(plain_name(text)) and plain_name(text) in {plain_name(address) for address in entry.addresses}


def _is_alike(kind: Kind, text: str, entry: Entry) -> bool:
    if kind is Kind.NAME:
        return any(_names_alike(plain_name(text), plain_name(name)) for name in (entry.name, *entry.other_names))
    if kind is not Kind.SITE:
        return False
    host = _label(_host(text))
    names = [skeleton(plain_name(name)).replace(" ", "") for name in (entry.name, *entry.other_names)]
    if any(len(name) >= _NAME_LEAST and name in host for name in names):
        return True
    return any(_hosts_alike(host, _label(own)) for own in map(_host, entry.sites))


def _names_alike(one: str, other: str) -> bool:
    if not one or not other:
        return False
    if skeleton(one).replace(" ", "") == skeleton(other).replace(" ", ""):
        return True
    return fuzz.ratio(skeleton(one), skeleton(other)) >= _LIKE_PERCENT


def _hosts_alike(host: str, own: str) -> bool:
    """Say whether a host is nearly another's: the same to the eye, a letter or two off, or with its name within."""
    if not host or not own:
        return False
    near = 1 if len(own) < _SHORT else _NEAR_LETTERS
    return OSA.distance(host, own) <= near or (len(own) >= _NAME_LEAST and own in host)


def _label(host: str) -> str:
    """Return what a hasty reader sees of a host: without its last part, points and hyphens."""
    return skeleton(host.rpartition(".")[0].replace(".", "").replace("-", ""))


def _belonging_kind(text: str, entries: Sequence[Entry]) -> Kind:
    """Return whether a text is a number, a site, an account or an address, by what the registers have of that form."""
    for kind in (Kind.ACCOUNT, Kind.PHONE, Kind.SITE):
        if any(_has(kind, text, entry) for entry in entries):
            return kind
    if _HOST.match(text) and " " not in text:
        return Kind.SITE
    if _DIGITS.match(text):
        return Kind.PHONE if any(_numbers([text], entry.country) for entry in entries) else Kind.ACCOUNT
    return Kind.ACCOUNT if re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9 ]{8,40}", text.upper()) else Kind.ADDRESS


def _numbers(texts: Iterable[str], country: str) -> set[str]:
    """Return the numbers that can be dialled, in E.164; of those written without a country, in this one."""
    found = set()
    for text in texts:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            found.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return found


def _host(text: str) -> str:
    """Return the host of an address of the web, in the letters that people see, without www."""
    host = ""
    with suppress(ValueError):  # what only looks like an address is of no host
        host = (urlsplit(text if "://" in text else f"//{text}").hostname or "").rstrip(".")
    with suppress(UnicodeError):  # else it has other letters than a name may have, or was decoded already
        host = host.encode("ascii").decode("idna")
    return host.casefold().removeprefix("www.")


def _latin(letter: str) -> str:
    """Return the plain letter or digit that a letter looks like; itself where there is none."""
    if letter.isascii():
        return letter
    for twin in confusables.confusables_data.get(letter, ()):
        if twin["c"].isascii() and twin["c"].isalnum():
            return str(twin["c"]).casefold()
    return letter


def _plain_licence(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())
