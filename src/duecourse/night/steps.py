"""The steps of a night, told of and measured as they are done, for one part of the book or several side by side."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from duecourse.night.profile import Measurable, Profile, measuring

Progress = Callable[[str, int, int], None]
_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


class Steps:
    """Tells of steps that are worked out for several parts of a book at a time."""

    def __init__(self, progress: Progress | None, parts: int, profile: Profile | None) -> None:
        """Tell `progress` of a step, how many parts are through it, and of how many; measure for a profile."""
        self._progress, self._parts, self._profile = progress, parts, profile
        self._done: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def one(self, step: str, engine: Measurable) -> Iterator[None]:
        """Begin a step on the engine of one part of the book, and end it."""
        parts = 1 if step == "choice" else self._parts
        self._tell(step, 0, parts)
        with measuring(self._profile, step, engine):
            yield
        self._tell(step, 1, parts)

    def _tell(self, step: str, more: int, parts: int) -> None:
        if self._progress:
            with self._lock:
                self._done[step] += more
                self._progress(step, self._done[step], parts)


def side_by_side(work: Callable[[_Part], _Result], parts: Sequence[_Part], threads: int) -> list[_Result]:
    """Do some work for each part, as many at a time as there are threads; the results in the order of the parts."""
    if len(parts) == 1:
        return [work(parts[0])]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))
