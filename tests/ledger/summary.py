"""The table at the end of a test run: in how many random loans each feature made a difference."""

from collections import Counter

import pytest

from tests.ledger.effects import FEATURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what the chunks of tests/ledger/test_parity.py counted; with xdist too, for reports carry it."""
    total: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, counts in getattr(report, "user_properties", ()):
            if name == "ledger_features" and report.when == "call":
                total.update(counts)
    if total:
        terminalreporter.section("ledger: loans in which a feature made a difference, kernel and twin agreeing")
        for feature in FEATURES:
            terminalreporter.write_line(f"{total[feature]:>6}  {feature}")
