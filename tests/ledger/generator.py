"""Random loans with histories, from a seed or from hypothesis: one recipe, two kinds of dice.

Most amounts are small and most rates high, so that rounding, floors and caps bite on most loans. Most events
fall on or beside the days that matter (due dates, ends of grace, each other).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from duecourse.kernel.components import CHARGEABLE, COMPONENTS
from duecourse.ledger.loan import Charge, Instalment, Loan, Payment, Terms, Waiver

T = TypeVar("T")
Pauses = tuple[tuple[date, date | None], ...]


@dataclass(frozen=True)
class Case:
    """A loan and the day on which its position is asked for."""

    loan: Loan
    on: date


class Dice(Protocol):
    """Where the choices come from; smaller numbers and earlier options are the simpler ones."""

    def whole(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`, both included."""


class SeededDice:
    """Dice that fall the same way for the same seed, on every machine."""

    def __init__(self, seed: int) -> None:
        """Start the sequence of `seed`."""
        self._random = random.Random(seed)

    def whole(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`, both included."""
        return self._random.randint(least, most)


class DrawnDice:
    """Dice that hypothesis throws, and throws again smaller when a test has failed."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        """Take every choice from `draw`."""
        self._draw = draw

    def whole(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`, both included."""
        return self._draw(st.integers(least, most))


def pick(dice: Dice, options: Sequence[T]) -> T:
    """Choose one of `options`; the first is the simplest."""
    return options[dice.whole(0, len(options) - 1)]


def chance(dice: Dice, percent: int) -> bool:
    """Say yes in `percent` of a hundred cases; no is the simpler answer."""
    return dice.whole(0, 99) >= 100 - percent


def seeded_case(seed: int) -> Case:
    """Make the case of this seed."""
    return case(SeededDice(seed))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Cases for hypothesis, which shrink towards one plain small loan."""
    return case(DrawnDice(draw))


def case(dice: Dice) -> Case:
    """Throw a whole case: contract, schedule, history, day."""
    opened = pick(dice, (date(2024, 1, 1), date(2023, 12, 31), date(2024, 1, 30), date(2025, 1, 31)))
    opened += timedelta(days=pick(dice, (0, 1, 27, 28, 29, 30, 58, 59, 60, 200, 364)))
    scale = pick(dice, (100, 10, 1_000, 1_000, 20_000, 3_000_000, 10**11, 10**13))
    instalments = _schedule(dice, opened, scale)
    last = max([opened, *(instalment.due_on for instalment in instalments)])
    span = (opened - timedelta(days=3), last + timedelta(days=pick(dice, (20, 3, 60, 120, 250))))
    on = _day(dice, opened, span)
    terms = _terms(dice, scale, instalments, span)
    special = _days_that_matter(instalments, terms)
    loan = Loan(
        loan_id="L1",
        opened_on=opened,
        terms=terms,
        instalments=shuffled(dice, instalments),
        charges=_charges(dice, scale, special, span),
        waivers=_waivers(dice, scale, special, span),
        written_off_on=_some_days(dice, 45, special, span),
        accelerated_on=_some_days(dice, 20, special, span),
        pauses=_pauses(dice, special, span),
    )
    return Case(_with_payments(dice, loan, scale, special, span), on if chance(dice, 40) else span[1])


def _day(dice: Dice, near: date, span: tuple[date, date]) -> date:
    """Return a day in `span`: anywhere, or within two days of `near`."""
    if chance(dice, 40):
        return span[0] + timedelta(days=dice.whole(0, (span[1] - span[0]).days))
    return min(max(near + timedelta(days=pick(dice, (0, 1, -1, 2))), span[0]), span[1])


def _days_that_matter(instalments: tuple[Instalment, ...], terms: tuple[Terms, ...]) -> list[date]:
    dues = [instalment.due_on for instalment in instalments]
    after_grace = [due + timedelta(days=version.grace_days + 1) for due in dues for version in terms]
    return [*dues, *after_grace, *(version.effective_on for version in terms)]


def _some_day(dice: Dice, special: list[date], span: tuple[date, date]) -> date:
    return _day(dice, pick(dice, special), span)


def _some_days(dice: Dice, percent: int, special: list[date], span: tuple[date, date]) -> tuple[date, ...]:
    if not chance(dice, percent):
        return ()
    return tuple(_some_day(dice, special, span) for _ in range(dice.whole(1, 2)))


def _schedule(dice: Dice, opened: date, scale: int) -> tuple[Instalment, ...]:
    """Throw nought to six instalments; some of nothing, some on the same day, some due before the opening."""
    due = opened + timedelta(days=pick(dice, (10, 30, 1, 0, -2)))
    found = []
    for number in range(1, pick(dice, (1, 2, 3, 3, 4, 4, 6, 0)) + 1):
        principal = 0 if chance(dice, 12) else dice.whole(1, scale)
        interest = dice.whole(0, scale // 4) if chance(dice, 60) else 0
        fee = dice.whole(0, scale // 8) if chance(dice, 45) else 0
        found.append(Instalment(number, due, principal, interest, fee))
        due += timedelta(days=pick(dice, (7, 30, 31, 14, 1, 0)))
    if len(found) > 1 and chance(dice, 10):  # numbers need not follow the due dates
        found = [replace(one, number=len(found) + 1 - one.number) for one in found]
    return tuple(found)


def shuffled(dice: Dice, rows: tuple[T, ...]) -> tuple[T, ...]:
    """Put rows in any order: the ledger must not care."""
    left, found = list(rows), []
    while left:
        found.append(left.pop(dice.whole(0, len(left) - 1)))
    return tuple(found)


def _terms(dice: Dice, scale: int, instalments: tuple[Instalment, ...], span: tuple[date, date]) -> tuple[Terms, ...]:
    principal = sum(instalment.principal for instalment in instalments) or scale
    first = _version(dice, scale, Terms(principal=principal))
    if chance(dice, 20):  # the first version also holds before its own day
        first = replace(first, effective_on=_day(dice, span[0] + timedelta(days=20), span))
    if not chance(dice, 40):
        return (first,)
    dues = [instalment.due_on for instalment in instalments] or [span[0]]
    versions = {first.effective_on: first}
    for _ in range(dice.whole(1, 2)):
        day = _some_day(dice, dues, span)
        versions.setdefault(day, replace(_version(dice, scale, first), effective_on=day))
    return shuffled(dice, tuple(versions.values()))


def _version(dice: Dice, scale: int, old: Terms) -> Terms:
    """Throw terms: what is not thrown stays as in `old`."""
    new = replace(old, grace_days=pick(dice, (0, 1, 3, 10)))
    if chance(dice, 65):
        flat, share = pick(dice, ((1, 0), (0, 1), (1, 1), (0, 1), (0, 0)))
        new = replace(
            new,
            late_fee_flat=flat * dice.whole(1, max(1, scale // 10)),
            late_fee_ppm=share * pick(dice, (50_000, 1, 333_333, 10_001)),
            late_fee_min=pick(dice, (0, max(1, scale // 30), max(1, scale // 6))),
            late_fee_max=pick(dice, (None, None, max(1, scale // 20), max(1, scale // 80))),
        )
    if chance(dice, 65):
        rate = pick(dice, (10_000_000, 1_000_000, 333_333, 20_000_001, 1))
        new = replace(new, penalty_ppb_day=rate, penalty_base=pick(dice, ("principal", "instalment")))
    if chance(dice, 60):
        rate = pick(dice, (240_000, 999_999, 1_500_000, 1, 77_777))
        count = pick(dice, ("actual/365", "actual/360", "30/360", "30/360"))
        new = replace(new, interest_after_due="runs", interest_ppm_year=rate, day_count=count)
    new = replace(
        new,
        allocation_order=shuffled(dice, COMPONENTS) if chance(dice, 60) else COMPONENTS,
        allocation_by=pick(dice, ("instalment", "component")),
        accrual_after_write_off=pick(dice, ("stops", "continues")),
    )
    return _with_caps(dice, new)


def _with_caps(dice: Dice, terms: Terms) -> Terms:
    if chance(dice, 40):
        terms = replace(terms, cap_all_in_ppm_year=pick(dice, (360_000, 0, 150_001, 1_000_000, 4_000_000)))
    if chance(dice, 40):
        terms = replace(terms, cap_charges_ppm=pick(dice, (100_000, 0, 33_333, 300_000, 1_000_000)))
    return terms


def _charges(dice: Dice, scale: int, special: list[date], span: tuple[date, date]) -> tuple[Charge, ...]:
    if not chance(dice, 35):
        return ()
    found: list[Charge] = []
    for n in range(pick(dice, (1, 2, 3, 3))):
        name = pick(dice, ("c1", "c10", "c2", "C", "é")) + f"-{n}"
        same_day = found and chance(dice, 40)
        day = found[-1].charged_on if same_day else _some_day(dice, special, span)
        amount = dice.whole(1, max(1, scale // 6))
        found.append(Charge(name, pick(dice, CHARGEABLE), amount, day))
    return tuple(found)


def _waivers(dice: Dice, scale: int, special: list[date], span: tuple[date, date]) -> tuple[Waiver, ...]:
    if not chance(dice, 40):
        return ()
    return tuple(
        Waiver(
            f"w{n}",
            pick(dice, (None, *reversed(COMPONENTS))),
            pick(dice, (1, dice.whole(1, max(1, scale // 5)), dice.whole(1, scale * 2))),
            _some_day(dice, special, span),
        )
        for n in range(dice.whole(1, 3))
    )


def _pauses(dice: Dice, special: list[date], span: tuple[date, date]) -> Pauses:
    if not chance(dice, 35):
        return ()
    found: list[tuple[date, date | None]] = []
    for _ in range(dice.whole(1, 3)):
        first = _some_day(dice, special, span)
        last = None if chance(dice, 15) else first + timedelta(days=pick(dice, (5, 0, 1, 30)))
        found.append((first, last))
    return tuple(found)


def _with_payments(dice: Dice, loan: Loan, scale: int, special: list[date], span: tuple[date, date]) -> Loan:
    """Add payments: exact, part, odd, all or too much; then reversals of some of them."""
    days_paid = [*special, *(day + timedelta(days=7) for day in special), span[1] - timedelta(days=3)]
    scheduled = [one.principal + one.interest + one.fee for one in loan.instalments] or [scale]
    found: list[Payment] = []
    for n in range(pick(dice, (2, 0, 0, 1, 1, 3, 5, 8))):
        whole = pick(dice, scheduled)
        amount = pick(dice, (whole, dice.whole(1, scale), max(1, whole // 2), sum(scheduled), 1, scale * 3))
        targeted = chance(dice, 60)
        day = found[-1].paid_on if found and chance(dice, 25) else _some_day(dice, days_paid, span)
        found.append(
            Payment(
                f"p{dice.whole(0, 9)}{n}",
                day,
                max(1, amount),
                target_instalment=pick(dice, (None, 1, 2, 3, 9)) if targeted else None,
                target_component=pick(dice, (None, *reversed(COMPONENTS))) if targeted else None,
            )
        )
    late = (span[1], span[1], special[-1])
    reversals = [
        Payment(f"r{n}", _day(dice, pick(dice, late), span), payment.amount, payment.payment_id)
        for n, payment in enumerate(found)
        if chance(dice, 35)
    ]
    return replace(loan, payments=shuffled(dice, (*found, *reversals)))
