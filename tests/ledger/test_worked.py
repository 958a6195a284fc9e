"""Stories worked by hand, in plain text: `stories/*.yaml`, through the twin and through the kernel.

A story gives a loan (terms, schedule, events; amounts in minor units, opened on 1 January 2026 unless it
says otherwise) and, for some days, everything that the position says on that day, with the arithmetic in
comments. What a day does not name is nothing: no amount, no days past due. Two things may be left out:
`contractual`, when it is the same as the enforceable amounts, and `history`, when it is one segment from the
day after `oldest_due_on`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import (
    Amounts,
    Charge,
    Instalment,
    Loan,
    Payment,
    Position,
    Segment,
    Terms,
    Waiver,
)
from duecourse.ledger.positions import positions
from tests.ledger import twin

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))
DAY_KEYS = {
    "overdue", "due_today", "not_due", "credit", "contractual", "cut", "oldest_due_on", "days_past_due",
    "delinquent_days", "overdue_instalments", "history",
}  # fmt: skip
type_of_rows = {"instalments": Instalment, "charges": Charge, "payments": Payment}


def kernel(loan: Loan, on: date) -> Position:
    """Return the kernel's position of one loan."""
    return positions(from_loans([loan]), on).of(0)


def loan_of(name: str, told: dict[str, Any]) -> Loan:
    """Make the loan that a story tells of; an unknown word refuses."""
    rows = {key: tuple(kind(**row) for row in told.pop(key, ())) for key, kind in type_of_rows.items()}
    waivers = tuple(Waiver(**({"component": None} | row)) for row in told.pop("waivers", ()))
    principal = sum(row.principal for row in rows["instalments"])
    terms = [{"principal": principal} | row for row in told.pop("terms", [{}])]
    return Loan(
        loan_id=name,
        opened_on=told.pop("opened_on", date(2026, 1, 1)),
        terms=tuple(Terms(**row | _order(row)) for row in terms),
        waivers=waivers,
        pauses=tuple((first, last) for first, last in told.pop("pauses", ())),
        **rows,
        **{key: tuple(days) for key, days in told.items()},
    )


def _order(terms: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {"allocation_order": tuple(terms.get("allocation_order", COMPONENTS))}


def amounts_of(told: dict[str, Any]) -> Amounts:
    """Make the amounts that a day tells of."""
    overdue, due_today, not_due = (
        {component: told.get(when, {}).get(component, 0) for component in COMPONENTS}
        for when in ("overdue", "due_today", "not_due")
    )
    return Amounts(overdue, due_today, not_due, told.get("credit", 0))


def position_of(told: dict[str, Any]) -> Position:
    """Make the whole position that a day tells of; an unknown word refuses."""
    assert set(told) <= DAY_KEYS
    oldest = told.get("oldest_due_on")
    usual = [[oldest + timedelta(days=1), None, oldest]] if oldest else []
    return Position(
        contractual=amounts_of(told.get("contractual", told)),
        enforceable=amounts_of(told),
        cut=told.get("cut", 0),
        oldest_due_on=oldest,
        days_past_due=told.get("days_past_due", 0),
        delinquent_days=told.get("delinquent_days", 0),
        overdue_instalments=told.get("overdue_instalments", 0),
        history=[Segment(*segment) for segment in told.get("history", usual)],
    )


@pytest.mark.parametrize("worked_out", [twin.position, kernel], ids=["twin", "kernel"])
@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
def test_story(path: Path, worked_out: Callable[[Loan, date], Position]) -> None:
    story = yaml.safe_load(path.read_text("utf-8"))
    assert set(story) == {"story", "loan", "days"}
    loan = loan_of(path.stem, story["loan"])
    for on, told in story["days"].items():
        assert worked_out(loan, on) == position_of(told), f"{story['story']} On {on}."


def test_stories_are_there() -> None:
    assert len(STORIES) >= 25
