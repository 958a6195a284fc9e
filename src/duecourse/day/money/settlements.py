"""Offers to settle: paid in time the rest is forgiven, and it is confirmed in writing; else they lapse.

    close(connection, ring, when) -> [Closed, ...]      each day: offers that are paid, or whose day is over

Until the whole amount is there nothing is forgiven: where an offer lapses, what was paid counts as any payment does,
and the debt is what the contract says. What came counts once it has been there for CLEARS_DAYS without being undone.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.day.known import read
from duecourse.day.money.agreed import payments
from duecourse.day.money.when import When
from duecourse.day.owed import owed
from duecourse.day.payments.promises import Payment
from duecourse.store.keys import Keyring
from duecourse.store.line import Line

CLEARS_DAYS: Final = 3  # a transfer may come back so long (SEPA credit transfer recall and return: three bank days)
CONFIRMED: Final = "settlement_confirmed"
"""The treatment, and the template, of the letter that confirms what is forgiven."""
_OFFERED: Final = """
SELECT settlement_id, borrower_no, loan_id, amount, offered_on, pay_by FROM settlement WHERE state = 'offered'
ORDER BY borrower_no, id"""
_CLOSE: Final = """
UPDATE settlement SET state = %s, closed_on = %s, forgiven = %s WHERE settlement_id = %s AND state = 'offered'"""
_WAIVE: Final = """
INSERT INTO waivers (waiver_id, borrower_no, loan_id, amount, waived_on, recorded_at) VALUES (%s, %s, %s, %s, %s, %s)"""
_SETTLED: Final = """
INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, recorded_at)
VALUES (%s, %s, 'settled', %s, %s, %s, %s)"""
_CONFIRM: Final = """
INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, template, purpose, demands, required, loans,
    opens_at, closes_at)
SELECT max(planned_on), %s, 'contact', 'letter', %s, %s, 'servicing', false, false, %s, %s, %s FROM plan
HAVING max(planned_on) IS NOT NULL ON CONFLICT DO NOTHING"""
_LASTS: Final = timedelta(days=30)  # how long the confirmation may wait for the channel of letters


@dataclass(frozen=True)
class Closed:
    """An offer that ended: paid, with what was forgiven in minor units, or lapsed."""

    settlement_id: str
    loan_id: str
    state: str
    forgiven: int | None = None


@dataclass(frozen=True)
class _Offer:
    settlement_id: str
    borrower: int
    loan_id: str
    amount: int
    offered_on: date
    pay_by: date


def close(connection: Connection[TupleRow], ring: Keyring, when: When) -> list[Closed]:
    """Close the offers that are paid or whose day is over, each under the lock of its borrower."""
    with connection.transaction():
        offers = [_Offer(*row) for row in connection.execute(_OFFERED).fetchall()]
    found = (_closed(connection, ring, when, offer) for offer in offers)
    return [one for one in found if one is not None]


def _closed(connection: Connection[TupleRow], ring: Keyring, when: When, offer: _Offer) -> Closed | None:
    facts = Facts(connection, ring, when.by)
    told = Told(offer.settlement_id, offer.borrower, when.at, when.on)
    with facts.locked(offer.borrower):
        mine = [one for one in payments(connection, [offer.borrower]).get(offer.borrower, []) if _counts(one, offer)]
        came, last = sum(one.amount for one in mine), max((one.paid_on for one in mine), default=offer.offered_on)
        clear = timedelta(days=CLEARS_DAYS)
        if came >= offer.amount:
            return _paid(connection, facts, told, offer) if when.on >= last + clear else None
        if when.on <= offer.pay_by + clear:
            return None
        if not facts.write(told, _CLOSE, ["lapsed", when.on, None, offer.settlement_id], "settlement.lapsed", {}):
            return None
        return Closed(offer.settlement_id, offer.loan_id, "lapsed")


def _paid(connection: Connection[TupleRow], facts: Facts, told: Told, offer: _Offer) -> Closed | None:
    """Forgive the rest as it is at this second, and plan the letter that says so."""
    case = read(Line(connection, keeps=False), [offer.borrower]).cases.get(offer.borrower)
    loan = case.loans.get(offer.loan_id) if case else None
    rest = max(0, owed([loan], told.on)[0].owed) if loan else 0
    said = {"loan": offer.loan_id, "amount": offer.amount, "forgiven": rest}
    if not facts.write(told, _CLOSE, ["paid", told.on, rest, offer.settlement_id], "settlement.paid", said):
        return None
    whose = [offer.borrower, offer.loan_id]
    if rest:
        connection.execute(_WAIVE, [f"rest-{offer.settlement_id}", *whose, rest, told.on, told.at])
    connection.execute(_SETTLED, [f"settled-{offer.settlement_id}", *whose, told.at, told.on, told.at])
    letter = [offer.borrower, CONFIRMED, CONFIRMED, [offer.loan_id], told.at, told.at + _LASTS]
    connection.execute(_CONFIRM, letter)
    return Closed(offer.settlement_id, offer.loan_id, "paid", rest)


def _counts(payment: Payment, offer: _Offer) -> bool:
    """Say whether a payment is one on the offer: for its loan, within its days, and not undone."""
    return (
        payment.loan_id == offer.loan_id
        and offer.offered_on <= payment.paid_on <= offer.pay_by
        and payment.reversed_on is None
    )
