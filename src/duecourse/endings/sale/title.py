"""Who has owned a debt, step by step: as the store tells it, held against what the audit chain has sealed.

    title(connection, ring, loan_id) -> [Step, ...]

Each step of a sale is hashed into an entry of the borrower's chain, whose own hashes link it to all others: who changes
the price, the day or the buyer of a step afterwards is found. `duecourse audit verify` checks the chain as a whole.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.audit.form import Entry, hash_of, micros
from duecourse.store.keys import Keyring, UnreadableError

_OWNERS: Final[dict[str, bool]] = {"sold": True, "put_back": False, "bought_back": False}
_STEPS: Final = """
SELECT e.borrower_no, t.state_before, t.state, t.on_day, t.why, t.details, p.buyer, t.at, t."by",
    CASE WHEN t.state = 'decided' THEN e.run END
FROM ending e JOIN ending_step t ON t.ending_no = e.id LEFT JOIN portfolio p ON p.name = e.run
WHERE e.kind = 'sale' AND e.loan_id = %s ORDER BY t.id"""
_ENTRIES: Final = """
SELECT chain, seq, at, kind, "by", about, person, body, prev, hash FROM audit_entry
WHERE chain = %s AND about = %s AND kind LIKE 'sale.%%' ORDER BY seq"""


@dataclass(frozen=True)
class Step:
    """A step of a sale: what happened when, who owns the debt from then on (None: the lender), whether it is sealed so.

    `price` is what was paid for it or repaid, in minor units, where the step has one.
    """

    on: date
    state: str
    owner: str | None
    price: int | None
    is_sealed: bool


def title(connection: Connection[TupleRow], ring: Keyring, loan_id: str) -> list[Step]:
    """Return the steps of all sales of a loan, each held against its entry in the chain.

    DueCourseError where there are fewer or more entries than steps: one was taken out, or written in.
    """
    with connection.transaction(), connection.cursor() as cursor:
        steps = cursor.execute(_STEPS, [loan_id]).fetchall()
        if not steps:
            return []
        borrower = int(steps[0][0])
        rows = cursor.execute(_ENTRIES, [borrower, loan_id]).fetchall()
        cursor.execute(chain.HEADS, [[borrower]])
        head = chain.Head.read(ring, cursor.fetchall()[0])
    if len(rows) != len(steps):
        raise DueCourseError(
            f"loan {loan_id}: {len(steps)} steps of sales stand in the store and {len(rows)} in the audit chain:"
            " run `duecourse audit verify`"
        )
    key = head.key.key if head.key else None
    found, owner = [], None
    for step, row in zip(steps, rows, strict=True):
        _, before, state, on, why, details, buyer, _, _, run = step
        if state in _OWNERS:
            owner = buyer if _OWNERS[state] else None
        price = details.get("closing", {}).get("price") if state == "sold" else details.get("repaid")
        said = {"why": why, "run": run, "details": details}
        found.append(Step(on, state, owner, price, is_sealed=_is_sealed(_entry(row), key, (before, state), said)))
    return found


def _is_sealed(entry: Entry, key: bytes | None, states: tuple[str | None, str], said: dict[str, Any]) -> bool:
    """Say whether an entry is as its hash says, and seals this step."""
    if hash_of(entry) != entry.hash:
        return False
    try:
        body = json.loads(chain.opened(entry, key).text)
    except (UnreadableError, ValueError):
        return False
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    wanted = (*states, hashlib.sha256(text.encode()).hexdigest())
    return (body["state_before"], body["state"], body["said"]) == wanted


def _entry(row: Sequence[Any]) -> Entry:
    number, seq, at, kind, by, about, person, body, prev, found = row
    return Entry(number, seq, micros(at), kind, by, about, person, bytes(body), bytes(prev), bytes(found))
