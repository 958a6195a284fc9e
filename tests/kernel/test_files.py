"""Folders aside: whole or not at all, what the dead left cleared away, what others write left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from duecourse.kernel.files import is_ours, scratch, write_own, written_aside, written_beside


def dead_process() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def of_process(aside: Path, process: int) -> Path:
    """Return the name that a folder aside would have had in another process."""
    return aside.with_name(aside.name.replace(f".{os.getpid()}.", f".{process}."))


def test_what_stood_is_put_back_when_killed_between_the_two_renamings(tmp_path: Path) -> None:
    folder = tmp_path / "2026-06-30"
    with written_aside(folder) as aside:
        (aside / "plan").write_text("first", encoding="utf-8")
    theirs = of_process(aside, dead_process())
    folder.rename(theirs.with_name(f"{theirs.name}.old"))
    theirs.mkdir()
    with pytest.raises(KeyboardInterrupt), written_aside(folder):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert (folder / "plan").read_text(encoding="utf-8") == "first"


def test_what_a_running_process_writes_is_left_alone(tmp_path: Path) -> None:
    with written_aside(tmp_path / "2026-06-30") as aside:
        other = of_process(aside, os.getppid())
        other.mkdir()
    with scratch(tmp_path / "2026-06-30"):
        assert other.exists()


def test_scratch_folders_of_one_process_leave_each_other_alone(tmp_path: Path) -> None:
    with scratch(tmp_path / "night") as one, scratch(tmp_path / "night") as two:
        assert one != two
        assert one.is_dir()
        assert two.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_the_dead_left_goes_even_if_this_process_has_their_number(tmp_path: Path) -> None:
    with scratch(tmp_path / "night") as own:
        left = [of_process(own, dead_process()), own.with_name(f"{own.name}0")]
        for path in left:
            path.mkdir()
        with scratch(tmp_path / "night"):
            assert own.exists()
            assert not any(path.exists() for path in left)


def test_a_file_stands_as_it_stood_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "new" / "texts.json"
    with written_beside(path) as beside:
        beside.write_text("first", encoding="utf-8")
    with pytest.raises(FileNotFoundError), written_beside(path) as beside:
        (beside / "not a folder").read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "first"
    assert list(path.parent.iterdir()) == [path]


def test_what_others_can_write_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "texts.json"
    assert not is_ours(path)
    write_own(path, b"{}")
    assert is_ours(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o660)
    assert not is_ours(path)
    path.chmod(0o600)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    assert not is_ours(link)
