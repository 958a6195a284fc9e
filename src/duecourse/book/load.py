"""Loading a book: the lender's files in, validated tables sorted by borrower and loan out.

    mapping -> read tables -> settle loans and borrowers -> classify rows -> quarantine -> write -> oddities

The result stands under a fingerprint of mapping and files. It is built in a folder beside its place and
renamed when complete, so nothing half-written is ever read, and loading the same files again costs nothing.
"""

import hashlib
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Final, NoReturn

import duckdb

from duecourse.book.classify import classify, index_loans
from duecourse.book.loaded import Counts, LoadedBook, SourceFile, open_book, write_facts
from duecourse.book.mapping import BookMapping, read_mapping
from duecourse.book.oddities import Oddity, date_ranges, find_oddities
from duecourse.book.quarantine import publish, write_quarantine
from duecourse.book.read import Settings, Work, read_table
from duecourse.book.schema import TABLES
from duecourse.book.sources import find_files, one_line, total_rejects
from duecourse.book.sql import ident, text
from duecourse.book.typed import LEFT_OUT
from duecourse.book.write import write_table
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import scratch

Progress = Callable[[str, int, int], None]

_LOADER: Final = "2"  # raised whenever the same files would give other tables
_WRITER_MEMORY: Final = "1GB"
SCHEMA: Final = hashlib.sha256(f"{_LOADER} {TABLES!r}".encode()).hexdigest()[:12]


def load(
    mapping: Path,
    data: Path | None,
    out: Path,
    *,
    progress: Progress | None = None,
    threads: int | None = None,
    memory: str | None = None,
) -> LoadedBook:
    """Load a book into `<out>/tables/<fingerprint>/` and its quarantine into `<out>/quarantine/`.

    `data` is the folder of the lender's files, by default that of the mapping. `memory` is a limit such as
    "4GB"; beyond it the work goes to disk below `out`. By default it is the size of the files and 2 GiB, at most
    12 GiB or three fifths of the machine's. DueCourseError, one line, for what the user can mend.
    """
    plan = read_mapping(mapping)
    root = (data or mapping.parent).resolve()
    if not root.is_dir():
        raise DueCourseError(
            f"{data or mapping.parent}: no such folder: name the folder of the lender's files with --data"
        )
    fingerprint = None if _has_database(plan) else _fingerprint(plan, root)
    home = out / "tables"
    if fingerprint and (home / fingerprint / "book.json").exists():
        publish(home / fingerprint / "quarantine", out / "quarantine")
        return open_book(home / fingerprint, out / "quarantine")
    try:
        with scratch(home / "loading") as aside:
            settings = _settings(aside, threads)
            with closing(_connect(plan, settings, memory or _memory(plan, root))) as con:
                work = Work(con, plan, root, aside / "clean", settings | {"memory_limit": _WRITER_MEMORY})
                return _load(work, fingerprint, aside / "book", out, progress or _silent)
    except duckdb.OutOfMemoryException as error:
        raise DueCourseError(
            f"loading needs more memory than it may use: {one_line(error)}: "
            "give it more with --memory, or fewer --threads"
        ) from error
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0]
        raise DueCourseError(
            f"{out}: loading could not read or write: {reason}: check the files and the room on the disk"
        ) from error


def _silent(_step: str, _done: int, _total: int) -> None:
    return


def _has_database(plan: BookMapping) -> bool:
    return any(part.database for part in plan.tables.values())


