"""Other processes that seal, beside the one that reads files and writes rows.

Sealing short values holds Python's lock, so threads would not help. The master keys and the values go to the processes
through pipes, and nowhere else.
"""

import multiprocessing
import os
import threading
from concurrent.futures import Future, ProcessPoolExecutor

from duecourse.store.keys import Keyring
from duecourse.store.loading.seal import Done, Task, sealed

_RING: list[Keyring] = []  # of a process of the pool


class Pool:
    """Some processes; none where `workers` is 0, and then all is done in this one."""

    def __init__(self, ring: Keyring, workers: int) -> None:
        """Say how many; none is started before `submit` is called for the second time: small files need none."""
        self._ring = ring
        self._workers = workers
        self._tasks = 0
        self._processes: ProcessPoolExecutor | None = None

    @property
    def waiting_max(self) -> int:
        """How many tasks may wait for their end, so that all have something to do and memory stays bounded."""
        return self._workers + 2

    def submit(self, task: Task) -> Future[Done]:
        """Have a task done, now or later."""
        self._tasks += 1
        if self._tasks == 1 or not self._workers:
            done: Future[Done] = Future()
            done.set_result(sealed(self._ring, task))
            return done
        if self._processes is None:
            # Not forked: threads of the engine and the connection would be half there.
            context = multiprocessing.get_context("spawn")
            self._processes = ProcessPoolExecutor(self._workers, context, _begin, (self._ring,))
        return self._processes.submit(_sealed, task)

    def close(self) -> None:
        """End the processes; what they have not begun is left."""
        if self._processes:
            self._processes.shutdown(cancel_futures=True)


def workers_here() -> int:
    """Return how many processes seal unless told: one for each core, but for that of the database."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores - 1, 8)


def _begin(ring: Keyring) -> None:
    _RING.append(ring)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it was killed: nobody else would."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(1)


def _sealed(task: Task) -> Done:
    return sealed(_RING[0], task)
