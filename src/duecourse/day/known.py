"""What is known of borrowers at this second: locked, and then read; one trip to the server.

    with line.transaction():
        found = read(line, [borrower_no, ...], [planned_act_no, ...])

The lock comes first and the reading in statements of its own: one statement that did both would read what stood
before it had to wait for the lock.
"""

import json
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from psycopg.pq.abc import PGresult

from duecourse.day.past import DATES, REFUSED_CHANNELS
from duecourse.ledger.loan import Payment, Waiver
from duecourse.store.audit import chain
from duecourse.store.audit.form import ZERO
from duecourse.store.line import Line, Values, numbers

_LOCK: Final = chain.LOCK.replace("%s", "$1")
_WAITING: Final = (
    "SELECT id FROM planned_act WHERE id = ANY($1::bigint[]) AND state = 'waiting' ORDER BY id FOR NO KEY UPDATE"
)
# One statement, for each costs the server more than its rows do; a borrower is one list, as JSON.
_KNOWN: Final = f"""
SELECT json_build_array(b.id, b.borrower_id, h.seq, encode(h.hash, 'base64'),
    p.id, p.person_id, encode(p.name, 'base64'), p.key_id, encode(p.wrapped_key, 'base64'),
    (SELECT json_agg(json_build_array(id, kind, encode(value, 'base64')) ORDER BY id)
        FROM contact_point WHERE person_id = p.id AND ended_at IS NULL),
    c.country, c.region, c.locality, c.zones, c.language, c.born_on, c.deceased_on,
    EXISTS (SELECT FROM notices n WHERE n.borrower_no = b.id)
    OR EXISTS (SELECT FROM arrangements a WHERE a.borrower_no = b.id)
    OR EXISTS (SELECT FROM events e WHERE e.borrower_no = b.id),
    ARRAY(SELECT channel FROM ({REFUSED_CHANNELS}) r WHERE r.borrower_no = b.id),
    EXISTS (SELECT FROM payments y JOIN plan ON plan.planned_on = c.planned_on
        WHERE y.borrower_no = b.id AND y.recorded_at > plan.published_at AND NOT y.from_book),
    EXISTS (SELECT FROM promises y JOIN plan ON plan.planned_on = c.planned_on
        WHERE y.borrower_no = b.id AND y.recorded_at > plan.published_at AND NOT y.from_book),
    (SELECT min(s.kind) FROM visit_stop s WHERE s.borrower_no = b.id AND s.lifted_at IS NULL),
    (SELECT json_agg(json_build_array(loan_id, product, currency, principal, opened_on, lender_type, owner_id, is_owner,
        last_due_on, encode(history, 'base64')) ORDER BY id) FROM case_loan WHERE borrower_no = b.id),
    (SELECT json_agg(json_build_array(loan_id, payment_id, paid_on, amount, reverses, target_instalment,
        target_component)) FROM payments WHERE borrower_no = b.id),
    (SELECT json_agg(json_build_array(loan_id, waiver_id, component, amount, waived_on))
        FROM waivers WHERE borrower_no = b.id),
    (SELECT json_agg(json_build_array(loan_id, kind, from_on, until_on, from_book))
        FROM holds WHERE borrower_no = b.id AND replaced_at IS NULL),
    (SELECT json_agg(json_build_array(loan_id, state, amount, forgiven, pay_by) ORDER BY id)
        FROM settlement WHERE borrower_no = b.id AND state <> 'lapsed'),
    (SELECT json_agg(json_build_array(e.loan_id, f.buyer_name, (e.changed_at AT TIME ZONE plan.zone)::date))
        FROM ending e JOIN portfolio f ON f.name = e.run LEFT JOIN plan ON plan.planned_on = c.planned_on
        WHERE e.borrower_no = b.id AND e.kind = 'sale' AND e.state = 'sold'),
    (SELECT json_build_array(from_minute, to_minute) FROM contact_hours WHERE borrower_no = b.id))
FROM borrower b
LEFT JOIN audit_head h ON h.chain = b.id
LEFT JOIN collection_case c ON c.borrower_no = b.id
LEFT JOIN LATERAL (
    SELECT id, person_id, name, key_id, wrapped_key FROM person
    WHERE borrower_id = b.id AND relation = 'borrower' AND erased_at IS NULL ORDER BY name IS NULL, id LIMIT 1
) p ON true
WHERE b.id = ANY($1::bigint[])"""


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


@dataclass(frozen=True)
class Offer:
    """An offer to take `amount` (minor units) by a day for all of a loan; once it is `paid`, with what was forgiven."""

    loan_id: str
    state: str
    amount: int
    forgiven: int | None
    pay_by: date


@dataclass(frozen=True)
class Sold:
    """A loan that was sold: who owns it now, as the borrower is told, and from which day on."""

    loan_id: str
    owner: str
    sold_on: date


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
    which a consent was taken back and not given again; `has_paid`, `has_promised`: money, or a promise of it, came in
    after the plan was published; `visits_stopped`: `danger` where a team was in danger, `review` where one is asked
    for, until it is lifted; `hours`: between which minutes after midnight they want to hear of us, where they said so.
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
    has_promised: bool
    loans: Mapping[str, Loan]
    holds: tuple[Hold, ...]
    person: Reached
    offers: tuple[Offer, ...] = ()
    sold: tuple[Sold, ...] = ()
    visits_stopped: str | None = None
    hours: tuple[int, int] | None = None


