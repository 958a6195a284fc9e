"""The forms of the desk: what users type, with the words that say what is wrong with it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from duecourse.day.grievances import KINDS
from duecourse.desk.telling import WHATS, Note
from duecourse.store.models import Staff
from duecourse.web.fields import Amount, DayInput
from duecourse.web.showing import called


class SignIn(forms.Form):
    """An id and a password."""

    user_id = forms.CharField(
        label=_("User"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"), max_length=256, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip


class Code(forms.Form):
    """A code of six digits."""

    code = forms.CharField(
        label=_("Code"), max_length=7,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )  # fmt: skip


class NewPassword(forms.Form):
    """A password that nobody guesses, twice."""

    first = forms.CharField(
        label=_("Password"), max_length=256, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )  # fmt: skip
    again = forms.CharField(
        label=_("The same again"), max_length=256, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, user: Staff, *args: Any, **kwargs: Any) -> None:
        """Take whose it is to be."""
        super().__init__(*args, **kwargs)
        self._user = user

    def clean(self) -> dict[str, Any]:
        """Hold the two together, and ask the validators."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("first") != found.get("again"):
            self.add_error("again", _("The two are not the same."))
        elif found.get("first"):
            try:
                password_validation.validate_password(found["first"], self._user)
            except forms.ValidationError as error:
                self.add_error("first", error)
        return found


def _called(what: str) -> str:
    return called(what, "happened" if what == "promise" else "hold")


class Told(forms.Form):
    """What a borrower told: a promise, why to stop, a complaint or a dispute."""

    what = forms.ChoiceField(label=_("What"), choices=[(one, lazy(_called, str)(one)) for one in WHATS])
    loan = forms.ChoiceField(label=_("Loan"), required=False)
    pay_on = forms.DateField(label=_("Pays by"), required=False, widget=DayInput())
    kind = forms.ChoiceField(label=_("About"), required=False)
    words = forms.CharField(
        label=_("In their words"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    fact_id = forms.RegexField(r"[0-9a-f]{32}", widget=forms.HiddenInput)

    def __init__(self, loans: Sequence[str], currency: str, *args: Any, **kwargs: Any) -> None:
        """Take the loans of the case, and the currency of amounts."""
        super().__init__(*args, **kwargs)
        choices = {"loan": [("", _("all loans")), *((one, one) for one in loans)]}
        choices["kind"] = [
            (one, called(one, "grievance")) for one in dict.fromkeys(kind for kinds in KINDS.values() for kind in kinds)
        ]
        for name, some in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  as they stand above
            field.choices = some
        self.fields["amount"] = Amount(currency, label=_("Amount"), required=False)
        self.order_fields(["what", "loan", "amount", "pay_on", "kind", "words"])

    def clean(self) -> dict[str, Any]:
        """Ask for what belongs to what was told."""
        found: dict[str, Any] = super().clean() or {}
        what = str(found.get("what"))
        if what == "promise":
            for name in ("amount", "pay_on"):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, _("A promise has an amount and a day."))
        if what in KINDS:
            if not found.get("words"):
                self.add_error("words", _("Write down what was said, in the borrower's words."))
            if found.get("kind") not in KINDS[what]:
                found["kind"] = "other"
        return found

    @property
    def note(self) -> Note:
        """What was told, of a form that is valid."""
        given = self.cleaned_data
        return Note(
            given["what"], given["loan"] or None, given["amount"] or 0, given["pay_on"], given["kind"] or "other",
            given["words"],
        )  # fmt: skip
