"""What the law sees when it is asked for duties: a row for each loan and question, and the past of these borrowers.

Only loans that may have a duty are asked about: those overdue, and those of which the book tells something that starts
one (a complaint, a report to a credit bureau, a sale). The rules themselves say what starts their duties.
"""

from collections.abc import Iterable
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from duecourse.law.records import Book
from duecourse.law.rulebook import Law
from duecourse.night import lawful
from duecourse.night.fact_sources import Tables, total
from duecourse.night.past import noon, seen_until

OVERDUE: Final = ""  # in the place of a kind of event: what starts a duty is that the loan is overdue
_NOON: Final = ibis.interval(hours=12)
DERIVED: Final = frozenset({"missed_payment", "settled"})  # kinds of event that the ledger knows, whatever is told

# The columns of acts that a question of a night has.
VARIES: Final = frozenset({
    "ask", "moment", "day", "rulebooks", "loan", "debt", "content", "collector.lender_type",
    *(f"borrower.{name}" for name in ("region", "locality", "age", "deceased_on", "language")),
    *(f"loan.{name}" for name in (
        "id", "owner", "in_default_since", "in_arrears_since", "delinquency_began_on", "overdue_amount", "due_on",
        "product", "opened_on", "currency", "principal",
    )),
})  # fmt: skip


def asks_of(law: Law, countries: Iterable[str]) -> pa.Table:
    """Return which questions are to be asked in each country, and what starts the duty: (country, ask, kind)."""
    rows = {
        (country, str(rule.record.answers), kind)
        for country in countries
        for rule in law.rules
        if binds(law.books[rule.book], country)
        for kind in rule.starts or (OVERDUE,)
    }
    text = pa.string()
    schema = pa.schema([("country", text), ("ask", text), ("kind", text)])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in sorted(rows)], schema=schema)


def roles(tables: Tables) -> ir.Table:
    """Return what the firm is to loans of each country: (country, role)."""
    whose = tables("borrowers").select("borrower_no", country=ibis._.country.fill_null("")).distinct()
    loans = tables("loans").join(whose, "borrower_no")
    return loans.select("country", role=lawful.role(lawful.is_owner(loans))).distinct()


def binds(book: Book, country: str) -> bool:
    """Say whether a rulebook binds borrowers in some part of a country."""
    return book.id == "house" or book.binds(country)


def triggers(tables: Tables, kinds: frozenset[str], empty: frozenset[str]) -> ir.Table:
    """Return what may start a duty: (borrower_no, loan_no, kind); a loan_no that is null means all of the borrower's.

    `kinds` are the kinds of event that start one, OVERDUE among them where being overdue is enough.
    """
    positions = tables("positions")
    late = positions.filter(positions.days_past_due > 0).select("borrower_no", "loan_no", kind=ibis.literal(OVERDUE))
    parts = [late if OVERDUE in kinds else late.filter(ibis.literal(value=False))]
    for name in ("events", "notices", "holds"):  # a hold is called what its event is called, where it starts a duty
        if name not in empty:
            rows = tables(name)
            parts.append(rows.filter(rows.kind.isin(sorted(kinds))).select("borrower_no", "loan_no", "kind").distinct())
    return ibis.union(*parts, distinct=True)


def asked(tables: Tables) -> ir.Table:
    """Return the questions to ask: (borrower_no, loan_no, country, ask), each once."""
    loans = tables("positions").select("borrower_no", of_loan="loan_no")
    rows = tables("duty_triggers").join(loans, "borrower_no")
    rows = rows.filter(rows.loan_no.isnull() | (rows.loan_no == rows.of_loan))
    rows = rows.select("borrower_no", "kind", loan_no=rows.of_loan)
    rows = rows.join(tables("homes").select("borrower_no", "country"), "borrower_no")
    rows = rows.join(tables("duty_asks"), ["country", "kind"])
    return rows.select("borrower_no", "loan_no", "country", "ask").distinct()


