"""What is known of borrowers at this second: locked, and then read, in one trip to the server.

    with connection.transaction():
        found = read(connection, [borrower_no, ...], [planned_act_no, ...])

The lock comes first and the reading in statements of its own: one statement that did both would read what stood
before it had to wait for the lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.statement import REFUSED_CHANNELS
from duecourse.ledger.loan import Payment, Waiver
from duecourse.store.audit.form import ZERO

LOCK: Final = "SELECT id FROM borrower WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_WAITING: Final = "SELECT id FROM planned_act WHERE id = ANY(%s) AND state = 'waiting' ORDER BY id FOR NO KEY UPDATE"
_CASES: Final = f"""
SELECT c.borrower_no, country, region, locality, c.zones, c.language, born_on, deceased_on,
    EXISTS (SELECT FROM notices n WHERE n.borrower_no = c.borrower_no)
    OR EXISTS (SELECT FROM arrangements a WHERE a.borrower_no = c.borrower_no)
    OR EXISTS (SELECT FROM events e WHERE e.borrower_no = c.borrower_no),
    ARRAY(SELECT channel FROM ({REFUSED_CHANNELS}) r WHERE r.borrower_no = c.borrower_no),
    EXISTS (SELECT FROM payments p JOIN plan ON plan.planned_on = c.planned_on
        WHERE p.borrower_no = c.borrower_no AND p.recorded_at > plan.published_at AND NOT p.from_book)
FROM collection_case c WHERE c.borrower_no = ANY(%s)"""
_LOANS: Final = """
SELECT borrower_no, loan_id, product, currency, principal, opened_on, lender_type, owner_id, is_owner, last_due_on,
    history
FROM case_loan WHERE borrower_no = ANY(%s) ORDER BY id"""
_PAYMENTS: Final = """
SELECT borrower_no, loan_id, payment_id, paid_on, amount, reverses, target_instalment, target_component
FROM payments WHERE borrower_no = ANY(%s)"""
_WAIVERS: Final = """
SELECT borrower_no, loan_id, waiver_id, component, amount, waived_on FROM waivers WHERE borrower_no = ANY(%s)"""
_HOLDS: Final = """
SELECT borrower_no, loan_id, kind, from_on, until_on, from_book FROM holds
WHERE borrower_no = ANY(%s) AND replaced_at IS NULL"""
_PEOPLE: Final = """
SELECT b.id, b.borrower_id, p.id, p.person_id, p.name, p.key_id, p.wrapped_key, h.seq, h.hash, t.id, t.kind, t.value
FROM borrower b
LEFT JOIN audit_head h ON h.chain = b.id
LEFT JOIN person p ON p.borrower_id = b.id AND p.relation = 'borrower' AND p.erased_at IS NULL
LEFT JOIN contact_point t ON t.person_id = p.id AND t.ended_at IS NULL
WHERE b.id = ANY(%s) ORDER BY b.id, p.id, t.id"""


@dataclass(frozen=True)
class Loan:
    """A loan of a case: what the law asks of it, and its history as `duecourse.ledger.packed` keeps it."""

    loan_id: str
    product: str | None
    currency: str
    principal: int
    opened_on: date | None
    lender_type: str | None
    owner_id: str | None
    is_owner: bool
    last_due_on: date | None
    history: bytes
    payments: tuple[Payment, ...]
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Why nothing may be done on a loan, or on all (None); the last day is None until it is lifted."""

    loan_id: str | None
    kind: str
    from_on: date
    until_on: date | None
    from_book: bool

    def holds(self, on: date, first: date, last: date) -> bool:
        """Say whether it is in force on a day; one of the day's own from the first to the last day anywhere on earth.

        What was placed a minute ago counts also where it is still yesterday.
        """
        first, last = (on, on) if self.from_book else (first, last)
        return self.from_on <= last and (self.until_on is None or self.until_on >= first)


@dataclass(frozen=True, repr=False)
class Point:
    """A way to reach the borrower: sealed."""

    number: int
    kind: str
    value: bytes


