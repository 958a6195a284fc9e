"""The step `facts`: what the strategy may ask about a borrower, each fact defined once.

A fact is an aggregate over the rows of one source, grouped by borrower. Only facts that an expression needs are
worked out. Days are whole calendar days in the book's zone; `days_since_*` are null when the thing never happened.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.book.schema import ANSWERED, CHANNELS
from duecourse.kernel.components import COMPONENTS
from duecourse.law.catalogue import Catalogue, Fact, FactKind

Tables = Callable[[str], ir.Table]

BOOLEAN, INTEGER, TEXT = FactKind.BOOLEAN, FactKind.INTEGER, FactKind.TEXT
LEVEL: Final = "overdue_at_least_"
_LOAN_KEYS: Final = 2**31  # more than there are loans: makes a key of (day, loan) out of two numbers

NOTICES: Final = {
    "adverse_notice": "the notice before an adverse record",
    "default_notice": "a default notice",
    "suit_notice": "a notice of suit",
}
DONE: Final = {
    "furnished": ("furnish", "the debt was last reported to a credit bureau"),
    "listed": ("list", "the borrower was last put on a list of dishonest debtors"),
    "sued": ("sue", "the lender last went to court"),
    "settlement_offer": ("settle", "a settlement was last offered"),
    "sold": ("sell", "the debt was last sold"),
    "reward": ("reward", "the borrower last got a reward"),
}


@dataclass(frozen=True)
class BorrowerFact(Fact):
    """A fact about a borrower; `absent` is its value when the source has no row for them."""

    absent: int | bool | None = None


def total(table: ir.Table, when: str) -> ir.IntegerColumn:
    """Sum the five components of one column group: overdue, due_today or not_due."""
    columns = [table[f"{component}_{when}"] for component in COMPONENTS]
    found: Any = columns[0]
    for column in columns[1:]:
        found = found + column
    return found


def day_number(day: Any) -> Any:
    """Return days since 1970-01-01 of a date expression."""
    return day.delta(ibis.date("1970-01-01"), unit="day")


def _count(where: Any) -> Any:
    return where.cast("int64").sum()


def _one_currency(table: ir.Table, amount: Any) -> Any:
    """Return the sum where all loans that owe anything are in one currency, else null: amounts do not add up."""
    owing = table.currency.min(where=table.owed > 0), table.currency.max(where=table.owed > 0)
    return ibis.cases((owing[0].isnull() | (owing[0] == owing[1]), amount.sum()))


def _since(table: ir.Table, day: Any) -> Any:
    """Return days from the latest of some days to the business date."""
    return table.on_day.max().delta(day, unit="day")


def _loan_facts() -> list[Fact]:
    def fact(name: str, kind: FactKind, says: str, define: Callable[[Any], Any]) -> Fact:
        return BorrowerFact(name, kind, says, "loans", define)

    return [
        fact(
            "days_past_due",
            INTEGER,
            "Days since the oldest unmet due date of any loan; 0 when nothing is overdue.",
            lambda t: t.days_past_due.max(),
        ),
        fact(
            "delinquent_days",
            INTEGER,
            "Days past due less grace and paused days, of the worst loan.",
            lambda t: t.delinquent_days.max(),
        ),
        fact("loans", INTEGER, "Number of loans.", lambda t: t.count()),
        fact(
            "overdue_loans",
            INTEGER,
            "Number of loans with an instalment overdue.",
            lambda t: _count(t.days_past_due > 0),
        ),
        fact(
            "overdue_instalments",
            INTEGER,
            "Number of instalments overdue and unmet.",
            lambda t: t.overdue_instalments.sum(),
        ),
        fact(
            "overdue_amount",
            INTEGER,
            "Enforceable amount overdue on loans with an instalment overdue, minor units; null over several currencies.",
            lambda t: _one_currency(t, (t.days_past_due > 0).ifelse(t.overdue, 0)),
        ),
        fact(
            "owed_amount",
            INTEGER,
            "Enforceable amount owed, due or not, less credit, in minor units; null over several currencies.",
            lambda t: _one_currency(t, t.owed),
        ),
        fact(
            "residual_amount",
            INTEGER,
            "Charges overdue on loans whose instalments are all met, in minor units; null over several currencies.",
            lambda t: _one_currency(t, (t.days_past_due == 0).ifelse(t.overdue, 0)),
        ),
        fact(
            "days_to_next_due",
            INTEGER,
            "Days to the next due date that credit does not cover; null when none is left.",
            lambda t: t.next_due_on.min().delta(t.on_day.max(), unit="day"),
        ),
        fact(
            "next_due_amount",
            INTEGER,
            "Amount missing of the instalment next due, minor units; of the first loan when several fall due that day.",
            lambda t: t.next_due_amount.argmin(day_number(t.next_due_on) * _LOAN_KEYS + t.loan_no),
        ),
        fact(
            "days_since_payment",
            INTEGER,
            "Days since the last payment that counts.",
            lambda t: _since(t, t.last_paid_on.max()),
        ),
        fact(
            "last_paid_amount",
            INTEGER,
            "Sum paid on the last day with a payment, in minor units.",
            lambda t: t.last_paid_amount.argmax(day_number(t.last_paid_on) * _LOAN_KEYS + t.loan_no),
        ),
        fact(
            "on_time_in_a_row",
            INTEGER,
            "Latest instalments paid on time in a row, on the loan with the fewest.",
            lambda t: t.on_time_in_a_row.min(where=t.instalments_fallen_due > 0).coalesce(0),
        ),
        fact("written_off", BOOLEAN, "Whether any loan was written off or charged off.", lambda t: t.written_off.any()),
        fact(
            "product",
            TEXT,
            "Product of the loans; null when they differ.",
            lambda t: ibis.cases((t["product"].min() == t["product"].max(), t["product"].min())),
        ),
    ]


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


def _contact_facts() -> list[Fact]:
    def fact(name: str, says: str, define: Callable[[Any], Any], absent: int | None = None) -> Fact:
        return BorrowerFact(name, INTEGER, says, "contacts", define, absent)

    found = [
        fact(
            "contacts_in_spell",
            "Contacts made since the borrower became overdue.",
            lambda t: _count(t.made & t.in_spell),
            0,
        ),
        fact(
            "contacts_unanswered",
            "Contacts made since the borrower became overdue and after their last answer.",
            lambda t: _count(t.made & t.in_spell & t.after_answer),
            0,
        ),
        fact(
            "days_since_contact",
            "Days since the last contact made, on any channel.",
            lambda t: _since(t, t.happened_on.max(where=t.made)),
        ),
        fact(
            "days_since_answer",
            "Days since the borrower last answered or wrote.",
            lambda t: _since(t, t.happened_on.max(where=t.answered)),
        ),
    ]
    for channel in CHANNELS:
        found += [
            fact(
                f"days_since_{channel}",
                f"Days since the last contact made by {channel}.",
                partial(_since_channel, channel),
            ),
            fact(
                f"{channel}_in_spell",
                f"Contacts made by {channel} since the borrower became overdue.",
                partial(_in_channel, channel),
                0,
            ),
        ]
    return found


def _other_facts() -> list[Fact]:
    found: list[Fact] = [
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
        BorrowerFact(
            "country", TEXT, "ISO 3166-1 code of the borrower's country.", "people", lambda t: t.country.max()
        ),
        BorrowerFact("region", TEXT, "ISO 3166-2 code of the borrower's region.", "people", lambda t: t.region.max()),
        BorrowerFact("language", TEXT, "BCP 47 tag of the borrower's language.", "people", lambda t: t.language.max()),
        BorrowerFact("age_years", INTEGER, "Completed years of age.", "people", lambda t: t.age_years.max()),
        BorrowerFact(
            "deceased",
            BOOLEAN,
            "Whether the borrower is known to have died.",
            "people",
            lambda t: t.deceased.any(),
            absent=False,
        ),
    ]
    for kind, words in NOTICES.items():
        found += [
            BorrowerFact(
                f"days_since_{kind}",
                INTEGER,
                f"Days since {words} was served.",
                "notices",
                partial(_since_notice, kind),
            ),
            BorrowerFact(
                f"{kind}_in_spell",
                INTEGER,
                f"Times that {words} was served since the borrower became overdue.",
                "notices",
                partial(_of_kind, kind),
                0,
            ),
        ]
    for kind, (act, words) in DONE.items():
        found += [
            BorrowerFact(f"days_since_{kind}", INTEGER, f"Days since {words}.", "events", partial(_since_event, kind)),
            BorrowerFact(
                f"{act}_in_spell",
                INTEGER,
                f"Events of kind {kind} since the borrower became overdue.",
                "events",
                partial(_of_kind, kind),
                0,
            ),
        ]
    return found


CATALOGUE: Final = Catalogue([*_loan_facts(), *_contact_facts(), *_other_facts()])


def level_facts(levels: Mapping[str, Mapping[str, int]]) -> list[Fact]:
    """Declare the facts of a strategy's levels: `levels` gives each fact's threshold in minor units by currency.

    True when the overdue amount in some currency reaches its threshold; unknown when it might, in a currency without
    one.
    """
    return [
        BorrowerFact(
            name,
            BOOLEAN,
            "Whether the overdue amount reaches this level of the strategy.",
            "debts",
            partial(_reached, amounts),
            absent=False,
        )
        for name, amounts in levels.items()
    ]


def _reached(amounts: Mapping[str, int], table: Any) -> Any:
    if not amounts:
        return ibis.null("boolean")
    limits = ((table.currency == code, ibis.literal(amount, "int64")) for code, amount in amounts.items())
    reaches = table.overdue >= ibis.cases(*limits)
    return ibis.cases((reaches.any(), ibis.literal(True)), (reaches.isnull().any(), ibis.null("boolean")), else_=False)


def borrower_facts(tables: Tables, catalogue: Catalogue, needed: Iterable[str]) -> ir.Table:
    """Join the facts needed into one row per borrower: borrower_no, borrower_id, on_day, spell_from, facts."""
    wanted = [catalogue[name] for name in sorted(needed)]
    rows = tables("counted")
    loan_facts = {fact.name: fact.define(rows) for fact in wanted if fact.source == "loans"}
    loan_facts.setdefault("loans", rows.count())
    found = rows.group_by("borrower_no").aggregate(
        borrower_id=rows.borrower_id.max(),
        on_day=rows.on_day.max(),
        spell_from=rows.spell_from.min(),
        **loan_facts,
    )
    people = found.select("borrower_no", "on_day", "spell_from")
    for source, prepare in SOURCES.items():
        of_source = [fact for fact in wanted if fact.source == source]
        if of_source:
            found = _joined(found, prepare(tables, people), of_source)
    return found


def _joined(found: ir.Table, rows: ir.Table, facts: list[Fact]) -> ir.Table:
    grouped = rows.group_by("borrower_no").aggregate(**{fact.name: fact.define(rows) for fact in facts})
    joined = found.left_join(grouped, "borrower_no").drop("borrower_no_right")
    absent = {fact.name: fact.absent for fact in facts if isinstance(fact, BorrowerFact) and fact.absent is not None}
    return joined.mutate(**{name: joined[name].coalesce(value) for name, value in absent.items()}) if absent else joined


def _in_spell(rows: ir.Table, day: Any) -> Any:
    return (day >= rows.spell_from).fill_null(False)  # not overdue: no spell, so nothing lies in it


def _contacts(tables: Tables, people: ir.Table) -> ir.Table:
    contacts = tables("contacts").select("borrower_no", "happened_at", "happened_on", "channel", "direction", "outcome")
    made = contacts.direction == "out"
    contacts = contacts.mutate(made=made, answered=(~made) | contacts.outcome.isin(ANSWERED).fill_null(False))
    rows = contacts.join(people, "borrower_no")
    rows = rows.filter(rows.happened_on <= rows.on_day)
    spoke = rows.filter(rows.answered)
    answers = spoke.group_by("borrower_no").aggregate(answered_at=spoke.happened_at.max())
    rows = rows.left_join(answers, "borrower_no").drop("borrower_no_right")
    after = rows.answered_at.isnull() | (rows.happened_at > rows.answered_at)
    return rows.mutate(in_spell=_in_spell(rows, rows.happened_on), after_answer=after)


def _debts(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("counted").filter(ibis._.overdue > 0)
    grouped = rows.group_by("borrower_no", "currency").aggregate(overdue=rows.overdue.sum())
    return grouped.join(people, "borrower_no")


def _promises(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("promises").join(people, "borrower_no")
    rows = rows.filter(rows.made_on <= rows.on_day)
    paid = _paid_on_promises(tables, rows)
    rows = rows.left_join(paid, "promise_id").drop("promise_id_right")
    kept = rows.paid.coalesce(0) >= rows.amount
    over = rows.promised_on < rows.on_day
    broken = over & ~kept & _in_spell(rows, rows.promised_on)
    return rows.mutate(open=~over & ~kept, broken=broken)


def _paid_on_promises(tables: Tables, promises: ir.Table) -> ir.Table:
    """Sum what was paid from the day of a promise to its last day, on its loan or on any when it names none."""
    undone = tables("payments").filter(ibis._.reverses.notnull()).select(payment_id=ibis._.reverses)
    payments = tables("payments").filter(ibis._.reverses.isnull()).anti_join(undone, "payment_id")
    payments = payments.select("borrower_no", paid_loan_no="loan_no", paid_on="paid_on", paid="amount")
    promised = promises.select("promise_id", "borrower_no", "loan_no", "made_on", "promised_on", "on_day")
    rows = promised.join(payments, "borrower_no")
    last = ibis.least(rows.promised_on, rows.on_day)
    same_loan = rows.loan_no.isnull() | (rows.loan_no == rows.paid_loan_no)
    rows = rows.filter(rows.paid_on.between(rows.made_on, last) & same_loan)
    return rows.group_by("promise_id").aggregate(paid=rows.paid.sum())


def _arrangements(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("arrangements").join(people, "borrower_no")
    rows = rows.filter(rows.started_on <= rows.on_day)
    broke = (rows.broken_on <= rows.on_day).fill_null(False)
    ended = (rows.ended_on < rows.on_day).fill_null(False)
    return rows.mutate(active=~broke & ~ended, broken=broke & _in_spell(rows, rows.broken_on))


def _notices(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("notices").join(people, "borrower_no")
    rows = rows.filter(rows.served_on <= rows.on_day)
    return rows.mutate(in_spell=_in_spell(rows, rows.served_on))


def _events(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("events").filter(ibis._.kind.isin(list(DONE))).join(people, "borrower_no")
    rows = rows.filter(rows.happened_on <= rows.on_day)
    return rows.mutate(in_spell=_in_spell(rows, rows.happened_on))


def _people(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("borrowers").join(people, "borrower_no")
    rows = rows.filter(rows.effective_on <= rows.on_day)
    newest = rows.group_by("borrower_no").aggregate(newest=rows.effective_on.max())
    rows = rows.join(newest, "borrower_no")
    rows = rows.filter(rows.effective_on == rows.newest)
    had_birthday = rows.on_day.month() * 100 + rows.on_day.day() >= rows.born_on.month() * 100 + rows.born_on.day()
    years = rows.on_day.year() - rows.born_on.year() - (~had_birthday).cast("int64")
    return rows.mutate(age_years=years.cast("int64"), deceased=rows.deceased_on.notnull())


SOURCES: Final[Mapping[str, Callable[[Tables, ir.Table], ir.Table]]] = {
    "debts": _debts,
    "contacts": _contacts,
    "promises": _promises,
    "arrangements": _arrangements,
    "notices": _notices,
    "events": _events,
    "people": _people,
}
