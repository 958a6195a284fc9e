"""The synthetic book: a realistic lender's files of any size, and the mapping that loads them.

Nobody in it exists. The same (loans, seed, on) gives the same rows, and loan k has the same history in a book
of a thousand and of a million: every draw hashes what it is about (see synth_dice). The files hold what the
lender knew at the end of the day before `on`. Blocks of loans are made side by side and written in order, so
memory stays bounded.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from duecourse.book.schema import TABLES
from duecourse.book.synth_columns import Frame
from duecourse.book.synth_contacts import contacts_frame, make_contacts, promises_frame
from duecourse.book.synth_damage import append_damage, append_lines, write_damage
from duecourse.book.synth_dice import Dice
from duecourse.book.synth_files import Format, TableFile, write_mapping
from duecourse.book.synth_incidents import (
    arrangements_frame,
    charges_frame,
    consents_frame,
    events_frame,
    holds_frame,
    notices_frame,
    people_frame,
    stopped_on,
    trouble_on,
    waivers_frame,
    write_offs_frame,
)
from duecourse.book.synth_loans import (
    borrowers_frame,
    instalments_frame,
    loans_frame,
    make_loans,
    make_schedule,
)
from duecourse.book.synth_paying import make_conduct, payments_frame
from duecourse.kernel.errors import DueCourseError

Progress = Callable[[str, int, int], None]

BLOCK_LOANS: Final = 20_000
"""Loans made at a time. Files keep payments and contacts of a block in order of their days."""
LOANS_MAX: Final = 99_999_999
DEFAULT_ON: Final = date(2026, 6, 30)
_EPOCH: Final = date(1970, 1, 1)
_THREADS: Final = 4


def make_block(loans: int, seed: int, on: date, block: int) -> dict[str, Frame]:
    """Return the tables of one block of a book of so many loans: Arrow columns by table and column name."""
    start = block * BLOCK_LOANS
    last = (on - _EPOCH).days - 1
    lot = make_loans(Dice(seed), start, min(start + BLOCK_LOANS, loans), last)
    schedule = make_schedule(lot)
    conduct = make_conduct(lot, schedule)
    contacts = make_contacts(lot, schedule, conduct)
    trouble = trouble_on(lot, schedule, conduct)
    stopped = stopped_on(lot, schedule, conduct)
    return {
        "borrowers": borrowers_frame(lot),
        "loans": loans_frame(lot),
        "instalments": instalments_frame(lot, schedule),
        "payments": payments_frame(lot, schedule, conduct),
        "contacts": contacts_frame(lot, contacts),
        "charges": charges_frame(lot, stopped),
        "waivers": waivers_frame(lot, schedule, conduct, trouble),
        "write_offs": write_offs_frame(lot, schedule, conduct, stopped),
        "people": people_frame(lot),
        "consents": consents_frame(lot),
        "holds": holds_frame(lot, trouble),
        "promises": promises_frame(lot, schedule, contacts),
        "arrangements": arrangements_frame(lot, trouble),
        "notices": notices_frame(lot, stopped),
        "events": events_frame(lot, stopped),
    }


def _blocks(loans: int, seed: int, on: date, pool: ThreadPoolExecutor) -> Iterator[dict[str, Frame]]:
    """Yield the blocks in order; a few are made ahead, no more, so that memory stays bounded."""
    total = -(-loans // BLOCK_LOANS)
    ahead: deque[Future[dict[str, Frame]]] = deque()
    for block in range(total):
        ahead.append(pool.submit(make_block, loans, seed, on, block))
        if len(ahead) > _THREADS:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _cleared(out: Path) -> Path:
    """Return the path of the mapping in the folder, without that of an earlier book: it is written last."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in ("book.toml", "damage.json"):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise DueCourseError(f"{out}: cannot write here ({error.strerror}): name another folder") from error
    return out / "book.toml"


def synth(
    loans: int,
    seed: int,
    out: Path,
    *,
    on: date = DEFAULT_ON,
    format: Format = "parquet",  # noqa: A002  the word of the command line
    damage: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write a synthetic book to the folder `out` and return the path of its book.toml.

    `on` is the business date that the book is made for: it holds what was known when the day before ended.
    With `damage` the book also has known bad rows (about one payment in 2,000), listed in damage.json.
    `progress` is told (step, blocks done, blocks in all). DueCourseError for a number of loans out of range.
    """
    if not 1 <= loans <= LOANS_MAX:
        raise DueCourseError(f"synth: cannot make {loans} loans: ask for 1 to {LOANS_MAX}")
    if not 0 <= seed < 1 << 63:
        raise DueCourseError(f"synth: cannot use the seed {seed}: give a whole number from 0")
    mapping = _cleared(out)
    total = -(-loans // BLOCK_LOANS)
    threads = min(_THREADS, os.cpu_count() or 1)
    count = max(1, loans // 2_000)
    with ExitStack() as stack:
        makers = stack.enter_context(ThreadPoolExecutor(threads))
        writers = stack.enter_context(ThreadPoolExecutor(threads))
        files = {table.name: stack.enter_context(TableFile(table.name, out, format)) for table in TABLES}
        for done, frames in enumerate(_blocks(loans, seed, on, makers), start=1):
            list(writers.map(TableFile.write, files.values(), [frames[name] for name in files]))
            if progress is not None:
                progress("synth", done, total)
        bad = append_damage(files, count, "L00000000", "B00000000") if damage else []
    if damage:
        if format == "csv":
            bad += append_lines(files["payments"], count, "L00000000", "B00000000")
        write_damage(out / "damage.json", bad)
    write_mapping(mapping, f"synthetic-{loans}-{seed}", on - timedelta(days=1), files)
    return mapping
