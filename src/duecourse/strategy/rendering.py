"""A template and the values of one borrower to the exact words that leave: all of them, or an error.

    rendered(template, language, values, ...) -> Rendered

Nothing is guessed: a value that is missing, of the wrong kind or out of bounds refuses, so that no message leaves with
a hole in it. Values are put in once, as they are; braces in a value are words. Amounts and days are written as CLDR
has them for the language, with the decimals that the currency has in ISO 4217 and no rounding.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, parse_pattern
from babel.units import format_unit

from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import nearest, one_line
from duecourse.strategy.models import Template
from duecourse.strategy.placeholders import PLACEHOLDERS, Kind, Placeholder, names_in, pieces

Value = str | int | date
WORDS_MAX: Final = 300  # characters of a value in words
_INT64_MAX: Final = 2**63 - 1
_LENGTHS: Final[tuple[Literal["long", "short"], ...]] = ("long", "short")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_AROUND_BREAK: Final = re.compile(r" *\n *")
# Marks that turn the direction of what follows can make a text read otherwise than it is written.
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, repr=False)
class Rendered:
    """The exact words for one borrower, in `language`; `subject` is empty where there is none. Never printed."""

    language: str
    subject: str
    text: str


def rendered(
    template: Template,
    language: str,
    values: Mapping[str, Value],
    fallback_languages: Sequence[str] = (),
    *,
    currency: str,
    lines: Mapping[str, Template | None] | None = None,
) -> Rendered:
    """Fill in a template for a borrower; pure, and the same each time.

    `values` hold at least the placeholders of the text (see `placeholders`): amounts are int minor units of
    `currency`. `fallback_languages` are those in which the borrower may be written to when there is no text in
    `language`, the best first. `lines` say for each placeholder of kind LINE which template stands there, None for
    nothing; it is written in the same language as the text or not at all.

    DueCourseError, which holds no value: not approved; no text in any of the languages; a value missing or wrong.
    """
    _refuse_draft(template, "template")
    chosen = next((one for one in (language, *fallback_languages) if one in template.text), None)
    if chosen is None:
        known = ", ".join(sorted(template.text)) or "no language"
        raise DueCourseError(
            f"the template has no text in '{one_line(language)}' nor in a language to fall back to, only in {known};"
            " write one and have it approved"
        )
    subject, text = template.subject.get(chosen, ""), template.text[chosen]
    filling = _Filling(chosen, values, currency, lines or {})
    return Rendered(chosen, filling.filled(subject), filling.filled(text))


def filled(
    text: str, language: str, values: Mapping[str, Value], currency: str, lines: Mapping[str, Template | None]
) -> str:
    """Fill in one text that need not be approved, such as a draft that is looked at; see `rendered`."""
    return _Filling(language, values, currency, lines).filled(text)


def _refuse_draft(template: Template, what: str) -> None:
    if template.approved is None:
        raise DueCourseError(f"the {what} is a draft; two people must approve it before anything of it leaves")


@dataclass(frozen=True, repr=False)
class _Filling:
    """What one message is filled in with."""

    language: str
    values: Mapping[str, Value]
    currency: str
    lines: Mapping[str, Template | None]

    def filled(self, text: str) -> str:
        """Return a text with its values, tidied where nothing was put in."""
        names_in(text)  # refuses what the loading of a strategy refuses
        return _tidy("".join(self._put(piece) if named else piece for piece, named in pieces(text)))

    def _put(self, name: str) -> str:
        placeholder = PLACEHOLDERS[name]
        if placeholder.kind is Kind.LINE:
            return self._line(name)
        if name not in self.values:
            raise DueCourseError(f"no value for '{{{name}}}' ({placeholder.means}); a message with a hole is not sent")
        return written(placeholder, self.values[name], self.language, self.currency)

    def _line(self, name: str) -> str:
        if name not in self.lines:
            raise DueCourseError(f"it is not said whether '{{{name}}}' belongs here; give its template, or None")
        template = self.lines[name]
        if template is None:
            return ""
        _refuse_draft(template, f"template of '{{{name}}}'")
        if self.language not in template.text:
            raise DueCourseError(f"'{{{name}}}' has no text in '{self.language}'; write one and have it approved")
        line = template.text[self.language]
        if any(PLACEHOLDERS[inner].kind is Kind.LINE for inner in names_in(line)):
            raise DueCourseError(f"'{{{name}}}' holds another line; write it out")
        return self.filled(line)


def written(placeholder: Placeholder, value: object, language: str, currency: str) -> str:
    """Return a value as the language writes it; DueCourseError when it is not of the placeholder's kind."""
    write = _WRITERS.get(placeholder.kind)
    text = None if write is None else write(value, language, currency)
    if text is None:
        raise DueCourseError(f"the value for '{{{placeholder.name}}}' must be {_MUST_BE[placeholder.kind]}")
    return text


