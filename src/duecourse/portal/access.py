"""Whose page it is: a session in which somebody has said who they are, for half an hour after they last did something.

    @for_borrower
    def view(request, own): ...

`own` is all that a page may know, and it is one borrower's: no page takes whose it is from an address or a form.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from zoneinfo import ZoneInfo

import psycopg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Window
from duecourse.day.composing import opened_name
from duecourse.day.facts import Told
from duecourse.day.gate import VALID, Gate
from duecourse.day.in_force import in_force
from duecourse.day.known import Hold, Known, read
from duecourse.day.settings import Portal
from duecourse.day.sums import Sums, sums
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring
from duecourse.store.line import Line
from duecourse.web.edge import Rules, edge_of
from duecourse.web.refusals import refused

BY: Final = "borrower"
"""Who has done it, in the audit chain of whose it is."""
_SESSION: Final = "borrower"
_IDLE: Final = timedelta(minutes=30)
_LOCAL: Final = "http://127.0.0.1"  # what stands for the portal's address in a store without settings for one

P = ParamSpec("P")


@dataclass(frozen=True, repr=False)
class Own:
    """What a page of the portal knows: the borrower who has come in, and the store as far as it is about them."""

    connection: Connection[TupleRow]
    gate: Gate
    rules: Rules
    ring: Keyring
    at: datetime
    on: date
    borrower: int
    known: Known
    name: str | None
    loans: tuple[Sums, ...]

    @property
    def borrower_id(self) -> str:
        """The lender's id."""
        return self.known.person.borrower_id

    @property
    def settings(self) -> Portal:
        """The lender's settings of the portal."""
        return portal_of(self.rules)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What stops collection today."""
        return tuple(hold for hold in self.known.holds if hold.holds(self.on, self.on, self.on))

    @property
    def words(self) -> dict[str, str]:
        """The lender's own words (names, numbers, addresses) in the language of the page."""
        words = self.rules.settings.words
        return dict(words.get(language(), {}) or next(iter(words.values()), {}))

    def told(self, fact_id: str) -> Told:
        """Return whose a fact is that is told now, and when."""
        return Told(fact_id, self.borrower, self.at, self.on)

    @property
    def who(self) -> Who:
        """Who does it."""
        return Who(BY, self.at, self.on)

    def loan(self, loan_id: str) -> Sums | None:
        """Return a loan of theirs."""
        return next((one for one in self.loans if one.loan.loan_id == loan_id), None)


def language() -> str:
    """Return the language of the page, as the lender's settings name it."""
    from django.utils.translation import get_language

    return (get_language() or "en").partition("-")[0]


def portal_of(rules: Rules) -> Portal:
    """Return the settings of the portal; those of ours where the lender has none."""
    return rules.settings.portal or Portal(address=_LOCAL)


def come_in(request: HttpRequest, borrower: int, at: datetime) -> None:
    """Let somebody in who has said who they are; what the session was before is over, but for a demonstration's."""
    if edge_of(request).is_demo:
        request.session.cycle_key()
    else:
        request.session.flush()
    request.session[_SESSION] = [borrower, at.timestamp()]


def go_out(request: HttpRequest) -> None:
    """Forget who it was."""
    request.session.pop(_SESSION, None)


def who_is_in(request: HttpRequest) -> int | None:
    """Return the number of the borrower who is in, and note that they are still there."""
    number, since = request.session.get(_SESSION, (None, 0.0))  # float: seconds, as a session keeps a moment
    at = edge_of(request).now().timestamp()
    if number is None or at - since > _IDLE.total_seconds():
        go_out(request)
        return None
    request.session[_SESSION] = [number, at]
    return int(number)


def for_borrower(view: Callable[Concatenate[HttpRequest, Own, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a view be opened by a borrower who has come in; what is theirs is its second argument."""

    @wraps(view)
    def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        number = who_is_in(request)
        if number is None:
            return redirect("portal:start")
        try:
            with own_of(request, number) as own:
                if own is None:
                    go_out(request)
                    return redirect("portal:nothing")
                with timezone.override(ZoneInfo(own.known.zones[0]) if own.known.zones else None):
                    return view(request, own, *args, **kwargs)
        except DueCourseError as error:
            return refused(request, 409, _("Not now"), str(error))
        except psycopg.OperationalError:
            return refused(request, 503, _("Not now"), _("Please try again in a minute."))

    return opened


@contextmanager
def own_of(request: HttpRequest, borrower: int) -> Iterator[Own | None]:
    """Open what is a borrower's; None of whom there is no case any more."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        ring, at, plan = edge.ring, edge.now(), in_force(connection)
        gate = edge.gates.of(connection, plan)
        on = Window.of(at, VALID, plan.zone, plan.zone).booked_on
        line = Line(connection, keeps=False)
        with line.transaction():
            known = read(line, [borrower], locked=False).cases.get(borrower)
        if known is None:
            yield None
            return
        loans = tuple(sums(known.loans.values(), on))
        yield Own(connection, gate, edge.gates.rules, ring, at, on, borrower, known, opened_name(ring, known), loans)
