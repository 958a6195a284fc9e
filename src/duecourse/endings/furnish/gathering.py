"""What lines are made of: loans, amounts and identities at this second, notices, disputes, what was reported before.

gathered(opened, endings, Order(...), removal) -> {number of the ending: Found}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.known import Known, read, told
from duecourse.day.owed import Owed, owed
from duecourse.endings.furnish import identity
from duecourse.endings.furnish.checks import Notice, Seen
from duecourse.endings.furnish.position import Given, Line, history_of, line_of, months_before
from duecourse.endings.furnish.removal import LawDay
from duecourse.endings.furnish.settings import Furnishing
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Who
from duecourse.store.line import Line as Trip
from duecourse.store.line import numbers

_NOTICES: Final = """
SELECT DISTINCT ON (e.id) e.id, n.served_on, n.delivered_on,
    EXISTS (SELECT FROM contacts c WHERE c.borrower_no = e.borrower_no AND c.cancelled_at IS NULL
        AND c.outcome IN ('bounced', 'undelivered') AND c.direction = 'out' AND c.channel = 'letter'
        AND c.happened_on >= n.served_on AND (c.about = '{}' OR e.loan_id = ANY(c.about)))
    OR EXISTS (SELECT FROM contact_point t JOIN person p ON p.id = t.person_id AND p.relation = 'borrower'
        WHERE p.borrower_id = e.borrower_no AND t.kind = 'address' AND t.ended_why IN ('bounced', 'undelivered')
        AND t.ended_at::date >= n.served_on AND n.delivered_on IS NULL)
FROM ending e JOIN notices n ON n.borrower_no = e.borrower_no AND (n.loan_id = e.loan_id OR n.loan_id IS NULL)
WHERE e.id = ANY(%s) AND n.kind = 'adverse_notice' AND n.replaced_at IS NULL
ORDER BY e.id, n.served_on DESC, n.id DESC"""
_EVENTS: Final = """
SELECT e.id, bool_or(v.kind = 'discharge'),
    bool_or(v.kind = 'dispute' AND NOT EXISTS (SELECT FROM events a WHERE a.borrower_no = v.borrower_no
        AND a.kind = 'dispute_answered' AND (a.loan_id = e.loan_id OR a.loan_id IS NULL)
        AND a.happened_at >= v.happened_at))
