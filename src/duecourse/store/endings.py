"""The ways in which a debt leaves the ladder, the states of each, and what may follow on what."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """A way in which a debt leaves the ladder. A visit is a contact, and a settlement an offer: they are elsewhere."""

    FURNISH = "furnish"
    LIST = "list"
    AGENCY = "agency"
    SUIT = "suit"
    SALE = "sale"


DECIDED: Final = "decided"  # a named person has decided it; nothing has left the house
WITHDRAWN: Final = "withdrawn"  # taken back before anything left the house, or, of a suit, by the lender

MOVES: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    Kind.FURNISH: {
        DECIDED: ("reported", WITHDRAWN),
        "reported": ("reported", "disputed", "deleted"),  # once a month, as the debt stands then
        "disputed": ("reported", "deleted"),  # corrected or verified, or taken away
    },
    Kind.LIST: {
        DECIDED: ("noticed", WITHDRAWN),
        "noticed": ("objected", "entered", WITHDRAWN),
        "objected": ("entered", WITHDRAWN),  # entered only where a second person found the objection unfounded
        "entered": ("entered", "removed"),  # a correction is an entry in the place of the one before
    },
    Kind.AGENCY: {
        DECIDED: ("placed", WITHDRAWN),
        "placed": ("returned", "recalled"),  # at the end of its term or by the agency, or by us before it
    },
    Kind.SUIT: {
        DECIDED: ("packed", WITHDRAWN),
        "packed": ("packed", "filed", WITHDRAWN),  # made anew where the amounts have changed
        "filed": ("judged", "dismissed", WITHDRAWN, "paid"),
        "judged": ("enforcing", "paid", "dismissed"),  # dismissed on appeal
        "enforcing": ("enforcing", "paid", "fruitless"),  # each outcome of enforcement is a step of its own
    },
    Kind.SALE: {
        DECIDED: ("offered", WITHDRAWN),
        "offered": ("sold", "declined", WITHDRAWN),
        "sold": ("put_back", "bought_back"),
    },
}
"""What may follow on each state of each kind; nothing follows on a state that is named on the right alone."""

STATES: Final[Mapping[Kind, tuple[str, ...]]] = {
    kind: tuple(dict.fromkeys([*moves, *(state for after in moves.values() for state in after)]))
    for kind, moves in MOVES.items()
}
"""All states of each kind."""

OVER: Final[Mapping[Kind, tuple[str, ...]]] = {
    kind: tuple(state for state in STATES[kind] if state not in MOVES[kind]) for kind in Kind
}
"""The states in which it is over. A sale that was closed is not: what was sold may come back."""

ACTS: Final[Mapping[Kind, str]] = {
    Kind.FURNISH: "furnish", Kind.LIST: "list", Kind.AGENCY: "place", Kind.SUIT: "sue", Kind.SALE: "sell",
}  # fmt: skip
"""The act of the plan, and of the law, that each is."""

EVENTS: Final[Mapping[tuple[Kind, str], str]] = {
    (Kind.FURNISH, "reported"): "furnished",
    (Kind.FURNISH, "deleted"): "record_removed",
    (Kind.LIST, "entered"): "listed",
    (Kind.LIST, "removed"): "delisted",
    (Kind.AGENCY, "placed"): "agency_engaged",
    (Kind.AGENCY, "returned"): "agency_ended",
    (Kind.AGENCY, "recalled"): "agency_ended",
    (Kind.SUIT, "filed"): "sued",
    (Kind.SUIT, "judged"): "judgment",
    (Kind.SALE, "sold"): "sold",
    (Kind.SALE, "put_back"): "put_back",
    (Kind.SALE, "bought_back"): "put_back",
}
"""Which event of the book it is when an ending comes into a state: what the law and the next night see of it."""
