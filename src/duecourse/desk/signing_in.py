"""Signing in: id and password, then a code of the second factor; the first time, the factor is made on the way.

Nothing tells whether there is such a user. Tries are limited by user and by where they come from; what was signed in
with is written nowhere.
"""

import io
from datetime import timedelta
from typing import Any, Final

import segno
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.tokens import default_token_generator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.encoding import force_str
from django.utils.http import url_has_allowed_host_and_scheme, urlsafe_base64_decode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.desk import accounts, forms
from duecourse.store.models import Staff
from duecourse.store.roles import Role
from duecourse.web.edge import edge_of
from duecourse.web.limits import Limit
from duecourse.web.refusals import refused
from duecourse.web.speaking import LANGUAGE, now

_HALF_IN: Final = "half_in"  # the session's key for who gave the right password
_HALF_FOR: Final = timedelta(minutes=10)
_OF_USER: Final = Limit("password", 10, timedelta(minutes=15))
_OF_PLACE: Final = Limit("place", 100, timedelta(minutes=15))
_OF_CODE: Final = Limit("code", 10, timedelta(minutes=15))
_BACKEND: Final = "duecourse.desk.accounts.Accounts"
DEMONSTRATION: Final = ("collector", "supervisor", "compliance")
"""The users of a demonstration, each by their role."""


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for id and password."""
    form = forms.SignIn(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given: dict[str, str] = form.cleaned_data
        if not _may_try(request, given["user_id"]):
            return _too_often(request)
        found = authenticate(request, user_id=given["user_id"], password=given["password"])
        if isinstance(found, Staff):
            request.session.cycle_key()
            request.session[_HALF_IN] = [found.pk, now(request).timestamp()]
            return redirect(_with_next(request, "code" if accounts.is_enrolled(found) else "enrol"))
        form.add_error(None, _("User and password do not belong together."))
    users = DEMONSTRATION if edge_of(request).is_demo else ()
    return render(request, "desk/sign_in.html", {"form": form, "users": users, "next": _next(request)})


@require_POST
def sign_in_as(request: HttpRequest, user_id: str) -> HttpResponse:
    """Let anybody in as a user of a demonstration; elsewhere there is nothing here."""
    user = Staff.objects.filter(user_id=user_id, is_active=True).first()
    if not edge_of(request).is_demo or user is None:
        raise Http404
    return _in(request, user)


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for a code, of whoever gave the right password."""
    user = _half_in(request)
    if user is None:
        return redirect("desk:sign_in")
    return _asked_for_code(request, user, {})


@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Show the secret of a new second factor, and take the first code of it."""
    user = _half_in(request)
    if user is None or accounts.is_enrolled(user):
        return redirect("desk:sign_in")
    address = accounts.made(edge_of(request).ring, user)
    picture = io.BytesIO()
    segno.make(address, micro=False).save(picture, kind="svg", xmldecl=False, svgns=True, scale=5, border=2)
    shown = mark_safe(picture.getvalue().decode())  # noqa: S308  made here, of letters and digits
    return _asked_for_code(request, user, {"picture": shown, "secret": accounts.secret_of(address)})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forget who this is."""
    logout(request)
    return redirect("desk:sign_in")


@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """Let a user set a password, by a link that works once and not for long."""
    user = _invited(number)
    if user is None or not default_token_generator.check_token(user, token):
        what = _("The link was used, or is too old. Ask an administrator for another.")
        return refused(request, 404, _("This link does not work"), what)
    form = forms.NewPassword(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user.set_password(form.cleaned_data["first"])
        user.save(update_fields=["password"])
        return redirect("desk:sign_in")
    return render(request, "desk/welcome.html", {"form": form, "who": user})


def _asked_for_code(request: HttpRequest, user: Staff, shown: dict[str, Any]) -> HttpResponse:
    form = forms.Code(request.POST or None)
    if request.method == "POST" and form.is_valid():
        edge = edge_of(request)
        with edge.connections.one() as connection:
            if not _OF_CODE.take(connection, edge.ring, user.user_id, now(request)):
                return _too_often(request)
            if accounts.accepts(edge.ring, user, form.cleaned_data["code"], now(request)):
                for limit in (_OF_CODE, _OF_USER):
                    limit.forget(connection, edge.ring, user.user_id)
                return _in(request, user)
        form.add_error("code", _("This is not the code of this half minute, or it was used. Wait for the next one."))
    return render(request, "desk/code.html", {"form": form, "next": _next(request), **shown})


def _in(request: HttpRequest, user: Staff) -> HttpResponse:
    """Sign a user in, and go where they wanted to go; whoever has no cases begins with users."""
    language = request.session.get(LANGUAGE)
    login(request, user, _BACKEND)
    if language:
        request.session[LANGUAGE] = language
    start = "desk:nothing" if user.role == Role.ADMINISTRATOR else "desk:queue"
    return redirect(_next(request) or start)


def _half_in(request: HttpRequest) -> Staff | None:
    number, since = request.session.get(_HALF_IN, (None, 0.0))  # float: seconds, as a session keeps a moment
    if number is None or now(request).timestamp() - since > _HALF_FOR.total_seconds():
        return None
    return Staff.objects.filter(pk=number, is_active=True).first()


def _may_try(request: HttpRequest, user_id: str) -> bool:
    edge = edge_of(request)
    with edge.connections.one() as connection:
        where, ring, at = request.META.get("REMOTE_ADDR", ""), edge.ring, now(request)
        of_place = _OF_PLACE.take(connection, ring, where, at)
        return _OF_USER.take(connection, ring, user_id, at) and of_place


def _too_often(request: HttpRequest) -> HttpResponse:
    what = _("Wait a quarter of an hour, then try again. If it was not you, tell an administrator.")
    return refused(request, 429, _("Too many tries"), what)


def _invited(number: str) -> Staff | None:
    try:
        return Staff.objects.filter(pk=int(force_str(urlsafe_base64_decode(number))), is_active=True).first()
    except (ValueError, OverflowError):
        return None


def _next(request: HttpRequest) -> str:
    """Return the page that was wanted, if it is one of the desk."""
    found = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(found, allowed_hosts=None) and found.startswith("/desk/")
    return found if is_ours else ""


def _with_next(request: HttpRequest, name: str) -> str:
    from urllib.parse import urlencode

    from django.urls import reverse

    wanted = _next(request)
    return reverse(f"desk:{name}") + (f"?{urlencode({'next': wanted})}" if wanted else "")
