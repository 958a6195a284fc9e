"""The steps of a day, in the order of docs/concepts/ledger.md: accrual, falling due, late fees, charges, payments, ...

`work.items` are the items of the loan in item order; `terms` is one row of terms. Only a window of the items is
looked at: those before `purse[OPEN]` are due and settled for good, those from `purse[FALLEN]` on have not fallen due.
"""

from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from duecourse.ledger.compiled import inlined
from duecourse.ledger.exact import (
    PER_PPB_DAY,
    PER_PPM_YEAR_360,
    PER_PPM_YEAR_365,
    exceeds,
    minus,
    plus,
    share,
    times,
)
from duecourse.ledger.histories import NEVER, Histories, Numbers, PaymentColumns, WaiverColumns
from duecourse.ledger.state import (
    CHARGE_AMOUNT,
    CHARGE_LINE,
    COLUMNS,
    COST,
    COUNTED,
    CREDIT,
    CUT,
    CUT_ANY,
    DUE,
    ENFORCED,
    FALLEN,
    FEE,
    FEE_AMOUNT,
    FEE_DAY,
    FIRST_LINE,
    INTEREST,
    IS_INSTALMENT,
    ITEMS,
    LATE_FEE,
    LATE_INTEREST,
    LET,
    MET_ON,
    NUMBER,
    ON_INTEREST,
    ON_PENALTY,
    OPEN,
    PENALTY,
    PENALTY_AFTER,
    PRINCIPAL,
    REFUSED,
    SCHEDULED_DUE,
    SECOND_LINE,
    STOCK,
    STOPPED_FROM,
    T_BY_COMPONENT,
    T_CAP_SHARE,
    T_CAP_YEAR,
    T_DAY_COUNT,
    T_EFFECTIVE,
    T_FEE_FLAT,
    T_FEE_MAX,
    T_FEE_MIN,
    T_FEE_PPM,
    T_GRACE,
    T_INTEREST_PPM,
    T_ORDER,
    T_PENALTY_BASE,
    T_PENALTY_PPB,
    T_PRINCIPAL,
    T_STOPS,
    TRIED,
    Work,
    note,
    outstanding,
)

# numpy integers, not literals: numba compiles a function anew for every literal that it is called with.
NONE: Final = cast("int", np.int64(-1))
DUE_NOW: Final = cast("int", np.int64(0))
DUE_LATER: Final = cast("int", np.int64(1))

# Kinds of rows in the trace.
FELL_DUE: Final = cast("int", np.int64(0))
ACCRUED: Final = cast("int", np.int64(1))
LATE: Final = cast("int", np.int64(2))
CHARGED: Final = cast("int", np.int64(3))
FROM_CREDIT: Final = cast("int", np.int64(4))
PAID: Final = cast("int", np.int64(5))
TO_CREDIT: Final = cast("int", np.int64(6))
WAIVED: Final = cast("int", np.int64(7))
ACCELERATION: Final = cast("int", np.int64(8))

_TOO_MUCH: Final = 10**17  # an accrual beyond this is refused: sums of ninety such still fit 63 bits
_BY_PRINCIPAL: Final = 0
_ACTUAL_365: Final = 0
_THIRTY: Final = 2


@inlined
def lay_out(book: Histories, loan: int, work: Work) -> int:
    """Merge instalments and charges into item order; return how many items there are."""
    row = book.instalments.start[loan]
    rows = book.instalments.start[loan + 1]
    charge = book.charges.start[loan]
    charges = book.charges.start[loan + 1]
    items = work.items
    place = 0
    while row < rows or charge < charges:
        for column in range(COLUMNS):
            items[place, column] = 0
        items[place, MET_ON] = NEVER
        items[place, FEE_DAY] = NEVER
        if charge >= charges or (row < rows and book.instalments.due[row] <= book.charges.day[charge]):
            items[place, IS_INSTALMENT] = 1
            items[place, DUE] = book.instalments.due[row]
            items[place, NUMBER] = book.instalments.number[row]
            items[place, PRINCIPAL] = book.instalments.principal[row]
            items[place, INTEREST] = book.instalments.interest[row]
            items[place, FEE] = book.instalments.fee[row]
            late_terms(items, place, book.terms.rows[version_on(book, loan, items[place, DUE])])
            row += 1
        else:
            items[place, DUE] = book.charges.day[charge]
            items[place, CHARGE_LINE] = FIRST_LINE[book.charges.component[charge]]
            items[place, CHARGE_AMOUNT] = book.charges.amount[charge]
            charge += 1
        items[place, SCHEDULED_DUE] = items[place, DUE]
        place += 1
    return place


