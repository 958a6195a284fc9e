"""The pages of a borrower who has come in: what they owe, what comes next, and all that they can do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from duecourse.day import requests
from duecourse.day.facts import Money
from duecourse.day.money.planning import plan
from duecourse.day.sums import Sums
from duecourse.endings.history import told as endings_of
from duecourse.kernel.errors import DueCourseError
from duecourse.portal import everywhere, forms, paying, telling
from duecourse.portal.access import BY, Own, for_borrower
from duecourse.portal.ahead import ahead
from duecourse.portal.helping import help_of
from duecourse.portal.lines import lines as lines_of
from duecourse.web import plans
from duecourse.web.fields import FactForm
from duecourse.web.saving import saved
from duecourse.web.showing import money

_CHANNELS: Final = ("sms", "email", "call", "letter", "visit")
DONE: Final = {
    "promise": gettext_lazy("We have noted your promise. We wait for it, unless such promises were broken before."),
    "plan": gettext_lazy("Your plan is agreed. While you keep it, no more is asked of you."),
    "wrong": gettext_lazy("We have noted what you say. Nothing is collected on it until you have our answer."),
    "hardship": gettext_lazy("We have noted it. Nobody asks you for money while we look for a way with you."),
    "hours": gettext_lazy("We have noted your hours."),
    "channel": gettext_lazy("We have noted how we may reach you."),
    "silence": gettext_lazy("We have noted it. You hear no more of us but what the law commands."),
    "speaker": gettext_lazy("We have noted who speaks for you."),
    "report": gettext_lazy(
        "Thank you. Our compliance officers read your report, not the people who called you. Nobody collects meanwhile."
    ),
    "review": gettext_lazy(
        "A person who did not decide it looks at it again. Nothing goes on until you have an answer."
    ),
    "data": gettext_lazy("We have noted what you ask of your data. You have our answer within a month."),
    "paid": gettext_lazy("Thank you. Your payment is here, and counts from today."),
    "failed": gettext_lazy("Nothing was paid. You can try again, or pay by a transfer."),
}
"""What a page says when something was done, by the word in its address."""


@dataclass(frozen=True)
class Decided:
    """A decision about a loan that is not over, and whether a person looks at it again."""

    number: int
    kind: str
    state: str
    loan_id: str
    on: date
    is_reviewed: bool


@require_GET
@for_borrower
def home(request: HttpRequest, own: Own) -> HttpResponse:
    """Show what is owed and why, what comes next, and what can be done, each choice as large as the others."""
    shown = {
        "own": own,
        "steps": ahead(own.rules.strategy, own.known, own.loans, own.on),
        "decided": _decided(own),
        "asks_visit": own.known.visits_stopped is None and any(one.what == "visit" for one in _visits(own)),
        "promises": telling.promises(own),
        "plans": telling.plans(own),
        "done": DONE.get(request.GET.get("done", "")),
        "fact_id": uuid4().hex,
    }
    return render(request, "portal/home.html", shown)


@require_GET
@for_borrower
def lines(request: HttpRequest, own: Own, loan_id: str) -> HttpResponse:
    """Show a loan line by line: what fell due, what was paid, and what the law's caps cut."""
    found = _loan(own, loan_id)
    return render(request, "portal/lines.html", {"own": own, "one": found, "lines": lines_of(own, found)})


@require_http_methods(["GET", "POST"])
@for_borrower
def pay(request: HttpRequest, own: Own, loan_id: str) -> HttpResponse:
    """Show how to pay, and send the payer to a provider, where the lender has one."""
    found = _loan(own, loan_id)
    names = paying.providers(own.ring, own.settings.provider)
    first = {"amount": _plain(found.overdue or found.owed, found.loan.currency)}
    form = forms.Pay(found.loan.currency, request.POST or None, initial=first)
    if request.method == "POST" and names and form.is_valid():
        (provider,) = names.values()
        money = Money(loan_id, own.on, form.cleaned_data["amount"], found.loan.currency)
        begun = paying.begin(own.connection, own.told(""), money, provider)
        return redirect(provider.page_of(begun))
    account = own.settings.account
    shown = {
        "own": own, "one": found, "form": form, "has_provider": bool(names),
        "reference": paying.reference_of(loan_id), "account": account.get(own.known.language[:2]) or _first(account),
    }  # fmt: skip
    return render(request, "portal/pay.html", shown)


@require_http_methods(["GET", "POST"])
@for_borrower
def sandbox(request: HttpRequest, own: Own, key: str) -> HttpResponse:
    """Stand for the page of a provider, where the lender's is the sandbox: a payment succeeds or fails by a button."""
    provider = paying.providers(own.ring, own.settings.provider).get("sandbox")
    begun = paying.begun_of(own.connection, key, "sandbox")
    if not isinstance(provider, paying.Sandbox) or begun is None or begun.borrower != own.borrower:
        raise Http404
    if request.method == "POST":
        outcome = "paid" if request.POST.get("outcome") == "paid" else "failed"
        paying.take(own.connection, own.ring, provider, provider.says(begun, outcome), own.at, own.on)
        return _back(outcome)
    return render(request, "portal/sandbox.html", {"own": own, "begun": begun})


