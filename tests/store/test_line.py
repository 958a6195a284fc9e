"""Statements sent many at a time: one transaction, whole or not at all, and a connection that is fit for the next."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from duecourse.store.line import Line, numbers
from duecourse.store.place import Place
from duecourse.store.server import ADMIN

ADD = "INSERT INTO switch (name, by) VALUES ($1, 'test')"
NAMES = "SELECT string_agg(name, ',' ORDER BY name) FROM switch"
SUM = "SELECT sum(one) FROM unnest($1::bigint[]) one"
Connection = psycopg.Connection[TupleRow]


@pytest.fixture
def connection(store: Place) -> Iterator[Connection]:
    with store.connected() as found:
        found.autocommit = True
        yield found


@pytest.fixture
def line(connection: Connection) -> Line:
    return Line(connection)


def names(line: Line) -> str | None:
    (answer,) = line.ask((NAMES, ()))
    found = answer.get_value(0, 0)
    return found.decode() if found else None


def test_answers_come_in_order_and_what_is_told_goes_with_the_end(line: Line) -> None:
    with line.transaction():
        line.tell(ADD, [b"a"])
        first, second = line.ask((SUM, [numbers([1, 2])]), (SUM, [numbers([3])]))
        assert (first.get_value(0, 0), second.get_value(0, 0)) == (b"3", b"3")
        line.tell(ADD, [b"b"])
    assert names(line) == "a,b"


@pytest.mark.parametrize("wrong", ["SELECT nothing", "SELECT 1 / (SELECT count(*) FROM switch WHERE name = 'none')"])
@pytest.mark.parametrize("has_begun", [True, False])
def test_what_fails_leaves_nothing_and_the_line_goes_on(
    line: Line, connection: Connection, wrong: str, has_begun: bool
) -> None:
    for _ in range(2):  # what was prepared in the trip that failed is known the second time
        with pytest.raises(psycopg.Error), line.transaction():  # noqa: PT012  the whole transaction fails
            if has_begun:
                line.ask((SUM, [numbers([1])]))
            line.tell(ADD, [b"a"])
            line.ask((SUM, [numbers([2])]), (wrong, ()), (NAMES, ()))
        assert connection.info.transaction_status == TransactionStatus.IDLE
    assert names(line) is None


def test_what_fails_at_the_end_is_told(line: Line) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), line.transaction():  # noqa: PT012
        line.tell(ADD, [b"a"])
        line.tell(ADD, [b"a"])
    assert names(line) is None


def test_an_error_of_the_block_leaves_nothing(line: Line) -> None:
    with pytest.raises(KeyError), line.transaction():  # noqa: PT012
        line.tell(ADD, [b"a"])
        raise KeyError
    assert names(line) is None


def test_within_another_transaction_it_is_a_part_of_it(line: Line, connection: Connection) -> None:
    with pytest.raises(KeyError), connection.transaction():  # noqa: PT012
        with line.transaction():
            line.tell(ADD, [b"a"])
        assert names(line) == "a"
        raise KeyError
    assert names(line) is None


def test_the_driver_does_not_drop_what_was_prepared(store: Place) -> None:
    with store.connected() as connection:
        connection.autocommit = True
        connection.prepare_threshold = 0
        connection.execute("SELECT 1")  # which the driver keeps, and drops with a rollback
        line = Line(connection)
        assert names(line) is None
        with connection.transaction(force_rollback=True):
            connection.execute("SELECT 1")
        assert names(line) is None


def test_one_that_keeps_nothing_asks_beside_another(line: Line, connection: Connection) -> None:
    for one in (line, Line(connection, keeps=False), Line(connection, keeps=False), line):
        assert names(one) is None
    assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchall() == [(1,)]


def test_a_lost_connection_is_an_error_of_the_database(line: Line, connection: Connection, store: Place) -> None:
    with psycopg.connect(store.server.url(ADMIN), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
    with pytest.raises(psycopg.OperationalError), line.transaction():
        line.ask((NAMES, ()))
    assert connection.closed
