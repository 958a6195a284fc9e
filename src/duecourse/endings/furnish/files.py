"""The files of a run, written from the store: the same bytes however often, and whole or not at all.

write(opened, "2026-11", settings, folder) -> [paths]

Names and addresses are unsealed here and nowhere before: the folder belongs on an encrypted disk.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from duecourse.endings.furnish import identity, metro2_write
from duecourse.endings.furnish.gathering import cases_of
from duecourse.endings.furnish.identity import Identity
from duecourse.endings.furnish.metro2_write import Account, Value, Values
from duecourse.endings.furnish.position import LATE, Line
from duecourse.endings.furnish.settings import Furnishing
from duecourse.endings.many import Opened
from duecourse.kernel.errors import DueCourseError

_LINES: Final = """
SELECT t.id, e.borrower_no, t.details->'line' FROM ending_step t JOIN ending e ON e.id = t.ending_no
WHERE t.details->>'in_run' = %s AND t.details ? 'line' ORDER BY e.loan_id, t.id"""
_CENTS: Final = 100
_PARTS: Final = 5_000  # borrowers read at once
COLUMNS: Final[Mapping[str, str]] = {
    # The data dictionary of the generic file; amounts are whole minor units of the currency (fen, cents).
    "reporter": "who reports, by the id that the bureau gave",
    "loan_id": "the account, by the lender's id",
    "borrower_id": "the borrower, by the lender's id",
    "name": "the borrower's name",
    "born_on": "the borrower's day of birth",
    "address": "the borrower's last known address, its lines after each other",
    "country": "ISO 3166 code of the country in which the borrower lives",
    "currency": "ISO 4217 code",
    "status": "code of the account: 11 current, 71 to 84 by days past due, 93 collected for another, 13 and 62 paid, "
    "DA and DF taken away",
    "balance": "all that is owed",
    "past_due": "what of it is past due",
    "days_past_due": "days since the oldest unpaid due day",
    "principal": "amount lent",
    "opened_on": "day on which the money was paid out",
    "first_delinquency": "day on which the delinquency began; never later than it was told before",
    "closed_on": "day on which it was paid in full",
    "last_paid_on": "day of the last payment",
    "as_of": "day on which all of this was true",
    "history": "the 24 months before, the last first: 0 current, 1 to 6 by 30 days late, E nothing owed, B no loan yet",
    "original_creditor": "the lender, where the reporter collects for another",
    "dispute": "code of a dispute: XB open, XC answered and still disputed, XH answered; else empty",
    "account_before": "the account's number before, where it changed",
}


@dataclass(frozen=True, repr=False)
class Row:
    """A line with who it is about."""

    line: Line
    who: Identity


def write(opened: Opened, run: str, settings: Furnishing, folder: Path) -> list[Path]:
    """Write the files of a run, by country; a file that is there and the same is left as it is."""
    by_country: dict[str, list[Row]] = {}
    for row in _rows(opened, run):
        by_country.setdefault(row.line.country, []).append(row)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = []
    for country, rows in sorted(by_country.items()):
        name = f"furnish-{run}-{country.lower()}"
        if settings.form(country) == "metro2":
            paths.append(_put(folder / f"{name}.metro2", metro2(rows, settings)))
            continue
        paths.append(_put(folder / f"{name}.csv", as_csv(rows, settings)))
        paths.append(_put(folder / f"{name}.json", as_json(rows, settings, run)))
    if any(path.suffix == ".json" for path in paths):
        paths.append(_put(folder / "furnish.schema.json", schema()))
    return paths


def metro2(rows: Sequence[Row], settings: Furnishing) -> str:
    """Return a file of Metro 2."""
    last = max(row.line.as_of for row in rows)
    ids = {f"{name}_id": value for name, value in settings.bureau_ids.items()}
    header: dict[str, Value] = {
        **ids, "activity_on": last, "created_on": last, "reporter": settings.reporter,
        "reporter_address": settings.reporter_address, "reporter_phone": settings.reporter_phone,
        "software": "DueCourse",
    }  # fmt: skip
    return metro2_write.written(header, [account(row, settings) for row in rows])


def account(row: Row, settings: Furnishing) -> Account:
    """Return what Metro 2 says of a line: amounts in whole dollars, cut as the format asks, not rounded."""
    line = row.line
    late = next((digit for _, code, digit in LATE if code == line.status), "")
    base: dict[str, Value] = {
        **identity.metro2(row.who), "identification": settings.identification,
        "account": line.account_before or line.loan_id,
        "portfolio": "I" if line.is_owner else "O",
        "account_type": _account_type(line, settings),
        "opened_on": line.opened_on, "highest_credit": _dollars(line.principal),
        "terms_duration": f"{line.months:03}" if line.is_owner else "001",
        "terms_frequency": "M" if line.is_owner else "",
        "scheduled": _dollars(line.scheduled), "status": line.status, "history": line.history,
        "payment_rating": "0" if line.status == "13" else "", "compliance": line.compliance,
        "balance": _dollars(line.balance), "past_due": _dollars(line.past_due), "as_of": line.as_of,
        "first_delinquency": line.first_delinquency if late or not line.is_owner else None,
        "closed_on": line.closed_on, "last_paid_on": line.last_paid_on,
    }  # fmt: skip
    return Account(base, tuple(_segments(line, settings)))


def _segments(line: Line, settings: Furnishing) -> list[tuple[str, Values]]:
    found: list[tuple[str, Values]] = []
    if not line.is_owner:
        creditor = settings.creditor(line.owner_id) or ""
        found.append(("K1", {"creditor": creditor, "classification": settings.creditor_class}))
        if settings.buys_debts:
            found.append(("K2", {"indicator": 1, "firm": creditor}))
    if line.account_before:
        found.append(("L1", {"indicator": 1, "account": line.loan_id}))  # the base segment has the number as it was
    return found


def _account_type(line: Line, settings: Furnishing) -> str:
    if line.is_owner:
        return "01"  # unsecured
    return "0C" if settings.buys_debts else "48"  # bought, or collected for another


def _dollars(cents: int) -> int:
    return cents // _CENTS  # whole dollars, cents cut off: the format's own rule


def as_csv(rows: Sequence[Row], settings: Furnishing) -> str:
    """Return the generic file as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(generic(row, settings) for row in rows)
    return text.getvalue()


