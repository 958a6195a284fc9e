"""How the borrowers of the synthetic book pay: early, on time, late, in parts, at once, or no more."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from duecourse.book.synth_columns import (
    NEVER,
    NONE,
    Frame,
    dates,
    ids,
    loan_ids,
    moments,
    numbers,
    of,
    only,
    words,
)
from duecourse.book.synth_dice import Flags, Ints
from duecourse.book.synth_loans import Loans, Schedule
from duecourse.book.synth_world import CURRENCIES, PRODUCTS
from duecourse.kernel.components import COMPONENTS

EARLY, PUNCTUAL, FORGETFUL, LATE, VERY_LATE, IN_PARTS, CURED, PREPAID, STOPS = range(9)
SHARES: Final = (170_000, 289_000, 100_000, 125_000, 45_000, 110_000, 50_000, 33_000, 78_000)
"""Share of the loans of each behaviour, ppm, in the order of the names above."""

# The kinds of payment rows: the last digit of a payment's id.
_MAIN, _REST, _BOUNCE, _AGAIN = range(4)
_LONGEST_CHARGED: Final = 400


@dataclass(frozen=True)
class Conduct:
    """How each loan is paid: one entry for each loan or (from `paid` on) for each instalment.

    `turn` is the instalment (from 0) from which the behaviour shows. `paid` is the day of the main payment,
    `settled` the day on which the instalment is made whole; both may lie in the future or be NEVER.
    """

    behaviour: Ints
    turn: Ints
    paid: Ints
    settled: Ints
    bounced: Flags
    split: Flags


def _delays(loans: Loans, schedule: Schedule, behaviour: Ints) -> Ints:
    """Return by how many days the main payment of each instalment comes after its due day.

    A loan's delays differ by less than the time between instalments, so that instalments are paid in order.
    """
    dice, loan = loans.dice, schedule.loan
    number = loans.number[loan]
    jitter = dice.below("jitter", 10, number, schedule.index)
    slack = dice.below("slack", 60, loans.number)[loan]
    forgets = dice.chance("forgets", 150_000, number, schedule.index)
    kinds = (EARLY, PUNCTUAL, FORGETFUL, LATE, VERY_LATE, IN_PARTS, CURED, STOPS)
    return np.select(
        [behaviour[loan] == kind for kind in kinds],
        [
            -1 - jitter,
            -(jitter % 3),
            np.where(forgets, 3 + jitter, 0),
            3 + slack**3 // 10_000 + jitter % 3,
            31 + slack + jitter % 5,
            jitter % 3,
            -(jitter % 2),
            jitter % 6,
        ],
        default=0,
    ).astype(np.int64)


def make_conduct(loans: Loans, schedule: Schedule) -> Conduct:
    """Return how each loan of the block is paid."""
    dice, loan, index = loans.dice, schedule.loan, schedule.index
    behaviour = dice.pick("behaviour", SHARES, loans.number)
    turn = dice.below("turn", loans.count, loans.number)
    paid = schedule.due_now + _delays(loans, schedule, behaviour)
    missed = np.minimum(turn + 1 + dice.below("missed", 3, loans.number), loans.count - 1)
    cured_on = schedule.due_now[schedule.first + missed] + 5 + dice.below("cured after", 15, loans.number)
    in_spell = (behaviour[loan] == CURED) & (index >= turn[loan]) & (index <= missed[loan])
    paid = np.where(in_spell, cured_on[loan], paid)
    at_once = (behaviour[loan] == PREPAID) & (index >= turn[loan])
    paid = np.where(at_once, (schedule.due_now[schedule.first + turn] - 3)[loan], paid)
    paid = np.where((behaviour[loan] == STOPS) & (index >= turn[loan]), NEVER, paid)
    paid = np.where(paid < NEVER, np.maximum(paid, loans.opened[loan] + 1), NEVER)
    number = loans.number[loan]
    bounced = dice.chance("bounced", 6_000, number, index) & (behaviour[loan] <= LATE)
    split = behaviour[loan] == IN_PARTS
    conduct = Conduct(behaviour, turn, paid, paid, bounced, split)
    settled = np.where(split, paid + _rest_after(loans, schedule), paid)
    settled = np.where(bounced, paid + _again_after(loans, schedule), settled)
    return replace(conduct, settled=settled)


def _rest_after(loans: Loans, schedule: Schedule) -> Ints:
    """Return how many days after the first part the rest comes."""
    slack = 2 + loans.dice.below("rest after", 10, loans.number)[schedule.loan]
    return slack + loans.dice.below("rest jitter", 4, loans.number[schedule.loan], schedule.index)


def _bounce_after(loans: Loans, schedule: Schedule) -> Ints:
    return 1 + loans.dice.below("bounce after", 4, loans.number[schedule.loan], schedule.index)


def _again_after(loans: Loans, schedule: Schedule) -> Ints:
    return 6 + loans.dice.below("again after", 8, loans.number[schedule.loan], schedule.index)


def charges(loans: Loans, schedule: Schedule, days_late: Ints) -> Ints:
    """Return late fee, penalty and running interest of instalments paid so many days late, minor units.

    At least what the ledger asks for (docs/concepts/ledger.md), by taking every base at its largest: whoever
    pays late in this book pays in full, and a little too much is kept as credit. Shares are rounded down.
    """
    loan = schedule.loan
    terms = {name: values[loan] for name, values in loans.terms.items()}
    runs = np.array([p.interest_after_due == "runs" for p in PRODUCTS])[loans.product][loan]
    days = np.clip(days_late, 0, _LONGEST_CHARGED)
    fee = terms["late_fee_flat"] + schedule.total * terms["late_fee_ppm"] // 1_000_000
    has_fee = (terms["late_fee_flat"] > 0) | (terms["late_fee_ppm"] > 0)
    fee = np.maximum(fee, terms["late_fee_min"])
    fee = np.where(terms["late_fee_max"] == NONE, fee, np.minimum(fee, terms["late_fee_max"]))
    penalised = np.maximum(days - terms["grace_days"], 0)
    penalty = schedule.total * terms["penalty_ppb_day"] // 1_000_000 * penalised // 1_000 + (penalised > 0)
    # Three days more, because a month of 30/360 may hold three days more than the calendar's.
    interest = schedule.principal * terms["interest_ppm_year"] // 360 * (days + 3) // 1_000_000
    charged: Ints = np.where(has_fee & (penalised > 0), fee, 0) + penalty
    return charged + np.where(runs & (days > 0), interest, 0)


@dataclass(frozen=True)
class _Rows:
    """Rows of payments before they are written: positions of instalments, kind, day, amount."""

    item: Ints
    kind: Ints
    day: Ints
    amount: Ints


def _main_rows(loans: Loans, schedule: Schedule, conduct: Conduct) -> _Rows:
    """Return the main payments; several instalments of a loan paid on one day are one payment."""
    loan, index = schedule.loan, schedule.index
    owed = schedule.total + charges(loans, schedule, conduct.paid - schedule.due_now)
    forgiven = (conduct.behaviour[loan] == PREPAID) & (index > conduct.turn[loan])
    owed = np.where(forgiven, owed - schedule.interest, owed)
    part = 300 + loans.dice.below("part", 600, loans.number[loan], index)
    owed = np.where(conduct.split, np.maximum(owed * part // 1_000, 1), owed)  # rounded down
    starts = np.ones(len(loan), dtype=np.bool_)
    starts[1:] = (loan[1:] != loan[:-1]) | (conduct.paid[1:] != conduct.paid[:-1])
    item = np.flatnonzero(starts)
    amount = np.add.reduceat(owed, item)
    keep = conduct.paid[item] < NEVER
    return _Rows(item[keep], np.full(int(keep.sum()), _MAIN), conduct.paid[item[keep]], amount[keep])


def _other_rows(loans: Loans, schedule: Schedule, conduct: Conduct, main: _Rows) -> list[_Rows]:
    """Return the rests of split payments, the reversals of bounced ones, and what was paid instead."""
    amount_of = np.zeros(len(schedule.loan), dtype=np.int64)
    amount_of[main.item] = main.amount
    owed = schedule.total + charges(loans, schedule, conduct.settled - schedule.due_now)
    bounced = main.item[conduct.bounced[main.item]]
    back = conduct.paid + _bounce_after(loans, schedule)
    split = np.flatnonzero(conduct.split & (conduct.paid < NEVER))
    rest = np.maximum(owed - amount_of, 1)

    def rows(item: Ints, kind: int, day: Ints, amount: Ints) -> _Rows:
        return _Rows(item, np.full(len(item), kind), day[item], amount[item])

    return [
        rows(split, _REST, conduct.settled, rest),
        rows(bounced, _BOUNCE, back, amount_of),
        rows(bounced, _AGAIN, conduct.settled, owed),
    ]


def payments_frame(loans: Loans, schedule: Schedule, conduct: Conduct) -> Frame:
    """Return the file of payments known by the last day, in order of the day paid."""
    main = _main_rows(loans, schedule, conduct)
    parts = [main, *_other_rows(loans, schedule, conduct, main)]
    item, kind, day, amount = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("item", "kind", "day", "amount")
    )
    loan, index = schedule.loan[item], schedule.index[item]
    number = loans.number[loan]
    dice = loans.dice
    # What bounces is booked at once, so that no reversal is known before the payment that it undoes.
    held_up = dice.chance("back-dated", 30_000, number, index, kind) & ~conduct.bounced[item]
    known = day + np.where(held_up, 2 + dice.below("back-dated by", 7, number, index, kind), 0)
    order = np.argsort(day, kind="stable")
    order = order[known[order] <= loans.last]
    item, kind, day, amount, known = (values[order] for values in (item, kind, day, amount, known))
    loan, index, number = loan[order], index[order], number[order]
    seconds = 6 * 3_600 + dice.below("booked at", 14 * 3_600, number, index, kind)
    named = dice.chance("names instalment", 5_000, number, index) & (kind != _BOUNCE)
    names_principal = dice.chance("names principal", 1_000, number, index) & (kind != _BOUNCE)
    currency_given = dice.chance("currency given", 500_000, number)
    reversed_ids = ids("P", (number, 8), (index + 1, 2), (np.full(len(item), _MAIN), 1))
    return {
        "payment_id": ids("P", (number, 8), (index + 1, 2), (kind, 1)),
        "loan_id": of(loan, loan_ids(loans.number)),
        "paid_on": dates(day),
        "amount": numbers(amount),
        "currency": words(np.where(currency_given, loans.currency[loan], NONE), CURRENCIES),
        "reverses": only(reversed_ids, kind == _BOUNCE),
        "target_instalment": numbers(np.where(named, index + 1, NONE)),
        "target_component": words(np.where(names_principal, COMPONENTS.index("principal"), NONE), COMPONENTS),
        "recorded_at": moments(known, seconds),
    }
