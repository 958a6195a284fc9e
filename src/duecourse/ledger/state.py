"""The working state of one loan while the kernel plays its history.

Arrays are allocated once for a range of loans, as long as its longest loan needs, and reset for each run.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from duecourse.ledger.compiled import inlined
from duecourse.ledger.histories import Histories, Numbers

COST, FEE, LATE_FEE, PENALTY, INTEREST, LATE_INTEREST, PRINCIPAL = range(7)
FIRST_LINE: Final = (0, 1, 3, 4, 6)  # of each component; the second, if any, follows
SECOND_LINE: Final = (-1, 2, -1, 5, -1)

# Places in the purse.
CREDIT: Final = 0
CUT: Final = 1
STOCK: Final = 2  # headroom of the all-in cap: whole, part
COUNTED: Final = 4  # everything ever let in: whole, part
STOPPED_FROM: Final = 6  # day of the write-off
REFUSED: Final = 7
TRACED: Final = 8
ITEMS: Final = 9
ENFORCED: Final = 10  # 1 in the enforceable run
OPEN: Final = 11  # place of the first item that is not settled
FALLEN: Final = 12  # how many items have fallen due
CUT_ANY: Final = 13  # 1 once a cap has cut anything, however small
PURSE: Final = 14

# Columns of an item. The first seven are its lines.
DUE: Final = 7  # may be moved by acceleration
SCHEDULED_DUE: Final = 8
PENALTY_AFTER: Final = 9  # grace days
FEE_DAY: Final = 10  # on which a late fee is charged
FEE_AMOUNT: Final = 11  # of the late fee
IS_INSTALMENT: Final = 12
NUMBER: Final = 13
CHARGE_LINE: Final = 14
CHARGE_AMOUNT: Final = 15
MET_ON: Final = 16
TRIED: Final = 17  # exact accruals before the cap: late interest whole, part; penalty whole, part
LET: Final = 21  # the same, after the cap
COLUMNS: Final = 25

# Kinds of accrual: places after TRIED and LET.
ON_INTEREST: Final = 0
ON_PENALTY: Final = 2

# Columns of a version of terms.
T_EFFECTIVE, T_PRINCIPAL, T_GRACE, T_FEE_FLAT, T_FEE_PPM, T_FEE_MIN, T_FEE_MAX = range(7)
T_PENALTY_PPB, T_PENALTY_BASE, T_INTEREST_PPM, T_DAY_COUNT, T_CAP_YEAR, T_CAP_SHARE = range(7, 13)
T_ORDER, T_BY_COMPONENT, T_STOPS = range(13, 16)


class Work(NamedTuple):
    """Scratch space for one loan.

    items: (items, COLUMNS), in item order. purse: sums, see the places above. days: event days.
    trace: rows of a statement (day, kind, item, line, amount, detail), no room where none is wanted.
    """

    items: NDArray[np.int64]
    purse: Numbers
    days: Numbers
    trace: NDArray[np.int64]


def workspace(book: Histories, trace_rows: int = 0) -> Work:
    """Allocate the scratch space that the longest loan of these histories needs."""
    items = _longest(book.instalments.start) + _longest(book.charges.start)
    days = 2 * items + _longest(book.payments.start) + _longest(book.waivers.start) + _longest(book.terms.start) + 8
    return Work(
        items=np.zeros((items, COLUMNS), dtype=np.int64),
        purse=np.zeros(PURSE, dtype=np.int64),
        days=np.zeros(days, dtype=np.int64),
        trace=np.zeros((trace_rows, 6), dtype=np.int64),
    )


def _longest(start: Numbers) -> int:
    return int(start[1]) if len(start) == 2 else int(np.diff(start).max(initial=0))  # one loan: asked for each act


@inlined
def outstanding(work: Work) -> int:
    """Sum all principal lines, due or not."""
    total = 0
    for place in range(work.purse[OPEN], work.purse[ITEMS]):
        total += work.items[place, PRINCIPAL]
    return int(total)


@inlined
def note(work: Work, day: int, kind: int, place: int, line: int, amount: int, detail: int) -> None:
    """Keep a row of the trace, when there is room for one."""
    row = work.purse[TRACED]
    if row >= work.trace.shape[0]:
        return
    trace = work.trace
    trace[row, 0] = day
    trace[row, 1] = kind
    trace[row, 2] = place
    trace[row, 3] = line
    trace[row, 4] = amount
    trace[row, 5] = detail
    work.purse[TRACED] = row + 1
