"""Known damage for a synthetic book: rows that no lender should have, appended so that one can count them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from duecourse.book.schema import BY_NAME
from duecourse.book.synth_files import FILE_NAMES, TableFile

_NOBODY: Final = {"loan_id": "L99999999", "borrower_id": "B99999999"}
_A_DAY: Final = date(2024, 2, 29)
_A_MOMENT: Final = datetime(2024, 2, 29, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Damage:
    """One kind of damage: in which table and column, and the rows (from 1, less the header) that have it."""

    kind: str
    table: str
    column: str
    file: str
    rows: list[int]


_TYPED: Final[tuple[tuple[str, str, str, dict[str, object]], ...]] = (
    ("unknown loan", "payments", "loan_id", {"loan_id": _NOBODY["loan_id"]}),
    ("negative amount", "payments", "amount", {"amount": -100}),
    ("no amount", "payments", "amount", {"amount": 0}),
    ("amount beyond belief", "payments", "amount", {"amount": 10**13 + 1}),
    ("missing day", "payments", "paid_on", {"paid_on": None}),
    ("day out of range", "payments", "paid_on", {"paid_on": date(1900, 1, 1)}),
    ("unknown currency", "payments", "currency", {"currency": "XXQ"}),
    ("another currency than the loan's", "payments", "currency", {"currency": "CHF"}),
    ("reversal of an unknown payment", "payments", "reverses", {"reverses": "P99999999999"}),
    ("unknown channel", "contacts", "channel", {"channel": "pigeon"}),
    ("unknown borrower", "contacts", "borrower_id", {"borrower_id": _NOBODY["borrower_id"]}),
    ("unknown currency", "loans", "currency", {"currency": "XXQ"}),
)
"""Kind, table, column at fault, and what the row says there; the rest of the row is sound."""

_TEXT: Final = (
    ("unreadable day", "payments", "paid_on", "31.02.2024"),
    ("unreadable amount", "payments", "amount", "12;3x"),
    ("too many fields", "payments", "", ""),
)
"""What only a text file can hold."""


def _sound(table: str, number: int, loan_id: str, borrower_id: str) -> dict[str, object]:
    """Return a row that would be kept, with an id of its own."""
    name, whose = f"X{number:06}", {"borrower_id": borrower_id}
    rows: dict[str, dict[str, object]] = {
        "payments": {"payment_id": name, "loan_id": loan_id, "paid_on": _A_DAY, "amount": 1},
        "contacts": whose | {"contact_id": name, "channel": "sms", "happened_at": _A_MOMENT},
        "loans": whose | {"loan_id": name, "currency": "USD", "principal": 100},
    }
    return dict.fromkeys(BY_NAME[table].names) | rows[table]


def _file_row(table: str, row: Mapping[str, object]) -> dict[str, object]:
    return {FILE_NAMES.get((table, name), name): value for name, value in row.items()}


def _as_table(file: TableFile, rows: list[dict[str, object]]) -> Any:
    plain = pa.schema(
        [(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in file.schema],
    )
    return pa.Table.from_pylist(rows, schema=plain).cast(file.schema)


def append_damage(files: Mapping[str, TableFile], count: int, loan_id: str, borrower_id: str) -> list[Damage]:
    """Append `count` rows of each kind to the open files; return what was done.

    What is there twice is an appended row too, so the first of its kind stays in the book.
    """
    done: list[Damage] = []
    number = 0
    for kind, table, column, wrong in _TYPED:
        file = files[table]
        rows = []
        for _ in range(count):
            number += 1
            rows.append(_file_row(table, _sound(table, number, loan_id, borrower_id) | wrong))
        before = file.rows
        file.append(_as_table(file, rows))
        done.append(Damage(kind, table, column, file.path.name, [before + 1 + i for i in range(count)]))
    file = files["payments"]
    before = file.rows
    same = _file_row("payments", _sound("payments", 0, loan_id, borrower_id))
    file.append(_as_table(file, [same] * (count + 1)))
    twice = [before + 2 + i for i in range(count)]  # the first of them stays
    done.append(Damage("payment twice", "payments", "payment_id", file.path.name, twice))
    return done


def append_lines(file: TableFile, count: int, loan_id: str, borrower_id: str) -> list[Damage]:
    """Append lines that only text can hold to the closed CSV file of payments; return what was done."""
    done: list[Damage] = []
    with file.path.open("a", encoding="utf-8", newline="") as text:
        for place, (kind, table, column, wrong) in enumerate(_TEXT):
            rows = []
            for extra in range(count):
                row = _sound(table, 900_000 + place * 1_000 + extra, loan_id, borrower_id)
                if column:
                    row[column] = wrong
                fields = ["" if value is None else str(value) for value in row.values()]
                text.write(",".join(fields if column else [*fields, "one", "more"]) + "\n")
                file.rows += 1
                rows.append(file.rows)
            done.append(Damage(kind, table, column, file.path.name, rows))
    return done


def write_damage(path: Path, done: list[Damage]) -> None:
    """Write damage.json: a list of objects with the fields of Damage."""
    path.write_text(json.dumps([asdict(one) for one in done], indent=1) + "\n", encoding="utf-8")
