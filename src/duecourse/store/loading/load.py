"""Loading people, their contact points and consents: all files in one transaction, or nothing.

    files -> batches of rows -> beside what the store knows -> cleaned and sealed -> COPY

Nothing of the files is written anywhere but sealed into the store. The same files again change nothing.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from duecourse.book.pick import LEFT_OUT, Picker, Value
from duecourse.book.sources import matching_files, shown_path
from duecourse.book.stream import ENDINGS, ENDINGS_SAID, open_file
from duecourse.kernel.errors import DueCourseError
from duecourse.store import orm
from duecourse.store.keys import Keyring
from duecourse.store.loading import clean, consents
from duecourse.store.loading.clean import UnfitError
from duecourse.store.loading.known import Key, Known
from duecourse.store.loading.mapping import KINDS, PeopleMapping, Section, read_mapping
from duecourse.store.loading.pool import Pool, workers_here
from duecourse.store.loading.quarantine import Quarantine, quarantine
from duecourse.store.loading.seal import Done, Row, Task
from duecourse.store.loading.write import write_changes, write_new
from duecourse.store.place import Place
from duecourse.store.server import APP

Progress = Callable[[str, int, int], None]

BATCH: Final = 10_000  # rows: some ten megabytes when sealed
_LOCK: Final = 4_711_001  # of PostgreSQL's advisory locks: the number of this kind of work
_BORROWER: Final = "borrower"  # the relation of a borrower to themselves
_SETTINGS: Final = (
    "SET CONSTRAINTS ALL IMMEDIATE",  # references are looked at with each batch: the server keeps no list of them
    # The tables grow while nobody counts their rows: by their indexes, always, and never all of them.
    "SET LOCAL enable_seqscan = off",
    "SET LOCAL lock_timeout = '60s'",
)
_COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "borrowers": ("added", "changed"),
    "people": ("added", "changed", "unchanged"),
    "contact_points": ("added", "ended", "in_use_again", "stay_ended", "unchanged"),
    "consents": ("added", "changed", "unchanged"),
}
_PERSON_PARTS: Final = ("borrower_id", "person_id", "relation")


@dataclass(frozen=True)
class Loaded:
    """What a load did.

    `rows` were read, of which `left_out` by `keep` and `set_aside` as a whole. `counts` is by what (borrowers, people,
    contact_points, consents) and how (added, changed, unchanged, ended, in_use_again, stay_ended: of no use, whatever
    the files say). `quarantined` counts the entries of the report by reason.
    """

    rows: int
    left_out: int
    set_aside: int
    counts: Mapping[str, Mapping[str, int]]
    quarantined: Mapping[str, int]

    @property
    def is_nothing(self) -> bool:
        """Whether no row could be taken."""
        return self.rows == self.set_aside


def load_people(
    place: Place,
    mapping: Path,
    data: Path | None,
    report: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Load what a mapping names into a store, all or nothing, and write the quarantine to `report`.

    `data` is the folder of the files, by default the mapping's. `workers` processes seal, 0 for none but this one.
    DueCourseError, one line, for what the user can mend: then the store and the report are as they were.
    """
    plan = read_mapping(mapping)
    root = (data or mapping.parent).resolve()
    orm.connect(place)
    ring = Keyring.read(place.keys)
    pool = Pool(ring, workers_here() if workers is None else workers)
    try:
        with quarantine(report) as aside, closing(pool), place.connected(APP) as connection:
            work = _Load(connection, plan, root, aside, pool, progress or (lambda *_: None))
            work.run()
            return work.loaded()
    except psycopg.Error as error:  # its text may quote what it was given
        raise _told(error) from None
    except BrokenProcessPool:
        raise DueCourseError("a process that seals has ended: nothing was loaded: run it again") from None


