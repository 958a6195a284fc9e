"""The twin's facts: what each sentence of docs/reference/facts.md says, in plain Python, for one borrower.

Amounts and ageing of each loan come from the ledger (its own twin checks it); everything else from the rows.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from duecourse.book.schema import CHANNELS
from duecourse.ledger import kernel
from duecourse.ledger.histories import as_date, from_loans
from duecourse.ledger.loan import Loan, Position, Segment
from duecourse.ledger.positions import positions
from tests.night.twin_book import Known, Row

NEVER = 2**31 - 1
NOTICES = ("adverse_notice", "default_notice", "suit_notice")
# The kind of event that each act leaves, and the word that facts count it by.
ACTS_OF = {
    "furnished": "furnish",
    "listed": "list",
    "sued": "sue",
    "settlement_offer": "settle",
    "sold": "sell",
    "put_back": "put_back",
    "agency_engaged": "place",
    "agency_ended": "return",
    "reward": "reward",
}


@dataclass(frozen=True)
class Account:
    """One loan on the day: the row of `loans` in force, its position, and what else a borrower's facts need."""

    row: Row
    loan: Loan
    position: Position
    next_due_on: date | None
    next_due_amount: int
    on_time_in_a_row: int
    fallen_due: int
    paid: list[tuple[date, int]]
    written_off: bool

    @property
    def overdue(self) -> int:
        """Everything overdue, charges included, in minor units."""
        return sum(self.position.enforceable.overdue.values())

    @property
    def due_today(self) -> int:
        """Everything that falls due today, in minor units."""
        return sum(self.position.enforceable.due_today.values())

    @property
    def owed(self) -> int:
        """Everything owed, due or not, less credit, in minor units."""
        return self.position.enforceable.owed - self.position.enforceable.credit

    @property
    def spell_from(self) -> date | None:
        """First day of the unbroken run of days overdue that reaches the business date."""
        return spell_from(self.position.history)


def spell_from(history: list[Segment]) -> date | None:
    """Return the first day of the spell that is under way: segments that touch are one spell."""
    if not history or history[-1].until_on is not None:
        return None
    first = history[-1].from_on
    for segment in reversed(history[:-1]):
        if segment.until_on != first:
            break
        first = segment.from_on
    return first


def accounts(book: Known, on: date) -> dict[str, Account]:
    """Work out every loan that is known, by loan_id."""
    ids = sorted({row["loan_id"] for row in book.tables["loans"]})
    loans = [book.loan(loan_id) for loan_id in ids]
    worked = positions(from_loans(loans), on)
    found = {}
    for place, loan in enumerate(loans):
        fact = [int(number) for number in worked.facts[:, place]]
        versions = sorted(book.by_loan["loans", loan.loan_id], key=lambda row: row["effective_on"])
        begun = [row for row in versions if row["effective_on"] <= on]
        due = fact[kernel.NEXT_DUE_ON]
        found[loan.loan_id] = Account(
            row=begun[-1] if begun else versions[0],
            loan=loan,
            position=worked.of(place),
            next_due_on=None if due == NEVER else as_date(due),
            next_due_amount=fact[kernel.NEXT_DUE_AMOUNT],
            on_time_in_a_row=fact[kernel.ON_TIME_IN_A_ROW],
            fallen_due=fact[kernel.FALLEN_DUE],
            paid=[(day, amount) for day, amount, _ in payments(book.by_loan.get(("payments", loan.loan_id), []), on)],
            written_off=any(day <= on for day in loan.written_off_on),
        )
    return found


def payments(rows: Iterable[Row], on: date) -> list[tuple[date, int, str]]:
    """Return (day, amount, loan_id) of the payments that count on a day: made by then, and not undone by then."""
    rows = [row for row in rows if row["paid_on"] <= on]
    undone = {row["reverses"] for row in rows}
    return [
        (row["paid_on"], row["amount"], row["loan_id"])
        for row in rows
        if row["reverses"] is None and row["payment_id"] not in undone
    ]


