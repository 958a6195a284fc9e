"""A plan to pay in parts, as desk and portal ask for it: what can be paid, the plan that was seen, and what is shown.

shown(loan, form, on, most) -> what the template `web/plan.html` shows
"""

from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from duecourse.day.known import Loan
from duecourse.day.money.planning import least, plan
from duecourse.web.fields import Amount, DayInput, FactForm

AHEAD_DAYS: Final = 31
"""How far ahead somebody may promise to pay, or begin a plan."""


class Afford(forms.Form):
    """What somebody can pay each month: said, or worked out of what comes in and goes out."""

    def __init__(self, currency: str, on: date, *args: Any, **kwargs: Any) -> None:
        """Take the loan's currency and the day."""
        super().__init__(*args, **kwargs)
        self._on = on
        self.fields["income"] = Amount(currency, label=_("What comes in each month"), required=False)
        self.fields["outgoings"] = Amount(
            currency, label=_("What goes out each month: home, food, travel, family, other debts"), required=False
        )
        self.fields["monthly"] = Amount(
            currency, label=_("What you can pay each month. Leave it empty, and we work it out."), required=False
        )
        self.fields["first_on"] = forms.DateField(label=_("First payment on"), widget=DayInput(min=on.isoformat()))

    def clean(self) -> dict[str, Any]:
        """Work out what can be paid where it is not said: half of what is left, so that the rest is a reserve."""
        found: dict[str, Any] = super().clean() or {}
        first = found.get("first_on")
        if first and not self._on <= first <= self._on + timedelta(days=AHEAD_DAYS):
            self.add_error("first_on", _("Begin within the next month."))
        if not found.get("monthly") and not self.errors:
            left = (found.get("income") or 0) - (found.get("outgoings") or 0)
            if not found.get("income"):
                self.add_error("monthly", _("Say what you can pay, or what comes in and goes out."))
            elif left <= 1:
                self.add_error(
                    None, _("Nothing is left each month. Do not promise what you cannot pay: tell us of it.")
                )
            else:
                found["monthly"] = left // 2  # down: in the borrower's favour
        return found


class Agreed(FactForm):
    """A plan that somebody has seen and agrees to: what it is worked out from once more."""

    loan = forms.CharField(max_length=100, widget=forms.HiddenInput)
    monthly = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    first_on = forms.DateField(widget=forms.HiddenInput)
    total = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


def shown(loan: Loan, form: Afford, on: date, most: int) -> dict[str, Any]:
    """Return the plan of a valid form with all that it costs; a longer one than `most` months is not agreed here."""
    given = form.cleaned_data
    made = plan(loan, given["monthly"], given["first_on"], on)
    seen = {
        "fact_id": uuid4().hex, "loan": loan.loan_id, "total": made.total if made else 0,
        "monthly": given["monthly"], "first_on": given["first_on"],
    }  # fmt: skip
    return {
        "is_asked": True, "plan": made, "monthly": given["monthly"], "most": most, "currency": loan.currency,
        "is_short": made is not None and len(made.dues) <= most,
        "least": least(loan, most, given["first_on"], on) if most else None,
        "agreed": Agreed(initial=seen) if made else None,
    }  # fmt: skip
