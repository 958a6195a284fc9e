"""What the lender's systems may read: loans, cases, the plan, verdicts and duties. Nothing of it is personal."""

from datetime import date, datetime
from typing import Any, Final

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.api.problems import Problem
from duecourse.api.v1.access import May, Page, Paged, Pages
from duecourse.day.asking import Window
from duecourse.day.gate import VALID
from duecourse.day.in_force import in_force
from duecourse.day.known import Known, read
from duecourse.day.reasons import why
from duecourse.day.sums import Sums, sums
from duecourse.store.line import Line
from duecourse.web.edge import Edge, edge_of

router: Final = Router()
_REFUSED: Final = dict.fromkeys((400, 401, 403, 404, 422, 429, 500, 503), Problem)
_OF_LOAN: Final = "SELECT borrower_no FROM case_loan WHERE loan_id = %s"
_OF_BORROWER: Final = "SELECT id FROM borrower WHERE borrower_id = %s"
_CASES: Final = """
SELECT c.borrower_no, b.borrower_id, c.stage, c.arm, c.planned_on FROM collection_case c
JOIN borrower b ON b.id = c.borrower_no WHERE c.borrower_no > %s ORDER BY c.borrower_no LIMIT %s"""
_PLAN: Final = """
SELECT a.id, b.borrower_id, a.act, a.channel, a.treatment, a.purpose, a.team, a.opens_at, a.closes_at, a.demands,
    a.required, a.loans, a.reasons, a.state
FROM planned_act a JOIN borrower b ON b.id = a.borrower_no
WHERE a.planned_on = (SELECT max(planned_on) FROM plan) AND a.id > %s ORDER BY a.id LIMIT %s"""
_VERDICTS: Final = """
SELECT v.id, b.borrower_id, v.judged_at, v.act, v.channel, v.purpose, v.loans, v.is_permitted, v.reasons
FROM verdict v JOIN borrower b ON b.id = v.borrower_no
WHERE v.id > %(after)s AND (%(borrower)s::text IS NULL OR b.borrower_id = %(borrower)s)
    AND (%(since)s::timestamptz IS NULL OR v.judged_at >= %(since)s) ORDER BY v.id LIMIT %(limit)s"""
_DUTIES: Final = """
SELECT d.id, b.borrower_id, d.loan_id, d.kind, d.due_on, d.rule, d.rulebook FROM duty d
JOIN borrower b ON b.id = d.borrower_no WHERE d.done_at IS NULL AND d.id > %s ORDER BY d.id LIMIT %s"""


class Part(Schema):
    """A component of what is owed, in minor units."""

    component: str
    overdue: int
    later: int


class Loan(Schema):
    """What a loan owes on a day, in minor units: what can be enforced, and what the contract says.

    `cut` is what the contract says and the law, or the lender, does not. Where `is_sure` is false nothing may be asked.
    """

    loan_id: str
    borrower_id: str
    on: date
    currency: str
    overdue: int
    owed: int
    contractual: int
    cut: int
    credit: int
    overdue_since: date | None
    days_past_due: int
    is_sure: bool
    parts: list[Part]


class Hold(Schema):
    """Why nothing may be done on a loan, or on all of them (null), and until when."""

    kind: str
    loan_id: str | None
    from_on: date
    until_on: date | None


class Stands(Schema):
    """A case of the plan in force."""

    borrower_id: str
    stage: str | None
    arm: str | None
    planned_on: date


class Case(Schema):
    """A borrower's case: their loans as they stand today, and what stops collection."""

    borrower_id: str
    country: str
    zones: list[str]
    loans: list[Loan]
    holds: list[Hold]


class Act(Schema):
    """An act of the plan in force, with why it is in it, and how it stands."""

    borrower_id: str
    act: str
    channel: str | None
    treatment: str
    purpose: str
    team: str | None
    opens_at: datetime | None
    closes_at: datetime | None
    demands: bool
    required: bool
    loans: list[str]
    reasons: list[str]
    state: str


class Reason(Schema):
    """A reason of a refusal: a code, and of a rule of the law its sentence and citation."""

    code: str
    says: str = ""
    cite: str = ""


class Verdict(Schema):
    """What the gate said of an act, and why."""

    borrower_id: str
    judged_at: datetime
    act: str
    channel: str | None
    purpose: str
    loans: list[str]
    is_permitted: bool
    reasons: list[Reason]


class Duty(Schema):
    """What the law says must be done about a loan by a day."""

    borrower_id: str
    loan_id: str
    kind: str
    due_on: date
    rule: str
    rulebook: str


class Cases(Schema):
    """A page of cases; `next` is null behind the last."""

    rows: list[Stands]
    next: str | None


class Plan(Schema):
    """A page of the plan in force."""

    rows: list[Act]
    next: str | None


class Verdicts(Schema):
    """A page of verdicts, the oldest first."""

    rows: list[Verdict]
    next: str | None


class Duties(Schema):
    """A page of duties that are not done."""

    rows: list[Duty]
    next: str | None


class Asked(Page):
    """Which verdicts: of one borrower, and since a moment."""

    borrower_id: str | None = None
    since: datetime | None = None


