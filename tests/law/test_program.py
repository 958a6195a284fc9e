"""Programs: what is shared between acts changes nothing, and what is kept between runs is what was compiled."""

from pathlib import Path

import pytest

from duecourse.law import program
from duecourse.law.kept import program_of
from duecourse.law.program import compiled
from duecourse.law.rulebook import BOOKS
from duecourse.law.running import run
from tests import package

LAW = package.law()


@pytest.mark.parametrize("book", ["us", "cn", "gb"])
def test_facts_worked_out_once_for_a_borrowers_acts_are_those_worked_out_for_each(
    book: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = list(package.cases(BOOKS / book / f"{book}.cases.yaml"))
    part = LAW.of([book], acts=["contact"])
    shared = compiled(part)
    assert any(step.table == program.SAME for step in shared.steps)
    monkeypatch.setattr(program, "_COMMON", frozenset())
    monkeypatch.setattr(program, "_COMMON_OF", ("nothing.",))
    alone = compiled(part)
    assert run(cases, shared).verdicts == run(cases, alone).verdicts


def test_a_program_kept_is_the_program_compiled(tmp_path: Path) -> None:
    part = LAW.of(["in"], acts=["contact"])
    first = program_of(part, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    again = program_of(part, tmp_path)
    assert (again.steps, again.reads, again.found_in) == (
        first.steps,
        first.reads,
        first.found_in,
    )
    assert program_of(LAW.of(["in"], acts=["furnish"]), tmp_path).steps != first.steps
    assert len(list(tmp_path.iterdir())) == 2
    assert program_of(part, None).steps == first.steps
