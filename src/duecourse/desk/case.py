"""A case as the desk shows it: the borrower, their loans, what happened, and why nothing may be done where it may not.

found(connection, ring, number, on) -> Case
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.composing import opened_name
from duecourse.day.known import Hold, Known, read
from duecourse.day.sums import Sums, sums
from duecourse.store.bound import name_place, point_place, whose
from duecourse.store.keys import Keyring, Wrapped, unseal
from duecourse.store.line import Line

SHOWN: Final = 100  # of what happened
_STANDS: Final = "SELECT stage, arm, planned_on FROM collection_case WHERE borrower_no = %s"
_PEOPLE: Final = """
SELECT p.id, p.person_id, p.relation, p.name, p.key_id, p.wrapped_key, b.borrower_id, t.id, t.kind, t.value,
    t.ended_at IS NOT NULL
FROM person p JOIN borrower b ON b.id = p.borrower_id LEFT JOIN contact_point t ON t.person_id = p.id
WHERE p.borrower_id = %s AND p.erased_at IS NULL ORDER BY p.relation <> 'borrower', p.id, t.id"""
# Each part is cut where the whole is, so that none reads more than is shown.
_HAPPENED: Final = (
    """
SELECT happened_at AS at, 'contact' AS kind, concat_ws(' ', direction, channel) AS what,
    coalesce(outcome, CASE WHEN cancelled_at IS NULL THEN '' ELSE 'cancelled' END) AS then, NULL::bigint AS amount,
    NULL::text AS currency, array_to_string(about, ', ') AS loans FROM contacts WHERE borrower_no = %(borrower)s""",
    """
SELECT recorded_at, CASE WHEN reverses IS NULL THEN 'payment' ELSE 'reversal' END, paid_on::text, '', amount, currency,
    loan_id FROM payments WHERE borrower_no = %(borrower)s""",
    """
SELECT recorded_at, 'promise', promised_on::text, '', amount, NULL, loan_id FROM promises
WHERE borrower_no = %(borrower)s""",
    """
SELECT recorded_at, 'hold', kind, coalesce(until_on::text, ''), NULL, NULL, loan_id FROM holds
WHERE borrower_no = %(borrower)s""",
    """
SELECT recorded_at, 'notice', kind, coalesce(delivered_on::text, ''), NULL, NULL, loan_id FROM notices
WHERE borrower_no = %(borrower)s AND replaced_at IS NULL""",
    """
SELECT happened_at, 'event', kind, '', NULL, NULL, loan_id FROM events WHERE borrower_no = %(borrower)s""",
    """
SELECT judged_at, 'refusal', concat_ws(' ', act, channel), array_to_string(reasons, ', '), NULL, NULL,
    array_to_string(loans, ', ') FROM verdict WHERE borrower_no = %(borrower)s AND NOT is_permitted""",
    """
SELECT t.at, 'ending', e.kind, t.state, NULL, NULL, e.loan_id FROM ending_step t JOIN ending e ON e.id = t.ending_no
WHERE e.borrower_no = %(borrower)s""",
)  # fmt: skip
_PARTS: Final = " UNION ALL ".join(f"({part} ORDER BY 1 DESC LIMIT %(most)s)" for part in _HAPPENED)
_TIMELINE: Final = f"{_PARTS} ORDER BY 1 DESC LIMIT %(most)s"


@dataclass(frozen=True, repr=False)
class Way:
    """How somebody is reached, and whether it is of no use any more."""

    kind: str
    value: str
    is_over: bool


@dataclass(frozen=True, repr=False)
class Beside:
    """The borrower, or somebody beside them; never printed."""

    person_id: str
    relation: str
    name: str | None
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Happened:
    """Something that happened, as a line."""

    at: datetime
    kind: str
    what: str
    then: str
    amount: int | None
    currency: str | None
    loans: str | None


@dataclass(frozen=True, repr=False)
class Case:
    """All that a page of a case shows. Never printed."""

    number: int
    name: str | None
    known: Known
    stage: str | None
    arm: str | None
    loans: tuple[Sums, ...]
    holds: tuple[Hold, ...]
    people: tuple[Beside, ...]
    happened: tuple[Happened, ...]

    @property
    def borrower_id(self) -> str:
        """The lender's id."""
        return self.known.person.borrower_id

    @property
    def zone(self) -> str:
        """Where the borrower is, by the first of their zones."""
        return self.known.zones[0] if self.known.zones else ""

    @property
    def totals(self) -> list[tuple[str, int, int, int]]:
        """(currency, overdue, owed, cut) of all loans."""
        found: dict[str, list[int]] = {}
        for one in self.loans:
            of = found.setdefault(one.loan.currency, [0, 0, 0])
            for place, amount in enumerate((one.overdue, one.owed, one.cut)):
                of[place] += amount
        return [(currency, *amounts) for currency, amounts in sorted(found.items())]  # type: ignore[misc]


def found(connection: Connection[TupleRow], ring: Keyring, number: int, on: date) -> Case | None:
    """Return the case of a borrower by their number, as of a business date; None where there is none."""
    line = Line(connection, keeps=False)
    with line.transaction():
        known = read(line, [number], locked=False).cases.get(number)
    if known is None:
        return None
    with connection.transaction():
        stands = connection.execute(_STANDS, [number]).fetchone() or (None, None, None)
        people = connection.execute(_PEOPLE, [number]).fetchall()
        happened = connection.execute(_TIMELINE, {"borrower": number, "most": SHOWN}).fetchall()
    holds = tuple(hold for hold in known.holds if hold.holds(on, on, on))
    return Case(
        number, opened_name(ring, known), known, stands[0], stands[1], tuple(sums(known.loans.values(), on)), holds,
        tuple(_people(people, ring)), tuple(Happened(*row) for row in happened),
    )  # fmt: skip


def _people(rows: list[TupleRow], ring: Keyring) -> Iterator[Beside]:
    """Open what is sealed of the people of a case, row by row."""
    found: dict[int, tuple[Any, ...]] = {}
    ways: dict[int, list[Way]] = {}
    for row in rows:
        number, person_id, relation, name, key_id, wrapped, borrower_id, point, kind, value, is_over = row
        if number not in found:
            key = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose(borrower_id, person_id))
            shown = None if name is None else unseal(key, bytes(name), name_place(number))
            found[number] = (person_id, relation, shown, key)
        if point is not None:
            clear = unseal(found[number][3], bytes(value), point_place(kind, point))
            ways.setdefault(number, []).append(Way(kind, clear, is_over))
    for number, (person_id, relation, name, _) in found.items():
        yield Beside(person_id, relation, name, tuple(ways.get(number, ())))
