"""What a borrower owes everywhere: the inquiry in their name, their consents to others, and who looked.

The borrower has proved who they are to this lender; the pseudonym is the one that the lender has of them, so nobody can
ask for somebody else by typing a number. Nothing that is found is kept.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.day import inquiring
from duecourse.day.settings import Inquiry
from duecourse.documents.pdf import labels_for, pdf, shown_day, shown_money
from duecourse.inquiry import telling
from duecourse.inquiry.charter import Charter, Purpose, signed
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.client import Found, Reader
from duecourse.inquiry.credentials import Certificate, vouch
from duecourse.inquiry.entry import Person
from duecourse.inquiry.report import report
from duecourse.inquiry.seeds import CHECKER_SEED, SEED, seed
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller, Http
from duecourse.kernel.errors import DueCourseError
from duecourse.portal.access import BY, Own, for_borrower
from duecourse.publishing.nightly import Kept
from duecourse.web.fields import FactForm
from duecourse.web.saving import saved
from duecourse.web.speaking import language_of

_CERTIFIED: Final = timedelta(hours=1)  # for what is asked now; the key of a borrower's client stays the same
_DAYS_MOST: Final = 30
PURPOSES: Final = {
    Purpose.FORBEARANCE: gettext_lazy("to slow down, or agree on a plan with me"),
    Purpose.AFFORDABILITY: gettext_lazy("to judge whether I can repay a loan"),
}


class Consenting(FactForm):
    """To whom a borrower lets see what they owe, what for, and for how long."""

    lender = forms.TypedChoiceField(coerce=int, label=gettext_lazy("Who may see it"))
    purpose = forms.ChoiceField(label=gettext_lazy("What for"))
    days = forms.IntegerField(
        min_value=1, max_value=_DAYS_MOST, initial=7, label=gettext_lazy("Until when, in days from now")
    )

    def __init__(self, charter: Charter, own: Own, *args: Any, **kwargs: Any) -> None:
        """Offer the lenders of the charter, and the purposes that it and the law allow where the borrower lives."""
        super().__init__(*args, **kwargs)
        lenders = [(one.number, one.name) for one in charter.lenders if one.state == "active"]
        allowed = [(one.value, words) for one, words in PURPOSES.items() if _is_allowed(charter, one, own)]
        lender, purpose = self.fields["lender"], self.fields["purpose"]
        assert isinstance(lender, forms.ChoiceField)  # noqa: S101 - as declared above
        assert isinstance(purpose, forms.ChoiceField)  # noqa: S101
        lender.choices, purpose.choices = lenders, allowed


@dataclass(frozen=True)
class Offered:
    """The inquiry as the lender has set it up, with the charter, whose signature holds."""

    settings: Inquiry
    charter: Charter


@dataclass(frozen=True, repr=False)
class Asking:
    """The inquiry for one borrower who has come in."""

    charter: Charter
    reader: Reader
    person: Person


@require_http_methods(["GET", "POST"])
@for_borrower
def everywhere(request: HttpRequest, own: Own) -> HttpResponse:
    """Show, or save as a PDF, what the borrower owes everywhere; a look-up is made when they press, and not before."""
    offered = _on(own)
    shown: dict[str, Any] = {"own": own, "is_on": offered is not None}
    if offered is not None and request.method == "POST":
        with _asking(offered, own) as asking:
            if asking is None:
                shown["is_unknown"] = True
            else:
                found = _looked_up(asking, own)
                if isinstance(found, DueCourseError):
                    shown["refusal"] = _refusal(found)
                else:
                    document = _document(request, found, asking.charter, own)
                    if request.POST.get("as") == "pdf":
                        return saved(pdf("claim", document), "what-i-owe.pdf", "application/pdf")
                    consenting = Consenting(asking.charter, own, initial={"fact_id": uuid4().hex})
                    shown |= {"document": document, "form": consenting, "has_some": bool(found.seen)}
    return render(request, "portal/everywhere.html", shown)


@require_POST
@for_borrower
def consent(request: HttpRequest, own: Own) -> HttpResponse:
    """Let a lender see once what is owed now: what is saved here is handed to it, and opens nothing else."""
    offered = _on(own)
    if offered is None:
        raise Http404
    with _asking(offered, own) as asking:
        if asking is None:
            raise Http404
        form = Consenting(asking.charter, own, request.POST)
        if not form.is_valid():
            raise DueCourseError(_("Choose who may see it, what for, and until when."))
        found = _looked_up(asking, own)
        if isinstance(found, DueCourseError):
            raise DueCourseError(_refusal(found))
        given = form.cleaned_data
        lasts = timedelta(days=given["days"])
        bundle = asking.reader.consent(found.seen, given["lender"], Purpose(given["purpose"]), own.at, lasts)
        kept = inquiring.Given(
            bundle.said.number, given["lender"], given["purpose"], own.at, own.at + lasts, bundle.said.uses
        )
        inquiring.give(own.connection, own.ring, BY, own.told(given["fact_id"]), kept)
    return saved(json.dumps(bundle.as_json()).encode(), "consent.json", "application/json")


@require_http_methods(["GET", "POST"])
@for_borrower
def looks(request: HttpRequest, own: Own) -> HttpResponse:
    """Show who looked, and the consents that were given; take one back."""
    offered = _on(own)
    if offered is None:
        raise Http404
    with _asking(offered, own) as asking:
        if asking is None:
            return redirect("portal:everywhere")
        if request.method == "POST":
            _withdraw(asking, own, request.POST.get("number", ""))
            return redirect("portal:looks")
        names = {one.number: one.name for one in asking.charter.lenders}
        log = [
            {"at": datetime.fromisoformat(one["at"]), "who": names.get(one["asked_by"], ""), "purpose": one["purpose"]}
            for one in asking.reader.log(_now(own))
        ]
    given = [
        {
            "one": one,
            "lender": names.get(one.lender, str(one.lender)),
            "stands": one.withdrawn_at is None and one.until_at > own.at,
        }
        for one in inquiring.standing(own.connection, own.borrower)
    ]
    return render(request, "portal/looks.html", {"own": own, "log": log, "given": given, "purposes": PURPOSES})


def _withdraw(asking: Asking, own: Own, number: str) -> None:
    """Have the key holder refuse a consent from now on, and note it: in this order, so that no note is a false one."""
    if not any(one.number == number for one in inquiring.standing(own.connection, own.borrower)):
        raise Http404
    asking.reader.withdraw_number(number, _now(own))
    inquiring.withdraw(own.connection, own.ring, BY, own.told(uuid4().hex), number)


def _on(own: Own) -> Offered | None:
    """Return the inquiry where it is on for this borrower: a charter in force names a legal basis there."""
    settings = own.rules.settings.inquiry
    if settings is None:
        return None
    try:
        charter = signed(Path(settings.charter), settings.operator)
    except Refused as refused:
        if refused.check is Check.CHARTER:
            return None
        raise
    return Offered(settings, charter) if _is_allowed(charter, Purpose.OWN_VIEW, own) else None


def _is_allowed(charter: Charter, purpose: Purpose, own: Own) -> bool:
    """Say whether charter and law let the borrower be looked up for a purpose where they live."""
    country = own.known.country or ""
    try:
        charter.allowed(country, purpose, own.on)
    except Refused:
        return False
    return own.rules.look_ups.refusal(country, purpose, own.on) is None


@contextmanager
def _asking(offered: Offered, own: Own) -> Iterator[Asking | None]:
    """Give the inquiry as this borrower's client; None where the lender has no pseudonym of theirs."""
    settings, charter = offered.settings, offered.charter
    kept = Kept(Path(settings.kept), _seed(SEED))
    try:
        if own.borrower_id not in kept.people():
            yield None
            return
        person = kept.person(own.borrower_id)
    finally:
        kept.close()
    caller = _client(_seed(CHECKER_SEED), own)
    with Http(settings.hub) as hub, Http(settings.holder) as holder:
        yield Asking(charter, Reader(charter, hub, holder, caller), person)


