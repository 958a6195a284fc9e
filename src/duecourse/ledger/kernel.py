"""The compiled ledger: positions of a range of loans on a day. The specification is docs/concepts/ledger.md.

One loan at a time, from event day to event day; between two event days accrual is worked in one step, which exact
arithmetic makes equal to day-by-day. Every function is compiled by numba and frees the interpreter lock, so ranges of
loans run on threads. The steps of a day are the functions of `duecourse.ledger.steps`, in the order of the
specification.
"""

from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from duecourse.ledger import steps
from duecourse.ledger.compiled import compiled, inlined
from duecourse.ledger.histories import NEVER, Days, Histories, Numbers
from duecourse.ledger.state import (
    COST,
    CREDIT,
    CUT,
    CUT_ANY,
    DUE,
    ENFORCED,
    FALLEN,
    FEE,
    INTEREST,
    IS_INSTALMENT,
    ITEMS,
    LATE_FEE,
    LATE_INTEREST,
    LET,
    MET_ON,
    ON_INTEREST,
    ON_PENALTY,
    OPEN,
    PENALTY,
    PENALTY_AFTER,
    PRINCIPAL,
    PURSE,
    REFUSED,
    STOPPED_FROM,
    T_EFFECTIVE,
    TRIED,
    Work,
)

CONTRACTUAL: Final = cast("int", np.int64(0))  # numpy integers, not literals: one compilation serves both
ENFORCEABLE: Final = cast("int", np.int64(1))

RUN_ROWS: Final = 17  # 5 components x 3 whens, credit and cut
ROW_CREDIT: Final = 15
ROW_CUT: Final = 16

OLDEST_DUE: Final = 0
DAYS_PAST_DUE: Final = 1
DELINQUENT_DAYS: Final = 2
OVERDUE_INSTALMENTS: Final = 3
PAID_TOTAL: Final = 4
LAST_PAID_ON: Final = 5
LAST_PAID_AMOUNT: Final = 6
NEXT_DUE_ON: Final = 7
NEXT_DUE_AMOUNT: Final = 8
ON_TIME_IN_A_ROW: Final = 9
SPELL_FROM: Final = 10
CLEAN_FROM: Final = 11
SEGMENTS: Final = 12
REFUSED_LOAN: Final = 13
FALLEN_DUE: Final = 14
FACTS: Final = 15


@compiled
def run(
    book: Histories,
    first: int,
    last: int,
    on: int,
    work: Work,
    amounts: NDArray[np.int64],
    facts: NDArray[np.int64],
    segments: Days,
) -> None:
    """Fill the columns `first` to `last` of `amounts` and `facts`, and the segments of these loans.

    amounts: (2 runs x 17, loans): rows 0..14 are component x when, 15 credit, 16 cut; the contractual run first.
    facts: (FACTS, loans). segments: (3, instalments) as from, until (NEVER: open), oldest due; those of loan l stand
    from `book.instalments.start[l]` on, `facts[SEGMENTS, l]` of them.
    """
    for loan in range(first, last):
        fact = facts[:, loan]
        fact[SEGMENTS] = one_run(book, loan, on, ENFORCEABLE, work, segments)
        fact[REFUSED_LOAN] = work.purse[REFUSED]
        write_amounts(on, work, amounts[:, loan], ENFORCEABLE)
        write_ageing(book, loan, on, work, fact)
        write_payments(book, loan, on, fact)
        write_next_due(on, work, fact)
        write_on_time(on, work, fact)
        write_spell(book.instalments.start[loan], fact, segments)
        if work.purse[CUT_ANY] == 0:
            for row in range(RUN_ROWS):  # nothing was cut, so both runs are the same
                amounts[row, loan] = amounts[RUN_ROWS + row, loan]
        else:
            one_run(book, loan, on, CONTRACTUAL, work, segments)
            write_amounts(on, work, amounts[:, loan], CONTRACTUAL)