def past(tables: Tables, kinds: frozenset[str], empty: frozenset[str]) -> ir.Table:
    """Return the table `events` of the book with what the ledger adds to it.

    A missed payment for each instalment of an overdue loan that has been due since the oldest unmet one; the loan
    settled on the day of the last payment, where nothing is owed any more. Only of `kinds` that some rule asks for.
    """
    names = ("borrower_no", "loan_no", "kind", "happened_on", "happened_at", "until_at", "person_id")
    parts = [] if "events" in empty else [tables("events").select(*names)]
    parts += [_derived(kind, tables) for kind in sorted(DERIVED) if kind in kinds]
    parts = [part.cast({"happened_at": "timestamp(6)", "until_at": "timestamp(6)"}) for part in parts]
    return ibis.union(*parts, distinct=False)


def adds_to_past(kinds: frozenset[str]) -> bool:
    """Say whether the ledger tells of some of these kinds of event."""
    return bool(kinds & DERIVED)


def _derived(kind: str, tables: Tables) -> ir.Table:
    wanted = tables("duty_asked").select("loan_no").distinct()
    loans = tables("positions").semi_join(wanted, "loan_no")
    found = _missed(tables, loans) if kind == "missed_payment" else _settled(loans)
    return found.select(
        "borrower_no", "loan_no", kind=ibis.literal(kind), happened_on="happened_on",
        happened_at=found.happened_on.cast("timestamp") + _NOON,
        until_at=ibis.null("timestamp"), person_id=ibis.null("string"),
    )  # fmt: skip


def _missed(tables: Tables, loans: ir.Table) -> ir.Table:
    late = loans.filter(loans.days_past_due > 0).select("loan_no", "borrower_no", "oldest_due_on", on_day="on")
    due = tables("instalments").select("loan_no", "due_on")
    rows = due.join(late, "loan_no")
    rows = rows.filter((rows.due_on >= rows.oldest_due_on) & (rows.due_on < rows.on_day))
    return rows.select("borrower_no", "loan_no", happened_on="due_on")


def _settled(loans: ir.Table) -> ir.Table:
    rows = loans.filter((_owed(loans) <= 0) & loans.last_paid_on.notnull() & ~loans.written_off)
    return rows.select("borrower_no", "loan_no", happened_on="last_paid_on")


def _owed(rows: ir.Table) -> Any:
    return total(rows, "overdue") + total(rows, "due_today") + total(rows, "not_due")


def rows(tables: Tables) -> ir.Table:
    """Return the questions with all that the law may ask of each; columns as in `duecourse.law.columns`.

    `act_no` is left to whoever keeps the table, and what follows from other columns to `lawful.dressed`.
    """
    found = tables("duty_asked").drop("country").join(_loans(tables), ["borrower_no", "loan_no"])
    found = found.drop("borrower_no_right", "loan_no_right") if "borrower_no_right" in found.columns else found
    found = found.join(tables("homes"), "borrower_no")
    found = found.left_join(tables("law_places"), list(lawful.PLACE))
    found = found.drop("country_right", "region_right", "locality_right")
    columns = {**lawful.of_the_loan(found), **{f"borrower.{name}": found[name] for name in lawful.BORROWER}}
    return found.select(
        "loan_no", "ask", "borrower_id", "country", "day",
        world=found.borrower_no,
        moment=noon(found.day),
        seen=seen_until(found.day),
        books=found.books.fill_null(""),
        **{name: value for name, value in columns.items() if name not in lawful.SAME_AS},
        **{"loan.overdue_amount": found.overdue_now, "loan.delinquency_began_on": found.late_since},
    )  # fmt: skip


def _loans(tables: Tables) -> ir.Table:
    """Return the loans asked about: terms in force, what is late and since when, the last due day."""
    wanted = tables("duty_asked").select("loan_no").distinct()
    late = tables("positions").semi_join(wanted, "loan_no")
    names = ("borrower_no", "loan_no", "loan_id", "borrower_id", "product", "currency", "opened_on")
    late = late.select(*names, late_since=late.oldest_due_on, overdue_now=total(late, "overdue"))
    terms = lawful.terms(tables, wanted).drop("opened_on")
    return late.join(terms, "loan_no").left_join(lawful.last_due(tables, wanted), "loan_no").drop("loan_no_right")
