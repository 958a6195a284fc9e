"""Debts that come back: put back by the buyer for a reason that the contract knows, or bought back by us."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from duecourse.endings import moving
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Move, Moving, Who
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.kernel.errors import DueCourseError

REASONS: Final[Mapping[str, str]] = {
    "paid_before": "It was paid before the close, and the tape did not say so.",
    "balance_wrong": "It owed less at the close than was told.",
    "not_this_person": "It is owed by somebody else.",
    "fraud": "It was taken out in somebody's name without them.",
    "bankrupt_before": "The borrower was bankrupt before the close.",
    "deceased_before": "The borrower had died before the close.",
    "disputed_before": "It was disputed before the close.",
    "documents_missing": "What shows that it is owed could not be given.",
    "not_lawfully_lent": "The contract is void.",
}
"""What a buyer may put a debt back for: what we had told was not so."""
_SOLD: Final = "e.kind = 'sale' AND e.run = %s AND e.state = 'sold' AND e.loan_id = ANY(%s)"


def put_back(
    office: Office, portfolio: Portfolio, loans: Sequence[str], reason: str, who: Who, workers: int = 1
) -> int:
    """Take debts back from the buyer at the price that was paid; returns what is repaid, in minor units.

    DueCourseError for a reason that the contract does not know, debts that are not sold, or after its days.
    """
    if reason not in REASONS:
        raise DueCourseError(f"'{reason}' is no reason to put a debt back: one of {', '.join(REASONS)}")
    last = portfolio.settles_on + timedelta(days=portfolio.put_back_days)
    if who.on > last:
        raise DueCourseError(f"debts of portfolio {portfolio.name} could be put back until {last}: buy them back")
    return _come_back(office, portfolio, loans, ("put_back", reason), who, workers)


def buy_back(office: Office, portfolio: Portfolio, loans: Sequence[str], why: str, who: Who, workers: int = 1) -> int:
    """Buy debts back at the price that was paid for them; returns that, likewise."""
    return _come_back(office, portfolio, loans, ("bought_back", why), who, workers)


def _come_back(
    office: Office, portfolio: Portfolio, loans: Sequence[str], into: tuple[str, str], who: Who, workers: int
) -> int:
    with office.place.connected() as connection:
        sold = moving.read(connection, _SOLD, [portfolio.name, list(loans)])
    if missing := sorted(set(loans) - {one.loan_id for one in sold}):
        raise DueCourseError(
            f"loan {missing[0]} is not sold with portfolio {portfolio.name}: look at `duecourse ending show`"
        )
    work = partial(_moved, into, who)
    return sum(office.in_parts(work, [one.number for one in sold], workers))


def _moved(into: tuple[str, str], who: Who, opened: Opened, numbers: Sequence[int]) -> int:
    state, why = into
    endings = moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers)])
    moves = [Move(one, state, why, details={"repaid": one.details["closing"]["price"]}) for one in endings]
    Moving(opened.connection, opened.ring).move(moves, who)
    return sum(move.details["repaid"] for move in moves)
