"""Borrowers, loans and schedules of the synthetic book, one block of loans at a time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from duecourse.book.synth_columns import (
    NEVER,
    NONE,
    Frame,
    borrower_ids,
    dates,
    loan_ids,
    moments,
    numbers,
    of,
    words,
)
from duecourse.book.synth_dice import Dice, Flags, Ints
from duecourse.book.synth_world import CURRENCIES, CURRENCY_OF, PLACES, PRODUCTS, TENTHS

HISTORY_DAYS: Final = 1_000
"""Loans were opened over so many days before the business date."""
_GROUP: Final = 20  # a borrower's loans never cross a multiple of this, so that blocks stand alone
_NINE_O_CLOCK: Final = 9 * 3_600
_MONEY_TERMS: Final = ("late_fee_flat", "late_fee_min", "late_fee_max")
_PLAIN_TERMS: Final = (
    "grace_days", "late_fee_ppm", "penalty_ppb_day", "interest_ppm_year", "cap_all_in_ppm_year",
    "cap_charges_ppm",
)  # fmt: skip
_WORD_TERMS: Final = (
    "penalty_base", "interest_after_due", "day_count", "allocation_order", "allocation_by",
    "accrual_after_write_off",
)  # fmt: skip


@dataclass(frozen=True)
class Loans:
    """One block of loans: arrays of equal length, one entry for each loan.

    Days count from 1970-01-01; money is minor units. `number` is the loan's number in the whole book, from 0;
    `borrower` the number of the borrower's first loan. `place`, `product` and `currency` are positions in the
    tables of synth_world. `terms` holds the number-like contract terms by column name.
    `last` is the last day that the book knows of.
    """

    dice: Dice
    last: int
    number: Ints
    borrower: Ints
    place: Ints
    product: Ints
    currency: Ints
    principal: Ints
    count: Ints
    opened: Ints
    terms: dict[str, Ints]

    @property
    def rows(self) -> int:
        """How many loans."""
        return len(self.number)


@dataclass(frozen=True)
class Schedule:
    """The instalments of a block, loan by loan: `loan` is the position in the block, `index` counts from 0.

    `first` is each loan's first row here. `due` is the day first agreed, `due_now` the one that holds in the
    end; where they differ the change was made known on the day `moved` (else NEVER).
    """

    loan: Ints
    index: Ints
    first: Ints
    due: Ints
    due_now: Ints
    moved: Ints
    principal: Ints
    interest: Ints
    fee: Ints

    @property
    def total(self) -> Ints:
        """What falls due with each instalment, minor units."""
        return self.principal + self.interest + self.fee


def _borrowers_of(dice: Dice, number: Ints) -> Ints:
    """Return the borrower of each loan: with a chance of 13 % that of the loan before."""
    again = dice.chance("same borrower", 137_000, number) & (number % _GROUP != 0)
    return np.maximum.accumulate(np.where(again, 0, number))


def by_product(product: Ints, values: list[int]) -> Ints:
    """Return for each loan the value of its product."""
    return np.array(values, dtype=np.int64)[product]


def make_loans(dice: Dice, start: int, stop: int, last: int) -> Loans:
    """Return loans number `start` to `stop` - 1; `start` is a multiple of 20, `last` the last day known."""
    number = np.arange(start, stop, dtype=np.int64)
    borrower = _borrowers_of(dice, number)
    place = dice.pick("place", [p.share for p in PLACES], borrower)
    product = dice.pick("product", [p.share for p in PRODUCTS], number)
    home = np.array([CURRENCIES.index(CURRENCY_OF[p.country]) for p in PLACES], dtype=np.int64)[place]
    fixed = by_product(product, [CURRENCIES.index(p.currency) if p.currency else NONE for p in PRODUCTS])
    currency = np.where(fixed == NONE, home, fixed)
    tenths = np.array(list(TENTHS.values()), dtype=np.int64)[currency]
    low = by_product(product, [p.principal[0] for p in PRODUCTS])
    high = by_product(product, [p.principal[1] for p in PRODUCTS])
    # Lent in steps of ten units of the product's own currency; rounded down, as made-up amounts may be.
    cents = (low + dice.below("principal", high - low, number)) // 1_000 * 1_000
    fewest = by_product(product, [p.counts[0] for p in PRODUCTS])
    most = by_product(product, [p.counts[1] for p in PRODUCTS])
    terms = {name: by_product(product, [getattr(p, name) for p in PRODUCTS]) for name in _PLAIN_TERMS}
    for name in (*_MONEY_TERMS, "fee"):
        plain = by_product(product, [getattr(p, name) for p in PRODUCTS])
        terms[name] = np.where(plain == NONE, NONE, plain * tenths // 10)  # rounded down, as above
    return Loans(
        dice=dice,
        last=last,
        number=number,
        borrower=borrower,
        place=place,
        product=product,
        currency=currency,
        principal=cents * tenths // 10,  # rounded down, as above
        count=fewest + dice.below("instalments", most - fewest + 1, number),
        opened=last - dice.below("opened", HISTORY_DAYS, number),
        terms=terms,
    )


def _due_days(opened: Ints, step: Ints, period: Ints) -> Ints:
    """Return the due day `step` periods after opening; months keep the day, cut to the month's length."""
    day = opened.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    target = month + step
    begin = target.astype("datetime64[D]").astype(np.int64)
    length = (target + 1).astype("datetime64[D]").astype(np.int64) - begin
    monthly = begin + np.minimum((day - month.astype("datetime64[D]")).astype(np.int64), length - 1)
    return np.where(period > 0, opened + step * period, monthly)


