"""The forms of the portal: as few fields as can be, each with the words that say what is wrong with it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from duecourse.channels.visit.codes import keys
from duecourse.day import evidence
from duecourse.kernel.errors import DueCourseError
from duecourse.web.fields import Amount, DayInput, FactForm
from duecourse.web.plans import AHEAD_DAYS

REPORTS: Final = ("conduct", "contact", "disclosure", "other")
"""What somebody may report of how they were treated: kinds of complaints."""
WRONGS: Final = ("identity", "amount", "paid", "other")
"""Why somebody may say that they do not owe what is asked: kinds of disputes."""
SPEAKERS: Final = ("attorney", "debt_adviser", "other")
"""Who may speak for a borrower."""


class BornOn(forms.Form):
    """The day on which somebody was born."""

    born_on = forms.DateField(label=_("Your date of birth"), widget=DayInput())


class Contract(forms.Form):
    """A name and the number of a loan."""

    name = forms.CharField(label=_("Your full name, as in the contract"), max_length=200)
    loan = forms.CharField(label=_("The number of a loan, as in the contract"), max_length=100)


class CheckCode(forms.Form):
    """A check code."""

    code = forms.CharField(
        label=_("Check code"), max_length=20, widget=forms.TextInput(attrs={"autocapitalize": "characters"})
    )

    def clean_code(self) -> str:
        """Refuse what is no code at all."""
        said = str(self.cleaned_data["code"])
        if keys(said) is None:
            raise forms.ValidationError(_("A check code has twelve letters and digits, like 7Q2M-XK4D-0ABC."))
        return said


class Pay(forms.Form):
    """How much is paid for a loan."""

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        """Take the loan's currency."""
        super().__init__(*args, **kwargs)
        self.fields["amount"] = Amount(currency, label=_("How much do you want to pay?"))


class Promise(FactForm):
    """What somebody will pay, and by when."""

    def __init__(self, currency: str, on: date, *args: Any, **kwargs: Any) -> None:
        """Take the loan's currency and the day."""
        super().__init__(*args, **kwargs)
        self._on, self._last = on, on + timedelta(days=AHEAD_DAYS)
        self.fields["amount"] = Amount(currency, label=_("I will pay"))
        limits = DayInput(min=on.isoformat(), max=self._last.isoformat())
        self.fields["pay_on"] = forms.DateField(label=_("By"), widget=limits)

    def clean_pay_on(self) -> date:
        """Refuse a day that is over, or too far ahead."""
        day: date = self.cleaned_data["pay_on"]
        if not self._on <= day <= self._last:
            raise forms.ValidationError(_("Choose a day within the next month. For longer, choose to pay in parts."))
        return day


class Wrong(FactForm):
    """Why somebody does not owe what is asked."""

    loan = forms.ChoiceField(label=_("Which loan?"), required=False)
    kind = forms.ChoiceField(
        label=_("What is wrong?"),
        choices=[
            ("identity", _("This is not my debt")),
            ("amount", _("The amount is wrong")),
            ("paid", _("I have paid already")),
            ("other", _("Something else")),
        ],
    )
    words = forms.CharField(
        label=_("Tell us in your own words"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, loans: Sequence[str], *args: Any, **kwargs: Any) -> None:
        """Take the loans."""
        super().__init__(*args, **kwargs)
        field = self.fields["loan"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  as it stands above
        field.choices = [("", _("All of them")), *((one, one) for one in loans)]


class Hardship(FactForm):
    """That somebody cannot pay now."""

    words = forms.CharField(
        label=_("What has happened? You need not say."), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class Hours(FactForm):
    """Between which hours somebody wants to hear of us."""

    from_hour = forms.TypedChoiceField(label=_("Not before"), coerce=int)
    to_hour = forms.TypedChoiceField(label=_("Not after"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """List the hours."""
        super().__init__(*args, **kwargs)
        for name, hours in (("from_hour", range(24)), ("to_hour", range(1, 25))):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  as they stand above
            field.choices = [(hour, f"{hour:02d}:00") for hour in hours]

    def clean(self) -> dict[str, Any]:
        """Refuse a span that ends before it begins."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("from_hour", 0) >= found.get("to_hour", 24):
            self.add_error("to_hour", _("The second hour comes after the first."))
        return found


class Speaker(FactForm):
    """Who speaks for a borrower, and how they are reached."""

    kind = forms.ChoiceField(
        label=_("Who is it?"),
        choices=[
            ("attorney", _("A lawyer")),
            ("debt_adviser", _("A debt adviser")),
            ("other", _("Somebody else whom I trust")),
        ],
    )
    name = forms.CharField(label=_("Their name"), max_length=200)
    phone = forms.CharField(label=_("Their telephone"), max_length=40, required=False)
    email = forms.EmailField(label=_("Their e-mail"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for a way to reach them."""
        found: dict[str, Any] = super().clean() or {}
        if not found.get("phone") and not found.get("email") and not self.errors:
            self.add_error(None, _("Give a telephone or an e-mail, so that we can reach them."))
        return found


class _Several(forms.ClearableFileInput):
    allow_multiple_selected = True


class _Files(forms.FileField):
    """Some files; each is held to what is taken by its own bytes, not by its name."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the bytes of each file."""
        del initial  # nothing was kept before
        given: list[Any] = data if isinstance(data, list) else [data] if data else []
        if any((one.size or 0) > evidence.BYTES_MOST for one in given):
            raise forms.ValidationError(_("A file may have three megabytes at most."))
        bodies = [one.read() for one in given]
        try:
            evidence.refuse(bodies)
        except DueCourseError:
            raise forms.ValidationError(
                _("At most three files: photographs (JPEG, PNG), PDF or plain text, each of three megabytes at most.")
            ) from None
        return bodies


class Report(FactForm):
    """How somebody was treated."""

    kind = forms.ChoiceField(
        label=_("What was it?"),
        choices=[
            ("conduct", _("Threats, insults or pressure")),
            ("contact", _("Too often, or at a bad time or place")),
            ("disclosure", _("Somebody else was told of my debt")),
            ("other", _("Something else")),
        ],
    )
    words = forms.CharField(
        label=_("What happened, when, and who was it?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )
    shown = _Files(
        label=_("Photographs, recordings of the screen, letters: JPEG, PNG, PDF or text"), required=False,
        widget=_Several(attrs={"multiple": True}),
    )  # fmt: skip


class OfData(FactForm):
    """What somebody asks of what is kept of them."""

    kind = forms.ChoiceField(
        label=_("What do you want?"),
        choices=[("correction", _("Correct something")), ("erasure", _("Erase my data"))],
    )
    words = forms.CharField(
        label=_("What is wrong, and how is it right?"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class Review(FactForm):
    """Which decision a person shall look at again: `visit`, or the number of an ending."""

    what = forms.RegexField(r"^(visit|\d{1,18})$", widget=forms.HiddenInput)
