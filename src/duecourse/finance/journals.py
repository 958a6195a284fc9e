"""Journals: each movement of a day as debits and credits that balance, in minor units of one currency.

    for journal in of_loan(loan, on, happened): ...

Lines name keys of `duecourse.finance.accounts`; what is undone is posted on the other side. A journal's id is a hash of
its day, loan, occasion and source: the same day gives the same ids.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.finance.accounts import RECEIVABLE
from duecourse.finance.movements import Moved, Movement
from duecourse.finance.playing import BALANCES, COMPONENT_OF, CREDIT

_ID: Final = 24  # hexadecimal digits: two journals of a lender never meet
_INCOME: Final = {
    "interest": "income_interest", "late_interest": "income_late_interest", "fee": "income_fee",
    "late_fee": "income_late_fee", "penalty": "income_penalty", "cost": "income_cost",
}  # fmt: skip
_PAYMENT: Final = ("paid", "to_credit")


@dataclass(frozen=True)
class Line:
    """A debit, or below zero a credit, on the account of a key."""

    key: str
    amount: int


@dataclass(frozen=True)
class Journal:
    """Lines that sum to zero, of one occasion; `source` is the id of what it came of, `loan_id` "" of a portfolio."""

    on: date
    loan_id: str
    currency: str
    what: str
    source: str
    lines: tuple[Line, ...]

    @property
    def id(self) -> str:
        """The id by which it is known: the same however often it is exported."""
        text = f"{self.on}\n{self.loan_id}\n{self.currency}\n{self.what}\n{self.source}"
        return hashlib.sha256(text.encode()).hexdigest()[:_ID]


@dataclass(frozen=True)
class Happened:
    """What happened to a loan on a day beside its account, in the order in which it did; amounts in minor units.

    `was_sold`: it was not ours any more when the day began. `closed` are (sold, put_back or bought_back, id, price).
    `commissions` are (id of the payment, amount), `costs` (id, amount) of what a suit cost; `rewards` what they took
    off what fell due, by line.
    """

    was_sold: bool = False
    closed: tuple[tuple[str, str, int], ...] = ()
    commissions: tuple[tuple[str, int], ...] = ()
    costs: tuple[tuple[str, int], ...] = ()
    rewards: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class SaleCash:
    """Money of the sale of a portfolio, by the bank's reference; minor units, below zero where it went out."""

    portfolio: str
    currency: str
    reference: str
    amount: int


NOTHING: Final = Happened()
_SOLD: Final = "sold"


def of_loan(loan: Moved, on: date, happened: Happened = NOTHING) -> Iterator[Journal]:
    """Yield the journals of a loan on a day, each with what it posts.

    Of a loan that is not ours nothing moves but money that its borrower still pays to us: it is the buyer's. A loan is
    sold, or comes back, as it stands at the end of the day: movements first, then the sale.
    """

    def journal(what: str, source: str, lines: Sequence[Line]) -> Iterator[Journal]:
        kept = tuple(one for one in _added(lines) if one.amount)
        if kept:
            yield Journal(on, loan.loan_id, loan.currency, what, source, kept)

    for (what, source), some in _occasions(loan.movements).items():
        if not happened.was_sold:
            yield from journal(what, source, [line for one in some for line in _lines(one)])
        elif came := sum(one.amount for one in some if one.what in _PAYMENT):
            yield from journal("forwarded", source, [Line("cash", came), Line("buyers", -came)])
    if not happened.was_sold:
        for source, amount in loan.charge_offs:
            yield from journal("charge_off", source, [Line("charged_off", amount), Line("allowance", -amount)])
        for line, amount in happened.rewards:
            yield from journal("reward", line, [Line("reward_cost", amount), Line(_INCOME[line], -amount)])
    for source, amount in happened.commissions:
        yield from journal("commission", source, [Line("commission", amount), Line("agencies", -amount)])
    for source, amount in happened.costs:
        yield from journal("suit_cost", source, [Line("legal_costs", amount), Line("cash", -amount)])
    for what, source, price in happened.closed:
        yield from journal(what, source, _sale(loan.after, price, loan.allowance, is_sold=what == _SOLD))


def of_cash(one: SaleCash, on: date) -> Journal:
    """Return the journal of money that passed between us and the buyer of a portfolio: above zero it came in."""
    lines = [Line("cash", one.amount), Line("buyers", -one.amount)]
    return Journal(on, "", one.currency, "sale_cash", f"{one.portfolio}:{one.reference}", tuple(_added(lines)))


def _occasions(movements: Sequence[Movement]) -> dict[tuple[str, str], list[Movement]]:
    """Put movements together that are posted in one journal, and name the occasion.

    A payment that was booked before and is met otherwise now is reallocated; one that is gone is a reversal.
    """
    totals: dict[tuple[str, str], int] = {}
    for one in movements:
        kind = "payment" if one.what in _PAYMENT else one.what
        totals[kind, one.source] = totals.get((kind, one.source), 0) + one.amount
    found: dict[tuple[str, str], list[Movement]] = {}
    for one in movements:
        kind = "payment" if one.what in _PAYMENT else one.what
        total = totals[kind, one.source]
        if kind == "payment":
            kind = "payment" if total > 0 else "reversal" if total < 0 else "reallocation"
        elif kind == "waived":
            kind = "waiver" if total > 0 else "waiver_undone" if total < 0 else "reallocation"
        found.setdefault((kind, one.source), []).append(one)
    return found


def _lines(one: Movement) -> tuple[Line, Line]:
    """Return the debit and the credit of a movement."""
    component = COMPONENT_OF.get(one.line)
    receivable = RECEIVABLE[component] if component else "borrowers_credit"
    debit, credit = {
        "lent": (receivable, "lent"),
        "paid": ("cash", receivable),
        "to_credit": ("cash", receivable),
        "from_credit": ("borrowers_credit", receivable),
        "waived": ("waived", receivable),
    }.get(one.what, (receivable, _INCOME.get(one.line, "")))
    return Line(debit, one.amount), Line(credit, -one.amount)


def _sale(stands: Sequence[int], price: int, allowance: int, *, is_sold: bool) -> list[Line]:
    """Take all balances off the books against the price, or put them back on; the rest is a gain or a loss.

    What was charged off is released with the loan, and set up anew with one that comes back.
    """
    sign = 1 if is_sold else -1
    lines = [Line("buyers", sign * price), Line("allowance", sign * allowance)]
    for name, amount in zip(BALANCES, stands, strict=True):
        lines.append(
            Line("borrowers_credit", sign * amount) if name == CREDIT else Line(RECEIVABLE[name], -sign * amount)
        )
    rest = -sum(line.amount for line in lines)
    return [*lines, Line("sale_loss" if rest > 0 else "sale_gain", rest)]


def _added(lines: Sequence[Line]) -> list[Line]:
    """Add lines up by account: debits first, each in order of the keys."""
    found = dict[str, int]()
    for line in lines:
        found[line.key] = found.get(line.key, 0) + line.amount
    return sorted((Line(*pair) for pair in found.items()), key=lambda one: (one.amount < 0, one.key))