@inlined
def late_terms(items: NDArray[np.int64], place: int, terms: Numbers) -> None:
    """Set grace and late fee of an instalment, by the terms on its due date."""
    items[place, PENALTY_AFTER] = terms[T_GRACE]
    if terms[T_FEE_FLAT] == 0 and terms[T_FEE_PPM] == 0:
        return
    scheduled = items[place, PRINCIPAL] + items[place, INTEREST] + items[place, FEE]
    amount = max(terms[T_FEE_FLAT] + share(scheduled, terms[T_FEE_PPM]), terms[T_FEE_MIN])
    items[place, FEE_AMOUNT] = min(amount, terms[T_FEE_MAX]) if terms[T_FEE_MAX] >= 0 else amount
    items[place, FEE_DAY] = items[place, DUE] + terms[T_GRACE] + 1


@inlined
def version_on(book: Histories, loan: int, day: int) -> int:
    """Return the version of the terms in force on a day; before the first, the first."""
    version = book.terms.start[loan]
    while version + 1 < book.terms.start[loan + 1] and book.terms.rows[version + 1, T_EFFECTIVE] <= day:
        version += 1
    return int(version)


@inlined
def event_days(book: Histories, loan: int, on: int, count: int, work: Work) -> int:
    """Collect the days up to `on` on which anything changes, sorted, each once; return how many."""
    days = work.days
    found = 0
    place = 0
    row = book.payments.start[loan]
    rows = book.payments.start[loan + 1]
    while place < count or row < rows:  # both are sorted, so that a day is inserted near the end
        if row >= rows or (place < count and work.items[place, DUE] <= book.payments.day[row]):
            found = add_day(days, found, work.items[place, DUE], on)
            found = add_day(days, found, work.items[place, FEE_DAY], on)
            place += 1
        else:
            found = add_day(days, found, book.payments.day[row], on)
            row += 1
    for row in range(book.waivers.start[loan], book.waivers.start[loan + 1]):
        found = add_day(days, found, book.waivers.day[row], on)
    for version in range(book.terms.start[loan] + 1, book.terms.start[loan + 1]):
        found = add_day(days, found, book.terms.rows[version, T_EFFECTIVE] - 1, on)
    found = add_day(days, found, book.opened[loan], on)
    found = add_day(days, found, book.written_off[loan], on)
    found = add_day(days, found, book.accelerated[loan], on)
    return add_day(days, found, on, on)


@inlined
def add_day(days: Numbers, found: int, day: int, on: int) -> int:
    """Insert a day into the sorted days unless it is there or lies after `on`; return how many there are."""
    if day > on:
        return found
    place = found
    while place > 0 and days[place - 1] > day:
        place -= 1
    if place > 0 and days[place - 1] == day:
        return found
    for later in range(found, place, -1):
        days[later] = days[later - 1]
    days[place] = day
    return found + 1


@inlined
def accrue(terms: Numbers, after: int, until: int, opened: int, work: Work) -> None:
    """Accrue late interest and penalty for the days (after, until], on which terms and lines do not change."""
    stopped = work.purse[STOPPED_FROM] <= after and terms[T_STOPS] == 1
    if stopped or (terms[T_INTEREST_PPM] == 0 and terms[T_PENALTY_PPB] == 0):
        grow_stock(terms, after, until, opened, work)
        return
    if is_limited(terms, work.purse):
        need_whole, need_part = 0, 0
        for place in range(work.purse[OPEN], work.purse[FALLEN]):
            for kind in (ON_INTEREST, ON_PENALTY):
                whole, part = accrual(terms, work.items, place, kind, after, until)
                need_whole, need_part = plus(need_whole, need_part, whole, part)
        room_whole, room_part = room(terms, work.purse)
        if exceeds(need_whole, need_part, room_whole, room_part):
            for day in range(after + 1, until + 1):
                grow_stock(terms, day - 1, day, opened, work)
                accrue_items(terms, day - 1, day, work)
            return
    grow_stock(terms, after, until, opened, work)
    accrue_items(terms, after, until, work)


