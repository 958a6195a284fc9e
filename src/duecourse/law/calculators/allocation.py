"""How a payment is split: over the components of one debt, or among several debts of one borrower.

The order is data, handed in by the rule that holds it. Every split is exact: the shares are whole minor units and
sum to the payment, or to what is owed where that is less; what is left is the borrower's credit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from duecourse.kernel.errors import DueCourseError

Split = dict[str, int]
"""Minor units by component of a debt, or by debt."""


@dataclass(frozen=True, slots=True)
class Debt:
    """One debt among several: its id, what is owed in minor units, and what an order may ask about.

    `burden` is what the debt costs in per cent a year. None, for a date or the burden: not known.
    """

    id: str
    owed: int
    due_on: date | None = None
    opened_on: date | None = None
    secured: bool = False
    burden: Decimal | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment: its amount in minor units, its day, the borrower's direction and the creditor's choice."""

    amount: int
    on: date | None = None
    directed: Mapping[str, int] | None = None
    creditor_choice: str | None = None


def over_components(amount: int, owed: Mapping[str, int], order: Sequence[str]) -> Split | None:
    """Split a payment over the components of one debt, each paid in full before the next.

    None where the order does not name a component that is owed and the payment does not cover everything.
    DueCourseError for an amount below 0, or an order that names a component twice.
    """
    _check(amount, owed, order)
    if amount >= sum(owed.values()):
        return dict(owed)
    if any(owed[name] for name in owed.keys() - set(order)):
        return None
    split = dict.fromkeys(owed, 0)
    for name in order:
        if name in owed:
            split[name] = min(amount, owed[name])
            amount -= split[name]
    return split