_MUST_BE: Final = {
    Kind.AMOUNT: "a whole number of minor units, more than 0",
    Kind.PART: "a whole number of minor units, 0 or more",
    Kind.DAY: "a day",
    Kind.DAYS: "a number of days, 1 or more",
    Kind.WORDS: f"words: one line of 1 to {WORDS_MAX} characters that can be printed",
    Kind.LINE: "a template",
}


def _whole(value: object, least: int) -> int | None:
    right = isinstance(value, int) and not isinstance(value, bool) and least <= value <= _INT64_MAX
    return value if right and isinstance(value, int) else None


def _amount(value: object, language: str, currency: str) -> str | None:
    number = _whole(value, 1)
    return None if number is None else money(number, currency, language)


def _part(value: object, language: str, currency: str) -> str | None:
    number = _whole(value, 0)
    return None if number is None else money(number, currency, language)


def _day(value: object, language: str, _currency: str) -> str | None:
    right = type(value) is date  # a moment is no day: which day it is depends on a zone
    return format_date(value, "long", locale=locale_of(language)) if right and isinstance(value, date) else None


def _days(value: object, language: str, _currency: str) -> str | None:
    number = _whole(value, 1)
    if number is None:
        return None
    locale = locale_of(language)
    texts = [format_unit(number, "duration-day", length, locale=locale) for length in _LENGTHS]
    found = next((text for text in texts if "duration" not in text), None)  # babel's own word where CLDR has none
    if found is None:
        raise DueCourseError(f"how '{language}' writes a number of days is not known; name the day instead")
    return found


def _words(value: object, _language: str, _currency: str) -> str | None:
    """Return words as they are but for blanks around them; None for what could steer what it stands in."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= WORDS_MAX:
        return None
    sorts = {unicodedata.category(letter) for letter in value}
    if not sorts.isdisjoint({"Cc", "Cs", "Zl", "Zp"}) or not _TURNING.isdisjoint(value):
        return None
    return value.strip()


_WRITERS: Final[Mapping[Kind, Callable[[object, str, str], str | None]]] = {
    Kind.AMOUNT: _amount,
    Kind.PART: _part,
    Kind.DAY: _day,
    Kind.DAYS: _days,
    Kind.WORDS: _words,
}


def money(minor_units: int, currency: str, language: str) -> str:
    """Return an amount as a language writes it: 123450, USD, en gives $1,234.50. DueCourseError for what is unknown."""
    if currency not in MINOR_DIGITS:
        raise DueCourseError(f"unknown currency '{one_line(currency)}'{nearest(currency, MINOR_DIGITS)}")
    digits = MINOR_DIGITS[currency]
    number = Decimal(minor_units).scaleb(-digits)  # exact: 19 digits at most, of the 28 that a Decimal works with
    return str(_pattern(language, digits).apply(number, locale_of(language), currency=currency, currency_digits=False))


@cache
def _pattern(language: str, digits: int) -> NumberPattern:
    """Return how a language writes amounts, with the decimals of ISO 4217.

    CLDR's own leave out those that a country does not use in cash, which would round the amount.
    """
    pattern = parse_pattern(locale_of(language).currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    return pattern


@cache
def locale_of(language: str) -> Locale:
    """Return how a language writes amounts and days; DueCourseError when CLDR does not know it."""
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError, TypeError):
        raise DueCourseError(
            f"how '{one_line(language)}' writes amounts and days is not known; write to them in another language"
        ) from None


def _tidy(text: str) -> str:
    """Take away the blanks that are left where a line does not belong; at most one empty line stands between two."""
    lines = _AROUND_BREAK.sub("\n", _BLANKS.sub(_kept, text)).strip()
    return re.sub(r"\n{3,}", "\n\n", lines)


def _kept(blanks: "re.Match[str]") -> str:
    return blanks[0] if len(blanks[0]) == 1 else " "
