"""The night run: the order of its steps, and what it leaves behind.

load -> position -> ageing -> facts -> fork -> stage -> candidates -> verdicts -> duties -> choice -> plan -> report.
`load` is `duecourse.book.load`.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import ibis
import pyarrow as pa

from duecourse.book import few
from duecourse.book.loaded import LoadedBook
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import scratch, written_aside
from duecourse.law.catalogue import Catalogue
from duecourse.law.house import with_house
from duecourse.law.kept import law_of, users_folder
from duecourse.law.rulebook import Law
from duecourse.night import (
    ageing,
    candidates,
    caps,
    choice,
    cuts,
    duties,
    fact_sources,
    facts,
    forking,
    judging,
    plan,
    position,
    stage,
    verdicts,
)
from duecourse.night.engines.by_name import opened
from duecourse.night.engines.engine import Engine, Opening
from duecourse.night.engines.texts import Texts, home_of
from duecourse.night.moment import Moment
from duecourse.night.profile import Add, Profile, measuring
from duecourse.night.steps import Progress, Steps, side_by_side
from duecourse.strategy.models import Strategy

_FOR_THE_PLAN: Final = frozenset(
    {"holds_now", "set_aside", "standing", "unplaced", "candidates", "law_refused", "law_doubted", "ranked", "duties"}
)
Report = Callable[["Night", Path, str], dict[str, str]]


@dataclass(frozen=True)
class Options:
    """How to run: threads, memory for the engine (a DuckDB size), a folder for what does not fit, a house rulebook.

    `parts` of the book are worked out side by side; 0 leaves their number to the size of the book. `profile` measures
    every step. `engine` is duckdb or spark, `master` the cluster that Spark runs on.
    """

    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory: str = "6GB"
    spill: Path | None = None
    house: Path | None = None
    parts: int = 0
    profile: bool = False
    engine: str = "duckdb"
    master: str = "local[*]"


@dataclass(frozen=True)
class Summary:
    """What `duecourse run --json` prints; amounts in minor units by currency, seconds as text of milliseconds."""

    on: str
    known_at: str | None
    engine: str
    loans: int
    borrowers: int
    overdue_loans: int
    overdue_amount: dict[str, int]
    buckets: dict[str, int]
    stages: dict[str, int]
    acts: dict[str, int]
    nothing_done: dict[str, int]
    payments_complete_through: str | None
    payments_stale: bool
    quarantined: dict[str, int]
    left_out: dict[str, int]
    warnings: dict[str, int]
    refused: dict[str, int]
    refused_from_memory: dict[str, int]
    duties: dict[str, int]
    duties_overdue: dict[str, int]
    duties_from_memory: dict[str, int]
    plan_hash: str
    seconds: float  # float: a duration for people, not money
    outputs: dict[str, str]
    profile: list[dict[str, Any]] | None = None


class Night:
    """A loaded book opened for a strategy: works out positions and plans for one moment after another."""

    def __init__(self, book: LoadedBook, strategy: Strategy, options: Options, law: Law | None = None) -> None:
        """Open the book on the engine; the strategy's tables are given to it once.

        `law` is every rulebook of the package unless said.
        """
        self.book = book
        self.strategy = strategy
        self.law = law or rulebooks(options)
        self.lawful = verdicts.Counted({}, {}, {})
        self.due = duties.Counted({}, {}, {})
        self.options = options
        spill = options.spill or book.folder.parent / "spill"
        self.empty = frozenset(name for name, rows in book.tables.items() if rows.kept + rows.made == 0)
        texts = Texts(
            home_of(book.folder.parent.parent), options.engine, f"{strategy.hash} {self.law.hash}", self.empty
        )
        opening = Opening(book.folder, texts, self.empty, options.threads, options.memory, spill)
        self.engine = opened(options.engine, opening, options.master)
        self.profile = Profile() if options.profile else None
        self.capped = caps.Found()
        self._give_strategy()

    @property
    def catalogue(self) -> Catalogue:
        """The facts that the strategy may name: the night's, and those of the strategy's levels."""
        return facts.CATALOGUE.extended(facts.level_facts(self.strategy.level_facts))

    def is_stale(self, moment: Moment) -> bool:
        """Tell whether payments are not known to be complete recently enough to demand money."""
        through = self.book.payments_complete_through
        return through is None or moment.on - through > timedelta(days=self.strategy.payments_fresh_days)

    def positions(self, moment: Moment, out: Path, progress: Progress | None = None) -> None:
        """Work out what every loan owes at the moment, into `positions/` and `history/` under `out`."""
        self.engine.look_at(moment)
        with self.measuring("caps"):
            self.find_caps(moment)
        bounds = self.engine.bounds("loan_no", self.book.loans, position.RANGE)
        buckets = (self.strategy.buckets.by, self.strategy.buckets.ranges)
        work = position.Work(tuple(bounds), moment.on, buckets, out.resolve())
        for name in ("positions", "history"):
            (out / name).mkdir(parents=True, exist_ok=True)
        tell = (lambda done, total: progress("position", done, total)) if progress else None
        try:
            with self.measuring("position") as add:
                self.engine.positions(work, moment, self.book.zone, capped=bool(self.capped.asked), tell=tell)
                if add:
                    add(0, *position.written(out))
        except position.RefusedLoansError as error:
            named = ", ".join(error.args[0][:5])
            raise DueCourseError(
                f"amounts of {len(error.args[0])} loans grow too large to be exact: {named}; "
                "check their rates and dates"
            ) from None
        self.engine.read("positions", out / "positions", position.SCHEMA)
        self.engine.read("history", out / "history", position.HISTORY)

    def find_caps(self, moment: Moment, loan_no: int | None = None) -> None:
        """Find the law's caps on every loan, or on one; the engine must look at the moment."""
        self.capped = caps.find(self.engine, self.law, moment.on, self.empty, loan_no)

    def plan(
        self,
        moment: Moment,
        progress: Progress | None = None,
        *,
        with_duties: bool = True,
        cuts: choice.Cuts | None = None,
    ) -> choice.Cuts:
        """Work out the plan from the positions last worked out; leaves the tables `plan` and `duties` in the engine.

        Without duties the step `duties` is left out: nothing of the plan rests on it. A large book is worked out in
        parts, side by side: what is done for one borrower rests on no other's rows, but for the choice within
        capacities. `cuts` are those of the whole book, where this is one of a few borrowers; those of the choice are
        returned.
        """
        with self.measuring("outlook"):
            outlook = judging.outlook(
                self.engine, self.law, self.strategy, moment.on, self.empty, with_duties=with_duties
            )
        engines = self.engine.parts(self.options.parts, self.book.loans, self.book.borrowers)
        steps = Steps(progress, len(engines), self.profile)
        found = side_by_side(
            lambda engine: self._propose(engine, moment, outlook, steps), engines, self.options.threads
        )
        self.lawful = verdicts.together([lawful for lawful, _ in found])
        self.due = duties.together([due for _, due in found])
        if len(engines) > 1:
            for name in ("standing", "ranked"):
                self.engine.whole(name, engines)
        with steps.one("choice", self.engine):
            most = max(len(rung.treatments) for rung in self.strategy.ladder)
            chosen, found_cuts = choice.choose(self.engine.table, self.engine, most, cuts)
        side_by_side(lambda engine: self._write_down(engine, chosen, steps), engines, self.options.threads)
        if len(engines) > 1:
            for name in ("plan", *(("duties",) if with_duties else ())):
                self.engine.whole(name, engines)
        return found_cuts

    def _propose(
        self, engine: Engine, moment: Moment, outlook: judging.Outlook, steps: Steps
    ) -> tuple[verdicts.Counted, duties.Counted]:
        """Work out for the borrowers of an engine what may be done, and what is due."""
        tables, strategy, stale = engine.table, self.strategy, self.is_stale(moment)
        with steps.one("ageing", engine):
            engine.keep("holds_now", lambda: ageing.holds_now(tables))
            engine.keep("set_aside", lambda: ageing.set_aside(tables))
            engine.name("counted", lambda: ageing.counted(tables))
            engine.keep("barred", lambda: ageing.barred(tables))
            engine.keep("idle", lambda: ageing.idle(tables))
        with steps.one("facts", engine):
            needed = self.needed
            engine.keep("loan_facts", lambda: facts.loan_facts(tables, self.catalogue, needed))
            engine.name("likely", lambda: stage.likely(tables, strategy))
            known = partial(facts.borrower_facts, tables, self.catalogue, needed, self.empty, "likely")
            if strategy.fork is None:
                engine.name("facts", known)
            else:
                engine.keep("known_facts", known)
        if strategy.fork is not None:
            with steps.one("fork", engine):
                forking.value(engine, strategy, strategy.fork, self.law, moment.on)
        with steps.one("stage", engine):
            engine.keep("standing", lambda: stage.standing(tables, strategy))
            engine.keep("unplaced", lambda: stage.unplaced(tables))
        with steps.one("candidates", engine):
            engine.keep("judged", lambda: candidates.judged(tables))
            name = "candidates_stale" if stale else "candidates_fresh"
            engine.keep(name, lambda: candidates.candidates(tables, strategy, stale=stale))
            engine.alias("open_candidates", name)
        with steps.one("verdicts", engine):
            lawful, parts = judging.judge(engine, outlook, self.empty)
            engine.keep("ranked", lambda: choice.ranked(tables))
        due = duties.Counted({}, {}, {})
        if outlook.due:
            with steps.one("duties", engine):
                due = duties.answer(engine, parts)
        if engine is not self.engine:
            engine.forget(needed=_FOR_THE_PLAN)
        return lawful, due

    def _write_down(self, engine: Engine, chosen: str, steps: Steps) -> None:
        tables = engine.table
        with steps.one("plan", engine):
            engine.keep(f"lines_{chosen}", lambda: plan.lines(tables, tables(chosen)))
            engine.alias("lines", f"lines_{chosen}")
            engine.keep("plan", lambda: plan.plan(tables))
        if engine is not self.engine:
            engine.forget(needed=("plan", "duties"))

    def measuring(self, step: str) -> AbstractContextManager[Add | None]:
        """Measure a step that is done for the whole book, if a profile is asked for."""
        return measuring(self.profile, step, self.engine)

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()

    @property
    def needed(self) -> frozenset[str]:
        """The facts that the strategy asks for."""
        return self.strategy.facts | forking.needed(self.strategy) | {"overdue_amount", "days_past_due"}

    def _give_strategy(self) -> None:
        barred = [{"kind": kind, "act": act} for kind, acts in self.strategy.holds.items() for act in acts]
        rungs = [
            {"stage_no": place, "stage": rung.stage, "by_value": rung.choose == "value"}
            for place, rung in enumerate(self.strategy.ladder)
        ]
        text = pa.string()
        self.engine.give("hold_acts", pa.Table.from_pylist(barred, schema=pa.schema([("kind", text), ("act", text)])))
        stages = pa.schema([("stage_no", pa.int64()), ("stage", text), ("by_value", pa.bool_())])
        self.engine.give("stages", pa.Table.from_pylist(rungs, schema=stages))
        self.engine.give("treatments", candidates.treatments(self.strategy))

    def plan_hash(self) -> str:
        """Return the SHA-256 of the plan's rows in key order, in their canonical texts, UTF-8, one a line."""
        digest = hashlib.sha256()
        for text in self.engine.texts(plan.canonical(self.engine.table)):
            digest.update(text)
        return digest.hexdigest()


