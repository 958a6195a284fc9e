"""One world of the federal rulebook as its judge sees it: a try, one of its loans, and what happened before.

Nothing here comes from the rules. A world is read as docs/concepts/cases.md says: silence about `by` is the firm
itself, about the content all that the law asks for, and an event that names no loan concerns every loan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.law.casefile import Case, Try

Row = Mapping[str, Any]
PLACED: Final = ("call", "voicemail")  # media that a telephone call brings about
ELECTRONIC: Final = ("sms", "im", "email", "social_private", "social_public")
UNCONNECTED: Final = ("busy", "not_in_service")


@dataclass(frozen=True)
class View:
    """A try as it concerns one loan (None: it is about none)."""

    case: Case
    trial: Try
    loan_id: str | None

    @cached_property
    def values(self) -> Row:
        """What the try says."""
        return self.trial.values

    def get(self, key: str, otherwise: Any = None) -> Any:
        """Return what the try says under a key."""
        return self.values.get(key, otherwise)

    @cached_property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """Return every zone that the borrower may be in."""
        return tuple(ZoneInfo(str(zone)) for zone in self.case.borrower.get("zones") or ("UTC",))  # type: ignore[attr-defined]

    @cached_property
    def at(self) -> datetime:
        """The moment of sending decides, where it differs."""
        found: datetime = self.values.get("sent_at") or self.values["at"]
        return found

    @cached_property
    def day(self) -> date:
        """Return the day of the act where the borrower is."""
        return self.local(self.at).date()

    @cached_property
    def minute(self) -> int:
        """Return the minute of the day in the first zone."""
        return minutes(self.local(self.at))

    @cached_property
    def all_minutes(self) -> tuple[int, ...]:
        """Return the minute of the day in each zone."""
        return tuple(minutes(self.at.astimezone(zone)) for zone in self.zones)

    def local(self, moment: datetime) -> datetime:
        """Return a moment as the clock of the first zone tells it."""
        return moment.astimezone(self.zones[0])

    def day_of(self, event: Row) -> date:
        """Return the day of an event."""
        return self.local(event["at"]).date()

    @cached_property
    def loan(self) -> Row:
        """Return what is known of the loan."""
        return next((loan for loan in self.case.loans if loan["id"] == self.loan_id), {})

    @cached_property
    def debt(self) -> str | None:
        """Return the debt: student loans obtained under one account number are one."""
        return self._debt(self.loan_id)

    def _debt(self, loan_id: str | None) -> str | None:
        for loan in self.case.loans:
            account = loan.get("account_no_when_obtained")
            if loan["id"] == loan_id and loan.get("product") == "student_loan" and account:
                return f"student loans {account}"
        return loan_id

    @cached_property
    def own(self) -> str:
        """Return the firm of the world."""
        return str(self.case.collector.get("id", "C1"))

    @cached_property
    def actor(self) -> str:
        """Return the firm that acts."""
        by = self.get("by", "own")
        return self.own if by == "own" else str(by)

    @cached_property
    def role(self) -> str:
        """Return what the acting firm is to the debt."""
        firm = next((firm for firm in self.case.firms if firm["id"] == self.actor), self.case.collector)
        return str(firm.get("role"))

    @cached_property
    def whom(self) -> str:
        """Return the one contacted."""
        return str(self.get("with", "borrower"))

    def relation_of(self, person: object) -> str | None:
        """Return what a person is to the borrower."""
        return next((str(each["relation"]) for each in self.case.people if each["id"] == person), None)

    @cached_property
    def relation(self) -> str | None:
        """Return what the one contacted is to the borrower; None for the borrower."""
        return self.relation_of(self.whom)

    @cached_property
    def channel(self) -> str:
        """Return the medium of a contact."""
        return str(self.get("channel", ""))

    @cached_property
    def purpose(self) -> str:
        """Return what the contact is for."""
        return str(self.get("purpose", "collection"))

    @cached_property
    def content(self) -> frozenset[str]:
        """Return what is said."""
        return frozenset(self.get("content", ()))

    @cached_property
    def stated(self) -> bool:
        """Say whether the world tells what is said."""
        return "content" in self.values or "text" in self.values

    def says(self, *flags: str) -> bool:
        """Say whether any of these is said."""
        return bool(self.content & set(flags))

    @cached_property
    def goes_out(self) -> bool:
        """Say whether this is a contact that the firm starts."""
        return bool(self.get("act") == "contact" and self.get("direction", "out") == "out")

    @cached_property
    def history(self) -> tuple[Row, ...]:
        """Return the events before the act."""
        rows: tuple[Row, ...] = self.case.history
        return tuple(event for event in rows if int(event["at"].timestamp()) < int(self.at.timestamp()))

    def events(self, *kinds: str) -> Iterator[Row]:
        """Return earlier events of these kinds that concern the debt."""
        return (event for event in self.history if event["event"] in kinds and self.concerns(event))

    def debts_of(self, event: Row) -> frozenset[str | None]:
        """Return the debts that an event is about; all of them when it names none."""
        about = event.get("about") or ((event["loan"],) if event.get("loan") else ())
        return frozenset(self._debt(str(loan)) for loan in about or [each["id"] for each in self.case.loans])

    def concerns(self, event: Row) -> bool:
        """Say whether an event is about the debt of the try."""
        return self.debt in self.debts_of(event)

    def firm_of(self, event: Row) -> str:
        """Return the firm of an event."""
        by = event.get("by", "own")
        return self.own if by in {"own", None} else str(by)

    def contacts(self, *channels: str, direction: str | None = None) -> Iterator[Row]:
        """Return this firm's earlier contacts about the debt."""
        return (
            event
            for event in self.events("contact")
            if (not channels or event.get("channel") in channels)
            and (direction is None or event.get("direction") == direction)
        )

    def speaker(self, event: Row) -> str:
        """Return whose words an event is: a person of the world, else the borrower."""
        people = {str(person["id"]) for person in self.case.people}
        named = (str(event.get(key)) for key in ("given_by", "with", "by"))
        return next((name for name in named if name in people), "borrower")

    @cached_property
    def number(self) -> Row:
        """Return the telephone; without one the borrower's own mobile."""
        return self.number_called(self.get("number"))

    def number_called(self, name: object) -> Row:
        """Return a telephone by its id."""
        if name is None:
            return {"line": "mobile"}
        known: Any = self.case.borrower.get("numbers") or ()
        return next((each for each in known if each["id"] == name), {})

    @cached_property
    def mailbox(self) -> Row:
        """Return the mailbox, nothing for a private one."""
        known: Any = self.case.borrower.get("emails") or ()
        return next((each for each in known if each["id"] == self.get("address")), {})


def minutes(clock: datetime) -> int:
    """Return the minute of the day."""
    return clock.hour * 60 + clock.minute


def days_between(first: date, last: date) -> int:
    """Return how many days later the last is."""
    return (last - first).days


def federal_holidays(year: int) -> frozenset[date]:
    """Return the days that 5 USC 6103(a) lists, on their own dates and not on the weekdays of observance."""

    def nth(month: int, weekday: int, count: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))

    last_of_may = date(year, 5, 31)
    memorial = last_of_may - timedelta(days=last_of_may.weekday())
    return frozenset({
        date(year, 1, 1), nth(1, 0, 3), nth(2, 0, 3), memorial, date(year, 6, 19), date(year, 7, 4),
        nth(9, 0, 1), nth(10, 0, 2), date(year, 11, 11), nth(11, 3, 4), date(year, 12, 25),
    })  # fmt: skip


def business_days_after(day: date, count: int) -> date:
    """Return the day that is so many business days after a day."""
    while count:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in federal_holidays(day.year):
            count -= 1
    return day
