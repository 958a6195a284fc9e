"""The law asked in plain Python gives what the compiled law gives, on every try of every case."""

from pathlib import Path

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.asking import ask
from duecourse.law.casefile import read_cases
from duecourse.law.kept import program_of, users_folder
from duecourse.law.program import compiled
from duecourse.law.running import run
from tests import package

LAW = package.law()
LARGE = """
rulebooks: [eu, de]
collector: {role: original_creditor}
borrower: {country: DE, zones: [Europe/Berlin]}
loans:
  - {id: A, product: consumer_loan, opened_on: 2025-03-10, currency: EUR, principal: 9000000000000000000}
history: []
tries:
  - {ask: highest_lawful_charge, loan: A, base_rate: 2.27, from: 2026-02-10, on: 2026-03-10}
"""


@pytest.mark.parametrize("family", package.families())
def test_both_ways_give_the_same_verdicts(family: str) -> None:
    cases = package.cases_of(*package.families()[family])
    law = LAW.of({name for case in cases for name in case.rulebooks})
    made, twin = run(cases, program_of(law, users_folder())), ask(cases, law)
    assert len(made.verdicts) == len(twin.verdicts) > 0
    differing = [
        (tried.case.id, tried.number)
        for tried in made.worlds.tries
        for act_no in made.worlds.acts_of[tried.number]
        if made.verdicts[act_no] != twin.verdicts[act_no]
    ]
    assert differing == []


def test_a_number_that_leaves_64_bits_is_refused_in_the_same_words(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(LARGE, encoding="utf-8")
    cases = read_cases(path, expects=False)
    law = LAW.of(["eu", "de"], asks=["highest_lawful_charge"])
    with pytest.raises(DueCourseError, match="too large to work with"):
        run(cases, compiled(law))
    with pytest.raises(DueCourseError, match="too large to work with"):
        assert ask(cases, law).verdicts
