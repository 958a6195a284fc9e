"""Positions, buckets and next actions in a loop over loans in plain Python: `work` is timed on the first loans.

The rows are read and grouped by loan before, which is not timed; nor is the writing, which is for comparing only.
"""

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.peers.rungs import ACTION, BUCKETS, POSITION, RUNGS

SAMPLE = 20_000
_BUCKET_DAYS = [first for first, _ in BUCKETS]
_RUNG_DAYS = [first for first, *_ in RUNGS]


@dataclass
class Loan:
    """One loan with its rows, as read."""

    names: dict[str, Any]
    instalments: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)


def read(tables: Path, on: date) -> list[Loan]:
    """Read the first loans, those of whole borrowers, with their rows in force."""
    below = pc.field("loan_no") <= SAMPLE
    current = below & pc.field("superseded_at").is_null()
    found: dict[int, Loan] = {}
    columns = ["loan_no", "loan_id", "borrower_id", "currency", "effective_on"]
    for row in _rows(tables / "loans.parquet", columns, current & (pc.field("effective_on") <= on)):
        found[row["loan_no"]] = Loan(row)
    columns = ["loan_no", "number", "due_on", "principal", "interest", "fee"]
    for row in _rows(tables / "instalments.parquet", columns, current):
        found[row["loan_no"]].instalments.append(row)
    columns = ["loan_no", "paid_on", "amount", "reverses", "reversed_on"]
    for row in _rows(tables / "payments.parquet", columns, below):
        found[row["loan_no"]].payments.append(row)
    loans = list(found.values())
    last = loans[-1].names["borrower_id"]  # may have loans beyond
    return [loan for loan in loans if loan.names["borrower_id"] != last] if len(loans) > SAMPLE else loans


def _rows(path: Path, columns: list[str], wanted: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path, columns=columns, filters=wanted).to_pylist()
    return rows


def position(loan: Loan, on: date) -> dict[str, Any]:
    """Work out what one loan owes: payments meet instalments in due order, the fee first, principal last."""
    paid = 0
    for payment in loan.payments:
        reversed_on = payment["reversed_on"]
        if payment["paid_on"] <= on and payment["reverses"] is None and (reversed_on is None or reversed_on > on):
            paid += payment["amount"]
    rest, oldest = paid, None
    owed = {"fee": 0, "interest": 0, "principal": 0}
    for instalment in sorted(loan.instalments, key=lambda one: (one["due_on"], one["number"])):
        if instalment["due_on"] >= on:
            break
        for component in owed:
            met = min(rest, instalment[component])
            rest -= met
            if met < instalment[component]:
                owed[component] += instalment[component] - met
                oldest = oldest or instalment["due_on"]
    days = (on - oldest).days if oldest else 0
    return loan.names | {
        **{f"{component}_overdue": amount for component, amount in owed.items()},
        "oldest_due_on": oldest,
        "days_past_due": days,
        "paid_total": paid,
        "bucket": BUCKETS[bisect_right(_BUCKET_DAYS, days) - 1][1] if days else None,
    }


def actions(positions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rung of each borrower who is overdue, by the oldest debt, and what it does."""
    worst: defaultdict[str, int] = defaultdict(int)
    for one in positions:
        worst[one["borrower_id"]] = max(worst[one["borrower_id"]], one["days_past_due"])
    rungs = ((who, RUNGS[bisect_right(_RUNG_DAYS, days) - 1]) for who, days in worst.items() if days)
    return [dict(zip(ACTION, (who, *rung[1:]), strict=True)) for who, rung in rungs]


def work(tables: Path, out: Path, on: date) -> tuple[int, float]:
    """Write positions.parquet and actions.parquet; return the number of loans, and the seconds of the loop alone."""
    loans = read(tables, on)
    begun = time.perf_counter()
    positions = [position(loan, on) for loan in loans]
    acts = actions(positions)
    seconds = time.perf_counter() - begun
    pq.write_table(pa.Table.from_pylist(positions).select(list(POSITION)), out / "positions.parquet")
    pq.write_table(pa.Table.from_pylist(acts), out / "actions.parquet")
    return len(loans), seconds
