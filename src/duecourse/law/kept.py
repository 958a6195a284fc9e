"""What is kept between runs: rulebooks as they were read, and the statements that they compile to.

Reading all rulebooks takes a second and compiling one takes several, running it a fraction of one; so a question
waits once only. The same files and the same code give the same, and anything else is read or compiled anew.
"""

import gc
import hashlib
import json
import os
import pickle
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from duecourse.kernel.files import is_ours, write_own
from duecourse.law.program import Program, Step, compiled, reads
from duecourse.law.rulebook import BOOKS, Law, load


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


def law_of(only: Collection[str], folder: Path | None) -> Law:
    """Return the rulebooks of the package (`only` some, if any are named), as `rulebook.load` reads them.

    They are kept in `folder` as Python's own copy of what was read. Such a copy is code to whoever opens it: it is
    used only while nobody else can write to it. None keeps nothing.
    """
    if folder is None:
        return load(only=only)
    path = folder / f"law-{_digest([*sorted(only), *_books()])}.pickle"
    if is_ours(path):
        with _no_garbage(), path.open("rb") as file:
            law: Law = pickle.load(file)  # noqa: S301  only our own, see above
            return law
    law = load(only=only)
    write_own(path, pickle.dumps(law))
    return law


def _books() -> list[str]:
    """Return the digest of every file of the rulebooks that is read."""
    files = [path for path in sorted(BOOKS.rglob("*.yaml")) if not path.name.endswith(".cases.yaml")]
    return [f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Put off looking for garbage: among many new objects that are all kept, looking takes most of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def program_of(law: Law, folder: Path | None, engine: str = "duckdb", suffix: str = "") -> Program:
    """Return the program of some law from `folder`, or compile it and keep it there; None keeps nothing."""
    if folder is None:
        return compiled(law, engine, suffix)
    path = folder / f"{_key(law, engine, suffix)}.json"
    if is_ours(path):
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        steps = tuple(Step(**step) for step in known["steps"])
        return Program(law, suffix, reads(law), steps, known["found_in"], frozenset(known["in_common"]))
    program = compiled(law, engine, suffix)
    kept = {
        "steps": [asdict(step) for step in program.steps],
        "found_in": program.found_in,
        "in_common": sorted(program.in_common),
    }
    write_own(path, json.dumps(kept).encode())
    return program


def _key(law: Law, engine: str, suffix: str) -> str:
    return _digest([law.digest, engine, suffix])


def _digest(about: Collection[str]) -> str:
    """Return a short digest of what something is made from, and of the code that makes it."""
    return hashlib.sha256("\n".join([*about, _code()]).encode()).hexdigest()[:24]


@cache
def _code() -> str:
    """Return the digest of the code that reads and compiles rulebooks, and of what it builds on."""
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), here / "vocabulary.yaml"]
    packages = ("ibis-framework", "sqlglot", "pydantic")
    return " ".join([
        hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest(), *map(version, packages)
    ])  # fmt: skip