@router.get("/loans/{path:loan_id}", auth=May("loans:read"), response={200: Loan, **_REFUSED})
def loan(request: HttpRequest, loan_id: Path[str]) -> Loan:
    """Say what a loan of a case owes at this second, by component."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        number = _number(connection, _OF_LOAN, loan_id, "no case has this loan")
        known, on = known_of(edge, connection, number)
    (found,) = (one for one in sums(known.loans.values(), on) if one.loan.loan_id == loan_id)
    return _loan(found, known, on)


@router.get("/cases", auth=May("cases:read"), response={200: Cases, **_REFUSED})
def cases(request: HttpRequest, page: Paged) -> Cases:
    """List the cases of the plan in force."""
    rows, following = _page(request, "cases", _CASES, page)
    return Cases(rows=[_read(Stands, tuple(Stands.model_fields), row) for row in rows], next=following)


@router.get("/cases/{path:borrower_id}", auth=May("cases:read"), response={200: Case, **_REFUSED})
def case(request: HttpRequest, borrower_id: Path[str]) -> Case:
    """Show a borrower's case as it stands at this second; nothing in it is personal."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        number = _number(connection, _OF_BORROWER, borrower_id, "there is no such case")
        known, on = known_of(edge, connection, number)
    return Case(
        borrower_id=borrower_id,
        country=known.country,
        zones=list(known.zones),
        loans=[_loan(one, known, on) for one in sums(known.loans.values(), on)],
        holds=[
            Hold(kind=hold.kind, loan_id=hold.loan_id, from_on=hold.from_on, until_on=hold.until_on)
            for hold in known.holds
            if hold.holds(on, on, on)
        ],
    )


@router.get("/plan", auth=May("plan:read"), response={200: Plan, **_REFUSED})
def plan(request: HttpRequest, page: Paged) -> Plan:
    """List the acts of the plan in force."""
    rows, following = _page(request, "plan", _PLAN, page)
    return Plan(rows=[_read(Act, tuple(Act.model_fields), row) for row in rows], next=following)


@router.get("/verdicts", auth=May("verdicts:read"), response={200: Verdicts, **_REFUSED})
def verdicts(request: HttpRequest, asked: Query[Asked]) -> Verdicts:
    """List what the gate said, the oldest first, with the rules of each refusal."""
    edge = edge_of(request)
    pages = Pages(edge.ring, "verdicts")
    values = {
        "after": pages.after(asked.after), "borrower": asked.borrower_id, "since": asked.since,
        "limit": asked.limit + 1,
    }  # fmt: skip
    with edge.connections.one() as connection, connection.transaction():
        rows = connection.execute(_VERDICTS, values).fetchall()
    law = edge.gates.rules.law
    names = ("borrower_id", "judged_at", "act", "channel", "purpose", "loans", "is_permitted")
    found = [
        Verdict(
            **dict(zip(names, row[1:-1], strict=True)),
            reasons=[Reason(code=one.code, says=one.says, cite=one.cite) for one in why(law, row[-1])],
        )
        for row in rows[: asked.limit]
    ]
    return Verdicts(rows=found, next=pages.next(rows[asked.limit - 1][0]) if len(rows) > asked.limit else None)


@router.get("/duties", auth=May("duties:read"), response={200: Duties, **_REFUSED})
def duties(request: HttpRequest, page: Paged) -> Duties:
    """List what the law says must be done by a day, and is not."""
    rows, following = _page(request, "duties", _DUTIES, page)
    return Duties(rows=[_read(Duty, tuple(Duty.model_fields), row) for row in rows], next=following)


def known_of(edge: Edge, connection: Connection[TupleRow], number: int) -> tuple[Known, date]:
    """Return what is known of a borrower's case, and the book's day; HttpError 404 where there is no case."""
    zone = in_force(connection).zone
    line = Line(connection, keeps=False)
    with line.transaction():
        known = read(line, [number], locked=False).cases.get(number)
    if known is None:
        raise HttpError(404, "there is no such case")
    return known, Window.of(edge.now(), VALID, zone, zone).booked_on


def number_of(connection: Connection[TupleRow], borrower_id: str) -> int:
    """Return a borrower's number by the lender's id; HttpError 404 where there is none."""
    return _number(connection, _OF_BORROWER, borrower_id, "there is no such borrower")


def _number(connection: Connection[TupleRow], statement: str, value: str, why_not: str) -> int:
    if "\0" in value:  # which no text of the store has
        raise HttpError(404, why_not)
    with connection.transaction():
        row = connection.execute(statement.encode(), [value]).fetchone()
    if row is None:
        raise HttpError(404, why_not)
    return int(row[0])


def _page(request: HttpRequest, what: str, statement: str, page: Page) -> tuple[list[TupleRow], str | None]:
    edge = edge_of(request)
    pages = Pages(edge.ring, what)
    with edge.connections.one() as connection, connection.transaction():
        rows = connection.execute(statement.encode(), [pages.after(page.after), page.limit + 1]).fetchall()
    shown = rows[: page.limit]
    return shown, pages.next(shown[-1][0]) if len(rows) > page.limit else None


def _read(schema: Any, names: tuple[str, ...], row: TupleRow) -> Any:
    """Make a row of a schema from a row of a statement, whose first column is its number."""
    return schema(**dict(zip(names, row[1:], strict=True)))


def _loan(one: Sums, known: Known, on: date) -> Loan:
    return Loan(
        loan_id=one.loan.loan_id, borrower_id=known.person.borrower_id, on=on, currency=one.loan.currency,
        overdue=one.overdue, owed=one.owed, contractual=one.contractual, cut=one.cut, credit=one.credit,
        overdue_since=one.overdue_since, days_past_due=one.days_past_due, is_sure=one.is_sure,
        parts=[Part(component=part.component, overdue=part.overdue, later=part.later) for part in one.parts],
    )  # fmt: skip
