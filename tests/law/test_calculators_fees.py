"""The charges of a billing cycle that count for the military annual percentage rate."""

from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators import CALCULATORS
from duecourse.law.calculators.fees import Fee, mapr_charges
from tests.law.world import TIMES

Row = Mapping[str, object]


def fee(item: str, amount: int, **facts: bool) -> Row:
    return {"item": item, "amount": amount, **facts}


CANCELLATION: Final = fee("debt_cancellation", 500)
INTEREST: Final = fee("finance_charge", 1200)
ABROAD: Final = fee("foreign_transaction_fee", 300, bona_fide=True, reasonable=True)
CASH: Final = fee("cash_advance_fee", 1000, bona_fide=True, reasonable=False)
CARD: Final = [{"id": "A", "product": "credit_card"}]


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        # 32 CFR 232.4(d)(4)(iii)(A): only the cancellation fee and the finance charge
        ([CANCELLATION, INTEREST, ABROAD], 1700),
        # 32 CFR 232.4(d)(4)(iii)(B): one unreasonable fee pulls every fee in
        ([CANCELLATION, INTEREST, ABROAD, CASH], 3000),
        ([INTEREST, ABROAD, fee("cash_advance_fee", 1000, bona_fide=False)], 2500),
        # (c)(1)(iii)(B), (C), (d)(4)(i): these count unless bona fide and reasonable, and leave other fees alone
        ([ABROAD, fee("application_fee", 2500), fee("participation_fee", 4000)], 6500),
        ([ABROAD, fee("participation_fee", 4000, bona_fide=True, reasonable=False)], 4000),
        ([ABROAD, fee("participation_fee", 4000, bona_fide=True, reasonable=True)], 0),
        # 12 CFR 1026.4(c)(2): a charge for paying late is no finance charge
        ([INTEREST, ABROAD, fee("late_fee", 2900)], 1200),
        ([ABROAD, CASH, fee("late_fee", 2900)], 1300),
        # (d)(2): insurance never leaves the sum, whatever is said of it
        ([fee("credit_insurance", 700, bona_fide=True, reasonable=True)], 700),
        ([], 0),
        ([fee("mystery", 0)], 0),
        # not known whether it counts; but with an unreasonable one beside it everything does
        ([INTEREST, fee("mystery", 100)], None),
        ([INTEREST, fee("mystery", 100, bona_fide=True)], None),
        ([INTEREST, fee("mystery", 100), CASH], 2300),
    ],
)
def test_the_charges_that_count(fees: list[Row], expected: int | None) -> None:
    assert CALCULATORS["mapr_charges"]({"loan": "A", "fees": fees, "debts": CARD}) == expected
    assert CALCULATORS["mapr_charges"]({"loan": "A", "fees": fees}) == expected


def test_only_a_card_can_leave_a_fee_out() -> None:
    asked = {"loan": "A", "fees": [INTEREST, ABROAD, fee("late_fee", 9)], "debts": [{"id": "A", "product": "loan"}]}
    assert CALCULATORS["mapr_charges"](asked) == 1500


fees_charged = st.lists(
    st.builds(
        Fee,
        st.sampled_from(["finance_charge", "late_fee", "participation_fee", "cash_advance_fee", "transfer_fee"]),
        st.integers(0, 10**6),
        st.sampled_from([True, False, None]),
        st.sampled_from([True, False, None]),
    )
)


@given(fees_charged)
@settings(max_examples=200 * TIMES)
def test_what_holds_for_every_cycle(fees: list[Fee]) -> None:
    total, whole = mapr_charges(fees), mapr_charges(fees, credit_card=False)
    assert total == mapr_charges(fees[::-1])
    assert whole is not None
    assert total is None or 0 <= total <= whole


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"loan": "A"}, "fees is missing"),
        ({"loan": "A", "fees": [{"amount": 1}]}, "item is missing"),
        ({"loan": "A", "fees": [{"item": "late_fee", "amount": "1"}]}, "amount: a whole number"),
        ({"loan": "A", "fees": [{"item": "x", "amount": 1, "bona_fide": "true"}]}, "bona_fide: true or false"),
        ({"fees": [], "debts": CARD}, "loan is missing"),
    ],
)
def test_what_cannot_be_read_is_one_line(asked: Row, says: str) -> None:
    with pytest.raises(DueCourseError, match=says) as caught:
        CALCULATORS["mapr_charges"](asked)
    assert "\n" not in str(caught.value)


def test_a_charge_below_nought_is_refused() -> None:
    with pytest.raises(DueCourseError, match="late_fee of -1: a charge is at least 0"):
        mapr_charges([Fee("late_fee", -1)])
