"""What a borrower owes everywhere: the inquiry in their name, their consents to others, and who looked.

The borrower has proved who they are to this lender; the pseudonym is the one that the lender has of them, so nobody can
ask for somebody else by typing a number. Nothing that is found is kept.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.affordability.budget import Debt
from duecourse.day import inquiring
from duecourse.documents.pdf import pdf
from duecourse.inquiry import telling
from duecourse.inquiry.charter import Charter, Purpose
from duecourse.inquiry.client import Found, Reader
from duecourse.inquiry.credentials import Certificate, vouch
from duecourse.inquiry.entry import Person
from duecourse.inquiry.publisher import Publisher
from duecourse.inquiry.report import Line, Report, record_of, report
from duecourse.inquiry.seeds import CHECKER_SEED
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller
from duecourse.kernel.errors import DueCourseError
from duecourse.portal.access import BY, Own, for_borrower
from duecourse.web.fields import FactForm
from duecourse.web.inquiry import Offered, offered, person_of, reading, refusal, seed_of, ways
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

    def __init__(self, offered: Offered, country: str, *args: Any, **kwargs: Any) -> None:
        """Offer the lenders of the charter, and the purposes that it and the law allow where the borrower lives."""
        super().__init__(*args, **kwargs)
        lenders = [(one.number, one.name) for one in offered.charter.lenders if one.state == "active"]
        allowed = [(one.value, words) for one, words in PURPOSES.items() if offered.allows(one, country)]
        lender, purpose = self.fields["lender"], self.fields["purpose"]
        assert isinstance(lender, forms.ChoiceField)  # noqa: S101 - as declared above
        assert isinstance(purpose, forms.ChoiceField)  # noqa: S101
        lender.choices, purpose.choices = lenders, allowed


@dataclass(frozen=True, repr=False)
class Asking:
    """The inquiry for one borrower who has come in."""

    offered: Offered
    reader: Reader
    publisher: Publisher
    person: Person

    @property
    def charter(self) -> Charter:
        """Who takes part."""
        return self.offered.charter


@require_http_methods(["GET", "POST"])
@for_borrower
def everywhere(request: HttpRequest, own: Own) -> HttpResponse:
    """Show, or save as a PDF, what the borrower owes everywhere; a look-up is made when they press, and not before."""
    on = _on(own)
    shown: dict[str, Any] = {"own": own, "is_on": on is not None}
    if on is not None and request.method == "POST":
        with _asking(on, own) as asking:
            found = _looked_up(asking, own) if asking is not None else None
        if found is None:
            shown["is_unknown"] = True
        elif isinstance(found, DueCourseError):
            shown["refusal"] = refusal(found)
        else:
            said = report(found, on.charter, own.on)
            document = _document(request, said, own)
            if request.POST.get("as") == "pdf":
                return saved(pdf("claim", document), "what-i-owe.pdf", "application/pdf")
            consenting = Consenting(on, own.known.country or "", initial={"fact_id": uuid4().hex})
            shown |= {"document": document, "parts": _with_records(document, said)}
            shown |= {"form": consenting, "has_some": bool(found.seen)}
    return render(request, "portal/everywhere.html", shown)


@require_POST
@for_borrower
def consent(request: HttpRequest, own: Own) -> HttpResponse:
    """Let a lender see once what is owed now: what is saved here is handed to it, and opens nothing else."""
    with _taking_part(own) as asking:
        form = Consenting(asking.offered, own.known.country or "", request.POST)
        if not form.is_valid():
            raise DueCourseError(_("Choose who may see it, what for, and until when."))
        found = _looked_up(asking, own)
        if isinstance(found, DueCourseError):
            raise DueCourseError(refusal(found))
        given = form.cleaned_data
        lasts = timedelta(days=given["days"])
        bundle = asking.reader.consent(found.seen, given["lender"], Purpose(given["purpose"]), own.at, lasts)
        kept = inquiring.Given(
            bundle.said.number, given["lender"], given["purpose"], own.at, own.at + lasts, bundle.said.uses
        )
        inquiring.give(own.connection, own.ring, BY, own.told(given["fact_id"]), kept)
    return saved(json.dumps(bundle.as_json()).encode(), "consent.json", "application/json")


@require_POST
@for_borrower
def object_to(request: HttpRequest, own: Own) -> HttpResponse:
    """Say in the borrower's own name that a record is wrong, or take that back: readers see it with the next cycle."""
    with _taking_part(own) as asking:
        bucket, handle = record_of(request.POST.get("record", ""))
        if bucket != asking.person.bucket(asking.charter.buckets):
            raise Http404
        asking.publisher.object_to(handle, asking.person, _now(own), takes_back="take_back" in request.POST)
    return redirect("portal:everywhere")


