"""The order of tests, and settings of the random ones: the same examples on every run, many new under `make soak`."""

import os
import shutil
from collections import Counter
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.ledger.summary import pytest_terminal_summary  # noqa: F401  prints how many loans had each feature
from tests.stores import made, ring, share, shared, store  # noqa: F401  fixtures, here alone: each place would make its own server

# Begun first, longest first, lest one core works alone: a file goes to one core, so what it shares is made once.
LONGEST: Final = (
    "test_spark.py", "test_worked_cases.py", "test_lawful.py", "test_plan_hash.py", "test_few.py", "test_killed.py",
    "test_parity.py", "test_twin.py", "test_agreement.py", "test_templates.py", "test_known_at.py", "test_caps.py",
    "test_asking.py", "test_bench_law.py", "test_law.py", "test_duties.py", "test_stories.py", "test_day.py",
    "test_run.py", "test_server.py", "test_store.py", "test_attack.py", "test_readme.py", "test_portal.py",
    "test_looks.py", "test_portal_access.py", "test_desk_access.py", "test_boards.py", "test_everywhere.py",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the first process of a run, which the others come from
        share()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(shared(), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    twice = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    if twice:  # one core would do one of them, and none the others
        raise pytest.UsageError(f"two tests have one name: {', '.join(twice)}")
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


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
