"""Keeping results: `--keep DAY` of a bench appends one line to bench/results/<bench>.jsonl.

The day is given, as everywhere: only the command line of the product may ask what day it is.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).with_name("results")
_ALL_BUT_RESULTS: Final = ":(exclude,top)bench/results"


def commit(folder: Path = RESULTS.parent) -> dict[str, Any]:
    """Return the short name of the commit checked out in a folder, and whether all files are as committed.

    Results kept before do not count as changes, so that several benches can be kept for one commit. No commit, and not
    clean, where there is no git.
    """
    git, found = shutil.which("git"), []
    for arguments in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", ":/", _ALL_BUT_RESULTS)):
        done = git and subprocess.run([git, *arguments], cwd=folder, check=False, capture_output=True, text=True)
        if not done or done.returncode:
            return {"commit": None, "clean": False}
        found.append(done.stdout.strip())
    return {"commit": found[0], "clean": not found[1]}


def machine() -> dict[str, Any]:
    """Return how many cores there are, the memory in bytes, and what the processor calls itself."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpus": os.cpu_count(), "memory_bytes": memory, "cpu": models[0] if models else None}


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of some packages."""
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def keep(bench: str, day: date | None, result: Mapping[str, Any]) -> None:
    """Append a result to those kept of a bench; nothing without a day (UTC)."""
    if day is None:
        return
    line = {"date": day.isoformat(), **commit(), "machine": machine(), "result": result}
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{bench}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def kept(bench: str) -> list[dict[str, Any]]:
    """Return the results kept of a bench, oldest first."""
    path = RESULTS / f"{bench}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
