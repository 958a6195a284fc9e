"""A night over the book and over what the day recorded, whose plan is put in force: `duecourse run --store`."""

from collections.abc import Callable
from pathlib import Path

from duecourse.book.beside import book_with
from duecourse.book.loaded import LoadedBook
from duecourse.day.publish import Night as Left
from duecourse.day.publish import Published, publish
from duecourse.day.recorded import recorded
from duecourse.night import publishing
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options, Summary
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy

Look = Callable[[Night, Path], None]
Run = Callable[[LoadedBook, Strategy, Moment, Options, Look], Summary]
"""Runs a night with its reports; a `Look` sees its tables before they are closed, and the folder of its outputs."""

_FOLDER = "published"


def night_of_store(
    place: Place, book: LoadedBook, strategy: Strategy, moment: Moment, options: Options, run: Run
) -> tuple[Summary, Published]:
    """Run the night over a book with what a store has recorded, and publish its plan there.

    DueCourseError where the store cannot be reached, or a later plan is in force; then the plan before it stays so.
    """
    law = ""

    def look(night: Night, folder: Path) -> None:
        nonlocal law
        law = night.law.hash
        publishing.write(night, moment, folder / _FOLDER)

    with book_with(book, recorded(place.url()), threads=options.threads, memory=options.memory) as whole:
        summary = run(whole, strategy, moment, options, look)
    plan = Path(summary.outputs["plan"])
    files = {path.stem: path for path in (plan.parent / _FOLDER).glob("*.parquet")}
    due = Path(summary.outputs["duties"])
    left = Left(moment.on, book.zone, plan, files, strategy.slots, summary.plan_hash, strategy.hash, law, due)
    return summary, publish(place.url(), left)
