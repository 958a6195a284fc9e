"""The invariants of docs/concepts/ledger.md, tried on the kernel with seeded cases and with hypothesis.

1. Everything paid is somewhere: sum of allocations + credit = sum of payments that count.
2. Paying more never raises what is owed (under the contract; see `CORNERS`, for what rounding can do, and
   `test_a_cap_can_make_paying_dearer`).
3. A back-dated payment gives the same position as if it had been known on its day.
4. The order of input rows never matters.
5. No line, and no component, is ever negative; nor is credit; and while there is credit nothing is due.
6. Enforceable charges never exceed contractual ones let in by the same history without payments, and never
   the cap.
7. Waiving more never raises what is owed (under the contract, as 2).
8. A statement's lines sum to the position, to the minor unit: tests/ledger/test_statement.py.
9. The position on D does not depend on events after D.
10. A reversed payment leaves the same position as a payment that never was.

The functions, whose asserts carry these numbers, are in tests/ledger/invariants.py.
"""

import os
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.ledger.loan import Charge, Instalment, Loan, Payment, Terms, Waiver
from tests.ledger import twin
from tests.ledger.generator import Case, SeededDice, cases
from tests.ledger.generator import case as throw
from tests.ledger.invariants import INVARIANTS, kernel, with_payment

SOAK = 20 if os.environ.get("DUECOURSE_SOAK") else 1
EXAMPLES = settings().max_examples if SOAK > 1 else 30
SEEDS = 250 * SOAK


@pytest.mark.parametrize("number", INVARIANTS)
def test_invariant_holds_on_seeded_cases(number: int) -> None:
    for seed in range(SEEDS):
        dice = SeededDice(100_000 * number + seed)
        try:
            INVARIANTS[number](throw(dice), dice)
        except AssertionError as error:
            message = f"invariant {number}, seed {100_000 * number + seed}"
            raise AssertionError(message) from error


@pytest.mark.parametrize("number", INVARIANTS)
@given(case=cases(), seed=st.integers(0, 1_000_000))
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
def test_invariant_holds_on_what_hypothesis_finds(number: int, case: Case, seed: int) -> None:
    """The same, with cases that shrink: a failure ends in the smallest loan that breaks the invariant."""
    INVARIANTS[number](case, SeededDice(seed))


# Rounding puts part of a cent on the one or the other side of a payment. When a payer names what a payment is
# for, when a waiver finds nothing, or when the order of allocation changes, that cent can stay where it is;
# once it stands in principal it can draw penalty for ever. Found by search; kept so that 2 promises no more.
JANUARY = [date(2026, 1, day) for day in range(1, 32)]
STEEP = Terms(principal=9, penalty_ppb_day=100_000_000, penalty_base="instalment", allocation_by="component")
ONE = Instalment(1, JANUARY[9], 9, 1)
A_CENT_OF_INTEREST = Payment("e", JANUARY[9], 1, target_component="interest")


def a_corner_of_waivers() -> Loan:
    """Return a loan on which the cent leaves the waivers of interest and of cost nothing to waive."""
    return Loan(
        "waivers",
        JANUARY[0],
        (STEEP,),
        (ONE,),
        charges=(Charge("c", "cost", 1, JANUARY[10]),),
        payments=(Payment("p", JANUARY[10], 1, target_component="penalty"),),
        waivers=(
            Waiver("w1", "interest", 1, JANUARY[10]),
            Waiver("w2", "cost", 1, JANUARY[11]),
        ),
    )


def a_corner_of_targets() -> Loan:
    """Return a loan whose last payment meets penalty with the cent, and principal without it."""
    return Loan(
        "targets",
        JANUARY[0],
        (replace(STEEP, allocation_by="instalment"),),
        (ONE,),
        charges=(Charge("c", "cost", 5, JANUARY[8]),),
        payments=(
            Payment("p1", JANUARY[10], 1, target_instalment=1, target_component="penalty"),
            Payment("p2", JANUARY[10], 1, target_instalment=1, target_component="interest"),
            Payment("p3", JANUARY[11], 1, target_instalment=1),
        ),
    )


CORNERS = [
    # loan, day, owed under the contract without and with one cent more paid
    (a_corner_of_waivers(), date(2026, 1, 12), 9, 10),
    (a_corner_of_targets(), date(2026, 12, 31), 296, 330),
]


@pytest.mark.parametrize(("loan", "on", "without", "with_it"), CORNERS, ids=["waivers", "targets"])
def test_rounding_can_make_paying_dearer(loan: Loan, on: date, without: int, with_it: int) -> None:
    paid = with_payment(loan, A_CENT_OF_INTEREST)
    for worked_out in (kernel, twin.position):
        assert worked_out(loan, on).contractual.owed == without  # 2, at its corner
        assert worked_out(paid, on).contractual.owed == with_it  # 2, at its corner


def test_a_cap_can_make_paying_dearer() -> None:
    """A cent paid in time saves a late fee of 1.00, whose headroom then lets in 1.00 of interest.

    Penalty runs on unpaid interest, never on a late fee. So the same 1.00 of charges under the cap draws
    0.0005 a day instead of nothing, and after a hundred days more is owed than if the cent had not come.
    """
    terms = Terms(
        principal=10_001,
        late_fee_flat=110,
        penalty_ppb_day=500_000,
        penalty_base="instalment",
        cap_all_in_ppm_year=365_000,
    )
    rows = (Instalment(1, JANUARY[9], 1), Instalment(2, JANUARY[11], 10_000, 110))
    loan = Loan("cap", JANUARY[0], (terms,), rows)
    paid = with_payment(loan, Payment("e", JANUARY[9], 1))
    on = date(2026, 4, 22)
    for worked_out in (kernel, twin.position):
        before, after = worked_out(loan, on), worked_out(paid, on)
        assert (before.contractual.owed, after.contractual.owed) == (10_836, 10_725)  # 2 holds
        assert (before.enforceable.owed, after.enforceable.owed) == (10_616, 10_619)  # 2 does not
