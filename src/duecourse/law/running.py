"""Worlds run through the law: what comes of it, in whatever way; and the compiled way, on DuckDB in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from duecourse.kernel.errors import DueCourseError
from duecourse.law.casefile import Case
from duecourse.law.program import ACTS, BUSINESS_DAYS, EVENTS, SAME, VERDICTS, Program
from duecourse.law.rulebook import Law
from duecourse.law.world import Worlds, needs_calendars, tables, worlds


class Run(Protocol):
    """What came of some worlds: for each row of acts (by act_no) the bits and answers of the program's verdicts."""

    @property
    def law(self) -> Law:
        """The law that was asked: its rules in the order of the bits."""

    @property
    def worlds(self) -> Worlds:
        """The worlds and their tries."""

    @property
    def verdicts(self) -> Mapping[int, Mapping[str, Any]]:
        """The columns `asked_0`, `refused_0`, `unknown_0`, ... and `gives_<place of a rule>`, by act_no."""

    def facts(self, act_no: int) -> Mapping[str, Any]:
        """Return the columns and facts of one row of acts."""

    def again(self, cases: Sequence[Case]) -> "Run":
        """Run other worlds through the same law."""


if TYPE_CHECKING:
    from duecourse.law.asking import Asked


@dataclass(frozen=True)
class Compiled:
    """A run on DuckDB; its tables are kept open for looking at facts."""

    connection: duckdb.DuckDBPyConnection
    program: Program
    worlds: Worlds
    verdicts: Mapping[int, Mapping[str, Any]]

    @property
    def law(self) -> Law:
        """The law that was asked."""
        return self.program.law

    def facts(self, act_no: int) -> dict[str, Any]:
        """Return every fact and column of one row of acts."""
        found: dict[str, Any] = {}
        tables = [ACTS, *dict.fromkeys(t for n, t in self.program.found_in.items() if not n.startswith("event."))]
        for table in tables:
            number = f"(select same_no from {SAME} where act_no = ?)" if table in self.program.in_common else "?"
            cursor = self.connection.execute(f"select * from {table} where act_no = {number}", [act_no])
            names = [each[0] for each in cursor.description or ()]
            found.update(zip(names, cursor.fetchall()[0], strict=True))
        return found

    def again(self, cases: Sequence[Case]) -> "Asked":
        """Ask the same law of other worlds: of a few, in Python, for a program takes seconds to run on one."""
        from duecourse.law.asking import ask

        return ask(cases, self.law)


def run(cases: Sequence[Case], program: Program) -> Compiled:
    """Make the tables of the cases and run the program over them; DueCourseError when a number leaves 64 bits."""
    connection = duckdb.connect(config={"threads": 2})
    made = worlds(cases, with_calendars=needs_calendars(program.reads))
    given = tables(made, program.reads)
    for name, table in ((ACTS, given.acts), (EVENTS, given.events), (BUSINESS_DAYS, given.business_days)):
        connection.register(name, table)
    try:
        for step in program.steps:
            connection.execute(f"create temp table {step.table} as {step.sql}")
    except duckdb.OutOfRangeException as error:
        raise too_large(str(error).splitlines()[0]) from None
    cursor = connection.execute(f"select * from {VERDICTS}")
    names = [each[0] for each in cursor.description or ()]
    rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return Compiled(connection, program, made, {row["act_no"]: row for row in rows})


def too_large(told: str) -> DueCourseError:
    """Return the error for a number that leaves 64 bits."""
    return DueCourseError(f"a number of the world is too large to work with: {told}")
