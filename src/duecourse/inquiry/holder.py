"""The key holder: answers for what it does not see, to those who may ask, so often and no oftener.

    POST /evaluate      elements (32 bytes each): by the address key, and a proof. Lenders, and clients with certificate
    POST /open          elements: by the opening key, and a proof. Clients; lenders with a consent. Each is logged
    POST /withdraw      the number of a consent (16 bytes), by the client that gave it
    GET  /log           what was opened for a client or with its consents, to that client
    POST /head          the hub's new head, which this witnesses: two heads of one cycle are refused
    GET  /head          the head last witnessed

It has no identities, no entries and no buckets: elements are blinded, and an entry's lock is one point of many.
"""

import base64
import json
import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from duecourse.inquiry import group, oprf
from duecourse.inquiry.charter import Charter, Purpose
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.credentials import consent_taken, scope_of, vouched
from duecourse.inquiry.signed import taken
from duecourse.inquiry.state import State
from duecourse.inquiry.wire import HEAD, Answer, Asked, Route, Said, checked, told

MOST_OPENED: Final = 128  # locks in one request
_MOST_LOG: Final = 1_000  # lines that are shown
_CONSENT_BYTES: Final = 16

_TABLES: Final = """
create table if not exists spent (who text, day text, elements integer not null, primary key (who, day)) strict;
create table if not exists log (
    client text not null, at text not null, asked_by integer not null, purpose text not null, consent text not null,
    elements integer not null
) strict;
create index if not exists log_of_client on log (client);
create table if not exists consents (
    client text, number text, used integer not null, withdrawn_at text, primary key (client, number)
) strict;
create table if not exists heads (cycle integer primary key, envelope text not null) strict;
"""


def keys_of(seed: bytes) -> tuple[oprf.KeyPair, oprf.KeyPair]:
    """Return the address key and the opening key of a seed of 32 bytes."""
    return oprf.derive_key_pair(seed, b"duecourse address"), oprf.derive_key_pair(seed, b"duecourse opening")


def holder_keys(charter: Charter, seed: bytes) -> tuple[oprf.KeyPair, oprf.KeyPair]:
    """Return the keys of the key holder. Refused (`charter`) when the charter has others."""
    address, opening = keys_of(seed)
    if (address.public.hex(), opening.public.hex()) != (charter.address_key, charter.opening_key):
        raise Refused(Check.CHARTER, "the charter's key holder has other keys than those of this seed")
    return address, opening


Lawful = Callable[[str, str, date], str | None]
"""Says why nobody may be looked up in a jurisdiction for a purpose on a day, as its rulebook has it; None: they may."""


