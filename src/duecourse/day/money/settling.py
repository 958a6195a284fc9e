"""Each entry settled: matched and made a payment, taken back from one, or left to a person with the reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Money, Told
from duecourse.day.money import kept
from duecourse.day.money.book import book_for
from duecourse.day.money.kept import Kept
from duecourse.day.money.tries import Back, came_back
from duecourse.day.money.when import When
from duecourse.day.payments.entries import Entry
from duecourse.day.payments.matching import Match, Reason, match
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring, UnreadableError

_OPEN: Final = "WHERE e.state IN ('new', 'unmatched') ORDER BY e.entry_id"
_STILL: Final = "SELECT FROM bank_entry WHERE id = %s AND state IN ('new', 'unmatched') FOR NO KEY UPDATE"
_DEBIT: Final = "SELECT state, payment_id FROM debit WHERE end_to_end_id = %s FOR NO KEY UPDATE"
_COLLECTED: Final = "UPDATE debit SET state = 'collected', payment_id = %s WHERE end_to_end_id = %s"
_PAID: Final = """
SELECT payment_id FROM payments p
WHERE borrower_no = %s AND loan_id = %s AND amount = %s AND paid_on <= %s AND reverses IS NULL
    AND payment_id LIKE 'bank-%%'
    AND NOT EXISTS (SELECT FROM payments r WHERE r.borrower_no = p.borrower_no AND r.reverses = p.payment_id)
ORDER BY paid_on DESC, payment_id"""
_NO_PAYMENT: Final = frozenset({Reason.CHARGE, Reason.NOTHING, Reason.MONEY_OUT})
AHEAD: Final = timedelta(days=1)  # how far a bank's day may be ahead of the book's


class Why(StrEnum):
    """Why an entry that was matched is left to a person."""

    LATER = "later"  # it is dated after today
    TWICE = "twice"  # the debit was collected, or its money went back, by another entry
    PAYMENT_UNKNOWN = "payment_unknown"  # it takes back a payment that is not here (yet)
    PAYMENT_DIFFERS = "payment_differs"  # it takes back another amount than was paid
    SEVERAL_PAYMENTS = "several_payments"  # it could take back several
    REFUSED = "refused"  # the loan is not that borrower's any more, or in another currency


class _UnsettledError(Exception):
    """An entry that cannot be settled, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class _Work:
    connection: Connection[TupleRow]
    ring: Keyring
    when: When
    by_hand: bool = False

    @property
    def facts(self) -> Facts:
        return Facts(self.connection, self.ring, self.when.by)


def settle(connection: Connection[TupleRow], ring: Keyring, when: When) -> Iterator[str]:
    """Settle all entries that are not settled yet; yield of each what became of it: its state."""
    with connection.transaction():
        rows = connection.execute(kept.READ + _OPEN).fetchall()
    waiting = {row[1]: kept.opened(ring, row) for row in rows}
    entries = [one.entry for one in waiting.values() if one.entry is not None]
    if not entries:
        return
    entries.sort(key=lambda one: (one.is_return, one.entry_id))  # what came in, before what takes it back
    book = book_for(connection, ring, entries, when.on)
    found = match(entries, book.loans, book.debits, book.payers)
    matches: dict[str, list[Match]] = {}
    for one in found.matches:
        matches.setdefault(one.entry_id, []).append(one)
    reasons = {one.entry_id: one.reason for one in found.unmatched}
    work = _Work(connection, ring, when)
    for entry in entries:
        mine = waiting[entry.entry_id]
        if entry.entry_id in matches:
            owned = [(book.owners[one.loan_id], one) for one in matches[entry.entry_id]]
            yield _settled(work, mine, entry, owned)
        else:
            yield _left(work, mine, reasons[entry.entry_id])


def by_hand(connection: Connection[TupleRow], ring: Keyring, when: When, found: Kept, match: tuple[int, Match]) -> str:
    """Settle one entry as a person has matched it; returns what became of it, the reason where it stays."""
    if found.entry is None:
        raise DueCourseError(f"entry {found.entry_id}: is of somebody who was erased: nothing can be matched")
    return _settled(_Work(connection, ring, when, by_hand=True), found, found.entry, [match])


def _left(work: _Work, found: Kept, reason: Reason | Why) -> str:
    """Leave an entry to a person, or to nobody where it is no payment."""
    state = "other" if reason in _NO_PAYMENT else "unmatched"
    if (found.state, found.reason) != (state, reason):
        with work.connection.transaction():
            if work.connection.execute(_STILL, [found.number]).fetchone() is not None:
                kept.settled(work.connection, found, state, reason, "", work.when.by)
    return state


