"""How fast a channel sends, and when it tries again: values in, values out, time and chance as arguments.

bucket.taken(now) -> Bucket | None       the bucket after one message, or None where it must wait
bucket.free_at(now) -> datetime          when the next message may leave
next_try_at(attempt, now, random)        when to try again what surely has not left
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final, Self

from duecourse.kernel.errors import DueCourseError

_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=1)
_DOUBLINGS_MOST: Final = 30  # so that the power stays small, whatever the attempt


@dataclass(frozen=True)
class Bucket:
    """Tokens of which each message takes one: `size` at most, and a new one after each `every`.

    `full_at` is when it will be full again if nothing is taken; None means that it is full. One moment says all there
    is to know, so nothing is rounded: with k tokens missing it lies k times `every` ahead.
    """

    every: timedelta
    size: int
    full_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a bucket that lets nothing through, or everything."""
        if self.every <= timedelta(0) or self.size < 1:
            raise DueCourseError(f"pace: {self.size} messages, one more each {self.every}: write both above zero")

    def taken(self, now: datetime) -> Self | None:
        """Return the bucket after one message at `now`; None where there is no token."""
        full_at = self._full_at(now) + self.every
        return replace(self, full_at=full_at) if full_at <= now + self.every * self.size else None

    def free_at(self, now: datetime) -> datetime:
        """Return the first moment, not before `now`, at which there is a token."""
        return max(now, self._full_at(now) + self.every - self.every * self.size)

    def _full_at(self, now: datetime) -> datetime:
        # A clock that was set back must not stop a channel for as long as that: empty is the worst that it can be.
        return min(max(self.full_at or now, now), now + self.every * self.size)


def next_try_at(
    attempt: int,
    now: datetime,
    random: Random,
    *,
    first: timedelta = _FIRST_WAIT,
    longest: timedelta = _LONGEST_WAIT,
) -> datetime:
    """Return when to try again after `attempt` tries (1 or more): from half of the wait to the whole of it, by chance.

    The wait is `first` after one try, doubles with each, and is never over `longest`. Chance keeps many messages that
    failed together from coming back together.
    """
    if attempt < 1:
        raise DueCourseError(f"pace: attempt {attempt}: count tries from 1")
    doublings = min(attempt - 1, _DOUBLINGS_MOST)
    most = longest if first >= longest else min(first * 2**doublings, longest)
    microseconds = most // timedelta(microseconds=1)  # exact: a timedelta holds whole microseconds
    return now + timedelta(microseconds=random.randint(microseconds - microseconds // 2, microseconds))  # half: down