@compiled
def one_run(book: Histories, loan: int, on: int, enforce: int, work: Work, segments: Days) -> int:
    """Play one loan's history up to and including day `on`; return how many segments of history there are.

    Segments are written by the enforceable run, which ageing follows.
    """
    count = steps.lay_out(book, loan, work)
    for place in range(PURSE):
        work.purse[place] = 0
    work.purse[ENFORCED] = enforce
    work.purse[ITEMS] = count
    work.purse[STOPPED_FROM] = book.written_off[loan]
    days = steps.event_days(book, loan, on, count, work)
    rows = book.terms.rows
    version = book.terms.start[loan]
    versions = book.terms.start[loan + 1]
    payment = book.payments.start[loan]
    payments = book.payments.start[loan + 1]
    waiver = book.waivers.start[loan]
    waivers = book.waivers.start[loan + 1]
    first = book.instalments.start[loan]
    written = first
    begins, oldest = NEVER, NEVER  # of the segment under way
    before = work.days[0]
    for index in range(days):
        day = work.days[index]
        if day > before:
            version = terms_on(rows, versions, version, before + 1)
            steps.accrue(rows[version], before, day, book.opened[loan], work)
        version = terms_on(rows, versions, version, day)
        terms = rows[version]
        steps.fall_due(terms, day, 1 if book.accelerated[loan] == day else 0, work)
        steps.charge_late_fees(terms, day, work)
        steps.charge_by_hand(terms, day, work)
        payment = steps.pay(book.payments, payments, terms, day, on, payment, work)
        waiver = steps.waive(book.waivers, waivers, terms, day, waiver, work)
        steps.settle_met(day, work)
        now_oldest = oldest_unmet(day, work)
        if now_oldest != oldest:
            if oldest != NEVER and day > begins:
                written += write_segment(segments, written, begins, day, oldest, enforce)
            oldest = now_oldest
            begins = NEVER if oldest == NEVER else max(day, oldest + 1)
        before = day
    if oldest != NEVER and begins <= on:
        written += write_segment(segments, written, begins, NEVER, oldest, enforce)
    return int(written - first)


@inlined
def terms_on(rows: NDArray[np.int64], versions: int, version: int, day: int) -> int:
    """Return the version of the terms in force on a day, looking forward from an earlier one."""
    while version + 1 < versions and rows[version + 1, T_EFFECTIVE] <= day:
        version += 1
    return version


@inlined
def oldest_unmet(day: int, work: Work) -> int:
    """Return the oldest due date, up to and including a day, of an instalment that is not met; NEVER for none.

    Due dates of instalments do not fall in item order, so it is the first one's.
    """
    items = work.items
    for place in range(work.purse[OPEN], work.purse[FALLEN]):
        if items[place, IS_INSTALMENT] == 1 and items[place, DUE] <= day and items[place, MET_ON] == NEVER:
            return int(items[place, DUE])
    return NEVER


@inlined
def write_segment(segments: Days, place: int, begins: int, until: int, oldest: int, enforce: int) -> int:
    """Write one segment of history, in the enforceable run; return how many were written."""
    if enforce == 0:
        return 0
    segments[0, place] = begins
    segments[1, place] = until
    segments[2, place] = oldest
    return 1


@inlined
def write_amounts(on: int, work: Work, amounts: Numbers, enforce: int) -> None:
    """Add up one run's lines by component and by when they fall due."""
    items = work.items
    first = RUN_ROWS * enforce
    for row in range(RUN_ROWS):
        amounts[first + row] = 0
    cut = work.purse[CUT]
    for place in range(work.purse[ITEMS]):
        when = first + (0 if items[place, DUE] < on else (1 if items[place, DUE] == on else 2))
        amounts[when] += items[place, COST]
        amounts[when + 3] += items[place, FEE] + items[place, LATE_FEE]
        amounts[when + 6] += items[place, PENALTY]
        amounts[when + 9] += items[place, INTEREST] + items[place, LATE_INTEREST]
        amounts[when + 12] += items[place, PRINCIPAL]
        for kind in (ON_INTEREST, ON_PENALTY):
            cut += items[place, TRIED + kind] - items[place, LET + kind]
    amounts[first + ROW_CREDIT] = work.purse[CREDIT]
    amounts[first + ROW_CUT] = cut


