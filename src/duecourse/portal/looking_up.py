"""The public page on which anybody looks up whether a lender is licensed, and whose number or account something is."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duecourse.licences.checking import TEXT_MOST, Standing, belongs, check
from duecourse.licences.register import Entry, read
from duecourse.licences.telling import told, told_belonging
from duecourse.portal.access import portal_of
from duecourse.web.edge import edge_of
from duecourse.web.limits import Limit
from duecourse.web.refusals import refused

_LOOKED_UP: Final = Limit("lender", 60, timedelta(minutes=15))
_KNOWN: Final = frozenset({Standing.LICENSED, Standing.EXPIRED, Standing.NOT_YET})


class Asked(forms.Form):
    """Who is looked up, and what is said to be theirs."""

    lender = forms.CharField(
        max_length=TEXT_MOST,
        label=gettext_lazy("Who says that you owe them, or offers a loan? A name, licence, number or site"),
    )
    belonging = forms.CharField(
        max_length=TEXT_MOST,
        required=False,
        label=gettext_lazy("Is this theirs? A telephone number, an account or an address (if you want to know)"),
    )


@require_http_methods(["GET", "POST"])
def lender(request: HttpRequest) -> HttpResponse:
    """Say whether a lender is licensed, by the registers that this lender has loaded."""
    edge = edge_of(request)
    entries = _registers(portal_of(edge.gates.rules).registers)
    form = Asked(request.POST or None)
    shown: dict[str, Any] = {"form": form, "has_registers": bool(entries)}
    if request.method == "POST" and form.is_valid():
        with edge.connections.one() as connection:
            if not _LOOKED_UP.take(connection, edge.ring, request.META.get("REMOTE_ADDR", ""), edge.now()):
                return refused(request, 429, _("Too many tries"), _("Wait a quarter of an hour, then try again."))
        finding = check(form.cleaned_data["lender"], entries, edge.now().date())
        language = get_language() or "en"
        shown |= {"is_asked": True, "told": told(finding, entries, language), "standing": finding.standing}
        if form.cleaned_data["belonging"] and finding.standing in _KNOWN:
            entry = finding.matches[0].entry
            found = belongs(form.cleaned_data["belonging"], entry, entries)
            shown |= {"belongs": told_belonging(found, entry, language), "is_its": found.is_its}
    return render(request, "portal/lender.html", shown)


def _registers(paths: tuple[str, ...]) -> tuple[Entry, ...]:
    return _read(tuple((path, Path(path).stat().st_mtime_ns) for path in paths))


@lru_cache(4)
def _read(files: tuple[tuple[str, int], ...]) -> tuple[Entry, ...]:
    """Read registers once for each time that they were written."""
    return read([Path(path) for path, _ in files])
