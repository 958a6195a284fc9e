"""Who a line is about, unsealed only when a file is written or it is tried whether it can be."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.day.known import Known
from duecourse.day.reaching import key_of
from duecourse.endings.furnish.metro2_write import Values, plain
from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import name_place, point_place
from duecourse.store.keys import Keyring, unseal

_TOWN: Final = re.compile(r"(?P<city>[^,]+),? +(?P<state>[A-Z]{2}) +(?P<zip>[0-9]{5})(?:-(?P<more>[0-9]{4}))?")
_SUFFIXES: Final = frozenset({"JR", "SR", "II", "III", "IV"})


@dataclass(frozen=True, repr=False)
class Identity:
    """A borrower's name, day of birth and lines of address, in the clear: never kept, logged or printed."""

    borrower_id: str
    name: str
    born_on: date | None
    address: tuple[str, ...]


def of(ring: Keyring, known: Known) -> Identity | None:
    """Unseal who a borrower is; None where no name is in the store, or they were erased."""
    person = known.person
    if person.name is None or person.number is None or person.wrapped_key is None:
        return None
    key = key_of(ring, person)
    places = [point for point in person.points if point.kind == "address"]
    text = unseal(key, bytes(places[-1].value), point_place("address", places[-1].number)) if places else ""
    name = unseal(key, bytes(person.name), name_place(person.number))
    return Identity(person.borrower_id, name, known.born_on, tuple(text.splitlines()))


def metro2(who: Identity) -> Values:
    """Return the fields of a consumer; DueCourseError where something is missing, or the format cannot hold it."""
    words = plain(who.name).split()
    words = words[:-1] if words and words[-1].strip(".") in _SUFFIXES else words
    town = _TOWN.fullmatch(plain(who.address[-1])) if len(who.address) > 1 else None
    if len(words) < 2 or town is None or who.born_on is None:
        raise DueCourseError(
            "Metro 2 needs a first name and a surname, a day of birth, and an address with state and ZIP"
        )
    street = [plain(line) for line in who.address[:-1]]
    found: Values = {
        "surname": words[-1], "first_name": words[0], "middle_name": " ".join(words[1:-1]), "born_on": who.born_on,
        "ecoa": "1", "country": "US", "address": street[0], "address_2": " ".join(street[1:]), "city": town["city"],
        "state": town["state"], "postal_code": town["zip"] + (town["more"] or ""),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def can_be_written(who: Identity | None, form: str) -> bool:
    """Say whether a form takes somebody's identity, so that nothing is missing when its file is written."""
    if who is None or not who.name.strip() or who.born_on is None:
        return False
    if form != "metro2":
        return True
    try:
        fields = metro2(who)
    except DueCourseError:
        return False
    lengths = {"surname": 25, "first_name": 20, "middle_name": 20, "address": 32, "address_2": 32, "city": 20}
    return all(len(str(fields.get(name, ""))) <= most for name, most in lengths.items())