@require_http_methods(["GET", "POST"])
@for_borrower
def looks(request: HttpRequest, own: Own) -> HttpResponse:
    """Show who looked, and the consents that were given; take one back."""
    on = _on(own)
    if on is None:
        raise Http404
    with _asking(on, own) as asking:
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


def looking_up(own: Own) -> Callable[[], list[Debt]] | None:
    """Return what looks up what others take of a month; None where the borrower is in no inquiry.

    DueCourseError in words for the borrower where it does not answer as it must.
    """
    on = _on(own)
    if on is None or person_of(on, own.borrower_id) is None:
        return None

    def looked_up() -> list[Debt]:
        with _asking(on, own) as asking:
            found = _looked_up(asking, own) if asking is not None else None
        if isinstance(found, DueCourseError):
            raise DueCourseError(refusal(found))
        lines = report(found, on.charter, own.on).lines if found is not None else ()
        mine = on.lender.number
        return [
            Debt(line.lender, line.entry.currency, line.entry.monthly)
            for line in lines
            if line.counts and line.entry.lender != mine and line.entry.monthly
        ]

    return looked_up


def _withdraw(asking: Asking, own: Own, number: str) -> None:
    """Have the key holder refuse a consent from now on, and note it: in this order, so that no note is a false one."""
    if not any(one.number == number for one in inquiring.standing(own.connection, own.borrower)):
        raise Http404
    asking.reader.withdraw_number(number, _now(own))
    inquiring.withdraw(own.connection, own.ring, BY, own.told(uuid4().hex), number)


def _on(own: Own) -> Offered | None:
    """Return the inquiry where it is on for this borrower."""
    found = offered(own.rules, own.on)
    return found if found is not None and found.allows(Purpose.OWN_VIEW, own.known.country or "") else None


@contextmanager
def _asking(offered: Offered, own: Own) -> Iterator[Asking | None]:
    """Give the inquiry as this borrower's client; None where the lender has no pseudonym of theirs."""
    person = person_of(offered, own.borrower_id)
    if person is None:
        yield None
        return
    secret = seed_of(CHECKER_SEED)
    caller = _client(secret, own)
    with reading(offered, caller) as (reader, hub):
        yield Asking(offered, reader, Publisher(offered.charter, 0, secret, hub, caller), person)


@contextmanager
def _taking_part(own: Own) -> Iterator[Asking]:
    """Give the inquiry as the client of a borrower who is in it; Http404 for everybody else."""
    on = _on(own)
    if on is None:
        raise Http404
    with _asking(on, own) as asking:
        if asking is None:
            raise Http404
        yield asking


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


def _document(request: HttpRequest, said: Report, own: Own) -> telling.Document:
    words = telling.words_in(language_of(request))
    return telling.told(said, words, ways(words), own.on, own.name or own.borrower_id)


def _with_records(document: telling.Document, said: Report) -> list[tuple[dict[str, Any], Line | None]]:
    """Return the parts of a document, each with the record that it is of: those of the loans come last."""
    parts = document["parts"]
    return list(zip(parts, [*[None] * (len(parts) - len(said.lines)), *said.lines], strict=True))


def _now(own: Own) -> datetime:
    return own.at.astimezone(UTC)
