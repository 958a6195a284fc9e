"""Cost and effect of rewards: cost exact, effect against those held out."""

from datetime import date
from pathlib import Path

import pytest

from duecourse.endings.many import Office, Opened
from duecourse.rewards import applying, reporting
from duecourse.rewards.gathering import Record
from duecourse.rewards.record import Met
from duecourse.rewards.rules import is_held_out
from tests.rewards.payers import DUE, equal_principal, rows, rules
from tests.rewards.test_applying import ORDER, worked


def record(loan: int, later: str) -> Record:
    met = tuple(Met(7 + place, DUE[6 + place], mark == ".") for place, mark in enumerate(later))
    return Record(loan, f"L{loan}", f"B{loan}", "CNY", is_clean=True, met=met)


def test_a_difference_of_shares_and_its_interval_by_hand() -> None:
    """1, 1 and 1/2 against 1/2 and 0: means 5/6 and 1/4; variances 1/12 and 1/8.

    The standard error is the root of 1/36 + 1/16 = 13/144, which is 0.300463.
    """
    effect, interval = reporting.difference([1.0, 1.0, 0.5], [0.5, 0.0])
    assert effect == pytest.approx(7 / 12)
    assert interval == pytest.approx((7 / 12 - 1.959964 * 0.3004626, 7 / 12 + 1.959964 * 0.3004626), abs=1e-6)
    assert reporting.difference([1.0], [0.0]) == (1.0, None)
    assert reporting.difference([], [0.0]) == (None, None)


def test_cost_is_what_was_promised_and_what_has_fallen_due(office: Office, opened: Opened, home: Path) -> None:
    """Of the cut (see test_applying) 10.00 and 8.34 have fallen due by 5 January, of each loan that got it."""
    given = rules(500_000, ["lower_rate"], schedule="scaled")
    worked(office, opened, home, given, rows({number: equal_principal() for number in range(1, 5)}))
    applying.apply(opened.connection, opened.ring, ORDER)
    got = [number for number in range(1, 5) if not is_held_out(given, f"B{number}")]
    records = [record(number, ".." if number in got else ".x") for number in range(1, 5)]
    (line,) = reporting.report(opened.connection, records, date(2027, 1, 5))
    currencies = ["CNY" if number % 2 else "USD" for number in got]
    assert line.promised == {one: 3_502 * currencies.count(one) for one in set(currencies)}
    assert line.fallen_due == {one: 1_834 * currencies.count(one) for one in set(currencies)}
    assert (line.got.share, line.held_out.share, line.effect) == (1.0, 0.5, 0.5)
    assert (line.got.loans, line.held_out.loans) == (len(got), 4 - len(got))
