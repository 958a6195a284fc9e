"""Statements sent over a connection many at a time: where one act is a dozen statements, waiting is what takes long.

    with line.transaction():
        lock, rows = line.ask((LOCK, [numbers]), (ROWS, [numbers]))      one trip, BEGIN with it
        line.tell(WRITE, [...])                                          goes with the end: one more

Values and answers are texts as PostgreSQL writes them, `$1` stands for the first value; statements are prepared once.
The driver's own cursors cost five times as much for each statement, and wait for BEGIN and for COMMIT.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from typing import Final

import psycopg
from psycopg import Connection, errors, generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow

Values = Sequence[bytes | None]
Asked = tuple[str, Values]
_DONE: Final = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Line:
    """One connection, used by one thread; what is prepared on it lasts as long as it does.

    One that `keeps` nothing may be made at any time on any connection, to ask once.
    """

    def __init__(self, connection: Connection[TupleRow], *, keeps: bool = True) -> None:
        """Send nothing yet; a connection for one that keeps what it prepares must be in no transaction."""
        self._connection, self._keeps, self._waiting = connection, keeps, list[Asked]()
        self._prepared: set[bytes] = set()
        if keeps:  # the driver drops all that was prepared, by whomever, at each rollback, if it has prepared anything
            connection.prepare_threshold = None
            with connection.transaction(force_rollback=True):
                pass

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do a block in a transaction, of which cursors are no part; within another it is a part of that."""
        is_part = self._connection.info.transaction_status != TransactionStatus.IDLE
        try:
            if not is_part:
                self.tell("BEGIN")
            yield
            if not is_part:
                self.tell("COMMIT")
            self.ask()
        except BaseException:
            self._waiting.clear()
            if not is_part:
                with suppress(psycopg.Error):  # of a connection that was lost the server rolls back
                    self._connection.rollback()
            raise

    def tell(self, statement: str, values: Values = ()) -> None:
        """Send a statement with the next that are asked, or with the end."""
        self._waiting.append((statement, values))

    def ask(self, *asked: Asked) -> list[PGresult]:
        """Send statements, and those that wait before them, and return their answers; psycopg.Error for the first."""
        sent = [*self._waiting, *asked]
        self._waiting.clear()
        if not sent:
            return []
        new = {} if not self._keeps else {_name(text): text for text, _ in sent if _name(text) not in self._prepared}
        answers = self._sent(new, sent)
        # What was prepared stays so, whatever became of the rest.
        self._prepared.update(name for name, answer in zip(new, answers, strict=False) if answer.status in _DONE)
        for answer in answers:
            if answer.status not in _DONE:
                raise errors.error_from_result(answer)
        return answers[len(answers) - len(asked) :]

    def _sent(self, new: Mapping[bytes, str], sent: Sequence[Asked]) -> list[PGresult]:
        """Prepare what is new and send statements, in one trip; return all answers. What breaks off ends the line."""
        pgconn = self._connection.pgconn
        try:
            pgconn.enter_pipeline_mode()
            for name, text in new.items():
                pgconn.send_prepare(name, text.encode())
            for text, values in sent:
                if self._keeps:
                    pgconn.send_query_prepared(_name(text), values)
                else:
                    pgconn.send_query_params(text.encode(), values)
            pgconn.pipeline_sync()
            answers = self._connection.wait(_answers(pgconn))
            pgconn.exit_pipeline_mode()
        except BaseException:
            self._connection.close()
            raise
        return answers


def _answers(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Send what stands ready, and return the answers up to the end of the trip."""
    yield from generators.send(pgconn)
    found: list[PGresult] = []
    while True:
        for answer in (yield from generators.fetch_many(pgconn)):
            if answer.status == ExecStatus.PIPELINE_SYNC:
                return found
            found.append(answer)


@lru_cache(1_000)
def _name(statement: str) -> bytes:
    """Name a statement: the same on every connection, so that it can be prepared by whoever comes first."""
    return hashlib.sha256(statement.encode()).hexdigest()[:32].encode()


def numbers(values: Sequence[int]) -> bytes:
    """Write a list of numbers as a value."""
    return f"{{{','.join(map(str, values))}}}".encode()


def moment(value: datetime) -> bytes:
    """Write a moment as a value."""
    return value.isoformat().encode()
