"""One loan of one person as its lender publishes it: what it says, how it is signed, sealed and opened.

    Person.of(output)                          what an output of the key holder's function gives: bucket and keys
    Entry.packed() / unpacked(bytes)           176 bytes, whatever the entry says
    sealed(entry, person, ...) -> Record       320 bytes, of which nobody can tell whose they are
    matches(person, page)                      the records of a page that are this person's
    opened(record, person, shared) -> Entry    after the key holder opened the lock of the record

A record is `handle (16) | tag (16) | lock (32) | sealed (256)`. The tag is one block of a cipher under a key of the
person's, of the handle: who has the person's keys finds the records of theirs in a page at once, and two records of one
person look no more alike than of two. The lock is a point e·G with e of this record alone: the seal's key is out of the
person's key and of e·K, where K is the key holder's opening key, so even a lender who publishes about the same person
opens nothing without the key holder, who answers to the borrower and to those with their consent.
"""

import enum
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from duecourse.inquiry import group
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.signed import SIGNATURE_BYTES, Signer, verify
from duecourse.kernel.errors import DueCourseError

_LAYOUT: Final = struct.Struct(">BIq3sqqqqiHBIBii16s40s52s")
_VERSION: Final = 1
CAP_BYTES: Final = 40
CONTACT_BYTES: Final = 52
OWN_CAP: Final = "contract"
"""In the place of a rule: it is the loan's own terms that cap it."""
HANDLE_BYTES: Final = 16
_TAG_BYTES: Final = 16
_GCM_BYTES: Final = 16
SEALED_BYTES: Final = _LAYOUT.size + SIGNATURE_BYTES + _GCM_BYTES
RECORD_BYTES: Final = HANDLE_BYTES + _TAG_BYTES + group.POINT_BYTES + SEALED_BYTES
_NONCE: Final = bytes(12)  # each key seals once: it is made of a point that is random for each record
MOST_MINOR: Final = 2**62


class Status(enum.IntEnum):
    """How a loan stands. Numbers are part of the form and never change."""

    REGULAR = 1
    LATE = 2
    DISPUTED = 3
    ARRANGEMENT = 4
    SOLD = 5

    @property
    def word(self) -> str:
        """The word for it, as in the glossary."""
        return self.name.lower()


class NextStep(enum.IntEnum):
    """What the lender may do next that costs the borrower more than a message. Numbers never change."""

    NONE = 0
    CREDIT_RECORD = 1
    HOME_VISIT = 2
    AGENCY = 3
    SUIT = 4
    ENFORCEMENT = 5

    @property
    def word(self) -> str:
        """The word for it."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one lender says of one loan. Amounts are minor units of the currency."""

    lender: int
    reference: str  # by which the borrower knows the loan: never the whole account number
    as_of: datetime
    currency: str
    contractual: int
    enforceable: int
    per_day: int  # what one more day unpaid costs
    monthly: int  # what falls due of it within a month, beside what is late already
    late_since: date | None
    days_past_due: int
    status: Status
    expires_on: date
    cap: str  # whose cap makes the enforceable amount the smaller one: a citation, a rule, OWN_CAP; else empty
    contact: str  # where to dispute it
    sold_to: int = 0  # the buyer's number in the charter; 0 for a buyer who is not in it
    next_step: NextStep = NextStep.NONE
    limitation_on: date | None = None  # the last day to sue, where it is known

    def packed(self) -> bytes:
        """Return the entry in its one form. DueCourseError when an amount or a text does not fit."""
        amounts = (self.contractual, self.enforceable, self.per_day, self.monthly)
        if not all(0 <= amount <= MOST_MINOR for amount in amounts):
            raise DueCourseError(f"loan {self.reference}: amounts are from 0 to {MOST_MINOR}, not {amounts}")
        return _LAYOUT.pack(
            _VERSION,
            self.lender,
            int(self.as_of.timestamp()),
            _text(self.currency, 3),
            *amounts,
            _ordinal(self.late_since),
            min(self.days_past_due, 65_535),
            self.status,
            self.sold_to,
            self.next_step,
            _ordinal(self.limitation_on),
            _ordinal(self.expires_on),
            _text(self.reference, 16),
            _text(self.cap, CAP_BYTES),
            _text(self.contact, CONTACT_BYTES),
        )

    @classmethod
    def unpacked(cls, data: bytes) -> "Entry":
        """Return the entry of its form. Refused (`malformed`) when it is none."""
        try:
            (version, lender, as_of, currency, contractual, enforceable, per_day, monthly, late_since,
             days_past_due, status, sold_to, next_step, limitation_on, expires_on, reference, cap,
             contact) = _LAYOUT.unpack(data)  # fmt: skip
            if version != _VERSION:
                raise Refused(Check.MALFORMED, f"an entry of form {version}; this reads form {_VERSION}")
            return cls(
                lender=lender,
                as_of=datetime.fromtimestamp(as_of, UTC),
                currency=_read(currency),
                contractual=contractual,
                enforceable=enforceable,
                per_day=per_day,
                monthly=monthly,
                late_since=_day(late_since),
                days_past_due=days_past_due,
                status=Status(status),
                sold_to=sold_to,
                next_step=NextStep(next_step),
                limitation_on=_day(limitation_on),
                expires_on=date.fromordinal(expires_on),
                reference=_read(reference),
                cap=_read(cap),
                contact=_read(contact),
            )
        except (struct.error, ValueError, OverflowError, OSError) as error:
            raise Refused(Check.MALFORMED, f"an entry that cannot be read: {type(error).__name__}") from None


