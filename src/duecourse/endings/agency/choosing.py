"""Which agency gets which debt: those whose terms it fits and who have room, and among them by weight.

    choose(debts, agencies, placed, on) -> [Choice, ...]

Whose turn it is follows from a stable hash of the borrower: the same again gives the same, and all debts of one
borrower go to one agency as far as its terms let them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from duecourse.endings.agency.debts import Debt
from duecourse.endings.agency.register import Agency

_SALT: Final = "agency-1"
_HEX: Final = 32  # bits of the hash that are looked at
NO_AGENCY: Final = "no_agency"
NO_ROOM: Final = "no_room"


@dataclass(frozen=True)
class Choice:
    """A debt and its agency, or why there is none."""

    debt: Debt
    agency: Agency | None
    why: str = ""


def choose(
    debts: Sequence[Debt], agencies: Sequence[Agency], placed: Mapping[str, int], on: date
) -> list[Choice]:  # fmt: skip
    """Choose for each debt, in their order, which fills the agencies; `placed` is how many debts each has already."""
    room = {one.agency_id: one.terms.capacity - placed.get(one.agency_id, 0) for one in agencies}
    found = []
    for debt in debts:
        fit = [one for one in agencies if fits(one, debt, on)]
        free = [one for one in fit if room[one.agency_id] > 0]
        if not free:
            found.append(Choice(debt, None, NO_ROOM if fit else NO_AGENCY))
            continue
        taken = _turn(free, debt.borrower)
        room[taken.agency_id] -= 1
        found.append(Choice(debt, taken))
    return found


def fits(agency: Agency, debt: Debt, on: date) -> bool:
    """Say whether a debt is of the kind that an agency takes, where it may work, for a term within its contract."""
    terms = agency.terms
    return (
        terms.contract_from <= on
        and on + timedelta(days=terms.term_days) <= terms.contract_until
        and terms.licence(debt.country, debt.region) is not None
        and (not terms.products or debt.product in terms.products)
        and (not terms.currencies or debt.currency in terms.currencies)
        and terms.amount_least <= debt.owed <= terms.amount_most
        and terms.days_least <= debt.days_past_due <= terms.days_most
    )


def _turn(free: Sequence[Agency], borrower: int) -> Agency:
    """Return whose turn it is: the share of all hashes that each has is its share of the weights."""
    digest = hashlib.sha256(f"{_SALT}|{borrower}".encode()).hexdigest()
    total = sum(one.terms.weight for one in free)
    place = int(digest[: _HEX // 4], 16) * total >> _HEX  # four bits a digit
    for one in free:
        place -= one.terms.weight
        if place < 0:
            return one
    raise AssertionError("a place is below the sum of the weights")
