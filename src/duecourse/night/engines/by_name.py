"""The engine that the user names: the one place that knows them all."""

from collections.abc import Mapping
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.night.engines import duckdb
from duecourse.night.engines.engine import Engine, Opening

TITLES: Final[Mapping[str, str]] = {"duckdb": "DuckDB", "spark": "Spark"}


def opened(name: str, opening: Opening, master: str) -> Engine:
    """Open loaded tables on an engine of TITLES, `master` is that of Spark.

    DueCourseError when the engine is not installed.
    """
    if name == "duckdb":
        return duckdb.DuckDB.open(opening)
    try:
        from duecourse.night.engines import spark
    except ImportError as error:
        raise DueCourseError(f"the engine Spark is not installed ({error}): pip install 'duecourse[spark]'") from None
    return spark.Spark.open(opening, master)