def as_json(rows: Sequence[Row], settings: Furnishing, run: str) -> str:
    """Return the generic file as JSON, with a hash over its records."""
    records = [generic(row, settings) for row in rows]
    body = json.dumps(records, ensure_ascii=False, sort_keys=True)
    whole = {"run": run, "count": len(records), "sha256": hashlib.sha256(body.encode()).hexdigest(), "records": records}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def generic(row: Row, settings: Furnishing) -> dict[str, Any]:
    """Return a record of the generic file, in the order of COLUMNS; what is not known is empty."""
    line, who = row.line, row.who
    values: dict[str, Any] = {
        **line.kept(), "reporter": settings.identification, "borrower_id": who.borrower_id, "name": who.name,
        "born_on": who.born_on.isoformat() if who.born_on else "", "address": " ".join(who.address),
        "original_creditor": "" if line.is_owner else settings.creditor(line.owner_id), "dispute": line.compliance,
    }  # fmt: skip
    return {name: "" if values[name] is None else values[name] for name in COLUMNS}


def schema() -> str:
    """Return the JSON schema of the generic file, with its data dictionary."""
    whole = {"balance", "past_due", "days_past_due", "principal"}
    fields = {
        name: {"type": "integer", "minimum": 0, "description": says}
        if name in whole
        else {"type": "string", "description": says}
        for name, says in COLUMNS.items()
    }
    record = {"type": "object", "required": list(COLUMNS), "additionalProperties": False, "properties": fields}
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["run", "count", "sha256", "records"],
        "properties": {
            "run": {"type": "string"},
            "count": {"type": "integer"},
            "sha256": {"type": "string", "description": "of the records: keys in order, without line breaks, UTF-8"},
            "records": {"type": "array", "items": record},
        },
    }
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _rows(opened: Opened, run: str) -> list[Row]:
    with opened.connection.transaction():
        lines = opened.connection.execute(_LINES, [run]).fetchall()
    found = []
    for first in range(0, len(lines), _PARTS):
        some = lines[first : first + _PARTS]
        cases = cases_of(opened.connection, [borrower for _, borrower, _ in some])
        for _, borrower, kept in some:
            who = identity.of(opened.ring, cases[borrower]) if borrower in cases else None
            if who is None:
                raise DueCourseError(
                    f"the borrower of loan {kept['loan_id']} has no name any more: the file of {run} cannot be written"
                )
            found.append(Row(Line.of(kept), who))
    return found


def _put(path: Path, text: str) -> Path:
    """Write a file under another name and put it in its place, so that nobody sees half of it."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        unfinished.chmod(0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return path
