"""The invariants of docs/concepts/ledger.md, tried on the kernel with seeded cases and with hypothesis.

1. Everything paid is somewhere: sum of allocations + credit = sum of payments that count.
2. Paying more never raises what is owed (under the contract; see `CORNERS` and `test_a_cap_can_make_paying_dearer`
   for what rounding and a cap that binds can do).
3. A back-dated payment gives the same position as if it had been known on its day.
4. The order of input rows never matters.
5. No line, and no component, is ever negative; nor is credit; and while there is credit nothing is due.
6. Enforceable charges never exceed contractual ones let in by the same history without payments, and never the cap.
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
from tests.ledger.generator import DrawnDice, SeededDice, case
from tests.ledger.invariants import INVARIANTS, kernel, with_payment

SOAK = 30 if os.environ.get("DUECOURSE_SOAK") else 1
SEEDS = 400 * SOAK


@pytest.mark.parametrize("number", INVARIANTS)
def test_invariant_holds_on_seeded_cases(number: int) -> None:
    for seed in range(SEEDS):
        dice = SeededDice(100_000 * number + seed)
        try:
            INVARIANTS[number](case(dice), dice)
        except AssertionError as error:
            message = f"invariant {number}, seed {100_000 * number + seed}"
            raise AssertionError(message) from error


@pytest.mark.parametrize("number", INVARIANTS)
@given(data=st.data())
@settings(
    deadline=None, max_examples=40 * SOAK, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
def test_invariant_holds_on_what_hypothesis_finds(number: int, data: st.DataObject) -> None:
    """The same with dice that shrink: a failure ends in the smallest loan that breaks the invariant."""
    dice = DrawnDice(data.draw)
    INVARIANTS[number](case(dice), dice)
