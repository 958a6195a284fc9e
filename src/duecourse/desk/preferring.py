"""What users choose for themselves: their clock, and the name by which they introduce themselves on the telephone.

The name is kept with the session alone: whose id a user's is stands elsewhere.
"""

from typing import Final
from zoneinfo import available_timezones

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from duecourse.desk.access import for_staff
from duecourse.desk.calling import CALLER
from duecourse.store.models import Staff
from duecourse.store.roles import Role

_ZONES: Final = sorted(name for name in available_timezones() if "/" in name or name == "UTC")


class Preferences(forms.Form):
    """A zone and a name."""

    zone = forms.ChoiceField(label=_("Your clock"), choices=[(name, name) for name in _ZONES])
    caller = forms.CharField(
        label=_("The name by which you introduce yourself on the telephone"), max_length=60, required=False
    )


@require_http_methods(["GET", "POST"])
@for_staff(*Role)
def me(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show and change what a user has chosen."""
    first = {"zone": user.zone or "UTC", "caller": request.session.get(CALLER, "")}
    form = Preferences(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        Staff.objects.filter(pk=user.pk).update(zone=form.cleaned_data["zone"])
        request.session[CALLER] = form.cleaned_data["caller"]
        return redirect("desk:queue" if user.role != Role.ADMINISTRATOR else "desk:nothing")
    return render(request, "desk/me.html", {"form": form})
