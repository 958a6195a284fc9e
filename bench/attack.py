"""The day under attack: `python -m bench.attack --attempts 200000 --workers 32 --borrowers 500 --json`.

Workers ask the gate for messages to few borrowers, others send them to a real mail server and a real message centre,
and others bring holds, opt-outs, payments and reversals; workers and the database server are killed and started again,
and the clock jumps. Then everything is counted anew (bench.attack_recount): each figure of `wrong` must be 0.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ctypes import c_int64
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray, RawValue
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg

from bench.attack_receive import Receivers
from bench.attack_recount import recounted
from bench.attack_work import BEGUN, CHANNELS, PLANNED, Field, Shared, worked
from bench.gate_store import ON, fill
from bench.keep import keep
from duecourse.day.dispatch import HELD, lost
from duecourse.day.release import expire
from duecourse.law.house import with_house
from duecourse.ledger.positions import compile_ledger
from duecourse.night import facts
from duecourse.store import orm
from duecourse.store.audit.seals import Seals
from duecourse.store.bound import point_place, whose
from duecourse.store.keys import Keyring, Wrapped, seal
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from duecourse.strategy.load import load as load_strategy

HOUSE: Final = Path(__file__).with_name("attack_house.yaml")
_LOOK: Final = 0.5  # seconds between two looks of the attacker  # float: seconds
_JUMPS: Final = (-240, 660)  # seconds of a jump of the clock
_DAY: Final = 9_000  # seconds of a day that are used: in both zones they lie within the hours of contact
_ENDING: Final = 30  # seconds in which a worker must come to its end
_PLANS: Final = """
INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, purpose, demands, required, loans)
SELECT %s, b, 'contact', (%s::text[])[p %% 2 + 1], 'attack_' || p, 'collection', true, false, ARRAY['L' || b]
FROM generate_series(1, %s) b, generate_series(0, %s) p ORDER BY b, p"""


@dataclass(frozen=True)
class Plan:
    """What is attacked, and how: how many kill a worker, or the server, in a minute."""

    attempts: int
    workers: int
    borrowers: int
    seed: str
    folder: Path
    minutes: int
    worker_kills: int = 20
    server_kills: int = 3


class Crew:
    """The workers, started again when they end, and killed at random."""

    def __init__(self, field: Field, plan: Plan, chance: Random) -> None:
        """Start all: those who decide, then those who send (by turns of channel), then those who bring facts."""
        more = max(1, plan.workers // 6)  # down
        self.roles = ["decides"] * plan.workers + ["sends"] * (2 * more) + ["tells"] * more  # down
        self.field, self.chance, self.counts = field, chance, Counter[str]()
        self._context = multiprocessing.get_context("fork")
        self._lives = [0] * len(self.roles)
        self.processes: list[BaseProcess] = [self._started(number) for number in range(len(self.roles))]

    def _started(self, number: int) -> BaseProcess:
        self._lives[number] += 1
        process = self._context.Process(
            target=worked, args=(self.field, number, self._lives[number], self.roles[number]), daemon=True
        )
        process.start()
        return process

    def kill_one(self) -> None:
        """Kill one worker at random."""
        self.processes[self.chance.randrange(len(self.processes))].kill()
        self.counts["workers_killed"] += 1

    def kill(self, role: str) -> None:
        """Kill all who play a role: those started again have what was compiled meanwhile."""
        for process, plays in zip(self.processes, self.roles, strict=True):
            if plays == role:
                process.kill()
                self.counts["workers_killed"] += 1

    def tend(self) -> None:
        """Start those again who have ended."""
        for number, process in enumerate(self.processes):
            if not process.is_alive():
                process.join()
                self.counts["workers_crashed"] += process.exitcode != -signal.SIGKILL
                self.processes[number] = self._started(number)

    def end(self) -> None:
        """Let all come to their end; who does not is killed."""
        self.field.shared.is_over.value = 1
        until = time.monotonic() + _ENDING
        for process in self.processes:
            process.join(max(0, until - time.monotonic()))
            self.counts["workers_stuck"] += process.is_alive()
            process.kill()
            process.join()


class Attack:
    """Who moves the clock, and kills."""

    def __init__(self, plan: Plan, crew: Crew, chance: Random) -> None:
        """Plan the first deeds."""
        self._plan, self._crew, self._chance = plan, crew, chance
        self._shared = crew.field.shared
        self._server = crew.field.place.server
        self._next = dict.fromkeys(("worker", "server", "jump"), time.monotonic() + 3)

    def run(self) -> None:
        """Attack until there were enough attempts, or the time is over."""
        until = time.monotonic() + self._plan.minutes * 60
        while sum(self._shared.done) < self._plan.attempts and time.monotonic() < until:
            time.sleep(_LOOK)
            self._crew.tend()
            self._jump_when_due()
            if self._is_due("worker", 60 / self._plan.worker_kills):
                self._crew.kill_one()
            if self._is_due("server", 60 / self._plan.server_kills):
                self._kill_server()

    def _is_due(self, what: str, seconds: float) -> bool:  # float: seconds
        if time.monotonic() < self._next[what]:
            return False
        self._next[what] = time.monotonic() + self._chance.uniform(seconds / 2, seconds * 3 / 2)
        return True

    def _jump_when_due(self) -> None:
        """Let the clock jump by minutes, on the whole ahead; from the evening to the next day's morning."""
        if not self._is_due("jump", 4):
            return
        self._shared.offset.value += self._chance.randint(*_JUMPS)
        passed = (self._shared.now(0) - BEGUN) % timedelta(days=1)
        if timedelta(seconds=_DAY) < passed:
            self._crew.kill("decides")
            self._shared.offset.value += int((timedelta(days=1) - passed).total_seconds())
        self._crew.counts["clock_jumps"] += 1

    def _kill_server(self) -> None:
        """Kill the server, or one of its processes, on which it ends all others; then have it started."""
        data = self._server.seat.data
        main = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        kind = self._chance.choice(("server", "process"))
        victims = [main]
        if kind == "process":
            victims = [int(word) for word in Path(f"/proc/{main}/task/{main}/children").read_text().split()] or victims
        with suppress(ProcessLookupError):
            os.kill(self._chance.choice(victims), signal.SIGKILL)
        self._crew.counts[f"{kind}_of_database_killed"] += 1
        self._server.start()


