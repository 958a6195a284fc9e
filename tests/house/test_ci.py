""".ci/run tried with a stand-in for make: it finds the shelf, and skipped tests fail where the shelf is."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT

MAKE = """#!/bin/sh
echo "make $1 in $(basename "$PWD") with shelf '${DUECOURSE_SHELF:-}'"
[ "$1" != test ] || echo "==== 9 passed, $SKIPPED in 1.00s ===="
[ "$1" != "$BREAKS" ]
"""


def run(top: Path, *, shelf: bool, skipped: str, breaks: str = "") -> tuple[int, str]:
    clone = top / "a clone"
    (clone / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", clone / ".ci/run")
    make = top / "bin/make"
    make.parent.mkdir()
    make.write_text(MAKE)
    make.chmod(0o755)
    if shelf:
        (top / "shared").mkdir()
    env = {"PATH": f"{make.parent}:{os.environ['PATH']}", "SKIPPED": skipped, "BREAKS": breaks}
    done = subprocess.run([clone / ".ci/run"], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stdout


def test_all_passes(tmp_path: Path) -> None:
    code, said = run(tmp_path, shelf=True, skipped="0 failed")
    assert code == 0
    assert f"make test in a clone with shelf '{tmp_path / 'shared'}'" in said
    assert said.splitlines()[-1] == "==== 9 passed, 0 failed in 1.00s ===="
    assert [line.split()[1] for line in said.splitlines() if line.startswith("make")] == [
        "check",
        "demo",
        "test",
    ]


def test_skipped_tests_fail_where_the_shelf_is(tmp_path: Path) -> None:
    assert run(tmp_path, shelf=True, skipped="2 skipped")[0] == 1


def test_skipped_tests_pass_without_the_shelf(tmp_path: Path) -> None:
    code, said = run(tmp_path, shelf=False, skipped="2 skipped")
    assert code == 0
    assert "with shelf ''" in said


@pytest.mark.parametrize("step", ["check", "demo", "test"])
def test_a_step_that_breaks_fails(tmp_path: Path, step: str) -> None:
    assert run(tmp_path, shelf=False, skipped="0 failed", breaks=step)[0] != 0
