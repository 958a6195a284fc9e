"""Whether somebody may give something up: alone, with a second person, or never. Pure decisions over limits.

    may(role, What.WAIVE, Sought(500), limits) -> May.ALONE | May.SECOND | May.NEVER

A limit bounds what is given up for one borrower in `WINDOW`, so that nothing is gained by asking in small parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from duecourse.store.roles import MAY, Role, What

WINDOW: Final = timedelta(days=30)
_WHOLE_PPM: Final = 1_000_000


class May(StrEnum):
    """What becomes of something that was asked for."""

    ALONE = "alone"
    SECOND = "second"
    NEVER = "never"


@dataclass(frozen=True)
class Limit:
    """How much a role may give up in one currency, in minor units, and at most which share of a debt."""

    waiver: int
    settlement: int
    settlement_ppm: int

    def covers(self, what: What, sought: "Sought") -> bool:
        """Say whether so much is within the limit."""
        if what is What.WAIVE:
            return sought.given_up <= self.waiver
        return what is What.SETTLE and sought.given_up <= self.settlement and sought.ppm <= self.settlement_ppm


@dataclass(frozen=True)
class Sought:
    """What would be given up with what has been in the window before, in minor units; of a settlement its discount."""

    given_up: int
    ppm: int = 0


Limits = Mapping[Role, Limit]
"""The limits in force in one currency; a role that has none gives nothing up."""


def discount_ppm(amount: int, owed: int) -> int:
    """Return the share of what is owed that a settlement leaves, in parts per million, rounded up: against who asks."""
    return -((amount - owed) * _WHOLE_PPM // owed)


def may(role: Role, what: What, sought: Sought, limits: Limits) -> May:
    """Say whether a role may do this alone, with a second person, or never: also where nobody could be the second."""
    if what not in MAY[role]:
        return May.NEVER
    if role in limits and limits[role].covers(what, sought):
        return May.ALONE
    return May.SECOND if any(may_second(other, what, sought, limits) for other in Role) else May.NEVER


def may_second(role: Role, what: What, sought: Sought, limits: Limits) -> bool:
    """Say whether a role has enough authority to be the second person for this."""
    return What.SECOND in MAY[role] and role in limits and limits[role].covers(what, sought)
