"""Debts placed with agencies, recalled before their term is over, and returned at its end.

    place(office, who) -> [Said, ...]            all that is decided: held back, or chosen for, and judged again
    recall(opened, who, why, where, values)      what an agency must give back now
    end_terms(opened, who)                       what has come to the end of its term

What is done before a process is killed stands, and the same again does what is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.owed import Owed
from duecourse.endings import batches, moving
from duecourse.endings.agency import register
from duecourse.endings.agency.choosing import Choice, choose
from duecourse.endings.agency.debts import debts
from duecourse.endings.agency.terms import Terms
from duecourse.endings.batches import Carried
from duecourse.endings.deciding import Said, refuse_unnamed
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.night.past import OWN

_ONE_AT_A_TIME: Final = 0x6167656E6379  # who places counts how much room there is
_DECIDED: Final = "e.kind = 'agency' AND e.state = 'decided'"
_PLACED: Final = "e.kind = 'agency' AND e.state = 'placed'"
_OVER: Final = f"{_PLACED} AND (e.details->>'until')::date < %s"
END_OF_TERM: Final = "end of term"
_AT_ONCE: Final = 200  # moved in one transaction


@dataclass(frozen=True)
class _Alike:
    """What placements with one agency in one place have in common."""

    agency: str
    number: int
    country: str
    placed_on: str
    until: str
    terms: Terms


def place(office: Office, who: Who, run: str | None = None, workers: int = 1) -> list[Said]:
    """Place all that is decided, as far as nothing is against it; what is not placed stays decided, with the reasons.

    DueCourseError where whoever does it may not.
    """
    with office.opened() as opened:
        connection = opened.connection
        refuse_unnamed(connection, who.by)
        with _alone(connection):
            agencies = list(register.standing(connection).values())
            waiting = debts(connection, moving.read(connection, _DECIDED), who.on)
            free = [one for one in waiting if not one.against]
            choices = choose(free, agencies, register.placed(connection), who.on)
            held = [
                Said(one.borrower, one.ending.loan_id, is_done=False, reasons=one.against)
                for one in waiting
                if one.against
            ]
            none = [
                Said(one.debt.borrower, one.debt.ending.loan_id, is_done=False, reasons=(one.why,))
                for one in choices
                if one.agency is None
            ]
            return [*held, *none, *_carried(office, choices, who, run, workers)]


def _carried(office: Office, choices: Sequence[Choice], who: Who, run: str | None, workers: int) -> list[Said]:
    alike: dict[tuple[str, str], list[Choice]] = {}
    for one in choices:
        if one.agency is not None:
            alike.setdefault((one.agency.agency_id, one.debt.country), []).append(one)
    said = []
    for _, some in sorted(alike.items()):
        agency = some[0].agency
        if agency is not None:
            until = (who.on + timedelta(days=agency.terms.term_days)).isoformat()
            common = _Alike(
                agency.agency_id, agency.number, some[0].debt.country, who.on.isoformat(), until, agency.terms
            )  # fmt: skip
            carried = Carried("placed", who, run=run, details=partial(_kept, common))
            said += batches.carry_out(office, carried, [one.debt.ending.number for one in some], workers)
    return said


def _kept(alike: _Alike, _: Ending, owed: Owed) -> Mapping[str, Any]:
    """Return what is kept of a placement: the terms, and the debt as it stood."""
    return {
        "agency": alike.agency, "terms": alike.number, "country": alike.country, "placed_on": alike.placed_on,
        "until": alike.until, "owed": owed.owed, "overdue": owed.overdue, "currency": owed.currency,
        "days_past_due": owed.days_past_due, "commission_ppm": alike.terms.ppm(owed.days_past_due),
        "event": {"agency": alike.agency, "engaged_by": OWN, "lender_agrees": True},
    }  # fmt: skip


def recall(opened: Opened, who: Who, why: str, where: str = "true", values: Sequence[Any] = ()) -> list[Ending]:
    """Recall placements that a condition over `e` names; the agency is told with its next files.

    DueCourseError where whoever does it may not.
    """
    refuse_unnamed(opened.connection, who.by)
    return _ended(opened, "recalled", who, why, moving.read(opened.connection, f"{_PLACED} AND ({where})", values))


def end_terms(opened: Opened, who: Who) -> list[Ending]:
    """Return what has come to the end of its term; nobody need decide that, for it was agreed."""
    return _ended(opened, "returned", who, END_OF_TERM, moving.read(opened.connection, _OVER, [who.on]))


def _ended(opened: Opened, state: str, who: Who, why: str, endings: Sequence[Ending]) -> list[Ending]:
    going = [one for one in endings if not one.waits_for_review]
    moves = Moving(opened.connection, opened.ring)
    for first in range(0, len(going), _AT_ONCE):
        some = going[first : first + _AT_ONCE]
        moves.move([Move(one, state, why, details=end_of(one, who.on)) for one in some], who)
    return going


def end_of(ending: Ending, on: date) -> dict[str, Any]:
    """Return what is kept of the end of a placement."""
    return {"ended_on": on.isoformat(), "event": {"agency": ending.details["agency"]}}


@contextmanager
def _alone(connection: Connection[TupleRow]) -> Iterator[None]:
    """Keep others who place waiting: two would fill the same room."""
    connection.execute("SELECT pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [_ONE_AT_A_TIME])
