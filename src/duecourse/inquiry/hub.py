"""The hub: keeps what it cannot read, and shows it to whoever asks for a bucket.

    GET  /head          the envelope of the head in force
    GET  /page/0000000012   bucket 12, written as long as every other: see `duecourse.inquiry.pages.Page`
    POST /publish       a lender's batch, or a borrower's objections: number (8 bytes), then items of 324 bytes
    POST /remove        the operator's order: an entry is removed after a dispute was decided
    POST /close         the operator's order: the cycle ends now

An item is `bucket (4) | local name (16) | tag (16) | lock (32) | sealed (256)`; with zeros behind the local name it
withdraws what had that name. The hub makes the handle out of the name and of who signed, so nobody touches another's.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from duecourse.inquiry.charter import Charter
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.credentials import vouched
from duecourse.inquiry.entry import HANDLE_BYTES, RECORD_BYTES, handle_of
from duecourse.inquiry.pages import ITEM, Items, Pages
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.state import State
from duecourse.inquiry.wire import Answer, Asked, Route, Said, checked, told

SENT: Final = np.dtype([("bucket", ">u4"), ("local", f"V{HANDLE_BYTES}"), ("rest", f"V{RECORD_BYTES - HANDLE_BYTES}")])
SEQUENCE_BYTES: Final = 8
MOST_ITEMS: Final = 10_000
_MOST_OBJECTIONS: Final = 50  # that one borrower's client may have standing
_BORROWERS: Final = 0  # the number in place of a lender's, for what borrowers say of entries

_TABLES: Final = """
create table if not exists batches (key text primary key, sequence integer not null) strict;
create table if not exists removed (handle blob primary key, case_name text not null, at text not null) strict;
"""


def hub_signer(charter: Charter, seed: bytes) -> Signer:
    """Return the hub's key. Refused (`charter`) when the charter's hub has another."""
    signer = Signer.of(seed)
    if signer.public != charter.hub_key:
        raise Refused(Check.CHARTER, f"the charter's hub has key {charter.hub_key[:16]}, not {signer.public[:16]}")
    return signer


class Hub:
    """One hub over its folder."""

    def __init__(
        self,
        folder: Path,
        charter: Charter,
        operator: str,
        signer: Signer,
        witness: Callable[[dict[str, str]], None],
    ) -> None:
        """Open the folder; `witness` is shown each new head.

        DueCourseError when the folder has other buckets.
        """
        self.pages = Pages(folder, charter.buckets)
        self._charter, self._operator, self._signer = charter, operator, signer
        self._state, self._closing, self._witness = State(folder, _TABLES), Lock(), witness

    def routes(self) -> list[Route]:
        """Return what the hub answers to."""
        most = SEQUENCE_BYTES + MOST_ITEMS * SENT.itemsize
        return [
            Route("GET", "/head", self._head),
            Route("GET", "/page/", self._page),
            Route("POST", "/publish", self._publish, most),
            Route("POST", "/remove", self._remove, 1_024),
            Route("POST", "/close", self._close),
        ]

    def close(self, now: datetime) -> dict[str, str]:
        """End the cycle: what was published shows under the head that this returns, and that is witnessed."""
        with self._closing:
            head = self.pages.close(now, self._signer)
            self._witness(head)
        return head

    def _head(self, _asked: Asked) -> Answer:
        if self.pages.head is None:
            raise Refused(Check.HEAD, "no cycle has ended yet")
        return told(self.pages.head)

    def _page(self, asked: Asked) -> Answer:
        number = asked.path.removeprefix("/page/")
        if not (number.isascii() and number.isdigit() and len(number) <= 10):
            raise Refused(Check.BUCKET, "a bucket is a number")
        return Answer(200, self.pages.page(int(number)).packed())

    def _publish(self, asked: Asked) -> Answer:
        said = checked(asked)
        number = self._publisher(said, asked.now)
        sequence, data = int.from_bytes(asked.body[:SEQUENCE_BYTES]), asked.body[SEQUENCE_BYTES:]
        if len(asked.body) < SEQUENCE_BYTES or len(data) % SENT.itemsize:
            raise Refused(Check.TRUNCATED, f"{len(asked.body)} bytes are no whole number of items")
        sent = np.frombuffer(data, SENT)
        if number == _BORROWERS and len(sent) > _MOST_OBJECTIONS:
            raise Refused(Check.RATE, f"{len(sent)} objections at once; at most {_MOST_OBJECTIONS}")
        prefix = said.key.encode() if number == _BORROWERS else b""
        handles = [handle_of(number, prefix + local) for local in map(bytes, sent["local"])]
        with self._state.once(said, asked.now, lasting=True) as db:
            _in_order(db, said.key, sequence)
            removed = _removed(db, handles)
            self.pages.take(_items(sent, handles)[[handle not in removed for handle in handles]])
        return told({"taken": len(sent), "removed": [handle.hex() for handle in handles if handle in removed]})

    def _publisher(self, said: Said, now: datetime) -> int:
        """Return the number of who publishes: a lender of the charter, or a client that a checker vouches for."""
        if said.certificate is None:
            lender = self._charter.active_lender(said.key)
            self._charter.allowed(lender.jurisdiction, None, now.date())
            return lender.number
        certificate, _ = vouched(self._charter, said.certificate, said.key, now)
        self._charter.allowed(certificate.jurisdiction, None, now.date())
        return _BORROWERS

    def _remove(self, asked: Asked) -> Answer:
        """Take an entry out for good. What is given is bucket (4), handle (16) and the name of the case."""
        said = self._ordered(asked)
        if len(asked.body) <= 4 + HANDLE_BYTES:
            raise Refused(Check.TRUNCATED, "a removal has a bucket, a handle and the name of the case")
        handle, case = asked.body[4 : 4 + HANDLE_BYTES], asked.body[4 + HANDLE_BYTES :].decode(errors="replace")
        with self._state.once(said, asked.now, lasting=True) as db:
            at = asked.now.isoformat(timespec="seconds")
            db.execute("insert or ignore into removed values (?, ?, ?)", (handle, case, at))
            items = np.zeros(1, ITEM)
            items["bucket"] = int.from_bytes(asked.body[:4])
            items["record"] = np.void(handle + bytes(RECORD_BYTES - HANDLE_BYTES))
            self.pages.take(items)
        return told({"removed": handle.hex()})

    def _close(self, asked: Asked) -> Answer:
        with self._state.once(self._ordered(asked), asked.now):
            pass  # an order is taken once; the cycle itself is no matter of the state
        return told(self.close(asked.now))

    def _ordered(self, asked: Asked) -> Said:
        said = checked(asked)
        if said.key != self._operator:
            raise Refused(Check.PARTY, "this is ordered by the operator alone")
        return said


def _in_order(db: sqlite3.Connection, key: str, sequence: int) -> None:
    """Remember the number of a batch. Refused (`sequence`) when it is not above the last."""
    row = db.execute("select sequence from batches where key = ?", (key,)).fetchone()
    if row is not None and sequence <= row[0]:
        raise Refused(Check.SEQUENCE, f"batch {sequence} after batch {row[0]}")
    db.execute(
        "insert into batches values (?, ?) on conflict do update set sequence = excluded.sequence", (key, sequence)
    )


def _removed(db: sqlite3.Connection, handles: list[bytes]) -> set[bytes]:
    """Return those of the handles that the operator has removed."""
    if db.execute("select 1 from removed limit 1").fetchone() is None:
        return set()
    find = "select handle from removed where handle = ?"
    return {handle for handle in handles if db.execute(find, (handle,)).fetchone()}


def _items(sent: "np.ndarray[tuple[int], np.dtype[np.void]]", handles: list[bytes]) -> Items:
    """Return the items as pages have them: under their handles."""
    items = np.empty(len(sent), ITEM)
    items["bucket"] = sent["bucket"]
    records = b"".join(handle + rest for handle, rest in zip(handles, map(bytes, sent["rest"]), strict=True))
    items["record"] = np.frombuffer(records, ITEM["record"])
    return items
