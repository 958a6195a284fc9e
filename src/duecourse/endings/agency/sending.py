"""Files for agencies: what is placed and what is recalled, what was paid to us, and what must not be pressed for.

    send(opened, agency, who) -> [File, ...]

What an agency has not been told is noted in the store, each thing once, under a file's name; then the files are
written from the store, with names and addresses unsealed for that. However this ends, the same again writes what is
noted and not yet written, and tells nothing twice.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.known import Reached, read
from duecourse.day.reaching import key_of
from duecourse.endings.agency.layout import Layout, as_csv
from duecourse.endings.agency.register import Agency
from duecourse.endings.many import Opened
from duecourse.endings.moving import Who
from duecourse.store.bound import name_place, point_place
from duecourse.store.keys import unseal
from duecourse.store.line import Line

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "placements": (
        "placement", "loan", "borrower", "name", "phones", "emails", "addresses", "language", "currency", "owed",
        "overdue", "days_past_due", "until",
    ),
    "recalls": ("placement", "loan", "on", "why"),
    "payments": ("placement", "loan", "payment", "on", "amount", "currency", "reverses"),
    "stops": ("placement", "loan", "stop", "kind", "from"),
    "lifts": ("placement", "loan", "stop", "on"),
}  # fmt: skip
"""The files that an agency gets, and their columns; amounts are in minor units."""

_MINE: Final = "e.kind = 'agency' AND e.details->>'agency' = %(agency)s"
_WAS_TOLD: Final = "EXISTS (SELECT FROM agency_told t WHERE t.ending_no = e.id AND t.kind = 'placements')"
_NEW: Final = "NOT EXISTS (SELECT FROM agency_told t WHERE t.ending_no = e.id AND t.kind = '{}' AND t.ref = {})"
# Each gives the placement, the id of what is told, and what is said of it beside the placement and the loan.
_UNTOLD: Final[Mapping[str, str]] = {
    "placements": f"""
SELECT e.id, e.id::text, jsonb_build_object('until', e.details->'until', 'currency', e.details->'currency',
    'owed', e.details->'owed', 'overdue', e.details->'overdue', 'days_past_due', e.details->'days_past_due')
FROM ending e WHERE {_MINE} AND e.state = 'placed' AND {_NEW.format("placements", "e.id::text")} ORDER BY e.id""",
    "recalls": f"""
SELECT e.id, e.id::text, jsonb_build_object('on', e.details->'ended_on', 'why', (
    SELECT why FROM ending_step s WHERE s.ending_no = e.id ORDER BY s.id DESC LIMIT 1))
FROM ending e WHERE {_MINE} AND e.is_over AND {_WAS_TOLD} AND {_NEW.format("recalls", "e.id::text")} ORDER BY e.id""",
    "payments": f"""
SELECT e.id, p.payment_id, jsonb_build_object('payment', p.payment_id, 'on', p.paid_on, 'amount', p.amount,
    'currency', coalesce(p.currency, e.details->>'currency'), 'reverses', p.reverses)
FROM ending e JOIN payments p ON p.borrower_no = e.borrower_no AND p.loan_id = e.loan_id
WHERE {_MINE} AND e.state = 'placed' AND p.recorded_at >= e.changed_at
    AND (p.reverses IS NOT NULL OR NOT EXISTS (SELECT FROM agency_report r
        WHERE r.agency_id = %(agency)s AND r.what = 'payment' AND r.ending_no = e.id
            AND 'agency-' || r.agency_id || '-' || r.report_id = p.payment_id))
    AND {_NEW.format("payments", "p.payment_id")}
ORDER BY p.paid_on, p.payment_id""",
    "stops": f"""
SELECT e.id, h.hold_id, jsonb_build_object('stop', h.hold_id, 'kind', h.kind, 'from', h.from_on)
FROM ending e JOIN holds h ON h.borrower_no = e.borrower_no AND (h.loan_id IS NULL OR h.loan_id = e.loan_id)
WHERE {_MINE} AND e.state = 'placed' AND h.replaced_at IS NULL AND (h.until_on IS NULL OR h.until_on >= %(on)s)
    AND {_NEW.format("stops", "h.hold_id")} ORDER BY e.id, h.hold_id""",
    "lifts": f"""
SELECT e.id, h.hold_id, jsonb_build_object('stop', h.hold_id, 'on', h.until_on)
FROM ending e JOIN agency_told s ON s.ending_no = e.id AND s.kind = 'stops'
JOIN holds h ON h.hold_id = s.ref AND h.replaced_at IS NULL
WHERE {_MINE} AND e.state = 'placed' AND h.until_on < %(on)s AND {_NEW.format("lifts", "h.hold_id")}
ORDER BY e.id, h.hold_id""",
}
_FILE: Final = """
INSERT INTO agency_file (agency_id, direction, kind, name, at, on_day, rows)
SELECT %(agency)s, 'out', %(kind)s, %(agency)s || '-' || to_char(count(*) + 1, 'FM000000') || '-' || %(kind)s || '.csv',
    %(at)s, %(on)s, %(rows)s
