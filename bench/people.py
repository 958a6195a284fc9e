"""Loading people over a bare COPY of rows of the same size: `python -m bench.people --people 1000000 --json`.

Every person has a name and two contact points. The floor writes rows as long as the sealed ones into the same tables of
the same server, in one transaction too; making those rows is not counted. Each in a process of its own.

    filled(place, count, folder)      fills an empty store through the loader, for other benches
"""

import argparse
import json
import os
import resource
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.keep import keep, versions
from bench.night import alone, middle, spread
from duecourse.store import orm
from duecourse.store.loading import copying
from duecourse.store.loading.load import Loaded, load_people
from duecourse.store.place import Place
from duecourse.store.server import APP, OWNER

_MAPPING: Final = """
[load]
zone = "Europe/Berlin"
country = "DE"
[people.all]
from = "people.csv"
[people.all.columns]
borrower_id = "borrower"
name = "name"
phones = "phone"
emails = "email"
language = "'de'"
zones = "'Europe/Berlin'"
"""
_ROWS: Final = 20_000  # at a time
_SEALED: Final = 29  # bytes that sealing adds
VERSIONS: Final = ("duecourse", "psycopg", "cryptography", "phonenumbers", "email-validator")


def name_of(number: int) -> str:
    """Return the made-up name of a borrower."""
    return f"Vorname{number % 997} Nachname{number}"


def phone_of(number: int) -> str:
    """Return a mobile number as it is written at home; it may be somebody's, so nothing is ever sent to it."""
    return f"0151 1{number % 10_000_000:07d}"


def email_of(number: int) -> str:
    """Return a mailbox that cannot be anybody's."""
    return f"person{number}@mail{number % 50}.example.org"


def borrower_of(number: int) -> str:
    """Return the id of a borrower, as `filled` writes it."""
    return f"B{number:08d}"


