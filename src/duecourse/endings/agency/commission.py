"""What an agency earns: of each payment that came in while it had the debt, as much as was agreed at the placing.

Rounded down to the minor unit, payment by payment. A payment that is taken back takes its commission with it, on the
day on which it is taken back, whoever has the debt by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings.agency.terms import MILLION

_EARNED: Final = """
WITH placement AS (
    SELECT e.id, e.loan_id, e.borrower_no, (e.details->>'commission_ppm')::bigint AS ppm,
        e.details->>'currency' AS currency, (e.details->>'placed_on')::date AS placed_on,
        coalesce((e.details->>'ended_on')::date, 'infinity') AS ended_on,
        (SELECT min(at) FROM ending_step t WHERE t.ending_no = e.id AND t.state = 'placed') AS placed_at
    FROM ending e WHERE e.kind = 'agency' AND e.details->>'agency' = %(agency)s
),
earned AS (
    SELECT e.id, e.loan_id, e.ppm, e.currency, p.payment_id, p.paid_on, p.amount, p.borrower_no
    FROM placement e JOIN payments p ON p.borrower_no = e.borrower_no AND p.loan_id = e.loan_id
    WHERE p.reverses IS NULL AND p.paid_on BETWEEN e.placed_on AND e.ended_on AND p.recorded_at >= e.placed_at
)
SELECT id, loan_id, payment_id, paid_on, amount, ppm, currency FROM earned WHERE paid_on BETWEEN %(first)s AND %(last)s
UNION ALL
SELECT earned.id, earned.loan_id, r.payment_id, r.paid_on, -earned.amount, ppm, earned.currency
FROM earned JOIN payments r ON r.borrower_no = earned.borrower_no AND r.reverses = earned.payment_id
WHERE r.paid_on BETWEEN %(first)s AND %(last)s
ORDER BY paid_on, payment_id"""


@dataclass(frozen=True)
class Line:
    """What one payment earned, or, below zero, one that was taken back; minor units."""

    placement: int
    loan_id: str
    payment_id: str
    on: date
    amount: int
    ppm: int
    currency: str

    @property
    def earned(self) -> int:
        """The commission of it."""
        return -of(-self.amount, self.ppm) if self.amount < 0 else of(self.amount, self.ppm)


def of(amount: int, ppm: int) -> int:
    """Return the commission of a payment, rounded down to the minor unit."""
    return amount * ppm // MILLION  # down, which is as agreed


def earned(connection: Connection[TupleRow], agency: str, first: date, last: date) -> list[Line]:
    """Return what an agency earned from a day to a day, payment by payment."""
    values = {"agency": agency, "first": first, "last": last}
    with connection.transaction():
        return [Line(*row) for row in connection.execute(_EARNED, values).fetchall()]


def totals(lines: Sequence[Line]) -> dict[str, tuple[int, int]]:
    """Return, by currency, what came in and what was earned of it."""
    found: dict[str, tuple[int, int]] = {}
    for one in lines:
        amount, commission = found.get(one.currency, (0, 0))
        found[one.currency] = (amount + one.amount, commission + one.earned)
    return found
