"""Every worked case that stands beside the rules, run against the compiled rules."""

import os
from functools import cache
from pathlib import Path

import pytest

from duecourse.law.casefile import Case, read_cases
from duecourse.law.kept import users_folder
from duecourse.law.rulebook import BOOKS
from duecourse.law.scoring import Score, Scored, scored
from tests import package

LAW = package.law()
TOPICS = {rule.record.topic for rule in LAW.rules}


SHELF = os.environ.get("DUECOURSE_SHELF")


@cache
def cases_of(path: Path) -> tuple[Case, ...]:
    """Return the cases of a file, each of whose rules is a topic of the law."""
    return read_cases(path, topics=TOPICS)


def wrong(found: list[Scored]) -> list[str]:
    return [
        f"{one.score}: {Path(one.case.file).name}:{one.judged.tried.trial.line} {one.case.id}: "
        f"expected {one.judged.tried.trial.expect} {one.judged.tried.trial.rule or ''}, got {one.got}"
        for one in found
        if one.score is not Score.RIGHT
    ]


@pytest.mark.parametrize("family", package.families())
def test_the_cases_beside_the_rules(family: str) -> None:
    files = [path for book in package.families()[family] for path in sorted((BOOKS / book).glob("*.cases.yaml"))]
    cases = [case for path in files for case in cases_of(path)]
    assert cases
    assert not wrong(scored(cases, LAW, keep=users_folder()))


def test_case_ids_are_used_once() -> None:
    ids = [case.id for path in sorted(BOOKS.glob("*/*.cases.yaml")) for case in cases_of(path)]
    assert len(ids) == len(set(ids)), sorted({one for one in ids if ids.count(one) > 1})


@pytest.mark.skipif(SHELF is None, reason="the shelf is not here")
def test_the_cases_of_the_shelf_are_beside_the_rules() -> None:
    shelf = [c.id for path in Path(str(SHELF)).glob("law/cases/*.yaml") for c in cases_of(path)]
    ours = {case.id for path in BOOKS.glob("*/*.cases.yaml") for case in cases_of(path)}
    assert set(shelf) <= ours
