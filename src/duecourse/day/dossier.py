"""All that the store keeps of a borrower, opened, for the borrower (GDPR art. 15, PIPL art. 45): one plain structure.

    dossier(connection, ring, borrower) -> {"borrower": ..., "people": [...], "payments": [...], ...}

Rows are as they are kept, without the store's own numbers, keys and hashes; what is sealed is opened. Of people beside
the borrower their relation is told and nothing else: what is personal of them is theirs.
"""

from collections.abc import Mapping
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store import bound
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring, UnreadableError, open_bytes

_TABLES: Final = (
    "collection_case", "case_loan", "payments", "waivers", "promises", "arrangements", "arrangement_due", "holds",
    "notices", "consents", "contact_hours", "contacts", "outbox", "inbound", "complaint", "complaint_file", "dispute",
    "verdict", "settlement", "reward", "events", "ending", "duty", "visit_stop", "visit_receipt", "payment_begun",
    "data_request",
)  # fmt: skip
"""Every table whose rows are of a borrower, but for people, accounts, and the audit chain, which tells of these."""
_SEALED: Final[Mapping[str, tuple[str, Any]]] = {
    "outbox": ("body", lambda row: bound.message_place(row["key"])),
    "inbound": ("body", lambda row: bound.reply_place(row["id"])),
    "complaint": ("words", lambda row: bound.grievance_place("complaint", row["complaint_id"])),
    "data_request": ("words", lambda row: bound.request_place(row["request_id"])),
    "dispute": ("words", lambda row: bound.grievance_place("dispute", row["dispute_id"])),
}
_OWN: Final = frozenset(
    {
        "id", "borrower_no", "planned_act_no", "contact_no", "contact_point_no", "outbox_no", "body_hash", "from_book",
        "history", "asked", "refused", "unknown", "law", "key", "held_until", "attempts", "next_try_at", "wrapped_key",
    }
)  # fmt: skip
"""Columns by which the store finds its way: they tell nothing of the borrower."""
_ROWS: Final = "SELECT to_jsonb(t) FROM {} t WHERE t.borrower_no = %s ORDER BY 1"
_BORROWER: Final = "SELECT borrower_id, language FROM borrower WHERE id = %s"
_PEOPLE: Final = """
SELECT p.id, p.relation, p.name, t.id, t.kind, t.value, t.ended_at FROM person p
LEFT JOIN contact_point t ON t.person_id = p.id WHERE p.borrower_id = %s AND p.erased_at IS NULL ORDER BY p.id, t.id"""
_ACCOUNTS: Final = """
SELECT m.mandate_id, m.account FROM mandate m JOIN person p ON p.id = m.person_no
WHERE p.borrower_id = %s AND p.relation = 'borrower' AND m.ended_at IS NULL"""


def dossier(connection: Connection[TupleRow], ring: Keyring, borrower: int) -> dict[str, Any]:
    """Return all that is kept of a borrower, by their number; DueCourseError where there is none."""
    with connection.transaction():
        row = connection.execute(_BORROWER, [borrower]).fetchone()
        if row is None:
            raise DueCourseError(f"there is no borrower number {borrower}")
        key = chain.key_of(connection, ring, borrower)
        found: dict[str, Any] = {"borrower": {"id": row[0], "language": row[1]}}
        found["people"] = _people(connection, key, borrower)
        found["accounts"] = _accounts(connection, key, borrower)
        for table in _TABLES:
            found[table] = _rows(connection, key, table, borrower)
    return found


def _people(connection: Connection[TupleRow], key: bytes | None, borrower: int) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for number, relation, name, point, kind, value, ended_at in connection.execute(_PEOPLE, [borrower]).fetchall():
        one = found.setdefault(number, {"relation": relation})
        if relation != "borrower":
            continue
        one["name"] = _opened(key, name, bound.name_place(number))
        if point is not None:
            clear = _opened(key, value, bound.point_place(kind, point))
            one.setdefault("points", []).append({"kind": kind, "value": clear, "ended_at": _text(ended_at)})
    return list(found.values())


def _accounts(connection: Connection[TupleRow], key: bytes | None, borrower: int) -> list[dict[str, Any]]:
    rows = connection.execute(_ACCOUNTS, [borrower]).fetchall()
    return [
        {"mandate": mandate, "account": _opened(key, sealed, bound.mandate_place(mandate))} for mandate, sealed in rows
    ]


def _rows(connection: Connection[TupleRow], key: bytes | None, table: str, borrower: int) -> list[dict[str, Any]]:
    found = []
    for (row,) in connection.execute(_ROWS.format(table).encode(), [borrower]).fetchall():
        kept = {name: value for name, value in row.items() if name not in _OWN and value is not None}
        if table in _SEALED:
            column, place = _SEALED[table]
            kept[column] = _opened(key, _bytes(row[column]), place(row))
        elif table == "complaint_file":
            kept["body"] = f"{len(_bytes(row['body']) or b''):,} bytes, sealed: ask compliance for the file"
        found.append(kept)
    return found


def _bytes(text: str | None) -> bytes | None:
    """Read bytes as PostgreSQL writes them in JSON."""
    return None if text is None else bytes.fromhex(text.removeprefix("\\x"))


def _opened(key: bytes | None, sealed: bytes | None, place: str) -> str | None:
    if sealed is None:
        return None
    try:
        return open_bytes(key, bytes(sealed), place).decode() if key else "(cannot be read)"
    except UnreadableError:
        return "(cannot be read)"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
