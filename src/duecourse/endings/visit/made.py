"""A visit by its reference, as its sheet shows it, or by its check code: where it stands, and who goes.

found(connection, visits, reference) -> Visit
genuine(connection, visits, secret, code, on) -> Visit | None
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.visit.codes import is_it, keys
from duecourse.channels.visit.visits import Visits
from duecourse.day.paper import REFERENCE
from duecourse.kernel.errors import DueCourseError

DAYS: Final = 14
"""So many days before and after its own a visit is told of."""
_SELECT: Final = """
SELECT o.id, o.key, o.borrower_no, v.loans, o.language FROM outbox o
JOIN verdict v ON v.borrower_no = o.borrower_no AND v.contact_no = o.contact_no AND v.is_permitted
WHERE o.state = 'left' AND o.channel = %s AND {} ORDER BY o.id, v.id DESC"""
_BY_KEY: Final = _SELECT.format("o.key >= %s AND o.key < %s")
_BY_CODE: Final = _SELECT.format("o.key >= %s AND o.key < %s AND o.released_at >= %s AND o.released_at < %s")
_AFTER: Final = "g"  # behind all hexadecimal digits
_DAY_LENGTH: Final = len("2026-11-20")


@dataclass(frozen=True)
class Visit:
    """A visit that stands: its message, whose it is, about which loans, and the team, day and badges of its sheet."""

    number: int
    key: str
    borrower: int
    loans: tuple[str, ...]
    language: str
    batch: str
    badges: tuple[str, str]

    @property
    def on(self) -> date:
        """The day of its team."""
        return date.fromisoformat(self.batch[:_DAY_LENGTH])

    @property
    def team(self) -> str:
        """The team, by its id."""
        return self.batch[_DAY_LENGTH + 1 :]


def found(connection: Connection[TupleRow], channel: str, visits: Visits, reference: str) -> Visit:
    """Return the visit of a reference; DueCourseError where none was handed out that has it."""
    start = reference.replace("-", "").strip().lower()
    if len(start) < REFERENCE or not all(letter in "0123456789abcdef" for letter in start):
        raise DueCourseError("reference: write it as the sheet shows it: 1f0c-83ab-99d2")
    rows = _read(connection, _BY_KEY, [channel, start, start + _AFTER])
    keys = {row[1] for row in rows}
    made = _visit(visits, rows[0]) if len(keys) == 1 else None
    if made is None or not visits.batches.closed(made.batch):
        raise DueCourseError("reference: no visit that was handed out, and stands, has it")
    return made


def genuine(
    connection: Connection[TupleRow], channel: str, visits: Visits, secret: bytes, said: str, on: date
) -> Visit | None:  # fmt: skip
    """Return the visit of a check code among those of the days around one; None where there is none."""
    between = keys(said)
    if between is None:
        return None
    span = [channel, *between, on - timedelta(days=DAYS), on + timedelta(days=DAYS)]
    for row in _read(connection, _BY_CODE, span):
        if is_it(secret, row[1], said):
            return _visit(visits, row)
    return None


def _read(connection: Connection[TupleRow], statement: str, values: Sequence[object]) -> list[TupleRow]:
    with connection.transaction():
        return connection.execute(statement.encode(), values).fetchall()


def _visit(visits: Visits, row: TupleRow) -> Visit | None:
    number, key, borrower, loans, language = row
    batch = visits.batches.find(key)
    if batch is None:
        return None
    about = next(piece.about for piece in visits.batches.pieces(batch) if piece.key == key)
    return Visit(number, key, borrower, tuple(loans), language, batch, (about["first"], about["second"]))