@require_http_methods(["GET", "POST"])
@for_borrower
def promise(request: HttpRequest, own: Own, loan_id: str) -> HttpResponse:
    """Take a promise to pay by a day."""
    found = _loan(own, loan_id)
    first = {"fact_id": uuid4().hex, "amount": _plain(found.overdue, found.loan.currency)}
    form = forms.Promise(found.loan.currency, own.on, request.POST or None, initial=first)
    shown = {"own": own, "one": found, "form": form, "title": _("Promise a date"), "button": _("Promise")}
    return _told(request, form, "promise", shown, lambda given: telling.promise(own, loan_id, given))


@require_http_methods(["GET", "POST"])
@for_borrower
def afford(request: HttpRequest, own: Own, loan_id: str) -> HttpResponse:
    """Show a plan that somebody can afford with all that it costs, before anything is agreed."""
    found = _loan(own, loan_id)
    debts = plans.other_debts(own.loans, loan_id, own.on)
    form = plans.Afford(
        found.loan.currency,
        own.on,
        request.POST or None,
        initial={"first_on": own.on},
        debts=debts,
        look_up=everywhere.looking_up(own),
    )
    shown: dict[str, Any] = {"own": own, "one": found, "form": form}
    shown |= {"agree_at": reverse("portal:agree"), "home_at": reverse("portal:home")}
    if request.method == "POST" and form.is_valid():
        cap, months = plans.cap_on(own.rules, own.known, found.loan, own.on), own.settings.plan_months
        shown |= plans.shown(found.loan, form, own.on, months, lambda amount: money(amount, found.loan.currency), cap)
    return render(request, "portal/afford.html", shown)


@require_POST
@for_borrower
def agree(request: HttpRequest, own: Own) -> HttpResponse:
    """Agree to a plan as it was shown; where the debt has changed since it is shown anew."""
    form = plans.Agreed(request.POST)
    if not form.is_valid():
        raise Http404
    given = form.cleaned_data
    found = _loan(own, given["loan"])
    made = plan(found.loan, given["monthly"], given["first_on"], own.on, own.settings.plan_months)
    if made is None or made.total != given["total"]:
        raise DueCourseError(_("What you owe has changed since the plan was shown. Please look at it once more."))
    telling.agree(own, given["fact_id"], made)
    return _back("plan")


@require_http_methods(["GET", "POST"])
@for_borrower
def wrong(request: HttpRequest, own: Own) -> HttpResponse:
    """Take a dispute: this is not my debt, the amount is wrong, I have paid."""
    first = {"fact_id": uuid4().hex, "kind": request.GET.get("kind", "identity")}
    form = forms.Wrong(list(own.known.loans), request.POST or None, initial=first)
    shown = {"own": own, "form": form, "title": _("Something is wrong"), "button": _("Send it")}
    return _told(request, form, "wrong", shown, lambda given: telling.wrong(own, given))


@require_http_methods(["GET", "POST"])
@for_borrower
def hardship(request: HttpRequest, own: Own) -> HttpResponse:
    """Take that somebody cannot pay now, and say where free advice is."""
    form = forms.Hardship(request.POST or None, initial={"fact_id": uuid4().hex})
    shown = {"own": own, "form": form, "title": _("I cannot pay now"), "button": _("Tell them"), "shows_help": True}
    return _told(request, form, "hardship", shown, lambda given: telling.hardship(own, given))