@inlined
def grow_stock(terms: Numbers, after: int, until: int, opened: int, work: Work) -> None:
    """Let the headroom of the all-in cap grow for the days (after, until] that lie after opening."""
    days = until - max(after, opened)
    if work.purse[ENFORCED] == 0 or terms[T_CAP_YEAR] < 0 or days <= 0:
        return
    purse = work.purse
    whole, part = times(outstanding(work), terms[T_CAP_YEAR] * days * PER_PPM_YEAR_365)
    purse[STOCK], purse[STOCK + 1] = plus(purse[STOCK], purse[STOCK + 1], whole, part)


@inlined
def is_limited(terms: Numbers, purse: Numbers) -> bool:
    """Tell whether a cap limits what is let in today, in this run."""
    return bool(purse[ENFORCED] == 1 and (terms[T_CAP_YEAR] >= 0 or terms[T_CAP_SHARE] >= 0))


@inlined
def room(terms: Numbers, purse: Numbers) -> tuple[int, int]:
    """Return the headroom under both caps, exactly."""
    whole, part = 10 * _TOO_MUCH, 0
    if terms[T_CAP_YEAR] >= 0:
        whole, part = purse[STOCK], purse[STOCK + 1]
    if terms[T_CAP_SHARE] >= 0:
        limit = share(terms[T_PRINCIPAL], terms[T_CAP_SHARE])
        left_whole, left_part = 0, 0
        if exceeds(limit, 0, purse[COUNTED], purse[COUNTED + 1]):
            left_whole, left_part = minus(limit, 0, purse[COUNTED], purse[COUNTED + 1])
        if exceeds(whole, part, left_whole, left_part):
            whole, part = left_whole, left_part
    return whole, part


@inlined
def accrual(terms: Numbers, items: NDArray[np.int64], place: int, kind: int, after: int, until: int) -> tuple[int, int]:
    """Return what one instalment accrues of one kind in (after, until], before any cap."""
    if items[place, IS_INSTALMENT] == 0 or items[place, DUE] >= until:
        return 0, 0
    if kind == ON_INTEREST:
        rate = terms[T_INTEREST_PPM]
        begins = max(after, items[place, DUE])
        if rate == 0 or items[place, PRINCIPAL] == 0:
            return 0, 0
        days = thirty(until) - thirty(begins) if terms[T_DAY_COUNT] == _THIRTY else until - begins
        unit = PER_PPM_YEAR_365 if terms[T_DAY_COUNT] == _ACTUAL_365 else PER_PPM_YEAR_360
        return times(items[place, PRINCIPAL], rate * days * unit)
    rate = terms[T_PENALTY_PPB]
    days = until - max(after, items[place, DUE] + items[place, PENALTY_AFTER])
    if rate == 0 or days <= 0:
        return 0, 0
    base = items[place, PRINCIPAL]
    if terms[T_PENALTY_BASE] != _BY_PRINCIPAL:
        base += items[place, FEE] + items[place, INTEREST]
    return times(base, rate * days * PER_PPB_DAY)


@inlined
def thirty(day: int) -> int:
    """Return the day's number in 30E/360: 360·year + 30·month + min(day of month, 30); divisions round down.

    Year, month and day by Howard Hinnant's civil_from_days (public domain), for days since 1970-01-01.
    """
    shifted = day + 719_468
    era = shifted // 146_097  # whole cycles of 400 years
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day_of_month = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return int(360 * year + 30 * month + min(day_of_month, 30))


@inlined
def accrue_items(terms: Numbers, after: int, until: int, work: Work) -> None:
    """Let the accruals of (after, until] in, item by item, late interest first, and post what has become whole."""
    limited = is_limited(terms, work.purse)
    items = work.items
    for place in range(work.purse[OPEN], work.purse[FALLEN]):
        for kind in (ON_INTEREST, ON_PENALTY):
            whole, part = accrual(terms, items, place, kind, after, until)
            if whole == 0 and part == 0:
                continue
            tried = add(items, place, TRIED + kind, whole, part)
            if items[place, TRIED + kind] > _TOO_MUCH:
                work.purse[REFUSED] = 1
            if limited:
                room_whole, room_part = room(terms, work.purse)
                if exceeds(whole, part, room_whole, room_part):
                    whole, part = room_whole, room_part
                    work.purse[CUT_ANY] = 1
            let_in(terms, whole, part, work.purse)
            posted = add(items, place, LET + kind, whole, part)
            cut = tried - posted
            line = LATE_INTEREST if kind == ON_INTEREST else PENALTY
            items[place, line] += posted
            if posted != 0 or cut != 0:
                note(work, until, ACCRUED, place, line, posted, cut)


