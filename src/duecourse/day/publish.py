"""The night's plan put in force: cases, their loans, their past and the acts planned, in one transaction.

    publish(url, night) -> Published

Either all of it is in force or nothing has changed: a run that dies leaves the plan before it. The same plan published
again changes nothing. Rows go over Arrow, in bulk.

While what the book tells of changing things comes in, and until the end, nobody holds the lock of a borrower: no act is
judged by half of a plan, and what was released under the plan before it is taken back, to be judged anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from adbc_driver_manager import dbapi as generic
from adbc_driver_postgresql import dbapi

from duecourse.day import duties
from duecourse.day.release import TAKE_ALL_BACK
from duecourse.kernel.errors import DueCourseError

_LOCK: Final = 0x7075626C6973  # of publishing: two at once would each replace what the other brings
# Waits for all who hold the lock of a borrower's row (the gate, facts, senders), and lets nobody take one.
_NOBODY_ELSE: Final = "LOCK TABLE borrower IN EXCLUSIVE MODE"
_MISSED: Final = "UPDATE planned_act SET state = 'missed' WHERE state = 'waiting' AND planned_on < $1::date"
# An act of which a verdict speaks stays where what was released is taken back; it waits again if the plan has it still.
_REPLACE: Final = """
UPDATE planned_act SET state = 'replaced'
WHERE state = 'waiting' AND EXISTS (SELECT FROM verdict WHERE planned_act_no = planned_act.id)"""
_DECIDED: Final = """
SELECT concat_ws(' ', borrower_no, act, coalesce(channel, ''), treatment) AS key, id, state = 'replaced' AS is_replaced
FROM planned_act WHERE planned_on = DATE '{}'"""
_REPLACED: Final = ("collection_case", "case_loan")  # the night knows all of them
_OF_BOOK: Final = ("consents", "holds", "notices", "arrangements")  # a version that the day made stays in force
_ONCE: Final[Mapping[str, str]] = {
    # What never changes once it is there, by its id.
    "contacts": "contact_id", "promises": "promise_id", "payments": "payment_id",
    "waivers": "waiver_id", "events": "event_id",
}  # fmt: skip
_PLANNED: Final = (
    "act", "channel", "treatment", "template", "purpose", "team", "slot", "demands", "required", "loans", "reasons",
)  # fmt: skip
_ROWS: Final = 65_536


@dataclass(frozen=True)
class Published:
    """What publishing did: whether anything was new, and the rows that came in, by table."""

    on: date
    is_new: bool
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Night:
    """What a night has left: its files by table of the store, its plan, and what it was worked out with."""

    on: date
    zone: str
    plan: Path
    files: Mapping[str, Path]
    slots: Mapping[str, tuple[int, int]]
    plan_hash: str
    strategy_hash: str
    law_hash: str
    duties: Path | None = None


def publish(url: str, night: Night) -> Published:
    """Put a plan in force, as the application's role.

    DueCourseError where a later plan is in force, or the database cannot be reached.
    """
    try:
        with dbapi.connect(url) as connection, connection.cursor() as cursor:
            found = _Publishing(cursor, night).publish()
            connection.commit()
            return found
    except generic.Error as error:
        raise DueCourseError(
            f"the plan of {night.on} was not published, and the plan before it stays in force: {_first_line(error)}"
        ) from None


class _Publishing:
    def __init__(self, cursor: dbapi.Cursor, night: Night) -> None:
        self._cursor, self._night, self._rows = cursor, night, dict[str, int]()
        self._numbers = pa.table({"borrower_id": pa.array([], pa.string()), "id": pa.array([], pa.int64())})

    def publish(self) -> Published:
        night = self._night
        self._do(f"SELECT pg_advisory_xact_lock({_LOCK:d})")
        newest = self._read("SELECT planned_on, plan_hash FROM plan ORDER BY planned_on DESC LIMIT 1").to_pylist()
        if newest and newest[0]["planned_on"] > night.on:
            raise DueCourseError(f"the plan of {newest[0]['planned_on']} is in force: one of {night.on} comes too late")
        if newest and (newest[0]["planned_on"], newest[0]["plan_hash"]) == (night.on, night.plan_hash):
            return Published(night.on, is_new=False, rows={})
        self._borrowers()
        for name in _REPLACED:
            self._do(f"DELETE FROM {name}")
            self._bring(name, self._of(name))
        for name, key in _ONCE.items():
            self._bring(name, self._new(name, key, self._read(f"SELECT {key} FROM {name}").column(key)))
        self._do(_NOBODY_ELSE)
        self._replace()
        if self._night.duties:
            self._rows["duty"] = duties.bring(self._cursor, self._night.on, self._night.duties)
        self._moved()
        self._planned()
        return Published(night.on, is_new=True, rows=self._rows)

    def _moved(self) -> None:
        """Bring what the night counted of how loans have moved; that of days before stays."""
        self._do("DELETE FROM moved WHERE planned_on = $1::date", self._night.on.isoformat())
        if "moved" in self._night.files:
            self._bring("moved", pq.ParquetFile(self._night.files["moved"]).iter_batches(_ROWS))

    def _borrowers(self) -> None:
        """Give a number to every borrower of a case."""
        known = self._read("SELECT borrower_id FROM borrower").column("borrower_id")
        cases = pq.read_table(self._night.files["collection_case"], columns=["borrower_id", "language", "zones"])
        new = cases.filter(pc.invert(pc.is_in(cases.column("borrower_id"), known.combine_chunks())))
        self._bring("borrower", [_with_lists(batch) for batch in new.to_batches()])
        self._numbers = self._read("SELECT borrower_id, id FROM borrower")

    def _replace(self) -> None:
        """Put what the book tells of changing things in the place of what it told before."""
        for name in _OF_BOOK:
            self._do(f"DELETE FROM {name} WHERE from_book")
            key = f"{name.removesuffix('s')}_id"
            own = self._read(f"SELECT {key} FROM {name} WHERE replaced_at IS NULL").column(key)
            self._bring(name, self._new(name, key, own))

    def _new(self, name: str, key: str, known: pa.ChunkedArray) -> Iterator[pa.RecordBatch]:
        there = known.combine_chunks()
        for batch in self._of(name):
            rows = batch.filter(pc.invert(pc.is_in(batch.column(key), there)))
            yield rows.append_column("from_book", pa.array([True] * rows.num_rows))

    def _of(self, name: str) -> Iterator[pa.RecordBatch]:
        """Read the night's file of a table, with the store's numbers of borrowers."""
        if name in self._night.files:
            for batch in pq.ParquetFile(self._night.files[name]).iter_batches(_ROWS):
                yield _with_lists(self._numbered(batch))

    def _numbered(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        places = pc.index_in(batch.column("borrower_id"), self._numbers.column("borrower_id").combine_chunks())
        numbers = self._numbers.column("id").combine_chunks().take(places)
        return batch.drop_columns(["borrower_id"]).append_column("borrower_no", numbers)

    def _planned(self) -> None:
        """Put the acts planned in the place of those that still wait; what was decided of an act today stays."""
        on = self._night.on.isoformat()
        plan = {
            "plan_hash": self._night.plan_hash, "strategy_hash": self._night.strategy_hash,
            "law_hash": self._night.law_hash, "zone": self._night.zone,
        }  # fmt: skip
        self._do(
            "INSERT INTO plan (planned_on, plan_hash, strategy_hash, law_hash, zone) VALUES ($1::date, $2, $3, $4, $5)"
            " ON CONFLICT (planned_on) DO UPDATE SET plan_hash = excluded.plan_hash,"
            " strategy_hash = excluded.strategy_hash, law_hash = excluded.law_hash, zone = excluded.zone,"
            " published_at = excluded.published_at",
            on, *plan.values(),
        )  # fmt: skip
        for statement in TAKE_ALL_BACK:
            self._do(statement)
        self._do(_MISSED, on)
        self._do(_REPLACE)
        self._do("DELETE FROM planned_act WHERE state = 'waiting'")
        decided = self._read(_DECIDED.format(on)).to_pylist()
        again: set[str] = set()
        self._bring("planned_act", self._acts({str(row["key"]) for row in decided}, again))
        numbers = [row["id"] for row in decided if row["is_replaced"] and row["key"] in again]
        if numbers:
            self._do(f"UPDATE planned_act SET state = 'waiting' WHERE id IN ({', '.join(map(str, numbers))})")

    def _acts(self, decided: set[str], again: set[str]) -> Iterator[pa.RecordBatch]:
        """Yield the acts of the plan of which nothing was decided, with when each may happen; `again` gets the rest."""
        cases = pq.read_table(self._night.files["collection_case"], columns=["borrower_id", "zones"])
        zones = dict(zip(*(cases.column(name).to_pylist() for name in ("borrower_id", "zones")), strict=True))
        wanted = ["borrower_id", "priority", *_PLANNED]
        for batch in pq.ParquetFile(self._night.plan).iter_batches(_ROWS, columns=wanted):
            rows = _without_null_lists(batch.filter(pc.not_equal(batch.column("act"), "none")))
            numbered = self._numbered(rows)
            parts = (numbered.column(name).to_pylist() for name in ("borrower_no", "act", "channel", "treatment"))
            keys = [" ".join(str(part or "") for part in key) for key in zip(*parts, strict=True)]
            again.update(decided.intersection(keys))
            new = [key not in decided for key in keys]
            whose = zip(rows.column("borrower_id").to_pylist(), rows.column("slot").to_pylist(), strict=True)
            windows = [self._window(zones.get(borrower) or "", slot) for borrower, slot in whose]
            planned = numbered.append_column("planned_on", pa.array([self._night.on] * rows.num_rows, pa.date32()))
            for place, name in enumerate(("opens_at", "closes_at")):
                moments = pa.array([window[place] for window in windows], pa.timestamp("us", tz="UTC"))
                planned = planned.append_column(name, moments)
            yield planned.filter(pa.array(new, pa.bool_()))

    def _window(self, zones: str, slot: str | None) -> tuple[datetime | None, datetime | None]:
        """Return when an act may happen: its slot, in the borrower's first zone; all day where it has none."""
        first, end = self._night.slots.get(slot or "", (0, 24 * 60))
        return _window(self._night.on, zones.partition(" ")[0] or self._night.zone, first, end)

    def _bring(self, table: str, batches: "list[pa.RecordBatch] | Iterator[pa.RecordBatch]") -> None:
        """Add rows to a table, in bulk."""
        count = 0
        for batch in batches:
            if batch.num_rows:
                self._cursor.adbc_ingest(table, _in_utc(batch), mode="append")
                count += batch.num_rows
        self._rows[table] = count

    def _read(self, statement: str) -> pa.Table:
        self._cursor.execute(statement)
        return self._cursor.fetch_arrow_table()

    def _do(self, statement: str, *values: object) -> None:
        self._cursor.execute(statement, values or None)


@cache
def _window(on: date, zone: str, first: int, end: int) -> tuple[datetime, datetime]:
    midnight = datetime.combine(on, time(), ZoneInfo(zone))
    opens, closes = (midnight + timedelta(minutes=minute) for minute in (first, end))
    return opens.astimezone(UTC), closes.astimezone(UTC)


def _with_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Cut the texts of zones, which the night keeps joined by blanks, into lists."""
    if "zones" not in batch.schema.names:
        return batch
    place = batch.schema.get_field_index("zones")
    texts = batch.column(place).to_pylist()
    return batch.set_column(
        place, "zones", pa.array([text.split() if text else [] for text in texts], pa.list_(pa.string()))
    )


def _without_null_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Put an empty list where there is none: an act may be about no loan."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_list(field.type):
            filled = [row or [] for row in batch.column(place).to_pylist()]
            batch = batch.set_column(place, field.name, pa.array(filled, pa.list_(pa.string())))
    return batch


def _in_utc(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Say of moments, which a book keeps in UTC without saying so, that they are."""
    fields = [
        pa.field(field.name, pa.timestamp("us", tz="UTC")) if pa.types.is_timestamp(field.type) else field
        for field in batch.schema
    ]
    return batch.cast(pa.schema(fields))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
