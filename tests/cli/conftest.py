"""One run of the small example that many tests look at, and how commands are run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from duecourse import cli

ROOT: Final = Path(__file__).parents[2]
SMALL: Final = ROOT / "examples" / "small" / "book.toml"
SCRIPT: Final = Path(sys.executable).with_name("duecourse")
ON: Final = "2026-03-31"


class Result(NamedTuple):
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


def script(*arguments: object, cwd: Path | None = None) -> Result:
    """Run the installed console script in a process of its own, as a user does."""
    command = [str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(  # noqa: S603
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8"
    )
    return Result(done.returncode, done.stdout, done.stderr)


class Commands:
    """Run commands within this process, with one folder for outputs."""

    def __init__(self, capture: pytest.CaptureFixture[str], out: Path) -> None:
        """Take pytest's capture of stdout and stderr."""
        self._capture = capture
        self.out = out

    def __call__(self, *arguments: object) -> Result:
        """Run `duecourse ARGUMENTS` through the same `main` as the script."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["duecourse", *map(str, arguments)])
            self._capture.readouterr()
            with pytest.raises(SystemExit) as left:
                cli.main()
        printed = self._capture.readouterr()
        assert isinstance(left.value.code, int)
        return Result(left.value.code, printed.out, printed.err)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for outputs that all tests of a session share, so that the book is loaded once."""
    return tmp_path_factory.mktemp("cli")


@pytest.fixture
def duecourse(capsys: pytest.CaptureFixture[str], home: Path) -> Commands:
    """Return what runs a command in this process."""
    return Commands(capsys, home)


def assert_one_line(result: Result, *words: str) -> None:
    """Check that a command refused with one clear line on stderr, exit code 2, and nothing on stdout."""
    assert (result.code, result.out) == (2, ""), result
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert result.err.endswith("\n")
    for word in words:
        assert word in result.err