class KeyHolder:
    """One key holder over its file of counts, consents and log."""

    def __init__(self, folder: Path, charter: Charter, seed: bytes, lawful: Lawful) -> None:
        """Open the folder. Refused (`charter`) when the charter has other keys."""
        self._address, self._opening = holder_keys(charter, seed)
        self._charter, self._state, self._lawful = charter, State(folder, _TABLES), lawful

    def routes(self) -> list[Route]:
        """Return what the key holder answers to."""
        return [
            Route("POST", "/evaluate", self._evaluate, oprf.MOST_ELEMENTS * group.POINT_BYTES),
            Route("POST", "/open", self._open, MOST_OPENED * group.POINT_BYTES),
            Route("POST", "/withdraw", self._withdraw, _CONSENT_BYTES),
            Route("GET", "/log", self._log),
            Route("POST", "/head", self._witness, 4_096),
            Route("GET", "/head", self._shown),
        ]

    # --- the work -----------------------------------------------------------------------------------------

    def _evaluate(self, asked: Asked) -> Answer:
        said, elements = checked(asked), _elements(asked.body)
        limits = self._limits(said, asked.now)
        with self._state.once(said, asked.now) as db:
            _spend(db, asked.now, len(elements), limits)
        return self._worked(self._address, elements)

    def _open(self, asked: Asked) -> Answer:
        said = checked(asked)
        elements = [group.checked_point(element) for element in _elements(asked.body)]  # before a consent is used
        if said.consent is not None:
            self._use(said, asked.now, elements)
        elif said.certificate is None:
            raise Refused(Check.CONSENT, "a lender opens with the borrower's consent, and with nothing else")
        else:
            limits = self._limits(said, asked.now)
            with self._state.once(said, asked.now) as db:
                _spend(db, asked.now, len(elements), limits)
                _write_log(db, said.key, asked.now, (0, Purpose.OWN_VIEW, "", len(elements)))
        return self._worked(self._opening, elements)

    def _worked(self, key: oprf.KeyPair, elements: list[bytes]) -> Answer:
        evaluated = oprf.evaluate(key, elements)
        proof = oprf.prove(key, elements, evaluated)
        head = self._head()
        headers = {HEAD: base64.b64encode(head.encode()).decode()} if head else {}
        return Answer(200, b"".join(evaluated) + proof, headers)

    # --- who may ------------------------------------------------------------------------------------------

    def _limits(self, said: Said, now: datetime) -> dict[str, int]:
        """Return whose days are counted against, and how much each may: a lender's, or a client's and its checker's."""
        limits = self._charter.limits
        if said.certificate is None:
            lender = self._charter.active_lender(said.key)
            self._charter.allowed(lender.jurisdiction, None, now.date())
            return {said.key: limits.lender_a_day}
        certificate, checker = vouched(self._charter, said.certificate, said.key, now)
        self._may(certificate.jurisdiction, Purpose.OWN_VIEW, now.date())
        return {said.key: limits.client_a_day, checker: limits.checker_a_day}

    def _may(self, jurisdiction: str, purpose: Purpose, on: date) -> None:
        """Refused (`charter`, `legal_basis`, `purpose`, `law`) unless charter and rulebook allow the purpose there."""
        self._charter.allowed(jurisdiction, purpose, on)
        if (why := self._lawful(jurisdiction, purpose, on)) is not None:
            raise Refused(Check.LAW, why)

    def _use(self, said: Said, now: datetime, elements: list[bytes]) -> None:
        """Use a consent once, and write it into the borrower's log."""
        lender = self._charter.active_lender(said.key)
        consent, client, certificate = consent_taken(self._charter, said.consent, now)
        self._may(certificate.jurisdiction, consent.purpose, now.date())
        if consent.requester != lender.number:
            raise Refused(Check.CONSENT, f"given to lender {consent.requester}, and lender {lender.number} asks")
        if consent.scope != scope_of(elements):
            raise Refused(Check.CONSENT_SCOPE, "other elements than those that were consented to")
        with self._state.once(said, now, lasting=True) as db:
            whose = (client, consent.number)
            db.execute("insert or ignore into consents values (?, ?, 0, null)", whose)
            found = "select used, withdrawn_at from consents where client = ? and number = ?"
            used, withdrawn_at = db.execute(found, whose).fetchone()
            if withdrawn_at is not None:
                raise Refused(Check.CONSENT_WITHDRAWN, f"withdrawn at {withdrawn_at}")
            if used >= consent.uses:
                raise Refused(Check.CONSENT_USED, f"given for {consent.uses}, used {used} times")
            db.execute("update consents set used = used + 1 where client = ? and number = ?", whose)
            _write_log(db, client, now, (lender.number, consent.purpose, consent.number, len(elements)))

    # --- what the borrower sees and says ------------------------------------------------------------------

    def _log(self, asked: Asked) -> Answer:
        said = checked(asked)
        vouched(self._charter, said.certificate, said.key, asked.now)
        find = "select at, asked_by, purpose, consent, elements from log where client = ? order by rowid desc limit ?"
        names = ("at", "asked_by", "purpose", "consent", "elements")
        return told([dict(zip(names, row, strict=True)) for row in self._state.ask(find, said.key, _MOST_LOG)])

    def _withdraw(self, asked: Asked) -> Answer:
        said = checked(asked)
        if len(asked.body) != _CONSENT_BYTES:
            raise Refused(Check.TRUNCATED, f"the number of a consent has {_CONSENT_BYTES} bytes")
        at = asked.now.isoformat(timespec="seconds")
        with self._state.once(said, asked.now, lasting=True) as db:
            db.execute(
                "insert into consents values (?, ?, 0, ?)"
                " on conflict do update set withdrawn_at = coalesce(withdrawn_at, excluded.withdrawn_at)",
                (said.key, asked.body.hex(), at),
            )
        return told({"withdrawn_at": at})

    # --- the hub's witness --------------------------------------------------------------------------------

    def _witness(self, asked: Asked) -> Answer:
        envelope = _json(asked.body)
        said, _ = taken(b"head", envelope, self._charter.hub_key)
        cycle = said.get("cycle")
        if not isinstance(cycle, int):
            raise Refused(Check.MALFORMED, "a head has the number of its cycle")
        with self._state.changing(lasting=True) as db:
            last = db.execute("select cycle, envelope from heads order by cycle desc limit 1").fetchone()
            if last is None or cycle > last[0]:
                db.execute("insert into heads values (?, ?)", (cycle, json.dumps(envelope)))
            elif json.loads(last[1]) != envelope:
                raise Refused(Check.TWO_HEADS, f"cycle {last[0]} was witnessed with another head")
        return told({"cycle": cycle})

    def _shown(self, _asked: Asked) -> Answer:
        head = self._head()
        if not head:
            raise Refused(Check.HEAD, "no head has been witnessed yet")
        return told(json.loads(head))

    def _head(self) -> str:
        rows = self._state.ask("select envelope from heads order by cycle desc limit 1")
        return str(rows[0][0]) if rows else ""


def _spend(db: sqlite3.Connection, now: datetime, elements: int, most: dict[str, int]) -> None:
    """Count elements against the day of everybody in `most`. Refused: `rate`."""
    day = now.date().isoformat()
    count = (
        "insert into spent values (?, ?, ?) on conflict do update set elements = elements + excluded.elements"
        " returning elements"
    )
    for who, limit in most.items():
        ((spent,),) = db.execute(count, (who, day, elements)).fetchall()
        if spent > limit:
            raise Refused(Check.RATE, f"{limit} elements a day are allowed, and {spent - elements} of {day} are spent")


def _write_log(db: sqlite3.Connection, client: str, now: datetime, line: tuple[int, str, str, int]) -> None:
    db.execute("insert into log values (?, ?, ?, ?, ?, ?)", (client, now.isoformat(timespec="seconds"), *line))


def _elements(body: bytes) -> list[bytes]:
    if not body or len(body) % group.POINT_BYTES:
        raise Refused(Check.TRUNCATED, f"{len(body)} bytes are no whole number of elements")
    return [body[at : at + group.POINT_BYTES] for at in range(0, len(body), group.POINT_BYTES)]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(Check.MALFORMED, "no JSON") from None
