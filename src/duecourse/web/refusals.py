"""Pages that say no: what is not there or not for you (alike), what is forged, what failed; in people's words.

What machines ask for is answered in one line of JSON that holds nothing personal.
"""

import logging
import sys
import traceback
from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from duecourse.web.guard import PAGES

LOG: Final = logging.getLogger("duecourse.web")
_LATER: Final = "30"  # seconds after which a provider may try again


def place_of(error: BaseException | type[BaseException]) -> str:
    """Say what kind of error it was and where it came up, without its words: they may quote what somebody sent."""
    if isinstance(error, type):
        return error.__name__
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "duecourse" in frame.filename]
    where = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{where}"


def problem(status: int, why: str) -> HttpResponse:
    """Return a refusal for machines; what may pass says when to try again."""
    headers = {"Retry-After": _LATER} if status == 503 else None
    return JsonResponse({"error": why}, status=status, headers=headers)


def refused(request: HttpRequest, status: int, title: str, what: str) -> HttpResponse:
    """Return a page that says why not, and what to do."""
    shown = {"title": title, "what": what, "is_portal": request.path.startswith("/portal/")}
    return render(request, "web/refused.html", shown, status=status)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django gives it by name
    """Answer a form that does not come from a page of ours, or whose page is too old."""
    what = _("This form is too old, or came from elsewhere. Go back, load the page again, and send it once more.")
    return refused(request, 403, _("Not taken"), what)


def not_read(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django gives it by name
    """Answer what Django itself refuses."""
    if request.path.startswith(PAGES):
        return refused(request, 400, _("Not understood"), _("The request is broken. Go back and try again."))
    return problem(400, "the request is broken")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django gives it by name
    """Answer whoever may not."""
    if request.path.startswith(PAGES):
        return refused(request, 403, _("Not yours to do"), _("Your role does not include this. Ask a supervisor."))
    return problem(403, "this is not for you")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django gives it by name
    """Answer for an address that there is not, and for what is not for whoever asks: the same."""
    if request.path.startswith(PAGES):
        return refused(request, 404, _("Not here"), _("There is nothing here, or it is not yours to see."))
    return problem(404, "there is nothing here")


def failed(request: HttpRequest) -> HttpResponse:
    """Answer where a view could not; the log has the kind of the error and its place, and nothing of its words."""
    error = sys.exc_info()[1]
    if error is not None:
        LOG.error("failed: %s", place_of(error))
    if request.path.startswith(PAGES):
        what = _("It failed, and nothing was changed. Try again; if it goes on, tell whoever runs the system.")
        return refused(request, 500, _("It failed"), what)
    return problem(500, "it failed, and nothing was changed")
