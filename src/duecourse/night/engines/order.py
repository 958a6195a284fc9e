"""The order in which statements run: side by side, each once those that it reads have run."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

Lists = Sequence[Sequence[tuple[str, str]]]  # of names and statements


def in_order(lists: Lists, quote: str, threads: int, make: Callable[[str, str], None]) -> None:
    """Call `make` for every name and statement of some lists, as many at a time as there are threads.

    A statement may read what stands before it in its list, by a name between two `quote`s. What most rests on is begun
    first.
    """
    texts = {name: text for each in lists for name, text in each}
    if threads == 1:
        for name, text in texts.items():
            make(name, text)
        return
    reads = {
        name: [before for before, _ in each[:place] if f"{quote}{before}{quote}" in text]
        for each in lists
        for place, (name, text) in enumerate(each)
    }
    left, order = _left_after(texts, reads), TopologicalSorter(reads)
    order.prepare()
    ready: list[str] = []
    with ThreadPoolExecutor(threads) as pool:
        running: dict[Future[None], str] = {}
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=left.__getitem__)
            while ready and len(running) < threads:
                name = ready.pop()
                running[pool.submit(make, name, texts[name])] = name
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                done.result()
                order.done(running.pop(done))


def _left_after(texts: dict[str, str], reads: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return how much is left to do when a statement begins, with what rests on it: the length of the longest chain."""
    left = {name: len(text) for name, text in texts.items()}
    for name in reversed(texts):
        for before in reads[name]:
            left[before] = max(left[before], len(texts[before]) + left[name])
    return left