FROM agency_file WHERE agency_id = %(agency)s AND direction = 'out' RETURNING id"""
_TELL: Final = """
INSERT INTO agency_told (file_no, agency_id, kind, ref, ending_no, said)
SELECT %s, %s, %s, one.ref, one.ending, one.said
FROM jsonb_to_recordset(%s::jsonb) AS one(ending bigint, ref text, said jsonb)"""
_UNWRITTEN: Final = """
SELECT id, name, kind FROM agency_file WHERE agency_id = %s AND direction = 'out' AND sha256 IS NULL ORDER BY id"""
_ROWS: Final = """
SELECT e.id, e.loan_id, e.borrower_no, b.borrower_id, c.language, t.said
FROM agency_told t JOIN ending e ON e.id = t.ending_no JOIN borrower b ON b.id = e.borrower_no
LEFT JOIN collection_case c ON c.borrower_no = b.id WHERE t.file_no = %s ORDER BY t.id"""
_WRITTEN: Final = "UPDATE agency_file SET sha256 = %s WHERE id = %s"
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('agency files ' || %s))"
_AT_ONCE: Final = 500
_POINTS: Final = {"phone": "phones", "email": "emails", "address": "addresses"}


@dataclass(frozen=True)
class File:
    """A file that was written for an agency."""

    name: str
    rows: int
    sha256: str


def send(opened: Opened, agency: Agency, who: Who) -> list[File]:
    """Note what an agency was not told yet, and write all files that are noted and not written."""
    note(opened.connection, agency, who)
    return write(opened, agency)


def note(connection: Connection[TupleRow], agency: Agency, who: Who) -> None:
    """Note what is new to an agency, a file for each kind of thing: all of it, or nothing."""
    values: dict[str, Any] = {"agency": agency.agency_id, "on": who.on, "at": who.at}
    with connection.transaction():
        connection.execute(_ONE_AT_A_TIME, [agency.agency_id])
        for kind, untold in _UNTOLD.items():
            new = [
                {"ending": ending, "ref": ref, "said": said}
                for ending, ref, said in connection.execute(untold.encode(), values).fetchall()
            ]
            if new:
                row = connection.execute(_FILE, {**values, "kind": kind, "rows": len(new)}).fetchone()
                connection.execute(_TELL, [row and row[0], agency.agency_id, kind, json.dumps(new)])


def write(opened: Opened, agency: Agency) -> list[File]:
    """Write the files that are noted and not written; a file that was broken off is written anew, the same."""
    layout = Layout(Path(agency.terms.folder))
    layout.make()
    found = []
    with opened.connection.transaction():
        waiting = opened.connection.execute(_UNWRITTEN, [agency.agency_id]).fetchall()
    for number, name, kind in waiting:
        with opened.connection.transaction():
            rows = opened.connection.execute(_ROWS, [number]).fetchall()
        told = list(_people(opened, rows)) if kind == "placements" else [_plain(row) for row in rows]
        digest = layout.put(name, as_csv(COLUMNS[kind], told))
        with opened.connection.transaction():
            opened.connection.execute(_WRITTEN, [digest, number])
        found.append(File(name, len(told), digest))
    return found


def _plain(row: TupleRow) -> dict[str, Any]:
    ending, loan, _, _, _, said = row
    return {"placement": ending, "loan": loan, **said}


def _people(opened: Opened, rows: Sequence[TupleRow]) -> Iterator[dict[str, Any]]:
    """Yield rows of placements with who owes and how they are reached, of those who were not erased meanwhile."""
    line = Line(opened.connection, keeps=False)
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        with opened.connection.transaction():
            people = read(line, sorted({row[2] for row in some})).people
        for row in some:
            whose = {"borrower": row[3], "language": row[4]}
            yield {**_plain(row), **whose, **_reached(opened, people[row[2]])}


def _reached(opened: Opened, person: Reached) -> dict[str, str]:
    if person.key_id is None or person.number is None:
        return {}
    key = key_of(opened.ring, person)
    found: dict[str, list[str]] = {}
    for point in person.points:
        if point.kind in _POINTS:
            value = unseal(key, point.value, point_place(point.kind, point.number))
            found.setdefault(_POINTS[point.kind], []).append(", ".join(value.splitlines()))
    name = "" if person.name is None else unseal(key, bytes(person.name), name_place(person.number))
    return {"name": name, **{column: " | ".join(values) for column, values in found.items()}}
