"""The rulebook for China against a second judge, on random worlds. DUECOURSE_SOAK=1 tries 200,000 acts."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

from duecourse.law.program import Program, compiled
from duecourse.law.rulebook import Law, load
from tests.law.independent import cn
from tests.law.independent.compare import BATCH, Outcome, compare
from tests.law.independent.worlds_cn import worlds

SEED = 20_261_122
WORLDS = 520  # about 4,000 tries
SOAK_TRIES = 200_000
PROCESSES = 3
LEAST = 100  # tries on which a rule is the only reason, and on which it is permitted past
SOAK = os.environ.get("DUECOURSE_SOAK") == "1"


@cache
def law() -> Law:
    return load(only=["cn"])


@cache
def program() -> Program:
    return compiled(law())


def judging() -> frozenset[str]:
    """Rules that permit or refuse; advice refuses nothing."""
    rules = (rule for rule in law().rules if rule.record.judges and rule.record.effect != "advises")
    return frozenset(rule.id for rule in rules)


def outcome(seed: int, count: int = BATCH) -> Outcome:
    return compare(worlds(seed, count), program(), cn.refusals, cn.RULES, cn.TWINS)


def told(found: Outcome, seed: int) -> str:
    shown = "\n".join(difference.told() for difference in found.differences[:3])
    return f"seed {seed}: {len(found.differences)} of {found.tries} tries differ\n{shown}"


def test_every_rule_has_a_second_judge() -> None:
    assert set(cn.RULES) | cn.NOT_YET == judging()
    assert not set(cn.RULES) & cn.NOT_YET


def test_engine_and_second_judge_agree() -> None:
    found = outcome(SEED, WORLDS)
    assert found.tries > 3_500
    assert not found.differences, told(found, SEED)


def agree_on_many_worlds() -> None:
    found = Outcome()
    for seed, each in _batches():
        assert not each.differences, told(each, seed)
        found.add(each)
    for rule in cn.NEVER_PASSED:
        found.past[rule] = LEAST
    thin = {rule: (found.only[rule], found.past[rule]) for rule in found.thin(cn.RULES, LEAST)}
    assert not thin, f"seed {SEED}: only reason, permitted past: {thin}"


def _batches() -> Iterator[tuple[int, Outcome]]:
    """Judge batch after batch, a few at a time, until there are enough tries."""
    tries, seed = 0, SEED + 1
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        while tries < SOAK_TRIES:
            seeds = range(seed, seed + PROCESSES)
            for number, each in zip(seeds, pool.map(outcome, seeds), strict=True):
                if tries < SOAK_TRIES:
                    tries += each.tries
                    yield number, each
            seed += len(seeds)


if SOAK:  # 200,000 tries: under `make soak` only
    test_engine_and_second_judge_agree_on_many_worlds = agree_on_many_worlds
