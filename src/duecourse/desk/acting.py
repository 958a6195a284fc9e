"""What may be done about a case now, and the doing of it: each channel asked of the gate, a no with rule and moment.

    ways(gate, rules, connection, case, at) -> [Way, ...]     what each button of the page says
    lawful_from(gate, asked, at, zone) -> moment or None      from when the law would let it pass
    press(gate, way, at, calls) -> (Decision, Placed | None)  the act itself, decided and written like any other

What a button says may be over the moment after; pressing asks again, under the lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked, Window
from duecourse.day.calling import Calls, Placed
from duecourse.day.decision import Decision, Words
from duecourse.day.gate import Gate
from duecourse.day.owed import owed
from duecourse.day.reasons import Why, why
from duecourse.day.worker import asked_of
from duecourse.desk.case import Case
from duecourse.law.rulebook import Law
from duecourse.strategy.models import Strategy, Treatment

CALL: Final = "call"  # the channel
DAYS_AHEAD: Final = 14
"""How far ahead the moment is looked for from which an act is lawful."""

_NO_KEY: Final = "0" * 32  # of a message that is only looked at: its link opens nothing
_HOUR, _MINUTE, _DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
_PLANNED: Final = """
SELECT treatment, id, loans FROM planned_act
WHERE borrower_no = %s AND state = 'waiting' AND planned_on = (SELECT max(planned_on) FROM plan)"""


@dataclass(frozen=True)
class Way:
    """A channel by which the borrower may be reached at this stage, and what the gate says of it now."""

    channel: str
    asked: Asked
    is_permitted: bool
    why: tuple[Why, ...]

    @property
    def treatment(self) -> str:
        """What of the strategy is done."""
        return self.asked.treatment


def ways(
    gate: Gate, strategy: Strategy, law: Law, connection: Connection[TupleRow], case: Case, at: datetime, zone: str
) -> list[Way]:
    """Ask the gate about each channel that the strategy has at the case's stage; `zone` is the book's."""
    planned = {name: (number, tuple(loans)) for name, number, loans in _planned(connection, case.number)}
    asked = list(_asked(strategy, case, planned))
    if not asked:
        return []
    window = Window.of(at, _MINUTE, case.zone or zone, zone)
    shown = [replace(one, planned_act=None) for one in asked]  # whether it still waits is seen when it is pressed
    said = gate.judged(shown, [window] * len(shown), locked=False)
    pairs = zip(asked, said, strict=True)
    return [Way(one.channel or one.act, one, each.is_permitted, why(law, each.reasons)) for one, each in pairs]


def lawful_from(gate: Gate, asked: Asked, at: datetime, borrower_zone: str, zone: str) -> datetime | None:
    """Return the first minute from which an act would be permitted as things stand; None where it is not soon.

    Looked for hour by hour, a day in one trip, and then to the minute: what opens and shuts within an hour is passed.
    """
    about = replace(asked, planned_act=None)

    def permitted(moments: Sequence[datetime]) -> list[bool]:
        windows = [Window.of(moment, _MINUTE, borrower_zone or zone, zone) for moment in moments]
        return [one.is_permitted for one in gate.judged([about] * len(windows), windows, locked=False)]

    begin = at.replace(minute=0, second=0, microsecond=0) + _HOUR
    for day in range(DAYS_AHEAD):
        hours = [begin + day * _DAY + hour * _HOUR for hour in range(24)]
        opens = next((hour for hour, is_open in zip(hours, permitted(hours), strict=True) if is_open), None)
        if opens is not None:
            minutes = [opens - minute * _MINUTE for minute in range(59, -1, -1)]
            later = [minute for minute in minutes if minute > at]
            return next(minute for minute, is_open in zip(later, permitted(later), strict=True) if is_open)
    return None


def press(gate: Gate, way: Way, at: datetime, calls: Calls | None = None) -> tuple[Decision, Placed | None]:
    """Decide an act and release it, if it is permitted now; yes or no, it is written.

    A call is placed at once, where there is somebody who places `calls`.
    """
    if calls is not None and way.channel == CALL:
        return calls.place(way.asked)
    (decision,) = gate.decide([way.asked], at)
    return decision, None


def words(gate: Gate, way: Way, case: Case, on: date) -> Words:
    """Return what a message would say on a day; DueCourseError where it would have a hole. Nothing leaves."""
    loans = [loan for loan in owed(list(case.known.loans.values()), on) if loan.loan_id in way.asked.loans]
    return gate.compose(way.asked, case.known, [loan for loan in loans if loan.overdue] or loans, on, _NO_KEY)


def _planned(connection: Connection[TupleRow], borrower: int) -> list[TupleRow]:
    with connection.transaction():
        return connection.execute(_PLANNED, [borrower]).fetchall()


def _asked(strategy: Strategy, case: Case, planned: Mapping[str, tuple[int, tuple[str, ...]]]) -> Iterator[Asked]:
    """Go through the channels of the case's stage: what is planned first, else the first that the strategy has."""
    loans = tuple(case.known.loans)
    for treatment in _by_channel(strategy, case, planned):
        number, about = planned.get(treatment.name, (None, loans))
        yield asked_of(strategy, treatment, case.number, about, number)


def _by_channel(strategy: Strategy, case: Case, planned: Mapping[str, object]) -> list[Treatment]:
    rung = next((rung for rung in strategy.ladder if rung.stage == case.stage), None)
    found: dict[str, Treatment] = {}
    for one in rung.treatments if rung else ():
        is_open = one.act == "contact" and one.channel and (one.arms is None or case.arm in {None, *one.arms})
        if is_open and (one.channel not in found or one.name in planned):
            found[str(one.channel)] = one
    return list(found.values())
