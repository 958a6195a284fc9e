"""The fact catalogue: everything that the strategy may ask about a borrower, each fact defined once.

A fact is an aggregate over the rows of one source (see `fact_sources`), grouped by borrower. Days are calendar days in
the book's zone; `days_since_*` are null when the thing never happened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.book.schema import CHANNELS
from duecourse.law.catalogue import Catalogue, Fact, FactKind
from duecourse.night.fact_sources import DONE

BOOLEAN, INTEGER, TEXT = FactKind.BOOLEAN, FactKind.INTEGER, FactKind.TEXT
_LOAN_KEYS: Final = 2**31  # more than there are loans: makes a key of (day, loan) out of two numbers

NOTICES: Final = {
    "adverse_notice": "the notice before an adverse record",
    "default_notice": "a default notice",
    "suit_notice": "a notice of suit",
}


@dataclass(frozen=True)
class BorrowerFact(Fact):
    """A fact about a borrower; `absent` is its value when the source has no row for them."""

    absent: int | bool | None = None


def day_number(day: Any) -> Any:
    """Return days since 1970-01-01 of a date expression."""
    return day.delta(ibis.date("1970-01-01"), unit="day")


def _count(where: Any) -> Any:
    return where.cast("int64").sum()


def _one_currency(table: ir.Table, amount: Any) -> Any:
    """Return the sum where all loans that owe anything are in one currency, else null: amounts do not add up."""
    first, last = _currencies(table)
    return ibis.cases((first.isnull() | (first == last), amount.sum()))


def _currency(table: ir.Table) -> Any:
    first, last = _currencies(table)
    return ibis.cases((first == last, first))


def _currencies(table: ir.Table) -> tuple[Any, Any]:
    """Return the first and the last, by their codes, of the currencies in which something is owed."""
    return table.currency.min(where=table.owed > 0), table.currency.max(where=table.owed > 0)


def _since(table: ir.Table, day: Any) -> Any:
    """Return days from the latest of some days to the business date."""
    return table.on_day.max().delta(day, unit="day")


def _of_loans(name: str, kind: FactKind, says: str, define: Callable[[Any], Any]) -> Fact:
    return BorrowerFact(name, kind, says, "loans", define)


def _of_contacts(name: str, says: str, define: Callable[[Any], Any], absent: int | None = None) -> Fact:
    return BorrowerFact(name, INTEGER, says, "contacts", define, absent)


def _since_channel(channel: str, table: Any) -> Any:
    return _since(table, table.happened_on.max(where=table.made & (table.channel == channel)))


def _in_channel(channel: str, table: Any) -> Any:
    return _count(table.made & table.in_spell & (table.channel == channel))


def _since_notice(kind: str, table: Any) -> Any:
    return _since(table, table.served_on.max(where=table.kind == kind))


def _since_event(kind: str, table: Any) -> Any:
    return _since(table, table.happened_on.max(where=table.kind == kind))


def _of_kind(kind: str, table: Any) -> Any:
    return _count(table.in_spell & (table.kind == kind))


_LOANS: Final = (
    _of_loans(
        "days_past_due",
        INTEGER,
        "Days since the oldest unmet due date of any loan; 0 when nothing is overdue.",
        lambda t: t.days_past_due.max(),
    ),
    _of_loans(
        "delinquent_days",
        INTEGER,
        "Days past due less grace and paused days, of the worst loan.",
        lambda t: t.delinquent_days.max(),
    ),
    _of_loans("loans", INTEGER, "Number of loans.", lambda t: t.count()),
    _of_loans(
        "overdue_loans",
        INTEGER,
        "Number of loans with an instalment overdue.",
        lambda t: _count(t.days_past_due > 0),
    ),
    _of_loans(
        "overdue_instalments",
        INTEGER,
        "Number of instalments overdue and unmet.",
        lambda t: t.overdue_instalments.sum(),
    ),
    _of_loans(
        "overdue_amount",
        INTEGER,
        "Enforceable amount overdue on loans with an instalment overdue, minor units; null over several currencies.",
        lambda t: _one_currency(t, (t.days_past_due > 0).ifelse(t.overdue, 0)),
    ),
    _of_loans(
        "owed_amount",
        INTEGER,
        "Enforceable amount owed, due or not, less credit, in minor units; null over several currencies.",
        lambda t: _one_currency(t, t.owed),
    ),
    _of_loans(
        "residual_amount",
        INTEGER,
        "Charges overdue on loans whose instalments are all met, in minor units; null over several currencies.",
        lambda t: _one_currency(t, (t.days_past_due == 0).ifelse(t.overdue, 0)),
    ),
    _of_loans(
        "days_to_next_due",
        INTEGER,
        "Days to the next due date that credit does not cover; null when none is left.",
        lambda t: t.next_due_on.min().delta(t.on_day.max(), unit="day"),
    ),
    _of_loans(
        "next_due_amount",
        INTEGER,
        "Amount missing of the next instalment, minor units, 0 for none; of the first loan if several are due then.",
        lambda t: t.next_due_amount.argmin(day_number(t.next_due_on) * _LOAN_KEYS + t.loan_no),
    ),
    _of_loans(
        "days_since_payment",
        INTEGER,
        "Days since the last payment that counts.",
        lambda t: _since(t, t.last_paid_on.max()),
    ),
    _of_loans(
        "last_paid_amount",
        INTEGER,
        "Sum paid on the last day with a payment, on the loan last paid, minor units; 0 for none.",
        lambda t: t.last_paid_amount.argmax(day_number(t.last_paid_on) * _LOAN_KEYS + t.loan_no),
    ),
    _of_loans(
        "on_time_in_a_row",
        INTEGER,
        "Latest instalments paid on time in a row, on the loan with the fewest.",
        lambda t: t.on_time_in_a_row.min(where=t.instalments_fallen_due > 0).coalesce(0),
    ),
    _of_loans(
        "written_off", BOOLEAN, "Whether any loan was written off or charged off.", lambda t: t.written_off.any()
    ),
    _of_loans(
        "currency",
        TEXT,
        "Currency of what is owed; null when nothing is, or in several currencies.",
        _currency,
    ),
    _of_loans(
        "product",
        TEXT,
        "Product of the loans; null when they differ.",
        lambda t: ibis.cases((t["product"].min() == t["product"].max(), t["product"].min())),
    ),
)

_CONTACTS: Final = (
    _of_contacts(
        "contacts_in_spell",
        "Contacts made since the borrower became overdue.",
        lambda t: _count(t.made & t.in_spell),
        0,
    ),
    _of_contacts(
        "contacts_unanswered",
        "Contacts made since the borrower became overdue and after their last answer.",
        lambda t: _count(t.made & t.in_spell & t.after_answer),
        0,
    ),
    _of_contacts(
        "days_since_contact",
        "Days since the last contact made, on any channel.",
        lambda t: _since(t, t.happened_on.max(where=t.made)),
    ),
    _of_contacts(
        "days_since_answer",
        "Days since the borrower last answered or wrote.",
        lambda t: _since(t, t.happened_on.max(where=t.answered)),
    ),
)

_CHANNELS: Final = tuple(
    fact
    for channel in CHANNELS
    for fact in (
        _of_contacts(
            f"days_since_{channel}",
            f"Days since the last contact made by {channel}.",
            partial(_since_channel, channel),
        ),
        _of_contacts(
            f"{channel}_in_spell",
            f"Contacts made by {channel} since the borrower became overdue.",
            partial(_in_channel, channel),
            0,
        ),
    )
)

_PEOPLE: Final = (
    BorrowerFact(
        "promises_open",
        INTEGER,
        "Promises to pay that are neither due nor kept yet.",
        "promises",
        lambda t: _count(t.open),
        0,
    ),
    BorrowerFact(
        "promises_broken",
        INTEGER,
        "Promises not kept by their day, since the borrower became overdue.",
        "promises",
        lambda t: _count(t.broken),
        0,
    ),
    BorrowerFact(
        "days_since_promise_broken",
        INTEGER,
        "Days since the day of the last broken promise.",
        "promises",
        lambda t: _since(t, t.promised_on.max(where=t.broken)),
    ),
    BorrowerFact(
        "arrangement_active",
        BOOLEAN,
        "Whether a payment plan is running.",
        "arrangements",
        lambda t: t.active.any(),
        absent=False,
    ),
    BorrowerFact(
        "arrangement_broken",
        BOOLEAN,
        "Whether a payment plan was broken since the borrower became overdue.",
        "arrangements",
        lambda t: t.broken.any(),
        absent=False,
    ),
    BorrowerFact("country", TEXT, "ISO 3166-1 code of the borrower's country.", "borrowers", lambda t: t.country.max()),
    BorrowerFact("region", TEXT, "ISO 3166-2 code of the borrower's region.", "borrowers", lambda t: t.region.max()),
    BorrowerFact("language", TEXT, "BCP 47 tag of the borrower's language.", "borrowers", lambda t: t.language.max()),
    BorrowerFact("age_years", INTEGER, "Completed years of age.", "borrowers", lambda t: t.age_years.max()),
    BorrowerFact(
        "deceased",
        BOOLEAN,
        "Whether the borrower is known to have died.",
        "borrowers",
        lambda t: t.deceased.any(),
        absent=False,
    ),
)

_NOTICES: Final = tuple(
    fact
    for kind, words in NOTICES.items()
    for fact in (
        BorrowerFact(
            f"days_since_{kind}", INTEGER, f"Days since {words} was served.", "notices", partial(_since_notice, kind)
        ),
        BorrowerFact(
            f"{kind}_in_spell",
            INTEGER,
            f"Times that {words} was served since the borrower became overdue.",
            "notices",
            partial(_of_kind, kind),
            0,
        ),
    )
)

_EVENTS: Final = tuple(
    fact
    for kind, (act, words) in DONE.items()
    for fact in (
        BorrowerFact(f"days_since_{kind}", INTEGER, f"Days since {words}.", "events", partial(_since_event, kind)),
        BorrowerFact(
            f"{act}_in_spell",
            INTEGER,
            f"Events of kind {kind} since the borrower became overdue.",
            "events",
            partial(_of_kind, kind),
            0,
        ),
    )
)

_OTHERS: Final = BorrowerFact(
    "other_collectors_active",
    INTEGER,
    "Most other lenders that collected from the borrower, by what they let us see, while their consent holds.",
    "events",
    lambda table: table.others.max(),
)

CATALOGUE: Final = Catalogue((*_LOANS, *_CONTACTS, *_CHANNELS, *_PEOPLE, *_NOTICES, *_EVENTS, _OTHERS))