def write_files(folder: Path, count: int) -> Path:
    """Write the files of some people and their mapping; return the mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "people.csv").open("w", encoding="utf-8") as file:
        file.write("borrower,name,phone,email\n")
        file.writelines(
            f"{borrower_of(number)},{name_of(number)},{phone_of(number)},{email_of(number)}\n"
            for number in range(1, count + 1)
        )
    mapping = folder / "people.toml"
    mapping.write_text(_MAPPING, encoding="utf-8")
    return mapping


def filled(place: Place, count: int, folder: Path, workers: int | None = None) -> Loaded:
    """Load that many borrowers, B00000001 and on, into a store that has its tables and keys; files go to `folder`."""
    return load_people(place, write_files(folder, count), None, folder / "quarantine.jsonl", workers=workers)


def emptied(place: Place) -> None:
    """Take all people out of a store of the bench."""
    with psycopg.connect(place.url(OWNER), autocommit=True) as connection:
        connection.execute("TRUNCATE borrower RESTART IDENTITY CASCADE")


def floor(place: Place, count: int) -> float:  # float: seconds
    """Write rows of the same size, and return how long that took; people are numbered as by `filled`."""
    tables = (
        ("COPY borrower (id, borrower_id, language, zones) FROM STDIN (FORMAT binary)", _borrowers),
        (
            "COPY person (id, borrower_id, person_id, relation, name, key_id, wrapped_key) FROM STDIN (FORMAT binary)",
            _people,
        ),
        ("COPY contact_point (id, person_id, kind, value, blind) FROM STDIN (FORMAT binary)", _points),
    )
    took = 0
    with psycopg.connect(place.url(APP)) as connection:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement, rows_of in tables:
            begun = time.perf_counter_ns()
            with connection.cursor().copy(statement.encode()) as copy:
                copy.write(copying.HEAD)
                for first in range(1, count + 1, _ROWS):
                    making = time.perf_counter_ns()
                    rows = b"".join(rows_of(range(first, min(first + _ROWS, count + 1))))
                    took -= time.perf_counter_ns() - making
                    copy.write(rows)
                copy.write(copying.TAIL)
            took += time.perf_counter_ns() - begun
        begun = time.perf_counter_ns()
        connection.commit()
    return (took + time.perf_counter_ns() - begun) / 1e9  # float: seconds


def _borrowers(numbers: range) -> Iterator[bytes]:
    for number in numbers:
        borrower = borrower_of(number).encode()
        yield copying.row(copying.number(number), borrower, b"de", copying.texts(["Europe/Berlin"]))


def _people(numbers: range) -> Iterator[bytes]:
    for number in numbers:
        borrower, own = borrower_of(number).encode(), copying.number(number)
        name = os.urandom(_SEALED + len(name_of(number)))
        yield copying.row(own, own, borrower, b"borrower", name, b"0123abcd", os.urandom(_SEALED + 32))


def _points(numbers: range) -> Iterator[bytes]:
    for number in numbers:
        for position, (kind, length) in enumerate(((b"phone", 14), (b"email", len(email_of(number))))):
            own = copying.number(2 * number - position)
            value, blind = os.urandom(_SEALED + length), secrets.token_bytes(16)
            yield copying.row(own, copying.number(number), kind, value, blind)


def once(what: str, place: Place, count: int, folder: Path, workers: int | None) -> dict[str, Any]:
    """Do one of `load`, `again` and `floor`, and say how long it took and how much memory it had."""
    if what == "floor":
        return {"seconds": floor(place, count)}
    mapping = folder / "people.toml"
    begun = time.perf_counter()
    loaded = load_people(place, mapping, None, folder / "quarantine.jsonl", workers=workers)
    seconds = time.perf_counter() - begun
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts kilobytes, macOS bytes
    peaks = {
        name: resource.getrusage(who).ru_maxrss * unit
        for name, who in (
            ("peak_rss_bytes", resource.RUSAGE_SELF),
            ("peak_rss_bytes_of_a_worker", resource.RUSAGE_CHILDREN),
        )
    }
    expected = "unchanged" if what == "again" else "added"
    if loaded.counts["people"][expected] != count or loaded.quarantined:
        raise SystemExit(f"not {count} people {expected}: {loaded}")
    return {"seconds": seconds, **peaks}


def measured(place: Place, count: int, runs: int, folder: Path, workers: int | None) -> dict[str, Any]:
    """Run floor and load in turn, in an emptied store, and at last the same load again."""
    write_files(folder, count)
    found: dict[str, list[dict[str, Any]]] = {"floor": [], "load": [], "again": []}
    for _ in range(runs):
        for what, runs_of in found.items():
            if what != "again":
                emptied(place)
            more = () if workers is None else ("--workers", workers)
            runs_of.append(alone("-m", "bench.people", "--once", what, "--folder", folder, "--people", count, *more))
    seconds = {what: middle(of) or 0 for what, of in found.items()}
    return {
        "people": count,
        "seconds": seconds["load"],
        "people_per_second": int(count / (seconds["load"] or 1)),
        "floor_seconds": seconds["floor"],
        "ratio": round(seconds["load"] / (seconds["floor"] or 1), 2),
        "again_seconds": seconds["again"],
        "peak_rss_bytes": middle(found["load"], "peak_rss_bytes"),
        "peak_rss_bytes_of_a_worker": middle(found["load"], "peak_rss_bytes_of_a_worker"),
        "runs": {what: spread(of) for what, of in found.items()},
        "versions": versions(*VERSIONS),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, help="processes that seal")
    parser.add_argument("--folder", type=Path, default=Path("out/bench/people"))
    parser.add_argument(
        "--once", choices=("load", "again", "floor"), help="one of them alone, into a store that is there"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=date.fromisoformat, metavar="DAY", help="keep the result, as of this day (UTC)")
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    place = Place(folder / "store", None, folder / "store" / "keys.json")
    if given.once:
        found = once(given.once, place, given.people, folder, given.workers)
        sys.stdout.write(json.dumps(found) + "\n")
        return
    place.make_keys()
    place.server.start()
    try:
        orm.migrate(place)
        found = measured(place, given.people, given.runs, folder, given.workers)
    finally:
        place.server.stop()
    keep("people", given.keep, found)
    line = f"ratio {found['ratio']}   {found['seconds']} s over {found['floor_seconds']} s of COPY alone"
    sys.stdout.write((json.dumps(found, indent=1) if given.json else line) + "\n")


if __name__ == "__main__":
    main()
