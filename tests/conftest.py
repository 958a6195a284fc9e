"""Settings of the random tests: the same examples on every run, and many new ones under `make soak`."""

import os

from hypothesis import HealthCheck, settings

from tests.ledger.summary import pytest_terminal_summary  # noqa: F401  prints how many loans had each feature

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
