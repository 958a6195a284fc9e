"""From the section `fork` of a strategy to numbers: shares of 1, worth today, by full months past due.

Each is a float: chances and discounts, of which no money is made.
"""

from typing import Final

import numpy as np

from duecourse.strategy.fork.models import Agency, Curve, Fork, Sue
from duecourse.strategy.fork.values import OLDEST, Floats, Terms
from duecourse.strategy.strict import WHOLE_PPM

_NEVER: Final = OLDEST + 1
_NOTHING: Final = np.zeros((1, OLDEST + 1))


def terms(fork: Fork, country: str) -> Terms:
    """Return the terms of debts of borrowers in a country (ISO 3166-1, two letters)."""
    worth = worth_of_month(fork)
    pays = by_month(fork.collect.pays_ppm_month)
    settle, agency, sell = fork.settle, fork.agency, fork.sell
    sue = (fork.sue or {}).get(country)
    offers, placements = _offers(fork, worth), _placements(agency, worth)
    return Terms(
        horizon=fork.horizon_months,
        collect_brings=worth * pays * share(fork.collect.share_ppm),
        collect_goes_on=worth * (1 - pays),
        collect_cost=share(fork.collect.cost_ppm_unit),
        offers_most=settle.times_most if settle else 0,
        settle_brings=offers[0],
        settle_goes_on=offers[1],
        settle_wait=settle.wait_months if settle else 1,
        settle_cost=share(settle.cost_ppm_unit) if settle else 0.0,
        placements_most=len(agency.commissions_ppm) if agency else 0,
        agency_from=agency.from_months if agency else 0,
        agency_term=agency.term_months if agency else 1,
        agency_brings=placements[0],
        agency_goes_on=placements[1],
        agency_cost=share(agency.cost_ppm_unit) if agency else 0.0,
        sue_offers=sue.after_offers_times if sue else _NEVER,
        sue_placements=sue.after_placements_times if sue else _NEVER,
        sue_small=not sue.only_large if sue else False,
        sue_brings=_suit(sue, worth) if sue else 0.0,
        sue_fee=_fee(sue, worth) if sue else 0.0,
        sue_cost=share(sue.cost_ppm_unit) if sue else 0.0,
        sell_from=sell.from_months if sell else _NEVER,
        sell_brings=by_month(sell.price_ppm) if sell else np.zeros(OLDEST + 1),
    )


def share(ppm: int) -> float:
    """Return parts per million as a share of 1."""
    return ppm / WHOLE_PPM


def by_month(curve: Curve) -> Floats:
    """Return a curve's share for each number of full months past due, 0 to `OLDEST`."""
    found = np.zeros(OLDEST + 1)
    for month, ppm in curve:
        found[month:] = share(ppm)
    return found


def worth_of_month(fork: Fork) -> float:
    """Return what 1 in a month is worth today: twelve months of it make the year's rate."""
    return float((1 / (1 + share(fork.worth_less_ppm_year))) ** (1 / 12))


def _offers(fork: Fork, worth: float) -> tuple[Floats, Floats]:
    """Return what each offer brings for 1 owed, and the worth of what is left then, by offer and month."""
    settle = fork.settle
    if settle is None or not settle.times_most:
        return _NOTHING, _NOTHING
    came, still = _paying(by_month(fork.collect.pays_ppm_month), settle.wait_months, worth)
    accept = share(settle.accepts_ppm) * share(settle.again_ppm) ** np.arange(settle.times_most)[:, None]
    accepted = accept * share(settle.share_ppm) * worth**settle.months_to_money
    left = (1 - accept) * worth**settle.wait_months
    return accepted + (1 - accept) * came * share(fork.collect.share_ppm), left * still


def _placements(agency: Agency | None, worth: float) -> tuple[Floats, Floats]:
    """Return what each placement brings for 1 owed, and the worth of what is left then, by placement and month."""
    if agency is None or not agency.commissions_ppm:
        return _NOTHING, _NOTHING
    brings, goes_on = [], []
    for number, commission in enumerate(agency.commissions_ppm):
        pays = by_month(agency.pays_ppm_month) * share(agency.again_ppm) ** number
        came, still = _paying(pays, agency.term_months, worth)
        brings.append(came * share(agency.share_ppm) * (1 - share(commission)))
        goes_on.append(still * worth**agency.term_months)
    return np.stack(brings), np.stack(goes_on)


def _paying(pays: Floats, months: int, worth: float) -> tuple[Floats, Floats]:
    """Return for each month past due how many pay in the months from then on, worth today, and how many never do."""
    ages = np.minimum(np.arange(OLDEST + 1)[:, None] + np.arange(months), OLDEST)
    chance = pays[ages]
    still = np.cumprod(1 - chance, axis=1)  # the chance that nothing has come by the end of each month
    before = np.column_stack([np.ones(OLDEST + 1), still[:, :-1]])
    came = (before * chance * worth ** np.arange(1, months + 1)).sum(axis=1)
    return came, still[:, -1]


def _enforced(sue: Sue, worth: float) -> float:
    """Return the chance that a suit ends in money from enforcement, times what 1 is worth then."""
    chance = (1 - share(sue.served_ppm)) * share(sue.wins_ppm) * share(sue.enforced_ppm)
    return float(chance * worth ** (sue.months_to_judgment + sue.months_to_money))


def _suit(sue: Sue, worth: float) -> float:
    return share(sue.served_ppm) * worth + _enforced(sue, worth) * share(sue.share_ppm)


def _fee(sue: Sue, worth: float) -> float:
    return 1 - _enforced(sue, worth) * share(sue.fee_back_ppm)
