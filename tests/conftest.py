"""The order of tests, and settings of the random ones: the same examples on every run, many new under `make soak`."""

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.ledger.summary import pytest_terminal_summary  # noqa: F401  prints how many loans had each feature

# Begun first, lest one core works on alone.
LONGEST: Final = (
    "test_spark.py", "test_few.py", "test_killed.py", "test_attack.py", "test_agreement.py", "test_law_on_postgres.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


settings.register_profile("default", derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "soak",
    derandomize=False,
    deadline=None,
    print_blob=True,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("soak" if os.environ.get("DUECOURSE_SOAK") else "default")
