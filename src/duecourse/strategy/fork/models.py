"""The strategy file's section `fork`: what each way on costs and brings. Every part says where its numbers are from."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from duecourse.strategy.strict import NOT_EMPTY, WHOLE_PPM, Currency, NotNegative, Positive, Ppm, Says, Strict, fault


def _curve(points: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    months = [month for month, _ in points]
    if not points or months[0] != 0 or months != sorted(set(months)):
        raise fault("must begin with month 0 and have its months in order: [[0, 60000], [6, 20000]]")
    if not all(0 <= ppm <= WHOLE_PPM for _, ppm in points):
        raise fault(f"must have shares from 0 to {WHOLE_PPM} parts per million")
    return points


Curve = Annotated[tuple[tuple[int, int], ...], AfterValidator(_curve)]
"""[full months past due, parts per million]: each holds from its month until the next."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Collect(Strict):
    """To go on collecting, a month at a time: how many pay, what of it, and what contacting them costs."""

    source: Says
    pays_ppm_month: Curve
    share_ppm: Ppm
    cost_ppm_unit: NotNegative


class Settle(Strict):
    """To offer that a part is enough: how many accept, what share they pay, and when.

    Of the second offer `again_ppm` of those accept who accept the first, and so on. Whoever does not accept pays by
    themselves as others do; nothing else is tried for `wait_months`, whose costs are those of the offer.
    """

    source: Says
    times_most: NotNegative
    accepts_ppm: Ppm
    again_ppm: Ppm
    share_ppm: Ppm
    months_to_money: NotNegative
    wait_months: Positive
    cost_ppm_unit: NotNegative


class Agency(Strict):
    """To place a debt with an agency for a term. `commissions_ppm` are those of the first placement, the second, ...

    `pays_ppm_month` is of the first; of each later one `again_ppm` of the one before.
    """

    source: Says
    from_months: NotNegative
    term_months: Positive
    pays_ppm_month: Curve
    again_ppm: Ppm
    share_ppm: Ppm
    commissions_ppm: tuple[Ppm, ...]
    cost_ppm_unit: NotNegative


class Sue(Strict):
    """To sue in the courts of one country. `fee_ppm` is the court's fee where no rulebook gives it for the currency.

    A suit is open until so many months past due, whatever may have let the time run anew: the law judges it again.
    Some pay when they are served, all that is owed, a month after filing. Of the rest `wins_ppm` end in a judgment,
    and of judgments `enforced_ppm` bring `share_ppm` of what is owed, and `fee_back_ppm` of the court's fee.
    """

    source: Says
    currency: Currency
    until_months: NotNegative
    after_offers_times: NotNegative
    after_placements_times: NotNegative
    only_large: bool
    fee_ppm: Ppm
    cost_ppm_unit: NotNegative
    served_ppm: Ppm
    wins_ppm: Ppm
    months_to_judgment: Positive
    enforced_ppm: Ppm
    months_to_money: NotNegative
    share_ppm: Ppm
    fee_back_ppm: Ppm


class Sell(Strict):
    """To sell a debt: its price, in parts per million of what is owed."""

    source: Says
    from_months: NotNegative
    price_ppm: Curve


class Fork(Strict):
    """Which way on, by expected value. Costs are in parts per million of the level `unit` of the debt's currency.

    A way that is left out is not open; `sue` is by country, and where there is no entry nobody is sued.
    """

    horizon_months: Annotated[int, Field(ge=1, le=120)]
    worth_less_ppm_year: Ppm
    source: Says
    unit: str
    collect: Collect
    settle: Settle | None = None
    agency: Agency | None = None
    sue: Annotated[dict[Country, Sue], NOT_EMPTY] | None = None
    sell: Sell | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        """Refuse a suit that waits for more offers or placements than there may be: it would never be open."""
        offers = self.settle.times_most if self.settle else 0
        placements = len(self.agency.commissions_ppm) if self.agency else 0
        for country, sue in (self.sue or {}).items():
            if sue.after_offers_times > offers or sue.after_placements_times > placements:
                raise fault(f"nobody is ever sued in {country}: a suit waits for more than may be done", "sue", country)
        return self
