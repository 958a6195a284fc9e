"""What a buyer gets once a sale is closed: who owes each debt and how they are reached, and what goes with it.

    hand_over(office, portfolio, folder, workers)      buyer.csv and obligations.jsonl
    notices(connection, portfolio, at)                 a letter to each borrower, planned for the gate

Names and numbers leave the store here alone, in a file that only its owner may read; nothing of it is printed.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.kept import write
from duecourse.day.known import Reached, read
from duecourse.day.reaching import key_of
from duecourse.endings import moving
from duecourse.endings.many import Office, Opened
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.store.bound import name_place, point_place
from duecourse.store.keys import unseal
from duecourse.store.line import Line

NOTICE: Final = "assignment_notice"
"""The treatment, and the template, of the letter that tells a borrower who owns the debt now."""
_SOLD: Final = "e.kind = 'sale' AND e.run = %s AND e.state = 'sold'"
_HEADS: Final = (
    "loan_id",
    "borrower_id",
    "name",
    "phones",
    "emails",
    "addresses",
    "language",
    "closing_balance",
    "price",
)
_LASTS: Final = timedelta(days=30)  # how long a notice may wait for the channel of letters
_PART: Final = 200
# What is agreed with the borrower, or barred, binds the buyer as it bound us.
_OBLIGATIONS: Final = """
SELECT l.loan_id, json_build_object(
    'loan_id', l.loan_id,
    'holds', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'from', from_on, 'until', until_on)
        ORDER BY from_on, id), '[]') FROM holds h WHERE h.borrower_no = l.borrower_no AND h.replaced_at IS NULL
            AND coalesce(h.loan_id, l.loan_id) = l.loan_id),
    'refused_channels', (SELECT coalesce(json_agg(DISTINCT consented_to), '[]') FROM consents c
        WHERE c.borrower_no = l.borrower_no AND c.replaced_at IS NULL AND c.withdrawn_at IS NOT NULL),
    'arrangements', (SELECT coalesce(json_agg(json_build_object('from', started_on, 'until', ended_on, 'broken',
        broken_on, 'dues', (SELECT json_agg(json_build_array(d.due_on, d.amount) ORDER BY d.number)
            FROM arrangement_due d WHERE d.borrower_no = a.borrower_no AND d.arrangement_id = a.arrangement_id))
        ORDER BY started_on, id), '[]') FROM arrangements a WHERE a.borrower_no = l.borrower_no
            AND a.replaced_at IS NULL AND coalesce(a.loan_id, l.loan_id) = l.loan_id),
    'promises', (SELECT coalesce(json_agg(json_build_object('made', made_on, 'by', promised_on, 'amount', amount)
        ORDER BY made_on, id), '[]') FROM promises p WHERE p.borrower_no = l.borrower_no
            AND coalesce(p.loan_id, l.loan_id) = l.loan_id),
    'disputes', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'received', received_on, 'state', state,
        'outcome', outcome) ORDER BY received_on, id), '[]') FROM dispute d WHERE d.borrower_no = l.borrower_no
            AND d.replaced_at IS NULL AND coalesce(d.loan_id, l.loan_id) = l.loan_id),
    'contacts', (SELECT coalesce(json_object_agg(channel, times), '{}') FROM (
        SELECT channel, count(*) AS times FROM contacts c WHERE c.borrower_no = l.borrower_no
            AND c.direction = 'out' AND c.cancelled_at IS NULL GROUP BY channel ORDER BY channel) AS counted))
FROM case_loan l WHERE l.loan_id = ANY(%s) ORDER BY l.loan_id"""
_NOTICE: Final = """
INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, template, purpose, demands, required, loans,
    opens_at, closes_at)
SELECT (SELECT max(planned_on) FROM plan), e.borrower_no, 'contact', 'letter', %s, %s, 'servicing', false, false,
    array_agg(e.loan_id ORDER BY e.loan_id), %s, %s
FROM ending e WHERE e.kind = 'sale' AND e.run = %s AND e.state = 'sold' GROUP BY e.borrower_no
ON CONFLICT DO NOTHING"""


def hand_over(office: Office, portfolio: Portfolio, folder: Path, workers: int = 1) -> int:
    """Write what the buyer gets of each debt that was sold; returns how many. The same again gives the same files."""
    with office.place.connected() as connection:
        sold = sorted(moving.read(connection, _SOLD, [portfolio.name]), key=lambda one: one.loan_id)
    numbers = [one.number for one in sold]
    people, obligations = [], list[str]()
    for rows, lines in office.in_parts(partial(_told), numbers, workers):
        people += rows
        obligations += lines
    write(folder / "obligations.jsonl", "".join(f"{line}\n" for line in obligations).encode())
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_HEADS, *people])
    write(folder / "buyer.csv", text.getvalue().encode())
    return len(people)


def notices(connection: Connection[TupleRow], portfolio: Portfolio, at: datetime) -> int:
    """Plan the letter that tells each borrower who owns the debt; the day releases it, and the gate judges it.

    Returns how many are new. DueCourseError is the strategy's, where it has no such template.
    """
    with connection.transaction():
        return connection.execute(_NOTICE, [NOTICE, NOTICE, at, at + _LASTS, portfolio.name]).rowcount


def _told(opened: Opened, numbers: Sequence[int]) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Return the rows of buyer.csv and the lines of obligations.jsonl for some debts, by loan."""
    people, obligations = [], []
    for first in range(0, len(numbers), _PART):
        some = moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers[first : first + _PART])])
        some.sort(key=lambda one: one.loan_id)
        with opened.connection.transaction():
            found = read(Line(opened.connection, keeps=False), sorted({one.borrower for one in some}))
            rows = opened.connection.execute(_OBLIGATIONS.encode(), [[one.loan_id for one in some]]).fetchall()
        obligations += [json.dumps(told, ensure_ascii=False, sort_keys=True) for _, told in rows]
        for one in some:
            person, case = found.people[one.borrower], found.cases.get(one.borrower)
            closing = one.details["closing"]
            language = case.language if case else ""
            who = _reached(opened, person)
            people.append((one.loan_id, person.borrower_id, *who, language, closing["owed"], closing["price"]))
    return people, obligations


def _reached(opened: Opened, person: Reached) -> tuple[str, ...]:
    """Return a borrower's name, numbers, mailboxes and addresses; nothing of somebody whose key is destroyed."""
    if person.wrapped_key is None or person.number is None:
        return ("", "", "", "")
    key = key_of(opened.ring, person)
    name = unseal(key, bytes(person.name), name_place(person.number)) if person.name else ""
    ways = {kind: list[str]() for kind in ("phone", "email", "address")}
    for point in person.points:
        if point.kind in ways:
            ways[point.kind].append(unseal(key, point.value, point_place(point.kind, point.number)))
    return (name, *(" | ".join(one.replace("\n", ", ") for one in some) for some in ways.values()))
