"""The engine that the user names: the one place that knows them all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.night.engines import duckdb
from duecourse.night.engines.engine import Engine
from duecourse.night.engines.texts import Texts

TITLES: Final[Mapping[str, str]] = {"duckdb": "DuckDB", "spark": "Spark"}


def opened(
    name: str,
    tables: Path,
    texts: Texts,
    empty: frozenset[str],
    *,
    threads: int,
    memory: str,
    spill: Path,
    master: str,
) -> Engine:
    """Open the loaded tables, of which `empty` have no row, on an engine of TITLES.

    `memory` is a size such as '4GB', `spill` a folder for what exceeds it, `master` that of Spark. DueCourseError when
    the engine is not installed.
    """
    if name == "duckdb":
        return duckdb.DuckDB.open(tables, texts, empty, threads=threads, memory=memory, spill=spill)
    try:
        from duecourse.night.engines import spark
    except ImportError as error:
        raise DueCourseError(f"the engine Spark is not installed ({error}): pip install 'duecourse[spark]'") from None
    return spark.Spark.open(tables, texts, empty, threads=threads, memory=memory, spill=spill, master=master)
