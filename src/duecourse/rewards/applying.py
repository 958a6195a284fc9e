"""Rewards applied: a named person gives what was worked out, and the lender's core is told in files.

    done = apply(connection, ring, Order("r-1", "s-1", at, on))
    write(connection, "r-1", folder)

The store comes first: each reward with its event (`reward`, which the law and the next night see) and its entry in
the audit chain, part by part. The files are written from the store, whole or not at all. Killed and done again, it
goes on with what is left and writes the same files.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.release import take_back_of
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import written_aside
from duecourse.rewards.granting import TERMS
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring
from duecourse.store.roles import MAY, Role, What

FRESH_DAYS: Final = 7
"""Worked out longer ago than this, a reward is worked out anew before it is applied."""
_MAY: Final = sorted(str(role) for role in Role if {What.SETTLE, What.SECOND} <= MAY[role])
_IS_THERE: Final = "SELECT FROM staff WHERE user_id = %s AND is_active AND role = ANY(%s)"
_NEXT: Final = """
SELECT r.borrower_no, array_agg(r.id ORDER BY r.id) FROM reward r WHERE r.state = 'worked_out' AND NOT EXISTS (
    SELECT FROM reward o WHERE o.state = 'worked_out' AND o.loan_id = r.loan_id AND (o.worked_out_on < %(oldest)s
        OR o.worked_out_on > %(on)s OR (o.details->>'first_due_on')::date <= %(on)s))