def make_schedule(loans: Loans) -> Schedule:
    """Return every instalment: level principal, interest on the balance, a fee with the first of some."""
    loan = np.repeat(np.arange(loans.rows, dtype=np.int64), loans.count)
    first = np.cumsum(loans.count) - loans.count
    index = np.arange(len(loan), dtype=np.int64) - first[loan]
    level = loans.principal // loans.count  # rounded down; the last instalment takes the rest
    before = (level[loan]) * index
    is_last = index == loans.count[loan] - 1
    principal = np.where(is_last, loans.principal[loan] - before, level[loan])
    period = by_product(loans.product, [p.period for p in PRODUCTS])
    rate = by_product(loans.product, [p.rate_ppm_year for p in PRODUCTS])
    a_year = np.where(period > 0, 26, 12)
    interest = (loans.principal[loan] - before) * rate[loan] // (1_000_000 * a_year[loan])  # rounded down
    due = _due_days(loans.opened[loan], index + 1, period[loan])
    shift = 5 + loans.dice.below("due moved by", 8, loans.number)
    which = loans.dice.below("due moved", loans.count, loans.number)
    changed = loans.dice.chance("due moves", 30_000, loans.number)
    moves: Flags = changed[loan] & (index == which[loan]) & (due - 3 <= loans.last)
    return Schedule(
        loan=loan,
        index=index,
        first=first,
        due=due,
        due_now=np.where(moves, due + shift[loan], due),
        moved=np.where(moves, due - 3, NEVER),
        principal=principal,
        interest=interest,
        fee=np.where(index == 0, loans.terms["fee"][loan], 0),
    )


def instalments_frame(loans: Loans, schedule: Schedule) -> Frame:
    """Return the file of instalments: the schedule as agreed, and a second version of each one that moved."""
    again = np.flatnonzero(schedule.moved < NEVER)
    rows = np.argsort(np.concatenate((schedule.loan * 2, schedule.loan[again] * 2 + 1)), kind="stable")
    take = np.concatenate((np.arange(len(schedule.loan)), again))[rows]
    new = rows >= len(schedule.loan)
    loan = schedule.loan[take]
    return {
        "loan_id": of(loan, loan_ids(loans.number)),
        "number": numbers(schedule.index[take] + 1),
        "recorded_at": moments(np.where(new, schedule.moved[take], loans.opened[loan]), _NINE_O_CLOCK),
        "due_on": dates(np.where(new, schedule.due_now[take], schedule.due[take])),
        "principal": numbers(schedule.principal[take]),
        "interest": numbers(schedule.interest[take]),
        "fee": numbers(schedule.fee[take]),
    }


def _amended(loans: Loans) -> Ints:
    """Return the day from which changed terms hold, for a few per cent of the loans; else NEVER."""
    day = loans.opened + 30 + loans.dice.below("terms change on", 300, loans.number)
    changes = loans.dice.chance("terms change", 25_000, loans.number) & (day <= loans.last)
    return np.where(changes, day, NEVER)


