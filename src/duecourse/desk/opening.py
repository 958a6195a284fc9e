"""What a page of the desk needs of the store, opened for one request; and the case that it is about.

with opened(request) as store:
    admitted(store, user, number) -> Case             Http404 where it is not the user's to see
    way_of(store, case, "call") -> Way
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.http import Http404, HttpRequest
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Window
from duecourse.day.gate import VALID, Gate
from duecourse.day.in_force import InForce, in_force
from duecourse.desk import acting, case
from duecourse.desk.access import admit
from duecourse.store.keys import Keyring
from duecourse.store.models import Staff
from duecourse.web.edge import Rules, edge_of


@dataclass(frozen=True)
class Open:
    """What a page needs of the store: a connection, its gate, the keys, the plan in force, and the moment.

    The gate has a connection of its own thread, which is this one.
    """

    connection: Connection[TupleRow]
    gate: Gate
    rules: Rules
    ring: Keyring
    plan: InForce
    at: datetime

    @property
    def on(self) -> date:
        """The book's day at this moment."""
        return Window.of(self.at, VALID, self.plan.zone, self.plan.zone).booked_on


@contextmanager
def opened(request: HttpRequest) -> Iterator[Open]:
    """Open the store for a page; DueCourseError where no plan is in force."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        plan = in_force(connection)
        yield Open(connection, edge.gates.of(connection, plan), edge.gates.rules, edge.ring, plan, edge.now())


def admitted(store: Open, user: Staff, number: int) -> case.Case:
    """Return a case that a user may see; Http404 of others."""
    admit(store.connection, user, number)
    found = case.found(store.connection, store.ring, number, store.on)
    if found is None:
        raise Http404
    return found


def way_of(store: Open, found: case.Case, channel: str) -> acting.Way:
    """Return a channel of a case, with what the gate says of it now; Http404 where the stage has none."""
    rules = store.rules
    ways = acting.ways(store.gate, rules.strategy, rules.law, store.connection, found, store.at, store.plan.zone)
    way = next((one for one in ways if one.channel == channel), None)
    if way is None:
        raise Http404
    return way