def in_proportion(amount: int, owed: Mapping[str, int]) -> Split:
    """Split a payment in proportion to what is owed, by largest remainder; among equal remainders by id.

    A payment of all that is owed or more pays all. No share is above what is owed.
    """
    total = sum(owed.values())
    if amount >= total:
        return dict(owed)
    # each share is rounded down; the units that this leaves go to those that lost most, one each
    split = {one: amount * due // total for one, due in owed.items()}
    lost_most = sorted(owed, key=lambda one: (-(amount * owed[one] % total), one))
    for one in lost_most[: amount - sum(split.values())]:
        split[one] += 1
    return split


# --- several debts -----------------------------------------------------------------------------------------

_Take = Callable[[Sequence[Debt], Payment, int], Split]
_Rank = Callable[[Debt, Payment], Decimal | None]


def _directed(debts: Sequence[Debt], payment: Payment, left: int) -> Split:
    taken: Split = {}
    for debt in debts:
        taken[debt.id] = min(debt.owed, (payment.directed or {}).get(debt.id, 0), left)
        left -= taken[debt.id]
    return taken


def _chosen(debts: Sequence[Debt], payment: Payment, left: int) -> Split:
    return {debt.id: min(debt.owed, left) if debt.id == payment.creditor_choice else 0 for debt in debts}


def _same_sum(debts: Sequence[Debt], payment: Payment, left: int) -> Split:
    same = [debt.id for debt in debts if debt.owed == payment.amount == left]
    return {same[0]: left} if len(same) == 1 else {}


TAKERS: Final[Mapping[str, _Take]] = {"directed": _directed, "creditor_choice": _chosen, "same_sum": _same_sum}
"""Words that give the payment, or some of it, to debts that somebody named; the rest goes on to the next word."""


def _not_due(debt: Debt, payment: Payment) -> Decimal | None:
    return None if debt.due_on is None or payment.on is None else Decimal(debt.due_on > payment.on)


def _day(on: date | None) -> Decimal | None:
    return None if on is None else Decimal(on.toordinal())


RANKS: Final[Mapping[str, _Rank]] = {
    "due_first": _not_due,
    "least_security": lambda debt, _: Decimal(debt.secured),
    "heavier_burden": lambda debt, _: None if debt.burden is None else -debt.burden,
    "earliest_due": lambda debt, _: _day(debt.due_on),
    "oldest_first": lambda debt, _: _day(debt.opened_on),
}
"""Words that put the debts in order, lowest rank first; debts of one rank go on together to the next word."""

UNDISPUTED: Final = "undisputed"
PRO_RATA: Final = "pro_rata"
PRO_RATA_IF_SECURED: Final = "pro_rata_if_secured"  # only where one of the debts has security or is a hire purchase
WORDS: Final = frozenset({UNDISPUTED, PRO_RATA, PRO_RATA_IF_SECURED, *TAKERS, *RANKS})


def among_debts(payment: Payment, debts: Sequence[Debt], order: Sequence[str]) -> Split | None:
    """Split a payment among several debts by an order of words: see TAKERS, RANKS, `undisputed` and `pro_rata`.

    `pro_rata_if_secured` is `pro_rata` where a debt has security, else it is passed over. Nothing goes to a debt
    beyond what is owed on it, nor, under `undisputed`, to one in dispute. A rank that is not known matters only where
    the payment depends on it.

    None where the order does not say, or rests on what is not known, or where what the borrower directs
    to a disputed debt may not go there. DueCourseError for an unknown word, a debt named twice, directions to
    unknown debts or beyond the payment, or an amount below 0.
    """
    _check_debts(payment, debts, order)
    split = dict.fromkeys((debt.id for debt in debts), 0)
    open_to = list(debts)
    if UNDISPUTED in order:
        barred = {debt.id for debt in debts if debt.disputed}
        if any((payment.directed or {}).get(one) for one in barred):
            return None
        open_to = [debt for debt in debts if debt.id not in barred]
    found = _spread(open_to, [word for word in order if word != UNDISPUTED], payment, payment.amount)
    return None if found is None else split | found


def _spread(debts: Sequence[Debt], words: Sequence[str], payment: Payment, left: int) -> Split | None:
    """Give what is left of the payment to these debts, which are equal by all words before; None: no answer."""
    owed = {debt.id: debt.owed for debt in debts}
    if left >= sum(owed.values()):
        return owed
    if left == 0 or len(debts) == 1:
        return dict.fromkeys(owed, left)
    if not words:
        return None
    word, later = words[0], words[1:]
    if word == PRO_RATA or (word == PRO_RATA_IF_SECURED and any(debt.secured for debt in debts)):
        return in_proportion(left, owed)
    if word == PRO_RATA_IF_SECURED:
        return _spread(debts, later, payment, left)
    if word in TAKERS:
        taken = TAKERS[word](debts, payment, left)
        after = [replace(debt, owed=debt.owed - taken.get(debt.id, 0)) for debt in debts]
        found = _spread(after, later, payment, left - sum(taken.values()))
        return None if found is None else {one: found[one] + taken.get(one, 0) for one in owed}
    return _in_turn(debts, word, later, payment, left)


def _in_turn(debts: Sequence[Debt], word: str, later: Sequence[str], payment: Payment, left: int) -> Split | None:
    ranked: dict[Decimal, list[Debt]] = {}
    for debt in debts:
        rank = RANKS[word](debt, payment)
        if rank is None:
            return None
        ranked.setdefault(rank, []).append(debt)
    split: Split = {}
    for rank in sorted(ranked):
        group = ranked[rank]
        share = min(left, sum(debt.owed for debt in group))
        found = _spread(group, later, payment, share)
        if found is None:
            return None
        split |= found
        left -= share
    return split


def _check(amount: int, owed: Mapping[str, int], order: Sequence[str]) -> None:
    if amount < 0:
        raise DueCourseError(f"payment of {amount}: a payment is at least 0")
    for one, due in owed.items():
        if due < 0:
            raise DueCourseError(f"{one} owes {due}: what is owed is at least 0")
    if twice := [word for place, word in enumerate(order) if word in order[:place]]:
        raise DueCourseError(f"order names {twice[0]!r} twice")


def _check_debts(payment: Payment, debts: Sequence[Debt], order: Sequence[str]) -> None:
    owed = {debt.id: debt.owed for debt in debts}
    _check(payment.amount, owed, order)
    if len(owed) < len(debts):
        raise DueCourseError("a debt is named twice")
    if strange := [word for word in order if word not in WORDS]:
        raise DueCourseError(f"order of payment: unknown word {strange[0]!r}; known are {', '.join(sorted(WORDS))}")
    directed = payment.directed or {}
    if unknown := sorted(directed.keys() - owed):
        raise DueCourseError(f"payment directed to {unknown[0]!r}, which is none of the debts")
    if min(directed.values(), default=0) < 0 or sum(directed.values()) > payment.amount:
        raise DueCourseError(f"directions of {sum(directed.values())} do not fit a payment of {payment.amount}")
    if payment.creditor_choice is not None and payment.creditor_choice not in owed:
        raise DueCourseError(f"creditor's choice {payment.creditor_choice!r} is none of the debts")
