"""Claim packs for thousands of loans: `python -m bench.packs --json`, a store of its own each time.

Half of the borrowers live in China (three papers each: complaint, exhibits, payment order), half in California (one).
What is timed is `pack` from the decided endings to the last folder: judged again, moved, set, hashed and written.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg

from bench.gate_store import ON, fill
from duecourse.endings.batches import Order, decide
from duecourse.endings.many import Office
from duecourse.endings.moving import Who
from duecourse.endings.suit.evidence import Documents
from duecourse.endings.suit.packing import Job, pack
from duecourse.endings.suit.settings import read
from duecourse.law.kept import law_of, users_folder
from duecourse.night import facts
from duecourse.store import orm, staff
from duecourse.store.bound import point_place, whose
from duecourse.store.endings import Kind
from duecourse.store.keys import Keyring, Wrapped, seal
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from duecourse.strategy.load import load

_AT: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
_KINDS: Final = {
    1: ("contract", "payout_proof", "identity", "service_address"),
    0: ("contract", "payout_proof", "account_records", "assignment"),
}
"""What the lender supplies, by whether a number is odd: those live in China and owe the lender."""
_SETTINGS: Final = Path(__file__).parents[1] / "examples" / "suit.toml"


def add_addresses(place: Place) -> None:
    """Give every person of a store of `bench.gate_store` an address, and those of China a name in Chinese."""
    ring = Keyring.read(place.keys)
    with psycopg.connect(place.server.url(ADMIN)) as admin, admin.cursor() as cursor:
        rows = cursor.execute("SELECT id, person_id, key_id, wrapped_key FROM person ORDER BY id").fetchall()
        points, names = [], []
        for number, name, key_id, wrapped in rows:
            key = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose(name, name))
            home = (
                f"{number} Main Street\nOakland, CA 94607" if number % 2 == 0 else f"浙江省杭州市西湖区文三路{number}号"
            )
            point = len(rows) + number
            sealed = seal(key, home, point_place("address", point))
            points.append((point, number, "address", sealed, ring.blind("address", home)))
            if number % 2:
                names.append((seal(key, "张镕喆", f"person.name.{number}"), number))
        with cursor.copy("COPY contact_point (id, person_id, kind, value, blind) FROM STDIN") as copy:
            for row in points:
                copy.write_row(row)
        cursor.executemany("UPDATE person SET name = %s WHERE id = %s", names)
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('contact_point', 'id'), (SELECT max(id) FROM contact_point))"
        )


def supply(folder: Path, numbers: Iterable[int]) -> Path:
    """Write the documents of loans, one folder for each; return the folder of all."""
    for number in numbers:
        home = folder / f"L{number}"
        home.mkdir(parents=True)
        for kind in _KINDS[number % 2]:
            (home / f"{kind}.pdf").write_bytes(f"%PDF-1.7 {kind} of loan L{number}\n".encode())
    return folder


def timed(borrowers: int, workers: int) -> dict[str, float | int]:
    """Pack the loans of so many borrowers in a new store, and say how long it took."""
    folder = Path(tempfile.mkdtemp(prefix="packs-"))
    place = Place(folder / "store", None, folder / "store" / "keys.json")
    try:
        (folder / "store").mkdir()
        place.make_keys()
        place.server.start()
        orm.migrate(place)
        orm.connect(place)
        fill(place, borrowers)
        add_addresses(place)
        documents = Documents.of(supply(folder / "documents", range(1, borrowers + 1)))
        staff.add("admin", "administrator", by=None, at=_AT)
        staff.add("boss", "supervisor", by="admin", at=_AT)
        office, who = Office(place, load(None, facts.CATALOGUE.kinds), law_of((), users_folder())), Who("boss", _AT, ON)
        with office.opened() as opened:
            wanted = opened.deciding.wanted([f"L{number}" for number in range(1, borrowers + 1)])
        started = time.monotonic()
        decided = sum(one.is_done for one in decide(office, Order(Kind.SUIT, who), wanted, workers))
        between = time.monotonic()
        packed = pack(office, Job("bench", folder / "packs", read(_SETTINGS), documents), who, (), workers)
        ended = time.monotonic()
        return {
            "borrowers": borrowers, "decided": decided, "packed": sum(one.is_written for one in packed),
            "workers": workers, "decide_seconds": between - started, "pack_seconds": ended - between,
        }  # fmt: skip
    finally:
        place.server.stop()
        shutil.rmtree(folder)


def main() -> None:
    """Time it, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--borrowers", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = timed(args.borrowers, args.workers)
    sys.stdout.write(json.dumps(found) if args.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
