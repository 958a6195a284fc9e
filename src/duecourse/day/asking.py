"""What the law is asked of acts at this second: a row for each loan that an act is about, as `statement.ROW` says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.day.statement import Sort
from duecourse.law import calendars
from duecourse.law.rulebook import Law
from duecourse.night.lawful import minutes, rulebooks_of

Row = dict[str, Any]
_BEHIND: Final = timedelta(hours=12)  # of UTC, where it is latest
_AHEAD: Final = timedelta(hours=14)


@dataclass(frozen=True)
class Asked:
    """An act that somebody wants done now: a planned one by its number, or one that a person asks for.

    `content` are the words that its template declares, None where nothing is declared; `presses` says that it asks for
    money or harms, so that it falls where nothing is overdue any more.
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

    def sort(self, country: str) -> Sort:
        """Say by which statement it is judged: an offer to settle is a letter."""
        settles = self.act == "settle"
        return Sort(country, "contact" if settles else self.act, "letter" if settles else self.channel, self.purpose)


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


def rows(law: Law, asked: Asked, loans: Sequence[Owed], known: Known, window: Window) -> list[Row]:
    """Return a row of an act for each loan that it is about, in their order; act_no is left to whoever asks."""
    sort = asked.sort(known.country)
    told = {
        **_of_borrower(law, known, window),
        "borrower_no": asked.borrower,
        "act": sort.act,
        "channel": sort.channel,
        "purpose": asked.purpose,
        "content": " ".join(asked.content or ()),
        "content_stated": asked.content is not None,
    }
    return [{**told, **_of_loan(known, owed)} for owed in loans]


def _of_loan(known: Known, owed: Owed) -> Row:
    loan = known.loans[owed.loan_id]
    return {
        "loan_id": loan.loan_id,
        "overdue_now": owed.overdue,
        "late_since": _text(owed.overdue_since),
        "product": loan.product,
        "opened_on": _text(loan.opened_on),
        "currency": loan.currency,
        "principal": loan.principal,
        "lender_type": loan.lender_type,
        "owner_id": loan.owner_id,
        "is_owner": loan.is_owner,
        "last_due_on": _text(loan.last_due_on),
    }


def _of_borrower(law: Law, known: Known, window: Window) -> Row:
    books = " ".join(rulebooks_of(law, known.country, known.region, known.locality))
    zones = [_zone(name) for name in known.zones]
    when = minutes(zones, window.first, window.last) if zones else {}
    day = _kind_of_day(known.country, window.on) if books else {}
    return {
        **when,
        **day,
        "day": window.on.isoformat(),
        "country": known.country,
        "region": known.region,
        "locality": known.locality,
        "books": books,
        "language": known.language or None,
        "age": _age(known.born_on, window.on),
        "deceased_on": _text(known.deceased_on),
    }


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


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
