"""What must be true across the keys of a strategy file; each check yields faults with the path at fault."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from duecourse.book.schema import CHANNELS, HOLD_KINDS
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.law.document import Steps, nearest
from duecourse.strategy.models import Rung, Strategy, Treatment
from duecourse.strategy.words import ACTS, FLOOR, LEVEL_FACT, PARAMETER_UNITS

_MILLION: Final = 1_000_000


class Fault(NamedTuple):
    """Something wrong: the path of keys to it, and what to do about it."""

    at: Steps
    text: str


def faults(strategy: Strategy, named: frozenset[str]) -> Iterator[Fault]:
    """Yield every fault; `named` is every word that stands in an expression of the file."""
    yield from _buckets(strategy)
    yield from _levels(strategy)
    yield from _parameters(strategy)
    yield from _fork(strategy)
    yield from _unused(strategy, named)
    yield from _capacities(strategy)
    yield from _holds(strategy)
    yield from _experiment(strategy)
    yield from _names(strategy)
    for place, rung in enumerate(strategy.ladder):
        yield from _rung(strategy, rung, ("ladder", place))


def _buckets(strategy: Strategy) -> Iterator[Fault]:
    next_day: int | None = 1
    for bucket in strategy.buckets.ranges:
        at: Steps = ("buckets", "bounds", bucket.name)
        if next_day is None:
            yield Fault(at, f"bucket '{bucket.name}' stands after the open one; only the last may be open")
            return
        if bucket.first_day != next_day:
            kind = "a gap" if bucket.first_day > next_day else "an overlap"
            yield Fault(
                at,
                f"{kind} before bucket '{bucket.name}': it starts on day {bucket.first_day}, not {next_day}",
            )
        if bucket.last_day is not None and bucket.last_day < bucket.first_day:
            yield Fault(at, f"bucket '{bucket.name}' ends before it starts")
        next_day = None if bucket.last_day is None else bucket.last_day + 1
    if next_day is not None:
        yield Fault(("buckets", "bounds"), "the last bucket must be open: give it null as its last day")


def _levels(strategy: Strategy) -> Iterator[Fault]:
    if FLOOR not in strategy.levels and any(treatment.presses for treatment in strategy.treatments):
        yield Fault(
            ("levels",),
            f"level '{FLOOR}' is missing: below it nothing is demanded; give it for each currency",
        )
    for name, amounts in strategy.levels.items():
        for currency in amounts:
            if currency not in MINOR_DIGITS:
                yield Fault(("levels", name, currency), f"unknown currency '{currency}'; use its ISO 4217 code")


def _parameters(strategy: Strategy) -> Iterator[Fault]:
    for name, number in strategy.parameters.items():
        at: Steps = ("parameters", name)
        unit = next((unit for unit in PARAMETER_UNITS if name.endswith(f"_{unit}")), None)
        if unit is None:
            units = ", ".join(f"_{unit}" for unit in PARAMETER_UNITS)
            yield Fault(at, f"parameter '{name}' does not end in its unit; one of {units}")
        if unit == "ppm" and not 0 <= number <= _MILLION:
            yield Fault(at, f"parameter '{name}' is a share, from 0 to {_MILLION} parts per million, not {number}")


def _fork(strategy: Strategy) -> Iterator[Fault]:
    fork = strategy.fork
    if fork is None:
        return
    if fork.unit not in strategy.levels:
        known = nearest(fork.unit, strategy.levels) or "; declare it under 'levels'"
        yield Fault(("fork", "unit"), f"unknown level '{fork.unit}'{known}")
    for country, sue in (fork.sue or {}).items():
        if sue.currency not in MINOR_DIGITS:
            yield Fault(
                ("fork", "sue", country, "currency"), f"unknown currency '{sue.currency}'; use its ISO 4217 code"
            )


def _unused(strategy: Strategy, named: frozenset[str]) -> Iterator[Fault]:
    groups: dict[str, Iterable[str]] = {"parameters": strategy.parameters, "formulas": strategy.formulas}
    for group, words in groups.items():
        for name in words:
            if name not in named:
                yield Fault((group, name), f"nothing uses '{name}'; use it or take it out")
    unit = strategy.fork.unit if strategy.fork else FLOOR
    for name in strategy.levels:
        if name not in {FLOOR, unit} and f"{LEVEL_FACT}{name}" not in named:
            yield Fault(("levels", name), f"nothing uses '{LEVEL_FACT}{name}'; use it or take the level out")


def _capacities(strategy: Strategy) -> Iterator[Fault]:
    for place, team in _repeated(strategy.teams):
        yield Fault(("teams", place), f"team '{team}' stands twice")
    known = (*CHANNELS, *(act for act in ACTS if act != "contact"))
    for name, teams in strategy.capacity_per_day.items():
        if name not in known:
            yield Fault(("capacity_per_day", name), f"unknown channel or act '{name}'{nearest(name, known)}")
        for team in teams:
            if team not in strategy.teams:
                yield _unknown_team(("capacity_per_day", name, team), team, strategy)


def _unknown_team(at: Steps, team: str, strategy: Strategy) -> Fault:
    known = nearest(team, strategy.teams) or "; list it under 'teams'"
    return Fault(at, f"unknown team '{team}'{known}")


def _holds(strategy: Strategy) -> Iterator[Fault]:
    for kind in HOLD_KINDS:
        if kind not in strategy.holds:
            yield Fault(("holds",), f"hold kind '{kind}' is missing: say which acts it bars ([] for none)")
    for kind, acts in strategy.holds.items():
        for place, act in _repeated(acts):
            yield Fault(("holds", kind, place), f"act '{act}' stands twice")


def _experiment(strategy: Strategy) -> Iterator[Fault]:
    total = sum(strategy.experiment.arms.values())
    if total != _MILLION:
        yield Fault(
            ("experiment", "arms"),
            f"the arms come to {total} parts per million; they must come to {_MILLION}",
        )


def _names(strategy: Strategy) -> Iterator[Fault]:
    lists = {
        "quiet": ("because", [one.because for one in strategy.quiet]),
        "step_back": ("because", [one.because for one in strategy.step_back]),
        "ladder": ("stage", [rung.stage for rung in strategy.ladder]),
    }
    for group, (key, names) in lists.items():
        for place, name in _repeated(names):
            yield Fault((group, place, key), f"'{name}' stands twice under '{group}'; give each its own name")
    paths: list[Steps] = [
        ("ladder", rung_place, "treatments", place, "name")
        for rung_place, rung in enumerate(strategy.ladder)
        for place in range(len(rung.treatments))
    ]
    for place, name in _repeated([treatment.name for treatment in strategy.treatments]):
        yield Fault(paths[place], f"two treatments are named '{name}'; give each its own name")


def _rung(strategy: Strategy, rung: Rung, at: Steps) -> Iterator[Fault]:
    for place, treatment in enumerate(rung.treatments):
        here: Steps = (*at, "treatments", place)
        if rung.choose == "value" and treatment.value is None and not treatment.required:
            yield Fault(here, f"stage '{rung.stage}' chooses by value, so treatment '{treatment.name}' needs 'value'")
        yield from _treatment(strategy, treatment, here)


def _treatment(strategy: Strategy, treatment: Treatment, at: Steps) -> Iterator[Fault]:
    if treatment.slot is not None and treatment.slot not in strategy.slots:
        yield Fault((*at, "slot"), f"unknown slot '{treatment.slot}'{nearest(treatment.slot, strategy.slots)}")
    for place, arm in enumerate(treatment.arms or ()):
        if arm not in strategy.experiment.arms:
            yield Fault((*at, "arms", place), f"unknown arm '{arm}'{nearest(arm, strategy.experiment.arms)}")
    for place, arm in _repeated(treatment.arms or ()):
        yield Fault((*at, "arms", place), f"arm '{arm}' stands twice")
    limited = strategy.capacity_per_day.get(treatment.channel or treatment.act)
    if treatment.team is not None and treatment.team not in strategy.teams:
        yield _unknown_team((*at, "team"), treatment.team, strategy)
    elif treatment.team is None and limited and not treatment.required:
        used = treatment.channel or treatment.act
        yield Fault(at, f"treatment '{treatment.name}' needs 'team': the capacity of {used} is by team")


def _repeated(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            yield place, name
