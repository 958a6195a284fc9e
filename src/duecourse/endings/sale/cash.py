"""The money of a sale: what is due between seller and buyer, what came, and what borrowers paid to us after it.

Until a borrower knows of the sale they pay us with effect (Civil Code of China art. 546; UCC 9-406(a)): what they pay
is the buyer's, and is forwarded. Of a debt that came back the whole price is repaid, so what was paid on it is ours.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.endings.moving import Who
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.kernel.errors import DueCourseError

_DUE: Final = """
SELECT coalesce(sum((details->'closing'->>'price')::bigint), 0)::bigint,
    coalesce(sum((details->>'repaid')::bigint), 0)::bigint
FROM ending WHERE kind = 'sale' AND run = %s AND details ? 'closing'"""
_CASH: Final = """
SELECT coalesce(sum(c.amount), 0)::bigint FROM sale_cash c JOIN portfolio p ON p.id = c.portfolio_no
WHERE p.name = %s"""
_TO_FORWARD: Final = """
SELECT p.payment_id, p.loan_id, p.paid_on, CASE WHEN p.reverses IS NULL THEN p.amount ELSE -p.amount END
FROM ending e JOIN payments p ON p.borrower_no = e.borrower_no AND p.loan_id = e.loan_id
JOIN ending_step t ON t.ending_no = e.id AND t.state = 'sold'
WHERE e.kind = 'sale' AND e.run = %s AND e.state = 'sold' AND p.recorded_at > t.at
ORDER BY p.paid_on, p.payment_id"""
_NOTE: Final = """
INSERT INTO sale_cash (portfolio_no, reference, amount, on_day, noted_by)
SELECT p.id, %s, %s, %s, s.id FROM portfolio p, staff s WHERE p.name = %s AND s.user_id = %s AND s.is_active
ON CONFLICT DO NOTHING"""


@dataclass(frozen=True)
class Paid:
    """What a borrower has paid to us of a debt that was sold, or what of it was undone (below zero)."""

    payment_id: str
    loan_id: str
    paid_on: date
    amount: int


@dataclass(frozen=True)
class Cash:
    """The money of a portfolio, in minor units: the price, what is repaid for debts that came back, what to forward.

    `came` is what has passed between the two: above zero to us.
    """

    price: int
    repaid: int
    to_forward: tuple[Paid, ...]
    came: int

    @property
    def due(self) -> int:
        """What the buyer owes us in all, or we them, below zero."""
        return self.price - self.repaid - sum(one.amount for one in self.to_forward)

    @property
    def open(self) -> int:
        """What is still to pass between the two; zero when it is settled to the minor unit."""
        return self.due - self.came


def cash(connection: Connection[TupleRow], portfolio: Portfolio) -> Cash:
    """Return the money of a portfolio, as it stands."""
    with connection.transaction():
        ((price, repaid),) = connection.execute(_DUE, [portfolio.name]).fetchall()
        ((came,),) = connection.execute(_CASH, [portfolio.name]).fetchall()
        paid = tuple(Paid(*row) for row in connection.execute(_TO_FORWARD, [portfolio.name]).fetchall())
    return Cash(int(price), int(repaid), paid, int(came))


def note(connection: Connection[TupleRow], portfolio: Portfolio, reference: str, amount: int, who: Who) -> bool:
    """Note money that passed between the two, above zero to us; False where its reference is known.

    DueCourseError for nothing, or where whoever notes it is no active user.
    """
    if amount == 0 or not reference.strip():
        raise DueCourseError("money has a reference of the bank's and an amount: below zero where it went to the buyer")
    with connection.transaction():
        known = connection.execute("SELECT FROM staff WHERE user_id = %s AND is_active", [who.by]).fetchone()
        if known is None:
            raise DueCourseError(f"'{who.by}' is no active user: name one by --by")
        return connection.execute(_NOTE, [reference, amount, who.on, portfolio.name, who.by]).rowcount > 0