GROUP BY r.borrower_no ORDER BY r.borrower_no LIMIT %(most)s"""
_APPLY: Final = """
WITH given AS (
    UPDATE reward SET state = 'applied', run = %(run)s, applied_on = %(on)s, applied_at = %(at)s, applied_by = %(by)s
    WHERE id = ANY(%(ids)s) AND state = 'worked_out'
    RETURNING id, borrower_no, loan_id, rule, kind, details
),
told AS (
    INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, recorded_at, from_book)
    SELECT 'reward-' || id, borrower_no, 'reward', loan_id, %(at)s, %(on)s, %(at)s, false FROM given
)
SELECT id, borrower_no, loan_id, rule, kind, details FROM given ORDER BY id"""
_LEFT: Final = "SELECT count(*) FROM reward WHERE state = 'worked_out'"
_OF_RUN: Final = """
SELECT loan_id, b.borrower_id, rule, kind, at_number, details, applied_on, applied_at
FROM reward r JOIN borrower b ON b.id = r.borrower_no WHERE run = %s ORDER BY loan_id, r.id"""
_AT_ONCE: Final = 500
INSTALMENTS: Final = ("loan_id", "number", "recorded_at", "due_on", "principal", "interest", "fee")
LOANS: Final = ("loan_id", "effective_on", "recorded_at", "borrower_id", *TERMS)
LINES: Final = ("loan_id", "borrower_id", "rule", "kind", "currency", "before", "after", "applied_on")


@dataclass(frozen=True)
class Order:
    """Who applies what was worked out, under the name of a run, when, and on which business date."""

    run: str
    by: str
    at: datetime
    on: date


@dataclass(frozen=True)
class Applied:
    """How many rewards were applied now, and how many wait that are not fresh any more: work them out again."""

    rewards: int
    stale: int


def apply(connection: Connection[TupleRow], ring: Keyring, order: Order) -> Applied:
    """Apply all that is worked out and fresh; DueCourseError for somebody who may not.

    Of a loan all rewards are applied or none: where the schedule that came of one has begun, none is fresh.
    """
    with connection.transaction():
        if connection.execute(_IS_THERE, [order.by, _MAY]).fetchone() is None:
            raise DueCourseError(
                f"'{order.by}' is no active user who may apply rewards: name one with the role {' or '.join(_MAY)}"
            )
    done = 0
    while True:
        with connection.transaction(), connection.cursor() as cursor:
            oldest = order.on - timedelta(days=FRESH_DAYS)
            asked = {"oldest": oldest, "on": order.on, "most": _AT_ONCE}
            found = cursor.execute(_NEXT, asked).fetchall()
            if not found:
                ((stale,),) = cursor.execute(_LEFT).fetchall()
                return Applied(done, stale)
            borrowers = [borrower for borrower, _ in found]
            cursor.execute(chain.LOCK, [borrowers])
            ids = [one for _, some in found for one in some]
            values = {"run": order.run, "on": order.on, "at": order.at, "by": order.by, "ids": ids}
            given = cursor.execute(_APPLY, values).fetchall()
            drafts: dict[int, list[chain.Draft]] = {}
            for number, borrower, loan, rule, kind, details in given:
                drafts.setdefault(borrower, []).append(_draft(order, (number, loan, rule, kind), details))
            chain.append_all(cursor, ring, drafts)
            take_back_of(connection, borrowers, "a reward changed what falls due", order.at)
            done += len(given)


def _draft(order: Order, what: tuple[int, str, str, str], details: Mapping[str, Any]) -> chain.Draft:
    """Return what the audit chain keeps of a reward; its amounts by their hash."""
    number, loan, rule, kind = what
    said = hashlib.sha256(json.dumps(details, sort_keys=True).encode()).hexdigest()
    body = {"reward": number, "loan": loan, "rule": rule, "kind": kind, "run": order.run, "said": said}
    return chain.Draft(order.at, "reward.applied", order.by, body, loan)


def write(connection: Connection[TupleRow], run: str, folder: Path) -> Mapping[str, int]:
    """Write the files of a run into `folder`/<run> from the store; returns how many rows each has.

    instalments and loans are new versions of rows of the book's tables, as CSV and as Parquet; lines is CSV alone.
    """
    with connection.transaction():
        rows = connection.execute(_OF_RUN, [run]).fetchall()
    if not rows:
        raise DueCourseError(f"nothing was applied in a run '{run}': see `duecourse reward show`")
    tables = {
        "instalments": (INSTALMENTS, list(_instalments(rows))),
        "loans": (LOANS, list(_loans(rows))),
        "lines": (LINES, list(_lines(rows))),
    }
    with written_aside(folder / run) as aside:
        for name, (columns, found) in tables.items():
            with (aside / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows([["" if one is None else one for one in row] for row in found])
            if name != "lines":
                columnar = [list(column) for column in zip(*found, strict=True)] or [[] for _ in columns]
                pq.write_table(pa.table(dict(zip(columns, columnar, strict=True))), aside / f"{name}.parquet")
    return {name: len(found) for name, (_, found) in tables.items()}


def _instalments(rows: Sequence[TupleRow]) -> Iterator[tuple[Any, ...]]:
    """Yield the last version of each instalment that a run changed."""
    newest: dict[tuple[str, int], tuple[Any, ...]] = {}
    for loan, _, _, _, _, details, _, at in rows:
        for row in details.get("instalments", ()):
            values = (row[name] for name in INSTALMENTS[4:])
            due_on = date.fromisoformat(row["due_on"])
            newest[loan, row["number"]] = (loan, row["number"], _utc(at), due_on, *values)
    yield from (newest[key] for key in sorted(newest))


def _loans(rows: Sequence[TupleRow]) -> Iterator[tuple[Any, ...]]:
    newest: dict[str, tuple[Any, ...]] = {}
    for loan, borrower, _, _, _, details, on, at in rows:
        if "terms" in details:
            terms = {**details["terms"], "opened_on": _day(details["terms"]["opened_on"])}
            effective = on + timedelta(days=1)
            newest[loan] = (loan, effective, _utc(at), borrower, *(terms[name] for name in TERMS))
    yield from (newest[key] for key in sorted(newest))


def _lines(rows: Sequence[TupleRow]) -> Iterator[tuple[Any, ...]]:
    for loan, borrower, rule, kind, _, details, on, _ in rows:
        if "instalments" not in details:
            yield loan, borrower, rule, kind, details["currency"], details["before"], details["after"], on


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _utc(at: datetime) -> datetime:
    """Return a moment as the book keeps it: UTC, without saying so."""
    return (at - (at.utcoffset() or timedelta())).replace(tzinfo=None)
