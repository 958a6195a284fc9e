"""Fields that several forms have."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from duecourse.kernel.currencies import MINOR_DIGITS

_MOST: Final = Decimal(10) ** 15


class Amount(forms.CharField):
    """An amount as people write it, 1,234.50 or 1234.5; it is minor units of its currency afterwards."""

    def __init__(self, currency: str, **kwargs: Any) -> None:
        """Take the currency, which says how many decimals there are."""
        super().__init__(max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **kwargs)
        self._digits = MINOR_DIGITS.get(currency, 2)

    def clean(self, value: Any) -> int | None:
        """Return minor units; None for nothing."""
        text = str(super().clean(value) or "").replace(",", "").replace("\N{NO-BREAK SPACE}", "").strip()
        if not text:
            return None
        try:
            minor = Decimal(text).scaleb(self._digits)
        except InvalidOperation:
            raise forms.ValidationError(_("Write an amount like 120.50.")) from None
        if not minor.is_finite() or minor != minor.to_integral_value() or not 0 < minor < _MOST:
            raise forms.ValidationError(
                _("Write an amount above nothing, with no more decimals than the currency has.")
            )
        return int(minor)


class DayInput(forms.DateInput):
    """A day, as browsers take it in any language: written in another way it would come up empty."""

    def __init__(self, **attrs: str) -> None:
        """Take more attributes, such as the least and the last day."""
        super().__init__({"type": "date", **attrs}, format="%Y-%m-%d")


class FactForm(forms.Form):
    """A form that tells something: its id comes with the page, so that what is sent twice is told once."""

    fact_id = forms.RegexField(r"^[0-9a-f]{32}$", widget=forms.HiddenInput)
