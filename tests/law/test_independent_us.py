"""The federal rulebook against a second judge, on random worlds. DUECOURSE_SOAK=1 tries 200,000 acts."""

import os
from datetime import date, datetime
from functools import cache

from duecourse.law.casefile import Case
from duecourse.law.kept import program_of, users_folder
from duecourse.law.program import Program
from duecourse.law.rulebook import Law
from duecourse.law.vocabulary import VOCABULARY
from tests import package
from tests.law.independent import us
from tests.law.independent.compare import BATCH, Outcome, batches, compare, judging
from tests.law.independent.worlds_us import worlds

SEED = 20_261_122
WORLDS = 740  # about 4,000 tries
SOAK_TRIES = 200_000
LEAST = 100  # tries on which a rule is the only reason, and on which it is permitted past
SOAK = os.environ.get("DUECOURSE_SOAK") == "1"


@cache
def law() -> Law:
    return package.law().of(["us"])


@cache
def program() -> Program:
    return program_of(law(), users_folder())


def outcome(seed: int, count: int = BATCH) -> Outcome:
    return compare(worlds(seed, count), program(), us.refusals, us.RULES, us.TWINS)


def test_every_rule_has_a_second_judge() -> None:
    assert set(us.RULES) | us.NOT_YET == judging(law())
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
    assert not found.differences, found.told(SEED)


def agree_on_many_worlds() -> None:
    found = Outcome()
    for seed, each in batches(outcome, SEED + 1, SOAK_TRIES):
        assert not each.differences, each.told(seed)
        found.add(each)
    thin = {rule: (found.only[rule], found.past[rule]) for rule in found.thin(us.RULES, LEAST)}
    assert not thin, f"seed {SEED}: only reason, permitted past: {thin}"


if SOAK:  # 200,000 tries: under `make soak` only
    test_engine_and_second_judge_agree_on_many_worlds = agree_on_many_worlds
