"""Positions, buckets and next actions in one DuckDB statement: `work` is timed from Parquet to Parquet.

Payments fill instalments in due order, so what is left of each follows from running sums over sorted rows. Only loans
on which less was paid than fell due need them.
"""

from datetime import date
from pathlib import Path

import duckdb

from bench.peers.rungs import ACTION, BUCKETS, POSITION, RUNGS

STATEMENT = """
CREATE TEMP TABLE worked AS
WITH paid AS (
    SELECT loan_no, sum(amount)::BIGINT AS paid_total FROM '{tables}/payments.parquet'
    WHERE paid_on <= $on AND reverses IS NULL AND (reversed_on IS NULL OR reversed_on > $on)
    GROUP BY loan_no
), due AS NOT MATERIALIZED (  -- read twice, which is quicker than keeping it
    SELECT loan_no, due_on, number, principal, interest, fee, fee + interest + principal AS total
    FROM '{tables}/instalments.parquet' WHERE superseded_at IS NULL AND due_on < $on
), late AS (
    SELECT loan_no, coalesce(paid_total, 0) AS paid
    FROM (SELECT loan_no, sum(total) AS owed FROM due GROUP BY loan_no) LEFT JOIN paid USING (loan_no)
    WHERE coalesce(paid_total, 0) < owed
), met AS (
    SELECT due.*, greatest(0, least(total, (paid + total - sum(total) OVER earlier)::BIGINT)) AS met
    FROM due JOIN late USING (loan_no)
    WINDOW earlier AS (PARTITION BY loan_no ORDER BY due_on, number)
), overdue AS (
    -- What payments have brought to an instalment meets its fee first, then interest, then principal.
    SELECT loan_no, min(due_on) AS oldest_due_on, $on - min(due_on) AS days_past_due,
        sum(fee - least(met, fee))::BIGINT AS fee_overdue,
        sum(interest - least(greatest(met - fee, 0), interest))::BIGINT AS interest_overdue,
        sum(least(total - met, principal))::BIGINT AS principal_overdue
    FROM met WHERE met < total GROUP BY loan_no
), loan AS (
    SELECT loan_no, borrower_no, loan_id, borrower_id, currency FROM '{tables}/loans.parquet'
    WHERE superseded_at IS NULL AND effective_on <= $on
    QUALIFY effective_on = max(effective_on) OVER (PARTITION BY loan_no)
), bucketed AS (
    SELECT * FROM overdue ASOF JOIN (VALUES {buckets}) b(first, bucket) ON days_past_due >= first
), worst AS (
    SELECT borrower_no, max(days_past_due) AS worst FROM overdue JOIN loan USING (loan_no) GROUP BY borrower_no
), action AS (
    SELECT * FROM worst ASOF JOIN (VALUES {rungs}) r(first, stage, act, channel, treatment) ON worst >= first
)
SELECT loan_id, borrower_id, currency, coalesce(principal_overdue, 0) AS principal_overdue,
    coalesce(interest_overdue, 0) AS interest_overdue, coalesce(fee_overdue, 0) AS fee_overdue, oldest_due_on,
    coalesce(days_past_due, 0) AS days_past_due, coalesce(paid_total, 0) AS paid_total, bucket,
    stage, act, channel, treatment
FROM loan LEFT JOIN paid USING (loan_no) LEFT JOIN bucketed USING (loan_no) LEFT JOIN action USING (borrower_no)
"""


def values(rows: tuple[tuple[int | str | None, ...], ...]) -> str:
    """Return rows as SQL has them."""
    words = (["NULL" if one is None else repr(one) for one in row] for row in rows)
    return ", ".join(f"({', '.join(row)})" for row in words)


def work(tables: Path, out: Path, on: date) -> int:
    """Write positions.parquet and actions.parquet; return the number of loans."""
    with duckdb.connect() as connection:
        text = STATEMENT.format(tables=tables, buckets=values(BUCKETS), rungs=values(RUNGS))
        connection.execute(text, {"on": on})
        wanted = f"SELECT {', '.join(POSITION)} FROM worked"
        loans = connection.execute(f"COPY ({wanted}) TO '{out}/positions.parquet' (COMPRESSION zstd)").fetchall()
        wanted = f"SELECT DISTINCT {', '.join(ACTION)} FROM worked WHERE stage IS NOT NULL"
        connection.execute(f"COPY ({wanted}) TO '{out}/actions.parquet' (COMPRESSION zstd)")
    return int(loans[0][0])
