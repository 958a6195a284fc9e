"""The words that a strategy may use: acts, purposes, units, and the fact that each gap is counted from."""

from collections.abc import Mapping
from typing import Final

from duecourse.law.vocabulary import VOCABULARY

ACTS: Final = ("contact", "furnish", "list", "place", "sue", "settle", "sell", "reward")
ADVERSE_ACTS: Final = ("furnish", "list", "place", "sue", "sell")
FACING_ACTS: Final = ("contact", "settle")  # the borrower hears of these, so a rung's gap counts for them
DEMANDING_ACTS: Final = ("contact", "settle")
PURPOSES: Final = (
    "collection", "location", "validation_notice", "servicing", "answer_to_borrower", "required_notice",
)  # fmt: skip
DEMANDING_PURPOSES: Final = ("collection", "required_notice")
REQUIRED_PURPOSES: Final = ("required_notice", "validation_notice")
CONTENT: Final[Mapping[str, str]] = VOCABULARY.enumerations["content"]  # each word of a template with its meaning
OF_THE_DAY: Final = (
    "settlement_confirmed",
    "assignment_notice",
)  # templates that the day itself sends: no treatment names them
OFFER: Final = "settlement_offer"  # what an offer to settle says, whatever its template
RESERVED: Final = ("none",)  # the plan's word for a borrower for whom nothing is done

PARAMETER_UNITS: Final = ("ppm", "ppm_day", "days", "times", "years", "loans")

FLOOR: Final = "floor"
LEVEL_FACT: Final = "overdue_at_least_"
FORK_FACTS: Final[Mapping[str, str]] = {
    "collect_value": "Expected value of going on to collect, and of the best ways after that, in minor units.",
    "settle_value": "Expected value of an offer to settle now; null where no more may be made.",
    "agency_value": "Expected value of a placement with an agency now; null where none is open.",
    "sue_value": "Expected value of a suit now, less its costs; null where none is open.",
    "sell_value": "What a sale brings now; null where the debt is too young.",
}
"""What the section `fork` works out of a borrower past due; null where what is owed is in several currencies."""
DAYS_SINCE_ACT: Final = {
    "furnish": "days_since_furnished",
    "list": "days_since_listed",
    "place": "days_since_agency_engaged",
    "sue": "days_since_sued",
    "settle": "days_since_settlement_offer",
    "sell": "days_since_sold",
    "reward": "days_since_reward",
}


def gap_fact(act: str, channel: str | None, notice: str | None) -> str:
    """Name the fact that a treatment's own gap counts from: its notice, else its channel, else its act."""
    return f"days_since_{notice or channel}" if act == "contact" else DAYS_SINCE_ACT[act]


def times_fact(act: str, channel: str | None, notice: str | None) -> str:
    """Name the fact that counts acts of a treatment's kind since the borrower became overdue."""
    return f"{notice or channel}_in_spell" if act == "contact" else f"{act}_in_spell"
