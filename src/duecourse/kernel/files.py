"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a name beside a file, whose folder is made if need be; what is written there then takes the file's place.

    No two writers are given the same name. After an error the file stands as it stood.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
