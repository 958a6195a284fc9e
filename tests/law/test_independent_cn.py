"""The rulebook for China against a second judge, on random worlds. DUECOURSE_SOAK=1 tries 200,000 acts."""

import os
from functools import cache

from duecourse.law.kept import program_of, users_folder
from duecourse.law.program import Program
from duecourse.law.rulebook import Law
from tests import package
from tests.law.independent import cn
from tests.law.independent.compare import BATCH, Outcome, batches, compare, judging
from tests.law.independent.worlds_cn import worlds

SEED = 20_261_122
WORLDS = 520  # about 4,000 tries
SOAK_TRIES = 200_000
LEAST = 100  # tries on which a rule is the only reason, and on which it is permitted past
SOAK = os.environ.get("DUECOURSE_SOAK") == "1"


@cache
def law() -> Law:
    return package.law().of(["cn"])


@cache
def program() -> Program:
    return program_of(law(), users_folder())


def outcome(seed: int, count: int = BATCH) -> Outcome:
    return compare(worlds(seed, count), program(), cn.refusals, cn.RULES, cn.TWINS)


def test_every_rule_has_a_second_judge() -> None:
    assert set(cn.RULES) | cn.NOT_YET == judging(law())
    assert not set(cn.RULES) & cn.NOT_YET


def test_engine_and_second_judge_agree() -> None:
    found = outcome(SEED, WORLDS)
    assert found.tries > 3_500
    assert not found.differences, found.told(SEED)


def agree_on_many_worlds() -> None:
    found = Outcome()
    for seed, each in batches(outcome, SEED + 1, SOAK_TRIES):
        assert not each.differences, each.told(seed)
        found.add(each)
    for rule in cn.NEVER_PASSED:
        found.past[rule] = LEAST
    thin = {rule: (found.only[rule], found.past[rule]) for rule in found.thin(cn.RULES, LEAST)}
    assert not thin, f"seed {SEED}: only reason, permitted past: {thin}"


if SOAK:  # 200,000 tries: under `make soak` only
    test_engine_and_second_judge_agree_on_many_worlds = agree_on_many_worlds
