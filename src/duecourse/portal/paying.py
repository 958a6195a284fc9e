"""Paying: by a transfer with the loan's own reference, or with a provider of payments, behind one small interface.

    begin(own, provider, loan, amount, key) -> Begun          where the payer is sent
    take(connection, ring, notice, at, on) -> whether it is new

A payment is booked when its provider says that it was paid, and proves it; never because a browser came back. The
sandbox is a provider that moves no money: its page says yes or no, and signs what it says as another would.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol
from uuid import uuid4

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Money, Told
from duecourse.day.payments.references import creditor_reference
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring

_BEGIN: Final = """
INSERT INTO payment_begun (key, borrower_no, loan_id, amount, currency, provider, begun_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)"""
_BEGUN: Final = """
SELECT key, borrower_no, loan_id, amount, currency, provider, state FROM payment_begun
WHERE key = %s AND provider = %s"""
_END: Final = "UPDATE payment_begun SET state = %s, ended_at = %s WHERE key = %s AND state = 'begun'"
_OUTCOMES: Final = ("paid", "failed")


@dataclass(frozen=True)
class Begun:
    """A payment that was begun: minor units; `state` is begun, paid or failed."""

    key: str
    borrower: int
    loan_id: str
    amount: int
    currency: str
    provider: str
    state: str


@dataclass(frozen=True)
class Notice:
    """What a provider says of a payment, as it was sent, and the proof that it was the provider."""

    provider: str
    body: bytes
    signature: str


class Provider(Protocol):
    """Somebody who takes payments: where the payer is sent, and how what it says is proved."""

    @property
    def name(self) -> str:
        """What it is called in the settings."""

    def page_of(self, begun: Begun) -> str:
        """Return the address of the page on which the payer pays."""

    def is_from(self, notice: Notice) -> bool:
        """Say whether a notice is the provider's own."""


@dataclass(frozen=True, repr=False)
class Sandbox:
    """A provider that moves no money, with a page of ours in place of its own."""

    ring: Keyring
    name: str = "sandbox"

    def page_of(self, begun: Begun) -> str:
        """Return the address of the page that says yes or no."""
        return f"/portal/pay/sandbox/{begun.key}"

    def is_from(self, notice: Notice) -> bool:
        """Compare the signature in constant time."""
        return hmac.compare_digest(self._signature(notice.body), notice.signature)

    def says(self, begun: Begun, outcome: str) -> Notice:
        """Return what it says of a payment, signed."""
        body = json.dumps({"key": begun.key, "outcome": outcome, "amount": begun.amount, "currency": begun.currency})
        return Notice(self.name, body.encode(), self._signature(body.encode()))

    def _signature(self, body: bytes) -> str:
        return hmac.new(self.ring.secret("sandbox of payments"), body, hashlib.sha256).hexdigest()


def providers(ring: Keyring, named: str) -> dict[str, Provider]:
    """Return the providers of a lender by name: the one that the settings name, none where they name none."""
    return {one.name: one for one in (Sandbox(ring),) if one.name == named}


def begin(connection: Connection[TupleRow], whose: Told, money: Money, provider: Provider) -> Begun:
    """Write down that a payment begins, and return it; the fact's id is not used: the payment gets a key of its own."""
    key = uuid4().hex
    values = [key, whose.borrower, money.loan_id, money.amount, money.currency, provider.name, whose.at]
    with connection.transaction():
        connection.execute(_BEGIN, values)
    return Begun(key, whose.borrower, money.loan_id, money.amount, money.currency, provider.name, "begun")


def begun_of(connection: Connection[TupleRow], key: str, provider: str) -> Begun | None:
    """Return a payment that was begun with a provider, by its key."""
    with connection.transaction():
        row = connection.execute(_BEGUN, [key, provider]).fetchone()
    return Begun(*row) if row else None


def take(
    connection: Connection[TupleRow], ring: Keyring, provider: Provider, notice: Notice, at: datetime, on: date
) -> bool:  # fmt: skip
    """Take what a provider says of a payment, once: one that was paid is booked; whether that is new.

    DueCourseError where it is not the provider's, is of no payment that was begun, or of another sum.
    """
    if not provider.is_from(notice):
        raise DueCourseError("the notice of a payment is not signed by its provider: it is not taken")
    said = json.loads(notice.body)
    begun = begun_of(connection, str(said.get("key")), provider.name)
    if begun is None or (said.get("amount"), said.get("currency")) != (begun.amount, begun.currency):
        raise DueCourseError("the notice is of no payment that was begun here, or of another sum: ask the provider")
    if said.get("outcome") not in _OUTCOMES:
        raise DueCourseError(f"the notice says neither of {', '.join(_OUTCOMES)}: ask the provider")
    facts = Facts(connection, ring, provider.name)
    with facts.locked(begun.borrower):
        is_new = connection.execute(_END, [said["outcome"], at, begun.key]).rowcount > 0
        if is_new and said["outcome"] == "paid":
            told = Told(f"{provider.name}-{begun.key}", begun.borrower, at, on)
            facts.payment(told, Money(begun.loan_id, on, begun.amount, begun.currency))
    return is_new


def reference_of(loan_id: str) -> str:
    """Return what a payer writes on a transfer: the creditor reference of a loan, or its id where it has none."""
    try:
        return creditor_reference(loan_id)
    except DueCourseError:
        return loan_id
