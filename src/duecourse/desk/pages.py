"""The pages of collectors: the queue, a case, the buttons of it, and what becomes of pressing one."""

from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from duecourse.day.facts import Told
from duecourse.day.reasons import why as why_of
from duecourse.desk import acting, calling, forms, queue, telling
from duecourse.desk.access import ALL_CASES, CASES, for_staff
from duecourse.desk.opening import admitted, opened, way_of
from duecourse.kernel.errors import DueCourseError
from duecourse.store.models import Staff
from duecourse.store.roles import Role
from duecourse.web.refusals import refused


@require_GET
@for_staff(*CASES)
def my_queue(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what is to be done by the user's teams; supervisors and compliance see that of all teams."""
    with opened(request) as store:
        is_all = Role(user.role) in ALL_CASES
        teams = list(store.rules.strategy.teams) if is_all else user.teams
        page = queue.of_teams(store.connection, store.ring, teams, store.on, request.GET.get("after"))
        shown = {"page": page, "teams": teams, "plan": store.plan, "at": store.at, "title": _("My queue")}
        return render(request, "desk/queue.html", shown)


@require_GET
@for_staff(*CASES)
def one_case(request: HttpRequest, user: Staff, number: int) -> HttpResponse:
    """Show a case."""
    with opened(request) as store:
        found = admitted(store, user, number)
        rules = store.rules
        ways = acting.ways(
            store.gate, rules.strategy, rules.law, store.connection, found, store.at, store.plan.zone
        )  # fmt: skip
        shown = {"case": found, "ways": ways, "at": store.at, "teams": rules.strategy.teams}
        shown["has_inquiry"] = rules.settings.inquiry is not None
        return render(request, "desk/case.html", shown)


@require_GET
@for_staff(*CASES)
def opens(request: HttpRequest, user: Staff, number: int, channel: str) -> HttpResponse:
    """Say from when an act that is refused now would be lawful: a part of the page of a case."""
    with opened(request) as store:
        found = admitted(store, user, number)
        way = way_of(store, found, channel)
        at = acting.lawful_from(store.gate, way.asked, store.at, found.zone, store.plan.zone)
        return render(request, "desk/opens.html", {"case": found, "from": at, "days": acting.DAYS_AHEAD})


@require_GET
@for_staff(*CASES)
def words(request: HttpRequest, user: Staff, number: int, channel: str) -> HttpResponse:
    """Show what a channel would say now, in the borrower's language: a part of the page of a case."""
    with opened(request) as store:
        found = admitted(store, user, number)
        way = way_of(store, found, channel)
        try:
            said = acting.words(store.gate, way, found, store.on)
        except DueCourseError as error:
            return render(request, "desk/words.html", {"why": str(error)})
        return render(request, "desk/words.html", {"words": said})


@require_POST
@for_staff(Role.COLLECTOR, Role.SUPERVISOR)
def press(request: HttpRequest, user: Staff, number: int, channel: str) -> HttpResponse:
    """Ask the gate for an act, and release it where it says yes."""
    with opened(request) as store:
        found = admitted(store, user, number)
        way = way_of(store, found, channel)
        decision, placed = acting.press(store.gate, way, store.at, calling.calls_of(store, request, user))
        why = why_of(store.rules.law, decision.reasons)
        shown = {
            "case": found, "way": way, "decision": decision, "why": why, "at": store.at, "placed": placed,
            "outcomes": calling.KEYS,
        }  # fmt: skip
        return render(request, "desk/pressed.html", shown)


@require_http_methods(["GET", "POST"])
@for_staff(Role.COLLECTOR, Role.SUPERVISOR, Role.COMPLIANCE)
def tell(request: HttpRequest, user: Staff, number: int) -> HttpResponse:
    """Note what a borrower told, and go back to the case; what is wrong with it is said beside the field."""
    with opened(request) as store:
        found = admitted(store, user, number)
        loans = list(found.known.loans)
        currency = found.loans[0].loan.currency if found.loans else ""
        first = {"fact_id": uuid4().hex, "what": request.GET.get("what", "promise")}
        form = forms.Told(loans, currency, request.POST or None, initial=first)
        if request.method == "POST" and form.is_valid():
            told = Told(form.cleaned_data["fact_id"], number, store.at, store.on)
            try:
                telling.note(store.connection, store.ring, user.user_id, told, form.note)
            except DueCourseError as error:
                form.add_error(None, str(error))
            else:
                return redirect("desk:case", number)
        return render(request, "desk/tell.html", {"case": found, "form": form, "currency": currency})


@require_GET
@for_staff(*CASES)
def next_case(request: HttpRequest, user: Staff, number: int) -> HttpResponse:
    """Go to the case that comes after one in the user's queue, or to the queue where none does."""
    with opened(request) as store:
        page = queue.of_teams(store.connection, store.ring, user.teams, store.on)
        others = [row.borrower for row in page.rows if row.borrower != number]
        behind = [row.borrower for row in page.rows]
        place = behind.index(number) + 1 if number in behind else 0
        following = next((one for one in behind[place:] if one != number), None) or (others[0] if others else None)
        return redirect("desk:case", following) if following else redirect("desk:queue")


@require_GET
@for_staff(*Role)
def nothing(request: HttpRequest, user: Staff) -> HttpResponse:
    """Tell administrators that there are no cases for them here."""
    what = _("Your role adds users and sets limits. It looks at no borrower. Use the command line for it.")
    return refused(request, 200, user.user_id, what)
