"""Offers to settle that the plan proposes: asked for by a named person within their authority, and told by letter.

    offer_planned(opened, by, at, on, Terms(share_ppm, days)) -> [Offered, ...]
    letters(opened, at) -> [Decision, ...]

An offer is in force at once within the limits of who asks, or once a second person grants it; the letter is an act of
its own that the gate judges, and says what is in force and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked
from duecourse.day.decision import Decision
from duecourse.day.gate import Gate
from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.day.waiving import Waiving, Wanted
from duecourse.kernel.errors import DueCourseError
from duecourse.store.line import Line
from duecourse.store.roles import What
from duecourse.strategy.models import Strategy

ACT: Final = "settle"
CHANNEL: Final = "letter"
_MILLION: Final = 1_000_000
_AT_ONCE: Final = 100
_PLANNED: Final = """
SELECT id, borrower_no, loans, treatment FROM planned_act WHERE state = 'waiting' AND act = 'settle'
ORDER BY priority DESC NULLS LAST, id"""
# Of each borrower the first whose loans all have an offer in force: the next is told in turn.
_TO_TELL: Final = """
SELECT DISTINCT ON (p.borrower_no) p.id, p.borrower_no, p.loans, p.treatment FROM planned_act p
WHERE p.state = 'waiting' AND p.act = 'settle' AND cardinality(p.loans) > 0 AND NOT EXISTS (
    SELECT FROM unnest(p.loans) AS loan WHERE NOT EXISTS (
        SELECT FROM settlement s WHERE s.loan_id = loan AND s.state = 'offered' AND s.pay_by >= %s))
ORDER BY p.borrower_no, p.id LIMIT %s"""
_BY_HAND: Final = """
INSERT INTO planned_act (planned_on, borrower_no, act, treatment, template, purpose, demands, required, loans)
SELECT max(planned_on), %s, 'settle', %s, %s, %s, true, false, %s FROM plan
ON CONFLICT (planned_on, borrower_no, act, channel, treatment) DO UPDATE
    SET state = 'waiting', loans = excluded.loans WHERE planned_act.state <> 'released'"""
_UNTOLD: Final = """
SELECT s.borrower_no, array_agg(s.loan_id ORDER BY s.loan_id) FROM settlement s
JOIN case_loan l USING (loan_id)
WHERE s.state = 'offered' AND s.pay_by >= %s AND NOT EXISTS (
    SELECT FROM planned_act p WHERE p.borrower_no = s.borrower_no AND p.act = 'settle' AND s.loan_id = ANY(p.loans)
        AND p.state IN ('waiting', 'released'))
GROUP BY s.borrower_no"""


@dataclass(frozen=True)
class Terms:
    """What is offered: so much of all that is owed, in parts per million, to be paid within so many days."""

    share_ppm: int
    days: int


@dataclass(frozen=True)
class Offered:
    """What became of an offer: its state (alone, waiting, granted ...), its amount, or why there is none."""

    loan_id: str
    state: str
    amount: int | None = None
    why: str = ""


def terms_of(strategy: Strategy, days: int) -> Terms:
    """Return what a strategy offers; DueCourseError where its fork has no offers."""
    settle = strategy.fork.settle if strategy.fork else None
    if settle is None:
        raise DueCourseError("the strategy offers no settlements: give its section `fork` a part `settle`")
    return Terms(settle.share_ppm, days)


def amount_of(owed_amount: int, terms: Terms) -> int:
    """Return what is offered for a debt, in minor units, rounded up: a share is never undercut."""
    return -(-owed_amount * terms.share_ppm // _MILLION)  # up


def offer_planned(
    connection: Connection[TupleRow], waiving: Waiving, by: str, when: tuple[datetime, date], terms: Terms
) -> list[Offered]:
    """Ask for each loan of which the plan would settle; the same again changes nothing."""
    at, on = when
    with connection.transaction():
        rows = connection.execute(_PLANNED).fetchall()
    amounts = _amounts(connection, sorted({borrower for _, borrower, _, _ in rows}), on)
    found = []
    for number, _, loans, _ in rows:
        for loan in loans:
            whole = amounts.get(loan, 0)
            if not 0 < (amount := amount_of(whole, terms)) < whole:
                found.append(Offered(loan, "not offered", why=f"{whole} are owed: there is nothing to give up"))
                continue
            pay_by = on + timedelta(days=terms.days)
            wanted = Wanted(f"offer-{number}-{loan}", What.SETTLE, loan, amount, pay_by=pay_by)
            try:
                found.append(Offered(loan, waiving.ask(by, wanted, at, on).state, amount))
            except DueCourseError as error:
                found.append(Offered(loan, "not offered", why=str(error)))
    return found


def letters(connection: Connection[TupleRow], gate: Gate, strategy: Strategy, at: datetime, on: date) -> list[Decision]:
    """Release the letter of each offer that is in force and not told yet; an offer made by hand has one too."""
    _plan_by_hand(connection, strategy, on)
    names = {one.name: one for one in strategy.treatments if one.act == ACT}
    found: list[Decision] = []
    while True:
        with connection.transaction():
            rows = connection.execute(_TO_TELL, [on, _AT_ONCE]).fetchall()
        if not rows:
            return found
        asked = []
        for number, borrower, loans, treatment in rows:
            one = names.get(treatment)
            if one is None:
                raise DueCourseError(f"the plan names treatment '{treatment}', which the strategy does not have")
            content = strategy.content_of(one)
            asked.append(
                Asked(
                    borrower, ACT, CHANNEL, one.purpose, tuple(loans), content, one.template, one.name, one.presses,
                    number,
                )
            )  # fmt: skip
        found += gate.decide(asked, at)


def _plan_by_hand(connection: Connection[TupleRow], strategy: Strategy, on: date) -> None:
    """Give an act to the offers for which the plan has none: those that a person made."""
    one = next((one for one in strategy.treatments if one.act == ACT), None)
    if one is None:
        return
    with connection.transaction():
        for borrower, loans in connection.execute(_UNTOLD, [on]).fetchall():
            connection.execute(_BY_HAND, [borrower, one.name, one.template, one.purpose, loans])


def _amounts(connection: Connection[TupleRow], borrowers: list[int], on: date) -> Mapping[str, int]:
    """Return all that each loan of some borrowers owes on a day."""
    found: dict[str, int] = {}
    for first in range(0, len(borrowers), _AT_ONCE):
        with connection.transaction():
            cases = read(Line(connection, keeps=False), borrowers[first : first + _AT_ONCE]).cases
        loans = [loan for case in cases.values() for loan in case.loans.values()]
        found |= {one.loan_id: one.owed for one in owed(loans, on)}
    return found
