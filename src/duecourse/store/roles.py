"""Who works here: the closed list of roles, and what each may do at all. How much of it is a matter of limits."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is here; everybody is one thing."""

    COLLECTOR = "collector"
    SUPERVISOR = "supervisor"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"


class What(StrEnum):
    """What a role may allow."""

    WAIVE = "waiver"  # forgive some of a debt
    SETTLE = "settlement"  # offer to take less than is owed for all of it
    SECOND = "second"  # be the second person whom a waiver or a settlement needs
    END = "end"  # decide that a debt is reported, listed, placed, sued for or sold
    REVIEW = "review"  # answer a borrower who asks that a person look at such a decision again
    CLOSE = "close"  # close a complaint or a dispute; anybody may note one
    APPOINT = "appoint"  # add users, and say what they are
    LIMIT = "limit"  # say how much a role may give up


MAY: Final[Mapping[Role, frozenset[What]]] = {
    Role.COLLECTOR: frozenset({What.WAIVE, What.SETTLE}),
    Role.SUPERVISOR: frozenset({What.WAIVE, What.SETTLE, What.SECOND, What.END, What.REVIEW}),
    Role.COMPLIANCE: frozenset({What.SECOND, What.CLOSE, What.REVIEW}),
    Role.ADMINISTRATOR: frozenset({What.APPOINT, What.LIMIT}),
}
"""What each role may do. Whoever sets the limits gives nothing up, and whoever gives up does not close complaints."""

LIMITED: Final = tuple(role for role in Role if MAY[role] & {What.WAIVE, What.SETTLE, What.SECOND})
"""The roles that have limits."""
