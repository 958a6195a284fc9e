"""Who somebody is, in one form: a national identifier and a birth date become the bytes that are blinded.

`python-stdnum` has the rules of each country: what is written between digits, check digits, and the birth date where
the number has one. What this returns leaves no lender and no client; only a blinding of it does.
"""

import unicodedata
from datetime import date
from importlib import import_module
from typing import Final, Protocol, cast

from stdnum.exceptions import ValidationError

from duecourse.kernel.errors import DueCourseError

NUMBERS: Final[dict[str, tuple[str, str]]] = {
    "AR": ("ar.dni", "DNI"),
    "BR": ("br.cpf", "CPF"),
    "CL": ("cl.rut", "RUT"),
    "CN": ("cn.ric", "resident identity card number"),
    "CZ": ("cz.rc", "rodné číslo"),
    "DE": ("de.idnr", "tax identification number"),
    "EC": ("ec.ci", "cédula de identidad"),
    "ES": ("es.nif", "NIF"),
    "FI": ("fi.hetu", "henkilötunnus"),
    "FR": ("fr.nir", "NIR"),
    "ID": ("id.nik", "NIK"),
    "IN": ("in_.pan", "PAN"),
    "IT": ("it.codicefiscale", "codice fiscale"),
    "KR": ("kr.rrn", "resident registration number"),
    "MX": ("mx.curp", "CURP"),
    "MY": ("my.nric", "NRIC"),
    "NL": ("nl.bsn", "BSN"),
    "PE": ("pe.cui", "CUI"),
    "PK": ("pk.cnic", "CNIC"),
    "PL": ("pl.pesel", "PESEL"),
    "RO": ("ro.cnp", "CNP"),
    "SE": ("se.personnummer", "personnummer"),
    "TH": ("th.pin", "personal identification number"),
    "TR": ("tr.tckimlik", "T.C. kimlik numarası"),
    "US": ("us.ssn", "social security number"),
    "ZA": ("za.idnr", "identity number"),
}
"""Each country's module of `stdnum`, and what people there call the number."""


class _Rules(Protocol):
    """What every module of `stdnum` has."""

    def validate(self, number: str) -> str: ...


def normalised(country: str, number: str, born_on: date) -> bytes:
    """Return one text for one person, however the number was typed.

    DueCourseError, without the number, when the country has no rules here, a check digit is wrong, or the number says
    another birth date.
    """
    if country not in NUMBERS:
        raise DueCourseError(f"no rules for national identifiers of {country}: name one of {', '.join(NUMBERS)}")
    module, called = NUMBERS[country]
    rules = cast("_Rules", import_module(f"stdnum.{module}"))
    try:
        compact = rules.validate("".join(unicodedata.normalize("NFKC", number).split()).upper())
    except ValidationError as error:
        raise DueCourseError(f"this is no {called} of {country}: {_why(error)}") from None
    told = _birth_date(rules, compact)
    if told is not None and told != born_on:
        raise DueCourseError(f"the {called} says another birth date than the one given: check both")
    return f"duecourse-identity-1\0{country}\0{compact}\0{born_on.isoformat()}".encode()


def _birth_date(rules: _Rules, compact: str) -> date | None:
    """Return the birth date in the number, where its country puts one there and it can be told."""
    find = getattr(rules, "get_birth_date", None)
    if find is None:
        return None
    try:
        found = find(compact)
    except (ValidationError, ValueError):
        return None
    return found if isinstance(found, date) else None


def _why(error: ValidationError) -> str:
    return str(error).rstrip(".").lower()
