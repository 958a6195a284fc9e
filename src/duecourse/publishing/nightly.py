"""Publishing: pseudonyms once for each borrower, and of the loans only what differs from what was published.

    kept = Kept(folder, seed)                  what was published, and pseudonyms sealed under a key of the seed
    publish(kept, reader, publisher, loans, identifiers, now) -> Done
    audit(kept, reader, publisher, buckets, now)
    forget(kept, publisher, borrower_id, now)  what was published of somebody is withdrawn, and nothing is kept

Identifiers are read, evaluated and dropped: what is kept of them is an output that only the key holder's key gives.
"""

import csv
import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from duecourse.inquiry.client import Reader
from duecourse.inquiry.entry import Entry, Person
from duecourse.inquiry.identity import normalised
from duecourse.inquiry.publisher import Item, Publisher
from duecourse.inquiry.state import State
from duecourse.kernel.errors import DueCourseError
from duecourse.publishing.loans import Told

IDENTIFIERS: Final = ("borrower_id", "country", "number", "born_on")
RENEWED_DAYS: Final = 3  # before an entry runs out
_AT_A_TIME: Final = 512
_NONCE_BYTES: Final = 12
_TABLES: Final = """
create table if not exists people (borrower_id text primary key, output blob not null) strict;
create table if not exists published (
    loan_id text primary key, borrower_id text not null, bucket integer not null, local blob not null,
    rest blob not null, says blob not null, expires_on text not null
) strict;
create index if not exists published_of_borrower on published (borrower_id);
create index if not exists published_of_bucket on published (bucket);
"""


@dataclass(frozen=True)
class Done:
    """What a run did to people and loans; `removed` are handles that the operator has removed after a dispute."""

    new_people: int
    published: int
    withdrawn: int
    unchanged: int
    removed: tuple[str, ...]


class Kept:
    """What this lender has published, in a folder of its own."""

    def __init__(self, folder: Path, seed: bytes) -> None:
        """Open or begin the folder. Outputs are sealed under a key of the seed."""
        self.state = State(folder, _TABLES)
        self._cipher = AESGCM(hmac.digest(seed, b"duecourse-inquiry-1 outputs", "sha256"))

    def close(self) -> None:
        """Close the folder's file."""
        self.state.close()

    def people(self) -> set[str]:
        """Return whose pseudonym is known."""
        return {row[0] for row in self.state.ask("select borrower_id from people")}

    def person(self, borrower_id: str) -> Person:
        """Return the keys of a borrower. DueCourseError where they have none yet."""
        rows = self.state.ask("select output from people where borrower_id = ?", borrower_id)
        if not rows:
            raise DueCourseError(f"borrower {borrower_id} was never published")
        sealed = rows[0][0]
        output = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], borrower_id.encode())
        return Person.of(output)

    def add(self, outputs: Mapping[str, bytes]) -> None:
        """Keep outputs, sealed, by borrower."""
        with self.state.changing(lasting=True) as db:
            for borrower_id, output in outputs.items():
                nonce = os.urandom(_NONCE_BYTES)
                sealed = nonce + self._cipher.encrypt(nonce, output, borrower_id.encode())
                db.execute("insert or replace into people values (?, ?)", (borrower_id, sealed))