def rulebooks(options: Options) -> Law:
    """Return every rulebook of the package, and the house rulebook of the options."""
    return with_house(options.house) if options.house else law_of((), users_folder())


def run(
    book: LoadedBook,
    strategy: Strategy,
    moment: Moment,
    out: Path,
    options: Options | None = None,
    progress: Progress | None = None,
    report: Report | None = None,
    law: Law | None = None,
    borrowers: Sequence[str] | None = None,
) -> Summary:
    """Run the night and write its outputs to `out`/<business date>, all or nothing; return the summary.

    A folder of an earlier run for the same date is replaced once the new one is complete. `report` writes reports
    from the night's tables, given the folder and the plan's hash, and returns their names and paths. `law` is every
    rulebook of the package unless said. With `borrowers` only these are worked out, into `out`/<business date>-few;
    their rows are those of a run over the whole book.
    """
    begun, options = time.perf_counter(), options or Options()
    law = law or rulebooks(options)
    if borrowers is None:
        with closing(Night(book, strategy, options, law)) as night:
            return _write(night, moment, out / moment.on.isoformat(), begun, progress, report)
    kept = cuts.place(book, strategy, law, moment)
    known = cuts.read(kept) if strategy.capacity_per_day else []
    if known is None:
        with (
            closing(Night(book, strategy, options, law)) as night,
            scratch(out / "cuts") as aside,
        ):
            night.positions(moment, aside, progress)
            known = night.plan(moment, progress, with_duties=False)
        cuts.write(kept, known)
    with (
        few.book_of(book, borrowers, threads=options.threads, memory=options.memory) as some,
        closing(Night(some, strategy, options, law)) as night,
    ):
        return _write(night, moment, out / f"{moment.on}-few", begun, progress, report, known)


