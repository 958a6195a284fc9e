"""The law asked on one connection: statements compiled once for each sort of acts, and prepared once on the server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection, OperationalError
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult
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

_ENDS: Final = b"57P"  # the class of what a server says that ends

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
        """Set the connection up; `words` are those that the templates of the acts may declare.

        `statements` are those compiled so far: judges of the same law and words may share them.
        """
        self._connection, self._law, self._words = connection, law, words
        self.statements: dict[tuple[Which, date], Statement] = {}
        self._prepared: dict[str, bytes] = {}
        self.use(connection)

    def use(self, connection: Connection[TupleRow]) -> None:
        """Go on with a connection, in the place of one that was lost; what was compiled is kept."""
        self.forget()
        self._connection = connection
        for setting in _SETTINGS:
            connection.execute(setting.encode())
        connection.commit()

    def judge(self, rows: Mapping[tuple[Which, date], Sequence[Row]]) -> dict[int, Verdict]:
        """Judge rows of acts by their day, within the transaction that is open; the verdict of each by its act_no."""
        found: dict[int, Verdict] = {}
        for (which, on), asked in rows.items():
            statement = self._statement(which, on)
            name = self._name(statement)
            values = [json.dumps(asked).encode(), on.isoformat().encode()]
            result = self._connection.pgconn.exec_prepared(name, values)
            if result.status != ExecStatus.TUPLES_OK:
                _raise_lost(result)
                raise DueCourseError(f"the law cannot be asked of {which[0]}: {_first_line(result.error_message)}")
            for place in range(result.ntuples):
                number, *bits = (int(result.get_value(place, at) or 0) for at in range(result.nfields))
                found[number] = _verdict(statement, bits)
        return found

    def forget(self) -> None:
        """Prepare all statements anew when they are next needed."""
        self._prepared.clear()

    def prepare(self, which: Which, on: date) -> None:
        """Compile and prepare a statement before it is needed."""
        self._name(self._statement(which, on))

    def _statement(self, which: Which, on: date) -> Statement:
        if (which, on) not in self.statements:
            sort, seldom = which
            self.statements[which, on] = statement_of(self._law, sort, on, self._words, seldom=seldom)
        return self.statements[which, on]

    def _name(self, statement: Statement) -> bytes:
        """Prepare a statement, unless the same was prepared for another day."""
        if statement.sql not in self._prepared:
            name = f"judge_{len(self._prepared)}".encode()
            result = self._connection.pgconn.prepare(name, statement.sql.encode())
            if result.status != ExecStatus.COMMAND_OK:
                _raise_lost(result)
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


def _raise_lost(result: PGresult) -> None:
    """Raise the driver's own error where not the statement failed, but the connection."""
    state = result.error_field(DiagnosticField.SQLSTATE)  # the server names one, unless it could say nothing any more
    if not state or state.startswith(_ENDS):
        raise OperationalError(_first_line(result.error_message))


def _first_line(message: bytes) -> str:
    return message.decode(errors="replace").splitlines()[0] if message else "no reason given"
