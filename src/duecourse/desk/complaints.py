"""A complaint or a dispute with the evidence of both sides: what was said, and all that was done, with its reasons.

open_ones(connection, "complaint") -> [Open, ...]
found(connection, ring, "complaint", id) -> Evidence | None
bundle(evidence) -> the bytes of a zip
"""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day import evidence
from duecourse.day.dossier import dossier
from duecourse.day.grievances import KINDS
from duecourse.store.audit import chain
from duecourse.store.bound import grievance_place
from duecourse.store.keys import Keyring, open_bytes

_OPEN: Final = """
SELECT g.{0}_id, g.borrower_no, b.borrower_id, g.kind, g.loan_id, g.received_on, g.due_on
FROM {0} g JOIN borrower b ON b.id = g.borrower_no
WHERE g.replaced_at IS NULL AND g.state = 'open' ORDER BY g.due_on NULLS LAST, g.received_on, g.id LIMIT 500"""
_ONE: Final = """
SELECT g.borrower_no, b.borrower_id, g.kind, g.loan_id, g.words, g.received_at, g.due_on, g.state, g.outcome
FROM {0} g JOIN borrower b ON b.id = g.borrower_no WHERE g.{0}_id = %s AND g.replaced_at IS NULL"""
_SIDES: Final = ("contacts", "outbox", "inbound", "verdict", "holds", "payments", "promises", "events", "ending")


@dataclass(frozen=True)
class Open:
    """A complaint or a dispute that is open, without its words; `due_on` is the last day for an answer, if known."""

    what: str
    fact_id: str
    borrower: int
    borrower_id: str
    kind: str
    loan_id: str | None
    received_on: date
    due_on: date | None


@dataclass(frozen=True, repr=False)
class Evidence:
    """One with its words, its files, and what the store has of both sides. Never printed."""

    what: str
    fact_id: str
    borrower: int
    borrower_id: str
    kind: str
    loan_id: str | None
    words: str
    received_at: datetime
    due_on: date | None
    state: str
    outcome: str | None
    files: tuple[evidence.File, ...]
    sides: dict[str, list[dict[str, Any]]]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was sent, the newest first, with the words."""
        rows = []
        for row in self.sides["outbox"]:
            said = json.loads(row["body"]) if str(row.get("body", "")).startswith("{") else {"text": row.get("body")}
            rows.append({**row, "text": said.get("text", ""), "subject": said.get("subject", "")})
        return sorted(rows, key=lambda row: str(row["released_at"]), reverse=True)


def open_ones(connection: Connection[TupleRow], what: str) -> list[Open]:
    """Return what is open of complaints or of disputes, the first due first."""
    assert what in KINDS  # noqa: S101  a table of ours
    with connection.transaction():
        return [Open(what, *row) for row in connection.execute(_OPEN.format(what).encode()).fetchall()]


def found(connection: Connection[TupleRow], ring: Keyring, what: str, fact_id: str) -> Evidence | None:
    """Return one by its id, opened; None where there is none."""
    if what not in KINDS:
        return None
    with connection.transaction():
        row = connection.execute(_ONE.format(what).encode(), [fact_id]).fetchone()
        if row is None:
            return None
        borrower, borrower_id, kind, loan_id, words, received_at, due_on, state, outcome = row
        key = chain.key_of(connection, ring, borrower)
        said = open_bytes(key, bytes(words), grievance_place(what, fact_id)).decode() if key else ""
        files = tuple(evidence.kept(connection, ring, fact_id))
        whole = dossier(connection, ring, borrower)
    sides = {name: whole[name] for name in _SIDES}
    return Evidence(
        what, fact_id, borrower, borrower_id, kind, loan_id, said, received_at, due_on, state, outcome, files, sides
    )


def bundle(one: Evidence) -> bytes:
    """Return a zip of all of it: the words, the files as they came, and both sides as JSON."""
    about = {
        "what": one.what, "id": one.fact_id, "borrower": one.borrower_id, "kind": one.kind, "loan": one.loan_id,
        "received_at": one.received_at.isoformat(), "state": one.state, "outcome": one.outcome, "words": one.words,
    }  # fmt: skip
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("complaint.json", json.dumps(about, ensure_ascii=False, indent=1))
        for name, rows in one.sides.items():
            archive.writestr(f"{name}.json", json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        for file in one.files:
            archive.writestr(file.name, file.body)
    return made.getvalue()
