"""The pages of supervisors: how the work goes, what has stuck, the stop button, approvals, and who does what."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from duecourse.day import dispatch, worker
from duecourse.day.facts import Told
from duecourse.day.handing_over import give
from duecourse.day.reaching import POINTS
from duecourse.day.waiving import Waiving
from duecourse.desk import charts, figures
from duecourse.desk.access import for_staff
from duecourse.desk.figures import BY, Share
from duecourse.desk.opening import Open, opened
from duecourse.desk.tables import Cell, Press, Table, drawn, number
from duecourse.store.models import Staff
from duecourse.store.roles import Role
from duecourse.web.showing import called, moment, money

SPANS: Final = (7, 28, 90)
PICTURES: Final = ("reached", "promises", "cured", "rolled", "paid")
_OUTBOX: Final = "SELECT channel, state, count(*), min(released_at) FROM outbox GROUP BY 1, 2 ORDER BY 1, 2"
_STOPPED: Final = "SELECT name, stopped_at, by FROM switch WHERE stopped_at IS NOT NULL ORDER BY 1"
_FAILED: Final = """
SELECT o.channel, b.borrower_id, o.borrower_no, o.state, o.released_at, o.why FROM outbox o
JOIN borrower b ON b.id = o.borrower_no WHERE o.state IN ('failed', 'expired') ORDER BY o.released_at DESC LIMIT 100"""
_TEAMS: Final = """
SELECT team, channel, act, count(*) FILTER (WHERE state = 'waiting'), count(*) FROM planned_act
WHERE planned_on = (SELECT max(planned_on) FROM plan) AND team IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""