@inlined
def add(items: NDArray[np.int64], place: int, column: int, whole: int, part: int) -> int:
    """Add an exact amount to the pair of columns that keeps its sum; return by how much the whole part grew."""
    before = items[place, column]
    items[place, column], items[place, column + 1] = plus(before, items[place, column + 1], whole, part)
    return int(items[place, column] - before)


@inlined
def let_in(terms: Numbers, whole: int, part: int, purse: Numbers) -> None:
    """Take what is let in from the headroom, and count it, in the enforceable run."""
    if purse[ENFORCED] == 0:
        return
    if terms[T_CAP_YEAR] >= 0:
        purse[STOCK], purse[STOCK + 1] = minus(purse[STOCK], purse[STOCK + 1], whole, part)
    purse[COUNTED], purse[COUNTED + 1] = plus(purse[COUNTED], purse[COUNTED + 1], whole, part)


@inlined
def pass_cap(terms: Numbers, amount: int, purse: Numbers) -> int:
    """Let a whole amount in as far as there is headroom (rounded down); the rest is cut. Return what is let in."""
    granted = amount
    if is_limited(terms, purse):
        granted = min(amount, room(terms, purse)[0])
    if granted < amount:
        purse[CUT] += amount - granted
        purse[CUT_ANY] = 1
    let_in(terms, granted, 0, purse)
    return granted


@inlined
def fall_due(terms: Numbers, day: int, accelerate: int, work: Work) -> None:
    """Accelerate if this is the day for it, then let the instalments of the day fall due."""
    items, purse = work.items, work.purse
    while purse[FALLEN] < purse[ITEMS] and items[purse[FALLEN], SCHEDULED_DUE] <= day:
        purse[FALLEN] += 1
    if accelerate == 1:
        note(work, day, ACCELERATION, NONE, NONE, DUE_NOW, DUE_NOW)
        for place in range(purse[FALLEN], purse[ITEMS]):
            if items[place, IS_INSTALMENT] == 1:
                items[place, DUE] = day
                items[place, FEE_DAY] = NEVER
        purse[FALLEN] = purse[ITEMS]
    for place in range(purse[OPEN], purse[FALLEN]):
        if items[place, IS_INSTALMENT] == 0 or items[place, DUE] != day:
            continue
        for line in (FEE, INTEREST, PRINCIPAL):
            amount = items[place, line]
            if amount == 0:
                continue
            granted = amount if line == PRINCIPAL else pass_cap(terms, amount, purse)
            items[place, line] = granted
            note(work, day, FELL_DUE, place, line, granted, amount - granted)


@inlined
def charge_late_fees(terms: Numbers, day: int, work: Work) -> None:
    """Charge the late fee of every instalment whose grace ended yesterday unmet, unless accrual has stopped."""
    items, purse = work.items, work.purse
    if purse[STOPPED_FROM] < day and terms[T_STOPS] == 1:
        return
    for place in range(purse[OPEN], purse[FALLEN]):
        if items[place, FEE_DAY] != day or items[place, MET_ON] != NEVER:
            continue
        amount = items[place, FEE_AMOUNT]
        granted = pass_cap(terms, amount, purse)
        items[place, LATE_FEE] += granted
        note(work, day, LATE, place, LATE_FEE, granted, amount - granted)


@inlined
def charge_by_hand(terms: Numbers, day: int, work: Work) -> None:
    """Let the charges of the day become due; cost passes no cap."""
    items, purse = work.items, work.purse
    for place in range(purse[OPEN], purse[FALLEN]):
        if items[place, IS_INSTALMENT] == 1 or items[place, DUE] != day:
            continue
        line = items[place, CHARGE_LINE]
        amount = items[place, CHARGE_AMOUNT]
        granted = amount if line == COST else pass_cap(terms, amount, purse)
        items[place, line] = granted
        note(work, day, CHARGED, place, line, granted, amount - granted)


