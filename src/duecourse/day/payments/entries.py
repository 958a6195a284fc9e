"""What came in or went out by a bank's file, or by a lender's own: one `Entry` for each payment.

Each booking has an id of its own, so that what is read twice counts once:

    by the bank's reference   the account, the reference (AcctSvcrRef), the day, the amount and its direction. A notice
                              (camt.054) and the statement (camt.053) of one booking give one id.
    without one               the account, the statement and its page, and all that is said of the booking. The same
                              statement gives the same ids; a notice and a statement do not, so take one of the two.

Bookings that are equal in all of this within one statement are numbered, and stay as many as they are. A booking that
is known is not taken again, with all its parts.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Entry:
    """One payment that is booked. Amounts are minor units; what may be personal is not in its repr.

    `entry_id` is its own and `booking_id` that of the booking which it is, or is a part of. `original_amount` is the
    amount of the payment as it was ordered, in the same currency, where the bank names it: of a return, without the
    bank's charges. `structured` are references of the creditor's, `unstructured` the payer's words. `return_reason` is
    a code of ISO 20022; of a return the other references are those of the payment that came back. `is_charge` says that
    it is what the bank took for itself out of a booking.
    """

    entry_id: str
    booking_id: str
    account: str = field(repr=False)
    booked_on: date
    value_on: date | None
    amount: int
    currency: str
    is_credit: bool
    is_reversal: bool = False
    is_charge: bool = False
    bank_reference: str | None = None
    end_to_end_id: str | None = None
    mandate_id: str | None = None
    message_id: str | None = None
    batch_id: str | None = None
    loan_id: str | None = None
    original_amount: int | None = None
    return_reason: str | None = None
    structured: tuple[str, ...] = ()
    unstructured: tuple[str, ...] = field(default=(), repr=False)
    debtor_name: str | None = field(default=None, repr=False)
    debtor_account: str | None = field(default=None, repr=False)

    @property
    def signed(self) -> int:
        """The amount, below zero where it went out."""
        return self.amount if self.is_credit else -self.amount

    @property
    def is_return(self) -> bool:
        """Whether it takes back what an earlier entry gave."""
        return self.is_reversal or self.return_reason is not None


@dataclass(frozen=True)
class NotBooked:
    """What a bank's file announces but has not booked: told, never taken. `status` is the bank's word."""

    line: int
    status: str
    amount: int
    currency: str
    is_credit: bool


@dataclass(frozen=True)
class Taken:
    """What a bank's file holds: its kind, what is booked, in the order of the file, and what is not."""

    kind: str
    entries: tuple[Entry, ...]
    not_booked: tuple[NotBooked, ...]


def digest(*parts: object) -> str:
    """Return a stable id of values: 32 letters of SHA-256, the same on every machine."""
    written = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def numbered(keys: Sequence[tuple[str, str]]) -> list[int]:
    """Return for each (base, content) its number, from 1, among those of its base.

    Those of one base are numbered in the order of their contents, so that the order of rows makes no difference.
    """
    counts: Counter[str] = Counter()
    numbers = [0] * len(keys)
    for place in sorted(range(len(keys)), key=lambda place: (keys[place], place)):
        counts[keys[place][0]] += 1
        numbers[place] = counts[keys[place][0]]
    return numbers
