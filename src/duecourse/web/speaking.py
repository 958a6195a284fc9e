"""The language and the zone in which pages speak: what the user has chosen, else what their browser asks for.

A user of the desk keeps both with their account; whoever has none keeps the language in their session.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from duecourse.store.models import Staff
from duecourse.web.edge import edge_of
from duecourse.web.guard import PAGES

LANGUAGE: Final = "language"
"""The key of a session under which a chosen language stands."""

NAMES: Final = {"en": "English", "zh-hans": "简体中文"}
"""The languages of our pages, each in its own words."""


def speaking(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware of Django."""

    def spoken(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PAGES):
            return answer(request)
        with translation.override(language_of(request)), timezone.override(zone_of(request)):
            response = answer(request)
            response.headers["Content-Language"] = translation.get_language() or "en"
            return response

    return spoken


def language_of(request: HttpRequest) -> str:
    """Return the language of a request, one of NAMES."""
    chosen = getattr(request.user, "language", "") or request.session.get(LANGUAGE, "")
    return chosen if chosen in NAMES else translation.get_language_from_request(request)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the zone of the user, else UTC."""
    return ZoneInfo(getattr(request.user, "zone", "") or "UTC")


@require_POST
def speak(request: HttpRequest) -> HttpResponse:
    """Change the language, and go back to the page on which that was asked."""
    chosen = request.POST.get("language", "")
    if chosen in NAMES:
        request.session[LANGUAGE] = chosen
        if request.user.is_authenticated:
            Staff.objects.filter(pk=request.user.pk).update(language=chosen)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith(PAGES)
    return redirect(back if is_ours else "/desk/")


def now(request: HttpRequest) -> datetime:
    """Return the moment of a request, by the clock of the edge."""
    return edge_of(request).now()


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """Give every page its languages, where it stands, and whether all is made up."""
    return {
        "languages": NAMES,
        "language": translation.get_language(),
        "here": request.get_full_path(),
        "is_demo": edge_of(request).is_demo,
    }
