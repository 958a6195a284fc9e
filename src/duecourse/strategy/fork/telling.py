"""Why a way is chosen: what is done while nothing comes in, and what would have to be otherwise for another way.

`path(terms, debt)` gives steps, `changes(fork, country, debt, fee_of)` the numbers at which something else is best.
What a way is worth is a float: an expectation, no money.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from duecourse.strategy.fork.models import Fork
from duecourse.strategy.fork.reading import terms
from duecourse.strategy.fork.values import AGENCY, COLLECT, SELL, SETTLE, STOP, SUE, WAYS, Debts, Terms, values
from duecourse.strategy.strict import WHOLE_PPM

_POINTS: Final = 64  # looked at on the way to either end, before the place between two of them is found exactly
_FURTHEST: Final = 1_000  # times the amount owed, or a thousandth of it
_ENDS: Final = frozenset({SUE, SELL, STOP})


@dataclass(frozen=True)
class Step:
    """What is done some months from now, and what it is worth then, in minor units, while nothing has come in."""

    month: int
    way: str
    value: float


@dataclass(frozen=True)
class Change:
    """A number that would make another way the best: from `now` to `at`, the nearest that does, up or down.

    `what` is `owed` (minor units), or in parts per million: `price` (of what is owed, if sold now), `wins` (of suits),
    `accepts` (of offers), `pays` (by themselves, in this month; later months in proportion).
    """

    what: str
    now: int
    at: int
    way: str


def path(of: Terms, debt: Debts) -> tuple[Step, ...]:
    """Return what is done with one debt as long as nothing comes in, until a way ends it or the months are over."""
    steps, month = list[Step](), 0
    while month < of.horizon:
        row = values(of._replace(horizon=of.horizon - month), debt)[0]
        way = int(row.argmax())
        steps.append(Step(month, WAYS[way], float(row[way])))
        if way in _ENDS:
            break
        passed = {COLLECT: 1, SETTLE: of.settle_wait, AGENCY: of.agency_term}[way]
        month += passed
        debt = debt._replace(
            age=debt.age + passed,
            sue_months=debt.sue_months - passed,
            offers=debt.offers + (way == SETTLE),
            placements=debt.placements + (way == AGENCY),
        )
    return tuple(steps)


def changes(fork: Fork, country: str, debt: Debts, fee_of: Callable[[int], int]) -> tuple[Change, ...]:
    """Return the nearest numbers, each alone, at which something else is best for one debt.

    `fee_of` gives the court's fee for an amount, both in minor units. What cannot change the choice is left out.
    """
    found = list[Change]()
    for what, now, least, most, way_at in _knobs(fork, country, debt, fee_of):
        for end in (least, most):
            at = _nearest(way_at, now, end)
            if at is not None:
                found.append(Change(what, now, at, way_at(at)))
    return tuple(found)


def _knobs(
    fork: Fork, country: str, debt: Debts, fee_of: Callable[[int], int]
) -> Iterator[tuple[str, int, int, int, Callable[[int], str]]]:
    """Yield what may be turned: name, where it stands, from where to where it goes, and which way is best at each."""
    owed, month, of = int(debt.owed[0]), int(debt.age[0]), terms(fork, country)

    def with_amount(amount: int) -> str:
        fee = np.array([float(fee_of(amount))])
        return _best(of, debt._replace(owed=np.array([float(amount)]), fee=fee))

    def with_price(ppm: int) -> str:
        price = of.sell_brings.copy()
        price[month] = ppm / WHOLE_PPM
        return _best(of._replace(sell_brings=price), debt)

    def with_part(part: str, **more: Any) -> str:
        whole = getattr(fork, part)
        if part == "sue":
            told = {**whole, country: whole[country].model_copy(update=more)}
        else:
            told = whole.model_copy(update=more)
        return _best(terms(fork.model_copy(update={part: told}), country), debt)

    def with_payers(ppm: int) -> str:
        # down: a chance in whole parts per million
        curve = tuple((at, min(WHOLE_PPM, chance * ppm // pays)) for at, chance in fork.collect.pays_ppm_month)
        return with_part("collect", pays_ppm_month=curve)

    yield "owed", owed, owed // _FURTHEST, owed * _FURTHEST, with_amount  # down: only where to stop looking
    if fork.sell and month >= fork.sell.from_months:
        yield "price", _on(fork.sell.price_ppm, month), 0, WHOLE_PPM, with_price
    if fork.sue and country in fork.sue:
        yield "wins", fork.sue[country].wins_ppm, 0, WHOLE_PPM, lambda ppm: with_part("sue", wins_ppm=ppm)
    if fork.settle:
        yield "accepts", fork.settle.accepts_ppm, 0, WHOLE_PPM, lambda ppm: with_part("settle", accepts_ppm=ppm)
    pays = _on(fork.collect.pays_ppm_month, month)
    if pays:
        yield "pays", pays, 0, WHOLE_PPM, with_payers


def _on(curve: tuple[tuple[int, int], ...], month: int) -> int:
    return next(ppm for at, ppm in reversed(curve) if at <= month)


def _best(of: Terms, debt: Debts) -> str:
    return WAYS[int(values(of, debt)[0].argmax())]


def _nearest(way_at: Callable[[int], str], now: int, end: int) -> int | None:
    """Return the whole number nearest to `now`, on the way to `end`, at which another way is best; None if none is.

    Looks at points that lie the further apart the further off they are, then halves the stretch before the first that
    differs.
    """
    chosen, last = way_at(now), now
    for step in range(1, _POINTS + 1):
        point = now + (end - now) * step**3 // _POINTS**3  # down: any point will do
        if way_at(point) == chosen:
            last = point
            continue
        while abs(point - last) > 1:
            middle = (point + last) // 2
            last, point = (middle, point) if way_at(middle) == chosen else (last, middle)
        return point
    return None
