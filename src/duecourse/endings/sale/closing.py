"""The close of a sale: at the end of the day of settlement, on what each debt owes then.

    close(office, portfolio, who, workers) -> Closed

Each debt is judged again in the transaction that sells it; what may not be sold any more is declined with the reasons,
and not paid for. Killed and done again, it goes on with what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.owed import Owed
from duecourse.endings import batches, moving
from duecourse.endings.batches import Carried
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain

_OFFERED: Final = "e.kind = 'sale' AND e.run = %s AND e.state = 'offered'"
_CLOSE: Final = "UPDATE portfolio SET state = 'closed', closed_at = %s WHERE name = %s AND state = 'open'"
_TOTALS: Final = """
SELECT count(*), coalesce(sum((details->'closing'->>'owed')::bigint), 0)::bigint,
    coalesce(sum((details->'closing'->>'price')::bigint), 0)::bigint
FROM ending WHERE kind = 'sale' AND run = %s AND details ? 'closing'"""


@dataclass(frozen=True)
class Closed:
    """A sale that was closed: how many debts, what they owed at the close, and the price; minor units.

    `declined` are loans that were offered and not sold, with the reasons; `waiting` those of which a review is open.
    """

    debts: int
    owed: int
    price: int
    declined: Mapping[str, str]
    waiting: tuple[str, ...] = ()


def close(office: Office, portfolio: Portfolio, who: Who, workers: int = 1) -> Closed:
    """Sell what is offered, and decline what may not be sold; once nothing is left it is closed.

    DueCourseError before the day of settlement.
    """
    if who.on < portfolio.settles_on:
        raise DueCourseError(f"portfolio {portfolio.name} settles on {portfolio.settles_on}: close it then")
    with office.place.connected() as connection:
        offered = moving.read(connection, _OFFERED, [portfolio.name])
    numbers = [one.number for one in offered if not one.waits_for_review]
    details = partial(_closing, portfolio)
    carried = Carried("sold", who, f"sold to {portfolio.buyer}", None, details, portfolio.told)
    said = batches.carry_out(office, carried, numbers, workers)
    reasons = {one.loan_id: ", ".join(one.reasons) for one in said if not one.is_done}
    list(office.in_parts(partial(_declined, who, reasons), [one.number for one in offered if one.loan_id in reasons]))
    with office.place.connected() as connection:
        waiting = tuple(one.loan_id for one in moving.read(connection, _OFFERED, [portfolio.name]))
        if not waiting:
            _end(connection, portfolio, who)
        return told(connection, portfolio, waiting)


def told(connection: Connection[TupleRow], portfolio: Portfolio, waiting: tuple[str, ...] = ()) -> Closed:
    """Return how a sale was closed, as it is kept."""
    with connection.transaction():
        ((debts, owed, price),) = connection.execute(_TOTALS, [portfolio.name]).fetchall()
        declined = connection.execute(
            "SELECT e.loan_id, t.why FROM ending e JOIN ending_step t ON t.ending_no = e.id"
            " WHERE e.kind = 'sale' AND e.run = %s AND t.state = 'declined' ORDER BY e.loan_id",
            [portfolio.name],
        ).fetchall()
    return Closed(int(debts), int(owed), int(price), dict(declined), waiting)


def _closing(portfolio: Portfolio, _: Ending, now: Owed) -> dict[str, Any]:
    """Return what is kept of a debt at its sale: what it owed at that second, and its price."""
    price = portfolio.price_of(max(now.owed, 0), now.days_past_due)
    return {"closing": {"owed": now.owed, "days_past_due": now.days_past_due, "price": price}}


def _declined(who: Who, reasons: Mapping[str, str], opened: Opened, numbers: Sequence[int]) -> None:
    endings = moving.read(opened.connection, "e.id = ANY(%s) AND e.state = 'offered'", [list(numbers)])
    moves = [Move(one, "declined", reasons[one.loan_id]) for one in endings if not one.waits_for_review]
    Moving(opened.connection, opened.ring).move(moves, who)


def _end(connection: Connection[TupleRow], portfolio: Portfolio, who: Who) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        if cursor.execute(_CLOSE, [who.at, portfolio.name]).rowcount:
            body = {"buyer": portfolio.buyer, "settles_on": str(portfolio.settles_on)}
            chain.append_own(
                cursor, [chain.Draft(who.at, "portfolio.closed", who.by, body, portfolio.name, plain=True)]
            )