def _write(
    night: Night,
    moment: Moment,
    folder: Path,
    begun: float,  # float: seconds
    progress: Progress | None,
    report: Report | None,
    known: choice.Cuts | None = None,
) -> Summary:
    """Run a night and write its outputs to a folder; `known` are the whole book's cuts, where this is a few of it."""
    engine = night.engine
    with written_aside(folder) as aside:
        night.positions(moment, aside, progress)
        found = night.plan(moment, progress, cuts=known)
        with night.measuring("write"):
            engine.write(engine.table("plan").drop("about").order_by(*plan.KEY), aside / "plan.parquet")
            engine.write(engine.table("duties").order_by(*duties.KEY), aside / "duties.parquet")
        outputs = {"plan": "plan.parquet", "duties": "duties.parquet", "positions": "positions", "history": "history"}
        with night.measuring("hash"):
            plan_hash = night.plan_hash()
        if report:
            with night.measuring("report"):
                outputs |= report(night, aside, plan_hash)
        paths = {name: str(folder / path) for name, path in outputs.items()}
        summary = summarise(night, moment, plan_hash, begun, paths)
        (aside / "manifest.json").write_text(json.dumps(asdict(summary), indent=1) + "\n", encoding="utf-8")
    if known is None:
        cuts.write(cuts.place(night.book, night.strategy, night.law, moment), found)
    return summary


