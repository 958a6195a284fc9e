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

from tests.night import books

KILLS: Final = 12 if os.environ.get("DUECOURSE_SOAK") == "1" else 2


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


def test_killed_at_random_moments(tmp_path: Path) -> None:
    mapping, out = books.enriched(tmp_path / "book", 200, 2), tmp_path / "out"
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
