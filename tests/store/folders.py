"""Folders for stores in tests."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reachable() -> Iterator[Path]:
    """Give a folder whose parents everybody may pass through, as those of a volume are; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="store-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "store"
