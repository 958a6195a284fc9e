"""The rows that facts are aggregates of: one prepared table for each source, with borrower_no and the business date."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.book.schema import ANSWERED
from duecourse.kernel.components import COMPONENTS

Tables = Callable[[str], ir.Table]

OTHERS: Final = "other_collectors"
"""The event by which it is known, with the borrower's consent, how many other lenders collect from them."""
DONE: Final = {
    "furnished": ("furnish", "the debt was last reported to a credit bureau"),
    "listed": ("list", "the borrower was last put on a list of dishonest debtors"),
    "sued": ("sue", "the lender last went to court"),
    "settlement_offer": ("settle", "a settlement was last offered"),
    "sold": ("sell", "the debt was last sold"),
    "put_back": ("put_back", "a debt that was sold last came back"),
    "agency_engaged": ("place", "the debt was last placed with an agency"),
    "agency_ended": ("return", "a placement last ended"),
    "reward": ("reward", "the borrower last got a reward"),
}


def total(table: ir.Table, when: str) -> ir.IntegerColumn:
    """Sum the five components of one column group: overdue, due_today or not_due."""
    columns = [table[f"{component}_{when}"] for component in COMPONENTS]
    found: Any = columns[0]
    for column in columns[1:]:
        found = found + column
    return found


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
    reversals = tables("payments").filter(ibis._.reverses.notnull()).cross_join(tables("moment"))
    undone = reversals.filter(reversals.paid_on <= reversals.on_day).select(payment_id=reversals.reverses)
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
    rows = tables("events").filter(ibis._.kind.isin([*DONE, OTHERS])).join(people, "borrower_no")
    rows = rows.filter(rows.happened_on <= rows.on_day)
    holds = (rows.until_at.date() >= rows.on_day).fill_null(True)
    said = rows.details.re_extract(r'"count"\s*:\s*(\d{1,9})', 1).nullif("").cast("int64")
    others = ibis.cases(((rows.kind == OTHERS) & holds, said))
    return rows.mutate(in_spell=_in_spell(rows, rows.happened_on), others=others)


def _borrowers(tables: Tables, people: ir.Table) -> ir.Table:
    rows = tables("borrowers").join(people, "borrower_no")
    rows = rows.filter(rows.effective_on <= rows.on_day)
    newest = rows.group_by("borrower_no").aggregate(newest=rows.effective_on.max())
    rows = rows.join(newest, "borrower_no")
    rows = rows.filter(rows.effective_on == rows.newest)
    had_birthday = rows.on_day.month() * 100 + rows.on_day.day() >= rows.born_on.month() * 100 + rows.born_on.day()
    years = rows.on_day.year() - rows.born_on.year() - (~had_birthday).cast("int64")
    return rows.mutate(age_years=years.cast("int64"), deceased=(rows.deceased_on <= rows.on_day).fill_null(False))


SOURCES: Final[Mapping[str, Callable[[Tables, ir.Table], ir.Table]]] = {
    "debts": _debts,
    "contacts": _contacts,
    "promises": _promises,
    "arrangements": _arrangements,
    "notices": _notices,
    "events": _events,
    "borrowers": _borrowers,
}
