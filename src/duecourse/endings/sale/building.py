"""Which debts a portfolio may hold: what the house leaves out, and then what the law refuses, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings import batches
from duecourse.endings.batches import Order
from duecourse.endings.deciding import Said, Wanted
from duecourse.endings.many import Office
from duecourse.endings.moving import Who
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.store.endings import Kind

EXCLUSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "other_currency": (
        "It is not owed in the currency of the portfolio.",
        "SELECT loan_id FROM case_loan WHERE loan_id = ANY(%(loans)s) AND currency <> %(currency)s",
    ),
    "suit_open": (
        "It is in court, or on its way there: a buyer would have to step into the suit.",
        "SELECT loan_id FROM ending WHERE loan_id = ANY(%(loans)s) AND kind = 'suit' AND NOT is_over",
    ),
    "with_agency": (
        "It is placed with an agency, whose term has to end first.",
        "SELECT loan_id FROM ending WHERE loan_id = ANY(%(loans)s) AND kind = 'agency' AND NOT is_over",
    ),
    "settlement_open": (
        "The borrower has an offer that stands: what is agreed with them is kept.",
        "SELECT loan_id FROM settlement WHERE loan_id = ANY(%(loans)s) AND state = 'offered'",
    ),
    "dispute_open": (
        "The borrower says that it is not owed, and nobody has answered.",
        (
            "SELECT l.loan_id FROM case_loan l JOIN dispute d USING (borrower_no) WHERE l.loan_id = ANY(%(loans)s)"
            " AND d.replaced_at IS NULL AND d.state = 'open' AND coalesce(d.loan_id, l.loan_id) = l.loan_id"
        ),
    ),
    "complaint_open": (
        "The borrower complains of how they were treated, and nobody has answered.",
        (
            "SELECT l.loan_id FROM case_loan l JOIN complaint c USING (borrower_no) WHERE l.loan_id = ANY(%(loans)s)"
            " AND c.replaced_at IS NULL AND c.state = 'open' AND coalesce(c.loan_id, l.loan_id) = l.loan_id"
        ),
    ),
    "promise_open": (
        "The borrower has promised to pay by a day that is not over.",
        (
            "SELECT l.loan_id FROM case_loan l JOIN promises p USING (borrower_no) WHERE l.loan_id = ANY(%(loans)s)"
            " AND p.promised_on >= %(on)s AND coalesce(p.loan_id, l.loan_id) = l.loan_id"
        ),
    ),
    "resale_barred": (
        "Whoever sold it to us, or the contract, does not let it be sold on.",
        "SELECT loan_id FROM events WHERE loan_id = ANY(%(loans)s) AND kind = 'resale_barred'",
    ),
}
"""What is left out whatever the law says, by its code: why, and the loans among some of which it holds.

Bankruptcy, a death, a hold, an arrangement that is kept, and what was paid since the plan are refused by the gate.
"""


@dataclass(frozen=True)
class Built:
    """What was decided of loans that somebody wants to sell: those in the portfolio, and those left out with why."""

    said: tuple[Said, ...]

    @property
    def chosen(self) -> list[Said]:
        """Those that are in."""
        return [one for one in self.said if one.is_done or one.reasons == ("decided_before",)]

    @property
    def excluded(self) -> list[Said]:
        """Those that are not."""
        return [one for one in self.said if not one.is_done and one.reasons != ("decided_before",)]


def build(office: Office, portfolio: Portfolio, wanted: Sequence[Wanted], who: Who, workers: int = 1) -> Built:
    """Decide for each loan that it is sold with a portfolio, where neither the house nor the law says no."""
    with office.place.connected() as connection:
        out = excluded(connection, portfolio, [loan for one in wanted for loan in one.loans], who)
    barred = [
        Said(one.borrower, loan, is_done=False, reasons=out[loan])
        for one in wanted
        for loan in one.loans
        if loan in out
    ]
    left = [
        replace(one, loans=loans, told={**one.told, **portfolio.told})
        for one in wanted
        if (loans := tuple(loan for loan in one.loans if loan not in out))
    ]
    order = Order(Kind.SALE, who, f"portfolio {portfolio.name}", portfolio.name)
    return Built((*barred, *batches.decide(office, order, left, workers)))


def excluded(
    connection: Connection[TupleRow], portfolio: Portfolio, loans: Sequence[str], who: Who
) -> dict[str, tuple[str, ...]]:
    """Return the loans that the house leaves out of a portfolio, with the codes of EXCLUSIONS."""
    found: dict[str, tuple[str, ...]] = {}
    known = {"loans": list(loans), "currency": portfolio.currency, "on": who.on}
    with connection.transaction():
        for code, (_, statement) in EXCLUSIONS.items():
            for (loan,) in connection.execute(statement.encode(), known).fetchall():
                found[loan] = (*found.get(loan, ()), code)
    return found
