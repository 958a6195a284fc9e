"""What rewards cost and do: cost in minor units, exact, and the share of instalments on time against those held out.

    for line in report(connection, look.records(), on): ...

The share of each loan is of its instalments that fell due after the reward and are settled; a group's share is the
mean of its loans' shares. float: shares and their interval are estimates for people, never money.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import fmean, variance
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.rewards.gathering import Record

_Z: Final = 1.959964  # of a normal interval that holds for 95 in 100
_REWARDS: Final = """
SELECT loan_id, rule, state, coalesce(applied_on, worked_out_on), details FROM reward
WHERE state IN ('applied', 'held_out') ORDER BY rule, loan_id, id"""


@dataclass(frozen=True)
class Group:
    """Loans that got a reward, or were held out: how many were seen since, and the mean of their shares on time."""

    loans: int
    seen: int
    share: float | None


@dataclass(frozen=True)
class Line:
    """One rule: cost by currency, promised in all and fallen due so far, and what it does; None where too few."""

    rule: str
    rewards: int
    promised: dict[str, int]
    fallen_due: dict[str, int]
    got: Group
    held_out: Group
    effect: float | None
    interval: tuple[float, float] | None


def report(connection: Connection[TupleRow], records: Iterable[Record], on: date) -> list[Line]:
    """Return a line for each rule of which some reward was applied or held out, by name."""
    with connection.transaction():
        rows = connection.execute(_REWARDS).fetchall()
    since: dict[str, dict[str, tuple[str, date]]] = {}
    for loan, rule, state, day, _ in rows:
        since.setdefault(rule, {}).setdefault(loan, (state, day))  # the first of several
    shares = _shares(records, since)
    return [_line(rule, [row for row in rows if row[1] == rule], since[rule], shares[rule], on) for rule in since]


def _shares(
    records: Iterable[Record], since: dict[str, dict[str, tuple[str, date]]]
) -> dict[str, dict[str, list[float]]]:
    """Return by rule and state the share on time of each loan of which something fell due after its reward."""
    found: dict[str, dict[str, list[float]]] = {rule: {"applied": [], "held_out": []} for rule in since}
    for record in records:
        for rule, loans in since.items():
            if record.loan_id not in loans:
                continue
            state, day = loans[record.loan_id]
            later = [one.is_on_time for one in record.met if one.due_on > day]
            if later:
                found[rule][state].append(sum(later) / len(later))
    return found


def _line(
    rule: str, rows: Sequence[Any], loans: dict[str, tuple[str, date]], shares: dict[str, list[float]], on: date
) -> Line:
    promised: dict[str, int] = {}
    fallen: dict[str, int] = {}
    applied = [details for _, _, state, _, details in rows if state == "applied"]
    for details in applied:
        currency = details["currency"]
        promised[currency] = promised.get(currency, 0) + details["cost"]
        due = [row["saved"] for row in details.get("instalments", ()) if date.fromisoformat(row["due_on"]) <= on]
        fallen[currency] = fallen.get(currency, 0) + sum(due)
    got, held = (_group(state, loans, shares[state]) for state in ("applied", "held_out"))
    effect, interval = difference(shares["applied"], shares["held_out"])
    return Line(rule, len(applied), promised, fallen, got, held, effect, interval)


def _group(state: str, loans: dict[str, tuple[str, date]], shares: Sequence[float]) -> Group:
    count = sum(1 for one, _ in loans.values() if one == state)
    return Group(count, len(shares), fmean(shares) if shares else None)


def difference(got: Sequence[float], held_out: Sequence[float]) -> tuple[float | None, tuple[float, float] | None]:
    """Return the difference of two means, and its interval for 95 in 100; None where a group is too small for it."""
    if not got or not held_out:
        return None, None
    effect = fmean(got) - fmean(held_out)
    if min(len(got), len(held_out)) < 2:
        return effect, None
    spread = _Z * sqrt(variance(got) / len(got) + variance(held_out) / len(held_out))
    return effect, (effect - spread, effect + spread)
