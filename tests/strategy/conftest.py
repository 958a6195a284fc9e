"""The facts that a strategy may name, and borrowers to judge, for the tests of the strategy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from duecourse.book.schema import CHANNELS
from duecourse.law.catalogue import FactKind
from duecourse.strategy.load import load
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import FORK_FACTS

_COUNTS: Final = """
    days_past_due delinquent_days overdue_loans overdue_instalments overdue_amount owed_amount
    residual_amount days_to_next_due next_due_amount days_since_payment last_paid_amount
    on_time_in_a_row contacts_in_spell contacts_unanswered days_since_contact days_since_call
    days_since_sms days_since_email days_since_letter days_since_visit days_since_answer
    promises_open promises_broken days_since_promise_broken days_since_adverse_notice
    days_since_default_notice days_since_suit_notice days_since_furnished days_since_listed
    days_since_sued days_since_settlement_offer days_since_sold days_since_put_back
    days_since_agency_engaged days_since_agency_ended days_since_reward age_years loans
""".split()  # noqa: SIM905 - a list of words reads better so
_FLAGS: Final = ("written_off", "arrangement_active", "arrangement_broken", "deceased")
_IN_SPELL: Final = tuple(
    f"{kind}_in_spell"
    for kind in (
        *CHANNELS,
        "adverse_notice",
        "suit_notice",
        "furnish",
        "list",
        "place",
        "sue",
        "settle",
        "sell",
        "reward",
    )
)
_TEXTS: Final = ("country", "region", "language", "product", "currency")

KINDS: Final[Mapping[str, FactKind]] = {
    **dict.fromkeys((*_COUNTS, *_IN_SPELL), FactKind.INTEGER),
    **dict.fromkeys(_FLAGS, FactKind.BOOLEAN),
    **dict.fromkeys(_TEXTS, FactKind.TEXT),
}

_NONE_YET: Final = """
    days_past_due delinquent_days overdue_loans overdue_instalments overdue_amount residual_amount
    on_time_in_a_row contacts_in_spell contacts_unanswered promises_open promises_broken
""".split()  # noqa: SIM905 - as above

# A borrower of whom nothing is overdue and nothing ever happened; unknown facts are None.
_QUIET_BORROWER: Final[Mapping[str, object]] = {
    **dict.fromkeys(KINDS),
    **dict.fromkeys(FORK_FACTS),
    **dict.fromkeys(_FLAGS, False),
    **dict.fromkeys((*_NONE_YET, *_IN_SPELL), 0),
    "owed_amount": 50_000,
    "loans": 1,
    "country": "US",
    "language": "en",
    "overdue_at_least_floor": False,
    "overdue_at_least_large": False,
}


def borrower(**known: object) -> dict[str, object]:
    """Return the facts of a borrower who differs from the quiet one by what is given."""
    unknown = known.keys() - _QUIET_BORROWER.keys()
    assert not unknown, f"no such facts: {unknown}"
    return {**_QUIET_BORROWER, **known}


def late(days: int, **known: object) -> dict[str, object]:
    """Return the facts of a borrower so many days past due, with 300.00 overdue of 500.00 owed."""
    overdue = {
        "days_past_due": days,
        "delinquent_days": days,
        "overdue_loans": 1,
        "overdue_instalments": 1,
        "overdue_amount": 30_000,
        "overdue_at_least_floor": True,
    }
    return borrower(**{**overdue, **known})


@pytest.fixture(scope="session")
def default() -> Strategy:
    return load(None, KINDS)


@pytest.fixture(scope="session")
def examples() -> Path:
    return Path(__file__).parents[2] / "examples"
