"""What the cross-lender inquiry costs: publishing, looking up over loopback, the key holder over its library, bytes.

python -m bench.inquiry --entries 20000000 --lenders 2000 --clients 64 --json

A hub and a key holder run as their operators run them. Some thousand people are published with all the cryptography
there is, and looked up; the rest of the entries are published as random bytes, which to the hub are the same.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench import keep
from duecourse.cli_inquiry import now
from duecourse.inquiry import charter as charters
from duecourse.inquiry import group, oprf
from duecourse.inquiry.charter import Charter
from duecourse.inquiry.client import Reader
from duecourse.inquiry.credentials import Certificate, vouch
from duecourse.inquiry.entry import RECORD_BYTES, Entry, Status
from duecourse.inquiry.holder import keys_of
from duecourse.inquiry.hub import MOST_ITEMS, SENT, SEQUENCE_BYTES
from duecourse.inquiry.publisher import Publisher
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller, Http, answered

ENTRIES_EACH: Final = 3  # loans of one person, on average and for everybody who is looked up
_CYCLE_ENTRIES: Final = 2_000_000  # that one cycle puts into pages while the store is filled
_PROCESSES: Final = 4
_ASKERS: Final = 16
_ROUNDS: Final = 5


def _seed(name: str) -> bytes:
    return name.encode().ljust(32, b".")


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


@dataclass(frozen=True)
class Place:
    """Where the parties run, with the charter that they all have."""

    folder: Path
    charter: Charter
    hub: str
    holder: str

    def caller(self, lender: int) -> Caller:
        """Return a lender as one who asks."""
        return Caller(Signer.of(_seed(f"lender {lender}")))

    def client(self, number: int) -> Caller:
        """Return a borrower's client."""
        signer = Signer.of(_seed(f"client {number}"))
        until = now() + timedelta(days=1)
        certificate = Certificate(client=signer.public, jurisdiction="CN", until_at=until)
        return Caller(signer, vouch(Signer.of(_seed("checker")), certificate))

    def reader(self, caller: Caller) -> Reader:
        """Return one who asks, over connections of its own."""
        return Reader(self.charter, Http(self.hub), Http(self.holder), caller)

    def close(self) -> float:  # float: seconds of a measurement
        """End the hub's cycle; how long it took."""
        begun = time.perf_counter()
        headers = Caller(Signer.of(_seed("operator"))).headers("/close", b"", now())
        answered(Http(self.hub).ask("POST", "/close", b"", headers))
        return time.perf_counter() - begun


