"""Compiled programs kept between runs: the same rules and the same code compile to the same statements.

Compiling a rulebook takes seconds, running it a fraction of one, so a question waits once only.
"""

import hashlib
import json
import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from duecourse.law.program import Program, Step, compiled
from duecourse.law.rulebook import Law


def users_folder() -> Path | None:
    """Return the user's folder for what is compiled once: DUECOURSE_CACHE, else in the user's cache folder.

    None where nothing can be written.
    """
    named, home = os.environ.get("DUECOURSE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    folder = Path(named) if named else (Path(home) if home else Path.home() / ".cache") / "duecourse"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def program_of(law: Law, folder: Path | None, engine: str = "duckdb", suffix: str = "") -> Program:
    """Return the program of some law from `folder`, or compile it and keep it there; None keeps nothing."""
    if folder is None:
        return compiled(law, engine, suffix)
    path = folder / f"{_key(law, engine, suffix)}.json"
    if path.exists():
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        steps = tuple(Step(**step) for step in known["steps"])
        return Program(law, known["acts"], known["events"], steps, known["found_in"])
    program = compiled(law, engine, suffix)
    _write(path, program)
    return program


def _write(path: Path, program: Program) -> None:
    """Write a program; the file appears whole or not at all."""
    text = json.dumps(
        {
            "acts": program.acts,
            "events": program.events,
            "steps": [asdict(step) for step in program.steps],
            "found_in": program.found_in,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _key(law: Law, engine: str, suffix: str) -> str:
    about = [law.hash, engine, suffix, version("ibis-framework"), version("sqlglot")]
    about += [f"{rule.id} {rule.record.from_}" for rule in law.rules]
    digest = hashlib.sha256("\n".join(about).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(Path(__file__).with_name("vocabulary.yaml").read_bytes())
    return digest.hexdigest()[:24]