@inlined
def write_ageing(book: Histories, loan: int, on: int, work: Work, fact: Numbers) -> None:
    """Write the oldest due date overdue, days past due and delinquent days, from the enforceable run."""
    items = work.items
    oldest = -1
    overdue = 0
    for place in range(work.purse[ITEMS]):
        if items[place, IS_INSTALMENT] == 1 and items[place, DUE] < on and items[place, MET_ON] == NEVER:
            overdue += 1
            if oldest < 0 or items[place, DUE] < items[oldest, DUE]:
                oldest = place
    fact[OVERDUE_INSTALMENTS] = overdue
    fact[OLDEST_DUE] = NEVER
    fact[DAYS_PAST_DUE] = 0
    fact[DELINQUENT_DAYS] = 0
    if oldest < 0:
        return
    due = items[oldest, DUE]
    days = on - due
    fact[OLDEST_DUE] = due
    fact[DAYS_PAST_DUE] = days
    grace = items[oldest, PENALTY_AFTER]
    fact[DELINQUENT_DAYS] = max(0, days - grace - paused_days(book, loan, due, on))


@inlined
def paused_days(book: Histories, loan: int, after: int, until: int) -> int:
    """Count the days in (after, until] that lie in any pause; pauses are sorted by first day and may overlap."""
    count = 0
    reached = after
    for row in range(book.pauses.start[loan], book.pauses.start[loan + 1]):
        begins = max(reached + 1, book.pauses.first[row])
        ends = min(until, book.pauses.last[row])
        if ends >= begins:
            count += ends - begins + 1
            reached = ends
    return count


@inlined
def write_payments(book: Histories, loan: int, on: int, fact: Numbers) -> None:
    """Write the sum paid, and the day and amount of the last day with a payment."""
    total = 0
    last_on = NEVER
    last_amount = 0
    for row in range(book.payments.start[loan], book.payments.start[loan + 1]):
        day = book.payments.day[row]
        if day > on or book.payments.undone[row] <= on:
            continue
        amount = book.payments.amount[row]
        total += amount
        last_amount = last_amount + amount if day == last_on else amount
        last_on = day
    fact[PAID_TOTAL] = total
    fact[LAST_PAID_ON] = last_on
    fact[LAST_PAID_AMOUNT] = last_amount


@inlined
def write_next_due(on: int, work: Work, fact: Numbers) -> None:
    """Write the next due date that credit does not cover yet, and what is missing of its first instalment."""
    items = work.items
    fact[NEXT_DUE_ON] = NEVER
    fact[NEXT_DUE_AMOUNT] = 0
    credit = work.purse[CREDIT]
    for place in range(work.purse[ITEMS]):
        if items[place, IS_INSTALMENT] == 0 or items[place, DUE] <= on:
            continue
        amount = items[place, FEE] + items[place, INTEREST] + items[place, PRINCIPAL]
        if amount > credit:
            fact[NEXT_DUE_ON] = items[place, DUE]
            fact[NEXT_DUE_AMOUNT] = amount - credit
            return
        credit -= amount


@inlined
def write_on_time(on: int, work: Work, fact: Numbers) -> None:
    """Count the instalments fallen due, and how many of the latest in a row were met by their due date."""
    items = work.items
    met = 0
    fallen_due = 0
    broken = False
    count = work.purse[ITEMS]
    for back in range(count):
        place = count - 1 - back
        if items[place, IS_INSTALMENT] == 0 or items[place, DUE] > on:
            continue
        fallen_due += 1
        if items[place, MET_ON] > items[place, DUE] and items[place, DUE] < on:
            broken = True
        if items[place, MET_ON] <= items[place, DUE] and not broken:
            met += 1
    fact[ON_TIME_IN_A_ROW] = met
    fact[FALLEN_DUE] = fallen_due


@inlined
def write_spell(first: int, fact: Numbers, segments: Days) -> None:
    """Write the first day of the spell under way, or the first clean day after the last one."""
    fact[SPELL_FROM] = NEVER
    fact[CLEAN_FROM] = NEVER
    if fact[SEGMENTS] == 0:
        return
    place = first + fact[SEGMENTS] - 1
    if segments[1, place] != NEVER:
        fact[CLEAN_FROM] = segments[1, place]
        return
    while place > first and segments[1, place - 1] == segments[0, place]:
        place -= 1
    fact[SPELL_FROM] = segments[0, place]
