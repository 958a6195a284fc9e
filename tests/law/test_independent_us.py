"""The federal rulebook against a second judge, on random worlds. DUECOURSE_SOAK=1 tries 200,000 acts."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from functools import cache
from multiprocessing import get_context

from duecourse.law.casefile import Case
from duecourse.law.program import Program, compiled
from duecourse.law.rulebook import Law, load
from duecourse.law.vocabulary import VOCABULARY
from tests.law.independent import us
from tests.law.independent.compare import BATCH, Outcome, compare
from tests.law.independent.worlds_us import worlds

SEED = 20_261_122
WORLDS = 740  # about 4,000 tries
SOAK_TRIES = 200_000
PROCESSES = 3
LEAST = 100  # tries on which a rule is the only reason, and on which it is permitted past
SOAK = os.environ.get("DUECOURSE_SOAK") == "1"


@cache
def law() -> Law:
    return load(only=["us"])


@cache
def program() -> Program:
    return compiled(law())


def judging() -> frozenset[str]:
    """Rules that permit or refuse; advice refuses nothing."""
    rules = (rule for rule in law().rules if rule.record.judges and rule.record.effect != "advises")
    return frozenset(rule.id for rule in rules)


def outcome(seed: int, count: int = BATCH) -> Outcome:
    return compare(worlds(seed, count), program(), us.refusals, us.RULES, us.TWINS)


def told(found: Outcome, seed: int) -> str:
    shown = "\n".join(difference.told() for difference in found.differences[:3])
    return f"seed {seed}: {len(found.differences)} of {found.tries} tries differ\n{shown}"


def test_every_rule_has_a_second_judge() -> None:
    assert set(us.RULES) | us.NOT_YET == judging()
    assert not set(us.RULES) & us.NOT_YET


def test_random_worlds_use_words_of_the_vocabulary() -> None:
    for case in worlds(SEED, 300):
        for table, rows in _rows_of(case):
            for row in rows:
                for key, value in row.items():
                    _check(table, key, value)


def _rows_of(case: Case) -> list[tuple[str, list[dict[str, object]]]]:
    return [
        ("collector", [dict(case.collector)]),
        ("borrower", [dict(case.borrower)]),
        ("person", [dict(row) for row in case.people]),
        ("firm", [dict(row) for row in case.firms]),
        ("loan", [dict(row) for row in case.loans]),
        ("event", [dict(row) for row in case.history]),
        ("act", [dict(trial.values) for trial in case.tries]),
    ]


def _check(table: str, key: str, value: object) -> None:
    column = VOCABULARY.tables[table][key]
    if column.kind in {"word", "words"}:
        words = value if isinstance(value, tuple) else (value,)
        assert set(words) <= set(VOCABULARY.enumerations[str(column.of)]), (table, key, value)
    elif column.kind in {"day", "moment"}:
        assert isinstance(value, datetime if column.kind == "moment" else date), (table, key, value)


def test_engine_and_second_judge_agree() -> None:
    found = outcome(SEED, WORLDS)
    assert found.tries > 3_500
    assert not found.differences, told(found, SEED)


def agree_on_many_worlds() -> None:
    found = Outcome()
    for seed, each in _batches():
        assert not each.differences, told(each, seed)
        found.add(each)
    thin = {rule: (found.only[rule], found.past[rule]) for rule in found.thin(us.RULES, LEAST)}
    assert not thin, f"seed {SEED}: only reason, permitted past: {thin}"


def _batches() -> Iterator[tuple[int, Outcome]]:
    """Judge batch after batch, a few at a time, until there are enough tries."""
    tries, seed = 0, SEED + 1
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        while tries < SOAK_TRIES:
            seeds = range(seed, seed + 2 * PROCESSES)
            for number, each in zip(seeds, pool.map(outcome, seeds), strict=True):
                tries += each.tries
                yield number, each
            seed += len(seeds)


if SOAK:  # 200,000 tries: under `make soak` only
    test_engine_and_second_judge_agree_on_many_worlds = agree_on_many_worlds