def _fingerprint(plan: BookMapping, root: Path, extra: str = "") -> str:
    """Return the fingerprint of mapping, schema and files; `extra` stands for what came from databases."""
    digest = hashlib.sha256(f"{SCHEMA}\n{extra}\n".encode() + plan.content)
    for name in sorted(plan.tables):
        for path in find_files(plan, name, root):
            stat = path.stat()
            digest.update(f"\n{name}\t{path}\t{stat.st_size}\t{stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _settings(aside: Path, threads: int | None) -> Settings:
    """Make the folders of the work in one aside; return the settings of its engines, which spill there."""
    for folder in ("clean", "book", "spill"):
        (aside / folder).mkdir()
    settings: Settings = {"temp_directory": str(aside / "spill"), "preserve_insertion_order": True}
    return settings | ({"threads": threads} if threads else {})


def _connect(plan: BookMapping, settings: Settings, memory: str) -> duckdb.DuckDBPyConnection:
    """Open the working database, in memory, its zone the book's."""
    con = duckdb.connect(config=settings | {"memory_limit": memory})
    con.execute(f"SET TimeZone = {text(plan.book.zone)}")
    con.execute("SET enable_progress_bar = false")
    # A long IN list would become a join, and a join loses the order of the file, by which rows are numbered.
    con.execute("SET disabled_optimizers = 'in_clause'")
    con.execute("SET arrow_large_buffer_size = true")  # long texts of many rows are more than 2 GiB
    return con


def _memory(plan: BookMapping, root: Path) -> str:
    """Return the memory that loading may use unless told: what the files ask for, within what the machine has."""
    files = sum(path.stat().st_size for name in plan.tables for path in find_files(plan, name, root))
    with duckdb.connect() as con:  # its own limit is four fifths of the memory that this process may have
        (found,) = con.execute("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchall()
    machine = int(found[0]) * 3 // 4  # down
    return f"{min(files + (2 << 30), machine, 12 << 30)}B"


def _load(work: Work, fingerprint: str | None, folder: Path, out: Path, progress: Progress) -> LoadedBook:
    """Do the work in `folder` and move the finished book to its place."""
    tables = work.tables()
    steps = 2 * len(tables) + 2
    for position, table in enumerate(tables):
        progress(f"reading {table.name}", position, steps)
        read_table(work, table)
        if table.name == "loans":  # borrowers stand before them, all others after
            progress("settling loans", position, steps)
            index_loans(work)
            for owner in tables[: position + 1]:
                classify(work, owner)
        elif table.name != "borrowers":
            classify(work, table)
    counts = {}
    for position, table in enumerate(tables):
        progress(f"checking {table.name}", len(tables) + position, steps)
        counts[table.name] = _count(work, table.name, write_quarantine(work, table, folder / "quarantine"))
    _refuse(work, counts, folder / "quarantine", out)
    made = _write(work, folder, progress, steps)
    if made:
        counts["borrowers"] = Counts(**{**vars(counts.get("borrowers", Counts())), "made": made})
    progress("looking for oddities", steps - 1, steps)
    print_ = fingerprint or _fingerprint(work.mapping, work.data, _content(work))
    book = _describe(work, print_, folder, out, counts)
    write_facts(book)
    _settle(folder, out / "tables" / print_)
    publish(out / "tables" / print_ / "quarantine", out / "quarantine")
    progress("loaded", steps, steps)
    return open_book(out / "tables" / print_, out / "quarantine")


def _write(work: Work, folder: Path, progress: Progress, steps: int) -> int:
    """Write every table; return the borrowers made from loans."""
    made = 0
    for table in TABLES:
        progress(f"writing {table.name}", steps - 2, steps)
        made += write_table(work, table, folder)
    return made


def _count(work: Work, name: str, quarantined: int) -> Counts:
    """Count a table's rows; read = kept + quarantined + left_out, or the loader is wrong."""
    kept = work.kept(name)
    left_out = work.count(f"SELECT count(*) FROM {ident('c_' + name)} WHERE _c = {LEFT_OUT}")
    read = sum(part.rows for part in work.parts[name]) + total_rejects(work.parts[name])
    if read != kept + quarantined + left_out:
        raise ValueError(
            f"{name}: {read} rows read, but {kept} kept, {quarantined} in quarantine and {left_out} left out"
        )
    return Counts(read, kept, quarantined, left_out)


def _refuse(work: Work, counts: dict[str, Counts], quarantine: Path, out: Path) -> None:
    """Refuse a book with too much in quarantine, or without a loan; the quarantine is shown all the same."""
    share_text = work.mapping.book.quarantine_share_max
    share = Fraction(share_text)
    for name, count in counts.items():
        looked_at = count.read - count.left_out
        if count.quarantined > share * looked_at:
            publish(quarantine, out / "quarantine")
            raise DueCourseError(
                f"{work.mapping.place('tables', name)}: {count.quarantined:,} of {looked_at:,} rows of "
                f"{name} are in quarantine, more than quarantine_share_max = {share_text} allows: "
                f"look at {out / 'quarantine' / (name + '.csv')}, "
                "then mend the files or the mapping",
            )
    if not counts["loans"].kept:
        publish(quarantine, out / "quarantine")
        _refuse_empty(work, counts["loans"], out / "quarantine" / "loans.csv")


def _refuse_empty(work: Work, loans: Counts, file: Path) -> NoReturn:
    """Say why no loan is left in the book: bad rows, a keep that is true of none, or both."""
    if loans.left_out:
        place = work.mapping.place("tables", "loans", "keep")
        also = f"; the other {loans.quarantined:,} are in quarantine, see {file}" if loans.quarantined else ""
        raise DueCourseError(
            f"{place}: no loan is left in the book: check keep, which left out {loans.left_out:,} rows{also}"
        )
    raise DueCourseError(
        f"{work.mapping.place('tables', 'loans')}: no loan is left in the book: all {loans.quarantined:,} rows of "
        f"loans are in quarantine: look at {file}, then mend the files or the mapping"
    )


def _content(work: Work) -> str:
    """Return a hash of what came from databases, which have no size and no time of change."""
    parts = [part for name in sorted(work.parts) for part in work.parts[name] if part.path is None]
    whole = [ident(part.own("s")) for part in parts]  # a name that is none of the columns means the row
    sums = (
        work.row(f"SELECT count(*), CAST(sum(hash({s})) AS VARCHAR) FROM {part.relation} {s}")
        for part, s in zip(parts, whole, strict=True)
    )
    return "\n".join(f"{part.shown} {found}" for part, found in zip(parts, sums, strict=True))


def _describe(work: Work, fingerprint: str, folder: Path, out: Path, counts: dict[str, Counts]) -> LoadedBook:
    """Put together what is known of the finished book."""
    book = work.mapping.book
    currencies = work.con.execute(
        "SELECT DISTINCT currency FROM loan_index WHERE loan_no IS NOT NULL ORDER BY currency"
    ).fetchall()
    files = tuple(
        SourceFile(part.shown, part.path.stat().st_size if part.path else 0, part.rows + len(part.rejects))
        for table in work.tables()
        for part in work.parts[table.name]
    )
    filled = set(work.mapping.tables)
    return LoadedBook(
        folder=folder,
        quarantine=out / "quarantine",
        name=book.name,
        zone=book.zone,
        payments_complete_through=book.payments_complete_through,
        schema=SCHEMA,
        fingerprint=fingerprint,
        loans=work.count("SELECT count(loan_no) FROM loan_index"),
        borrowers=work.count("SELECT count(borrower_no) FROM borrower_index"),
        currencies=tuple(currency for (currency,) in currencies),
        tables={table.name: counts.get(table.name, Counts()) for table in TABLES},
        warnings=(*_losses(counts), *find_oddities(work.con, book, folder, filled)),
        files=files,
        ranges=date_ranges(work.con, folder, filled),
    )


_LOST_HOLD: Final = (
    "a hold that cannot be read and so protects nobody: its borrower may be called, written to and sued "
    "as if there were no hold, until the row in quarantine is mended and the book is loaded again"
)


def _losses(counts: dict[str, Counts]) -> list[Oddity]:
    """Warn of what a row in quarantine no longer does, and of borrowers of whom nothing is known."""
    found = []
    if lost := counts.get("holds", Counts()).quarantined:
        found.append(Oddity("holds", "in_quarantine", lost, _LOST_HOLD))
    if made := counts.get("borrowers", Counts()).made:
        found.append(
            Oddity(
                "borrowers",
                "made_from_loans",
                made,
                "neither country nor time zone is known, so no contact can be shown lawful",
            )
        )
    return found


def _settle(folder: Path, place: Path) -> None:
    """Move a finished book to its place; if another load was first, its book is the same and stays."""
    try:
        folder.rename(place)
    except OSError:
        if not (place / "book.json").exists():
            raise