def _settled(work: _Work, found: Kept, entry: Entry, matches: Sequence[tuple[int, Match]]) -> str:
    """Settle all of an entry, or leave it with the reason."""
    borrowers = sorted({borrower for borrower, _ in matches})
    try:
        with work.connection.transaction():
            work.connection.execute(chain.LOCK, [borrowers])
            if work.connection.execute(_STILL, [found.number]).fetchone() is None:
                return "settled meanwhile" if work.by_hand else "matched"
            for borrower, one in matches:
                _take(work, entry, borrower, one)
            kept.settled(work.connection, found, "matched", "", _rule(work, matches), work.when.by)
            if len(borrowers) == 1:
                kept.hand_over(work.connection, work.ring, found, borrowers[0])
    except _UnsettledError as error:
        return error.why if work.by_hand else _left(work, found, error.why)
    return "matched"


def _rule(work: _Work, matches: Sequence[tuple[int, Match]]) -> str:
    return "by_hand" if work.by_hand else matches[0][1].rule


def _take(work: _Work, entry: Entry, borrower: int, one: Match) -> None:
    """Take in one match of an entry, under the lock of its borrower."""
    if entry.booked_on > work.when.on + AHEAD:
        raise _UnsettledError(Why.LATER)
    several = f"-{one.end_to_end_id}" if one.rule == "debit_batch" else ""
    own = Told(f"bank-{entry.entry_id}{several}", borrower, work.when.at, work.when.on)
    debit = _debit(work, one)
    try:
        if one.is_return:
            _take_back(work, entry, own, one, debit)
        else:
            _pay(work, entry, own, one, debit)
    except UnreadableError:
        raise
    except DueCourseError:
        raise _UnsettledError(Why.REFUSED) from None


def _debit(work: _Work, one: Match) -> tuple[str, str | None] | None:
    """Return how far the debit is that a match names, and its payment."""
    if one.end_to_end_id is None:
        return None
    row = work.connection.execute(_DEBIT, [one.end_to_end_id]).fetchone()
    return (row[0], row[1]) if row else None


def _pay(work: _Work, entry: Entry, own: Told, one: Match, debit: tuple[str, str | None] | None) -> None:
    if debit is not None:
        if debit[1] is not None:
            raise _UnsettledError(Why.TWICE)
        work.connection.execute(_COLLECTED, [own.fact_id, one.end_to_end_id])
    work.facts.payment(own, Money(one.loan_id, paid_on(entry), one.amount, one.currency))


def _take_back(work: _Work, entry: Entry, own: Told, one: Match, debit: tuple[str, str | None] | None) -> None:
    """Reverse the payment that came back; of a debit, say whether it may be tried again."""
    if debit is None:
        work.facts.payment(own, _reversal(entry, one, _paid(work, entry, own, one)))
        return
    state, payment = debit
    if state == "returned":
        raise _UnsettledError(Why.TWICE)
    if payment is None:
        raise _UnsettledError(Why.PAYMENT_UNKNOWN)
    if state == "collected":
        amount = work.connection.execute("SELECT amount FROM payments WHERE payment_id = %s", [payment]).fetchone()
        if amount != (one.amount,):
            raise _UnsettledError(Why.PAYMENT_DIFFERS)
        work.facts.payment(own, _reversal(entry, one, payment))
    came_back(work.connection, work.facts, own, Back(one.end_to_end_id or "", "returned", entry.return_reason or ""))


def _reversal(entry: Entry, one: Match, payment: str) -> Money:
    return Money(one.loan_id, entry.booked_on, one.amount, one.currency, payment)


def _paid(work: _Work, entry: Entry, own: Told, one: Match) -> str:
    """Find the payment that a return takes back; of several alike a person who has said so means the last."""
    values = [own.borrower, one.loan_id, one.amount, entry.booked_on]
    found = work.connection.execute(_PAID, values).fetchall()
    if not found:
        raise _UnsettledError(Why.PAYMENT_UNKNOWN)
    if len(found) > 1 and not work.by_hand:
        raise _UnsettledError(Why.SEVERAL_PAYMENTS)
    return str(found[0][0])


def paid_on(entry: Entry) -> date:
    """Return the day on which it counts as paid: the earlier of booking and value, so that no bank's delay costs."""
    return min(entry.booked_on, entry.value_on or entry.booked_on)
