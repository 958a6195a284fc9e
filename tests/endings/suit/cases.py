"""What tests of suits ask again and again: payments, packed suits, and what stands in a folder of packs."""

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from duecourse.endings import moving
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Who
from duecourse.endings.suit.packing import Job, pack
from duecourse.store.endings import Kind
from tests.endings.cases import decided

SETTINGS: Final = Path(__file__).parents[3] / "examples" / "suit.toml"


def pay(opened: Opened, loan: str, amount: int, on: date, name: str = "p1") -> None:
    """Book a payment of a loan, as the bank's file brings it."""
    with opened.connection.transaction():
        opened.connection.execute(
            "INSERT INTO payments (payment_id, borrower_no, loan_id, paid_on, amount, from_book)"
            " SELECT %s, borrower_no, loan_id, %s, %s, true FROM case_loan WHERE loan_id = %s",
            [name, on, amount, loan],
        )


def event(opened: Opened, kind: str, borrower: int, loan: str | None, at: datetime) -> None:
    """Tell an event of a borrower's past."""
    with opened.connection.transaction():
        opened.connection.execute(
            "INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [f"e-{kind}", borrower, kind, loan, at, at.date()],
        )


def packed(office: Office, opened: Opened, job: Job, who: Who, *loans: str) -> list[Ending]:
    """Decide and pack the suits of loans."""
    decided(opened, Kind.SUIT, loans, who)
    found = pack(office, job, who, loans)
    assert all(one.is_packed for one in found), found
    return [suit(opened, loan) for loan in loans]


def suit(opened: Opened, loan: str) -> Ending:
    """Return the last suit of a loan."""
    return moving.read(opened.connection, "e.kind = 'suit' AND e.loan_id = %s", [loan])[-1]


def home(job: Job, loan: str) -> Path:
    """Return the folder of a loan's pack."""
    return job.folder / f"B{loan[1:]}" / loan


def manifest(job: Job, loan: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home(job, loan) / "manifest.json").read_text(encoding="utf-8"))
    return found


def hashes(folder: Path) -> dict[str, str]:
    """Return every file in a folder by its hash, locks left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
