"""Who asks: a borrower's client, or a lender with a consent. Nothing that another party says is believed unchecked.

    reader.person(identity, now)               one evaluation: the keys of somebody, who stays unnamed
    reader.page(bucket, now)                   a page, held under the hub's head
    reader.look_up(identity, now)              what somebody owes everywhere
    reader.consent(seen, ...) -> Bundle        what is handed to a lender with the borrower's consent
    reader.use(bundle, identity, now)          what that lender opens with it

Where a check does not pass, `Refused` names it; what concerns one record alone stands beside that record.
"""

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from duecourse.inquiry import group, oprf
from duecourse.inquiry.charter import Charter, Purpose
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.credentials import Consent, read, scope_of
from duecourse.inquiry.entry import Entry, Person, Record, Status, matches, opened, signed_by
from duecourse.inquiry.pages import Page, Words
from duecourse.inquiry.signed import taken
from duecourse.inquiry.tree import held, leaf
from duecourse.inquiry.wire import HEAD, Caller, Transport, answered

_PADDED_TO: Final = 4  # locks are opened in fours, so that their number says little
_TRIES: Final = 3  # a page may be one cycle younger than the head that came a moment before


@dataclass(frozen=True)
class Seen:
    """A record of somebody's, opened, with the names of the checks that it did not pass."""

    record: Record
    entry: Entry | None  # None when it does not open
    failed: tuple[Check, ...] = ()
    disputed_since: date | None = None  # by the borrower, whatever its lender says

    @property
    def counts(self) -> bool:
        """Whether its amounts go into a sum: it is signed, in time, and of a loan that its lender still has."""
        return self.entry is not None and not self.failed and self.entry.status is not Status.SOLD


@dataclass(frozen=True)
class Found:
    """What a look-up found in a bucket, and what it cost."""

    seen: tuple[Seen, ...]
    bucket: int
    cycle: int
    head_at: datetime
    bytes_sent: int
    bytes_received: int


@dataclass(frozen=True, repr=False)
class Bundle:
    """A consent, and what its lender needs to use it: the records, and what hides their locks from the key holder."""

    consent: dict[str, str]
    records: tuple[bytes, ...]
    blinds: tuple[bytes, ...]
    padding: tuple[bytes, ...]

    @property
    def said(self) -> Consent:
        """What the consent says; who signed it is for the key holder. Refused: `malformed`, `signature`."""
        said, _ = taken(b"consent", self.consent)
        return read(Consent, said)

    def as_json(self) -> dict[str, Any]:
        """Return it as the file or message that the borrower's client hands over."""
        parts = {"records": self.records, "blinds": self.blinds, "padding": self.padding}
        return {"consent": self.consent, **{name: [part.hex() for part in each] for name, each in parts.items()}}

    @classmethod
    def of_json(cls, told: Any) -> "Bundle":
        """Read it. Refused (`malformed`)."""
        try:
            parts = {name: tuple(map(bytes.fromhex, told[name])) for name in ("records", "blinds", "padding")}
            return cls(consent=dict(told["consent"]), **parts)
        except (KeyError, TypeError, ValueError):
            raise Refused(Check.MALFORMED, "this is no consent as a borrower's page hands it over") from None


@dataclass(frozen=True)
class _Worked:
    """What the key holder made of elements. `prove` is Refused (`proof`) when it was with another key than its own."""

    evaluated: list[bytes]
    prove: Callable[[], None]


