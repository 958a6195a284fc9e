"""Positions, buckets and next actions in Polars, lazily and streaming: `work` is timed from Parquet to Parquet.

Payments fill instalments in due order, so what is left of each follows from running sums over sorted rows. Only loans
on which less was paid than fell due need them.
"""

from datetime import date
from pathlib import Path

import polars as pl
from polars import col

from bench.peers.rungs import ACTION, BUCKETS, POSITION, RUNGS


def loans_of(tables: Path, on: date) -> pl.LazyFrame:
    """Return the loans, the version in force of each."""
    loans = pl.scan_parquet(tables / "loans.parquet")
    loans = loans.filter(col("superseded_at").is_null(), col("effective_on") <= on)
    names = ("borrower_no", "loan_id", "borrower_id", "currency")
    newest = [col(name).sort_by("effective_on").last() for name in names]
    return loans.group_by("loan_no").agg(newest)


def paid_of(tables: Path, on: date) -> pl.LazyFrame:
    """Return what was paid on each loan; payments that were reversed, and the reversals, do not count."""
    payments = pl.scan_parquet(tables / "payments.parquet")
    kept = col("reversed_on").is_null() | (col("reversed_on") > on)
    payments = payments.filter(col("paid_on") <= on, col("reverses").is_null(), kept)
    return payments.group_by("loan_no").agg(paid_total=col("amount").sum())


def overdue_of(tables: Path, on: date, paid: pl.LazyFrame) -> pl.LazyFrame:
    """Return of each loan what is left of the instalments that fell due before the day, and the oldest day."""
    due = pl.scan_parquet(tables / "instalments.parquet")
    due = due.filter(col("superseded_at").is_null(), col("due_on") < on)
    due = due.select("loan_no", "number", "due_on", "principal", "interest", "fee")
    due = due.with_columns(total=col("fee") + col("interest") + col("principal"))
    late = due.group_by("loan_no").agg(owed=col("total").sum()).join(paid, "loan_no", how="left")
    late = late.select("loan_no", "owed", paid=col("paid_total").fill_null(0)).filter(col("paid") < col("owed"))
    due = due.join(late, "loan_no").sort("loan_no", "due_on", "number")
    # What payments have brought to this instalment meets its fee first, then interest, then principal.
    brought = col("paid") - col("total").cum_sum().over("loan_no") + col("total")
    due = due.with_columns(met=pl.max_horizontal(0, pl.min_horizontal(brought, "total")))
    due = due.filter(col("met") < col("total"))
    left = {
        "fee_overdue": col("fee") - pl.min_horizontal("met", "fee"),
        "interest_overdue": col("interest")
        - pl.min_horizontal(pl.max_horizontal(col("met") - col("fee"), 0), "interest"),
        "principal_overdue": pl.min_horizontal(col("total") - col("met"), "principal"),
    }
    return due.group_by("loan_no").agg(oldest_due_on=col("due_on").min(), **{name: x.sum() for name, x in left.items()})


def positions(tables: Path, on: date) -> pl.LazyFrame:
    """Return one row per loan."""
    paid = paid_of(tables, on)
    loans = loans_of(tables, on).join(paid, "loan_no", how="left")
    loans = loans.join(overdue_of(tables, on, paid), "loan_no", how="left")
    amounts = ("principal_overdue", "interest_overdue", "fee_overdue", "paid_total")
    days = (pl.lit(on) - col("oldest_due_on")).dt.total_days().fill_null(0)
    loans = loans.with_columns(*(col(name).fill_null(0) for name in amounts), days_past_due=days)
    named = (pl.when(col("days_past_due") >= first).then(pl.lit(name)) for first, name in reversed(BUCKETS))
    return loans.with_columns(bucket=pl.coalesce(*named)).sort("loan_no")


def actions(loans: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per borrower who is overdue: the rung by the oldest debt, and what it does."""
    late = loans.filter(col("days_past_due") > 0)
    worst = late.group_by("borrower_no").agg(col("borrower_id").first(), first=col("days_past_due").max()).sort("first")
    ladder = pl.LazyFrame(list(RUNGS), schema=["first", *ACTION[1:]], orient="row").cast({"first": pl.Int64})
    return worst.join_asof(ladder, on="first").select(ACTION)


def work(tables: Path, out: Path, on: date) -> int:
    """Write positions.parquet and actions.parquet; return the number of loans."""
    loans = positions(tables, on).collect(engine="streaming")
    loans.select(POSITION).write_parquet(out / "positions.parquet", compression="zstd", compression_level=1)
    actions(loans.lazy()).collect(engine="streaming").write_parquet(out / "actions.parquet")
    return loans.height
