"""What borrowers ask of what is kept of them: to see it, to have it corrected or erased; each answered in time.

    ask(connection, ring, by, told, "erasure", words) -> whether it is new
    waiting(connection) -> [Request, ...]
    decide(connection, ring, by, request_id, at, why, grants=True)

A month is the time for an answer (GDPR art. 12(3)); PIPL art. 50 asks for it in time. What is erased is the borrower's
key: see `duecourse.store.audit.chain.erase`. It is refused while something is owed, while a complaint is open, and
until what the law wants kept has been kept for so many days since the last payment or contact.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.months import months_after
from duecourse.store.audit import chain
from duecourse.store.bound import request_place
from duecourse.store.keys import Keyring, open_bytes, seal_bytes
from duecourse.store.line import Line
from duecourse.store.roles import Role

KINDS: Final = ("access", "correction", "erasure")
KEEP_DAYS: Final = 6 * 366
"""For so long after the last payment or contact books and letters are kept: six years, as the longest that we know of
(HGB s. 257(4) for letters; lenders set their own)."""
_ASK: Final = """
INSERT INTO data_request (request_id, borrower_no, kind, words, asked_by, asked_at, due_on)
SELECT %s, %s, %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM data_request WHERE request_id = %s)"""
_READ: Final = """
SELECT r.request_id, r.borrower_no, b.borrower_id, r.kind, r.words, r.asked_by, r.asked_at, r.due_on, r.state, r.why
FROM data_request r JOIN borrower b ON b.id = r.borrower_no WHERE {} ORDER BY r.due_on, r.id"""
_DECIDE: Final = """
UPDATE data_request SET state = %s, decided_by = s.id, decided_at = %s, why = %s FROM staff s
WHERE request_id = %s AND state = 'open' AND s.user_id = %s AND s.is_active AND s.role = %s
    AND (kind <> 'erasure' OR asked_by <> s.user_id)"""
_LAST: Final = """
SELECT greatest((SELECT max(paid_on) FROM payments WHERE borrower_no = %(borrower)s),
    (SELECT max(happened_on) FROM contacts WHERE borrower_no = %(borrower)s))"""
_OPEN: Final = """
SELECT EXISTS (SELECT FROM complaint WHERE borrower_no = %(borrower)s AND replaced_at IS NULL AND state = 'open')
    OR EXISTS (SELECT FROM dispute WHERE borrower_no = %(borrower)s AND replaced_at IS NULL AND state = 'open')"""


@dataclass(frozen=True, repr=False)
class Request:
    """A request, with what the borrower said, opened. Never printed."""

    request_id: str
    borrower: int
    borrower_id: str
    kind: str
    words: str
    asked_by: str
    asked_at: datetime
    due_on: date
    state: str
    why: str


def ask(connection: Connection[TupleRow], ring: Keyring, by: str, told: Told, kind: str, words: str = "") -> bool:
    """Note a request, to be answered within a month; False where it is there already."""
    if kind not in KINDS:
        raise DueCourseError(f"there is no request '{kind}': it is one of {', '.join(KINDS)}")
    facts = Facts(connection, ring, by)
    with facts.locked(told.borrower):
        key = chain.key_of(connection, ring, told.borrower)
        sealed = seal_bytes(key, words.encode(), request_place(told.fact_id)) if words and key else None
        due_on = months_after(told.on, 1)
        values = [told.fact_id, told.borrower, kind, sealed, by, told.at, due_on, told.fact_id]
        return facts.write(told, _ASK, values, "data_request.asked", {"kind": kind, "due_on": str(due_on)})


def waiting(connection: Connection[TupleRow], ring: Keyring) -> list[Request]:
    """Return what is not answered, the first due first."""
    return _requests(connection, ring, "r.state = 'open'", [])


def decide(
    connection: Connection[TupleRow], ring: Keyring, by: str, request_id: str, told_at: datetime, on: date, why: str,
    *, grants: bool,
) -> None:  # fmt: skip
    """Answer a request with its reason, by somebody of compliance; an erasure by another than whoever asked for it.

    An erasure that is granted is written as decided: the caller carries it out with `chain.erase`. DueCourseError where
    nothing of the kind waits, no reason is given, or it may not be erased yet.
    """
    found = _requests(connection, ring, "r.request_id = %s AND r.state = 'open'", [request_id])
    if not found or not why.strip():
        raise DueCourseError("a request that waits is answered with a reason, which the borrower may read")
    (request,) = found
    if grants and request.kind == "erasure" and (against := refused(connection, request.borrower, on)):
        raise DueCourseError(against)
    facts = Facts(connection, ring, by)
    told = Told(request_id, request.borrower, told_at, on)
    with facts.locked(request.borrower):
        state = "done" if grants else "refused"
        values = [state, told_at, why, request_id, by, Role.COMPLIANCE]
        if connection.execute(_DECIDE, values).rowcount == 0:
            raise DueCourseError(f"{by} is nobody of compliance, or asked for this erasure: somebody else decides it")
        facts.note(told, f"data_request.{state}", {"kind": request.kind, "why": why})


def refused(connection: Connection[TupleRow], borrower: int, on: date, keep_days: int = KEEP_DAYS) -> str:
    """Say why nothing of a borrower may be erased on a day; empty where it may."""
    line = Line(connection, keeps=False)
    with line.transaction():
        known = read(line, [borrower], locked=False).cases.get(borrower)
    if known and any(one.owed > 0 for one in owed(list(known.loans.values()), on)):
        return "something is owed: what proves it is kept until it is paid or given up (GDPR art. 17(3)(e))"
    with connection.transaction():
        ((is_open,),) = connection.execute(_OPEN, {"borrower": borrower}).fetchall()
        ((last,),) = connection.execute(_LAST, {"borrower": borrower}).fetchall()
    if is_open:
        return "a complaint or a dispute is open: its evidence is kept until it is closed"
    if isinstance(last, date) and last + timedelta(days=keep_days) > on:
        until = last + timedelta(days=keep_days)
        return f"letters and bookings are kept by law until {until} (GDPR art. 17(3)(b))"
    return ""


def _requests(connection: Connection[TupleRow], ring: Keyring, where: str, values: list[object]) -> list[Request]:
    with connection.transaction():
        rows = connection.execute(_READ.format(where).encode(), values).fetchall()
        return [_opened(connection, ring, row) for row in rows]


def _opened(connection: Connection[TupleRow], ring: Keyring, row: TupleRow) -> Request:
    request_id, borrower, borrower_id, kind, words, *rest = row
    key = chain.key_of(connection, ring, borrower) if words is not None else None
    said = open_bytes(key, bytes(words), request_place(request_id)).decode() if key else ""
    return Request(request_id, borrower, borrower_id, kind, said, *rest)
