"""The project's files, found by walking, so that a copy without .git is checked as well."""

import fnmatch
import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "duecourse"


def ignored() -> list[str]:
    """Patterns of .gitignore (which has names only), and git's own folder."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    return [".git", *(line.strip("/ ") for line in lines if line.strip() and not line.startswith("#"))]


def files(top: Path = ROOT) -> list[Path]:
    """Every file under `top` that git would track, in order."""
    patterns = ignored()

    def kept(name: str) -> bool:
        return not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)

    found = []
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(filter(kept, folders))
        found += [Path(folder) / name for name in sorted(filter(kept, names))]
    return found


def python_files(*tops: str) -> list[Path]:
    """Every Python file under these folders of the project."""
    return [path for top in tops for path in files(ROOT / top) if path.suffix == ".py"]


def name_of(path: Path) -> str:
    """Return the path as the project names it, with slashes."""
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str | None:
    """Return the file's text, or None when it is not text."""
    data = path.read_bytes()
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None