@require_GET
@for_borrower
def contact(request: HttpRequest, own: Own) -> HttpResponse:
    """Show how somebody is reached, and let them choose when and how, or stop it."""
    hours = own.known.hours
    first: dict[str, Any] = {"fact_id": uuid4().hex, "from_hour": 9, "to_hour": 18}
    if hours:
        first |= {"from_hour": hours[0] // 60, "to_hour": hours[1] // 60}  # down: they are whole hours
    refused_channels = own.known.refused_channels
    shown = {
        "own": own, "hours": forms.Hours(initial=first), "has_hours": hours is not None, "fact_id": first["fact_id"],
        "channels": [(channel, channel not in refused_channels) for channel in _CHANNELS],
        "is_silent": any(hold.kind == "cease" for hold in own.holds),
    }  # fmt: skip
    return render(request, "portal/contact.html", shown)


@require_POST
@for_borrower
def choose(request: HttpRequest, own: Own, what: str) -> HttpResponse:
    """Take a choice of when and how: hours, a channel to stop or to allow, or silence."""
    form = forms.Hours(request.POST) if what == "hours" else FactForm(request.POST)
    if not form.is_valid():
        raise DueCourseError(" ".join(str(line) for lines in form.errors.values() for line in lines))
    given = form.cleaned_data
    if what == "hours":
        telling.hours(own, given)
    elif what == "silence":
        telling.silence(own, given["fact_id"])
    elif what in {f"{do}-{channel}" for channel in _CHANNELS for do in ("stop", "allow")}:
        do, _dash, channel = what.partition("-")
        telling.channel(own, given["fact_id"], channel, is_allowed=do == "allow")
    else:
        raise Http404
    return _back(what if what in {"hours", "silence"} else "channel")


@require_http_methods(["GET", "POST"])
@for_borrower
def speaker(request: HttpRequest, own: Own) -> HttpResponse:
    """Take who speaks for a borrower."""
    form = forms.Speaker(request.POST or None, initial={"fact_id": uuid4().hex})
    shown = {"own": own, "form": form, "title": _("Somebody speaks for me"), "button": _("Appoint them")}
    return _told(request, form, "speaker", shown, lambda given: telling.speaker(own, given))


@require_http_methods(["GET", "POST"])
@for_borrower
def report(request: HttpRequest, own: Own) -> HttpResponse:
    """Take a report of how somebody was treated, with files; it goes to compliance."""
    form = forms.Report(request.POST or None, request.FILES or None, initial={"fact_id": uuid4().hex})
    shown = {
        "own": own, "form": form, "title": _("Report how I was treated"), "button": _("Send the report"),
        "authority": help_of(own.known.country), "is_upload": True,
    }  # fmt: skip
    return _told(request, form, "report", shown, lambda given: telling.report(own, given))


@require_POST
@for_borrower
def review(request: HttpRequest, own: Own) -> HttpResponse:
    """Ask that a person looks at a decision again."""
    form = forms.Review(request.POST)
    if not form.is_valid():
        raise Http404
    if not telling.review(own, form.cleaned_data["what"]):
        raise Http404
    return _back("review")


@require_GET
@for_borrower
def papers(request: HttpRequest, own: Own) -> HttpResponse:
    """Show what can be saved: the statement of each loan, and all that is kept of the borrower."""
    form = forms.OfData(initial={"fact_id": uuid4().hex})
    return render(request, "portal/papers.html", {"own": own, "form": form})


@require_POST
@for_borrower
def of_data(request: HttpRequest, own: Own) -> HttpResponse:
    """Take what somebody asks of their data; it is answered within a month."""
    form = forms.OfData(request.POST)
    if not form.is_valid():
        raise Http404
    given = form.cleaned_data
    requests.ask(own.connection, own.ring, BY, own.told(given["fact_id"]), given["kind"], given["words"])
    return _back("data")


@require_GET
@for_borrower
def statement(request: HttpRequest, own: Own, loan_id: str) -> HttpResponse:
    """Hand out the statement of a loan as a PDF."""
    del request
    return saved(telling.statement_pdf(own, _loan(own, loan_id)), f"statement-{own.on}.pdf", "application/pdf")


@require_GET
@for_borrower
def everything(request: HttpRequest, own: Own) -> HttpResponse:
    """Hand out all that the store keeps of the borrower, as JSON."""
    del request
    return saved(telling.everything(own), f"my-data-{own.on}.json", "application/json")


def _told(
    request: HttpRequest, form: Any, word: str, shown: dict[str, Any], tell: Callable[[dict[str, Any]], object]
) -> HttpResponse:  # fmt: skip
    """Take what a form tells, and go home; what is wrong with it is said on the page."""
    if request.method == "POST" and form.is_valid():
        try:
            tell(form.cleaned_data)
        except DueCourseError as error:
            form.add_error(None, str(error))
        else:
            return _back(word)
    return render(request, "portal/tell.html", {"form": form, **shown})


def _back(word: str) -> HttpResponse:
    return redirect(f"{reverse('portal:home')}?done={word}")


def _loan(own: Own, loan_id: str) -> Sums:
    found = own.loan(loan_id)
    if found is None:
        raise Http404
    return found


def _visits(own: Own) -> list[Any]:
    return ahead(own.rules.strategy, own.known, own.loans, own.on)


def _decided(own: Own) -> list[Decided]:
    found = []
    for one in own.loans:
        for ending in endings_of(own.connection, one.loan.loan_id):
            last = ending["steps"][-1]
            stands = telling.stands(own, ending["number"])
            if stands is not None:
                found.append(
                    Decided(ending["number"], ending["kind"], ending["state"], one.loan.loan_id, last["on"], stands)
                )
    return found


def _plain(amount: int, currency: str) -> str:
    """Write an amount as a field takes it: 120.50."""
    from duecourse.kernel.currencies import MINOR_DIGITS

    digits = MINOR_DIGITS.get(currency, 2)
    text = f"{amount:0{digits + 1}d}"
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


def _first(account: dict[str, list[str]]) -> list[str]:
    return next(iter(account.values()), [])
