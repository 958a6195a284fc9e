"""Kills a process at each of its steps in turn, and looks at what it leaves: run as a program, with a folder.

A step is a call that changes the disk. Each child dies just before its n-th step, or half way through writing; what
it leaves must be nothing or everything, and doing the same again must make it everything.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from duecourse.channels.letter.transport import PrintFile
from duecourse.channels.transport import Fate
from tests.channels.paper import NOON, ON, blank, message

LETTER = message("k2", blank(200, 2))


def _dies_at(step: int) -> None:
    """Make this process die before the n-th change of the disk."""
    left = step

    def deadly(change: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if change is write_bytes:
                    change(given[0], given[1][: len(given[1]) // 2])
                os._exit(9)
            return change(*given, **named)

        return dying

    write_bytes = Path.write_bytes
    for owner, name in (
        (os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "write_bytes"), (Path, "touch"),
        (Path, "mkdir"),
    ):  # fmt: skip
        setattr(owner, name, deadly(getattr(owner, name)))


def _child(step: int, act: Callable[[], object]) -> bool:
    """Do something in a process that dies at a step; say whether it came to its end."""
    process = os.fork()
    if process == 0:
        _dies_at(step)
        act()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert code in {0, 9}, code
    return code == 0


def _opened(folder: Path) -> PrintFile:
    prints = PrintFile(folder, ON)
    assert prints.send(message("k1", blank(100))).fate is Fate.LEFT
    return prints


def _sent(folder: Path, step: int) -> bool:
    prints = _opened(folder)
    is_through = _child(step, lambda: prints.send(LETTER))
    waiting = prints.posting.waiting(prints.batch)
    assert waiting in {("k1",), ("k1", "k2")}
    assert (prints.ask(LETTER).fate is Fate.LEFT) == ("k2" in waiting)
    assert "k2" in waiting or not is_through
    if step % 2:  # else it is never tried again, and must leave no trace
        assert prints.send(LETTER).fate is Fate.LEFT
    expected = len(prints.posting.waiting(prints.batch))
    closed = prints.posting.close_batch(prints.batch)
    assert (closed.pieces, closed.pages) == {1: (1, 1), 2: (2, 3)}[expected]
    assert len(list((folder / "batches" / prints.batch / "documents").iterdir())) == 2 * expected
    return is_through


def _withdrawn(folder: Path, step: int) -> bool:
    prints = _opened(folder)
    prints.send(LETTER)
    is_through = _child(step, lambda: prints.posting.withdraw("k2"))
    prints.posting.withdraw("k2")
    assert prints.posting.waiting(prints.batch) == ("k1",)
    assert prints.posting.close_batch(prints.batch).pages == 1
    return is_through


def _closed(folder: Path, step: int) -> bool:
    prints = _opened(folder)
    prints.send(LETTER)
    is_through = _child(step, lambda: prints.posting.close_batch(prints.batch))
    was_closed = prints.posting.batches.closed(prints.batch)
    assert was_closed or prints.posting.waiting(prints.batch) == ("k1", "k2")
    closed = prints.posting.close_batch(prints.batch)
    assert was_closed in {None, closed}
    assert closed.pages == 3
    return is_through


def _posted(folder: Path, step: int) -> bool:
    prints = _opened(folder)
    prints.posting.close_batch(prints.batch)
    is_through = _child(step, lambda: prints.posting.posted(prints.batch, NOON, "staff-1"))
    events = prints.posting.posted(prints.batch, NOON, "staff-1")
    assert list(prints.received()) == list(events)
    assert not list(prints.received())
    return is_through


def _read(folder: Path, step: int) -> bool:
    prints = _opened(folder)
    prints.posting.close_batch(prints.batch)
    events = prints.posting.posted(prints.batch, NOON, "staff-1")
    is_through = _child(step, lambda: list(prints.received()))
    assert list(prints.received()) in ([], list(events))
    assert prints.posting.posted(prints.batch, NOON, "staff-1") == events
    assert not list(prints.received())
    return is_through


def main(top: Path) -> None:
    """Try every act with a death at each of its steps."""
    for act in (_sent, _withdrawn, _closed, _posted, _read):
        step = 1
        while not act(top / f"{act.__name__}-{step}", step):
            step += 1
        sys.stdout.write(f"{act.__name__} {step - 1}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
