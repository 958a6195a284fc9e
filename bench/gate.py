"""The gate beside a bare insert of the same rows: `python -m bench.gate --borrowers 1000000 --json`.

Both sides write, for each act, in one transaction: a row of contacts, verdict, outbox and audit_entry, a changed row of
audit_head. The gate reads, works out what is owed and asks all rulebooks of two countries first; the bare insert is
given its rows sealed and ready, and is as fast as we can make it: one statement, BEGIN and COMMIT in the same trip.
`driver` is the same statement as the driver's documentation has it: a cursor within `connection.transaction()`.
Same server, in turns, fsync and synchronous_commit on, no borrower twice.
"""

import argparse
import gc
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final

from psycopg import RawCursor

from bench.gate_store import ON, fill
from bench.keep import keep
from duecourse.day.asking import Asked, Window
from duecourse.day.decision import Decision, Words
from duecourse.day.gate import Gate
from duecourse.day.known import Found, Known, read
from duecourse.day.owed import Owed
from duecourse.day.writing import WRITE, Prepared, prepared, write
from duecourse.law.kept import law_of, users_folder
from duecourse.law.rulebook import Law
from duecourse.ledger.positions import compile_ledger
from duecourse.night import facts
from duecourse.store import orm
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.load import load as load_strategy
from duecourse.strategy.models import Strategy

AT: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # late afternoon in Los Angeles, morning in Shanghai
CONTENT: Final = ("debt_details", "full_collector_line", "opt_out_line", "payment_request")
WINDOW: Final = Window(AT, AT + timedelta(minutes=1), ON, ON)
_WRITES: Final = "contacts, verdict, outbox, audit_entry; audit_head changed"
_CHUNK: Final = 100


@dataclass(frozen=True)
class Plan:
    """What is measured: how many borrowers, workers and acts at a time, rounds and their seconds."""

    borrowers: int
    workers: tuple[int, ...]
    batches: tuple[int, ...]
    rounds: int
    seconds: int
    folder: Path


@dataclass(frozen=True)
class Task:
    """One round: insert, driver or gate; how many acts at a time, the worker's borrowers, when it begins, how long."""

    side: str
    batch: int
    borrowers: range
    seconds: int


def asked(number: int) -> Asked:
    """Return a message to a borrower of the bench's store."""
    return Asked(number, "contact", "sms", "collection", (f"L{number}",), CONTENT, "reminder", "reminder_sms")


def compose(_: Asked, known: Known, loans: Sequence[Owed], __: date, ___: str) -> Words:
    """Write some words of the usual length."""
    return Words(known.language, "", f"Acme: your loan is overdue by {loans[0].overdue}. Reply STOP to end. " * 2)