def _charter(path: Path, lenders: int, entries: int) -> Charter:
    """Write and sign a charter for so many lenders, and for as many people as so many entries have."""
    address, opening = keys_of(_seed("holder"))
    lines = [
        "from_on = 2026-01-01", "until_on = 2036-12-31", f"people = {max(1, entries // ENTRIES_EACH)}",
        f'hub_key = "{Signer.of(_seed("hub")).public}"', f'address_key = "{address.public.hex()}"',
        f'opening_key = "{opening.public.hex()}"', "[limits]", "client_a_day = 1000000000",
        "checker_a_day = 1000000000", "lender_a_day = 1000000000", "[[checkers]]", 'name = "Portal"',
        f'key = "{Signer.of(_seed("checker")).public}"', "[[bases]]", 'jurisdiction = "CN"',
        'basis = "Made up for a measurement, and of no country."', 'named_by = "Nobody"', "named_on = 2026-01-01",
        'purposes = ["own_view"]',
    ]  # fmt: skip
    for number in range(1, lenders + 1):
        key = Signer.of(_seed(f"lender {number}")).public
        lines += ["[[lenders]]", f"number = {number}", f'name = "Lender {number}"', f'key = "{key}"']
        lines += ['jurisdiction = "CN"', f'licence = "L-{number}"', 'contact = "disputes@example.com"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return charters.sign(path, Signer.of(_seed("operator")))


@contextmanager
def _parties(lenders: int, entries: int) -> Iterator[Place]:
    """Run a hub and a key holder until the block ends."""
    with tempfile.TemporaryDirectory(prefix="inquiry-") as name:
        folder, ports = Path(name), (_port(), _port())
        charter = _charter(folder / "charter.toml", lenders, entries)
        holder = f"http://127.0.0.1:{ports[1]}"
        common = ["--charter", str(folder / "charter.toml"), "--operator", Signer.of(_seed("operator")).public]
        started = []
        for party, port, more in (
            ("holder", ports[1], ["--workers", str(_PROCESSES)]),
            ("hub", ports[0], ["--holder", holder, "--cycle-seconds", "86400"]),
        ):
            command = [sys.executable, "-m", "duecourse.cli", "inquiry", party, str(folder / party), *common]
            environ = os.environ | {"DUECOURSE_INQUIRY_SEED": _seed(party).hex()}
            started.append(subprocess.Popen([*command, "--bind", f"127.0.0.1:{port}", *more], env=environ))
            _await(port)
        try:
            yield Place(folder, charter, f"http://127.0.0.1:{ports[0]}", holder)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(timeout=30)


def _await(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"bench: nothing listens at {port}")


# --- publishing ----------------------------------------------------------------------------------------------


def _identity(number: int) -> bytes:
    return f"person {number}".encode()


def _entry(lender: int, number: int) -> Entry:
    return Entry(
        lender=lender, reference=f"…{number % 10_000:04}", as_of=now(), currency="CNY", contractual=100_000 + number,
        enforceable=90_000, per_day=40, monthly=9_000, late_since=date(2026, 10, 1), days_past_due=30,
        status=Status.LATE, expires_on=date(2036, 12, 31), cap="cn.cap", contact="disputes@example.com",
    )  # fmt: skip


def _publish_real(place: Place, lender: int, people: range, sequence: int) -> tuple[float, float, float]:
    """Publish people of one lender. Seconds: evaluating the identities, sealing, and sending."""  # float: seconds
    reader = place.reader(place.caller(lender))
    publisher = Publisher(place.charter, lender, _seed(f"lender {lender}"), Http(place.hub), place.caller(lender))
    marks = [time.perf_counter()]
    parties = []
    for begin in range(people.start, people.stop, 512):
        batch = [_identity(number) for number in people[begin - people.start :][:512]]
        parties += reader.people(batch, now())
    marks.append(time.perf_counter())
    items = [
        publisher.item(f"loan {number}", _entry(lender, number), person)
        for number, person in zip(people, parties, strict=True)
    ]
    marks.append(time.perf_counter())
    publisher.send(items, sequence, now())
    marks.append(time.perf_counter())
    return marks[1] - marks[0], marks[2] - marks[1], marks[3] - marks[2]


def _fill(place: Place, lender: int, count: int, sequence: int) -> None:
    """Publish so many entries of random bytes as a lender: to the hub they are entries."""
    caller, hub = place.caller(lender), Http(place.hub)
    dice = np.random.default_rng(lender * 1_000 + sequence)
    for begin in range(0, count, MOST_ITEMS):
        size = min(MOST_ITEMS, count - begin)
        sent = np.frombuffer(dice.bytes(size * SENT.itemsize), SENT).copy()
        sent["bucket"] = dice.integers(0, place.charter.buckets, size)
        sequence += 1
        body = sequence.to_bytes(SEQUENCE_BYTES) + sent.tobytes()
        answered(hub.ask("POST", "/publish", body, caller.headers("/publish", body, now())))


# --- looking up ----------------------------------------------------------------------------------------------


def _look_ups(
    place: Place, number: int, people: int, seconds: float, pause: float, go: Any, out: Any
) -> None:  # float: seconds
    """Be one client in a process of its own: one look-up after another, or with pauses of random length between."""
    reader, dice = place.reader(place.client(number)), random.Random(number)  # noqa: S311 - who is looked up in a measurement
    reader.look_up(_identity(dice.randrange(people)), now())  # the connections and the head
    go.wait()
    millis, sizes, end = [], [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        time.sleep(dice.random() * 2 * pause)
        begun = time.perf_counter()
        found = reader.look_up(_identity(dice.randrange(people)), now())
        millis.append((time.perf_counter() - begun) * 1_000)
        sizes.append(found.bytes_sent + found.bytes_received)
        if len(found.seen) != ENTRIES_EACH or any(each.failed for each in found.seen):
            out.put("bench: a look-up found other than what was published")
            return
    out.put((millis, sizes))


def _in_processes(target: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Run a function in processes that begin together, and return what they put into the queue at the end."""
    context = multiprocessing.get_context("spawn")
    out, go = context.Queue(), context.Barrier(len(arguments))
    running = [context.Process(target=target, args=(*each, go, out)) for each in arguments]
    for process in running:
        process.start()
    found = [out.get(timeout=600) for _ in running]
    for process in running:
        process.join()
    if wrong := [each for each in found if isinstance(each, str)]:
        sys.exit(wrong[0])
    return found


def _looked_up(
    place: Place, clients: int, people: int, seconds: float, pause: float
) -> dict[str, Any]:  # float: seconds
    found = _in_processes(_look_ups, [(place, number, people, seconds, pause) for number in range(clients)])
    millis = sorted(each for part, _ in found for each in part)
    return {
        "per_second": round_to(len(millis) / seconds, 1),
        "p50_ms": round_to(statistics.median(millis), 1),
        "p99_ms": round_to(millis[math.ceil(len(millis) * 0.99) - 1], 1),
        "bytes": statistics.median_low([size for _, part in found for size in part]),
    }


# --- the key holder ------------------------------------------------------------------------------------------


def _raw(seconds: float, go: Any, out: Any) -> None:  # float: seconds
    """Multiply points by scalars with the library and nothing else; put how many in a second."""
    scalar, point = group.random_scalar(), group.times_base(group.random_scalar())
    go.wait()
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for _ in range(100):
            group.times(scalar, point)
        count += 100
    out.put(count / (time.perf_counter() - begun))


def _evaluations(place: Place, lender: int, batch: int, seconds: float, go: Any, out: Any) -> None:  # float: seconds
    """Ask for evaluations with a proof, whose own work is not counted: the elements are made before."""
    holder, caller = Http(place.holder), place.caller(lender)
    body = b"".join(oprf.blind(secrets.token_bytes(16)).element for _ in range(batch))
    answered(holder.ask("POST", "/evaluate", body, caller.headers("/evaluate", body, now())))
    go.wait()
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        answered(holder.ask("POST", "/evaluate", body, caller.headers("/evaluate", body, now())))
        count += batch
    out.put(count / (time.perf_counter() - begun))


def _key_holder(place: Place, seconds: float) -> dict[str, Any]:  # float: seconds
    """Scalar multiplications in a second: the library alone, and the key holder that serves lenders and clients.

    With its proof a batch of n elements is 2n + 3: n to evaluate, n for the sum, one for what becomes of the sum, and
    two for the proof. The median of five, each beside the library's own of the same moment.
    """
    result: dict[str, Any] = {"library_per_second_one_process": int(*_in_processes(_raw, [(seconds,)]))}
    for batch in (1, 16, 1_024):
        shares, rates = [], []
        for _ in range(_ROUNDS):
            library = sum(_in_processes(_raw, [(seconds,)] * _PROCESSES))
            rates.append(sum(_in_processes(_evaluations, [(place, 1 + at, batch, seconds) for at in range(_ASKERS)])))
            shares.append(rates[-1] / batch * (2 * batch + 3) / library)
        result[f"batches_of_{batch}"] = {
            "evaluations_per_second": int(statistics.median(rates)),
            "multiplications_over_library": round_to(statistics.median(shares), 2),
            "from_to": [round_to(min(shares), 2), round_to(max(shares), 2)],
        }
    return result


def round_to(value: float, places: int) -> float:  # float: a figure that is shown
    """Return a measured figure with so many places, for people to read."""
    return float(f"{value:.{places}f}")


# --- all of it -----------------------------------------------------------------------------------------------


def measure(entries: int, lenders: int, clients: int, people: int, seconds: float) -> dict[str, Any]:  # float: seconds
    """Fill a hub with a tenth of the entries, and another with all of them: each with as many buckets as it needs."""
    with _parties(lenders, entries // 10) as place:
        key_holder = _key_holder(place, seconds / 5)
    sizes = [_measured(size, lenders, clients, people, seconds) for size in (entries // 10, entries)]
    return {"lenders": lenders, "clients": clients, "key_holder": key_holder, "sizes": sizes}


def _measured(
    entries: int, lenders: int, clients: int, people: int, seconds: float
) -> dict[str, Any]:  # float: seconds
    result: dict[str, Any] = {"entries": entries}
    with _parties(lenders, entries) as place:
        spent = [_publish_real(place, 1 + number, range(people), 1) for number in range(ENTRIES_EACH)]
        parts = [sum(each) for each in zip(*spent, strict=True)]
        result["publish"] = {
            "new_per_second": int(people * ENTRIES_EACH / sum(parts)),
            "changed_per_second": int(people * ENTRIES_EACH / (parts[1] + parts[2])),
            "share": {
                name: round_to(part / sum(parts), 2)
                for name, part in zip(("evaluate", "seal", "send"), parts, strict=True)
            },
        }
        published, cycles, taken = people * ENTRIES_EACH, [], []
        while published < entries:
            count = min(_CYCLE_ENTRIES, entries - published)
            taken.append(count / _filled(place, lenders, count, published))
            cycles.append(count / place.close())
            published += count
        result |= _size(place) | {
            "taken_per_second": int(statistics.median(taken)), "into_pages_per_second": int(statistics.median(cycles))
        }  # fmt: skip
        for name, pause in (("without_pause", 0.0), ("each_a_second", 1.0)):  # float: seconds
            result[name] = _looked_up(place, clients, people, seconds, pause)
        _filled(place, lenders, published // 100, published)
        result["cycle_of_a_hundredth_seconds"] = round_to(place.close(), 1)
    return result


def _filled(place: Place, lenders: int, count: int, sequence: int) -> float:  # float: seconds
    """Publish so many entries of random bytes, spread over the lenders; how long it took."""
    begun = time.perf_counter()
    each, over = divmod(count, lenders)
    for lender in range(1, lenders + 1):
        if size := each + (lender <= over):
            _fill(place, lender, size, sequence + 2)
    return time.perf_counter() - begun


def _size(place: Place) -> dict[str, Any]:
    disk = sum(path.stat().st_size for path in (place.folder / "hub" / "pages").iterdir())
    records = disk // RECORD_BYTES  # down: what is left are the counts of frames
    return {
        "buckets": place.charter.buckets,
        "bytes_on_disk": disk,
        "bytes_per_entry": round_to(disk / records, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000_000)
    parser.add_argument("--lenders", type=int, default=2_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--people", type=int, default=2_000, help="published and looked up with all the cryptography")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=date.fromisoformat, metavar="DAY")
    given = parser.parse_args(arguments)
    result = measure(given.entries, given.lenders, given.clients, given.people, given.seconds)
    keep.keep("inquiry", given.keep, result)
    print(json.dumps(result) if given.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