class Reader:
    """One who asks, with the two parties that answer."""

    def __init__(self, charter: Charter, hub: Transport, holder: Transport, caller: Caller) -> None:
        """Take the charter and the ways to the parties; no request is made."""
        self.charter, self._hub, self._holder, self._caller = charter, hub, holder, caller
        self._head: dict[str, Any] | None = None
        self._address, self._opening = bytes.fromhex(charter.address_key), bytes.fromhex(charter.opening_key)
        self.sent = self.received = 0

    @property
    def key(self) -> str:
        """The public key of who asks."""
        return self._caller.signer.public

    def look_up(self, identity: bytes, now: datetime) -> Found:
        """Return all that was published about somebody. Refused by whatever check a party does not pass."""
        sent, received = self.sent, self.received
        found = self.look_up_for(self.person(identity, now), now)
        return replace(found, bytes_sent=self.sent - sent, bytes_received=self.received - received)

    def look_up_for(self, person: Person, now: datetime) -> Found:
        """Look up, as `look_up` does, somebody whose keys are known."""
        sent, received = self.sent, self.received
        records = matches(person, self.page(person.bucket(self.charter.buckets), now))
        locks = [record.lock for record in records]
        blinds = [group.random_scalar() for _ in locks]
        padding = _padding(len(locks))
        seen = self._seen(records, person, now.date(), self._opened(locks, blinds, padding, now))
        return self._found(seen, person, sent, received)

    def person(self, identity: bytes, now: datetime) -> Person:
        """Return the keys of somebody, for one evaluation. Refused: `proof`, `rate`, and what the key holder names."""
        (person,) = self.people([identity], now)
        return person

    def people(self, identities: Sequence[bytes], now: datetime) -> list[Person]:
        """Return the keys of up to 1,024 people, in one request with one proof."""
        return [Person.of(output) for output in self.outputs(identities, now)]

    def outputs(self, identities: Sequence[bytes], now: datetime) -> list[bytes]:
        """Return what the keys of people are made of: 64 bytes each, to be kept sealed."""
        blinded = [oprf.blind(identity) for identity in identities]
        worked = self._worked("/evaluate", [each.element for each in blinded], self._address, now)
        worked.prove()
        return [oprf.finish(*each) for each in zip(blinded, worked.evaluated, strict=True)]

    def page(self, bucket: int, now: datetime) -> Words:
        """Return the records of a bucket. Refused: `head`, `head_old`, `page`, `truncated`."""
        for remaining in reversed(range(_TRIES)):
            head = self._witnessed(now)
            page = Page.unpacked(self._ask(self._hub, "GET", f"/page/{bucket:010}", b"", {}))
            rows, digest = page.read()
            try:
                found = leaf(bucket, len(page.frames), digest)
                held(bytes.fromhex(head["root"]), bucket, int(head["buckets"]), found, page.path)
            except Refused:
                self._head = None  # a cycle may have ended between the head and the page
                if not remaining:
                    raise
            else:
                return rows
        raise AssertionError("the last failure was raised")

    def consent(
        self, seen: Sequence[Seen], requester: int, purpose: Purpose, now: datetime, lasts: timedelta, uses: int = 1
    ) -> Bundle:
        """Return a consent to open these records, and only these, signed by the borrower's client."""
        blinds = [group.random_scalar() for _ in seen]
        padding = _padding(len(seen))
        locks = [group.times(blind, each.record.lock) for blind, each in zip(blinds, seen, strict=True)]
        said = Consent(
            number=secrets.token_hex(16),
            requester=requester,
            purpose=purpose,
            given_at=now,
            until_at=now + lasts,
            uses=uses,
            scope=scope_of([*locks, *padding]),
            certificate=dict(self._caller.certificate or {}),
        )
        envelope = self._caller.signer.put(b"consent", said.model_dump(mode="json"))
        return Bundle(envelope, tuple(each.record.packed() for each in seen), tuple(blinds), tuple(padding))

    def use(self, bundle: Bundle, identity: bytes, now: datetime) -> tuple[Found, int]:
        """Return what a consent opens, and how many records of the borrower's in the page are not among it.

        Those were left out by the borrower, or published since. Refused: `consent…`, and what the key holder names.
        """
        return self.use_for(bundle, self.person(identity, now), now)

    def use_for(self, bundle: Bundle, person: Person, now: datetime) -> tuple[Found, int]:
        """Use a consent, as `use` does, of somebody whose keys are known."""
        sent, received = self.sent, self.received
        records = [Record.unpacked(record) for record in bundle.records]
        if len(records) != len(bundle.blinds):
            raise Refused(Check.MALFORMED, "a consent has one blinding for each record")
        locks = [record.lock for record in records]
        worked = self._opened(locks, bundle.blinds, bundle.padding, now, bundle.consent)
        there = {record.packed() for record in matches(person, self.page(person.bucket(self.charter.buckets), now))}
        seen = self._seen(records, person, now.date(), worked)
        return self._found(seen, person, sent, received), len(there - set(bundle.records))

    def withdraw(self, bundle: Bundle, now: datetime) -> None:
        """Withdraw a consent: from now on the key holder opens nothing with it."""
        self.withdraw_number(bundle.said.number, now)

    def withdraw_number(self, number: str, now: datetime) -> None:
        """Withdraw a consent of this client's by its number."""
        self._signed("/withdraw", bytes.fromhex(number), now)

    def log(self, now: datetime) -> list[dict[str, Any]]:
        """Return what was opened for this client or with its consents, the last first."""
        headers = self._caller.headers("/log", b"", now)
        told: list[dict[str, Any]] = json.loads(self._ask(self._holder, "GET", "/log", b"", headers))
        return told

    def _opened(
        self,
        locks: Sequence[bytes],
        blinds: Sequence[bytes],
        padding: Sequence[bytes],
        now: datetime,
        consent: dict[str, str] | None = None,
    ) -> "_Worked":
        """Have the key holder open locks that it cannot tell from anybody's, and that are never fewer than four."""
        hidden = [group.times(blind, lock) for blind, lock in zip(blinds, locks, strict=True)]
        worked = self._worked("/open", [*hidden, *padding], self._opening, now, consent)
        shared = [oprf.unblind(*each) for each in zip(blinds, worked.evaluated, strict=False)]
        return replace(worked, evaluated=shared)

    def _seen(self, records: Sequence[Record], person: Person, today: date, worked: "_Worked") -> tuple[Seen, ...]:
        """Open records. One that opens proves that the key holder used its key; of one that does not, it is asked."""
        seen, objections = [], {}
        for record, opening in zip(records, worked.evaluated, strict=True):
            try:
                entry, signature = opened(record, person, opening)
            except Refused as refused:
                worked.prove()
                seen.append(Seen(record, None, (refused.check,)))
                continue
            if entry.lender == 0:
                objections[entry.cap] = entry.as_of.date()
            else:
                seen.append(Seen(record, entry, self._failed(record, entry, signature, person, today)))
        return tuple(
            Seen(each.record, each.entry, each.failed, objections.get(each.record.handle.hex())) for each in seen
        )

    def _failed(self, record: Record, entry: Entry, signature: bytes, person: Person, today: date) -> tuple[Check, ...]:
        failed = []
        lender = self.charter.lender_of_number.get(entry.lender)
        if lender is None or lender.state != "active":
            failed.append(Check.PARTY)
        try:
            signed_by(lender.key if lender else "", entry, signature, person, record.handle)
        except Refused as refused:
            failed.append(refused.check)
        if entry.expires_on < today:
            failed.append(Check.ENTRY_STALE)
        return tuple(failed)

    def _witnessed(self, now: datetime) -> dict[str, Any]:
        """Return the head that the key holder witnessed. Refused: `signature`, `head`, `head_old`."""
        if self._head is None:
            self._believe(json.loads(self._ask(self._holder, "GET", "/head", b"", {})))
        head = self._head or {}
        age = now - datetime.fromisoformat(str(head["at"]))
        if age > timedelta(hours=self.charter.head_hours):
            raise Refused(Check.HEAD_OLD, f"the hub's head is of {head['at']}")
        return head

    def _believe(self, envelope: object) -> None:
        said, _ = taken(b"head", envelope, self.charter.hub_key)
        if said.get("buckets") != self.charter.buckets:
            raise Refused(Check.HEAD, f"the head is of {said.get('buckets')} buckets, not {self.charter.buckets}")
        if self._head is not None and said["cycle"] < self._head["cycle"]:
            raise Refused(Check.HEAD_OLD, f"a head of cycle {said['cycle']} after one of {self._head['cycle']}")
        self._head = said

    def _worked(
        self,
        path: str,
        elements: Sequence[bytes],
        public: bytes,
        now: datetime,
        consent: dict[str, str] | None = None,
    ) -> "_Worked":
        """Have elements evaluated, with the proof that it was by this key."""
        data = self._signed(path, b"".join(elements), now, consent)
        size = len(elements) * group.POINT_BYTES
        if len(data) != size + oprf.PROOF_BYTES:
            raise Refused(Check.TRUNCATED, f"{len(data)} bytes for {len(elements)} elements and a proof")
        evaluated = [data[at : at + group.POINT_BYTES] for at in range(0, size, group.POINT_BYTES)]
        return _Worked(evaluated, lambda: oprf.verify(public, elements, evaluated, data[size:]))

    def _signed(self, path: str, body: bytes, now: datetime, consent: dict[str, str] | None = None) -> bytes:
        return self._ask(self._holder, "POST", path, body, self._caller.headers(path, body, now, consent))

    def _ask(self, party: Transport, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        self.sent += len(body) + sum(len(name) + len(value) for name, value in headers.items())
        answer = party.ask(method, path, body, headers)
        data = answered(answer)
        self.received += len(data) + sum(len(name) + len(value) for name, value in answer.headers.items())
        if party is self._holder and HEAD in answer.headers:
            self._believe(json.loads(base64.b64decode(answer.headers[HEAD])))
        return data

    def _found(self, seen: tuple[Seen, ...], person: Person, sent: int, received: int) -> Found:
        head = self._head or {}
        at = datetime.fromisoformat(str(head["at"]))
        bucket = person.bucket(self.charter.buckets)
        return Found(seen, bucket, int(head["cycle"]), at, self.sent - sent, self.received - received)


def _padding(locks: int) -> list[bytes]:
    """Return points of nobody's record that look like hidden locks: with them it is fours, and four at least."""
    wanted = -locks % _PADDED_TO if locks else _PADDED_TO
    return [group.times_base(group.random_scalar()) for _ in range(wanted)]
