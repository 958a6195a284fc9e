"""Whether a peer says what the night says: every loan's position and bucket, every borrower's stage and act.

Where the law let an act fall, the stage alone is compared: a peer knows no law.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from bench.peers.rungs import ACTION, POSITION

_NOBODY_ASKED: Final = "no_rulebook"  # the plan's reason where a country has no rulebook; else `law:` and a rule


@dataclass(frozen=True)
class Equal:
    """How much was compared and found equal: loans, those overdue, borrowers, and acts; the law let others fall."""

    loans: int
    overdue_loans: int
    borrowers: int
    acts: int
    fell_to_law: int


def compare(name: str, night: Path, peer: Path, loans: int) -> Equal:
    """Compare what a peer wrote of the first `loans` loans with the night's folder of the day.

    Raises SystemExit at the first difference, with the loan or borrower and both values.
    """
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"CREATE VIEW night_positions AS FROM '{night}/positions/*.parquet' WHERE loan_no < {loans:d}"
        )
        connection.execute(f"CREATE VIEW positions AS FROM '{peer}/positions.parquet'")
        connection.execute(f"CREATE VIEW actions AS FROM '{peer}/actions.parquet'")
        connection.execute(f"""CREATE VIEW night_actions AS
            SELECT {", ".join(ACTION)}, act = 'none' AND
                len(list_filter(reasons, lambda one: one = '{_NOBODY_ASKED}' OR starts_with(one, 'law:'))) > 0 AS fell
            FROM '{night}/plan.parquet' WHERE borrower_no <= (SELECT max(borrower_no) FROM night_positions)""")
        _rows(connection, name, "positions", "loans", loans)
        _positions(connection, name)
        borrowers = _one(connection, "SELECT count(*) FROM night_actions")
        _rows(connection, name, "actions", "borrowers", borrowers)
        _actions(connection, name)
        overdue = _one(connection, "SELECT count(*) FROM night_positions WHERE days_past_due > 0")
        fell = _one(connection, "SELECT count(*) FROM night_actions WHERE fell")
    return Equal(loans, overdue, borrowers, borrowers - fell, fell)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _rows(connection: duckdb.DuckDBPyConnection, name: str, table: str, what: str, wanted: int) -> None:
    """Stop at another number of rows than the night has: the joins below would not see a row that stands twice."""
    found = _one(connection, f"SELECT count(*) FROM {table}")
    if found != wanted:
        raise SystemExit(f"bench: {name} has {found:,} {what}, the night has {wanted:,}: not timed")


def _positions(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    named = ", ".join(f"'{one}': {one}" for one in POSITION if one not in {"loan_id", "oldest_due_on"})
    query = f"""
        WITH ours AS (
            SELECT loan_id, {{{named}, 'oldest_due_on': oldest_due_on, 'other': penalty_overdue + cost_overdue}}
                AS night FROM night_positions
        ), theirs AS (
            SELECT loan_id, {{{named}, 'oldest_due_on': oldest_due_on::DATE, 'other': 0}} AS peer FROM positions
        )
        SELECT loan_id, night, peer FROM ours FULL JOIN theirs USING (loan_id)
        WHERE night IS DISTINCT FROM peer ORDER BY loan_id LIMIT 1"""
    _stop(name, "loan", connection.execute(query))


def _actions(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    done = ", ".join(f"'{one}': {one}" for one in ACTION if one not in {"borrower_id", "stage"})
    # What fell to the law takes the peer's act: only the stage is left to differ.
    query = f"""
        WITH ours AS (SELECT borrower_id, stage, fell, {{{done}}} AS done FROM night_actions),
        theirs AS (SELECT borrower_id, stage, {{{done}}} AS done FROM actions),
        pairs AS (
            SELECT borrower_id, {{'stage': theirs.stage, 'act': theirs.done}} AS peer,
                {{'stage': ours.stage, 'act': if(fell, theirs.done, ours.done)}} AS night
            FROM ours FULL JOIN theirs USING (borrower_id)
        )
        SELECT borrower_id, night, peer FROM pairs
        WHERE night IS DISTINCT FROM peer ORDER BY borrower_id LIMIT 1"""
    _stop(name, "borrower", connection.execute(query))


def _stop(name: str, what: str, differing: duckdb.DuckDBPyConnection) -> None:
    """Say where a peer differs, and end; nothing where it does not."""
    for key, night, peer in differing.fetchall():
        ours, theirs = night or {}, peer or {}
        named = [each for each in {**ours, **theirs} if ours.get(each) != theirs.get(each)]
        values = "; ".join(f"{each} {ours.get(each)} for the night, {theirs.get(each)} for {name}" for each in named)
        raise SystemExit(f"bench: {name} and the night differ on {what} {key}: {values}: not timed")