def _told(error: psycopg.Error) -> DueCourseError:
    """Return the one line for what the database said."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return DueCourseError("somebody was added by others meanwhile: nothing was loaded: run it again")
    return DueCourseError(
        f"the database broke off ({type(error).__name__} {error.sqlstate or ''}): nothing was loaded: run it again"
    )


@dataclass(repr=False)
class _Batch:
    """Rows of one file, (number, values) each; the names of the values; (row, column, reason) of those without any."""

    shown: str
    columns: tuple[str, ...]
    rows: list[tuple[int, tuple[Value, ...]]] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: int = 0

    @property
    def read(self) -> int:
        """How many rows of the file these are."""
        return len(self.rows) + len(self.refused) + self.left_out


@dataclass(repr=False)
class _Waiting:
    """Rows that are being sealed, and whom they add."""

    shown: str
    done: Future[Done]
    owners: list[str]
    people: list[Key]


@dataclass(repr=False)
class _Load:
    connection: psycopg.Connection[tuple[Any, ...]]
    plan: PeopleMapping
    root: Path
    aside: Quarantine
    pool: Pool
    progress: Progress
    waiting: deque[_Waiting] = field(default_factory=deque)
    free: list[int] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: int = 0
    left_out: int = 0
    set_aside: int = 0

    def __post_init__(self) -> None:
        self.known = Known(self.connection)

    def run(self) -> None:
        """Load all files, in the transaction that the first statement begins."""
        ((is_alone,),) = self.connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchall()
        if not is_alone:
            raise DueCourseError("another load is at work in this store: wait for its end")
        for setting in _SETTINGS:
            self.connection.execute(setting.encode())
        with Picker(self.plan.load.zone) as picker:
            for section in self.plan.people:
                with closing(self._batches(picker, section)) as batches:
                    for batch in batches:
                        self._people(batch)
            while self.waiting:
                self._finish()
            for section in self.plan.consents:
                with closing(self._batches(picker, section)) as batches:
                    for batch in batches:
                        self._consents(batch)

    def loaded(self) -> Loaded:
        """Return what was done."""
        counts = {what: {how: self.counts[what, how] for how in by_how} for what, by_how in _COUNTED.items()}
        reasons: Counter[str] = Counter()
        for (reason, _), number in self.aside.found.items():
            reasons[reason] += number
        return Loaded(self.rows, self.left_out, self.set_aside, counts, dict(sorted(reasons.items())))

    def _batches(self, picker: Picker, section: Section) -> Generator[_Batch, None, None]:
        """Yield the rows of a section's files; the next ones are read while these are dealt with."""
        with ThreadPoolExecutor(1) as reader:
            batches = _read(picker, section, self.root)
            following = reader.submit(next, batches, None)
            while (batch := following.result()) is not None:
                following = reader.submit(next, batches, None)
                self.rows += batch.read
                self.left_out += batch.left_out
                for row, column, reason in batch.refused:
                    self._refuse(batch.shown, row, column, reason)
                self.progress("rows", self.rows, self.rows)  # how many there are is not known before the last
                yield batch

    def _refuse(self, shown: str, row: int, column: str, reason: str) -> None:
        """Set a whole row aside."""
        self.set_aside += 1
        self.aside.tell(shown, row, column, reason)

    # --- people --------------------------------------------------------------------------------------------

    def _people(self, batch: _Batch) -> None:
        """Have the people of some rows sealed; those of earlier rows are written meanwhile."""
        named = [(row, values, who) for row, values in batch.rows if (who := self._who(batch, row, values))]
        owners = self.known.owners(borrower_id for _, _, (borrower_id, _, _) in named)
        keys = [(owners[borrower_id][0], person_id) for _, _, (borrower_id, person_id, _) in named]
        new_owners = {number for number, owner in owners.values() if owner.is_new}
        held = self.known.people([key for key in keys if key[0] not in new_owners])
        new = [key for key in dict.fromkeys(keys) if key not in held and key not in self.known.people_to_come]
        numbers = dict(zip(new, self.known.numbers("person", len(new)), strict=True))
        rows = []
        for (row, values, (_, person_id, relation)), key in zip(named, keys, strict=True):
            number, known = held.get(key) or (numbers.get(key, 0), None)
            if not number or not self.known.seen.add(number):
                self._refuse(batch.shown, row, "", "repeated")
            elif key in held and known is None:
                self._refuse(batch.shown, row, "", "erased")
            else:
                rows.append(Row(row, values, key[0], number, person_id, relation, known))
        self.known.people_to_come.update(new)
        states = dict(owners.values())
        task = Task(batch.columns, self.plan.load.country, rows, states, self._free(batch.columns, rows))
        added = [owner.borrower_id for owner in states.values() if owner.is_new]
        self.waiting.append(_Waiting(batch.shown, self.pool.submit(task), added, new))
        while len(self.waiting) > self.pool.waiting_max:
            self._finish()

    def _who(self, batch: _Batch, row: int, values: tuple[Value, ...]) -> tuple[str, str, str] | None:
        """Return the borrower's and the person's id and the relation; None where the row does not tell them."""
        found: dict[str, str | None] = {}
        for name, value in zip(batch.columns, values, strict=True):
            if name not in _PERSON_PARTS:
                continue
            try:
                found[name] = _clean_part(name, value)
            except UnfitError as error:
                self._refuse(batch.shown, row, name, error.reason)
                return None
        borrower_id = found.get("borrower_id")
        if borrower_id is None:
            self._refuse(batch.shown, row, "borrower_id", "missing")
            return None
        person_id = found.get("person_id") or borrower_id
        if person_id == borrower_id:
            return borrower_id, person_id, _BORROWER
        relation = found.get("relation")
        if relation is None or relation.lower() == _BORROWER:
            self._refuse(batch.shown, row, "relation", "no_relation")
            return None
        return borrower_id, person_id, relation

    def _free(self, columns: tuple[str, ...], rows: Iterable[Row]) -> list[int]:
        """Give as many numbers as these rows may add contact points."""
        places = [place for place, name in enumerate(columns) if name.partition("[")[0] in KINDS]
        needed = sum(len(clean.several(row.values[place])) for row in rows for place in places)
        if len(self.free) < needed:
            self.free += self.known.numbers("contact_point", needed - len(self.free))
        given, self.free = self.free[:needed], self.free[needed:]
        return given[::-1]  # taken from the end

    def _finish(self) -> None:
        """Write what the longest waiting rows have come to."""
        waiting = self.waiting.popleft()
        done = waiting.done.result()
        self.free += done.free
        for row, column, reason in sorted(done.told):
            if column:
                self.aside.tell(waiting.shown, row, column, reason)
            else:
                self._refuse(waiting.shown, row, column, reason)
        write_new(self.connection, done)
        for row in write_changes(self.connection, done):
            self._refuse(waiting.shown, row, "", "erased")
        self.counts.update(done.counts)
        self.known.written(waiting.owners, waiting.people)

    # --- consents ------------------------------------------------------------------------------------------

    def _consents(self, batch: _Batch) -> None:
        """Write the consents of some rows."""
        given = []
        for row, values in batch.rows:
            consent, wrong = consents.read(batch.columns, values)
            for column, reason in wrong:
                self.aside.tell(batch.shown, row, column, reason)
            if consent:
                given.append((row, consent))
            else:
                self.set_aside += 1
        written = consents.write(self.connection, given)
        for row, reason in written.refused:
            if reason:
                self._refuse(batch.shown, row, "", reason)
            else:
                self.set_aside += 1
        for how, number in written.counts.items():
            self.counts["consents", how] += number


def _read(picker: Picker, section: Section, root: Path) -> Iterator[_Batch]:
    """Yield the rows of a section's files, in order."""
    columns = tuple(section.wanted.expressions)
    for path in matching_files(section.part.source, root, section.place, ENDINGS, ENDINGS_SAID):
        source = open_file(path, shown_path(path, root), section.how)
        picked = picker.open(source, section.wanted)
        for rows in source.batches(BATCH):
            batch = _Batch(source.shown, columns, refused=[(row, "", reason) for row, reason in rows.malformed])
            for row, values in picked.values(rows):
                if not isinstance(values, str):
                    batch.rows.append((row, values))
                elif values == LEFT_OUT:
                    batch.left_out += 1
                else:
                    batch.refused.append((row, "keep", "expression") if values == "keep" else (row, "", values))
            yield batch


def _clean_part(name: str, value: Value) -> str | None:
    """Return an id or a relation; UnfitError when it cannot be kept."""
    found = clean.one(value)
    if found is None:
        return None
    return clean.plain(found) if name == "relation" else clean.id_of(found)
