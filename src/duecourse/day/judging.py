"""The law asked on one connection: statements compiled once for each sort of acts, and prepared once on the server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.pq import ExecStatus
from psycopg.rows import TupleRow

from duecourse.day.asking import Row
from duecourse.day.statement import Sort, Statement, statement_of
from duecourse.kernel.errors import DueCourseError
from duecourse.law.program import WORD
from duecourse.law.records import STEPS
from duecourse.law.rulebook import Law, Rule

_SETTINGS: Final = (
    "SET jit = off",  # a statement of a millisecond is not worth compiling for a second
    "SET plan_cache_mode = force_generic_plan",  # planned once: planning takes longer than judging
    "SET enable_seqscan = off",  # one plan for an empty table and for millions of rows
    "SET TimeZone = 'UTC'",
)

Which = tuple[Sort, bool]
"""A sort of acts, and whether the borrower has rows in tables in which most have none."""


@dataclass(frozen=True)
class Verdict:
    """What the law says of one row: words of bits by the rules' places, and the rules that refuse, strongest first."""

    law: str
    asked: tuple[int, ...]
    refused: tuple[int, ...]
    unknown: tuple[int, ...]
    against: tuple[Rule, ...]


class Judge:
    """Asks some law on one connection, which must be used by one thread and belongs to nobody else."""

    def __init__(self, connection: Connection[TupleRow], law: Law, words: frozenset[str]) -> None:
        """Set the connection up; `words` are those that the templates of the acts may declare."""
        self._connection, self._law, self._words = connection, law, words
        self._statements: dict[tuple[Which, date], tuple[bytes, Statement]] = {}
        self._prepared: dict[str, bytes] = {}
        for setting in _SETTINGS:
            connection.execute(setting.encode())
        connection.commit()

    def judge(self, rows: Mapping[tuple[Which, date], Sequence[Row]]) -> dict[int, Verdict]:
        """Judge rows of acts by their day, within the transaction that is open; the verdict of each by its act_no."""
        found: dict[int, Verdict] = {}
        for (which, on), asked in rows.items():
            name, statement = self._statement(which, on)
            values = [json.dumps(asked).encode(), on.isoformat().encode()]
            result = self._connection.pgconn.exec_prepared(name, values)
            if result.status != ExecStatus.TUPLES_OK:
                raise DueCourseError(f"the law cannot be asked of {which[0]}: {_first_line(result.error_message)}")
            for place in range(result.ntuples):
                number, *bits = (int(result.get_value(place, at) or 0) for at in range(result.nfields))
                found[number] = _verdict(statement, bits)
        return found

    def forget(self) -> None:
        """Prepare all statements anew when they are next needed."""
        self._statements.clear()
        self._prepared.clear()

    def prepare(self, which: Which, on: date) -> None:
        """Compile and prepare a statement before it is needed."""
        self._statement(which, on)

    def _statement(self, which: Which, on: date) -> tuple[bytes, Statement]:
        if (which, on) not in self._statements:
            sort, seldom = which
            statement = statement_of(self._law, sort, on, self._words, seldom=seldom)
            self._statements[which, on] = (self._name(statement), statement)
        return self._statements[which, on]

    def _name(self, statement: Statement) -> bytes:
        """Prepare a statement, unless the same was prepared for another day."""
        if statement.sql not in self._prepared:
            name = f"judge_{len(self._prepared)}".encode()
            result = self._connection.pgconn.prepare(name, statement.sql.encode())
            if result.status != ExecStatus.COMMAND_OK:
                raise DueCourseError(f"the law does not fit this database: {_first_line(result.error_message)}")
            self._prepared[statement.sql] = name
        return self._prepared[statement.sql]


def _verdict(statement: Statement, bits: Sequence[int]) -> Verdict:
    words = statement.words
    asked, refused, unknown = (tuple(bits[words * at : words * (at + 1)]) for at in range(3))
    if not any(refused):
        return Verdict(statement.law, asked, refused, unknown, ())
    against = [rule for at, rule in enumerate(statement.rules) if refused[at // WORD] >> at % WORD & 1]  # not money
    ordered = sorted(against, key=lambda rule: (STEPS.index(rule.record.step), rule.id))
    return Verdict(statement.law, asked, refused, unknown, tuple(ordered))


def _first_line(message: bytes) -> str:
    return message.decode(errors="replace").splitlines()[0] if message else "no reason given"
