"""A lender's side: only what changed is published, and the lender sees to it that the hub shows it.

    publisher.item(loan_id, entry, person)      an entry, signed and sealed
    publisher.withdrawal(loan_id, person)       what takes it out
    publisher.objection(handle, person, now)    what a borrower's client says of a record that is wrong
    publisher.send(items, sequence, now)        in parts that the hub takes
    publisher.audit(page, published)            that a page has what was published: its lender finds what was left out

An objection is an item of the client's own, which names the entry's handle; its name for it is that handle.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from duecourse.inquiry.charter import Charter, Lender
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.entry import Entry, Person, Status, handle_of, sealed
from duecourse.inquiry.hub import MOST_ITEMS, SENT, SEQUENCE_BYTES
from duecourse.inquiry.pages import Words, live
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller, Transport, answered

LOCAL_BYTES: Final = 16
_OBJECTED: Final = timedelta(days=730)  # for how long an objection stands, unless it is taken back
_NO_CURRENCY: Final = 3 * "X"  # as ISO 4217 has it


@dataclass(frozen=True, repr=False)
class Item:
    """A record for a bucket, under the name by which the lender knows it."""

    bucket: int
    local: bytes
    rest: bytes  # empty to withdraw

    def packed(self) -> bytes:
        """Return it as it is sent."""
        return self.bucket.to_bytes(4) + self.local + (self.rest or bytes(SENT["rest"].itemsize))


class Publisher:
    """One lender, or a borrower's client that objects to entries."""

    def __init__(self, charter: Charter, number: int, seed: bytes, hub: Transport, caller: Caller) -> None:
        """Take the lender's number in the charter and its seed, out of which its names for records are."""
        self._charter, self._number, self._hub, self._caller = charter, number, hub, caller
        self._naming = hmac.digest(seed, b"duecourse-inquiry-1 names", "sha256")
        self._opening = bytes.fromhex(charter.opening_key)

    @property
    def signer(self) -> Signer:
        """The key that signs the entries."""
        return self._caller.signer

    @property
    def lender(self) -> Lender:
        """The lender as the charter has it."""
        return self._charter.lender_of_number[self._number]

    def local(self, loan_id: str) -> bytes:
        """Return the name of a loan's record: the same each night, and telling nobody which loan."""
        return hashlib.blake2b(loan_id.encode(), key=self._naming, digest_size=LOCAL_BYTES).digest()

    def handle(self, loan_id: str) -> bytes:
        """Return what the hub and its readers know the record of a loan by."""
        return self._handle(self.local(loan_id))

    def item(self, loan_id: str, entry: Entry, person: Person) -> Item:
        """Sign and seal an entry."""
        local = self.local(loan_id)
        record = sealed(entry, person, self._handle(local), self.signer, self._opening)
        return Item(person.bucket(self._charter.buckets), local, record.packed()[16:])

    def withdrawal(self, loan_id: str, person: Person) -> Item:
        """Return what takes a loan's record out."""
        return Item(person.bucket(self._charter.buckets), self.local(loan_id), b"")

    def objection(self, handle: bytes, person: Person, now: datetime) -> Item:
        """Return what says, in a borrower's own name, that a record of theirs is wrong."""
        entry = Entry(
            lender=0, reference="", as_of=now, currency=_NO_CURRENCY, contractual=0, enforceable=0, per_day=0,
            monthly=0, late_since=None, days_past_due=0, status=Status.DISPUTED, expires_on=now.date() + _OBJECTED,
            cap=handle.hex(), contact="",
        )  # fmt: skip
        return self.item(handle.hex(), entry, person)

    def object_to(self, handle: bytes, person: Person, now: datetime, *, takes_back: bool = False) -> None:
        """Object to a record, or take the objection back: readers see it with the next cycle."""
        item = self.withdrawal(handle.hex(), person) if takes_back else self.objection(handle, person, now)
        self.send_now([item], now)

    def send_now(self, items: Iterable[Item], now: datetime) -> list[str]:
        """Send items under the number of the moment: such numbers only rise. Return the handles that were removed."""
        _, removed = self.send(items, int(now.astimezone(UTC).timestamp() * 1_000), now)  # of whole milliseconds
        return removed

    def send(self, items: Iterable[Item], sequence: int, now: datetime) -> tuple[int, list[str]]:
        """Send items in parts. Return the last sequence number, and the handles that the operator has removed.

        Refused by whatever check the hub names; the parts before it have been taken, and may be sent again.
        """
        removed: list[str] = []
        for part in _parts(items):
            sequence += 1
            body = sequence.to_bytes(SEQUENCE_BYTES) + b"".join(item.packed() for item in part)
            answer = self._hub.ask("POST", "/publish", body, self._caller.headers("/publish", body, now))
            removed += json.loads(answered(answer))["removed"]
        return sequence, removed

    def audit(self, rows: Words, published: Mapping[str, Item]) -> None:
        """Refused (`entry_omitted`) unless a page has each of these items as it was sent, and none that was withdrawn.

        `published` is what of the bucket was sent and closed, by loan. To the hub, who audits looks like who looks up.
        """
        there = {bytes(row[:2]): bytes(row[2:]) for row in np.ascontiguousarray(live(rows))}
        for loan_id, item in published.items():
            if there.get(self._handle(item.local), b"") != item.rest:
                raise Refused(Check.ENTRY_OMITTED, f"loan {loan_id}: bucket {item.bucket} has not what was published")

    def _handle(self, local: bytes) -> bytes:
        prefix = b"" if self._number else self.signer.public.encode()
        return handle_of(self._number, prefix + local)


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    for item in items:
        part.append(item)
        if len(part) == MOST_ITEMS:
            yield part
            part = []
    if part:
        yield part