class Worker:
    """A process of its own, with its own connection, that does rounds."""

    def __init__(self, place: Place, law: Law, strategy: Strategy) -> None:
        """Connect."""
        self.ring = Keyring.read(place.keys)
        self.connection = place.connected()
        self.gate = Gate(self.connection, self.ring, law, strategy, compose, "UTC")
        self.line = self.gate.line
        self.plain = place.connected()
        self.plain.prepare_threshold = 0
        self.cursor = RawCursor(self.plain)

    def ready(self, task: Task) -> list[Any]:
        """Return what a round is done with: acts for the gate, sealed rows for the insert."""
        numbers = list(task.borrowers)
        batches = [numbers[at : at + task.batch] for at in range(0, len(numbers), task.batch)]
        if task.side == "gate":
            return [[asked(number) for number in batch] for batch in batches]
        return [row for at in range(0, len(batches), _CHUNK) for row in self._sealed(batches[at : at + _CHUNK])]

    def _sealed(self, batches: Sequence[Sequence[int]]) -> Iterator[Prepared]:
        """Decide on acts as the gate does, a hundred batches at a time, and keep what it would write."""
        numbers = [number for batch in batches for number in batch]
        sample = {number % 2: decision for number, decision in zip(numbers[:2], self.decided(numbers[:2]), strict=True)}
        with self.line.transaction():
            found = read(self.line, numbers)
        for batch in batches:
            decisions = [_like(sample[number % 2], number) for number in batch]
            people = {number: found.people[number] for number in batch}
            yield prepared(self.ring, decisions, Found(people, {}, frozenset()))

    def decided(self, numbers: Sequence[int]) -> list[Decision]:
        """Decide without writing; the words are written too."""
        acts = [asked(number) for number in numbers]
        found = self.gate.judged(acts, [WINDOW] * len(acts))
        if not all(decision.is_permitted for decision in found):
            sys.exit(f"bench: the gate refuses what it is to be measured on: {found[0].reasons} {found[-1].reasons}")
        words = Words("en", "", "Acme: your loan is overdue by 1218100. Reply STOP to end. " * 2)
        return [replace(decision, words=words) for decision in found]

    def round(self, task: Task, what: Sequence[Any]) -> tuple[int, list[int]]:
        """Do a round; return how many acts were done, and the microseconds of each transaction."""
        taken: list[int] = []
        end = time.monotonic_ns() + task.seconds * 10**9
        done = 0
        for one in what:
            begun = time.monotonic_ns()
            if begun > end:
                break
            self._one(task.side, one)
            taken.append((time.monotonic_ns() - begun) // 1000)  # down to whole microseconds
            done += task.batch
        return done, taken

    def _one(self, side: str, what: Any) -> None:
        if side == "gate":
            if not all(decision.is_permitted for decision in self.gate.decide(what, AT)):
                sys.exit("bench: the gate refused an act")
        elif side == "insert":
            with self.line.transaction():
                write(self.line, what)
        else:
            with self.plain.transaction():
                self.cursor.execute(WRITE, [value.decode() for value in what.values])


def _like(sample: Decision, number: int) -> Decision:
    loans = tuple(replace(loan, loan_id=f"L{number}") for loan in sample.loans)
    return replace(sample, asked=asked(number), loans=loans)


def work(place: Place, law: Law, strategy: Strategy, pipe: Pipe, barrier: Any) -> None:
    """Do rounds as they come by the pipe, all workers at the same time; an empty message ends."""
    worker = Worker(place, law, strategy)
    for number in (1, 2):
        worker.decided([number])
    gc.freeze()  # as `day run` does
    pipe.send("up")
    while (task := pipe.recv()) is not None:
        what = worker.ready(task)
        barrier.wait()
        pipe.send(worker.round(task, what))


class Crew:
    """Some workers, started once, that do rounds together."""

    def __init__(self, place: Place, number: int, law: Law, strategy: Strategy) -> None:
        """Start the workers, and wait until all are up."""
        context = multiprocessing.get_context("fork")  # what was imported and read is there already
        barrier = context.Barrier(number)
        self.pipes, self.processes = [], []
        for _ in range(number):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(place, law, strategy, theirs, barrier), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        for pipe in self.pipes:
            pipe.recv()

    def round(self, side: str, batch: int, seconds: int, borrowers: range) -> tuple[int, list[int]]:
        """Do a round; each worker has a share of the borrowers."""
        share = len(borrowers) // len(self.pipes)  # down: a few are left over
        for place, pipe in enumerate(self.pipes):
            pipe.send(Task(side, batch, borrowers[place * share : (place + 1) * share], seconds))
        found = [pipe.recv() for pipe in self.pipes]
        return sum(done for done, _ in found), [one for _, taken in found for one in taken]

    def end(self) -> None:
        """End all workers."""
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join(30)


def measured(plan: Plan) -> list[dict[str, Any]]:
    """Measure each number of workers with each size of batch."""
    place = Place.of(plan.folder / f"gate-{plan.borrowers}")
    is_new = not place.server.is_made
    place.server.start()
    orm.migrate(place)
    place.make_keys()
    if is_new:
        _say(f"filling a store with {plan.borrowers} borrowers")
        fill(place, plan.borrowers)
    compile_ledger()
    law, strategy = law_of((), users_folder()), load_strategy(None, facts.CATALOGUE.kinds)
    fresh = _fresh(place)
    try:
        return [line for number in plan.workers for line in _with(plan, place, number, law, strategy, fresh)]
    finally:
        place.server.stop()


def _with(
    plan: Plan, place: Place, number: int, law: Law, strategy: Strategy, fresh: Iterator[range]
) -> Iterator[dict[str, Any]]:
    crew = Crew(place, number, law, strategy)
    try:
        for batch in plan.batches:
            _say(f"{number} workers, {batch} at a time")
            found: dict[str, list[tuple[int, list[int]]]] = {"insert": [], "driver": [], "gate": []}
            for _ in range(plan.rounds):
                for side, rounds in found.items():
                    rounds.append(crew.round(side, batch, plan.seconds, next(fresh)))
            yield _line(plan, number, batch, found)
    finally:
        crew.end()


def _fresh(place: Place) -> Iterator[range]:
    """Yield borrowers whom no round has had, not in an earlier run either, some thousands at a time."""
    with place.connected() as connection:
        ((used,),) = connection.execute("SELECT coalesce(max(chain), 0) FROM audit_head").fetchall()
        ((last,),) = connection.execute("SELECT max(id) FROM borrower").fetchall()
    size = 9_600  # for three sides, five rounds and six lines out of a million
    first = int(str(used)) + 1
    while first + size <= int(str(last)) + 1:
        yield range(first, first + size)
        first += size
    sys.exit("bench: no borrower is left whom no round has had: give --borrowers more, or remove the store")


def _line(plan: Plan, number: int, batch: int, found: dict[str, list[tuple[int, list[int]]]]) -> dict[str, Any]:
    rates = {side: [_rate(number, batch, one) for one in rounds] for side, rounds in found.items()}
    taken = {side: sorted(one for _, some in rounds for one in some) for side, rounds in found.items()}
    gate, insert, driver = (statistics.median(rates[side]) for side in ("gate", "insert", "driver"))
    return {
        "workers": number,
        "batch": batch,
        "gate_per_second": round(gate),  # rounded for people, as all below
        "insert_per_second": round(insert),
        "driver_per_second": round(driver),
        "ratio": round(gate / insert, 3),
        "ratio_to_driver": round(gate / driver, 3),
        "gate_p99_ms": _at(taken["gate"], 99),
        "insert_p99_ms": _at(taken["insert"], 99),
        "gate_p50_ms": _at(taken["gate"], 50),
        "insert_p50_ms": _at(taken["insert"], 50),
        "gate_spread": [round(min(rates["gate"])), round(max(rates["gate"]))],
        "insert_spread": [round(min(rates["insert"])), round(max(rates["insert"]))],
        "rounds": plan.rounds,
        "borrowers": plan.borrowers,
        "writes": _WRITES,
    }


def _rate(number: int, batch: int, one: tuple[int, list[int]]) -> float:  # float: acts a second
    """Return acts a second while all workers were at work."""
    _, taken = one
    return number * batch * len(taken) * 10**6 / sum(taken) if taken else 0


def _at(taken: Sequence[int], percent: int) -> float:  # float: milliseconds
    """Return the milliseconds within which so many of a hundred transactions were done."""
    place = min(len(taken) - 1, len(taken) * percent // 100)  # down
    return round(taken[place] / 1000, 2) if taken else 0  # rounded for people


def _say(what: str) -> None:
    sys.stderr.write(f"bench: {what}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser("bench.gate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--borrowers", type=int, default=1_000_000)
    parser.add_argument("--workers", default="1,8,32")
    parser.add_argument("--batches", default="1,100")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--keep", metavar="DAY", help="keep the result in bench/results")
    given = parser.parse_args(arguments)
    workers, batches = (tuple(int(one) for one in text.split(",")) for text in (given.workers, given.batches))
    plan = Plan(given.borrowers, workers, batches, given.rounds, given.seconds, given.folder.resolve())
    found = measured(plan)
    if given.keep:
        keep("gate", date.fromisoformat(given.keep), {"lines": found})
    sys.stdout.write(json.dumps(found, indent=None if given.json else 1) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