def borrower_facts(
    book: Known, on: date, borrower_id: str, counted: list[Account], levels: Mapping[str, Mapping[str, int]]
) -> Row:
    """Work out every fact of the catalogue, and the strategy's levels, of one borrower."""
    spells = [account.spell_from for account in counted if account.spell_from]
    spell = min(spells) if spells else None
    found = of_loans(counted, on)
    found |= of_contacts(book, book.of("contacts", borrower_id), on, spell)
    found |= of_promises(book.of("promises", borrower_id), book.of("payments", borrower_id), on, spell)
    found |= of_arrangements(book.of("arrangements", borrower_id), on, spell)
    found |= of_done(book, borrower_id, on, spell)
    found |= of_person(book.of("borrowers", borrower_id), on)
    return found | {name: reached(counted, amounts) for name, amounts in levels.items()}


def reached(counted: list[Account], amounts: Mapping[str, int]) -> bool | None:
    """Say whether the overdue amount of some currency reaches its level; unknown if it may, without a level."""
    overdue: dict[str, int] = {}
    for account in counted:
        if account.overdue > 0:
            currency = account.row["currency"]
            overdue[currency] = overdue.get(currency, 0) + account.overdue
    if any(currency in amounts and amount >= amounts[currency] for currency, amount in overdue.items()):
        return True
    return False if all(currency in amounts for currency in overdue) else None


def of_loans(counted: list[Account], on: date) -> Row:
    """Facts about the loans that count."""
    late = [account for account in counted if account.position.days_past_due > 0]
    clear = [account for account in counted if account.position.days_past_due == 0]
    coming = [(account.next_due_on, account.loan.loan_id, account) for account in counted if account.next_due_on]
    paid = [(day, account.loan.loan_id) for account in counted for day, _ in account.paid]
    products = {account.row["product"] for account in counted} - {None}
    currencies = {account.row["currency"] for account in counted if account.owed > 0}
    streaks = [account.on_time_in_a_row for account in counted if account.fallen_due]
    last = max(paid, default=None)
    return {
        "days_past_due": max(account.position.days_past_due for account in counted),
        "delinquent_days": max(account.position.delinquent_days for account in counted),
        "loans": len(counted),
        "overdue_loans": len(late),
        "overdue_instalments": sum(account.position.overdue_instalments for account in counted),
        "overdue_amount": _of_one_currency(counted, sum(account.overdue for account in late)),
        "owed_amount": _of_one_currency(counted, sum(account.owed for account in counted)),
        "residual_amount": _of_one_currency(counted, sum(account.overdue for account in clear)),
        "days_to_next_due": (min(coming)[0] - on).days if coming else None,
        "next_due_amount": min(coming)[2].next_due_amount if coming else 0,
        "days_since_payment": (on - last[0]).days if last else None,
        "last_paid_amount": _paid_on(counted, last),
        "on_time_in_a_row": min(streaks, default=0),
        "written_off": any(account.written_off for account in counted),
        "currency": currencies.pop() if len(currencies) == 1 else None,
        "product": products.pop() if len(products) == 1 else None,
    }


def _of_one_currency(counted: list[Account], amount: int) -> int | None:
    return amount if len({account.row["currency"] for account in counted if account.owed > 0}) <= 1 else None


def _paid_on(counted: list[Account], last: tuple[date, str] | None) -> int:
    """Return what was paid on the last day; of several loans paid that day, on the last by loan_id."""
    if last is None:
        return 0
    (account,) = (account for account in counted if account.loan.loan_id == last[1])
    return sum(amount for day, amount in account.paid if day == last[0])


