"""A plan to pay in parts, worked out with the borrower on the telephone: the same as they would see by themselves."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.day.facts import Told
from duecourse.day.money.agreed import arrange
from duecourse.day.money.planning import MONTHS_MOST, plan
from duecourse.day.sums import Sums
from duecourse.desk.access import CASES, for_staff
from duecourse.desk.case import Case
from duecourse.desk.opening import admitted, opened
from duecourse.kernel.errors import DueCourseError
from duecourse.store.models import Staff
from duecourse.web import plans
from duecourse.web.showing import money


@require_http_methods(["GET", "POST"])
@for_staff(*CASES)
def afford(request: HttpRequest, user: Staff, number: int, loan_id: str) -> HttpResponse:
    """Show a plan that a borrower can afford with all that it costs."""
    with opened(request) as store:
        found = admitted(store, user, number)
        one = _loan(found, loan_id)
        debts = plans.other_debts(found.loans, loan_id, store.on)
        form = plans.Afford(
            one.loan.currency, store.on, request.POST or None, initial={"first_on": store.on}, debts=debts
        )
        shown: dict[str, Any] = {"case": found, "one": one, "form": form}
        shown |= {"agree_at": reverse("desk:agree", args=[number]), "home_at": reverse("desk:case", args=[number])}
        if request.method == "POST" and form.is_valid():
            cap = plans.cap_on(store.rules, found.known, one.loan, store.on)
            shown |= plans.shown(
                one.loan, form, store.on, MONTHS_MOST, lambda amount: money(amount, one.loan.currency), cap
            )
        return render(request, "desk/parts.html", shown)


@require_POST
@for_staff(*CASES)
def agree(request: HttpRequest, user: Staff, number: int) -> HttpResponse:
    """Agree to a plan as it was shown; where the debt has changed since it is shown anew."""
    form = plans.Agreed(request.POST)
    with opened(request) as store:
        found = admitted(store, user, number)
        if not form.is_valid():
            raise Http404
        given = form.cleaned_data
        one = _loan(found, given["loan"])
        made = plan(one.loan, given["monthly"], given["first_on"], store.on)
        if made is None or made.total != given["total"]:
            raise DueCourseError(_("What is owed has changed since the plan was shown. Work it out once more."))
        told = Told(given["fact_id"], number, store.at, store.on)
        arrange(store.connection, store.ring, told, made.loan_id, made.dues, user.user_id)
        return redirect("desk:case", number)


def _loan(found: Case, loan_id: str) -> Sums:
    one = next((one for one in found.loans if one.loan.loan_id == loan_id), None)
    if one is None:
        raise Http404
    return one