@inlined
def pay(rows: PaymentColumns, last: int, terms: Numbers, day: int, on: int, row: int, work: Work) -> int:
    """Let credit and then the payments of the day meet what is due; return the next row of payments."""
    purse = work.purse
    if purse[CREDIT] > 0:
        purse[CREDIT] = allocate(terms, day, purse[CREDIT], NONE, NONE, DUE_NOW, FROM_CREDIT, NONE, work)
    while row < last and rows.day[row] <= day:
        if rows.undone[row] > on:
            left = rows.amount[row]
            number = rows.target_instalment[row]
            component = rows.target_component[row]
            if number >= 0 or component >= 0:
                left = allocate(terms, day, left, number, component, DUE_NOW, PAID, row, work)
            left = allocate(terms, day, left, NONE, NONE, DUE_NOW, PAID, row, work)
            if left > 0:
                note(work, day, TO_CREDIT, NONE, NONE, left, row)
            purse[CREDIT] += left
        row += 1
    return row


@inlined
def waive(rows: WaiverColumns, last: int, terms: Numbers, day: int, row: int, work: Work) -> int:
    """Let the waivers of the day reduce what is due, then what is not yet due; return the next row of waivers."""
    while row < last and rows.day[row] <= day:
        component = rows.component[row]
        left = allocate(terms, day, rows.amount[row], NONE, component, DUE_NOW, WAIVED, row, work)
        allocate(terms, day, left, NONE, component, DUE_LATER, WAIVED, row, work)
        row += 1
    return row


@inlined
def allocate(
    terms: Numbers,
    day: int,
    amount: int,
    number: int,
    component: int,
    later: int,
    kind: int,
    source: int,
    work: Work,
) -> int:
    """Let an amount meet lines in allocation order; return what is left.

    `number` and `component` restrict it to one instalment or component (-1: any); `later` tells due lines (0) from
    lines that fall due later (1).
    """
    items = work.items
    rounds = 5 if terms[T_BY_COMPONENT] == 1 else 1
    until = work.purse[ITEMS] if later == 1 else work.purse[FALLEN]
    for turn in range(rounds):
        for place in range(work.purse[OPEN], until):
            if amount == 0:
                return 0
            if (items[place, DUE] > day) != (later == 1):
                continue
            if number >= 0 and (items[place, IS_INSTALMENT] == 0 or items[place, NUMBER] != number):
                continue
            for turn_of_component in range(5):
                wanted = (terms[T_ORDER] >> (3 * turn_of_component)) & 7
                if (rounds == 5 and turn_of_component != turn) or (component >= 0 and wanted != component):
                    continue
                amount = meet(place, FIRST_LINE[wanted], day, amount, kind, source, work)
                if SECOND_LINE[wanted] >= 0:
                    amount = meet(place, SECOND_LINE[wanted], day, amount, kind, source, work)
    return amount


@inlined
def meet(place: int, line: int, day: int, amount: int, kind: int, source: int, work: Work) -> int:
    """Let an amount meet one line; return what is left."""
    met = min(amount, work.items[place, line])
    if met > 0:
        work.items[place, line] -= met
        note(work, day, kind, place, line, met, source)
    return int(amount - met)


@inlined
def settle_met(day: int, work: Work) -> None:
    """Note the day on which an instalment that is due was first met; once met it stays met. Move the window on."""
    items, purse = work.items, work.purse
    for place in range(purse[OPEN], purse[FALLEN]):
        if items[place, DUE] > day or items[place, MET_ON] != NEVER:
            continue
        if items[place, FEE] == 0 and items[place, INTEREST] == 0 and items[place, PRINCIPAL] == 0:
            items[place, MET_ON] = day
    while purse[OPEN] < purse[FALLEN] and is_settled(items, purse[OPEN], day):
        purse[OPEN] += 1


@inlined
def is_settled(items: NDArray[np.int64], place: int, day: int) -> bool:
    """Tell whether an item is due and owes nothing on any line: nothing can happen to it any more."""
    if items[place, DUE] > day or items[place, MET_ON] == NEVER:
        return False
    owed = 0
    for line in range(7):
        owed += items[place, line]
    return bool(owed == 0)