@dataclass(frozen=True)
class Found:
    """The borrowers locked, by number; the cases that some have; which of the planned acts asked for still wait.

    `past` is what the law sees of a borrower's past, the events of all tables but SELDOM: None where it was not asked
    for, and empty where every case has rows in those, for then the whole past is asked for.
    """

    people: Mapping[int, Reached]
    cases: Mapping[int, Known]
    waiting: frozenset[int]
    past: Mapping[int, Sequence[Mapping[str, Any]]] | None = None


def read(
    line: Line, borrowers: Sequence[int], planned: Sequence[int] = (), past: str | None = None, *, locked: bool = True
) -> Found:
    """Lock borrowers and planned acts, and return what is known of them; the caller holds a transaction.

    `past` is a statement of `duecourse.day.past` that asks for no day. Who only looks, and writes nothing on account of
    it, needs no lock.
    """
    whose = numbers(sorted(set(borrowers)))
    if locked:
        line.tell(_LOCK, [whose])
    asked: dict[str, Values] = {_KNOWN: [whose]}
    if planned:
        asked[_WAITING] = [numbers(planned)]
    if past:
        asked[past] = [None, whose]
    answers = dict(zip(asked, line.ask(*asked.items()), strict=True))
    rows = [json.loads(text) for text in _column(answers[_KNOWN])]
    cases = {row[0]: _known(row) for row in rows if row[10] is not None}
    is_asked = not all(case.has_seldom for case in cases.values())  # of those the whole past is read instead
    return Found(
        {row[0]: _reached(row) for row in rows},
        cases,
        frozenset(int(number) for number in _column(answers[_WAITING])) if planned else frozenset(),
        (told(answers[past]) if is_asked else {}) if past else None,
    )


def told(events: PGresult) -> dict[int, list[Mapping[str, Any]]]:
    """Return the events that a statement of `duecourse.day.past` reads, by borrower."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    whole = b",".join(_column(events))  # read in one go: some have thousands
    for event in json.loads(b"[" + whole + b"]"):
        for name in DATES:
            if name in event:
                event[name] = date.fromisoformat(event[name])
        found.setdefault(event["world"], []).append(event)
    return found


def _column(answer: PGresult) -> list[bytes]:
    """Return the first column of an answer, in which nothing is unknown."""
    return [answer.get_value(row, 0) or b"" for row in range(answer.ntuples)]


def _known(row: Sequence[Any]) -> Known:
    (
        country, region, locality, zones, language, born_on, deceased_on, seldom, refused, has_paid, has_promised,
        stopped, *lists
    ) = row[10:]  # fmt: skip
    loans, payments, waivers, holds, offers, sold, hours = (some or () for some in lists)
    paid: dict[str, list[Payment]] = {}
    for loan_id, payment_id, paid_on, *rest in payments:
        paid.setdefault(loan_id, []).append(Payment(payment_id, date.fromisoformat(paid_on), *rest))
    waived: dict[str, list[Waiver]] = {}
    for loan_id, waiver_id, component, amount, waived_on in waivers:
        waived.setdefault(loan_id, []).append(Waiver(waiver_id, component, amount, date.fromisoformat(waived_on)))
    return Known(
        country=country,
        region=region,
        locality=locality,
        zones=tuple(zones),
        language=language,
        born_on=_day(born_on),
        deceased_on=_day(deceased_on),
        has_seldom=seldom or bool(holds),
        refused_channels=frozenset(refused),
        has_paid=has_paid,
        has_promised=has_promised,
        loans={one[0]: _loan(one, paid, waived) for one in loans},
        holds=tuple(
            Hold(loan_id, kind, date.fromisoformat(from_on), _day(until_on), from_book)
            for loan_id, kind, from_on, until_on, from_book in holds
        ),
        person=_reached(row),
        offers=tuple(
            Offer(loan_id, state, amount, forgiven, date.fromisoformat(pay_by))
            for loan_id, state, amount, forgiven, pay_by in offers
        ),
        sold=tuple(Sold(loan_id, owner, date.fromisoformat(sold_on)) for loan_id, owner, sold_on in sold),
        visits_stopped=stopped,
        hours=(hours[0], hours[1]) if hours else None,
    )


def _loan(row: Sequence[Any], paid: Mapping[str, list[Payment]], waived: Mapping[str, list[Waiver]]) -> Loan:
    loan_id, product, currency, principal, opened_on, lender_type, owner_id, is_owner, last_due_on, history = row
    return Loan(
        loan_id,
        product,
        currency,
        principal,
        _day(opened_on),
        lender_type,
        owner_id,
        is_owner,
        _day(last_due_on),
        a2b_base64(history),
        tuple(paid.get(loan_id, ())),
        tuple(waived.get(loan_id, ())),
    )


def _reached(row: Sequence[Any]) -> Reached:
    """Return the person who is the borrower, with the ways to reach them in the order they were added.

    One without a name holds a key alone, from before their people were loaded (`chain.make_key`).
    """
    _, borrower_id, seq, found, number, person_id, name, key_id, wrapped, points, *_ = row
    ways = tuple(Point(place, kind, a2b_base64(value)) for place, kind, value in points or ())
    sealed, key, head = (None if text is None else a2b_base64(text) for text in (name, wrapped, found))
    return Reached(borrower_id, number, person_id or "", sealed, key_id, key, seq or 0, head or ZERO, ways)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
