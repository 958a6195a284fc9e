"""The day and the amount of a promise, where a reply tells them surely; else None, and a person asks.

Sure means: the only day of the message, and the only amount, each with one reading. "Friday" said on a Friday,
"6/7", "next Friday", "next week", "1.200" and "200" without a currency have two. A day in Chinese is read likewise.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

from duecourse.kernel.currencies import MINOR_DIGITS

AHEAD_MOST_DAYS: Final = 92  # a day further off than a quarter is more likely meant otherwise

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    **{word: number for number, word in enumerate("一二三四五六七八九十", 1)},
    "a": 1,
    "两": 2,
}  # fmt: skip
_HAN_WEEKDAYS: Final = {**{word: day for day, word in enumerate("一二三四五六日")}, "天": 6}
_MONTH: Final = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_NTH: Final = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:,?\s(?P<year>20\d\d))?"
_COUNT: Final = r"(?P<count>\d{1,2}|" + "|".join(_NUMBERS) + ")"

_SYMBOLS: Final = {
    "$": "USD CAD AUD NZD SGD HKD TWD MXN COP CLP ARS", "£": "GBP EGP", "€": "EUR", "₹": "INR", "₱": "PHP",
    "¥": "CNY JPY", "￥": "CNY JPY", "元": "CNY", "块钱": "CNY", "块": "CNY", "₦": "NGN", "₫": "VND", "₩": "KRW",
    "dollars": "USD CAD AUD NZD SGD HKD", "dollar": "USD CAD AUD NZD SGD HKD", "bucks": "USD CAD AUD", "pounds": "GBP",
    "quid": "GBP", "euros": "EUR", "euro": "EUR", "rupees": "INR PKR LKR NPR", "pesos": "MXN PHP COP CLP ARS DOP",
    "yuan": "CNY", "rmb": "CNY", "shillings": "KES UGX TZS", "naira": "NGN", "rupiah": "IDR", "rp": "IDR",
    "rs": "INR PKR", "ksh": "KES",
}  # fmt: skip
_MARK: Final = "|".join(re.escape(mark) for mark in sorted(_SYMBOLS, key=len, reverse=True)) + "|[a-z]{3}"
_AMOUNT: Final = re.compile(
    rf"(?:(?<![a-z])(?P<before>{_MARK})\s?)?(?<!\d)(?P<figure>\d(?:[\d.,]*\d)?)"
    rf"(?:(?P<times>\s?(?:k|千|万|百|亿|%|million|thousand)(?![a-z]))|\s?(?P<after>{_MARK})(?![a-z]))?"
)
_HAN_AMOUNT: Final = re.compile(r"[一二三四五六七八九十两][百千万]")
_COMMA_GROUPS: Final = frozenset(["en", "zh", "ja", "ko", "th", "hi", "tl", "sw", "he"])
_POINT_GROUPS: Final = frozenset(["de", "es", "it", "pt", "nl", "id", "tr", "vi", "da", "el"])

_Day = Callable[["re.Match[str]", date], date | None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Promise:
    """What is surely promised: the day, and the amount in minor units of the loan's currency; None where not sure."""

    on: date | None = None
    amount: int | None = None


def promised(text: str, language: str, *, on: date | None, currency: str | None) -> Promise:
    """Read the day and the amount of a promise written on the local day `on` about a loan in `currency`."""
    said = " ".join(text.casefold().split())
    days: list[date | None] = []
    for pattern, read in _PATTERNS:  # each takes its words away, so that 30 is not read again in "30 June"
        days += [None if on is None else read(match, on) for match in pattern.finditer(said)]
        said = pattern.sub(" ; ", said)
    amounts = () if currency is None else _amounts(said, language, currency)
    return Promise(_only(days), _only(amounts))


def _only(found: Iterable[_T | None]) -> _T | None:
    """Return the one thing that was found; None for nothing, for several, and where one of them is unsure."""
    several = set(found)
    return several.pop() if len(several) == 1 else None


def _unsure(_match: "re.Match[str]", _on: date) -> None:
    return None


def _after(days: int) -> _Day:
    return lambda _match, on: on + timedelta(days=days)