@require_GET
@for_staff(Role.SUPERVISOR, Role.COMPLIANCE)
def board(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show how the work goes, by stage, arm or team."""
    del user
    by, span = _asked(request)
    with opened(request) as store:
        acts, shares = _acts(store, by, span), _shares(store, by, span)
        money_in = _recovered(store, by, span)
    titles = {
        "reached": _("Calls and visits in which the borrower was spoken to"), "promises": _("Promises kept"),
        "cured": _("Overdue thirty days ago, and clear now"),
        "rolled": _("Overdue thirty days ago, and longer overdue now"), "paid": _("Borrowers who paid"),
    }  # fmt: skip
    head = [called(by, "board"), _("How many"), _("Of"), _("Share"), _("Between")]
    tables = [acts, money_in]
    for name in PICTURES:
        at = f"{reverse('desk:picture', args=[name])}?by={by}&days={span}"
        has_picture = any(one.interval for one in shares[name])
        tables.append(Table(titles[name], head, [_row(one) for one in shares[name]], picture=at if has_picture else ""))
    spans = [(days, f"{request.path}?by={by}&days={days}") for days in SPANS]
    others = [(called(one, "board"), f"{request.path}?by={one}&days={span}", one == by) for one in BY]
    says = _("Between: where the true share lies, 95 times of a hundred (Wilson).")
    return drawn(request, _("How it goes"), tables, says, spans=spans, span=span, others=others)


@require_GET
@for_staff(Role.SUPERVISOR, Role.COMPLIANCE)
def picture(request: HttpRequest, user: Staff, name: str) -> HttpResponse:
    """Draw one of the board's charts."""
    del user
    if name not in PICTURES:
        raise Http404
    by, span = _asked(request)
    with opened(request) as store:
        found = _shares(store, by, span)[name]
    return HttpResponse(charts.shares("", found), content_type="image/svg+xml")


@require_GET
@for_staff(Role.SUPERVISOR)
def outbox(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what is queued, what nobody knows the fate of, what failed, and what is stopped."""
    del user
    with opened(request) as store:
        unsure = dispatch.unsure(store.connection)
        with store.connection.transaction():
            counts = store.connection.execute(_OUTBOX).fetchall()
            failed = store.connection.execute(_FAILED).fetchall()
            stopped = {name: (at, by) for name, at, by in store.connection.execute(_STOPPED).fetchall()}
    at = reverse("desk:resolve")
    answers = (("left", _("It left")), ("not", _("It did not leave")))
    tables = [
        Table(
            _("Stop and go on"), [_("What"), _("Stopped"), ""],
            [_switch(name, stopped.get(name)) for name in ("all", *sorted(POINTS))],
            says=_("What is stopped is not released and does not leave, from this second."),
        ),
        Table(
            _("Messages"), [_("Channel"), _("State"), _("How many"), _("Oldest")],
            [[Cell(called(channel, "channel")), Cell(called(state, "message")), number(count), Cell(moment(oldest))]
             for channel, state, count, oldest in counts],
        ),
        Table(
            _("Nobody knows whether these left"), [_("Channel"), _("Borrower"), _("Released"), _("Why"), ""],
            [[Cell(called(channel, "channel")), Cell(borrower_id, reverse("desk:case", args=[borrower])),
              Cell(moment(released_at)), Cell(why),
              Cell(presses=tuple(Press(at, says, {"number": str(message), "to": to}) for to, says in answers))]
             for message, channel, borrower, borrower_id, released_at, why in unsure],
            says=_("They are not sent again. Ask the provider, and say what you found."),
        ),
        Table(
            _("These did not leave"), [_("Channel"), _("Borrower"), _("State"), _("Released"), _("Why")],
            [[Cell(called(channel, "channel")), Cell(borrower_id, reverse("desk:case", args=[borrower])),
              Cell(called(state, "message")), Cell(moment(released_at)), Cell(why)]
             for channel, borrower_id, borrower, state, released_at, why in failed],
        ),
    ]  # fmt: skip
    return drawn(request, _("Outbox"), tables)


@require_POST
@for_staff(Role.SUPERVISOR)
def resolve(request: HttpRequest, user: Staff) -> HttpResponse:
    """Say what became of a message whose fate nobody knew."""
    given = request.POST.get("number", "")
    if not given.isdecimal() or request.POST.get("to") not in {"left", "not"}:
        raise Http404
    with opened(request) as store:
        dispatch.resolve(
            store.connection, store.ring, user.user_id, int(given), store.at, left=request.POST["to"] == "left"
        )
    return redirect("desk:outbox")


@require_POST
@for_staff(Role.SUPERVISOR)
def switch(request: HttpRequest, user: Staff) -> HttpResponse:
    """Stop everything or a channel, or let it go on."""
    name = request.POST.get("name", "")
    if name not in {"all", *POINTS}:
        raise Http404
    with opened(request) as store:
        if request.POST.get("to") == "stop":
            worker.stop(store.connection, name, store.at, user.user_id)
        else:
            worker.start(store.connection, name, store.at, user.user_id)
    return redirect("desk:outbox")


@require_GET
@for_staff(Role.SUPERVISOR, Role.COMPLIANCE)
def approvals(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show waivers and settlements that wait for a second person."""
    with opened(request) as store:
        waiting = Waiving(store.connection, store.ring).waiting(store.at)
        currencies = _currencies(store, [one.wanted.loan_id for one in waiting])
    at = reverse("desk:decide")
    rows = [
        [Cell(called(str(one.wanted.what), "approval")), Cell(one.wanted.loan_id),
         Cell(money(one.wanted.amount, currencies.get(one.wanted.loan_id, "USD")), is_amount=True),
         Cell(one.asked_by), Cell(moment(one.expires_at)),
         Cell(presses=() if one.asked_by == user.user_id else (
             Press(at, _("Grant"), {"number": str(one.number), "to": "grant"}, _("Reason")),
             Press(at, _("Refuse"), {"number": str(one.number), "to": "refuse"}, _("Reason"))))]
        for one in waiting
    ]  # fmt: skip
    head = [_("What"), _("Loan"), _("Amount"), _("Asked by"), _("Until"), ""]
    says = _("Whoever asked does not decide.")
    return drawn(request, _("Approvals"), [Table(_("What waits"), head, rows, empty=_("Nothing waits."))], says)


@require_POST
@for_staff(Role.SUPERVISOR, Role.COMPLIANCE)
def decide(request: HttpRequest, user: Staff) -> HttpResponse:
    """Grant or refuse what waits for a second person."""
    given = request.POST.get("number", "")
    if not given.isdecimal():
        raise Http404
    with opened(request) as store:
        waiving = Waiving(store.connection, store.ring)
        grants, why = request.POST.get("to") == "grant", request.POST.get("why", "")
        waiving.decide(user.user_id, int(given), store.at, store.on, grants=grants, why=why)
    return redirect("desk:approvals")


@require_GET
@for_staff(Role.SUPERVISOR)
def teams(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what waits for each team beside what it can do, and who is in it."""
    del user
    with opened(request) as store, store.connection.transaction():
        rows = store.connection.execute(_TEAMS).fetchall()
        capacity = store.rules.strategy.capacity_per_day
    people = Staff.objects.filter(is_active=True).order_by("user_id")
    lines = []
    for team, channel, act, waits, planned in rows:
        most = capacity.get(channel or act, {}).get(team)
        what = called(channel, "channel") if channel else called(act, "act")
        share = "–" if not most else f"{100 * planned // most} %"  # down: whole per cent
        lines.append([Cell(team), Cell(what), number(waits), number(planned), number(most), number(share)])
    members = [[Cell(one.user_id), Cell(called(one.role, "role")), Cell(", ".join(one.teams))] for one in people]
    head = [_("Team"), _("What"), _("Waits"), _("Planned today"), _("Can do in a day"), _("Share")]
    tables = [
        Table(_("Work and capacity"), head, lines),
        Table(_("People"), [_("User"), _("Role"), _("Teams")], members,
              says=_("Who is in which team an administrator says: duecourse staff teams.")),
    ]  # fmt: skip
    return drawn(request, _("Teams"), tables)


@require_POST
@for_staff(Role.SUPERVISOR)
def hand_over(request: HttpRequest, user: Staff, case: int) -> HttpResponse:
    """Give what waits of a case to another team."""
    team = request.POST.get("team", "")
    with opened(request) as store:
        if team not in store.rules.strategy.teams:
            raise Http404
        told = Told(f"handed-{uuid4().hex}", case, store.at, store.on)
        give(store.connection, store.ring, user.user_id, told, team)
    return redirect("desk:case", case)


def _asked(request: HttpRequest) -> tuple[str, int]:
    """Return by what is counted, and over how many days."""
    by, days = request.GET.get("by", ""), request.GET.get("days", "")
    span = int(days) if days.isdecimal() and int(days) in SPANS else SPANS[1]
    return by if by in BY else BY[0], span


def _since(store: Open, span: int) -> datetime:
    return store.at - timedelta(days=span)


def _shares(store: Open, by: str, span: int) -> dict[str, Sequence[Share]]:
    since = _since(store, span)
    moved = figures.moved(store.connection, store.rules.strategy.buckets.ranges, by)
    return {
        "reached": [one.reached for one in figures.acted(store.connection, since, by)],
        "promises": figures.promised(store.connection, store.on, since.date(), by),
        "cured": [one.cured for one in moved],
        "rolled": [one.rolled for one in moved],
        "paid": _payers(figures.recovered(store.connection, store.rules.settings.costs, since.date(), by)),
    }


def _payers(found: Sequence[figures.Recovered]) -> list[Share]:
    """Sum who paid over currencies: a borrower's loans are in one, but for few."""
    sums: dict[str, Share] = {}
    for one in found:
        before = sums.get(one.key)
        sums[one.key] = Share(one.key, one.paid.count + (before.count if before else 0), one.paid.of)
    return [Share(one.key, min(one.count, one.of), one.of) for one in sums.values()]


def _acts(store: Open, by: str, span: int) -> Table:
    found = figures.acted(store.connection, _since(store, span), by)
    rows = [[Cell(one.key), number(one.asked), number(one.permitted), number(one.made)] for one in found]
    return Table(_("Acts"), [called(by, "board"), _("Asked of the gate"), _("Permitted"), _("Contacts made")], rows)


def _recovered(store: Open, by: str, span: int) -> Table:
    found = figures.recovered(store.connection, store.rules.settings.costs, _since(store, span).date(), by)
    rows = [
        [Cell(one.key), Cell(money(one.amount, one.currency), is_amount=True),
         Cell("–" if one.cost is None else money(one.cost, one.currency), is_amount=True),
         Cell("–" if one.net is None else money(one.net, one.currency), is_amount=True)]
        for one in found
    ]  # fmt: skip
    head = [called(by, "board"), _("Came in"), _("Contacts cost"), _("Net")]
    says = _("What a contact costs is in the lender's settings; a dash where one is missing.")
    return Table(_("Money"), head, rows, says=says)


def _row(one: Share) -> list[Cell]:
    interval = one.interval
    if interval is None:
        return [Cell(one.key), number(one.count), number(one.of), Cell(_("too few")), Cell("")]
    low, high = interval
    share = f"{one.count / one.of:.1%}"  # float: for people
    return [Cell(one.key), number(one.count), number(one.of), number(share), number(f"{low:.1%} – {high:.1%}")]


def _switch(name: str, stopped: tuple[datetime, str] | None) -> list[Cell]:
    says = _("Everything") if name == "all" else called(name, "channel")
    if stopped is None:
        press = Press(reverse("desk:switch"), _("Stop"), {"name": name, "to": "stop"})
        return [Cell(says), Cell(""), Cell(presses=(press,))]
    press = Press(reverse("desk:switch"), _("Go on"), {"name": name, "to": "start"})
    return [Cell(says), Cell(f"{moment(stopped[0])}, {stopped[1]}", is_bad=True), Cell(presses=(press,))]


def _currencies(store: Open, loans: Sequence[str]) -> dict[str, str]:
    with store.connection.transaction():
        rows = store.connection.execute(
            "SELECT loan_id, currency FROM case_loan WHERE loan_id = ANY(%s)", [list(loans)]
        ).fetchall()
    return {str(loan): str(currency) for loan, currency in rows}
