"""Who takes part, under which keys, for which purposes, on which legal basis: one file that the operator signs.

`charter.toml` and beside it `charter.toml.sig`. Every party has the file and the operator's public key, and believes
nobody whom it does not name. A jurisdiction without a legal basis in it is off: nothing is published, evaluated or
opened there.
"""

from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.signed import Signer, verify
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.faults import first_fault
from duecourse.kernel.files import written_beside
from duecourse.kernel.texts import toml

PEOPLE_A_BUCKET: Final = 1_200
"""So many on average that, spread at random, no bucket of a million has fewer than 1,000: six deviations below."""

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Purpose(StrEnum):
    """What somebody may be looked up for; the charter allows each by jurisdiction."""

    OWN_VIEW = "own_view"  # the borrower's own: what do I owe
    AFFORDABILITY = "affordability"  # whether a loan or a plan can be repaid
    FORBEARANCE = "forbearance"  # whether to slow down: what else is owed, and who else collects


class Strict(BaseModel):
    """A record that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lender(Strict):
    """A lender or a buyer of debts that publishes."""

    number: Annotated[int, Field(ge=1, lt=2**32)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    key: Key
    jurisdiction: Country
    licence: Annotated[str, Field(min_length=1, max_length=100)]
    contact: Annotated[str, Field(min_length=1, max_length=200)]
    state: Literal["active", "suspended"] = "active"


class Checker(Strict):
    """Somebody who checks identities and vouches for the clients whom they have checked."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    key: Key
    state: Literal["active", "suspended"] = "active"


class Basis(Strict):
    """Why the inquiry may run in a jurisdiction at all, in the words of who answers for it."""

    jurisdiction: Country
    basis: Annotated[str, Field(min_length=20, max_length=2_000)]
    named_by: Annotated[str, Field(min_length=1, max_length=200)]
    named_on: date
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]


class Limits(Strict):
    """How many elements may be evaluated or opened in one day."""

    client_a_day: Annotated[int, Field(ge=1)] = 60
    checker_a_day: Annotated[int, Field(ge=1)] = 200_000
    lender_a_day: Annotated[int, Field(ge=1)] = 5_000_000


class Charter(Strict):
    """The whole of it. Keys are hexadecimal: Ed25519 of who signs, ristretto255 for `address_key` and `opening_key`."""

    from_on: date
    until_on: date
    people: Annotated[int, Field(ge=1)]  # how many are expected: the number of buckets is out of it
    head_hours: Annotated[int, Field(ge=1)] = 26  # after which a hub's head is an old one
    hub_key: Key
    address_key: Key
    opening_key: Key
    lenders: tuple[Lender, ...] = ()
    checkers: tuple[Checker, ...] = ()
    bases: tuple[Basis, ...] = ()
    limits: Limits = Limits()

    @property
    def buckets(self) -> int:
        """Return how many buckets there are, so that each has a thousand people and more."""
        return max(1, self.people // PEOPLE_A_BUCKET)  # down: a bucket more would make each smaller

    @cached_property
    def lender_of_key(self) -> dict[str, Lender]:
        """The lenders by their keys."""
        return {lender.key: lender for lender in self.lenders}

    @cached_property
    def lender_of_number(self) -> dict[int, Lender]:
        """The lenders by their numbers."""
        return {lender.number: lender for lender in self.lenders}

    @cached_property
    def checker_of_key(self) -> dict[str, Checker]:
        """The checkers by their keys."""
        return {checker.key: checker for checker in self.checkers}

    def allowed(self, jurisdiction: str, purpose: Purpose | None, on: date) -> None:
        """Refused (`charter`, `legal_basis`, `purpose`) unless this may be done there on this day."""
        if not self.from_on <= on <= self.until_on:
            raise Refused(Check.CHARTER, f"the charter is in force from {self.from_on} to {self.until_on}")
        basis = next((each for each in self.bases if each.jurisdiction == jurisdiction), None)
        if basis is None or on < basis.named_on:
            raise Refused(Check.LEGAL_BASIS, f"the operator names no legal basis for {jurisdiction} on {on}")
        if purpose is not None and purpose not in basis.purposes:
            raise Refused(Check.PURPOSE, f"{purpose} is no purpose that the charter allows in {jurisdiction}")

    def active_lender(self, key: str) -> Lender:
        """Return the lender of a key. Refused (`party`) when the charter has none, or suspended it."""
        lender = self.lender_of_key.get(key)
        if lender is None or lender.state != "active":
            raise Refused(Check.PARTY, f"the charter has no active lender of key {key[:16]}")
        return lender


def signature_of(path: Path) -> Path:
    """Return where the signature of a charter lies."""
    return path.with_name(path.name + ".sig")


def read(path: Path) -> Charter:
    """Read a charter, signed or not. DueCourseError: the file, the place in it and what is wrong."""
    try:
        charter = Charter.model_validate(toml(path))
    except ValidationError as error:
        raise DueCourseError(f"{path}: {first_fault(error)}") from None
    for name, keys in (
        ("lenders", [each.key for each in charter.lenders]),
        ("lender numbers", [str(each.number) for each in charter.lenders]),
        ("checkers", [each.key for each in charter.checkers]),
        ("bases", [each.jurisdiction for each in charter.bases]),
    ):
        if len(set(keys)) < len(keys):
            raise DueCourseError(f"{path}: {name}: the same one stands twice")
    return charter


def signed(path: Path, operator: str) -> Charter:
    """Return the charter of a file. Refused (`charter`) when this operator did not sign it."""
    charter = read(path)
    try:
        signature = bytes.fromhex(signature_of(path).read_text(encoding="ascii").strip())
        verify(operator, b"charter", path.read_bytes(), signature)
    except (OSError, ValueError, Refused):
        raise Refused(Check.CHARTER, f"{path} is not signed by operator {operator[:16]}") from None
    return charter


def sign(path: Path, signer: Signer) -> Charter:
    """Sign a charter that can be read, beside itself."""
    charter = read(path)
    with written_beside(signature_of(path), lasting=True) as beside:
        beside.write_text(signer.sign(b"charter", path.read_bytes()).hex() + "\n", encoding="ascii")
    return charter