def _named(match: "re.Match[str]", on: date) -> date | None:
    """Read a day of a month, perhaps with its year."""
    parts = match.groupdict()
    month = parts["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    return _ahead(on, parts.get("year"), number, int(parts["day"]))


def _ahead(on: date, year: str | None, month: int, day: int) -> date | None:
    """Return the day, in the next year in which it is not over; None when there is none, or only far ahead."""
    for one in (int(year),) if year else (on.year, on.year + 1):
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(one, month)[1]:
            continue
        found = date(one, month, day)
        if on <= found <= on + timedelta(days=AHEAD_MOST_DAYS):
            return found
    return None


def _figures(match: "re.Match[str]", on: date) -> date | None:
    """Read 13/7 and 7/13, of which one number can be no month; 6/7 may be either day."""
    first, second = int(match["first"]), int(match["second"])
    if first == second or (first > 12) == (second > 12):
        return _ahead(on, match["year"], first, second) if first == second else None
    day, month = (first, second) if first > 12 else (second, first)
    return _ahead(on, match["year"], month, day)


def _weekday(match: "re.Match[str]", on: date) -> date | None:
    return _within_week(_WEEKDAYS.index(match["weekday"][:3]), on)


def _within_week(weekday: int, on: date) -> date | None:
    ahead = (weekday - on.weekday()) % 7
    return on + timedelta(days=ahead) if ahead else None  # said on that very weekday: today, or in a week?


def _han_weekday(match: "re.Match[str]", on: date) -> date | None:
    """周五 is the Friday of this week, 下周五 that of the next; a day of this week that is over is not sure."""
    weekday = _HAN_WEEKDAYS[match["weekday"]]
    monday = on - timedelta(days=on.weekday())
    found = monday + timedelta(days=weekday + (7 if match["next"] else 0))
    return found if found > on else None


def _of_month(match: "re.Match[str]", on: date) -> date | None:
    """Read "the 15th": of this month when it is ahead, else of the next; on the 15th itself it is not sure."""
    day = int(match["day"])
    if day == on.day:
        return None
    month = _month_after(on) if day < on.day else on
    return _ahead(on, None, month.month, day)


def _of_next_month(match: "re.Match[str]", on: date) -> date | None:
    month = _month_after(on)
    return _ahead(on, str(month.year), month.month, int(match["day"]))


def _month_after(on: date) -> date:
    """Return the first of the next month."""
    return on.replace(day=1) + timedelta(days=monthrange(on.year, on.month)[1])


def _month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def _in_days(match: "re.Match[str]", on: date) -> date | None:
    count = match["count"]
    number = int(count) if count.isdigit() else _NUMBERS[count]
    days = number * (7 if (match.groupdict().get("unit") or "").startswith("week") else 1)
    return on + timedelta(days=days) if 0 < days <= AHEAD_MOST_DAYS else None


def _pattern(text: str, read: _Day) -> tuple["re.Pattern[str]", _Day]:
    return re.compile(text), read


_PATTERNS: Final = (
    _pattern(r"(?P<year>20\d\d)[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})(?!\d)[日号]?", _named),
    _pattern(rf"\b{_MONTH}\s(?:the\s)?{_NTH}\b{_YEAR}", _named),
    _pattern(rf"\b{_NTH}\s(?:of\s)?{_MONTH}(?![a-z]){_YEAR}", _named),
    _pattern(r"(?<!\d)(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]?", _named),
    _pattern(r"下个?月(?P<day>\d{1,2})[日号]", _of_next_month),
    _pattern(r"(?<![\d月])(?P<day>\d{1,2})[号日](?!码)", _of_month),
    _pattern(r"(?<![\d/])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>20\d\d))?(?![\d/])", _figures),
    _pattern(r"day after tomorrow|(?<!大)后天", _after(2)),
    _pattern(r"大后天", _after(3)),
    _pattern(r"tomorrow|明[天日晚早]", _after(1)),
    _pattern(r"\b(?:today|tonight|this (?:evening|afternoon|morning))\b|今[天晚日夜]", _after(0)),
    _pattern(rf"\bin {_COUNT} (?P<unit>days?|weeks?)\b", _in_days),
    _pattern(rf"{_COUNT}天之?[后内]", _in_days),
    _pattern(r"end of (?:the |this )?month|(?<!下)(?<!个)月底", lambda _match, on: _month_end(on)),
    _pattern(r"end of next month|下个?月底", lambda _match, on: _month_end(_month_after(on))),
    _pattern(
        r"next (?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|下下|上(?:周|星期|礼拜)", _unsure
    ),
    _pattern(r"(?P<next>下个?)?[这本]?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])", _han_weekday),
    _pattern(r"\b(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)days?\b", _weekday),
    _pattern(r"\b(?:on|by|this|until|come) (?P<weekday>mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b", _weekday),
    _pattern(r"(?<![\d$£€])(?P<day>\d{1,2})(?:st|nd|rd|th)\b", _of_month),
    _pattern(
        r"\b(?:next|this) (?:week|month|weekend)\b|weekend|pay ?day|few days|few weeks|soon\b|yesterday|last week",
        _unsure,
    ),
    _pattern(r"下个?月|下个?(?:周|星期|礼拜)|周末|过几天|过两天|几天后|昨天|前天", _unsure),
)


def _amounts(said: str, language: str, currency: str) -> Iterator[int | None]:
    if _HAN_AMOUNT.search(said):
        yield None
    for match in _AMOUNT.finditer(said):
        marks = [_currencies(mark) for mark in (match["before"], match["after"]) if mark]
        known = [mark for mark in marks if mark]
        meant = not match["times"] and bool(known) and all(currency in mark for mark in known)
        yield _minor_units(match["figure"], language, currency) if meant else None


def _currencies(mark: str) -> tuple[str, ...]:
    """Return the currencies that a mark may stand for; none for an ordinary word of three letters."""
    code = mark.upper()
    return tuple(_SYMBOLS[mark].split()) if mark in _SYMBOLS else (code,) if code in MINOR_DIGITS else ()


def _minor_units(figure: str, language: str, currency: str) -> int | None:
    """Read a figure as minor units; None where its marks have two readings, or it has too many decimals."""
    for group, point, ours in ((",", ".", _COMMA_GROUPS), (".", ",", _POINT_GROUPS)):
        groups = re.fullmatch(rf"\d{{1,3}}((?:\{group}\d{{3}})+)(?:\{point}(\d{{1,2}}))?", figure)
        if groups:
            sure = groups[2] or len(groups[1]) > 4 or language in ours
            return _scaled(figure.partition(point)[0].replace(group, ""), groups[2] or "", currency) if sure else None
    plain = re.fullmatch(r"(\d{1,15})(?:[.,](\d{1,2}))?", figure)
    return _scaled(plain[1], plain[2] or "", currency) if plain else None


def _scaled(whole: str, decimals: str, currency: str) -> int | None:
    digits = MINOR_DIGITS[currency]
    if len(whole) > 15 or len(decimals) > digits:
        return None
    return int(whole + decimals.ljust(digits, "0")) or None