FROM ending e JOIN events v ON v.borrower_no = e.borrower_no AND (v.loan_id = e.loan_id OR v.loan_id IS NULL)
WHERE e.id = ANY(%s) AND v.kind IN ('discharge', 'dispute') GROUP BY e.id"""
_TWICE: Final = """
SELECT e.id FROM ending e JOIN ending o ON o.kind = e.kind AND o.loan_id = e.loan_id AND o.id <> e.id
WHERE e.id = ANY(%s) AND o.state = 'deleted' AND o.details ? 'line' AND NOT EXISTS (SELECT FROM ending_step t
    WHERE t.ending_no = o.id AND t.details ? 'taken_away' AND t.details->>'in_run' <> %s)"""
_HELD: Final = "dispute"


@dataclass(frozen=True)
class Order:
    """A run: its name (the month), what the lender sets, and who does it when."""

    run: str
    settings: Furnishing
    who: Who


@dataclass(frozen=True)
class Found:
    """What a line was made of, as its checks look at it; `known` is the case."""

    seen: Seen
    known: Known


def line_before(ending: Ending) -> Line | None:
    """Return what was reported of an ending last."""
    kept = ending.details.get("line")
    return None if kept is None else Line.of(kept)


def gathered(opened: Opened, endings: Sequence[Ending], order: Order, removal: LawDay) -> dict[int, Found]:
    """Gather what is to be reported of endings; one whose borrower has no case, or not this loan, is not in it."""
    settings, who = order.settings, order.who
    cases, events = _read(opened.connection, [one.borrower for one in endings], who.on, removal)
    there = [one for one in endings if one.borrower in cases and one.loan_id in cases[one.borrower].loans]
    loans = [cases[one.borrower].loans[one.loan_id] for one in there]
    amounts, months = owed(loans, who.on), months_before(who.on)
    by_month = [owed(loans, month) for month in months]
    twice = _twice(opened.connection, there, order.run)
    notices, past = _notices(opened.connection, there), _past(opened.connection, there)
    found = {}
    for place, one in enumerate(there):
        known, before = cases[one.borrower], line_before(one)
        history = history_of(loans[place], [month[place] for month in by_month], months)
        given = Given(known.country, who.on, before, one.details.get("compliance", ""), _number_before(one, before))
        line = line_of(loans[place], amounts[place], history, given)
        removed_on = removal.day(one.borrower, known, amounts[place], line, events.get(one.borrower, ()), who.at)
        form, is_held = settings.form(known.country), _is_disputed(known, one.loan_id, who.on)
        seen = Seen(
            line, amounts[place], form, who.on, before, notices.get(one.number), settings.notice_wait_days,
            identity.can_be_written(identity.of(opened.ring, known), form), is_alone=one.number not in twice,
            is_disputed=is_held or past.get(one.number, (False, False))[1],
            is_discharged=past.get(one.number, (False, False))[0], has_died=known.deceased_on is not None,
            creditor=settings.creditor(line.owner_id), removed_on=removed_on,
        )  # fmt: skip
        found[one.number] = Found(seen, known)
    return found


def again(found: Found, ending: Ending, amounts: Owed) -> Seen:
    """Return what checks look at with other amounts: those of the second in which it is committed."""
    seen = found.seen
    given = Given(seen.line.country, seen.line.as_of, seen.before, seen.line.compliance, seen.line.account_before)
    line = line_of(found.known.loans[ending.loan_id], amounts, seen.line.history, given)
    return Seen(**{**vars(seen), "line": line, "owed": amounts})


def _number_before(ending: Ending, before: Line | None) -> str:
    """Return the account's number before, until a report has told of it."""
    number = str(ending.details.get("account_before", ""))
    return "" if before is not None and before.account_before == number else number


def cases_of(connection: Connection[TupleRow], borrowers: Sequence[int]) -> dict[int, Known]:
    """Return the cases of borrowers, by their numbers."""
    trip = Trip(connection, keeps=False)
    with trip.transaction():
        return dict(read(trip, borrowers).cases)


def _read(
    connection: Connection[TupleRow], borrowers: Sequence[int], on: date, removal: LawDay
) -> tuple[Mapping[int, Known], Mapping[int, list[Mapping[str, Any]]]]:
    trip = Trip(connection, keeps=False)
    with trip.transaction():
        cases = read(trip, borrowers).cases
        (events,) = trip.ask((removal.statement(), [on.isoformat().encode(), numbers(sorted(set(borrowers)))]))
        return cases, told(events)


def _notices(connection: Connection[TupleRow], endings: Sequence[Ending]) -> dict[int, Notice]:
    with connection.transaction():
        rows = connection.execute(_NOTICES, [[one.number for one in endings]]).fetchall()
    return {number: Notice(*rest) for number, *rest in rows}


def _twice(connection: Connection[TupleRow], endings: Sequence[Ending], run: str) -> set[int]:
    """Return those whose account an earlier report takes away in this run, or later: one file says one thing of it."""
    with connection.transaction():
        rows = connection.execute(_TWICE, [[one.number for one in endings], run]).fetchall()
    return {number for (number,) in rows}


def _past(connection: Connection[TupleRow], endings: Sequence[Ending]) -> dict[int, tuple[bool, bool]]:
    with connection.transaction():
        rows = connection.execute(_EVENTS, [[one.number for one in endings]]).fetchall()
    return {number: (discharged, disputed) for number, discharged, disputed in rows}


def _is_disputed(known: Known, loan_id: str, on: date) -> bool:
    return any(
        hold.kind == _HELD and hold.loan_id in {None, loan_id} and hold.holds(on, on, on) for hold in known.holds
    )
