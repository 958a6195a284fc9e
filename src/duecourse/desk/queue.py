"""The queue: what people of some teams are to do, in the order of the plan, with why each is on it.

    of_teams(gate, ring, ["early"], at, after=None) -> Page

What may be done now comes first; within that the plan's priority. A page is found by an index, wherever it begins and
however little a team has: a page of each team is read in its order, and of those together the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.composing import opened_name
from duecourse.day.known import Known, read
from duecourse.day.sums import Sums, sums
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring
from duecourse.store.line import Line

ROWS: Final = 25
_LEAST: Final = -(2**63)  # what has no priority comes last
_QUEUE: Final = f"""
SELECT o.*
FROM (SELECT DISTINCT unnest(%(teams)s::text[]) AS name) t CROSS JOIN LATERAL (
    SELECT a.id, a.borrower_no, a.channel, a.treatment, a.opens_at, a.closes_at, a.priority, a.reasons, c.stage
    FROM planned_act a JOIN collection_case c ON c.borrower_no = a.borrower_no
    WHERE a.state = 'waiting' AND a.planned_on = (SELECT max(planned_on) FROM plan) AND a.team = t.name
        AND coalesce(a.priority, {_LEAST}) <= %(priority)s
        AND (coalesce(a.priority, {_LEAST}) < %(priority)s OR a.id > %(number)s)
    ORDER BY coalesce(a.priority, {_LEAST}) DESC, a.id LIMIT %(rows)s
) o
ORDER BY coalesce(o.priority, {_LEAST}) DESC, o.id LIMIT %(rows)s"""
_FIRST: Final = (2**63 - 1, 0)


@dataclass(frozen=True)
class Row:
    """An act that somebody is to do; `name` is None where nobody was loaded, or they were erased."""

    number: int
    borrower: int
    borrower_id: str
    name: str | None
    channel: str | None
    treatment: str
    stage: str | None
    opens_at: datetime | None
    closes_at: datetime | None
    reasons: tuple[str, ...]
    zone: str
    loans: tuple[Sums, ...]
    place: str

    @property
    def amounts(self) -> list[tuple[int, str]]:
        """What is overdue, a sum for each currency."""
        found: dict[str, int] = {}
        for one in self.loans:
            found[one.loan.currency] = found.get(one.loan.currency, 0) + one.overdue
        return [(amount, currency) for currency, amount in sorted(found.items()) if amount]

    @property
    def days_past_due(self) -> int:
        """Of the loan that is overdue for longest."""
        return max((one.days_past_due for one in self.loans), default=0)


@dataclass(frozen=True)
class Page:
    """Some of the queue, and where the next page begins; None where there is none."""

    rows: tuple[Row, ...]
    after: str | None


def of_teams(
    connection: Connection[TupleRow], ring: Keyring, teams: Sequence[str], on: date, after: str | None = None
) -> Page:
    """Return a page of the queue of some teams; DueCourseError where `after` is no place that a page gave."""
    priority, number = _place(after)
    values = {"teams": list(teams), "priority": priority, "number": number, "rows": ROWS + 1}
    with connection.transaction():
        found = connection.execute(_QUEUE, values).fetchall()
    shown = found[:ROWS]
    line = Line(connection, keeps=False)
    with line.transaction():
        cases = read(line, [row[1] for row in shown], locked=False).cases
    worked = _sums(cases, on)
    rows = tuple(_row(row, cases[row[1]], ring, worked[row[1]]) for row in shown)
    return Page(rows, rows[-1].place if len(found) > ROWS else None)


def _sums(cases: Mapping[int, Known], on: date) -> dict[int, tuple[Sums, ...]]:
    """Work out the loans of all borrowers of a page at once: one at a time takes longer to set up than to do."""
    worked = iter(sums([loan for known in cases.values() for loan in known.loans.values()], on))
    return {number: tuple(islice(worked, len(known.loans))) for number, known in cases.items()}


def _row(row: TupleRow, known: Known, ring: Keyring, loans: tuple[Sums, ...]) -> Row:
    number, borrower, channel, treatment, opens_at, closes_at, priority, reasons, stage = row
    place = _LEAST if priority is None else priority
    return Row(
        number, borrower, known.person.borrower_id, opened_name(ring, known), channel, treatment, stage, opens_at,
        closes_at, tuple(reasons), known.zones[0] if known.zones else "", loans,
        f"{place}.{number}",
    )  # fmt: skip


def _place(after: str | None) -> tuple[int, int]:
    if after is None:
        return _FIRST
    parts: list[Any] = after.split(".")
    try:
        priority, number = (int(part) for part in parts)
    except ValueError:
        raise DueCourseError("there is no such page: begin with the first") from None
    return priority, number
