"""Who may give up how much: the decisions alone, without a store."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.day.authority import Limit, May, Sought, discount_ppm, may, may_second
from duecourse.store.roles import MAY, Role, What

LIMITS = {
    Role.COLLECTOR: Limit(500, 1_000, 100_000),
    Role.SUPERVISOR: Limit(5_000, 10_000, 300_000),
    Role.COMPLIANCE: Limit(20_000, 0, 0),
}


@pytest.mark.parametrize(
    ("role", "what", "amount", "ppm", "expected"),
    [
        ("collector", "waiver", 500, 0, "alone"),
        ("collector", "waiver", 501, 0, "second"),
        ("collector", "waiver", 20_000, 0, "second"),  # compliance could
        ("collector", "waiver", 20_001, 0, "never"),
        ("supervisor", "waiver", 5_000, 0, "alone"),
        ("supervisor", "waiver", 5_001, 0, "second"),
        ("compliance", "waiver", 1, 0, "never"),  # they decide, and do not ask
        ("administrator", "waiver", 1, 0, "never"),
        ("collector", "settlement", 1_000, 100_000, "alone"),
        ("collector", "settlement", 1_000, 100_001, "second"),
        ("collector", "settlement", 1_001, 1, "second"),
        ("collector", "settlement", 10_000, 300_001, "never"),
        ("supervisor", "settlement", 10_001, 1, "never"),
        ("administrator", "appoint", 0, 0, "never"),  # which is nothing to give up
    ],
)
def test_the_table(role: str, what: str, amount: int, ppm: int, expected: str) -> None:
    assert may(Role(role), What(what), Sought(amount, ppm), LIMITS) == expected


def test_without_limits_nobody_gives_anything_up() -> None:
    assert {may(role, What.WAIVE, Sought(1), {}) for role in Role} == {May.NEVER}
    assert may(Role.COLLECTOR, What.WAIVE, Sought(1), {Role.COMPLIANCE: Limit(1, 0, 0)}) is May.SECOND


def test_a_collector_is_never_the_second() -> None:
    wide = dict.fromkeys(Role, Limit(10**9, 10**9, 10**6))
    seconds = {role for role in Role if may_second(role, What.WAIVE, Sought(1), wide)}
    assert seconds == {Role.SUPERVISOR, Role.COMPLIANCE}


def test_duties_are_apart() -> None:
    """Whoever sets limits and appoints gives nothing up; whoever closes complaints asks for nothing."""
    gives = {What.WAIVE, What.SETTLE, What.SECOND}
    assert not [role for role in Role if MAY[role] & {What.APPOINT, What.LIMIT} and MAY[role] & gives]
    assert not [role for role in Role if What.CLOSE in MAY[role] and MAY[role] & {What.WAIVE, What.SETTLE}]


@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_a_discount_is_rounded_against_who_asks(one: int, other: int) -> None:
    amount, owed = sorted((one, other))
    assert discount_ppm(amount, owed) == ceil(Fraction(owed - amount, owed) * 1_000_000)