def _client(seed: bytes, own: Own) -> Caller:
    """Return the borrower's client: its key is out of the checker's seed, the same each time, and nobody else's."""
    signer = Signer.of(hmac.digest(seed, b"duecourse-inquiry-1 client " + own.borrower_id.encode(), hashlib.sha256))
    until = _now(own) + _CERTIFIED
    certificate = Certificate(client=signer.public, jurisdiction=own.known.country or "", until_at=until)
    return Caller(signer, vouch(Signer.of(seed), certificate))


def _looked_up(asking: Asking, own: Own) -> Found | DueCourseError:
    try:
        return asking.reader.look_up_for(asking.person, _now(own))
    except DueCourseError as error:
        return error


def _refusal(refused: DueCourseError) -> str:
    """Return what a borrower is told of a look-up that failed: of a check, its name."""
    if not isinstance(refused, Refused):
        return _("It does not answer now. Please try again later.")
    if refused.check is Check.RATE:
        return _("You have looked often today. Please come back tomorrow.")
    return _("What came back is not as it must be (%(check)s), so nothing of it is shown. Please try again later.") % {
        "check": refused.check
    }


def _document(request: HttpRequest, found: Found, charter: Charter, own: Own) -> telling.Document:
    words = telling.words_in(language_of(request))
    labels = labels_for(words["language"])

    def day(when: date) -> str:
        return shown_day(when, labels)

    def moment(at: datetime) -> str:
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"

    ways = telling.Ways(shown_money, day, moment)
    return telling.told(report(found, charter, own.on), words, ways, own.on, own.name or own.borrower_id)


def _now(own: Own) -> datetime:
    return own.at.astimezone(UTC)


def _seed(name: str) -> bytes:
    try:
        return seed(name)
    except DueCourseError:
        raise DueCourseError(_("The lender has not set this up yet.")) from None