@dataclass(frozen=True, repr=False)
class Person:
    """What an output of the key holder's function gives: where somebody's records lie, and what opens them."""

    place: int  # 64 bits: the bucket is this part of them all
    tag_key: bytes
    seal_key: bytes
    mark: bytes  # signed with each entry, so that no entry can be laid to somebody else's name

    @classmethod
    def of(cls, output: bytes) -> "Person":
        """Derive the keys: each is HKDF-Expand (RFC 5869) of one block, by a label of its own."""

        def part(label: bytes, size: int) -> bytes:
            return hmac.digest(output, b"duecourse-inquiry-1 " + label + b"\x01", "sha512")[:size]

        return cls(int.from_bytes(part(b"place", 8)), part(b"tag", 32), part(b"seal", 32), part(b"mark", 32))

    def bucket(self, buckets: int) -> int:
        """Return the number of the bucket, of so many."""
        return self.place * buckets >> 64


@dataclass(frozen=True)
class Record:
    """An entry as the hub has it."""

    handle: bytes
    tag: bytes
    lock: bytes
    sealed: bytes

    def packed(self) -> bytes:
        """Return the 320 bytes."""
        return self.handle + self.tag + self.lock + self.sealed

    @classmethod
    def unpacked(cls, data: bytes) -> "Record":
        """Take 320 bytes apart. Refused (`truncated`) when they are not 320."""
        if len(data) != RECORD_BYTES:
            raise Refused(Check.TRUNCATED, f"a record of {len(data)} bytes; each has {RECORD_BYTES}")
        return cls(data[:16], data[16:32], data[32:64], data[64:])


def handle_of(lender: int, local: bytes) -> bytes:
    """Return what the hub and its readers know a record by: no lender can name another's."""
    return hashlib.blake2b(lender.to_bytes(4) + local, digest_size=HANDLE_BYTES, person=b"dc-handle-1").digest()


def sealed(entry: Entry, person: Person, handle: bytes, signer: Signer, opening: bytes) -> Record:
    """Sign an entry and seal it for the person. `opening` is the key holder's public opening key."""
    data = entry.packed()
    signature = signer.sign(b"entry", person.mark + handle + data)
    chosen = group.random_scalar()
    lock = group.times_base(chosen)
    key = _key(person, group.times(chosen, opening), handle, lock)
    return Record(handle, _tags(person, handle), lock, AESGCM(key).encrypt(_NONCE, data + signature, handle))


def matches(person: Person, records: "np.ndarray[tuple[int, int], np.dtype[np.uint64]]") -> list[Record]:
    """Return the person's records of a page (rows of 40 words of 64 bits), each as it was last published."""
    if not len(records):
        return []
    handles = np.ascontiguousarray(records[:, :2])
    tags = np.frombuffer(_tags(person, handles.tobytes()), np.uint64).reshape(-1, 2)
    found: dict[bytes, Record] = {}
    for row in np.flatnonzero(records[:, 2] == tags[:, 0]):
        same = np.flatnonzero(handles[:, 0] == handles[row, 0])
        last = same[(handles[same] == handles[row]).all(axis=1)][-1]
        # where it is not the last of its handle, it was published anew or withdrawn further down
        if last == row and (records[row, 2:4] == tags[row]).all():
            found[handles[row].tobytes()] = Record.unpacked(records[row].tobytes())
    return list(found.values())


def opened(record: Record, person: Person, shared: bytes) -> tuple[Entry, bytes]:
    """Return the entry, and the signature that `signed_by` holds against its lender's key.

    `shared` is the record's lock by the key holder's opening key. Refused: `entry_seal`, `malformed`.
    """
    key = _key(person, shared, record.handle, record.lock)
    try:
        plain = AESGCM(key).decrypt(_NONCE, record.sealed, record.handle)
    except InvalidTag:
        raise Refused(Check.ENTRY_SEAL, f"record {record.handle.hex()} does not open") from None
    return Entry.unpacked(plain[: _LAYOUT.size]), plain[_LAYOUT.size :]


def signed_by(public: str, entry: Entry, signature: bytes, person: Person, handle: bytes) -> None:
    """Refused (`entry_signature`) when the lender of this key did not sign this entry, of this person."""
    try:
        verify(public, b"entry", person.mark + handle + entry.packed(), signature)
    except Refused:
        raise Refused(Check.ENTRY_SIGNATURE, f"record {handle.hex()} is not signed by lender {entry.lender}") from None


def _key(person: Person, shared: bytes, handle: bytes, lock: bytes) -> bytes:
    return hmac.digest(person.seal_key, b"duecourse-inquiry-1 record" + shared + handle + lock, "sha256")


def _tags(person: Person, handles: bytes) -> bytes:
    # One block each: a block cipher as the pseudo-random function that it is, not a mode that hides a text.
    cipher = Cipher(algorithms.AES256(person.tag_key), modes.ECB())  # noqa: S305
    return cipher.encryptor().update(handles)


def _text(text: str, size: int) -> bytes:
    data = text.encode()
    if len(data) > size or "\0" in text:
        raise DueCourseError(f"'{text}' has {len(data)} bytes of UTF-8; there is room for {size}")
    return data


def _read(data: bytes) -> str:
    return data.rstrip(b"\0").decode()


def _ordinal(day: date | None) -> int:
    return 0 if day is None else day.toordinal()


def _day(ordinal: int) -> date | None:
    return None if ordinal == 0 else date.fromordinal(ordinal)