def summarise(
    night: Night, moment: Moment, plan_hash: str, begun: float, paths: dict[str, str]
) -> Summary:  # float: seconds
    """Count what the night found."""
    tables, engine = night.engine.table, night.engine
    positions, planned = tables("positions"), tables("plan")
    overdue = positions.filter(positions.days_past_due > 0)
    amounts = overdue.group_by("currency").aggregate(n=fact_sources.total(overdue, "overdue").sum())
    done = planned.filter(planned.act != "none")
    by_channel = done.group_by(n_of=done.channel.coalesce(done.act)).aggregate(n=done.count())
    idle = planned.filter(planned.act == "none").select("borrower_no", reason=ibis._.reasons[0])
    order = [bucket.name for bucket in night.strategy.buckets.ranges]
    buckets = _counts(engine, overdue.group_by("bucket").aggregate(n=overdue.count()), "bucket")
    placed = planned.filter(planned.stage.notnull())
    stages = _counts(engine, placed.group_by("stage").aggregate(n=placed.borrower_no.nunique()), "stage")
    return Summary(
        on=moment.on.isoformat(),
        known_at=moment.known_until.isoformat() + "Z" if moment.known_until else None,
        engine=night.options.engine,
        loans=engine.number(positions.count()),
        borrowers=engine.number(positions.borrower_no.nunique()),
        overdue_loans=engine.number(overdue.count()),
        overdue_amount=dict.fromkeys(night.book.currencies, 0) | _counts(engine, amounts, "currency"),
        buckets={name: buckets.get(name, 0) for name in order},
        stages={rung.stage: stages.get(rung.stage, 0) for rung in night.strategy.ladder},
        acts=_counts(engine, by_channel, "n_of"),
        nothing_done=_counts(engine, idle.group_by("reason").aggregate(n=ibis._.count()), "reason"),
        payments_complete_through=_iso(night.book.payments_complete_through),
        payments_stale=night.is_stale(moment),
        quarantined={name: rows.quarantined for name, rows in night.book.tables.items()},
        left_out={name: rows.left_out for name, rows in night.book.tables.items()},
        warnings=_warned(night.book),
        refused=night.lawful.refused,
        refused_from_memory=night.lawful.from_memory,
        duties=night.due.open,
        duties_overdue=night.due.overdue,
        duties_from_memory=night.due.from_memory,
        plan_hash=plan_hash,
        seconds=round(time.perf_counter() - begun, 3),  # rounded for people
        outputs=paths,
        profile=[asdict(line) for line in night.profile.lines()] if night.profile else None,
    )


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def _warned(book: LoadedBook) -> dict[str, int]:
    counts: dict[str, int] = {}
    for warning in book.warnings:
        counts[warning.table] = counts.get(warning.table, 0) + warning.rows
    return counts


def _counts(engine: Engine, table: Any, key: str) -> dict[str, int]:
    return {str(row[key]): int(row["n"]) for row in engine.rows(table.order_by(key))}
