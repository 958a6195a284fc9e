"""The engine's verdicts beside those of a second judge: where they differ, and how well each rule was reached."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from types import MappingProxyType

from duecourse.law.casefile import Case, Try
from duecourse.law.judge import Judgement, Reason, judgement
from duecourse.law.program import Program
from duecourse.law.rulebook import Law
from duecourse.law.running import run

PROCESSES = 3
BATCH = 2_000
"""Worlds that are judged in one run."""
Refusals = Callable[[Case, Try], frozenset[str]]


@dataclass(frozen=True)
class Difference:
    """A try on which the two differ: rules that only the engine has refuse it, and those that only the judge has."""

    case: Case
    trial: Try
    engine_only: frozenset[str]
    judge_only: frozenset[str]

    def told(self) -> str:
        """Tell the whole world in a few lines, so that a person can decide who is right."""
        case = self.case
        rows = [
            f"engine only {sorted(self.engine_only)}, judge only {sorted(self.judge_only)}",
            f"try {_plain(self.trial.values)}",
            f"collector {_plain(case.collector)}, borrower {_plain(case.borrower)}",
        ]
        for name in ("people", "firms", "loans", "history"):
            rows += [f"{name}: {_plain(row)}" for row in getattr(case, name)]
        return f"{case.id}: " + "\n    ".join(rows)


@dataclass
class Outcome:
    """What came of judging many worlds.

    `only` counts, by rule, the tries that it alone refuses; `past` those that it was asked about and let pass;
    `unknown` the refusals for want of a fact.
    """

    tries: int = 0
    differences: list[Difference] = field(default_factory=list)
    only: Counter[str] = field(default_factory=Counter)
    past: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def told(self, seed: int) -> str:
        """Tell the first differences, and with which seed they are seen again."""
        shown = "\n".join(difference.told() for difference in self.differences[:3])
        return f"seed {seed}: {len(self.differences)} of {self.tries} tries differ\n{shown}"

    def add(self, other: "Outcome") -> None:
        """Add the outcome of another lot of worlds."""
        self.tries += other.tries
        self.differences += other.differences
        self.only.update(other.only)
        self.past.update(other.past)
        self.unknown.update(other.unknown)

    def thin(self, rules: Iterable[str], least: int) -> list[str]:
        """Return the rules that were the only reason, or were permitted past, less often than `least`."""
        return sorted(rule for rule in rules if min(self.only[rule], self.past[rule]) < least)


def _plain(row: object) -> str:
    pairs = dict(row).items() if hasattr(row, "keys") else ()  # type: ignore[call-overload]
    return ", ".join(f"{key}: {value}" for key, value in pairs)


def compare(
    cases: Sequence[Case],
    program: Program,
    refusals: Refusals,
    judged: Collection[str],
    twins: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Judge the cases by engine and judge; only the rules of `judged` are compared.

    `twins` names, for a rule that never refuses alone, the rule that always refuses beside it.
    """
    outcome = Outcome()
    for start in range(0, len(cases), BATCH):
        made = run(cases[start : start + BATCH], program)
        for tried in made.worlds.tries:
            found = judgement(made, tried, lambda _: True)
            _count(outcome, found, refusals(tried.case, tried.trial), frozenset(judged))
            _alone(outcome, found, twins)
        made.connection.close()
    return outcome


def _reasons(found: Judgement) -> list[Reason]:
    return [reason for reason in found.reasons if reason.rule.record.effect != "advises"]


def _alone(outcome: Outcome, found: Judgement, twins: Mapping[str, str]) -> None:
    refusing = {reason.rule.id for reason in _reasons(found)}
    outcome.only.update(rule for rule in refusing if refusing <= {rule, twins.get(rule, rule)})


def _count(outcome: Outcome, found: Judgement, mine: frozenset[str], judged: frozenset[str]) -> None:
    reasons = _reasons(found)
    refusing = frozenset(reason.rule.id for reason in reasons)
    outcome.tries += 1
    outcome.unknown.update(reason.rule.id for reason in reasons if reason.missing)
    outcome.past.update({rule.id for rule in found.asked} - refusing)
    if refusing & judged != mine & judged:
        tried = found.tried
        engine, judge = (refusing - mine) & judged, (mine - refusing) & judged
        outcome.differences.append(Difference(tried.case, tried.trial, engine, judge))


def judging(law: Law) -> frozenset[str]:
    """Return the rules that permit or refuse; advice refuses nothing."""
    rules = (rule for rule in law.rules if rule.record.judges and rule.record.effect != "advises")
    return frozenset(rule.id for rule in rules)


def batches(outcome: Callable[[int], Outcome], seed: int, tries: int) -> Iterator[tuple[int, Outcome]]:
    """Judge batch after batch, a few at a time, each of the next seed, until there are enough tries."""
    done = 0
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        while done < tries:
            seeds = range(seed, seed + 2 * PROCESSES)
            for number, each in zip(seeds, pool.map(outcome, seeds), strict=True):
                done += each.tries
                yield number, each
            seed += len(seeds)
