"""What each way on is expected to bring, by exact dynamic programming over the months that are left.

    values(terms, debts) -> a row per debt: collect, settle, agency, sue, sell, stop

A debt stands in month 0 with some offers and some placements behind it. Each way brings a share of what is owed, costs
something, and with some chance leaves the debt in a later month with one offer or placement more, where the best way is
taken again. Money is worth less the later it comes. Nothing is simulated: the best value of every (month, offers,
placements) is worked out once, from the last month back (Puterman, Markov Decision Processes, 4.5).

Values are minor units as 64-bit float: expectations, which nobody is ever asked to pay.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from duecourse.ledger.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WAYS: Final = ("collect", "settle", "agency", "sue", "sell", "stop")
COLLECT, SETTLE, AGENCY, SUE, SELL, STOP = range(len(WAYS))
OLDEST: Final = 360  # months past due: what a table says of it counts for older debts too
_RANGE: Final = 20_000  # debts that a thread does at a time


class Terms(NamedTuple):
    """What the strategy's file says of a kind of debts, all worth today: see `reading.terms`, which works it out.

    `brings` are expected shares of what is owed, after commissions; `goes_on` the chance that the debt goes on, times
    what 1 is worth then. Costs are shares of a debt's `unit`. Arrays are by full months past due, 0 to `OLDEST`; those
    of offers and agencies by how many were before.
    """

    horizon: int  # months
    collect_brings: Floats
    collect_goes_on: Floats
    collect_cost: float
    offers_most: int
    settle_brings: Floats
    settle_goes_on: Floats
    settle_wait: int  # months from an offer until anything else is done
    settle_cost: float
    placements_most: int
    agency_from: int  # months past due
    agency_term: int  # months
    agency_brings: Floats
    agency_goes_on: Floats
    agency_cost: float
    sue_offers: int  # how many must lie behind a suit
    sue_placements: int
    sue_small: bool  # whether debts that are not large may be sued for
    sue_brings: float
    sue_fee: float  # share of the court's fee that is not expected back
    sue_cost: float
    sell_from: int  # months past due
    sell_brings: Floats


class Debts(NamedTuple):
    """Debts, one entry each in every array.

    owed: what is enforceable, in minor units. age: full months past due. fee: the court's, in minor units. unit: what
    costs are shares of, in minor units. sue_months: in how many months from now a suit may still be filed; 0 is never.
    """

    owed: Floats
    age: Ints
    fee: Floats
    unit: Floats
    is_large: NDArray[np.bool_]
    sue_months: Ints
    offers: Ints
    placements: Ints


def values(terms: Terms, debts: Debts, threads: int = 1) -> Floats:
    """Return what each of WAYS is worth now to each debt, in minor units; minus infinity where a way is not open."""
    found = np.empty((len(debts.owed), len(WAYS)))

    def do(start: int) -> None:
        best = np.zeros((terms.horizon + 1, terms.offers_most + 1, terms.placements_most + 1))
        _each(terms, debts, start, min(start + _RANGE, len(found)), best, found)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(do, range(0, len(debts.owed), _RANGE)))
    return found


@compiled
def _each(terms: Terms, debts: Debts, start: int, end: int, best: Floats, found: Floats) -> None:
    """Work out some debts; `best` is room for the best values of one: 0 in the last month, when it is let go."""
    for place in range(start, end):
        made, placed = min(debts.offers[place], terms.offers_most), min(debts.placements[place], terms.placements_most)
        row = found[place]
        for month in range(terms.horizon - 1, -1, -1):
            for offers in range(terms.offers_most, made - 1, -1):
                for placements in range(terms.placements_most, placed - 1, -1):
                    _ways(terms, debts, place, month, offers, placements, best, row)
                    most = row[STOP]
                    for way in range(STOP):
                        most = max(most, row[way])
                    best[month, offers, placements] = most
        # What was worked out last, and stands in `row`, is where the debt is now.


@compiled
def _ways(
    terms: Terms, debts: Debts, place: int, month: int, offers: int, placements: int, best: Floats, row: Floats
) -> None:
    """Fill `row` with the value of each way for one debt in one state, from the best values of later months."""
    owed, unit = debts.owed[place], debts.unit[place]
    age = min(debts.age[place] + month, OLDEST)
    left = terms.horizon - month
    row[COLLECT] = terms.collect_brings[age] * owed - terms.collect_cost * unit
    row[COLLECT] += terms.collect_goes_on[age] * best[month + 1, offers, placements]
    row[SETTLE], row[AGENCY], row[SUE], row[SELL], row[STOP] = -np.inf, -np.inf, -np.inf, -np.inf, 0.0
    if offers < terms.offers_most:
        later = best[month + min(terms.settle_wait, left), offers + 1, placements]
        row[SETTLE] = terms.settle_brings[offers, age] * owed - terms.settle_cost * unit
        row[SETTLE] += terms.settle_goes_on[offers, age] * later
    if placements < terms.placements_most and age >= terms.agency_from:
        later = best[month + min(terms.agency_term, left), offers, placements + 1]
        row[AGENCY] = terms.agency_brings[placements, age] * owed - terms.agency_cost * unit
        row[AGENCY] += terms.agency_goes_on[placements, age] * later
    is_due = offers >= terms.sue_offers and placements >= terms.sue_placements
    if is_due and month < debts.sue_months[place] and (terms.sue_small or debts.is_large[place]):
        row[SUE] = terms.sue_brings * owed - terms.sue_fee * debts.fee[place] - terms.sue_cost * unit
    if age >= terms.sell_from:
        row[SELL] = terms.sell_brings[age] * owed
