"""What nobody knew: the queue of entries that a person looks at, and one matched by hand."""

from collections.abc import Iterator
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.money import kept, settling
from duecourse.day.money.kept import Kept
from duecourse.day.money.when import When
from duecourse.day.payments.matching import Match, Rule
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring

_WAITING: Final = "WHERE e.state IN ('new', 'unmatched') ORDER BY e.booked_on, e.entry_id"
_ONE: Final = "WHERE e.entry_id = %s"
_LOAN: Final = "SELECT borrower_no FROM case_loan WHERE loan_id = %s"
_PAID_LOAN: Final = "SELECT DISTINCT borrower_no FROM payments WHERE loan_id = %s"


def waiting(connection: Connection[TupleRow], ring: Keyring) -> Iterator[Kept]:
    """Yield the entries that wait for a person, the oldest first; what they say is personal."""
    with connection.transaction():
        rows = connection.execute(kept.READ + _WAITING).fetchall()
    for row in rows:
        yield kept.opened(ring, row)


def match(connection: Connection[TupleRow], ring: Keyring, entry_id: str, loan_id: str, when: When) -> None:
    """Make all of an entry that waits a payment for a loan, or a reversal of one of its payments; by whom is kept.

    DueCourseError where it does not wait, or the loan cannot take it.
    """
    with connection.transaction():
        row = connection.execute(kept.READ + _ONE, [entry_id]).fetchone()
        owner = connection.execute(_LOAN, [loan_id]).fetchone() or connection.execute(_PAID_LOAN, [loan_id]).fetchone()
    if row is None or row[2] not in {"new", "unmatched"}:
        raise DueCourseError(f"entry {entry_id}: does not wait: `duecourse payments unmatched` names those that do")
    found = kept.opened(ring, row)
    entry = found.entry
    if entry is None or owner is None:
        raise DueCourseError(f"loan {loan_id}: is in no case: name a loan as the lender does")
    if entry.is_credit == entry.is_return or entry.amount == 0:
        raise DueCourseError(f"entry {entry_id}: is no payment of a borrower's, nor one that came back")
    amount = min(entry.original_amount or entry.amount, entry.amount) if entry.is_return else entry.amount
    one = Match(entry_id, loan_id, amount, entry.currency, Rule.LOAN_ID, entry.is_return)
    became = settling.by_hand(connection, ring, when, found, (int(owner[0]), one))
    if became != "matched":
        raise DueCourseError(f"entry {entry_id}: cannot be matched to loan {loan_id} ({became}): name another")
