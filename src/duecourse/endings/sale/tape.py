"""The tape of a portfolio: what is told of each debt before it is sold, without a name, in three formats.

    offer(office, portfolio, who, workers)     each debt as it stands at this second, kept with its ending
    write(connection, portfolio, folder)       the files, with a dictionary, a pricing sheet and their hashes

What is written is what is kept: the same files, byte for byte, each time.
"""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.known import Known, read
from duecourse.day.owed import Owed, owed
from duecourse.endings import moving
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Move, Moving, Who
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import DECIDED
from duecourse.store.line import Line

_PART: Final = 200  # borrowers locked at once
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)  # what a workbook says of when it was made: the same each time
_TEXT, _DAY, _MONEY, _WHOLE = pa.string(), pa.date32(), pa.int64(), pa.int64()


@dataclass(frozen=True)
class Column:
    """A column of the tape: its name, its type, and what it tells, with the unit."""

    name: str
    kind: pa.DataType
    says: str


COLUMNS: Final = (
    Column("loan_id", _TEXT, "The loan, as the seller names it."),
    Column("product", _TEXT, "What was lent."),
    Column("lender_type", _TEXT, "What sort of firm lent it."),
    Column("country", _TEXT, "Where the borrower lives, ISO 3166-1."),
    Column("region", _TEXT, "In which region, ISO 3166-2."),
    Column("currency", _TEXT, "ISO 4217; all amounts are in its minor units."),
    Column("opened_on", _DAY, "Day on which it was lent."),
    Column("last_due_on", _DAY, "Day on which the last instalment falls due."),
    Column("principal_lent", _MONEY, "What was lent, minor units."),
    Column("owed", _MONEY, "All that is owed and can be enforced on the day of the tape, due or not, minor units."),
    Column("overdue", _MONEY, "What of it is overdue, minor units."),
    *(Column(f"{name}_overdue", _MONEY, f"The {name} in `overdue`, minor units.") for name in COMPONENTS),
    Column("overdue_since", _DAY, "Day from which something has been overdue without a break."),
    Column("days_past_due", _WHOLE, "Days since then."),
    Column("last_paid_on", _DAY, "Day of the last payment."),
    Column("paid", _MONEY, "All that was paid and not undone, minor units."),
    Column("contacts_made", _WHOLE, "Contacts that the seller made about it."),
    Column("price_ppm", _WHOLE, "The price on the day of the tape, parts per million of `owed`."),
    Column("price", _MONEY, "The price on the day of the tape, minor units; it is fixed on the closing balance."),
)
"""The one definition of the tape: the files and their dictionary are made from it."""
_SCHEMA: Final = pa.schema([(one.name, one.kind) for one in COLUMNS])
_BESIDE: Final = """
SELECT l.loan_id,
    (SELECT max(p.paid_on) FROM payments p WHERE p.borrower_no = l.borrower_no AND p.loan_id = l.loan_id
        AND p.reverses IS NULL),
    (SELECT coalesce(sum(CASE WHEN p.reverses IS NULL THEN p.amount ELSE -p.amount END), 0)::bigint FROM payments p
        WHERE p.borrower_no = l.borrower_no AND p.loan_id = l.loan_id),
    (SELECT count(*) FROM contacts c WHERE c.borrower_no = l.borrower_no AND c.direction = 'out'
        AND c.cancelled_at IS NULL AND (l.loan_id = ANY(c.about) OR cardinality(c.about) = 0))
FROM case_loan l WHERE l.loan_id = ANY(%s)"""


def offer(office: Office, portfolio: Portfolio, who: Who, workers: int = 1) -> int:
    """Put each debt that was decided on the tape, as it stands now; returns how many. What is on it stays as it is."""
    with office.place.connected() as connection:
        waiting = moving.read(connection, "e.kind = 'sale' AND e.run = %s AND e.state = %s", [portfolio.name, DECIDED])
    numbers = [one.number for one in waiting if not one.waits_for_review]
    return sum(office.in_parts(partial(_offered, portfolio, who), numbers, workers))


def _offered(portfolio: Portfolio, who: Who, opened: Opened, numbers: Sequence[int]) -> int:
    done = 0
    for first in range(0, len(numbers), _PART):
        some = moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers[first : first + _PART])])
        with opened.connection.transaction():
            cases = read(Line(opened.connection, keeps=False), sorted({one.borrower for one in some})).cases
            beside = {row[0]: row[1:] for row in opened.connection.execute(_BESIDE, [[one.loan_id for one in some]])}
        moves = []
        for one in some:
            case = cases.get(one.borrower)
            if case and one.loan_id in case.loans:
                (now,) = owed([case.loans[one.loan_id]], who.on)
                row = _row(portfolio, case, now, beside[one.loan_id])
                moves.append(Move(one, "offered", f"on the tape of {portfolio.name}", details={"tape": row}))
        Moving(opened.connection, opened.ring).move(moves, who)
        done += len(moves)
    return done


