"""What the law is asked of acts at this second: a row for each loan that an act is about.

The columns are those of `duecourse.law.columns`; what the night tells of an act is told here too (`night.lawful`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.day.judging import Sort
from duecourse.day.known import Known, Loan
from duecourse.day.owed import Owed
from duecourse.law import calendars
from duecourse.law.answers import ROLES
from duecourse.night import lawful
from duecourse.night.past import SEEN_AHEAD_SECONDS

Row = dict[str, Any]
_BEHIND: Final = timedelta(hours=12)  # of UTC, where it is latest
_AHEAD: Final = timedelta(hours=14)
_OF_LOAN: Final = [(name, of) for name, of in lawful.OF_LOAN.items() if of in Loan.__dataclass_fields__]


@dataclass(frozen=True)
class Asked:
    """An act that somebody wants done now: a planned one by its number, or one that a person asks for.

    `content` are the words that its template declares, None where nothing is declared; `presses` says that it asks for
    money or harms, so that it falls where nothing is overdue any more. `told` is what else is known of the act, by
    columns of `duecourse.law.columns.ACT`: to whom a debt is sold, when a suit is filed.
    """

    borrower: int
    act: str
    channel: str | None
    purpose: str
    loans: tuple[str, ...]
    content: tuple[str, ...] | None
    template: str | None = None
    treatment: str = ""
    presses: bool = True
    planned_act: int | None = None
    told: Mapping[str, Any] = field(default_factory=dict)

    def sort(self, country: str) -> Sort:
        """Say by which statement it is judged: an offer to settle is a letter."""
        settles = self.act == "settle"
        act, channel = ("contact", "letter") if settles else (self.act, self.channel)
        demands = act == "contact" and self.presses
        return Sort(country, act, channel, self.purpose, demands, tuple(sorted(self.told)))


@dataclass(frozen=True)
class Window:
    """From when to when an act may happen, its day where the borrower is, and the book's day, on which debts stand."""

    first: datetime
    last: datetime
    on: date
    booked_on: date

    @classmethod
    def of(cls, at: datetime, valid: timedelta, zone: str, book_zone: str) -> "Window":
        """Return the window of a release at an instant, valid for so long."""
        return cls(at, at + valid, at.astimezone(ZoneInfo(zone)).date(), at.astimezone(ZoneInfo(book_zone)).date())

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that it is anywhere on earth."""
        return (self.first - _BEHIND).date(), (self.last + _AHEAD).date()


def rows(asked: Asked, loans: Sequence[Owed], known: Known, books: Sequence[str], window: Window) -> list[Row]:
    """Return a row of acts for each loan that an act is about, in their order; `books` are the rulebooks in force."""
    sort = asked.sort(known.country)
    told = {
        **lawful.ALWAYS,
        **_of_borrower(known, books, window),
        "ask": None,
        "world": asked.borrower,
        "act": sort.act,
        "channel": sort.channel,
        "purpose": asked.purpose,
        "demands": sort.demands,
        "content": asked.content or (),
        "content_stated": asked.content is not None,
    }
    return [_complete({**told, **_of_loan(known.loans[owed.loan_id], owed), **asked.told}) for owed in loans]


def _complete(row: Row) -> Row:
    """Give columns of acts that are others under another name."""
    for name, of in lawful.SAME_AS.items():
        row[name] = row[of]
    return row


def _of_loan(loan: Loan, owed: Owed) -> Row:
    return {
        **{name: getattr(loan, of) for name, of in _OF_LOAN},
        "loan.in_default_since": owed.overdue_since,
        "amount": owed.overdue,
        "collector.role": ROLES[loan.is_owner],
    }


def _of_borrower(known: Known, books: Sequence[str], window: Window) -> Row:
    zones = [_zone(name) for name in known.zones]
    when = lawful.minutes(zones, window.first, window.last) if zones else {}
    day = _kind_of_day(known.country, window.on) if books else {}
    return {
        **when,
        **day,
        "day": window.on,
        "seen": _seen_until(window.on),
        "rulebooks": books,
        "country": known.country,
        "borrower.region": known.region,
        "borrower.locality": known.locality,
        "borrower.language": known.language or None,
        "borrower.age": _age(known.born_on, window.on),
        "borrower.deceased_on": known.deceased_on,
    }


def _seen_until(on: date) -> int:
    return (on - date(1970, 1, 1)).days * 86_400 + SEEN_AHEAD_SECONDS


@lru_cache(4096)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(4096)
def _kind_of_day(country: str, on: date) -> Row:
    return {"holiday": on in calendars.public_holidays(country, on.year), "workday": calendars.is_workday(country, on)}


def _age(born_on: date | None, on: date) -> int | None:
    if born_on is None:
        return None
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
