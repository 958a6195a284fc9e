"""A program run on DuckDB, in memory, over the tables of some worlds: for cases, what-ifs and the desk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from duecourse.kernel.errors import DueCourseError
from duecourse.law.casefile import Case
from duecourse.law.program import ACTS, BUSINESS_DAYS, EVENTS, VERDICTS, Program
from duecourse.law.world import Worlds, worlds


@dataclass(frozen=True)
class Run:
    """The tables of a run, kept open for looking at facts."""

    connection: duckdb.DuckDBPyConnection
    program: Program
    worlds: Worlds
    verdicts: Mapping[int, Mapping[str, Any]]

    def facts(self, act_no: int) -> dict[str, Any]:
        """Return every fact and column of one row of acts."""
        found: dict[str, Any] = {}
        tables = [ACTS, *dict.fromkeys(t for n, t in self.program.found_in.items() if not n.startswith("event."))]
        for table in tables:
            cursor = self.connection.execute(f"select * from {table} where act_no = ?", [act_no])
            names = [each[0] for each in cursor.description or ()]
            found.update(zip(names, cursor.fetchall()[0], strict=True))
        return found


def run(cases: Sequence[Case], program: Program) -> Run:
    """Make the tables of the cases and run the program over them; DueCourseError when a number leaves 64 bits."""
    connection = duckdb.connect(config={"threads": 2})
    made = worlds(cases, program)
    for name, table in ((ACTS, made.acts), (EVENTS, made.events), (BUSINESS_DAYS, made.business_days)):
        connection.register(name, table)
    try:
        for step in program.steps:
            connection.execute(f"create temp table {step.table} as {step.sql}")
    except duckdb.OutOfRangeException as error:
        told = str(error).splitlines()[0]
        raise DueCourseError(f"a number of the world is too large to work with: {told}") from None
    cursor = connection.execute(f"select * from {VERDICTS}")
    names = [each[0] for each in cursor.description or ()]
    rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return Run(connection, program, made, {row["act_no"]: row for row in rows})
