"""Coming in: a link that opens once, a question that only the borrower can answer, and the page that checks codes.

Nothing here tells whether there is such a borrower, or what they owe. A link that was used, is too old, was tried too
often or was never written is answered alike. Looking at a link uses nothing up: scanners of mails follow every link.
"""

from datetime import date, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from duecourse.channels.visit.codes import SECRET, is_it, keys
from duecourse.day import links
from duecourse.portal import forms, identity
from duecourse.portal.access import Own, come_in, go_out, language, own_of, portal_of
from duecourse.web.edge import Edge, edge_of
from duecourse.web.limits import Limit
from duecourse.web.refusals import refused
from duecourse.web.speaking import LANGUAGE, NAMES

_OF_PLACE: Final = Limit("portal place", 60, timedelta(minutes=15))
_OF_BORROWER: Final = Limit("portal identity", 10, timedelta(days=1))
_OF_CODES: Final = Limit("check codes", 20, timedelta(minutes=15))
_MESSAGE: Final = """
SELECT o.key, o.channel, o.released_at FROM outbox o
WHERE o.key >= %s AND o.key < %s AND o.state IN ('sending', 'left', 'unknown')"""
_FORMS: Final = {identity.Question.BORN_ON: forms.BornOn, identity.Question.CONTRACT: forms.Contract}


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Say how one comes in."""
    return render(request, "portal/start.html", {"words": _words(edge_of(request))})


@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whoever has a link who they are, and let the borrower in, once."""
    edge = edge_of(request)
    rules = edge.gates.rules
    with edge.connections.one() as connection:
        link = links.standing(connection, edge.ring, token, edge.now(), portal_of(rules).link_days)
        if link is None or not _OF_PLACE.take(connection, edge.ring, request.META.get("REMOTE_ADDR", ""), edge.now()):
            return _no_link(request)
    with own_of(request, link.borrower) as own:
        if own is None:
            return _no_link(request)
        question = identity.asked_of(own.known)
        form: Any = _FORMS[question](request.POST or None)
        if request.method == "POST" and form.is_valid():
            if not _OF_BORROWER.take(own.connection, own.ring, own.borrower_id, own.at):
                return _no_link(request)
            if not identity.is_right(question, own.known, own.name, form.cleaned_data):
                links.wrong(own.connection, link)
                form.add_error(None, _("That is not what we have. After a few tries the link is of no use any more."))
            elif links.use(own.connection, link, own.at):
                _OF_BORROWER.forget(own.connection, own.ring, own.borrower_id)
                return _in(request, own)
            else:
                return _no_link(request)
        return render(request, "portal/come_in.html", {"form": form, "words": _words(edge)})


@require_POST
def as_borrower(request: HttpRequest, number: int) -> HttpResponse:
    """Let anybody in as a borrower of a demonstration; elsewhere there is nothing here."""
    if not edge_of(request).is_demo:
        raise Http404
    with own_of(request, number) as own:
        if own is None:
            raise Http404
        return _in(request, own)


@require_POST
def out(request: HttpRequest) -> HttpResponse:
    """Forget who it was."""
    go_out(request)
    return redirect("portal:start")


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Say whether a message or a visit is genuine, by its check code, to anybody; of the debt it says nothing."""
    form = forms.CheckCode(request.POST or None)
    shown: dict[str, Any] = {"form": form, "words": _words(edge_of(request))}
    if request.method == "POST" and form.is_valid():
        edge = edge_of(request)
        with edge.connections.one() as connection:
            if not _OF_CODES.take(connection, edge.ring, request.META.get("REMOTE_ADDR", ""), edge.now()):
                return refused(request, 429, _("Too many tries"), _("Wait a quarter of an hour, then try again."))
        shown |= {"is_asked": True, "found": _genuine(edge, form.cleaned_data["code"])}
    return render(request, "portal/check.html", shown)


@require_GET
def nothing(request: HttpRequest) -> HttpResponse:
    """Tell somebody of whom nothing is collected (any more) that it is so."""
    return refused(request, 200, _("Nothing is open"), _("We collect nothing from you now."))


def _in(request: HttpRequest, own: Own) -> HttpResponse:
    """Let the borrower in, in the language that they speak with the lender unless they chose one here."""
    chosen = request.session.get(LANGUAGE)
    come_in(request, own.borrower, own.at)
    spoken = next((name for name in NAMES if name.partition("-")[0] == own.known.language.partition("-")[0]), None)
    if chosen or spoken:
        request.session[LANGUAGE] = chosen or spoken
    return redirect("portal:home")


def _no_link(request: HttpRequest) -> HttpResponse:
    what = _("It was used, it is too old, or it was tried too often. Our next message to you has a new one.")
    return refused(request, 404, _("This link does not work"), what)


def _words(edge: Edge) -> dict[str, str]:
    """Return the lender's words in the language of the page, else in any."""
    words = edge.gates.rules.settings.words
    return dict(words.get(language(), {}) or next(iter(words.values()), {}))


def _genuine(edge: Edge, said: str) -> tuple[str, date] | None:
    """Return the channel and the day of the message of a code; None where we sent none of it."""
    between = keys(said)
    if between is None:
        return None
    secret = edge.ring.secret(SECRET)
    with edge.connections.one() as connection, connection.transaction():
        for key, channel, at in connection.execute(_MESSAGE, between).fetchall():
            if is_it(secret, key, said):
                return channel, at.date()
    return None
