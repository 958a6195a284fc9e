"""What a Chinese try looks like to the second judge: the act, one of its loans, and what happened before it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from duecourse.law.casefile import Case, Try
from duecourse.law.vocabulary import VOCABULARY

Row = Mapping[str, Any]
BEIJING: Final = ZoneInfo("Asia/Shanghai")
NO_COLLECTION: Final = frozenset({"answer_to_borrower", "servicing", "required_notice", "marketing"})
"""Answers, servicing, notices that the law commands and advertisements are no collection work."""
NOT_OF_DEBT: Final = frozenset({"advert_no_debt", "unrelated_to_the_debt"})


def _with_silence(table: str, said: Row) -> dict[str, Any]:
    """Add what a world means that says nothing."""
    silent = {key: column.otherwise for key, column in VOCABULARY.tables[table].items() if column.otherwise is not None}
    return {**silent, **said}


@dataclass(frozen=True)
class View:
    """One try and one of its loans."""

    case: Case
    trial: Try
    loan: Row
    """The loan that the act is judged for."""

    @cached_property
    def act(self) -> dict[str, Any]:
        """The act, with what silence means."""
        return _with_silence("act", self.trial.values)

    @property
    def kind(self) -> str:
        """What is proposed: contact, demand, list, ..."""
        return str(self.act["act"])

    @cached_property
    def at(self) -> datetime:
        """When the act is done: when it is sent, where that is told."""
        return cast("datetime", self.act.get("sent_at") or self.act["at"])

    @cached_property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """Every zone in which the borrower may be."""
        return tuple(ZoneInfo(zone) for zone in cast("tuple[str, ...]", self.case.borrower["zones"]))

    @cached_property
    def day(self) -> date:
        """The day of the act where the borrower is first said to be."""
        return self.at.astimezone(self.zones[0]).date()

    @cached_property
    def past(self) -> tuple[Row, ...]:
        """What happened before, in order."""
        return tuple(
            _with_silence("event", event) for event in self.case.history if cast("datetime", event["at"]) < self.at
        )

    def day_of(self, event: Row) -> date:
        """Return the local day of an event."""
        return cast("datetime", event["at"]).astimezone(self.zones[0]).date()

    def events(self, *kinds: str, about_loan: bool = True) -> Iterator[Row]:
        """Return the earlier events of some kinds that concern the loan; one that names no loan concerns all."""
        return (
            event
            for event in self.past
            if event["event"] in kinds and (not about_loan or self.loan["id"] in self.loans_of(event))
        )

    def last(self, *kinds: str, where: Callable[[Row], bool] | None = None, about_loan: bool = True) -> Row | None:
        """Return the last of such events, if there is one."""
        found = [event for event in self.events(*kinds, about_loan=about_loan) if where is None or where(event)]
        return found[-1] if found else None

    def loans_of(self, event: Row) -> tuple[str, ...]:
        """Return the loans that an event is about."""
        named = event.get("about") or ((event["loan"],) if event.get("loan") else ())
        return cast("tuple[str, ...]", tuple(named) or tuple(loan["id"] for loan in self.case.loans))

    @property
    def firm(self) -> str:
        """Id of the firm of the case."""
        return str(self.case.collector.get("id", "C1"))

    @cached_property
    def actor(self) -> str:
        """Id of the firm that acts."""
        by = self.act.get("by")
        return self.firm if by in {None, "own"} else str(by)

    @cached_property
    def actor_role(self) -> str | None:
        """What the firm that acts is to the debt."""
        for firm in self.case.firms:
            if firm["id"] == self.act.get("by"):
                return cast("str | None", firm.get("role"))
        return cast("str | None", self.case.collector.get("role"))

    @property
    def by_agency(self) -> bool:
        """Whether an agency acts."""
        return self.actor_role in {"agency", "debt_collector"}

    @property
    def who(self) -> str:
        """Id of whom the act is with: borrower, or a person."""
        return str(self.act["with"])

    @cached_property
    def person(self) -> Row | None:
        """The person whom the act is with, if not the borrower."""
        return next((person for person in self.case.people if person["id"] == self.who), None)

    @cached_property
    def said(self) -> frozenset[str]:
        """What is said or shown; silence holds nothing that the law forbids."""
        return frozenset(cast("tuple[str, ...]", self.act.get("content") or ()))

    @property
    def about_debt(self) -> bool:
        """Whether the act has to do with the debt; an advertisement for something else has not."""
        return self.act["purpose"] != "marketing" and not self.said & NOT_OF_DEBT

    @property
    def outbound(self) -> bool:
        """Whether the firm begins it."""
        return bool(self.act["direction"] == "out")

    @property
    def collects(self) -> bool:
        """Whether it is collection that the firm begins."""
        return self.outbound and self.about_debt and self.act["purpose"] not in NO_COLLECTION

    @staticmethod
    def collected(event: Row) -> bool:
        """Say whether an earlier contact was collection that the firm began."""
        said = frozenset(event.get("content") or ())
        firm_began = bool(event.get("direction") != "in")
        return firm_began and str(event.get("purpose")) not in NO_COLLECTION and not said & NOT_OF_DEBT

    def same_person(self, event: Row) -> bool:
        """Whether an earlier event was with the one whom the act is with; nobody named is the borrower."""
        return str(event.get("with") or "borrower") == self.who


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the last second of a day."""
    return datetime.combine(day, time(23, 59, 59), zone)


def minute_of(moment: datetime, zone: ZoneInfo) -> int:
    """Return minutes after midnight in a zone."""
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute
