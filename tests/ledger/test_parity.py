"""The kernel and its slow twin, on thousands of random loans: every field of every position, exactly.

Each chunk is a range of seeds, so a failure names the seed that shows it again. A chunk also counts in how
many of its loans each feature made a difference, and refuses a feature rarer than its share of `LEAST`.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Loan, Position
from duecourse.ledger.positions import positions
from tests.ledger.effects import FEATURES, position_and_features
from tests.ledger.generator import Case, cases, seeded_case
from tests.ledger.twin import position

CHUNKS = 8
LOANS = 700  # in a chunk: 5,600 in all
LEAST = 200  # loans in all that must have each feature
SOAK = 20 if os.environ.get("DUECOURSE_SOAK") else 1
EXAMPLES = settings().max_examples if SOAK > 1 else 150


def of_kernel(loan: Loan, on: date) -> Position:
    """Return the kernel's position of one loan."""
    return positions(from_loans([loan]), on).of(0)


def shown(features: Counter[str]) -> str:
    """Return the features and their loans as lines of a table."""
    return "\n".join(f"{features[name]:>6}  {name}" for name in FEATURES)


@pytest.mark.parametrize("chunk", range(CHUNKS * SOAK))
def test_kernel_and_twin_agree(chunk: int, record_property: Callable[[str, object], None]) -> None:
    features: Counter[str] = Counter()
    seeds = range(chunk * LOANS, (chunk + 1) * LOANS)
    for seed in seeds:
        case = seeded_case(seed)
        expected, seen = position_and_features(case.loan, case.on)
        assert of_kernel(case.loan, case.on) == expected, f"seed {seed}"
        features.update(seen)
    record_property("ledger_features", dict(features))
    print(f"loans with each feature, of {len(seeds)}, seeds {seeds[0]} to {seeds[-1]}\n{shown(features)}")  # noqa: T201
    rare = {name: features[name] for name in FEATURES if features[name] * CHUNKS < LEAST}
    assert not rare, "too few loans have these features for the parity to mean anything"
    assert not set(features) - set(FEATURES)


def test_loans_together_agree_with_each_loan_alone() -> None:
    """No loan's arrays reach into its neighbour's, in any order of the loans."""
    whole = [seeded_case(seed) for seed in range(300)]
    on = date(2024, 9, 1)
    together = positions(from_loans([case.loan for case in whole]), on)
    backwards = positions(from_loans([case.loan for case in reversed(whole)]), on)
    for place, case in enumerate(whole):
        expected = position(case.loan, on)
        assert together.of(place) == expected, f"seed {place}"
        assert backwards.of(len(whole) - 1 - place) == expected, f"seed {place}"


def test_every_day_of_a_life_agrees() -> None:
    """The position on each day, not only on the last: amounts move exactly when the twin says they do."""
    for seed in range(20_000, 20_020):
        case = seeded_case(seed)
        first = min([case.on, *(one.due_on for one in case.loan.instalments)])
        for number in range(first.toordinal(), case.on.toordinal() + 1, 3):
            on = date.fromordinal(number)
            assert of_kernel(case.loan, on) == position(case.loan, on), f"seed {seed} on {on}"


@given(cases())
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
def test_kernel_and_twin_agree_on_what_hypothesis_finds(case: Case) -> None:
    """The same, with dice that shrink: a failure ends in the smallest loan that shows it."""
    assert of_kernel(case.loan, case.on) == position(case.loan, case.on)
