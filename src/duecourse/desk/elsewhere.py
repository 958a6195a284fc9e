"""What a borrower owes to others, by a consent that they handed over: seen once, and how many collect is noted.

Nothing else of it is kept: who presses the borrower besides, the next night knows as `other_collectors_active`.
"""

import json
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from duecourse.day.exposure import learn
from duecourse.day.facts import Told
from duecourse.desk.access import CASES, for_staff
from duecourse.desk.case import Case
from duecourse.desk.opening import Open, admitted, opened
from duecourse.inquiry import telling
from duecourse.inquiry.checks import Refused
from duecourse.inquiry.client import Bundle
from duecourse.inquiry.entry import Person
from duecourse.inquiry.report import Exposure, exposure
from duecourse.kernel.errors import DueCourseError
from duecourse.store.models import Staff
from duecourse.web.fields import FactForm
from duecourse.web.inquiry import Offered, offered, person_of, reading, refusal, ways
from duecourse.web.speaking import language_of

_BYTES_MOST: Final = 256 * 1024  # of a consent: some hundred records


class Handed(FactForm):
    """A consent as the borrower saved it."""

    consent = forms.FileField(label=gettext_lazy("The consent that the borrower saved"), allow_empty_file=False)

    def clean_consent(self) -> Bundle:
        """Read it; refused where it is none."""
        file = self.cleaned_data["consent"]
        if file.size > _BYTES_MOST:
            raise forms.ValidationError(_("This is no consent: it is too large."))
        try:
            bundle = Bundle.of_json(json.loads(file.read()))
            bundle.said  # noqa: B018 - reading it is the check
        except (ValueError, RecursionError, Refused):
            raise forms.ValidationError(_("This is no consent as a borrower's page saves it.")) from None
        return bundle


@require_http_methods(["GET", "POST"])
@for_staff(*CASES)
def elsewhere(request: HttpRequest, user: Staff, number: int) -> HttpResponse:
    """Use a consent: show what is owed to others, once, and note how many of them collect."""
    with opened(request) as store:
        found = admitted(store, user, number)
        form = Handed(request.POST or None, request.FILES or None, initial={"fact_id": uuid4().hex})
        on = offered(store.rules, store.on)
        shown: dict[str, Any] = {"case": found, "form": form, "is_on": on is not None}
        if on is not None and request.method == "POST" and form.is_valid():
            person = person_of(on, found.borrower_id)
            try:
                if person is None:
                    shown["refusal"] = _("We have not taken this borrower into it.")
                else:
                    known, left_out = _used(store, on, person, found, form.cleaned_data["consent"], user)
                    words = telling.words_in(language_of(request))
                    name = found.name or found.borrower_id
                    shown["document"] = telling.told_to_lender(known, left_out, words, ways(words), store.on, name)
            except DueCourseError as error:
                shown["refusal"] = refusal(error)
        return render(request, "desk/elsewhere.html", shown)


def _used(store: Open, on: Offered, person: Person, found: Case, bundle: Bundle, user: Staff) -> tuple[Exposure, int]:
    """Open what the consent is for, and note how many collect. DueCourseError where it is refused, or none answers."""
    with reading(on, on.caller) as (reader, _hub):
        seen, left_out = reader.use_for(bundle, person, store.at)
    said, known = bundle.said, exposure(seen, on.lender.number)
    told = Told(f"inquiry {said.number}", found.number, store.at, store.on)
    learn(store.connection, store.ring, user.user_id, told, known.other_collectors, said.until_at)
    return known, left_out