def _row(portfolio: Portfolio, case: Known, now: Owed, beside: Sequence[Any]) -> dict[str, Any]:
    """Return a row of the tape as JSON has it."""
    loan, (last_paid_on, paid, contacts) = case.loans[now.loan_id], beside
    price = portfolio.price_of(max(now.owed, 0), now.days_past_due)
    parts = dict(zip((f"{name}_overdue" for name in COMPONENTS), now.overdue_parts, strict=True))
    return {
        "loan_id": now.loan_id, "product": loan.product, "lender_type": loan.lender_type, "country": case.country,
        "region": case.region or None, "currency": loan.currency, "opened_on": _iso(loan.opened_on),
        "last_due_on": _iso(loan.last_due_on), "principal_lent": loan.principal, "owed": now.owed,
        "overdue": now.overdue, **parts, "overdue_since": _iso(now.overdue_since),
        "days_past_due": now.days_past_due, "last_paid_on": _iso(last_paid_on), "paid": paid,
        "contacts_made": contacts, "price_ppm": portfolio.ppm_of(now.days_past_due), "price": price,
    }  # fmt: skip


def rows(connection: Connection[TupleRow], portfolio: Portfolio) -> list[Mapping[str, Any]]:
    """Return the tape as it is kept, by loan; DueCourseError where nothing is on it."""
    found = moving.read(connection, "e.kind = 'sale' AND e.run = %s", [portfolio.name])
    tape = [one.details["tape"] for one in sorted(found, key=lambda one: one.loan_id) if "tape" in one.details]
    if not tape:
        raise DueCourseError(f"nothing of portfolio {portfolio.name} is offered yet: `duecourse sale tape` does that")
    return tape


def write(connection: Connection[TupleRow], portfolio: Portfolio, folder: Path) -> dict[str, str]:
    """Write the tape and what goes with it; returns the files by name with their SHA-256, as manifest.json has them."""
    tape = rows(connection, portfolio)
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([_typed(row) for row in tape], schema=_SCHEMA)
    pq.write_table(table, folder / "tape.parquet", compression="zstd", store_schema=False)
    pa_csv.write_csv(table, folder / "tape.csv")
    _workbook(folder / "tape.xlsx", tape)
    _written(folder / "dictionary.csv", ("column", "type", "says"), [(c.name, str(c.kind), c.says) for c in COLUMNS])
    _written(folder / "pricing.csv", ("from_months", "price_ppm", "debts", "owed", "price"), _bands(portfolio, tape))
    names = ("tape.parquet", "tape.csv", "tape.xlsx", "dictionary.csv", "pricing.csv")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    text = json.dumps({"portfolio": portfolio.name, "debts": len(tape), "files": hashes}, indent=1)
    (folder / "manifest.json").write_text(f"{text}\n", encoding="utf-8")
    return hashes


def _bands(portfolio: Portfolio, tape: Sequence[Mapping[str, Any]]) -> list[tuple[int, ...]]:
    """Return the pricing sheet: for each step of the price how many debts there are, what they owe, their price."""
    found: list[tuple[int, ...]] = []
    for month, ppm in portfolio.prices:
        mine = [row for row in tape if portfolio.step_of(row["days_past_due"]) == month]
        found.append((month, ppm, len(mine), sum(row["owed"] for row in mine), sum(row["price"] for row in mine)))
    return found


def _workbook(path: Path, tape: Sequence[Mapping[str, Any]]) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": _MADE})
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        told, says = book.add_worksheet("tape"), book.add_worksheet("dictionary")
        for place, column in enumerate(COLUMNS):
            told.write_string(0, place, column.name, bold)
            says.write_row(place, 0, (column.name, str(column.kind), column.says))
        for number, row in enumerate(tape, 1):
            for place, value in enumerate(_typed(row).values()):
                if isinstance(value, date):
                    told.write_datetime(number, place, value, day)
                elif isinstance(value, str):
                    told.write_string(number, place, value)
                elif value is not None:
                    told.write_number(number, place, value)


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its days as days, in the order of the columns."""
    return {
        one.name: date.fromisoformat(row[one.name]) if one.kind == _DAY and row[one.name] else row[one.name]
        for one in COLUMNS
    }


def _written(path: Path, heads: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *lines])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