def of_contacts(book: Known, rows: list[Row], on: date, spell: date | None) -> Row:
    """Facts about contacts, on all channels and on each."""
    seen = [(book.day(row["happened_at"]), row) for row in rows]
    seen = [(day, row) for day, row in seen if day <= on]
    made = [(day, row) for day, row in seen if row["direction"] == "out"]
    answers = [(day, row) for day, row in seen if row["direction"] == "in" or row["outcome"] in {"conversation", "met"}]
    answered_at = max((row["happened_at"] for _, row in answers), default=datetime.min)  # noqa: DTZ901  UTC, naive
    within = [(day, row) for day, row in made if _within(day, spell)]
    found: Row = {
        "contacts_in_spell": len(within),
        "contacts_unanswered": sum(row["happened_at"] > answered_at for _, row in within),
        "days_since_contact": _since(on, (day for day, _ in made)),
        "days_since_answer": _since(on, (day for day, _ in answers)),
    }
    for channel in CHANNELS:
        found[f"days_since_{channel}"] = _since(on, (day for day, row in made if row["channel"] == channel))
        found[f"{channel}_in_spell"] = sum(row["channel"] == channel for _, row in within)
    return found


def of_promises(rows: list[Row], paid: list[Row], on: date, spell: date | None) -> Row:
    """Facts about promises: kept when as much was paid from the day it was made to the day promised."""
    is_open, broken = 0, []
    for row in rows:
        if row["made_on"] > on:
            continue
        until = min(row["promised_on"], on)
        came = sum(
            amount
            for day, amount, loan_id in payments(paid, on)
            if row["made_on"] <= day <= until and row["loan_id"] in {None, loan_id}
        )
        kept, over = came >= row["amount"], row["promised_on"] < on
        is_open += not kept and not over
        if over and not kept and _within(row["promised_on"], spell):
            broken.append(row["promised_on"])
    return {
        "promises_open": is_open,
        "promises_broken": len(broken),
        "days_since_promise_broken": _since(on, broken),
    }


def of_arrangements(rows: list[Row], on: date, spell: date | None) -> Row:
    """Facts about payment plans."""
    rows = [row for row in rows if row["started_on"] <= on]
    broke = [row["broken_on"] is not None and row["broken_on"] <= on for row in rows]
    ended = [row["ended_on"] is not None and row["ended_on"] < on for row in rows]
    return {
        "arrangement_active": any(not a and not b for a, b in zip(broke, ended, strict=True)),
        "arrangement_broken": any(
            is_broken and _within(row["broken_on"], spell) for row, is_broken in zip(rows, broke, strict=True)
        ),
    }


def of_done(book: Known, borrower_id: str, on: date, spell: date | None) -> Row:
    """Facts about notices served and acts done."""
    found: Row = {}
    for kind in NOTICES:
        served = [row["served_on"] for row in book.of("notices", borrower_id) if row["kind"] == kind]
        found |= _counted(f"days_since_{kind}", f"{kind}_in_spell", served, on, spell)
    for kind, act in ACTS_OF.items():
        done = [book.day(row["happened_at"]) for row in book.of("events", borrower_id) if row["kind"] == kind]
        found |= _counted(f"days_since_{kind}", f"{act}_in_spell", done, on, spell)
    told = [row for row in book.of("events", borrower_id) if row["kind"] == "other_collectors"]
    told = [row for row in told if book.day(row["happened_at"]) <= on]
    holds = [row for row in told if row["until_at"] is None or row["until_at"].date() >= on]
    counts = [json.loads(row["details"])["count"] for row in holds if row["details"]]
    found["other_collectors_active"] = max(counts, default=None)
    return found


def _counted(since: str, count: str, days: list[date], on: date, spell: date | None) -> Row:
    days = [day for day in days if day <= on]
    return {since: _since(on, days), count: sum(_within(day, spell) for day in days)}


def of_person(rows: list[Row], on: date) -> Row:
    """Facts about the borrower, from the version in force."""
    rows = sorted((row for row in rows if row["effective_on"] <= on), key=lambda row: row["effective_on"])
    row = rows[-1] if rows else dict.fromkeys(("country", "region", "language", "born_on", "deceased_on"))
    born, died = row["born_on"], row["deceased_on"]
    age = born and on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    named = {name: row[name] for name in ("country", "region", "language")}
    return {**named, "age_years": age, "deceased": died is not None and died <= on}


def _within(day: date, spell: date | None) -> bool:
    return spell is not None and day >= spell


def _since(on: date, days: Iterable[date]) -> int | None:
    last = max(days, default=None)
    return None if last is None else (on - last).days