@dataclass(frozen=True, repr=False)
class Reached:
    """The borrower as a person, whose key opens what is sealed, and where their audit chain ends. Never printed."""

    borrower_id: str
    number: int | None = None
    person_id: str = ""
    name: bytes | None = None
    key_id: str | None = None
    wrapped_key: bytes | None = None
    seq: int = 0
    hash: bytes = ZERO
    points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Known:
    """A case as it stands under the lock.

    `has_seldom`: the law must look at tables in which most borrowers have no row. `refused_channels` are those for
    which a consent was taken back and not given again; `has_paid`: money came in after the plan was published.
    """

    country: str
    region: str
    locality: str
    zones: tuple[str, ...]
    language: str
    born_on: date | None
    deceased_on: date | None
    has_seldom: bool
    refused_channels: frozenset[str]
    has_paid: bool
    loans: Mapping[str, Loan]
    holds: tuple[Hold, ...]
    person: Reached


@dataclass(frozen=True)
class Found:
    """The borrowers locked, by number; the cases that some have; which of the planned acts asked for still wait."""

    people: Mapping[int, Reached]
    cases: Mapping[int, Known]
    waiting: frozenset[int]


def read(connection: Connection[TupleRow], borrowers: Sequence[int], planned: Sequence[int]) -> Found:
    """Lock borrowers and planned acts, and return what is known of them; the caller holds a transaction."""
    numbers = [sorted(set(borrowers))]
    with connection.pipeline():
        connection.execute(LOCK, numbers)
        waiting = connection.execute(_WAITING, [list(planned)]) if planned else None
        cursors = [connection.execute(text, numbers) for text in (_CASES, _LOANS, _PAYMENTS, _WAIVERS, _HOLDS, _PEOPLE)]
    cases, *others, whose = (_by_borrower(cursor.fetchall()) for cursor in cursors)
    people = {number: _reached(rows) for number, rows in whose.items()}
    return Found(
        people,
        {
            number: _known(case, people[number], *(rows.get(number, ()) for rows in others))
            for number, (case,) in cases.items()
        },
        frozenset(number for (number,) in waiting.fetchall()) if waiting else frozenset(),
    )


def _by_borrower(rows: Iterable[TupleRow]) -> dict[int, list[TupleRow]]:
    found: dict[int, list[TupleRow]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _known(
    case: TupleRow,
    person: Reached,
    loans: Sequence[TupleRow],
    payments: Sequence[TupleRow],
    waivers: Sequence[TupleRow],
    holds: Sequence[TupleRow],
) -> Known:
    paid: dict[str, list[Payment]] = {}
    for row in payments:
        paid.setdefault(row[1], []).append(Payment(*row[2:]))
    waived: dict[str, list[Waiver]] = {}
    for row in waivers:
        waived.setdefault(row[1], []).append(Waiver(*row[2:]))
    _, country, region, locality, zones, language, born_on, deceased_on, seldom, refused, has_paid = case
    return Known(
        country=country,
        region=region,
        locality=locality,
        zones=tuple(zones),
        language=language,
        born_on=born_on,
        deceased_on=deceased_on,
        has_seldom=seldom or bool(holds),
        refused_channels=frozenset(refused),
        has_paid=has_paid,
        loans={row[1]: Loan(*(*row[1:], tuple(paid.get(row[1], ())), tuple(waived.get(row[1], ())))) for row in loans},
        holds=tuple(Hold(*row[1:]) for row in holds),
        person=person,
    )


def _reached(rows: Sequence[TupleRow]) -> Reached:
    """Return the first person who is the borrower, with the ways to reach them in the order they were added."""
    _, borrower_id, number, person_id, name, key_id, wrapped, seq, found, *_ = rows[0]
    points = tuple(Point(*row[9:]) for row in rows if row[2] == number and row[9] is not None)
    return Reached(borrower_id, number, person_id or "", name, key_id, wrapped, seq or 0, found or ZERO, points)
