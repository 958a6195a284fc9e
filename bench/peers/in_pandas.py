"""Positions, buckets and next actions in pandas, vectorised: `work` is timed from Parquet to Parquet.

Payments fill instalments in due order, so what is left of each follows from running sums over sorted rows. Only loans
on which less was paid than fell due need them.
"""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from bench.peers.rungs import ACTION, BUCKETS, POSITION, RUNGS

field = pc.field
_LADDER = pd.DataFrame(list(RUNGS), columns=["first", *ACTION[1:]])


def read(path: Path, columns: list[str], wanted: Any) -> pd.DataFrame:
    """Read some columns of the rows wanted, days as numpy's."""
    frame: pd.DataFrame = pd.read_parquet(
        path, columns=columns, filters=wanted, to_pandas_kwargs={"date_as_object": False}
    )
    return frame


def loans_of(tables: Path, on: date) -> pd.DataFrame:
    """Return the loans, the version in force of each, by loan_no: numbered from 0, without a gap."""
    columns = ["loan_no", "borrower_no", "loan_id", "borrower_id", "currency", "effective_on"]
    loans = read(tables / "loans.parquet", columns, field("superseded_at").is_null() & (field("effective_on") <= on))
    loans = loans.sort_values(["loan_no", "effective_on"], kind="stable").drop_duplicates("loan_no", keep="last")
    return loans.reset_index(drop=True)


def paid_of(tables: Path, on: date, loans: int) -> Any:
    """Return what was paid on each loan; payments that were reversed, and the reversals, do not count."""
    kept = field("reversed_on").is_null() | (field("reversed_on") > on)
    wanted = (field("paid_on") <= on) & field("reverses").is_null() & kept
    payments = read(tables / "payments.parquet", ["loan_no", "amount"], wanted)
    return payments.groupby("loan_no", sort=False)["amount"].sum().reindex(range(loans), fill_value=0).to_numpy()


def overdue_of(tables: Path, on: date, paid: Any) -> pd.DataFrame:
    """Return the instalments that fell due before the day, with what is left of each of their amounts."""
    columns = ["loan_no", "number", "due_on", "principal", "interest", "fee"]
    due = read(tables / "instalments.parquet", columns, field("superseded_at").is_null() & (field("due_on") < on))
    due["total"] = due["fee"] + due["interest"] + due["principal"]
    owed = due.groupby("loan_no", sort=False)["total"].sum().reindex(range(len(paid)), fill_value=0).to_numpy()
    due = due[(paid < owed)[due["loan_no"].to_numpy()]].sort_values(["loan_no", "due_on", "number"])
    # What payments have brought to this instalment meets its fee first, then interest, then principal.
    brought = paid[due["loan_no"]] - due.groupby("loan_no", sort=False)["total"].cumsum() + due["total"]
    met = brought.clip(0, due["total"])
    due["fee_overdue"] = due["fee"] - np.minimum(met, due["fee"])
    due["interest_overdue"] = due["interest"] - (met - due["fee"]).clip(0, due["interest"])
    due["principal_overdue"] = np.minimum(due["total"] - met, due["principal"])
    return due[met < due["total"]]


def positions(tables: Path, on: date) -> pd.DataFrame:
    """Return one row per loan."""
    loans = loans_of(tables, on)
    paid = paid_of(tables, on, len(loans))
    overdue = overdue_of(tables, on, paid).groupby("loan_no", sort=False)
    sums = overdue[["principal_overdue", "interest_overdue", "fee_overdue"]].sum().reindex(loans.index, fill_value=0)
    loans = loans.join(sums).assign(paid_total=paid, oldest_due_on=overdue["due_on"].first())
    late = (np.datetime64(on) - loans["oldest_due_on"].to_numpy().astype("datetime64[D]")).astype("timedelta64[D]")
    loans["days_past_due"] = np.where(np.isnat(late), 0, late.astype(np.int64))
    place = np.searchsorted([first for first, _ in BUCKETS], loans["days_past_due"], side="right") - 1
    loans["bucket"] = pd.Categorical.from_codes(place, [name for _, name in BUCKETS])
    return loans


def actions(loans: pd.DataFrame) -> pd.DataFrame:
    """Return one row per borrower who is overdue: the rung by the oldest debt, and what it does."""
    late = loans[loans["days_past_due"] > 0].groupby("borrower_no", sort=False)
    worst = late.agg(borrower_id=("borrower_id", "first"), days=("days_past_due", "max"))
    place = np.searchsorted(_LADDER["first"], worst["days"], side="right") - 1
    return _LADDER.iloc[place].assign(borrower_id=worst["borrower_id"].to_numpy())[list(ACTION)]


def work(tables: Path, out: Path, on: date) -> int:
    """Write positions.parquet and actions.parquet; return the number of loans."""
    loans = positions(tables, on)
    loans[list(POSITION)].to_parquet(out / "positions.parquet", compression="zstd", index=False)
    actions(loans).to_parquet(out / "actions.parquet", compression="zstd", index=False)
    return len(loans)