def loans_frame(loans: Loans) -> Frame:
    """Return the file of loans; a changed contract (longer grace, half the penalty) is a second row."""
    amended = _amended(loans)
    again = np.flatnonzero(amended < NEVER)
    order = np.argsort(np.concatenate((np.arange(loans.rows) * 2, again * 2 + 1)), kind="stable")
    take = np.concatenate((np.arange(loans.rows), again))[order]
    new = order >= loans.rows
    terms = {name: values[take] for name, values in loans.terms.items()}
    terms["grace_days"] = terms["grace_days"] + np.where(new, 5, 0)
    terms["penalty_ppb_day"] = np.where(new, terms["penalty_ppb_day"] // 2, terms["penalty_ppb_day"])
    product = loans.product[take]
    word_terms = {name: words(product, [getattr(p, name) for p in PRODUCTS]) for name in _WORD_TERMS}
    opened = loans.opened[take]
    from_on = np.where(new, amended[take], opened)
    sold = loans.dice.chance("sold claim", 10_000, loans.number[take])
    columns: Frame = {
        "loan_id": loan_ids(loans.number[take]),
        "effective_on": dates(from_on),
        "recorded_at": moments(np.where(new, from_on - 2, opened), _NINE_O_CLOCK),
        "borrower_id": borrower_ids(loans.borrower[take]),
        "lender_id": words(loans.number[take] % 2, ("lender-a", "lender-b")),
        "owner_id": words(np.where(sold, 1, 0), ("lender-a", "fund-1")),
        "product": words(product, [p.name for p in PRODUCTS]),
        "lender_type": words(product, [p.lender_type for p in PRODUCTS]),
        "currency": words(loans.currency[take], CURRENCIES),
        "principal": numbers(loans.principal[take]),
        "opened_on": dates(opened),
    }
    for name in (*_MONEY_TERMS, *_PLAIN_TERMS):
        columns[name] = numbers(terms[name])
    return columns | word_terms


def firsts(loans: Loans) -> Ints:
    """Return the positions of the loans that are their borrower's first."""
    return np.flatnonzero(loans.number == loans.borrower)


def died_on(loans: Loans) -> Ints:
    """Return the day on which each loan's borrower died, NEVER for nearly all."""
    day = loans.last - 5 - loans.dice.below("died on", 400, loans.borrower)
    return np.where(loans.dice.chance("died", 600, loans.borrower), day, NEVER)


def borrowers_frame(loans: Loans) -> Frame:
    """Return the file of borrowers; a move within the country or a death makes a second version."""
    head = firsts(loans)
    who = loans.borrower[head]
    died = died_on(loans)[head]
    moved = np.where(
        loans.dice.chance("moved house", 10_000, who) & (died == NEVER),
        loans.last - loans.dice.below("moved on", 300, who),
        NEVER,
    )
    change = np.minimum(died, moved)
    again = np.flatnonzero(change < NEVER)
    order = np.argsort(np.concatenate((np.arange(len(who)) * 2, again * 2 + 1)), kind="stable")
    take = np.concatenate((np.arange(len(who)), again))[order]
    new = order >= len(who)
    place = loans.place[head][take]
    other = loans.dice.chance("other language", 150_000, who)[take]
    birth = loans.last - 365 * 19 - loans.dice.below("born", 365 * 50, who)
    start = loans.last - HISTORY_DAYS - 30  # before every loan
    return {
        "borrower_id": borrower_ids(who[take]),
        "effective_on": dates(np.where(new, change[take], start)),
        "recorded_at": moments(np.where(new, np.minimum(change[take] + 4, loans.last), start), _NINE_O_CLOCK),
        "country": words(place, [p.country for p in PLACES]),
        "region": words(place, [p.region for p in PLACES]),
        "locality": words(np.where(new & (moved[take] < NEVER), NONE, place), [p.locality for p in PLACES]),
        "zones": words(place, [p.zones for p in PLACES]),
        "language": words(
            place + np.where(other, len(PLACES), 0),
            [*(p.language for p in PLACES), *(p.other_language for p in PLACES)],
        ),
        "born_on": dates(birth[take]),
        "deceased_on": dates(np.where(new, died[take], NEVER)),
    }
