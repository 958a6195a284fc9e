"""A night that is killed leaves nothing half-written: what stood stays, and a run after it gives the same plan."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from duecourse.night.aside import written_aside
from tests.night import books

KILLS: Final = 4


def command(mapping: Path, out: Path, on: str) -> list[str]:
    script = Path(sys.executable).with_name("duecourse")
    return [str(script), "run", str(mapping), "--on", on, "--out", str(out), "--threads", "2"]


def outputs(folder: Path) -> dict[str, Any] | None:
    """Read all outputs of a night, None where there is none; a half-written one would not be read."""
    if not folder.exists():
        return None
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    tables = {name: pq.read_table(path).num_rows for name, path in manifest["outputs"].items() if "report" not in name}
    return {"hash": manifest["plan_hash"], **tables}


def test_killed_at_random_moments(tmp_path: Path, home: Path) -> None:
    mapping, out = books.enriched(tmp_path / "book", 200, 2), tmp_path / "out"
    out.mkdir()
    (out / "compiled").symlink_to(home / "compiled", target_is_directory=True)
    days = ("2026-06-29", "2026-06-30")
    for day in days:
        begun = time.monotonic()
        subprocess.run(command(mapping, out, day), check=True, capture_output=True)  # noqa: S603
    whole = {day: outputs(out / day) for day in days}
    took = time.monotonic() - begun  # of the second, for which everything was compiled
    seed = int.from_bytes(os.urandom(4))
    dice = random.Random(seed)
    for number in range(KILLS):
        day = days[number % 2]
        running = subprocess.Popen(command(mapping, out, day), stderr=subprocess.DEVNULL)  # noqa: S603
        time.sleep(dice.uniform(0.2, took))
        running.send_signal(signal.SIGKILL)
        running.wait()
        found = outputs(out / day)
        assert found is None or found == whole[day], seed
    for day in days:
        subprocess.run(command(mapping, out, day), check=True, capture_output=True)  # noqa: S603
        assert outputs(out / day) == whole[day], seed
    left = [path.name for path in out.iterdir() if path.name.startswith(".")]
    assert not left, f"what killed runs had left is cleared away (seed {seed})"


def test_what_stood_is_put_back_when_killed_between_the_two_renamings(tmp_path: Path) -> None:
    folder = tmp_path / "2026-06-30"
    with written_aside(folder) as aside:
        (aside / "plan").write_text("first", encoding="utf-8")
        name = aside.name
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine, theirs = name.rsplit(".", 1)[0], f"{dead.pid}"
    folder.rename(tmp_path / f"{mine}.{theirs}.old")
    (tmp_path / f"{mine}.{theirs}").mkdir()
    with pytest.raises(KeyboardInterrupt), written_aside(folder):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert (folder / "plan").read_text(encoding="utf-8") == "first"


def test_what_a_running_process_writes_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "2026-06-30"
    with written_aside(folder) as aside:
        other = aside.with_name(aside.name.replace(str(os.getpid()), str(os.getppid())))
        other.mkdir()
    assert other.exists()
