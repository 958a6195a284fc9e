"""The hub's pages: one file for each bucket, appended to by cycles, under one signed head.

    folder/head.json        the envelope of the head: cycle, moment, number of buckets, root
    folder/table-7.npy      of cycle 7, for each bucket: the file's generation, its size, its digest, its records
    folder/pages/12.0       bucket 12, generation 0: frames, each a count (4 bytes) and so many records
    folder/journal          batches that were taken since the head: bucket (4 bytes) and record, on the disk
    folder/closing          the journal of a cycle that is being closed

A cycle appends one frame to each bucket that changed. What lies beyond the sizes of the table is of a cycle that did
not end; it is cut off, and the cycle closed anew. The digest of a page is a chain over its frames, and a page is
written anew, with what is in force alone, when half of it has been added since it last was.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.entry import HANDLE_BYTES, RECORD_BYTES
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.tree import leaf, levels_of, path_of
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import settle, written_beside

ITEM: Final = np.dtype([("bucket", ">u4"), ("record", f"V{RECORD_BYTES}")])
_TABLE: Final = np.dtype(
    [("generation", "u4"), ("size", "u8"), ("digest", "V32"), ("records", "u4"), ("written_anew", "u4")]
)
_COUNT_BYTES: Final = 4
_PATH_BYTES: Final = 32
_HEAD_OF_ANSWER: Final = 4 + 8 + 1  # cycle, size of the frames, digests in the path
_ITEMS_AT_A_TIME: Final = 1_000_000
_FEW_RECORDS: Final = 256  # not worth writing a page anew for

Words = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
Items = np.ndarray[tuple[int], np.dtype[np.void]]


@dataclass(frozen=True)
class Page:
    """A bucket as it is sent: the cycle, the frames, and the path that holds them under the head."""

    cycle: int
    frames: bytes | memoryview
    path: tuple[bytes, ...]

    def packed(self) -> bytes:
        """Return it as one answer."""
        ahead = self.cycle.to_bytes(4) + len(self.frames).to_bytes(8) + len(self.path).to_bytes(1)
        return b"".join((ahead, *self.path, self.frames))

    @classmethod
    def unpacked(cls, data: bytes) -> "Page":
        """Take an answer apart. Refused (`truncated`) when it is not as long as it says."""
        if len(data) < _HEAD_OF_ANSWER:
            raise Refused(Check.TRUNCATED, f"a page of {len(data)} bytes")
        cycle, size, steps = int.from_bytes(data[:4]), int.from_bytes(data[4:12]), data[12]
        begin = _HEAD_OF_ANSWER + steps * _PATH_BYTES
        if len(data) != begin + size:
            raise Refused(Check.TRUNCATED, f"a page of {len(data)} bytes that says {begin + size}")
        path = tuple(data[at : at + _PATH_BYTES] for at in range(_HEAD_OF_ANSWER, begin, _PATH_BYTES))
        return cls(cycle, memoryview(data)[begin:], path)

    def read(self) -> tuple[Words, bytes]:
        """Return the records, as rows of 40 words, and the digest of the frames. Refused: `truncated`."""
        digest, at, frames = bytes(32), 0, memoryview(self.frames)
        parts: list[Words] = []
        while at < len(frames):
            end = at + _COUNT_BYTES + int.from_bytes(frames[at : at + _COUNT_BYTES]) * RECORD_BYTES
            if end > len(frames):
                raise Refused(Check.TRUNCATED, "a frame that says more records than are there")
            digest = _chained(digest, frames[at:end])
            frame: Words = np.frombuffer(frames[at + _COUNT_BYTES : end], np.uint64).reshape(-1, RECORD_BYTES // 8)
            parts.append(frame)
            at = end
        if len(parts) == 1:
            return parts[0], digest
        rows: Words = np.concatenate(parts or [np.empty((0, RECORD_BYTES // 8), np.uint64)])
        return rows, digest


def live(rows: Words) -> Words:
    """Return the records in force: of each handle the last, unless that one withdraws it."""
    last = {handle: at for at, handle in enumerate(map(bytes, np.ascontiguousarray(rows[:, :2])))}
    kept: Words = rows[np.array(sorted(last.values()), np.intp)]
    in_force: Words = kept[(kept[:, 2:4] != 0).any(axis=1)]
    return in_force


class Pages:
    """The pages of one hub. One process writes; any number of its threads read."""

    def __init__(self, folder: Path, buckets: int) -> None:
        """Open or begin the folder. DueCourseError when it is of another number of buckets."""
        self._folder, self._lock = folder, Lock()
        (folder / "pages").mkdir(parents=True, exist_ok=True)
        self.head: dict[str, str] | None = None
        self._cycle = 0
        self._table = np.zeros(buckets, _TABLE)
        if (folder / "head.json").exists():
            self.head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
            self._cycle = json.loads(self.head["body"])["cycle"]
            self._table = np.load(self._table_of(self._cycle))
        if len(self._table) != buckets:
            raise DueCourseError(
                f"{folder} has {len(self._table)} buckets, and the charter makes {buckets}: begin another folder, and "
                f"let all lenders publish anew"
            )
        self._levels = levels_of(self._leaves(self._table))
        self._cut_back()

    @property
    def cycle(self) -> int:
        """The number of the cycle in force; 0 before the first."""
        return self._cycle

    @property
    def records(self) -> int:
        """How many records lie in the pages, with what has been published anew since a page was last written anew."""
        return int(self._table["records"].sum())

    def page(self, bucket: int) -> Page:
        """Return a page. Refused (`bucket`) when there is none of this number."""
        with self._lock:
            cycle, table, levels = self._cycle, self._table, self._levels
        if not 0 <= bucket < len(table):
            raise Refused(Check.BUCKET, f"bucket {bucket} of {len(table)}")
        row = table[bucket]
        size = int(row["size"])
        frames = b""
        try:
            if size:
                with self._file(bucket, int(row["generation"])).open("rb") as file:
                    frames = file.read(size)
        except FileNotFoundError:  # a cycle ended meanwhile, with this page written anew
            return self.page(bucket)
        return Page(cycle, frames, tuple(path_of(levels, bucket)))

    def take(self, items: Items) -> None:
        """Write a batch of items (`ITEM`) into the journal; it is on the disk when this returns."""
        if len(items) and int(items["bucket"].max()) >= len(self._table):
            raise Refused(Check.BUCKET, f"bucket {int(items['bucket'].max())} of {len(self._table)}")
        with self._lock, (self._folder / "journal").open("ab") as journal:
            journal.write(items.tobytes())
            journal.flush()
            os.fsync(journal.fileno())

    def close(self, now: datetime, signer: Signer) -> dict[str, str]:
        """Put what was taken into the pages, sign the new head, and return its envelope. One at a time."""
        closing, journal = self._folder / "closing", self._folder / "journal"
        with self._lock:
            if not closing.exists() and journal.exists():
                journal.replace(closing)
        table = self._table.copy()
        if closing.exists():
            self._put(closing, table)
        levels = levels_of(self._leaves(table))
        said = {
            "cycle": self._cycle + 1,
            "at": now.isoformat(timespec="seconds"),
            "buckets": len(table),
            "root": levels[-1][0].hex(),
        }
        head = signer.put(b"head", said)
        old = [(bucket, int(row["generation"])) for bucket, row in self._rewritten(table)]
        self._save(table, head)
        with self._lock:
            self.head, self._cycle, self._table, self._levels = head, self._cycle + 1, table, levels
        closing.unlink(missing_ok=True)
        for bucket, generation in old:
            self._file(bucket, generation).unlink(missing_ok=True)
        return head

    def _put(self, closing: Path, table: Any) -> None:
        """Append the items of a journal to their pages, and the frames' digests to the table."""
        changed: set[int] = set()
        whole = closing.stat().st_size // ITEM.itemsize  # a batch that was cut off by a power cut was not answered
        items = np.memmap(closing, ITEM, "r", shape=(whole,)) if whole else np.empty(0, ITEM)
        for begin in range(0, whole, _ITEMS_AT_A_TIME):
            part = np.array(items[begin : begin + _ITEMS_AT_A_TIME])
            part = part[np.argsort(part["bucket"], kind="stable")]
            buckets, begins = np.unique(part["bucket"], return_index=True)
            ends = [*begins[1:], len(part)]
            for bucket, one, other in zip(buckets.tolist(), begins, ends, strict=True):
                self._append(table, bucket, part["record"][one:other])
                changed.add(bucket)
        for bucket in sorted(changed):
            self._write_anew(table, bucket)
        for bucket in changed:
            settle(self._file(bucket, int(table[bucket]["generation"])))

    def _append(self, table: Any, bucket: int, records: Any) -> None:
        row = table[bucket]
        frame = len(records).to_bytes(_COUNT_BYTES) + records.tobytes()
        path = self._file(bucket, int(row["generation"]))
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.seek(int(row["size"]))
            file.write(frame)
        table[bucket]["digest"] = np.void(_chained(row["digest"].tobytes(), frame))
        table[bucket]["size"] += len(frame)
        table[bucket]["records"] += len(records)

    def _write_anew(self, table: Any, bucket: int) -> None:
        """Leave out what is no longer in force, once half of the page was added since this was last tried."""
        row = table[bucket]
        if int(row["records"]) * 2 <= int(row["written_anew"]) * 3 + _FEW_RECORDS * 2:
            return
        table[bucket]["written_anew"] = row["records"]
        with self._file(bucket, int(row["generation"])).open("rb") as file:
            rows, _ = Page(0, file.read(int(row["size"])), ()).read()
        kept = live(rows)
        if len(kept) * 3 > len(rows) * 2:
            return
        table[bucket]["generation"] += 1
        for name, value in (("size", 0), ("records", 0), ("digest", np.void(bytes(32))), ("written_anew", len(kept))):
            table[bucket][name] = value
        self._append(table, bucket, kept.view(f"V{RECORD_BYTES}").reshape(-1))

    def _rewritten(self, table: Any) -> Iterator[tuple[int, Any]]:
        """Yield the rows, as they were, of pages that have a new file now."""
        for bucket in np.flatnonzero(self._table["generation"] != table["generation"]).tolist():
            yield bucket, self._table[bucket]

    def _save(self, table: Any, head: dict[str, str]) -> None:
        """Write table and head: the head last, for it is what says that a cycle has ended."""
        written = io.BytesIO()
        np.save(written, table)
        with written_beside(self._table_of(self._cycle + 1), lasting=True) as beside:
            beside.write_bytes(written.getvalue())
        with written_beside(self._folder / "head.json", lasting=True) as beside:
            beside.write_text(json.dumps(head), encoding="utf-8")
        self._table_of(self._cycle).unlink(missing_ok=True)

    def _cut_back(self) -> None:
        """Undo what a cycle that did not end has written."""
        for path in (self._folder / "pages").iterdir():
            bucket, _, generation = path.name.partition(".")
            row = self._table[int(bucket)]
            if int(generation) != int(row["generation"]) or not int(row["size"]):
                path.unlink()
            elif path.stat().st_size > int(row["size"]):
                os.truncate(path, int(row["size"]))

    def _table_of(self, cycle: int) -> Path:
        return self._folder / f"table-{cycle}.npy"

    def _file(self, bucket: int, generation: int) -> Path:
        return self._folder / "pages" / f"{bucket}.{generation}"

    @staticmethod
    def _leaves(table: Any) -> list[bytes]:
        sizes, digests = table["size"].tolist(), table["digest"].tobytes()
        return [leaf(at, size, digests[at * 32 : at * 32 + 32]) for at, size in enumerate(sizes)]


def _chained(digest: bytes, frame: bytes | memoryview) -> bytes:
    return hashlib.sha256(digest + hashlib.sha256(frame).digest()).digest()


assert HANDLE_BYTES * 20 == RECORD_BYTES  # noqa: S101 - what `Words` and `live` count on
