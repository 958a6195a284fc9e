"""How pages show amounts, days and moments: in the language of whoever looks, with the borrower's clock beside theirs.

They are builtins of every template: {{ loan.overdue|money:loan.currency }}, {{ at|moment:zone }}.
"""

from datetime import date, datetime, tzinfo
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from django import template
from django.forms import BoundField, CheckboxInput, Select
from django.utils import timezone, translation

from duecourse.night.report.words import load_words
from duecourse.strategy.rendering import money as as_money

register: Final = template.Library()
_WORDS: Final = cache(load_words)
_FAMILIES: Final = ("direction", "channel", "outcome", "hold", "act")
_LOCALES: Final = {"zh-hans": "zh_Hans_CN"}


@register.filter
def money(minor_units: int, currency: str) -> str:
    """Write minor units as an amount: 123450, USD gives $1,234.50."""
    return as_money(minor_units, currency, _language())


@register.filter
def called(code: str | None, family: str) -> str:
    """Write a code of a family (channel, stage, reason ...) in the words of the report; itself where none are."""
    return "–" if code is None else _WORDS(_language()).name(family, code)


@register.filter
def because(code: str) -> str:
    """Write a reason of the night's or of the gate's own in words."""
    words = _WORDS(_language()).texts
    return next((words[key] for family in ("reason", "gate") if (key := f"{family}.{code}") in words), code)


@register.filter
def spoken(codes: str) -> str:
    """Write codes with blanks between in words, each as the first family that has it says; others stay as they are."""
    words = _WORDS(_language()).texts
    found = [
        next((words[key] for family in _FAMILIES if (key := f"{family}.{code}") in words), code)
        for code in codes.split()
    ]
    return " ".join(found)


@register.filter
def day(on: date | None) -> str:
    """Write a day, a dash for none."""
    return "–" if on is None else format_date(on, "medium", _locale())


@register.filter
def moment(at: datetime | None, zone: str = "") -> str:
    """Write a moment by the clock of the viewer; where `zone` is another, by that clock too."""
    if at is None:
        return "–"
    mine = timezone.get_current_timezone()
    shown = _clock(at, mine)
    theirs = ZoneInfo(zone) if zone else None
    if theirs is None or at.astimezone(theirs).utcoffset() == at.astimezone(mine).utcoffset():
        return shown
    return f"{shown} ({_clock(at, theirs)} {zone})"


def _clock(at: datetime, zone: tzinfo) -> str:
    return _written(at, zone, _locale())


@lru_cache(4_096)
def _written(at: datetime, zone: tzinfo, locale: str) -> str:
    """Write a moment; those of a queue are the ends of a few slots, and to write one takes long."""
    return str(format_datetime(at, "short", tzinfo=zone, locale=locale))


def _language() -> str:
    return (translation.get_language() or "en").partition("-")[0]


def _locale() -> str:
    language = translation.get_language() or "en"
    return _LOCALES.get(language, language)


@register.filter
def styled(field: BoundField) -> str:
    """Draw a field as the stylesheet has it."""
    kinds = ((Select, "form-select"), (CheckboxInput, "form-check-input"))
    kind = next((name for widget, name in kinds if isinstance(field.field.widget, widget)), "form-control")
    return str(field.as_widget(attrs={"class": f"{kind} is-invalid" if field.errors else kind}))
