"""Printing for people: one console for what is asked for, one on stderr for progress.

Numbers never wrap, words do. Where nothing is a terminal (a pipe, a file) lines are as long as they need to be.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

_WIDE: Final = 200
OUT: Final = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
STEPS: Final = Console(stderr=True)


def say(text: str = "", style: str = "") -> None:
    """Print a line as it is, whatever its length: paths stay whole."""
    OUT.print(Text(text, style=style), soft_wrap=True)


def show(what: RenderableType) -> None:
    """Print a table; off a terminal it may be wide."""
    OUT.print(what)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show steps with a bar on stderr, when it is a terminal; give a callable(step, done, total)."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=STEPS, disable=not STEPS.is_terminal, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield tell


def grid(*heads: str, words: Sequence[int] = (0,)) -> Table:
    """Make a table without lines; columns of words are on the left and may wrap, numbers are on the right."""
    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for place, head in enumerate(heads):
        is_words = place in words
        made.add_column(head, justify="left" if is_words else "right", no_wrap=not is_words, overflow="fold")
    return made
