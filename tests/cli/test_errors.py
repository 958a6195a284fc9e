"""What a user can mend is one line that says what, where and what to do; exit code 2; no traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ON, ROOT, SCRIPT, SMALL, Commands, assert_one_line, script

BAD_ARGUMENTS = [
    (["run", SMALL, "--on", "2026-02-30"], ["--on", "2026-02-30", "YYYY-MM-DD"]),
    (["run", SMALL, "--on", "20260331"], ["--on", "YYYY-MM-DD"]),
    (["run", SMALL, "--on", ""], ["--on", "YYYY-MM-DD"]),
    (["run", SMALL, "--on", "0001-01-01"], ["--on", "1970-01-01 to 2199-12-31"]),
    (["run", SMALL, "--on", "9999-12-31"], ["--on", "1970-01-01 to 2199-12-31"]),
    (["run", SMALL, "--on", ON, "--known-at", "noon"], ["--known-at", "2026-01-31T08:00Z"]),
    (["run", SMALL, "--on", ON, "--known-at", "9999-12-31T23:00-05:00"], ["--known-at", "out of range"]),
    (["run", SMALL, "--on", ON, "--memory", "plenty"], ["--memory", "plenty", "4GB"]),
    (["run", SMALL, "--on", ON, "--memory", "1MB"], ["--memory", "200MB"]),
    (["run", SMALL, "--on", ON, "--memory", " "], ["--memory", "4GB"]),
    (["run", SMALL, "--on", ON, "--threads", "0"], ["--threads"]),
    (["run", SMALL, "--on", ON, "--threads", "100000"], ["--threads", "256"]),
    (["run", SMALL, "--on", ON, "--threads", ""], ["--threads"]),
    (["run", SMALL], ["--on", "duecourse run --help"]),
    (["run"], ["mapping", "duecourse run --help"]),
    (["run", SMALL, "--on", ON, "--colour"], ["--colour", "duecourse run --help"]),
    (["rnu"], ["rnu", "duecourse --help"]),
    (["replay", SMALL, "--from", "2026-03-02", "--to", "2026-03-01"], ["--from 2026-03-02", "exchange"]),
    (["replay", SMALL, "--from", "2026-03-02", "--to", "soon"], ["--to", "soon"]),
    (["synth", "--loans", "0", "--out", "nowhere"], ["--loans"]),
    (["synth", "--loans", "10"], ["--out"]),
    (["demo", "--loans", "3"], ["--loans"]),
    (["explain", SMALL, "--on", ON], ["loan_id"]),
]


@pytest.mark.parametrize(("arguments", "words"), BAD_ARGUMENTS)
def test_bad_arguments(duecourse: Commands, arguments: list[object], words: list[str]) -> None:
    assert_one_line(duecourse(*arguments), *words)


def test_a_mapping_that_is_not_there(duecourse: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(duecourse("run", "nope.toml", "--on", ON), "nope.toml", "check the path")
    assert not list(tmp_path.iterdir()), "a wrong path leaves nothing behind"


def test_a_mapping_that_is_no_mapping(duecourse: Commands, tmp_path: Path) -> None:
    assert_one_line(duecourse("check-book", tmp_path, "--out", duecourse.out), str(tmp_path))
    assert_one_line(duecourse("check-book", ROOT / "README.md", "--out", duecourse.out), "README.md", "TOML")


def test_a_column_that_is_not_there(duecourse: Commands, tmp_path: Path) -> None:
    mapping = tmp_path / "book.toml"
    mapping.write_text(SMALL.read_text(encoding="utf-8").replace('"Darlehen"', '"Darlehn"'), encoding="utf-8")
    line = next(no for no, text in enumerate(mapping.read_text(encoding="utf-8").splitlines(), 1) if "Darlehn" in text)
    found = duecourse("run", mapping, "--data", SMALL.parent, "--on", ON, "--out", tmp_path / "out")
    assert_one_line(found, f"book.toml:{line}:", "Darlehn", "Darlehen")


def test_a_folder_of_data_that_is_not_there(duecourse: Commands, tmp_path: Path) -> None:
    found = duecourse("run", SMALL, "--on", ON, "--data", tmp_path / "none", "--out", tmp_path)
    assert_one_line(found, "none", "--data")
    found = duecourse("run", SMALL, "--on", ON, "--data", tmp_path, "--out", tmp_path)
    assert_one_line(found, "kunden.csv", "--data")


@pytest.mark.parametrize("command", ["explain", "statement"])
def test_a_loan_that_is_not_there(duecourse: Commands, command: str) -> None:
    found = duecourse(command, SMALL, "V2099", "--on", ON, "--out", duecourse.out)
    assert_one_line(found, "'V2099'", "did you mean V20")


@pytest.mark.parametrize(
    ("text", "words"),
    [("ladder: [", ["own.yaml:"]), ("name: x\nmin_gap: 3\n", ["own.yaml:2", "min_gap"]), ("", ["own.yaml"])],
)
def test_a_strategy_that_is_refused(duecourse: Commands, tmp_path: Path, text: str, words: list[str]) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text, encoding="utf-8")
    assert_one_line(duecourse("run", SMALL, "--on", ON, "--strategy", own, "--out", duecourse.out), *words)
    assert_one_line(duecourse("run", SMALL, "--on", ON, "--strategy", tmp_path / "none.yaml"), "none.yaml")


@pytest.mark.parametrize("command", ["run", "demo", "synth"])
def test_a_folder_that_cannot_be_written(duecourse: Commands, tmp_path: Path, command: str) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    arguments = [SMALL, "--on", ON] if command == "run" else ["--loans", 100]
    assert_one_line(duecourse(command, *arguments, "--out", blocked / "deep"), str(blocked), "cannot write")


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("duecourse.cli.app", broken)
    from duecourse import cli

    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_too_little_memory_in_the_night_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class OutOfMemoryException(Exception):  # noqa: N818  the engine's own name
        pass

    def starved(**_options: object) -> None:
        raise OutOfMemoryException

    monkeypatch.setattr("duecourse.cli.app", starved)
    from duecourse import cli

    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert "--memory" in capsys.readouterr().err


# As the script does it; a process that was started in the background would ignore Ctrl-C.
SCRIPT_HEARING_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from duecourse.cli import main; main()"
)


def test_ctrl_c_says_nothing(tmp_path: Path) -> None:
    book = tmp_path / "book"
    command = [sys.executable, "-c", SCRIPT_HEARING_CTRL_C, "synth", "--loans", "3000000", "--out", str(book)]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        while not book.exists() and running.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "")


def test_a_reader_who_leaves_early() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(  # noqa: S603
            [str(SCRIPT), "facts"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_without_a_command_it_helps(duecourse: Commands) -> None:
    found = duecourse()
    assert found.code == 0
    commands = ("check-book", "run", "explain", "statement", "replay", "synth", "facts", "demo")
    assert not [name for name in commands if f"  {name} " not in found.out]
    assert duecourse("--version").out.startswith("duecourse 0")


def test_the_script_itself(tmp_path: Path) -> None:
    assert_one_line(script("run", "nope.toml", "--on", ON, cwd=tmp_path), "nope.toml")