def identifiers(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield borrowers with their identities out of a CSV. DueCourseError names the line, and never the number."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != IDENTIFIERS:
            raise DueCourseError(f"{path}:1: has other columns than {','.join(IDENTIFIERS)}: write just these")
        for row in reader:
            try:
                born_on = date.fromisoformat(row["born_on"])
                yield row["borrower_id"], normalised(row["country"], row["number"], born_on)
            except (ValueError, DueCourseError) as error:
                said = str(error) if isinstance(error, DueCourseError) else "born_on is a day: 1990-01-31"
                raise DueCourseError(f"{path}:{reader.line_num}: {said}") from None


def come_to_know(kept: Kept, reader: Reader, people: Iterable[tuple[str, bytes]], now: datetime) -> int:
    """Have the pseudonyms of new borrowers evaluated, and keep them; return how many were new."""
    known = kept.people()
    new = [(borrower_id, identity) for borrower_id, identity in people if borrower_id not in known]
    for begin in range(0, len(new), _AT_A_TIME):
        part = new[begin : begin + _AT_A_TIME]
        outputs = reader.outputs([identity for _, identity in part], now)
        kept.add(dict(zip([borrower_id for borrower_id, _ in part], outputs, strict=True)))
    return len(new)


def publish(kept: Kept, publisher: Publisher, loans: Iterable[Told], now: datetime, new_people: int = 0) -> Done:
    """Send what differs from what was published, and withdraw what there is nothing to tell of any more."""
    known = kept.people()
    before = {row[0]: row for row in kept.state.ask("select loan_id, borrower_id, says, expires_on from published")}
    items: list[Item] = []
    rows: list[tuple[str, str, int, bytes, bytes, bytes, str]] = []
    gone: list[str] = []
    unchanged = 0
    told: set[str] = set()
    for loan in loans:
        if loan.borrower_id not in known or loan.entry is None:
            continue
        told.add(loan.loan_id)
        says, was = _says(loan.entry), before.get(loan.loan_id)
        if was is not None and was[2] == says and not _runs_out(was[3], now.date()):
            unchanged += 1
            continue
        item = publisher.item(loan.loan_id, loan.entry, kept.person(loan.borrower_id))
        items.append(item)
        expires_on = loan.entry.expires_on.isoformat()
        rows.append((loan.loan_id, loan.borrower_id, item.bucket, item.local, item.rest, says, expires_on))
    for loan_id, borrower_id, *_ in before.values():
        if loan_id not in told:
            items.append(publisher.withdrawal(loan_id, kept.person(borrower_id)))
            gone.append(loan_id)
    removed = publisher.send_now(items, now)
    with kept.state.changing(lasting=True) as db:
        db.executemany("insert or replace into published values (?, ?, ?, ?, ?, ?, ?)", rows)
        db.executemany("delete from published where loan_id = ?", [(loan_id,) for loan_id in gone])
    return Done(new_people, len(rows), len(gone), unchanged, tuple(removed))


def audit(kept: Kept, reader: Reader, publisher: Publisher, buckets: Sequence[int], now: datetime) -> int:
    """Hold pages against what was published, and return how many loans that were.

    Refused (`entry_omitted`) names the loan that the hub does not show. To the hub this looks like any look-up.
    """
    count = 0
    for bucket in buckets:
        rows = kept.state.ask("select loan_id, local, rest from published where bucket = ?", bucket)
        publisher.audit(reader.page(bucket, now), {row[0]: Item(bucket, row[1], row[2]) for row in rows})
        count += len(rows)
    return count


def forget(kept: Kept, publisher: Publisher, borrower_id: str, now: datetime) -> int:
    """Withdraw all that was published of a borrower and keep nothing of them; return how many loans it was."""
    person = kept.person(borrower_id)
    loans = [row[0] for row in kept.state.ask("select loan_id from published where borrower_id = ?", borrower_id)]
    publisher.send_now([publisher.withdrawal(loan_id, person) for loan_id in loans], now)
    with kept.state.changing(lasting=True) as db:
        db.execute("delete from published where borrower_id = ?", (borrower_id,))
        db.execute("delete from people where borrower_id = ?", (borrower_id,))
    return len(loans)


def buckets(kept: Kept) -> list[int]:
    """Return the buckets in which something was published."""
    return [row[0] for row in kept.state.ask("select distinct bucket from published order by bucket")]


def _says(entry: Entry) -> bytes:
    """Return the digest of what an entry says, without what each day changes by itself."""
    plain = replace(entry, as_of=datetime.fromtimestamp(0, UTC), expires_on=date(1970, 1, 1), days_past_due=0)
    return hashlib.sha256(plain.packed()).digest()


def _runs_out(expires_on: str, today: date) -> bool:
    return date.fromisoformat(expires_on) <= today + timedelta(days=RENEWED_DAYS)
