"""The pace of a channel, by arithmetic and by chance."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.channels.pace import Bucket, next_try_at
from duecourse.kernel.errors import DueCourseError

NOW: Final = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)


def test_a_burst_and_then_one_by_one() -> None:
    bucket = Bucket(SECOND * 2, 3)
    for _ in range(3):
        assert bucket.free_at(NOW) == NOW
        taken = bucket.taken(NOW)
        assert taken
        bucket = taken
    assert bucket.taken(NOW) is None
    assert bucket.free_at(NOW) == NOW + SECOND * 2
    assert bucket.taken(NOW + SECOND * 2 - timedelta.resolution) is None
    assert bucket.taken(NOW + SECOND * 2)
    assert bucket.free_at(NOW + SECOND * 60) == NOW + SECOND * 60


@given(st.integers(1, 50), st.integers(1, 8), st.lists(st.integers(0, 40), max_size=80))
def test_no_span_ever_lets_through_more_than_its_share(every: int, size: int, steps: list[int]) -> None:
    bucket, now = Bucket(SECOND * every, size), 0
    times: list[int] = []
    for step in steps:
        now += step
        at = NOW + SECOND * now
        if taken := bucket.taken(at):
            assert bucket.free_at(at) == at
            bucket, times = taken, [*times, now]
        else:
            assert bucket.free_at(at) > at
    for first, begin in enumerate(times):
        for last, end in enumerate(times[first:], first):
            assert last - first + 1 <= size + (end - begin) // every  # whole tokens: down


@given(st.integers(1, 50), st.integers(1, 8), st.lists(st.integers(0, 40), max_size=40))
def test_it_is_free_when_it_says_so(every: int, size: int, steps: list[int]) -> None:
    bucket, at = Bucket(SECOND * every, size), NOW
    for step in steps:
        at += SECOND * step
        free_at = bucket.free_at(at)
        taken = bucket.taken(free_at)
        assert taken
        bucket, at = taken, free_at


def test_a_clock_set_back_stops_it_no_longer_than_an_empty_bucket() -> None:
    bucket = Bucket(SECOND, 2).taken(NOW)
    assert bucket
    assert bucket.free_at(NOW - timedelta(days=9)) == NOW - timedelta(days=9) + SECOND


@pytest.mark.parametrize(("every", "size"), [(timedelta(0), 1), (-SECOND, 1), (SECOND, 0)])
def test_no_pace_at_all_is_refused(every: timedelta, size: int) -> None:
    with pytest.raises(DueCourseError, match="above zero"):
        Bucket(every, size)


@given(st.integers(1, 10**9), st.integers())
def test_waits_double_with_chance_and_have_an_end(attempt: int, seed: int) -> None:
    wait = next_try_at(attempt, NOW, Random(seed)) - NOW
    most = min(SECOND * 30 * 2 ** min(attempt - 1, 20), timedelta(hours=1))
    assert most / 2 <= wait <= most


def test_chance_spreads_and_repeats() -> None:
    found = [next_try_at(3, NOW, Random(seed)) for seed in range(50)]
    assert len(set(found)) > 40
    assert found == [next_try_at(3, NOW, Random(seed)) for seed in range(50)]
    assert next_try_at(99, NOW, Random(1), first=SECOND * 9, longest=SECOND * 5) <= NOW + SECOND * 5
    with pytest.raises(DueCourseError, match="from 1"):
        next_try_at(0, NOW, Random(1))