@contextmanager
def stored(folder: Path, borrowers: int) -> Iterator[Place]:
    """Give a store with borrowers that can be written to, in a folder of its own, which goes afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="attack-", dir=folder))
    scratch.chmod(0o755)  # the server's account passes through
    place = Place(scratch / "store", None, scratch / "keys.json")
    try:
        place.server.start()
        orm.migrate(place)
        place.make_keys()
        fill(place, borrowers)
        _prepare(place, borrowers)
        yield place
    finally:
        if place.server.is_made:
            place.server.stop()
        shutil.rmtree(scratch, ignore_errors=True)


def attacked(plan: Plan) -> dict[str, Any]:
    """Make a store, attack it, and count."""
    with stored(plan.folder, plan.borrowers) as place:
        return _attacked(plan, place, place.folder.parent)


def _attacked(plan: Plan, place: Place, scratch: Path) -> dict[str, Any]:
    compile_ledger()
    law, strategy = with_house(HOUSE), load_strategy(None, facts.CATALOGUE.kinds)
    receivers = Receivers(scratch, plan.seed)
    shared = Shared(RawValue(c_int64, 0), RawValue(c_int64, 0), RawArray(c_int64, 4 * plan.workers + 8), 0)
    field = Field(place, law, strategy, receivers.ports, scratch, plan.borrowers, plan.seed, shared)
    chance = Random(plan.seed)  # noqa: S311  no secret
    begun = time.monotonic()
    shared.begun = time.monotonic_ns()
    crew = Crew(field, plan, chance)
    try:
        Attack(plan, crew, chance).run()
        seconds = time.monotonic() - begun
    finally:
        crew.end()
        receivers.end()
    _settle(place, field)
    seals = Seals(scratch / "seal.key", scratch / "seals")
    found = recounted(place, receivers.logs.values(), scratch.glob("facts-*.log"), seals)
    errors = Counter(line for path in scratch.glob("errors-*.log") for line in path.read_text().splitlines())
    crashes = [line for path in scratch.glob("crashes-*.log") for line in path.read_text().splitlines()]
    said = {"attempts": sum(shared.done), "seconds": round(seconds), "seed": plan.seed, "borrowers": plan.borrowers}
    said |= {"gates": plan.workers, "workers": len(crew.roles), "attack": dict(crew.counts), "errors": dict(errors)}
    return said | {"crashes": dict(Counter(crashes)), **found}


def _prepare(place: Place, borrowers: int) -> None:
    """Give each borrower an address and acts planned; the plan is of before all that happens."""
    ring = Keyring.read(place.keys)
    with psycopg.connect(place.server.url(ADMIN)) as admin:
        admin.execute("UPDATE plan SET published_at = '2100-01-01Z'")  # so that a payment does not end all pressing
        people = admin.execute(
            "SELECT p.id, b.borrower_id, p.person_id, p.key_id, p.wrapped_key"
            " FROM person p JOIN borrower b ON b.id = p.borrower_id ORDER BY p.id"
        ).fetchall()
        for number, borrower_id, person_id, key_id, wrapped in people:
            key = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose(borrower_id, person_id))
            address = f"b{number}@borrower.example.com"
            ((point,),) = admin.execute(
                "INSERT INTO contact_point (person_id, kind, value, blind) VALUES (%s, 'email', '', %s) RETURNING id",
                [number, ring.blind("email", address)],
            ).fetchall()
            value = seal(key, address, point_place("email", point))
            admin.execute("UPDATE contact_point SET value = %s WHERE id = %s", [value, point])
        admin.execute(_PLANS, [ON, list(CHANNELS), borrowers, PLANNED - 1])


def _settle(place: Place, field: Field) -> None:
    """Do what the day does when everybody is gone: tell what is lost, and end what is over."""
    place.server.start()
    long_after = field.shared.now(0) + timedelta(days=2) + HELD
    with place.connected() as connection:
        for channel in CHANNELS:
            lost(connection, channel, long_after)
            while expire(connection, channel, long_after):
                pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, attack, print; the exit code tells whether anything is wrong."""
    parser = argparse.ArgumentParser("bench.attack", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--attempts", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=32, help="who ask the gate; others send, and bring facts")
    parser.add_argument("--borrowers", type=int, default=500)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--minutes", type=int, default=60, help="at most")
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--keep", metavar="DAY", help="keep the result in bench/results")
    given = parser.parse_args(arguments)
    plan = Plan(given.attempts, given.workers, given.borrowers, given.seed, given.folder.resolve(), given.minutes)
    found = attacked(plan)
    if given.keep:
        keep("attack", date.fromisoformat(given.keep), found)
    sys.stdout.write(json.dumps(found, indent=None if given.json else 1) + "\n")
    sys.exit(any(found["wrong"].values()) or bool(found["crashes"]))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
