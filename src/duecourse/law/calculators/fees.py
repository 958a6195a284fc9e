"""Which charges of a billing cycle count for the military annual percentage rate: 32 CFR 232.4(c)(1) and (d)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duecourse.kernel.errors import DueCourseError

ALWAYS: Final = frozenset(
    {
        "credit_insurance",  # (c)(1)(i), (d)(2)(i)
        "debt_cancellation",
        "debt_suspension",
        "ancillary_product",  # (c)(1)(ii), (d)(2)(ii)
        "finance_charge",  # (c)(1)(iii)(A): interest, a periodic rate
    }
)
"""Charges that count whatever else is charged, and leave other fees alone."""
UNLESS_BONA_FIDE: Final = frozenset({"application_fee", "participation_fee"})
"""(c)(1)(iii)(B) and (C): these count, unless bona fide and reasonable, and leave other fees alone."""
NEVER: Final = frozenset({"late_fee", "over_limit_fee"})
"""Charges for an actual late payment or for going over the limit are no finance charges, 12 CFR 1026.4(c)(2), and
32 CFR 232.4(c)(1) lists them nowhere."""


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge of the cycle, in minor units. Whether it is bona fide, and reasonable for its kind: None, not known."""

    item: str
    amount: int
    bona_fide: bool | None = None
    reasonable: bool | None = None


def mapr_charges(fees: Sequence[Fee], *, credit_card: bool = True) -> int | None:
    """Return the sum of the charges that count, in minor units.

    A bona fide and reasonable fee on a credit card is left out, (d)(1). One other fee that is not both pulls every fee
    in, (d)(4)(ii). Without a credit card nothing can be left out but what never counts. None where what is not known
    of a fee would change the sum. DueCourseError for an amount below 0.
    """
    if bad := [fee for fee in fees if fee.amount < 0]:
        raise DueCourseError(f"{bad[0].item} of {bad[0].amount}: a charge is at least 0")
    counted = [fee for fee in fees if fee.item not in NEVER and fee.amount]
    whole = sum(fee.amount for fee in counted)
    if not credit_card:
        return whole
    if any(_may_be_left_out(fee) is False for fee in counted if fee.item not in ALWAYS | UNLESS_BONA_FIDE):
        return whole
    open_to = [fee for fee in counted if fee.item not in ALWAYS]
    if any(_may_be_left_out(fee) is None for fee in open_to):
        return None
    return whole - sum(fee.amount for fee in open_to if _may_be_left_out(fee))


def _may_be_left_out(fee: Fee) -> bool | None:
    if fee.bona_fide is None and fee.item in UNLESS_BONA_FIDE:
        return False  # nobody claims that it is bona fide: the rule counts it
    if fee.bona_fide is False or fee.reasonable is False:
        return False
    return None if fee.bona_fide is None or fee.reasonable is None else True
